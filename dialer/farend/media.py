"""RTP (RFC 3550) for all calls of a process: one ticker sends every stream's 20 ms frames, one epoll hears them all.

Streams are spread over four phases of 5 ms, so the load is even, and what arrives is read every 5 ms: that is the
grain of all times measured here.
"""

import asyncio
import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dialer.farend.ears import Ears
from dialer.farend.g711 import FRAME_SAMPLES, POWER, Codec
from dialer.farend.signals import Sound, silence

FRAME_S = 0.02
_PHASES = 4
_PHASE_S = FRAME_S / _PHASES
_CATCH_UP_S = 0.2
_HEADER = struct.Struct("!BBHII")
_DIGITS = "0123456789*#ABCD"


@dataclass(slots=True)
class MediaStats:
    """Counts of a process. `skipped_frames` were never sent because the process came too late for them."""

    sent: int = 0
    received: int = 0
    unsent: int = 0
    skipped_frames: int = 0
    max_late_s: float = 0.0


class MediaStream:
    """One call's audio, both ways. Sends nothing until `aim` has said where to."""

    def __init__(self, engine: "MediaEngine", sock: socket.socket, phase: int, ssrc: int) -> None:
        self._engine = engine
        self.sock = sock
        self.phase = phase
        self.port: int = sock.getsockname()[1]
        self.ears = Ears()
        self.codec = Codec.PCMU
        self.dtmf: int | None = None
        self.on_digit: Callable[[str], None] | None = None
        self.muted = False
        self._target: tuple[str, int] | None = None
        self._ssrc = ssrc
        self._sequence = ssrc & 0xFFFF
        self._timestamp = ssrc >> 3
        self._last_digit_at: int | None = None
        self.play(silence())

    def aim(self, host: str, port: int, codec: Codec, dtmf: int | None) -> None:
        """Send to this address with this law from now on."""
        self._target = (host, port)
        self.codec = codec
        self.dtmf = dtmf
        self.play(self._sound)

    def play(self, sound: Sound) -> None:
        """Send this sound from its start, in place of the one before."""
        self._sound = sound
        self._frames = sound.frames(self.codec)
        self._at = 0

    def close(self) -> None:
        """Stop both ways and free the port."""
        self._engine.remove(self)

    def send_frame(self, stats: MediaStats) -> None:
        """Send the next 20 ms."""
        if self._at >= len(self._frames):
            if self._sound.loop_from is None:
                self.play(silence())
            else:
                self._at = self._sound.loop_from
        payload = self._frames[self._at]
        self._at += 1
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        if self._target is None or self.muted:
            return
        header = _HEADER.pack(0x80, self.codec, self._sequence, self._timestamp, self._ssrc)
        try:
            self.sock.sendto(header + payload, self._target)
            stats.sent += 1
        except OSError:
            stats.unsent += 1

    def skip(self, frames: int) -> None:
        """Let time pass without sending, so that timestamps stay true to the clock."""
        self._timestamp = (self._timestamp + frames * FRAME_SAMPLES) & 0xFFFFFFFF

    def digit(self, payload: bytes, timestamp: int) -> None:
        """A telephone-event: report each key once, by its timestamp, when its end is marked."""
        if len(payload) < 4 or not payload[1] & 0x80 or timestamp == self._last_digit_at:
            return
        self._last_digit_at = timestamp
        if payload[0] < len(_DIGITS) and self.on_digit is not None:
            self.on_digit(_DIGITS[payload[0]])


class MediaEngine:
    """Opens streams on even ports of `ports` (first, last) at `host` and keeps them running."""

    def __init__(self, host: str, ports: tuple[int, int], seed: int) -> None:
        self._host = host
        self._first, self._last = ports[0] + ports[0] % 2, ports[1]
        self._next_port = self._first
        self._rng = np.random.default_rng(seed)
        self._epoll = select.epoll()
        self._by_fd: dict[int, MediaStream] = {}
        self._phases: list[list[MediaStream]] = [[] for _ in range(_PHASES)]
        self._busy = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.stats = MediaStats()

    def start(self) -> None:
        """Start the ticker on the running loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop the ticker and close every stream."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for stream in list(self._by_fd.values()):
            self.remove(stream)
        self._epoll.close()

    def open(self) -> MediaStream:
        """A new stream on a free port. Raises OSError when no port of the range is free."""
        sock = self._bind()
        phase = min(range(_PHASES), key=lambda p: len(self._phases[p]))
        stream = MediaStream(self, sock, phase, int(self._rng.integers(1, 2**32)))
        self._by_fd[sock.fileno()] = stream
        self._phases[phase].append(stream)
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        self._busy.set()
        return stream

    def remove(self, stream: MediaStream) -> None:
        """Close a stream; a second time does nothing."""
        fd = stream.sock.fileno()
        if self._by_fd.pop(fd, None) is None:
            return
        self._epoll.unregister(fd)
        self._phases[stream.phase].remove(stream)
        stream.sock.close()

    def _bind(self) -> socket.socket:
        for _ in range(self._first, self._last + 1, 2):
            port = self._next_port
            self._next_port = port + 2 if port + 2 <= self._last else self._first
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            try:
                sock.bind((self._host, port))
            except OSError:
                sock.close()
            else:
                return sock
        raise OSError(f"no free RTP port in {self._first}-{self._last} at {self._host}; widen --rtp-ports")

    async def _run(self) -> None:
        phase, due = 0, time.monotonic()
        while True:
            if not self._by_fd:
                self._busy.clear()
                await self._busy.wait()
                due = time.monotonic()
            late_s = time.monotonic() - due
            if late_s < 0:
                await asyncio.sleep(-late_s)
                late_s = time.monotonic() - due
            self.stats.max_late_s = max(self.stats.max_late_s, late_s)
            if late_s > _CATCH_UP_S:
                due += self._skip(late_s)
            self.hear()
            for stream in self._phases[phase]:
                stream.send_frame(self.stats)
            phase, due = (phase + 1) % _PHASES, due + _PHASE_S

    def _skip(self, late_s: float) -> float:
        frames = int(late_s / FRAME_S)
        for stream in self._by_fd.values():
            stream.skip(frames)
        self.stats.skipped_frames += frames * len(self._by_fd)
        return frames * FRAME_S

    def hear(self) -> None:
        """Read everything that has arrived on any stream."""
        for _ in range(8):
            ready = self._epoll.poll(0)
            if not ready:
                return
            now = time.monotonic()
            batch: dict[Codec, list[tuple[MediaStream, bytes]]] = {Codec.PCMU: [], Codec.PCMA: []}
            for fd, _ in ready:
                self._receive(self._by_fd[fd], batch)
            for codec, items in batch.items():
                if items:
                    _measure(codec, items, now)

    def _receive(self, stream: MediaStream, batch: dict[Codec, list[tuple[MediaStream, bytes]]]) -> None:
        try:
            packet = stream.sock.recv(2048)
        except OSError:
            return
        self.stats.received += 1
        if len(packet) < 13 or packet[0] >> 6 != 2:
            return
        kind = packet[1] & 0x7F
        payload = packet[12:] if packet[0] == 0x80 else _payload(packet)
        if kind == stream.dtmf:
            stream.digit(payload, int.from_bytes(packet[4:8], "big"))
        elif kind in (0, 8) and payload:
            batch[Codec(kind)].append((stream, payload))


def _payload(packet: bytes) -> bytes:
    """The payload behind contributing sources, extension and before padding; empty when the packet lies about them."""
    start = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        if len(packet) < start + 4:
            return b""
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet) - packet[-1] if packet[0] & 0x20 else len(packet)
    return packet[start:end]


def _measure(codec: Codec, items: list[tuple[MediaStream, bytes]], now: float) -> None:
    """Mean power of every payload in one pass where all have the same length, and hand them to their ears."""
    lengths = {len(payload) for _, payload in items}
    table = POWER[codec]
    if len(lengths) == 1:
        block = np.frombuffer(b"".join([payload for _, payload in items]), np.uint8).reshape(len(items), -1)
        powers = table[block].mean(axis=1).tolist()
    else:
        powers = [float(table[np.frombuffer(payload, np.uint8)].mean()) for _, payload in items]
    for (stream, payload), power in zip(items, powers, strict=True):
        stream.ears.hear(codec, payload, power, now)
