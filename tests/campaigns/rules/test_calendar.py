"""Holidays of rules against days that calendars of the year show."""

from datetime import date

import holidays
import pytest

from campaigns.rules.calendar import MOVEABLE, UnknownHoliday, complaints, days_of
from campaigns.rules.model import HolidaySet


def test_days_of_a_state_with_days_added() -> None:
    days = days_of(HolidaySet("US", "PA", add=("good_friday", "06-14", "election_day")), 2026)
    assert days[date(2026, 4, 3)] == "good friday"
    assert days[date(2026, 6, 14)] == "2026-06-14"
    assert days[date(2026, 11, 3)] == "election day"
    assert days[date(2026, 7, 3)] == "independence day observed"
    assert date(2026, 6, 15) not in days


def test_days_removed_go_with_their_observance() -> None:
    days = days_of(HolidaySet("US", remove=("independence_day", "12-25", "2026-11-11")), 2026)
    assert not {date(2026, 7, 3), date(2026, 7, 4), date(2026, 12, 25), date(2026, 11, 11)} & days.keys()
    assert date(2027, 11, 11) in days_of(HolidaySet("US", remove=("2026-11-11",)), 2027)


def test_observed_days_may_be_left_out() -> None:
    assert date(2026, 7, 3) not in days_of(HolidaySet("US", observed=False), 2026)


def test_a_day_that_a_state_does_not_keep_may_be_added_by_its_name() -> None:
    assert date(2026, 10, 12) in days_of(HolidaySet("US", "LA", add=("columbus_day",)), 2026)


def test_a_single_date_is_of_its_year_and_a_leap_day_of_leap_years() -> None:
    only = HolidaySet(add=("2026-08-30", "02-29"))
    assert list(days_of(only, 2026)) == [date(2026, 8, 30)]
    assert list(days_of(only, 2028)) == [date(2028, 2, 29)]


def test_two_names_on_one_day_are_both_told() -> None:
    assert days_of(HolidaySet("IT"), 2026)[date(2026, 11, 1)] == "all saints day, national unity day"


@pytest.mark.parametrize("year", range(2000, 2100))
def test_easter_is_that_of_the_public_tables(year: int) -> None:
    monday = holidays.country_holidays("FR", years=year, language="en_US").get_named("Easter Monday")
    assert MOVEABLE["easter_monday"](year) in monday


@pytest.mark.parametrize(("year", "day"), [(2026, 3), (2027, 2), (2028, 7), (2022, 8), (2021, 2)])
def test_election_day_is_the_tuesday_after_the_first_monday(year: int, day: int) -> None:
    assert MOVEABLE["election_day"](year) == date(year, 11, day)


def test_general_elections_are_in_even_years() -> None:
    assert MOVEABLE["general_election_day"](2027) is None
    assert MOVEABLE["general_election_day"](2028) == date(2028, 11, 7)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (HolidaySet("QQ"), "Country QQ not available"),
        (HolidaySet("US", "QQ"), "does not have subdivision QQ"),
        (HolidaySet("US", categories=("bank",)), "bank"),
        (HolidaySet("US", add=("no_day",)), "no holiday is named 'no_day'"),
        (HolidaySet("US", remove=("02-30",)), "no holiday is named '02-30'"),
        (HolidaySet(add=("labor_day",)), "no holiday is named 'labor_day'"),
    ],
)
def test_unknown_names_are_told(one: HolidaySet, told: str) -> None:
    assert told in complaints(one)[0]


def test_known_names_are_not() -> None:
    assert complaints(HolidaySet("US", "LA", add=("mardi_gras", "columbus_day", "02-29"), remove=("labor_day",))) == []


def test_an_unknown_country_has_no_days() -> None:
    with pytest.raises(UnknownHoliday):
        days_of(HolidaySet("QQ"), 2026)
