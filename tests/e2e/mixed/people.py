"""Who lives at a number that a modem or a gateway board calls: decided by number and seed, whoever asks."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bench.hil.emulated import exchange, linecards


class Kind(StrEnum):
    """What becomes of a call."""

    PERSON = "person"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"


_SHARES = {Kind.PERSON: 55, Kind.BUSY: 15, Kind.NO_ANSWER: 8, Kind.REJECTED: 11, Kind.INVALID: 11}
_CAUSES = {Kind.BUSY: 17, Kind.REJECTED: 21, Kind.INVALID: 1}


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


def fate(number: str, seed: int) -> Fate:
    """The fate of a number (E.164)."""
    chance = random.Random(f"{seed}|{number}")
    kind = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
    return Fate(kind, chance.uniform(0.3, 1.5), chance.uniform(2.0, 5.0))


def mobile_network(numbers: Iterable[str], seed: int) -> dict[str, exchange.FarEnd]:
    """All numbers for `Exchange`."""
    return {number: fate(number, seed).on_modem for number in numbers}


def analogue_network(numbers: Iterable[str], seed: int) -> dict[str, linecards.FarEnd]:
    """All numbers for `LineCards`, as they are dialed with the dial plan {"+1": ""}."""
    return {number.removeprefix("+1"): fate(number, seed).on_line for number in numbers}


def only(kind: Kind, numbers: Iterable[str], seed: int) -> tuple[str, ...]:
    """Those of the numbers that have this fate."""
    return tuple(number for number in numbers if fate(number, seed).kind is kind)
