"""What it costs to keep the limit with a stated confidence, when all else is told.

    python -m bench.perf.pacing.budget [--json] [--draw DIR]

In the long run the exact optimum abandons at the limit. A day has too few answers for that: chance would end half of
all days over it. Here answers come one by one. Before each one a controller chooses the abandoned rate q; with
probability q the answer is abandoned and takes one call from the budget B, and each answer adds the limit to it. What
rate q gives is told, and exact: the frontier of the memoryless world, reached at once. Real controllers know less and
are slower.

When the end of the day is not known, it comes after each answer with the same probability, and every answer at which
the day could end over the limit (B < 0) has a price, the softest at which the promise is kept. When the end is told,
only the answers that the promise covers have the price. "End told, 8 h" is the bound of all controllers that keep
nothing but the day's end; the others are the best under one price for all answers, and a price that changes over the
day may find a little more.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from bench.perf.pacing.kernels import Floats
from bench.perf.pacing.optimum import Model, best_at, no_values, progressive
from bench.perf.pacing.scenarios import LIMIT, memoryless
from pacing.control import target_share

Choices = NDArray[np.uint16]
F = TypeVar("F", bound=Callable[..., Any])

AGENTS = (3, 5, 10, 20, 40)
DRAWN = (5, 20)
DAY_H = 8.0
CHECKED_H = (1.0, 2.0, 4.0, 8.0)
PROMISE = 0.01
"""Highest chance to be over the limit."""
CURVE_AT = (-0.5, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0)

UNITS = 100
"""A call of budget is as many steps of the grid."""
STEP = round(LIMIT * UNITS)
ZERO = 16 * UNITS
SIZE = ZERO + 34 * UNITS + 1

_SHOWN = slice(ZERO - UNITS, ZERO + 10 * UNITS + 1)
_HIGHEST_RATE = 0.1
_FIRST_PRICE = 60.0
_PRICE_FALL = 0.8
_LEVELS = 1000
_SWEEPS = 100_000
_SOFTEST, _HARDEST = 1e-3, 1e3
_BISECTIONS = 14
_CLOSE = 0.9


RULE = "the pacer's rule"


class Promise(Enum):
    """What is kept in more than 99 % of days; the text is its name in tables."""

    AT_END = "8 h"
    FROM_FIRST_HOUR = "every answer from 1 h"


@dataclass(frozen=True, slots=True)
class Frontier:
    """The best there is at each abandoned rate: corners, between which mixtures lie on straight lines.

    `times` are agent time per answer, in units of the handling time; `gains` are what an answer at this rate gives
    over progressive dialing, in calls, when a call's agent time is priced so that the limit itself breaks even.
    """

    rates: Floats
    times: Floats

    def utilisation(self, rate: float) -> float:
        """The best utilisation at this abandoned rate, up to that of the last corner."""
        return (1.0 - rate) / float(np.interp(rate, self.rates, self.times))

    @property
    def gains(self) -> Floats:
        value = 1.0 - self.rates - self.utilisation(LIMIT) * self.times
        return cast(Floats, value - value[0])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a controller comes to on a day; shares from 0 to 1.

    `gain` is its share of what the limit as a constant rate would gain over progressive dialing. `over` is the chance
    to be over the limit at each of CHECKED_H, `over_worst` at any answer from the first of these on.
    """

    gain: float
    rate: float
    over: tuple[float, ...]
    over_worst: float

    def chance(self, promise: Promise) -> float:
        """The highest chance to be over the limit where this promise counts."""
        return self.over[-1] if promise is Promise.AT_END else self.over_worst


@dataclass(frozen=True, slots=True)
class Line:
    """One controller for a team of `agents`; `curve`: its rate as a share of the limit at CURVE_AT, at mid-day."""

    agents: int
    answers: int
    controller: str
    outcome: Outcome
    curve: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """All controllers of one team; `curves` by controller: the share of the limit at each of `shown_budgets`."""

    lines: tuple[Line, ...]
    curves: dict[str, tuple[float, ...]]


def shown_budgets() -> Floats:
    """The budgets of drawn curves, in calls."""
    return (np.arange(SIZE)[_SHOWN] - ZERO) / UNITS


def _kernel(function: F) -> F:
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@_kernel
def corner(slopes: Floats, price: float) -> int:
    """The corner of a concave frontier to choose when an abandoned call costs `price`."""
    found = 0
    while found < slopes.size and slopes[found] > price:
        found += 1
    return found


@_kernel
def without_end(
    rates: Floats,
    gains: Floats,
    slopes: Floats,
    step: int,
    units: int,
    zero: int,
    keep: float,
    price: float,
    values: Floats,
    choices: Choices,
    tolerance: float,
    sweeps_most: int,
) -> int:
    """Value iteration when the day goes on after each answer with probability `keep`; returns the sweeps made.

    Goes down from the largest budget, so that what most answers do, add to the budget, is done at once.
    """
    size = values.size
    for sweep in range(sweeps_most):
        change = 0.0
        for k in range(size - 1, -1, -1):
            up, down = min(k + step, size - 1), max(k + step - units, 0)
            c = corner(slopes, keep * (values[up] - values[down])) if k + step >= units else 0
            q = rates[c]
            value = gains[c] - (price if k < zero else 0.0) + keep * q * values[down]
            value = value / (1.0 - keep * (1.0 - q)) if up == k else value + keep * (1.0 - q) * values[up]
            change = max(change, abs(value - values[k]))
            values[k] = value
            choices[0, k] = c
        if change < tolerance:
            return sweep + 1
    return sweeps_most


@_kernel
def to_known_end(
    rates: Floats, gains: Floats, slopes: Floats, step: int, units: int, zero: int, prices: Floats, choices: Choices
) -> None:
    """Backward induction over a day of prices.size answers; prices[i] is paid when over the limit after answer i."""
    size = choices.shape[1]
    after, values = np.zeros(size), np.zeros(size)
    for i in range(prices.size - 1, -1, -1):
        after[:] = values
        after[:zero] -= prices[i]
        for k in range(size):
            up, down = min(k + step, size - 1), max(k + step - units, 0)
            c = corner(slopes, after[up] - after[down]) if k + step >= units else 0
            choices[i, k] = c
            values[k] = gains[c] + (1.0 - rates[c]) * after[up] + rates[c] * after[down]


@_kernel
def expect(
    rates: Floats, times: Floats, step: int, units: int, zero: int, choices: Choices, over: Floats
) -> tuple[float, float]:
    """Expected abandoned calls and agent time of a day of over.size answers, and in `over` the chance to be over.

    `choices` has a row for each answer, the last standing for all after it.
    """
    size = choices.shape[1]
    chance, new = np.zeros(size), np.zeros(size)
    chance[zero] = 1.0
    abandoned, spent = 0.0, 0.0
    for i in range(over.size):
        row = choices[min(i, choices.shape[0] - 1)]
        new[:] = 0.0
        for k in range(size):
            if chance[k] > 0.0:
                c = row[k]
                lost = chance[k] * rates[c]
                abandoned += lost
                spent += chance[k] * times[c]
                new[min(k + step, size - 1)] += chance[k] - lost
                new[max(k + step - units, 0)] += lost
        chance[:] = new
        over[i] = chance[:zero].sum()
    return abandoned, spent


def frontier(model: Model) -> Frontier:
    """The corners from progressive dialing to a rate of 10 % or more.

    Each is the best policy at a price of one abandoned call, and all prices of a fine grid are asked.
    """
    values = no_values(model)
    corners = [(0.0, 1.0 / progressive(model))]
    price = _FIRST_PRICE * model.handling_s / model.agents
    while corners[-1][0] < _HIGHEST_RATE:
        point = best_at(model, price, values)
        corners.append((point.abandoned, (1.0 - point.abandoned) / point.utilisation))
        price *= _PRICE_FALL
    rates, times = np.array(lower_hull(corners)).T
    return Frontier(rates, times)


def lower_hull(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of the convex curve under the points, from left to right (Andrew's monotone chain, 1979)."""
    hull: list[tuple[float, float]] = []
    for x, y in sorted(set(points)):
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], (x, y)):
            hull.pop()
        if not hull or x > hull[-1][0]:
            hull.append((x, y))
    return hull


def _turns_right(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])


def answers_per_day(agents: int, handling_s: float, known: Frontier) -> int:
    """As many live answers as there are in DAY_H at the limit."""
    return round(agents * DAY_H * 3600.0 / (handling_s * float(np.interp(LIMIT, known.rates, known.times))))


def play(known: Frontier, choices: Choices, answers: int) -> Outcome:
    """What these choices come to on a day of so many answers, exactly."""
    over = np.zeros(answers)
    abandoned, spent = expect(known.rates, known.times, STEP, UNITS, ZERO, choices, over)
    utilisation = (answers - abandoned) / spent
    least = known.utilisation(0.0)
    checked = [math.ceil(answers * hours / DAY_H) - 1 for hours in CHECKED_H]
    return Outcome(
        gain=(utilisation - least) / (known.utilisation(LIMIT) - least),
        rate=abandoned / answers,
        over=tuple(float(over[i]) for i in checked),
        over_worst=float(over[checked[0] :].max()),
    )


def open_choices(known: Frontier, mean_answers: float, price: float) -> Choices:
    """The best choices by budget when the day ends after each answer with probability 1 / mean_answers.

    Raises ArithmeticError when value iteration does not settle.
    """
    values, choices = np.zeros(SIZE), np.zeros((1, SIZE), np.uint16)
    keep = 1.0 - 1.0 / mean_answers
    gains = known.gains
    sweeps = without_end(
        known.rates, gains, _slopes(known), STEP, UNITS, ZERO, keep, price, values, choices, 1e-7, _SWEEPS
    )
    if sweeps == _SWEEPS:
        raise ArithmeticError(f"value iteration did not settle in {_SWEEPS} sweeps at price {price}")
    return choices


def told_choices(known: Frontier, answers: int, promise: Promise, price: float) -> Choices:
    """The best choices by answer and budget when the day is known to end after so many answers."""
    prices = np.zeros(answers)
    if promise is Promise.FROM_FIRST_HOUR:
        prices[math.ceil(answers * CHECKED_H[0] / DAY_H) - 1 :] = price
    prices[-1] = price
    choices = np.zeros((answers, SIZE), np.uint16)
    to_known_end(known.rates, known.gains, _slopes(known), STEP, UNITS, ZERO, prices, choices)
    return choices


def _slopes(known: Frontier) -> Floats:
    return np.diff(known.gains) / np.diff(known.rates)


def softest(choose: Callable[[float], Choices], known: Frontier, answers: int, promise: Promise) -> Choices:
    """The choices at the lowest price that keeps the promise, by bisection.

    Raises ArithmeticError when the highest price does not keep it.
    """
    low, high = _SOFTEST, _HARDEST
    best = choose(high)
    chance = play(known, best, answers).chance(promise)
    if chance >= PROMISE:
        raise ArithmeticError(f"not even a price of {high} keeps the promise over {answers} answers")
    for _ in range(_BISECTIONS):
        if chance > _CLOSE * PROMISE:
            break
        price = math.sqrt(low * high)
        choices = choose(price)
        reached = play(known, choices, answers).chance(promise)
        if reached < PROMISE:
            best, chance, high = choices, reached, price
        else:
            low = price
    return best


def pacers_choices(known: Frontier, answers: int) -> tuple[Frontier, Choices]:
    """The pacer's own rule, `pacing.control.target_share`, on a frontier with corners fine enough for it."""
    rates = np.linspace(0.0, float(known.rates[-1]), _LEVELS + 1)
    fine = Frontier(rates, np.interp(rates, known.rates, known.times))
    budgets = (np.arange(SIZE) - ZERO) / UNITS
    early = min(answers, 100)
    wanted = [[LIMIT * target_share(budget, i, answers / DAY_H) for budget in budgets] for i in range(early)]
    return fine, np.rint(np.array(wanted) / rates[-1] * _LEVELS).astype(np.uint16)


def solve(agents: int) -> Solution:
    """All controllers for a team of this size in the memoryless world of the bench."""
    world = memoryless(agents, 2.0, DAY_H * 3600.0)
    model = Model(agents, world.shares[0].live, world.person_ring.mean_s, world.handling_s, world.hold_s)
    known = frontier(model)
    answers = answers_per_day(agents, world.handling_s, known)
    lines, curves = [], {}
    for controller, used, choices in controllers(known, answers):
        row = choices[min(answers // 2, choices.shape[0] - 1)]
        shares = used.rates[row] / LIMIT
        curves[controller] = tuple(float(share) for share in shares[_SHOWN])
        curve = tuple(float(shares[ZERO + round(at * UNITS)]) for at in CURVE_AT)
        lines.append(Line(agents, answers, controller, play(used, choices, answers), curve))
    return Solution(tuple(lines), curves)


def controllers(known: Frontier, answers: int) -> Iterator[tuple[str, Frontier, Choices]]:
    """By name: the best ones that keep each promise, the end of the day unknown and told, and the pacer's own rule."""
    for promise in Promise:
        unknown = partial(open_choices, known, answers / 2.0)
        yield f"end unknown, {promise.value}", known, softest(unknown, known, answers, promise)
    for promise in Promise:
        told = partial(told_choices, known, answers, promise)
        yield f"end told, {promise.value}", known, softest(told, known, answers, promise)
    yield RULE, *pacers_choices(known, answers)


def text(line: Line) -> str:
    """One line of the table for people."""
    found = line.outcome
    over = " ".join(f"{chance:6.2%}" for chance in (*found.over, found.over_worst))
    curve = " ".join(f"{share:5.2f}" for share in line.curve)
    first = f"{line.agents:6d} {line.answers:7d}  {line.controller:34s}"
    return f"{first} {found.gain:6.1%} {found.rate:6.2%}  {over}  {curve}"


def header() -> str:
    """What stands above the lines of `text`."""
    over = " ".join(f"{f'{hours:.0f} h':>6s}" for hours in CHECKED_H) + "  worst"
    curve = " ".join(f"{at:5g}" for at in CURVE_AT)
    first = f"{'agents':>6s} {'answers':>7s}  {'controller':34s} {'gain':>6s} {'rate':>6s}"
    return (
        f"{'':58s}  {'chance to be over the limit at':34s}  share of the limit by budget, calls\n"
        f"{first}  {over}  {curve}"
    )


def main() -> None:
    """Print the table; with --json one document on stdout, and the table on stderr."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, action="append", choices=AGENTS, help="only this many; repeatable")
    parser.add_argument("--draw", type=Path, metavar="DIR", help="write the picture (PNG) there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    out = sys.stderr if options.json else sys.stdout
    began = time.perf_counter()
    print(header(), file=out, flush=True)
    solutions = []
    for agents in options.agents or AGENTS:
        solutions.append(solve(agents))
        for line in solutions[-1].lines:
            print(text(line), file=out, flush=True)
        print(file=out)
    if options.draw:
        from bench.perf.pacing.pictures import draw_budget

        drawn = [solution for solution in solutions if solution.lines[0].agents in DRAWN]
        print(f"drew {draw_budget(drawn or solutions, options.draw)}", file=out)
    print(f"took {time.perf_counter() - began:.0f} s", file=out)
    if options.json:
        lines = [asdict(line) for solution in solutions for line in solution.lines]
        print(json.dumps({"curve_at": CURVE_AT, "lines": lines}))


if __name__ == "__main__":
    main()
