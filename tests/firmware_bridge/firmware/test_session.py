from firmware_bridge import messages as m
from firmware_bridge.frames import Frame
from tests.firmware_bridge.firmware.logic import NORMAL, Logic, Talker
from tests.firmware_bridge.firmware.test_lines import answered


def test_a_board_says_nothing_before_hello(board: Logic) -> None:
    board.run(2.0)
    talker = Talker(board)
    assert talker.exchange(Frame(m.FrameKind.PING, 0x1234, payload=m.Ping(1).encode())) == []
    assert talker.exchange(talker.data(m.SnapshotGet(1).encode())) == []


def test_welcome_describes_the_board(board: Logic) -> None:
    board.boot(m.ResetCause.WATCHDOG)
    board.run(0.5)
    welcome = Talker(board).open()
    assert (welcome.version, welcome.host_nonce, welcome.keepalive_ms) == (1, 0xDEADBEEF, 1500)
    assert (welcome.lines, welcome.headsets, welcome.ties) == (4, 4, 2)
    assert welcome.reset_cause is m.ResetCause.WATCHDOG
    assert welcome.board_us == 500_000
    assert welcome.boot_nonce != 0


def test_hello_again_gets_the_same_welcome_and_changes_nothing(talker: Talker) -> None:
    first = talker.frames[-1]
    assert talker.ask(m.HeadsetSet(1, 0, m.Lamp.ON, False, False).encode()) is m.Status.OK
    again = Frame(m.FrameKind.HELLO, talker.session, payload=m.Hello(1, 1, 1500, talker.nonce).encode())
    (frame,) = [frame for frame in talker.exchange(again) if frame.kind is m.FrameKind.WELCOME]
    one, other = m.Welcome.decode(first.payload), m.Welcome.decode(frame.payload)
    assert (one.boot_nonce, one.host_nonce) == (other.boot_nonce, other.host_nonce)
    assert talker.ask(m.CountersGet(2).encode()) is m.Status.OK


def test_the_boot_nonce_stays_for_the_boot_and_differs_between_boots(board: Logic) -> None:
    nonces = set()
    for seed in range(50):
        board.boot(seed=seed)
        board.run(0.01)
        first = Talker(board, session=1).open().boot_nonce
        assert Talker(board, session=2, nonce=5).open().boot_nonce == first
        nonces.add(first)
    assert len(nonces) == 50


def test_what_cannot_be_is_refused_and_changes_nothing(talker: Talker) -> None:
    other = Talker(talker.board, session=9, nonce=1)
    (frame,) = other.hello(oldest=2, newest=3)
    refuse = m.Refuse.decode(frame.payload)
    assert frame.session == 9
    assert (refuse.reason, refuse.oldest, refuse.newest, refuse.host_nonce) == (m.RefuseReason.VERSION, 1, 1, 1)
    (frame,) = other.hello(keepalive_ms=299)
    assert m.Refuse.decode(frame.payload).reason is m.RefuseReason.KEEPALIVE
    assert talker.ask(m.CountersGet(1).encode()) is m.Status.OK


def test_a_new_session_starts_at_zero_and_lines_stay(talker: Talker) -> None:
    board = talker.board
    assert talker.ask(m.Call(1, 0, 7, m.DialMode.DTMF, "5").encode()) is m.Status.OK
    board.send(talker.data(m.SnapshotGet(2).encode()).encode())
    second = Talker(board, session=0x1235)
    assert m.Welcome.decode(second.hello()[-1].payload).boot_nonce
    assert second.told == []
    assert second.ask(m.SnapshotGet(1).encode()) is m.Status.OK
    assert board.hook(0)
    lines = [told for told in second.told if isinstance(told, m.LineIs)]
    assert [line.line for line in lines] == [0, 1, 2, 3]
    assert (lines[0].state, lines[0].call) == (m.LineState.SEIZED, 7)


def test_a_late_hello_of_a_session_that_was_alive_does_not_come_back(board: Logic) -> None:
    old = Talker(board, session=5)
    old.open()
    old.ack()
    new = Talker(board, session=6)
    new.open()
    new.ack()
    assert old.hello() == []
    assert new.ask(m.CountersGet(1).encode()) is m.Status.OK


def test_a_session_that_never_lived_may_be_opened_again(board: Logic) -> None:
    talker = Talker(board, session=5)
    talker.open()
    board.run(2.0)
    board.take()
    talker.open()
    assert talker.ask(m.CountersGet(1).encode()) is m.Status.OK


def test_ping_is_answered_with_the_time(talker: Talker) -> None:
    talker.board.run(0.25)
    (frame,) = talker.exchange(Frame(m.FrameKind.PING, talker.session, payload=m.Ping(77).encode()))
    assert m.Pong.decode(frame.payload) == m.Pong(77, 1_250_000)


def test_frames_of_another_session_are_dropped(talker: Talker) -> None:
    stranger = Frame(m.FrameKind.PING, talker.session + 1, payload=m.Ping(1).encode())
    assert talker.exchange(stranger) == []


def busy_board(talker: Talker) -> None:
    """A call joined with a headset, one that is dialed, a headset that rings."""
    answered(talker, 0, 7)
    join = m.Join(2, m.PortKind.LINE, 0, 7, m.PortKind.HEADSET, 1, 0)
    assert talker.ask(join.encode()) is m.Status.OK
    assert talker.ask(m.HeadsetSet(3, 1, m.Lamp.ON, True, True).encode()) is m.Status.OK
    assert talker.ask(m.Call(4, 2, 8, m.DialMode.PULSE, "9999").encode()) is m.Status.OK
    talker.wait(0.7)
    board = talker.board
    assert board.hook(0) and board.points() == {(1, 0)} and board.lamp(1) and board.ringer(1) and board.mute(1)


def is_safe(board: Logic) -> bool:
    outputs = [board.lamp(i) or board.ringer(i) or board.hook(i) or bool(board.tone(i)) for i in range(4)]
    return not any(outputs) and not board.points()


def test_a_silent_host_makes_the_board_safe_within_the_keepalive(talker: Talker) -> None:
    busy_board(talker)
    board = talker.board
    board.run(1.49)
    assert board.hook(0) and board.points()
    board.run(0.02)
    assert is_safe(board)
    assert board.mute(1)
    board.take()
    board.run(3.0)
    assert board.take() == b""
    board.line(0, NORMAL)
    fresh = Talker(board, session=0x4321)
    fresh.open()
    assert fresh.ask(m.SnapshotGet(1).encode()) is m.Status.OK
    line = fresh.told[0]
    assert isinstance(line, m.LineIs)
    assert (line.state, line.call, line.cause) == (m.LineState.IDLE, 7, m.ClearCause.HOST_LOST)


def test_hello_alone_is_no_sign_of_life(talker: Talker) -> None:
    busy_board(talker)
    board = talker.board
    for session in range(100, 108):
        Talker(board, session=session).open()
        board.run(0.2)
    assert is_safe(board)


def test_bye_makes_the_board_safe_at_once(talker: Talker) -> None:
    busy_board(talker)
    talker.exchange(Frame(m.FrameKind.BYE, talker.session))
    assert is_safe(talker.board)
    assert talker.exchange(Frame(m.FrameKind.PING, talker.session, payload=m.Ping(1).encode())) == []


def test_a_host_that_acknowledges_nothing_is_lost_too(talker: Talker) -> None:
    talker.exchange(talker.data(m.Call(1, 0, 7, m.DialMode.DTMF, "5").encode()))
    board = talker.board
    for _ in range(29):
        board.run(0.1)
        board.send(Frame(m.FrameKind.PING, talker.session, payload=m.Ping(1).encode()).encode())
    assert board.hook(0)
    board.run(0.2)
    assert is_safe(board)


def test_an_answer_is_told_once_acknowledged_by_any_frame(talker: Talker) -> None:
    talker.exchange(talker.data(m.CountersGet(1).encode()))
    talker.ack()
    talker.board.run(1.0)
    assert [frame for frame in talker.collect() if frame.kind is m.FrameKind.DATA] == []


def counters(talker: Talker) -> m.Counters:
    assert talker.ask(m.CountersGet(talker.next_command()).encode()) is m.Status.OK
    (told,) = [told for told in talker.told if isinstance(told, m.Counters)]
    return told


def test_wrong_frames_are_counted_and_nothing_else(talker: Talker) -> None:
    before = counters(talker)
    for frame in (
        Frame(m.FrameKind.DATA, talker.session, 3),
        Frame(m.FrameKind.ACK, talker.session, payload=b"x"),
        Frame(m.FrameKind.BYE, talker.session, payload=b"x"),
        Frame(m.FrameKind.PONG, talker.session, payload=m.Pong(1, 1).encode()),
        Frame(m.FrameKind.DATA, talker.session, 100, payload=b"x"),
    ):
        assert talker.exchange(frame) == []
    assert counters(talker).frames_bad == before.frames_bad + 5


def test_frames_of_another_session_are_no_damage(talker: Talker) -> None:
    before = counters(talker)
    for kind in (m.FrameKind.BYE, m.FrameKind.ACK):
        assert talker.exchange(Frame(kind, talker.session + 1)) == []
    assert talker.exchange(Frame(m.FrameKind.PING, talker.session + 1, payload=m.Ping(1).encode())) == []
    assert counters(talker).frames_bad == before.frames_bad


def test_after_a_reboot_is_promised_no_line_goes_off_hook(talker: Talker) -> None:
    board = talker.board
    for message in (m.Reboot(1), m.Call(2, 0, 7, m.DialMode.DTMF, "5")):
        board.send(talker.data(message.encode()).encode())
    board.run(0.1)
    assert (board.hook(0), board.resets()) == (False, 0)
    board.run(0.2)
    assert board.resets() >= 1
