"""Intervals over seeds: against tables, and by how often they hold what they promise."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.sim.intervals import estimate, student_t95


@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.7062), (4, 2.7764), (30, 2.0423), (31, 2.0395), (60, 2.0003), (120, 1.9799)]
)
def test_student_t_is_that_of_the_tables(freedom: int, point: float) -> None:
    assert student_t95(freedom) == pytest.approx(point, abs=1e-4)


def test_student_t_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="not 0"):
        student_t95(0)


def test_one_value_has_no_interval() -> None:
    alone = estimate([0.4])
    assert (alone.mean, alone.low, alone.shift_high, alone.shift_range()) == (0.4, None, None, None)
    with pytest.raises(ValueError, match="no values"):
        estimate([])


def test_a_known_sample() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0])
    half = 3.1824 * math.sqrt(5 / 3) / 2
    assert (found.low, found.high) == (pytest.approx(max(0.0, 2.5 - half)), pytest.approx(2.5 + half))
    assert found.shift_range() == (found.shift_low, found.shift_high)


@pytest.mark.parametrize("runs", [2, 5, 20])
def test_intervals_hold_what_they_promise(runs: int) -> None:
    rng = random.Random(runs)
    trials = 2000
    means = shifts = quarters = 0
    for _ in range(trials):
        found = estimate([rng.gauss(50.0, 4.0) for _ in range(runs)])
        quarter = found.shift_range(0.25)
        assert found.low is not None and found.high is not None and quarter is not None
        assert found.shift_low is not None and found.shift_high is not None
        means += found.low <= 50.0 <= found.high
        shifts += found.shift_low <= rng.gauss(50.0, 4.0) <= found.shift_high
        quarters += quarter[0] <= rng.gauss(50.0, 8.0) <= quarter[1]
    for held in (means, shifts, quarters):
        assert held / trials == pytest.approx(0.95, abs=0.025)


@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=30), st.floats(0.01, 1.0))
def test_intervals_are_nested_and_not_negative(values: list[float], part: float) -> None:
    found = estimate(values)
    shorter = found.shift_range(part)
    assert found.low is not None and found.high is not None and shorter is not None
    assert found.shift_low is not None and found.shift_high is not None
    slack = 1e-6 * max(1.0, found.mean)
    assert 0.0 <= shorter[0] <= found.shift_low + slack <= found.low + 2 * slack <= found.mean + 3 * slack
    assert found.mean <= found.high + slack <= found.shift_high + 2 * slack <= shorter[1] + 3 * slack
