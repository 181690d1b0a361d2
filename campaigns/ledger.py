"""The ledger of abandoned calls: how many of the calls that a live person answered no agent took in time.

A call belongs to the regulatory window in which its attempt is closed, so that no window changes once it is over.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaigns.database import Database
from campaigns.instants import datetime_of, seconds_of
from campaigns.model import CampaignSettings
from campaigns.periods import Period, period_at
from campaigns.statuses import STATUSES, Category

# Offsets of time zones, and with them the ends of days, are multiples of this.
_BUCKET_S = 900

_NOT_HUMAN = ", ".join(f"'{status.code}'" for status in STATUSES.values() if not status.human_answered)
_VERDICTS = ", ".join(
    f"'{status.code}'"
    for status in STATUSES.values()
    if status.answering_machine and status.category is Category.SYSTEM
)
_COUNTS = (
    "COUNT(connected_at), COUNT(CASE WHEN connected_at IS NULL AND outcome = 'abandoned' THEN 1 END),"
    f" COUNT(CASE WHEN connected_at IS NOT NULL AND outcome = 'handled' AND status IN ({_NOT_HUMAN}) THEN 1 END),"
    f" COUNT(CASE WHEN status IN ({_VERDICTS}) THEN 1 END)"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls of a campaign, or of a part of it. `not_live`: connected, but its agent found no person (A, B, N, DC)."""

    connected: int = 0
    abandoned: int = 0
    not_live: int = 0
    machines: int = 0

    @property
    def live(self) -> int:
        """Calls answered by a live person."""
        return self.connected + self.abandoned - self.not_live

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.connected + other.connected,
            self.abandoned + other.abandoned,
            self.not_live + other.not_live,
            self.machines + other.machines,
        )

    def ledger(self, amd_false_positive_rate: float) -> tuple[float, float]:
        """(live, abandoned), both with that share of the machine verdicts: people whom a machine was taken for."""
        missed = amd_false_positive_rate * self.machines
        return self.live + missed, self.abandoned + missed


def abandonment(database: Database, campaign: CampaignSettings) -> dict[str, Any]:
    """Abandoned calls as a share of the calls that a live person answered (16 CFR 310.4(b)(4)(i)); 0 when none.

    `live` is abandoned + `connected` - `not_live`. A call counts as live until its agent disposes of it.
    """
    counts = _count(database, "campaign_id = ?", (campaign.campaign_id,))
    return {
        "live": counts.live,
        "abandoned": counts.abandoned,
        "rate": _share(counts.abandoned, counts.live),
        "connected": counts.connected,
        "not_live": counts.not_live,
    }


def counts_since(database: Database, campaign: CampaignSettings, since: datetime | None) -> Counts:
    """What was closed at `since` or later; None: ever."""
    condition, params = "campaign_id = ? AND closed_at IS NOT NULL", [campaign.campaign_id]
    if since is None:
        return _count(database, condition, params)
    return _count(database, condition + " AND closed_at >= ?", [*params, seconds_of(since)])


def first_call_at(database: Database, campaign: CampaignSettings) -> datetime | None:
    """When the campaign's first attempt was started; None before it."""
    return datetime_of(
        database.value(
            "SELECT started_at FROM attempts WHERE campaign_id = ? ORDER BY id LIMIT 1", (campaign.campaign_id,)
        )
    )


def by_window(database: Database, campaign: CampaignSettings, now: datetime) -> dict[str, Any]:
    """The running regulatory window, and all earlier ones in which a call was closed, oldest first.

    Counts of a window hold the share of machine verdicts that `amd_false_positive_rate` takes for people. The running
    one has the calls in it that are connected and not yet closed.
    """
    first = first_call_at(database, campaign)
    running = _period(campaign, first, now)
    found: dict[Period, Counts] = {running: _count_open(database, campaign)}
    for closed_at, counts in _buckets(database, campaign):
        period = running if running.holds(closed_at) else _period(campaign, first, closed_at)
        found[period] = found.get(period, Counts()) + counts
    past = [period for period in found if period != running]
    return {
        "limit": campaign.max_abandon_rate,
        "window": {
            "kind": campaign.abandon_window.value,
            "timezone": campaign.timezone,
            **_window(campaign, running, found[running]),
        },
        "past_windows": [_window(campaign, p, found[p]) for p in sorted(past, key=_start)],
    }


def _period(campaign: CampaignSettings, first: datetime | None, at: datetime) -> Period:
    return period_at(campaign.abandon_window, campaign.timezone, first, at)


def _start(period: Period) -> datetime:
    return period.start or datetime.min.replace(tzinfo=UTC)


def _window(campaign: CampaignSettings, period: Period, counts: Counts) -> dict[str, Any]:
    live, abandoned = counts.ledger(campaign.amd_false_positive_rate)
    rate = _share(abandoned, live)
    return {
        "start": None if period.start is None else period.start.isoformat(),
        "end": None if period.end is None else period.end.isoformat(),
        "live": _plain(live),
        "abandoned": _plain(abandoned),
        "machine_verdicts": counts.machines,
        "rate": rate,
        "limit": campaign.max_abandon_rate,
        "over_limit": rate > campaign.max_abandon_rate,
    }


def _plain(count: float) -> float:
    """Without a fraction where there is none."""
    return int(count) if count == int(count) else round(count, 3)


def _share(abandoned: float, live: float) -> float:
    return abandoned / live if live else 0.0


def _buckets(database: Database, campaign: CampaignSettings) -> list[tuple[datetime, Counts]]:
    """Closed calls by quarter of an hour, with the instant at which each begins."""
    rows = database.rows(
        f"SELECT CAST(closed_at / {_BUCKET_S} AS INTEGER) AS bucket, {_COUNTS} FROM attempts"  # noqa: S608 (constants)
        " WHERE campaign_id = ? AND closed_at IS NOT NULL GROUP BY bucket ORDER BY bucket",
        (campaign.campaign_id,),
    )
    return [(datetime.fromtimestamp(bucket * _BUCKET_S, UTC), Counts(*counts)) for bucket, *counts in rows]


def _count_open(database: Database, campaign: CampaignSettings) -> Counts:
    return _count(database, "campaign_id = ? AND closed_at IS NULL", (campaign.campaign_id,))


def _count(database: Database, condition: str, params: "tuple[object, ...] | list[Any]") -> Counts:
    row = database.one(f"SELECT {_COUNTS} FROM attempts WHERE {condition}", params)  # noqa: S608 (constants)
    assert row is not None
    return Counts(*row)
