"""Seeded whole-system runs: the promises hold whatever goes wrong, and the same seed gives the same history."""

import pytest

from campaigns.model import CampaignSettings, Kind, Mode
from campaigns.retry import DEFAULT_RULES
from dialer.sim.simulation import Simulation, SimulationSettings
from dialer.sim.world import Faults, WorldProfile

STORMY = WorldProfile(
    person=0.4,
    machine=0.1,
    talk_mean_s=40.0,
    patience_mean_s=2.0,
    faults=Faults(
        join_fails=0.05,
        line_lost=0.05,
        glare=0.3,
        late_ringing=0.05,
        station_lost_per_hour=3.0,
        pauses_per_hour=6.0,
    ),
)


def test_same_seed_same_digest() -> None:
    settings = SimulationSettings(agents=4, hours=0.3, seed=11)
    first, second = Simulation(settings).run(), Simulation(settings).run()
    assert first.digest == second.digest
    assert first.attempts == second.attempts > 50


def test_another_seed_another_history() -> None:
    runs = {Simulation(SimulationSettings(agents=3, hours=0.2, seed=seed)).run().digest for seed in (1, 2, 3)}
    assert len(runs) == 3


@pytest.mark.parametrize("seed", range(10))
def test_promises_hold_in_a_storm(seed: int) -> None:
    result = Simulation(SimulationSettings(agents=5, hours=0.5, seed=seed, profile=STORMY)).run()
    assert result.connected > 20
    assert result.abandoned > 0


@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_mode_and_kind_runs(mode: Mode, kind: Kind) -> None:
    campaign = CampaignSettings(1, "any", kind=kind, mode=mode, lines_per_agent=2.0, retry=dict(DEFAULT_RULES))
    result = Simulation(SimulationSettings(agents=3, hours=0.25, seed=5, campaign=campaign)).run()
    assert result.mode == mode.value
    assert result.connected > 5


def test_predictive_serves_more_people_than_progressive() -> None:
    def talk_share(mode: Mode) -> float:
        campaign = CampaignSettings(1, "any", mode=mode, wrapup_s=120.0, retry=dict(DEFAULT_RULES))
        return Simulation(SimulationSettings(agents=10, hours=2.0, seed=3, campaign=campaign)).run().talk_share

    assert talk_share(Mode.PREDICTIVE) > 1.05 * talk_share(Mode.PROGRESSIVE)


def test_closes_at_the_end_of_the_calling_window() -> None:
    # The shift begins at 09:30 and is longer than the window, which ends at 20:00.
    result = Simulation(SimulationSettings(agents=1, hours=11.5, seed=2)).run()
    assert result.attempts > 100


def test_a_list_that_runs_out() -> None:
    result = Simulation(SimulationSettings(agents=3, hours=1.0, seed=4, leads=40)).run()
    assert result.leads == 40
    assert result.attempts >= 40
