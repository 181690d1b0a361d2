from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.collections.money import Money, MoneyError, zero
from campaigns.collections.promises import (
    TRANSITIONS,
    Every,
    NextStep,
    PaidIn,
    Promise,
    PromiseSettings,
    PromiseState,
    follow_up,
    instalments,
    standings,
)
from tests.campaigns.collections.office import usd

SETTINGS = PromiseSettings(grace_days=3, partial_days=2, broken_days=1)
DAY = date(2026, 6, 1)


def day(n: int) -> date:
    return DAY + timedelta(days=n)


def promise(n: int, amount: str, made: int, due: int, *, cancelled: bool = False) -> Promise:
    return Promise(n, usd(amount), day(made), day(due), cancelled)


def paid(reference: str, amount: str, on: int) -> PaidIn:
    return PaidIn(reference, usd(amount), day(on))


@pytest.mark.parametrize(
    ("payments", "on", "state", "covered"),
    [
        ((), 13, "open", "0"),
        ((), 14, "broken", "0"),
        ((("a", "100", 10),), 10, "kept", "100"),
        ((("a", "100", 13),), 20, "kept", "100"),
        ((("a", "100", 14),), 20, "broken", "0"),
        ((("a", "40", 5),), 13, "open", "40"),
        ((("a", "40", 5),), 14, "partial", "40"),
        ((("a", "40", 5), ("b", "60", 12)), 12, "kept", "100"),
        ((("a", "140", 5),), 5, "kept", "100"),
        ((("a", "100", -1),), 20, "broken", "0"),
        ((("a", "100", 12),), 11, "open", "0"),
    ],
)
def test_one_promise(payments: tuple[tuple[str, str, int], ...], on: int, state: str, covered: str) -> None:
    (standing,) = standings([promise(1, "100", 0, 10)], [paid(*each) for each in payments], day(on), SETTINGS)
    assert (standing.state, standing.covered) == (state, usd(covered))


def test_money_goes_to_the_promise_that_is_due_first_and_on_to_the_next() -> None:
    plan = [promise(2, "50", 0, 20), promise(1, "50", 0, 10)]
    first, second = standings(plan, [paid("a", "70", 4)], day(4), SETTINGS)
    assert (first.promise.promise_id, first.state, first.settled_on) == (1, PromiseState.KEPT, day(4))
    assert (second.state, second.covered) == (PromiseState.OPEN, usd("20"))


def test_a_cancelled_promise_takes_no_money() -> None:
    first, second = standings(
        [promise(1, "50", 0, 10, cancelled=True), promise(2, "50", 0, 20)], [paid("a", "50", 4)], day(4), SETTINGS
    )
    assert (first.state, second.state) == (PromiseState.CANCELLED, PromiseState.KEPT)


PROMISES = st.lists(
    st.tuples(st.integers(1, 300), st.integers(0, 20), st.integers(0, 40), st.booleans()), max_size=6
).map(
    lambda rows: [
        Promise(n, Money(Decimal(cents).scaleb(-2), "USD"), day(made), day(made + span), n == 3 and gone)
        for n, (cents, made, span, gone) in enumerate(rows)
    ]
)
PAYMENTS = st.lists(st.tuples(st.integers(1, 300), st.integers(-5, 70)), max_size=8).map(
    lambda rows: [
        PaidIn(f"r{n}", Money(Decimal(cents).scaleb(-2), "USD"), day(on)) for n, (cents, on) in enumerate(rows)
    ]
)


@given(PROMISES, PAYMENTS, st.integers(0, 80), st.randoms(use_true_random=False))
def test_any_order_of_payments_gives_the_same(
    promises: list[Promise],
    payments: list[PaidIn],
    on: int,
    random: Random,
) -> None:
    before = standings(promises, payments, day(on), SETTINGS)
    random.shuffle(promises)
    random.shuffle(payments)
    assert standings(promises, payments, day(on), SETTINGS) == before


@given(PROMISES, PAYMENTS, st.integers(0, 80))
def test_no_money_is_made_or_counted_twice(promises: list[Promise], payments: list[PaidIn], on: int) -> None:
    found = standings(promises, payments, day(on), SETTINGS)
    came = sum((each.amount for each in payments if each.paid_on <= day(on)), zero("USD"))
    assert sum((each.covered for each in found), zero("USD")) <= came
    for each in found:
        assert zero("USD") <= each.covered <= each.promise.amount
        assert (each.state is PromiseState.KEPT) == (each.covered == each.promise.amount)


@given(PROMISES, PAYMENTS, st.integers(0, 80), st.integers(0, 7))
def test_states_move_only_as_the_table_says_when_a_payment_comes_to_light(
    promises: list[Promise], payments: list[PaidIn], on: int, late: int
) -> None:
    known = [each for n, each in enumerate(payments) if n != late]
    before = standings(promises, known, day(on), SETTINGS)
    after = standings(promises, payments, day(on), SETTINGS)
    for old, new in zip(before, after, strict=True):
        assert old.state is new.state or new.state in TRANSITIONS[old.state]


@given(PROMISES, PAYMENTS, st.integers(0, 79))
def test_states_move_only_as_the_table_says_when_a_day_goes_by(
    promises: list[Promise], payments: list[PaidIn], on: int
) -> None:
    before, after = (standings(promises, payments, day(at), SETTINGS) for at in (on, on + 1))
    for old, new in zip(before, after, strict=True):
        assert old.state is new.state or new.state in TRANSITIONS[old.state]


class TestFollowUp:
    def follow(self, payments: list[PaidIn], on: int, next_due_on: date | None = None) -> tuple[object, ...]:
        (standing,) = standings([promise(1, "100", 0, 10)], payments, day(on), SETTINGS)
        step = follow_up(standing, SETTINGS, next_due_on)
        return (step.step, step.on, step.urgent)

    def test_an_open_promise_asks_for_patience_to_the_end_of_its_grace(self) -> None:
        assert self.follow([], 5) == (NextStep.WAIT, day(14), False)

    def test_after_a_kept_one_the_next_or_nothing(self) -> None:
        assert self.follow([paid("a", "100", 3)], 5) == (NextStep.NONE, None, False)
        assert self.follow([paid("a", "100", 3)], 5, day(30)) == (NextStep.WAIT, day(34), False)

    def test_after_a_partial_one_a_call(self) -> None:
        assert self.follow([paid("a", "10", 3)], 20) == (NextStep.CALL, day(15), False)

    def test_after_a_broken_one_an_urgent_call(self) -> None:
        assert self.follow([], 20) == (NextStep.CALL, day(14), True)

    def test_nothing_after_a_cancelled_one(self) -> None:
        (standing,) = standings([promise(1, "100", 0, 10, cancelled=True)], [], day(20), SETTINGS)
        assert follow_up(standing, SETTINGS).step is NextStep.NONE


@pytest.mark.parametrize("name", ["grace_days", "partial_days", "broken_days"])
@pytest.mark.parametrize("days", [-1, 91])
def test_settings_have_bounds(name: str, days: int) -> None:
    with pytest.raises(ValueError, match=name):
        PromiseSettings(**{name: days})


def test_instalments_on_the_last_days_of_months() -> None:
    plan = instalments(usd("100"), 3, date(2027, 12, 31), Every.MONTH)
    assert plan == (
        (usd("33.34"), date(2027, 12, 31)),
        (usd("33.33"), date(2028, 1, 31)),
        (usd("33.33"), date(2028, 2, 29)),
    )


@pytest.mark.parametrize(("every", "days"), [(Every.WEEK, 7), (Every.FORTNIGHT, 14)])
def test_instalments_by_weeks(every: Every, days: int) -> None:
    assert [due for _, due in instalments(usd("3"), 3, DAY, every)] == [
        DAY + timedelta(days=days * n) for n in range(3)
    ]


def test_an_instalment_of_nothing_is_refused() -> None:
    with pytest.raises(MoneyError, match="take fewer"):
        instalments(usd("0.02"), 3, DAY, Every.WEEK)
