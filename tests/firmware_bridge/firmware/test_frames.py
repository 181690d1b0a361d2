"""The C side of the frames says and understands the same bytes as the Python side."""

import hashlib
import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.messages import FrameKind, Header
from tests.firmware_bridge.firmware.logic import Logic

PROTOCOL = Path(__file__).parents[3] / "docs" / "gateway-protocol.md"
VECTOR = re.compile(r"^\| .* \| `((?:[0-9a-f]{2} ?)+)` \|$", re.MULTILINE)
same_board = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
u8 = st.integers(0, 255)
frames = st.builds(Frame, st.sampled_from(FrameKind), st.integers(0, 0xFFFF), u8, u8, u8, st.binary(max_size=240))
pieces = st.one_of(st.binary(max_size=300), frames.map(Frame.encode), st.just(b"\0"))


def body(frame: Frame) -> bytes:
    return Header(frame.kind, frame.session, frame.seq, frame.ack, frame.sack).encode() + frame.payload


def test_the_vectors_of_the_protocol_are_read_and_written_alike(board: Logic) -> None:
    vectors = [bytes.fromhex(text) for text in VECTOR.findall(PROTOCOL.read_text())]
    assert len(vectors) >= 10
    for vector in vectors:
        (frame,) = FrameReader().feed(vector)
        assert board.read_frames(vector) == ([body(frame)], 0)
        assert board.frame_put(frame) == vector


def test_crc_check_value(board: Logic) -> None:
    assert board.crc16(b"123456789") == 0x29B1


@same_board
@given(frames)
def test_any_frame_is_the_same_bytes_on_both_sides(board: Logic, frame: Frame) -> None:
    assert board.frame_put(frame) == frame.encode()
    assert board.read_frames(frame.encode()) == ([body(frame)], 0)


@same_board
@given(st.lists(pieces, max_size=8).map(b"".join))
def test_both_readers_find_the_same_in_anything(board: Logic, data: bytes) -> None:
    reader = FrameReader()
    found = [body(frame) for frame in reader.feed(data)]
    assert board.read_frames(data) == (found, reader.counts.bad)


@same_board
@given(frames, st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_frame_is_never_taken_for_another(board: Logic, frame: Frame, place: int, flip: int) -> None:
    wire = bytearray(frame.encode())
    wire[place % len(wire)] ^= flip
    found, _ = board.read_frames(bytes(wire) + b"\0")
    assert found in ([], [body(frame)])


@same_board
@given(st.binary(max_size=500))
def test_sha256_is_sha256(board: Logic, data: bytes) -> None:
    assert board.sha256(data) == hashlib.sha256(data).digest()
