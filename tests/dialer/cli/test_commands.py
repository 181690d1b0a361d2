"""The command line as a whole: every command has an example, reading commands speak JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from campaigns.model import CampaignSettings
from dialer.cli import main
from dialer.cli.context import Context
from dialer.core.snapshot import snapshot
from dialer.site import Site
from tests.dialer.conftest import fake_dialer


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = list(commands(main))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_help_has_an_example(path: tuple[str, ...], command: click.Command) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"dialer {' '.join(path)}" in result.output.replace("dialer --site mysite", "dialer").replace(
        "dialer --site /srv/dialer", "dialer"
    )


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


def test_reading_commands_speak_json(site: Site, tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("Telephone,Name\n(212) 555-0101,Ada\nnonsense,Ben\n2125550101,Twin\n")
    report = json.loads(run(site, "leads", "import", "spring", str(leads), "--map", "phone=Telephone", "--json"))
    assert report == {"read": 3, "loaded": 1, "duplicate": 1, "invalid": 1, "dnc": 0, "no_timezone": 0}
    listed = json.loads(run(site, "leads", "list", "spring", "--json"))
    assert len(listed) == 1
    why = json.loads(run(site, "leads", "why", "spring", str(listed[0]["lead_id"]), "--json"))
    assert why["callable"] is True
    run(site, "dnc", "add", "+12125550101")
    assert json.loads(run(site, "dnc", "check", "212-555-0101", "--json"))["listed"] is True
    why = json.loads(run(site, "leads", "why", "spring", str(listed[0]["lead_id"]), "--json"))
    assert why["callable"] is False
    assert [campaign["name"] for campaign in json.loads(run(site, "campaign", "list", "--json"))] == ["spring"]
    for report_name in ("attempts", "agents", "campaign", "abandonment"):
        json.loads(run(site, "report", report_name, "spring", "--json"))
    abandonment = json.loads(run(site, "report", "abandonment", "spring", "--json"))
    assert {key: abandonment[key] for key in ("live", "abandoned", "rate")} == {"live": 0, "abandoned": 0, "rate": 0.0}
    assert {a["name"] for a in json.loads(run(site, "agent", "list", "--json"))} == {"anna", "bert"}


def test_settings_round_trip(site: Site) -> None:
    run(site, "campaign", "create", "arrears", "--kind", "collections", "--mode", "power", "--max-abandon", "2.5")
    run(site, "campaign", "set", "arrears", "ring_timeout_s=20", "wrapup_s=15", "window=08:00-21:00")
    shown = json.loads(run(site, "campaign", "show", "arrears", "--json"))
    assert shown["max_abandon_rate"] == pytest.approx(0.025)
    assert (shown["ring_timeout_s"], shown["wrapup_s"]) == (20.0, 15.0)
    assert (shown["window"]["start"], shown["window"]["end"]) == ("08:00", "21:00")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("campaign", "show", "autumn"), 1, "spring"),
        (("campaign", "set", "spring", "ring_timeout_s=10"), 1, "15"),
        (("campaign", "set", "spring", "colour=red"), 1, "colour"),
        (("campaign", "set", "spring", "wrap_s=9"), 1, "did you mean 'wrapup_s'?"),
        (("campaign", "set", "spring", "name=autumn"), 1, "keeps its name"),
        (("campaign", "set", "spring", "kind=collections"), 1, "keeps its kind"),
        (("campaign", "set", "spring", "state=stopped"), 1, "dialer campaign start, pause or stop"),
        (("campaign", "set", "spring", "trunks=nix"), 1, "'nix' is not in dialer.toml; known: carrier"),
        (("campaign", "set", "spring", "mode=preview"), 1, "agent's screen"),
        (("campaign", "set", "spring", "abandon_message=none.wav"), 1, "none.wav: cannot be read"),
        (("campaign", "set", "spring", "wrapup_s=9", "abandon_message=dialer.toml"), 1, "not a PCM WAV file"),
        (("campaign", "create", "x", "--kind", "telesales", "--mode", "power", "--set", "trunks=nix"), 1, "'nix'"),
        (("campaign", "create", "x", "--kind", "telesales", "--mode", "power", "--set", "state=active"), 1, "start"),
        (("campaign", "create", "x", "--kind", "telesales", "--mode", "power", "--max-abandon", "30"), 2, "30 %"),
        (("campaign", "set", "spring", "colour"), 2, "KEY=VALUE"),
        (("campaign", "create", "x", "--kind", "other", "--mode", "power"), 2, "telesales"),
        (("campaign", "create", "spring", "--kind", "telesales", "--mode", "power"), 1, "spring"),
        (("leads", "import", "spring", "/no/such/file.csv"), 1, "/no/such/file.csv"),
        (("leads", "why", "spring", "99"), 1, "99"),
        (("dnc", "add", "12"), 1, "12"),
        (("agent", "add", "carl", "--station", "desk9"), 1, "desk1, desk2"),
        (("agent", "add", "anna", "--station", "desk1"), 1, "anna"),
        (("agent", "move", "anna", "--station", "desk9"), 1, "desk1, desk2"),
        (("agent", "move", "otto", "--station", "desk1"), 1, "otto"),
        (("agent", "remove", "otto"), 1, "otto"),
        (("dnc", "remove", "+12125550123"), 2, "--yes"),
        (("dnc", "remove", "+12125550123", "--yes"), 1, "not on the list"),
        (("agent", "ready", "anna"), 1, "no dialer runs"),
        (("status",), 1, "no dialer runs"),
    ],
)
def test_errors_are_sentences_with_stable_codes(
    site: Site, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    assert complaint in run(site, *arguments, code=code)


def test_what_is_refused_changes_nothing(site: Site) -> None:
    before = run(site, "campaign", "show", "spring", "--json")
    run(site, "campaign", "set", "spring", "wrapup_s=9", "trunks=nix", code=1)
    assert run(site, "campaign", "show", "spring", "--json") == before


def test_set_says_what_is_set_now(site: Site) -> None:
    said = run(
        site, "campaign", "set", "spring", "wrapup_s=9.5", "trunks=carrier", "retry=busy:10m/4", "max_lines=none"
    )
    assert said.splitlines() == [
        "campaign spring: wrapup_s=9.5",
        "campaign spring: trunks=carrier",
        "campaign spring: retry=busy:10m/4",
        "campaign spring: max_lines=none",
    ]


def test_a_stopped_campaign_may_wait_in_any_mode(site: Site) -> None:
    run(site, "campaign", "stop", "spring")
    run(site, "campaign", "set", "spring", "mode=preview")
    assert "agent's screen" in run(site, "campaign", "start", "spring", code=1)


FIXED = ("name", "kind", "state")


def test_show_prints_what_set_takes(site: Site) -> None:
    text = run(site, "campaign", "show", "spring")
    assert "00:00-24:00" in text
    assert "abandoned:1d/6" in text
    run(site, "campaign", "set", "spring", "window=00:00-24:00")
    before = run(site, "campaign", "show", "spring", "--json")
    assert json.loads(before)["window"]["end"] == "24:00"
    shown = dict(line.partition(" ")[::2] for line in run(site, "campaign", "show", "spring").splitlines())
    pairs = [f"{key}={shown[key].strip()}" for key in sorted(set(CampaignSettings.__slots__) - {"campaign_id", *FIXED})]
    run(site, "campaign", "set", "spring", *pairs)
    assert run(site, "campaign", "show", "spring", "--json") == before


def test_a_dnc_file_with_lines_that_are_no_numbers(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "dnc.csv"
    file.write_text("+12125550101,Ada\n212,5550102\nnobody9\n")
    said = run(site, "dnc", "import", str(file), code=1)
    assert "line 3: 'nobody9'" in said
    assert "1 of 3 lines hold no number" in said
    again = CliRunner().invoke(main, ["--site", str(site.path), "dnc", "import", str(file), "--json"])
    assert again.exit_code == 1
    counts = json.loads(again.stdout)
    assert (counts["read"], counts["added"], counts["already"], counts["bad"]) == (3, 0, 2, 1)
    good = tmp_path / "good.txt"
    good.write_text("+12125550103\n")
    assert json.loads(run(site, "dnc", "import", str(good), "--json"))["added"] == 1


def test_mistakes_can_be_taken_back(site: Site) -> None:
    run(site, "dnc", "add", "+12125550101")
    added_at = json.loads(run(site, "dnc", "check", "+12125550101", "--json"))["added_at"]
    assert datetime.fromisoformat(added_at).tzinfo is not None
    assert added_at[10] == "T"
    run(site, "dnc", "remove", "+12125550101", "--yes")
    assert json.loads(run(site, "dnc", "check", "+12125550101", "--json"))["listed"] is False
    run(site, "agent", "move", "anna", "--station", "desk2")
    run(site, "agent", "remove", "bert")
    agents = json.loads(run(site, "agent", "list", "--json"))
    assert [(a["name"], a["station"]) for a in agents] == [("anna", "desk2")]


def test_an_agent_who_is_logged_in_is_not_removed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Context, "running", lambda self: True)
    monkeypatch.setattr(Context, "api", lambda self, method, *path, body=None: {"state": "READY"})
    assert "dialer agent logout anna" in run(site, "agent", "remove", "anna", code=1)
    monkeypatch.setattr(Context, "api", lambda self, method, *path, body=None: {"state": "LOGGED_OUT"})
    run(site, "agent", "remove", "anna")


def test_agents_are_listed_with_their_pause_codes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [agent["code"] for agent in json.loads(run(site, "agent", "list", "--json"))] == ["", ""]
    states = [{"name": "anna", "state": "PAUSED", "code": "LUNCH"}, {"name": "bert", "state": "READY", "code": ""}]
    monkeypatch.setattr(Context, "running", lambda self: True)
    monkeypatch.setattr(Context, "api", lambda self, method, *path, body=None: states)
    head, anna, bert = (line.split() for line in run(site, "agent", "list").splitlines())
    assert head == ["name", "station", "state", "code"]
    assert anna == ["anna", "desk1", "PAUSED", "LUNCH"]
    assert bert == ["bert", "desk2", "READY"]


def test_status_says_since_when_it_counts_and_which_trunk_carries_a_call(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialer, _ = fake_dialer(site)
    state = snapshot(dialer.engine, 0.0)
    dialer.store.close()
    talk = {"name": "anna", "state": "INCALL", "code": "", "since_s": 3.0, "trunk": "carrier", "phone": "+12125550101"}
    monkeypatch.setattr(Context, "api", lambda self, method, *path, body=None: {**state, "agents": [talk]})
    said = run(site, "status")
    assert "attempts, connected and abandoned: since this run began" in said
    assert "anna INCALL 3 carrier +12125550101" in " ".join(said.split())


def test_ctrl_c_in_a_command_is_a_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Context, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Context, "api", interrupted)
    assert run(site, "status", code=1).strip() == "error: ended by Ctrl-C"


def test_ctrl_c_while_the_commands_load_is_a_sentence() -> None:
    program = (
        "import sys, importlib.abc\n"
        "class Interrupting(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'dialer.cli.leads': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "import dialer.cli\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "ended by Ctrl-C")


def test_a_site_in_a_directory_of_other_things_keeps_its_mode_and_warns(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("mine")
    tmp_path.chmod(0o755)
    result = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert result.exit_code == 0
    assert f"chmod 700 {tmp_path}" in result.stderr


def test_a_site_is_made_once(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(main, ["init", str(tmp_path / "s")]).exit_code == 0
    again = runner.invoke(main, ["init", str(tmp_path / "s")])
    assert again.exit_code == 1
    assert "is a site already" in again.output


def test_campaign_without_a_trunk_does_not_start(tmp_path: Path) -> None:
    runner = CliRunner()
    path = str(tmp_path / "s")
    runner.invoke(main, ["init", path])
    runner.invoke(main, ["--site", path, "campaign", "create", "c", "--kind", "telesales", "--mode", "predictive"])
    result = runner.invoke(main, ["--site", path, "campaign", "start", "c"])
    assert result.exit_code == 1
    assert "no [[trunk]]" in result.output


def test_doctor_names_what_is_missing(tmp_path: Path) -> None:
    runner = CliRunner()
    path = tmp_path / "s"
    runner.invoke(main, ["init", str(path)])
    (path / "api.token").chmod(0o644)
    result = runner.invoke(main, ["--site", str(path), "doctor", "--json"])
    assert result.exit_code == 1
    levels = {f["check"]: (f["level"], f["detail"]) for f in json.loads(result.stdout)["findings"]}
    assert levels["trunks"][0] == "error"
    assert levels["api token"][0] == "error"
    assert "chmod 600" in levels["api token"][1]
    assert levels["store"][0] == "ok"


def test_simulation_is_repeatable(site: Site) -> None:
    arguments = ("simulate", "--agents", "3", "--hours", "0.1", "--seed", "9", "--campaign", "spring", "--json")
    first, second = (json.loads(run(site, *arguments)) for _ in range(2))
    assert first["digest"] == second["digest"]
    assert first["mode"] == "progressive"
