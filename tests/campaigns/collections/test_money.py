from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.collections.money import Money, MoneyError, exponent_of, parsed, split, stored, zero

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "EUR", "INR"])
UNITS = st.integers(-(10**12), 10**12)


@st.composite
def moneys(draw: st.DrawFn, currency: str | None = None) -> Money:
    code = currency or draw(CURRENCIES)
    return Money(Decimal(draw(UNITS)).scaleb(-exponent_of(code)), code)


@pytest.mark.parametrize(("code", "decimals"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("INR", 2)])
def test_decimals_of_a_currency(code: str, decimals: int) -> None:
    assert exponent_of(code) == decimals


@pytest.mark.parametrize("code", ["usd", "DOLLAR", "", "XXX", "XAU"])
def test_codes_that_are_no_money(code: str) -> None:
    with pytest.raises(MoneyError, match="currency"):
        exponent_of(code)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1234.5", "USD", "1234.50"),
        ("1,234.50", "USD", "1234.50"),
        ("1.234,50", "EUR", "1234.50"),
        ("1 234,50", "EUR", "1234.50"),
        ("1\u00a0234,5", "EUR", "1234.50"),
        ("1,234,567", "USD", "1234567.00"),
        ("100.0000", "USD", "100.00"),
        ("12,5", "EUR", "12.50"),
        ("1.234", "KWD", "1.234"),
        ("0", "JPY", "0"),
        ("-3.10", "USD", "-3.10"),
        ("-0", "USD", "0.00"),
    ],
)
def test_amounts_that_people_write(text: str, currency: str, amount: str) -> None:
    assert parsed(text, currency).text == amount


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("1,234", "USD", "two ways"),
        ("1.234", "USD", "two ways"),
        ("1,234", "KWD", "two ways"),
        ("12.345678", "USD", "2 decimals of USD"),
        ("12.5", "JPY", "0 decimals of JPY"),
        ("", "USD", "no number"),
        ("twelve", "USD", "no number"),
        ("1e3", "USD", "no number"),
        ("NaN", "USD", "no number"),
        ("1,23,456.00", "USD", "no number"),
        ("9" * 16, "USD", "no amount below"),
        ("9" * 60, "USD", "no amount below"),
    ],
)
def test_amounts_that_cannot_be_taken(text: str, currency: str, why: str) -> None:
    with pytest.raises(MoneyError, match=why):
        parsed(text, currency)


def test_currencies_do_not_mix() -> None:
    one, other = parsed("1", "USD"), parsed("1", "EUR")
    for act in (lambda: one + other, lambda: one - other, lambda: one < other, lambda: one <= other):
        with pytest.raises(MoneyError, match="different currencies"):
            act()


@given(st.data())
def test_sums_and_differences_are_exact(data: st.DataObject) -> None:
    one = data.draw(moneys())
    other = data.draw(moneys(one.currency))
    assert (one + other) - other == one
    assert (one - other).amount == one.amount - other.amount
    assert (one < other) == (one.amount < other.amount)
    assert stored(one.text, one.currency) == one
    assert one + zero(one.currency) == one


@given(moneys(), st.integers(1, 60))
def test_parts_make_up_the_whole(total: Money, count: int) -> None:
    parts = split(total, count)
    assert sum(parts, zero(total.currency)) == total
    assert max(part.amount for part in parts) - min(part.amount for part in parts) <= Decimal(1).scaleb(
        -exponent_of(total.currency)
    )


def test_no_parts() -> None:
    with pytest.raises(MoneyError, match="0 parts"):
        split(parsed("1", "USD"), 0)
