"""The days that the bench plays: who answers when, how long agents talk, and what goes wrong.

Instants are shares of the day where a day may be shortened; lengths are in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.perf.pacing.kernels import LOGGED_OUT, PAUSED, READY

LIMIT = 0.03
"""The share of live answers that may be abandoned."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A length: exponential (`cv` None) or lognormal with this mean and coefficient of variation; mean 0 is 0."""

    mean_s: float
    cv: float | None = None


@dataclass(frozen=True, slots=True)
class Mixture:
    """A length that is `first` with probability `share`, else `second`."""

    share: float
    first: Spread
    second: Spread

    @property
    def mean_s(self) -> float:
        """The mean of both."""
        return self.share * self.first.mean_s + (1.0 - self.share) * self.second.mean_s


@dataclass(frozen=True, slots=True)
class Shares:
    """From `at_s` on, these shares of calls are answered by people and by machines."""

    at_s: float
    live: float
    machine: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """At `at_s` this agent goes to READY, PAUSED or LOGGED_OUT; out of a call only after it."""

    at_s: float
    agent: int
    state: int


@dataclass(frozen=True, slots=True)
class Listening:
    """AMD: how long it listens, and its errors. A machine taken for a person costs an agent `machine_talk_s` and
    `machine_wrapup_s`; a person taken for a machine is hung up on."""

    length: Spread
    people_missed: float
    machines_missed: float
    machine_talk_s: float = 6.0
    machine_wrapup_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of day of `day_s` seconds; `plans` beyond everybody's log-in at its start."""

    name: str
    about: str
    agents: int
    day_s: float
    shares: tuple[Shares, ...]
    person_ring: Spread
    machine_ring: Spread
    nobody_ring: Spread
    talk: Spread | Mixture
    wrapup: Spread
    hold_s: float = 2.0
    log_in_s: float = 0.0
    plans: tuple[Plan, ...] = field(default=())
    max_lines: int | None = None
    starts_per_s: int = 200
    listening: Listening | None = None
    outage: tuple[float, float] | None = None

    @property
    def handling_s(self) -> float:
        """Mean talk and wrap-up."""
        return self.talk.mean_s + self.wrapup.mean_s

    @property
    def is_memoryless(self) -> bool:
        """Whether the exact optimum is known."""
        return isinstance(self.talk, Spread) and self.talk.cv is None


def memoryless(agents: int, hold_s: float, day_s: float) -> Scenario:
    """The world of the exact solution: 25 % live, everything exponential, ring 15 s, handling 120 s."""
    ring = Spread(15.0)
    return Scenario(
        name=f"memoryless-{agents}" + ("" if hold_s else "-nohold"),
        about=f"memoryless, {agents} agents" + ("" if hold_s else ", nobody waits"),
        agents=agents,
        day_s=day_s,
        shares=(Shares(0.0, 0.25),),
        person_ring=ring,
        machine_ring=ring,
        nobody_ring=ring,
        talk=Spread(120.0),
        wrapup=Spread(0.0),
        hold_s=hold_s,
    )


def core(day_s: float) -> Scenario:
    """Ten agents with ages that tell: lognormal talks, people answer before machines."""
    return Scenario(
        name="core",
        about="10 agents, 25 % live, 25 % machines, talk 100 s, wrap-up 20 s",
        agents=10,
        day_s=day_s,
        shares=(Shares(0.0, 0.25, 0.25),),
        person_ring=Spread(12.0, 0.35),
        machine_ring=Spread(21.0, 0.15),
        nobody_ring=Spread(25.0, 0.02),
        talk=Spread(100.0, 1.0),
        wrapup=Spread(20.0, 0.3),
    )


def micro(day_s: float) -> Scenario:
    """Three agents with longer talks."""
    return replace(
        core(day_s),
        name="micro",
        about="3 agents, talk 150 s, wrap-up 30 s",
        agents=3,
        talk=Spread(150.0, 1.0),
        wrapup=Spread(30.0, 0.3),
    )


def few_answers(day_s: float) -> Scenario:
    """About fifty live answers in eight hours: the day's rate is noise."""
    return replace(
        core(day_s),
        name="fifty-a-day",
        about="2 agents, talk 800 s, wrap-up 60 s: some 50 live answers a day",
        agents=2,
        talk=Spread(800.0, 0.8),
        wrapup=Spread(60.0, 0.3),
    )


def low_answers(day_s: float) -> Scenario:
    """Few people answer, so that many lines ring for each agent."""
    return replace(
        core(day_s),
        name="low-answers",
        about="12 agents, 8 % live, 30 % machines",
        agents=12,
        shares=(Shares(0.0, 0.08, 0.30),),
    )


def short_talks(day_s: float) -> Scenario:
    """Handling hardly longer than a ring."""
    return replace(
        core(day_s),
        name="short-talks",
        about="10 agents, talk 30 s, wrap-up 10 s",
        talk=Spread(30.0, 1.0),
        wrapup=Spread(10.0, 0.3),
    )


def bimodal(day_s: float) -> Scenario:
    """Most people refuse at once, the others talk long."""
    return replace(
        core(day_s),
        name="bimodal",
        about="10 agents, 70 % talk 20 s, 30 % talk 300 s, wrap-up 10 s",
        talk=Mixture(0.7, Spread(20.0, 0.5), Spread(300.0, 0.5)),
        wrapup=Spread(10.0, 0.3),
    )


def long_talks(day_s: float) -> Scenario:
    """Agents seldom become free."""
    return replace(
        core(day_s),
        name="long-talks",
        about="10 agents, talk 400 s, wrap-up 30 s",
        talk=Spread(400.0, 1.0),
        wrapup=Spread(30.0, 0.3),
    )


def list_swap(day_s: float) -> Scenario:
    """A bad list is swapped for a good one at mid-day."""
    return replace(
        core(day_s),
        name="list-swap",
        about="10 agents, live from 12 % to 35 % at mid-day",
        shares=(Shares(0.0, 0.12, 0.25), Shares(0.5 * day_s, 0.35, 0.25)),
    )


def drift(day_s: float) -> Scenario:
    """Each eighth of the day answers at its own rate."""
    rates = (0.18, 0.22, 0.28, 0.20, 0.15, 0.25, 0.35, 0.40)
    shares = tuple(Shares(i * day_s / 8.0, live, 0.25) for i, live in enumerate(rates))
    return replace(
        core(day_s), name="drift", about="20 agents, live from 15 % to 40 % over the day", agents=20, shares=shares
    )


def ramp(day_s: float) -> Scenario:
    """Agents log in one by one over the first eighth of the day (an hour of eight)."""
    return replace(core(day_s), name="ramp", about="10 agents log in over the first hour", log_in_s=day_s / 8.0)


def breaks(day_s: float) -> Scenario:
    """Short breaks and lunch by groups; four of twelve log out early, one after the other."""
    plans = []
    for at, length, group in ((0.2, 0.03, range(12)), (0.45, 0.06, range(6)), (0.52, 0.06, range(6, 12))):
        for agent in group:
            plans += [Plan(at * day_s, agent, PAUSED), Plan((at + length) * day_s, agent, READY)]
    plans += [Plan((0.7 + 0.05 * i) * day_s, 11 - i, LOGGED_OUT) for i in range(4)]
    return replace(
        core(day_s),
        name="breaks",
        about="12 agents, a common break, lunch in two groups, four log out early",
        agents=12,
        plans=tuple(plans),
    )


def outage(day_s: float) -> Scenario:
    """For ten minutes at mid-day every call fails at once."""
    return replace(
        core(day_s),
        name="outage",
        about="10 agents, all calls fail for 10 minutes; 5 starts/s at most",
        outage=(0.5 * day_s, 0.5 * day_s + 600.0),
        starts_per_s=5,
    )


def line_cap(day_s: float) -> Scenario:
    """Fewer lines than pacing would like."""
    return replace(core(day_s), name="line-cap", about="10 agents, 14 lines in all", max_lines=14)


def amd_errors(day_s: float) -> Scenario:
    """A listener stands between pick-up and agent, and errs both ways."""
    return replace(
        core(day_s),
        name="amd-errors",
        about="10 agents, AMD listens 1.2 s, misses 4 % of people, 8 % of machines",
        listening=Listening(Spread(1.2, 0.4), 0.04, 0.08),
    )


def hundred(day_s: float) -> Scenario:
    """A large room."""
    return replace(core(day_s), name="hundred", about="100 agents", agents=100)


def solo(day_s: float) -> Scenario:
    """One agent."""
    return replace(core(day_s), name="solo", about="1 agent", agents=1)


def cold_hour(day_s: float) -> Scenario:
    """A day of one hour: what is learned must be learned at once."""
    return replace(core(min(day_s, 3600.0)), name="cold-hour", about="10 agents, one hour in all")


def _memoryless(agents: int, hold_s: float) -> Callable[[float], Scenario]:
    return lambda day_s: memoryless(agents, hold_s, day_s)


_MAKERS: tuple[Callable[[float], Scenario], ...] = (
    *(_memoryless(agents, hold_s) for hold_s in (2.0, 0.0) for agents in (3, 5, 10, 20, 40)),
    core,
    micro,
    solo,
    few_answers,
    low_answers,
    short_talks,
    bimodal,
    long_talks,
    list_swap,
    drift,
    ramp,
    breaks,
    outage,
    line_cap,
    amd_errors,
    cold_hour,
    hundred,
)
QUICK = ("memoryless-3", "memoryless-10", "core", "micro", "list-swap", "cold-hour")
SMALL = ("memoryless-3", "memoryless-5", "micro", "solo", "fifty-a-day", "cold-hour")
"""Teams and days so small that one abandoned call weighs much in the day's rate."""


def scenarios(day_s: float) -> dict[str, Scenario]:
    """All scenarios by name, for days of this length."""
    return {scenario.name: scenario for scenario in (make(day_s) for make in _MAKERS)}
