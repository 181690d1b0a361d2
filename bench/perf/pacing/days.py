"""Plays days in worker processes: the hindsight search first, then each policy in full."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from bench.perf.pacing import baselines
from bench.perf.pacing.baselines import TUNED, Kind, Policy
from bench.perf.pacing.optimum import Model, Optimum, optimum
from bench.perf.pacing.scenarios import LIMIT, Scenario
from bench.perf.pacing.world import Day, again, draw, measure, pacer_config, play_pacer
from pacing import Pacer

HOPELESS = 3.0
"""A grid in order of daring is left after this many times the limit, several settings in a row."""
_IN_A_ROW = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """What one setting came to on one day."""

    utilisation: float
    live: int
    abandoned: int


def try_all(job: tuple[Scenario, int]) -> dict[Policy, Tried]:
    """One day with every setting of every tuned policy; settings that abandon far too much are left out."""
    scenario, seed = job
    world = draw(scenario, seed)
    found: dict[Policy, Tried] = {}
    for kind in TUNED:
        hopeless = 0
        for policy in baselines.grid(kind):
            baselines.play(again(world), scenario, policy)
            state = world.state[0]
            if state["exhausted"]:
                continue
            live, abandoned = int(state["live"]), int(state["abandoned"])
            found[policy] = Tried(float(state["busy_s"] / state["staffed_s"]), live, abandoned)
            in_order = kind in (Kind.RATIO, Kind.RATIO_EXPECTED)
            hopeless = hopeless + 1 if in_order and abandoned > HOPELESS * LIMIT * max(live, 30) else 0
            if hopeless >= _IN_A_ROW:
                break
    return found


def best_settings(days: Sequence[dict[Policy, Tried]]) -> list[Policy]:
    """Of each tuned kind the setting of highest mean utilisation that kept the limit over all days together, then
    that of those which kept it on every day.

    What no setting of a kind did is left out.
    """
    best: dict[tuple[Kind, bool], tuple[float, Policy]] = {}
    for policy in days[0]:
        tried = [day[policy] for day in days if policy in day]
        if len(tried) < len(days):
            continue
        utilisation = float(np.mean([day.utilisation for day in tried]))
        for every_day in (False, True):
            key = policy.kind, every_day
            if _kept_limit(tried, every_day) and (key not in best or utilisation > best[key][0]):
                best[key] = (utilisation, replace(policy, every_day=every_day))
    return [best[kind, every_day][1] for kind in TUNED for every_day in (False, True) if (kind, every_day) in best]


def _kept_limit(days: Sequence[Tried], every_day: bool) -> bool:
    if every_day:
        return all(day.abandoned <= LIMIT * day.live for day in days)
    return sum(day.abandoned for day in days) <= LIMIT * sum(day.live for day in days)


def play_day(job: tuple[Scenario, Policy, int]) -> Day:
    """One day of one policy, in full."""
    scenario, policy, seed = job
    world = draw(scenario, seed)
    if policy.kind is Kind.PREDICTIVE:
        return measure(world, play_pacer(world, Pacer(pacer_config(scenario), seed)))
    baselines.play(world, scenario, policy)
    return measure(world)


def solve(job: tuple[Scenario, float]) -> Optimum:
    """The optimum of a memoryless scenario with this hold."""
    scenario, hold_s = job
    live, ring_s = scenario.shares[0].live, scenario.person_ring.mean_s
    return optimum(Model(scenario.agents, live, ring_s, scenario.handling_s, hold_s), LIMIT)


def optima(pool: Executor, scenario: Scenario) -> tuple[Optimum, ...]:
    """The optimum with nobody waiting, then that of the scenario's own hold; none where the world has memory."""
    if not scenario.is_memoryless:
        return ()
    return tuple(pool.map(solve, [(scenario, 0.0), (scenario, scenario.hold_s)]))


def compare(
    pool: Executor, scenario: Scenario, seeds: Sequence[int], known: tuple[Optimum, ...]
) -> Iterator[tuple[Policy, list[Day]]]:
    """All policies on the same days of a scenario, one after the other, progressive dialing first."""
    tried = list(pool.map(try_all, [(scenario, seed) for seed in seeds]))
    told = [baselines.told(known[-1])] if known else []
    policies = [Policy(Kind.PROGRESSIVE), Policy(Kind.VICIDIAL), *best_settings(tried), *told, Policy(Kind.PREDICTIVE)]
    for policy in policies:
        yield policy, list(pool.map(play_day, [(scenario, policy, seed) for seed in seeds]))
