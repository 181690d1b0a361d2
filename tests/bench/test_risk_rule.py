"""The pacer's rule, one threshold for the risk of the next line, is the optimum's own rule in the memoryless world."""

import numpy as np
import pytest

from bench.perf.pacing.optimum import Model, evaluate, optimum, progressive
from pacing import kernels
from pacing.kernels import BINS, EDGES_S, Floats

NOBODY: Floats = np.empty(0)


def lines_kept(model: Model, threshold: float) -> tuple[int, ...]:
    """How many lines the rule keeps ringing, by the number of busy agents; it is told the truth."""
    ring = np.exp(-EDGES_S / model.ring_s)
    table = np.array([ring, model.live * (1.0 - ring)])
    talk = np.exp(-EDGES_S / model.handling_s)
    ready_at_once = np.array([np.zeros(BINS + 1), np.ones(BINS + 1)])
    unheard = np.array([np.ones(BINS + 1), np.zeros(BINS + 1)])
    return tuple(
        kernels.plan(
            EDGES_S,
            table,
            unheard,
            np.array([talk, 1.0 - talk]),
            ready_at_once,
            NOBODY,
            NOBODY,
            np.zeros(busy),
            NOBODY,
            model.agents - busy,
            0,
            0.0,
            0.0,
            1.0,
            threshold,
            model.lines_most,
            np.empty(5),
            np.empty(0),
        )
        for busy in range(model.agents + 1)
    )


@pytest.mark.parametrize("agents", [3, 5, 10])
def test_one_threshold_mixed_in_time_takes_the_whole_gain(agents: int) -> None:
    limit = 0.03
    model = Model(agents, live=0.25, ring_s=15.0, handling_s=120.0)
    rules = {lines_kept(model, threshold) for threshold in np.geomspace(0.01, 0.1, 120)}
    points = [evaluate(model, rule) for rule in rules]
    over = [(point.abandoned_hz - limit * point.answers_hz, point.utilisation) for point in points]
    mixed = max(
        low + below / (below - above) * (high - low)
        for below, low in over
        for above, high in over
        if below <= 0 < above
    )
    least = progressive(model)
    assert (mixed - least) / (optimum(model, limit).utilisation - least) == pytest.approx(1.0, abs=2e-3)
