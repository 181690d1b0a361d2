"""A small seeded call centre for tests of whole shifts."""

import heapq
import random
from dataclasses import dataclass, field, replace

from pacing import Pacer, PacerConfig

WRAPUP_S = 20.0


@dataclass(frozen=True, slots=True)
class Away:
    """The first `agents` of the team are away in this stretch of a shift; whoever talks finishes the call first."""

    from_s: float
    until_s: float
    agents: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What came of a shift; `lines` is what each decision asked for, `answers` when each live answer was abandoned or
    connected, in seconds from its start."""

    utilisation: float
    connected: int
    abandoned: int
    lines: list[int]
    answers: list[tuple[float, bool]]

    @property
    def rate(self) -> float:
        """Abandoned share of live answers."""
        return self.abandoned / max(1, self.connected + self.abandoned)

    def abandoned_between(self, from_s: float, until_s: float) -> int:
        """Calls abandoned in this stretch of the shift."""
        return sum(abandoned for at, abandoned in self.answers if from_s <= at < until_s)


@dataclass
class World:
    """People answer after about 12 s, talk about 100 s, and agents wrap up for 20 s.

    With `listen_s`, whoever picks up is listened to first, and half of the calls that nobody would answer otherwise
    are picked up by machines. `begins_at` is where the pacer's clock stands at the start; `lifted_at_s` is when the
    bound of lines goes; `extra_decides` asks so often more before each decision, about times to come.
    """

    pacer: Pacer
    rng: random.Random
    live: float = 0.25
    listen_s: float = 0.0
    extra_decides: int = 0
    begins_at: float = 0.0
    lifted_at_s: float | None = None
    away: tuple[Away, ...] = ()
    events: list[tuple[float, int, str, int]] = field(default_factory=list)
    number: int = 0
    ready: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    busy_s: float = 0.0
    asked: list[int] = field(default_factory=list)
    answers: list[tuple[float, bool]] = field(default_factory=list)

    def push(self, at: float, kind: str, key: int) -> None:
        self.number += 1
        heapq.heappush(self.events, (at, self.number, kind, key))

    def back_at(self, at: float, agent: int) -> float | None:
        return next((out.until_s for out in self.away if agent < out.agents and out.from_s <= at < out.until_s), None)

    def ring(self) -> tuple[float, str]:
        if self.rng.random() < self.live:
            return self.rng.lognormvariate(2.4, 0.35), "picked_up" if self.listen_s else "human"
        if self.listen_s and self.rng.random() < 0.5:
            return 20.0, "machine_picked_up"
        return 25.0, "no_answer"

    def agent_event(self, at: float, kind: str, agent: int) -> None:
        clock = self.begins_at + at
        if kind == "wrapup":
            self.pacer.agent(clock, agent, "wrapup")
            self.push(at + WRAPUP_S, "ready", agent)
            return
        if kind == "break" and agent not in self.ready:
            return
        back_at = self.back_at(at, agent)
        if back_at is None:
            self.pacer.agent(clock, agent, "ready")
            self.ready.append(agent)
            return
        if agent in self.ready:
            self.ready.remove(agent)
        self.pacer.agent(clock, agent, "paused")
        self.push(back_at, "ready", agent)

    def call_event(self, at: float, kind: str, call: int) -> None:
        clock = self.begins_at + at
        if kind == "give_up":
            if call in self.waiting:
                self.waiting.remove(call)
                self.pacer.abandoned(clock, call)
                self.answers.append((at, True))
        elif kind in ("picked_up", "machine_picked_up"):
            self.pacer.answered(clock, call)
            self.push(at + self.listen_s, "human" if kind == "picked_up" else "machine", call)
        else:
            self.pacer.resolved(clock, call, kind)
            if kind == "human":
                self.waiting.append(call)
                self.push(at + self.pacer.config.hold_s, "give_up", call)

    def connect(self, at: float) -> None:
        while self.ready and self.waiting:
            agent = self.ready.pop(0)
            self.pacer.connected(self.begins_at + at, self.waiting.pop(0), agent)
            self.answers.append((at, False))
            talk_s = self.rng.lognormvariate(4.26, 0.83)
            self.busy_s += talk_s + WRAPUP_S
            self.push(at + talk_s, "wrapup", agent)

    def dial(self, at: float) -> None:
        clock = self.begins_at + at
        for i in range(self.extra_decides):
            self.pacer.decide(clock + 7.0 * i)
        self.asked.append(self.pacer.decide(clock).lines)
        for _ in range(self.asked[-1]):
            delay_s, kind = self.ring()
            self.push(at + delay_s, kind, self.number + 1)
            self.pacer.dialed(clock, self.number)

    def run(self, agents: int, hours: float) -> Shift:
        self.number = agents
        for agent in range(agents):
            self.push(0.0, "ready", agent)
        for out in self.away:
            for agent in range(out.agents):
                self.push(out.from_s, "break", agent)
        if self.lifted_at_s is not None:
            self.push(self.lifted_at_s, "lifted", 0)
        while self.events and self.events[0][0] <= hours * 3600.0:
            at, _, kind, key = heapq.heappop(self.events)
            if kind in ("ready", "wrapup", "break"):
                self.agent_event(at, kind, key)
            elif kind == "lifted":
                self.pacer.reconfigure(replace(self.pacer.config, max_lines=None))
            else:
                self.call_event(at, kind, key)
            self.connect(at)
            self.dial(at)
        abandoned = sum(lost for _, lost in self.answers)
        connected = len(self.answers) - abandoned
        return Shift(self.busy_s / (hours * 3600.0 * agents), connected, abandoned, self.asked, self.answers)


def play(
    config: PacerConfig,
    agents: int,
    hours: float,
    seed: int,
    live: float = 0.25,
    extra_decides: int = 0,
    listen_s: float = 0.0,
    away: tuple[Away, ...] = (),
    lifted_at_s: float | None = None,
) -> Shift:
    """A shift with a pacer that knows nothing yet."""
    world = World(
        Pacer(config, seed),
        random.Random(seed),
        live,
        listen_s,
        extra_decides,
        away=away,
        lifted_at_s=lifted_at_s,
    )
    return world.run(agents, hours)
