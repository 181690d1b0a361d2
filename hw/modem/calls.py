"""The call of one modem, apart from the commands that carry it: what lists, notifications and results say of it."""

import re
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto

from hw.contract import Cause
from hw.modem.causes import cause_of_at

MISSING_POLLS = 2
SUBSCRIBER_DIGITS = 7


class Stat(IntEnum):
    """`<stat>` of +CLCC (TS 27.007 7.18), and RELEASED for the notifications that tell an end."""

    ACTIVE = 0
    HELD = 1
    DIALING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5
    RELEASED = 6


@dataclass(frozen=True, slots=True)
class CallNews:
    """One call as the modem tells it. `q850` is the network's cause of an end where the vendor gives it."""

    stat: Stat
    incoming: bool = False
    index: int | None = None
    number: str = ""
    q850: int | None = None


class Stage(Enum):
    """How far our call is."""

    ASKED = auto()
    DIALED = auto()
    RINGING = auto()
    ACTIVE = auto()
    OVER = auto()


class Step(Enum):
    """What became of the call, in the contract's words."""

    DIALED = auto()
    RINGING = auto()
    ANSWERED = auto()
    OVER = auto()


@dataclass(slots=True)
class Call:
    """The outgoing call to `number`. Most methods return the steps that they make true, in the line contract's order.

    `result` is the word that ended it (BUSY, NO CARRIER, ...), `q850` the network's cause, either once known.
    `index` is its number in +CLCC. `hanging_up` says that we ask for its end.
    """

    number: str = ""
    stage: Stage = Stage.ASKED
    index: int | None = None
    result: str = ""
    q850: int | None = None
    hanging_up: bool = False
    answered_at: float | None = None
    _missing: int = field(default=0, init=False)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.stage is Stage.OVER

    def accepted(self) -> list[Step]:
        """The modem took the dial command; nobody has answered by that."""
        if self.stage is not Stage.ASKED:
            return []
        self.stage = Stage.DIALED
        return [Step.DIALED]

    def told(self, news: CallNews, now: float) -> list[Step]:
        """A notification or a line of +CLCC about our call. An end before the modem took ours is another call's."""
        if self.over or not self.owns(news):
            return []
        self._missing = 0
        if news.stat is Stat.RELEASED and self.stage is Stage.ASKED:
            return []
        if news.stat is Stat.RELEASED:
            return self.ended("", news.q850)
        self.index = news.index or self.index
        steps = self.accepted()
        if news.stat is Stat.ALERTING and self.stage is Stage.DIALED:
            self.stage = Stage.RINGING
            steps.append(Step.RINGING)
        if news.stat in (Stat.ACTIVE, Stat.HELD) and self.stage is not Stage.ACTIVE:
            self.stage = Stage.ACTIVE
            self.answered_at = now
            steps.append(Step.ANSWERED)
        return steps

    def owns(self, news: CallNews) -> bool:
        """Whether news are of this call: by its index once that is known, until then by its number."""
        if news.incoming:
            return False
        if self.index is not None and news.index is not None:
            return self.index == news.index
        return _alike(self.number, news.number)

    def missed(self) -> list[Step]:
        """A list of calls came without ours: once may be a slow modem or a damaged line, twice in a row is its end."""
        self._missing += 1
        if self.over or self._missing < MISSING_POLLS:
            return []
        return self.ended("")

    def ended(self, result: str, q850: int | None = None) -> list[Step]:
        """The call is over. What is said later of its cause is added by `explain`."""
        self.explain(result, q850)
        if self.over:
            return []
        self.stage = Stage.OVER
        return [Step.OVER]

    def explain(self, result: str, q850: int | None) -> None:
        """Keep why it ended, if that was not known."""
        self.result = self.result or result
        self.q850 = self.q850 if self.q850 is not None else q850

    @property
    def explained(self) -> bool:
        """Whether its cause needs no further question to the modem.

        A modem that refused the command itself made no call: what it reports last is of an earlier one.
        """
        refused = self.result == "ERROR" or self.result.startswith("+CME ERROR")
        known = self.q850 is not None or refused or self.result in ("BUSY", "NO ANSWER")
        return known or self.hanging_up or self.answered_at is not None

    def cause(self) -> Cause:
        """Why it ended."""
        if self.answered_at is not None:
            return Cause.NORMAL
        if self.hanging_up:
            return Cause.CANCELLED
        return cause_of_at(self.result, self.q850)


def _alike(one: str, other: str) -> bool:
    """Whether two numbers may be the same, with or without what is dialed before the subscriber's; unknown ones may."""
    ends = [re.sub(r"\D", "", number)[-SUBSCRIBER_DIGITS:] for number in (one, other)]
    return ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
