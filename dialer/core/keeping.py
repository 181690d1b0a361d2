"""What is kept of a campaign's pacing: the regulatory window it counts in, its decisions, and what it has learned."""

import json
from datetime import UTC, datetime
from typing import Any

from campaigns.model import CampaignSettings, CampaignState, PacingSample
from campaigns.periods import period_at
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.books import Books
from dialer.core.dialing import CampaignRun, DecisionLike

# A sample goes to disk with whatever is written anyway, so that it costs no write of its own; in a lull it does.
SAMPLE_S = 30.0
SAMPLE_IN_A_LULL_S = 300.0
LEARNED_S = 60.0

NEVER = datetime.max.replace(tzinfo=UTC)


class Keeping(Books):
    """Turns regulatory windows over, samples decisions, and has what the pacer learned written now and then."""

    _turn_at = NEVER

    def _set_clocks(self, now: float, wall_now: datetime) -> None:
        self._now = max(now, self._now)
        self._wall = wall_now
        if wall_now >= self._turn_at:
            self._turn_windows()

    # The regulatory window.

    def _open_window(self, run: CampaignRun, at: datetime, live: float = 0.0, abandoned: float = 0.0) -> None:
        """Count in the window that holds `at`, from what was closed in it; calls still open are closed in it later."""
        self._place(run, at)
        open_live, open_abandoned = run.open_answers()
        run.pacer.open_window(live + open_live, abandoned + open_abandoned)

    def _place(self, run: CampaignRun, at: datetime) -> None:
        settings = run.settings
        run.period = period_at(settings.abandon_window, settings.timezone, run.first_call_at, at)
        self._turn_at = min((other.period.end or NEVER for other in self.runs.values()), default=NEVER)

    def _turn_windows(self) -> None:
        for run in self.runs.values():
            if run.period.end is not None and run.period.end <= self._wall:
                self._open_window(run, self._wall)

    def _note_first_call(self, run: CampaignRun) -> None:
        if run.first_call_at is None:
            run.first_call_at = self._wall
            self._place(run, self._wall)

    def _recount(self, run: CampaignRun, before: CampaignSettings, event: ev.CampaignLoaded) -> None:
        """Changed settings may ask for another window, or count machines' verdicts otherwise."""
        if counting(before) != counting(run.settings):
            self._open_window(run, event.counted_at or self._wall, event.live, event.abandoned)

    # What the pacer has learned.

    def _recall(self, run: CampaignRun, learned: tuple[datetime, str] | None) -> None:
        """Let a new pacer take up what an earlier one had learned; without it, or if it is no use, it starts anew."""
        run.learned_s = self._now
        if learned is None:
            return
        at, text = learned
        try:
            run.pacer.restore(json.loads(text), max(0.0, (self._wall - at).total_seconds()))
        except (ValueError, KeyError) as error:
            self._warn(
                f"campaign {run.settings.name}: what its pacing had learned until {at:%Y-%m-%d %H:%M} UTC cannot be "
                f"used ({error}); it learns anew"
            )

    def _write_learned(self, run: CampaignRun) -> None:
        run.learned_s = self._now
        state = json.dumps(run.pacer.state(), separators=(",", ":"))
        self._records.append(rec.PacerLearned(run.settings.campaign_id, self._wall, state))

    # Decisions.

    def _note_decision(self, run: CampaignRun, decision: DecisionLike) -> None:
        run.decision, run.decided_at = decision, self._wall
        run.because, run.obstacles = decision.because, ()
        spent = decision.over_limit or decision.budget_left < 0.0
        if not spent:
            run.braked = False
        elif decision.lines == 0 and not run.braked:
            run.braked = run.sample_now = True

    def _note_obstacle(self, run: CampaignRun, obstacle: str) -> None:
        run.decision, run.decided_at = None, self._wall
        run.because, run.obstacles = f"no new lines: {obstacle}", (obstacle,)

    def _note_hindrance(self, run: CampaignRun, hindrance: str) -> None:
        """Lines were wanted, and something keeps them from being dialed."""
        run.because += f"; but {hindrance}"
        run.obstacles += (hindrance,)

    def _keep(self) -> None:
        """Add what is to be kept to the records that are about to be committed."""
        for run in self.runs.values():
            if run.settings.state is not CampaignState.ACTIVE or not run.agents:
                continue
            writing = bool(self._records)
            if writing and self._now - run.learned_s >= LEARNED_S:
                self._write_learned(run)
            due = self._now - run.sampled_s >= (SAMPLE_S if writing else SAMPLE_IN_A_LULL_S)
            if run.because and (due or run.sample_now):
                self._sample(run)

    def _sample(self, run: CampaignRun) -> None:
        run.sampled_s, run.sample_now = self._now, False
        campaign_id = run.settings.campaign_id
        self._timers.set(("sample", campaign_id), self._now + SAMPLE_IN_A_LULL_S)
        self._records.append(rec.PacingSampled(campaign_id, self._wall, sample_of(run, self._now)))


def counting(settings: CampaignSettings) -> tuple[Any, ...]:
    """The settings that say over what abandoned calls are counted, and how."""
    return settings.abandon_window, settings.timezone, settings.amd_false_positive_rate


def sample_of(run: CampaignRun, now: float) -> PacingSample:
    """The latest decision as it is kept. While an obstacle stands: what the pacer says now, and no lines."""
    decision = run.decision or run.pacer.decide(now)
    return PacingSample(
        agents=len(run.agents),
        ready=decision.ready,
        in_flight=decision.in_flight,
        because=run.because,
        lines=0 if run.decision is None else decision.lines,
        predicted_answers=decision.predicted_answers,
        predicted_free=decision.predicted_free,
        risk=decision.risk,
        next_risk=decision.next_risk,
        threshold=decision.threshold,
        abandoned_rate=decision.abandoned_rate,
        budget_left=decision.budget_left,
    )
