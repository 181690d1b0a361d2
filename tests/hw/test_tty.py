"""Ttys opened for us alone."""

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hw.contract.driver import DriverError
from hw.tty import drop_unsent, open_tty, other_users


@pytest.fixture
def ends() -> Iterator[tuple[int, str]]:
    """The master of a pty, and the path of its other side."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    os.close(master)


def test_bytes_pass_as_they_are_and_nothing_is_no_hang_up(ends: tuple[int, str]) -> None:
    master, path = ends
    port = open_tty(path, 115200)
    with pytest.raises(BlockingIOError):
        os.read(port.fileno(), 10)
    every_byte = bytes(range(256))
    os.write(master, every_byte)
    os.write(port.fileno(), every_byte)
    assert os.read(port.fileno(), 512) == every_byte
    assert os.read(master, 512) == every_byte
    port.close()


def test_a_port_in_use_is_refused(ends: tuple[int, str]) -> None:
    _, path = ends
    port = open_tty(path, 115200)
    with pytest.raises(DriverError, match=f"{path}: .*; another program has it open"):
        open_tty(path, 115200)
    port.close()
    open_tty(path, 115200).close()


def test_a_port_that_is_not_there_is_told_with_how_to_mend_it() -> None:
    with pytest.raises(DriverError, match=r"/dev/ttyNONE: No such file.*; is it plugged in"):
        open_tty("/dev/ttyNONE", 115200)


def test_what_is_no_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DriverError, match=r"file: .*Inappropriate ioctl"):
        open_tty(str(tmp_path / "file"), 115200)


def test_a_rate_that_cannot_be_is_told(ends: tuple[int, str]) -> None:
    with pytest.raises(DriverError, match="baud"):
        open_tty(ends[1], -1)


def test_what_is_unsent_can_be_dropped(ends: tuple[int, str]) -> None:
    _, path = ends
    port = open_tty(path, 115200)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(port.fileno(), bytes(4096))
    drop_unsent(port)
    port.close()
    open_tty(path, 115200).close()


HOLDS = "import os, sys; held = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(flush=True); sys.stdin.read()"
OWNS = "import os, sys; _, slave = os.openpty(); print(os.ttyname(slave), flush=True); sys.stdin.read()"


@contextmanager
def other_program(code: str, *arguments: str) -> Iterator[tuple[int, str]]:
    """Another process that runs `code` until it is left: its id, and the line that it said."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        yield other.pid, other.stdout.readline().strip()
        other.stdin.close()


def test_another_program_that_has_the_port_without_a_lock_is_seen(ends: tuple[int, str], tmp_path: Path) -> None:
    _, path = ends
    link = tmp_path / "by-id"
    link.symlink_to(path)
    with other_program(HOLDS, path) as (pid, _):
        open_tty(path, 115200).close()
        (found,) = other_users(str(link))
        assert found.startswith("python") and found.endswith(f" ({pid})")
    assert other_users(str(link)) == []


def test_we_ourselves_are_no_other_program(ends: tuple[int, str]) -> None:
    _, path = ends
    port = open_tty(path, 115200)
    assert other_users(path) == []
    port.close()


def test_the_other_end_of_a_pty_is_what_one_talks_to() -> None:
    with other_program(OWNS) as (_, path):
        assert other_users(path) == []


def test_processes_that_are_not_ours_to_look_into_are_passed_over(ends: tuple[int, str], tmp_path: Path) -> None:
    """What /proc gives for a process that is over by now, and for files of no process."""
    (tmp_path / "12").mkdir()
    (tmp_path / "uptime").touch()
    (tmp_path / "13" / "fd").mkdir(parents=True)
    (tmp_path / "13" / "fd" / "4").symlink_to(ends[1])
    (tmp_path / "13" / "comm").write_text("minicom\n")
    assert other_users(ends[1], tmp_path) == ["minicom (13)"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open a port that is in exclusive mode")
def test_a_port_in_exclusive_mode_is_refused(ends: tuple[int, str]) -> None:
    _, path = ends
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(port, termios.TIOCEXCL)
    with pytest.raises(DriverError, match="another program has it open for itself"):
        open_tty(path, 115200)
    os.close(port)
