"""Hands-free headsets as devices under test: a real one on a tty, or bumble's hands-free role on a pty."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.hil.devices.base import DeviceStep
from bench.hil.devices.wired import WiredDevice
from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.files import BenchError
from bench.hil.person import Operator
from bench.hil.scenario import Ability, Agent, Power
from bench.hil.timeline import Lane, Timeline
from bench.hil.wiring import DeviceTable
from hw.contract import LineDriver
from hw.headset.station import HeadsetSettings, HeadsetStations

READY_EVERY_S = 0.02


class HeadsetDevice(WiredDevice):
    """One headset: one station."""

    delimiter = b"\r\n"
    follow_host = True

    def __init__(self, table: DeviceTable, timeline: Timeline, operator: Operator, seed: int) -> None:
        super().__init__(table, timeline, operator, seed)
        self._stations: HeadsetStations | None = None
        self._emulated: EmulatedHeadset | None = None
        self._lives = False

    @property
    def abilities(self) -> frozenset[Ability]:
        able = set(super().abilities)
        if self.table.emulated:
            able |= {Ability.HEADSETS, Ability.FREEZE}
        elif self.operator.there:
            able.add(Ability.HEADSETS)
        return frozenset(able)

    @property
    def driver(self) -> LineDriver:
        if self._stations is None:
            raise BenchError(f"{self.name} is not linked")
        return self._stations

    @property
    def trouble(self) -> str:
        return "" if self._stations is None else self.port_trouble or self._stations.states()[0].trouble

    async def switch_on(self) -> None:
        async with self.undone_by(self.switch_off):
            await self._switch_on()

    async def _switch_on(self) -> None:
        if self.table.emulated:
            folder = Path(tempfile.mkdtemp(prefix="headset-", dir="/tmp"))
            self._emulated = EmulatedHeadset(folder / "port")
            await self.power("on")
            self.lay(str(self._emulated.port))
        else:
            await self.power("on")
            self.lay(self.table.port)

    async def link(self) -> None:
        stations = HeadsetStations([HeadsetSettings(self.name, self.port, self.table.baud)])
        async with self.undone_by(stations.close):
            await stations.start(self.heard)
            await self.find_port()  # After the start: the injector follows who opens its port.
        self._stations = stations

    async def make_ready(self) -> None:
        assert self._stations is not None
        while not (state := self._stations.states()[0]).connected or (self._emulated and not self._emulated.connected):
            await asyncio.sleep(READY_EVERY_S)
        battery = state.battery_percent
        self._told = {"battery": f"{battery} %" if battery is not None else "not told"}

    async def unlink(self) -> None:
        if self._stations is not None:
            await self._stations.close()
            self._stations = None

    async def switch_off(self) -> None:
        self.take_up()
        if self._emulated is not None:
            await self.power("off")
            self._emulated.port.parent.rmdir()
            self._emulated = None
        elif self.table.power_off:
            await self.power("off")

    async def settle(self) -> None:
        await super().settle()
        if self._emulated is not None and not self._lives:
            await self.power("off")
            await self.power("on")

    async def power(self, act: str) -> None:
        if self._emulated is None:
            await super().power(act)
        elif act == "off":
            await self._emulated.switch_off()
            self._lives = False
            if self.wire is not None:  # A Bluetooth port goes away with its headset.
                self.wire.unplug()
        elif not self._lives:
            await self._emulated.switch_on()
            self._lives = True
            if self.wire is not None:
                self.wire.plug()

    def station_address(self, headset: int) -> str:
        return f"hfp:{self.name}"

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        match step:
            case Power(act="freeze") if self._emulated is not None:
                await self._emulated.fall_silent()
                self._lives = False
                self.timeline.note(Lane.POWER, self.name, step.act)
            case Agent() if self._emulated is not None:
                await self._agent(self._emulated, step)
            case Agent():
                await self.operator.ask(f"at the headset: {step.act.replace('_', ' ')}")
            case _:
                return await super().perform(step, call_id)
        return {}

    async def _agent(self, headset: EmulatedHeadset, step: Agent) -> None:
        try:
            match step.act:
                case "pick_up":
                    await headset.press_answer()
                case "hang_up":
                    await headset.press_end()
                case "press_mute":
                    await headset.mute(not headset.muted)
                case "unplug" | "plug":
                    await self.power("on" if step.act == "plug" else "off")
        except ConnectionError as error:
            raise BenchError(f"{self.name}: the headset's button does nothing: {error}") from error
