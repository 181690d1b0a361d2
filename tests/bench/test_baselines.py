"""The baselines: their arithmetic on small cases, and that each plays a day by its own rules."""

import numpy as np
import pytest

from bench.perf.pacing import baselines, kernels
from bench.perf.pacing.baselines import TUNED, Kind, Policy, grid
from bench.perf.pacing.scenarios import LIMIT, core, memoryless
from bench.perf.pacing.world import draw, measure

DAY_S = 2 * 3600.0


@pytest.mark.parametrize(
    ("level", "ready", "waiting", "expected"),
    [
        (1.0, 5.0, 0.0, 1.5),  # half of ten agents ready: half as much again
        (2.0, 0.0, 1.0, 1.8),  # one call waiting, nobody ready
        (2.5, 5.0, 0.0, 3.0),  # never over the maximum
        (1.0, 0.0, 4.0, 1.0),  # never under 1
    ],
)
def test_vicidial_climbs_by_the_share_of_ready_agents(
    level: float, ready: float, waiting: float, expected: float
) -> None:
    assert kernels.vicidial_climb(level, ready, waiting, 10.0, 0.0, 3.0) == pytest.approx(expected)


def test_vicidial_without_agents_keeps_its_level() -> None:
    assert kernels.vicidial_climb(2.0, 0.0, 0.0, 0.0, 0.0, 3.0) == 2.0


@pytest.mark.parametrize(("method", "expected"), [(0, 1.0), (1, 1.5), (2, 1.2)])
def test_vicidial_brakes_by_its_method_over_the_limit(method: int, expected: float) -> None:
    four_hours_s = 4 * 3600.0
    assert kernels.vicidial_brake(3.0, method, 51, 100, 4, 0.03, four_hours_s) == pytest.approx(expected)
    assert kernels.vicidial_brake(3.0, method, 50, 100, 4, 0.03, four_hours_s) == 3.0
    assert kernels.vicidial_brake(3.0, method, 51, 100, 3, 0.03, four_hours_s) == 3.0
    assert kernels.vicidial_brake(1.5, method, 51, 100, 4, 0.03, 60.0) == 1.0


def test_vicidial_counts_all_agents_in_calls_or_only_ready_ones() -> None:
    # 2 ready, 6 talking, 3 lines in flight, level 1.5: 12 lines for 8 agents, 9 are up; or 3 for 2, 3 are in flight
    assert kernels.vicidial_goal(1.5, 2, 6, 3, 0) == 3
    assert kernels.vicidial_goal(1.5, 2, 6, 3, 1) == 0
    assert kernels.vicidial_goal(2.0, 2, 6, 3, 1) == 1


def test_vicidial_dials_every_two_and_a_half_seconds_only() -> None:
    scenario = core(600.0)
    world = draw(scenario, 1)
    kernels.play_vicidial(world, LIMIT, 3.0, 0, 0)
    assert world.state[0]["dialed"] > 20
    assert float(world.state[0]["start_second"]) % 2.5 in (0.0, 2.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_vicidials_day_brake_holds_it_near_the_limit(seed: int) -> None:
    scenario = memoryless(10, 2.0, 8 * 3600.0)
    wild, braked = draw(scenario, seed), draw(scenario, seed)
    kernels.play_vicidial(wild, 1.0, 6.0, 0, 1)
    kernels.play_vicidial(braked, LIMIT, 6.0, 0, 1)
    assert measure(wild).rate > 2 * LIMIT
    assert measure(braked).rate < 1.4 * LIMIT


def test_a_ratio_keeps_its_floor_of_lines_per_ready_agent() -> None:
    scenario = core(600.0)
    world = draw(scenario, 2)
    state = world.state[0]
    seen = set()
    while not state["over"]:
        before = (int(state["ready"]), kernels.claims(state))
        wanted = int(2.6 * before[0]) - before[1]
        assert kernels.start(world, wanted) == max(0, wanted)
        seen.add(before[0])
        kernels.advance(world, state["now"] + 1.0)
    assert len(seen) > 5
    other = draw(scenario, 2)
    kernels.play_ratio(other, 2.6, 0.0)
    assert measure(other).dialed == measure(world).dialed
    assert measure(other).utilisation == measure(world).utilisation


def test_a_controller_without_gains_is_progressive_and_one_with_gains_nears_its_setpoint() -> None:
    scenario = memoryless(20, 2.0, 8 * 3600.0)
    days = {}
    for gains in ((0.0, 0.0), (10.0, 2.0)):
        world = draw(scenario, 3)
        baselines.play(world, scenario, Policy(Kind.PI, (LIMIT, *gains)))
        days[gains] = measure(world)
    plain = draw(scenario, 3)
    kernels.play_ratio(plain, 1.0, 0.0)
    assert days[0.0, 0.0].utilisation == pytest.approx(measure(plain).utilisation)
    assert 0.02 < days[10.0, 2.0].rate < 0.04


def test_a_controller_counts_the_answers_of_its_window() -> None:
    world = draw(core(600.0), 0)
    world.answer_dropped[:4] = [1, 0, 0, 1]
    world.state["live"] = 4
    assert kernels.rate_since(world, 0) == 0.5
    assert kernels.rate_since(world, 1) == pytest.approx(1 / 3)
    assert kernels.rate_since(world, 4) == 0.0


def test_targets_are_kept_by_the_number_of_people() -> None:
    scenario = memoryless(2, 2.0, 3600.0)
    under, over = np.array([4, 2, 0, 0]), np.array([9, 6, 1, 0])
    for share, table in ((0.0, under), (1.0, over)):
        world = draw(scenario, 4)
        kernels.play_targets(world, under, over, share, 600.0)
        other = draw(scenario, 4)
        kernels.play_targets(other, table, table, 0.5, 600.0)
        assert measure(world).dialed == measure(other).dialed


@pytest.mark.parametrize("kind", TUNED)
def test_every_setting_of_a_grid_is_named_and_plays(kind: Kind) -> None:
    policies = grid(kind)
    assert len({policy.text for policy in policies}) == len(policies) == len(set(policies))
    for policy in policies[:: len(policies) // 3]:
        world = draw(core(600.0), 5)
        baselines.play(world, core(600.0), policy)
        assert measure(world).dialed > 10
