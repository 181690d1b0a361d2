"""A world learned from a campaign's own calls: recorded attempts are drawn whole and happen again.

Drawing whole attempts keeps together what goes together: how long it rang, who answered, how long they talked and the
agent wrote. Each seed plays its own bootstrap sample (Efron 1979), so that the spread over seeds tells as well how
little a short history says.
"""

import bisect
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campaigns.model import CampaignSettings, Outcome
from campaigns.recorded import RecordedAttempt
from campaigns.statuses import UNDISPOSED
from dialer.sim.world import CallPlan, FarEnd, Refusal, World, WorldProfile
from hw.contract import Cause

MIN_ATTEMPTS = 50
MIN_TALKS = 10
# More than this adds time and age, not knowledge.
MAX_ATTEMPTS = 50_000

_FAR_ENDS = {
    Outcome.BUSY: FarEnd.BUSY,
    Outcome.REJECTED: FarEnd.REJECTED,
    Outcome.INVALID_NUMBER: FarEnd.INVALID,
    Outcome.CONGESTION: FarEnd.CONGESTION,
}


class TooLittleHistory(ValueError):
    """A campaign has too few calls to learn from; the text says how many there are, how many it takes, what to do."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One attempt as it can happen again. `hour` is the called person's own; NaN times in `plan` are not known.

    `cut_at_s`: we stopped the call so long after dialing, before anything came of it.
    """

    hour: int
    person: bool
    plan: CallPlan
    cut_at_s: float | None = None

    @property
    def length_s(self) -> float:
        """From dialing to the answer, the refusal or our giving up; infinite when it would have rung on."""
        if self.cut_at_s is not None:
            return self.cut_at_s
        if self.plan.refusal is not None:
            return self.plan.refusal.at_s
        return math.inf if self.plan.answer_at_s is None else self.plan.answer_at_s


@dataclass(frozen=True, slots=True)
class Patience:
    """How long people wait for an agent: shares of those left after each time, by Kaplan and Meier (1958).

    Nobody is seen to wait longer than the dialer's hold; `beyond_s` are the times that abandoned people stayed in all.
    """

    times_s: tuple[float, ...]
    left: tuple[float, ...]
    beyond_s: tuple[float, ...]

    def draw(self, rng: random.Random) -> float:
        """Seconds from the answer to the person's hanging up; infinite: not before the message is over."""
        at = bisect.bisect_left([-share for share in self.left], -rng.random())
        if at < len(self.times_s):
            return self.times_s[at]
        return rng.choice(self.beyond_s) if self.beyond_s else math.inf


@dataclass(frozen=True, slots=True)
class History:
    """What a campaign's record teaches, and how much it is. `left_out` attempts were lost or cut by ourselves.

    `talk_s`, `wrapup_s` and `people` ask what would be if people's mean talk, the mean wrap-up or the share of people
    per call were these.
    """

    campaign: str
    calls: tuple[RecordedCall, ...]
    patience: Patience
    first_at: datetime
    last_at: datetime
    talks: int
    left_out: int
    talk_s: float | None = None
    wrapup_s: float | None = None
    people: float | None = None

    @property
    def person_share(self) -> float:
        """People per call, as recorded."""
        return sum(call.person for call in self.calls) / len(self.calls)

    @property
    def message_s(self) -> float | None:
        """How long the line of an abandoned person stayed up at the longest; None when nobody was abandoned."""
        return max(self.patience.beyond_s, default=None)

    @property
    def hours(self) -> tuple[int, ...]:
        """Hours of the day with enough calls to be learned by themselves."""
        return tuple(sorted(hour for hour in range(24) if _enough([c for c in self.calls if c.hour == hour])))


def learn(campaign: CampaignSettings, attempts: Sequence[RecordedAttempt]) -> History:
    """Learn a world from recorded attempts. Raises TooLittleHistory.

    Left out: lost attempts, and those that failed for want of a line of our own. A call that rang out rings out again;
    one that the dialer's end cut short is taken for one that rang at least as long. An undisposed call's wrap-up is as
    long as the dialer lets it be.
    """
    used = [attempt for attempt in attempts if _tells(attempt)]
    calls = tuple(_call(attempt) for attempt in used)
    talks = sum(attempt.person and attempt.talk_s is not None for attempt in used)
    if len(calls) < MIN_ATTEMPTS or talks < MIN_TALKS:
        raise TooLittleHistory(
            f"campaign {campaign.name} has {len(calls)} attempts and {talks} talks with people to learn from; it takes "
            f"{MIN_ATTEMPTS} and {MIN_TALKS}. Let it run longer, or describe the world by --answer-rate, --talk and "
            "--wrapup instead of --from-history"
        )
    return History(
        campaign.name,
        calls,
        _patience(used, campaign),
        datetime.fromtimestamp(used[0].started_at, UTC),
        datetime.fromtimestamp(used[-1].started_at, UTC),
        talks,
        len(attempts) - len(used),
    )


def _tells(attempt: RecordedAttempt) -> bool:
    lost = attempt.outcome is Outcome.LOST or attempt.cause in (Cause.LINE_LOST, Cause.NO_LINE)
    return attempt.ended_at is not None and not lost


def _call(attempt: RecordedAttempt) -> RecordedCall:
    ended_s = _since_start(attempt, attempt.ended_at)
    assert ended_s is not None
    silent = attempt.answered_at is None and attempt.cause == Cause.CANCELLED
    cut = silent and attempt.outcome is Outcome.CANCELLED
    refusal = None
    if attempt.answered_at is None and not silent:
        refusal = Refusal(ended_s, Cause(attempt.cause or Cause.FAILED), attempt.sip_code, attempt.q850)
    undisposed = attempt.status == UNDISPOSED
    talk_s = attempt.talk_s
    plan = CallPlan(
        _far_end(attempt),
        _since_start(attempt, attempt.ringing_at),
        _since_start(attempt, attempt.answered_at),
        math.nan if talk_s is None else talk_s,
        math.nan,
        math.inf if undisposed else math.nan if attempt.wrapup_s is None else attempt.wrapup_s,
        attempt.status,
        refusal,
    )
    return RecordedCall(_hour(attempt), attempt.person, plan, ended_s if cut else None)


def _far_end(attempt: RecordedAttempt) -> FarEnd:
    if attempt.answered_at is not None:
        return FarEnd.PERSON if attempt.person else FarEnd.MACHINE
    return _FAR_ENDS.get(attempt.outcome, FarEnd.NO_ANSWER)


def _since_start(attempt: RecordedAttempt, at: float | None) -> float | None:
    return None if at is None else max(0.0, at - attempt.started_at)


def _hour(attempt: RecordedAttempt) -> int:
    zone = ZoneInfo(attempt.zones[0]) if attempt.zones else UTC
    return datetime.fromtimestamp(attempt.started_at, zone).hour


def _patience(attempts: Sequence[RecordedAttempt], campaign: CampaignSettings) -> Patience:
    """Who was connected, and who was still there when the hold was over, would have waited longer than that."""
    ends: list[tuple[float, bool]] = []
    beyond_s = []
    for attempt in attempts:
        if attempt.answered_at is None or attempt.ended_at is None:
            continue
        until = attempt.ended_at if attempt.connected_at is None else attempt.connected_at
        waited_s = max(0.0, until - attempt.answered_at)
        rang_s = attempt.answered_at - (attempt.ringing_at or attempt.started_at)
        held = attempt.connected_at is not None or rang_s >= campaign.ring_timeout_s
        if not held and waited_s >= campaign.hold_s:
            beyond_s.append(waited_s)
        ends.append((min(waited_s, campaign.hold_s), not held and waited_s < campaign.hold_s))
    times_s, left, share = [], [], 1.0
    for index, (waited_s, hung_up) in enumerate(sorted(ends)):
        if hung_up:
            share *= 1.0 - 1.0 / (len(ends) - index)
            times_s.append(waited_s)
            left.append(share)
    return Patience(tuple(times_s), tuple(left), tuple(beyond_s))


def _enough(calls: Sequence[RecordedCall]) -> bool:
    talks = sum(call.person and not math.isnan(call.plan.talk_s) for call in calls)
    return len(calls) >= MIN_ATTEMPTS and talks >= MIN_TALKS


class HistoryWorld(World):
    """Draws calls from a bootstrap sample of a history, of the same hour of the day where that has enough of them.

    `hour_at` gives the called person's hour, so many seconds after the start of the shift.
    """

    def __init__(self, profile: WorldProfile, seed: int, history: History, hour_at: Callable[[float], int]) -> None:
        message_s = profile.message_s if history.message_s is None else history.message_s
        super().__init__(replace(profile, message_s=message_s), seed)
        self._history = history
        self._hour_at = hour_at
        sample = self._completed(self._resampled())
        self._all = _Pool(sample, history.people)
        self._by_hour = {
            hour: _Pool([call for call in sample if call.hour == hour], history.people) for hour in history.hours
        }

    def _resampled(self) -> list[RecordedCall]:
        """As many calls of each hour as were recorded, drawn from that hour's with replacement."""
        hours: dict[int, list[RecordedCall]] = {}
        for call in self._history.calls:
            hours.setdefault(call.hour, []).append(call)
        return [call for hour in sorted(hours) for call in self.random.choices(hours[hour], k=len(hours[hour]))]

    def plan_call(self, at_s: float) -> CallPlan:
        pool = self._by_hour.get(self._hour_at(at_s), self._all)
        return replace(pool.draw(self.random), patience_s=self._history.patience.draw(self.random))

    def _completed(self, sample: list[RecordedCall]) -> list[RecordedCall]:
        """Calls that were cut ring on like others that rang as long; unknown talks and wrap-ups are like others'."""
        whole = sorted((call for call in sample if call.cut_at_s is None), key=lambda call: call.length_s)
        lengths_s = [call.length_s for call in whole]
        full = [self._rung_on(call, whole, lengths_s) for call in sample]
        talked = [c.plan for c in full if c.person and not math.isnan(c.plan.talk_s)]
        known = talked or [c.plan for c in self._history.calls if not math.isnan(c.plan.talk_s)]
        wrapups_s = [plan.wrapup_s for plan in known if not math.isnan(plan.wrapup_s)]
        talk_scale = _scale(self._history.talk_s, [plan.talk_s for plan in known])
        wrapup_scale = _scale(self._history.wrapup_s, [each for each in wrapups_s if math.isfinite(each)])
        return [self._filled(call, known, wrapups_s, talk_scale, wrapup_scale) for call in full]

    def _rung_on(self, call: RecordedCall, whole: list[RecordedCall], lengths_s: list[float]) -> RecordedCall:
        """Efron's redistribution to the right, for calls of unknown end."""
        if call.cut_at_s is None:
            return call
        later = bisect.bisect_right(lengths_s, call.cut_at_s)
        if later == len(whole):
            return replace(call, cut_at_s=None)
        return replace(whole[self.random.randrange(later, len(whole))], hour=call.hour)

    def _filled(
        self, call: RecordedCall, known: list[CallPlan], wrapups_s: list[float], talk_scale: float, wrapup_scale: float
    ) -> RecordedCall:
        plan = call.plan
        talk_s, wrapup_s, status = plan.talk_s, plan.wrapup_s, plan.status
        if math.isnan(talk_s):
            like = self.random.choice(known)
            talk_s, wrapup_s, status = like.talk_s, like.wrapup_s, like.status
        if math.isnan(wrapup_s):
            wrapup_s = self.random.choice(wrapups_s) if wrapups_s else self.profile.wrapup_mean_s
        talk_s *= talk_scale if call.person else 1.0
        return replace(call, plan=replace(plan, talk_s=talk_s, wrapup_s=wrapup_s * wrapup_scale, status=status))


def _scale(wanted: float | None, values: Sequence[float]) -> float:
    mean = sum(values) / len(values) if values else 0.0
    return 1.0 if wanted is None or mean == 0.0 else wanted / mean


_RINGS_ON = CallPlan(FarEnd.NO_ANSWER, 1.0, None, 0.0, 0.0, 0.0, "")


class _Pool:
    """Calls to draw from, with people's share as it is or as asked for."""

    def __init__(self, calls: Sequence[RecordedCall], people: float | None) -> None:
        self._all = [call.plan for call in calls]
        self._people = [call.plan for call in calls if call.person]
        self._others = [call.plan for call in calls if not call.person] or [_RINGS_ON]
        self._share = people

    def draw(self, rng: random.Random) -> CallPlan:
        if self._share is None or not self._people:
            return rng.choice(self._all)
        return rng.choice(self._people if rng.random() < self._share else self._others)
