"""Reading tables of TOML: typed values, and complaints that name rule and key and say how to mend it. Pure."""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from campaigns.rules.model import MinuteSpan, Period

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=StrEnum)

_PERIOD = re.compile(r"([1-9]\d{0,3})(h|d|w|mo|y|bd)")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3}){0,2}")
_DAY_MINUTES = 1440
_NONE: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a pack: `rule` is '' for the pack itself, `key` '' for the whole rule."""

    file: str
    rule: str
    key: str
    text: str

    def __str__(self) -> str:
        parts = (self.file, self.rule and f"rule {self.rule}", self.key, self.text)
        return ": ".join(part for part in parts if part)


class WrongValue(Exception):
    """A value of TOML is not what the key takes; the text says what is allowed."""


class PackError(ValueError):
    """Packs that cannot be used; `problems` has all of them, the text the first few."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - 5
        super().__init__("\n".join(map(str, self.problems[:5])) + (f"\nand {more} more" if more > 0 else ""))


@dataclass(slots=True)
class Problems:
    """The complaints about one file, as they are found."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, rule: str, key: str, text: str) -> None:
        self.found.append(Problem(self.file, rule, key, text))


class Table:
    """One table of TOML. Every taken key is ticked off; `finish` complains about those that nobody asked for.

    A value of the wrong kind is told to `problems` and read as the default, so that one pass finds all faults.
    """

    def __init__(self, values: Mapping[str, Any], problems: Problems, rule: str = "", path: str = "") -> None:
        self.values = values
        self.problems = problems
        self.rule = rule
        self.path = path
        self._taken: set[str] = set()

    def complain(self, key: str, text: str) -> None:
        self.problems.add(self.rule, f"{self.path}{key}", text)

    def has(self, key: str) -> bool:
        return key in self.values

    def take(self, key: str, convert: Callable[[Any], T], default: D, *, required: bool = False) -> T | D:
        """The converted value. `convert` raises WrongValue with what is wrong and what is allowed."""
        self._taken.add(key)
        if key not in self.values:
            if required:
                self.complain(key, "is missing")
            return default
        try:
            return convert(self.values[key])
        except WrongValue as error:
            self.complain(key, str(error))
            return default

    def table(self, key: str, *, required: bool = False) -> "Table | None":
        """The table inside; None when it is missing or no table."""
        inner = self.take(key, mapping, None, required=required)
        return None if inner is None else Table(inner, self.problems, self.rule, f"{self.path}{key}.")

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of an array, none when it is missing."""
        for index, inner in enumerate(self.take(key, mappings, _NONE)):
            yield Table(inner, self.problems, self.rule, f"{self.path}{key}[{index}].")

    def finish(self) -> None:
        for key in self.values.keys() - self._taken:
            close = difflib.get_close_matches(key, self._taken, 1)
            hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(self._taken))}"
            self.complain(key, f"unknown key; {hint}")


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WrongValue("must be a table { ... }")
    return value


def mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        raise WrongValue("must be an array of tables [ { ... } ]")
    return tuple(map(mapping, value))


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValue(f"{value!r} must be text in quotes")
    return value


def word(value: Any) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", text(value)):
        raise WrongValue(f"{value!r} must be made of small letters, digits, '.', '_' and '-'")
    return str(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(f"{value!r} must be true or false")
    return value


def count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongValue(f"{value!r} must be a whole number from 0")
    return value


def seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise WrongValue(f"{value!r} must be a number of seconds from 0")
    return float(value)


def percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise WrongValue(f"{value!r} must be a percentage from 0 to 100")
    return float(value)


def day(value: Any) -> date:
    """A date, written as TOML's own or as text."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        raise WrongValue(f"{value!r} must be a date such as 2026-08-11") from None


def period(value: Any) -> Period:
    found = _PERIOD.fullmatch(text(value))
    if found is None:
        raise WrongValue(f"{value!r} must be a length of time such as 24h, 7d, 4w, 18mo, 2y or 10bd (business days)")
    return Period(int(found[1]), found[2])


def regions(value: Any) -> frozenset[str]:
    places = texts(value)
    for place in places:
        if not _REGION.fullmatch(place):
            raise WrongValue(f"{place!r} must be ISO 3166 such as US, US-FL or, for a city, US-NY-NYC")
    if not places:
        raise WrongValue("names no region, so the rule never applies")
    return frozenset(places)


def texts(value: Any) -> tuple[str, ...]:
    """One text or a list of them."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise WrongValue(f"{value!r} must be a list of texts")
    return tuple(map(text, value))


def words(allowed: Collection[str]) -> Callable[[Any], frozenset[str]]:
    def convert(value: Any) -> frozenset[str]:
        for item in texts(value):
            _require(item, allowed)
        return frozenset(texts(value))

    return convert


def one_of(allowed: Collection[str]) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        _require(text(value), allowed)
        return str(value)

    return convert


def member(kind: type[E]) -> Callable[[Any], E]:
    def convert(value: Any) -> E:
        _require(text(value), tuple(kind))
        return kind(value)

    return convert


def members(kind: type[E]) -> Callable[[Any], frozenset[E]]:
    def convert(value: Any) -> frozenset[E]:
        return frozenset(map(member(kind), texts(value)))

    return convert


def _require(value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise WrongValue(f"{value!r} is not one of {', '.join(sorted(allowed))}")


def spans(value: Any) -> tuple[MinuteSpan, ...]:
    """'09:00-13:00,14:00-20:00' or 'closed' as minutes after midnight, in order and apart."""
    if text(value).strip() in ("closed", ""):
        return ()
    found = sorted(map(_span, value.split(",")))
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise WrongValue(f"{value!r} has hours that overlap")
    return tuple(found)


def _span(value: str) -> MinuteSpan:
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        raise WrongValue(f"{value.strip()!r} must be HH:MM-HH:MM such as 09:00-21:00, or closed")
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not start < end <= _DAY_MINUTES:
        raise WrongValue(
            f"{value.strip()!r} must end after it starts, at 24:00 at the latest; split a night in two days"
        )
    return start, end
