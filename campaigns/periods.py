"""The regulatory window over which the share of abandoned calls is counted. Pure: the caller gives the time.

All are tumbling: one begins where the one before it ends, and counts from zero.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.model import AbandonWindow

PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """One regulatory window, half-open [start, end) in UTC. A start of None: from the first call on; end None: open."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies inside."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


def period_at(window: AbandonWindow, timezone: str, first_call_at: datetime | None, at: datetime) -> Period:
    """The window that holds the instant `at` (aware; ValueError when naive).

    `campaign`: the campaign as a whole. `24h`: a calendar day in `timezone` (Ofcom's 24-hour period). `month`: a
    calendar month there (CRTC). `30d`: successive periods of 30 calendar days there, the first of which begins with
    the day of the campaign's first call (16 CFR 310.4(b)(4)(i)); with no call yet it would begin now. An instant
    before the first call lies in a period counted backwards.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at} has no zone: regulatory windows are found for aware datetimes only")
    if window is AbandonWindow.CAMPAIGN:
        return Period()
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    if window is AbandonWindow.DAY:
        return _period(today, today + timedelta(days=1), zone)
    if window is AbandonWindow.MONTH:
        first = today.replace(day=1)
        return _period(first, (first + timedelta(days=31)).replace(day=1), zone)
    origin = today if first_call_at is None else first_call_at.astimezone(zone).date()
    passed = (today - origin).days // PERIOD_DAYS
    start = origin + timedelta(days=passed * PERIOD_DAYS)
    return _period(start, start + timedelta(days=PERIOD_DAYS), zone)


def _period(first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(_begin(first, zone), _begin(last, zone))


@lru_cache(maxsize=64)
def _begin(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day. Where clocks skip midnight it is the skip, where they strike it twice the first."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)
