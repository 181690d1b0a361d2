"""Whether a path can be a serial port, told without opening it: an opened one raises its lines, and boards reset."""

import os
import stat
from functools import cache
from pathlib import Path

_DRIVERS = Path("/proc/tty/drivers")


def never_a_port(path: str) -> str:
    """Why what is at a path is no serial port; empty when it is one, or nothing is there."""
    try:
        found = Path(path).stat()
    except OSError:
        return ""
    if stat.S_ISDIR(found.st_mode):
        return f"{path}: a directory, not a serial port"
    if not stat.S_ISCHR(found.st_mode):
        return f"{path}: a file, not a serial port"
    majors = _tty_majors()
    if majors and os.major(found.st_rdev) not in majors:
        return f"{path}: a device, but not a serial port"
    return ""


def why_no_port(path: str) -> str:
    """Why a path cannot be opened as a serial port now, as far as can be seen from outside; empty when it can."""
    if why := never_a_port(path):
        return why
    if not Path(path).exists():
        return f"{path}: no such device; is it plugged in, and is the port's name right?"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path}: no permission; add your user to the group dialout"
    return ""


@cache
def _tty_majors() -> frozenset[int]:
    """Major numbers of the kernel's tty drivers (proc(5)); empty when it does not tell them."""
    try:
        lines = _DRIVERS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    fields = [line.split() for line in lines]
    return frozenset(int(each[-3]) for each in fields if len(each) >= 3 and each[-3].isdecimal())
