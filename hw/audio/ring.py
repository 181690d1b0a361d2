"""Shared-memory audio between cards: one ring per slot, one writer, any number of readers.

The writer publishes nothing but a count of frames; each reader keeps its own place. So joining, listening and
recording can all read one ring, and a writer that dies leaves its readers with silence.
"""

import ctypes
import mmap
import os

FRAME_BYTES = 320
FRAME_MS = 20
FRAMES_PER_RING = 64
SLOTS_PER_CARD = 16
TARGET_DEPTH = 2
LATE_DEPTH = 5
_HEADER_BYTES = 64
RING_BYTES = _HEADER_BYTES + FRAMES_PER_RING * FRAME_BYTES


def create_segment(cards: int) -> int:
    """File descriptor of a segment with rings for `cards` cards. It has no name, so nothing can be left behind."""
    descriptor = os.memfd_create("ringpace-audio", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, cards * SLOTS_PER_CARD * RING_BYTES)
    return descriptor


def ring_number(card: int, slot: int) -> int:
    """Number of the ring that card `card` writes for its slot `slot`."""
    return card * SLOTS_PER_CARD + slot


class Segment:
    """The site's rings, mapped into this process."""

    def __init__(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, size)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.rings = size // RING_BYTES

    def address(self, ring: int) -> int:
        """Where ring number `ring` starts. Raises IndexError when there is none."""
        if not 0 <= ring < self.rings:
            raise IndexError(f"ring {ring} of {self.rings}")
        return self._base + ring * RING_BYTES


class RingWriter:
    """The one writer of a ring."""

    __slots__ = ("_count", "_frames", "_segment")

    def __init__(self, segment: Segment, ring: int) -> None:
        self._segment = segment
        self._count = ctypes.c_uint64.from_address(segment.address(ring))
        self._frames = segment.address(ring) + _HEADER_BYTES

    def write(self, source: int) -> None:
        """Append the frame of `FRAME_BYTES` at address `source`."""
        count = self._count.value
        ctypes.memmove(self._frames + count % FRAMES_PER_RING * FRAME_BYTES, source, FRAME_BYTES)
        self._count.value = count + 1


class RingReader:
    """A reader of a ring, from now on.

    It starts `TARGET_DEPTH` frames behind the writer, and skips back to there when more than `LATE_DEPTH` behind.
    """

    __slots__ = ("_count", "_flowing", "_frames", "_place", "_segment")

    def __init__(self, segment: Segment, ring: int) -> None:
        self._segment = segment
        self._count = ctypes.c_uint64.from_address(segment.address(ring))
        self._frames = segment.address(ring) + _HEADER_BYTES
        self._place = self._count.value
        self._flowing = False

    def read(self, target: int) -> bool:
        """Put the next frame at address `target`; False, and silence there, when there is none yet."""
        count = self._count.value
        depth = count - self._place
        self._flowing = depth > 0 if self._flowing else depth >= TARGET_DEPTH
        if not self._flowing:
            ctypes.memset(target, 0, FRAME_BYTES)
            return False
        if depth > LATE_DEPTH:
            self._place = count - TARGET_DEPTH
        ctypes.memmove(target, self._frames + self._place % FRAMES_PER_RING * FRAME_BYTES, FRAME_BYTES)
        self._place += 1
        return True
