"""Each pin does what the pin map says, on the firmware in QEMU."""

import asyncio
import itertools
from pathlib import Path

from firmware_bridge import messages as m
from firmware_bridge.mirror import HeadsetChanged, Port
from tests.firmware_bridge.firmware.rig import Rig, rig


async def headset_is(it: Rig, headset: int, **wanted: bool) -> None:
    def so() -> bool:
        told: HeadsetChanged = it.board.mirror.headsets[headset]
        return all(getattr(told, name) == value for name, value in wanted.items())

    await it.until(so)


async def every_headset(firmware: Path) -> None:
    async with rig(firmware) as it:
        for headset in range(4):
            it.pins.drive("headset_hook", headset, True)
            await headset_is(it, headset, off_hook=True)
            it.pins.drive("headset_hook", headset, False)
            await headset_is(it, headset, off_hook=False)
            it.pins.drive("headset_mute_button", headset, True)
            await headset_is(it, headset, muted=True)
            it.pins.drive("headset_mute_button", headset, False)
            it.board.set_headset(headset, m.Lamp.ON, ring=True, muted=True)
            await it.until(lambda h=headset: it.pins.lamp(h) and it.pins.ringing(h) and it.pins.muted(h))  # type: ignore[misc]
            it.pins.drive("headset_present", headset, False)
            await headset_is(it, headset, present=False)
            assert not it.pins.ringing(headset)
        others = {(change.what, change.where) for _, change in it.seen} - {("enable", "board")}
        assert others == {(what, f"headset {i}") for what in ("lamp", "ringer", "mute") for i in range(4)}


def test_every_headset(firmware: Path) -> None:
    asyncio.run(every_headset(firmware))


async def every_line(firmware: Path) -> None:
    async with rig(firmware) as it:
        for line in range(4):
            call = await it.answered(line)
            it.at_rest(line)
            await it.until(lambda line=line: it.line_is(line) is m.LineState.CLEARED)  # type: ignore[misc]
            it.board.release(line, call)
            await it.until(lambda line=line: it.line_is(line) is m.LineState.IDLE)  # type: ignore[misc]
            it.pins.drive("line_ring", line, True)
            await it.until(lambda line=line: it.line_is(line) is m.LineState.RINGING)  # type: ignore[misc]
            it.pins.drive("line_ring", line, False)
            it.board.ask(m.Accept(0, line, call + 1000 if call < 60000 else 5))
            await it.until(lambda line=line: it.pins.off_hook(line))  # type: ignore[misc]
            await asyncio.sleep(0.2)
            it.pins.drive("line_busy", line, True)
            await it.until(lambda line=line: it.line_is(line) is m.LineState.CLEARED)  # type: ignore[misc]
            it.pins.drive("line_busy", line, False)
        assert {change.where for _, change in it.seen if change.what == "hook"} == {f"line {i}" for i in range(4)}
        assert [value for _, value in it.pin_changes("tone") if value] == ["5"] * 4


def test_every_line(firmware: Path) -> None:
    asyncio.run(every_line(firmware))


async def all_joins(firmware: Path) -> None:
    async with rig(firmware) as it:
        calls = {}
        for line in range(4):
            calls[Port(m.PortKind.LINE, line)] = await it.answered(line)
        ports = [*calls, *(Port(m.PortKind.HEADSET, i) for i in range(4)), *(Port(m.PortKind.TIE, i) for i in range(2))]
        for a, b in itertools.combinations(ports, 2):
            it.board.join(a, calls.get(a, 0), b, calls.get(b, 0))
            pair = frozenset(f"{port.kind.name} {port.number}".lower() for port in (a, b))
            await it.until(lambda pair=pair: it.pins.joined() == {pair})  # type: ignore[misc]
            it.board.part(a, b)
            await it.until(lambda: not it.pins.joined())


def test_any_two_ports_can_be_joined(firmware: Path) -> None:
    asyncio.run(all_joins(firmware))


async def dialed(firmware: Path) -> None:
    async with rig(firmware) as it:
        it.board.call(0, "0123456789*#ABCD")
        it.board.call(1, "120", m.DialMode.PULSE)
        await it.until(lambda: it.line_is(0) is m.LineState.CALLING and it.line_is(1) is m.LineState.CALLING)
        assert "".join(str(value) for _, value in it.pin_changes("tone", "line 0")) == "0123456789*#ABCD"
        hooks = it.pin_changes("hook", "line 1")
        pairs = list(itertools.pairwise(hooks))
        breaks = [later - earlier for (earlier, was), (later, _) in pairs if not was]
        assert len(breaks) == 13
        assert 0.05 < sorted(breaks)[6] < 0.075
        makes = [later - earlier for (earlier, was), (later, _) in pairs if was][1:]
        assert [make > 0.5 for make in makes] == [True, False, True] + [False] * 9


def test_digits_on_the_pins(firmware: Path) -> None:
    asyncio.run(dialed(firmware))
