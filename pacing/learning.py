"""What the pacer knows of its world, learned online: who answers and when, how long agents talk and wrap up.

Spells (a ring, a talk) are kept as discounted ends and exposures per age bin, so that hazards by age follow. The share
of live answers starts anew when it has clearly changed. The priors are memoryless and cautious.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pacing import kernels
from pacing.kernels import BINS, EDGES_S, Floats
from pacing.spans import Spans

COARSE_WEIGHT = 15.0
FINE_WEIGHT = 20.0
DOUBT = 3.0
FAILED_AT_ONCE_S = 5.0
MOST_SECONDS = 1e8
NONE_RUNNING: Floats = np.empty(0)
# A restored state: lengths count for half of what they did, and lose half of that in a week; the share of live answers
# speaks for as many calls as a prior does, and loses half of that in eight hours.
RESTORED_LENGTHS = 0.5
LENGTHS_HALF_LIFE_S = 7 * 86_400.0
RESTORED_CALLS = 20.0
SHARE_HALF_LIFE_S = 8 * 3_600.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of lengths before any is seen: `weight` memoryless spells of `mean_s`."""

    mean_s: float
    weight: float


TALK_PRIOR = Prior(mean_s=180.0, weight=3.0)
WRAPUP_PRIOR = Prior(mean_s=30.0, weight=3.0)
LIVE_RING_PRIOR = Prior(mean_s=12.0, weight=4.0)
OTHER_RING_PRIOR = Prior(mean_s=20.0, weight=4.0)
LISTEN_PRIOR = Prior(mean_s=2.0, weight=4.0)


class Lengths:
    """How long spells of one kind last; `memory` is how many of them count in effect."""

    def __init__(self, prior: Prior, memory: float) -> None:
        self._prior = prior
        self._keep = 1.0 - 1.0 / memory
        self._ends = np.zeros(BINS)
        self._exposure = np.zeros(BINS)
        self._ended = 0.0
        self._lasted_s = 0.0

    def enter(self, length_s: float, ended: bool = True) -> None:
        """Count a spell of this length; `ended` is False for one that was cut short."""
        self._ended = self._ended * self._keep + ended
        self._lasted_s = self._lasted_s * self._keep + length_s
        kernels.observe(self._ends, self._exposure, EDGES_S, length_s, int(ended), self._keep)

    def state(self) -> dict[str, list[float]]:
        """Ends and exposures by age bin."""
        return {"ends": _plain(self._ends), "exposure": _plain(self._exposure)}

    def restore(self, state: tuple[Floats, Floats], keep: float) -> None:
        """Count the spells of an earlier state in the place of those seen, each for `keep` of one."""
        self._ends, self._exposure = keep * state[0], keep * state[1]
        self._ended, self._lasted_s = float(self._ends.sum()), float(self._exposure.sum())

    @property
    def mean_s(self) -> float:
        """Mean length in seconds, the prior's included."""
        prior = self._prior
        return (prior.weight * prior.mean_s + self._lasted_s) / (prior.weight + self._ended)

    def survival(self, running: Floats, at: float) -> Floats:
        """The share of spells that last to each edge; `running` are the starts of those that last yet at `at`."""
        out = np.empty(BINS + 1)
        exposure = self._exposure.copy()
        kernels.add_running(exposure, EDGES_S, running, at)
        prior = self._prior
        kernels.survival(
            self._ends,
            exposure,
            EDGES_S,
            prior.weight,
            prior.weight * prior.mean_s,
            COARSE_WEIGHT,
            FINE_WEIGHT,
            out,
        )
        return out


def _plain(values: Floats) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def lengths_of(state: Any) -> tuple[Floats, Floats]:
    """Read what `Lengths.state` gave. Raises ValueError when it is not of that shape."""
    try:
        ends, exposure = (np.array(state[key], dtype=float) for key in ("ends", "exposure"))
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise ValueError("lengths need lists of numbers 'ends' and 'exposure'") from None
    for values in (ends, exposure):
        if values.shape != (BINS,) or not ((values >= 0.0) & (values < MOST_SECONDS)).all():
            raise ValueError(f"lengths need {BINS} numbers from 0 to {MOST_SECONDS:g}")
    return ends, exposure


class Running:
    """Spells that last, and a table of when they end, made anew after each event that touches them."""

    def __init__(self) -> None:
        self._running = Spans()
        self._as_of = 0.0
        self._table = np.empty((2, BINS + 1))
        self._stale = True

    def begin(self, key: Hashable, at: float) -> None:
        """A spell began; one that runs already keeps its start."""
        self._running.add(key, at)
        self._touch(at)

    def withdraw(self, key: Hashable, at: float) -> float | None:
        """A spell is over, without counting it; returns its length in seconds, None when none ran."""
        began_at = self._running.pop(key)
        if began_at is None:
            return None
        self._touch(at)
        return at - began_at

    def age_s(self, key: Hashable, at: float) -> float:
        """For how long a spell has run; infinite when none does."""
        began_at = self._running.began_at(key)
        return math.inf if began_at is None else at - began_at

    def __contains__(self, key: Hashable) -> bool:
        return key in self._running

    def __len__(self) -> int:
        return len(self._running)

    @property
    def starts(self) -> Floats:
        """When the spells that still run began, in no order; valid until the next change."""
        return self._running.starts

    def forget_table(self) -> None:
        """What is known of lengths was changed from outside."""
        self._stale = True

    def _touch(self, at: float) -> None:
        self._as_of = at
        self._stale = True


class Work(Running):
    """Talks, or wrap-ups.

    Those that still run count with the ages they had at the latest event: else the first to end, which are the short
    ones, would make all look short.
    """

    def __init__(self, prior: Prior, memory: float) -> None:
        super().__init__()
        self._lengths = Lengths(prior, memory)

    def end(self, key: Hashable, at: float, ended: bool = True) -> bool:
        """A spell ended, or was cut short; False when none ran."""
        length_s = self.withdraw(key, at)
        if length_s is not None:
            self._lengths.enter(length_s, ended)
        return length_s is not None

    @property
    def lengths(self) -> tuple[Lengths, ...]:
        """What is known of lengths."""
        return (self._lengths,)

    @property
    def table(self) -> Floats:
        """Survival and ends at each edge of the age grid."""
        if self._stale:
            lasting = self._lengths.survival(self._running.starts, self._as_of)
            kernels.mixture(lasting, lasting, 1.0, self._table)
            self._stale = False
        return self._table


class Rings(Running):
    """Calls that ring, or that someone listens to: `share` of them turn out live, at another pace than the rest.

    Calls that still ring do not count; as people answer before a ring times out, the share errs upwards at first.
    """

    def __init__(self, live: Prior, other: Prior, share: float, memory: float) -> None:
        super().__init__()
        self._live = Lengths(live, memory)
        self._other = Lengths(other, memory)
        self._keep = 1.0 - 1.0 / memory
        self._prior_weight = live.weight + other.weight
        self._prior_share = share
        self._seen = 0.0
        self._seen_live = 0.0

    def enter(self, length_s: float, live: bool) -> None:
        """Count a call that is over."""
        (self._live if live else self._other).enter(length_s)
        self._seen = self._seen * self._keep + 1.0
        self._seen_live = self._seen_live * self._keep + float(live)
        self._stale = True

    def end(self, key: Hashable, at: float, live: bool) -> bool:
        """A call is over, live or not; False when none ran."""
        length_s = self.withdraw(key, at)
        if length_s is not None:
            self.enter(length_s, live)
        return length_s is not None

    def change_share(self, share: float, weight: float) -> None:
        """Believe in this share as if `weight` calls had shown it; how long calls ring stays as learned."""
        self._seen = weight
        self._seen_live = min(weight, max(0.0, share * self.weight - self._prior_weight * self._prior_share))
        self._stale = True

    @property
    def lengths(self) -> tuple[Lengths, ...]:
        """What is known of lengths: of live ends, and of the others."""
        return (self._live, self._other)

    @property
    def weight(self) -> float:
        """How many calls speak, the prior's included."""
        return self._prior_weight + self._seen

    @property
    def share(self) -> float:
        """The share of calls that turn out live, the prior's included."""
        return (self._prior_weight * self._prior_share + self._seen_live) / self.weight

    @property
    def table(self) -> Floats:
        """Survival and live ends at each edge of the age grid."""
        if self._stale:
            live, other = (lengths.survival(NONE_RUNNING, 0.0) for lengths in (self._live, self._other))
            kernels.mixture(live, other, self.share, self._table)
            self._stale = False
        return self._table


@dataclass(slots=True)
class RecentShare:
    """A short memory of the share of live answers beside the long one, to notice a change of list or hour."""

    alpha: float = 0.025
    value: float = 0.0
    seen: int = 0

    def enter(self, live: bool, ringing: int) -> None:
        """Enter one finished call, with `ringing` others in flight.

        Calls dialed together end with the people first, so the memory spans more calls than lately rang at a time.
        """
        self.seen += 1
        self.alpha = min(0.025, 0.4 / (1.0 + ringing), 1.002 * self.alpha)
        self.value += max(self.alpha, 1.0 / self.seen) * (float(live) - self.value)

    def surprise(self, long_share: float) -> float:
        """How far the recent share stands over the long one, in standard deviations; 0 until it is full."""
        if self.seen * self.alpha < 1.0:
            return 0.0
        variance = max(1e-4, long_share * (1.0 - long_share)) * self.alpha / (2.0 - self.alpha)
        return (self.value - long_share) / math.sqrt(variance)


@dataclass(slots=True)
class Learner:
    """All online estimates of one campaign."""

    ring: Rings = field(default_factory=lambda: Rings(LIVE_RING_PRIOR, OTHER_RING_PRIOR, share=0.4, memory=1500.0))
    listen: Rings = field(default_factory=lambda: Rings(LISTEN_PRIOR, LISTEN_PRIOR, share=0.7, memory=500.0))
    talk: Work = field(default_factory=lambda: Work(TALK_PRIOR, memory=800.0))
    wrapup: Work = field(default_factory=lambda: Work(WRAPUP_PRIOR, memory=400.0))
    recent: RecentShare = field(default_factory=RecentShare)
    _ring_s: dict[Hashable, float] = field(default_factory=dict)

    def picked_up(self, call_id: Hashable, at: float) -> None:
        """A ringing call was picked up, by whom is not known yet."""
        ring_s = self.ring.withdraw(call_id, at)
        if ring_s is not None:
            self._ring_s[call_id] = ring_s
            self.listen.begin(call_id, at)

    def resolved(self, call_id: Hashable, at: float, live: bool) -> None:
        """A ringing or picked-up call turned out to be a live answer, or not."""
        if self.ring.end(call_id, at, live):
            self._ring_over(live)
        elif self.listen.end(call_id, at, live):
            self.ring.enter(self._ring_s.pop(call_id), live)
            self._ring_over(live)

    def failed(self, call_id: Hashable, at: float) -> None:
        """A call failed. One that failed at once says of the carrier, not of who is called: it is not counted.

        Else an outage would teach that nobody answers, and its end would bring too many answers.
        """
        if self.ring.age_s(call_id, at) < FAILED_AT_ONCE_S:
            self.ring.withdraw(call_id, at)
        else:
            self.resolved(call_id, at, live=False)

    def talk_ended(self, agent_id: Hashable, at: float, wraps_up: bool) -> None:
        """An agent's talk ended; `wraps_up` is False for one who leaves at once, not to be ready soon."""
        if self.talk.end(agent_id, at) and wraps_up:
            self.wrapup.begin(agent_id, at)

    def state(self) -> dict[str, Any]:
        """Plain data for `restore`."""
        lengths = {kind: [one.state() for one in spells.lengths] for kind, spells in self._kinds()}
        return {"lengths": lengths, "live_share": self.ring.share}

    def restore(self, state: Any, age_s: float) -> None:
        """Take up an earlier state, as `Pacer.restore` does. Raises ValueError, changing nothing, for another shape."""
        try:
            share = float(state["live_share"])
            read = {kind: [lengths_of(one) for one in state["lengths"][kind]] for kind, _ in self._kinds()}
        except (TypeError, KeyError):
            raise ValueError(
                "the learned state needs 'lengths' of ring, listen, talk and wrapup, and 'live_share'"
            ) from None
        if not 0.0 <= share <= 1.0 or any(len(read[kind]) != len(spells.lengths) for kind, spells in self._kinds()):
            raise ValueError("the learned state does not fit: 'live_share' is a share, each kind has its own lengths")
        for kind, spells in self._kinds():
            for one, given in zip(spells.lengths, read[kind], strict=True):
                one.restore(given, RESTORED_LENGTHS * 0.5 ** (age_s / LENGTHS_HALF_LIFE_S))
            spells.forget_table()
        self.ring.change_share(share, RESTORED_CALLS * 0.5 ** (age_s / SHARE_HALF_LIFE_S))

    def _kinds(self) -> tuple[tuple[str, Work | Rings], ...]:
        return (("ring", self.ring), ("listen", self.listen), ("talk", self.talk), ("wrapup", self.wrapup))

    def _ring_over(self, live: bool) -> None:
        self.recent.enter(live, len(self.ring))
        if abs(self.recent.surprise(self.ring.share)) > 4.0:
            self.ring.change_share(self.recent.value, 1.0 / self.recent.alpha)

    @property
    def handling_s(self) -> float:
        """Mean time that a call takes an agent, wrap-up included."""
        return sum(lengths.mean_s for kind in (self.talk, self.wrapup) for lengths in kind.lengths)

    @property
    def live_share(self) -> float:
        """Live answers per dialed call."""
        return self.ring.share

    def caution(self, answers: float) -> float:
        """By how much to inflate the chance of a live answer where `answers` of them might come together.

        For a recent rise, and for the doubt of the share: it is common to all lines, so it does not average out among
        many as chance does. Inflated is by what it adds to the deviation of the number of answers.
        """
        share = self.ring.share
        chance = math.sqrt(max(1.0, answers) * (1.0 - share))
        doubt = max(1.0, answers) * math.sqrt((1.0 - share) / (share * self.ring.weight))
        surprise = self.recent.surprise(share)
        rise = 0.0
        if surprise > 1.5:
            rise = (self.recent.value - share) * min(1.0, (surprise - 1.5) / 1.5)
        return 1.0 + DOUBT * (math.hypot(chance, doubt) - chance) / max(1.0, answers) + rise / share
