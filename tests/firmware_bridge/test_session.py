import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import messages as m
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.session import (
    HELLO_EVERY_S,
    HELLO_QUICK,
    Closed,
    HostSession,
    Opened,
    Phase,
    Refused,
    Told,
    Unreadable,
)

K = m.FrameKind


class Far:
    """The other end by hand: reads what the session says, and says what a test wants."""

    def __init__(self, session: HostSession) -> None:
        self.session = session
        self.reader = FrameReader()
        self.seq = 0

    def heard(self, now: float) -> list[Frame]:
        return self.reader.feed(self.session.data_to_send(now))

    def kinds(self, now: float) -> list[m.FrameKind]:
        return [frame.kind for frame in self.heard(now)]

    def hello(self, now: float) -> tuple[int, m.Hello]:
        self.session.handle_timer(now)
        [frame] = self.heard(now)
        assert frame.kind is K.HELLO
        return frame.session, m.Hello.decode(frame.payload)

    def say(self, now: float, kind: m.FrameKind, payload: bytes = b"", **header: int) -> list[object]:
        frame = Frame(kind, header.pop("session", self.session.number), payload=payload, **header)
        return list(self.session.receive(frame.encode(), now))

    def welcome(self, now: float, **changed: object) -> list[object]:
        number, hello = self.hello(now)
        fields = {
            "version": 1,
            "host_nonce": hello.host_nonce,
            "boot_nonce": 5,
            "reset_cause": m.ResetCause.POWER_ON,
            "build": bytes(8),
            "lines": 2,
            "headsets": 2,
            "ties": 0,
            "capabilities": m.Capabilities.REVERSAL,
            "keepalive_ms": hello.keepalive_ms,
            "board_us": 0,
            "name": "far",
        } | changed
        return self.say(now, K.WELCOME, m.Welcome(**fields).encode(), session=number)  # type: ignore[arg-type]

    def tell(self, now: float, message: bytes) -> list[object]:
        self.seq += 1
        return self.say(now, K.DATA, message, seq=self.seq - 1)


@pytest.fixture
def far() -> Far:
    session = HostSession(random.Random(1))
    session.start(0.0)
    return Far(session)


class TestOpening:
    def test_hello_is_repeated_and_slows_down(self, far: Far) -> None:
        number, hello = far.hello(0.0)
        assert (hello.oldest, hello.newest, hello.keepalive_ms) == (1, 1, 1500)
        times, now = [], 0.0
        while now < 10:
            now = far.session.deadline(now) or 0.0
            assert far.hello(now) == (number, hello)
            times.append(now)
        assert times[0] == HELLO_EVERY_S
        assert times[-1] - times[-2] == 1.0
        assert sum(now <= HELLO_EVERY_S * HELLO_QUICK for now in times) == HELLO_QUICK

    def test_as_long_as_something_comes_back_it_does_not_slow_down(self, far: Far) -> None:
        now = 0.0
        for _ in range(3 * HELLO_QUICK):
            far.hello(now)
            far.session.receive(b"\x01damaged\0", now)
            assert far.session.deadline(now) == pytest.approx(now + HELLO_EVERY_S)
            now = far.session.deadline(now) or 0.0

    def test_on_welcome_it_is_up_and_pings(self, far: Far) -> None:
        [opened] = far.welcome(0.0)
        assert isinstance(opened, Opened)
        assert opened.rebooted
        assert far.kinds(0.0) == [K.PING]

    @pytest.mark.parametrize("wrong", [{"host_nonce": 1}, {"version": 2}])
    def test_a_welcome_for_somebody_else_is_not_taken(self, far: Far, wrong: dict[str, object]) -> None:
        assert far.welcome(0.0, **wrong) == []
        assert far.session.phase is Phase.OPENING

    def test_a_welcome_of_another_session_is_not_taken(self, far: Far) -> None:
        number, hello = far.hello(0.0)
        refuse = m.Refuse(m.RefuseReason.VERSION, 2, 2, hello.host_nonce)
        assert far.say(0.0, K.REFUSE, refuse.encode(), session=number + 1) == []

    def test_the_same_boot_is_known_again(self, far: Far) -> None:
        far.welcome(0.0)
        far.session.start(1.0)
        [opened] = far.welcome(1.0)
        assert isinstance(opened, Opened)
        assert not opened.rebooted
        far.session.start(2.0)
        [opened] = far.welcome(2.0, boot_nonce=6)
        assert isinstance(opened, Opened)
        assert opened.rebooted

    def test_session_numbers_go_round_without_zero(self, far: Far) -> None:
        seen = set()
        for _ in range(0x10000):
            far.session.start(0.0)
            seen.add(far.session.number)
        assert seen == set(range(1, 0x10000))

    def test_a_refusal_is_told_and_ends_it(self, far: Far) -> None:
        _, hello = far.hello(0.0)
        refuse = m.Refuse(m.RefuseReason.VERSION, 2, 3, hello.host_nonce)
        assert far.say(0.0, K.REFUSE, refuse.encode()) == [Refused(refuse)]
        assert far.session.deadline(0.0) is None

    def test_a_busy_board_is_asked_again_after_a_second(self, far: Far) -> None:
        _, hello = far.hello(0.0)
        far.say(0.0, K.REFUSE, m.Refuse(m.RefuseReason.BUSY, 1, 1, hello.host_nonce).encode())
        assert far.session.deadline(0.0) == 1.0
        assert [type(event) for event in far.welcome(1.0)] == [Opened]

    def test_nothing_can_be_sent_before(self, far: Far) -> None:
        with pytest.raises(RuntimeError, match="no session"):
            far.session.send(m.SnapshotGet(1))


class TestUp:
    def test_pings_come_four_times_per_keepalive_and_teach_the_clock(self, far: Far) -> None:
        far.welcome(0.0)
        [ping] = far.heard(0.0)
        far.say(0.01, K.PONG, m.Pong(m.Ping.decode(ping.payload).token, 1_000_000).encode())
        assert far.session.clock.host_s(1_000_000) == pytest.approx(0.005)
        far.session.handle_timer(0.37)
        assert far.kinds(0.37) == []
        far.session.handle_timer(0.375)
        assert far.kinds(0.375) == [K.PING]

    def test_a_short_keepalive_has_quicker_pings(self) -> None:
        far = Far(HostSession(random.Random(1), keepalive_s=0.4))
        far.session.start(0.0)
        far.welcome(0.0)
        far.heard(0.0)
        assert far.session.deadline(0.0) == pytest.approx(0.1)

    def test_silence_ends_it_and_another_session_is_asked_for(self, far: Far) -> None:
        far.welcome(0.0)
        before = far.session.number
        far.say(1.0, K.ACK)
        assert far.session.handle_timer(2.4) == []
        [closed] = far.session.handle_timer(2.5)
        assert isinstance(closed, Closed)
        assert "1.5 s" in closed.reason
        far.heard(2.5)
        assert far.hello(2.5)[0] == before % 0xFFFF + 1

    def test_a_board_that_acknowledges_nothing_ends_it(self, far: Far) -> None:
        far.welcome(0.0)
        far.session.send(m.SnapshotGet(1))
        now = 0.0
        events: list[object] = []
        while not events and now < 10:
            now += 0.1
            far.heard(now)
            far.say(now, K.PONG, m.Pong(0xFFFFFFFF, 1).encode())
            events += far.session.handle_timer(now)
        assert now == pytest.approx(3.1)
        assert isinstance(events[0], Closed)
        assert "acknowledged nothing" in events[0].reason

    def test_messages_are_told_in_order_and_what_cannot_be_read_is_told_too(self, far: Far) -> None:
        far.welcome(0.0)
        lost = m.EventsLost(3)
        assert far.tell(0.0, lost.encode()) == [Told(lost)]
        [unreadable] = far.tell(0.0, b"\xff\x01")
        assert unreadable == Unreadable("0xff is no message's id")

    def test_frames_that_only_a_host_sends_are_dropped(self, far: Far) -> None:
        far.welcome(0.0)
        for kind in (K.HELLO, K.PING, K.BYE):
            assert far.say(0.1, kind, m.Ping(1).encode()) == []
        assert far.session.handle_timer(1.5) != []

    def test_a_pong_that_cannot_be_read_counts_as_damage(self, far: Far) -> None:
        far.welcome(0.0)
        assert far.say(0.1, K.PONG, b"short") == []
        assert far.session.reader.counts.bad == 1
        assert far.session.handle_timer(1.5) != []

    def test_bye_is_said_twice(self, far: Far) -> None:
        far.welcome(0.0)
        far.heard(0.0)
        far.session.stop()
        assert far.kinds(0.0) == [K.BYE, K.BYE]
        assert far.session.deadline(0.0) is None

    def test_a_port_that_is_gone_is_not_written_to(self, far: Far) -> None:
        far.welcome(0.0)
        far.session.drop()
        assert far.heard(0.0) == []

    def test_giving_up_says_bye_and_asks_anew(self, far: Far) -> None:
        far.welcome(0.0)
        far.heard(0.0)
        assert far.session.give_up("because", 0.5) == Closed("because")
        assert far.kinds(0.5) == [K.BYE, K.BYE]
        far.hello(0.5)


class TestFuzz:
    @settings(max_examples=200)
    @given(st.lists(st.tuples(st.sampled_from(K), st.integers(0, 255), st.binary(max_size=60)), max_size=40))
    def test_any_frames_raise_nothing_and_leave_it_bounded(self, said: list[tuple[m.FrameKind, int, bytes]]) -> None:
        session = HostSession(random.Random(1))
        session.start(0.0)
        far = Far(session)
        far.welcome(0.0)
        for number, (kind, byte, payload) in enumerate(said):
            far.say(number * 0.1, kind, payload, seq=byte, ack=byte, sack=byte & 0x7F)
            session.handle_timer(number * 0.1)
            session.data_to_send(number * 0.1)
        assert len(session._pings) <= 8
        assert len(session._out) <= 2

    @given(st.lists(st.binary(max_size=300), max_size=20))
    def test_any_bytes_raise_nothing(self, noise: list[bytes]) -> None:
        session = HostSession(random.Random(1))
        session.start(0.0)
        for number, data in enumerate(noise):
            assert session.receive(data, number * 0.01) == []
            session.data_to_send(number * 0.01)


class TestFramesThatAreWrong:
    @pytest.mark.parametrize(
        ("kind", "payload"),
        [
            (K.DATA, b""),
            (K.ACK, b"x"),
            (K.PONG, bytes(11)),
            (K.WELCOME, bytes(3)),
            (K.BYE, b""),
            (K.PING, m.Ping(1).encode()),
        ],
    )
    def test_they_are_counted_and_nothing_else(self, far: Far, kind: m.FrameKind, payload: bytes) -> None:
        far.welcome(0.0)
        far.heard(0.0)
        good = far.session.reader.counts.good
        assert far.say(1.0, kind, payload) == []
        counts = far.session.reader.counts
        assert (counts.good, counts.bad) == (good, 1)
        assert K.ACK not in far.kinds(0.1)
        [closed] = far.session.handle_timer(1.5)
        assert isinstance(closed, Closed)

    def test_data_beyond_the_window_is_one_of_them(self, far: Far) -> None:
        far.welcome(0.0)
        far.session.send(m.CountersGet(1))
        far.heard(0.0)
        assert far.say(1.0, K.DATA, m.Result(1, m.Status.OK).encode(), seq=8, ack=1) == []
        assert far.session.reader.counts.bad == 1
        assert far.session.link is not None
        assert far.session.link.backlog == 1

    def test_frames_of_another_session_are_dropped_and_no_damage(self, far: Far) -> None:
        far.welcome(0.0)
        assert far.say(0.1, K.DATA, b"x", session=far.session.number % 0xFFFF + 1) == []
        assert far.session.reader.counts.bad == 0
