"""A host and a model board over a wire that damages, loses, repeats and delays, in virtual time from a seed."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from firmware_bridge.host import Host, HostEvent
from tests.firmware_bridge.model_board import ModelBoard

STEP_S = 1e-6


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of frames (or of bytes) that suffer; `delay_s` is the most that a frame waits. Order is kept."""

    damaged: float = 0.0
    damaged_bytes: float = 0.0
    lost: float = 0.0
    twice: float = 0.0
    delay_s: float = 0.0
    byte_s: float = 10 / 115200


class Direction:
    """One way of the wire: what goes in comes out later, perhaps changed."""

    def __init__(self, rng: random.Random, faults: Faults) -> None:
        self.faults = faults
        self.cut = False
        self.passed = 0
        self._rng = rng
        self._free_at = 0.0

    def send(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Bytes with the moments at which they arrive."""
        out = []
        for frame in _frames(data):
            if self.cut or self._rng.random() < self.faults.lost:
                continue
            for _ in range(1 + (self._rng.random() < self.faults.twice)):
                begins = max(now + self._rng.random() * self.faults.delay_s, self._free_at)
                self._free_at = begins + len(frame) * self.faults.byte_s
                self.passed += len(frame)
                out.append((self._free_at, self._hurt(frame)))
        return out

    def _hurt(self, frame: bytes) -> bytes:
        hurt = bytearray(frame)
        if self._rng.random() < self.faults.damaged:
            hurt[self._rng.randrange(len(hurt))] ^= 1 << self._rng.randrange(8)
        if self.faults.damaged_bytes:
            for place in range(len(hurt)):
                if self._rng.random() < self.faults.damaged_bytes:
                    hurt[place] = self._rng.randrange(256)
        return bytes(hurt)


def _frames(data: bytes) -> list[bytes]:
    return [b"\0" + piece + b"\0" for piece in data.split(b"\0") if piece]


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    act: Callable[[], None] = field(compare=False)


class Bench:
    """The two ends and the wire. `seen` holds what the host's end told, with the time."""

    def __init__(
        self, seed: int, faults: Faults | None = None, board: ModelBoard | None = None, *, keepalive_s: float = 1.5
    ) -> None:
        rng = random.Random(seed)
        self.now = 0.0
        self.host = Host(random.Random(rng.random()), keepalive_s=keepalive_s)
        self.board = board or ModelBoard(seed)
        self.to_board = Direction(random.Random(rng.random()), faults or Faults())
        self.to_host = Direction(random.Random(rng.random()), faults or Faults())
        self.seen: list[tuple[float, HostEvent]] = []
        self.on_event: Callable[[HostEvent], None] = lambda event: None
        self.board_frozen = False
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self.host.start(self.now)

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._due, _Due(self.now + delay_s, next(self._numbers), act))

    def run(self, seconds: float = 1e9, until: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass until it is over or so; whether `until` came true."""
        end = self.now + seconds
        while not until():
            self._flush()
            due = [self._due[0].at if self._due else None, self.host.deadline(self.now)]
            if not self.board_frozen:
                due.append(self.board.deadline(self.now))
            at = min((moment for moment in due if moment is not None), default=end)
            if at >= end:
                self.now = end
                return until()
            self.now = max(self.now + STEP_S if at <= self.now else at, self.now)
            self._step()
        return True

    def _step(self) -> None:
        while self._due and self._due[0].at <= self.now:
            heapq.heappop(self._due).act()
        self._tell(self.host.handle_timer(self.now))
        if not self.board_frozen:
            self.board.handle_timer(self.now)

    def _flush(self) -> None:
        for at, data in self.to_board.send(self.host.data_to_send(self.now), self.now):
            self.after(at - self.now, partial(self._to_board, data))
        if not self.board_frozen:
            for at, data in self.to_host.send(self.board.data_to_send(self.now), self.now):
                self.after(at - self.now, partial(self._to_host, data))

    def _to_board(self, data: bytes) -> None:
        if not self.board_frozen:
            self.board.receive(data, self.now)

    def _to_host(self, data: bytes) -> None:
        self._tell(self.host.receive(data, self.now))

    def _tell(self, events: list[HostEvent]) -> None:
        for event in events:
            self.seen.append((self.now, event))
            self.on_event(event)
