"""`dialer why lines` with and without a running dialer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from campaigns.model import PacingSample
from dialer.cli import main
from dialer.cli.context import Context
from dialer.site import Site

AT = datetime(2026, 3, 2, 17, 0, 30, tzinfo=UTC)
SAMPLE = PacingSample(5, 2, 7, "1 new line: a sentence", 1, 1.25, 1.5, 0.01, 0.041, 0.03, 0.02, 1.5)
DECISION = {
    "campaign": "spring",
    "state": "active",
    "mode": "predictive",
    "at": "2026-03-02T17:00:30.000+00:00",
    "because": "2 new lines: a sentence",
    "obstacles": ["the trunk rests after failed calls"],
    "agents": 10,
    "lines": 2,
    "ready": 3,
    "in_flight": 7,
    "room": 4,
    "predicted_answers": 1.25,
    "predicted_free": 1.5,
    "risk": 0.01,
    "next_risk": 0.041,
    "threshold": 0.03,
    "abandoned_rate": 0.02,
    "abandoned_upper_bound": 0.035,
    "budget_left": 1.5,
    "over_limit": False,
    "limit": 0.03,
    "window": {"kind": "30d", "start": "2026-03-01T00:00:00+00:00", "end": "2026-03-31T00:00:00+00:00"},
}


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), "why", "lines", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def keep(site: Site, count: int) -> None:
    with site.open_store(site.config()) as store, store.transaction():
        for number in range(count):
            store.log_pacing(1, AT + timedelta(seconds=30 * number), SAMPLE)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A running dialer that answers with DECISION; the paths asked for."""
    asked: list[tuple[str, ...]] = []

    def api(self: Context, method: str, *path: str, body: Any = None) -> Any:
        asked.append((method, *path))
        return {"running": True, "campaigns": [DECISION] if path[-1] != "none" else []}

    monkeypatch.setattr(Context, "running", lambda self: True)
    monkeypatch.setattr(Context, "api", api)
    return asked


def test_the_running_dialer_is_asked(site: Site, running: list[tuple[str, ...]]) -> None:
    assert json.loads(run(site, "--json")) == {"running": True, "campaigns": [DECISION]}
    text = run(site, "spring")
    assert running == [("GET", "why", "lines"), ("GET", "why", "lines", "spring")]
    for line in (
        "spring: active, predictive, as of 2026-03-02 17:00:30 UTC",
        "2 new lines: a sentence",
        "the trunk rests after failed calls",
        "3 ready of 10 logged in",
        "2 to start, 7 in flight, room for 4 more",
        "1.25 calls",
        "1.50 agents",
        "4.10%, accepted 3.00%",
        "2.00% of live answers, at most 3.50% (95 % confidence), limit 3.00%",
        "from 2026-03-01 00:00 UTC until 2026-03-31 00:00 UTC (30d)",
    ):
        assert line in text


def test_a_whole_campaign_is_counted_from_its_first_call(
    site: Site, running: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DECISION, "window", {"kind": "campaign", "start": None, "end": None})
    assert "from the first call (campaign)" in run(site)


def test_without_a_running_dialer_the_latest_kept_decision(site: Site) -> None:
    keep(site, 2)
    result = CliRunner().invoke(main, ["--site", str(site.path), "why", "lines"])
    assert "no dialer runs here" in result.stderr
    assert "as of 2026-03-02 17:01:00 UTC" in result.stdout
    assert "1 to start, 7 in flight" in result.stdout
    answer = json.loads(run(site, "spring", "--json"))
    assert answer["running"] is False
    (kept,) = answer["campaigns"]
    assert (kept["campaign"], kept["at"], kept["next_risk"]) == ("spring", "2026-03-02T17:01:00.000+00:00", 0.041)
    assert kept["because"] == SAMPLE.because


def test_nothing_kept_and_no_campaign_active(site: Site, running: list[tuple[str, ...]]) -> None:
    result = CliRunner().invoke(main, ["--site", str(site.path), "why", "lines", "none"])
    assert "no campaign is active" in result.stderr


def test_the_store_of_a_new_site_says_that_it_has_none(site: Site) -> None:
    result = CliRunner().invoke(main, ["--site", str(site.path), "why", "lines"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no decision was kept yet" in result.stderr
    assert json.loads(run(site, "--json")) == {"running": False, "campaigns": []}


def test_history_is_what_was_kept(site: Site) -> None:
    keep(site, 25)
    rows = json.loads(run(site, "spring", "--history", "--json"))
    assert len(rows) == 25
    assert rows[0]["at"] < rows[-1]["at"]
    assert len(json.loads(run(site, "spring", "--history", "--limit", "3", "--json"))) == 3
    lines = run(site, "spring", "--history").splitlines()
    assert len(lines) == 21
    assert "2026-03-02 17:12:30 UTC" in lines[-1] and "a sentence" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("autumn",), 1, "there are: spring"),
        (("autumn", "--history"), 1, "there are: spring"),
        (("--history",), 2, "needs a campaign"),
        (("spring", "--limit", "3"), 2, "--limit goes with --history"),
        (("spring", "--history", "--limit", "0"), 2, "--limit"),
    ],
)
def test_what_cannot_be_shown_is_said(site: Site, arguments: tuple[str, ...], code: int, complaint: str) -> None:
    assert complaint in run(site, *arguments, code=code)


def test_settings_of_the_ledger_are_set_and_shown(site: Site) -> None:
    done = CliRunner().invoke(
        main,
        [
            *("--site", str(site.path), "campaign", "set", "spring", "abandon_window=24h", "timezone=Europe/London"),
            *("amd_false_positive_rate=0.02", "abandon_clock=greeting_end"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "nothing on this version's lines hears greetings yet" in done.stderr
    shown = CliRunner().invoke(main, ["--site", str(site.path), "campaign", "show", "spring", "--json"])
    facts = json.loads(shown.stdout)
    assert (facts["abandon_window"], facts["timezone"], facts["abandon_clock"]) == (
        "24h",
        "Europe/London",
        "greeting_end",
    )
    wrong = CliRunner().invoke(main, ["--site", str(site.path), "campaign", "set", "spring", "timezone=London"])
    assert wrong.exit_code == 1
    assert "IANA time zone, for example Europe/London" in wrong.stderr
