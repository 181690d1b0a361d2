"""Counting attempts: what came of them by the flags of their statuses, grouped by anything."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self, TypeVar

from campaigns.database import Database
from campaigns.model import Outcome
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share
from campaigns.statuses import STATUSES, Status

Key = TypeVar("Key", bound=Hashable)


class Result(StrEnum):
    """What came of an attempt in one word, the best first: the first that fits. Each attempt has exactly one."""

    SALE = "sale"
    RIGHT_PARTY = "right party"
    CONTACT = "other contact"
    PERSON = "other person"
    ABANDONED = "abandoned"
    MACHINE = "machine"
    REFUSED = "refused"
    NOBODY = "no answer"
    BAD_NUMBER = "bad number"
    FAILED = "failed"
    OPEN = "open"


_REFUSALS = frozenset({Outcome.REJECTED, Outcome.UNWANTED, Outcome.BLOCKED})
_NOBODY = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.CANCELLED})


@dataclass(frozen=True, slots=True)
class Come:
    """What of an attempt decides how it counts. `promised`: a promise to pay was made in it."""

    status: str | None
    outcome: str | None
    connected: bool
    picked_up: bool
    closed: bool
    promised: bool

    @property
    def flags(self) -> Status | None:
        return None if self.status is None else STATUSES.get(self.status)

    @property
    def abandoned(self) -> bool:
        return self.outcome == Outcome.ABANDONED and not self.connected

    @property
    def person(self) -> bool:
        """Whether a live person answered, as abandonment is counted (see `campaigns.ledger`)."""
        if not self.connected:
            return self.abandoned
        human = self.flags is not None and self.flags.human_answered
        return human or self.outcome != Outcome.HANDLED

    @property
    def result(self) -> Result:
        flags = self.flags
        if not self.closed:
            return Result.OPEN
        if flags is not None and flags.customer_contact:
            if flags.sale:
                return Result.SALE
            return Result.RIGHT_PARTY if flags.right_party else Result.CONTACT
        if self.abandoned or self.person:
            return Result.ABANDONED if self.abandoned else Result.PERSON
        return self._without_person(flags)

    def _without_person(self, flags: Status | None) -> Result:
        if flags is not None and flags.answering_machine:
            return Result.MACHINE
        if self.outcome in _REFUSALS:
            return Result.REFUSED
        if self.outcome == Outcome.INVALID_NUMBER or (flags is not None and flags.number_uncallable):
            return Result.BAD_NUMBER
        return Result.NOBODY if self.outcome in _NOBODY or self.outcome == Outcome.HANDLED else Result.FAILED


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts and what came of them.

    `picked_up`: by a person or by anything else. `people`: live answers, as abandonment is counted. `contacts`,
    `right_party`, `sales` and `machines` by the flags of the status. `promises`: right-party
    contacts in which one was made. `declined` (SIP 603), `unwanted` (607) and `blocked` (603+, 608) are refusals.
    """

    attempts: int = 0
    open: int = 0
    picked_up: int = 0
    people: int = 0
    abandoned: int = 0
    machines: int = 0
    contacts: int = 0
    right_party: int = 0
    sales: int = 0
    promises: int = 0
    declined: int = 0
    unwanted: int = 0
    blocked: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))

    @classmethod
    def of(cls, came: Come, count: int) -> Self:
        """`count` attempts that came out alike."""
        flags = came.flags
        return cls(
            attempts=count,
            open=count * (not came.closed),
            picked_up=count * came.picked_up,
            people=count * came.person,
            abandoned=count * came.abandoned,
            machines=count * (flags is not None and flags.answering_machine),
            contacts=count * (flags is not None and flags.customer_contact),
            right_party=count * (flags is not None and flags.right_party),
            sales=count * (flags is not None and flags.sale),
            promises=count * (came.promised and flags is not None and flags.right_party),
            declined=count * (came.outcome == Outcome.REJECTED),
            unwanted=count * (came.outcome == Outcome.UNWANTED),
            blocked=count * (came.outcome == Outcome.BLOCKED),
        )

    def facts(self) -> dict[str, Any]:
        """All counts, and under `rates` the shares that managers ask for, each with its denominator and interval."""
        return {
            **{name: getattr(self, name) for name in COUNTED},
            "rates": {
                "picked_up": Share(self.picked_up, self.attempts).facts(),
                "people": Share(self.people, self.attempts).facts(),
                "contacts": Share(self.contacts, self.attempts).facts(),
                "right_party": Share(self.right_party, self.attempts).facts(),
                "sales": Share(self.sales, self.contacts).facts(),
                "promises": Share(self.promises, self.right_party).facts(),
            },
        }


COUNTED = tuple(field.name for field in fields(Counts))

_CAME = (
    "a.status, a.outcome, a.connected_at IS NOT NULL, COALESCE(a.answered_at, a.connected_at) IS NOT NULL,"
    " a.closed_at IS NOT NULL, p.attempt_id IS NOT NULL"
)
_FROM = (
    "attempts a LEFT JOIN (SELECT DISTINCT attempt_id FROM promises WHERE attempt_id IS NOT NULL) p"
    " ON p.attempt_id = a.id"
)

Groups = dict[Key, Counter[Come]]


def came_of(
    database: Database, selection: Selection, by: str, group: Callable[..., Key], *, join: str = ""
) -> Groups[Key]:
    """How often attempts came out how, by `group` of the columns `by` (SQL over `attempts a`). Open ones count too."""
    condition, params = selection.attempts()
    found: Groups[Key] = defaultdict(Counter)
    width = 6
    for row in database.lazy(
        f"SELECT {_CAME}, COUNT(*), {by} FROM {_FROM} {join} WHERE {condition}"  # noqa: S608 (constants of reports)
        f" GROUP BY {by}, 1, 2, 3, 4, 5, 6",
        params,
    ):
        found[group(*row[width + 1 :])][_come(*row[:width])] += row[width]
    return dict(found)


@lru_cache(maxsize=4096)
def _come(status: str | None, outcome: str | None, connected: int, picked_up: int, closed: int, promised: int) -> Come:
    return Come(status, outcome, bool(connected), bool(picked_up), bool(closed), bool(promised))


def counts(came: Counter[Come]) -> Counts:
    """What attempts came out like, in counts."""
    return sum((Counts.of(each, count) for each, count in came.items()), Counts())


def results(came: Counter[Come]) -> dict[str, int]:
    """Attempts by their result, each result named."""
    found = dict.fromkeys((each.value for each in Result), 0)
    for each, count in came.items():
        found[each.result.value] += count
    return found


def merged(groups: Groups[Key]) -> Counter[Come]:
    """All groups as one."""
    total: Counter[Come] = Counter()
    for came in groups.values():
        total.update(came)
    return total
