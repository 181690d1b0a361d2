from decimal import Decimal

import pytest

from campaigns.reports.money import Item, Sum, amount_text, sums


def test_sums_are_exact_and_apart_by_currency() -> None:
    items = [Item((), "kept", Decimal("0.10"), "USD")] * 3 + [Item((), "kept", Decimal(7), "JPY")]
    assert sums(items) == {
        ((), "JPY"): {"kept": Sum(1, Decimal(7))},
        ((), "USD"): {"kept": Sum(3, Decimal("0.30"))},
    }


@pytest.mark.parametrize(
    ("amount", "currency", "text"), [("5", "USD", "5.00"), ("5", "JPY", "5"), ("5", "KWD", "5.000")]
)
def test_amounts_have_the_decimals_of_their_currency(amount: str, currency: str, text: str) -> None:
    assert amount_text(Decimal(amount), currency) == text
