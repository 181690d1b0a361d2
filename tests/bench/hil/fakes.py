"""A device for tests of the bench: its rungs are noted, its calls do what the scripted driver does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.hil.devices.base import DeviceStep
from bench.hil.devices.fake import FakeDevice
from bench.hil.files import BenchError
from bench.hil.person import Nobody
from bench.hil.runner import Outcome, Runner
from bench.hil.scenario import Ability, Exercise, Power, Scenario
from bench.hil.timeline import Entry, Lane, Timeline
from bench.hil.wiring import DeviceTable

TABLE = DeviceTable(name="lines", kind="trunk", emulated="fake")


class NotedDevice(FakeDevice):
    """Notes its rungs; `fails` names one that raises, `bursts` one that raises what nobody expects, `hangs` one that
    never ends; `safe_after` checks fail first; `nobody` says why rounds that fail say nothing."""

    def __init__(self, timeline: Timeline, table: DeviceTable = TABLE) -> None:
        super().__init__(table, timeline, Nobody())
        self.rungs: list[str] = []
        self.fails = ""
        self.hangs = ""
        self.safe_after = 0
        self.nobody = ""
        self.bursts = ""

    async def out_of_reach(self, entries: Sequence[Entry]) -> str:
        return self.nobody

    async def _rung(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        self.rungs.append(name)
        if self.fails == name:
            raise BenchError(f"{name} is broken")
        if self.bursts == name:
            raise RuntimeError("nobody thought of this")
        if self.hangs == name:
            await asyncio.sleep(60)
        await step()

    async def switch_on(self) -> None:
        await self._rung("switch_on", super().switch_on)

    async def link(self) -> None:
        await self._rung("link", super().link)

    async def make_ready(self) -> None:
        await self._rung("make_ready", super().make_ready)

    async def unlink(self) -> None:
        await self._rung("unlink", super().unlink)

    async def switch_off(self) -> None:
        await self._rung("switch_off", super().switch_off)

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.POWER, Ability.PINS, Ability.EXERCISE})

    def objection(self, check: str) -> str:
        if check == "safe" and self.safe_after > 0:
            self.safe_after -= 1
            return "line 1 is off hook"
        return ""

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        if isinstance(step, Power):
            self.timeline.note(Lane.POWER, self.name, step.act)
            return {}
        if isinstance(step, Exercise):
            return {"round trip": [0.001, 0.002]}
        return await super().perform(step, call_id)


def scenario(*steps: dict[str, Any], **settings: Any) -> Scenario:
    """A scenario of these steps, for trunks."""
    made = Scenario.model_validate({"title": "A test", "for": ["trunk"], "step": list(steps), **settings})
    return made.model_copy(update={"path": Path("tests/one.toml")})


def played(
    script: Scenario, prepare: Callable[[NotedDevice], None] = lambda device: None, repeat: int | None = None
) -> tuple[Outcome, NotedDevice]:
    """Run a scenario on such a device."""
    [outcome], device = all_played([script], prepare, repeat)
    return outcome, device


def all_played(
    scripts: Sequence[Scenario],
    prepare: Callable[[NotedDevice], None] = lambda device: None,
    repeat: int | None = None,
    table: DeviceTable = TABLE,
) -> tuple[list[Outcome], NotedDevice]:
    """Run scenarios on one such device, one after the other."""

    async def main() -> tuple[list[Outcome], NotedDevice]:
        device = NotedDevice(Timeline(asyncio.get_running_loop()), table)
        prepare(device)
        runner = Runner(device, seed=1)
        outcomes = [await runner.run(script, repeat) for script in scripts]
        await runner.close()
        return outcomes, device

    return asyncio.run(main())
