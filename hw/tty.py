"""Opens a tty for us alone: a serial port, an RFCOMM tty or a pty, raw and never blocking."""

import errno
import os
import termios
from contextlib import suppress
from pathlib import Path

import serial

from hw.contract.driver import DriverError

_MENDING = {
    errno.ENOENT: "is it plugged in, and is the port's name right?",
    errno.EACCES: "add the dialer's user to the group dialout",
    errno.EAGAIN: "another program has it open",
    errno.EBUSY: "another program has it open for itself alone; end it, or see that it leaves this port alone",
    errno.EIO: "the device behind it is gone",
}
_CONTROL_CHARACTERS = 6
_PTY_MASTERS = frozenset({"/dev/ptmx", "/dev/pts/ptmx"})


def open_tty(path: str, baud: int) -> serial.Serial:
    """The open port; what had come in before is dropped.

    A read that finds nothing raises BlockingIOError, so that no bytes at all always mean a hang-up. Raises DriverError.
    """
    try:
        port = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise DriverError(f"{path}: {_why(error)}") from error
    try:
        os.set_blocking(port.fileno(), False)
        modes = termios.tcgetattr(port.fileno())
        modes[_CONTROL_CHARACTERS][termios.VMIN] = 1
        termios.tcsetattr(port.fileno(), termios.TCSANOW, modes)
    except (OSError, termios.error) as error:
        port.close()
        raise DriverError(f"{path}: {_why(error)}") from error
    return port


def drop_unsent(port: serial.Serial) -> None:
    """Drop what the kernel still holds: closing a port that takes nothing would wait for it, by default 30 seconds."""
    with suppress(OSError, termios.error):
        termios.tcflush(port.fileno(), termios.TCOFLUSH)


def other_users(path: str, processes: Path = Path("/proc")) -> list[str]:
    """Other programs that have a tty open, locked or not, as `name (process id)`; a pty's own other end is none.

    Linux shows a user's own programs only, and all of them to root (proc(5)): an empty list proves nothing else.
    """
    tty = os.path.realpath(path)
    found = []
    for process in sorted(processes.glob("[0-9]*")):
        held = _held_by(process) if process.name != str(os.getpid()) else set()
        if tty in held and not (tty.startswith("/dev/pts/") and held & _PTY_MASTERS):
            found.append(f"{_name_of(process)} ({process.name})")
    return found


def _held_by(process: Path) -> set[str]:
    """What a process has open; nothing when we may not know, or it is over."""
    held = set()
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                held.add(str(descriptor.readlink()))
    return held


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number is None:
        return str(error)
    mending = f"; {_MENDING[number]}" if number in _MENDING else ""
    return os.strerror(number) + mending
