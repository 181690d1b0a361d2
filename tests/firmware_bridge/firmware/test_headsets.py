from firmware_bridge import messages as m
from firmware_bridge.messages import Lamp, Status
from tests.firmware_bridge.firmware.logic import HOOK, MUTE_BUTTON, PRESENT, Talker


def headsets(told: list[m.Message]) -> list[tuple[bool, bool, bool, Lamp, bool]]:
    return [(h.present, h.off_hook, h.muted, h.lamp, h.ring) for h in told if isinstance(h, m.HeadsetIs)]


def setting(talker: Talker, lamp: Lamp, *, ring: bool = False, muted: bool = False) -> Status:
    return talker.ask(m.HeadsetSet(talker.next_command(), 1, lamp, ring, muted).encode())


def test_a_setting_is_seen_on_the_pins_and_told(talker: Talker) -> None:
    assert setting(talker, Lamp.ON, ring=True, muted=True) is Status.OK
    assert headsets(talker.told) == [(True, False, True, Lamp.ON, True)]
    board = talker.board
    assert board.lamp(1) and board.ringer(1) and board.mute(1)
    assert setting(talker, Lamp.ON, ring=True, muted=True) is Status.OK
    assert headsets(talker.told) == []
    assert setting(talker, Lamp.OFF) is Status.OK
    assert not (board.lamp(1) or board.ringer(1) or board.mute(1))


def test_taking_it_off_hook_stops_the_ringer(talker: Talker) -> None:
    setting(talker, Lamp.FAST, ring=True)
    talker.board.headset(1, PRESENT | HOOK)
    assert headsets(talker.wait(0.1)) == [(True, True, False, Lamp.FAST, False)]
    assert not talker.board.ringer(1)
    talker.board.headset(1, PRESENT)
    assert headsets(talker.wait(0.1)) == [(True, False, False, Lamp.FAST, False)]
    assert not talker.board.ringer(1)


def test_a_bounce_of_the_hook_is_told_once(talker: Talker) -> None:
    board = talker.board
    for _ in range(5):
        board.headset(1, PRESENT | HOOK)
        talker.wait(0.006)
        board.headset(1, PRESENT)
        talker.wait(0.006)
    board.headset(1, PRESENT | HOOK)
    assert headsets(talker.wait(0.2)) == [(True, True, False, Lamp.OFF, False)]


def test_each_press_of_the_mute_button_turns_it(talker: Talker) -> None:
    board = talker.board
    seen = []
    for _ in range(3):
        board.headset(1, PRESENT | MUTE_BUTTON)
        seen += headsets(talker.wait(0.5))
        board.headset(1, PRESENT)
        seen += headsets(talker.wait(0.1))
    assert [muted for _, _, muted, _, _ in seen] == [True, False, True]
    assert board.mute(1)
    assert setting(talker, Lamp.OFF, muted=False) is Status.OK
    assert not board.mute(1)


def test_blinking(talker: Talker) -> None:
    for lamp, changes in ((Lamp.SLOW, 8), (Lamp.FAST, 32), (Lamp.ON, 0)):
        setting(talker, lamp)
        talker.wait(0.002)
        level, seen = talker.board.lamp(1), 0
        for _ in range(2000):
            talker.wait(0.002)
            seen += talker.board.lamp(1) != level
            level = talker.board.lamp(1)
        assert abs(seen - changes) <= 1


def test_unplugged_and_back(talker: Talker) -> None:
    talker.board.headset(1, PRESENT | HOOK)
    talker.wait(0.1)
    talker.board.headset(1, HOOK)
    assert headsets(talker.wait(0.1)) == [(False, False, False, Lamp.OFF, False)]
    assert setting(talker, Lamp.ON, ring=True) is Status.OK
    assert not talker.board.ringer(1)
    talker.board.headset(1, PRESENT)
    assert headsets(talker.wait(0.1)) == [(True, False, False, Lamp.ON, True)]
    assert talker.board.ringer(1)


def test_no_such_headset(talker: Talker) -> None:
    assert talker.ask(m.HeadsetSet(1, 4, Lamp.ON, False, False).encode()) is Status.NO_SUCH_PORT
