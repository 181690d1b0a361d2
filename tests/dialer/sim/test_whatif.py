"""What if: runs over seeds summed up, sweeps over agents, and when a list runs out."""

from dataclasses import replace
from datetime import time

import pytest

from campaigns.model import CallingWindow, CampaignSettings, Mode
from campaigns.recorded import LeadStanding
from campaigns.retry import DEFAULT_RULES
from dialer.sim import whatif
from dialer.sim.simulation import NeverOpen, PacerStart, Simulation, SimulationSettings
from dialer.sim.whatif import ListOutlook, Outlook, play, play_day, spread_of_agents, sweep_of

SHORT = SimulationSettings(agents=3, hours=0.2, seed=5)
CAMPAIGN = CampaignSettings(1, "any", mode=Mode.PREDICTIVE, wrapup_s=120.0, retry=dict(DEFAULT_RULES))


@pytest.mark.parametrize(
    ("text", "agents"),
    [
        ("5-30", (5, 10, 15, 20, 25, 30)),
        ("5-8", (5, 6, 7, 8)),
        ("4-20/4", (4, 8, 12, 16, 20)),
        ("4-10/4", (4, 8, 10)),
        ("12,5,5", (5, 12)),
        ("7", (7,)),
        ("6-6", (6,)),
    ],
)
def test_ranges_of_agents(text: str, agents: tuple[int, ...]) -> None:
    assert sweep_of(text) == agents


@pytest.mark.parametrize("text", ["0-5", "5-300", "9-5", "a-b", "", "3-6/0", "3-6/-1", "1,x", "3-4-5", "5/2"])
def test_ranges_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="give 5-30"):
        sweep_of(text)


def test_five_teams_around_one() -> None:
    assert spread_of_agents(10) == (5, 8, 10, 12, 15)
    assert spread_of_agents(1) == (1, 2)


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    shifts = [SHORT, replace(SHORT, agents=2)]
    together = play(shifts, 2, done.append)
    monkeypatch.setattr(whatif, "WORKERS", 1)
    alone = play(shifts, 2)
    assert [[run.digest for run in o.runs] for o in together] == [[run.digest for run in o.runs] for o in alone]
    assert done == [1, 2, 3, 4]
    assert [[run.seed for run in o.runs] for o in together] == [[5, 6], [5, 6]]
    assert [o.settings.agents for o in together] == [3, 2]


def test_each_run_is_the_run_of_its_seed() -> None:
    (outlook,) = play([SHORT], 2)
    assert outlook.runs[1].digest == Simulation(replace(SHORT, seed=6)).run().digest
    busy = [run.busy_share for run in outlook.runs]
    assert outlook.estimates["busy_share"].mean == pytest.approx(sum(busy) / 2)
    assert set(outlook.estimates) == set(whatif.METRICS)


def test_what_cannot_be_measured_is_left_out() -> None:
    nobody = replace(SHORT, profile=SHORT.profile.with_people(0.0), hours=0.05)
    (outlook,) = play([replace(nobody, profile=replace(nobody.profile, machine=0.0))], 1)
    assert "abandoned_rate" in outlook.estimates
    assert "mean_talk_s" not in outlook.estimates
    assert outlook.as_dict()["metrics"]["busy_share"]["mean"] == 0.0


def test_a_short_list_runs_out_and_says_when() -> None:
    (outlook,) = play([replace(SHORT, leads=30, hours=0.5)], 2)
    assert outlook.list.ran_out == 2
    assert outlook.list.lasts_h is not None and 0.0 < outlook.list.lasts_h.mean < 0.4
    assert outlook.list.sentence.startswith("the list lasts 0.")
    (more,) = play([replace(SHORT, leads=60, hours=0.5)], 2)
    assert more.list.lasts_h is not None
    assert more.list.lasts_h.mean > outlook.list.lasts_h.mean


def test_an_ample_list_lasts_beyond_the_shift() -> None:
    (outlook,) = play([SHORT], 1)
    assert outlook.list.ran_out == 0
    assert outlook.list.sentence.startswith("the list lasts beyond the shift: ")


def test_a_list_that_lasts_in_some_runs_has_no_mean() -> None:
    run = Simulation(SHORT).run()
    some = Outlook(SHORT, (replace(run, list_lasts_h=0.1), replace(run, list_lasts_h=None)))
    assert some.list.lasts_h is None
    assert "in 1 of 2 runs, after 0.1 h at the earliest" in some.list.sentence
    assert isinstance(some.list, ListOutlook)


def test_a_closed_window_is_no_list_that_ran_out() -> None:
    early = replace(CAMPAIGN, window=CallingWindow(time(9), time(9, 36)))
    (outlook,) = play([replace(SHORT, campaign=early)], 1)
    assert outlook.runs[0].list_lasts_h is None


def test_the_shift_starts_when_the_window_opens_or_as_asked() -> None:
    evening = replace(CAMPAIGN, window=CallingWindow(time(18), time(20)))
    settings = replace(SHORT, campaign=evening, hours=0.05)
    assert Simulation(settings).run().attempts > 0
    assert Simulation(replace(settings, start=time(15, 0))).run().attempts == 0
    assert Simulation(replace(settings, start=time(18, 30))).run().attempts > 0


def test_a_window_that_never_opens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.sim.simulation.next_open", lambda *_: None)
    with pytest.raises(NeverOpen, match="does not open within 14 days"):
        Simulation(replace(SHORT, campaign=CAMPAIGN))


def test_leads_go_on_from_where_they_stand() -> None:
    worn = tuple(LeadStanding(5, 0.0) for _ in range(40))
    later = tuple(LeadStanding(1, 86_400.0) for _ in range(40))
    (outlook,) = play([replace(SHORT, hours=2 * SHORT.hours, campaign=CAMPAIGN, standings=worn + later)], 1)
    (run,) = outlook.runs
    assert (run.leads, run.attempts, run.leads_left) == (80, 40, 40)
    assert run.list_lasts_h is not None


def test_the_pacer_begins_with_what_it_is_told() -> None:
    spent = PacerStart(live=1000.0, abandoned=60.0)
    shift = replace(SHORT, agents=8, hours=0.5)
    fresh, careful = play([shift, replace(shift, pacer_start=spent)], 1)
    assert careful.runs[0].attempts < fresh.runs[0].attempts


def test_the_pacer_takes_up_what_it_learned() -> None:
    before = Simulation(replace(SHORT, hours=0.5))
    before.run()
    kept = before.store.pacer_state(1)
    assert kept is not None
    knowing = replace(SHORT, pacer_start=PacerStart(learned=kept[1], age_s=60.0))
    assert Simulation(knowing).run().digest != Simulation(SHORT).run().digest


def test_a_day_in_numbers() -> None:
    day = play_day(replace(SHORT, hours=0.25), 15)
    assert day.period_s == pytest.approx(60.0)
    agents = [sum(day.levels[name][i] for name in ("talking", "wrap-up", "ready")) for i in range(15)]
    assert agents[1:] == pytest.approx([3.0] * 14)
    result = Simulation(replace(SHORT, hours=0.25)).run()
    busy_s = sum(day.levels["talking"]) + sum(day.levels["wrap-up"])
    assert busy_s / sum(agents) == pytest.approx(result.busy_share, abs=1e-3)
    assert max(day.levels["ringing"]) > 0
    assert all(0.0 <= at < 900.0 for at in day.abandoned_s)
