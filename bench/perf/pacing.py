"""How much of the attainable gain the pacer takes, what it abandons, and what a decision costs.

    python -m bench.perf.pacing [--hours 8] [--seeds 2] [--quick] [--json]

A small event simulator of its own (seeded, independent of the dialer's core) plays memoryless worlds, for which the
exact optimum is known, and two worlds with memory, against progressive dialing and the best fixed ratio in hindsight.
"""

import argparse
import heapq
import json
import math
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np

from pacing import Pacer, PacerConfig, kernels

LIMIT = 0.03
COARSE_RATIOS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
FINE_STEP = 0.25
OPTIMUM = {3: 0.734, 5: 0.767, 10: 0.823, 20: 0.876, 40: 0.918}
"""Best utilisation at 3 % in the memoryless world (25 % live, ring 15 s, handling 120 s, nobody waits), by agents."""

Draw = Callable[[random.Random], float]


@dataclass(frozen=True, slots=True)
class Spread:
    """A duration: exponential (`cv` None), or lognormal with this mean and coefficient of variation; 0 is 0."""

    mean_s: float
    cv: float | None = None

    def draw(self) -> Draw:
        if self.mean_s == 0.0:
            return lambda rng: 0.0
        if self.cv is None:
            return lambda rng: rng.expovariate(1.0 / self.mean_s)
        sigma = math.sqrt(math.log(1.0 + self.cv**2))
        mu = math.log(self.mean_s) - sigma**2 / 2
        return lambda rng: rng.lognormvariate(mu, sigma)


@dataclass(frozen=True, slots=True)
class World:
    """A shift: `live` and `machine` are shares of calls; the rest end unanswered at `unanswered`."""

    name: str
    agents: int
    live: float
    machine: float
    live_ring: Spread
    machine_ring: Spread
    unanswered: Spread
    talk: Spread
    wrapup: Spread
    hold_s: float = 2.0
    hours: float = 8.0
    optimum: float | None = None
    swap_at_s: float = math.inf
    live_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """What came of one simulated shift; `worst_500` is the highest abandoned share in 500 answers in a row."""

    utilisation: float
    live: int
    abandoned: int
    worst_500: float
    decide_us: float


def memoryless(agents: int, hold_s: float = 2.0) -> World:
    """The world of the exact solution: everything exponential."""
    ring = Spread(15.0)
    name = f"memoryless n={agents} hold={hold_s:g}"
    return World(
        name, agents, 0.25, 0.0, ring, ring, ring, Spread(120.0), Spread(0.0), hold_s, optimum=OPTIMUM.get(agents)
    )


def core_case() -> World:
    """Ten agents with ages that tell: lognormal talks, people answer before machines."""
    return World(
        "core: 10 agents",
        10,
        0.25,
        0.25,
        Spread(12.0, 0.35),
        Spread(21.0, 0.15),
        Spread(25.0, 0.02),
        Spread(100.0, 1.0),
        Spread(20.0, 0.3),
    )


def micro_case() -> World:
    """Three agents with longer talks."""
    return replace(core_case(), name="micro: 3 agents", agents=3, talk=Spread(150.0, 1.0), wrapup=Spread(30.0, 0.3))


def swap_case() -> World:
    """The core case on a bad list that is swapped for a good one at mid-shift."""
    return replace(core_case(), name="swap: 12 % to 35 % live", live=0.12, swap_at_s=4 * 3600.0, live_after=0.35)


class Shift:
    """One seeded run of a world under one pacer."""

    def __init__(self, world: World, config: PacerConfig, seed: int) -> None:
        self.world = world
        self.pacer = Pacer(config, seed)
        self.rng = random.Random(seed)
        self.end_at = world.hours * 3600.0
        self.queue: list[tuple[float, int, str, int]] = []
        self.number = 0
        self.ready: list[int] = []
        self.waiting: dict[int, float] = {}
        self.busy_s = 0.0
        self.dropped: list[bool] = []
        self.decide_s: list[float] = []
        self.draws = {
            name: getattr(world, name).draw() for name in ("live_ring", "machine_ring", "unanswered", "talk", "wrapup")
        }

    def run(self) -> Day:
        """Play the shift; agents start ready, and nothing is dialed after its end."""
        for agent in range(self.world.agents):
            self.free(0.0, agent)
        self.push(1.0, "tick", 0)
        handlers = {"tick": self.tick, "free": self.free, "wrap": self.wrap, "give_up": self.give_up}
        while self.queue:
            at, _, kind, key = heapq.heappop(self.queue)
            if at > self.end_at:
                break
            if kind in handlers:
                handlers[kind](at, key)
            else:
                self.ring_over(at, key, kind)
            self.dial(at)
        return self.report()

    def push(self, at: float, kind: str, key: int) -> None:
        self.number += 1
        heapq.heappush(self.queue, (at, self.number, kind, key))

    def tick(self, at: float, _: int) -> None:
        self.push(at + 1.0, "tick", 0)

    def dial(self, at: float) -> None:
        before = time.perf_counter()
        lines = self.pacer.decide(at).lines
        self.decide_s.append(time.perf_counter() - before)
        for _ in range(lines):
            call = self.number
            self.pacer.dialed(at, call)
            chance = self.rng.random()
            live = self.world.live if at < self.world.swap_at_s else self.world.live_after
            if chance < live:
                self.push(at + self.draws["live_ring"](self.rng), "human", call)
            elif chance < live + self.world.machine:
                self.push(at + self.draws["machine_ring"](self.rng), "machine", call)
            else:
                self.push(at + self.draws["unanswered"](self.rng), "no_answer", call)

    def ring_over(self, at: float, call: int, outcome: str) -> None:
        self.pacer.resolved(at, call, outcome)
        if outcome != "human":
            return
        if self.ready:
            self.join(at, call, self.ready.pop(0))
        else:
            self.waiting[call] = at
            self.push(at + self.world.hold_s, "give_up", call)

    def join(self, at: float, call: int, agent: int) -> None:
        self.pacer.connected(at, call, agent)
        self.dropped.append(False)
        talk_s = self.draws["talk"](self.rng)
        wrapup_s = self.draws["wrapup"](self.rng)
        self.busy_s += min(talk_s + wrapup_s, self.end_at - at)
        self.push(at + talk_s, "wrap" if wrapup_s else "free", agent)
        if wrapup_s:
            self.push(at + talk_s + wrapup_s, "free", agent)

    def wrap(self, at: float, agent: int) -> None:
        self.pacer.agent(at, agent, "wrapup")

    def free(self, at: float, agent: int) -> None:
        self.pacer.agent(at, agent, "ready")
        if self.waiting:
            call = next(iter(self.waiting))
            del self.waiting[call]
            self.join(at, call, agent)
        else:
            self.ready.append(agent)

    def give_up(self, at: float, call: int) -> None:
        if self.waiting.pop(call, None) is not None:
            self.pacer.abandoned(at, call)
            self.dropped.append(True)

    def report(self) -> Day:
        dropped = np.array(self.dropped, dtype=float)
        block = min(500, dropped.size)
        sums = np.convolve(dropped, np.ones(block), "valid") / block if block else np.zeros(1)
        return Day(
            utilisation=self.busy_s / self.end_at / self.world.agents,
            live=dropped.size,
            abandoned=int(dropped.sum()),
            worst_500=float(sums.max()),
            decide_us=statistics.median(self.decide_s) * 1e6,
        )


def play(job: tuple[World, PacerConfig, int]) -> Day:
    return Shift(*job).run()


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in one world over all seeds; `gain_share` is None where the optimum is not known."""

    world: str
    policy: str
    utilisation: float
    abandoned: float
    worst_day: float
    worst_500: float
    days_over: int
    days: int
    gain_share: float | None = None


def summary(world: World, policy: str, days: list[Day]) -> Row:
    rates = [day.abandoned / day.live if day.live else 0.0 for day in days]
    return Row(
        world=world.name,
        policy=policy,
        utilisation=statistics.fmean(day.utilisation for day in days),
        abandoned=sum(day.abandoned for day in days) / max(1, sum(day.live for day in days)),
        worst_day=max(rates),
        worst_500=max(day.worst_500 for day in days),
        days_over=sum(rate > LIMIT for rate in rates),
        days=len(days),
    )


def measure(world: World, config: PacerConfig, seeds: int, pool: ProcessPoolExecutor) -> Row:
    name = f"power {config.lines_per_agent:g}" if config.mode == "power" else config.mode
    return summary(world, name, list(pool.map(play, [(world, config, seed) for seed in range(seeds)])))


def best_ratio(world: World, base: PacerConfig, seeds: int, pool: ProcessPoolExecutor) -> Row | None:
    """The highest fixed ratio that keeps the limit over all seeds, found with the truth known."""
    rows: list[Row] = []
    for ratio in COARSE_RATIOS:
        rows.append(measure(world, replace(base, mode="power", lines_per_agent=ratio), seeds, pool))
        if rows[-1].abandoned > LIMIT:
            finer = replace(base, mode="power", lines_per_agent=ratio - FINE_STEP)
            rows.append(measure(world, finer, seeds, pool))
        if min(row.abandoned for row in rows[-2:]) > LIMIT:
            break
    kept = [row for row in rows if row.abandoned <= LIMIT]
    return max(kept, key=lambda row: row.utilisation, default=None)


def compare(world: World, seeds: int, pool: ProcessPoolExecutor) -> list[Row]:
    """Progressive, the best fixed ratio that keeps the limit (known only in hindsight) and predictive."""
    base = PacerConfig(mode="predictive", max_abandon_rate=LIMIT, hold_s=world.hold_s)
    progressive = measure(world, replace(base, mode="progressive"), seeds, pool)
    ratio = best_ratio(world, base, seeds, pool)
    rows = [progressive, *([ratio] if ratio else []), measure(world, base, seeds, pool)]
    return [with_share(row, progressive.utilisation, world.optimum) for row in rows]


def with_share(row: Row, progressive: float, optimum: float | None) -> Row:
    if optimum is None:
        return row
    return replace(row, gain_share=(row.utilisation - progressive) / (optimum - progressive))


def busy_pacer(agents: int, lines: int, seed: int) -> tuple[Pacer, float]:
    """A pacer that has learned for a while, with a quarter of its agents ready and this many lines in flight."""
    rng = random.Random(seed)
    pacer = Pacer(PacerConfig(), seed)
    at = 0.0
    for call in range(600):
        at += 1.0
        pacer.dialed(at, call)
        pacer.resolved(at + rng.uniform(5.0, 20.0), call, "human" if rng.random() < 0.25 else "no_answer")
    at += 30.0
    for agent in range(agents):
        ready = agent % 4 == 0
        pacer.agent(at - (0.0 if ready else rng.expovariate(0.01)), agent, "ready" if ready else "talking")
    for call in range(lines):
        pacer.dialed(at + 15.0 * call / lines, ("line", call))
    return pacer, at + 15.0


def decision_times(agents: int, lines: int, repeats: int = 2000) -> dict[str, float]:
    """Median and 99th percentile of decide() in microseconds."""
    pacer, at = busy_pacer(agents, lines, 1)
    spent = []
    for i in range(repeats):
        before = time.perf_counter()
        pacer.decide(at + 0.001 * i)
        spent.append(time.perf_counter() - before)
    spent.sort()
    return {
        "agents": agents,
        "lines": lines,
        "median_us": spent[repeats // 2] * 1e6,
        "p99_us": spent[repeats * 99 // 100] * 1e6,
    }


def twin_ratio() -> float:
    """How many times faster the compiled decision is than its plain-Python twin (20 agents, 60 lines)."""
    pacer, at = busy_pacer(20, 60, 1)
    compiled = time_decisions(pacer, at, 200)
    names = [name for name in dir(kernels) if hasattr(getattr(kernels, name), "py_func")]
    saved = {name: getattr(kernels, name) for name in names}
    try:
        for name, kernel in saved.items():
            setattr(kernels, name, kernel.py_func)
        plain = time_decisions(pacer, at, 5)
    finally:
        for name, kernel in saved.items():
            setattr(kernels, name, kernel)
    return plain / compiled


def time_decisions(pacer: Pacer, at: float, repeats: int) -> float:
    before = time.perf_counter()
    for i in range(repeats):
        pacer.decide(at + 0.001 * i)
    return (time.perf_counter() - before) / repeats


def show(row: Row) -> None:
    share = "" if row.gain_share is None else f"{row.gain_share:7.0%}"
    print(
        f"{row.world:26s} {row.policy:12s} {row.utilisation:8.3f} {row.abandoned:9.2%} {row.worst_day:9.2%} "
        f"{row.days_over:4d}/{row.days:<3d} {row.worst_500:8.1%} {share}",
        flush=True,
    )


def main() -> None:
    """Print the table; with --json one document instead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=8.0, help="length of a shift (default 8)")
    parser.add_argument("--seeds", type=int, default=2, help="shifts per world and policy (default 2)")
    parser.add_argument("--quick", action="store_true", help="one short shift per world, up to 10 agents")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    began = time.perf_counter()
    kernels.warm()
    warm_s = time.perf_counter() - began
    worlds = [*(memoryless(n) for n in OPTIMUM), memoryless(10, 0.0), core_case(), micro_case(), swap_case()]
    if options.quick:
        options.hours, options.seeds = min(options.hours, 3.0), 1
        worlds = [world for world in worlds if world.agents <= 10]
    rows = []
    if not options.json:
        print(f"{'world':26s} {'policy':12s} {'util':>8s} {'abandon':>9s} {'worst day':>9s} {'over':>8s}", end=" ")
        print(f"{'worst500':>8s} {'gain':>7s}")
    with ProcessPoolExecutor(options.workers) as pool:
        for world in worlds:
            compared = compare(replace(world, hours=options.hours), options.seeds, pool)
            rows += compared
            if not options.json:
                for row in compared:
                    show(row)
    costs = [decision_times(10, 30), decision_times(20, 60), decision_times(100, 300)]
    ratio = twin_ratio()
    if options.json:
        document = {
            "rows": [asdict(row) for row in rows],
            "decide": costs,
            "compiled_over_plain": ratio,
            "warm_s": warm_s,
        }
        print(json.dumps(document))
        return
    for cost in costs:
        print(
            f"decide, {cost['agents']:.0f} agents, {cost['lines']:.0f} lines: "
            f"median {cost['median_us']:.0f} us, p99 {cost['p99_us']:.0f} us"
        )
    print(f"compiled decision {ratio:.0f} times its plain twin; kernels warm in {warm_s:.2f} s")


if __name__ == "__main__":
    main()
