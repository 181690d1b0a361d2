"""What the firmware does on its pins when the host, or it itself, is in trouble."""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.hil.board import EmulatedBoard
from bench.hil.wire import Wire
from firmware_bridge import messages as m
from firmware_bridge.firmware.outside import Seen
from firmware_bridge.messages import Lamp, PortKind
from firmware_bridge.mirror import Port
from tests.firmware_bridge.firmware.rig import BoardUp, Rig, rig

ROOT = Path(__file__).parents[3]
KEEPALIVE_S = m.KEEPALIVE_MS / 1000
# What a loaded test machine may add to a time that is read from outside.
GRACE_S = 0.5
BRANCH_TO_ITSELF = 0xE7FE
UNDEFINED = 0xDE00
INTERRUPTS_OFF = 0xB672


def test_a_killed_host_leaves_a_safe_board_within_the_keepalive(firmware: Path, tmp_path: Path) -> None:
    seen: list[tuple[float, Seen]] = []
    with EmulatedBoard(firmware, on_seen=lambda at, what: seen.append((at, what))) as pins:
        with Wire(pins.serial, tmp_path / "tty", delimiter=b"\0"):
            time.sleep(1.0)
            command = [sys.executable, "-m", "tests.firmware_bridge.firmware.child_host", str(tmp_path / "tty")]
            child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            try:
                assert child.stdout is not None
                assert child.stdout.readline() == "calling\n"
                pins.feed(0, reverse=True)
                assert child.stdout.readline() == "joined\n"
                assert pins.joined() == {frozenset({"line 0", "headset 1"})}
                assert pins.off_hook(0) and pins.lamp(1) and pins.ringing(2)
            finally:
                child.send_signal(signal.SIGKILL)
            killed_at = time.monotonic()
            child.wait()
            time.sleep(KEEPALIVE_S + GRACE_S)
        assert pins.safe() and not pins.lamp(1) and not pins.ringing(2)
        for what, where in (("hook", "line 0"), ("join", "headset 1 - line 0"), ("lamp", "headset 1")):
            off_at = [at for at, one in seen if (one.what, one.where, one.value) == (what, where, False)][-1]
            assert 0 < off_at - killed_at <= KEEPALIVE_S + GRACE_S
        after = [one for at, one in seen if at > killed_at + KEEPALIVE_S + GRACE_S and one.value]
        assert after == []


def address_of(firmware: Path, function: str) -> int:
    """Where a function is in RAM."""
    tool = shutil.which("arm-none-eabi-nm")
    assert tool is not None
    listing = subprocess.run([tool, str(firmware.with_name("app.elf"))], capture_output=True, text=True, check=True)
    (line,) = [line for line in listing.stdout.splitlines() if line.endswith(f" {function}")]
    return int(line.split()[0], 16)


def overwrite(it: Rig, address: int, *halfwords: int) -> None:
    """Put instructions in the place of others at one moment of the firmware that runs."""
    it.pins.freeze()
    for place, halfword in enumerate(halfwords):
        it.pins._qemu.qtest.write_halfword(address + 2 * place, halfword)
    it.pins.thaw()


async def joined_call(it: Rig) -> None:
    call = await it.answered(0)
    it.board.join(Port(PortKind.LINE, 0), call, Port(PortKind.HEADSET, 1), 0)
    it.board.set_headset(1, Lamp.ON, ring=False, muted=False)
    await it.until(lambda: it.pins.joined() and it.pins.lamp(1))


async def trouble(firmware: Path, instructions: tuple[int, ...], safe_within_s: float, cause: m.ResetCause) -> None:
    async with rig(firmware) as it:
        await joined_call(it)
        ups = len(it.events(BoardUp))
        began_at = time.monotonic()
        overwrite(it, address_of(firmware, "gateway_poll"), *instructions)
        await it.until(it.pins.safe)
        assert time.monotonic() - began_at <= safe_within_s + GRACE_S
        it.at_rest(0)
        await it.until(lambda: len(it.events(BoardUp)) > ups)
        up = it.events(BoardUp)[-1]
        assert isinstance(up, BoardUp)
        assert up.rebooted and up.welcome.reset_cause is cause
        await it.settled()
        await joined_call(it)


@pytest.mark.parametrize(
    ("instructions", "safe_within_s", "cause"),
    [
        pytest.param((BRANCH_TO_ITSELF,), 1.0, m.ResetCause.WATCHDOG, id="hang"),
        pytest.param((INTERRUPTS_OFF, BRANCH_TO_ITSELF), 2.0, m.ResetCause.EXTERNAL, id="hang without interrupts"),
        pytest.param((UNDEFINED,), 0.1, m.ResetCause.FAULT, id="fault"),
    ],
)
def test_trouble_in_the_firmware_ends_in_a_safe_and_working_board(
    firmware: Path, instructions: tuple[int, ...], safe_within_s: float, cause: m.ResetCause
) -> None:
    asyncio.run(trouble(firmware, instructions, safe_within_s, cause))


async def unplugged(firmware: Path) -> None:
    async with rig(firmware) as it:
        await joined_call(it)
        it.wire.cut()
        cut_at = time.monotonic()
        await it.until(it.pins.safe)
        assert time.monotonic() - cut_at <= KEEPALIVE_S + GRACE_S
        it.at_rest(0)
        it.wire.mend()
        await it.settled()
        await it.until(it.agrees)
        up = it.events(BoardUp)[-1]
        assert isinstance(up, BoardUp)
        assert not up.rebooted


def test_a_cut_cable(firmware: Path) -> None:
    asyncio.run(unplugged(firmware))


async def commanded(firmware: Path) -> None:
    async with rig(firmware) as it:
        ups = len(it.events(BoardUp))
        it.board.ask(m.Reboot(0))
        await it.until(lambda: len(it.events(BoardUp)) > ups)
        up = it.events(BoardUp)[-1]
        assert isinstance(up, BoardUp)
        assert up.welcome.reset_cause is m.ResetCause.COMMANDED


def test_reboot(firmware: Path) -> None:
    asyncio.run(commanded(firmware))
