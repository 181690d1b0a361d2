"""`dialer bench`, as its user types it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from bench.hil.cli import bench, log_to

ROOT = Path(__file__).parents[3]


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


def own_bench(folder: Path, **scenarios: str) -> Path:
    """A bench of scripted lines with these scenarios, in order of name."""
    for name, steps in scenarios.items():
        (folder / f"{name}.scene.toml").write_text(f'title = "{name}"\nfor = ["trunk"]\n{steps}\n')
    bench_toml = folder / "bench.toml"
    bench_toml.write_text(
        'title = "Mine"\nscenarios = ["*.scene.toml"]\n[[device]]\nname = "x"\nkind = "trunk"\nemulated = "fake"\n'
    )
    return bench_toml


def test_ctrl_c_leaves_a_report_of_what_was_done_that_says_so(tmp_path: Path) -> None:
    dial = '[[step]]\ndo = "dial"\ncall = "a"\nto = "answers"\n[[step]]\nexpect = "Answered"\ncall = "a"\nwithin_s = 5'
    bench_toml = own_bench(tmp_path, a_first=dial, b_long='[[step]]\ndo = "wait"\ns = 600', c_last=dial)
    command = [sys.executable, "-u", "-c", "from bench.hil.cli import bench; bench()", "run", str(bench_toml)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "passed" not in (line := process.stdout.readline()):
            assert line, "it ended before a scenario passed"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    page = (tmp_path / "bench-report" / "index.html").read_text()
    assert "Mine: stopped after 1 of 3 scenarios. This report is incomplete." in page
    assert "not all passed" in page
    suite = ET.parse(tmp_path / "bench-report" / "junit.xml").getroot()[0]
    assert {key: suite.get(key) for key in ("tests", "errors", "skipped")} == {
        "tests": "4",
        "errors": "1",
        "skipped": "2",
    }


def test_an_old_report_is_gone_when_a_run_begins_and_stays_when_there_is_none(tmp_path: Path) -> None:
    old = tmp_path / "out" / "index.html"
    assert call("run", "fake", "--only", "busy", "--report", old.parent).exit_code == 0
    assert call("run", "nowhere", "--report", old.parent).exit_code == 1
    assert old.exists()
    log_to(old.parent)
    assert not old.exists()


@pytest.mark.parametrize("name", ["index.html", "junit.xml", "log.txt"])
def test_files_of_others_in_the_report_folder_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    result = call("run", "fake", "--only", "busy", "--report", tmp_path)
    assert result.exit_code == 2
    assert f"{name} there is not of a bench; name another folder" in result.output
    assert [each.read_text() for each in tmp_path.iterdir()] == ["mine"]


def test_a_scenario_or_bench_that_is_wrong_is_exit_code_2_before_anything_is_run(tmp_path: Path) -> None:
    wrong = own_bench(tmp_path, typo='[[step]]\nnever = "Endded"\nfor_s = 0')
    result = call("run", "fake", wrong, "--report", tmp_path / "out")
    assert result.exit_code == 2
    assert "typo.scene.toml: step 1 (Endded), never: there is no event 'Endded'" in result.output
    assert "passed" not in result.output
    (tmp_path / "modem.toml").write_text('title = "x"\n[[device]]\nname = "m"\nkind = "modem"\nport = "relative/x"\n')
    assert call("run", tmp_path / "modem.toml").exit_code == 2


def test_certify_takes_rounds_and_seed_and_commands_for_power(tmp_path: Path) -> None:
    settings = ("--repeat", "1", "--seed", "3", "--power-on", "exit 0", "--power-off", "exit 0", "--only", "calls/busy")
    result = call("certify", "modem", "--port", "tcp:127.0.0.1:9", "--report", tmp_path / "out", *settings)
    assert result.exit_code == 1
    assert "--number busy=NUMBER" in " ".join(result.output.split())


def test_a_trunk_where_nobody_answers_could_not_be_tried(tmp_path: Path) -> None:
    settings = ("--number", "busy=+12125550102", "--only", "calls/busy", "--report", tmp_path / "out", "--json")
    result = call("certify", "trunk", "--target", "sip:{number}@127.0.0.1:9", *settings)
    assert result.exit_code == 1
    [certificate] = json.loads(result.output)
    assert certificate["areas"] == {"calls": "not known"}
    assert "nobody answers SIP: nothing listens at 127.0.0.1:9" in certificate["properties"][0]["because"]


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
        (("wire", "/dev/null", "/tmp/x", "--to-host", "damag=0.2"), "there is no such key; did you mean 'damage'?"),
        (("certify", "fridge"), "'fridge' is not one of"),
        (("certify", "modem", "--number", "answers"), "write BEHAVES=NUMBER"),
        (("certify", "modem", "--number", "answers=0100"), "'0100' is no number"),
        (("certify", "modem", "--number", "answer=+12125550100"), "did you mean 'answers'?"),
        (
            ("certify", "modem", "--number", "busy=+12125550100", "--number", "busy=+12125550101"),
            "busy is given twice",
        ),
        (
            ("certify", "modem", "--number", "answers=+12125550100", "--number", "busy=+12125550100"),
            "+12125550100 cannot behave as answers and busy both",
        ),
        (("certify", "gateway", "--port", "relative/x"), "port: relative/x: write unix:PATH"),
        (("certify", "trunk", "--target", "127.0.0.1:9"), "must look like sip:{number}@HOST:PORT"),
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
