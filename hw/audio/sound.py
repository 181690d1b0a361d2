"""The audio of one line or headset that is a PCM stream on this box, and of its joins with others by rings."""

import asyncio
import ctypes
import wave
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hw.audio.ring import FRAME_BYTES, FRAME_MS, RingReader, RingWriter, Segment
from hw.audio.wav import wav_seconds

RATE_HZ = 8000
TONE_HZ = 440
TONE_MS = 200
_FRAME_S = FRAME_MS / 1000
_SAMPLES = FRAME_BYTES // 2
_LATE_FRAMES = 10
_SILENCE = bytes(FRAME_BYTES)

Samples = npt.NDArray[np.int16]


class PcmStream(Protocol):
    """8 kHz mono 16-bit little-endian PCM to and from a line, in frames of 20 ms (320 bytes). Never blocks."""

    @property
    def fault(self) -> str:
        """Why an open stream is dead, or nothing."""

    def absent(self) -> str:
        """Why the device is not there, as far as that can be seen without opening it; empty otherwise."""

    def open(self) -> None:
        """Start. Raises DriverError with what is wrong and how to mend it."""

    def close(self) -> None:
        """Stop; may be opened again."""

    def read_frame(self) -> bytes | None:
        """The next frame that was heard, or None when none is there yet."""

    def write_frame(self, frame: bytes) -> None:
        """Say a frame; dropped when the line does not take it in time."""


class Audible(Protocol):
    """Somebody whose voice is in a ring."""

    @property
    def ring(self) -> int:
        """Number of the ring that the voice is written to."""


class Sound(Audible, Protocol):
    """The audio of a line while a call is up."""

    def absent(self) -> str:
        """Why its stream is not there, as far as that can be seen without opening it; empty otherwise."""

    def open(self, on_lost: Callable[[str], None]) -> None:
        """The call's audio is up: start reading and writing. Raises DriverError when the stream cannot be opened.

        `on_lost` is called, at most once and with what is wrong, when the stream dies before `close`.
        """

    def close(self) -> None:
        """The call is over: stop, and forget all joins."""

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        """Play a mono 16-bit WAV file to the line, then call `done`. Raises DriverError for a bad file."""

    def hear(self, other: Audible, *, tone: bool) -> None:
        """Let the line hear `other`; with `tone`, a short tone first."""

    def unhear(self, other: Audible) -> None:
        """Undo `hear`."""

    def mute(self, muted: bool) -> None:
        """Let nothing of the line's voice be heard, or let it be heard again."""


class PcmSound:
    """A `Sound` over a `PcmStream`, pumped by the running asyncio loop; its voice goes to ring number `ring`."""

    def __init__(self, stream: PcmStream, segment: Segment, ring: int) -> None:
        self.ring = ring
        self._stream = stream
        self._segment = segment
        self._writer = RingWriter(segment, ring)
        self._frame = ctypes.create_string_buffer(FRAME_BYTES)
        self._readers: dict[int, RingReader] = {}
        self._playing: deque[bytes] = deque()
        self._done: Callable[[], None] | None = None
        self._on_lost: Callable[[str], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._muted = False

    def absent(self) -> str:
        """Why the stream is not there, as far as that can be seen without opening it."""
        return self._stream.absent()

    def open(self, on_lost: Callable[[str], None]) -> None:
        """Start the pump."""
        if self._timer is not None:
            return
        self._stream.open()
        self._on_lost = on_lost
        loop = asyncio.get_running_loop()
        self._due = loop.time()
        self._timer = loop.call_at(self._due, self._pump)

    def close(self) -> None:
        """Stop the pump; what was playing is not told as played."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = self._done = self._on_lost = None
        self._readers.clear()
        self._playing.clear()
        self._stream.close()

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        """Queue the file in place of whatever plays."""
        self._playing = deque(frames_of(wav_samples(wav)))
        self._done = done

    def hear(self, other: Audible, *, tone: bool) -> None:
        """Mix `other` in from its next frame on."""
        self._readers[other.ring] = RingReader(self._segment, other.ring)
        if tone:
            self._playing.extend(frames_of(tone_samples()))

    def unhear(self, other: Audible) -> None:
        """Leave `other` out."""
        self._readers.pop(other.ring, None)

    def mute(self, muted: bool) -> None:
        """Let nothing of the line's voice be heard, or let it be heard again."""
        self._muted = muted

    def _pump(self) -> None:
        loop, timer = asyncio.get_running_loop(), self._timer
        while self._due <= loop.time():
            self._turn()
            if self._timer is not timer:
                return
            self._due += _FRAME_S
            if loop.time() - self._due > _LATE_FRAMES * _FRAME_S:
                self._due = loop.time()
        self._timer = loop.call_at(self._due, self._pump)

    def _turn(self) -> None:
        heard = self._stream.read_frame()
        if heard is not None:
            ctypes.memmove(self._frame, _SILENCE if self._muted else heard, FRAME_BYTES)
            self._writer.write(ctypes.addressof(self._frame))
        self._stream.write_frame(self._next_frame())
        if not self._playing and self._done is not None:
            done, self._done = self._done, None
            done()
        if self._on_lost is not None and (fault := self._stream.fault):
            on_lost, self._on_lost = self._on_lost, None
            on_lost(fault)

    def _next_frame(self) -> bytes:
        voices = [frame for reader in self._readers.values() if (frame := self._read(reader)) is not None]
        if self._playing:
            voices.append(self._playing.popleft())
        if len(voices) <= 1:
            return voices[0] if voices else _SILENCE
        mixed = np.sum([np.frombuffer(voice, "<i2") for voice in voices], axis=0, dtype=np.int32)
        return np.clip(mixed, -32768, 32767).astype("<i2").tobytes()

    def _read(self, reader: RingReader) -> bytes | None:
        return self._frame.raw if reader.read(ctypes.addressof(self._frame)) else None


def wav_samples(wav: Path) -> Samples:
    """A mono 16-bit WAV file at 8 kHz, whatever its own rate. Raises DriverError for a bad file."""
    wav_seconds(wav)
    with wave.open(str(wav), "rb") as file:
        rate_hz = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    if rate_hz == RATE_HZ:
        return samples
    count = round(len(samples) * RATE_HZ / rate_hz)
    at = np.arange(count) * (rate_hz / RATE_HZ)
    resampled: Samples = np.interp(at, np.arange(len(samples)), samples).astype(np.int16)
    return resampled


def tone_samples() -> Samples:
    """The short tone that tells an agent of a caller."""
    at = np.arange(RATE_HZ * TONE_MS // 1000) / RATE_HZ
    return (8000 * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.int16)


def frames_of(samples: Samples) -> list[bytes]:
    """Samples in frames of 20 ms, the last one filled up with silence."""
    padded = np.zeros(-(-len(samples) // _SAMPLES) * _SAMPLES, "<i2")
    padded[: len(samples)] = samples
    data = padded.tobytes()
    return [data[at : at + FRAME_BYTES] for at in range(0, len(data), FRAME_BYTES)]
