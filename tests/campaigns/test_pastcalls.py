"""The past calls that caps count, against a plain recount over all that is in the tables."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from campaigns.model import Outcome
from campaigns.pastcalls import PastCalls, as_counted
from campaigns.rules.model import PastCall, Place, Purpose
from campaigns.store import Store
from tests.campaigns.collections.office import NOW, Office

SINCE = NOW - timedelta(days=30)


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def calls(office: Office, lead: int, since: datetime = SINCE) -> tuple[PastCall, ...]:
    return PastCalls(office.store.database).of([lead], since).get(lead, ())


def only(office: Office, lead: int = 1) -> PastCall:
    (call,) = calls(office, lead)
    return call


def history(office: Office, lead: int, phone: str, at: datetime, debt_id: int | None, conversation: int = 0) -> None:
    office.store.database.execute(
        "INSERT INTO past_calls (lead_id, debt_id, phone, at, outcome, contact, conversation, source)"
        " VALUES (?, ?, ?, ?, 'machine', 0, ?, 'x')",
        (lead, debt_id, phone, at.timestamp(), conversation),
    )


def test_calls_to_the_persons_other_leads_and_campaigns_count(office: Office) -> None:
    office.store.create_campaign("spring", "telesales", "predictive", subject="heating")
    office.add_leads("spring", ("2125550107", "P1"))
    office.attempt(1, 3, NOW)
    office.attempt(2, 5, NOW + timedelta(hours=1))
    office.attempt(3, 2, NOW)
    found = calls(office, 1)
    assert [(call.phone, call.subject, call.purpose) for call in found] == [
        ("+12125550103", "campaign 1", Purpose.COLLECTIONS),
        ("+12125550107", "heating", Purpose.SALES),
    ]
    assert [call.phone for call in calls(office, 4)] == []


def test_calls_to_the_number_count_whoever_was_called(office: Office) -> None:
    office.store.create_campaign("spring", "telesales", "predictive")
    office.add_leads("spring", ("2125550103", "P8"))
    office.attempt(1, 5, NOW)
    assert [call.campaign_id for call in calls(office, 1)] == [2]
    assert [call.campaign_id for call in calls(office, 2)] == []


def test_calls_before_the_instant_do_not(office: Office) -> None:
    office.attempt(1, 1, NOW)
    assert len(calls(office, 1, NOW)) == 1
    assert calls(office, 1, NOW + timedelta(seconds=1)) == ()


@pytest.mark.parametrize(
    ("outcome", "status", "connected", "said", "contact", "conversation"),
    [
        ("no_answer", "NA", False, "no_answer", False, False),
        ("busy", "AB", False, "busy", False, False),
        ("rejected", "AB", False, "no_answer", False, False),
        ("invalid_number", "ADC", False, "invalid", False, False),
        ("congestion", "ADCT", False, "unconnected", False, False),
        ("blocked", "ADCT", False, "unconnected", False, False),
        ("unwanted", "DNCC", False, "refusal", True, False),
        ("abandoned", "DROP", False, "abandoned", True, False),
        ("handled", "A", True, "machine", False, False),
        ("handled", "DC", True, "invalid", False, False),
        ("handled", "B", True, "busy", False, False),
        ("handled", "PTP", True, "answered", True, True),
        ("handled", "NI", True, "refusal", True, True),
        ("handled", "DNC", True, "refusal", True, True),
        ("handled", "WPC", True, "answered", True, False),
        ("handled", "DISMX", True, "answered", True, True),
        ("lost", "ERI", True, "answered", True, True),
        ("lost", "ERI", False, "no_answer", False, False),
        (None, None, False, "no_answer", False, False),
        (None, None, True, "answered", True, True),
    ],
)
def test_what_came_of_a_call(
    office: Office,
    outcome: str | None,
    status: str | None,
    connected: bool,
    said: str,
    contact: bool,
    conversation: bool,
) -> None:
    office.attempt(1, 1, NOW, outcome=outcome, status=status, connected=connected)
    found = only(office)
    assert (found.outcome, found.contact, found.conversation) == (said, contact, conversation)
    if outcome is not None and status is not None and said != "unconnected" and outcome != "lost":
        foretold = as_counted(Outcome(outcome), status, NOW)
        assert (foretold.outcome, foretold.contact, foretold.conversation) == (said, contact, conversation)


def test_a_machine_that_was_left_a_message(office: Office) -> None:
    office.attempt(1, 1, NOW, outcome="handled", status="AL")
    assert only(office).outcome == "message"


def test_a_call_that_rang_reached_the_number(office: Office) -> None:
    office.attempt(1, 1, NOW, outcome="failed", status="ERI")
    office.store.database.execute("UPDATE attempts SET ringing_at = started_at + 2")
    assert only(office).outcome == "no_answer"


@pytest.mark.parametrize(
    ("label", "place"), [("phone", None), ("work_phone", Place.WORK), ("home_phone", Place.HOME), ("mobile", None)]
)
def test_where_a_number_rings(office: Office, label: str, place: Place | None) -> None:
    office.store.database.execute("UPDATE lead_phones SET label = ? WHERE lead_id = 1", (label,))
    office.attempt(1, 1, NOW)
    assert only(office).place is place


def test_a_persons_debt_in_two_campaigns_is_one(office: Office) -> None:
    first, alone = office.owe("A1", "5"), office.owe("A2", "5")
    office.campaign = office.store.create_campaign("later", "collections", "predictive")
    office.add_leads("later", ("2125550105", "P1"))
    second = office.owe("A1", "5", lead=5)
    office.attempt(1, 1, NOW, debts=[first.debt_id])
    office.attempt(2, 5, NOW, debts=[second.debt_id])
    office.attempt(3, 1, NOW, debts=[alone.debt_id])
    both = frozenset({first.debt_id, second.debt_id})
    assert sorted(sorted(call.debts) for call in calls(office, 5)) == sorted(
        [sorted(both), sorted(both), [alone.debt_id]]
    )


def test_a_history_row_for_each_debt_is_one_call(office: Office) -> None:
    one, other = office.owe("A1", "5"), office.owe("A2", "5")
    history(office, 1, "+12125550101", NOW, one.debt_id)
    history(office, 1, "+12125550101", NOW, other.debt_id, conversation=1)
    assert only(office) == PastCall(
        NOW,
        "+12125550101",
        "machine",
        conversation=True,
        debts=frozenset({one.debt_id, other.debt_id}),
        subject="campaign 1",
        campaign_id=1,
        purpose=Purpose.COLLECTIONS,
    )


def test_a_history_without_a_debt_may_have_been_about_any(office: Office) -> None:
    history(office, 1, "+12125550101", NOW, office.owe("A1", "5").debt_id)
    history(office, 1, "+12125550101", NOW, None)
    assert only(office, 3).debts == frozenset()


def _recount(office: Office, lead: int, since: datetime) -> list[tuple[float, str, frozenset[int]]]:
    """All calls that concern a lead, by a walk through whole tables."""
    rows = office.store.database.rows
    people = dict(rows("SELECT id, person FROM leads"))
    mine = {each for each, person in people.items() if each == lead or (person and person == people[lead])}
    numbers = {e164 for owner, e164 in rows("SELECT lead_id, e164 FROM lead_phones") if owner in mine}
    linked: dict[int, set[int]] = {}
    for debt_id, attempt_id in rows("SELECT debt_id, attempt_id FROM attempt_debts"):
        linked.setdefault(attempt_id, set()).add(debt_id)
    found = [
        (at, phone, frozenset(linked.get(attempt_id, ())))
        for attempt_id, owner, phone, at in rows("SELECT id, lead_id, phone, started_at FROM attempts")
        if at >= since.timestamp() and (owner in mine or phone in numbers)
    ]
    told: dict[tuple[int, str, float], list[int | None]] = {}
    for owner, phone, at, debt_id in rows("SELECT lead_id, phone, at, debt_id FROM past_calls"):
        if at >= since.timestamp() and (owner in mine or phone in numbers):
            told.setdefault((owner, phone, at), []).append(debt_id)
    for (_, phone, at), debts in told.items():
        known = frozenset(debt for debt in debts if debt is not None)
        found.append((at, phone, frozenset() if None in debts else known))
    return sorted(found, key=lambda each: (each[0], each[1], sorted(each[2])))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_as_a_plain_recount(store: Store, seed: int) -> None:
    random = Random(seed)
    office = Office(store)
    store.create_campaign("spring", "telesales", "predictive")
    shared = [f"21255501{n:02d}" for n in range(10, 22)]
    for n, phone in enumerate(random.sample(shared, 8)):
        office.add_leads("arrears", (phone, random.choice(["", "P1", "P2", f"Q{n % 3}"])))
    for n, phone in enumerate(random.sample(shared, 8)):
        office.add_leads("spring", (phone, random.choice(["", "P1", f"Q{n % 3}"])))
    leads = [lead_id for (lead_id,) in store.database.rows("SELECT id FROM leads")]
    debts = [office.owe(f"D{n}", "50", lead=random.choice([1, 2, 3, 4])).debt_id for n in range(5)]
    for attempt_id in range(1, 60):
        about = random.sample(debts, random.choice([0, 0, 1, 2]))
        at = NOW - timedelta(hours=random.randrange(0, 1000))
        office.attempt(attempt_id, random.choice(leads), at, debts=about)
    phones = [e164 for (e164,) in store.database.rows("SELECT DISTINCT e164 FROM lead_phones ORDER BY e164")]
    for _ in range(60):
        at = NOW - timedelta(hours=random.randrange(0, 1000))
        history(office, random.choice(leads), random.choice(phones), at, random.choice([None, *debts]))
    found = PastCalls(store.database).of(leads, SINCE)
    for lead in leads:
        told = [(call.at.timestamp(), call.phone, call.debts) for call in found.get(lead, ())]
        assert sorted(told, key=lambda each: (each[0], each[1], sorted(each[2]))) == _recount(office, lead, SINCE)
    assert all(call.at.tzinfo is UTC for group in found.values() for call in group)
    assert all(list(group) == sorted(group, key=lambda call: call.at) for group in found.values())
