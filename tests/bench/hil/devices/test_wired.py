"""Ports of real devices: what is wrong with one is said at once, with its name."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bench.hil.devices import modem as modems
from bench.hil.devices import wired
from bench.hil.devices.gateway import GatewayDevice
from bench.hil.devices.headset import HeadsetDevice
from bench.hil.devices.modem import ModemDevice
from bench.hil.devices.wired import WiredDevice
from bench.hil.emulated.exchange import Exchange
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.files import BenchError
from bench.hil.person import Nobody
from bench.hil.scenario import State
from bench.hil.strategy import Strategy
from bench.hil.timeline import Entry, Lane, Timeline
from bench.hil.wire import Wire, WireError
from bench.hil.wiring import DeviceTable
from hw.tty import open_tty

KINDS: dict[str, Callable[..., WiredDevice]] = {
    "gateway": GatewayDevice,
    "modem": ModemDevice,
    "headset": HeadsetDevice,
}
AT_ONCE_S = 4.0


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A port behind which nobody says anything."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def made(kind: str, **settings: object) -> WiredDevice:
    table = DeviceTable.model_validate({"name": f"my-{kind}", "kind": kind, **settings})
    return KINDS[kind](table, Timeline(asyncio.get_running_loop()), Nobody(), seed=0)


def folders_of(device: WiredDevice) -> list[Path]:
    return list(Path("/tmp").glob(f"bench-*/{device.name}"))


async def why_not_ready(device: WiredDevice, limit_s: float = AT_ONCE_S) -> str:
    strategy = Strategy(device)
    try:
        with pytest.raises(BenchError) as refused:
            async with asyncio.timeout(limit_s):
                await strategy.reach(State.READY)
    finally:
        await strategy.reach(State.OFF)
    assert device.wire is None
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("injector", [True, False])
def test_a_port_that_is_not_there_is_named_at_once(kind: str, injector: bool) -> None:
    async def main() -> None:
        told = await why_not_ready(made(kind, port="/dev/ttyNOPE", injector=injector))
        assert told == f"my-{kind}: /dev/ttyNOPE: no such device; is it plugged in, and is the port's name right?"

    asyncio.run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_a_tcp_port_that_refuses_is_named_at_once(kind: str) -> None:
    async def main() -> None:
        told = await why_not_ready(made(kind, port="tcp:127.0.0.1:9"))
        assert told == f"my-{kind}: tcp:127.0.0.1:9: connection refused"

    asyncio.run(main())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("injector", [True, False])
def test_what_is_no_port_is_named_at_once(kind: str, injector: bool, tmp_path: Path) -> None:
    async def main() -> None:
        told = await why_not_ready(made(kind, port=str(tmp_path), injector=injector))
        assert told == f"my-{kind}: {tmp_path}: a directory, not a serial port"

    asyncio.run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_another_program_has_is_left_to_it(kind: str, silent_port: str) -> None:
    async def main() -> None:
        with open_tty(silent_port, 115200):
            told = await why_not_ready(made(kind, port=silent_port))
        assert told.startswith(f"my-{kind}: {silent_port}: ")
        assert told.endswith("another program has it open")

    asyncio.run(main())


def test_a_silent_modem_is_told_with_its_port(silent_port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modems, "NETWORK_LIMIT_S", 0.3)

    async def main() -> None:
        told = await why_not_ready(made("modem", port=silent_port))
        assert told.startswith(f"my-modem: {silent_port}: ")

    asyncio.run(main())


def test_a_port_that_was_there_is_waited_for(tmp_path: Path) -> None:
    async def main() -> None:
        port = tmp_path / "modem"
        real = EmulatedModem(Exchange())
        real.open_pty(port)
        device = made("modem", port=str(port))
        strategy = Strategy(device)
        await strategy.reach(State.READY)
        await strategy.reach(State.OFF)
        real.unplug()
        asyncio.get_running_loop().call_later(0.3, real.open_pty, port)
        await strategy.reach(State.READY)
        await strategy.reach(State.OFF)
        real.close()

    asyncio.run(main())


def test_a_port_that_just_got_power_is_waited_for_within_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired, "PORT_BACK_S", 0.3)

    async def main() -> None:
        device = made("modem", port=str(tmp_path / "tty"), power_on="true", power_off="true")
        began_at = asyncio.get_running_loop().time()
        assert "no such device" in await why_not_ready(device)
        assert asyncio.get_running_loop().time() - began_at >= 0.3

    asyncio.run(main())


@pytest.mark.parametrize(("kind", "emulated"), [("modem", "plain"), ("headset", "handsfree"), ("gateway", "qemu")])
def test_a_wire_that_cannot_be_laid_leaves_nothing(kind: str, emulated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if emulated == "qemu" and (shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-gcc") is None):
        pytest.skip("apt-get install qemu-system-arm gcc-arm-none-eabi")

    def refuse(self: object) -> None:
        raise WireError("no wire today")

    async def main() -> None:
        device = made(kind, emulated=emulated)
        strategy = Strategy(device)
        with pytest.raises(BenchError, match=f"my-{kind}: no wire today"):
            await strategy.reach(State.READY)
        assert strategy.state is State.OFF
        assert device.wire is None
        assert folders_of(device) == []
        assert getattr(device, "_board", None) is None
        assert getattr(device, "_emulated", None) is None

    monkeypatch.setattr(Wire, "start", refuse)
    asyncio.run(main())


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm")
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi")
@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.03, 0.06])
def test_a_board_whose_start_is_cancelled_is_off(delay_s: float) -> None:
    async def main() -> None:
        device = made("gateway", emulated="qemu")
        assert isinstance(device, GatewayDevice)
        task = asyncio.create_task(device.switch_on())
        await asyncio.sleep(delay_s)
        board = device._board
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if task.cancelled():
            assert device._board is None
            assert board is None or (board.pid is None and not Path(board.serial.removeprefix("unix:")).parent.exists())
        await device.switch_off()

    asyncio.run(main())


def test_a_command_that_switches_nothing_is_not_the_device_s_failure() -> None:
    off, on = (Entry(at, Lane.POWER, "my-modem", act) for at, act in ((0.0, "off"), (1.0, "on")))

    async def main() -> None:
        device = made("modem", port="/dev/ttyNOPE", power_on="true", power_off="true")
        assert device.not_switched([off]) == "my-modem: power_off 'true' seems to switch nothing: it still answers"
        assert device.not_switched([off, on]) == device.not_switched([]) == ""
        assert made("modem", port="/dev/ttyNOPE").not_switched([off]) == ""

    asyncio.run(main())
