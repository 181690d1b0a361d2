"""A seeded world: what far ends and agents do, as events with delays. Parameters are stated, never hidden."""

import math
import random
from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What will happen to one call if nobody interferes. Times in seconds from dialing, and then from the answer."""

    far_end: FarEnd
    ring_at_s: float
    answer_at_s: float
    talk_s: float
    patience_s: float


class World:
    """Draws what happens next. The same seed and the same questions in the same order give the same answers."""

    def __init__(self, profile: WorldProfile, seed: int) -> None:
        self.profile = profile
        self.random = random.Random(seed)

    def plan_call(self) -> CallPlan:
        """The far end of one call."""
        p = self.profile
        far_end = self._far_end()
        machine = far_end is FarEnd.MACHINE
        ring_mean_s = p.machine_ring_mean_s if machine else p.person_ring_mean_s
        talk_mean_s = p.machine_talk_mean_s if machine else p.talk_mean_s
        return CallPlan(
            far_end,
            p.setup_s * self.random.uniform(0.5, 1.5),
            p.setup_s * 1.5 + self.lognormal(ring_mean_s, p.ring_cv),
            self.lognormal(talk_mean_s, p.talk_cv),
            self.random.expovariate(1.0 / p.patience_mean_s),
        )

    def lognormal(self, mean: float, cv: float) -> float:
        """A lognormal draw with this mean and coefficient of variation."""
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
