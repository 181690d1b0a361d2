"""Who lives at a number that an emulated modem or board calls: decided by number and seed, whoever asks."""

import random
from dataclasses import dataclass
from enum import StrEnum

from bench.hil.emulated import exchange, linecards
from bench.hil.emulated.exchange import Exchange
from bench.hil.emulated.linecards import LineCards

COUNTRY = "+1"
"""The analogue lines' exchange is in the North American Numbering Plan: numbers have ten digits (ITU-T E.164)."""
_DIGITS = 10


class Kind(StrEnum):
    """What becomes of a call."""

    PERSON = "person"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"


_SHARES = {Kind.PERSON: 55, Kind.BUSY: 15, Kind.NO_ANSWER: 8, Kind.REJECTED: 11, Kind.INVALID: 11}
_CAUSES = {Kind.BUSY: 17, Kind.REJECTED: 21, Kind.INVALID: 1}
_AFTER_S = (0.3, 1.5)
TALK_S = (10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Fate:
    """What a number does, and when; seconds from the dial, and from the answer."""

    kind: Kind
    after_s: float
    talk_s: float

    @property
    def on_modem(self) -> exchange.FarEnd:
        """Behind a mobile network, which says by a cause why there is no call."""
        if self.kind is Kind.PERSON:
            return exchange.FarEnd(ring_s=0.1, answer_s=self.after_s, hang_up_s=self.talk_s)
        if self.kind is Kind.NO_ANSWER:
            return exchange.FarEnd(ring_s=0.1)
        return exchange.FarEnd(
            ring_s=0.1 if self.kind is Kind.REJECTED else None, fail_s=self.after_s, cause=_CAUSES[self.kind]
        )

    @property
    def on_line(self) -> linecards.FarEnd:
        """Behind an analogue exchange, which has the same busy tone for all that is no call."""
        if self.kind is Kind.PERSON:
            return linecards.FarEnd(answer_s=self.after_s, hang_up_s=self.talk_s)
        if self.kind is Kind.NO_ANSWER:
            return linecards.FarEnd()
        return linecards.FarEnd(busy_s=self.after_s)


@dataclass(frozen=True, slots=True)
class People:
    """All who can be called. They talk for `talk_s` (least, most) seconds, unless the agent hangs up before."""

    seed: int = 1
    talk_s: tuple[float, float] = TALK_S

    def fate(self, number: str) -> Fate:
        """The fate of a number (E.164)."""
        chance = random.Random(f"{self.seed}|{number}")
        kind = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
        return Fate(kind, chance.uniform(*_AFTER_S), chance.uniform(*self.talk_s))


class MobileNetwork(Exchange):
    """The people behind modems."""

    def __init__(self, people: People) -> None:
        super().__init__()
        self._people = people

    def far_end(self, number: str) -> exchange.FarEnd:
        """What a number does."""
        return self._people.fate(number).on_modem


class AnalogueExchange(LineCards):
    """The people behind a board's lines, called by the ten digits of their numbers."""

    def __init__(
        self,
        count: int,
        people: People,
        clock: linecards.Clock,
        drive: linecards.Drive,
        told: linecards.Told,
    ) -> None:
        super().__init__(count, {}, clock, drive, told)
        self._people = people

    def far_end(self, digits: str) -> linecards.FarEnd | None:
        """Who is called by these digits; None while they are no whole number."""
        return self._people.fate(COUNTRY + digits).on_line if len(digits) == _DIGITS else None
