"""The controller alone: target shares by their properties, both loops and whole days by seeded simulation."""

import math
import random
from collections import deque
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing import control
from pacing.control import Controller, held_back, softness, target_share
from pacing.ledger import Ledger

LIMIT = 0.03
BUDGETS = st.floats(-50.0, 1000.0)
LIVE = st.floats(0.0, 5000.0)
RATES = st.floats(0.0, 5000.0)
FEW, MANY = control.FEW_ANSWERS_PER_H, control.MANY_ANSWERS_PER_H
EARLY_LIVE = (0.0, 20.0, 45.0, 60.0, 900.0)


def sure(excess: float) -> Controller:
    """A controller that believes in this excess."""
    controller = Controller()
    controller.take_up(math.log(excess), 1.0)
    return controller


@given(BUDGETS, LIVE, RATES)
def test_the_target_is_a_share_of_the_limit_up_to_a_cap(budget: float, live: float, per_h: float) -> None:
    assert 0.0 <= target_share(budget, live, per_h) <= control.HIGHEST_SHARE


@given(BUDGETS, BUDGETS, st.floats(control.START_ANSWERS, 5000.0), RATES)
def test_more_budget_never_lowers_the_target(one: float, other: float, live: float, per_h: float) -> None:
    assert target_share(min(one, other), live, per_h) <= target_share(max(one, other), live, per_h) + 1e-12


@given(st.floats(-50.0, 0.999999), st.floats(-50.0, 0.999999), LIVE, RATES)
def test_more_of_the_first_call_never_lowers_the_target(one: float, other: float, live: float, per_h: float) -> None:
    assert target_share(min(one, other), live, per_h) <= target_share(max(one, other), live, per_h) + 1e-12


@pytest.mark.parametrize("budget", [-2.0, -1.0, 0.0])
@pytest.mark.parametrize("live", EARLY_LIVE)
def test_the_target_has_no_step_where_the_budget_runs_out(budget: float, live: float) -> None:
    below, above = target_share(budget - 1e-9, live, MANY), target_share(budget + 1e-9, live, MANY)
    assert below == pytest.approx(above, abs=1e-6)


@pytest.mark.parametrize("per_h", [(FEW + MANY) / 2.0, MANY, 1000.0])
def test_the_target_has_no_step_at_one_call_once_the_start_is_over(per_h: float) -> None:
    below, above = (target_share(1.0 + side, control.START_ANSWERS, per_h) for side in (-1e-9, 1e-9))
    assert below == pytest.approx(above, abs=1e-6)


@given(st.floats(-50.0, 1.0, exclude_max=True), LIVE, st.floats(0.0, FEW))
def test_where_answers_are_few_nothing_is_lent(budget: float, live: float, per_h: float) -> None:
    assert target_share(budget, live, per_h) == 0.0


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 20)), max_size=20), st.floats(0.0, 1.0))
def test_without_lending_no_run_of_bad_luck_breaks_the_limit(runs: list[tuple[int, int]], limit: float) -> None:
    """Whatever the chances: a call is abandoned only while the target is over 0, and then the budget allows it."""
    ledger = Ledger(limit)
    for connected, unlucky in runs:
        for i in range(connected + unlucky):
            at_risk = target_share(ledger.budget, ledger.session.live, FEW) > 0.0
            ledger.record(abandoned=at_risk and i >= connected)
        assert not ledger.spent


def test_a_spent_budget_leaves_nearly_nothing_and_a_large_deficit_nothing() -> None:
    assert 0.0 < target_share(-0.5, 500.0, MANY) <= 0.05
    assert target_share(-2.0, 500.0, MANY) == 0.0
    assert target_share(-30.0, 0.0, MANY) == 0.0


def test_a_start_is_lent_some_and_less_with_every_answer() -> None:
    lent = [target_share(0.0, live, MANY) for live in EARLY_LIVE]
    assert lent == sorted(lent, reverse=True)
    assert lent[0] > 0.2 > 0.05 > lent[-1] > 0.0


@given(st.floats(0.0, 1e4), st.floats(0.0, 1e4))
def test_softness_rises_with_the_answers_per_hour(one: float, other: float) -> None:
    assert 0.0 <= softness(min(one, other)) <= softness(max(one, other)) <= 1.0


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_the_slope_falls_with_the_answers_per_hour(one: float, other: float) -> None:
    fewer, more = control.slope(min(one, other)), control.slope(max(one, other))
    assert control.LEAST_SLOPE <= more <= fewer <= control.SLOPE


def test_softness_goes_from_a_few_answers_an_hour_to_many() -> None:
    assert softness(FEW) == 0.0
    assert softness((FEW + MANY) / 2) == pytest.approx(0.5)
    assert softness(MANY) == 1.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 300.0), st.floats(0.0, 300.0))
def test_more_answers_in_flight_hold_back_more(limit: float, one: float, other: float) -> None:
    assert control.MARGIN_CALLS <= held_back(limit, min(one, other)) <= held_back(limit, max(one, other))
    assert held_back(limit, 0.0) == held_back(0.0, one) == control.MARGIN_CALLS


def test_what_is_held_back_is_in_the_order_of_what_chance_makes_of_the_answers() -> None:
    deviation = math.sqrt(40 * LIMIT * (1.0 - LIMIT))
    assert 0.3 * deviation < held_back(LIMIT, 40.0) < 2.0 * deviation


def mean_accepted(controller: Controller, factor: float, share: float, rounds: int, seed: int) -> float:
    """Mean risk, as a share of the limit, of lines that a threshold lets pass: risks rise stepwise, line by line."""
    rng = random.Random(seed)
    passed: list[float] = []
    for _ in range(rounds):
        threshold = controller.threshold(LIMIT, share)
        steps = [factor * step * rng.uniform(0.5, 2.0) for step in (0.0, 0.0, 0.003, 0.012, 0.04, 0.11)]
        accepted = list(takewhile(threshold.__ge__, steps[rng.randrange(3) :]))
        for risk in accepted:
            controller.accepted(LIMIT, share, risk)
        passed += accepted
    return sum(passed) / len(passed) / LIMIT


@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("excess", [1.0, 2.0])
def test_the_mean_risk_of_whole_lines_meets_the_target(factor: float, share: float, excess: float) -> None:
    controller = sure(excess)
    mean_accepted(controller, factor, share, 500, seed=1)
    assert mean_accepted(controller, factor, share, 4000, seed=2) == pytest.approx(share / excess, rel=0.05)


def test_where_no_threshold_meets_the_target_the_scale_stops_at_its_bound() -> None:
    controller = sure(1.0)
    assert mean_accepted(controller, 0.1, 2.0, 3000, seed=1) < 1.0
    assert math.exp(controller.log_scale) == pytest.approx(control.MOST_SCALE)
    for _ in range(3000):
        controller.accepted(LIMIT, 0.1, 0.3)
    assert math.exp(controller.log_scale) == pytest.approx(control.LEAST_SCALE)


def answer(controller: Controller, true_excess: float, answers: int, seed: int) -> tuple[float, float]:
    """The abandoned rate as a share of the limit, and the mean excess believed, with the mean risk at the target."""
    rng = random.Random(seed)
    abandoned, believed = 0, 0.0
    for live in range(answers):
        excess = math.exp(controller.log_excess)
        lost = rng.random() < true_excess * LIMIT / excess
        controller.counted(LIMIT, 1.0, lost, 1000.0 + live)
        abandoned, believed = abandoned + lost, believed + excess
    return abandoned / answers / LIMIT, believed / answers


@pytest.mark.parametrize("true_excess", [0.7, 1.0, 1.5, 2.0, 3.0])
def test_outcomes_correct_a_forecast_that_errs(true_excess: float) -> None:
    controller = Controller()
    answer(controller, true_excess, 1500, seed=1)
    rate, believed = answer(controller, true_excess, 12_000, seed=2)
    assert rate == pytest.approx(1.0, abs=0.15)
    assert believed == pytest.approx(true_excess, rel=0.2)


def test_a_forecast_twice_too_high_costs_gain_but_no_calls() -> None:
    controller = Controller()
    answer(controller, 0.5, 1500, seed=1)
    rate, believed = answer(controller, 0.5, 12_000, seed=2)
    assert 0.6 < rate < 0.9
    assert control.LEAST_EXCESS <= believed < 0.75


def test_the_first_outcomes_of_a_session_speak_louder() -> None:
    early, late = Controller(), Controller()
    early.counted(LIMIT, 0.5, True, 1.0)
    late.counted(LIMIT, 0.5, True, 3000.0)
    assert early.log_excess > late.log_excess > math.log(control.FIRST_EXCESS)


STEPS = st.one_of(
    st.tuples(st.just("accepted"), st.floats(0.0, 2.0), st.floats(0.0, 1.0), st.just(0.0)),
    st.tuples(st.just("counted"), st.floats(0.0, 2.0), st.booleans(), LIVE),
)


@given(st.lists(STEPS, max_size=200), st.floats(0.0, 1.0), st.floats(-1e6, 1e6), st.floats(0.0, 1.0))
def test_whatever_comes_the_controller_stays_within_its_bounds(
    steps: list[tuple[str, float, float, float]], limit: float, log_excess: float, weight: float
) -> None:
    controller = Controller()
    controller.take_up(log_excess, weight)
    for kind, share, outcome, live in steps:
        if kind == "accepted":
            controller.accepted(limit, share, outcome)
        else:
            controller.counted(limit, share, bool(outcome), live)
        assert math.exp(controller.log_excess) * (1 + 1e-12) >= control.LEAST_EXCESS
        assert math.exp(controller.log_excess) <= control.MOST_EXCESS * (1 + 1e-12)
        assert math.exp(controller.log_scale) >= control.LEAST_SCALE * (1 - 1e-12)
        assert math.exp(controller.log_scale) <= control.MOST_SCALE * (1 + 1e-12)
        assert 0.0 <= controller.threshold(limit, share) <= control.HIGHEST_THRESHOLD


def test_an_earlier_excess_is_believed_by_its_weight() -> None:
    first = math.log(control.FIRST_EXCESS)
    believed = [sure(2.5).log_excess]
    for weight in (0.5, 0.0):
        controller = Controller()
        controller.take_up(math.log(2.5), weight)
        believed.append(controller.log_excess)
    assert believed == pytest.approx([math.log(2.5), (math.log(2.5) + first) / 2, first])


def test_a_limit_of_zero_accepts_no_risk_and_is_no_error() -> None:
    controller = Controller()
    for abandoned in (False, True):
        controller.accepted(0.0, 0.5, 0.0)
        controller.counted(0.0, 0.5, abandoned, 0.0)
    assert controller.log_scale == 0.0
    assert controller.threshold(0.0, 2.0) == 0.0
    assert target_share(Ledger(0.0).budget, 0.0, MANY) < 1.0


def play_day(
    rng: random.Random, controller: Controller, answers: int, per_h: float, excess: float, in_flight: int
) -> Ledger:
    """A session of answers, each abandoned with the chance its line had when dialed, `in_flight` answers before."""
    ledger = Ledger(LIMIT)
    to_come: deque[bool] = deque()
    for _ in range(answers):
        budget = ledger.budget - held_back(LIMIT, len(to_come))
        share = target_share(budget, ledger.session.live, per_h)
        to_come.append(rng.random() < excess * LIMIT * share / math.exp(controller.log_excess))
        if len(to_come) > in_flight:
            abandoned = to_come.popleft()
            ledger.record(abandoned)
            if share:
                controller.counted(LIMIT, share, abandoned, ledger.session.live)
    for abandoned in to_come:
        ledger.record(abandoned)
    return ledger


@pytest.mark.parametrize("excess", [0.7, 1.5, 2.5])
@pytest.mark.parametrize("in_flight", [0, 6])
def test_of_400_days_under_1_percent_end_over_the_limit_however_wrong_the_forecast(
    excess: float, in_flight: int
) -> None:
    rng, controller = random.Random(1), Controller()
    days = [play_day(rng, controller, 900, 112.5, excess, in_flight) for _ in range(400)]
    assert sum(day.spent for day in days) < 4
    assert sum(day.rate for day in days) / 400 > 0.8 * LIMIT


@pytest.mark.parametrize("excess", [0.7, 2.5])
def test_every_day_begun_anew_keeps_the_limit_too(excess: float) -> None:
    rng = random.Random(2)
    days = [play_day(rng, Controller(), 900, 112.5, excess, 0) for _ in range(400)]
    assert sum(day.spent for day in days) < 4
    assert sum(day.rate for day in days) / 400 > 0.6 * LIMIT


@pytest.mark.parametrize("excess", [0.7, 1.5, 2.5])
def test_days_of_50_answers_never_end_over_the_limit(excess: float) -> None:
    rng, controller = random.Random(3), Controller()
    days = [play_day(rng, controller, 50, 6.25, excess, 0) for _ in range(400)]
    assert not any(day.spent for day in days)
    assert sum(day.abandoned for day in days) > 40
