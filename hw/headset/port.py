"""A serial port on the asyncio loop: a tty, an RFCOMM tty or a pty, opened for us alone, never blocking."""

import asyncio
import os
from collections.abc import Callable

from hw.tty import drop_unsent, open_tty

READ_BYTES = 4096
UNSENT_LIMIT_BYTES = 4096
UNSENT_LIMIT_S = 10.0


class SerialPort:
    """An open port. `on_data` gets what comes in; `on_lost` is called once, with the reason, when the port is gone.

    After `on_lost` or `close` it is closed, and stays silent. Raises DriverError when it cannot be opened.
    """

    def __init__(self, path: str, baud: int, on_data: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self._port = open_tty(path, baud)
        self._path = path
        self._on_data = on_data
        self._on_lost = on_lost
        self._unsent = bytearray()
        self._stuck: asyncio.TimerHandle | None = None
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._port.fileno(), self._read)

    @property
    def unsent_bytes(self) -> int:
        """What the port has not taken yet."""
        return len(self._unsent)

    def write(self, data: bytes) -> None:
        """Send, now or when the port takes it."""
        if not self._open or not data:
            return
        self._unsent += data
        self._flush()

    def close(self) -> None:
        """Let go of the port; what is unsent is dropped."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._port.fileno())
        self._watch_writing(False)
        if self._unsent:
            drop_unsent(self._port)
        self._port.close()

    def _read(self) -> None:
        try:
            data = os.read(self._port.fileno(), READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"{self._path}: {error.strerror}")
            return
        if data:
            self._on_data(data)
        else:
            self._lose(f"{self._path}: the other end hung up")

    def _flush(self) -> None:
        try:
            sent = os.write(self._port.fileno(), self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(f"{self._path}: {error.strerror}")
            return
        del self._unsent[:sent]
        if len(self._unsent) > UNSENT_LIMIT_BYTES:
            self._lose(f"{self._path}: {len(self._unsent)} bytes are not taken by the other end")
        elif sent or self._stuck is None:
            self._watch_writing(bool(self._unsent))

    def _watch_writing(self, unsent: bool) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
            self._loop.remove_writer(self._port.fileno())
        if unsent:
            self._stuck = self._loop.call_later(UNSENT_LIMIT_S, self._lose, _stuck_text(self._path))
            self._loop.add_writer(self._port.fileno(), self._flush)

    def _lose(self, because: str) -> None:
        if self._open:
            self.close()
            self._on_lost(because)


def _stuck_text(path: str) -> str:
    return f"{path}: nothing was taken by the other end for {UNSENT_LIMIT_S:.0f} s"
