"""Many calls at once, with SIPp as the carrier: what SIPp counted and what the store says agree to the call."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from campaigns.model import Mode, Outcome, RetryRule
from dialer.sim.checkers import check_store
from tests.e2e.sipp_carrier import SippCall, SippCarrier, assert_agree, needs_sipp
from tests.e2e.site import CAMPAIGN, Plan, World, alive, some_numbers, until, world

pytestmark = [pytest.mark.sip, needs_sipp]

# A starts limit a little above the 5 per second that must be sustained.
STARTS_PER_S = 5.5
WANTED_STARTS_PER_S = 5.0
WANTED_AT_ONCE = 120
WINDOW_S = 15.0
AGENTS = 55
BOTS = """
base = "quick"
[agent]
wrap_min_s = 1
wrap_max_s = 3
talk_min_s = 10
talk_max_s = 30
pause_share = 0
"""
FIGURES = "RINGPACE_E2E_FIGURES"


@dataclass(slots=True)
class Sample:
    """The dialer and its cards at one instant. PSS tells how much they take, memory of their own how it grows."""

    at_s: float
    cpu_s: float
    pss_mb: float
    own_mb: float
    dialer_own_mb: float
    files: int
    processes: int


@dataclass(slots=True)
class Figures:
    """What a run measured. `slowest_starts_per_s` is over WINDOW_S; growth is that of own memory in the second half."""

    dial_s: float
    calls: int = 0
    starts_per_s: float = 0.0
    slowest_starts_per_s: float = 0.0
    at_once: int = 0
    answered_at_once: int = 0
    cpu_percent_of_a_core: float = 0.0
    pss_mb: float = 0.0
    own_mb_over_time: list[int] = field(default_factory=list)
    dialer_own_mb_over_time: list[int] = field(default_factory=list)
    growth_mb_per_min: float = 0.0
    dialer_growth_mb_per_min: float = 0.0
    files_midway: int = 0
    files_at_end: int = 0
    processes: int = 0
    late_events: int = 0
    load_average: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)


def _sample(family: list[psutil.Process], began_at: float) -> Sample:
    times = [process.cpu_times() for process in family]
    memory = [_memory_mb(process.pid) for process in family]
    return Sample(
        at_s=time.monotonic() - began_at,
        cpu_s=sum(t.user + t.system for t in times),
        pss_mb=sum(pss for pss, _ in memory),
        own_mb=sum(own for _, own in memory),
        dialer_own_mb=memory[0][1],
        files=sum(process.num_fds() for process in family),
        processes=len(family),
    )


def _memory_mb(pid: int) -> tuple[float, float]:
    """A process's share of memory (PSS), and what it alone has written; pages of libraries are in the first only."""
    rows = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]]
    kb = {row[0]: int(row[1]) for row in rows}
    return kb["Pss:"] / 1000, kb["Private_Dirty:"] / 1000


@contextmanager
def _sampling(made: World, every_s: float) -> Iterator[list[Sample]]:
    samples: list[Sample] = []
    over = threading.Event()
    began_at = time.monotonic()

    def work() -> None:
        while not over.wait(every_s):
            samples.append(_sample(made.family(), began_at))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def run_load(folder: Path, dial_s: float, talk_s: float, ring_timeout_s: float) -> Figures:
    """Dial for `dial_s`, drain, hold SIPp's account against the store's; what was measured."""
    # Numbers that fail here fail always: tried again in a bunch, they would look like a trunk that is down.
    later = {outcome: RetryRule(3600.0) for outcome in (Outcome.BUSY, Outcome.CONGESTION)}
    settings = {"lines_per_agent": 10, "ring_timeout_s": ring_timeout_s, "wrapup_s": 10, "retry": later}
    plan = Plan(
        some_numbers(min(6400, round(dial_s * STARTS_PER_S) + 600)),
        agents=AGENTS,
        max_lines=150,
        starts_per_s=STARTS_PER_S,
        mode=Mode.POWER,
        settings=settings,
        bots=BOTS,
    )
    with world(folder, plan) as made, SippCarrier(folder, talk_s) as sipp:
        made.build(sipp.port)
        made.start_phones()
        made.start_dialer()
        made.start_bots()
        until("agents at work", lambda: made.state()["campaigns"][0]["agents_ready"] > AGENTS // 2, 60.0)
        with _sampling(made, every_s=min(10.0, dial_s / 20)) as samples:
            time.sleep(dial_s)
        late_events = made.state()["late_events"]
        family = made.family()
        made.terminate()
        assert made.wait_dialer(ring_timeout_s + talk_s + 40.0) == 0, made.complaints()
        until("no process left", lambda: not any(alive(p) for p in family), 5.0)
        calls = sipp.finish()
        attempts = made.attempts()
        with made.store() as store:
            check_store(store, CAMPAIGN)
        assert sipp.surprises() == []
        outcomes = assert_agree(calls, attempts)
        assert _failed_calls(sipp) == 0
    return _figures(calls, samples, dial_s, late_events, dict(outcomes))


def _failed_calls(sipp: SippCarrier) -> int:
    return int(sipp.statistics()[-1]["FailedCall(C)"])


def _figures(
    calls: list[SippCall], samples: list[Sample], dial_s: float, late_events: int, outcomes: dict[str, int]
) -> Figures:
    starts = np.array(sorted(call.invited_s for call in calls))
    starts -= starts[0]
    windows = np.histogram(starts, np.arange(0.0, dial_s + 0.1, WINDOW_S))[0] / WINDOW_S
    half = [s for s in samples if s.at_s > dial_s / 2]
    minutes = np.array([s.at_s for s in half]) / 60.0
    first, last = samples[0], samples[-1]
    return Figures(
        dial_s=dial_s,
        calls=len(calls),
        starts_per_s=round(float((starts < dial_s).sum() / min(dial_s, starts[-1])), 2),
        slowest_starts_per_s=round(float(windows.min()), 2),
        at_once=_most_at_once([(c.invited_s, c.ended_s) for c in calls]),
        answered_at_once=_most_at_once([(c.answered_s, c.ended_s) for c in calls if c.answered_s is not None]),
        cpu_percent_of_a_core=round(100 * (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s), 1),
        pss_mb=round(last.pss_mb, 1),
        own_mb_over_time=[round(s.own_mb) for s in samples[::5]],
        dialer_own_mb_over_time=[round(s.dialer_own_mb) for s in samples[::5]],
        growth_mb_per_min=round(float(np.polyfit(minutes, [s.own_mb for s in half], 1)[0]), 3),
        dialer_growth_mb_per_min=round(float(np.polyfit(minutes, [s.dialer_own_mb for s in half], 1)[0]), 3),
        files_midway=half[0].files,
        files_at_end=last.files,
        processes=last.processes,
        late_events=late_events,
        load_average=round(os.getloadavg()[1], 2),
        outcomes=outcomes,
    )


def _most_at_once(spans: list[tuple[float, float]]) -> int:
    edges = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    return int(np.cumsum([change for _, change in edges]).max(initial=0))


def _tell(name: str, figures: Figures) -> None:
    text = json.dumps({name: asdict(figures)}, indent=2)
    print(text)
    if os.environ.get(FIGURES):
        with Path(os.environ[FIGURES]).open("a", encoding="utf-8") as out:
            out.write(text + "\n")


def test_load_agrees_to_the_call(tmp_path: Path) -> None:
    figures = run_load(tmp_path, dial_s=45.0, talk_s=20.0, ring_timeout_s=30.0)
    _tell("short load", figures)
    assert figures.at_once >= WANTED_AT_ONCE
    assert figures.starts_per_s >= WANTED_STARTS_PER_S
    assert set(figures.outcomes) >= {"busy", "congested", "unknown", "declined", "cancelled", "callee_hung_up"}
    assert figures.files_at_end < figures.files_midway + 100


@pytest.mark.soak
def test_ten_minutes_of_load_agree_to_the_call(tmp_path: Path) -> None:
    figures = run_load(tmp_path, dial_s=600.0, talk_s=30.0, ring_timeout_s=30.0)
    _tell("load of ten minutes", figures)
    assert figures.at_once >= WANTED_AT_ONCE
    assert figures.starts_per_s >= WANTED_STARTS_PER_S
    assert figures.slowest_starts_per_s >= 0.7 * WANTED_STARTS_PER_S
    assert figures.files_at_end < figures.files_midway + 100
    assert figures.growth_mb_per_min < 2.0
    assert figures.dialer_growth_mb_per_min < 1.0
