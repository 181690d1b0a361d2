"""A seeded month of telesales and collections in more than ten zones, in which the checker finds no unlawful call.

From 15 October to 14 November 2026: clocks change in Europe on 25 October and in North America on 1 November, and there
are Sundays, All Saints', Election Day and Veterans Day. Run this file with `-s` to read what happened.
"""

from collections import Counter
from dataclasses import replace

import pytest

from campaigns.store import Store
from tests.law.checker import Call, Violation, lawful_alone, violations
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

    Left out: people on a register without consent in writing, whom a dialer that knows no better leaves alone.
    """
    campaigns = world.facts.campaigns
    called = {(call.person, campaigns[call.campaign].purpose) for call in world.calls}
    waiting = []
    for lead, listed in world.person_of.items():
        truth, purpose = listed.truth, campaigns[world.campaign_of[lead]].purpose
        in_doubt = listed.registered and purpose == "sales" and not any(g.ground == "written" for g in truth.grants)
        if (truth.key, purpose) not in called and not in_doubt and _lawful_hours(world, lead) >= 40:
            waiting.append(lead)
    return waiting


def _lawful_hours(world: World, lead: int) -> int:
    """Whole hours since the day after the import in which a call was lawful where the person is and may seem to be."""
    listed = world.person_of[lead]
    truth, phone = listed.truth, listed.phones[0]
    seeming = (
        frozenset({state_of_area(phone[2:5])}) if listed.country == "US" and not listed.stated_region else frozenset()
    )
    facts = replace(world.facts, people={truth.key: replace(truth, presumed=truth.presumed | seeming)})
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


def test_no_unlawful_call_in_a_small_month() -> None:
    judge(month(seed=7, leads=1000), 3000)


@pytest.mark.soak
def test_no_unlawful_call_in_a_month_of_20_000_leads() -> None:
    judge(month(seed=1, leads=20_000), 40_000)


@pytest.mark.parametrize("seed", [3])
def test_the_same_seed_gives_the_same_month(seed: int) -> None:
    first, second = (month(seed, 200, days=4) for _ in range(2))
    assert first.calls == second.calls
    assert first.said == second.said
