import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec import MessageError
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.link import (
    BACKLOG,
    BOARD_FLOOR_S,
    CEILING_S,
    FIRST_RTO_S,
    HOST_FLOOR_S,
    Link,
    LinkFullError,
    RoundTrip,
)
from firmware_bridge.messages import WINDOW, FrameKind

SESSION = 7


def host() -> Link:
    return Link(SESSION, floor_s=HOST_FLOOR_S, give_up_s=3.0)


def board() -> Link:
    return Link(SESSION, floor_s=BOARD_FLOOR_S, give_up_s=3.0)


def numbered(count: int) -> list[bytes]:
    return [number.to_bytes(3, "little") for number in range(count)]


def pass_all(sender: Link, receiver: Link, now: float) -> list[bytes]:
    """One way of a perfect wire."""
    return [payload for frame in sender.transmit(now) for payload in receiver.receive(frame, now)]


class TestDelivery:
    def test_messages_come_in_order_and_are_acknowledged(self) -> None:
        one, other = host(), board()
        for payload in numbered(3):
            one.send(payload)
        assert pass_all(one, other, 0.0) == numbered(3)
        assert one.backlog == 3
        pass_all(other, one, 0.001)
        assert one.backlog == 0
        assert one.transmit(1.0) == []

    def test_at_most_a_window_is_under_way(self) -> None:
        one = host()
        for payload in numbered(20):
            one.send(payload)
        assert [frame.seq for frame in one.transmit(0.0)] == list(range(WINDOW))
        assert one.transmit(0.0) == []

    def test_a_gap_holds_back_what_follows_and_is_named(self) -> None:
        one, other = host(), board()
        for payload in numbered(4):
            one.send(payload)
        frames = one.transmit(0.0)
        assert other.receive(frames[0], 0.0) == numbered(1)
        assert other.receive(frames[2], 0.0) == other.receive(frames[3], 0.0) == []
        [ack] = other.transmit(0.0)
        assert (ack.kind, ack.ack, ack.sack) == (FrameKind.ACK, 1, 0b11)
        assert other.receive(frames[1], 0.0) == numbered(4)[1:]

    def test_a_frame_is_sent_again_at_once_when_three_beyond_it_have_come(self) -> None:
        one, other = host(), board()
        for payload in numbered(5):
            one.send(payload)
        frames = one.transmit(0.0)
        for frame in frames[1:4]:
            other.receive(frame, 0.0)
        one.receive(other.transmit(0.0)[0], 0.001)
        assert [frame.seq for frame in one.transmit(0.001)] == [0]
        assert one.transmit(0.002) == []

    def test_what_comes_again_is_acknowledged_and_not_delivered(self) -> None:
        one, other = host(), board()
        one.send(b"x")
        [frame] = one.transmit(0.0)
        assert other.receive(frame, 0.0) == [b"x"]
        other.transmit(0.0)
        assert other.receive(frame, 0.1) == []
        assert other.counts.repeated == 1
        assert [answer.ack for answer in other.transmit(0.1)] == [1]

    def test_a_frame_outside_the_window_is_dropped_without_an_answer(self) -> None:
        other = board()
        for seq in (WINDOW, 100, 256 - WINDOW - 1):
            with pytest.raises(MessageError, match="0 is expected"):
                other.receive(Frame(FrameKind.DATA, SESSION, seq, payload=b"x"), 0.0)
        assert other.counts.outside == 3
        assert other.transmit(0.0) == []

    def test_without_room_a_message_is_left_to_come_again(self) -> None:
        one, other = host(), board()
        one.send(b"x")
        [frame] = one.transmit(0.0)
        assert other.receive(frame, 0.0, room=False) == []
        assert other.transmit(0.0) == []
        assert other.receive(one.transmit(1.0)[0], 1.0) == [b"x"]

    def test_an_acknowledgement_of_what_was_never_sent_is_ignored(self) -> None:
        one = host()
        one.send(b"x")
        one.transmit(0.0)
        for ack, sack in ((2, 0), (200, 0x7F), (255, 0)):
            one.receive(Frame(FrameKind.ACK, SESSION, 0, ack, sack), 0.0)
        assert one.counts.stale == 3
        one.receive(Frame(FrameKind.ACK, SESSION, 0, 0, 0x7F), 0.0)
        assert one.backlog == 1

    def test_numbers_go_round(self) -> None:
        one, other = host(), board()
        got = []
        for payload in numbered(1000):
            one.send(payload)
            got += pass_all(one, other, 0.0)
            pass_all(other, one, 0.0)
        assert got == numbered(1000)

    def test_a_backlog_that_grows_is_refused(self) -> None:
        one = host()
        for payload in numbered(BACKLOG):
            one.send(payload)
        with pytest.raises(LinkFullError, match=f"{BACKLOG} messages wait"):
            one.send(b"x")


class TestTimer:
    def test_a_frame_is_sent_again_later_and_later(self) -> None:
        one = host()
        one.send(b"x")
        one.transmit(0.0)
        sent = []
        now = 0.0
        while now < 2.9:
            now = one.deadline(now) or now
            if one.transmit(now):
                sent.append(round(now, 3))
        assert sent[:4] == [FIRST_RTO_S, 0.6, 1.1, 1.6]
        assert one.is_stuck(3.0)

    def test_the_timer_follows_the_round_trip(self) -> None:
        trip = RoundTrip(HOST_FLOOR_S)
        assert trip.rto_s == FIRST_RTO_S
        trip.sample(0.04)
        assert trip.rto_s == pytest.approx(0.04 + 4 * 0.02)
        for _ in range(100):
            trip.sample(0.04)
        assert trip.rto_s == pytest.approx(0.04, rel=0.01)
        for _ in range(100):
            trip.sample(0.001)
        assert trip.rto_s == HOST_FLOOR_S

    def test_doubling_ends_at_the_ceiling_and_with_an_answer(self) -> None:
        trip = RoundTrip(HOST_FLOOR_S)
        trip.sample(0.02)
        plain_s = trip.rto_s
        trip.back_off()
        assert trip.rto_s == 2 * plain_s
        for _ in range(50):
            trip.back_off()
        assert trip.rto_s == min(CEILING_S, 8 * plain_s)
        trip.moved_on()
        assert trip.rto_s == plain_s

    def test_a_frame_that_was_sent_twice_tells_nothing_of_the_round_trip(self) -> None:
        one, other = host(), board()
        one.send(b"x")
        one.transmit(0.0)
        other.receive(one.transmit(0.3)[0], 0.3)
        one.receive(other.transmit(0.3)[0], 0.301)
        assert one.round_trip.smoothed_s is None

    def test_nothing_under_way_needs_no_timer(self) -> None:
        assert host().deadline(5.0) is None
        assert not host().is_stuck(5.0)


class TestFuzz:
    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.floats(0, 0.4), st.floats(0, 0.3))
    def test_all_messages_come_once_whatever_is_lost_or_repeated(self, seed: int, lost: float, twice: float) -> None:
        rng = random.Random(seed)
        ends = (host(), board())
        sent = (numbered(60), numbered(40))
        got: tuple[list[bytes], list[bytes]] = ([], [])
        to_send = [list(messages) for messages in sent]
        now = 0.0
        while (len(got[1]), len(got[0])) != (60, 40):
            now += 0.005
            assert now < 600
            for side in (0, 1):
                while to_send[side] and rng.random() < 0.5:
                    ends[side].send(to_send[side].pop(0))
                for frame in ends[side].transmit(now):
                    if rng.random() >= lost:
                        for _ in range(1 + (rng.random() < twice)):
                            got[1 - side].extend(ends[1 - side].receive(frame, now))
        assert got == (sent[1], sent[0])

    @given(
        st.lists(
            st.builds(
                Frame,
                st.sampled_from(FrameKind),
                st.just(SESSION),
                st.integers(0, 255),
                st.integers(0, 255),
                st.integers(0, 255),
                st.binary(max_size=8),
            ),
            max_size=60,
        )
    )
    def test_any_frames_leave_it_bounded(self, frames: list[Frame]) -> None:
        one = host()
        one.send(b"x")
        for now, frame in enumerate(frames):
            with contextlib.suppress(MessageError):
                one.receive(frame, float(now))
            for out in one.transmit(float(now)):
                assert FrameReader().feed(out.encode()) == [out]
        assert len(one._kept) < WINDOW
