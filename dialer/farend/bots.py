"""What a scripted agent does next, from the state it sees itself in. Pure: no clock, no network."""

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dialer.farend.fields import ProfileError, base, fill, ordered, read, share, table

_RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class AgentHabits:
    """`[agent]`: time to get ready, wrap-up, pauses and talks in seconds.

    The shares are those of calls that the agent hangs up first, pauses after, and never disposes of.
    """

    ready_min_s: float = 0.0
    ready_max_s: float = 1.0
    wrap_min_s: float = 2.0
    wrap_max_s: float = 8.0
    pause_share: float = 0.05
    pause_min_s: float = 5.0
    pause_max_s: float = 15.0
    pause_code: str = "BREAK"
    hang_up_share: float = 0.3
    talk_min_s: float = 5.0
    talk_max_s: float = 30.0
    no_dispose_share: float = 0.0


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """A profile of agents. `statuses` are weights of the codes that calls are disposed with."""

    name: str = "demo"
    agent: AgentHabits = field(default_factory=AgentHabits)
    statuses: tuple[tuple[str, float], ...] = (("SALE", 0.1), ("NI", 0.6), ("CALLBK", 0.2), ("NP", 0.1))


BUILT_IN_AGENTS = {
    "demo": AgentProfile(),
    "quick": AgentProfile(
        "quick",
        AgentHabits(
            ready_max_s=0.2,
            wrap_min_s=0.1,
            wrap_max_s=0.5,
            pause_min_s=0.3,
            pause_max_s=1.0,
            talk_min_s=0.5,
            talk_max_s=2.0,
        ),
    ),
}


def load_agents(name: str) -> AgentProfile:
    """A built-in profile by name, or one from a TOML file. Raises ProfileError."""
    if name in BUILT_IN_AGENTS:
        return BUILT_IN_AGENTS[name]
    return parse_agents(read(name, list(BUILT_IN_AGENTS)), source=name)


def parse_agents(document: dict[str, Any], *, source: str) -> AgentProfile:
    """A profile from a TOML document, over the built-in one that `base` names. Raises ProfileError."""
    document = dict(document)
    start = BUILT_IN_AGENTS[base(document, list(BUILT_IN_AGENTS), source)]
    where = f"{source}: [agent]"
    habits = fill(start.agent, table(document.pop("agent", {}), where), where)
    spans = (("ready_min_s", "ready_max_s"), ("wrap_min_s", "wrap_max_s"), ("pause_min_s", "pause_max_s"))
    ordered(habits, where, *spans, ("talk_min_s", "talk_max_s"))
    for name in ("pause_share", "hang_up_share", "no_dispose_share"):
        share(getattr(habits, name), f"{where}: {name}")
    statuses = _statuses(document.pop("statuses", dict(start.statuses)), f"{source}: [statuses]")
    start = replace(start, name=Path(source).stem, agent=habits, statuses=statuses)
    return fill(start, document, f"{source}: top level", only=("name",))


def _statuses(values: Any, where: str) -> tuple[tuple[str, float], ...]:
    for code, weight in table(values, where).items():
        if type(weight) not in (int, float) or not weight >= 0:
            raise ProfileError(f"{where}: {code}: a weight is a number from 0, got {weight!r}")
    if sum(values.values()) <= 0:
        raise ProfileError(f"{where}: at least one weight must be above 0")
    return tuple((code, float(weight)) for code, weight in values.items())


@dataclass(frozen=True, slots=True)
class AgentAction:
    """A request to the dialer: POST /agents/NAME/`verb` with `body`."""

    verb: str
    body: dict[str, Any]


class Bot:
    """One scripted agent. Ask `decide` whenever its state is known; times are seconds on any monotonic clock.

    What is due is asked for once, and again after 2 s if the state has not changed.
    """

    def __init__(self, name: str, profile: AgentProfile, seed: int, campaign: str | None = None) -> None:
        self.name = name
        self._habits = profile.agent
        self._statuses = profile.statuses
        self._campaign = campaign
        self._random = random.Random(f"{seed}|{name}")
        self._seen: tuple[str, object] | None = None
        self._due: tuple[float, AgentAction] | None = None
        self._pause_next = False

    def decide(self, state: str, attempt_id: object, now: float) -> AgentAction | None:
        """What to do now, if anything. `state` and `attempt_id` are as the dialer reports them."""
        if (state, attempt_id) != self._seen:
            self._seen = (state, attempt_id)
            self._due = self._plan(state, now)
        if self._due is None or now < self._due[0]:
            return None
        action = self._due[1]
        self._due = (now + _RETRY_S, action)
        return action

    def _plan(self, state: str, now: float) -> tuple[float, AgentAction] | None:
        habits = self._habits
        if state == "LOGGED_OUT":
            return now, AgentAction("login", {"campaign": self._campaign})
        if state == "PAUSED":
            low, high = (habits.pause_min_s, habits.pause_max_s) if self._pause_next else (0.0, habits.ready_max_s)
            self._pause_next = False
            return now + self._random.uniform(low, high), AgentAction("ready", {})
        if state == "INCALL" and self._random.random() < habits.hang_up_share:
            return now + self._random.uniform(habits.talk_min_s, habits.talk_max_s), AgentAction("hangup", {})
        if state == "WRAPUP":
            return self._plan_wrapup(now)
        if state == "READY" and self._pause_next:
            return now, AgentAction("pause", {"code": habits.pause_code})
        return None

    def _plan_wrapup(self, now: float) -> tuple[float, AgentAction] | None:
        self._pause_next = self._random.random() < self._habits.pause_share
        codes, weights = zip(*self._statuses, strict=True)
        status = self._random.choices(codes, weights)[0]
        after_s = self._random.uniform(self._habits.wrap_min_s, self._habits.wrap_max_s)
        if self._random.random() < self._habits.no_dispose_share:
            return None
        return now + after_s, AgentAction("dispose", {"status": status})
