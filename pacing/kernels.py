"""The arithmetic of pacing on plain arrays, compiled by Numba.

Each kernel takes and returns primitives and float arrays only. `warm()` compiles all of them (or loads them from
the cache on disk); call it before the event loop starts. Every kernel keeps its plain twin as `kernel.py_func`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
F = TypeVar("F", bound=Callable[..., Any])

EDGES_S: Floats = np.concatenate(
    [
        np.arange(0.0, 40.0, 1.0),
        np.arange(40.0, 80.0, 2.0),
        np.arange(80.0, 160.0, 5.0),
        np.arange(160.0, 400.0, 20.0),
        np.arange(400.0, 1200.0, 100.0),
        np.arange(1200.0, 3601.0, 400.0),
    ]
)
"""Edges of the age bins in seconds: whole seconds, finer where phones ring and wrap-ups end."""

BINS = EDGES_S.size - 1
POINTS = 8
STEPS = 12
GROUP = 6
EXACT_TRIALS = 12
TINY = 1e-12

_SIGNATURES: dict[str, str] = {
    "bin_of": "i8(f8[::1], f8)",
    "observe": "void(f8[::1], f8[::1], f8[::1], f8, i8, f8)",
    "add_running": "void(f8[::1], f8[::1], f8[::1], f8)",
    "survival": "void(f8[::1], f8[::1], f8[::1], f8, f8, f8, f8, f8[::1])",
    "mixture": "void(f8[::1], f8[::1], f8, f8[:,::1])",
    "interpolate": "f8(f8[::1], f8[::1], f8)",
    "quantile_points": "void(f8[::1], f8[:,::1], f8[::1])",
    "line_chances": "void(f8[::1], f8[:,::1], f8[::1], f8, f8[::1], f8, f8[:,::1])",
    "free_chances": "void(f8[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8, f8[::1], f8[:,::1])",
    "count_distribution": "i8(f8[:,::1], i8, i8, f8[::1])",
    "matched_binomial": "i8(f8, f8, i8, f8[::1])",
    "add_line": "i8(f8[::1], i8, f8)",
    "shortfall": "f8(f8[::1], i8, f8[::1], i8, i8)",
    "plan": "i8(f8[::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1],"
    " i8, i8, f8, f8, f8, f8, i8, f8[::1], f8[::1])",
}


def _kernel(function: F) -> F:
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@_kernel
def bin_of(edges: Floats, age_s: float) -> int:
    """The age bin that holds `age_s`; ages past the last edge fall in the last bin."""
    low = 0
    high = edges.size - 2
    while low < high:
        middle = (low + high + 1) // 2
        if edges[middle] <= age_s:
            low = middle
        else:
            high = middle - 1
    return low


@_kernel
def observe(ends: Floats, exposure: Floats, edges: Floats, age_s: float, ended: int, keep: float) -> None:
    """Fade all spells by `keep`, then enter one that ended at `age_s`, or was only watched until then (`ended` 0).

    A spell counts in full in the bin where it ends, so that ends / (exposure / width) is the chance to end in that bin.
    """
    last = bin_of(edges, age_s)
    for i in range(exposure.size):
        exposure[i] *= keep
        ends[i] *= keep
        if i < last:
            exposure[i] += edges[i + 1] - edges[i]
    width = edges[last + 1] - edges[last]
    exposure[last] += width if ended else min(width, age_s - edges[last])
    ends[last] += ended


@_kernel
def add_running(exposure: Floats, edges: Floats, starts_at: Floats, at: float) -> None:
    """Add to `exposure` the ages that spells still running at `at` have lived through."""
    for k in range(starts_at.size):
        age_s = at - starts_at[k]
        for i in range(exposure.size):
            if age_s <= edges[i]:
                break
            exposure[i] += min(age_s, edges[i + 1]) - edges[i]


@_kernel
def survival(
    ends: Floats,
    exposure: Floats,
    edges: Floats,
    prior_ends: float,
    prior_exposure: float,
    coarse_weight: float,
    fine_weight: float,
    out: Floats,
) -> None:
    """The share of spells that last to each edge.

    The chance to end in a bin leans on the hazard of its neighbourhood, and this on one constant hazard, by weights
    in spells.
    """
    overall = (prior_ends + ends.sum()) / (prior_exposure + exposure.sum())
    near = overall
    out[0] = 1.0
    for i in range(exposure.size):
        if i % GROUP == 0:
            stop = min(i + GROUP, exposure.size)
            weight = coarse_weight * (edges[stop] - edges[i])
            near = (ends[i:stop].sum() + weight * overall) / (exposure[i:stop].sum() + weight)
        width = edges[i + 1] - edges[i]
        expected = 1.0 - np.exp(-near * width)
        chance = (ends[i] + fine_weight * expected) / (exposure[i] / width + fine_weight)
        out[i + 1] = out[i] * max(0.0, 1.0 - chance)


@_kernel
def mixture(live: Floats, other: Floats, share: float, out: Floats) -> None:
    """Of spells of which `share` end as `live` and the rest as `other`: survival (row 0) and live ends (row 1)."""
    for i in range(live.size):
        out[0, i] = share * live[i] + (1.0 - share) * other[i]
        out[1, i] = share * (1.0 - live[i])


@_kernel
def interpolate(edges: Floats, values: Floats, age_s: float) -> float:
    """The value at `age_s`, straight between edges and constant past the last one."""
    if age_s >= edges[-1]:
        return float(values[-1])
    i = bin_of(edges, age_s)
    share = max(0.0, (age_s - edges[i]) / (edges[i + 1] - edges[i]))
    return float(values[i] + share * (values[i + 1] - values[i]))


@_kernel
def quantile_points(edges: Floats, table: Floats, out: Floats) -> None:
    """Ages that stand for equal shares of the live ends of a fresh spell (the middle of each share)."""
    total = max(TINY, table[1, -1])
    i = 0
    for j in range(out.size):
        wanted = total * (j + 0.5) / out.size
        while i < edges.size - 2 and table[1, i + 1] < wanted:
            i += 1
        step = max(TINY, table[1, i + 1] - table[1, i])
        out[j] = edges[i] + (edges[i + 1] - edges[i]) * min(1.0, max(0.0, (wanted - table[1, i]) / step))


@_kernel
def line_chances(
    edges: Floats, table: Floats, starts_at: Floats, at: float, points: Floats, caution: float, out: Floats
) -> None:
    """out[i, j]: the chance, times `caution`, that spell i, alive at `at`, ends live within points[j]."""
    for i in range(starts_at.size):
        age_s = max(0.0, at - starts_at[i])
        survival = max(1e-6, interpolate(edges, table[0], age_s))
        before = interpolate(edges, table[1], age_s)
        for j in range(points.size):
            gain = interpolate(edges, table[1], age_s + points[j]) - before
            out[i, j] = min(1.0, caution * gain / survival)


@_kernel
def free_chances(
    edges: Floats,
    talk: Floats,
    wrapup: Floats,
    talk_starts_at: Floats,
    wrapup_starts_at: Floats,
    at: float,
    points: Floats,
    out: Floats,
) -> None:
    """out[i, j]: the chance that busy agent i is ready within points[j]; talkers first, then those in wrap-up."""
    step = points[-1] / STEPS
    wrapped = np.zeros((POINTS, STEPS))
    for j in range(points.size):
        for u in range(STEPS):
            left = points[j] - (u + 0.5) * step
            if left > 0.0:
                wrapped[j, u] = interpolate(edges, wrapup[1], left)
    ended = np.empty(STEPS)
    for i in range(talk_starts_at.size):
        age_s = max(0.0, at - talk_starts_at[i])
        survival = max(1e-6, interpolate(edges, talk[0], age_s))
        before = interpolate(edges, talk[1], age_s)
        for u in range(STEPS):
            after = interpolate(edges, talk[1], age_s + (u + 1) * step)
            ended[u] = (after - before) / survival
            before = after
        for j in range(points.size):
            chance = 0.0
            for u in range(STEPS):
                chance += ended[u] * wrapped[j, u]
            out[i, j] = min(1.0, chance)
    for i in range(wrapup_starts_at.size):
        row = talk_starts_at.size + i
        age_s = max(0.0, at - wrapup_starts_at[i])
        survival = max(1e-6, interpolate(edges, wrapup[0], age_s))
        before = interpolate(edges, wrapup[1], age_s)
        for j in range(points.size):
            out[row, j] = min(1.0, (interpolate(edges, wrapup[1], age_s + points[j]) - before) / survival)


@_kernel
def count_distribution(chances: Floats, trials: int, column: int, out: Floats) -> int:
    """Distribution of how many of `trials` events with chances[:, column] happen; returns the size of its support.

    The last entry of `out` stands for its index or more. Exact convolution (Poisson-binomial) for few trials; for
    many, the binomial of equal mean and variance.
    """
    out[0] = 1.0
    size = 1
    if trials <= EXACT_TRIALS:
        for i in range(trials):
            size = add_line(out, size, chances[i, column])
        return size
    mean = 0.0
    squares = 0.0
    for i in range(trials):
        mean += chances[i, column]
        squares += chances[i, column] ** 2
    if mean < 1e-9:
        return size
    chance = min(0.999999, squares / mean)
    return matched_binomial(mean / chance, chance, trials, out)


@_kernel
def matched_binomial(number: float, chance: float, trials: int, out: Floats) -> int:
    """Fill `out` with the binomial of `number` (not always whole) trials, no more than `trials` happening.

    The last entry of `out` stands for its index or more; entries past six deviations are 0. Returns the support's size.
    """
    mean = number * chance
    ratio = chance / (1.0 - chance)
    reach = 6.0 * np.sqrt(mean * (1.0 - chance)) + 3.0
    last = out.size - 1
    low = max(0, int(mean - reach))
    high = max(low, min(trials, int(number), int(mean + reach)))
    mode = max(low, min(int(mean), high))
    above = np.empty(high - mode + 1)
    total = 1.0
    above[0] = 1.0
    for k in range(mode, high):
        above[k + 1 - mode] = above[k - mode] * max(0.0, number - k) / (k + 1.0) * ratio
        total += above[k + 1 - mode]
    below = 1.0
    size = min(high, last) + 1
    out[:size] = 0.0
    for k in range(mode, low, -1):
        below *= k / (max(TINY, number - k + 1.0) * ratio)
        total += below
        out[min(k - 1, last)] += below
    for k in range(mode, high + 1):
        out[min(k, last)] += above[k - mode]
    out[:size] /= total
    return size


@_kernel
def add_line(distribution: Floats, size: int, chance: float) -> int:
    """Add one more event of this chance to the first `size` entries, in place; returns the new size.

    A full array keeps its size; its last entry then stands for its index or more.
    """
    if size < distribution.size:
        distribution[size] = distribution[size - 1] * chance
        top = size - 1
        size += 1
    else:
        distribution[size - 1] += distribution[size - 2] * chance
        top = size - 2
    for k in range(top, 0, -1):
        distribution[k] = distribution[k] * (1.0 - chance) + distribution[k - 1] * chance
    distribution[0] *= 1.0 - chance
    return size


@_kernel
def shortfall(answers: Floats, n_answers: int, freed: Floats, n_freed: int, spare: int) -> float:
    """The chance that `answers` reach `spare + freed`: that one more person would find no agent."""
    reached = 0.0
    k = n_answers - 1
    risk = 0.0
    for f in range(n_freed - 1, -1, -1):
        while k >= 0 and k >= spare + f:
            reached += answers[k]
            k -= 1
        risk += freed[f] * reached
    return min(1.0, risk)


@_kernel
def plan(
    edges: Floats,
    ring: Floats,
    listen: Floats,
    talk: Floats,
    wrapup: Floats,
    dialed_at: Floats,
    picked_up_at: Floats,
    talk_starts_at: Floats,
    wrapup_starts_at: Floats,
    ready: int,
    waiting: int,
    at: float,
    hold_s: float,
    caution: float,
    threshold: float,
    most: int,
    figures: Floats,
    risks: Floats,
) -> int:
    """The largest number of new lines, up to `most`, of which each one's risk stays within `threshold`.

    Risk: the chance that a person who answers that line finds no agent within `hold_s`, over the time people take
    to answer. figures: expected answers before new lines, expected free agents, risk of the last line accepted,
    risk of the line after it, expected answers with the new lines. risks: that of each line accepted, as far as it has
    room.
    """
    lines = dialed_at.size + picked_up_at.size
    busy = talk_starts_at.size + wrapup_starts_at.size
    points = np.empty(POINTS)
    quantile_points(edges, ring, points)
    chances = np.empty((lines + 1, POINTS))
    line_chances(edges, ring, dialed_at, at, points, caution, chances)
    line_chances(edges, listen, picked_up_at, at, points, caution, chances[dialed_at.size :])
    freeing = np.empty((busy + 1, POINTS))
    free_chances(edges, talk, wrapup, talk_starts_at, wrapup_starts_at, at, points + hold_s, freeing)
    fresh = np.empty(POINTS)
    answers = np.empty((POINTS, max(0, ready - waiting) + busy + 3))
    freed = np.empty((POINTS, busy + 2))
    n_answers = np.empty(POINTS, np.int64)
    n_freed = np.empty(POINTS, np.int64)
    for j in range(POINTS):
        fresh[j] = min(1.0, caution * interpolate(edges, ring[1], points[j]))
        n_answers[j] = count_distribution(chances, lines, j, answers[j])
        n_freed[j] = count_distribution(freeing, busy, j, freed[j])
    figures[0] = chances[:lines, POINTS - 1].sum()
    figures[1] = ready + freeing[:busy, POINTS - 1].sum()
    figures[2] = 0.0
    accepted = 0
    while True:
        risk = 0.0
        for j in range(POINTS):
            risk += shortfall(answers[j], n_answers[j], freed[j], n_freed[j], ready - waiting)
        figures[3] = risk / POINTS
        if accepted >= most or figures[3] > threshold:
            break
        figures[2] = figures[3]
        if accepted < risks.size:
            risks[accepted] = figures[3]
        accepted += 1
        for j in range(POINTS):
            n_answers[j] = add_line(answers[j], n_answers[j], fresh[j])
    figures[4] = figures[0] + accepted * fresh[POINTS - 1]
    return accepted


def warm() -> None:
    """Compile every kernel, or load it from the cache; takes seconds the first time, so keep it off the event loop."""
    for name, signature in _SIGNATURES.items():
        kernel = globals()[name]
        if isinstance(kernel, numba.core.registry.CPUDispatcher) and not kernel.signatures:
            kernel.compile(signature)
