from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.collections.money import parsed, zero
from campaigns.collections.payments import Payment, payment_of
from campaigns.store import Store
from tests.campaigns.collections.office import NOW, TODAY, Office, usd


def test_partial_and_full_payments(office: Office) -> None:
    office.owe("A1", "100")
    assert office.pay("A1", "40").added == 1
    assert (office.debt("A1").facts.balance, office.debt("A1").state) == (usd("60"), "open")
    assert not office.pay("A1", "60", number="R2").surplus
    assert (office.debt("A1").facts.balance, office.debt("A1").state) == (usd("0"), "paid")


def test_what_is_too_much_is_told_and_kept(office: Office) -> None:
    office.owe("A1", "100")
    assert office.pay("A1", "130").surplus == {"A1": usd("30")}
    assert office.pay("A1", "5", number="R2").surplus == {"A1": usd("5")}
    assert office.debt("A1").facts.balance == usd("0")
    rows = office.payments.listing(office.campaign.campaign_id, debt="A1")
    assert [(row["amount"], row["surplus"]) for row in rows] == [("130.00", "30.00"), ("5.00", "5.00")]


def test_a_payment_counts_once(office: Office) -> None:
    office.owe("A1", "100")
    office.pay("A1", "40")
    again = office.pay("A1", "40")
    assert (again.added, again.known, dict(again.refused)) == (0, 1, {})
    assert "stands for 40.00 USD of 2026-06-01 on debt A1 already" in office.pay("A1", "41").refused[0]
    twice = [Payment("A1", usd("7"), TODAY, "R5")] * 2
    booked = office.payments.add_many(office.campaign.campaign_id, twice, NOW, TODAY)
    assert (booked.added, booked.known) == (1, 1)
    assert office.debt("A1").facts.balance == usd("53")


def test_balances_that_hold_the_payments_already_stay(office: Office) -> None:
    office.owe("A1", "100")
    assert office.pay("A1", "40", keep_balances=True).added == 1
    assert office.debt("A1").facts.balance == usd("100")


def test_a_closed_debt_takes_money_and_stays_closed(office: Office) -> None:
    office.owe("A1", "100")
    office.debts.close_missing(office.campaign.campaign_id, set(), NOW)
    office.pay("A1", "40")
    assert (office.debt("A1").state, office.debt("A1").facts.balance) == ("closed", usd("60"))


@pytest.mark.parametrize(
    ("payment", "why"),
    [
        (Payment("A9", usd("5"), TODAY, "R"), "no debt 'A9'"),
        (Payment("A1", parsed("5", "EUR"), TODAY, "R"), "is in USD, the payment in EUR"),
        (Payment("A1", usd("0"), TODAY, "R"), "is no payment"),
        (Payment("A1", usd("-5"), TODAY, "R"), "is no payment"),
        (Payment("A1", usd("5"), TODAY + timedelta(days=1), "R"), "still to come"),
    ],
)
def test_what_is_refused(office: Office, payment: Payment, why: str) -> None:
    office.owe("A1", "100")
    booked = office.payments.add_many(office.campaign.campaign_id, [payment], NOW, TODAY)
    assert why in booked.refused[0] and not booked.added
    assert office.debt("A1").facts.balance == usd("100")


@given(st.lists(st.tuples(st.sampled_from(["A1", "A2"]), st.integers(1, 5000)), max_size=12))
def test_no_money_is_lost_and_no_balance_falls_below_zero(rows: list[tuple[str, int]]) -> None:
    with Store.open(":memory:", fast=True) as store:
        office = Office(store)
        before = {name: office.owe(name, "123.45").facts.balance for name in ("A1", "A2")}
        payments = [Payment(debt, usd(f"{cents / 100:.2f}"), TODAY, f"r{n}") for n, (debt, cents) in enumerate(rows)]
        booked = office.payments.add_many(office.campaign.campaign_id, payments, NOW, TODAY)
        for name, balance in before.items():
            came = sum((each.amount for each in payments if each.debt == name), zero("USD"))
            left, over = office.debt(name).facts.balance, booked.surplus.get(name, zero("USD"))
            assert zero("USD") <= left and balance - came == left - over
            assert not (left and over)
            assert office.debt(name).state == ("open" if left else "paid")


CELLS = {"debt": "A1", "amount": "12.50", "paid_on": "2026-05-30", "reference": "R1"}


class TestCells:
    def test_the_debts_own_currency_is_meant(self) -> None:
        found = payment_of(CELLS, {"A1": "USD"})
        assert (found.amount, found.paid_on.isoformat()) == (usd("12.50"), "2026-05-30")
        assert payment_of(CELLS, {"A1": "USD"}, "eur").amount.currency == "EUR"

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"debt": "A2"}, "no debt 'A2'"),
            ({"reference": ""}, "reference is empty"),
            ({"amount": "x"}, "amount: "),
            ({"paid_on": ""}, "paid_on ''"),
        ],
    )
    def test_what_is_wrong_is_named(self, change: dict[str, str], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            payment_of({**CELLS, **change}, {"A1": "USD"})
