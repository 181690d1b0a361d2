"""`dialer simulate` and `dialer report pacing` on a site whose campaign `sim` has a recorded past."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from campaigns.store import Store
from dialer.cli import main
from dialer.sim.intervals import estimate
from dialer.sim.simulation import START, Simulation, SimulationSettings
from dialer.site import Site, make_site

CONFIG = """
[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{number}@127.0.0.1:9"
max_lines = 9
starts_per_s = 5
"""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a campaign of 4 agents that has been simulated for an hour."""
    simulation = Simulation(SimulationSettings(4, 1.0, seed=3, leads=900))
    simulation.run()
    file = tmp_path_factory.mktemp("past") / "dialer.db"
    target = sqlite3.connect(file)
    simulation.store.database.peewee.connection().backup(target)
    target.close()
    simulation.store.close()
    return file


@pytest.fixture
def site(past: Path, tmp_path: Path) -> Site:
    made = make_site(tmp_path / "site", config_text=CONFIG)
    (made.path / "dialer.db").write_bytes(past.read_bytes())
    return made


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


def store_of(site: Site) -> Store:
    return site.open_store(site.config())


SHORT = ("simulate", "--agents", "2", "--hours", "0.1")


def test_the_frozen_form_needs_no_site(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--site", str(tmp_path), *SHORT, "--seed", "4", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    expected = Simulation(SimulationSettings(2, 0.1, seed=4)).run()
    assert answer["digest"] == expected.digest
    assert {key: answer[key] for key in ("agents", "hours", "seed", "mode", "attempts", "leads")} == {
        "agents": 2,
        "hours": 0.1,
        "seed": 4,
        "mode": "predictive",
        "attempts": expected.attempts,
        "leads": expected.leads,
    }
    assert answer["forecast_id"] is None
    assert answer["forecast"]["metrics"]["busy_share"]["low"] is None


def test_seeds_give_means_with_intervals(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--site", str(tmp_path), *SHORT, "--seeds", "3", "--json"])
    answer = json.loads(result.stdout)
    runs = [Simulation(SimulationSettings(2, 0.1, seed=seed)).run() for seed in range(3)]
    assert answer["digests"] == [each.digest for each in runs]
    assert answer["forecast"]["metrics"]["busy_share"] == asdict(estimate([each.busy_share for each in runs]))
    assert answer["busy_share"] == runs[0].busy_share


def test_what_is_asked_for_is_played(tmp_path: Path) -> None:
    options = ("--talk", "30", "--wrapup", "40", "--answer-rate", "60", "--max-abandon", "1.5", "--lines", "7")
    command = ["--site", str(tmp_path), "simulate", "--agents", "3", "--hours", "1", "--leads", "5000", *options]
    answer = json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)
    assert answer["answer_share"] == pytest.approx(0.6, abs=0.08)
    assert answer["mean_wrapup_s"] == pytest.approx(40.0, rel=0.2)
    assert answer["mean_people_talk_s"] == pytest.approx(30.0, rel=0.25)
    assert answer["mean_talk_s"] < answer["mean_people_talk_s"]
    assert answer["leads"] == 5000
    assert (answer["inputs"]["max_abandon_rate"], answer["inputs"]["lines"]) == (pytest.approx(0.015), 7)


def test_a_site_is_played_from_its_own_record(site: Site) -> None:
    command = ("simulate", "--agents", "4", "--hours", "0.3", "--from-history", "sim", "--seeds", "2")
    answer = json.loads(run(site, *command, "--json"))
    with store_of(site) as store:
        recorded, left = store.recorded_attempts("sim"), len(store.lead_standings("sim"))
        kept = store.forecast("sim")
    world = answer["inputs"]["world"]
    assert world["source"] == "history"
    assert world["attempts"] + world["left_out"] == len(recorded)
    assert world["talks"] >= 10
    assert (answer["leads"], answer["inputs"]["leads"], answer["inputs"]["lines"]) == (left, left, 9)
    assert kept is not None and kept.forecast_id == answer["forecast_id"] == 1
    assert kept.results == answer["forecast"]
    text = run(site, *command)
    assert f"world learned from {world['attempts']} attempts and {world['talks']} talks of sim" in text
    assert "the list lasts beyond the shift" in text
    assert "kept as forecast 2; `dialer report pacing sim`" in text


def test_a_campaign_without_leads_is_told(site: Site) -> None:
    run(site, "campaign", "create", "fresh", "--kind", "telesales", "--mode", "power")
    answer = json.loads(run(site, *SHORT, "--campaign", "fresh", "--json"))
    assert (answer["mode"], answer["inputs"]["world"]["source"]) == ("power", "stated")
    assert "no lead left to call" in answer["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--from-history", "autumn"), 1, "no campaign 'autumn'"),
        (("--from-history", "fresh"), 1, "0 attempts and 0 talks with people to learn from; it takes 50 and 10"),
        (("--sweep", "30-5"), 2, "give 5-30"),
        (("--draw", "day.pdf"), 2, ".png or .svg"),
        (("--draw", "nowhere/day.png"), 2, "does not exist"),
        (("--talk", "0"), 2, "talk"),
        (("--answer-rate", "101"), 2, "answer-rate"),
        (("--answer-rate", "nan"), 2, "'--answer-rate': 'nan' is not a finite number"),
        (("--hours", "nan"), 2, "'--hours': 'nan' is not a finite number"),
        (("--max-abandon", "nan"), 2, "'--max-abandon': 'nan' is not a finite number"),
        (("--talk", "nan"), 2, "'--talk': 'nan' is not a finite number"),
        (("--talk", "inf"), 2, "'--talk': inf is not in the range"),
        (("--wrapup", "inf"), 2, "'--wrapup': inf is not in the range"),
        (("--wrapup", "901"), 2, "x<=900"),
        (("--seeds", "0"), 2, "seeds"),
        (("--start", "25:00"), 2, "start"),
    ],
)
def test_mistakes_are_told_before_anything_is_played(
    site: Site, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    run(site, "campaign", "create", "fresh", "--kind", "telesales", "--mode", "predictive")
    assert complaint in run(site, *SHORT, *arguments, code=code)


def test_the_largest_wrapup_works(site: Site) -> None:
    assert "wrap-ups of 900 s" in run(site, *SHORT, "--wrapup", "900")


def test_a_world_without_people_abandons_none(site: Site) -> None:
    answer = json.loads(run(site, "simulate", "--agents", "2", "--hours", "0.3", "--answer-rate", "0", "--json"))
    assert answer["abandoned"] > 0
    assert (answer["abandoned_rate"], answer["answer_share"], answer["mean_people_talk_s"]) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("03:00", "closed at 03:00, when the shift starts; it opens Monday at 09:00, 6.0 h later, after the shift"),
        ("08:57", "it opens Monday at 09:00, 0.1 h later\n"),
        ("23:30", "it opens Tuesday at 09:00, 9.5 h later, after the shift"),
    ],
)
def test_a_shift_outside_calling_hours_is_told(site: Site, start: str, told: str) -> None:
    assert told in run(site, *SHORT, "--start", start)


def test_a_shift_within_calling_hours_needs_no_word(site: Site) -> None:
    text = run(site, *SHORT, "--start", "10:00")
    assert "calling window" not in text
    assert "25 % people and 25 % machines per call, which agents take too; talks with people of 100 s" in text


@pytest.mark.parametrize("percent", ["0", "100"])
def test_a_recorded_world_may_have_no_people_or_only_people(site: Site, percent: str) -> None:
    answer = json.loads(run(site, *SHORT, "--from-history", "sim", "--answer-rate", percent, "--json"))
    assert answer["answer_share"] == float(percent) / 100.0


def test_ctrl_c_ends_several_seeds_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dialer", "--site", str(tmp_path), "simulate", "--agents", "3", "--hours", "2"]
    command = ["env", "--default-signal=INT", *command, "--seeds", "500"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(4.0)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60.0)
    assert told.removeprefix("error: ") == "ended by Ctrl-C\n"
    assert process.returncode == 1


def test_a_picture_and_a_sweep(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "teams.svg"
    command = (*SHORT, "--campaign", "sim", "--sweep", "1-3", "--draw", str(file))
    answer = json.loads(run(site, *command, "--json"))
    assert [each["agents"] for each in answer["sweep"]] == [1, 2, 3]
    assert answer["picture"] == str(file)
    assert "sim: 2 agents, 0.1 h, 1 seed" in file.read_text(encoding="utf-8")
    text = run(site, *command)
    assert f"picture: {file}" in text
    assert "one seed gives no interval" in text


def test_a_picture_that_cannot_be_written_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "day.png").mkdir()
    assert "day.png" in run(site, *SHORT, "--draw", str(tmp_path / "day.png"), code=2)


def test_a_report_without_a_forecast_says_how_to_get_one(site: Site) -> None:
    answer = json.loads(run(site, "report", "pacing", "sim", "--json"))
    assert answer["forecast"] is None
    assert answer["comparison"] == []
    assert "--from-history sim --seeds 10" in answer["notes"][0]
    assert answer["actual"]["mean_agents"] == pytest.approx(4.0, abs=0.1)
    assert answer["pacer"]["samples"] > 20
    assert answer["pacer"]["abandoned_rate"] == answer["actual"]["abandoned_rate"]
    assert "no forecast of campaign sim yet" in run(site, "report", "pacing", "sim")


def test_a_report_holds_the_forecast_against_what_came(site: Site) -> None:
    """The forecast is made, so to say, before the recorded hour."""
    command = ("simulate", "--agents", "4", "--hours", "1", "--from-history", "sim", "--seeds", "4")
    run(site, *command)
    with store_of(site) as store:
        made = store.forecast("sim")
        assert made is not None
        store.add_forecast("sim", START - timedelta(minutes=1), made.inputs, made.results)
    answer = json.loads(run(site, "report", "pacing", "sim", "--json"))
    assert answer["forecast"]["forecast_id"] == 2
    figures = {each["metric"]: each for each in answer["comparison"]}
    with store_of(site) as store:
        assert figures["busy_share"]["actual"] == store.performance("sim").busy_share
    assert figures["answer_share"]["inside"] is True
    assert sum(each["inside"] for each in figures.values()) >= 8
    text = run(site, "report", "pacing", "sim")
    assert "inside" in text
    assert "the pacer, " in text


def test_a_forecast_of_which_nothing_came_yet(site: Site) -> None:
    run(site, *SHORT, "--campaign", "sim")
    answer = json.loads(run(site, "report", "pacing", "sim", "--json"))
    assert (answer["actual"], answer["pacer"]) == (None, None)
    assert [note.split(";")[0] for note in answer["notes"]] == [
        "nothing was recorded since the forecast was made",
        "no pacing decision was sampled in this time",
    ]
    assert datetime.fromisoformat(answer["forecast"]["made_at"]) <= datetime.now(UTC)


def test_abandonment_is_a_line_for_each_window(site: Site) -> None:
    run(site, "campaign", "set", "sim", "timezone=America/New_York", "max_abandon_rate=0.025")
    found = json.loads(run(site, "report", "abandonment", "sim", "--json"))
    assert len(found["past_windows"]) == 1
    lines = run(site, "report", "abandonment", "sim").splitlines()
    assert next(line for line in lines if line.startswith("limit")).split() == ["limit", "2.50", "%"]
    past = next(line for line in lines if line.startswith("past")).split()
    assert past[:5] == ["past", "2026-03-02", "00:00", "2026-04-01", "00:00"]
    assert past[8:10] == [f"{100 * found['past_windows'][0]['rate']:.2f}", "%"]
    assert any(line.startswith("running") for line in lines)


def test_an_unknown_forecast_or_campaign(site: Site) -> None:
    assert "no forecast 7; it has none" in run(site, "report", "pacing", "sim", "--forecast", "7", code=1)
    assert "there are: sim" in run(site, "report", "pacing", "autumn", code=1)
