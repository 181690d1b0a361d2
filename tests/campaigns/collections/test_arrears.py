from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.collections.arrears import Arrears, rank
from campaigns.collections.money import parsed, zero
from campaigns.ordering import MAX_RANK
from tests.campaigns.collections.office import usd

ON = date(2026, 6, 1)


def since(days: int) -> date:
    return ON - timedelta(days=days)


@pytest.mark.parametrize(
    ("debts", "expected"),
    [
        ([], 0),
        ([Arrears(usd("0"), since(900), 3)], 0),
        ([Arrears(usd("0.50"), None)], 0),
        ([Arrears(usd("9.99"), None)], 5),
        ([Arrears(usd("1234"), since(365))], 45 + 20),
        ([Arrears(usd("1234"), since(-20))], 20),
        ([Arrears(usd("1234"), since(365), 1)], 45 + 20 + 8),
        ([Arrears(usd("600"), since(73)), Arrears(usd("600"), None)], 9 + 20),
        ([Arrears(usd("600"), None), Arrears(parsed("600", "EUR"), None)], 15),
        ([Arrears(usd("1000000000"), since(9999), 50)], 99),
    ],
)
def test_ranks(debts: list[Arrears], expected: int) -> None:
    assert rank(debts, ON) == expected


@given(st.integers(0, 10**9), st.integers(-100, 2000), st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 300))
def test_more_owed_or_later_never_ranks_lower(owed: int, days: int, broken: int, more: int, later: int) -> None:
    one = rank([Arrears(parsed(str(owed), "JPY"), since(days), broken)], ON)
    other = rank([Arrears(parsed(str(owed + more), "JPY"), since(days + later), broken + 1)], ON)
    assert 0 <= one <= MAX_RANK
    assert one <= other or parsed(str(owed + more), "JPY") == zero("JPY")
