"""Regulatory windows that turn over in the middle of a simulated shift: pacer, engine and store count the same."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from campaigns.model import AbandonWindow, CallingWindow, CampaignSettings
from campaigns.retry import DEFAULT_RULES
from dialer.core.engine import pacer_for
from dialer.sim.simulation import Simulation, SimulationSettings
from dialer.sim.world import WorldProfile
from tests.dialer.sim.test_simulation import STORMY

# The shift begins at 14:30 UTC: midnight in Shanghai comes after an hour and a half.
DAILY = CampaignSettings(
    1,
    "any",
    abandon_window=AbandonWindow.DAY,
    timezone="Asia/Shanghai",
    window=CallingWindow(),
    retry=dict(DEFAULT_RULES),
)


class Watched:
    """A pacer whose ledger is read before and after each window is opened."""

    def __init__(self, settings: CampaignSettings) -> None:
        self.pacer: Any = pacer_for(settings)
        self.turns: list[tuple[tuple[float, float], tuple[float, float]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pacer, name)

    def counts(self) -> tuple[float, float]:
        return self.pacer.ledger.live, self.pacer.ledger.abandoned

    def open_window(self, live: float, abandoned: float) -> None:
        before = self.counts()
        self.pacer.open_window(live, abandoned)
        self.turns.append((before, self.counts()))


@pytest.mark.parametrize("profile", [WorldProfile(), STORMY], ids=["calm", "stormy"])
@pytest.mark.parametrize("seed", range(3))
def test_each_call_counts_in_one_window_and_all_agree(seed: int, profile: WorldProfile) -> None:
    made: list[Watched] = []

    def watched(settings: CampaignSettings) -> Watched:
        made.append(Watched(settings))
        return made[-1]

    settings = SimulationSettings(agents=6, hours=2.5, seed=seed, profile=profile, campaign=DAILY)
    simulation = Simulation(settings, watched)
    result = simulation.run()
    (pacer,) = made
    _, (before, after) = pacer.turns
    report = simulation.store.report_abandonment("sim", datetime.fromisoformat("2026-03-02T17:00:00+00:00"))
    (past,) = report["past_windows"]
    window = report["window"]
    assert (past["end"], window["start"]) == ("2026-03-02T16:00:00+00:00",) * 2
    assert past["live"] > 50 and window["live"] > 20
    assert (past["live"], past["abandoned"]) == (before[0] - after[0], before[1] - after[1])
    assert (window["live"], window["abandoned"]) == pacer.counts()
    assert past["live"] + window["live"] == report["live"]
    assert past["abandoned"] + window["abandoned"] == report["abandoned"] == result.abandoned


def test_a_shift_leaves_samples_and_what_was_learned() -> None:
    simulation = Simulation(SimulationSettings(agents=4, hours=0.5, seed=1))
    simulation.run()
    samples = simulation.store.pacing_samples("sim")
    instants = [datetime.fromisoformat(sample["at"]) for sample in samples]
    gaps = [(late - early).total_seconds() for early, late in pairwise(instants)]
    braked = sum(sample["budget_left"] < 0 for sample in samples)
    assert 40 <= len(samples) <= 62 + braked
    assert max(gaps) < 120
    assert {sample["agents"] for sample in samples[1:]} == {4}
    kept = simulation.store.pacer_state(1)
    assert kept is not None and kept[0] > instants[-1]
