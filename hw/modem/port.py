"""A modem's port on the event loop, and who is at the other end of one. Ptys work as well."""

import asyncio
import os
import re
from collections.abc import Callable
from contextlib import suppress

import serial
from serial.tools import list_ports

from hw.contract.driver import DriverError
from hw.tty import drop_unsent, open_tty

MAX_UNWRITTEN = 65536
PROBE_S = 2.0
READ_SIZE = 4096


class SerialLine:
    """An open port. `on_data` gets what comes; `on_lost` is called once, with the reason, when the port goes away.

    Raises `DriverError` when it cannot be opened, or another process holds it.
    """

    def __init__(self, path: str, baud: int, on_data: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.path = path
        self._on_data = on_data
        self._on_lost = on_lost
        self._unwritten = bytearray()
        self._port: serial.Serial | None = open_tty(path, baud)
        self._fd = self._port.fileno()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)

    def write(self, data: bytes) -> None:
        """Send; what the port does not take at once is kept, up to a bound, after which the port counts as lost."""
        if self._port is None or not data:
            return
        self._unwritten += data
        if len(self._unwritten) > MAX_UNWRITTEN:
            self._lose("it takes no more data")
        else:
            self._flush()

    @property
    def unsent_bytes(self) -> int:
        """What the port has not taken yet."""
        return len(self._unwritten)

    def leave(self) -> None:
        """Hear no more of it, nor of its loss; what is unsent still goes out, until it is closed."""
        if self._port is not None:
            self._loop.remove_reader(self._fd)
        self._on_lost = lambda why: None

    def close(self, *, drop_dtr: bool = False) -> None:
        """Let go, and drop what is unsent; with `drop_dtr` the modem sees its terminal go away first (V.250 6.1)."""
        port, self._port = self._port, None
        if port is None:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        drop_unsent(port)
        with suppress(OSError):
            if drop_dtr:
                port.dtr = False
        with suppress(OSError):
            port.close()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as problem:
            self._lose(os.strerror(problem.errno or 0))
            return
        if data:
            self._on_data(data)
        else:
            self._lose("it was unplugged")

    def _flush(self) -> None:
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._fd, self._unwritten)]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
            return
        except OSError as problem:
            self._lose(os.strerror(problem.errno or 0))
            return
        self._loop.remove_writer(self._fd)

    def _lose(self, why: str) -> None:
        if self._port is not None:
            self.close()
            self._on_lost(why)


def serial_paths() -> list[str]:
    """Paths of the serial ports that there are now, USB ones only: those may be asked who they are."""
    return sorted(port.device for port in list_ports.comports() if port.vid is not None)


async def imei_at(path: str, baud: int) -> str:
    """The IMEI of the modem on a port, or empty when none answers there within two seconds."""
    heard = bytearray()
    answered = asyncio.Event()

    def take(data: bytes) -> None:
        heard.extend(data[: READ_SIZE - len(heard)])
        if re.search(rb"\b\d{14,16}\b.*OK\r", heard, re.DOTALL):
            answered.set()

    try:
        line = SerialLine(path, baud, take, lambda _: answered.set())
    except DriverError:
        return ""
    try:
        line.write(b"ATE0\rAT+CGSN\r")
        with suppress(TimeoutError):
            await asyncio.wait_for(answered.wait(), PROBE_S)
    finally:
        line.close()
    match = re.search(rb"\b(\d{14,16})\b", heard)
    return match[1].decode() if match else ""
