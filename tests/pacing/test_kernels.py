"""The kernels against plain twins: independent arithmetic in NumPy, and their own source run uncompiled."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing import PacerConfig, kernels
from pacing.kernels import BINS, EDGES_S, POINTS, STEPS, Floats
from tests.pacing.world import play

NAMES = sorted(name for name in vars(kernels) if hasattr(getattr(kernels, name), "py_func"))


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Run every kernel from its Python source, calls between kernels included."""
    compiled = {name: getattr(kernels, name) for name in NAMES}
    try:
        for name, kernel in compiled.items():
            setattr(kernels, name, kernel.py_func)
        yield
    finally:
        for name, kernel in compiled.items():
            setattr(kernels, name, kernel)


def lasting(seed: int, mean_s: float, spells: int = 200) -> Floats:
    ends, exposure, out = np.zeros(BINS), np.zeros(BINS), np.empty(BINS + 1)
    for age_s in np.random.default_rng(seed).exponential(mean_s, spells):
        kernels.observe(ends, exposure, EDGES_S, float(age_s), 1, 0.999)
    kernels.survival(ends, exposure, EDGES_S, 2.0, 60.0, 4.0, 3.0, out)
    return out


def learned_table(seed: int, mean_s: float, share: float) -> Floats:
    table = np.empty((2, BINS + 1))
    kernels.mixture(lasting(seed, mean_s), lasting(seed + 50, 1.5 * mean_s), share, table)
    return table


def plan_case(seed: int, lines: int, busy: int, ready: int) -> Any:
    rng = np.random.default_rng(seed)
    tables = (learned_table(seed, 14.0, 0.3), learned_table(seed + 1, 2.0, 0.7))
    ends = (learned_table(seed + 2, 90.0, 1.0), learned_table(seed + 3, 20.0, 1.0))
    half = busy // 2
    starts = (rng.uniform(0, 25, lines), rng.uniform(22, 25, lines % 3))
    work = (rng.uniform(-300, 25, busy - half), rng.uniform(0, 25, half))
    return (EDGES_S, *tables, *ends, *starts, *work, ready, lines % 2, 25.0, 2.0, 1.1, 0.04, 60)


def run_plan(case: Any, most: int | None = None, room_for_risks: int = 80) -> tuple[int, Floats, Floats]:
    """Lines, figures, and risks; what the kernel does not write stays NaN."""
    figures, risks = np.full(5, math.nan), np.full(room_for_risks, math.nan)
    arguments = [*case[:-1], case[-1] if most is None else most, figures, risks]
    return kernels.plan(*arguments), figures, risks


def distribution(chances: list[float]) -> Floats:
    out = np.array([1.0])
    for chance in chances:
        out = np.convolve(out, [1.0 - chance, chance])
    return out


def at_age(values: Floats, age_s: float) -> float:
    return float(np.interp(age_s, EDGES_S, values))


def chance_within(table: Floats, age_s: float, within_s: float) -> float:
    gain = at_age(table[1], age_s + within_s) - at_age(table[1], age_s)
    return gain / max(1e-6, at_age(table[0], age_s))


def free_within(talk: Floats, wrapup: Floats, age_s: float, within_s: float, horizon_s: float) -> float:
    step = horizon_s / STEPS
    total = 0.0
    for u in range(STEPS):
        ends = chance_within(talk, age_s, (u + 1) * step) - chance_within(talk, age_s, u * step)
        left_s = within_s - (u + 0.5) * step
        total += ends * (at_age(wrapup[1], left_s) if left_s > 0 else 0.0)
    return min(1.0, total)


def plain_plan(case: Any) -> tuple[int, list[float]]:
    """The plan by its definition, with NumPy's convolution, for few lines and agents."""
    _, ring, listen, talk, wrapup, dialed, picked, talks, wraps, ready, waiting, at, hold, caution, limit, most = case
    wanted = ring[1, -1] * (np.arange(POINTS) + 0.5) / POINTS
    points = np.interp(wanted, ring[1], EDGES_S)
    risks_by_count: list[float] = []
    for lines in range(most + 1):
        risk = 0.0
        for point in points:
            chances = [min(1.0, caution * chance_within(ring, at - start, point)) for start in dialed]
            chances += [min(1.0, caution * chance_within(listen, at - start, point)) for start in picked]
            chances += [min(1.0, caution * at_age(ring[1], point))] * lines
            within = point + hold
            free = [free_within(talk, wrapup, at - start, within, points[-1] + hold) for start in talks]
            free += [chance_within(wrapup, at - start, within) for start in wraps]
            answers, freed = distribution(chances), distribution(free)
            risk += sum(
                answers[a] * freed[f]
                for a, f in product(range(answers.size), range(freed.size))
                if a >= ready - waiting + f
            )
        risks_by_count.append(risk / POINTS)
        if risks_by_count[-1] > limit:
            return lines, risks_by_count
    return most, risks_by_count


def test_nothing_is_left_to_compile_after_warm() -> None:
    kernels.warm()
    before = {name: len(getattr(kernels, name).signatures) for name in NAMES}
    assert all(before.values())
    play(PacerConfig(), agents=5, hours=0.2, seed=1)
    assert {name: len(getattr(kernels, name).signatures) for name in NAMES} == before


@given(st.floats(0.0, 5000.0))
def test_bin_of_holds_the_age(age_s: float) -> None:
    i = kernels.bin_of(EDGES_S, age_s)
    assert EDGES_S[i] <= age_s
    assert age_s < EDGES_S[i + 1] or i == BINS - 1


@pytest.mark.parametrize("ended", [0, 1])
def test_observe_adds_one_end_and_the_time_lived(ended: int) -> None:
    ends, exposure = np.ones(BINS), np.zeros(BINS)
    kernels.observe(ends, exposure, EDGES_S, 50.5, ended, 0.5)
    assert ends.sum() == pytest.approx(0.5 * BINS + ended)
    assert exposure.sum() == pytest.approx(52.0 if ended else 50.5)


def test_running_spells_add_the_time_they_lived() -> None:
    exposure = np.zeros(BINS)
    kernels.add_running(exposure, EDGES_S, np.array([0.0, 70.25, 200.0]), 100.0)
    assert exposure.sum() == pytest.approx(100.0 + 29.75)
    assert exposure[0] == pytest.approx(2.0)


def test_survival_finds_a_constant_hazard_again() -> None:
    found = lasting(3, 20.0, spells=5000)
    assert at_age(found, 20.0) == pytest.approx(math.exp(-1.0), abs=0.03)
    assert at_age(found, 60.0) == pytest.approx(math.exp(-3.0), abs=0.02)
    assert np.all(np.diff(found) <= 0)


def test_a_mixture_holds_both_kinds_in_their_shares() -> None:
    table = np.empty((2, BINS + 1))
    live, other = lasting(1, 10.0), lasting(2, 20.0)
    kernels.mixture(live, other, 0.3, table)
    assert table[0] == pytest.approx(0.3 * live + 0.7 * other)
    assert table[1] == pytest.approx(0.3 * (1.0 - live))


@given(st.lists(st.floats(0.0, 1.0), max_size=kernels.EXACT_TRIALS), st.integers(3, 15))
def test_few_trials_are_convolved_exactly(chances: list[float], room: int) -> None:
    out = np.empty(room)
    column = np.array(chances).reshape(-1, 1)
    size = kernels.count_distribution(np.ascontiguousarray(column), len(chances), 0, out)
    expected = distribution(chances)
    folded = np.append(expected[: room - 1], expected[room - 1 :].sum()) if expected.size > room else expected
    assert size == folded.size
    assert out[:size] == pytest.approx(folded, abs=1e-12)


@pytest.mark.parametrize("room", [200, 30])
@pytest.mark.parametrize("trials", [20, 60, 150])
def test_many_trials_are_close_to_the_exact_convolution(trials: int, room: int) -> None:
    chances = np.random.default_rng(trials).uniform(0.05, 0.5, trials)
    out = np.empty(room)
    size = kernels.count_distribution(chances.reshape(-1, 1), trials, 0, out)
    expected = distribution(list(chances))
    if expected.size > room:
        expected = np.append(expected[: room - 1], expected[room - 1 :].sum())
    found = np.zeros(expected.size)
    found[:size] = out[:size]
    assert np.abs(np.cumsum(found) - np.cumsum(expected)).max() < 0.004
    assert found.sum() == pytest.approx(1.0)


@given(st.lists(st.floats(0.0, 1.0), max_size=8), st.lists(st.floats(0.0, 1.0), max_size=8), st.integers(-3, 10))
def test_shortfall_is_the_chance_that_answers_reach_the_agents(
    answering: list[float], freeing: list[float], spare: int
) -> None:
    answers, freed = distribution(answering), distribution(freeing)
    expected = sum(answers[a] * freed[f] for a, f in product(range(answers.size), range(freed.size)) if a >= spare + f)
    assert kernels.shortfall(answers, answers.size, freed, freed.size, spare) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("lines", "busy", "ready"), [(0, 0, 2), (3, 4, 1), (7, 6, 3), (5, 3, 0)])
def test_plan_agrees_with_its_definition(lines: int, busy: int, ready: int) -> None:
    case = plan_case(lines + 10, lines, busy, ready)
    planned, figures, found = run_plan(case)
    expected, risks = plain_plan(case)
    assert planned == expected
    assert figures[3] == pytest.approx(risks[-1], abs=1e-6)
    assert figures[2] == pytest.approx(risks[-2] if len(risks) > 1 else 0.0, abs=1e-6)
    assert found[:planned] == pytest.approx(risks[:-1], abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 20), st.integers(0, 8), st.integers(0, 80))
def test_the_risks_are_those_of_the_accepted_lines(seed: int, lines: int, busy: int, ready: int, room: int) -> None:
    case = plan_case(seed, lines, busy, ready)
    planned, figures, risks = run_plan(case, room_for_risks=room)
    written = min(planned, room)
    assert np.all((risks[:written] >= 0.0) & (risks[:written] <= case[-2]))
    assert np.isnan(risks[written:]).all()
    if 0 < planned <= room:
        assert risks[planned - 1] == figures[2]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 20), st.integers(0, 8))
def test_plan_compiled_and_plain_agree(seed: int, lines: int, busy: int, ready: int) -> None:
    case = plan_case(seed, lines, busy, ready)
    planned, *compiled = run_plan(case)
    with plain_kernels():
        planned_plain, *plain = run_plan(case)
    assert planned == planned_plain
    for one, other in zip(compiled, plain, strict=True):
        assert one == pytest.approx(other, abs=1e-9, nan_ok=True)


def twin_case(name: str, seed: int) -> list[Any]:
    """Arguments of a kernel, drawn anew for each seed."""
    rng = np.random.default_rng(seed)
    ends, exposure = rng.uniform(0.0, 3.0, BINS), rng.uniform(5.0, 90.0, BINS)
    age_s, starts = float(rng.uniform(0.0, 4000.0)), rng.uniform(-300.0, 25.0, int(rng.integers(0, 8)))
    points = np.sort(rng.uniform(0.5, 60.0, POINTS))
    table, other = learned_table(seed, 20.0, 0.4), learned_table(seed + 1, 90.0, 1.0)
    trials = int(rng.integers(0, 40))
    chances = rng.uniform(0.0, 0.6, (trials + 1, POINTS))
    answers, freed = distribution(list(chances[:, 0])), distribution(list(chances[:9, 1]))
    row = np.concatenate([answers, np.zeros(3)])
    cases: dict[str, list[Any]] = {
        "bin_of": [EDGES_S, age_s],
        "observe": [ends, exposure, EDGES_S, age_s, int(rng.integers(0, 2)), 0.99],
        "add_running": [exposure, EDGES_S, starts, 25.0],
        "survival": [ends, exposure, EDGES_S, 3.0, 90.0, 8.0, 10.0, np.empty(BINS + 1)],
        "mixture": [lasting(seed, 12.0), lasting(seed + 1, 20.0), 0.3, np.empty((2, BINS + 1))],
        "interpolate": [EDGES_S, table[0], age_s],
        "quantile_points": [EDGES_S, table, np.empty(POINTS)],
        "line_chances": [EDGES_S, table, starts, 25.0, points, 1.2, np.zeros((starts.size, POINTS))],
        "free_chances": [EDGES_S, other, table, starts, starts + 9.0, 40.0, points, np.zeros((20, POINTS))],
        "count_distribution": [chances, trials, 2, np.zeros(int(rng.integers(4, 50)))],
        "matched_binomial": [trials + 0.4, float(rng.uniform(0.01, 0.9)), trials + 1, np.zeros(45)],
        "add_line": [row, int(rng.integers(answers.size, row.size + 1)), 0.3],
        "shortfall": [answers, answers.size, freed, freed.size, int(rng.integers(-3, 9))],
        "plan": [*plan_case(seed, trials, 7, int(rng.integers(0, 6))), np.zeros(5), np.zeros(30)],
    }
    return cases[name]


def test_every_kernel_has_its_signature() -> None:
    assert set(NAMES) == set(kernels._SIGNATURES)


@pytest.mark.parametrize("name", sorted(kernels._SIGNATURES))
def test_each_kernel_agrees_with_its_plain_twin(name: str) -> None:
    for seed in range(12):
        compiled, plain = twin_case(name, seed), twin_case(name, seed)
        result = getattr(kernels, name)(*compiled)
        with plain_kernels():
            assert result == pytest.approx(getattr(kernels, name)(*plain), abs=1e-12)
        for one, other in zip(compiled, plain, strict=True):
            assert one == pytest.approx(other, abs=1e-9)


def test_plan_dials_nothing_with_nobody_to_take_a_call() -> None:
    assert run_plan(plan_case(1, 0, 0, 0))[0] == 0


def test_plan_never_passes_the_room() -> None:
    assert run_plan(plan_case(1, 0, 0, 30), most=4)[0] == 4
