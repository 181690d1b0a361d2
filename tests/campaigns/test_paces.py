"""A pace is played against a rule as the judge reads it; where hours are always open, arithmetic says the same."""

import math
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import CallingWindow, CampaignSettings, Outcome, Place, Profile, Purpose
from campaigns.paces import Bound, Group, Pace, Wait, binding, case_of, first_wait, neat_delay, place_matters
from campaigns.pastcalls import as_counted
from campaigns.rules import Rulebook, load_builtin
from tests.campaigns.rules.texts import book, rule

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALL_DAY, OFFICE = CallingWindow(time(0), time.max), CallingWindow(time(9), time(17))
TEXAN = Profile(("America/Chicago",), ("US-TX",))
NO_ANSWER = as_counted(Outcome.NO_ANSWER, "NA", NOW)
BUILTIN = Rulebook(load_builtin())


def bound(body: str, window: CallingWindow = ALL_DAY) -> Bound:
    """The one rule, on a lead in Texas."""
    settings = CampaignSettings(1, "spring", window=window)
    (found,) = binding(book(rule(f"{body}\neffect = 'block'")), settings, [Group(1, TEXAN, 1)], NOW.date(), {})
    return found


def limit(most: int, per: str, rest: str = "") -> str:
    return f'type = "frequency"\nlimit = {{ max = {most}, per = "{per}", key = "person", count = "attempt"{rest} }}'


@given(most=st.integers(1, 6), per_h=st.integers(1, 72), delay_s=st.integers(60, 48 * 3600), calls=st.integers(1, 12))
def test_a_rolling_cap_is_exceeded_when_so_many_calls_fall_within_it(
    most: int, per_h: int, delay_s: int, calls: int
) -> None:
    within = min(calls, math.ceil(per_h * 3600 / delay_s))
    wait = first_wait(Pace(NO_ANSWER, delay_s, calls), bound(limit(most, f"{per_h}h")), ALL_DAY, NOW)
    if within <= most:
        assert wait is None
    else:
        assert wait == Wait(most + 1, timedelta(hours=per_h, seconds=-most * delay_s))


@given(rest_h=st.integers(1, 500), delay_s=st.integers(60, 500 * 3600), calls=st.integers(2, 5))
def test_a_rest_is_broken_by_what_comes_sooner(rest_h: int, delay_s: int, calls: int) -> None:
    rest = bound(f'type = "cooldown"\ncooldown = {{ after = "attempt", for = "{rest_h}h", key = "number" }}')
    wait = first_wait(Pace(NO_ANSWER, delay_s, calls), rest, ALL_DAY, NOW)
    missing = timedelta(hours=rest_h, seconds=-delay_s)
    assert wait == (Wait(2, missing) if missing > timedelta() else None)


@pytest.mark.parametrize(
    ("per", "window", "delay_h", "longest_h"),
    [
        ("24h", ALL_DAY, 12, None),
        ("24h", ALL_DAY, 11, 2),
        # What is due in the evening is made in the morning.
        ("24h", OFFICE, 7, None),
        # From noon on: at 12 and 16, and the third in the morning, when the one at noon still counts.
        ("24h", OFFICE, 4, 3),
        ("7d", OFFICE, 24 * 4, None),
        ("7d", OFFICE, 24 * 3, 24),
    ],
)
def test_calls_are_due_in_the_hours_of_the_campaign(
    per: str, window: CallingWindow, delay_h: int, longest_h: int | None
) -> None:
    """Two calls in the time; the third may be held."""
    wait = first_wait(Pace(NO_ANSWER, delay_h * 3600, 9), bound(limit(2, per), window), window, NOW)
    assert wait == (None if longest_h is None else Wait(3, timedelta(hours=longest_h)))


@pytest.mark.parametrize(
    ("span", "most", "nth"),
    [("calendar_day", 2, None), ("calendar_day", 1, 2), ("calendar_week", 14, None), ("calendar_week", 13, 14)],
)
def test_days_and_weeks_of_the_calendar(span: str, most: int, nth: int | None) -> None:
    """Every twelve hours there are two calls a day and fourteen a week."""
    text = f'type = "frequency"\nlimit = {{ max = {most}, basis = "{span}", key = "person", count = "attempt" }}'
    found = first_wait(Pace(NO_ANSWER, 12 * 3600, 40), bound(text), ALL_DAY, NOW)
    assert (None if found is None else found.nth) == nth


def test_months_of_the_calendar_are_counted_from_their_first_day() -> None:
    text = 'type = "frequency"\nlimit = { max = 30, basis = "calendar_month", key = "person", count = "attempt" }'
    found = first_wait(Pace(NO_ANSWER, 86_400, 99), bound(text), ALL_DAY, NOW)
    assert found is not None and found.nth == 31


def test_a_rule_that_allows_no_call_is_no_paces_fault() -> None:
    none = book(rule(f"{limit(0, '24h')}\neffect = 'block'"))
    assert binding(none, CampaignSettings(1, "spring"), [Group(1, TEXAN, 1)], NOW.date(), {}) == []


def test_only_what_a_rule_counts_is_held_against_it() -> None:
    contacts = bound('type = "frequency"\nlimit = { max = 1, per = "7d", key = "person", count = "contact" }')
    answered = as_counted(Outcome.HANDLED, "NP", NOW)
    assert first_wait(Pace(NO_ANSWER, 60, 9), contacts, ALL_DAY, NOW) is None
    assert first_wait(Pace(answered, 60, 9), contacts, ALL_DAY, NOW) is not None


def test_who_is_bound_follows_from_place_and_mode() -> None:
    settings = CampaignSettings(1, "spring", purpose=Purpose.COLLECTIONS)
    seattle = Profile(("America/Los_Angeles",), ("US-WA",))
    home, work, elsewhere = Group(1, seattle, 5), Group(1, seattle, 2, Place.WORK), Group(1, TEXAN, 9)
    nowhere = Group(1, Profile(), 3)
    found = {
        each.rule.id: each for each in binding(BUILTIN, settings, [home, work, elsewhere, nowhere], NOW.date(), {})
    }
    assert found["us-wa.collections.frequency_work"].groups == (work,)
    assert found["us-wa.collections.frequency"].groups == (home, work)
    assert found["us.collections.frequency"].case.regions == ("US-TX",)
    assert place_matters(BUILTIN, settings, seattle) and not place_matters(BUILTIN, settings, TEXAN)
    assert case_of(settings, seattle, Place.WORK).place is Place.WORK


@given(st.integers(60, 400 * 86_400), st.integers(60, 400 * 86_400))
def test_the_neat_delay_is_no_shorter_than_what_was_asked_for_and_what_is_needed(asked: int, needed: int) -> None:
    found = neat_delay(asked, lambda delay_s: delay_s < needed, 365 * 86_400)
    if asked >= needed:
        assert found == asked
    elif needed <= 365 * 86_400:
        assert found is not None and needed <= found <= 365 * 86_400
    else:
        assert found is None
