"""What can go wrong on a serial wire, one direction of it, without I/O: bytes and times in, bytes and times out."""

import dataclasses
from collections import deque
from dataclasses import dataclass, fields
from random import Random

IDLE_FLUSH_S = 0.02
MAX_UNIT = 4096
MAX_QUEUED = 256 * 1024
FIFO_BYTES = 8
BITS_PER_BYTE = 10
SINGLE_BYTE_GAP_S = 0.0002
_SHARES = ("damage", "bit_errors", "loss", "cut", "duplication", "noise")


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of one direction. Shares (0 to 1) are of units: frames when the wire knows their delimiter, else chunks.

    `damage` turns one to three bits of a unit, `bit_errors` is the chance of each single bit, `loss` drops a unit,
    `cut` drops its end, `duplication` sends it twice, `noise` puts random bytes before it. `delay_s` and up to
    `jitter_s` more hold each unit back (order stays); `single_bytes` delivers byte by byte; `baud` paces (8N1).
    Raises ValueError for a share outside 0 to 1 or a negative time.
    """

    damage: float = 0.0
    bit_errors: float = 0.0
    loss: float = 0.0
    cut: float = 0.0
    duplication: float = 0.0
    noise: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    single_bytes: bool = False
    baud: int | None = None

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} = {getattr(self, name)}: a share lies between 0 and 1")
        for name in ("delay_s", "jitter_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} = {getattr(self, name)}: a time is not negative")
        if self.baud is not None and self.baud <= 0:
            raise ValueError(f"baud = {self.baud}: must be positive")

    @property
    def hits(self) -> bool:
        """Whether it hits some units and not others."""
        return any(getattr(self, name) > 0 for name in _SHARES)

    def __str__(self) -> str:
        """What differs from a perfect wire, as `name=value`."""
        told = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default]
        return " ".join(told) or "none"


@dataclass(slots=True)
class Counters:
    """What a direction did so far, in units and bytes. `overrun` bytes found the queue full or nobody to read them."""

    units: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    damaged: int = 0
    lost: int = 0
    cut: int = 0
    duplicated: int = 0
    noisy: int = 0
    overrun: int = 0

    def copy(self) -> "Counters":
        """As it is now."""
        return dataclasses.replace(self)


class Mangler:
    """One direction of a wire: `feed` takes bytes in, `due` gives those whose time has come, `deadline` says when next.

    With a `delimiter` units are frames: what one of its bytes ends; such bytes between frames pass untouched. A frame
    that stays unfinished for 20 ms passes as it is. Faults may be changed at any time, for units fed from then on.
    """

    def __init__(self, seed: str, delimiter: bytes | None = None) -> None:
        if delimiter == b"":
            raise ValueError("delimiter: one byte or more, or None")
        self.faults = Faults()
        self.counters = Counters()
        self._random = Random(seed)
        self._delimiter = delimiter
        self._partial = bytearray()
        self._partial_at = 0.0
        self._queue: deque[tuple[float, bytes]] = deque()
        self._queued = 0
        self._free_at = 0.0

    def feed(self, data: bytes, now: float) -> None:
        """Take in bytes at `now` (monotonic seconds)."""
        self.counters.bytes_in += len(data)
        if self._delimiter is None:
            self._unit(data, now)
            return
        for byte in data:
            self._partial.append(byte)
            ended = byte in self._delimiter and self._partial.strip(self._delimiter)
            if ended or len(self._partial) >= MAX_UNIT:
                self._finish(now)
        if self._partial and not self._partial.strip(self._delimiter):
            self._emit(bytes(self._partial), now)
            self._partial.clear()
        self._partial_at = now

    def due(self, now: float) -> list[bytes]:
        """The pieces that come out by `now`, in order; each is one write."""
        if self._partial and now - self._partial_at >= IDLE_FLUSH_S:
            self._finish(now)
        pieces = []
        while self._queue and self._queue[0][0] <= now:
            piece = self._queue.popleft()[1]
            self._queued -= len(piece)
            self.counters.bytes_out += len(piece)
            pieces.append(piece)
        return pieces

    def deadline(self) -> float | None:
        """When `due` will have something to do, or None."""
        times = [self._queue[0][0]] if self._queue else []
        if self._partial:
            times.append(self._partial_at + IDLE_FLUSH_S)
        return min(times, default=None)

    def drop(self) -> None:
        """Forget what is under way: the wire was cut."""
        self.counters.overrun += self._queued + len(self._partial)
        self._queue.clear()
        self._partial.clear()
        self._queued = 0

    def _finish(self, now: float) -> None:
        unit = bytes(self._partial)
        self._partial.clear()
        self._unit(unit, now)

    def _unit(self, unit: bytes, now: float) -> None:
        self.counters.units += 1
        happens = {name: self._random.random() < getattr(self.faults, name) for name in _SHARES}
        late_s = self.faults.delay_s + self.faults.jitter_s * self._random.random()
        if happens["loss"]:
            self.counters.lost += 1
            return
        copies = 1
        if happens["duplication"]:
            self.counters.duplicated += 1
            copies = 2
        for _ in range(copies):
            self._emit(self._mangled(unit, happens), now + late_s)

    def _mangled(self, unit: bytes, happens: dict[str, bool]) -> bytes:
        bits = self._bits_to_turn(len(unit) * 8, damage=happens["damage"])
        if bits:
            self.counters.damaged += 1
            turned = bytearray(unit)
            for bit in bits:
                turned[bit // 8] ^= 1 << bit % 8
            unit = bytes(turned)
        if happens["cut"]:
            self.counters.cut += 1
            unit = unit[: self._random.randrange(len(unit))]
        if happens["noise"]:
            self.counters.noisy += 1
            unit = self._random.randbytes(self._random.randint(1, 8)) + unit
        return unit

    def _bits_to_turn(self, length: int, *, damage: bool) -> set[int]:
        bits = {self._random.randrange(length) for _ in range(self._random.randint(1, 3))} if damage else set()
        rate = self.faults.bit_errors
        if rate > 0:
            bits |= {bit for bit in range(length) if self._random.random() < rate}
        return bits

    def _emit(self, unit: bytes, at: float) -> None:
        faults = self.faults
        at = max(at, self._free_at)
        byte_s = BITS_PER_BYTE / faults.baud if faults.baud else 0.0
        if faults.single_bytes:
            byte_s = max(byte_s, SINGLE_BYTE_GAP_S)
        size = 1 if faults.single_bytes else FIFO_BYTES if byte_s else max(len(unit), 1)
        for start in range(0, len(unit), size):
            piece = unit[start : start + size]
            at += byte_s * len(piece)
            if self._queued + len(piece) > MAX_QUEUED:
                self.counters.overrun += len(piece)
                continue
            self._queued += len(piece)
            self._queue.append((at, piece))
        self._free_at = at
