from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import AbandonWindow
from campaigns.periods import Period, period_at

W = AbandonWindow
HOUR = timedelta(hours=1)
ZONES = ("UTC", "America/New_York", "Europe/London", "Africa/Cairo", "America/Havana", "Asia/Kolkata", "Pacific/Apia")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_campaign_is_one_window_without_bounds() -> None:
    period = period_at(W.CAMPAIGN, "UTC", None, utc("2026-06-01"))
    assert period == Period()
    assert period.holds(utc("1999-01-01")) and period.holds(utc("2999-01-01"))


@pytest.mark.parametrize(
    ("window", "zone", "at", "start", "end"),
    [
        (W.DAY, "UTC", "2026-06-01T00:00", "2026-06-01T00:00", "2026-06-02T00:00"),
        (W.DAY, "Europe/London", "2026-06-01T22:59", "2026-05-31T23:00", "2026-06-01T23:00"),
        (W.DAY, "Europe/London", "2026-03-29T12:00", "2026-03-29T00:00", "2026-03-29T23:00"),
        (W.DAY, "Europe/London", "2026-10-25T12:00", "2026-10-24T23:00", "2026-10-26T00:00"),
        (W.DAY, "Africa/Cairo", "2026-04-24T12:00", "2026-04-23T22:00", "2026-04-24T21:00"),
        (W.DAY, "America/Havana", "2025-11-02T04:30", "2025-11-02T04:00", "2025-11-03T05:00"),
        (W.DAY, "America/Havana", "2025-11-02T05:30", "2025-11-02T04:00", "2025-11-03T05:00"),
        (W.MONTH, "America/Toronto", "2026-02-28T12:00", "2026-02-01T05:00", "2026-03-01T05:00"),
        (W.MONTH, "America/Toronto", "2028-02-29T12:00", "2028-02-01T05:00", "2028-03-01T05:00"),
        (W.MONTH, "America/Toronto", "2026-03-31T12:00", "2026-03-01T05:00", "2026-04-01T04:00"),
        (W.MONTH, "America/Toronto", "2027-01-01T04:59", "2026-12-01T05:00", "2027-01-01T05:00"),
    ],
)
def test_days_and_months_of_the_calendar(window: AbandonWindow, zone: str, at: str, start: str, end: str) -> None:
    assert period_at(window, zone, None, utc(at)) == Period(utc(start), utc(end))


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-03-02T17:00", "2026-03-02T05:00", "2026-04-01T04:00"),
        ("2026-04-01T03:59", "2026-03-02T05:00", "2026-04-01T04:00"),
        ("2026-04-01T04:00", "2026-04-01T04:00", "2026-05-01T04:00"),
        ("2026-12-31T12:00", "2026-12-27T05:00", "2027-01-26T05:00"),
        ("2026-03-02T04:59", "2026-01-31T05:00", "2026-03-02T05:00"),
    ],
)
def test_thirty_days_from_the_day_of_the_first_call(at: str, start: str, end: str) -> None:
    first = utc("2026-03-02T16:30")
    assert period_at(W.PERIOD_30D, "America/New_York", first, utc(at)) == Period(utc(start), utc(end))


def test_without_a_call_thirty_days_would_begin_today() -> None:
    period = period_at(W.PERIOD_30D, "UTC", None, utc("2026-06-01T15:00"))
    assert period == Period(utc("2026-06-01"), utc("2026-07-01"))


@given(
    st.sampled_from([W.DAY, W.MONTH, W.PERIOD_30D]),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
)
def test_windows_tile_the_time(window: AbandonWindow, zone: str, first: datetime, at: datetime) -> None:
    period = period_at(window, zone, first, at)
    assert period.start is not None and period.end is not None
    assert period.holds(at) and not period.holds(period.end)
    assert period_at(window, zone, first, period.start) == period
    following = period_at(window, zone, first, period.end)
    assert following.start == period.end
    days = (period.end.astimezone(ZoneInfo(zone)).date() - period.start.astimezone(ZoneInfo(zone)).date()).days
    assert days in {W.DAY: (1,), W.MONTH: (28, 29, 30, 31), W.PERIOD_30D: (30,)}[window]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        period_at(W.DAY, "UTC", None, datetime(2026, 6, 1))
