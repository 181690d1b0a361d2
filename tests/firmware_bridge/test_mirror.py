import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import messages as m
from firmware_bridge.clock import BoardClock
from firmware_bridge.commands import Done
from firmware_bridge.mirror import HeadsetChanged, KeyHeard, LineChanged, Mirror, MirrorEvent, Parted, Port, Ready
from tests.firmware_bridge.strategies import told

S, C = m.LineState, m.ClearCause
LINE, HEADSET = m.PortKind.LINE, m.PortKind.HEADSET
WELCOME = m.Welcome(1, 2, 3, m.ResetCause.POWER_ON, bytes(8), 2, 2, 1, m.Capabilities.REVERSAL, 1500, 0, "board")


def line_is(line: int, state: m.LineState, call: int = 0, cause: m.ClearCause = C.NONE) -> m.LineIs:
    return m.LineIs(line, 1, 1_000_000, state, call, cause)


def headset_is(headset: int, *, present: bool = True, lamp: m.Lamp = m.Lamp.OFF) -> m.HeadsetIs:
    return m.HeadsetIs(headset, 1, 1_000_000, present, False, False, lamp, False)


def joined(line: int, headset: int, closed: bool = True) -> m.PortsJoined:
    return m.PortsJoined(LINE, line, HEADSET, headset, closed)


def pair(line: int, headset: int) -> frozenset[Port]:
    return frozenset((Port(LINE, line), Port(HEADSET, headset)))


class Board:
    """A mirror, and the board's side by hand: it answers what is due."""

    def __init__(self) -> None:
        clock = BoardClock()
        clock.add(100.0, 100.0, 0)
        self.mirror = Mirror(clock)
        self.mirror.opened(WELCOME)

    def due(self) -> list[m.HostMessage]:
        return self.mirror.due(0.0)

    def answer(self, command: m.HostMessage, status: m.Status = m.Status.OK) -> list[MirrorEvent]:
        return self.mirror.told(m.Result(command.command, status))

    def snapshot(self, *state: m.BoardMessage) -> list[MirrorEvent]:
        [asked] = self.due()
        assert isinstance(asked, m.SnapshotGet)
        events = [event for message in (*state, m.SnapshotEnd(1)) for event in self.mirror.told(message)]
        return events + self.answer(asked)

    def ready(self) -> "Board":
        self.snapshot(line_is(0, S.IDLE), line_is(1, S.IDLE), headset_is(0), headset_is(1))
        return self


class TestMirror:
    def test_the_snapshot_makes_it_ready(self) -> None:
        board = Board()
        assert not board.mirror.ready
        events = board.snapshot(line_is(0, S.IDLE), headset_is(1))
        assert [type(event) for event in events] == [LineChanged, HeadsetChanged, Ready]
        assert board.mirror.ready
        assert board.mirror.lines[0].at == pytest.approx(101.0)

    def test_only_what_is_new_is_told(self) -> None:
        board = Board().ready()
        changed = board.mirror.told(line_is(0, S.SEIZED, 7))
        assert changed == [LineChanged(0, S.SEIZED, 7, C.NONE, 101.0)]
        assert board.mirror.told(line_is(0, S.SEIZED, 7)) == []
        assert board.mirror.told(headset_is(0)) == []
        assert len(board.mirror.told(headset_is(0, lamp=m.Lamp.ON))) == 1

    def test_ports_that_the_board_does_not_have_are_ignored(self) -> None:
        board = Board().ready()
        assert board.mirror.told(line_is(2, S.SEIZED, 7)) == []
        assert board.mirror.told(headset_is(2)) == []
        assert set(board.mirror.lines) == set(board.mirror.headsets) == {0, 1}

    def test_what_an_earlier_time_left_is_undone(self) -> None:
        board = Board()
        board.snapshot(
            line_is(0, S.ANSWERED, 99),
            line_is(1, S.GUARD, 98, C.RELEASED),
            headset_is(0, lamp=m.Lamp.ON),
            headset_is(1),
            m.PortsJoined(HEADSET, 0, HEADSET, 1, True),
            joined(0, 1),
        )
        assert board.due() == [
            m.Release(2, 0, 99),
            m.Part(3, HEADSET, 0, HEADSET, 1),
            m.HeadsetSet(4, 0, m.Lamp.OFF, False, False),
        ]

    def test_a_later_snapshot_repairs_what_was_lost_and_leaves_own_calls_alone(self) -> None:
        board = Board().ready()
        call = board.mirror.new_call()
        board.mirror.ask(m.Call(0, 0, call, m.DialMode.DTMF, "1"))
        board.answer(board.due()[0])
        assert board.mirror.told(m.EventsLost(3)) == []
        events = board.snapshot(line_is(0, S.ANSWERED, call), line_is(1, S.IDLE), joined(0, 1))
        assert [type(event) for event in events] == [LineChanged]
        assert board.mirror.joined == {pair(0, 1)}
        assert board.mirror.events_lost == 3
        assert board.due() == []

    def test_one_snapshot_at_a_time_is_asked_for(self) -> None:
        board = Board().ready()
        board.mirror.told(m.EventsLost(1))
        board.mirror.told(m.EventsLost(1))
        assert len(board.due()) == 1

    def test_joins_are_known_from_results_and_from_what_the_board_opens(self) -> None:
        board = Board().ready()
        board.mirror.told(line_is(0, S.ANSWERED, 7))
        join = m.Join(0, LINE, 0, 7, HEADSET, 1, 0)
        board.mirror.ask(join)
        [asked] = board.due()
        assert board.answer(asked) == [Done(asked, m.Status.OK)]
        assert board.mirror.joined == {pair(0, 1)}
        assert board.mirror.told(joined(0, 1, False)) == [Parted(Port(LINE, 0), Port(HEADSET, 1))]
        assert board.mirror.joined == set()

    @pytest.mark.parametrize("gone", [line_is(0, S.CLEARED, 7, C.FAR_END), headset_is(1, present=False)])
    def test_a_port_that_cannot_be_joined_any_more_is_not(self, gone: m.BoardMessage) -> None:
        board = Board()
        board.snapshot(line_is(0, S.ANSWERED, 7), headset_is(1), joined(0, 1))
        assert board.mirror.joined == {pair(0, 1)}
        board.mirror.told(gone)
        assert board.mirror.joined == set()

    def test_a_join_that_was_refused_is_none(self) -> None:
        board = Board().ready()
        board.mirror.ask(m.Join(0, LINE, 0, 7, HEADSET, 1, 0))
        board.answer(board.due()[0], m.Status.PORT_TAKEN)
        assert board.mirror.joined == set()

    def test_keys_are_told_with_their_time(self) -> None:
        board = Board().ready()
        assert board.mirror.told(m.DigitHeard(0, 7, 2_000_000, ord("5"))) == [KeyHeard(0, 7, "5", 102.0)]
        assert board.mirror.told(m.DigitHeard(0, 7, 2_000_000, 0)) == []

    def test_call_numbers_go_round_without_zero(self) -> None:
        mirror = Mirror(BoardClock(), 0xFFFF)
        assert [mirror.new_call() for _ in range(3)] == [0xFFFF, 1, 2]

    def test_after_a_session_nothing_is_known(self) -> None:
        board = Board().ready()
        board.mirror.closed()
        assert not board.mirror.ready
        assert not board.mirror.lines
        assert board.due() == []

    @given(st.lists(told, max_size=60))
    def test_whatever_is_told_raises_nothing_and_is_bounded(self, messages: list[m.BoardMessage]) -> None:
        board = Board()
        board.due()
        for message in messages:
            board.mirror.told(message)
            board.due()
        assert len(board.mirror.lines) <= 2
        assert len(board.mirror.headsets) <= 2
