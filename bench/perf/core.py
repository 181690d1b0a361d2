"""How fast the engine runs in virtual time, and where the time goes.

    python -m bench.perf.core [--hours 2]

The engine, its journal, the store (in memory) and the pacer run against a seeded world, as in `dialer simulate`;
progressive mode runs in the same run beside predictive, as the baseline that asks little of the pacer. Rates are by
CPU time, which other programs on the machine disturb less than time on the wall.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.perf.machine import Figure, median, percentile, print_figures, print_machine
from campaigns.model import CampaignSettings, Mode
from dialer.core import records as rec
from dialer.core.dialing import PacerLike
from dialer.core.engine import pacer_for
from dialer.sim.simulation import Simulation, SimulationResult, SimulationSettings

WRAPUP_S = 120.0
TARGET = 1000


@dataclass(slots=True)
class Stopwatch:
    """Seconds of each call that went through it."""

    taken_s: list[float] = field(default_factory=list)

    def time(self, call: Callable[..., object], *arguments: object) -> object:
        """Make the call and note how long it took."""
        began = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            self.taken_s.append(time.perf_counter() - began)


def timed_pacer(watch: Stopwatch) -> Callable[[CampaignSettings], PacerLike]:
    """A maker of pacers whose decisions are timed."""

    def make(settings: CampaignSettings) -> PacerLike:
        pacer = pacer_for(settings)
        decide = pacer.decide
        setattr(pacer, "decide", lambda at: watch.time(decide, at))  # noqa: B010
        return pacer

    return make


class TimedSimulation(Simulation):
    """A simulation that times its commits."""

    commits: Stopwatch

    def _commit(self, records: tuple[rec.Record, ...]) -> set[int]:
        began = time.perf_counter()
        refused = super()._commit(records)
        self.commits.taken_s.append(time.perf_counter() - began)
        return refused


@dataclass(frozen=True, slots=True)
class Shift:
    """One simulated shift, the CPU seconds it took, and the times of its decisions and commits."""

    result: SimulationResult
    cpu_s: float
    decisions_s: list[float]
    commits_s: list[float]

    @property
    def speed(self) -> float:
        """Simulated seconds for each second of CPU."""
        return self.result.simulated_s / self.cpu_s

    @property
    def events_per_s(self) -> float:
        """Events for each second of CPU."""
        return self.result.events / self.cpu_s


def run(agents: int, hours: float, mode: Mode) -> Shift:
    """Simulate one shift."""
    decisions = Stopwatch()
    campaign = CampaignSettings(0, "bench", mode=mode, wrapup_s=WRAPUP_S)
    simulation = TimedSimulation(SimulationSettings(agents, hours, seed=1, campaign=campaign), timed_pacer(decisions))
    simulation.commits = Stopwatch()
    began = time.process_time()
    result = simulation.run()
    return Shift(result, time.process_time() - began, decisions.taken_s, simulation.commits.taken_s)


def measure(hours: float) -> Iterator[Figure]:
    """Speed for small, middling and large floors, with the share of decisions and commits in it."""
    for agents in (3, 20, 100):
        length = hours * 20 / max(20, agents)
        base, shift = run(agents, length, Mode.PROGRESSIVE), run(agents, length, Mode.PREDICTIVE)
        decide_s, commit_s, wall_s = sum(shift.decisions_s), sum(shift.commits_s), shift.result.real_s
        limit = f"at least {TARGET:,}" if agents == 20 else ""
        note = f"{length:g} h, {shift.result.attempts} calls; by the wall clock {shift.result.speed:,.0f}"
        note += f"; progressive {base.speed:,.0f}, ratio {shift.speed / base.speed:.2f}"
        yield Figure(f"{agents} agents: times faster than real time", shift.speed, "x", limit, note)
        note = f"progressive {base.events_per_s:,.0f}, ratio {shift.events_per_s / base.events_per_s:.2f}"
        yield Figure(f"{agents} agents: events", shift.events_per_s, "/s", note=note)
        note = f"p99 {1e6 * percentile(shift.decisions_s, 0.99):.0f}; {len(shift.decisions_s):,} decisions"
        yield Figure(f"{agents} agents: one decision, median", 1e6 * median(shift.decisions_s), "us", note=note)
        note = f"commits to the store in memory {commit_s / wall_s:.0%}"
        yield Figure(f"{agents} agents: share of decisions in all", 100 * decide_s / wall_s, "%", note=note)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the shift of 20 agents (default 2)")
    options = parser.parse_args()
    print_machine()
    load = os.getloadavg()[0]
    pacer_for(CampaignSettings(0, "warm"))
    print_figures("core", list(measure(options.hours)), load)


if __name__ == "__main__":
    main()
