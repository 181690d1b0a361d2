import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge import messages as m
from firmware_bridge.messages import Status
from tests.firmware_bridge.firmware.logic import Logic, Talker

REBOOT = m.Reboot(0).encode()[:1]


def test_a_snapshot_tells_everything_then_its_end_then_the_result(talker: Talker) -> None:
    assert talker.ask(m.SnapshotGet(5).encode()) is Status.OK
    kinds = [type(told) for told in talker.told]
    assert kinds == [m.LineIs] * 4 + [m.HeadsetIs] * 4 + [m.UpdateIs, m.SnapshotEnd, m.Result]


def test_counters(talker: Talker) -> None:
    talker.board.send(b"\0\1\2\3\4\0")
    talker.ask(m.CountersGet(1).encode())
    talker.ask(m.CountersGet(2).encode())
    (counters,) = [told for told in talker.told if isinstance(told, m.Counters)]
    assert counters.frames_bad == 1
    assert counters.commands_done == 1
    assert counters.frames_good >= 3
    assert counters.events_lost == counters.overruns == 0


@pytest.mark.parametrize("identity", [0x00, 0x0B, 0x14, 0x7F, 0x80, 0xFF])
def test_what_the_board_does_not_know_is_unsupported(talker: Talker, identity: int) -> None:
    assert talker.ask(struct.pack("<BHB", identity, 5, 9)) is Status.UNSUPPORTED
    assert talker.told == [m.Result(5, Status.UNSUPPORTED)]


@pytest.mark.parametrize(
    "payload",
    [
        m.SnapshotGet(5).encode() + b"\0",
        m.HeadsetSet(5, 0, m.Lamp.ON, False, False).encode()[:-1],
        m.HeadsetSet(5, 0, m.Lamp.ON, False, False).encode()[:-1] + b"\2",
        m.Call(5, 0, 7, m.DialMode.DTMF, "1").encode() + b"1",
        struct.pack("<BHBHBB", 1, 5, 0, 7, 9, 1) + b"1",
    ],
)
def test_a_command_that_is_not_well_formed_is_unreadable(talker: Talker, payload: bytes) -> None:
    assert talker.ask(payload) is Status.UNREADABLE
    assert talker.told == [m.Result(5, Status.UNREADABLE)]


def test_too_short_to_have_a_number_is_counted_as_damaged(talker: Talker) -> None:
    for payload in (b"\x08", b"\x08\0"):
        talker.exchange(talker.data(payload))
    talker.ask(m.CountersGet(1).encode())
    (counters,) = [told for told in talker.told if isinstance(told, m.Counters)]
    assert counters.frames_bad == 2
    assert counters.commands_done == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.lists(st.binary(min_size=1, max_size=240).filter(lambda payload: payload[:1] != REBOOT), max_size=12))
def test_whatever_comes_gets_one_result_in_order(board: Logic, payloads: list[bytes]) -> None:
    board.boot()
    talker = Talker(board)
    talker.open()
    for payload in payloads:
        talker.exchange(talker.data(payload))
        for _ in range(6):
            talker.ack()
    results = [told.command for told in talker.told if isinstance(told, m.Result)]
    assert results == [payload[1] | payload[2] << 8 for payload in payloads if len(payload) >= 3]


def test_reboot_waits_for_its_result_to_be_acknowledged(talker: Talker) -> None:
    talker.exchange(talker.data(m.Reboot(1).encode()))
    talker.board.run(0.1)
    assert talker.board.resets() == 0
    talker.ack()
    talker.board.run(0.002)
    assert talker.board.resets() == 1


def test_reboot_does_not_wait_for_long(talker: Talker) -> None:
    talker.exchange(talker.data(m.Reboot(1).encode()))
    talker.board.run(0.21)
    assert talker.board.resets() == 1


def test_no_reboot_while_calls_are_up(talker: Talker) -> None:
    assert talker.ask(m.Call(1, 0, 7, m.DialMode.DTMF, "1").encode()) is Status.OK
    assert talker.ask(m.Reboot(2).encode()) is Status.CALLS_UP
    assert talker.ask(m.UpdateBegin(3, 100, bytes(32)).encode()) is Status.CALLS_UP
    assert talker.ask(m.UpdateEnd(4).encode()) is Status.CALLS_UP
    talker.wait(0.3)
    assert talker.board.resets() == 0
