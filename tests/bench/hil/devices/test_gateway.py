"""A board switched by command, and what the host holds of it against its pins."""

import asyncio
import dataclasses
import shutil
from pathlib import Path

import pytest

from bench.hil.devices import wired
from bench.hil.devices.gateway import GatewayDevice
from bench.hil.files import BenchError
from bench.hil.person import Nobody
from bench.hil.scenario import Ability, State
from bench.hil.strategy import Strategy
from bench.hil.timeline import Timeline
from bench.hil.wiring import DeviceTable
from firmware_bridge import messages as m


def made(**settings: object) -> GatewayDevice:
    table = DeviceTable.model_validate({"name": "board", "kind": "gateway", **settings})
    return GatewayDevice(table, Timeline(asyncio.get_running_loop()), Nobody(), seed=0)


def test_a_real_board_can_do_what_its_table_says() -> None:
    async def main() -> None:
        bare = made(port="/dev/ttyACM0", injector=False)
        assert bare.abilities == {Ability.EXERCISE}
        switched = made(port="/dev/ttyACM0", power_on="true", power_off="true", image="new.bin")
        assert switched.abilities == {Ability.EXERCISE, Ability.WIRE, Ability.POWER, Ability.UPDATE}

    asyncio.run(main())


def test_a_board_that_is_not_there_is_told_and_its_power_is_switched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired, "PORT_BACK_S", 0.2)

    async def main() -> None:
        on, off = f"touch {tmp_path}/on", f"touch {tmp_path}/off"
        device = made(port=str(tmp_path / "tty"), power_on=on, power_off=off)
        strategy = Strategy(device)
        with pytest.raises(Exception, match="board"):
            await strategy.reach(State.READY)
        assert strategy.state is State.ON
        await strategy.reach(State.OFF)

    asyncio.run(main())
    assert (tmp_path / "on").exists()
    assert (tmp_path / "off").exists()


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm")
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi")
def test_a_difference_between_host_and_pins_is_told() -> None:
    async def main() -> None:
        device = made(emulated="qemu")
        strategy = Strategy(device)
        await strategy.reach(State.READY)
        try:
            assert device.objection("agree") == ""
            assert device.objection("safe") == ""
            mirror = device._driver.board.mirror  # type: ignore[union-attr]
            mirror.lines[1] = dataclasses.replace(mirror.lines[1], state=m.LineState.ANSWERED)
            assert device.objection("agree") == "line 2 is ANSWERED, and on hook on its pin"
            assert device.objection("joined") == "all lines are on hook, and nothing is joined"
            with pytest.raises(BenchError, match="knows no condition 'happy'"):
                device.objection("happy")
        finally:
            await strategy.reach(State.OFF)

    asyncio.run(main())


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm")
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi")
def test_an_emulated_board_is_ready_when_its_headsets_are_seen_too() -> None:
    async def main() -> None:
        device = made(emulated="qemu")
        strategy = Strategy(device)
        await strategy.reach(State.LINKED)
        try:
            assert device._board is not None and device._driver is not None
            mirror = device._driver.board.mirror
            device._board.drive("headset_present", 2, False)
            async with asyncio.timeout(10):
                while mirror.headsets[2].present or any(
                    line.state != m.LineState.IDLE for line in mirror.lines.values()
                ):
                    await asyncio.sleep(0.01)
            with pytest.raises(BenchError, match=r"board is not ready within 0\.3 s"):
                await strategy.reach(State.READY, limit_s=0.3)
            device._board.drive("headset_present", 2, True)
            await strategy.reach(State.READY)
        finally:
            await strategy.reach(State.OFF)

    asyncio.run(main())
