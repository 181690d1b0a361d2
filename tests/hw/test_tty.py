"""Ttys opened for us alone."""

import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.contract.driver import DriverError
from hw.tty import drop_unsent, open_tty


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
