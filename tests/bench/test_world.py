"""The world of the pacing bench: it loses no call, keeps its rules, and agrees with theory."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bench.perf.pacing import kernels
from bench.perf.pacing.kernels import (
    ABANDONED,
    AGENT,
    ANSWERED,
    CONNECTED,
    FAIL_S,
    FAILED,
    HUMAN,
    LOGGED_OUT,
    MACHINE,
    NOT_LIVE,
    PAUSED,
    READY,
    RESOLVED,
    World,
)
from bench.perf.pacing.scenarios import Listening, Mixture, Plan, Scenario, Spread, core, memoryless, scenarios
from bench.perf.pacing.world import again, draw, lengths, measure, pacer_config, play_pacer
from pacing import Pacer

HOUR_S = 3600.0
Told = tuple[float, int, int, int]


def played(world: World, lines_per_agent: float = 3.0) -> list[Told]:
    """Play a day at a fixed ratio and return everything it told: time, kind and two numbers."""
    state = world.state[0]
    told: list[Told] = []
    while not state["over"]:
        wanted = int(lines_per_agent * state["ready"]) - state["ringing"] - state["listening"] - state["waiting"]
        kernels.start(world, wanted)
        count = kernels.advance(world, state["now"] + 1.0)
        now = float(state["now"])
        told += [(now, kind, number, detail) for kind, number, detail in world.notices[:count].tolist()]
    return told


def of_kind(told: list[Told], kind: int) -> dict[int, tuple[float, int]]:
    """When each call (or agent) was told of, and the second number; each at most once."""
    found = {number: (at, detail) for at, what, number, detail in told if what == kind}
    assert len(found) == sum(what == kind for _, what, _, _ in told)
    return found


@pytest.mark.parametrize("name", ["core", "amd-errors", "breaks", "outage", "list-swap", "memoryless-5-nohold"])
def test_every_call_comes_to_one_end(name: str) -> None:
    world = draw(scenarios(HOUR_S)[name], 1)
    told, state = played(world), world.state[0]
    resolved, connected, abandoned = (of_kind(told, kind) for kind in (RESOLVED, CONNECTED, ABANDONED))
    assert len(resolved) + state["ringing"] + state["listening"] == state["dialed"]
    people = {call for call, (_, outcome) in resolved.items() if outcome == HUMAN}
    assert connected.keys() | abandoned.keys() <= people
    assert not connected.keys() & abandoned.keys()
    assert len(people) == len(connected) + len(abandoned) + state["waiting"]
    assert state["waits"] == len(connected)


@pytest.mark.parametrize("name", ["core", "micro", "memoryless-10", "memoryless-5-nohold", "amd-errors"])
def test_abandoned_are_exactly_those_who_waited_out_the_hold(name: str) -> None:
    scenario = scenarios(HOUR_S)[name]
    world = draw(scenario, 2)
    told = played(world, 5.0)
    resolved, connected, abandoned = (of_kind(told, kind) for kind in (RESOLVED, CONNECTED, ABANDONED))
    assert len(abandoned) > 10
    for call, (at, _) in abandoned.items():
        assert at - resolved[call][0] == pytest.approx(scenario.hold_s)
    for call, (at, _) in connected.items():
        assert at - resolved[call][0] <= scenario.hold_s
    assert world.state[0]["abandoned"] == len(abandoned)


def test_who_waits_longest_is_served_first_by_who_is_ready_longest() -> None:
    told = played(draw(core(HOUR_S), 3), 5.0)
    resolved, abandoned = of_kind(told, RESOLVED), of_kind(told, ABANDONED)
    ready: dict[int, float] = {}
    waiting: list[int] = []
    late = 0
    for at, kind, number, detail in told:
        if kind == AGENT:
            ready.pop(number, None)
            if detail == READY:
                ready[number] = at
        elif kind == RESOLVED and detail == HUMAN:
            waiting.append(number)
        elif kind == ABANDONED:
            assert not ready
            waiting.remove(number)
        elif kind == CONNECTED:
            assert number == waiting.pop(0)
            assert detail == min(ready, key=lambda agent: ready[agent])
            del ready[detail]
            late += at > resolved[number][0]
    assert late > 3
    assert len(abandoned) > 3


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    first, other = draw(core(HOUR_S), 4), draw(core(HOUR_S), 5)
    told = played(first)
    assert played(draw(core(HOUR_S), 4)) == told
    assert played(again(first)) == told
    assert played(other) != told


def test_policies_meet_the_same_list() -> None:
    worlds = [draw(core(HOUR_S), 6) for _ in range(2)]
    for world, ratio in zip(worlds, (1.0, 3.0), strict=True):
        kernels.play_ratio(world, ratio, 0.0)
    dialed = min(int(world.state[0]["dialed"]) for world in worlds)
    assert dialed > 100
    assert (worlds[0].calls["met"][:dialed] == worlds[1].calls["met"][:dialed]).all()


def test_progressive_dialing_agrees_with_its_closed_form_and_abandons_nobody() -> None:
    days = []
    for seed in range(30):
        world = draw(memoryless(5, 2.0, 8 * HOUR_S), seed)
        kernels.play_ratio(world, 1.0, 0.0)
        days.append(measure(world))
    shares = np.array([day.utilisation for day in days])
    assert shares.mean() == pytest.approx(2 / 3, abs=4 * shares.std() / 30**0.5)
    assert sum(day.abandoned for day in days) == 0
    waits = np.concatenate([day.waits_s for day in days])
    assert waits.mean() == pytest.approx(15.0 / 0.25, rel=0.03)


def test_without_overdialing_an_agent_who_leaves_can_still_cost_a_call() -> None:
    scenario = replace(core(HOUR_S), agents=1, shares=scenarios(1.0)["core"].shares, plans=(Plan(5.0, 0, LOGGED_OUT),))
    abandoned = 0
    for seed in range(20):
        world = draw(scenario, seed)
        kernels.play_ratio(world, 1.0, 0.0)
        abandoned += measure(world).abandoned
        assert world.state[0]["dialed"] == 1
        assert world.state[0]["staffed_s"] == pytest.approx(5.0)
    assert abandoned > 0


def test_busy_talk_and_staffed_time_are_those_of_the_agents_states() -> None:
    scenario = replace(
        core(HOUR_S), agents=2, plans=(Plan(600.0, 1, PAUSED), Plan(1800.0, 1, READY), Plan(3000.0, 0, LOGGED_OUT))
    )
    world = draw(scenario, 7)
    told = played(world)
    since = dict.fromkeys(range(2), 0.0)
    state = dict.fromkeys(range(2), LOGGED_OUT)
    spent = dict.fromkeys((READY, kernels.TALKING, kernels.WRAPUP, PAUSED, LOGGED_OUT), 0.0)
    for at, kind, number, detail in [*told, *((HOUR_S, AGENT, agent, LOGGED_OUT) for agent in range(2))]:
        if kind not in (AGENT, CONNECTED):
            continue
        agent, now_in = (number, detail) if kind == AGENT else (detail, kernels.TALKING)
        spent[state[agent]] += at - since[agent]
        since[agent], state[agent] = at, now_in
    assert world.state[0]["talk_s"] == pytest.approx(spent[kernels.TALKING])
    assert world.state[0]["busy_s"] == pytest.approx(spent[kernels.TALKING] + spent[kernels.WRAPUP])
    assert world.state[0]["staffed_s"] == pytest.approx(sum(spent.values()) - spent[LOGGED_OUT] - spent[PAUSED])
    assert spent[PAUSED] > 600.0


def test_breaks_wait_for_the_call_and_end_when_they_are_planned() -> None:
    told = played(draw(scenarios(HOUR_S)["breaks"], 8))
    went = [(at, agent) for at, kind, agent, state in told if kind == AGENT and state == PAUSED]
    assert len(went) > 12
    assert any(at > 0.2 * HOUR_S for at, _ in went[:12])
    assert {agent for at, kind, agent, state in told if kind == AGENT and state == LOGGED_OUT} == {8, 9, 10, 11}


def test_agents_log_in_one_by_one() -> None:
    told = played(draw(scenarios(8 * HOUR_S)["ramp"], 9))
    first: dict[int, float] = {}
    for at, kind, agent, state in told:
        if kind == AGENT and state == READY:
            first.setdefault(agent, at)
    assert [first[agent] for agent in range(10)] == pytest.approx([360.0 * agent for agent in range(10)])


def test_calls_fail_at_once_while_the_carrier_is_out() -> None:
    scenario = scenarios(HOUR_S)["outage"]
    assert scenario.outage is not None
    told = played(draw(scenario, 10))
    failed = [at for at, kind, _, outcome in told if kind == RESOLVED and outcome == FAILED]
    assert failed
    assert scenario.outage[0] <= failed[0] - FAIL_S
    assert failed[-1] - FAIL_S <= scenario.outage[1]
    assert max(Counter(int(at - FAIL_S) for at in failed).values()) <= scenario.starts_per_s


def test_lines_are_never_more_than_there_are() -> None:
    scenario = replace(core(HOUR_S), max_lines=9)
    world = draw(scenario, 11)
    state = world.state[0]
    most = 0
    while not state["over"]:
        kernels.start(world, 100)
        most = max(most, int(state["ringing"] + state["listening"] + state["waiting"] + state["talking"]))
        kernels.advance(world, state["now"] + 1.0)
    assert most == 9


def test_a_list_that_runs_out_is_told() -> None:
    world = draw(replace(core(HOUR_S), hold_s=0.0), 12)
    while not world.state[0]["over"]:
        kernels.start(world, 1000)
        kernels.advance(world, world.state[0]["now"] + 1.0)
    assert measure(world).exhausted


def test_the_share_of_live_answers_follows_the_list() -> None:
    scenario = scenarios(4 * HOUR_S)["list-swap"]
    world = draw(scenario, 13)
    told = played(world, 2.0)
    resolved = [(at, outcome) for at, kind, _, outcome in told if kind == RESOLVED]
    for later, live in ((False, 0.12), (True, 0.35)):
        outcomes = [outcome for at, outcome in resolved if (at > 2 * HOUR_S) == later]
        assert np.mean([outcome == HUMAN for outcome in outcomes]) == pytest.approx(live, abs=0.03)


def test_a_listener_errs_at_its_rates_and_machines_are_no_live_answers() -> None:
    scenario = replace(core(4 * HOUR_S), listening=Listening(Spread(1.0), 0.2, 0.3))
    world = draw(scenario, 14)
    told = played(world, 2.0)
    answered, resolved, connected = (of_kind(told, kind) for kind in (ANSWERED, RESOLVED, CONNECTED))
    met = world.calls["met"]
    people = [call for call in answered if met[call] == HUMAN and call in resolved]
    machines = [call for call in answered if met[call] == MACHINE and call in resolved]
    assert np.mean([resolved[call][1] == MACHINE for call in people]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([resolved[call][1] == HUMAN for call in machines]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([resolved[call][0] - answered[call][0] for call in people]) == pytest.approx(1.0, abs=0.1)
    day = measure(world)
    assert day.people_hung_up == sum(resolved[call][1] == MACHINE for call in people)
    talked = [call for call in connected if met[call] == MACHINE]
    assert of_kind(told, NOT_LIVE).keys() <= set(talked)
    assert day.live == len(connected) - len(talked) + day.abandoned


def test_the_real_pacer_plays_the_day_and_counts_as_the_world_does() -> None:
    scenario = scenarios(0.5 * HOUR_S)["amd-errors"]
    world = draw(scenario, 15)
    pacer = Pacer(pacer_config(scenario), 15)
    assert play_pacer(world, pacer) > 0.0
    day = measure(world)
    assert day.dialed > 100
    talking = sum(
        agent["state"] == kernels.TALKING and world.calls["met"][agent["call"]] == MACHINE for agent in world.agents
    )
    assert talking == 0
    assert pacer.decide(scenario.day_s).abandoned_rate == pytest.approx(day.rate)


def test_a_day_is_measured_when_it_is_over() -> None:
    with pytest.raises(ValueError, match="not over"):
        measure(draw(core(HOUR_S), 0))


@pytest.mark.parametrize(
    ("spread", "mean_s", "deviation_s"),
    [
        (Spread(20.0), 20.0, 20.0),
        (Spread(100.0, 0.5), 100.0, 50.0),
        (Spread(0.0), 0.0, 0.0),
        (Mixture(0.7, Spread(20.0, 0.5), Spread(300.0, 0.5)), 104.0, 152.6),
    ],
)
def test_lengths_have_the_mean_and_deviation_they_should(
    spread: Spread | Mixture, mean_s: float, deviation_s: float
) -> None:
    drawn = lengths(spread, np.random.default_rng(1), 200_000)
    assert spread.mean_s == pytest.approx(mean_s)
    assert drawn.mean() == pytest.approx(mean_s, rel=0.02)
    assert drawn.std() == pytest.approx(deviation_s, rel=0.02)


def test_scenarios_are_many_and_their_lists_long_enough() -> None:
    known = scenarios(8 * HOUR_S)
    assert len(known) >= 14
    assert {name for name, scenario in known.items() if scenario.is_memoryless} == {
        f"memoryless-{agents}{hold}" for agents in (3, 5, 10, 20, 40) for hold in ("", "-nohold")
    }


def heap_order(scenario: Scenario) -> list[float]:
    world = draw(scenario, 0)
    rng = np.random.default_rng(0)
    for number in range(1000):
        kernels.push(world, float(rng.random()), 3, number)
    found = []
    while world.state[0]["heap"]:
        at = float(world.heap["at"][0])
        what = kernels.pop(world)
        assert what % 8 == 3
        found.append(at)
    return found


def test_the_heap_gives_events_in_order() -> None:
    found = heap_order(core(HOUR_S))
    assert len(found) == 1000
    assert found == sorted(found)


def test_a_day_knows_how_it_stood_after_the_first_hours() -> None:
    world = draw(core(2.5 * HOUR_S), 21)
    told = played(world, 4.0)
    stood = []
    for until_s in (HOUR_S, 2.0 * HOUR_S):
        counts = Counter(kind for at, kind, _, _ in told if at <= until_s)
        stood.append((counts[CONNECTED] + counts[ABANDONED], counts[ABANDONED]))
    assert stood[0][1] > 3
    assert measure(world).early == tuple(stood)
