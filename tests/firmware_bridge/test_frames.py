import random
from itertools import pairwise

import pytest
from fastcrc.crc16 import ibm_3740
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec import MessageError
from firmware_bridge.frames import MAX_STUFFED, Frame, FrameReader
from firmware_bridge.messages import MAX_PAYLOAD, FrameKind

frames = st.builds(
    Frame,
    st.sampled_from(FrameKind),
    st.integers(0, 0xFFFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=MAX_PAYLOAD),
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(at)]


class TestFrames:
    @given(st.lists(frames, max_size=6), st.lists(st.integers(0, 5000), max_size=10))
    def test_frames_are_read_however_they_are_cut(self, sent: list[Frame], cuts: list[int]) -> None:
        reader = FrameReader()
        data = b"".join(frame.encode() for frame in sent)
        assert [frame for piece in pieces(data, cuts) for frame in reader.feed(piece)] == sent
        assert (reader.counts.good, reader.counts.bad, reader.counts.bytes) == (len(sent), 0, len(data))

    @given(frames)
    def test_there_is_no_delimiter_inside_a_frame(self, frame: Frame) -> None:
        data = frame.encode()
        assert data[0] == data[-1] == 0
        assert 0 not in data[1:-1]
        assert len(data) - 2 <= MAX_STUFFED

    @given(frames, st.data())
    def test_up_to_three_bits_that_turn_are_found(self, frame: Frame, data: st.DataObject) -> None:
        wire = bytearray(frame.encode())
        for bit in data.draw(st.sets(st.integers(8, 8 * len(wire) - 9), min_size=1, max_size=3)):
            wire[bit // 8] ^= 1 << bit % 8
        assert frame not in FrameReader().feed(bytes(wire))

    @given(st.lists(st.binary(max_size=600), max_size=20), frames)
    def test_any_bytes_do_no_harm_to_the_next_frame(self, noise: list[bytes], frame: Frame) -> None:
        reader = FrameReader()
        for piece in noise:
            reader.feed(piece)
        assert reader.feed(frame.encode())[-1] == frame

    def test_a_payload_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(MessageError, match="241 bytes; 240 fit"):
            Frame(FrameKind.DATA, 1, payload=bytes(MAX_PAYLOAD + 1)).encode()

    def test_endless_noise_is_counted_once_and_not_kept(self) -> None:
        reader = FrameReader()
        rng = random.Random(1)
        for _ in range(1000):
            reader.feed(bytes(rng.randrange(1, 256) for _ in range(200)))
        assert len(reader._partial) <= MAX_STUFFED
        reader.feed(b"\0")
        assert (reader.counts.good, reader.counts.bad) == (0, 1)

    def test_a_frame_that_has_begun_is_forgotten_by_reset(self) -> None:
        frame = Frame(FrameKind.ACK, 7)
        reader = FrameReader()
        reader.feed(frame.encode()[:4])
        reader.reset()
        assert reader.feed(frame.encode()) == [frame]
        assert reader.counts.bad == 0

    def test_the_crc_is_that_of_the_page(self) -> None:
        assert ibm_3740(b"123456789") == 0x29B1
