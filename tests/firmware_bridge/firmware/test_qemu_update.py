"""New firmware over the link: tried once, kept when confirmed, left again when not."""

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from bench.hil.faults import Faults
from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.messages import Status
from tests.firmware_bridge.firmware.rig import PERFECT, BoardUp, Rig, rig
from tests.firmware_bridge.firmware.test_qemu_safety import UNDEFINED, address_of, overwrite

VECTORS = 60 * 4
FAILURES = 5
BRANCH_TO_ITSELF = b"\xfe\xe7"
BAD_WIRE = Faults(damage=0.05, loss=0.02, duplication=0.03, delay_s=0.001, jitter_s=0.003)


def factory_image(firmware: Path) -> bytes:
    return firmware.with_name("app.bin").read_bytes()


def variant(firmware: Path, mark: bytes) -> bytes:
    """The same firmware as another image."""
    return factory_image(firmware) + mark


def hanging(firmware: Path) -> bytes:
    """An image that looks right and does nothing."""
    image = factory_image(firmware)
    return image[:VECTORS] + BRANCH_TO_ITSELF * ((len(image) - VECTORS) // 2)


def build_of(image: bytes) -> bytes:
    return hashlib.sha256(image).digest()[:8]


def welcomed(it: Rig) -> m.Welcome:
    up = it.events(BoardUp)[-1]
    assert isinstance(up, BoardUp)
    return up.welcome


async def again_up(it: Rig, ups: int) -> m.Welcome:
    await it.until(lambda: len(it.events(BoardUp)) > ups, 60.0)
    return welcomed(it)


async def reset(it: Rig) -> m.Welcome:
    ups = len(it.events(BoardUp))
    await asyncio.to_thread(it.pins.reset)
    return await again_up(it, ups)


async def upload(it: Rig, image: bytes) -> list[Status]:
    """Up to UpdateEnd; the statuses that came."""
    commands: list[m.HostMessage] = [
        m.UpdateBegin(0, len(image), hashlib.sha256(image).digest()),
        *(m.UpdateChunk(0, at, image[at : at + 192]) for at in range(0, len(image), 192)),
        m.UpdateEnd(0),
    ]
    known = len(it.events(Done))
    for command in commands:
        it.board.ask(command)
    await it.until(lambda: len(it.events(Done)) == known + len(commands))
    return [event.status for event in it.events(Done)[known:] if isinstance(event, Done)]


async def reboot(it: Rig) -> m.Welcome:
    ups = len(it.events(BoardUp))
    it.board.ask(m.Reboot(0))
    return await again_up(it, ups)


async def kept(firmware: Path) -> None:
    async with rig(firmware) as it:
        image = variant(firmware, b"next")
        assert welcomed(it).build == build_of(factory_image(firmware))
        it.faults(BAD_WIRE)
        welcome = await it.board.update(image)
        it.faults(PERFECT)
        assert welcome.build == build_of(image)
        assert welcome.reset_cause is m.ResetCause.COMMANDED
        for _ in range(2):
            assert (await reset(it)).build == build_of(image)
        await it.settled()
        await it.answered(0)


def test_an_image_that_is_confirmed_stays_also_when_the_wire_is_bad(firmware: Path) -> None:
    asyncio.run(kept(firmware))


async def not_confirmed(firmware: Path) -> None:
    async with rig(firmware) as it:
        image = variant(firmware, b"next")
        assert set(await upload(it, image)) == {Status.OK}
        assert (await reboot(it)).build == build_of(image)
        for _ in range(2):
            assert (await reset(it)).build == build_of(factory_image(firmware))


def test_an_image_that_is_not_confirmed_is_left_again(firmware: Path) -> None:
    asyncio.run(not_confirmed(firmware))


async def falls_back(firmware: Path) -> None:
    async with rig(firmware) as it:
        good = variant(firmware, b"good")
        await it.board.update(good)
        assert set(await upload(it, hanging(firmware))) == {Status.OK}
        assert (await reboot(it)).build == build_of(good)
        newer = variant(firmware, b"newer still.")
        assert (await it.board.update(newer)).build == build_of(newer)
        assert (await reset(it)).build == build_of(newer)


def test_an_image_that_hangs_gives_way_to_the_one_before(firmware: Path) -> None:
    asyncio.run(falls_back(firmware))


async def fails_often(firmware: Path) -> None:
    async with rig(firmware) as it:
        image = variant(firmware, b"next")
        await it.board.update(image)
        assert (await reset(it)).build == build_of(image)
        for _ in range(FAILURES):
            ups, resets = len(it.events(BoardUp)), it.pins.resets
            assert welcomed(it).build == build_of(image)
            overwrite(it, address_of(firmware, "gateway_poll"), UNDEFINED)
            await it.until(lambda resets=resets: it.pins.resets > resets)  # type: ignore[misc]
            await again_up(it, ups)
        assert welcomed(it).build == build_of(factory_image(firmware))
        assert welcomed(it).reset_cause is m.ResetCause.FAULT


def test_a_confirmed_image_that_fails_five_times_in_a_row_gives_way(firmware: Path) -> None:
    asyncio.run(fails_often(firmware))


async def refused(firmware: Path, image: bytes) -> None:
    async with rig(firmware) as it:
        *received, sealed = await upload(it, image)
        assert set(received) == {Status.OK}
        assert sealed is Status.BAD_IMAGE
        assert (await reboot(it)).build == build_of(factory_image(firmware))


@pytest.mark.parametrize("kind", ["noise", "another board's", "short"])
def test_what_is_no_image_for_this_board_is_refused(firmware: Path, kind: str) -> None:
    image = {
        "noise": random.Random(1).randbytes(5000),
        "another board's": factory_image(firmware)[:28] + bytes(4) + factory_image(firmware)[32:],
        "short": factory_image(firmware)[:31],
    }[kind]
    asyncio.run(refused(firmware, image))


async def powered_off_meanwhile(firmware: Path) -> None:
    async with rig(firmware) as it:
        image = variant(firmware, b"next")
        ups = len(it.events(BoardUp))
        it.board.ask(m.UpdateBegin(0, len(image), hashlib.sha256(image).digest()))
        it.board.ask(m.UpdateChunk(0, 0, image[:192]))
        await asyncio.to_thread(it.pins.reset)
        assert (await again_up(it, ups)).build == build_of(factory_image(firmware))
        assert (await it.board.update(image)).build == build_of(image)


def test_a_reset_in_the_middle_of_an_upload_loses_the_upload_only(firmware: Path) -> None:
    asyncio.run(powered_off_meanwhile(firmware))
