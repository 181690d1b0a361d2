"""A seeded month of telesales and collections in more than ten zones, in which the checker finds no unlawful call.

From 15 October to 14 November 2026: clocks change in Europe on 25 October and in North America on 1 November, and there
are Sundays, All Saints', Election Day and Veterans Day. Run this file with `-s` to read what happened.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.store import Store
from tests.law.checker import Call, Hold, Violation, lawful_alone, violations
from tests.law.people import state_of_area
from tests.law.world import DAY, HOUR, World, mixed_world, rulebook_of_law


def month(seed: int, leads: int, days: int = 30) -> World:
    """Run a world to its end."""
    rulebook = rulebook_of_law()
    with Store.open(":memory:", fast=True, rulebook=lambda: rulebook) as store:
        world = mixed_world(store, rulebook, seed=seed, leads=leads, days=days)
        world.run()
    return world


def starved(world: World) -> list[int]:
    """Leads whose person was never called for their purpose though a cautious dialer could have, in many an hour.

    Left out: people on a register without consent in writing, whom a dialer that knows no better leaves alone; and
    those who asked to be left alone in one matter, whom it does not call in another.
    """
    campaigns = world.facts.campaigns
    called = {(call.person, campaigns[call.campaign].purpose) for call in world.calls}
    waiting = []
    for lead, listed in world.person_of.items():
        truth, purpose = listed.truth, campaigns[world.campaign_of[lead]].purpose
        in_doubt = listed.registered and purpose == "sales" and not any(g.ground == "written" for g in truth.grants)
        alone = any(not hold.debt for hold in truth.holds)
        if (truth.key, purpose) not in called and not in_doubt and not alone and _lawful_hours(world, lead) >= 40:
            waiting.append(lead)
    return waiting


def _lawful_hours(world: World, lead: int) -> int:
    """Whole hours since the day after the import in which a call was lawful where the person is and may seem to be."""
    listed = world.person_of[lead]
    truth, phone = listed.truth, listed.phones[0]
    seeming = (
        frozenset({state_of_area(phone[2:5])}) if listed.country == "US" and not listed.stated_region else frozenset()
    )
    facts = replace(world.facts, people={truth.key: replace(truth, presumed={phone: truth.regions(phone) | seeming})})
    debts = frozenset(debt.reference for debt in listed.debts)
    found, at = 0, world.imported_at[lead] + DAY
    while at < world.ends_at:
        call = Call(0, world.campaign_of[lead], lead, truth.key, phone, at, at, "no_answer", debts=debts)
        found += lawful_alone(facts, call)
        at += HOUR
    return found


def summary(world: World) -> str:
    """What the month was like: calls by place and purpose, near what edges, and why others were not placed."""
    facts, lines = world.facts, [f"{len(world.person_of)} leads, {len(world.calls)} calls"]
    where = Counter((facts.people[c.person].place.region[:2], facts.campaigns[c.campaign].purpose) for c in world.calls)
    lines += [f"  {region} {purpose}: {count}" for (region, purpose), count in sorted(where.items())]
    zones = Counter(facts.people[call.person].place.zone for call in world.calls)
    lines.append(f"zones: {len(zones)}, the busiest {zones.most_common(12)}")
    lines.append(f"outcomes: {Counter(call.outcome for call in world.calls).most_common()}")
    lines.append(f"on Sundays: {sum(call.started_at.weekday() == 6 for call in world.calls)}")
    lines.append(f"within 5 minutes after midnight UTC: {sum(_after_midnight(call) for call in world.calls)}")
    lines.append(f"within 2 minutes of a full or half hour: {sum(_near_edge(call) for call in world.calls)}")
    lines += [f"  {what}: {count}" for what, count in sorted(world.said.items())]
    return "\n".join(lines)


def _after_midnight(call: Call) -> bool:
    return call.started_at.hour == 0 and call.started_at.minute < 5


def _near_edge(call: Call) -> bool:
    seconds = (call.started_at.minute % 30) * 60 + call.started_at.second
    return seconds <= 120 or seconds >= 1680


def _told(found: list[Violation]) -> str:
    kinds = Counter(breach.rule for breach in found)
    first = {breach.rule: f"{breach.detail}: {breach.call}" for breach in reversed(found)}
    return "\n".join(f"{rule} x {count}, first {first[rule]}" for rule, count in kinds.most_common())


def judge(world: World, calls_at_least: int) -> None:
    """The month was busy, nobody was called against the law, and nobody was forgotten."""
    print(summary(world))
    found = violations(world.facts, world.calls)
    assert not found, _told(found)
    assert len(world.calls) >= calls_at_least
    assert len({world.facts.people[call.person].place.zone for call in world.calls}) >= 10
    forgotten = starved(world)
    assert not forgotten, [(lead, world.person_of[lead]) for lead in forgotten[:5]]


@pytest.fixture(scope="module")
def small_month() -> World:
    return month(seed=7, leads=1000)


def test_no_unlawful_call_in_a_small_month(small_month: World) -> None:
    judge(small_month, 3000)


def _a_call(world: World, country: str, purpose: str) -> Call:
    """A call of the month, in its middle, at a plain place: neither a city nor a state of one's own law."""
    facts = world.facts
    return next(
        call
        for call in world.calls[len(world.calls) // 3 :]
        if facts.people[call.person].place.region[:2] == country
        and facts.campaigns[call.campaign].purpose == purpose
        and call.outcome == "no_answer"
    )


def _repeated(call: Call, times: int, apart: timedelta, **changes: object) -> list[Call]:
    """The call again and again, each on a lead of its own."""
    return [
        replace(
            call,
            key=10**6 + nth,
            lead=10**6 + nth,
            started_at=call.started_at + nth * apart,
            ended_at=call.ended_at + nth * apart,
            **changes,  # type: ignore[arg-type]
        )
        for nth in range(1, times + 1)
    ]


def _at_three_in_the_night(world: World) -> list[Call]:
    call = _a_call(world, "US", "sales")
    local = call.started_at.astimezone(ZoneInfo(world.facts.people[call.person].place.zone))
    return _repeated(call, 1, local.replace(hour=3) - local)


def _eight_times(world: World) -> list[Call]:
    return _repeated(_a_call(world, "US", "collections"), 8, timedelta(minutes=2))


def _after_a_talk(world: World) -> list[Call]:
    talk, again = _repeated(_a_call(world, "US", "collections"), 2, timedelta(minutes=5))
    return [replace(talk, outcome="handled", conversation=True), again]


def _after_silence(world: World) -> list[Call]:
    silent, again = _repeated(_a_call(world, "GB", "sales"), 2, 60 * HOUR)
    return [replace(silent, outcome="abandoned"), again]


def _while_it_rings(world: World) -> list[Call]:
    return _repeated(_a_call(world, "AU", "collections"), 1, timedelta(seconds=1))


def _five_times_in_france(world: World) -> list[Call]:
    return _repeated(_a_call(world, "FR", "sales"), 5, timedelta(minutes=2))


def _four_times_in_australia(world: World) -> list[Call]:
    return _repeated(_a_call(world, "AU", "collections"), 4, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("rule", "added"),
    [
        ("hours", _at_three_in_the_night),
        ("seven_in_seven", _eight_times),
        ("after_conversation", _after_a_talk),
        ("after_abandoned", _after_silence),
        ("two_at_once", _while_it_rings),
        ("france_four", _five_times_in_france),
        ("three_a_week", _four_times_in_australia),
    ],
)
def test_an_unlawful_call_among_thousands_is_found(
    small_month: World, rule: str, added: Callable[[World], list[Call]]
) -> None:
    calls = added(small_month)
    keys = {call.key for call in calls}
    found = violations(small_month.facts, [*small_month.calls, *calls])
    assert any(breach.rule == rule and breach.call.key in keys for breach in found)


def test_facts_that_come_to_light_make_calls_unlawful(small_month: World) -> None:
    call, owed = _a_call(small_month, "FR", "sales"), _a_call(small_month, "US", "collections")
    people = small_month.facts.people
    changed = {
        call.person: replace(people[call.person], grants=[]),
        owed.person: replace(people[owed.person], holds=[Hold(owed.started_at)]),
    }
    barred = {call.phone: call.started_at}
    found = violations(replace(small_month.facts, people={**people, **changed}, barred=barred), small_month.calls)
    assert {("consent", call.key), ("hold", owed.key), ("dnc", call.key)} <= {(b.rule, b.call.key) for b in found}


@pytest.mark.soak
def test_no_unlawful_call_in_a_month_of_20_000_leads() -> None:
    """Some lines of lists are people whom they have already, or who may not be loaded, so a few more are made."""
    world = month(seed=1, leads=21_200)
    assert len(world.person_of) >= 20_000
    judge(world, 40_000)


@pytest.mark.parametrize("seed", [3])
def test_the_same_seed_gives_the_same_month(seed: int) -> None:
    first, second = (month(seed, 200, days=4) for _ in range(2))
    assert first.calls == second.calls
    assert first.said == second.said
