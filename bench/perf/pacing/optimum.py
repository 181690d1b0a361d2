"""The best that any policy can do in the memoryless world, told the truth: a constrained Markov decision process.

State: people (with agents or waiting for one) and ringing lines. Ringing is exponential with mean `ring_s`, a line is
answered by a person with probability `live`, handling is exponential with mean `handling_s`. Lines can be added at any
instant, never taken back. Constraint: abandoned <= limit x answers. It is solved through its Lagrangian (Altman,
Constrained Markov Decision Processes, 1999): the price of an abandoned call is bisected, relative value iteration
finds the best policy at each price, and the optimum mixes in time the two policies on either side of the limit.

With a hold, a waiting person leaves after an exponential time instead of after exactly `hold_s`; its rate is set so
that one who waits alone is reached by an agent as often as with the exact hold. `tests/bench` plays the policy in the
exact world to see what this costs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numba
import numpy as np

from bench.perf.pacing.kernels import Floats, Ints

F = TypeVar("F", bound=Callable[..., Any])
_PRICE_STEPS = 14
_ROUNDS = 400_000
_CLOSE = 5e-4
"""Between policies of such like utilisation the mixture is as good as any policy between them."""


@dataclass(frozen=True, slots=True)
class Model:
    """A memoryless world: `people_most` with agents or waiting, `lines_most` ringing are as many as are looked at."""

    agents: int
    live: float
    ring_s: float
    handling_s: float
    hold_s: float = 0.0

    @property
    def lines_most(self) -> int:
        """As many ringing lines as all agents could use, and some."""
        return math.ceil(self.agents / self.live) + 12

    @property
    def people_most(self) -> int:
        """All agents, and those who may wait."""
        return self.agents + (4 + self.agents // 4 if self.hold_s else 0)

    @property
    def leave_rate_hz(self) -> float:
        """How fast one waiting person leaves."""
        freed_hz = self.agents / self.handling_s
        return freed_hz / math.expm1(freed_hz * self.hold_s) if self.hold_s else 0.0

    @property
    def rates(self) -> tuple[int, int, int, float, float, float, float]:
        """Agents, people, lines, then per second: answers and other ends of one line, ends of one talk, one leaving."""
        answered = self.live / self.ring_s
        missed = (1.0 - self.live) / self.ring_s
        return (
            self.agents,
            self.people_most,
            self.lines_most,
            answered,
            missed,
            1.0 / self.handling_s,
            self.leave_rate_hz,
        )


@dataclass(frozen=True, slots=True)
class Point:
    """What a policy (lines kept ringing, by people) does in the long run; rates per second."""

    targets: tuple[int, ...]
    utilisation: float
    abandoned_hz: float
    answers_hz: float

    @property
    def abandoned(self) -> float:
        """Share of the answers."""
        return self.abandoned_hz / self.answers_hz


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best utilisation within the limit: policy `over` for `share_over` of the time, `under` for the rest."""

    utilisation: float
    under: Point
    over: Point
    share_over: float


def _kernel(function: F) -> F:
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@_kernel
def best_policy(
    agents: int,
    people_most: int,
    lines_most: int,
    answered_hz: float,
    missed_hz: float,
    ended_hz: float,
    leave_hz: float,
    price: float,
    values: Floats,
    targets: Ints,
    tolerance: float,
    rounds_most: int,
) -> int:
    """Relative value iteration at this price (in seconds of the whole team's time) of one abandoned call.

    Starts from `values` and leaves them there, and the lines to keep by people in `targets`. Returns the rounds made,
    `rounds_most` when the tolerance was not met.
    """
    line_hz = answered_hz + missed_hz
    total_hz = lines_most * line_hz + agents * ended_hz + (people_most - agents) * leave_hz
    new = np.empty_like(values)
    for turn in range(rounds_most):
        for x in range(people_most + 1):
            busy = min(x, agents)
            gone_hz = (x - busy) * leave_hz
            freed_hz = busy * ended_hz + gone_hz
            full = x == people_most
            best = -np.inf
            for k in range(lines_most, -1, -1):
                reward = busy / agents - price * gone_hz
                stay = (total_hz - k * line_hz - freed_hz) * values[x, k]
                if x > 0:
                    stay += freed_hz * values[x - 1, k]
                if k > 0:
                    stay += k * missed_hz * values[x, k - 1]
                    if full:
                        reward -= price * k * answered_hz
                        stay += k * answered_hz * values[x, k - 1]
                    else:
                        stay += k * answered_hz * values[x + 1, k - 1]
                value = (reward + stay) / total_hz
                if value >= best:
                    best = value
                    targets[x] = k
                new[x, k] = best
        low, high = np.inf, -np.inf
        for x in range(people_most + 1):
            for k in range(lines_most + 1):
                low = min(low, new[x, k] - values[x, k])
                high = max(high, new[x, k] - values[x, k])
        values[:] = new - new[0, 0]
        if (high - low) * total_hz < tolerance:
            return turn + 1
    return rounds_most


@_kernel
def long_run(
    agents: int,
    people_most: int,
    lines_most: int,
    answered_hz: float,
    missed_hz: float,
    ended_hz: float,
    leave_hz: float,
    targets: Ints,
    share: Floats,
    tolerance: float,
    rounds_most: int,
) -> int:
    """Let `share` (of time, by people and ringing lines) run to what a policy comes to; returns the rounds made."""
    line_hz = answered_hz + missed_hz
    total_hz = lines_most * line_hz + agents * ended_hz + (people_most - agents) * leave_hz
    new = np.empty_like(share)
    for turn in range(rounds_most):
        new[:] = 0.0
        for x in range(people_most + 1):
            busy = min(x, agents)
            freed_hz = busy * ended_hz + (x - busy) * leave_hz
            above = min(x + 1, people_most)
            for k in range(targets[x], lines_most + 1):
                flow = share[x, k] / total_hz
                if flow == 0.0:
                    continue
                new[x, k] += flow * (total_hz - k * line_hz - freed_hz)
                if x > 0:
                    new[x - 1, max(k, targets[x - 1])] += flow * freed_hz
                if k > 0:
                    new[x, max(k - 1, targets[x])] += flow * k * missed_hz
                    new[above, max(k - 1, targets[above])] += flow * k * answered_hz
        change = np.abs(new - share).sum()
        share[:] = new
        if change < tolerance:
            return turn + 1
    return rounds_most


def evaluate(model: Model, targets: tuple[int, ...]) -> Point:
    """The long run of a policy that keeps targets[x] lines ringing while there are x people.

    Raises ValueError when a target is missing or above what the model looks at, ArithmeticError when
    it does not settle.
    """
    agents, people, lines, answered, _, _, leave = model.rates
    if len(targets) != people + 1 or not 1 <= targets[0] <= max(targets) <= lines:
        raise ValueError(f"targets must be {people + 1} numbers up to {lines}, the first at least 1, not {targets}")
    share = np.zeros((people + 1, lines + 1))
    share[0, targets[0]] = 1.0
    if long_run(*model.rates, np.array(targets), share, 1e-13, _ROUNDS) == _ROUNDS:
        raise ArithmeticError(f"the long run of {targets} did not settle in {_ROUNDS} rounds for {model}")
    ringing = np.arange(lines + 1)
    by_people = share.sum(axis=1)
    busy = np.minimum(np.arange(people + 1), agents)
    answers = answered * float((share @ ringing).sum())
    dropped = leave * float(by_people @ (np.arange(people + 1) - busy)) + answered * float(share[-1] @ ringing)
    return Point(targets, float(by_people @ busy) / agents, dropped, answers)


def progressive(model: Model) -> float:
    """Utilisation of one line per ready agent: every agent waits ring_s / live on average, then works handling_s."""
    return model.handling_s / (model.handling_s + model.ring_s / model.live)


def optimum(model: Model, limit: float) -> Optimum:
    """The best utilisation of the model with abandoned <= limit x answers.

    Raises ArithmeticError when value iteration does not settle.
    """
    values = no_values(model)
    under: Point | None = None
    over: Point | None = None
    low, high = 0.0, math.inf
    price = 3.0 * model.handling_s / model.agents
    for _ in range(_PRICE_STEPS):
        point = best_at(model, price, values)
        if point.abandoned_hz <= limit * point.answers_hz:
            under, high = point, price
        else:
            over, low = point, price
        if under and over and over.utilisation - under.utilisation < _CLOSE:
            break
        price = (low + high) / 2.0 if under else 2.0 * price
    if under is None or over is None:
        raise ArithmeticError(f"no price puts the limit {limit} between two policies of {model}")
    excess = [point.abandoned_hz - limit * point.answers_hz for point in (under, over)]
    share = -excess[0] / (excess[1] - excess[0])
    return Optimum(under.utilisation + share * (over.utilisation - under.utilisation), under, over, share)


def best_at(model: Model, price: float, values: Floats) -> Point:
    """The best policy at this price (in seconds of the whole team's time) of one abandoned call.

    Starts value iteration from `values` and leaves them there; `no_values` to begin with. Raises ArithmeticError when
    it does not settle.
    """
    targets = np.zeros(model.people_most + 1, np.int64)
    if best_policy(*model.rates, price, values, targets, 1e-7, _ROUNDS) == _ROUNDS:
        raise ArithmeticError(f"value iteration did not settle in {_ROUNDS} rounds for {model} at price {price}")
    return evaluate(model, tuple(int(target) for target in targets))


def no_values(model: Model) -> Floats:
    """What value iteration starts from when nothing is known yet."""
    return np.zeros((model.people_most + 1, model.lines_most + 1))
