"""What can be a serial port."""

import os
from pathlib import Path

import pytest

from bench.hil import ports
from bench.hil.ports import never_a_port, why_no_port


def test_a_pty_is_a_port() -> None:
    master, slave = os.openpty()
    assert never_a_port(os.ttyname(slave)) == ""
    assert why_no_port(os.ttyname(slave)) == ""
    os.close(master)
    os.close(slave)


def test_what_is_not_there_may_come() -> None:
    assert never_a_port("/dev/ttyNOPE") == ""
    assert why_no_port("/dev/ttyNOPE").startswith("/dev/ttyNOPE: no such device; is it plugged in")


def test_directories_files_and_other_devices_are_named(tmp_path: Path) -> None:
    file = tmp_path / "bench.toml"
    file.write_text("")
    assert never_a_port(str(tmp_path)) == f"{tmp_path}: a directory, not a serial port"
    assert never_a_port(str(file)) == f"{file}: a file, not a serial port"
    assert never_a_port("/dev/null") == "/dev/null: a device, but not a serial port"
    assert why_no_port(str(file)) == never_a_port(str(file))


def test_a_kernel_that_tells_no_drivers_leaves_devices_to_be_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_DRIVERS", tmp_path / "none")
    ports._tty_majors.cache_clear()
    assert never_a_port("/dev/null") == ""
    ports._tty_majors.cache_clear()


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_port_without_rights_is_told() -> None:
    master, slave = os.openpty()
    Path(os.ttyname(slave)).chmod(0)
    assert "add your user to the group dialout" in why_no_port(os.ttyname(slave))
    os.close(master)
    os.close(slave)
