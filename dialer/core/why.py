"""Why lines are dialed as they are: the latest decision of a campaign's pacer as plain data."""

from collections.abc import Iterable
from typing import Any

from dialer.core.dialing import CampaignRun, TrunkLines

# Shares are of one; counts are of calls or agents.
FIGURES = (
    "ready",
    "in_flight",
    "room",
    "predicted_answers",
    "predicted_free",
    "risk",
    "next_risk",
    "threshold",
    "abandoned_rate",
    "abandoned_upper_bound",
    "budget_left",
    "over_limit",
)


def why_lines(run: CampaignRun, now: float, trunks: Iterable[TrunkLines] = ()) -> dict[str, Any]:
    """The decision with its figures, and what stands against dialing; then the figures are as of `now`, and no lines.

    `now` is monotonic seconds on the engine's clock. Of the site's `trunks` those are told that the campaign dials on.
    """
    settings, period = run.settings, run.period
    decision = run.decision or run.pacer.decide(now)
    return {
        "campaign": settings.name,
        "state": settings.state.value,
        "mode": settings.mode.value,
        "at": None if run.decided_at is None else run.decided_at.isoformat(timespec="milliseconds"),
        "because": run.because,
        "obstacles": list(run.obstacles),
        "agents": len(run.agents),
        "lines": 0 if run.decision is None else decision.lines,
        **{name: getattr(decision, name) for name in FIGURES},
        "limit": settings.max_abandon_rate,
        "window": {
            "kind": settings.abandon_window.value,
            "start": None if period.start is None else period.start.isoformat(),
            "end": None if period.end is None else period.end.isoformat(),
        },
        "trunks": [
            trunk_lines(trunk, now) for trunk in trunks if not settings.trunks or trunk.settings.name in settings.trunks
        ],
    }


def trunk_lines(trunk: TrunkLines, now: float) -> dict[str, Any]:
    """A trunk's lines: those in use, those that can be used now, those it should have, and why not all."""
    return {
        "name": trunk.settings.name,
        "lines_in_use": trunk.in_use,
        "lines_usable": trunk.usable,
        "max_lines": trunk.settings.max_lines,
        "because": trunk.because,
        "rests": trunk.rests_until is not None and now < trunk.rests_until,
    }
