from collections.abc import Iterator

import pytest

from firmware_bridge import messages as m
from firmware_bridge.messages import ClearCause, LineState, Status
from tests.firmware_bridge.firmware.logic import BUSY, NORMAL, REVERSED, RING, Logic, Talker


def call(talker: Talker, line: int, number: int, digits: str = "5", mode: m.DialMode = m.DialMode.DTMF) -> Status:
    return talker.ask(m.Call(talker.next_command(), line, number, mode, digits).encode())


def release(talker: Talker, line: int, number: int) -> Status:
    return talker.ask(m.Release(talker.next_command(), line, number).encode())


def states(told: list[m.Message]) -> list[tuple[LineState, int, ClearCause]]:
    return [(line.state, line.call, line.cause) for line in told if isinstance(line, m.LineIs)]


def line_now(talker: Talker, line: int) -> tuple[LineState, int, ClearCause]:
    assert talker.ask(m.SnapshotGet(talker.next_command()).encode()) is Status.OK
    return states(talker.told)[line]


def answered(talker: Talker, line: int, number: int) -> None:
    assert call(talker, line, number) is Status.OK
    talker.wait(1.0)
    talker.board.line(line, REVERSED)
    assert states(talker.wait(0.1)) == [(LineState.ANSWERED, number, ClearCause.NONE)]


def test_a_call_from_seizure_to_the_next(talker: Talker) -> None:
    board = talker.board
    assert call(talker, 1, 7, "12") is Status.OK
    assert board.hook(1)
    assert states(talker.told) == [(LineState.SEIZED, 7, ClearCause.NONE)]
    assert states(talker.wait(0.9)) == [
        (LineState.DIALING, 7, ClearCause.NONE),
        (LineState.CALLING, 7, ClearCause.NONE),
    ]
    board.line(1, REVERSED)
    assert states(talker.wait(0.1)) == [(LineState.ANSWERED, 7, ClearCause.NONE)]
    board.line(1, NORMAL)
    assert states(talker.wait(0.1)) == [(LineState.CLEARED, 7, ClearCause.FAR_END)]
    assert board.hook(1)
    assert release(talker, 1, 7) is Status.OK
    assert states(talker.told) == [(LineState.GUARD, 7, ClearCause.FAR_END)]
    assert not board.hook(1)
    assert call(talker, 1, 8) is Status.LINE_IN_USE
    assert states(talker.wait(0.75)) == []
    assert states(talker.wait(0.1)) == [(LineState.IDLE, 7, ClearCause.FAR_END)]
    assert call(talker, 1, 8) is Status.OK


def test_changes_are_counted_and_timed(talker: Talker) -> None:
    call(talker, 0, 7)
    (seized,) = [line for line in talker.told if isinstance(line, m.LineIs)]
    dialing, calling = [line for line in talker.wait(0.8) if isinstance(line, m.LineIs)]
    assert [dialing.change - seized.change, calling.change - dialing.change] == [1, 1]
    assert dialing.at_us - seized.at_us == pytest.approx(500_000, abs=4_000)


def test_the_same_call_is_not_dialed_again(talker: Talker) -> None:
    assert call(talker, 0, 7) is Status.OK
    assert call(talker, 0, 7) is Status.OK
    talker.wait(1.0)
    assert call(talker, 0, 7) is Status.OK
    assert call(talker, 0, 8) is Status.LINE_IN_USE
    assert release(talker, 0, 7) is Status.OK
    talker.wait(1.0)
    assert call(talker, 0, 7) is Status.OK
    assert not talker.board.hook(0)


def test_release_of_what_is_not_there_does_nothing(talker: Talker) -> None:
    assert release(talker, 0, 9) is Status.OK
    answered(talker, 0, 7)
    assert release(talker, 0, 9) is Status.OK
    assert talker.board.hook(0)


@pytest.mark.parametrize("after_s", [0.1, 0.55, 0.9])
def test_release_while_seized_dialing_or_calling(talker: Talker, after_s: float) -> None:
    call(talker, 0, 7, "1")
    talker.wait(after_s)
    assert release(talker, 0, 7) is Status.OK
    assert states(talker.told) == [(LineState.GUARD, 7, ClearCause.RELEASED)]
    assert not talker.board.hook(0) and not talker.board.tone(0)


def test_no_loop_current_is_no_dial_tone(talker: Talker) -> None:
    talker.board.line(0, 0)
    assert call(talker, 0, 7) is Status.OK
    assert states(talker.wait(1.95)) == []
    assert states(talker.wait(0.1)) == [(LineState.CLEARED, 7, ClearCause.NO_DIAL_TONE)]


def test_busy_tone_clears_the_call(talker: Talker) -> None:
    call(talker, 0, 7)
    talker.wait(1.0)
    talker.board.line(0, NORMAL | BUSY)
    assert states(talker.wait(0.1)) == [(LineState.CLEARED, 7, ClearCause.BUSY)]


def test_a_short_break_of_the_loop_is_none(talker: Talker) -> None:
    answered(talker, 0, 7)
    talker.board.line(0, 0)
    assert states(talker.wait(0.08)) == []
    talker.board.line(0, REVERSED)
    assert states(talker.wait(0.2)) == []
    talker.board.line(0, 0)
    assert states(talker.wait(0.12)) == [(LineState.CLEARED, 7, ClearCause.FAR_END)]


def test_a_glitch_of_polarity_is_no_answer(talker: Talker) -> None:
    call(talker, 0, 7)
    talker.wait(1.0)
    talker.board.line(0, REVERSED)
    talker.wait(0.012)
    talker.board.line(0, NORMAL)
    assert states(talker.wait(0.5)) == []


def test_a_line_that_is_reversed_at_rest_answers_by_turning_normal(talker: Talker) -> None:
    talker.board.line(0, REVERSED)
    talker.wait(0.1)
    call(talker, 0, 7)
    assert states(talker.wait(1.0))[-1][0] is LineState.CALLING
    talker.board.line(0, NORMAL)
    assert states(talker.wait(0.1)) == [(LineState.ANSWERED, 7, ClearCause.NONE)]


def test_an_answer_while_digits_go_out(talker: Talker) -> None:
    call(talker, 0, 7, "123456789")
    talker.wait(0.8)
    talker.board.line(0, REVERSED)
    assert states(talker.wait(0.1)) == [(LineState.ANSWERED, 7, ClearCause.NONE)]
    assert not talker.board.tone(0)


def test_a_dead_line(talker: Talker) -> None:
    talker.board.line(3, 0)
    assert states(talker.wait(0.15)) == []
    assert states(talker.wait(0.1)) == [(LineState.FAULT, 0, ClearCause.NONE)]
    assert call(talker, 3, 7) is Status.LINE_DEAD
    talker.board.line(3, NORMAL)
    assert states(talker.wait(0.25)) == [(LineState.IDLE, 0, ClearCause.NONE)]
    assert call(talker, 3, 7) is Status.OK


def ring(talker: Talker) -> None:
    talker.board.line(2, NORMAL | RING)
    assert states(talker.wait(0.4)) == [(LineState.RINGING, 0, ClearCause.NONE)]
    talker.board.line(2, NORMAL)


def test_an_incoming_call_is_accepted_and_ends(talker: Talker) -> None:
    ring(talker)
    assert call(talker, 2, 6) is Status.LINE_IN_USE
    assert talker.ask(m.Accept(talker.next_command(), 2, 5).encode()) is Status.OK
    assert states(talker.told) == [(LineState.ANSWERED, 5, ClearCause.NONE)]
    assert talker.board.hook(2)
    assert states(talker.wait(1.0)) == []
    talker.board.line(2, REVERSED)
    assert states(talker.wait(0.1)) == [(LineState.CLEARED, 5, ClearCause.FAR_END)]


def test_ringing_goes_on_between_rings_and_ends_with_the_caller(talker: Talker) -> None:
    ring(talker)
    for _ in range(3):
        assert states(talker.wait(4.0)) == []
        talker.board.line(2, NORMAL | RING)
        assert states(talker.wait(1.0)) == []
        talker.board.line(2, NORMAL)
    assert states(talker.wait(5.9)) == []
    assert states(talker.wait(0.3)) == [(LineState.IDLE, 0, ClearCause.CALLER_LEFT)]
    assert talker.ask(m.Accept(talker.next_command(), 2, 5).encode()) is Status.LINE_IN_USE


@pytest.mark.parametrize(
    ("digits", "mode", "status"),
    [
        ("", m.DialMode.DTMF, Status.BAD_DIGITS),
        ("12x", m.DialMode.DTMF, Status.BAD_DIGITS),
        ("12#", m.DialMode.PULSE, Status.BAD_DIGITS),
        ("0,1*#ABCD", m.DialMode.DTMF, Status.OK),
        ("0,1", m.DialMode.PULSE, Status.OK),
    ],
)
def test_digits_that_can_be_dialed(talker: Talker, digits: str, mode: m.DialMode, status: Status) -> None:
    assert call(talker, 0, 7, digits, mode) is status
    assert talker.board.hook(0) == (status is Status.OK)


def levels(talker: Talker, seconds: float, probe: str) -> Iterator[tuple[bool | str, float]]:
    """A pin's levels and how long each stood, in milliseconds."""
    board = talker.board
    level, since = getattr(board, probe)(0), board.now
    for _ in range(round(seconds / 0.002)):
        talker.wait(0.002)
        now: bool | str = getattr(board, probe)(0)
        if now != level:
            yield level, round((board.now - since) * 1000)
            level, since = now, board.now


def test_tones_are_long_enough_and_apart(talker: Talker) -> None:
    call(talker, 0, 7, "1#,D")
    heard = list(levels(talker, 3.0, "tone"))[1:]
    tones = [(level, lasts) for level, lasts in heard if level]
    rests = [lasts for level, lasts in heard if not level]
    assert [level for level, _ in tones] == ["1", "#", "D"]
    assert all(70 <= lasts <= 84 for _, lasts in tones)
    assert 70 <= rests[0] <= 84
    assert rests[1] >= 1000


def test_pulses(talker: Talker) -> None:
    call(talker, 0, 7, "30", m.DialMode.PULSE)
    phases = list(levels(talker, 2.9, "hook"))
    breaks = [lasts for level, lasts in phases if not level]
    makes = [lasts for level, lasts in phases if level][1:]
    assert len(breaks) == 13
    assert all(58 <= lasts <= 64 for lasts in breaks)
    between = makes.pop(2)
    assert between >= 800
    assert all(38 <= lasts <= 44 for lasts in makes)
    assert line_now(talker, 0)[0] is LineState.DIALING
    assert states(talker.wait(1.0)) == [(LineState.CALLING, 7, ClearCause.NONE)]


def test_tones_into_a_call(talker: Talker) -> None:
    assert talker.ask(m.Digits(1, 0, 7, "1").encode()) is Status.NOT_ANSWERED
    answered(talker, 0, 7)
    assert talker.ask(m.Digits(2, 0, 8, "1").encode()) is Status.NOT_ANSWERED
    assert talker.ask(m.Digits(3, 0, 7, "1z").encode()) is Status.BAD_DIGITS
    assert talker.ask(m.Digits(4, 0, 7, "1" * 32).encode()) is Status.OK
    assert talker.ask(m.Digits(5, 0, 7, "2" * 32).encode()) is Status.LINE_IN_USE
    tones = [level for level, _ in levels(talker, 6.0, "tone") if level]
    assert tones == ["1"] * 32
    assert talker.ask(m.Digits(6, 0, 7, "2" * 32).encode()) is Status.OK


def test_all_lines_dial_at_once(talker: Talker) -> None:
    for line in range(4):
        assert call(talker, line, line + 1, "12345678") is Status.OK
    told = states(talker.wait(2.0))
    assert [call for state, call, _ in told if state is LineState.CALLING] == [1, 2, 3, 4]


def test_ports_and_numbers_that_cannot_be(talker: Talker) -> None:
    assert call(talker, 4, 7) is Status.NO_SUCH_PORT
    assert call(talker, 0, 0) is Status.UNREADABLE
    assert release(talker, 4, 7) is Status.NO_SUCH_PORT
    assert release(talker, 0, 0) is Status.UNREADABLE
    assert talker.ask(m.Accept(1, 4, 7).encode()) is Status.NO_SUCH_PORT
    assert talker.ask(m.Accept(1, 0, 0).encode()) is Status.UNREADABLE
    assert talker.ask(m.Digits(1, 4, 7, "1").encode()) is Status.NO_SUCH_PORT


def test_after_boot_lines_are_guarded(board: Logic) -> None:
    talker = Talker(board)
    talker.open()
    assert call(talker, 0, 7) is Status.LINE_IN_USE
    talker.wait(0.81)
    assert call(talker, 0, 7) is Status.OK
