"""A serial port on the asyncio loop that survives being unplugged."""

import asyncio
import errno
import logging
import os
import termios
from collections.abc import Callable
from dataclasses import dataclass

import serial

RETRY_S = 1.0
WRITE_BUFFER = 65536
_READ = 4096
_CONTROL_CHARACTERS = 6
_MENDING = {
    errno.ENOENT: "no such device; is it plugged in?",
    errno.EACCES: "permission denied; add the user to the group that owns it (dialout on Debian)",
    errno.EAGAIN: "in use by another program",
    errno.EBUSY: "in use by another program",
    errno.EIO: "unplugged",
    errno.ENXIO: "unplugged",
    errno.ENODEV: "unplugged",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PortSettings:
    """A device like /dev/serial/by-id/usb-...; `retry_s` is how often a port that is away is looked for."""

    device: str
    baud: int = 115200
    retry_s: float = RETRY_S


@dataclass(slots=True)
class PortCounts:
    """Bytes that passed, bytes that found no room to be written, and how often the port was opened."""

    received: int = 0
    sent: int = 0
    dropped: int = 0
    opened: int = 0


class SerialPort:
    """Opens exclusively, tries again at a fixed rate while it cannot, and logs each change of that once.

    `on_open` and `on_lost(reason)` alternate; `on_data` comes in between. All are called on the loop.
    """

    def __init__(
        self,
        settings: PortSettings,
        *,
        on_open: Callable[[], None],
        on_lost: Callable[[str], None],
        on_data: Callable[[bytes], None],
    ) -> None:
        self.settings = settings
        self.counts = PortCounts()
        self.problem: str | None = None
        self._on_open = on_open
        self._on_lost = on_lost
        self._on_data = on_data
        self._serial: serial.Serial | None = None
        self._out = bytearray()
        self._retry: asyncio.TimerHandle | None = None
        self._closed = True

    @property
    def is_open(self) -> bool:
        """Whether bytes can pass."""
        return self._serial is not None

    def start(self) -> None:
        """Open it now, or as soon as it can be."""
        self._closed = False
        self._try()

    def close(self) -> None:
        """Let go of it; nothing is called any more. What could not be written at once is dropped."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        self._release()

    def write(self, data: bytes) -> None:
        """Send; nothing happens while the port is away, and what finds no room in the buffer is dropped and counted."""
        if self._serial is None or not data:
            return
        if len(self._out) + len(data) > WRITE_BUFFER:
            self.counts.dropped += len(data)
            return
        idle = not self._out
        self._out += data
        if idle:
            self._write()

    def _try(self) -> None:
        try:
            port = _open(self.settings)
        except (OSError, ValueError, termios.error) as wrong:
            self._away(_in_words(self.settings.device, wrong))
            return
        self._serial = port
        self.counts.opened += 1
        if self.problem is not None:
            _log.info("%s: is back", self.settings.device)
        self.problem = None
        asyncio.get_running_loop().add_reader(port.fileno(), self._readable)
        self._on_open()

    def _away(self, problem: str) -> None:
        if self.problem is None:
            _log.warning("%s; looked for every %g s", problem, self.settings.retry_s)
        self.problem = problem
        self._retry = asyncio.get_running_loop().call_later(self.settings.retry_s, self._try)

    def _readable(self) -> None:
        assert self._serial is not None
        try:
            data = os.read(self._serial.fileno(), _READ)
        except BlockingIOError:
            return
        except OSError as wrong:
            self._lost(_in_words(self.settings.device, wrong))
            return
        if not data:
            self._lost(f"{self.settings.device}: the device hung up")
            return
        self.counts.received += len(data)
        self._on_data(data)

    def _write(self) -> None:
        assert self._serial is not None
        loop, fd = asyncio.get_running_loop(), self._serial.fileno()
        try:
            done = os.write(fd, self._out)
        except BlockingIOError:
            done = 0
        except OSError as wrong:
            problem = _in_words(self.settings.device, wrong)
            loop.call_soon(self._lost, problem)
            self._out.clear()
            return
        self.counts.sent += done
        del self._out[:done]
        if self._out:
            loop.add_writer(fd, self._write)
        else:
            loop.remove_writer(fd)

    def _lost(self, problem: str) -> None:
        if self._serial is None or self._closed:
            return
        self._release()
        self._away(problem)
        self._on_lost(problem)

    def _release(self) -> None:
        port, self._serial = self._serial, None
        self._out.clear()
        if port is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(port.fileno())
        loop.remove_writer(port.fileno())
        try:
            port.close()
        except OSError as wrong:
            _log.debug("%s: %s", self.settings.device, wrong)


def _open(settings: PortSettings) -> serial.Serial:
    """The port, raw; a read that finds nothing raises BlockingIOError, so that no bytes always mean a hang-up."""
    port = serial.Serial(settings.device, settings.baud, timeout=0, exclusive=True)
    try:
        modes = termios.tcgetattr(port.fileno())
        modes[_CONTROL_CHARACTERS][termios.VMIN] = 1
        termios.tcsetattr(port.fileno(), termios.TCSANOW, modes)
    except termios.error:
        port.close()
        raise
    return port


def _in_words(device: str, wrong: Exception) -> str:
    number = getattr(wrong, "errno", None)
    return f"{device}: {_MENDING.get(number, str(wrong)) if number is not None else wrong}"
