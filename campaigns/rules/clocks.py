"""Local clocks: zones, dates, midnights, and the ends of periods as laws state them. Pure."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.rules.model import Period


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The IANA zone; None when the zone database has none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The calendar's date at an instant in a zone."""
    return at.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def period_end(start: datetime, period: Period, first_day_counts: bool | None, zone: ZoneInfo) -> datetime:
    """When a period (UTC) that begins at `start` is over for a person in a zone.

    With `first_day_counts` it is one of calendar days there; that of `start` is day one (True) or day zero (False).
    """
    if first_day_counts is None or period.days is None:
        return period.after(start.astimezone(zone))
    return midnight(local_date(start, zone) + timedelta(days=period.days + (not first_day_counts)), zone)
