"""What the pacer knows of its world, learned online: who answers and when, how long agents talk and wrap up.

Spells (a ring, a talk) are kept as discounted counts and exposures per age bin, so that hazards by age follow; old
spells fade, and faster when the share of live answers has clearly changed. The priors are memoryless and cautious.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from pacing import kernels
from pacing.kernels import BINS, EDGES_S, Floats

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

    def ended(self, age_s: float, cause: int) -> None:
        """Enter a spell that ended at this age: cause 0, cause 1, or -1 when it was cut short by something else."""
        kernels.observe(self._counts, self._exposure, EDGES_S, age_s, cause, self._keep)
        self._stale = True

    def fade(self, keep: float) -> None:
        """Trust what was seen so far only `keep` as much."""
        self._counts *= keep
        self._exposure *= keep
        self._stale = True

    @property
    def table(self) -> Floats:
        """Survival and cumulative incidence of cause 0 at each edge of the age grid."""
        if self._stale:
            kernels.incidence(
                self._counts,
                self._exposure,
                EDGES_S,
                self._prior_counts,
                self._prior.weight * self._prior.mean_s,
                COARSE_WEIGHT,
                FINE_WEIGHT,
                self._table,
            )
            self._stale = False
        return self._table

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

    def ring_ended(self, age_s: float, live: bool) -> None:
        """A call's ring ended at this age with a live answer, or otherwise."""
        self.ring.ended(age_s, 0 if live else 1)
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
        rise = 0.0
        if self.recent.value is not None and self.recent.surprise(share) > 2.0:
            rise = self.recent.value - share
        return 1.0 + (0.5 * doubt + rise) / share
