import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.reports.shares import Share, Stratum, compare


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_interval_holds_the_rate(part: int, more: int) -> None:
    share = Share(part, part + more)
    if not share.of:
        assert share.rate is None and share.interval is None
        return
    assert share.interval is not None and share.rate is not None
    low, high = share.interval
    assert 0.0 <= low <= share.rate <= high <= 1.0
    for bound in {low, high} - {0.0, 1.0, share.rate}:
        z = abs(share.rate - bound) / math.sqrt(bound * (1 - bound) / share.of)
        assert z == pytest.approx(1.959964, rel=1e-6)


def test_a_published_interval() -> None:
    """Newcombe 1998, table I: 15 of 148 is 10.14 %, by the score method 6.24 to 16.05."""
    low, high = Share(15, 148).interval or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)


def test_groups_that_do_alike_are_not_told_apart() -> None:
    compared = compare([Stratum(100, 30, 200, 60), Stratum(50, 5, 100, 10)])
    assert compared is not None
    assert compared.successes == 35 and compared.expected == pytest.approx(35.0)
    assert compared.p_below == pytest.approx(0.5)


def test_one_stratum_is_a_test_of_two_shares() -> None:
    compared = compare([Stratum(1000, 200, 1000, 300)])
    assert compared is not None
    pooled = 0.25
    z = (0.2 - 0.3) / math.sqrt(pooled * (1 - pooled) * (2 / 1000)) * math.sqrt(1999 / 2000)
    assert compared.p_below == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)))
    better = compare([Stratum(1000, 300, 1000, 200)])
    assert better is not None and better.p_below == pytest.approx(1 - compared.p_below)


def test_what_cannot_be_compared_says_nothing() -> None:
    assert compare([]) is None
    assert compare([Stratum(10, 3, 0, 0), Stratum(0, 0, 10, 3)]) is None
    assert compare([Stratum(5, 5, 5, 5)]) is None
