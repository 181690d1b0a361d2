"""Scripts: steps with text and questions, the next step by answer, and the statuses with which a call ends. Pure.

`parsed` reads the TOML form (docs/scripts.md); what its words alone cannot show, `checking` finds.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from campaigns.leads import CONTACT_FIELDS
from campaigns.telesales.fields import Field, worth
from campaigns.telesales.templates import Template

LEAD_VARIABLES = ("lead.id", "lead.phone", "lead.name", *(f"lead.{name}" for name in CONTACT_FIELDS))
DEBT_VARIABLES = (
    *("debt.reference", "debt.creditor", "debt.principal", "debt.balance", "debt.due_on"),
    *("debts.count", "debts.balance"),
)
VARIABLES = (*LEAD_VARIABLES, "campaign.name", "agent.name", *DEBT_VARIABLES)
CUSTOM, ANSWER = "custom.", "answer."


@dataclass(frozen=True, slots=True)
class Branch:
    """Where to go when the answer to `field` is one of `values`, or is from `start` on and below `end`.

    Without a field it holds always. A field that was left open is in no range, and one of the values "".
    """

    go: str
    field: str = ""
    values: tuple[str, ...] | None = None
    start: Decimal | date | None = None
    end: Decimal | date | None = None

    def holds(self, fields: Mapping[str, Field], answers: Mapping[str, str]) -> bool:
        """Whether the way leads here. A field without any answer decides nothing."""
        if not self.field:
            return True
        answer = answers.get(self.field)
        if answer is None:
            return False
        if self.values is not None:
            return answer in self.values
        value = worth(fields[self.field], answer)
        if value is None:
            return False
        return (self.start is None or self.start <= value) and (self.end is None or value < self.end)  # type: ignore[operator]

    @property
    def marks(self) -> tuple[Decimal | date, ...]:
        return tuple(mark for mark in (self.start, self.end) if mark is not None)


@dataclass(frozen=True, slots=True)
class Step:
    """What the agent says, then asks, then where the call goes; an end step has `ends`, the statuses it may end with.

    From a step with `right_party` on the right party is known to be on the line; `says` are the statements it makes.
    """

    name: str
    text: Template
    asks: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    ends: tuple[str, ...] = ()
    right_party: bool = False
    says: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script. `required` are by status the fields without which a call does not end with it."""

    name: str
    version: int
    title: str
    start: str
    fields: Mapping[str, Field]
    steps: Mapping[str, Step]
    required: Mapping[str, tuple[str, ...]]

    def following(self, step: Step, answers: Mapping[str, str]) -> str | None:
        """The step after this one by what was answered; None when no branch holds."""
        return next((branch.go for branch in step.branches if branch.holds(self.fields, answers)), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a script: `where` is its place, such as `steps.offer.next[2].go`, `text` says what."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


class ScriptError(ValueError):
    """A script that cannot be used: all that is wrong with it, a line each, behind the name of its file."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{file}: {problem}" for problem in self.problems))


def near(word: str, known: Iterable[str]) -> str:
    """What to write in the place of an unknown word: the nearest known one, else all of them."""
    words = list(known)
    found = difflib.get_close_matches(word, words, 1)
    if found:
        return f"do you mean {found[0]!r}?"
    return f"there are {', '.join(words)}" if words else "there is none"


def plain_day(value: object) -> bool:
    """Whether a TOML value is a date without a time."""
    return isinstance(value, date) and not isinstance(value, datetime)
