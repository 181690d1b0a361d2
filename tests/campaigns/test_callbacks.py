"""Callbacks in the store: whose they are, when they fall to anyone, and that the law puts them off."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from campaigns.callbacks import Callback, CallbackState, UnknownCallback
from campaigns.database import StoreError
from campaigns.importing import import_leads
from campaigns.model import Allowed, Blocked, CallbackAsked, Candidate, Outcome
from tests.campaigns.desk import Desk

HOUR = timedelta(hours=1)


def allow(candidates: Sequence[Candidate]) -> list[Allowed | Blocked]:
    return [Allowed()] * len(candidates)


@pytest.fixture
def lead(desk: Desk, now: datetime) -> Candidate:
    desk.load("phone\n2125550101\n")
    return desk.one(now)


def make(
    desk: Desk, lead: Candidate, now: datetime, at: datetime, agent: str = "", wait: timedelta | None = None
) -> int:
    falls_at = None if wait is None else at + wait
    asked = CallbackAsked(at, "America/New_York", agent, "after work")
    return desk.store.callbacks.make(lead.lead_id, asked, falls_at=falls_at, made_by="anna", made_at=now)


def due(desk: Desk, at: datetime, *agents: str, exclude: Sequence[int] = ()) -> list[tuple[int, str]]:
    found = desk.store.callbacks.due(desk.campaign.campaign_id, at, agents, exclude, allow)
    return [(each.lead_id, each.owner) for each in found]


def only(desk: Desk) -> Callback:
    (found,) = desk.store.callbacks.listing(desk.campaign.campaign_id, all_states=True)
    return found


def test_a_lead_with_a_callback_is_no_lead_of_the_hopper(desk: Desk, lead: Candidate, now: datetime) -> None:
    make(desk, lead, now, now + HOUR)
    assert desk.refill(now + 2 * HOUR) == []
    assert desk.store.lead("spring", lead.lead_id)["status"] == "CBHOLD"
    assert due(desk, now) == []
    assert due(desk, now + HOUR) == [(lead.lead_id, "")]
    assert due(desk, now + HOUR, exclude=[lead.lead_id]) == []


def test_an_agents_callback_falls_to_anyone_after_its_wait(desk: Desk, lead: Candidate, now: datetime) -> None:
    make(desk, lead, now, now + HOUR, agent="anna", wait=timedelta(minutes=15))
    assert due(desk, now + HOUR) == []
    assert due(desk, now + HOUR, "bert") == []
    assert due(desk, now + HOUR, "anna", "bert") == [(lead.lead_id, "anna")]
    assert due(desk, now + HOUR + timedelta(minutes=14), "bert") == []
    assert due(desk, now + HOUR + timedelta(minutes=15), "bert") == [(lead.lead_id, "")]


def test_a_second_callback_takes_the_place_of_the_first(desk: Desk, lead: Candidate, now: datetime) -> None:
    first = make(desk, lead, now, now + HOUR)
    make(desk, lead, now, now + 2 * HOUR)
    assert desk.store.callbacks.get(first).state is CallbackState.CANCELLED
    assert due(desk, now + HOUR) == []


@pytest.mark.parametrize(
    ("outcome", "status", "state"),
    [
        (Outcome.HANDLED, "SALE", CallbackState.DONE),
        (Outcome.HANDLED, "A", CallbackState.MISSED),
        (Outcome.NO_ANSWER, "NA", CallbackState.MISSED),
    ],
)
def test_what_came_of_the_call_is_what_came_of_the_callback(
    desk: Desk, lead: Candidate, now: datetime, outcome: Outcome, status: str, state: CallbackState
) -> None:
    make(desk, lead, now, now + HOUR)
    (candidate,) = desk.store.due_callbacks(desk.campaign.campaign_id, now + HOUR, ())
    attempt_id = desk.reserve(candidate, now + HOUR)
    assert only(desk).state is CallbackState.DIALED
    desk.close(attempt_id, candidate, outcome, now + HOUR, status)
    assert only(desk).state is state


def test_a_lead_that_was_missed_is_tried_again_by_the_rules(desk: Desk, lead: Candidate, now: datetime) -> None:
    make(desk, lead, now, now + HOUR)
    (candidate,) = desk.store.due_callbacks(desk.campaign.campaign_id, now + HOUR, ())
    desk.close(desk.reserve(candidate, now + HOUR), candidate, Outcome.NO_ANSWER, now + HOUR)
    assert [each.lead_id for each in desk.refill(now + 3 * HOUR)] == [lead.lead_id]


def test_a_blocked_callback_is_put_off_with_its_wait(desk: Desk, lead: Candidate, now: datetime) -> None:
    make(desk, lead, now, now + HOUR, agent="anna", wait=HOUR)
    until = now + 5 * HOUR
    blocked = Blocked("rule:us.sales.hours", "closed", until)
    found = desk.store.callbacks.due(desk.campaign.campaign_id, now + HOUR, ["anna"], (), lambda leads: [blocked])
    assert found == []
    assert (only(desk).at, only(desk).falls_at) == (until, until + HOUR)
    held = desk.store.database.value("SELECT held_by FROM leads WHERE id = ?", (lead.lead_id,))
    assert held == "rule:us.sales.hours"


def test_a_callback_is_moved_and_called_off(desk: Desk, lead: Candidate, now: datetime) -> None:
    callback_id = make(desk, lead, now, now + HOUR, agent="anna", wait=HOUR)
    moved = desk.store.callbacks.move(callback_id, now + 3 * HOUR, agent="bert")
    assert (moved.at, moved.agent, moved.falls_at) == (now + 3 * HOUR, "bert", now + 4 * HOUR)
    assert desk.store.callbacks.move(callback_id, now + 3 * HOUR, agent="").falls_at is None
    desk.store.callbacks.cancel(callback_id)
    assert [each.lead_id for each in desk.refill(now + 4 * HOUR)] == [lead.lead_id]
    with pytest.raises(UnknownCallback, match="is cancelled"):
        desk.store.callbacks.cancel(callback_id)
    with pytest.raises(UnknownCallback, match="no callback 77"):
        desk.store.callbacks.get(77)


def test_no_callback_outside_the_window_nor_in_the_past(desk: Desk, lead: Candidate, now: datetime) -> None:
    night = CallbackAsked(now.replace(hour=8))  # 04:00 in New York, tomorrow
    with pytest.raises(StoreError, match=r"may not be called then.*13:00"):
        desk.store.make_callback("spring", lead.lead_id, replace_day(night, 1), "manager", now)
    with pytest.raises(StoreError, match="within the next year"):
        desk.store.make_callback("spring", lead.lead_id, CallbackAsked(now - HOUR), "manager", now)
    made = desk.store.make_callback("spring", lead.lead_id, CallbackAsked(now + HOUR, agent="anna"), "manager", now)
    assert desk.store.callbacks.get(made).falls_at == now + HOUR + timedelta(seconds=900)


def replace_day(asked: CallbackAsked, days: int) -> CallbackAsked:
    return CallbackAsked(asked.at + timedelta(days=days))


def test_no_callback_for_a_lead_in_a_call(desk: Desk, lead: Candidate, now: datetime) -> None:
    desk.reserve(lead, now)
    with pytest.raises(StoreError, match="is being called"):
        make(desk, lead, now, now + HOUR)


def test_a_callback_of_somebody_who_was_barred_since_is_off(desk: Desk, lead: Candidate, now: datetime) -> None:
    make(desk, lead, now, now + HOUR)
    desk.store.add_dnc(lead.phone.e164, "agent", now)
    assert due(desk, now + HOUR) == []
    assert only(desk).state is CallbackState.CANCELLED


def test_a_callback_waits_while_another_lead_has_the_number(desk: Desk, lead: Candidate, now: datetime) -> None:
    other = desk.store.create_campaign("autumn", "telesales", "power")
    import_leads(desk.store, "autumn", io.StringIO("phone\n2125550101\n"))
    make(desk, lead, now, now + HOUR)
    (twin,) = desk.store.refill(other.campaign_id, 5, now + HOUR).leads
    with desk.store.transaction():
        phone = twin.phone
        reserved = (91, other.campaign_id, twin.lead_id, phone.phone_id, phone.e164, "t1", "", now + HOUR)
        assert desk.store.reserve_attempt(*reserved) is None
    assert due(desk, now + HOUR) == []
    assert only(desk).at > now + HOUR
