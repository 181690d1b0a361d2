"""Devices on a serial wire: the wire is laid through the fault injector, to a tty or to an emulated device's socket."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bench.hil.devices.base import Device, DeviceStep, run_command, wire_details
from bench.hil.files import BenchError
from bench.hil.person import Operator
from bench.hil.ports import why_no_port
from bench.hil.scenario import Ability, Power, WireStep
from bench.hil.timeline import Entry, Lane, Timeline
from bench.hil.wire import Way, Wire
from bench.hil.wiring import DeviceTable

# A port that was there a moment ago, or was just given power, may take this long to appear.
PORT_BACK_S = 15.0
_FIRST_LOOK_S = 2.0
_LOOK_EVERY_S = 0.02


class WiredDevice(Device):
    """A device behind a serial port; `delimiter` ends its frames or lines."""

    delimiter: bytes | None = None
    follow_host = False

    def __init__(self, table: DeviceTable, timeline: Timeline, operator: Operator, seed: int) -> None:
        super().__init__(table, timeline, operator)
        self.wire: Wire | None = None
        self._seed = seed
        self._folder: Path | None = None
        self._had_port = False

    @property
    def abilities(self) -> frozenset[Ability]:
        able = set()
        if self.table.emulated or self.table.injector:
            able.add(Ability.WIRE)
        if self.table.emulated or self.table.power_on or self.operator.there:
            able.add(Ability.POWER)
        return frozenset(able)

    @property
    def port(self) -> str:
        """The path that the driver opens."""
        return str(self.wire.path) if self.wire is not None else self.table.port

    def lay(self, far: str) -> None:
        """Lay the wire to an emulated device's address, or to the real port, with the faults that are always there."""
        if not self.table.emulated and not self.table.injector:
            return
        self._folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
        try:
            self.wire = Wire(
                far,
                self._folder / self.name,
                seed=self._seed,
                delimiter=self.delimiter,
                baud=self.table.baud,
                follow_host=self.follow_host,
            )
            self._faults_at_rest()
            self.wire.start()
        except BaseException as error:
            self.take_up()
            if isinstance(error, BenchError):
                raise BenchError(f"{self.name}: {error}") from error
            raise

    def take_up(self) -> None:
        """Undo `lay`."""
        if self.wire is not None:
            self.wire.stop()
            self.wire = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def hits(self) -> int:
        if self.wire is None:
            return 0
        told = [self.wire.counters(way) for way in Way]
        return sum(each.damaged + each.lost + each.cut + each.duplicated + each.noisy for each in told)

    def not_switched(self, entries: Sequence[Entry]) -> str:
        switched = [entry.what for entry in entries if entry.lane is Lane.POWER]
        if self.table.emulated or not self.table.power_off or switched[-1:] != ["off"] or self.trouble:
            return ""
        return f"{self.name}: power_off {self.table.power_off!r} seems to switch nothing: it still answers"

    async def find_port(self) -> None:
        """See that a real device's port can be opened; wait for it where it was there before, or just got power.

        Raises BenchError with what is wrong with the port.
        """
        if self.table.emulated:
            return
        until = time.monotonic() + self._port_limit_s()
        looked_until = time.monotonic() + _FIRST_LOOK_S
        while not self._port_open():
            now, why = time.monotonic(), self.port_trouble
            if now >= until and (why or now >= looked_until):
                raise BenchError(f"{self.name}: {why or f'{self.table.port} does not open'}")
            await asyncio.sleep(_LOOK_EVERY_S)
        self._had_port = True

    @property
    def port_trouble(self) -> str:
        """Why a real device's port is not open now, with its name; empty when it is, or nothing is known."""
        if self.table.emulated:
            return ""
        if self.wire is not None:
            return self.wire.trouble
        if not self.table.port.startswith("/"):
            return f"{self.table.port}: with injector = false a port is the path of a tty"
        return why_no_port(self.table.port)

    def _port_open(self) -> bool:
        return self.wire.device_up if self.wire is not None else not self.port_trouble

    def _port_limit_s(self) -> float:
        switched = bool(self.table.power_on) or self.operator.there
        return PORT_BACK_S if self._had_port or switched else 0.0

    def said(self, because: str) -> str:
        """Why there is no link: what is wrong with the port, else what the driver says, with the port's name."""
        where = "" if self.table.emulated else f"{self.table.port}: "
        return f"{self.name}: {self.port_trouble or where + because}"

    @asynccontextmanager
    async def undone_by(self, undo: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """What is begun within is undone when it fails or is cancelled: nobody else knows of half of it."""
        try:
            yield
        except BaseException:
            with suppress(BenchError):
                await undo()
            raise

    async def settle(self) -> None:
        if self.wire is not None:
            self._faults_at_rest()
            self.wire.mend()
            self.wire.plug()

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        if isinstance(step, WireStep) and self.wire is not None:
            self._handle_wire(self.wire, step)
            self.timeline.note(Lane.WIRE, self.name, step.act, **wire_details(step))
            return {}
        if isinstance(step, Power) and step.act in ("on", "off"):
            await self.power(step.act)
            self.timeline.note(Lane.POWER, self.name, step.act)
            return {}
        return await super().perform(step, call_id)

    async def power(self, act: str) -> None:
        """Switch the supply of a real device: by its command, or by the person at the bench."""
        command = self.table.power_on if act == "on" else self.table.power_off
        if command:
            await run_command(command, self.name)
        elif self.operator.there:
            await self.operator.ask(f"switch {self.name} {act}")
        elif act == "off":
            raise BenchError(f"{self.name} cannot be switched off: set power_on and power_off, or by_hand = true")

    def _faults_at_rest(self) -> None:
        assert self.wire is not None
        self.wire.set_faults(to_device=self.table.to_device.faults(), to_host=self.table.to_host.faults())

    def _handle_wire(self, wire: Wire, step: WireStep) -> None:
        match step.act:
            case "faults":
                wire.set_faults(to_device=step.to_device.faults(), to_host=step.to_host.faults())
            case "unplug":
                wire.unplug()
            case "plug":
                wire.plug()
            case "cut":
                wire.cut()
            case "mend":
                wire.mend()
