"""What the promise costs: the frontier, the dynamic programs on cases made by hand, and the exact expectation."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.perf.pacing import budget
from bench.perf.pacing.budget import (
    PROMISE,
    SIZE,
    STEP,
    UNITS,
    ZERO,
    Frontier,
    Promise,
    frontier,
    lower_hull,
    open_choices,
    pacers_choices,
    play,
    softest,
    told_choices,
)
from bench.perf.pacing.optimum import Model, optimum, progressive
from bench.perf.pacing.scenarios import LIMIT
from pacing.control import target_share

MODEL = Model(3, 0.25, 15.0, 120.0, 2.0)
MADE_UP = Frontier(np.array([0.0, 0.01, 0.03, 0.1]), np.array([1.5, 1.4, 1.3, 1.1]))


@pytest.fixture(scope="module")
def known() -> Frontier:
    return frontier(MODEL)


def test_the_frontier_goes_from_progressive_dialing_through_the_optima(known: Frontier) -> None:
    assert known.utilisation(0.0) == pytest.approx(progressive(MODEL))
    assert known.rates[-1] >= 0.1
    for limit in (0.01, LIMIT, 0.06):
        assert known.utilisation(limit) == pytest.approx(optimum(MODEL, limit).utilisation, abs=0.001)


def test_gains_are_concave_and_the_limit_gains_what_it_saves(known: Frontier) -> None:
    slopes = np.diff(known.gains) / np.diff(known.rates)
    assert (np.diff(slopes) < 0.0).all()
    at_limit = float(np.interp(LIMIT, known.rates, known.gains))
    assert at_limit == pytest.approx(known.utilisation(LIMIT) / known.utilisation(0.0) - 1.0)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=15))
def test_the_hull_lies_under_all_points_and_is_made_of_some(points: list[tuple[int, int]]) -> None:
    hull = lower_hull(points)
    assert set(hull) <= set(points)
    x, y = np.array(hull, float).T
    assert all(high >= np.interp(at, x, y) - 1e-9 for at, high in points)
    assert (np.diff(np.diff(y) / np.diff(x)) > 0.0).all()


def test_without_a_price_the_corner_of_the_highest_gain_is_chosen() -> None:
    best = int(MADE_UP.gains.argmax())
    middle = slice(ZERO, SIZE - UNITS)
    assert (open_choices(MADE_UP, 50.0, 0.0)[0, middle] == best).all()
    assert (told_choices(MADE_UP, 5, Promise.AT_END, 0.0)[:, middle] == best).all()


def test_the_last_answer_of_a_day_is_risked_only_where_it_cannot_break_the_limit() -> None:
    last = told_choices(MADE_UP, 3, Promise.AT_END, 1000.0)[-1]
    best = int(MADE_UP.gains.argmax())
    cannot_break = ZERO + UNITS - STEP
    assert (last[ZERO - STEP : cannot_break] == 0).all()
    assert (last[cannot_break : SIZE - UNITS] == best).all()
    assert (last[UNITS : ZERO - STEP] == best).all(), "what is broken already cannot be broken again"


def test_a_day_expects_what_it_simulates(known: Frontier) -> None:
    answers, days = 120, 4000
    choices = open_choices(known, 60.0, 0.1)
    rng = np.random.default_rng(7)
    at = np.full(days, ZERO)
    dropped = 0
    for _ in range(answers):
        hit = rng.random(days) < known.rates[choices[0, at]]
        dropped += int(hit.sum())
        at += STEP - UNITS * hit
    found = play(known, choices, answers)
    assert dropped / days / answers == pytest.approx(found.rate, rel=0.05)
    assert float((at < ZERO).mean()) == pytest.approx(found.over[-1], abs=0.02)


def test_the_limit_as_a_constant_rate_has_all_the_gain_and_half_its_days_over() -> None:
    limit = int(np.flatnonzero(MADE_UP.rates == LIMIT)[0])
    found = play(MADE_UP, np.full((1, SIZE), limit, np.uint16), 2000)
    assert found.gain == pytest.approx(1.0, abs=1e-6)
    assert found.rate == pytest.approx(LIMIT)
    assert found.over[-1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("promise", Promise)
def test_who_knows_the_end_gains_more_and_both_keep_the_promise(known: Frontier, promise: Promise) -> None:
    answers = 200
    unknown = softest(lambda price: open_choices(known, answers / 2, price), known, answers, promise)
    told = softest(lambda price: told_choices(known, answers, promise, price), known, answers, promise)
    less, more = play(known, unknown, answers), play(known, told, answers)
    assert less.chance(promise) < PROMISE and more.chance(promise) < PROMISE
    assert 0.3 < less.gain < more.gain < 1.0


def test_a_promise_that_no_price_keeps_is_told() -> None:
    wild = np.full((1, SIZE), 3, np.uint16)
    with pytest.raises(ArithmeticError, match="keeps the promise"):
        softest(lambda _: wild, MADE_UP, 100, Promise.AT_END)


def test_the_pacers_rule_is_played_as_it_stands() -> None:
    fine, choices = pacers_choices(MADE_UP, 800)
    for answer, calls in ((0, 0.0), (10, 0.5), (99, 3.0)):
        rate = fine.rates[choices[answer, ZERO + round(calls * UNITS)]]
        assert rate == pytest.approx(LIMIT * target_share(calls, answer, 100.0), abs=1e-4)


def test_the_command_prints_and_draws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["budget", "--json", "--agents", "3", "--draw", str(tmp_path)])
    budget.main()
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert len({line["controller"] for line in lines}) == 5
    assert all(0.5 < line["outcome"]["gain"] < 1.0 and line["outcome"]["over"][-1] < PROMISE for line in lines)
    assert (tmp_path / "pacing-budget.png").read_bytes().startswith(b"\x89PNG")
