"""One seeded day: drawn from a scenario, played by a compiled policy or by the real pacer, and measured."""

import math
import time
import zlib
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.perf.pacing import kernels
from bench.perf.pacing.kernels import Bytes, Floats, World
from bench.perf.pacing.scenarios import LIMIT, Mixture, Plan, Scenario, Spread
from pacing import Pacer, PacerConfig

WINDOWS_S = (900.0, 3600.0)
EARLY_S = (3600.0, 7200.0, 14400.0)
LEAST_ANSWERS = 20
"""Answers that a window must hold before its abandoned share is looked at."""
_HEAP_ROOM = 1 << 14
_NO_LIMIT = 1 << 30
_AGENT_STATES = ("ready", "talking", "wrapup", "paused", "logged_out")
_OUTCOMES = ("human", "machine", "no_answer", "busy", "failed")


@dataclass(frozen=True, slots=True)
class Day:
    """What came of one day; shares from 0 to 1. `exhausted`: the policy dialed more than the list holds.

    `early`: live answers and abandoned calls after each of EARLY_S that is within the day.
    `worst_windows`: highest abandoned share in any 15 min and any hour; -1 where none holds enough answers.
    `decide_us` is the median cost of a decision, 0 for compiled policies.
    """

    utilisation: float
    talk_min_per_h: float
    live: int
    abandoned: int
    dialed: int
    people_hung_up: int
    exhausted: bool
    worst_windows: tuple[float, ...]
    waits_s: NDArray[np.float32]
    dropped: Bytes
    decide_us: float = 0.0
    early: tuple[tuple[int, int], ...] = ()

    @property
    def rate(self) -> float:
        """Abandoned share of the live answers."""
        return self.abandoned / self.live if self.live else 0.0


def lengths(spread: Spread | Mixture, rng: np.random.Generator, size: int) -> Floats:
    """This many lengths in seconds."""
    if isinstance(spread, Mixture):
        first, second = lengths(spread.first, rng, size), lengths(spread.second, rng, size)
        return np.where(rng.random(size) < spread.share, first, second)
    if spread.mean_s == 0.0:
        return np.zeros(size)
    if spread.cv is None:
        return rng.exponential(spread.mean_s, size)
    variance = math.log(1.0 + spread.cv**2)
    return rng.lognormal(math.log(spread.mean_s) - variance / 2.0, math.sqrt(variance), size)


def list_size(scenario: Scenario) -> int:
    """Calls drawn for a day: several times what can be of use."""
    live = min(shares.live for shares in scenario.shares)
    answers = scenario.agents * scenario.day_s / scenario.handling_s
    return int(3.0 * answers / live) + 20_000


def draw(scenario: Scenario, seed: int) -> World:
    """The day of this scenario and seed, before anything has happened."""
    calls = list_size(scenario)
    return World(
        rules=_rules(scenario),
        state=np.zeros(1, kernels.STATE),
        shares=_records(kernels.SHARES, [astuple(shares) for shares in scenario.shares]),
        calls=_calls(scenario, seed, calls),
        plan=_records(kernels.PLAN, [astuple(plan) for plan in _plans(scenario)]),
        agents=_records(kernels.AGENTS, [(kernels.LOGGED_OUT, 0.0, 0, kernels.READY)] * scenario.agents),
        heap=np.zeros(_HEAP_ROOM + scenario.agents, kernels.EVENTS),
        queue=np.zeros(calls, np.int64),
        answer_at=np.zeros(calls),
        answer_dropped=np.zeros(calls, np.uint8),
        wait_s=np.zeros(calls),
        notices=np.zeros((4, 3), np.int64),
    )


def again(world: World) -> World:
    """The same day from its beginning: what was drawn stays, all else is in place anew."""
    world.state[:] = np.zeros(1, kernels.STATE)
    world.calls["waits"] = 0
    world.agents[:] = (kernels.LOGGED_OUT, 0.0, 0, kernels.READY)
    return world


def play_pacer(world: World, pacer: Pacer) -> float:
    """Let the real pacer run the day; it is asked after every event and after each second without one.

    Returns the median cost of a decision in microseconds.
    """
    state, notices = world.state[0], world.notices
    spent: list[float] = []
    now = 0.0
    while not state["over"]:
        before = time.perf_counter()
        lines = pacer.decide(now).lines
        spent.append(time.perf_counter() - before)
        if lines > 0:
            first = int(state["dialed"])
            for call in range(first, first + kernels.start(world, lines)):
                pacer.dialed(now, call)
        count = kernels.advance(world, now + 1.0)
        now = float(state["now"])
        for kind, number, detail in notices[:count].tolist():
            tell(pacer, now, kind, number, detail)
    return float(np.median(spent)) * 1e6


def tell(pacer: Pacer, now: float, kind: int, number: int, detail: int) -> None:
    """Pass one notice of the world on to the pacer."""
    if kind == kernels.AGENT:
        pacer.agent(now, number, _AGENT_STATES[detail])
    elif kind == kernels.RESOLVED:
        pacer.resolved(now, number, _OUTCOMES[detail])
    elif kind == kernels.CONNECTED:
        pacer.connected(now, number, detail)
    elif kind == kernels.ANSWERED:
        pacer.answered(now, number)
    elif kind == kernels.ABANDONED:
        pacer.abandoned(now, number)
    else:
        pacer.not_live(now, number)


def pacer_config(scenario: Scenario) -> PacerConfig:
    """The pacer's settings for a scenario: the limit, the hold and the lines, nothing that tells the truth."""
    return PacerConfig(mode="predictive", max_abandon_rate=LIMIT, hold_s=scenario.hold_s, max_lines=scenario.max_lines)


def measure(world: World, decide_us: float = 0.0) -> Day:
    """The figures of a day that is over. Raises ValueError when it is not."""
    state = world.state[0]
    if not state["over"]:
        raise ValueError(f"the day is not over, it is at {float(state['now']):.0f} s")
    live = int(state["live"])
    at, dropped = world.answer_at[:live], world.answer_dropped[:live].copy()
    staffed_s = float(state["staffed_s"])
    return Day(
        utilisation=float(state["busy_s"]) / staffed_s,
        talk_min_per_h=60.0 * float(state["talk_s"]) / staffed_s,
        live=live,
        abandoned=int(state["abandoned"]),
        dialed=int(state["dialed"]),
        people_hung_up=int(state["people_hung_up"]),
        exhausted=bool(state["exhausted"]),
        worst_windows=tuple(kernels.worst_window(at, dropped, window_s, LEAST_ANSWERS) for window_s in WINDOWS_S),
        waits_s=world.wait_s[: int(state["waits"])].astype(np.float32),
        dropped=dropped,
        decide_us=decide_us,
        early=tuple(_until(at, dropped, early_s) for early_s in EARLY_S if early_s < world.rules[0]["end_s"]),
    )


def _until(at: Floats, dropped: Bytes, until_s: float) -> tuple[int, int]:
    """Live answers and abandoned calls among those answered by then."""
    live = int(np.searchsorted(at, until_s, side="right"))
    return live, int(dropped[:live].sum())


def _calls(scenario: Scenario, seed: int, size: int) -> Any:
    """What each call meets, by its number."""
    rng = np.random.default_rng([zlib.crc32(scenario.name.encode()), seed])
    listening = scenario.listening.length if scenario.listening else Spread(0.0)
    calls = np.zeros(size, kernels.CALLS)
    for key in ("far", "slip"):
        calls[key] = rng.random(size)
    for key, spread in (
        ("person_ring_s", scenario.person_ring),
        ("machine_ring_s", scenario.machine_ring),
        ("nobody_ring_s", scenario.nobody_ring),
        ("listen_s", listening),
        ("talk_s", scenario.talk),
        ("wrapup_s", scenario.wrapup),
    ):
        calls[key] = lengths(spread, rng, size)
    return calls


def _records(kind: Any, rows: list[tuple[Any, ...]]) -> Any:
    return np.array(rows, kind)


def _rules(scenario: Scenario) -> Any:
    rules = np.zeros(1, kernels.RULES)
    rules["end_s"] = scenario.day_s
    rules["hold_s"] = scenario.hold_s
    rules["max_lines"] = _NO_LIMIT if scenario.max_lines is None else scenario.max_lines
    rules["starts_per_s"] = scenario.starts_per_s
    if scenario.listening is not None:
        rules["listens"] = 1
        for key in ("people_missed", "machines_missed", "machine_talk_s", "machine_wrapup_s"):
            rules[key] = getattr(scenario.listening, key)
    rules["outage_from_s"], rules["outage_to_s"] = scenario.outage or (math.inf, math.inf)
    return rules


def _plans(scenario: Scenario) -> list[Plan]:
    step_s = scenario.log_in_s / scenario.agents
    log_ins = [Plan(agent * step_s, agent, kernels.READY) for agent in range(scenario.agents)]
    return sorted([*log_ins, *scenario.plans], key=lambda plan: plan.at_s)
