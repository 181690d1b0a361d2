"""Power cut at random moments, in the middle of whatever goes on: host and board agree within 2 s of each boot."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from firmware_bridge import messages as m
from firmware_bridge.mirror import Port
from tests.firmware_bridge.firmware.rig import BoardDown, BoardUp, Rig, random_port, rig

AGREED_WITHIN_S = 2.0
# What a loaded test machine may add, now and then: several wires and boards in one process wait for each other.
GRACE_S = 8.0
UART_ICR, RECEIVED = 0x4000C044, 0x50


async def keep_busy(it: Rig, rng: random.Random) -> None:
    """Calls, joins and settings without an end."""
    while True:
        a, b = random_port(rng), random_port(rng)
        line = rng.randrange(4)
        match rng.randrange(5):
            case 0:
                it.board.call(line, "12125550142")
            case 1 if it.board.up:
                it.board.release(line, it.board.mirror.lines[line].call or 1)
            case 2:
                it.board.join(a, 0, b, 0)
            case 3:
                it.board.part(a, b)
            case _:
                it.board.set_headset(rng.randrange(4), m.Lamp.ON, ring=True, muted=rng.random() < 0.5)
        await asyncio.sleep(rng.random() * 0.03)


async def cycle(it: Rig, rng: random.Random) -> float:
    """Cut the power and give it back; seconds from boot to agreement."""
    ups = len(it.events(BoardUp))
    busy = asyncio.create_task(keep_busy(it, rng))
    await asyncio.sleep(rng.random() * 1.2)
    busy.cancel()
    await asyncio.to_thread(it.pins.power_off)
    assert it.pins.safe()
    await asyncio.sleep(rng.random() * 0.3)
    await asyncio.to_thread(it.pins.power_on)
    booted_at = time.monotonic()
    await it.until(lambda: len(it.events(BoardUp)) > ups and it.agrees(), AGREED_WITHIN_S + GRACE_S)
    took_s = time.monotonic() - booted_at
    up = it.events(BoardUp)[-1]
    assert isinstance(up, BoardUp)
    assert up.rebooted
    assert up.welcome.reset_cause is m.ResetCause.POWER_ON
    assert it.pins.safe()
    return took_s


async def cycles(firmware: Path, count: int, seed: int) -> list[int]:
    """The boot nonces that were seen."""
    rng = random.Random(seed)
    async with rig(firmware, seed=seed) as it:
        took_s = [await cycle(it, rng) for _ in range(count)]
        assert sorted(took_s)[len(took_s) * 3 // 4] <= AGREED_WITHIN_S
        return [up.welcome.boot_nonce for up in it.events(BoardUp) if isinstance(up, BoardUp)]


async def on_many_boards(firmware: Path, boards: int, each: int) -> None:
    nonces = await asyncio.gather(*(cycles(firmware, each, seed) for seed in range(boards)))
    drawn = [nonce for of_board in nonces for nonce in of_board]
    assert len(drawn) == boards * (each + 1)
    assert len(set(drawn)) == len(drawn)


def test_a_hundred_power_cycles_at_random_moments(firmware: Path) -> None:
    asyncio.run(on_many_boards(firmware, boards=5, each=20))


@pytest.mark.soak
def test_a_thousand_power_cycles_at_random_moments(firmware: Path) -> None:
    asyncio.run(on_many_boards(firmware, boards=10, each=100))


async def reset_pin(firmware: Path) -> None:
    async with rig(firmware) as it:
        nonces = set()
        for _ in range(3):
            call = await it.answered(0)
            it.board.join(Port(m.PortKind.LINE, 0), call, Port(m.PortKind.HEADSET, 0), 0)
            await it.until(lambda: it.pins.joined())
            ups = len(it.events(BoardUp))
            await asyncio.to_thread(it.pins.reset)
            it.at_rest(0)
            await it.until(it.pins.safe, 0.5)
            await it.until(lambda ups=ups: len(it.events(BoardUp)) > ups and it.agrees())  # type: ignore[misc]
            up = it.events(BoardUp)[-1]
            assert isinstance(up, BoardUp)
            assert up.rebooted
            assert up.welcome.reset_cause is m.ResetCause.EXTERNAL
            nonces.add(up.welcome.boot_nonce)
            await it.settled()
        assert len(nonces) == 3


def test_the_reset_pin(firmware: Path) -> None:
    asyncio.run(reset_pin(firmware))


async def reset_with_bytes_unread(firmware: Path) -> None:
    """In the interrupt's handler, between its acknowledgement and the reading. QEMU's UART has no reset of its own."""
    async with rig(firmware) as it:
        ups = len(it.events(BoardUp))
        await asyncio.to_thread(it.pins.freeze)
        await it.until(lambda: it.events(BoardDown))
        it.pins._qemu.qtest.write_word(UART_ICR, RECEIVED)
        await asyncio.to_thread(it.pins.reset)
        await it.until(lambda: len(it.events(BoardUp)) > ups and it.agrees())
        assert it.events(BoardUp)[-1].rebooted  # type: ignore[attr-defined]


def test_a_reset_while_bytes_wait_unread_does_not_make_the_board_deaf(firmware: Path) -> None:
    asyncio.run(reset_with_bytes_unread(firmware))
