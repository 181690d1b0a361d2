"""`dialer bench emulate`, as its user types it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.hil.cli import bench
from dialer.site import make_site
from tests.e2e.mixed.site import needs_board
from tests.e2e.site import free_tcp_port, read_lines, run_dialer, until

START_S = 60.0  # Time to build the firmware in a fresh clone.


class Emulated:
    """The running command; what it said is in files."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.ports = folder / "ports"
        self.log = folder / "far.jsonl"
        self._said, self._printed = folder / "said", folder / "printed"
        with self._said.open("wb") as said, self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench.hil", "emulate", str(self.ports), *options, "--log", str(self.log)],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=said,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def there(self) -> set[str]:
        return {path.name for path in self.ports.iterdir()}


@contextmanager
def emulated(folder: Path, *options: str) -> Iterator[Emulated]:
    running = Emulated(folder, *options)
    try:
        until("all to be there", lambda: _is_up(running), START_S)
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def _is_up(running: Emulated) -> bool:
    assert running.process.poll() is None, running.said
    return "all is there" in running.said


@needs_board
def test_a_site_of_what_it_prints_has_no_error(tmp_path: Path) -> None:
    with emulated(tmp_path, "--modems", "quectel,plain") as running:
        api = f'[api]\nbind = "127.0.0.1:{free_tcp_port()}"\n'
        make_site(tmp_path / "site", config_text=api + running.printed)
        findings = json.loads(run_dialer("doctor", "--json", site=tmp_path / "site").stdout)["findings"]
        assert [finding for finding in findings if finding["level"] == "error"] == []
        details = " ".join(finding["detail"] for finding in findings)
        for name in ("modem-1", "modem-2-voice", "board", "tie-2", "headset", "headset-voice"):
            assert str(running.ports / name) in details
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20.0) == 0
        assert running.there() == set()


def test_what_is_typed_happens(tmp_path: Path) -> None:
    with emulated(tmp_path, "--no-board", "--modems", "plain,simcom") as running:
        assert running.there() == {"modem-1", "modem-2", "modem-1-voice", "modem-2-voice", "headset", "headset-voice"}
        for line in ("unplug modem 2", "headset off", "unplug voice 1", "mute", "unplug", "help"):
            running.type(line)
        until("help", lambda: "plug voice N" in running.said)
        assert running.there() == {"modem-1", "modem-2-voice", "headset-voice"}
        assert "mute: not done" in running.said and "known: unplug modem" in running.said
        for line in ("plug modem 2", "headset on", "plug voice 1"):
            running.type(line)
        until("all again", lambda: len(running.there()) == 6)
        assert next(line["what"] for line in read_lines(running.log) if line["event"] == "did") == "unplug modem"
        running.type("quit")
        assert running.process.wait(20.0) == 0
        assert running.there() == set()


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    ports = tmp_path / "ports"
    ports.mkdir()
    (ports / "modem-2-voice").write_text("mine")
    done = CliRunner().invoke(bench, ["emulate", str(ports), "--no-board", "--modems", "plain,plain"])
    assert done.exit_code == 1
    assert f"{ports / 'modem-2-voice'}: there is a file, which is not replaced" in done.output
    assert [path.name for path in ports.iterdir()] == ["modem-2-voice"]
    assert (ports / "modem-2-voice").read_text() == "mine"


def test_it_runs_on_without_anybody_to_type(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "bench.hil", "emulate", str(tmp_path / "x"), "--no-board", "--no-headset"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until("the ports", lambda: (tmp_path / "x" / "modem-2-voice").is_symlink(), START_S)
        time.sleep(0.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(20.0) == 0
    finally:
        running.kill()
        running.wait()


def test_a_board_that_cannot_be_had_is_told_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    done = CliRunner().invoke(bench, ["emulate", str(tmp_path)])
    assert done.exit_code == 1
    assert "apt-get install qemu-system-arm" in done.output and "--no-board does without one" in done.output


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["--modems", "nokia"], "nokia is unknown; known: plain, quectel"),
        (["--modems", ",".join(["plain"] * 17)], "17 modems; at most 16"),
        (["--modems", "", "--no-board", "--no-headset"], "nothing to emulate"),
        (["--talk-s", "5", "2"], "the first number is the least"),
    ],
)
def test_wrong_usage(options: list[str], answer: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(bench, ["emulate", str(tmp_path / "x"), *options])
    assert done.exit_code == 2
    assert answer in done.output
    assert not (tmp_path / "x").exists()
