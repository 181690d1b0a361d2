"""`dialer bench`, as its user types it."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from bench.hil.cli import bench


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


def test_list_names_benches_and_scenarios() -> None:
    assert "calls/busy" in call("list").output
    listed = {entry["name"]: entry for entry in json.loads(call("list", "--json").output)}
    assert "gateway/power_cycle" in listed["gateway"]["scenarios"]
    assert listed["modem"]["devices"] == ["quectel", "simcom", "huawei", "plain"]


def test_show_prints_a_bench_or_a_scenario() -> None:
    assert 'emulated = "qemu"' in call("show", "gateway").output
    assert 'to = "busy"' in call("show", "calls/busy").output


def test_run_writes_page_and_junit_and_succeeds(tmp_path: Path) -> None:
    result = call("run", "fake", "--only", "answer", "--report", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "passed" in result.output
    assert "An answered call" in (tmp_path / "out" / "index.html").read_text()
    assert ET.parse(tmp_path / "out" / "junit.xml").getroot().tag == "testsuites"


def test_a_failure_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(
        'title = "Wrong"\nfor = ["trunk"]\n[[step]]\nexpect = "Answered"\nwithin_s = 0.02\n'
    )
    (tmp_path / "bench.toml").write_text(
        'title = "Mine"\nscenarios = ["wrong.toml"]\n[[device]]\nname = "x"\nkind = "trunk"\nemulated = "fake"\n'
    )
    result = call("run", tmp_path / "bench.toml", "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert "step 1: no Answered within 20 ms" in result.output


def test_a_wire_by_hand_ends_with_its_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ctrl_c(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.hil.cli.time.sleep", ctrl_c)
    result = call("wire", "tcp:127.0.0.1:9", tmp_path / "tty", "--to-host", "loss=0.5,single_bytes=1", "--lines")
    assert result.exit_code == 0
    assert "to_host: Counters(units=0" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("wire", "qemu", "/tmp/x"), "error: qemu: write unix:PATH"),
        (("run", "nowhere"), "error: nowhere: no such file"),
        (("run", "fake", "--only", "nothing"), "error: no scenario has nothing in its name"),
        (("show", "nothing"), "error: nothing: no such file"),
        (("run", "fake", "--only", "busy", "--report", "/proc/out"), "error: the report cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(arguments: tuple[str, ...], told: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 1
    assert told in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("wire", "/dev/null", "/tmp/x", "--to-host", "loss=2"), "loss = 2.0: a share lies between 0 and 1"),
        (("wire", "/dev/null", "/tmp/x", "--to-host", "rust=1"), "rust: there is no such key"),
        (("certify", "fridge"), "'fridge' is not one of"),
        (("certify", "modem", "--number", "answers"), "write BEHAVES=NUMBER"),
        (("certify", "modem", "--target", "sip:{number}@127.0.0.1"), "a modem has --port, not --target"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...], told: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_a_device_that_is_not_there_is_certified_for_nothing_with_the_reason(tmp_path: Path) -> None:
    where = ("--port", tmp_path / "none", "--report", tmp_path / "out")
    result = call("certify", "gateway", *where, "--number", "answers=+12125550100", "--only", "late", "--json")
    assert result.exit_code == 1
    [certificate] = json.loads(result.output)
    assert certificate["emulated"] is False
    [found] = certificate["properties"]
    assert found["standing"] == "could not be tried"
    assert found["because"]


def test_a_package_that_is_missing_is_told_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bench.hil.report.page", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = call("run", "fake", "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert "error: the bench needs the Python package jinja2: pip install 'ringpace[dev]'" in result.output
    assert "passed" not in result.output
