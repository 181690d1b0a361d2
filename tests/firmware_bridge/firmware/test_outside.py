import re
from pathlib import Path

import pytest

from firmware_bridge.firmware.outside import PINS_PATH, Outside, PinMapError, Seen, load_pins

DEFINE = re.compile(r"^#define (\w+?)_(PORT|FIRST) (\w+)$", re.MULTILINE)


def test_the_pin_map_is_the_one_that_the_firmware_has() -> None:
    text = (PINS_PATH.parent / "pins.h").read_text()
    in_c = {(name.lower(), what): value for name, what, value in DEFINE.findall(text)}
    pins = load_pins()
    groups = {**pins.inputs, **pins.outputs}
    assert {name for name, _ in in_c} == set(groups)
    for name, group in groups.items():
        assert in_c[name, "PORT"] == f"GPIO_{group.port}"
        assert in_c[name, "FIRST"] == f"{group.first}u"
    counts = dict(re.findall(r"^#define (LINES|HEADSETS|TIES) (\d+)u$", text, re.MULTILINE))
    assert counts == {"LINES": str(pins.lines), "HEADSETS": str(pins.headsets), "TIES": str(pins.ties)}
    assert f'"{pins.tones}"' in text
    assert len(pins.rows) == len(pins.columns) == 8


def strobe(outside: Outside, name: str, address: int, *, data: bool) -> list[Seen]:
    pins = outside.pins
    for bit in range(6):
        outside.change("B", bit, bool(address >> bit & 1))
    outside.change("B", 6, data)
    group = pins.outputs[name]
    outside.change(group.port, group.first, True)
    return outside.change(group.port, group.first, False)


@pytest.fixture
def outside() -> Outside:
    outside = Outside(load_pins())
    outside.change("D", 3, True)
    return outside


def test_a_crosspoint_is_a_join_and_the_enable_pin_opens_it(outside: Outside) -> None:
    assert strobe(outside, "crosspoint_strobe", 2 << 3 | 1, data=True) == [Seen("join", "headset 1 - line 2", True)]
    assert strobe(outside, "crosspoint_strobe", 2 << 3 | 1, data=True) == []
    assert outside.joined == {frozenset({"headset 1", "line 2"})}
    assert outside.change("D", 3, False) == [Seen("enable", "board", False), Seen("join", "headset 1 - line 2", False)]
    assert outside.joined == frozenset()


def test_two_of_one_side_meet_in_a_spare(outside: Outside) -> None:
    assert strobe(outside, "crosspoint_strobe", 5 << 3 | 0, data=True) == []
    assert strobe(outside, "crosspoint_strobe", 5 << 3 | 4, data=True) == [Seen("join", "headset 0 - tie 0", True)]
    assert strobe(outside, "crosspoint_strobe", 5 << 3 | 0, data=False) == [Seen("join", "headset 0 - tie 0", False)]


def test_latches_tones_and_hooks(outside: Outside) -> None:
    assert strobe(outside, "latch_strobe", 1 << 2 | 3, data=True) == [Seen("ringer", "headset 3", True)]
    assert strobe(outside, "tone_strobe", 2 << 4 | 10, data=True) == [Seen("tone", "line 2", "0")]
    assert strobe(outside, "tone_strobe", 2 << 4, data=False) == [Seen("tone", "line 2", "")]
    assert outside.change("D", 5, True) == [Seen("hook", "line 1", True)]
    assert outside.ringer == [False, False, False, True]
    assert outside.off_hook == [False, True, False, False]


def test_nothing_is_latched_while_disabled(outside: Outside) -> None:
    outside.change("D", 3, False)
    assert strobe(outside, "latch_strobe", 3, data=True) == []
    assert strobe(outside, "crosspoint_strobe", 0, data=True) == []


def test_a_reset_of_the_port_drops_relays(outside: Outside) -> None:
    outside.change("D", 4, True)
    assert Seen("hook", "line 0", False) in outside.release("D")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("first = 6", "first = 5", "bus_data"),
        ('port = "D", first = 4', 'port = "X", first = 4', "line_hook is on port X"),
        ("machine =", "machin =", "'machine' is missing"),
        ("[board]", "[board", "pins.toml"),
    ],
)
def test_a_wrong_pin_map_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "pins.toml"
    text = PINS_PATH.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(PinMapError, match=re.escape(message)):
        load_pins(path)
