"""The command: one document with a row for each policy, pictures, the promise, and what decisions cost."""

import json
from pathlib import Path

import pytest

from bench.perf.pacing import costs
from bench.perf.pacing.__main__ import main
from bench.perf.pacing.baselines import Kind


def document(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    monkeypatch.setattr("sys.argv", ["pacing", "--json", "--workers", "1", *words])
    main()
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_command_compares_and_draws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--scenario", "memoryless-3", "--seeds", "1", "--hours", "0.2", "--draw", str(tmp_path))
    rows = document(monkeypatch, capsys, *words)["rows"]
    assert isinstance(rows, list)
    names = [row["policy"] for row in rows]
    assert names[0] == Kind.PROGRESSIVE.value
    assert "best ratio, every day" in names
    assert {Kind.VICIDIAL.value, Kind.OPTIMUM.value, Kind.PREDICTIVE.value} <= set(names)
    assert all(0.0 < row["utilisation"] < 1.0 and row["gain"] is not None for row in rows)
    for name in ("pacing-scenarios.png", "pacing-gain.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_promise_is_bounded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(monkeypatch, capsys, "--scenario", "solo", "--promise", "3", "--hours", "0.1")["promise"]
    assert isinstance(found, list)
    assert (found[0]["scenario"], found[0]["days"]) == ("solo", 3)
    assert found[0]["days_over"] / 3 < found[0]["over_bound"] <= 1.0
    assert found[0]["early"] == []


def test_the_promise_tells_how_days_stood_after_the_first_hours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(monkeypatch, capsys, "--scenario", "solo", "--promise", "2", "--hours", "2.5")["promise"]
    assert isinstance(found, list)
    assert [then["hours"] for then in found[0]["early"]] == [1.0, 2.0]
    assert all(then["share_over"] == then["days_over"] / 2 for then in found[0]["early"])


@pytest.mark.parametrize("words", [("--seeds", "0"), ("--hours", "-1"), ("--scenario", "nowhere")])
def test_words_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setattr("sys.argv", ["pacing", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_decisions_have_a_cost_and_the_twin_a_larger_one() -> None:
    cost = costs.decision_cost(10, 30, repeats=50)
    assert 0.0 < cost.median_us <= cost.p99_us
    assert costs.twin_ratio(3, 6) > 1.0
