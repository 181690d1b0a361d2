import random
from datetime import datetime, timedelta

import pytest

from campaigns.counts import ReasonCount
from campaigns.model import Blocked, CallbackAsked, Outcome
from tests.campaigns.desk import Desk
from tests.campaigns.test_hopper_lists import judged, numbers, set_


def reasons(desk: Desk, now: datetime) -> list[ReasonCount]:
    found = desk.store.hopper_reasons("spring", now)
    total = desk.store.database.value("SELECT COUNT(*) FROM leads WHERE campaign_id = 1")
    assert sum(each.leads for each in found) == total
    assert all(each.leads > 0 for each in found)
    return found


def counts(desk: Desk, now: datetime) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in reasons(desk, now):
        found[each.reason] = found.get(each.reason, 0) + each.leads
    return found


def only(desk: Desk, now: datetime, reason: str) -> ReasonCount:
    (found,) = [each for each in reasons(desk, now) if each.reason == reason]
    return found


@pytest.fixture
def spring(desk: Desk) -> Desk:
    desk.load(numbers("212", 8), list_name="a")
    return desk


def test_a_campaign_without_leads_has_no_reasons(desk: Desk, now: datetime) -> None:
    assert reasons(desk, now) == []


def test_ready_in_flight_waiting_and_ended(spring: Desk, now: datetime) -> None:
    assert counts(spring, now) == {"ready": 8}
    first, second, third, fourth, *_ = spring.refill(now)
    spring.reserve(first, now)
    spring.call(second, Outcome.BUSY, now)
    spring.call(third, Outcome.NO_ANSWER, now)
    spring.call(fourth, Outcome.HANDLED, now, "NI")
    assert counts(spring, now) == {"ready": 4, "in_flight": 1, "waiting": 2, "ended": 1}
    assert only(spring, now, "waiting").until == now + timedelta(minutes=5)
    assert only(spring, now, "ended").detail == "NI: Not interested"
    assert counts(spring, now + timedelta(minutes=6)) == {"ready": 5, "in_flight": 1, "waiting": 1, "ended": 1}


def test_closed_hours_say_where_and_until_when(spring: Desk, now: datetime) -> None:
    spring.load("phone,timezone\n2135550101,\n8085550101,\n8005550101,\n", list_name="a")
    assert counts(spring, now) == {"ready": 8, "closed_hours": 2, "no_timezone": 1}
    closed = [each for each in reasons(spring, now) if each.reason == "closed_hours"]
    assert [(each.until, each.detail) for each in closed] == [
        (now.replace(hour=16), "closed now: America/Los_Angeles"),
        (now.replace(hour=19), "closed now: Pacific/Honolulu"),
    ]


def test_lists_that_are_off_full_or_filtered(spring: Desk, now: datetime) -> None:
    spring.load(numbers("646", 4), list_name="b")
    spring.load("phone,state\n9175550101,FL\n9175550102,GA\n9175550103,GA\n", list_name="c")
    set_(spring, "a", active="no")
    set_(spring, "b", quota=1)
    set_(spring, "c", condition='state == "FL"')
    spring.call(next(lead for lead in spring.refill(now) if 8 < lead.lead_id <= 12), Outcome.HANDLED, now, "SALE")
    assert counts(spring, now) == {"list_inactive": 8, "list_quota": 3, "list_filter": 2, "ready": 1, "ended": 1}
    assert only(spring, now, "list_quota").detail == "list 'b' has 1 successes of a quota of 1"
    assert "state == " in only(spring, now, "list_filter").detail


def test_what_was_put_off_is_counted_by_its_reason(spring: Desk, now: datetime) -> None:
    until = now + timedelta(hours=2)
    blocked = {
        1: Blocked("rule:x", "", until),
        2: Blocked("rule:x", "", until + timedelta(hours=1)),
        3: Blocked("dnc", ""),
    }
    judged(spring, now, 100, blocked)
    spring.call(spring.refill(now)[0], Outcome.FAILED, now)
    assert counts(spring, now) == {"ready": 4, "rule:x": 2, "dnc": 1, "waiting": 1}
    assert only(spring, now, "rule:x").until == until
    assert only(spring, now, "waiting").until == now + timedelta(minutes=30)
    set_(spring, "a", condition="attempts > 0")
    assert counts(spring, now) == {"list_filter": 7, "waiting": 1}


def test_leads_that_wait_for_a_callback(spring: Desk, now: datetime) -> None:
    at = now + timedelta(hours=1)
    spring.store.callbacks.make(
        1, CallbackAsked(at, "America/New_York", "", ""), falls_at=None, made_by="anna", made_at=now
    )
    set_(spring, "a", condition="attempts > 5")
    assert counts(spring, now) == {"callback": 1, "list_filter": 7}
    assert only(spring, now, "callback").until == at


def test_the_counts_add_up_whatever_happens_and_ready_is_what_a_refill_finds(desk: Desk, now: datetime) -> None:
    chance, at = random.Random(11), now
    for name in "abc":
        codes = ("212", "312", "213", "800")
        rows = "".join(
            f"{chance.choice(codes)}55{'abc'.index(name)}{i:04},{chance.choice(('FL', 'GA'))}\n" for i in range(60)
        )
        desk.load("phone,state\n" + rows, list_name=name)
    set_(desk, "b", condition='state == "FL"')
    for _ in range(60):
        leads = desk.refill(at, 500)
        assert counts(desk, at).get("ready", 0) == len(leads)
        for lead in leads[: chance.randrange(12)]:
            outcome = chance.choice((Outcome.BUSY, Outcome.HANDLED, Outcome.NO_ANSWER, Outcome.INVALID_NUMBER))
            desk.call(lead, outcome, at, "SALE" if outcome is Outcome.HANDLED else None)
        blocked = {
            lead.lead_id: Blocked("cap:x", "", at + timedelta(hours=5)) for lead in leads if chance.random() < 0.1
        }
        judged(desk, at, 30, blocked)
        if chance.random() < 0.2:
            set_(desk, "c", active=chance.choice(("yes", "no")), quota=chance.choice(("none", "3")))
        at += timedelta(seconds=chance.choice((20, 1000, 9000)))
