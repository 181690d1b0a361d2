import asyncio
from pathlib import Path

import pytest

from bench.hil.emulated.exchange import Exchange
from bench.hil.emulated.modem import EmulatedModem
from hw.contract.driver import DriverError
from hw.modem.device import Device
from hw.modem.modem import Health, ResetWanted, StateTold, Told
from hw.modem.settings import ModemSettings
from hw.tty import open_tty
from tests.hw.modem.stage import run_hastily

IMEI = "490154203237518"


class Watcher:
    """Keeps what a device told, and waits for states."""

    def __init__(self, folder: Path, port: str) -> None:
        self.told: list[Told] = []
        self.device = Device(
            ModemSettings("m", "gsm", port),
            lambda _, told: self.told.append(told),
            lambda sms: None,
            candidates=lambda: sorted(str(path) for path in folder.glob("port*")),
        )

    async def until(self, health: Health) -> None:
        """Wait until the modem's health is so."""
        async with asyncio.timeout(15):
            while self.device.modem.health is not health:
                await asyncio.sleep(0.01)

    @property
    def states(self) -> list[str]:
        """Why it could not be used, in order; empty where it could."""
        return [told.because for told in self.told if isinstance(told, StateTold)]


def test_a_port_is_waited_for_and_the_reason_is_told_once(tmp_path: Path) -> None:
    async def main() -> None:
        port = str(tmp_path / "port0")
        watcher = Watcher(tmp_path, port)
        watcher.device.start()
        await asyncio.sleep(1.5)
        assert watcher.states == [f"there is no {port}; plug the modem in or correct the port"]
        modem = EmulatedModem(Exchange())
        modem.open_pty(Path(port))
        await watcher.until(Health.READY)
        assert watcher.states[-1] == ""
        await watcher.device.close()
        modem.close()

    asyncio.run(main())


def test_a_port_that_goes_is_named_once_also_while_the_modem_is_looked_for_elsewhere(tmp_path: Path) -> None:
    async def main() -> None:
        port = tmp_path / "port0"
        modem, other = EmulatedModem(Exchange(), imei=IMEI), EmulatedModem(Exchange(), imei="490154203237777")
        modem.open_pty(port)
        other.open_pty(tmp_path / "port1")
        watcher = Watcher(tmp_path, str(port))
        watcher.device.start()
        await watcher.until(Health.READY)
        before = len(watcher.states)
        modem.unplug()
        await watcher.until(Health.ABSENT)
        await asyncio.sleep(1.5)
        because = f"its port {port} is gone; plug it in again, into any socket: it is looked for by its IMEI {IMEI}"
        assert watcher.states[before:] == [because]
        assert watcher.device.settled
        modem.open_pty(tmp_path / "port2")
        await watcher.until(Health.READY)
        assert watcher.device.path == str(tmp_path / "port2")
        await watcher.device.close()
        modem.close()
        other.close()

    asyncio.run(main())


def test_another_modem_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    async def main() -> None:
        other, ours = EmulatedModem(Exchange(), imei="490154203237777"), EmulatedModem(Exchange(), imei=IMEI)
        other.open_pty(tmp_path / "port0")
        ours.open_pty(tmp_path / "port1")
        watcher = Watcher(tmp_path, f"imei:{IMEI}")
        watcher.device.start()
        await watcher.until(Health.READY)
        assert watcher.device.path == str(tmp_path / "port1")
        await watcher.device.close()
        other.close()
        ours.close()

    asyncio.run(main())


def test_a_device_that_is_closed_in_the_middle_of_a_reset_lets_go_of_its_port(tmp_path: Path) -> None:
    async def main() -> None:
        modem = EmulatedModem(Exchange())
        port = modem.open_pty(tmp_path / "port0")
        closed = asyncio.Event()

        async def close() -> None:
            await device.close()
            closed.set()

        def hear(_: Device, told: Told) -> None:
            if isinstance(told, ResetWanted):
                with pytest.raises(DriverError, match="another program has it open"):
                    open_tty(port, 115200)
                closing.append(asyncio.create_task(close()))

        closing: list[asyncio.Task[None]] = []
        device = Device(ModemSettings("m", "gsm", port), hear, lambda sms: None, candidates=lambda: [])
        modem.faults.hangs, modem.faults.reset_helps = True, False
        device.start()
        async with asyncio.timeout(200):
            await closed.wait()
        open_tty(port, 115200).close()
        modem.close()

    run_hastily(main())


def test_a_modem_that_hangs_for_good_goes_out_of_service(tmp_path: Path) -> None:
    async def main() -> None:
        modem = EmulatedModem(Exchange())
        modem.open_pty(tmp_path / "port0")
        watcher = Watcher(tmp_path, str(tmp_path / "port0"))
        watcher.device.start()
        await watcher.until(Health.READY)
        modem.faults.reset_helps = False
        modem.faults.hangs = True
        async with asyncio.timeout(200):
            await asyncio.sleep(1)
            while watcher.device.modem.health is not Health.OUT:
                await asyncio.sleep(0.1)
        assert "3 resets did not help; switch it off and on" in watcher.states[-1]
        modem.unplug()
        modem.faults.hangs = False
        modem.open_pty(tmp_path / "port0")
        await watcher.until(Health.READY)
        await watcher.device.close()
        modem.close()

    run_hastily(main())
