"""From seconds to places on the drawing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hil.report.scale import FOLD_WIDTH, Scale

TIMES = st.lists(st.floats(min_value=0, max_value=3600, allow_nan=False), min_size=1, max_size=30)


@given(TIMES)
def test_order_is_kept_and_everything_is_inside(times: list[float]) -> None:
    scale = Scale(times, 100, 1100)
    places = [scale.x(at) for at in sorted(times)]
    assert all(b - a > -1e-6 for a, b in pairwise(places))
    assert all(99.9 <= place <= 1100.1 for place in places)


@given(TIMES)
def test_ticks_are_in_reach_and_not_too_many(times: list[float]) -> None:
    scale = Scale(times, 100, 1100)
    assert all(scale.start_s <= tick <= scale.end_s for tick in scale.ticks())
    assert len(scale.ticks()) <= 14


def test_a_long_stretch_without_events_is_folded() -> None:
    scale = Scale([0.0, 0.1, 0.2, 60.0, 60.1], 0, 1000)
    [fold] = scale.folds
    assert fold.start_s > 0.2
    assert fold.end_s < 60.0
    assert scale.x(fold.end_s) - scale.x(fold.start_s) == pytest.approx(FOLD_WIDTH, abs=1)


def test_events_all_along_are_not_folded() -> None:
    assert Scale([float(second) for second in range(60)], 0, 1000).folds == []
