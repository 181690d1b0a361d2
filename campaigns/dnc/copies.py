"""Copies of national registries: which are in use, which area codes each covers, and what numbers are on them.

A registry has one copy of the whole country, or copies of single area codes, or both: the newer copy of an area code
stands before an older one of the country. Numbers of a copy that another stands before are never asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from campaigns.database import Database, Row
from campaigns.dnc.registries import registry_of
from campaigns.instants import datetime_of

_LIVE = (
    "SELECT id, registry, areas, version, as_of, imported_at FROM dnc_lists"
    " WHERE scope = 'registry' AND state = 'live' ORDER BY id"
)

# A number that is asked for before its call is on no copy as a rule: one statement says so.
_FEW = 8
_ON_ANY = (
    "SELECT 1 FROM registry_numbers WHERE list_id IN"
    " (SELECT id FROM dnc_lists WHERE scope = 'registry' AND state = 'live') AND number IN (:values)"
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in use: of the whole registry when it has no `areas`, else of these area codes."""

    list_id: int
    registry: str
    areas: tuple[str, ...]
    version: str
    as_of: datetime
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """Which copy of one registry speaks of which numbers."""

    registry: str
    prefix: str
    whole: Copy | None
    by_area: Mapping[str, Copy]

    def copy_of(self, e164: str) -> Copy | None:
        """The copy that covers a number; None when there is none, or when the number is of another country."""
        if not e164.startswith(self.prefix):
            return None
        return self.by_area.get(e164[2:5], self.whole) if self.by_area else self.whole

    def split(self, numbers: Sequence[str]) -> Iterable[tuple[Copy, list[str]]]:
        """The numbers of each copy that covers any."""
        if not self.by_area:
            mine = [e164 for e164 in numbers if e164.startswith(self.prefix)]
            return [(self.whole, mine)] if self.whole and mine else []
        parts: dict[int, tuple[Copy, list[str]]] = {}
        for e164 in numbers:
            copy = self.copy_of(e164)
            if copy is not None:
                parts.setdefault(copy.list_id, (copy, []))[1].append(e164)
        return parts.values()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The copies in use at an instant, and how old each is."""

    at: datetime
    routes: tuple[Route, ...]

    def ages(self, e164: str, on: date | None = None) -> dict[str, int]:
        """The registries that a copy of covers this number, with its age in days on the date of the call.

        Laws count dates, and the date is the called person's: `on`, else that of UTC.
        """
        found = ((route.registry, route.copy_of(e164)) for route in self.routes)
        day = on or self.at.astimezone(UTC).date()
        return {registry: days_between(copy.as_of, day) for registry, copy in found if copy is not None}


def days_between(as_of: datetime, day: date) -> int:
    """From the date of a copy to a day."""
    return max(0, (day - as_of.astimezone(UTC).date()).days)


def age_days(as_of: datetime, at: datetime) -> int:
    """Whole days since a copy's date."""
    return max(0, (at - as_of).days)


def copies(database: Database, registry: str | None = None) -> list[Copy]:
    """The copies in use, of one registry or of all."""
    return [copy for copy in _copies_of(_live_rows(database)) if registry in (None, copy.registry)]


def routes(database: Database) -> tuple[Route, ...]:
    """The copies in use by registry."""
    return _routes_of(_live_rows(database))


def _live_rows(database: Database) -> tuple[Row, ...]:
    return tuple(database.rows(_LIVE))


@lru_cache(maxsize=4)
def _copies_of(rows: tuple[Row, ...]) -> tuple[Copy, ...]:
    return tuple(
        Copy(list_id, of, tuple(areas.split()), version, _instant(as_of), _instant(imported_at))
        for list_id, of, areas, version, as_of, imported_at in rows
    )


def _instant(seconds: float) -> datetime:
    at = datetime_of(seconds)
    assert at is not None
    return at


@lru_cache(maxsize=4)
def _routes_of(rows: tuple[Row, ...]) -> tuple[Route, ...]:
    """Kept, since single numbers are asked for before every call while copies change once a month."""
    whole: dict[str, Copy] = {}
    by_area: dict[str, dict[str, Copy]] = {}
    for copy in _copies_of(rows):
        areas = by_area.setdefault(copy.registry, {})
        if copy.areas:
            areas.update(dict.fromkeys(copy.areas, copy))
        else:
            whole[copy.registry] = copy
    return tuple(Route(of, registry_of(of).prefix, whole.get(of), areas) for of, areas in sorted(by_area.items()))


def on_copies(database: Database, numbers: Sequence[str]) -> list[tuple[str, Copy]]:
    """Each of the numbers that is on a copy which covers it, with that copy."""
    if len(numbers) <= _FEW and not database.rows_in(_ON_ANY, [int(e164[1:]) for e164 in numbers]):
        return []
    sql = "SELECT number FROM registry_numbers WHERE list_id = ? AND number IN (:values)"
    return [
        (f"+{number}", copy)
        for route in routes(database)
        for copy, mine in route.split(numbers)
        for (number,) in database.rows_in(sql, [int(e164[1:]) for e164 in mine], (copy.list_id,))
    ]
