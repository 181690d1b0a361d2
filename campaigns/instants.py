"""Instants between Python and the database: seconds since 1970 in UTC, and ISO 8601 for people and programs. Pure."""

import math
from datetime import UTC, datetime


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
