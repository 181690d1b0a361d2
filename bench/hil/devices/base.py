"""What every device under test does for the runner."""

import asyncio
import dataclasses
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from bench.hil.files import BenchError
from bench.hil.person import Operator
from bench.hil.scenario import Ability, Agent, Exercise, Far, FaultTable, Plug, Power, Text, Update, WireStep
from bench.hil.timeline import Entry, Lane, Timeline
from bench.hil.wiring import DeviceTable
from hw.contract import LineDriver, LineEvent, TrunkLines

COMMAND_LIMIT_S = 30.0
DeviceStep = Far | Agent | Power | WireStep | Plug | Exercise | Update | Text


class NotAsExpected(Exception):
    """What was expected of the device did not come, or something came that must not: the scenario fails.

    `at` is when that was so, if it was before now (monotonic seconds).
    """

    def __init__(self, told: str, at: float | None = None) -> None:
        super().__init__(told)
        self.at = at


class Device(ABC):
    """A device under test: how it is switched on, linked and made ready, and what else the bench can do with it.

    The rungs (`switch_on`, `link`, `make_ready`, and down `unlink`, `switch_off`) are called by the strategy, in order.
    All raise BenchError with what is wrong and how to mend it. `emulated_numbers` are whom an emulated device can call.
    """

    emulated_numbers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, table: DeviceTable, timeline: Timeline, operator: Operator) -> None:
        self.table = table
        self.timeline = timeline
        self.operator = operator
        self._names: dict[str, str] = {}
        self._told: dict[str, str] = {}

    @property
    def name(self) -> str:
        """As in bench.toml."""
        return self.table.name

    @property
    def trunk(self) -> str:
        """The trunk that calls are dialed over."""
        return self.name

    @property
    @abstractmethod
    def abilities(self) -> frozenset[Ability]:
        """What the bench can do with it."""

    @property
    @abstractmethod
    def driver(self) -> LineDriver:
        """Its line driver, while linked."""

    @property
    def numbers(self) -> Mapping[str, str]:
        """Numbers by how they behave."""
        return {**self.emulated_numbers, **self.table.numbers} if self.table.emulated else self.table.numbers

    @property
    def facts(self) -> Mapping[str, str]:
        """What the device says of itself, for the report."""
        return self._told

    @property
    def trouble(self) -> str:
        """Why it is not ready now, as far as its driver knows; empty otherwise."""
        return ""

    @abstractmethod
    async def switch_on(self) -> None:
        """Off to on."""

    @abstractmethod
    async def link(self) -> None:
        """On to linked: the driver is started and speaks with the device."""

    @abstractmethod
    async def make_ready(self) -> None:
        """Linked to ready: every line can be dialed on."""

    @abstractmethod
    async def unlink(self) -> None:
        """Linked to on."""

    @abstractmethod
    async def switch_off(self) -> None:
        """On to off, and nothing is left of what was started."""

    async def settle(self) -> None:
        """After a scenario: plug in, mend, thaw, switch on, and forget faults. Calls are hung up already.

        Raises NotAsExpected for a call that has not ended at the far side.
        """
        return

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        """Do what is no command of the line driver; gives figures by name, if it measured any. Raises NotAsExpected."""
        raise BenchError(f"{self.name}: a bench cannot do {step.do!r} with this device")

    def hits(self) -> int:
        """How many frames or lines the fault injector has hit since it was laid: damaged, lost, cut, doubled, noisy."""
        return 0

    def not_switched(self, entries: Sequence[Entry]) -> str:
        """After a round that failed: why the bench's own switching of the power did nothing; empty otherwise."""
        return ""

    async def out_of_reach(self, entries: Sequence[Entry]) -> str:
        """After a round that failed: why it says nothing of the device, as nobody was there; empty otherwise."""
        return ""

    def station_address(self, headset: int) -> str:
        """Address of a headset (from 1)."""
        raise BenchError(f"{self.name} has no headset {headset}")

    def objection(self, check: str) -> str:
        """What stands against a condition; empty when it holds."""
        raise BenchError(f"{self.name} knows no condition {check!r}")

    def name_call(self, call_id: str, name: str) -> None:
        """In the timeline, a call goes by its scenario's name."""
        self._names[call_id] = name

    def heard(self, event: LineEvent | TrunkLines) -> None:
        """The driver's events go to the timeline."""
        if isinstance(event, TrunkLines):
            self.timeline.note(Lane.DEVICE, self.name, "TrunkLines", lines=event.lines, because=event.because)
            return
        details = dataclasses.asdict(event)
        call_id = details.pop("call_id")
        if "peer_id" in details:
            details["peer"] = self._names.get(details["peer_id"], details.pop("peer_id"))
        self.timeline.note(Lane.CALL, self._names.get(call_id, call_id), type(event).__name__, **_plain(details))


def _plain(details: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in details.items() if value not in (None, "") and key != "peer_id"}
    if given.get("early_media") is False:
        del given["early_media"]
    return given


async def run_command(command: str, name: str) -> None:
    """Run a power command of bench.toml. Raises BenchError when it fails or takes longer than 30 s."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_shell(
            command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True
        )
    )
    try:
        async with asyncio.timeout(COMMAND_LIMIT_S):
            process = await asyncio.shield(starting)  # The command may run before its start is told.
            said, _ = await process.communicate()
    except (TimeoutError, asyncio.CancelledError) as error:
        process = await starting
        with suppress(ProcessLookupError):  # With all that the shell has started.
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        raise BenchError(f"{name}: {command!r} does not end within {COMMAND_LIMIT_S:g} s") from None
    if process.returncode:
        told = said.decode(errors="replace").strip()[-300:] or "it said nothing"
        raise BenchError(f"{name}: {command!r} failed: {told} (exit code {process.returncode})")


def wire_details(step: WireStep) -> dict[str, Any]:
    """A wire step for the timeline."""
    if step.act != "faults":
        return {}
    return {"to_device": _faults_text(step.to_device), "to_host": _faults_text(step.to_host)}


def _faults_text(table: FaultTable) -> str:
    text = str(table.faults())
    return "" if text == "none" else text
