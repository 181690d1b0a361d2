"""Zones as clocks: their canonical names, and which of them agree from now on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.places.tables import country_zones, leading_zones, zone_links

MAX_ZONES = 6

_FROM = datetime(2026, 11, 1, tzinfo=UTC)
_TO = datetime(2038, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Every canonical zone: those that the zone database gives to a country."""
    return frozenset(zone for zones in country_zones().values() for zone in zones)


@lru_cache(maxsize=4096)
def canonical_zone(name: str) -> str:
    """Today's name of an IANA zone ("US/Eastern" is "America/New_York"); "" for offsets, abbreviations and unknowns."""
    zone = name.strip()
    for _ in range(3):
        if zone in known_zones():
            return zone
        if "/" not in zone or zone.startswith("Etc/"):
            return ""
        zone = zone_links().get(zone, "")
    return ""


def settled(zones: Iterable[str]) -> tuple[str, ...]:
    """The zones, sorted. More than six are thinned to one for each clock, where offsets agree from now on.

    Six or fewer stay as they are, so that what is stored stays true when a government changes one of them.
    """
    names = sorted(set(zones))
    return tuple(names) if len(names) <= MAX_ZONES else tuple(sorted(set(_leaders(names).values())))


def same_clock(one: str, other: str) -> bool:
    """Whether two zones agree at every instant from November 2026 to the end of 2037."""
    return _future(one) == _future(other)


def _leaders(names: list[str]) -> dict[str, str]:
    """For each zone, the one that speaks for its clock: one that the zone database leads with, else the first."""
    leaders: dict[tuple[tuple[datetime, timedelta | None], ...], str] = {}
    for name in sorted(names, key=lambda zone: (zone not in leading_zones(), zone)):
        leaders.setdefault(_future(name), name)
    return {name: leaders[_future(name)] for name in names}


@lru_cache(maxsize=1024)
def _future(zone: str) -> tuple[tuple[datetime, timedelta | None], ...]:
    """Each change of the clock with the offset from then on, looked for daily: none changes forth and back in a day."""
    clock = ZoneInfo(zone)
    changes, before = [(_FROM, _offset(clock, _FROM))], _FROM
    while before < _TO:
        after = before + timedelta(days=1)
        if _offset(clock, after) != changes[-1][1]:
            changes.append((_change(clock, before, after), _offset(clock, after)))
        before = after
    return tuple(changes)


def _change(clock: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(clock, before)
    while after - before > _MINUTE:
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(clock, middle) == old else (before, middle)
    return after.replace(second=0, microsecond=0)


def _offset(clock: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(clock).utcoffset()
