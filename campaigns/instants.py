"""Instants between Python and the database: seconds since 1970 in UTC, and ISO 8601 for people and programs. Pure."""

import math
import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_AMBIGUOUS = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?:[T\s].*)?", re.ASCII)


def seconds_of(at: datetime) -> float:
    """Seconds since 1970. Raises ValueError when `at` is naive."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no zone: the store takes aware datetimes only")
    return at.timestamp()


def whole_seconds_of(at: datetime) -> int:
    """Seconds since 1970, rounded up: nothing that is due at an instant becomes due before it."""
    return math.ceil(seconds_of(at))


def datetime_of(seconds: float | None) -> datetime | None:
    """The instant in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def iso_of(seconds: float | None) -> str | None:
    """ISO 8601 in UTC to the millisecond; None stays None."""
    at = datetime_of(seconds)
    return None if at is None else at.isoformat(timespec="milliseconds")


def day_of(text: str, field: str) -> date:
    """A calendar day in ISO 8601; a time behind it is passed over. Raises ValueError naming the field.

    No other order of day and month is guessed: 01/11/2026 is two days, as one reads it in Boston or in Bath.
    """
    try:
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(not_a_day(text, field)) from None


def not_a_day(text: str, field: str) -> str:
    """What is wrong with a text that is no ISO 8601 day, and how to write it."""
    if _AMBIGUOUS.fullmatch(text):
        return f"{field} {text!r} may be read in two ways: write year-month-day, 2026-11-01 for 1 November 2026"
    return f"{field} {text!r} is not a day such as 2026-11-30"


def instant_of(text: str, zones: Collection[str], chosen: str = "") -> tuple[datetime, str]:
    """An aware instant from what a person wrote, and the zone it was meant in ('' when an offset was written).

    A time without an offset is meant in `chosen`, else in the only one of `zones`. Raises ValueError, saying what to
    write instead, when it is no time, when several zones are possible, and when clocks skip it or strike it twice.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no date and time such as 2026-11-24T15:00 or 2026-11-24T15:00-05:00") from None
    if at.tzinfo is not None:
        return at, chosen
    if not chosen and len(zones) != 1:
        where = f"the person may be in {' or '.join(sorted(zones))}" if zones else "the person's time zone is unknown"
        raise ValueError(f"{where}: write the time with its offset, as in 2026-11-24T15:00-05:00, or name the zone")
    name = chosen or next(iter(zones))
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone such as America/Chicago") from None
    return _in_zone(at, zone), name


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    what = "do not strike" if skipped else "strike twice"
    raise ValueError(
        f"clocks in {zone.key} {what} {local:%H:%M} on {local:%Y-%m-%d}: write the time with its offset, "
        f"as in {local.isoformat(timespec='minutes')}{_offset_text(first.utcoffset())}"
    )


def _offset_text(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta(0)).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
