"""The shared-memory audio rings."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.audio.ring import (
    FRAME_BYTES,
    FRAMES_PER_RING,
    LATE_DEPTH,
    SLOTS_PER_CARD,
    TARGET_DEPTH,
    RingReader,
    RingWriter,
    Segment,
    create_segment,
    ring_number,
)


@pytest.fixture
def segment() -> Iterator[Segment]:
    descriptor = create_segment(2)
    try:
        yield Segment(descriptor)
    finally:
        os.close(descriptor)


def write(writer: RingWriter, value: int) -> None:
    frame = ctypes.create_string_buffer(bytes([value]) * FRAME_BYTES, FRAME_BYTES)
    writer.write(ctypes.addressof(frame))


def read(reader: RingReader) -> int | None:
    """The value that fills the frame; None for silence."""
    frame = ctypes.create_string_buffer(b"\xff" * FRAME_BYTES, FRAME_BYTES)
    flowing = reader.read(ctypes.addressof(frame))
    assert len(set(frame.raw)) == 1
    assert flowing or frame.raw[0] == 0
    return frame.raw[0] if flowing else None


def test_a_reader_waits_for_its_depth_and_then_hears_every_frame(segment: Segment) -> None:
    writer, reader = RingWriter(segment, 0), RingReader(segment, 0)
    heard = []
    for value in range(1, 3 * FRAMES_PER_RING):
        write(writer, value % 250 + 1)
        heard.append(read(reader))
    assert heard[: TARGET_DEPTH - 1] == [None] * (TARGET_DEPTH - 1)
    first = TARGET_DEPTH - 1
    assert heard[first:] == [value % 250 + 1 for value in range(1, 3 * FRAMES_PER_RING - first)]


def test_what_was_said_before_the_reader_came_is_not_heard(segment: Segment) -> None:
    writer = RingWriter(segment, 0)
    for _ in range(10):
        write(writer, 9)
    reader = RingReader(segment, 0)
    write(writer, 1)
    write(writer, 2)
    assert read(reader) == 1


def test_an_empty_ring_is_silent_and_fills_to_its_depth_again(segment: Segment) -> None:
    writer, reader = RingWriter(segment, 0), RingReader(segment, 0)
    for value in range(1, TARGET_DEPTH + 1):
        write(writer, value)
    assert [read(reader) for _ in range(TARGET_DEPTH + 1)] == [*range(1, TARGET_DEPTH + 1), None]
    write(writer, 7)
    assert read(reader) is None
    write(writer, 8)
    assert read(reader) == 7


def test_a_late_reader_skips_to_its_depth(segment: Segment) -> None:
    writer, reader = RingWriter(segment, 0), RingReader(segment, 0)
    for value in range(1, LATE_DEPTH + 2):
        write(writer, value)
    assert read(reader) == LATE_DEPTH + 2 - TARGET_DEPTH
    for value in range(LATE_DEPTH + 2, LATE_DEPTH + 2 + 2 * FRAMES_PER_RING):
        write(writer, value)
    assert read(reader) == LATE_DEPTH + 2 + 2 * FRAMES_PER_RING - TARGET_DEPTH


def test_readers_do_not_disturb_each_other(segment: Segment) -> None:
    writer = RingWriter(segment, 3)
    readers = [RingReader(segment, 3) for _ in range(3)]
    for value in (1, 2, 3):
        write(writer, value)
    assert [read(readers[0]) for _ in range(3)] == [1, 2, 3]
    assert [read(readers[1]) for _ in range(3)] == [1, 2, 3]
    assert read(readers[2]) == 1


def test_rings_do_not_overlap(segment: Segment) -> None:
    writers = [RingWriter(segment, ring) for ring in range(segment.rings)]
    readers = [RingReader(segment, ring) for ring in range(segment.rings)]
    for _ in range(FRAMES_PER_RING + TARGET_DEPTH):
        for ring, writer in enumerate(writers):
            write(writer, ring + 1)
    assert [read(reader) for reader in readers] == [ring + 1 for ring in range(segment.rings)]


def test_each_slot_of_each_card_has_its_ring(segment: Segment) -> None:
    numbers = [ring_number(card, slot) for card in range(2) for slot in range(SLOTS_PER_CARD)]
    assert numbers == list(range(segment.rings))
    with pytest.raises(IndexError):
        segment.address(segment.rings)


def test_a_segment_has_no_name_in_any_file_system() -> None:
    descriptor = create_segment(1)
    assert str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("/memfd:")
    os.close(descriptor)
