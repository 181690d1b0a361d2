"""Legal hours: half-open, in every zone, over changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.rules.clocks import midnight
from campaigns.rules.windows import intersection, merged
from tests.campaigns.rules.texts import at, book, case, window

FEDERAL = window('all = "08:00-21:00"')


@pytest.mark.parametrize(
    ("when", "opened"),
    [
        ("2026-11-23T07:59:59.999999", False),
        ("2026-11-23T08:00", True),
        ("2026-11-23T20:59:59.999999", True),
        ("2026-11-23T21:00", False),
    ],
)
def test_a_window_is_half_open(when: str, opened: bool) -> None:
    assert book(FEDERAL).open_at(case(), at(when)) is opened
    assert book(FEDERAL).judge(case(), at(when)).allowed is opened


def test_a_window_to_24_00_holds_until_midnight_and_no_longer() -> None:
    rules = book(window('all = "22:00-24:00"'))
    assert rules.open_at(case(), at("2026-11-23T23:59:59"))
    assert not rules.open_at(case(), at("2026-11-24T00:00"))


def test_every_zone_must_be_open() -> None:
    coasts = case("America/New_York", "America/Los_Angeles", regions=("US",))
    rules = book(FEDERAL)
    assert not rules.open_at(coasts, at("2026-11-23T10:59"))
    assert rules.open_at(coasts, at("2026-11-23T11:00"))
    assert not rules.open_at(coasts, at("2026-11-23T21:00"))


def test_every_state_must_be_open() -> None:
    rules = book(FEDERAL, window('all = "09:00-20:00"', "test.fl", where='["US-FL"]'))
    both = case(regions=("US-NY", "US-FL"))
    assert not rules.open_at(both, at("2026-11-23T08:30"))
    assert rules.open_at(case(), at("2026-11-23T08:30"))


def test_a_fixed_clock_does_not_care_where_the_person_is() -> None:
    rules = book(window('all = "10:00-21:00"', rest='zone = "Asia/Kolkata"'))
    assert rules.open_at(case(), at("2026-11-23T04:30+00:00"))
    assert not rules.open_at(case(), at("2026-11-23T15:30+00:00"))


def test_several_spans_a_day() -> None:
    rules = book(window('weekdays = "10:00-13:00,14:00-20:00"'))
    assert not rules.open_at(case(), at("2026-11-23T13:30"))
    assert rules.next_open(case(), at("2026-11-23T13:30")) == at("2026-11-23T14:00")


def test_the_next_opening_is_found_through_closed_days() -> None:
    rules = book(window('mon = "09:00-10:00"'))
    assert rules.next_open(case(), at("2026-11-23T10:00")) == at("2026-11-30T09:00")
    assert rules.next_open(case(), at("2026-11-23T10:00"), days=6) is None
    assert rules.next_open(case(), at("2026-11-23T09:30")) == at("2026-11-23T09:30")


# The nights on which clocks change: zone, window, instant (UTC), open?
NIGHTS = [
    # US 2026-03-08: 02:00 EST is 03:00 EDT.
    ("America/New_York", "02:30-04:00", "2026-03-08T06:59:59", False),
    ("America/New_York", "02:30-04:00", "2026-03-08T07:00", True),
    ("America/New_York", "02:30-04:00", "2026-03-08T08:00", False),
    ("America/New_York", "01:00-02:30", "2026-03-08T06:59:59", True),
    ("America/New_York", "01:00-02:30", "2026-03-08T07:00", False),
    ("America/New_York", "08:00-21:00", "2026-03-08T12:00", True),
    ("America/New_York", "08:00-21:00", "2026-03-08T11:59", False),
    # US 2026-11-01: 02:00 EDT is 01:00 EST, and 01:00 to 02:00 comes twice.
    ("America/New_York", "01:30-02:00", "2026-11-01T05:30", True),
    ("America/New_York", "01:30-02:00", "2026-11-01T06:00", False),
    ("America/New_York", "01:30-02:00", "2026-11-01T06:30", True),
    ("America/New_York", "08:00-21:00", "2026-11-01T12:59", False),
    ("America/New_York", "08:00-21:00", "2026-11-01T13:00", True),
    ("America/New_York", "08:00-21:00", "2026-11-02T01:59", True),
    ("America/New_York", "08:00-21:00", "2026-11-02T02:00", False),
    # Arizona keeps its clock.
    ("America/Phoenix", "08:00-21:00", "2026-03-08T15:00", True),
    ("America/Phoenix", "08:00-21:00", "2026-11-01T14:59", False),
    # UK 2026-03-29: 01:00 GMT is 02:00 BST; 2026-10-25: 02:00 BST is 01:00 GMT.
    ("Europe/London", "01:30-03:00", "2026-03-29T00:59", False),
    ("Europe/London", "01:30-03:00", "2026-03-29T01:00", True),
    ("Europe/London", "08:00-21:00", "2026-03-29T07:00", True),
    ("Europe/London", "01:00-01:30", "2026-10-25T00:15", True),
    ("Europe/London", "01:00-01:30", "2026-10-25T00:45", False),
    ("Europe/London", "01:00-01:30", "2026-10-25T01:15", True),
    ("Europe/London", "08:00-21:00", "2026-10-25T07:59", False),
    # Australia 2026-04-05: 03:00 AEDT is 02:00 AEST; 2026-10-04: 02:00 AEST is 03:00 AEDT.
    ("Australia/Sydney", "02:00-02:30", "2026-04-04T15:15", True),
    ("Australia/Sydney", "02:00-02:30", "2026-04-04T16:15", True),
    ("Australia/Sydney", "02:00-02:30", "2026-04-04T15:45", False),
    ("Australia/Sydney", "02:30-04:00", "2026-10-03T16:00", True),
    ("Australia/Sydney", "09:00-20:00", "2026-10-03T21:59", False),
    ("Australia/Sydney", "09:00-20:00", "2026-10-03T22:00", True),
    ("Australia/Brisbane", "09:00-20:00", "2026-10-03T22:59", False),
    # Lord Howe moves its clock by half an hour.
    ("Australia/Lord_Howe", "02:00-02:15", "2026-10-03T15:40", False),
    ("Australia/Lord_Howe", "09:00-20:00", "2026-10-03T22:00", True),
]


@pytest.mark.parametrize(("zone", "hours", "when", "opened"), NIGHTS)
def test_nights_on_which_clocks_change(zone: str, hours: str, when: str, opened: bool) -> None:
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    assert book(window(f'all = "{hours}"')).open_at(case(zone), moment) is opened


def test_a_window_in_a_skipped_hour_does_not_open_that_night() -> None:
    rules = book(window('all = "02:00-03:00"'))
    assert rules.next_open(case(), at("2026-03-08T00:00")) == at("2026-03-09T02:00")


def test_a_day_that_a_zone_skipped_has_no_hours() -> None:
    rules = book(window('fri = "00:00-24:00"'))
    apia = case("Pacific/Apia")
    assert rules.next_open(apia, datetime(2011, 12, 29, tzinfo=UTC)) == datetime(2012, 1, 5, 10, tzinfo=UTC)


def test_midnight_where_the_clock_changes_at_midnight() -> None:
    havana = ZoneInfo("America/Havana")
    assert midnight(date(2026, 3, 8), havana) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert midnight(date(2026, 11, 1), havana) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_the_leap_day_is_a_day_like_others() -> None:
    rules = book(window('tue = "09:00-10:00"'))
    assert rules.next_open(case(), at("2028-02-27T12:00")) == at("2028-02-29T09:00")


def test_spans_join_and_meet() -> None:
    assert merged([(5, 7), (1, 3), (3, 4), (6, 9)]) == ((1, 4), (5, 9))
    assert intersection(((1, 4), (5, 9)), ((2, 6), (8, 12))) == ((2, 4), (5, 6), (8, 9))


def test_days_are_computed_once_and_forgotten_when_they_are_many() -> None:
    openings = book(FEDERAL).openings(case())
    start = at("2026-01-01T12:00")
    for day in range(200):
        assert openings.is_open((start + timedelta(days=day)).timestamp())
    midnight_s = at("2026-01-01T00:00+00:00").timestamp()
    expected = ((midnight_s, midnight_s + 2 * 3600), (midnight_s + 13 * 3600, midnight_s + 24 * 3600))
    assert openings.spans(int(midnight_s) // 86_400) == expected
