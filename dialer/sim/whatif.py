"""What if: the same shift over several seeds, in several processes, summed up with intervals."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from dialer.sim.intervals import Estimate, estimate
from dialer.sim.simulation import Simulation, SimulationResult, SimulationSettings
from dialer.sim.timeline import Timeline

WORKERS = 2

# The figures that are foreseen, in the order in which they are shown.
METRICS = (
    "busy_share",
    "talk_share",
    "mean_wait_s",
    "p90_wait_s",
    "abandoned_rate",
    "answer_share",
    "attempts_per_hour",
    "connects_per_hour",
    "mean_people_talk_s",
    "mean_talk_s",
    "mean_wrapup_s",
)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ListOutlook:
    """Whether the list runs out within the shift: in how many of the runs, and after how many hours in these.

    `lasts_h` is None unless it ran out in every run: where some last longer, a mean would be too early.
    """

    runs: int
    ran_out: int
    lasts_h: Estimate | None
    earliest_h: float | None
    leads: int
    leads_left: Estimate

    @property
    def sentence(self) -> str:
        """For people."""
        left = f"{self.leads_left.mean:,.0f} of {self.leads:,} leads may still be called then"
        if self.ran_out == 0:
            return f"the list lasts beyond the shift: {left}"
        if self.lasts_h is None:
            return (
                f"the list runs out within the shift in {self.ran_out} of {self.runs} runs, "
                f"after {self.earliest_h:.1f} h at the earliest; {left}"
            )
        interval = ""
        if self.lasts_h.low is not None:
            interval = f" [{self.lasts_h.low:.1f}, {self.lasts_h.high:.1f}]"
        return (
            f"the list lasts {self.lasts_h.mean:.1f} h{interval}; after the shift, {self.leads_left.mean:,.0f} of "
            + (f"{self.leads:,} leads wait for another try")
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """A shift over several seeds: each run, and the figures in METRICS that could be measured."""

    settings: SimulationSettings
    runs: tuple[SimulationResult, ...]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Figures by name; one that no run could measure is left out."""
        found = {}
        for name in METRICS:
            values = [value for run in self.runs if (value := getattr(run, name)) is not None]
            if values:
                found[name] = estimate(values)
        return found

    @property
    def list(self) -> ListOutlook:
        lasted = [run.list_lasts_h for run in self.runs if run.list_lasts_h is not None]
        return ListOutlook(
            len(self.runs),
            len(lasted),
            estimate(lasted) if len(lasted) == len(self.runs) else None,
            min(lasted, default=None),
            self.runs[0].leads,
            estimate([run.leads_left for run in self.runs]),
        )

    def as_dict(self) -> dict[str, Any]:
        """The forecast as a JSON document."""
        outlook = asdict(self.list)
        return {
            "metrics": {name: asdict(value) for name, value in self.estimates.items()},
            "list": {**outlook, "sentence": self.list.sentence},
        }


def play(shifts: Sequence[SimulationSettings], seeds: int, progress: Progress = lambda done: None) -> list[Outlook]:
    """Play each shift with `seeds` seeds from its own on, two runs at a time; `progress` gets the count of runs done.

    The result depends on the shifts alone, not on the processes. Raises checkers.Broken.
    """
    tasks = [replace(shift, seed=shift.seed + number) for shift in shifts for number in range(seeds)]
    results = []
    with _runner(min(len(tasks), WORKERS, os.cpu_count() or 1)) as run_all:
        for result in run_all(tasks):
            results.append(result)
            progress(len(results))
    return [Outlook(shift, tuple(results[i * seeds : (i + 1) * seeds])) for i, shift in enumerate(shifts)]


@contextmanager
def _runner(workers: int) -> Iterator[Callable[[list[SimulationSettings]], Iterator[SimulationResult]]]:
    """Runs tasks in order, in processes where more than one is of use."""
    if workers == 1:
        yield lambda tasks: map(_run, tasks)
        return
    with ProcessPoolExecutor(workers, initializer=_end_at_ctrl_c) as pool:
        try:
            yield lambda tasks: _in_order([pool.submit(_run, task) for task in tasks])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(runs: "list[Future[SimulationResult]]") -> Iterator[SimulationResult]:
    # Not the pool's own map, which cancels what is left: at Ctrl-C the pool's thread stumbles over cancelled futures.
    return (run.result() for run in runs)


def _end_at_ctrl_c() -> None:
    """A terminal's Ctrl-C reaches every process; the parent tells of it, the others just end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(settings: SimulationSettings) -> SimulationResult:
    return Simulation(settings).run()


def play_day(settings: SimulationSettings, periods: int) -> Timeline:
    """One run's timeline with this many periods."""
    simulation = Simulation(settings, timeline_s=settings.hours * 3600.0 / periods)
    simulation.run()
    assert simulation.timeline is not None
    return simulation.timeline


def spread_of_agents(agents: int) -> tuple[int, ...]:
    """Five sizes of a team around `agents`, for a picture."""
    return tuple(sorted({max(1, round(agents * factor)) for factor in (0.5, 0.75, 1.0, 1.25, 1.5)}))


def sweep_of(text: str) -> tuple[int, ...]:
    """Numbers of agents from `5-30`, `5-30/5` (a step) or `5,8,12`. Raises ValueError saying which forms there are."""
    try:
        if "-" in text:
            span, _, step = text.partition("/")
            low, high = (int(part) for part in span.split("-"))
            every = int(step) if step else max(1, -(-(high - low) // 6))
            found = {*range(low, high + 1, every), high} if every > 0 and low <= high else set()
        else:
            found = {int(part) for part in text.split(",")}
    except ValueError:
        found = set()
    if not found or min(found) < 1 or max(found) > 200:
        raise ValueError(f"{text!r} is no range of agents: give 5-30, 5-30/5 (every fifth) or 5,8,12, from 1 to 200")
    return tuple(sorted(found))
