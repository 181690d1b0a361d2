import itertools

from firmware_bridge import messages as m
from firmware_bridge.frames import Frame
from tests.firmware_bridge.firmware.logic import HOOK, PRESENT, Logic, Talker

DATA = m.FrameKind.DATA


def lamp(command: int, *, muted: bool) -> bytes:
    return m.HeadsetSet(command, 0, m.Lamp.OFF, False, muted).encode()


def results(talker: Talker) -> list[int]:
    return [told.command for told in talker.told if isinstance(told, m.Result)]


def test_commands_out_of_order_are_done_in_order_once(talker: Talker) -> None:
    frames = [talker.data(lamp(n, muted=n % 2 == 1)) for n in range(1, 9)]
    for frame in reversed(frames[1:]):
        talker.exchange(frame)
        assert talker.told == []
    assert talker.frames[-1].ack == 0
    assert talker.frames[-1].sack == 0x7F
    talker.exchange(frames[0])
    assert not talker.board.mute(0)
    for _ in range(10):
        talker.exchange(*frames)
        talker.ack()
    assert results(talker) == list(range(1, 9))
    changes = [told.muted for told in talker.told if isinstance(told, m.HeadsetIs)]
    assert changes == [True, False] * 4


def test_a_frame_beyond_the_window_is_dropped_unacknowledged(talker: Talker) -> None:
    before = len(talker.frames)
    talker.exchange(Frame(DATA, talker.session, seq=8, payload=lamp(1, muted=True)))
    talker.exchange(Frame(DATA, talker.session, seq=200, payload=lamp(1, muted=True)))
    assert len(talker.frames) == before
    assert not talker.board.mute(0)


def test_a_frame_that_came_before_is_acknowledged_and_not_done_again(talker: Talker) -> None:
    first = talker.data(lamp(1, muted=True))
    talker.exchange(first)
    talker.exchange(talker.data(lamp(2, muted=False)))
    talker.ack()
    talker.told.clear()
    (answer,) = talker.exchange(first)
    assert (answer.kind, answer.ack) == (m.FrameKind.ACK, 2)
    assert talker.told == []
    assert not talker.board.mute(0)


def sent_data(talker: Talker) -> list[int]:
    return [frame.seq for frame in talker.collect() if frame.kind is DATA]


def test_what_is_not_acknowledged_is_sent_again_and_more_and_more_seldom(talker: Talker) -> None:
    talker.exchange(talker.data(m.CountersGet(1).encode()))
    moments = []
    for _ in range(1100):
        talker.board.run(0.002)
        talker.board.send(Frame(m.FrameKind.PING, talker.session, payload=m.Ping(1).encode()).encode())
        if 0 in sent_data(talker):
            moments.append(talker.board.now)
    assert len(moments) == 5
    gaps = [round(later - earlier, 3) for earlier, later in itertools.pairwise([1.0, *moments])]
    assert gaps == [0.2, 0.4, 0.5, 0.5, 0.5]


def test_round_trips_shorten_the_timer_down_to_its_floor(talker: Talker) -> None:
    for number in range(20):
        talker.ask(m.CountersGet(number).encode())
    talker.exchange(talker.data(m.CountersGet(99).encode()))
    talker.board.run(0.028)
    assert sent_data(talker) == []
    talker.board.run(0.004)
    assert len(sent_data(talker)) == 2


def test_a_gap_is_filled_at_once_and_once(talker: Talker) -> None:
    talker.exchange(*(talker.data(m.CountersGet(n).encode()) for n in range(2)))
    talker.board.run(0.01)
    talker.collect()
    gap = Frame(m.FrameKind.ACK, talker.session, ack=0, sack=0b111)
    assert [frame.seq for frame in talker.exchange(gap) if frame.kind is DATA] == [0]
    assert [frame.seq for frame in talker.exchange(gap) if frame.kind is DATA] == []


def test_no_more_than_a_window_is_under_way(talker: Talker) -> None:
    talker.exchange(talker.data(m.SnapshotGet(1).encode()))
    assert {frame.seq for frame in talker.frames if frame.kind is DATA} == set(range(8))
    talker.exchange(Frame(m.FrameKind.ACK, talker.session, ack=3))
    assert {frame.seq for frame in talker.frames if frame.kind is DATA} == set(range(11))


def test_an_acknowledgement_of_what_was_not_sent_is_ignored(talker: Talker) -> None:
    talker.exchange(talker.data(m.SnapshotGet(1).encode()))
    talker.exchange(Frame(m.FrameKind.ACK, talker.session, ack=100, sack=0x7F))
    talker.exchange(Frame(m.FrameKind.ACK, talker.session, ack=255))
    talker.board.run(0.3)
    assert set(sent_data(talker)) == set(range(8))


def test_a_flood_is_not_taken_and_not_lost(talker: Talker) -> None:
    """Eight snapshots at once are more than the board's queue has room for: it takes what it can answer."""
    frames = [talker.data(m.SnapshotGet(n).encode()) for n in range(1, 9)]
    talker.exchange(*frames)
    talker.exchange(*frames)
    for _ in range(200):
        talker.ack()
        talker.exchange(*frames)
        talker.board.run(0.01)
    assert results(talker) == list(range(1, 9))
    assert sum(isinstance(told, m.LineIs) for told in talker.told) == 8 * 4


def test_events_beyond_the_queue_are_counted_and_told(board: Logic) -> None:
    board.run(1.0)
    talker = Talker(board)
    talker.hello(keepalive_ms=10_000)
    for turn in range(100):
        board.headset(0, PRESENT | HOOK * (turn % 2 == 0))
        board.run(0.05)
        board.send(Frame(m.FrameKind.PING, talker.session, payload=m.Ping(1).encode()).encode())
    board.take()
    for _ in range(40):
        board.run(0.6)
        talker.ack()
    told = [told.off_hook for told in talker.told if isinstance(told, m.HeadsetIs)]
    (lost,) = [told.count for told in talker.told if isinstance(told, m.EventsLost)]
    assert told == [True, False] * (len(told) // 2)
    assert 64 <= len(told) == 100 - lost


def test_a_stuck_uart_loses_nothing(talker: Talker) -> None:
    talker.board.uart_room(0)
    talker.exchange(*(talker.data(m.CountersGet(n).encode()) for n in range(1, 9)))
    talker.board.run(0.5)
    assert talker.collect() == []
    talker.board.uart_room(65536)
    for _ in range(10):
        talker.board.run(0.05)
        talker.ack()
    assert results(talker) == list(range(1, 9))
