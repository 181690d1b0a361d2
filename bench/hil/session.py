"""A bench at work: its devices, one after the other, and every scenario that fits."""

import asyncio
import fnmatch
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bench.hil.devices.base import Device
from bench.hil.devices.fake import FakeDevice
from bench.hil.devices.gateway import GatewayDevice
from bench.hil.devices.headset import HeadsetDevice
from bench.hil.devices.modem import ModemDevice
from bench.hil.devices.trunk import TrunkDevice
from bench.hil.files import BenchError
from bench.hil.person import AtTerminal, Nobody, Operator
from bench.hil.runner import Outcome, Runner, Verdict
from bench.hil.scenario import Scenario
from bench.hil.timeline import Timeline
from bench.hil.wiring import DeviceTable, Wiring
from hw.contract.driver import DriverError

OnOutcome = Callable[[Outcome], None]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: scenarios whose name matches `only` (all when empty), `repeat` rounds when given, with this seed."""

    only: tuple[str, ...] = ()
    repeat: int | None = None
    seed: int = 0

    def wants(self, scenario: Scenario) -> bool:
        """Whether it is to be run."""
        return not self.only or any(fnmatch.fnmatch(scenario.name, f"*{pattern}*") for pattern in self.only)


@dataclass(frozen=True, slots=True)
class BenchResult:
    """All outcomes of a bench. `stopped` says why they are not all that there were to be; empty when they are."""

    wiring: Wiring
    began_at: datetime
    lasted_s: float
    outcomes: tuple[Outcome, ...] = field(default=())
    stopped: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing failed, something was tried, and nobody stopped it."""
        verdicts = {outcome.verdict for outcome in self.outcomes}
        return not self.stopped and Verdict.PASSED in verdicts and not verdicts & {Verdict.FAILED, Verdict.ERROR}


def make_device(table: DeviceTable, timeline: Timeline, seed: int) -> Device:
    """The adapter for a device of bench.toml. Raises BenchError when something that it needs is missing."""
    operator: Operator = AtTerminal() if table.by_hand else Nobody()
    if table.emulated == "fake":
        return FakeDevice(table, timeline, operator)
    if table.kind == "trunk":
        return TrunkDevice(table, timeline, operator)
    if table.kind == "gateway":
        return GatewayDevice(table, timeline, operator, seed)
    if table.kind == "headset":
        return HeadsetDevice(table, timeline, operator, seed)
    return ModemDevice(table, timeline, operator, seed)


async def run_bench(wiring: Wiring, scenarios: list[Scenario], options: Options, on_outcome: OnOutcome) -> BenchResult:
    """Run what fits on each device, all devices at once; `on_outcome` is told of each outcome as it comes."""
    began_at, started_at = datetime.now(UTC), time.monotonic()
    outcomes: list[Outcome] = []
    names = [table.name for table in wiring.devices]

    def take(outcome: Outcome) -> None:
        outcomes.append(outcome)
        on_outcome(outcome)

    work = [_run_device(table, _fitting(table, scenarios, options), options, take) for table in wiring.devices]
    if any(table.by_hand for table in wiring.devices):  # One thing at a time for a pair of hands.
        for device in work:
            await device
    else:
        tasks = [asyncio.create_task(device) for device in work]
        try:
            await asyncio.gather(*tasks)
        finally:  # A cancelled gather ends with its first task; the others have devices to switch off as well.
            await asyncio.wait(tasks)
    outcomes.sort(key=lambda outcome: names.index(outcome.device))
    return BenchResult(wiring, began_at, time.monotonic() - started_at, tuple(outcomes))


def cut_short(
    wiring: Wiring, scenarios: list[Scenario], options: Options, outcomes: list[Outcome], lasted_s: float, why: str
) -> BenchResult:
    """What is known of a bench that was stopped: these outcomes, and all the rest as not tried."""
    told = {(outcome.device, outcome.scenario.name): outcome for outcome in outcomes}
    complete = []
    for table in wiring.devices:
        for scenario in _fitting(table, scenarios, options):
            left_out = Outcome(scenario, table.name, table.place, Verdict.NOT_TRIED, f"{why} before this was done")
            complete.append(told.get((table.name, scenario.name), left_out))
    stopped = f"{why} after {len(told)} of {len(complete)} scenarios"
    return BenchResult(wiring, datetime.now(UTC) - timedelta(seconds=lasted_s), lasted_s, tuple(complete), stopped)


def _fitting(table: DeviceTable, scenarios: list[Scenario], options: Options) -> list[Scenario]:
    return [s for s in scenarios if table.kind in s.kinds and options.wants(s)]


async def _run_device(table: DeviceTable, scenarios: list[Scenario], options: Options, take: OnOutcome) -> None:
    """What breaks here is this device's errors; other devices and benches go on."""
    try:
        runner = Runner(make_device(table, Timeline(asyncio.get_running_loop()), options.seed), options.seed)
    except Exception as error:
        log.exception("%s", table.name)
        for scenario in scenarios:
            take(Outcome(scenario, table.name, table.place, Verdict.ERROR, _reason(error)))
        return
    try:
        for scenario in scenarios:
            take(await runner.run(scenario, options.repeat))
    finally:
        try:
            await runner.close()
        except Exception:
            log.exception("%s is not switched off", table.name)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BenchError | DriverError) else f"{type(error).__name__}: {error}"
