"""What the pacer knows of its world, learned online: who answers and when, how long agents talk and wrap up.

Spells (a ring, a talk) are kept as discounted counts and exposures per age bin, so that hazards by age follow; old
spells fade, and faster when the share of live answers has clearly changed. The priors are memoryless and cautious.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from pacing import kernels
from pacing.kernels import BINS, EDGES_S, Floats
from pacing.spans import Spans

COARSE_WEIGHT = 4.0
FINE_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before any spell is seen: `weight` spells of `mean_s`, `share` of them by cause 0."""

    share: float
    mean_s: float
    weight: float


RING_PRIOR = Prior(share=0.5, mean_s=15.0, weight=8.0)
LISTEN_PRIOR = Prior(share=0.7, mean_s=2.0, weight=6.0)
TALK_PRIOR = Prior(share=1.0, mean_s=180.0, weight=3.0)
WRAPUP_PRIOR = Prior(share=1.0, mean_s=30.0, weight=3.0)


class Spells:
    """Spells of one kind that end by one of two competing causes; `memory` is how many of them count in effect."""

    def __init__(self, prior: Prior, memory: float) -> None:
        self._prior = prior
        self._keep = 1.0 - 1.0 / memory
        self._counts = np.zeros((2, BINS))
        self._exposure = np.zeros(BINS)
        self._prior_counts = np.array([prior.share, 1.0 - prior.share]) * prior.weight
        self._table = np.empty((2, BINS + 1))
        self._stale = True
        self._running = Spans()
        self._as_of = 0.0

    def begin(self, key: Hashable, at: float) -> None:
        """A spell began; one that runs already keeps its start."""
        self._running.add(key, at)
        self._touch(at)

    def end(self, key: Hashable, at: float, cause: int) -> bool:
        """A spell ended of cause 0 or 1, or -1 when cut short; False when none ran."""
        length_s = self.withdraw(key, at)
        if length_s is None:
            return False
        self.enter(length_s, cause)
        return True

    def withdraw(self, key: Hashable, at: float) -> float | None:
        """A spell is over, of a cause that is not known yet; returns its length in seconds, None when none ran."""
        began_at = self._running.pop(key)
        if began_at is None:
            return None
        self._touch(at)
        return at - began_at

    def enter(self, length_s: float, cause: int) -> None:
        """Count a spell that is over."""
        kernels.observe(self._counts, self._exposure, EDGES_S, length_s, cause, self._keep)
        self._stale = True

    def fade(self, keep: float) -> None:
        """Trust what was seen so far only `keep` as much."""
        self._counts *= keep
        self._exposure *= keep
        self._stale = True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._running

    def __len__(self) -> int:
        return len(self._running)

    @property
    def starts(self) -> Floats:
        """When the spells that still run began, in no order; valid until the next change."""
        return self._running.starts

    @property
    def table(self) -> Floats:
        """Survival and cumulative incidence of cause 0 at each edge of the age grid.

        Spells that still run count with the ages they had at the latest event: else the first to end, which are the
        short ones, would make all look short.
        """
        if self._stale:
            exposure = self._exposure.copy()
            kernels.add_running(exposure, EDGES_S, self._running.starts, self._as_of)
            kernels.incidence(
                self._counts,
                exposure,
                EDGES_S,
                self._prior_counts,
                self._prior.weight * self._prior.mean_s,
                COARSE_WEIGHT,
                FINE_WEIGHT,
                self._table,
            )
            self._stale = False
        return self._table

    def _touch(self, at: float) -> None:
        self._as_of = at
        self._stale = True

    @property
    def weight(self) -> float:
        """How many spells speak, the prior's included."""
        return self._prior.weight + float(self._counts.sum())

    @property
    def share(self) -> float:
        """The share of spells that end by cause 0, the prior's included."""
        return float(self._prior_counts[0] + self._counts[0].sum()) / self.weight


@dataclass(slots=True)
class RecentShare:
    """A short memory of the share of live answers beside the long one, to notice a change of list or hour."""

    alpha: float = 0.025
    value: float | None = None
    seen: int = 0

    def enter(self, live: bool, long_share: float) -> None:
        """Enter one finished call; the first ones start from the long-run share."""
        start = long_share if self.value is None else self.value
        self.value = start + self.alpha * (float(live) - start)
        self.seen += 1

    def surprise(self, long_share: float) -> float:
        """How far the recent share stands over the long one, in standard deviations."""
        if self.value is None:
            return 0.0
        variance = max(1e-4, long_share * (1.0 - long_share)) * self.alpha / (2.0 - self.alpha)
        return (self.value - long_share) / math.sqrt(variance)


@dataclass(slots=True)
class Learner:
    """All online estimates of one campaign."""

    ring: Spells = field(default_factory=lambda: Spells(RING_PRIOR, memory=1500.0))
    listen: Spells = field(default_factory=lambda: Spells(LISTEN_PRIOR, memory=500.0))
    talk: Spells = field(default_factory=lambda: Spells(TALK_PRIOR, memory=800.0))
    wrapup: Spells = field(default_factory=lambda: Spells(WRAPUP_PRIOR, memory=400.0))
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
        cause = 0 if live else 1
        if self.ring.end(call_id, at, cause):
            self._ring_over(live)
        elif self.listen.end(call_id, at, cause):
            self.ring.enter(self._ring_s.pop(call_id), cause)
            self._ring_over(live)

    def talk_ended(self, agent_id: Hashable, at: float, wraps_up: bool) -> None:
        """An agent's talk ended; `wraps_up` is False for one who leaves at once, not to be ready soon."""
        if self.talk.end(agent_id, at, 0) and wraps_up:
            self.wrapup.begin(agent_id, at)

    def _ring_over(self, live: bool) -> None:
        self.recent.enter(live, self.ring.share)
        if abs(self.recent.surprise(self.ring.share)) > 4.0:
            self.ring.fade(0.1)

    @property
    def live_share(self) -> float:
        """Live answers per dialed call."""
        return self.ring.share

    @property
    def caution(self) -> float:
        """By how much to inflate the chance of a live answer: the doubt of the estimate, and a recent rise."""
        share = self.ring.share
        doubt = math.sqrt(share * (1.0 - share) / self.ring.weight)
        surprise = self.recent.surprise(share)
        rise = 0.0
        if self.recent.value is not None and surprise > 1.5:
            rise = (self.recent.value - share) * min(1.0, (surprise - 1.5) / 1.5)
        return 1.0 + (doubt + rise) / share
