"""Windows, bounds and rows: against brute force, known values and cases made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.perf.pacing import kernels
from bench.perf.pacing.baselines import Kind, Policy
from bench.perf.pacing.days import Tried, best_settings
from bench.perf.pacing.figures import gain_shares, line, row, upper_bound
from bench.perf.pacing.optimum import Optimum, Point
from bench.perf.pacing.scenarios import core, memoryless
from bench.perf.pacing.world import Day

ANSWERS = st.lists(st.tuples(st.floats(0.0, 5000.0), st.booleans()), max_size=60)


def day(**changes: object) -> Day:
    plain = Day(
        utilisation=0.8,
        talk_min_per_h=40.0,
        live=100,
        abandoned=3,
        dialed=400,
        people_hung_up=0,
        exhausted=False,
        worst_windows=(0.1, -1.0),
        waits_s=np.array([10.0, 30.0], np.float32),
        dropped=np.array([1] * 3 + [0] * 97, np.uint8),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@settings(deadline=None)
@given(answers=ANSWERS, least=st.integers(1, 5))
def test_the_worst_window_is_the_worst_of_all(answers: list[tuple[float, bool]], least: int) -> None:
    answers.sort()
    at = np.array([when for when, _ in answers])
    dropped = np.array([drop for _, drop in answers], np.uint8)
    worst = -1.0
    for last in range(len(answers)):
        inside = [drop for when, drop in answers[: last + 1] if when > at[last] - 900.0]
        if len(inside) >= least:
            worst = max(worst, sum(inside) / len(inside))
    assert kernels.worst_window(at, dropped, 900.0, least) == pytest.approx(worst)


@settings(deadline=None)
@given(drops=st.lists(st.booleans(), max_size=60), size=st.integers(1, 70))
def test_the_worst_block_is_the_worst_of_all(drops: list[bool], size: int) -> None:
    size_there = min(size, len(drops))
    blocks = [drops[i : i + size_there] for i in range(len(drops) - size_there + 1)] if drops else []
    worst = max((sum(block) / size_there for block in blocks), default=-1.0)
    assert kernels.worst_block(np.array(drops, np.uint8), size) == pytest.approx(worst)


@pytest.mark.parametrize(
    ("hits", "trials", "bound"),
    [(0, 20, 1 - 0.05 ** (1 / 20)), (0, 300, 1 - 0.05 ** (1 / 300)), (1, 10, 0.3942), (5, 5, 1.0), (3, 1000, 0.00773)],
)
def test_the_upper_bound_is_that_of_clopper_and_pearson(hits: int, trials: int, bound: float) -> None:
    assert upper_bound(hits, trials) == pytest.approx(bound, rel=2e-3)


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_a_bound_of_nothing_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="trials"):
        upper_bound(hits, trials)


def test_a_row_sums_up_its_days() -> None:
    days = [day(), day(utilisation=0.7, abandoned=4, waits_s=np.array([20.0], np.float32), worst_windows=(0.2, 0.05))]
    found = row(core(3600.0), Policy(Kind.RATIO, (2.5,)), days, days, ())
    assert found.utilisation == pytest.approx(0.75)
    assert found.utilisation_se == pytest.approx(0.05)
    assert found.wait_mean_s == pytest.approx(20.0)
    assert found.wait_p90_s == pytest.approx(28.0)
    assert found.abandoned == pytest.approx(0.035)
    assert (found.worst_15min, found.worst_hour) == (0.2, 0.05)
    assert found.worst_500 == pytest.approx(0.03)
    assert (found.days_over, found.worst_day) == (1, 0.04)
    assert found.gain is None
    assert "3.50%!" in line(found)
    assert line(found).endswith("2.5")


def test_a_single_day_has_no_error_and_a_day_without_answers_no_rate() -> None:
    nothing = day(live=0, abandoned=0, waits_s=np.zeros(0, np.float32), dropped=np.zeros(0, np.uint8))
    found = row(core(3600.0), Policy(Kind.PREDICTIVE), [nothing], [nothing], ())
    assert math.isnan(found.utilisation_se)
    assert (found.abandoned, found.worst_500, found.wait_mean_s) == (0.0, None, 0.0)


def test_gains_are_counted_between_progressive_and_each_optimum() -> None:
    scenario = memoryless(5, 2.0, 3600.0)
    points = Point((), 0.0, 0.0, 1.0), Point((), 0.0, 0.0, 1.0)
    known = Optimum(0.767, *points, 0.5), Optimum(0.767 + 0.1, *points, 0.5)
    shares, plain = np.array([0.717, 0.717]), np.array([0.6, 0.7])
    found = gain_shares(scenario, shares, plain, known)
    assert [share for share, _ in found] == pytest.approx([0.5, 0.25], abs=0.002)
    assert gain_shares(scenario, shares, plain, ()) == []


def test_luck_that_progressive_dialing_shared_is_taken_off() -> None:
    scenario = memoryless(5, 2.0, 3600.0)
    points = Point((), 0.0, 0.0, 1.0), Point((), 0.0, 0.0, 1.0)
    rng = np.random.default_rng(1)
    luck = rng.normal(0.01, 0.01, 12)
    ((share, error),) = gain_shares(scenario, 0.717 + 0.5 * luck, 2 / 3 + luck, (Optimum(0.767, *points, 0.5),))
    assert share == pytest.approx(0.5, abs=0.005)
    assert error == pytest.approx(0.0, abs=1e-6)


def test_hindsight_takes_the_busiest_setting_that_kept_the_limit_over_all_days() -> None:
    careful, bold, wild = (Policy(Kind.RATIO, (ratio,)) for ratio in (1.0, 2.0, 3.0))
    controller = Policy(Kind.PI, (0.03, 1.0, 1.0))
    days = [
        {careful: Tried(0.6, 100, 0), bold: Tried(0.7, 100, 5), wild: Tried(0.9, 100, 2), controller: Tried(0.5, 9, 1)},
        {careful: Tried(0.6, 100, 0), bold: Tried(0.7, 100, 1), controller: Tried(0.5, 9, 1)},
    ]
    assert best_settings(days) == [bold, replace(careful, every_day=True)]


def test_a_row_tells_in_which_sense_a_setting_keeps_the_limit() -> None:
    names = [row(core(3600.0), Policy(Kind.RATIO, (2.0,), each), [day()], [day()], ()).policy for each in (False, True)]
    assert names == ["best ratio", "best ratio, every day"]
