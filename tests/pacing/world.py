"""A small seeded call centre for tests of whole shifts."""

import heapq
import random
from dataclasses import dataclass

from pacing import Pacer, PacerConfig


@dataclass(frozen=True, slots=True)
class Shift:
    """What came of a shift; `lines` is what each decision asked for."""

    utilisation: float
    connected: int
    abandoned: int
    lines: list[int]


def ring(rng: random.Random, live: float, listen_s: float) -> tuple[float, str]:
    if rng.random() < live:
        return rng.lognormvariate(2.4, 0.35), "picked_up" if listen_s else "human"
    if listen_s and rng.random() < 0.5:
        return 20.0, "machine_picked_up"
    return 25.0, "no_answer"


def play(
    config: PacerConfig,
    agents: int,
    hours: float,
    seed: int,
    live: float = 0.25,
    extra_decides: int = 0,
    listen_s: float = 0.0,
) -> Shift:
    """People answer after about 12 s, talk about 100 s, and agents wrap up for 20 s.

    With `listen_s`, whoever picks up is listened to first, and half of the calls that nobody would answer otherwise
    are picked up by machines.
    """
    rng = random.Random(seed)
    pacer = Pacer(config, seed)
    events: list[tuple[float, int, str, int]] = [(0.0, agent, "ready", agent) for agent in range(agents)]
    ready: list[int] = []
    waiting: list[int] = []
    busy_s, connected, abandoned, number = 0.0, 0, 0, agents
    asked: list[int] = []
    while events and events[0][0] <= hours * 3600.0:
        at, _, kind, key = heapq.heappop(events)
        after: list[tuple[float, str, int]] = []
        if kind == "ready":
            pacer.agent(at, key, "ready")
            ready.append(key)
        elif kind == "wrapup":
            pacer.agent(at, key, "wrapup")
            after.append((20.0, "ready", key))
        elif kind == "give_up" and key in waiting:
            waiting.remove(key)
            pacer.abandoned(at, key)
            abandoned += 1
        elif kind in ("picked_up", "machine_picked_up"):
            pacer.answered(at, key)
            after.append((listen_s, "human" if kind == "picked_up" else "machine", key))
        elif kind in ("human", "machine", "no_answer"):
            pacer.resolved(at, key, kind)
            if kind == "human":
                waiting.append(key)
                after.append((config.hold_s, "give_up", key))
        while ready and waiting:
            agent = ready.pop(0)
            pacer.connected(at, waiting.pop(0), agent)
            connected += 1
            talk_s = rng.lognormvariate(4.26, 0.83)
            busy_s += talk_s + 20.0
            after.append((talk_s, "wrapup", agent))
        for i in range(extra_decides):
            pacer.decide(at + 7.0 * i)
        asked.append(pacer.decide(at).lines)
        for _ in range(asked[-1]):
            number += 1
            pacer.dialed(at, number)
            after.append((*ring(rng, live, listen_s), number))
        for delay_s, kind_after, key_after in after:
            number += 1
            heapq.heappush(events, (at + delay_s, number, kind_after, key_after))
    return Shift(busy_s / (hours * 3600.0 * agents), connected, abandoned, asked)
