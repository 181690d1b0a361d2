from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.eligibility import check, check_callback, is_open, next_open
from campaigns.model import Allowed, Blocked, CallbackAsked, CallingWindow, CampaignSettings, Candidate, Phone, Purpose
from tests.campaigns.rules.texts import book, rule

NEW_YORK, CHICAGO, LONDON, SYDNEY = "America/New_York", "America/Chicago", "Europe/London", "Australia/Sydney"
HALF_HOUR = timedelta(minutes=30)


def of(window: CallingWindow) -> CampaignSettings:
    return CampaignSettings(1, "spring", window=window)


def candidate(*zones: str) -> Candidate:
    return Candidate(1, (Phone(1, "+12125550123", zones),))


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type, misc]


def test_open_in_every_zone_is_allowed() -> None:
    assert check(candidate(NEW_YORK, CHICAGO), of(CallingWindow()), local(NEW_YORK, 2026, 6, 1, 10)) == Allowed()


def test_closed_in_one_zone_is_blocked_until_all_are_open() -> None:
    verdict = check(candidate(NEW_YORK, CHICAGO), of(CallingWindow()), local(NEW_YORK, 2026, 6, 1, 9, 59))
    assert isinstance(verdict, Blocked)
    assert verdict.reason == "outside_window"
    assert "Mon 08:59 in America/Chicago" in verdict.detail and "09:00 to 20:00" in verdict.detail
    assert verdict.until == local(CHICAGO, 2026, 6, 1, 9)
    assert verdict.until.tzinfo is UTC


REST = 'type = "cooldown"\neffect = "block"\ncooldown = { after = "conversation", for = "7d", key = "person" }'
UNLESS = '\nunless = [{ consent = ["express"], max_age = "7d", ends_with_conversation = true }]'


@pytest.mark.parametrize(
    ("rest", "days", "consented", "allowed"),
    [
        (REST, 1, False, False),
        (REST, 1, True, False),
        (REST, 8, False, True),
        (REST + UNLESS, 1, False, False),
        (REST + UNLESS, 1, True, True),
    ],
)
def test_a_callback_heeds_the_rest_after_the_talk_unless_the_word_of_the_person_lifts_it(
    rest: str, days: int, *, consented: bool, allowed: bool
) -> None:
    talked_at = local(NEW_YORK, 2026, 6, 1, 12)
    lead = Candidate(1, (Phone(1, "+12125550123", (NEW_YORK,), 0, ("US-NY",)),))
    asked = CallbackAsked(talked_at + timedelta(days=days), consented=consented)
    settings = replace(of(CallingWindow()), purpose=Purpose.COLLECTIONS)
    found = check_callback(lead, settings, asked, talked_at, book(rule(rest)))
    assert isinstance(found, Allowed) is allowed
    assert isinstance(check_callback(lead, settings, asked, talked_at), Allowed)
    if isinstance(found, Blocked):
        assert found.reason == "rule:test.rule"
        assert found.until is not None and found.until >= talked_at + timedelta(days=7)


def test_the_window_is_half_open() -> None:
    window = CallingWindow(time(9), time(20))
    assert is_open([LONDON], window, local(LONDON, 2026, 6, 1, 9))
    assert is_open([LONDON], window, local(LONDON, 2026, 6, 1, 19, 59, 59, 999_999))
    assert not is_open([LONDON], window, local(LONDON, 2026, 6, 1, 20))
    assert not is_open([LONDON], window, local(LONDON, 2026, 6, 1, 8, 59, 59, 999_999))


def test_a_window_until_midnight_loses_nothing_of_the_day() -> None:
    saturday = CallingWindow(time(0), time.max, frozenset({5}))
    assert is_open([LONDON], saturday, local(LONDON, 2026, 6, 6, 23, 59, 59, 999_999))
    assert not is_open([LONDON], saturday, local(LONDON, 2026, 6, 7))
    blocked = check(candidate(LONDON), of(saturday), local(LONDON, 2026, 6, 7))
    assert isinstance(blocked, Blocked) and "the window is 00:00 to 24:00 on Sat" in blocked.detail
    assert blocked.until == local(LONDON, 2026, 6, 13)


def test_days_count_by_the_local_date() -> None:
    weekdays = CallingWindow(time(0), time(23, 59), frozenset(range(5)))
    sunday_evening_utc = datetime(2026, 5, 31, 15, tzinfo=UTC)
    assert is_open([SYDNEY], weekdays, sunday_evening_utc)
    assert not is_open([NEW_YORK], weekdays, sunday_evening_utc)
    blocked = check(candidate(NEW_YORK), of(weekdays), sunday_evening_utc)
    assert isinstance(blocked, Blocked) and "on Mon, Tue, Wed, Thu, Fri" in blocked.detail


@pytest.mark.parametrize("zones", [(), ("Mars/Olympus",), (NEW_YORK, "Mars/Olympus"), ("../etc/passwd",)])
def test_unknown_zones_fail_closed(zones: tuple[str, ...]) -> None:
    now = local(NEW_YORK, 2026, 6, 1, 12)
    verdict = check(candidate(*zones), of(CallingWindow()), now)
    assert isinstance(verdict, Blocked) and verdict.reason == "no_timezone"
    assert not is_open(zones, CallingWindow(), now)
    assert next_open(zones, CallingWindow(), now) is None


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 6, 1, 12)
    with pytest.raises(ValueError, match="aware"):
        check(candidate(NEW_YORK), of(CallingWindow()), naive)
    with pytest.raises(ValueError, match="aware"):
        is_open([NEW_YORK], CallingWindow(), naive)


def test_zones_whose_windows_never_meet_have_no_next_opening() -> None:
    noon_hour = CallingWindow(time(12), time(13))
    now = local(NEW_YORK, 2026, 6, 1, 12)
    assert next_open([NEW_YORK, SYDNEY], noon_hour, now) is None
    verdict = check(candidate(NEW_YORK, SYDNEY), of(noon_hour), now)
    assert isinstance(verdict, Blocked) and verdict.until is None


def test_next_open_is_now_when_open_and_skips_closed_days() -> None:
    weekdays = CallingWindow(days=frozenset(range(5)))
    assert next_open([LONDON], weekdays, local(LONDON, 2026, 6, 1, 12)) == local(LONDON, 2026, 6, 1, 12)
    assert next_open([LONDON], weekdays, local(LONDON, 2026, 6, 5, 20)) == local(LONDON, 2026, 6, 8, 9)


# Clock changes: (zone, the instant before, window start, the instant when it opens).
CHANGES = [
    # United States, 8 March 2026: 02:00 becomes 03:00, so a window from 02:30 opens at 03:00.
    (NEW_YORK, datetime(2026, 3, 8, 6, 0, tzinfo=UTC), time(2, 30), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
    # ... and 09:00 that morning is 13:00 UTC, no more 14:00.
    (NEW_YORK, datetime(2026, 3, 8, 6, 0, tzinfo=UTC), time(9), datetime(2026, 3, 8, 13, 0, tzinfo=UTC)),
    # United States, 1 November 2026: 09:00 is 14:00 UTC again.
    (NEW_YORK, datetime(2026, 11, 1, 4, 0, tzinfo=UTC), time(9), datetime(2026, 11, 1, 14, 0, tzinfo=UTC)),
    # United Kingdom, 29 March and 25 October 2026.
    (LONDON, datetime(2026, 3, 29, 0, 0, tzinfo=UTC), time(1, 30), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    (LONDON, datetime(2026, 10, 25, 3, 0, tzinfo=UTC), time(9), datetime(2026, 10, 25, 9, 0, tzinfo=UTC)),
    # Sydney, 5 April and 4 October 2026.
    (SYDNEY, datetime(2026, 4, 4, 17, 0, tzinfo=UTC), time(9), datetime(2026, 4, 4, 23, 0, tzinfo=UTC)),
    (SYDNEY, datetime(2026, 10, 3, 15, 0, tzinfo=UTC), time(2, 30), datetime(2026, 10, 3, 16, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "before", "start", "opens"), CHANGES)
def test_clock_change_nights(zone: str, before: datetime, start: time, opens: datetime) -> None:
    window = CallingWindow(start, time(20))
    assert next_open([zone], window, before) == opens
    assert not is_open([zone], window, opens - timedelta(seconds=1))
    assert is_open([zone], window, opens)


def test_the_repeated_hour_of_an_autumn_night_opens_twice() -> None:
    """01:30-02:00 comes twice in New York on 1 November 2026; between the two it is 01:00-01:30 again."""
    window = CallingWindow(time(1, 30), time(3))
    first = local(NEW_YORK, 2026, 11, 1, 1, 30, fold=0).astimezone(UTC)
    second = local(NEW_YORK, 2026, 11, 1, 1, 30, fold=1).astimezone(UTC)
    assert second - first == timedelta(hours=1)
    assert next_open([NEW_YORK], window, first - timedelta(minutes=1)) == first
    assert not is_open([NEW_YORK], window, first + HALF_HOUR)
    assert next_open([NEW_YORK], window, first + HALF_HOUR) == second


def test_a_clock_set_back_into_the_window_opens_it_again() -> None:
    """00:00-01:30 in New York closes at 01:30, and at the second 01:00 it is inside again."""
    window = CallingWindow(time(0), time(1, 30))
    closed = local(NEW_YORK, 2026, 11, 1, 1, 30, fold=0).astimezone(UTC)
    assert next_open([NEW_YORK], window, closed) == closed + HALF_HOUR


ZONES = st.lists(
    st.sampled_from(
        [
            *(NEW_YORK, CHICAGO, LONDON, SYDNEY, "America/Phoenix", "America/St_Johns", "Australia/Lord_Howe"),
            *("Asia/Kolkata", "America/Havana", "Pacific/Auckland"),
        ]
    ),
    min_size=1,
    max_size=3,
    unique=True,
)
TIMES = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@st.composite
def windows(draw: st.DrawFn) -> CallingWindow:
    start, end = sorted(draw(st.lists(TIMES, min_size=2, max_size=2, unique=True)))
    return CallingWindow(start, end, frozenset(draw(st.sets(st.integers(0, 6), min_size=1))))


CHANGE_DAYS = [
    datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (11, 1), (3, 29), (10, 25), (4, 4), (10, 3), (6, 1))
]


@settings(max_examples=150)
@given(ZONES, windows(), st.sampled_from(CHANGE_DAYS), st.integers(-48 * 4, 48 * 4))
def test_next_open_is_the_first_open_quarter_of_an_hour(
    zones: list[str], window: CallingWindow, day: datetime, quarters: int
) -> None:
    """Offsets and windows here lie on quarters of an hour, so that a plain walk is an independent oracle."""
    now = day + timedelta(minutes=15 * quarters)
    quarter = timedelta(minutes=15)
    walk = (now + step * quarter for step in range(14 * 24 * 4 + 1))
    assert next_open(zones, window, now) == next((at for at in walk if _plainly_open(zones, window, at)), None)


def _plainly_open(zones: list[str], window: CallingWindow, at: datetime) -> bool:
    locals_ = [at.astimezone(ZoneInfo(zone)) for zone in zones]
    return all(window.start <= each.time() < window.end and each.weekday() in window.days for each in locals_)


@settings(max_examples=200)
@given(ZONES, windows(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_check_and_is_open_agree(zones: list[str], window: CallingWindow, at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    verdict = check(candidate(*zones), of(window), now)
    assert isinstance(verdict, Allowed) == is_open(zones, window, now)
    if isinstance(verdict, Blocked) and verdict.until is not None:
        assert verdict.until > now and is_open(zones, window, verdict.until)
