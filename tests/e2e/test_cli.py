"""The first wrong things that a user types: exit codes, sentences on stderr, JSON on stdout."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer.cli.far_end import free_port
from dialer.site import running_dialer
from tests.e2e.site import CAMPAIGN, Plan, World, run_dialer, some_numbers, world

pytestmark = pytest.mark.sip


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A built site on which no dialer runs, with nothing at the other end of its trunk."""
    with world(tmp_path_factory.mktemp("idle"), Plan(some_numbers(3), agents=1)) as made:
        made.build()
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A dialer that runs, with carrier and phones, but no agent logged in."""
    with world(tmp_path_factory.mktemp("running"), Plan(some_numbers(3), agents=2)) as made:
        made.build()
        made.start_carrier()
        made.start_phones()
        made.start_dialer()
        yield made


def said(code: int, *arguments: str, site: Path | None = None) -> str:
    """Type a command that must end with `code`; what it said on stderr."""
    done = run_dialer(*arguments, site=site)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_site(tmp_path: Path) -> None:
    for command in (("run",), ("campaign", "list"), ("agent", "ready", "anna"), ("report", "attempts", "spring")):
        text = said(1, *command, site=tmp_path)
        assert f"{tmp_path} is not a site" in text
        assert "dialer init" in text


def test_an_unknown_noun_verb_or_option_is_a_usage_error(idle: World) -> None:
    for command in (("runn",), ("campaign", "begin", "x"), ("run", "--fast"), ("report", "attempts")):
        assert "Usage:" in said(2, *command, site=idle.path)


def test_an_unknown_key_names_file_section_and_key(idle: World, tmp_path: Path) -> None:
    text = (idle.path / "dialer.toml").read_text(encoding="utf-8")
    (tmp_path / "dialer.toml").write_text(text.replace("max_lines", "max_line"), encoding="utf-8")
    complaint = said(1, "run", site=tmp_path)
    assert "dialer.toml" in complaint
    assert "[[trunk]] number 1 'carrier': unknown key 'max_line'; did you mean 'max_lines'?" in complaint


def test_an_unknown_campaign_lists_those_there_are(idle: World) -> None:
    for command in (("campaign", "start", "sprig"), ("report", "attempts", "sprig"), ("leads", "list", "sprig")):
        complaint = said(1, *command, site=idle.path)
        assert "sprig" in complaint
        assert CAMPAIGN in complaint


def test_a_missing_lead_file_is_named(idle: World) -> None:
    assert "nowhere.csv" in said(1, "leads", "import", CAMPAIGN, "nowhere.csv", site=idle.path)


def test_an_unknown_station_lists_those_there_are(idle: World) -> None:
    complaint = said(1, "agent", "add", "otto", "--station", "desk9", site=idle.path)
    assert "[[station]] named 'desk9'; known: desk1" in complaint


def test_agents_need_a_running_dialer(idle: World) -> None:
    for verb in ("login", "ready", "pause", "logout"):
        assert "no dialer runs" in said(1, "agent", verb, "agent1", site=idle.path)


def test_an_unreachable_trunk_is_told_by_section_and_key(idle: World) -> None:
    done = run_dialer("doctor", "--json", site=idle.path)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert not report["healthy"]
    trunk = next(f for f in report["findings"] if f["check"] == "trunk carrier")
    assert trunk["level"] == "error"
    assert "[[trunk]] carrier: target: nothing listens at 127.0.0.1" in trunk["detail"]


def test_run_warns_of_an_unreachable_trunk_and_goes_on(idle: World) -> None:
    idle.start_dialer()
    time.sleep(2.0)
    assert "[[trunk]] carrier: target: nothing listens at 127.0.0.1" in idle.complaints()
    idle.terminate()
    assert idle.wait_dialer(15.0) == 0


def test_a_port_in_use_is_told_by_section_and_key(running: World, tmp_path: Path) -> None:
    other = World(tmp_path, Plan(some_numbers(1), agents=1))
    other.api_port = running.api_port
    other.build()
    assert "[api]: bind: 127.0.0.1" in said(1, "run", site=other.path)
    config = other.path / "dialer.toml"
    taken = free_port(9900, 9999)
    text = config.read_text(encoding="utf-8").replace(str(running.api_port), "0")
    config.write_text(text.replace('bind = "127.0.0.1:0"\nrtp', 'bind = "192.0.2.1:5060"\nrtp'), encoding="utf-8")
    assert "[sip] bind" in said(1, "run", site=other.path), taken


def test_only_one_dialer_runs_on_a_site(running: World) -> None:
    complaint = said(1, "run", site=running.path)
    assert f"a dialer runs on this site already (process {running.dialer_pid})" in complaint
    assert (running_dialer(running.site) or {}).get("pid") == running.dialer_pid
    assert running.state()["agents"] == []


def test_a_wrong_token_is_refused(running: World) -> None:
    token = running.path / "api.token"
    right = token.read_text(encoding="ascii")
    try:
        token.write_text("x" * 43 + "\n", encoding="ascii")
        assert "token is required" in said(1, "agent", "state", "agent1", site=running.path)
        token.chmod(0o644)
        assert "chmod 600" in said(1, "agent", "state", "agent1", site=running.path)
    finally:
        token.write_text(right, encoding="ascii")
        token.chmod(0o600)
    assert running.state()["agents"] == []


def test_what_an_agent_cannot_do_now_says_why(running: World) -> None:
    assert "not logged in" in said(1, "agent", "ready", "agent1", site=running.path)
    assert "no agent 'otto'" in said(1, "agent", "ready", "otto", site=running.path)
    assert "sprig" in said(1, "agent", "login", "agent1", "--campaign", "sprig", site=running.path)
    said(0, "agent", "login", "agent1", site=running.path)
    assert "already logged in" in said(1, "agent", "login", "agent1", site=running.path)
    assert "no call" in said(1, "agent", "dispose", "agent1", "--status", "SALE", site=running.path)
    said(0, "agent", "logout", "agent1", site=running.path)


@pytest.mark.parametrize(
    "command",
    [
        ("campaign", "list"),
        ("campaign", "show", CAMPAIGN),
        ("leads", "list", CAMPAIGN),
        ("leads", "why", CAMPAIGN, "1"),
        ("dnc", "check", "+12125550123"),
        ("agent", "list"),
        ("agent", "state", "agent1"),
        ("report", "attempts", CAMPAIGN),
        ("report", "agents", CAMPAIGN),
        ("report", "campaign", CAMPAIGN),
        ("report", "abandonment", CAMPAIGN),
        ("status",),
        ("doctor",),
    ],
)
def test_json_is_one_document_on_stdout(command: tuple[str, ...], running: World) -> None:
    done = run_dialer(*command, "--json", site=running.path)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
