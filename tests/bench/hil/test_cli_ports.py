"""`dialer bench wire` and `certify` with ports that are not there, or are none."""

from pathlib import Path
from time import sleep

import pytest
from click.testing import CliRunner, Result

from bench.hil.cli import bench


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(bench, [str(argument) for argument in arguments])


def test_certify_refuses_what_is_no_port_even_if_nothing_would_be_called(tmp_path: Path) -> None:
    file = tmp_path / "bench.toml"
    file.write_text("")
    for port, told in {
        "/dev/null": "/dev/null: a device, but not a serial port",
        str(file): f"{file}: a file, not a serial port",
        str(tmp_path): f"{tmp_path}: a directory, not a serial port",
    }.items():
        result = call("certify", "modem", "--port", port, "--report", tmp_path / "out")
        assert result.exit_code == 2
        assert f"--port {told}" in result.output
    assert not (tmp_path / "out").exists()


def test_certify_names_a_missing_port_even_if_nothing_would_be_called(tmp_path: Path) -> None:
    result = call("certify", "modem", "--port", "/dev/ttyNOPE", "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert result.output.startswith("/dev/ttyNOPE: no such device; is it plugged in")


def test_wire_refuses_what_is_no_port(tmp_path: Path) -> None:
    result = call("wire", "/dev/null", tmp_path / "tty")
    assert result.exit_code == 1
    assert result.output == "error: /dev/null: a device, but not a serial port\n"
    assert list(tmp_path.iterdir()) == []


def test_wire_replaces_no_file(tmp_path: Path) -> None:
    kept = tmp_path / "bench.toml"
    kept.write_text("mine")
    result = call("wire", "tcp:127.0.0.1:9", kept)
    assert result.exit_code == 1
    assert result.output == f"error: {kept}: there is a file, which is not replaced; name a path where nothing is\n"
    assert kept.read_text() == "mine"


def test_wire_tells_once_that_the_device_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        sleep(seconds)
        if len(looks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("bench.hil.cli.time.sleep", look)
    result = call("wire", "tcp:127.0.0.1:9", tmp_path / "tty")
    assert result.exit_code == 0
    assert result.output.count("tcp:127.0.0.1:9: connection refused (tried again until it opens)") == 1


def test_an_exercise_names_the_port_that_is_missing(tmp_path: Path) -> None:
    where = ("--port", "/dev/ttyNOPE", "--report", tmp_path / "out")
    result = call("certify", "gateway", *where, "--only", "gateway/commands_baud", "--json")
    assert result.exit_code == 1
    assert "gateway: /dev/ttyNOPE: no such device" in result.output
