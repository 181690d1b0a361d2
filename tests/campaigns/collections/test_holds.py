from datetime import timedelta

import pytest

from campaigns.collections.holds import HoldKind
from campaigns.database import StoreError
from tests.campaigns.collections.office import NOW, Office

LATER = NOW + timedelta(days=10)


def test_a_dispute_stops_calls_about_its_debt_alone(office: Office) -> None:
    one, other = office.owe("A1", "10"), office.owe("A2", "20")
    hold = office.holds.place(1, HoldKind.DISPUTE, NOW, "letter", debt_id=one.debt_id)
    assert office.callable().debts == (other.debt_id,)
    assert (office.debt("A1").state, office.debt("A2").state) == ("disputed", "open")
    assert office.holds.lift(hold, LATER, "verified") == (1, 3)
    assert office.callable().debts == (one.debt_id, other.debt_id)
    assert office.debt("A1").state == "open"


@pytest.mark.parametrize("kind", [HoldKind.CEASE, HoldKind.ATTORNEY, HoldKind.BANKRUPTCY])
def test_a_cease_request_stops_all_calls_to_the_person_in_every_campaign(office: Office, kind: HoldKind) -> None:
    office.owe("A1", "10")
    office.store.create_campaign("later", "collections", "predictive")
    office.add_leads("later", ("2125550105", "P1"))
    hold = office.holds.place(3, kind, NOW, "letter")
    refusals = [office.callable(lead).refusal for lead in (1, 3, 5)]
    assert [(refusal.reason, refusal.until) for refusal in refusals if refusal] == [("hold", None)] * 3
    assert office.debt("A1").state == "ceased"
    assert office.callable(2).refusal != refusals[0]
    office.holds.lift(hold, LATER, "withdrawn")
    assert office.callable().refusal is None and office.debt("A1").state == "open"


def test_bereavement_passes(office: Office) -> None:
    debt = office.owe("A1", "10")
    office.holds.place(1, HoldKind.BEREAVEMENT, NOW, "call", until=LATER)
    refusal = office.callable().refusal
    assert refusal is not None and refusal.until == LATER
    assert office.debt("A1").state == "open"
    assert office.callable(at=LATER).debts == (debt.debt_id,)


def test_of_two_holds_the_longer_counts_and_the_other_stays_when_one_is_lifted(office: Office) -> None:
    debt = office.owe("A1", "10")
    office.holds.place(1, HoldKind.OTHER, NOW, "x", until=LATER)
    cease = office.holds.place(1, HoldKind.CEASE, NOW, "x")
    office.holds.place(1, HoldKind.DISPUTE, NOW, "x", debt_id=debt.debt_id)
    refusal = office.callable().refusal
    assert refusal is not None and refusal.detail.startswith("cease") and refusal.until is None
    office.holds.lift(cease, NOW, "withdrawn")
    assert office.debt("A1").state == "disputed"
    assert office.callable(at=LATER).refusal is not None


def test_the_same_hold_is_placed_once(office: Office) -> None:
    first = office.holds.place(1, HoldKind.CEASE, NOW, "call")
    assert office.holds.place(1, HoldKind.CEASE, LATER, "letter") == first
    office.holds.lift(first, LATER, "withdrawn")
    assert office.holds.place(1, HoldKind.CEASE, LATER, "letter") != first


def test_what_cannot_be_placed_or_lifted(office: Office) -> None:
    with pytest.raises(StoreError, match="name the debt"):
        office.holds.place(1, HoldKind.DISPUTE, NOW, "x")
    with pytest.raises(StoreError, match="lift it when it is over"):
        office.holds.place(1, HoldKind.CEASE, NOW, "x", until=LATER)
    with pytest.raises(StoreError, match="is not after"):
        office.holds.place(1, HoldKind.OTHER, NOW, "x", until=NOW)
    with pytest.raises(StoreError, match="no hold 9"):
        office.holds.lift(9, NOW, "because")
    hold = office.holds.place(1, HoldKind.CEASE, NOW, "x")
    with pytest.raises(StoreError, match="say why"):
        office.holds.lift(hold, NOW, " ")
    office.holds.lift(hold, NOW, "because")
    with pytest.raises(StoreError, match="was lifted at 2026-06-01"):
        office.holds.lift(hold, NOW, "because")


def test_a_dispute_in_another_campaign_is_about_the_same_debt(office: Office) -> None:
    office.owe("A1", "10")
    later = office.store.create_campaign("later", "collections", "predictive")
    office.add_leads("later", ("2125550105", "P1"))
    office.campaign = later
    same = office.owe("A1", "10", lead=5)
    office.holds.place(5, HoldKind.DISPUTE, NOW, "x", debt_id=same.debt_id)
    assert [office.callable(lead).debts for lead in (1, 5)] == [(), ()]


def test_a_debt_that_comes_while_its_person_is_held_is_ceased(office: Office) -> None:
    office.holds.place(1, HoldKind.CEASE, NOW, "x")
    assert office.owe("A1", "10").state == "ceased"
    assert office.owe("A2", "10", lead=2).state == "open"


def test_an_agents_dispute_is_about_the_debts_of_the_call(office: Office) -> None:
    one, other = office.owe("A1", "10"), office.owe("A2", "10")
    office.attempt(1, 1, NOW, debts=[one.debt_id])
    assert len(office.holds.dispute_from_call(1, NOW, "agent anna")) == 1
    assert office.callable().debts == (other.debt_id,)
    with pytest.raises(StoreError, match="no attempt 99"):
        office.holds.dispute_from_call(99, NOW, "agent anna")


def test_a_dispute_of_nobody_knows_which_debt_stops_all_calls(office: Office) -> None:
    office.attempt(1, 4, NOW)
    office.holds.dispute_from_call(1, NOW, "agent anna")
    refusal = office.callable(4).refusal
    assert refusal is not None and (refusal.reason, refusal.until) == ("hold", None)


def test_the_list(office: Office) -> None:
    debt = office.owe("A1", "10")
    hold = office.holds.place(1, HoldKind.DISPUTE, NOW, "letter", debt_id=debt.debt_id)
    office.holds.place(2, HoldKind.OTHER, NOW, "x", until=LATER)
    campaign_id = office.campaign.campaign_id
    assert [(row["lead_id"], row["person"], row["debt"]) for row in office.holds.listing(campaign_id, NOW)] == [
        (1, "P1", "A1"),
        (2, "P2", None),
    ]
    office.holds.lift(hold, LATER, "verified")
    assert office.holds.listing(campaign_id, LATER) == []
    lifted = office.holds.listing(campaign_id, LATER, lifted=True)
    assert [row["lifted_because"] for row in lifted] == ["verified", ""]
