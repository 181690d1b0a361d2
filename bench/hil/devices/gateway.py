"""Gateway boards as devices under test: a real one on a tty, or the reference firmware in QEMU behind an exchange."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from bench.hil.board import UPDATE_IMAGE, EmulatedBoard
from bench.hil.devices.base import DeviceStep, NotAsExpected
from bench.hil.devices.wired import WiredDevice
from bench.hil.emulated.linecards import FarEnd, LineCards
from bench.hil.exercise import Exercise, replace_firmware
from bench.hil.files import BenchError
from bench.hil.firmware_image import why_no_image
from bench.hil.person import Operator
from bench.hil.qemu import BoardError
from bench.hil.scenario import Ability, Agent, Far, Plug, Power, Update
from bench.hil.scenario import Exercise as ExerciseStep
from bench.hil.timeline import Lane, Timeline
from bench.hil.wiring import DeviceTable
from firmware_bridge import messages as m
from firmware_bridge.firmware.outside import Seen
from firmware_bridge.mirror import OFF_HOOK, Mirror, Port
from firmware_bridge.update import UpdateError
from hw.contract import LineDriver
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings

READY_EVERY_S = 0.01
PRESS_S = 0.12
SIGHT_S = 0.3
# Of one kind in one scenario; what is more is counted only.
MAX_SEEN = 5000
NUMBERS = {
    "answers": "+12125550100",
    "answers_and_leaves": "+12125550101",
    "busy": "+12125550102",
    "rings": "+12125550103",
}
DIAL_PLAN = {"+1212": ""}
_FAR_ENDS = {
    "5550100": FarEnd(answer_s=0.5),
    "5550101": FarEnd(answer_s=0.5, hang_up_s=1.0),
    "5550102": FarEnd(busy_s=0.3),
    "5550103": FarEnd(),
}
_KINDS = {m.PortKind.LINE: "line", m.PortKind.HEADSET: "headset", m.PortKind.TIE: "tie"}


class GatewayDevice(WiredDevice):
    """A board: its lines, headsets and crosspoint."""

    delimiter = b"\0"
    emulated_numbers = NUMBERS

    def __init__(self, table: DeviceTable, timeline: Timeline, operator: Operator, seed: int) -> None:
        super().__init__(table, timeline, operator, seed)
        self._loop = asyncio.get_running_loop()
        self._driver: GatewayDriver | None = None
        self._board: EmulatedBoard | None = None
        self._cards: LineCards | None = None
        self._seen_count: dict[str, int] = {}

    @property
    def abilities(self) -> frozenset[Ability]:
        able = {*super().abilities, Ability.EXERCISE}
        if self.table.emulated or self.table.image:
            able.add(Ability.UPDATE)
        if self.table.emulated:
            able |= {Ability.FREEZE, Ability.RESET, Ability.PINS, Ability.HEADSETS, Ability.FAR_SIGHT}
            able |= {Ability.FAR_ANSWER, Ability.FAR_HANG_UP, Ability.FAR_BUSY, Ability.FAR_RING}
        elif self.operator.there:
            able |= {Ability.HEADSETS, Ability.FAR_ANSWER, Ability.FAR_HANG_UP, Ability.FAR_RING}
        return frozenset(able)

    @property
    def driver(self) -> LineDriver:
        if self._driver is None:
            raise BenchError(f"{self.name} is not linked")
        return self._driver

    @property
    def trouble(self) -> str:
        return "" if self._driver is None else self._driver.status().because

    async def switch_on(self) -> None:
        async with self.undone_by(self.switch_off):
            await self._switch_on()

    async def _switch_on(self) -> None:
        if not self.table.emulated:
            await self.power("on")
            self.lay(self.table.port)
            return
        try:
            self._board = self._board or EmulatedBoard(on_seen=self._seen_from_thread)
            lines = self._board.pins.lines
            self._cards = LineCards(lines, _FAR_ENDS, self._loop, self._board.drive, self._far_told)
            await _in_thread(self._board.power_on)
        except BoardError as error:
            raise BenchError(str(error)) from error
        self.lay(self._board.serial)

    async def link(self) -> None:
        await self.find_port()
        plan = self.table.dial_plan or (DIAL_PLAN if self.table.emulated else None)
        settings = GatewaySettings(self.name, self.port, self.table.baud, self.table.keepalive_ms)
        if plan is not None:
            settings = GatewaySettings(self.name, self.port, self.table.baud, self.table.keepalive_ms, dial_plan=plan)
        driver = GatewayDriver(settings)
        async with self.undone_by(driver.close):
            await driver.start(self.heard)
            status = driver.status()
            if not status.lines:
                raise BenchError(self.said(status.because))
        self._driver = driver

    async def make_ready(self) -> None:
        assert self._driver is not None
        while self._unready():
            await asyncio.sleep(READY_EVERY_S)
        status = self._driver.status()
        self._told = {"board": status.board, "build": status.build, "lines": str(status.lines)}
        self._told |= {"headsets": str(status.headsets), "keepalive": f"{self.table.keepalive_ms} ms"}

    def _unready(self) -> bool:
        """Until no line has a call, and all (on a real board: some) can be dialed on; emulated headsets are seen."""
        assert self._driver is not None
        mirror = self._driver.board.mirror
        states = [line.state for line in mirror.lines.values()]
        idle = states.count(m.LineState.IDLE)
        if self.table.emulated:
            seen = all(headset.present for headset in mirror.headsets.values())
            return not self._driver.board.up or not states or idle < len(states) or not seen
        return not self._driver.board.up or not idle or idle + states.count(m.LineState.FAULT) < len(states)

    async def unlink(self) -> None:
        if self._driver is not None:
            await self._driver.close()
            self._driver = None

    async def switch_off(self) -> None:
        self.take_up()
        if self._board is not None:
            await _in_thread(self._board.close)
            self._board = None
        elif not self.table.emulated and self.table.power_off:
            await self.power("off")

    async def settle(self) -> None:
        await super().settle()
        if self._board is None or self._cards is None:
            return
        if self._board.frozen:
            self._board.thaw()
        await _in_thread(self._board.power_on)
        self._cards.settle()
        for headset in range(self._board.pins.headsets):
            self._board.drive("headset_present", headset, True)
            for name in ("headset_hook", "headset_mute_button"):
                self._board.drive(name, headset, False)

    async def power(self, act: str) -> None:
        if self._board is None:
            await super().power(act)
        else:  # QEMU takes a while to start; drivers must not stand still meanwhile.
            await _in_thread(self._board.power_on if act == "on" else self._board.power_off)

    def station_address(self, headset: int) -> str:
        return f"gateway:{self.name}/{headset}"

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        match step:
            case Power(act="freeze" | "thaw" | "reset") if self._board is not None:
                {"freeze": self._board.freeze, "thaw": self._board.thaw, "reset": self._board.reset}[step.act]()
                self.timeline.note(Lane.POWER, self.name, step.act)
            case Agent():
                await self._agent(step)
            case Far() if self._cards is not None:
                self._far(self._cards, step)
            case Far():
                await self.operator.ask(f"line {step.line}, at the far side: {step.act.replace('_', ' ')}")
            case Plug() if self._cards is not None:
                lines = [step.line - 1] if step.line else range(self._cards.count)
                for line in lines:
                    self._cards.plug(line, step.present)
            case ExerciseStep():
                return await self._exercise(step)
            case Update():
                return await self._update(step)
            case _:
                return await super().perform(step, call_id)
        return {}

    async def _agent(self, step: Agent) -> None:
        if self._board is None:
            await self.operator.ask(f"headset {step.headset}: {step.act.replace('_', ' ')}")
            return
        headset, drive = step.headset - 1, self._board.drive
        match step.act:
            case "pick_up" | "hang_up":
                drive("headset_hook", headset, step.act == "pick_up")
            case "plug" | "unplug":
                drive("headset_present", headset, step.act == "plug")
            case "press_mute":
                drive("headset_mute_button", headset, True)
                await asyncio.sleep(PRESS_S)
                drive("headset_mute_button", headset, False)

    def _far(self, cards: LineCards, step: Far) -> None:
        acts = {
            "answer": cards.answer,
            "hang_up": cards.hang_up,
            "busy": cards.busy,
            "ring": cards.ring,
            "stop_ringing": cards.stop_ringing,
        }
        acts[step.act](step.line - 1)

    async def _exercise(self, step: ExerciseStep) -> Mapping[str, list[float]]:
        """With the driver away: the bench speaks with the board itself."""
        await self.find_port()
        self._seen_count.clear()
        try:
            async with asyncio.timeout(step.within_s):
                tally = await Exercise(self.port, self.table.baud).run(step.count, step.under_way)
        except TimeoutError:
            raise NotAsExpected(f"{step.count} commands are not done within {step.within_s:g} s") from None
        except BenchError as error:
            raise BenchError(self.said(str(error))) from error
        if self._board is not None:
            await asyncio.sleep(SIGHT_S)
            wrong = tally.objections(self._seen_count.get("join", 0), self._seen_count.get("lamp", 0))
        else:
            wrong = tally.objections()
        self.timeline.note(Lane.DEVICE, self.name, "exercised", **self._exercised(tally.done, tally.counters))
        if wrong:
            raise NotAsExpected("; ".join(wrong))
        return {"command round trip": tally.round_trips_s, "commands/s": [tally.done / tally.lasted_s]}

    async def _update(self, step: Update) -> Mapping[str, list[float]]:
        """With the driver away, as for an exercise."""
        path = self.table.image or UPDATE_IMAGE
        try:
            image = path.read_bytes()
        except OSError as error:
            raise BenchError(f"{self.name}: image {path}: {error.strerror}") from error
        if why := why_no_image(image, reference=self._board is not None):
            raise BenchError(f"{self.name}: image {path} {why}")
        await self.find_port()
        started_at = self.timeline.now()
        try:
            async with asyncio.timeout(step.within_s):
                welcome = await replace_firmware(self.port, self.table.baud, image)
        except (UpdateError, TimeoutError) as error:
            raise NotAsExpected(f"the firmware is not replaced: {error or 'out of time'}") from error
        self.timeline.note(Lane.DEVICE, self.name, "updated", build=welcome.build.hex(), reset=welcome.reset_cause.name)
        return {"update": [self.timeline.now() - started_at]}

    def _exercised(self, done: int, counters: m.Counters | None) -> dict[str, Any]:
        details: dict[str, Any] = {"commands": done}
        if counters is not None:
            details |= {"frames_bad": counters.frames_bad, "frames_resent": counters.frames_resent}
            details |= {"loop_max_us": counters.loop_max_us, "stack_free": counters.stack_free}
        return details

    def objection(self, check: str) -> str:
        """Knows `safe`, `agree`, `joined` and `parted`."""
        if check == "agree":
            return self._disagreement()
        if self._board is None:
            return super().objection(check)
        if check == "safe":
            return "" if self._board.safe() else self._sight()
        if check in ("joined", "parted"):
            return "" if bool(self._board.joined()) == (check == "joined") else self._sight()
        return super().objection(check)

    def _sight(self) -> str:
        assert self._board is not None
        off_hook = [
            f"line {line + 1} is off hook" for line in range(self._board.pins.lines) if self._board.off_hook(line)
        ]
        joins = [f"{' and '.join(sorted(map(_count_from_one, names)))} are joined" for names in self._board.joined()]
        return ", ".join(off_hook + joins) or "all lines are on hook, and nothing is joined"

    def _disagreement(self) -> str:
        """What the host holds of the board that its pins do not show."""
        if self._driver is None or not self._driver.board.up:
            return "the board is not up"
        if self._board is None:
            return ""
        mirror = self._driver.board.mirror
        for line in range(self._board.pins.lines):
            known = mirror.lines.get(line)
            if known is None:
                return f"nothing is known of line {line + 1}"
            off_hook = self._board.off_hook(line)
            if (known.state in OFF_HOOK) != off_hook:
                return f"line {line + 1} is {known.state.name}, and {'off' if off_hook else 'on'} hook on its pin"
        joined = {frozenset(_port_name(port) for port in pair) for pair in mirror.joined}
        if joined != self._board.joined():
            return f"the host holds {_joins_text(joined)} joined; the pins show {_joins_text(self._board.joined())}"
        return self._headset_disagreement(mirror)

    def _headset_disagreement(self, mirror: Mirror) -> str:
        assert self._board is not None
        for number, known in mirror.headsets.items():
            if known.muted != self._board.muted(number):
                return f"headset {number + 1} is {'muted' if known.muted else 'open'} for the host only"
            if known.lamp in (m.Lamp.ON, m.Lamp.OFF) and (known.lamp is m.Lamp.ON) != self._board.lamp(number):
                return f"headset {number + 1}'s lamp is {known.lamp.name} for the host only"
        return ""

    def _far_told(self, line: int, what: str, detail: str) -> None:
        self.timeline.note(Lane.DEVICE, "exchange", what, line=line + 1, detail=detail)

    def _seen_from_thread(self, at: float, seen: Seen) -> None:
        self._loop.call_soon_threadsafe(self._saw, at, seen)

    def _saw(self, at: float, seen: Seen) -> None:
        self._seen_count[seen.what] = self._seen_count.get(seen.what, 0) + 1
        if self._seen_count[seen.what] <= MAX_SEEN:
            details = {"on": seen.value} if isinstance(seen.value, bool) else {"value": seen.value}
            where = " – ".join(map(_count_from_one, seen.where.split(" - ")))
            self.timeline.note(Lane.PIN, where, seen.what, at=at, where=where, **details)
        if self._cards is not None:
            self._cards.saw(at, seen)


async def _in_thread(act: Callable[[], None]) -> None:
    """Do what blocks. A thread cannot be cancelled: cancelled, this ends when the thread does."""
    work = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _count_from_one(name: str) -> str:
    kind, _, number = name.partition(" ")
    return f"{kind} {int(number) + 1}" if number.isdecimal() else name


def _port_name(port: Port) -> str:
    return f"{_KINDS[port.kind]} {port.number}"


def _joins_text(joins: frozenset[frozenset[str]] | set[frozenset[str]]) -> str:
    told = ["-".join(sorted(map(_count_from_one, names))) for names in joins]
    return ", ".join(sorted(told)) or "nothing"
