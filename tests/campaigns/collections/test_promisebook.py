from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.callbacks import CallbackState
from campaigns.collections.money import Money, parsed, zero
from campaigns.collections.payments import Payment
from campaigns.collections.promises import NextStep
from campaigns.database import StoreError
from campaigns.model import Allowed, CallbackAsked
from campaigns.store import Store
from tests.campaigns.collections.office import NOW, SETTINGS, TODAY, ZONE, Office, usd


def day(n: int) -> date:
    return TODAY + timedelta(days=n)


def next_at(office: Office, lead: int = 1) -> int | None:
    found: int | None = office.store.database.value("SELECT next_at FROM leads WHERE id = ?", (lead,))
    return found


def call_is_over(office: Office, status: str = "PTP") -> None:
    """The lead as an agent's promise leaves it: nothing is due."""
    office.store.database.execute("UPDATE leads SET status = ?, next_at = NULL WHERE id = 1", (status,))


@pytest.fixture
def promised(office: Office) -> Office:
    office.owe("A1", "100")
    office.promise("A1", ("100", day(5)))
    call_is_over(office)
    return office


class TestSettling:
    def test_kept_in_time(self, promised: Office) -> None:
        promised.pay("A1", "100", day(8))
        (settled,) = promised.settle(8)
        assert (settled.state, settled.follow_up.step, settled.scheduled) == ("kept", NextStep.NONE, None)
        assert next_at(promised) is None
        assert promised.settle(30) == []

    def test_broken_is_called_the_day_after_its_grace(self, promised: Office) -> None:
        assert promised.settle(8) == []
        (settled,) = promised.settle(9)
        assert (settled.state, settled.follow_up.urgent) == ("broken", True)
        assert settled.scheduled == NOW + timedelta(days=9)
        assert next_at(promised) == settled.scheduled.timestamp()
        assert promised.rank(1) == 15 + 8

    def test_partial_is_called_after_its_days(self, promised: Office) -> None:
        promised.pay("A1", "60", day(5))
        (settled,) = promised.settle(9)
        assert (settled.state, settled.covered) == ("partial", usd("60"))
        assert settled.scheduled == (NOW + timedelta(days=10)).replace(hour=0)

    def test_a_late_file_makes_a_broken_promise_a_kept_one(self, promised: Office) -> None:
        promised.settle(9)
        booked = promised.pay("A1", "100", day(4))
        (settled,) = promised.book.settle_debts(booked.debt_ids, NOW + timedelta(days=12), SETTINGS, ZONE)
        assert settled.state == "kept" and promised.states() == ["kept"]

    def test_a_paid_debt_is_not_called_about(self, promised: Office) -> None:
        promised.write("A1", "0")
        (settled,) = promised.settle(9)
        assert (settled.state, settled.scheduled) == ("broken", None)

    @pytest.mark.parametrize("status", ["DNC", "DNCL"])
    def test_who_is_not_to_be_called_is_not_scheduled(self, promised: Office, status: str) -> None:
        call_is_over(promised, status)
        (settled,) = promised.settle(9)
        assert settled.scheduled is None and next_at(promised) is None

    def test_a_lead_that_is_being_called_is_left_alone(self, promised: Office) -> None:
        promised.attempt(1, 1, NOW + timedelta(days=9), outcome=None, status=None)
        assert promised.settle(9)[0].scheduled is None

    def test_a_call_that_is_due_sooner_stays(self, promised: Office) -> None:
        promised.store.database.execute("UPDATE leads SET next_at = ? WHERE id = 1", (NOW.timestamp(),))
        assert promised.settle(9)[0].scheduled == NOW + timedelta(days=9)
        assert next_at(promised) == NOW.timestamp()

    @pytest.mark.parametrize("callback_day", [7, 19])
    def test_who_waits_for_an_appointed_call_keeps_it(self, promised: Office, callback_day: int) -> None:
        appointed = NOW + timedelta(days=callback_day)
        asked = CallbackAsked(appointed, "UTC", "anna", "only then, please")
        callback = promised.store.callbacks.make(1, asked, falls_at=None, made_by="anna", made_at=NOW)
        (settled,) = promised.settle(9)
        assert (settled.state, settled.scheduled) == ("broken", max(appointed, NOW + timedelta(days=9)))
        lead = promised.store.lead("arrears", 1)
        assert (lead["status"], next_at(promised)) == ("CBHOLD", appointed.timestamp())
        offered = promised.store.refill(promised.campaign.campaign_id, 9, NOW + timedelta(days=12)).leads
        assert 1 not in [each.lead_id for each in offered]
        assert promised.store.callbacks.get(callback).state is CallbackState.WAITING
        due = promised.store.callbacks.due(
            promised.campaign.campaign_id, appointed, ["anna"], (), lambda leads: [Allowed()] * len(leads)
        )
        assert [(each.lead_id, each.owner) for each in due] == [(1, "anna")]


class TestAdding:
    def test_more_than_is_owed(self, promised: Office) -> None:
        with pytest.raises(StoreError, match=r"101\.00 USD is more than the 100\.00 USD owed on A1 with 100\.00 USD"):
            promised.promise("A1", ("1", day(9)))
        promised.pay("A1", "40", day(1))
        with pytest.raises(StoreError, match=r"with 100\.00 USD promised already"):
            promised.promise("A1", ("1", day(9)))
        promised.promise("A1", ("60", day(9)), replace=True)
        assert promised.states() == ["cancelled", "open"]

    @pytest.mark.parametrize(
        ("amount", "due", "why"), [("0", 1, "above zero"), ("-5", 1, "above zero"), ("5", -1, "2026-05-31 is over")]
    )
    def test_what_is_no_promise(self, office: Office, amount: str, due: int, why: str) -> None:
        office.owe("A1", "100")
        with pytest.raises(StoreError, match=why):
            office.promise("A1", (amount, day(due)))
        assert office.states() == []

    def test_another_currency_or_a_settled_debt(self, office: Office) -> None:
        office.owe("A1", "100")
        with pytest.raises(StoreError, match="is in USD, the promise in EUR"):
            office.book.add(office.debt("A1"), [(parsed("5", "EUR"), day(1))], NOW, SETTINGS, ZONE)
        office.owe("A1", "0")
        with pytest.raises(StoreError, match="is paid"):
            office.promise("A1", ("1", day(1)))

    def test_an_attempt_to_replace_that_fails_cancels_nothing(self, promised: Office) -> None:
        with pytest.raises(StoreError, match="more than"):
            promised.promise("A1", ("101", day(9)), replace=True)
        assert promised.states() == ["open"]


def test_cancelling(promised: Office) -> None:
    promised.book.cancel(1, NOW)
    assert promised.states() == ["cancelled"] and promised.callable().debts == (1,)
    with pytest.raises(StoreError, match="is cancelled already"):
        promised.book.cancel(1, NOW)
    with pytest.raises(StoreError, match="does not exist"):
        promised.book.cancel(7, NOW)


def test_the_list(promised: Office) -> None:
    promised.owe("A2", "10", lead=2)
    promised.promise("A2", ("5", day(2)))
    listing = promised.book.listing
    of = promised.campaign.campaign_id
    assert [row["debt"] for row in listing(of)] == ["A2", "A1"]
    assert [row["debt"] for row in listing(of, first=day(3))] == ["A1"]
    assert [row["debt"] for row in listing(of, last=day(3))] == ["A2"]
    assert [row["agent"] for row in listing(of, reference="A1")] == ["anna"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40)), max_size=6),
    st.integers(0, 2**16),
)
def test_any_order_and_portions_of_payment_files_end_the_same(
    plan: list[tuple[int, int]], payments: list[tuple[int, int]], seed: int
) -> None:
    def ended(order: list[int], portion: int) -> tuple[list[str], Money, Money]:
        with Store.open(":memory:", fast=True) as store:
            office = Office(store)
            office.owe("A1", "400")
            office.promise("A1", *[(str(amount), day(due)) for amount, due in plan])
            rows = [Payment("A1", usd(str(payments[n][0])), day(payments[n][1]), f"r{n}") for n in order]
            over = zero("USD")
            for start in range(0, len(rows), portion):
                part, then = rows[start : start + portion], NOW + timedelta(days=60)
                booked = office.payments.add_many(office.campaign.campaign_id, part, then, then.date())
                over += booked.surplus.get("A1", zero("USD"))
                office.book.settle_debts(booked.debt_ids, then, SETTINGS, ZONE)
            office.settle(60)
            return office.states(), office.debt("A1").facts.balance, over

    order = list(range(len(payments)))
    before = ended(order, max(len(order), 1))
    Random(seed).shuffle(order)
    assert ended(order, 1 + seed % 3) == before
    came = Money(Decimal(sum(amount for amount, _ in payments)), "USD")
    assert before[1] - before[2] == usd("400") - came
    assert zero("USD") <= before[1]
