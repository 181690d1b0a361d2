"""The world of the pacing bench and the baselines that play in it, compiled by Numba.

One file, because Numba's cache on disk notices changes in the file of a kernel only, not in those it calls.
Event times are exact; there is no time grid. What a call meets is drawn beforehand by its number, so that all policies
dial the same list.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
F = TypeVar("F", bound=Callable[..., Any])

READY, TALKING, WRAPUP, PAUSED, LOGGED_OUT = range(5)
HUMAN, MACHINE, NO_ANSWER, BUSY, FAILED = range(5)
AGENT, ANSWERED, RESOLVED, CONNECTED, ABANDONED, NOT_LIVE = range(6)
RING_OVER, HEARD, GAVE_UP, TALK_OVER, WRAPUP_OVER = range(5)
FAIL_S = 0.5
"""After how many seconds a call fails that the carrier does not take."""

RULES = np.dtype(
    [
        ("end_s", "f8"),
        ("hold_s", "f8"),
        ("max_lines", "i8"),
        ("starts_per_s", "i8"),
        ("listens", "i8"),
        ("people_missed", "f8"),
        ("machines_missed", "f8"),
        ("machine_talk_s", "f8"),
        ("machine_wrapup_s", "f8"),
        ("outage_from_s", "f8"),
        ("outage_to_s", "f8"),
    ]
)
STATE = np.dtype(
    [
        ("now", "f8"),
        ("talk_s", "f8"),
        ("busy_s", "f8"),
        ("staffed_s", "f8"),
        ("start_second", "f8"),
        ("starts", "i8"),
        ("ready", "i8"),
        ("talking", "i8"),
        ("wrapup", "i8"),
        ("paused", "i8"),
        ("ringing", "i8"),
        ("listening", "i8"),
        ("waiting", "i8"),
        ("dialed", "i8"),
        ("live", "i8"),
        ("abandoned", "i8"),
        ("people_hung_up", "i8"),
        ("waits", "i8"),
        ("heap", "i8"),
        ("planned", "i8"),
        ("queue_from", "i8"),
        ("queue_to", "i8"),
        ("over", "i8"),
        ("exhausted", "i8"),
    ]
)


SHARES = np.dtype([("at_s", "f8"), ("live", "f8"), ("machine", "f8")])
CALLS = np.dtype(
    [
        ("far", "f8"),
        ("slip", "f8"),
        ("person_ring_s", "f8"),
        ("machine_ring_s", "f8"),
        ("nobody_ring_s", "f8"),
        ("listen_s", "f8"),
        ("talk_s", "f8"),
        ("wrapup_s", "f8"),
        ("met", "i8"),
        ("waits", "i8"),
    ]
)
PLAN = np.dtype([("at_s", "f8"), ("agent", "i8"), ("state", "i8")])
AGENTS = np.dtype([("state", "i8"), ("since", "f8"), ("call", "i8"), ("leaves", "i8")])
EVENTS = np.dtype([("at", "f8"), ("what", "i8")])


class World(NamedTuple):
    """One seeded day, as arrays of records: rules, what each call meets, what agents plan, and the state of play.

    `calls` are drawn by number before the day (`far` and `slip` from 0 to 1: who answers, and whether the listener
    errs); `plan` says when which agent goes to which state; `answer_*` logs live answers in order (`answer_dropped` 1:
    abandoned), `wait_s` the waits of agents for a call. `notices` holds what the last event told: kind and two numbers.
    """

    rules: Any
    state: Any
    shares: Any
    calls: Any
    plan: Any
    agents: Any
    heap: Any
    queue: Ints
    answer_at: Floats
    answer_dropped: Bytes
    wait_s: Floats
    notices: Ints


def _kernel(function: F) -> F:
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@_kernel
def push(world: World, at: float, kind: int, number: int) -> None:
    """Put an event on the heap; `number` is a call or an agent."""
    state = world.state[0]
    i = state.heap
    state.heap += 1
    while i > 0:
        parent = (i - 1) // 2
        if world.heap[parent].at <= at:
            break
        world.heap[i].at = world.heap[parent].at
        world.heap[i].what = world.heap[parent].what
        i = parent
    world.heap[i].at = at
    world.heap[i].what = number * 8 + kind


@_kernel
def pop(world: World) -> int:
    """Take the first event off the heap; its kind is the result modulo 8."""
    state = world.state[0]
    what = world.heap[0].what
    state.heap -= 1
    last = state.heap
    at = world.heap[last].at
    i = 0
    while 2 * i + 1 < last:
        child = 2 * i + 1
        if child + 1 < last and world.heap[child + 1].at < world.heap[child].at:
            child += 1
        if world.heap[child].at >= at:
            break
        world.heap[i].at = world.heap[child].at
        world.heap[i].what = world.heap[child].what
        i = child
    world.heap[i].at = at
    world.heap[i].what = world.heap[last].what
    return int(what)


@_kernel
def note(world: World, count: int, kind: int, first: int, second: int) -> int:
    """Tell one thing more about this event; returns how many there are."""
    world.notices[count, 0] = kind
    world.notices[count, 1] = first
    world.notices[count, 2] = second
    return count + 1


@_kernel
def pass_time(world: World, at: float) -> None:
    """Let the clock run to `at`, and count the agents' time."""
    state = world.state[0]
    spent_s = at - state.now
    busy = state.talking + state.wrapup
    state.talk_s += spent_s * state.talking
    state.busy_s += spent_s * busy
    state.staffed_s += spent_s * (busy + state.ready)
    state.now = at


@_kernel
def count_agent(state: Any, agent_state: int, by: int) -> None:
    """Keep the number of agents in each state."""
    if agent_state == READY:
        state.ready += by
    elif agent_state == TALKING:
        state.talking += by
    elif agent_state == WRAPUP:
        state.wrapup += by
    elif agent_state == PAUSED:
        state.paused += by


@_kernel
def move_agent(world: World, agent: int, to: int) -> None:
    """Bring an agent to another state now."""
    state = world.state[0]
    count_agent(state, world.agents[agent].state, -1)
    count_agent(state, to, 1)
    world.agents[agent].state = to
    world.agents[agent].since = state.now


@_kernel
def longest_ready(world: World) -> int:
    """The agent who has been ready longest, or -1."""
    best = -1
    if world.state[0].ready > 0:
        for agent in range(world.agents.size):
            if world.agents[agent].state == READY and (
                best < 0 or world.agents[agent].since < world.agents[best].since
            ):
                best = agent
    return best


@_kernel
def log_answer(world: World, dropped: int) -> None:
    """Count one live answer."""
    state = world.state[0]
    world.answer_at[state.live] = state.now
    world.answer_dropped[state.live] = dropped
    state.live += 1
    state.abandoned += dropped


@_kernel
def connect(world: World, call: int, agent: int, count: int) -> int:
    """Join a person (or a machine taken for one) and a ready agent."""
    state = world.state[0]
    rules = world.rules[0]
    world.wait_s[state.waits] = state.now - world.agents[agent].since
    state.waits += 1
    move_agent(world, agent, TALKING)
    world.agents[agent].call = call
    talk_s = world.calls[call].talk_s
    if world.calls[call].met == MACHINE:
        talk_s = rules.machine_talk_s
    else:
        log_answer(world, 0)
    push(world, state.now + talk_s, TALK_OVER, agent)
    return note(world, count, CONNECTED, call, agent)


@_kernel
def make_ready(world: World, agent: int, count: int) -> int:
    """An agent becomes ready and takes the person who has waited longest."""
    state = world.state[0]
    move_agent(world, agent, READY)
    count = note(world, count, AGENT, agent, READY)
    if state.waiting > 0:
        call = world.queue[state.queue_from]
        state.queue_from += 1
        state.waiting -= 1
        world.calls[call].waits = 0
        count = connect(world, call, agent, count)
    return count


@_kernel
def abandon(world: World, call: int, count: int) -> int:
    """Nobody took the call in time."""
    log_answer(world, 1)
    return note(world, count, ABANDONED, call, 0)


@_kernel
def settle(world: World, call: int, outcome: int) -> int:
    """It is known what answered; a person is joined to an agent, waits, or is abandoned."""
    state = world.state[0]
    count = note(world, 0, RESOLVED, call, outcome)
    if outcome != HUMAN:
        return count
    agent = longest_ready(world)
    if agent >= 0:
        return connect(world, call, agent, count)
    if world.rules[0].hold_s <= 0.0:
        return abandon(world, call, count)
    world.queue[state.queue_to] = call
    state.queue_to += 1
    state.waiting += 1
    world.calls[call].waits = 1
    push(world, state.now + world.rules[0].hold_s, GAVE_UP, call)
    return count


@_kernel
def ring_over(world: World, call: int) -> int:
    """A line stops ringing."""
    state = world.state[0]
    state.ringing -= 1
    met = world.calls[call].met
    if world.rules[0].listens and met in (HUMAN, MACHINE):
        state.listening += 1
        push(world, state.now + world.calls[call].listen_s, HEARD, call)
        return note(world, 0, ANSWERED, call, 0)
    return settle(world, call, met)


@_kernel
def heard(world: World, call: int) -> int:
    """The listener has made up its mind, rightly or not."""
    state = world.state[0]
    rules = world.rules[0]
    state.listening -= 1
    outcome = world.calls[call].met
    if outcome == HUMAN and world.calls[call].slip < rules.people_missed:
        outcome = MACHINE
        state.people_hung_up += 1
    elif outcome == MACHINE and world.calls[call].slip < rules.machines_missed:
        outcome = HUMAN
    return settle(world, call, outcome)


@_kernel
def release(world: World, agent: int, count: int) -> int:
    """An agent is through with a call and its wrap-up: ready, or off to what was planned meanwhile."""
    leaves = world.agents[agent].leaves
    if leaves == READY:
        return make_ready(world, agent, count)
    world.agents[agent].leaves = READY
    move_agent(world, agent, leaves)
    return note(world, count, AGENT, agent, leaves)


@_kernel
def talk_over(world: World, agent: int) -> int:
    """The talk ends; wrap-up follows where there is one."""
    call = world.agents[agent].call
    count = 0
    wrapup_s = world.calls[call].wrapup_s
    if world.calls[call].met == MACHINE:
        wrapup_s = world.rules[0].machine_wrapup_s
        count = note(world, count, NOT_LIVE, call, 0)
    if wrapup_s <= 0.0:
        return release(world, agent, count)
    move_agent(world, agent, WRAPUP)
    push(world, world.state[0].now + wrapup_s, WRAPUP_OVER, agent)
    return note(world, count, AGENT, agent, WRAPUP)


@_kernel
def happen(world: World, kind: int, number: int) -> int:
    """Let one event of the heap happen; returns the number of notices, 0 for a stale one."""
    if kind == RING_OVER:
        return ring_over(world, number)
    if kind == HEARD:
        return heard(world, number)
    if kind == TALK_OVER:
        return talk_over(world, number)
    if kind == WRAPUP_OVER:
        return release(world, number, 0)
    if not world.calls[number].waits:
        return 0
    state = world.state[0]
    world.calls[number].waits = 0
    state.queue_from += 1
    state.waiting -= 1
    return abandon(world, number, 0)


@_kernel
def follow_plan(world: World) -> int:
    """The next log-in, break or log-out; an agent in a call goes after it."""
    state = world.state[0]
    agent = world.plan[state.planned].agent
    to = world.plan[state.planned].state
    state.planned += 1
    now_in = world.agents[agent].state
    if now_in in (TALKING, WRAPUP):
        world.agents[agent].leaves = to
        return 0
    if now_in == to:
        return 0
    if to == READY:
        return make_ready(world, agent, 0)
    move_agent(world, agent, to)
    return note(world, 0, AGENT, agent, to)


@_kernel
def advance(world: World, until_s: float) -> int:
    """Go to the next event, but not past `until_s` or the end of the day; returns the number of notices.

    At the end `state.over` is 1; what rings or waits then is counted nowhere.
    """
    state = world.state[0]
    end_s = world.rules[0].end_s
    while True:
        at = min(until_s, end_s)
        source = 0
        if state.heap > 0 and world.heap[0].at <= at:
            at = world.heap[0].at
            source = 1
        if state.planned < world.plan.size and world.plan[state.planned].at_s <= at:
            at = world.plan[state.planned].at_s
            source = 2
        pass_time(world, at)
        if source == 0:
            state.over = 1 if at >= end_s else 0
            return 0
        if source == 2:
            count = follow_plan(world)
        else:
            what = pop(world)
            count = happen(world, what % 8, what // 8)
        if count > 0:
            return count


@_kernel
def meet(world: World, call: int) -> int:
    """What a call dialed now meets."""
    state = world.state[0]
    rules = world.rules[0]
    if rules.outage_from_s <= state.now < rules.outage_to_s:
        return FAILED
    i = 0
    while i + 1 < world.shares.size and world.shares[i + 1].at_s <= state.now:
        i += 1
    if world.calls[call].far < world.shares[i].live:
        return HUMAN
    if world.calls[call].far < world.shares[i].live + world.shares[i].machine:
        return MACHINE
    return NO_ANSWER


@_kernel
def ring_length(world: World, call: int) -> float:
    """How long a call rings, by what it meets."""
    record = world.calls[call]
    if record.met == HUMAN:
        return float(record.person_ring_s)
    if record.met == MACHINE:
        return float(record.machine_ring_s)
    return FAIL_S if record.met == FAILED else float(record.nobody_ring_s)


@_kernel
def may_start(world: World) -> bool:
    """Whether a line, the carrier's starts per second and the list have room for one more call."""
    state = world.state[0]
    rules = world.rules[0]
    if state.ringing + state.listening + state.waiting + state.talking >= rules.max_lines:
        return False
    second = np.floor(state.now)
    if second != state.start_second:
        state.start_second = second
        state.starts = 0
    if state.starts >= rules.starts_per_s:
        return False
    if state.dialed >= world.calls.size or state.heap >= world.heap.size - world.agents.size:
        state.exhausted = 1
        return False
    return True


@_kernel
def start(world: World, wanted: int) -> int:
    """Start up to `wanted` calls now; returns how many were started. Their numbers follow `state.dialed` as it was."""
    state = world.state[0]
    for started in range(wanted):
        if not may_start(world):
            return started
        call = state.dialed
        world.calls[call].met = meet(world, call)
        state.dialed += 1
        state.starts += 1
        state.ringing += 1
        push(world, state.now + ring_length(world, call), RING_OVER, call)
    return max(0, wanted)


@_kernel
def claims(state: Any) -> int:
    """Calls that need an agent now or may soon."""
    return int(state.ringing + state.listening + state.waiting)


@_kernel
def wait_for(world: World, wanted: int, until_s: float) -> None:
    """Start calls, then go to the next event; a second on at most where not all could be started."""
    if start(world, wanted) < wanted:
        until_s = min(until_s, world.state[0].now + 1.0)
    advance(world, until_s)


@_kernel
def play_ratio(world: World, ratio: float, expected: float) -> None:
    """Keep floor(ratio x (ready + expected x busy)) lines in flight, `expected` of the busy agents being counted in."""
    state = world.state[0]
    while not state.over:
        agents = state.ready + expected * (state.talking + state.wrapup)
        wait_for(world, int(np.floor(ratio * agents + 1e-9)) - claims(state), np.inf)


@_kernel
def play_targets(world: World, under: Ints, over: Ints, share_over: float, period_s: float) -> None:
    """Keep under[x] lines ringing while x people are with agents or wait, or over[x] in a share of each period."""
    state = world.state[0]
    while not state.over:
        targets = over if state.now % period_s < share_over * period_s else under
        people = min(state.talking + state.wrapup + state.waiting, targets.size - 1)
        wait_for(world, targets[people] - state.ringing - state.listening, (state.now // period_s + 1.0) * period_s)


@_kernel
def vicidial_climb(level: float, ready: float, waiting: float, agents: float, target: float, most: float) -> float:
    """The dial level after one look at the mean ready agents, waiting calls and logged-in agents."""
    if agents > 0.0:
        level *= 1.0 + (ready - waiting + target) / agents
    return max(1.0, min(level, most))


@_kernel
def vicidial_brake(
    level: float, method: int, calls: int, live: int, dropped: int, limit: float, left_s: float
) -> float:
    """The dial level after a look at the day's drops; `method` 0 hard limit, 1 average, 2 tapered."""
    if calls <= 50 or live == 0 or dropped <= limit * live:
        return level
    if method == 0:
        return 1.0
    if method == 1:
        return max(1.0, level / 2.0)
    return max(1.0, level * left_s / 36000.0)


@_kernel
def vicidial_goal(level: float, ready: int, talking: int, claimed: int, available_only: int) -> int:
    """Lines to start: the level times agents (all, or only ready ones), less what is up."""
    if available_only:
        return int(np.floor(level * ready + 0.5)) - claimed
    return int(np.floor(level * (ready + talking) + 0.5)) - claimed - talking


@_kernel
def play_vicidial(world: World, limit: float, most: float, method: int, available_only: int) -> None:
    """VICIdial's adaptive dialing: samples every 1 s, a level every 15 s, calls every 2.5 s."""
    state = world.state[0]
    end_s = world.rules[0].end_s
    samples = np.zeros((15, 3))
    minute = np.zeros((60, 2), np.int64)
    level = 1.0
    taken = 0
    level_at = 15.0
    dial_at = 0.0
    while not state.over:
        if state.now >= taken + 1.0:
            samples[taken % 15, 0] = state.ready
            samples[taken % 15, 1] = state.waiting
            samples[taken % 15, 2] = state.ready + state.talking + state.wrapup + state.paused
            calls = state.dialed - minute[taken % 60, 0]
            dropped = state.abandoned - minute[taken % 60, 1]
            minute[taken % 60, 0] = state.dialed
            minute[taken % 60, 1] = state.abandoned
            taken += 1
            if state.now >= level_at:
                level_at += 15.0
                kept = min(15, taken)
                ready, waiting, agents = samples[:, 0].sum(), samples[:, 1].sum(), samples[:, 2].sum()
                level = vicidial_climb(level, ready / kept, waiting / kept, agents / kept, 0.0, most)
                if calls > 20 and dropped > 0.5 * calls:
                    level = max(1.0, level / 2.0)
                left_s = end_s - state.now
                level = vicidial_brake(level, method, state.dialed, state.live, state.abandoned, limit, left_s)
        if state.now >= dial_at:
            dial_at += 2.5
            start(world, vicidial_goal(level, state.ready, state.talking, claims(state), available_only))
        advance(world, min(taken + 1.0, dial_at))


@_kernel
def rate_since(world: World, first: int) -> float:
    """The abandoned share of the answers from number `first` on, 0 when there are none."""
    live = world.state[0].live
    if live <= first:
        return 0.0
    dropped = 0.0
    for i in range(first, live):
        dropped += world.answer_dropped[i]
    return float(dropped / (live - first))


@_kernel
def play_pi(world: World, setpoint: float, gain: float, gain_per_min: float, window_s: float, most: float) -> None:
    """A PI controller: every 15 s the error of the abandoned rate over `window_s` sets the lines per ready agent.

    The ratio stays between 1 and `most`; the integral stands still while the ratio is at its bound.
    """
    state = world.state[0]
    integral = 0.0
    ratio = 1.0
    look_at = 15.0
    first = 0
    while not state.over:
        if state.now >= look_at:
            look_at += 15.0
            while first < state.live and world.answer_at[first] < state.now - window_s:
                first += 1
            error = setpoint - rate_since(world, first)
            wanted = 1.0 + gain * error + gain_per_min * (integral + 0.25 * error)
            if not (wanted > most and error > 0.0) and not (wanted < 1.0 and error < 0.0):
                integral += 0.25 * error
            ratio = max(1.0, min(most, 1.0 + gain * error + gain_per_min * integral))
        wait_for(world, int(np.floor(ratio * state.ready + 1e-9)) - claims(state), look_at)


@_kernel
def worst_window(at: Floats, dropped: Bytes, window_s: float, least: int) -> float:
    """The highest abandoned share in any `window_s` that holds at least `least` answers; -1 when none does."""
    worst = -1.0
    first = 0
    drops = 0
    for i in range(at.size):
        drops += dropped[i]
        while at[first] <= at[i] - window_s:
            drops -= dropped[first]
            first += 1
        if i - first + 1 >= least:
            worst = max(worst, drops / (i - first + 1))
    return worst


@_kernel
def worst_block(dropped: Bytes, size: int) -> float:
    """The highest abandoned share in `size` answers in a row; in all of them when there are fewer; -1 when none."""
    size = min(size, dropped.size)
    if size == 0:
        return -1.0
    drops = 0
    worst = 0
    for i in range(dropped.size):
        drops += dropped[i]
        if i >= size:
            drops -= dropped[i - size]
        if i >= size - 1:
            worst = max(worst, drops)
    return worst / size
