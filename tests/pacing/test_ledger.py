import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing.ledger import Ledger


def filled(limit: float, connected: int, abandoned: int) -> Ledger:
    ledger = Ledger(limit)
    for i in range(connected + abandoned):
        ledger.record(abandoned=i >= connected)
    return ledger


def test_the_rate_counts_live_answers_only() -> None:
    ledger = filled(0.03, 97, 3)
    assert (ledger.live, ledger.abandoned) == (100, 3)
    assert ledger.rate == pytest.approx(0.03)
    assert ledger.budget == pytest.approx(0.0)


def test_an_empty_ledger_is_sound() -> None:
    ledger = Ledger(0.03)
    assert ledger.rate == 0.0
    assert ledger.upper_bound == 1.0
    assert 0.0 < ledger.threshold < 0.03


def test_the_upper_bound_closes_in_on_the_rate() -> None:
    bounds = [filled(0.03, 97 * n, 3 * n).upper_bound for n in (1, 4, 16)]
    assert bounds == sorted(bounds, reverse=True)
    assert 0.03 < bounds[2] < 0.04


def test_a_spent_budget_accepts_no_risk() -> None:
    assert filled(0.03, 60, 3).threshold == 0.0


def test_a_first_abandoned_call_stops_overdialing_for_a_while() -> None:
    ledger = Ledger(0.03)
    ledger.record(abandoned=True)
    assert ledger.threshold == 0.0
    for _ in range(40):
        ledger.record(abandoned=False)
    assert ledger.threshold > 0.0


def test_a_burst_stops_overdialing_even_with_budget_left() -> None:
    ledger = filled(0.03, 3000, 0)
    assert ledger.threshold > 0.0
    for _ in range(20):
        ledger.record(abandoned=True)
    assert ledger.budget > 20
    assert ledger.threshold == 0.0


def test_no_limit_allows_no_overdialing_when_it_is_zero() -> None:
    assert filled(0.0, 500, 0).threshold == 0.0


@given(st.lists(st.booleans(), max_size=300), st.floats(0.0, 1.0))
def test_the_threshold_stays_a_chance(outcomes: list[bool], limit: float) -> None:
    ledger = Ledger(limit)
    for abandoned in outcomes:
        ledger.record(abandoned)
        assert 0.0 <= ledger.threshold <= 0.3
        assert ledger.rate <= ledger.upper_bound <= 1.0


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_rate_ends_under_the_limit_however_wrong_the_forecast_is(factor: float, seed: int) -> None:
    """A world in which the true risk of each answer is `factor` times the accepted one."""
    rng = random.Random(seed)
    ledger = Ledger(0.03)
    for _ in range(3000):
        ledger.record(rng.random() < factor * ledger.threshold)
    assert ledger.rate <= 0.03
    if factor > 0.3:
        assert ledger.rate > 0.02
