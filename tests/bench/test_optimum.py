"""The exact optimum: against known values, its own pieces against each other, and against play in the exact world."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bench.perf.pacing import baselines
from bench.perf.pacing.optimum import Model, evaluate, optimum, progressive
from bench.perf.pacing.scenarios import memoryless
from bench.perf.pacing.world import draw, measure


@pytest.mark.parametrize(
    ("agents", "live", "ring_s", "handling_s", "limit", "utilisation"),
    [
        (3, 0.25, 15.0, 120.0, 0.03, 0.734),
        (5, 0.25, 15.0, 120.0, 0.01, 0.724),
        (5, 0.25, 15.0, 120.0, 0.03, 0.767),
        (5, 0.25, 15.0, 120.0, 0.05, 0.790),
        (10, 0.25, 15.0, 120.0, 0.01, 0.783),
        (10, 0.25, 15.0, 120.0, 0.03, 0.823),
        (10, 0.25, 15.0, 120.0, 0.05, 0.843),
        (20, 0.25, 15.0, 120.0, 0.03, 0.876),
        (40, 0.25, 15.0, 120.0, 0.03, 0.918),
        (10, 0.25, 15.0, 240.0, 0.03, 0.874),
        (20, 0.25, 15.0, 240.0, 0.03, 0.907),
        (3, 0.10, 18.0, 120.0, 0.03, 0.614),
        (10, 0.10, 18.0, 120.0, 0.03, 0.789),
        (10, 0.40, 12.0, 60.0, 0.03, 0.804),
    ],
)
def test_the_optimum_is_the_known_one(
    agents: int, live: float, ring_s: float, handling_s: float, limit: float, utilisation: float
) -> None:
    best = optimum(Model(agents, live, ring_s, handling_s), limit)
    assert best.utilisation == pytest.approx(utilisation, abs=0.0011)
    assert best.under.abandoned <= limit < best.over.abandoned
    assert best.under.utilisation <= best.utilisation <= best.over.utilisation


def test_one_line_per_ready_agent_has_its_closed_form() -> None:
    model = Model(5, 0.25, 15.0, 120.0)
    point = evaluate(model, (5, 4, 3, 2, 1, 0))
    assert point.utilisation == pytest.approx(progressive(model))
    assert point.abandoned_hz == 0.0


def test_a_flow_that_never_ends_has_the_erlang_loss_of_its_load() -> None:
    model = Model(3, 0.25, 15.0, 120.0)
    lines = 20
    point = evaluate(model, (lines,) * 4)
    load = lines / 15.0 * 0.25 * 120.0
    terms = [1.0, load, load**2 / 2.0, load**3 / 6.0]
    assert point.abandoned == pytest.approx(terms[-1] / sum(terms))


def test_what_is_answered_is_served_or_abandoned() -> None:
    for hold_s in (0.0, 2.0):
        model = Model(4, 0.3, 12.0, 90.0, hold_s)
        point = evaluate(model, tuple(max(0, 10 - 3 * x) for x in range(model.people_most + 1)))
        served_hz = point.utilisation * model.agents / model.handling_s
        assert served_hz + point.abandoned_hz == pytest.approx(point.answers_hz)


def test_a_hold_helps_and_more_risk_helps() -> None:
    plain = Model(10, 0.25, 15.0, 120.0)
    found = [optimum(replace(plain, hold_s=hold_s), 0.03).utilisation for hold_s in (0.0, 2.0, 5.0)]
    found_by_limit = [optimum(plain, limit).utilisation for limit in (0.01, 0.02, 0.04)]
    assert all(less < more for less, more in [*pairwise(found), *pairwise(found_by_limit)])


@pytest.mark.parametrize(("agents", "hold_s"), [(3, 0.0), (3, 2.0), (10, 2.0), (20, 2.0)])
def test_the_exact_world_agrees_with_the_model(agents: int, hold_s: float) -> None:
    scenario = memoryless(agents, hold_s, 40 * 3600.0)
    best = optimum(Model(agents, 0.25, 15.0, 120.0, hold_s), 0.03)
    days = []
    for seed in range(8):
        world = draw(scenario, seed)
        baselines.play(world, scenario, baselines.told(best))
        days.append(measure(world))
    shares = np.array([day.utilisation for day in days])
    assert shares.mean() == pytest.approx(best.utilisation, abs=0.001 + 4 * shares.std() / 8**0.5)
    abandoned = sum(day.abandoned for day in days) / sum(day.live for day in days)
    assert abandoned == pytest.approx(0.03, rel=0.06)


def test_targets_that_do_not_fit_are_refused() -> None:
    model = Model(2, 0.25, 15.0, 120.0)
    for targets in ((1, 1), (0, 0, 0), (1000, 1, 0)):
        with pytest.raises(ValueError, match="targets must be"):
            evaluate(model, targets)


def test_a_limit_that_nothing_reaches_is_told() -> None:
    with pytest.raises(ArithmeticError, match="no price"):
        optimum(Model(2, 0.25, 15.0, 120.0), 1.0)
