"""The audio side of an emulated modem or headset: PCM on a pty in real time, and what was heard there."""

import asyncio
import os
import tty
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.hil.emulated.pipes import PtyPipe
from bench.hil.files import BenchError
from bench.hil.links import drop_link, make_link

RATE_HZ = 8000
FRAME_SAMPLES = 160
FRAME_BYTES = 2 * FRAME_SAMPLES
FRAME_S = FRAME_SAMPLES / RATE_HZ
KEPT_S = 30
MAX_KEPT = 60 * 50 * FRAME_BYTES
_READ_BYTES = 65536

Samples = npt.NDArray[np.int16]


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


class EmulatedVoice:
    """8 kHz mono 16-bit samples over the pty that the symbolic link `port` points to while it is switched on.

    It says `says` over and over, and keeps what it hears of the last `KEPT_S` seconds.
    """

    def __init__(self, port: Path, says: Samples | None = None) -> None:
        self.port = port
        self._says = np.zeros(FRAME_SAMPLES, "<i2") if says is None else np.asarray(says, "<i2")
        self._heard: deque[bytes] = deque(maxlen=round(KEPT_S / FRAME_S))
        self._pty: tuple[int, int] | None = None
        self._talk: asyncio.Task[None] | None = None

    async def switch_on(self) -> None:
        """Be there: the port appears. Raises BenchError when something else is at its path."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        try:
            make_link(self.port, os.ttyname(slave))
        except BenchError:
            os.close(master)
            os.close(slave)
            raise
        self._pty = master, slave
        self._talk = asyncio.create_task(self._live(master))

    async def switch_off(self) -> None:
        """Be gone, port and all; nothing when it is off."""
        if self._talk is None or self._pty is None:
            return
        self._talk.cancel()
        await asyncio.gather(self._talk, return_exceptions=True)
        drop_link(self.port, os.ttyname(self._pty[1]))
        for descriptor in self._pty:
            os.close(descriptor)
        self._pty = self._talk = None

    def say(self, samples: Samples) -> None:
        """Say something else from now on."""
        self._says = np.asarray(samples, "<i2")

    async def listen(self, seconds: float) -> Samples:
        """What comes in the next seconds."""
        self._heard.clear()
        await asyncio.sleep(seconds)
        heard = b"".join(self._heard)
        return np.frombuffer(heard[: len(heard) // 2 * 2], "<i2")

    async def _live(self, master: int) -> None:
        loop, place = asyncio.get_running_loop(), 0
        due = loop.time()
        while True:
            frame = np.take(self._says, range(place, place + FRAME_SAMPLES), mode="wrap").tobytes()
            with suppress(BlockingIOError):
                if os.write(master, frame) == len(frame):
                    place = (place + FRAME_SAMPLES) % len(self._says)
            with suppress(BlockingIOError):
                self._heard.append(os.read(master, _READ_BYTES))
            due += FRAME_S
            await asyncio.sleep(due - loop.time())


def tone(hz: float, level: int, seconds: float = 1.0) -> Samples:
    """A sine of this level (0 to 32767); whole periods, when `hz * seconds` is whole, so that it can go on for ever."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * hz * at)).astype("<i2")


def loudest_hz(samples: Samples) -> float:
    """The frequency that is strongest in samples."""
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE_HZ / len(samples)
