"""The voice port of an emulated modem: raw 8 kHz 16-bit samples on a second pty, as over USB serial."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from bench.hil.emulated.pipes import PtyPipe

FRAME_BYTES = 320
FRAME_S = 0.02
MAX_KEPT = 60 * 50 * FRAME_BYTES


class Voice:
    """While `is_on()`, the far end is heard on the port: what it was told to `say`, or silence, in real time.

    `heard` keeps what the far end heard, at most a minute of it.
    """

    def __init__(self, is_on: Callable[[], bool], link: Path | None = None) -> None:
        self.heard = bytearray()
        self._is_on = is_on
        self._saying = bytearray()
        self._pipe = PtyPipe(self._take, link)
        self.path = self._pipe.path
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._timer = self._loop.call_soon(self._pump)

    def say(self, samples: bytes) -> None:
        """Let the far end say this next."""
        self._saying += samples[: MAX_KEPT - len(self._saying)]

    def close(self) -> None:
        """Pull the plug."""
        self._timer.cancel()
        self._pipe.close()

    def _take(self, data: bytes) -> None:
        if self._is_on():
            self.heard += data[: MAX_KEPT - len(self.heard)]

    def _pump(self) -> None:
        if self._is_on():
            frame = bytes(self._saying[:FRAME_BYTES])
            del self._saying[:FRAME_BYTES]
            self._pipe.write(frame.ljust(FRAME_BYTES, b"\0"))
        self._due = max(self._due + FRAME_S, self._loop.time())
        self._timer = self._loop.call_at(self._due, self._pump)
