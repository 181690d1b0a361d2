"""The checker itself: every kind of violation is found in a log made for it, and lawful logs stay clean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.law.checker import Call, Campaign, Cap, Copy, Facts, Grant, Hold, Person, Place, violations
from tests.law.statutes import easter, election_day

SALES, DEBTS = 1, 2
DAY = timedelta(days=1)
LONG_AGO = datetime(2026, 9, 1, tzinfo=UTC)


NUMBER = "+12025550100"


def facts_of(place: Place, **person: object) -> Facts:
    """One person in a place, a sales and a collections campaign, and fresh registers."""
    registers = {
        name: [Copy(date(2026, 10, 1), datetime(2026, 10, 1, tzinfo=UTC), frozenset({"+12025550199"}))]
        for name in ("us-national", "ca-dncl", "gb-tps", "au-dncr")
    }
    someone = Person("p", place, **person)  # type: ignore[arg-type]
    campaigns = {SALES: Campaign(SALES, "sales"), DEBTS: Campaign(DEBTS, "collections")}
    return Facts({"p": someone}, campaigns, registers=registers)


def call_at(when: datetime, campaign: int = SALES, key: int = 1, **changes: object) -> Call:
    plain = Call(key, campaign, 1, "p", "+12025550100", when, when + timedelta(seconds=30), "no_answer")
    return replace(plain, **changes)  # type: ignore[arg-type]


def _after(call: Call, later: timedelta, **changes: object) -> Call:
    moved = replace(call, key=call.key + 100, started_at=call.started_at + later, ended_at=call.ended_at + later)
    return replace(moved, **changes)  # type: ignore[arg-type]


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, fold=fold, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


def rules_of(facts: Facts, *calls: Call) -> list[str]:
    return sorted({found.rule for found in violations(facts, calls)})


CONSENT = [Grant("written", LONG_AGO)]
NEW_YORK = Place("America/New_York", "US-NY")

# Place, campaign, first lawful and first unlawful instant of a day: hours to the second, in local time.
EDGES = [
    (Place("America/New_York", "US-NY"), SALES, "08:00", "21:00"),
    (Place("America/New_York", "US-NY"), DEBTS, "08:00", "21:00"),
    (Place("America/Chicago", "US-FL"), SALES, "08:00", "20:00"),
    (Place("America/Chicago", "US-OK"), SALES, "08:00", "20:00"),
    (Place("America/New_York", "US-MD"), SALES, "08:00", "20:00"),
    (Place("America/Los_Angeles", "US-WA"), SALES, "08:00", "20:00"),
    (Place("America/New_York", "US-CT"), SALES, "09:00", "20:00"),
    (Place("America/New_York", "US-RI"), SALES, "09:00", "18:00"),
    (Place("America/Denver", "US-UT"), SALES, "08:00", "21:00"),
    (Place("America/Chicago", "US-LA"), SALES, "08:00", "20:00"),
    (Place("America/Chicago", "US-SD"), SALES, "09:00", "21:00"),
    (Place("Asia/Kolkata", "IN"), SALES, "10:00", "21:00"),
    (Place("Asia/Kolkata", "IN"), DEBTS, "08:00", "19:00"),
    (Place("Europe/Paris", "FR"), SALES, "10:00", "13:00"),
    (Place("Europe/Paris", "FR"), SALES, "14:00", "20:00"),
    (Place("Atlantic/Canary", "ES-CN"), SALES, "09:00", "21:00"),
    (Place("Europe/Rome", "IT"), SALES, "09:00", "20:00"),
    (Place("Australia/Adelaide", "AU-SA"), SALES, "09:00", "20:00"),
    (Place("Australia/Perth", "AU-WA"), DEBTS, "07:30", "21:00"),
    (Place("America/St_Johns", "CA-NL"), SALES, "09:00", "21:30"),
]


@pytest.mark.parametrize(("place", "campaign", "first", "end"), EDGES)
def test_hours_are_half_open_to_the_second(place: Place, campaign: int, first: str, end: str) -> None:
    facts = facts_of(place, grants=CONSENT if place.region in ("US-CT", "FR", "ES-CN") else [])
    wednesday = (2026, 10, 21)
    opens = local(place.zone, *wednesday, *map(int, first.split(":")))
    closes = local(place.zone, *wednesday, *map(int, end.split(":")))
    second = timedelta(seconds=1)
    assert rules_of(facts, call_at(opens, campaign)) == []
    assert rules_of(facts, call_at(closes - second, campaign)) == []
    assert rules_of(facts, call_at(opens - second, campaign)) == ["hours"]
    assert "hours" in rules_of(facts, call_at(closes, campaign))


@pytest.mark.parametrize(
    ("place", "campaign", "noon"),
    [
        (Place("America/New_York", "US-RI"), SALES, (2026, 10, 25)),
        (Place("America/New_York", "US-RI"), SALES, (2026, 11, 11)),
        (Place("America/New_York", "US-RI"), SALES, (2026, 11, 3)),
        (Place("America/Denver", "US-UT"), SALES, (2026, 11, 1)),
        (Place("America/Denver", "US-UT"), SALES, (2026, 11, 11)),
        (Place("America/Chicago", "US-LA"), SALES, (2026, 10, 18)),
        (Place("America/Chicago", "US-LA"), SALES, (2026, 11, 3)),
        (Place("America/New_York", "US-PA"), SALES, (2026, 11, 3)),
        (Place("America/New_York", "US-PA"), SALES, (2026, 4, 3)),
        (Place("America/New_York", "US-PA"), SALES, (2026, 6, 14)),
        (Place("America/Chicago", "US-SD"), SALES, (2026, 10, 18)),
        (Place("Europe/Paris", "FR"), SALES, (2026, 11, 11)),
        (Place("Europe/Paris", "FR"), SALES, (2026, 10, 24)),
        (Place("Europe/Madrid", "ES-MD"), SALES, (2026, 10, 12)),
        (Place("Europe/Rome", "IT"), SALES, (2026, 10, 18)),
        (Place("Australia/Sydney", "AU-NSW"), SALES, (2026, 10, 18)),
        (Place("Australia/Sydney", "AU-NSW"), DEBTS, (2026, 12, 25)),
    ],
)
def test_days_on_which_nobody_may_call(place: Place, campaign: int, noon: tuple[int, int, int]) -> None:
    grants = [Grant("contract", LONG_AGO)] if place.region == "FR" else []
    grants += [Grant("express", LONG_AGO)] if place.region[:2] == "ES" else []
    facts = facts_of(place, grants=grants)
    assert "hours" in rules_of(facts, call_at(local(place.zone, *noon, 12), campaign))
    tuesday = local(place.zone, 2026, 10, 20, 12)
    assert rules_of(facts, call_at(tuesday, campaign)) == []


def test_texas_on_sunday_starts_at_noon_unless_they_are_customers() -> None:
    sunday = local("America/Chicago", 2026, 10, 18, 11, 59)
    texan = Place("America/Chicago", "US-TX")
    assert rules_of(facts_of(texan), call_at(sunday)) == ["hours"]
    assert rules_of(facts_of(texan), call_at(sunday + timedelta(minutes=1))) == []
    assert rules_of(facts_of(texan, grants=[Grant("ebr", LONG_AGO)]), call_at(sunday)) == []


def test_hours_follow_the_clock_over_its_change() -> None:
    london, chicago = Place("Europe/Rome", "IT"), Place("America/Chicago", "US-IL")
    assert rules_of(facts_of(london), call_at(datetime(2026, 10, 24, 7, 59, tzinfo=UTC))) == ["hours"]
    assert rules_of(facts_of(london), call_at(datetime(2026, 10, 26, 8, 0, tzinfo=UTC))) == []
    assert rules_of(facts_of(chicago), call_at(datetime(2026, 10, 31, 13, 0, tzinfo=UTC))) == []
    assert rules_of(facts_of(chicago), call_at(datetime(2026, 11, 1, 13, 59, tzinfo=UTC))) == ["hours"]
    assert rules_of(facts_of(chicago), call_at(datetime(2026, 11, 2, 2, 59, tzinfo=UTC))) == []


def test_a_number_of_florida_is_under_floridas_law_wherever_its_person_is() -> None:
    evening = local("America/Chicago", 2026, 10, 21, 20, 30)
    place = Place("America/Chicago", "US-IL")
    assert rules_of(facts_of(place, presumed={NUMBER: frozenset({"US-FL"})}), call_at(evening)) == ["hours"]
    assert rules_of(facts_of(place), call_at(evening)) == []


HOUR = timedelta(hours=1)
NOTHING = timedelta()
NOON = local("America/New_York", 2026, 10, 21, 12)


def _own_window() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    facts.campaigns[SALES] = Campaign(SALES, "sales", opens=time(9), closes=time(12), days=frozenset(range(5)))
    return facts, [call_at(NOON - timedelta(seconds=1))], [call_at(NOON)]


def _consent(region: str, zone: str, ground: str, **changes: object) -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place(zone, region), grants=[replace(Grant(ground, LONG_AGO), **changes)])  # type: ignore[arg-type]
    noon = local(zone, 2026, 10, 21, 12, 30)
    return facts, [call_at(noon)], [call_at(noon + 7 * DAY)]


def _too_old() -> tuple[Facts, list[Call], list[Call]]:
    since = local("Europe/Madrid", 2024, 10, 22, 12)
    facts = facts_of(Place("Europe/Madrid", "ES-MD"), grants=[Grant("express", since)])
    noon = local("Europe/Madrid", 2026, 10, 22, 12)
    return facts, [call_at(noon)], [call_at(noon + 4 * DAY)]


def _of_another_kind() -> tuple[Facts, list[Call], list[Call]]:
    facts, good, _ = _consent("DE", "Europe/Berlin", "express")
    facts.people["q"] = Person("q", Place("Europe/Berlin", "DE"), [Grant("ebr", LONG_AGO)])
    facts.people["q"].grants.append(Grant("express", LONG_AGO, purpose="service"))
    facts.people["q"].grants.append(Grant("express", LONG_AGO, phone="+493023125000"))
    return facts, good, [replace(good[0], person="q")]


def _register() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    facts.people["q"] = Person("q", NEW_YORK, [Grant("ebr", LONG_AGO)])
    facts.people["r"] = Person("r", NEW_YORK, [Grant("inquiry", NOON - 93 * DAY), Grant("ebr", NOON - 550 * DAY)])
    facts.people["r"].grants.append(Grant("express", LONG_AGO))
    listed = call_at(NOON, phone="+12025550199")
    return facts, [replace(listed, person="q"), _after(listed, DAY, campaign=DEBTS)], [replace(listed, person="r")]


def _newly_registered() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place("Europe/London", "GB"))
    facts.registers["gb-tps"].append(Copy(date(2026, 10, 21), NOON, frozenset({"+12025550100"})))
    return facts, [call_at(NOON - DAY)], [call_at(NOON)]


def _old_copy(region: str, zone: str, last_day: tuple[int, int, int]) -> tuple[Facts, list[Call], list[Call]]:
    noon = local(zone, *last_day, 12)
    return facts_of(Place(zone, region)), [call_at(noon)], [call_at(noon + DAY)]


def _no_copy() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    facts.registers["us-national"] = [Copy(date(2026, 10, 20), NOON, frozenset())]
    return facts, [call_at(NOON)], [call_at(NOON - timedelta(seconds=1))]


def _barred() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    facts.barred["+12025550100"] = NOON
    return facts, [call_at(NOON - timedelta(seconds=31)), call_at(NOON, phone="+12025550101")], [call_at(NOON)]


def _left_alone() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK, left_alone_from=NOON)
    other = call_at(NOON, phone="+12025550101")
    return facts, [replace(other, started_at=NOON - timedelta(seconds=1))], [other]


def _disputed() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK, holds=[Hold(NOON, "d1", NOON + 3 * DAY)])
    about = call_at(NOON, DEBTS, debts=frozenset({"d1"}))
    good = [_after(about, -HOUR), _after(about, HOUR, debts=frozenset({"d2"})), _after(about, 3 * DAY)]
    return facts, good, [about]


def _ceased() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK, holds=[Hold(NOON)])
    return facts, [call_at(NOON), call_at(NOON - DAY, DEBTS)], [call_at(NOON + DAY, DEBTS, debts=frozenset({"d1"}))]


def _two_at_once() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    other = call_at(NOON + timedelta(seconds=29), DEBTS, 2, lead=2)
    return facts, [call_at(NOON), replace(other, phone="+12025550101")], [call_at(NOON), other]


def _series(gaps: list[timedelta], campaign: int = DEBTS, start: datetime = NOON, **changes: object) -> list[Call]:
    at, calls = start, []
    for key, gap in enumerate(gaps, start=1):
        at += gap
        calls.append(call_at(at, campaign, key, **changes))
    return calls


ABOUT: dict[str, Any] = {"debts": frozenset({"d1"})}


def _three_a_day(region: str) -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place("America/New_York", region))
    gaps = [NOTHING, HOUR, HOUR, 22 * HOUR]
    return facts, _series(gaps, SALES), _series([*gaps[:3], 22 * HOUR - timedelta(seconds=1)], SALES)


def _three_a_day_by_two_campaigns() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place("America/New_York", "US-FL"))
    facts.campaigns = {key: Campaign(key, "sales", "solar") for key in (1, 2)} | {3: Campaign(3, "sales", "roofs")}
    calls = _series([NOTHING, HOUR, HOUR, HOUR], SALES)
    bad = [*calls[:3], replace(calls[3], campaign=2, lead=2, phone="+12025550101")]
    return facts, [*calls[:3], replace(calls[3], campaign=3)], bad


def _seven_in_seven() -> tuple[Facts, list[Call], list[Call]]:
    gaps = [NOTHING, HOUR, HOUR, HOUR, DAY, DAY, DAY]
    good = [*_series(gaps, **ABOUT), call_at(NOON + 7 * DAY, DEBTS, 8, **ABOUT)]
    eighth = call_at(NOON + 6 * DAY + 8 * HOUR, DEBTS, 8, **ABOUT)
    return facts_of(NEW_YORK), good, [*good[:7], eighth]


def _seven_and_a_busy_one() -> tuple[Facts, list[Call], list[Call]]:
    seven = _series([NOTHING] + [HOUR] * 6, **ABOUT)
    eighth = call_at(NOON + DAY, DEBTS, 8, **ABOUT)
    harmless = [
        replace(eighth, outcome="busy"),
        _after(eighth, HOUR, debts=frozenset({"d2"})),
        _after(eighth, 2 * HOUR, asked_at=NOON),
    ]
    return facts_of(NEW_YORK), [*seven, *harmless], [*seven, eighth]


def _after_conversation() -> tuple[Facts, list[Call], list[Call]]:
    talk = call_at(NOON, DEBTS, 1, conversation=True, outcome="handled", **ABOUT)
    midnight = local("America/New_York", 2026, 10, 28, 8)
    good = [talk, call_at(midnight, DEBTS, 2, **ABOUT)]
    asked = replace(good[1], key=3, started_at=NOON + DAY, ended_at=NOON + DAY, asked_at=NOON)
    return facts_of(NEW_YORK), [*good, asked], [talk, call_at(midnight - 12 * HOUR, DEBTS, 2, **ABOUT)]


def _after_conversation_long_asked() -> tuple[Facts, list[Call], list[Call]]:
    talk = call_at(NOON, DEBTS, 1, conversation=True, outcome="handled", **ABOUT)
    again = call_at(NOON + 2 * DAY, DEBTS, 2, asked_at=NOON - 5 * DAY, **ABOUT)
    return facts_of(NEW_YORK), [talk, again], [talk, replace(again, asked_at=NOON - 6 * DAY)]


def _massachusetts() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place("America/New_York", "US-MA"))
    gaps = [NOTHING, DAY, 6 * DAY]
    return facts, _series(gaps, **ABOUT), _series([NOTHING, DAY, 6 * DAY - HOUR], **ABOUT)


def _new_york_city() -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(replace(NEW_YORK, city="New York City"))
    return facts, _series([NOTHING, DAY, DAY, 5 * DAY], **ABOUT), _series([NOTHING, DAY, DAY, DAY], **ABOUT)


def _three_a_week(region: str, zone: str) -> tuple[Facts, list[Call], list[Call]]:
    start, gaps = local(zone, 2026, 10, 21, 12), [NOTHING, DAY, DAY, 5 * DAY]
    good, bad = (_series([*gaps[:3], gap], start=start, **ABOUT) for gap in (5 * DAY, 4 * DAY))
    return facts_of(Place(zone, region)), good, [*bad[:3], replace(bad[3], debts=frozenset({"d2"}))]


def _paris() -> Facts:
    return facts_of(Place("Europe/Paris", "FR"), grants=CONSENT)


def _france_four() -> tuple[Facts, list[Call], list[Call]]:
    start, gaps = local("Europe/Paris", 2026, 10, 13, 11), [NOTHING, DAY, DAY, DAY]
    good = _series([*gaps, 27 * DAY + HOUR], SALES, start)
    return _paris(), good, _series([*gaps, 24 * DAY + HOUR], SALES, start)


def _france_refused() -> tuple[Facts, list[Call], list[Call]]:
    noon = local("Europe/Paris", 2026, 10, 1, 11)
    refusal = call_at(noon, SALES, 1, refused=True, outcome="handled")
    good, bad = call_at(noon + 60 * DAY + HOUR, SALES, 2), call_at(noon + 57 * DAY + HOUR, SALES, 2)
    return _paris(), [refusal, good], [refusal, bad]


def _after_silence(rule: str) -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(Place("Europe/London", "GB"))
    first = call_at(NOON, DEBTS, 1, **({"outcome": "abandoned"} if rule == "after_abandoned" else {"machine": True}))
    rest = 3 * DAY if rule == "after_abandoned" else DAY
    again = call_at(first.ended_at + rest, SALES, 2, lead=2)
    return facts, [first, again], [first, replace(again, started_at=again.started_at - timedelta(seconds=1))]


def _own(rule: str) -> tuple[Facts, list[Call], list[Call]]:
    facts = facts_of(NEW_YORK)
    facts.campaigns[SALES] = replace(
        facts.campaigns[SALES], max_attempts={"no_answer": 3}, waits_s={"no_answer": 3600.0}
    )
    calls = _series([NOTHING, 2 * HOUR, 2 * HOUR, DAY], SALES)
    if rule == "own_attempts":
        return facts, [*calls[:3], replace(calls[3], appointed=True)], calls
    return facts, calls[:2], [calls[0], replace(calls[1], started_at=calls[0].ended_at + timedelta(minutes=59))]


def _own_limit(cap: Cap) -> tuple[Facts, list[Call], list[Call]]:
    """Two calls on the evening of a day and one early on the next but one; or one more on the evening of the first."""
    facts = facts_of(NEW_YORK)
    facts.campaigns[DEBTS] = Campaign(DEBTS, "collections", caps=(cap,))
    two = _series([8 * HOUR, timedelta(minutes=30)], **ABOUT)
    later = [call_at(NOON + DAY + 21 * HOUR, DEBTS, 3, **ABOUT)] if cap.days or cap.hours else []
    return facts, [*two, *later], [*two, call_at(NOON + 8.75 * HOUR, DEBTS, 3, **ABOUT)]


Case = Callable[[], tuple[Facts, list[Call], list[Call]]]

CASES: list[tuple[str, Case]] = [
    ("own_window", _own_window),
    ("consent", lambda: _consent("US-CT", "America/New_York", "written", until=NOON + 6 * DAY)),
    ("consent", lambda: _consent("FR", "Europe/Paris", "contract", revoked_at=NOON + 6 * DAY)),
    ("consent", lambda: _consent("DE", "Europe/Berlin", "express", until=NOON + 6 * DAY)),
    ("consent", _too_old),
    ("consent", _of_another_kind),
    ("register", _register),
    ("register", _newly_registered),
    ("register_old", lambda: _old_copy("US-NY", "America/New_York", (2026, 11, 1))),
    ("register_old", lambda: _old_copy("CA-ON", "America/Toronto", (2026, 11, 1))),
    ("register_old", lambda: _old_copy("AU-QLD", "Australia/Brisbane", (2026, 10, 30))),
    ("register_missing", _no_copy),
    ("dnc", _barred),
    ("dnc_person", _left_alone),
    ("hold", _disputed),
    ("hold", _ceased),
    ("two_at_once", _two_at_once),
    ("three_a_day", lambda: _three_a_day("US-FL")),
    ("three_a_day", lambda: _three_a_day("US-OK")),
    ("three_a_day", lambda: _three_a_day("US-MD")),
    ("three_a_day", _three_a_day_by_two_campaigns),
    ("seven_in_seven", _seven_in_seven),
    ("seven_in_seven", _seven_and_a_busy_one),
    ("after_conversation", _after_conversation),
    ("after_conversation", _after_conversation_long_asked),
    ("massachusetts", _massachusetts),
    ("new_york_city", _new_york_city),
    ("three_a_week", lambda: _three_a_week("US-WA", "America/Los_Angeles")),
    ("three_a_week", lambda: _three_a_week("AU-VIC", "Australia/Melbourne")),
    ("france_four", _france_four),
    ("france_refused", _france_refused),
    ("after_abandoned", lambda: _after_silence("after_abandoned")),
    ("after_machine", lambda: _after_silence("after_machine")),
    ("own_limit", lambda: _own_limit(Cap("number", 2, days=1))),
    ("own_limit", lambda: _own_limit(Cap("number", 2, hours=30))),
    ("own_limit", lambda: _own_limit(Cap("lead", 2))),
    ("own_limit", lambda: _own_limit(Cap("debt", 2, days=2))),
    ("own_attempts", lambda: _own("own_attempts")),
    ("own_wait", lambda: _own("own_wait")),
]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_each_breach_is_found_and_its_lawful_twin_is_not(rule: str, case: Case) -> None:
    facts, lawful, unlawful = case()
    assert rules_of(facts, *lawful) == []
    assert rules_of(facts, *unlawful) == [rule]


@given(st.permutations(range(8)))
def test_the_order_of_the_log_does_not_matter(order: list[int]) -> None:
    calls = _series([NOTHING, *[timedelta(minutes=30)] * 7], **ABOUT)
    assert rules_of(facts_of(NEW_YORK), *(calls[place] for place in order)) == ["seven_in_seven"]


@given(st.integers(0, 30 * 86_400 - 1))
def test_any_lawful_call_becomes_unlawful_at_night(second: int) -> None:
    facts = facts_of(NEW_YORK)
    at = datetime(2026, 10, 2, 4, tzinfo=UTC) + timedelta(seconds=second)
    inside = 8 <= at.astimezone(ZoneInfo("America/New_York")).hour < 21
    assert rules_of(facts, call_at(at)) == ([] if inside else ["hours"])


def test_movable_days() -> None:
    assert [easter(year) for year in (2024, 2025, 2026, 2038)] == [
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2038, 4, 25),
    ]
    assert [election_day(year) for year in (2024, 2026, 2027, 2028)] == [
        date(2024, 11, 5),
        date(2026, 11, 3),
        date(2027, 11, 2),
        date(2028, 11, 7),
    ]
