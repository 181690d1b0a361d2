"""Every cap of the packs, typed from the sources a second time: how many, of what, over how long, per whom."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.rules import Case, PastCall, Place, Purpose, Rulebook, load_builtin
from campaigns.rules.model import RuleType
from tests.campaigns.rules.packs_table import OTHER_PHONE, PHONE, rules

BOOK = Rulebook(load_builtin())
UNCONNECTED = frozenset({"busy", "invalid", "unconnected"})
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cap:
    region: str
    zone: str
    purpose: str
    most: int
    span: timedelta | None
    per: str
    free: frozenset[str] = frozenset()
    contacts: bool = False
    place: Place | None = None


NEW_YORK, SYDNEY = "America/New_York", "Australia/Sydney"
CAPS = {
    "us.collections.frequency": Cap("US-NY", NEW_YORK, "collections", 7, None, "debt", UNCONNECTED),
    "us-fl.sales.frequency": Cap("US-FL", NEW_YORK, "sales", 3, 24 * HOUR, "subject"),
    "us-ok.sales.frequency": Cap("US-OK", "America/Chicago", "sales", 3, 24 * HOUR, "subject"),
    "us-md.sales.frequency": Cap("US-MD", NEW_YORK, "sales", 3, 24 * HOUR, "subject"),
    "us-wa.collections.frequency": Cap(
        "US-WA", "America/Los_Angeles", "collections", 3, 7 * DAY, "person", UNCONNECTED
    ),
    "us-wa.collections.frequency_work": Cap(
        "US-WA", "America/Los_Angeles", "collections", 1, 7 * DAY, "person", UNCONNECTED, place=Place.WORK
    ),
    "us-ma.collections.frequency": Cap(
        "US-MA", NEW_YORK, "collections", 2, 7 * DAY, "debt", UNCONNECTED, place=Place.HOME
    ),
    "us-ma.collections.frequency_work": Cap(
        "US-MA", NEW_YORK, "collections", 2, 30 * DAY, "debt", UNCONNECTED, place=Place.WORK
    ),
    "us-ny-nyc.collections.frequency": Cap("US-NY-NYC", NEW_YORK, "collections", 3, 7 * DAY, "debt", UNCONNECTED),
    "fr.sales.frequency": Cap("FR", "Europe/Paris", "sales", 4, 30 * DAY, "person"),
    "au.collections.frequency": Cap("AU", SYDNEY, "collections", 3, 7 * DAY, "person", UNCONNECTED),
    "au.collections.frequency_month": Cap("AU", SYDNEY, "collections", 10, 31 * DAY, "debt", contacts=True),
}


def now(cap: Cap) -> datetime:
    """A Wednesday noon, in a month after one of 31 days, far from holidays and clock changes."""
    return datetime(2026, 9, 16, 12, tzinfo=ZoneInfo(cap.zone)).astimezone(UTC)


def case(cap: Cap) -> Case:
    return Case(
        PHONE,
        (cap.zone,),
        (cap.region,),
        Purpose(cap.purpose),
        debts=frozenset({1}),
        subject="solar",
        place=cap.place,
    )


def call(cap: Cap, at: datetime) -> PastCall:
    return PastCall(at, PHONE, "no_answer", cap.contacts, debts=frozenset({1}), subject="solar", place=cap.place)


def stops(rule_id: str, calls: list[PastCall]) -> bool:
    cap = CAPS[rule_id]
    verdict = BOOK.judge(case(cap), now(cap), calls)
    return rule_id in {reason.rule for reason in verdict.reasons if reason.stops}


def full(cap: Cap, count: int | None = None) -> list[PastCall]:
    """As many calls as the cap allows, an hour ago and before."""
    return [call(cap, now(cap) - HOUR - number * MINUTE) for number in range(cap.most if count is None else count)]


@pytest.mark.parametrize("rule_id", CAPS)
def test_the_call_after_the_last_allowed_is_stopped_and_none_before(rule_id: str) -> None:
    cap = CAPS[rule_id]
    assert not stops(rule_id, full(cap, cap.most - 1))
    assert stops(rule_id, full(cap))


@pytest.mark.parametrize("rule_id", CAPS)
def test_a_call_counts_to_the_end_of_the_span_and_no_longer(rule_id: str) -> None:
    cap = CAPS[rule_id]
    recent = full(cap, cap.most - 1)
    noon = now(cap)
    if cap.span is None:  # seven consecutive days of the calendar, today's among them
        first_day = (noon - 6 * DAY).replace(hour=4, minute=1)  # 00:01 in New York
        assert stops(rule_id, [*recent, call(cap, first_day)])
        assert not stops(rule_id, [*recent, call(cap, first_day - 2 * MINUTE)])
        return
    assert stops(rule_id, [*recent, call(cap, noon - cap.span + MINUTE)])
    assert not stops(rule_id, [*recent, call(cap, noon - cap.span - MINUTE)])


@pytest.mark.parametrize("rule_id", CAPS)
def test_calls_are_counted_per_whom_the_source_says(rule_id: str) -> None:
    cap = CAPS[rule_id]
    calls = full(cap)
    assert stops(rule_id, [replace(one, phone=OTHER_PHONE) for one in calls])
    assert stops(rule_id, [replace(one, debts=frozenset({2})) for one in calls]) == (cap.per != "debt")
    assert stops(rule_id, [replace(one, subject="insurance") for one in calls]) == (cap.per != "subject")
    assert stops(rule_id, [replace(one, debts=frozenset(), subject="") for one in calls])
    assert stops(rule_id, [replace(one, place=None) for one in calls]) == (cap.place is not Place.WORK)


@pytest.mark.parametrize("rule_id", CAPS)
def test_only_calls_that_the_source_leaves_out_are_left_out(rule_id: str) -> None:
    cap = CAPS[rule_id]
    for outcome in ("no_answer", "machine", "message", "answered", "abandoned", "busy", "invalid", "unconnected"):
        calls = [replace(one, outcome=outcome) for one in full(cap)]
        assert stops(rule_id, calls) == (outcome not in cap.free), outcome
    assert stops(rule_id, [replace(one, contact=False) for one in full(cap)]) == (not cap.contacts)


def test_every_cap_of_the_packs_is_here() -> None:
    assert set(CAPS) == {rule.id for rule in rules().values() if rule.type is RuleType.FREQUENCY}
