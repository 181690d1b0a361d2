"""A seeded world: what far ends and agents do, as events with delays. Parameters are stated, never hidden."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from campaigns.model import Kind
from hw.contract import Cause


class FarEnd(StrEnum):
    """Who or what is at a number for one call."""

    PERSON = "person"
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    INVALID = "invalid"
    CONGESTION = "congestion"


# SIP code, Q.850 cause and cause of each refusal.
REFUSALS = {
    FarEnd.BUSY: (486, 17, Cause.BUSY),
    FarEnd.REJECTED: (603, 21, Cause.REJECTED),
    FarEnd.INVALID: (404, 1, Cause.INVALID_NUMBER),
    FarEnd.CONGESTION: (503, 34, Cause.CONGESTION),
}

# What agents set after talks with people, and how often; after a machine they set MACHINE_FOUND.
STATUSES: Mapping[Kind, tuple[tuple[str, float], ...]] = {
    Kind.TELESALES: (("SALE", 0.1), ("NI", 0.7), ("DEC", 0.2)),
    Kind.COLLECTIONS: (("PTP", 0.25), ("RPC", 0.3), ("WPC", 0.15), ("NI", 0.3)),
}
MACHINE_FOUND = "A"


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances, per call unless said otherwise, that something goes wrong."""

    join_fails: float = 0.0
    line_lost: float = 0.0
    glare: float = 0.0
    late_ringing: float = 0.0
    station_lost_per_hour: float = 0.0
    pauses_per_hour: float = 0.0


@dataclass(frozen=True, slots=True)
class WorldProfile:
    """Shares and times (seconds) of a world. Shares not given to anyone else are numbers that nobody answers."""

    person: float = 0.25
    machine: float = 0.25
    busy: float = 0.08
    rejected: float = 0.02
    invalid: float = 0.05
    congestion: float = 0.02
    setup_s: float = 0.4
    person_ring_mean_s: float = 12.0
    machine_ring_mean_s: float = 21.0
    ring_cv: float = 0.35
    talk_mean_s: float = 100.0
    talk_cv: float = 1.0
    machine_talk_mean_s: float = 8.0
    wrapup_mean_s: float = 20.0
    wrapup_cv: float = 0.5
    patience_mean_s: float = 6.0
    message_s: float = 8.0
    join_s: float = 0.05
    faults: Faults = Faults()

    def with_people(self, share: float) -> "WorldProfile":
        """The same world with this share of people per call; all other far ends share the rest as before."""
        scale = (1.0 - share) / (1.0 - self.person)
        others = {
            name: getattr(self, name) * scale for name in ("machine", "busy", "rejected", "invalid", "congestion")
        }
        return replace(self, person=share, **others)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The network ends an unanswered call, `at_s` after dialing."""

    at_s: float
    cause: Cause
    sip_code: int | None = None
    q850: int | None = None


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What will happen to one call if nobody interferes. Times in seconds from dialing, and then from the answer.

    None: never rings, never answered, not refused. `status` is what the agent sets `wrapup_s` after the talk; an
    infinite wrap-up is one that the dialer's own limit ends.
    """

    far_end: FarEnd
    ring_at_s: float | None
    answer_at_s: float | None
    talk_s: float
    patience_s: float
    wrapup_s: float
    status: str
    refusal: Refusal | None = None


class World:
    """Draws what happens next. The same seed and the same questions in the same order give the same answers."""

    def __init__(self, profile: WorldProfile, seed: int, kind: Kind = Kind.TELESALES) -> None:
        self.profile = profile
        self.random = random.Random(seed)
        self._statuses, self._weights = zip(*STATUSES[kind], strict=True)

    def plan_call(self, at_s: float) -> CallPlan:
        """The far end of one call that is placed `at_s` after the start of the shift."""
        p = self.profile
        far_end = self._far_end()
        machine = far_end is FarEnd.MACHINE
        ring_mean_s = p.machine_ring_mean_s if machine else p.person_ring_mean_s
        ring_at_s = p.setup_s * self.random.uniform(0.5, 1.5)
        answer_at_s = p.setup_s * 1.5 + self.lognormal(ring_mean_s, p.ring_cv)
        talk_s = self.lognormal(p.machine_talk_mean_s if machine else p.talk_mean_s, p.talk_cv)
        patience_s = self.random.expovariate(1.0 / p.patience_mean_s)
        wrapup_s = self.lognormal(p.wrapup_mean_s, p.wrapup_cv)
        status = MACHINE_FOUND if machine else self.random.choices(self._statuses, self._weights)[0]
        if far_end in REFUSALS:
            sip_code, q850, cause = REFUSALS[far_end]
            refusal = Refusal(ring_at_s, cause, sip_code, q850)
            return CallPlan(far_end, None, None, talk_s, patience_s, wrapup_s, status, refusal)
        answers = far_end is not FarEnd.NO_ANSWER
        return CallPlan(far_end, ring_at_s, answer_at_s if answers else None, talk_s, patience_s, wrapup_s, status)

    def lognormal(self, mean: float, cv: float) -> float:
        """A lognormal draw with this mean and coefficient of variation; 0 when the mean is 0."""
        if mean == 0.0:
            return 0.0
        sigma2 = math.log1p(cv * cv)
        return self.random.lognormvariate(math.log(mean) - sigma2 / 2, math.sqrt(sigma2))

    def happens(self, chance: float) -> bool:
        return chance > 0.0 and self.random.random() < chance

    def _far_end(self) -> FarEnd:
        p = self.profile
        draw = self.random.random()
        for far_end, share in (
            (FarEnd.PERSON, p.person),
            (FarEnd.MACHINE, p.machine),
            (FarEnd.BUSY, p.busy),
            (FarEnd.REJECTED, p.rejected),
            (FarEnd.INVALID, p.invalid),
            (FarEnd.CONGESTION, p.congestion),
        ):
            if draw < share:
                return far_end
            draw -= share
        return FarEnd.NO_ANSWER
