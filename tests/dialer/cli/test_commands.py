"""The command line as a whole: every command has an example, reading commands speak JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dialer.cli import main
from dialer.site import Site


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
    assert json.loads(run(site, "report", "abandonment", "spring", "--json")) == {
        "live": 0,
        "abandoned": 0,
        "rate": 0.0,
    }
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
        (("campaign", "set", "spring", "colour"), 2, "KEY=VALUE"),
        (("campaign", "create", "x", "--kind", "other", "--mode", "power"), 2, "telesales"),
        (("campaign", "create", "spring", "--kind", "telesales", "--mode", "power"), 1, "spring"),
        (("leads", "import", "spring", "/no/such/file.csv"), 1, "/no/such/file.csv"),
        (("leads", "why", "spring", "99"), 1, "99"),
        (("dnc", "add", "12"), 1, "12"),
        (("agent", "add", "carl", "--station", "desk9"), 1, "desk1, desk2"),
        (("agent", "add", "anna", "--station", "desk1"), 1, "anna"),
        (("agent", "ready", "anna"), 1, "no dialer runs"),
        (("status",), 1, "no dialer runs"),
    ],
)
def test_errors_are_sentences_with_stable_codes(
    site: Site, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    assert complaint in run(site, *arguments, code=code)


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
