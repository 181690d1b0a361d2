"""May this number be called now? Calling windows in every zone that it may be in. Pure: the caller gives the time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.model import Allowed, Blocked, CallingWindow, Candidate

SEARCH_DAYS = 14

_ALLOWED = Allowed()
_DAY = timedelta(days=1)


def check(candidate: Candidate, window: CallingWindow, wall_now: datetime) -> Allowed | Blocked:
    """Whether the candidate's first number may be called at `wall_now` (aware; ValueError when naive).

    The window must be open in every zone the number may be in; no known zone means blocked. `until` of a
    closed window is the next instant (UTC) when it is open in all zones, None when there is none in 14 days.
    """
    _require_aware(wall_now)
    zones = candidate.phone.zones
    if not zones:
        return Blocked("no_timezone", f"the time zone of {candidate.phone.e164} is unknown, so its hours are too")
    for name in zones:
        zone = _zone(name)
        if zone is None:
            return Blocked(
                "no_timezone", f"the time zone {name!r} of {candidate.phone.e164} is not in the zone database"
            )
        local = wall_now.astimezone(zone)
        if not window.holds(local):
            return Blocked("outside_window", _closed_detail(window, name, local), next_open(zones, window, wall_now))
    return _ALLOWED


def is_open(zones: Collection[str], window: CallingWindow, wall_now: datetime) -> bool:
    """Whether the window is open in every one of `zones` at `wall_now`; False when there is none or one is unknown."""
    _require_aware(wall_now)
    if not zones:
        return False
    for name in zones:
        zone = _zone(name)
        if zone is None or not window.holds(wall_now.astimezone(zone)):
            return False
    return True


def next_open(zones: Collection[str], window: CallingWindow, wall_now: datetime) -> datetime | None:
    """First instant (UTC) from `wall_now` on when the window is open in all `zones`; None when not within 14 days."""
    if is_open(zones, window, wall_now):
        return wall_now.astimezone(UTC)
    if not zones or any(_zone(name) is None for name in zones):
        return None
    now = wall_now.astimezone(UTC)
    last = now + SEARCH_DAYS * _DAY
    for offset in range(SEARCH_DAYS + 1):
        day = now.date() + offset * _DAY
        for edge in sorted({edge for name in zones for edge in _opening_edges(name, window.start, day)}):
            if now < edge <= last and is_open(zones, window, edge):
                return edge
    return None


def _require_aware(wall_now: datetime) -> None:
    if wall_now.tzinfo is None:
        raise ValueError("wall_now must be an aware datetime: a calling window has no meaning in an unnamed zone")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _closed_detail(window: CallingWindow, zone: str, local: datetime) -> str:
    return f"it is {local:%a %H:%M} in {zone}; the window is {window.start:%H:%M} to {window.end_text}{_days(window)}"


def _days(window: CallingWindow) -> str:
    if len(window.days) == 7:
        return ""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return " on " + ", ".join(names[day] for day in sorted(window.days))


@lru_cache(maxsize=8192)
def _opening_edges(name: str, start: time, day: date) -> tuple[datetime, ...]:
    """Instants on the UTC date `day` when a window from `start` can open in a zone.

    These are the local start on either side of a repeated hour, and every change of the zone's offset: a change can
    skip the start (a spring night) or set the clock back into the window (an autumn night).
    """
    zone = _zone(name)
    assert zone is not None
    midnight = datetime.combine(day, time(), UTC)
    starts = (
        datetime.combine(day + shift * _DAY, start, zone).replace(fold=fold).astimezone(UTC)
        for shift in (-1, 0, 1)
        for fold in (0, 1)
    )
    edges = {edge for edge in starts if midnight <= edge < midnight + _DAY}
    if zone.utcoffset(midnight.astimezone(zone)) != zone.utcoffset((midnight + _DAY).astimezone(zone)):
        edges.add(_offset_change(zone, midnight))
    return tuple(sorted(edges))


def _offset_change(zone: ZoneInfo, midnight: datetime) -> datetime:
    """The first whole second in the UTC day from `midnight` at which the zone has its later offset."""
    before = midnight.astimezone(zone).utcoffset()
    low, high = 0, 86_400
    while high - low > 1:
        middle = (low + high) // 2
        if (midnight + timedelta(seconds=middle)).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return midnight + timedelta(seconds=high)
