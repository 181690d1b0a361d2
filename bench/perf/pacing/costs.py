"""What pacing costs: one decision, compiled against plain Python, and the first decision of a fresh process."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from pacing import Pacer, PacerConfig, kernels

_FIRST = """
import json, time
began = time.perf_counter()
from pacing import Pacer
imported = time.perf_counter()
pacer = Pacer()
for agent in range(10):
    pacer.agent(0.0, agent, "ready")
pacer.decide(0.0)
print(json.dumps([imported - began, time.perf_counter() - imported]))
"""


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Cost of one decision in microseconds."""

    agents: int
    lines: int
    median_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """Seconds until a fresh process has decided once: imports, then loading or compiling the kernels and deciding."""

    import_s: float
    decide_s: float


def busy_pacer(agents: int, lines: int, seed: int) -> tuple[Pacer, float]:
    """A pacer that has learned for a while, with a quarter of its agents ready and this many lines in flight."""
    rng = random.Random(seed)
    pacer = Pacer(PacerConfig(), seed)
    at = 0.0
    for call in range(600):
        at += 1.0
        pacer.dialed(at, call)
        pacer.resolved(at + rng.uniform(5.0, 20.0), call, "human" if rng.random() < 0.25 else "no_answer")
        pacer.abandoned(at + 22.0, call) if rng.random() < 0.004 else pacer.connected(at + 22.0, call, "learned")
    at += 30.0
    for agent in range(agents):
        ready = agent % 4 == 0
        pacer.agent(at - (0.0 if ready else rng.expovariate(0.01)), agent, "ready" if ready else "talking")
    for call in range(lines):
        pacer.dialed(at + 15.0 * call / lines, ("line", call))
    return pacer, at + 15.0


def decision_cost(agents: int, lines: int, repeats: int = 2000) -> DecisionCost:
    """Median and 99th percentile of `decide`, time going on by a millisecond from one to the next."""
    pacer, at = busy_pacer(agents, lines, 1)
    spent = []
    for i in range(repeats):
        before = time.perf_counter()
        pacer.decide(at + 0.001 * i)
        spent.append(time.perf_counter() - before)
    spent.sort()
    return DecisionCost(agents, lines, spent[repeats // 2] * 1e6, spent[repeats * 99 // 100] * 1e6)


def twin_ratio(agents: int, lines: int) -> float:
    """How many times faster the compiled decision is than its plain-Python twin, the kernels' own `py_func`."""
    pacer, at = busy_pacer(agents, lines, 1)
    compiled = _mean_s(pacer, at, 200)
    twins = {name: kernel for name in dir(kernels) if hasattr(kernel := getattr(kernels, name), "py_func")}
    try:
        for name, kernel in twins.items():
            setattr(kernels, name, kernel.py_func)
        plain = _mean_s(pacer, at, 3)
    finally:
        for name, kernel in twins.items():
            setattr(kernels, name, kernel)
    return plain / compiled


def first_decision(*, cached: bool) -> FirstDecision:
    """The first decision of a fresh process, the kernels being in Numba's cache on disk or compiled anew."""
    with tempfile.TemporaryDirectory() as empty:
        environment = dict(os.environ) if cached else {**os.environ, "NUMBA_CACHE_DIR": empty}
        if cached:
            _run_first(environment)
        return FirstDecision(*_run_first(environment))


def _run_first(environment: dict[str, str]) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    import_s, decide_s = json.loads(done.stdout)
    return import_s, decide_s


def _mean_s(pacer: Pacer, at: float, repeats: int) -> float:
    before = time.perf_counter()
    for i in range(repeats):
        pacer.decide(at + 0.001 * i)
    return (time.perf_counter() - before) / repeats
