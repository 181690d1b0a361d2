"""Runs scenarios on a device: stimulus, what must follow, verdict."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random

from bench.hil.devices.base import Device, NotAsExpected, wire_details
from bench.hil.files import BenchError, nearest
from bench.hil.scenario import (
    BEHAVIOURS,
    Ability,
    AnyStep,
    CallStation,
    Check,
    Dial,
    Expect,
    Never,
    OnCall,
    OnPair,
    Power,
    Reach,
    Scenario,
    State,
    Text,
    Wait,
    WireStep,
    abilities_needed,
    behaviours_needed,
    is_number,
    numbers_called,
)
from bench.hil.strategy import LADDER, Strategy
from bench.hil.timeline import Entry, Lane
from bench.hil.units import HITS, time_text
from hw.contract.driver import DriverError

CHECK_EVERY_S = 0.005
HANG_UP_LIMIT_S = 10.0
# A device that did not come up so often is not waited for again.
MAX_BRING_UPS = 2
MAX_TOLD = 6
# What only the device can keep from being reached; before them stand the bench's own power and wire.
_ITS_OWN_RUNGS = (State.LINKED, State.READY)
_BY_HAND = frozenset(
    {Ability.POWER, Ability.HEADSETS, Ability.FAR_ANSWER, Ability.FAR_HANG_UP, Ability.FAR_DIGITS, Ability.FAR_RING}
)
log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What came of a scenario."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not tried"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step as it went: start (seconds since the round's), how long it took, what was seen, and the limit."""

    step: AnyStep
    ok: bool
    started_s: float
    took_s: float
    seen: str
    bound_s: float | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One run through the steps: `started_at` is monotonic seconds, `entries` all that happened meanwhile."""

    number: int
    started_at: float
    lasted_s: float
    steps: tuple[StepResult, ...]
    entries: tuple[Entry, ...]

    @property
    def ok(self) -> bool:
        """Whether every step was as it must be."""
        return all(step.ok for step in self.steps)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario on a device. `shown` is the round to look at: the first that failed, else the longest."""

    scenario: Scenario
    device: str
    place: str
    verdict: Verdict
    reason: str = ""
    rounds: int = 0
    lasted_s: float = 0.0
    shown: Round | None = None
    figures: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def why_not(scenario: Scenario, device: Device) -> str:
    """Why a scenario cannot be tried on a device; empty when it can."""
    if scenario.name in device.table.skip:
        return device.table.skip[scenario.name]
    lacking = sorted(abilities_needed(scenario) - device.abilities)
    if lacking:
        by_hand = device.table.kind != "trunk" and not device.operator.there and _BY_HAND.issuperset(lacking)
        hint = " (you can, by hand: by_hand = true, or --by-hand)" if by_hand else ""
        return f"the bench cannot do this here: {', '.join(lacking)}{hint}"
    if device.table.kind == "trunk" and (at_once := scenario.calls_at_once) > device.table.lines:
        return f"it takes {at_once} lines at once, and there are {device.table.lines} (lines in bench.toml, or --lines)"
    unknown = sorted(behaviours_needed(scenario) - device.numbers.keys())
    if unknown:
        first = unknown[0]
        hint = f" (set numbers.{first} in bench.toml, or add --number {first}=NUMBER)"
        if first not in BEHAVIOURS:
            hint = nearest(first, {*BEHAVIOURS, *device.numbers})
        return f"no number is known that behaves so: {', '.join(unknown)}{hint}"
    strange = sorted(numbers_called(scenario) - set(device.numbers.values()))
    if strange and not device.table.emulated:
        told = "only numbers given for this device are called (numbers in bench.toml, or --number)"
        return f"{', '.join(strange)}: {told}"
    return ""


class Runner:
    """Runs scenarios on one device; `seed` decides the waits that are drawn."""

    def __init__(self, device: Device, seed: int = 0) -> None:
        self.device = device
        self.strategy = Strategy(device)
        self._timeline = device.timeline
        self._seed = seed
        self._calls = 0
        self._failures: dict[State, list[str]] = {}
        # Whether a round has shown that a device is there: silence after it is the device's failure.
        self._was_there = False

    async def run(self, scenario: Scenario, repeat: int | None = None) -> Outcome:
        """Never raises: what goes wrong with the bench itself is an outcome too."""
        device = self.device
        reason = why_not(scenario, device) or self._given_up(scenario.state)
        if reason:
            return Outcome(scenario, device.name, device.table.place, Verdict.NOT_TRIED, reason)
        self._timeline.entries.clear()
        started_at = self._timeline.now()
        rounds: list[Round] = []
        figures: dict[str, list[float]] = {}
        verdict, reason = await self._rounds(scenario, repeat or scenario.repeat, rounds, figures)
        lasted_s = self._timeline.now() - started_at
        shown = next((r for r in rounds if not r.ok), max(rounds, key=lambda r: r.lasted_s, default=None))
        kept = {name: tuple(values) for name, values in figures.items()}
        place, facts = device.table.place, dict(device.facts)
        return Outcome(scenario, device.name, place, verdict, reason, len(rounds), lasted_s, shown, kept, facts)

    async def close(self) -> None:
        """Switch the device off."""
        await self.strategy.reach(State.OFF)

    async def _rounds(
        self, scenario: Scenario, count: int, rounds: list[Round], figures: dict[str, list[float]]
    ) -> tuple[Verdict, str]:
        """Play rounds up to the first that fails."""
        random = Random(f"{self._seed}/{scenario.name}")
        try:
            for number in range(1, count + 1):
                if gone := await self._bring_up(scenario.state):
                    await self._start_over()
                    return Verdict.FAILED, gone
                play = _Play(self, scenario, number, random, figures)
                rounds.append(await play.play())
                if not rounds[-1].ok and (unswitched := self.device.not_switched(rounds[-1].entries)):
                    raise BenchError(unswitched)
                gone = "" if rounds[-1].ok else await self.device.out_of_reach(rounds[-1].entries)
                if gone and not self._was_there:
                    raise BenchError(gone)
                self._was_there = self._was_there or not gone
                left = await self._leave(play)
                if not rounds[-1].ok:
                    return Verdict.FAILED, _told(rounds[-1], count) + (f"; {_fell_silent(gone)}" if gone else "")
                if left:
                    return Verdict.FAILED, f"round {number}, after all steps: {left}"
        except (BenchError, DriverError) as error:
            await self._start_over()
            return Verdict.ERROR, str(error)
        except Exception as error:
            log.exception("%s: %s", self.device.name, scenario.name)
            await self._start_over()
            return Verdict.ERROR, f"the bench itself broke, log.txt says where: {type(error).__name__}: {error}"
        return Verdict.PASSED, ""

    async def _leave(self, play: "_Play") -> str:
        """Clear up after a round; what of its calls did not end, or empty."""
        if play.left_up:
            await self._start_over()
            return f"call {', '.join(play.left_up)} does not end within {HANG_UP_LIMIT_S:g} s of our hanging up"
        return await self._clear_up()

    async def _bring_up(self, state: State) -> str:
        """Reach a state, and keep account of the rungs that are not reached.

        Gives what is wrong with a device that was there before and now is silent; raises in all other trouble.
        """
        try:
            await self.strategy.reach(state)
        except Exception as error:
            here = LADDER.index(self.strategy.state)
            if here < LADDER.index(state):
                self._failures.setdefault(LADDER[here + 1], []).append(str(error))
                if self._was_there and LADDER[here + 1] in _ITS_OWN_RUNGS and isinstance(error, BenchError):
                    return _fell_silent(str(error))
            raise
        for rung in LADDER[: LADDER.index(state) + 1]:
            self._failures.pop(rung, None)
        return ""

    def _given_up(self, state: State) -> str:
        """Why a state is not tried to be reached once more; empty when it is."""
        for rung in LADDER[: LADDER.index(state) + 1]:
            reasons = self._failures.get(rung, [])
            if len(reasons) >= MAX_BRING_UPS:
                return f"the device could not be brought to {rung} {len(reasons)} times: {reasons[-1]}"
        return ""

    def next_call_id(self, call: str) -> str:
        """A new id for a call of a scenario."""
        self._calls += 1
        call_id = f"{call}-{self._calls}"
        self.device.name_call(call_id, call)
        return call_id

    async def _clear_up(self) -> str:
        """Undo what a round left; if that fails, start over. Gives what of its calls the device did not end."""
        try:
            await self.device.settle()
            if self.strategy.state is State.READY:
                async with asyncio.timeout(HANG_UP_LIMIT_S):
                    await self.device.make_ready()
        except (BenchError, DriverError, TimeoutError, NotAsExpected) as error:
            self._timeline.note(Lane.BENCH, self.device.name, "starts over", because=str(error) or "it is not ready")
            await self._start_over()
            return str(error) if isinstance(error, NotAsExpected) else ""
        return ""

    async def _start_over(self) -> None:
        try:
            await self.strategy.reach(State.OFF)
        except Exception as error:
            log.exception("%s cannot be switched off", self.device.name)
            self._timeline.note(Lane.BENCH, self.device.name, "cannot be switched off", error=str(error))
            self.strategy.state = State.OFF


def _fell_silent(why: str) -> str:
    return f"it was there before, and is not any more: {why}"


def _told(failed: Round, count: int) -> str:
    number, result = next((n, r) for n, r in enumerate(failed.steps, 1) if not r.ok)
    where = f"round {failed.number}, " if count > 1 else ""
    return f"{where}step {number}: {result.seen}"


class _Play:
    """One round of a scenario."""

    def __init__(
        self, runner: Runner, scenario: Scenario, number: int, random: Random, figures: dict[str, list[float]]
    ) -> None:
        self._runner = runner
        self._device = runner.device
        self._timeline = runner.device.timeline
        self._scenario = scenario
        self._number = number
        self._random = random
        self._figures = figures
        self._started_at = self._timeline.now()
        self._stimulus_at = self._started_at
        self._labels: dict[str, float] = {}
        self._call_ids: dict[str, str] = {}
        self._placed_at: dict[str, float] = {}
        self._taken: set[int] = set()
        self.left_up: list[str] = []

    async def play(self) -> Round:
        """All steps up to the first that fails, then hang up what is left."""
        first_entry, hits_before = len(self._timeline.entries), self._device.hits()
        results: list[StepResult] = []
        for step in self._scenario.steps:
            results.append(await self._one(step))
            if not results[-1].ok:
                break
        lasted_s = self._timeline.now() - self._started_at
        if self._scenario.hits_frames:
            self._figures.setdefault(HITS, []).append(max(self._device.hits() - hits_before, 0))
        await self._hang_up()
        entries = tuple(sorted(self._timeline.entries[first_entry:], key=lambda entry: entry.at))
        return Round(self._number, self._started_at, lasted_s, tuple(results), entries)

    async def _one(self, step: AnyStep) -> StepResult:
        at = self._timeline.now()
        bound_s = getattr(step, "within_s", None)
        over_at = None
        try:
            seen = await self._do(step)
            ok = True
        except NotAsExpected as failure:
            seen, ok, over_at = str(failure), False, failure.at
        took_s = max((self._timeline.now() if over_at is None else over_at) - at, 0.0)
        return StepResult(step, ok, at - self._started_at, took_s, seen, bound_s)

    async def _do(self, step: AnyStep) -> str:
        match step:
            case Expect():
                return await self._expect(step)
            case Never():
                return await self._never(step)
            case Check():
                return await self._check(step)
            case Wait():
                return await self._wait(step)
            case Reach():
                return await self._reach(step)
            case _:
                return await self._stimulate(step)

    async def _stimulate(self, step: AnyStep) -> str:
        assert not isinstance(step, Expect | Never | Check | Wait | Reach)
        self._mark(step)
        details = wire_details(step) if isinstance(step, WireStep) else _details(step)
        self._timeline.note(Lane.BENCH, self._device.name, step.do, at=self._stimulus_at, **details)
        driver = self._device.driver if isinstance(step, Dial | CallStation | OnCall | OnPair) else None
        match step:
            case Dial():
                number = self._number_of(step.to)
                assert driver is not None
                driver.dial(self._new_call(step.call), self._device.trunk, number, self._device.table.caller_id)
                return number
            case CallStation():
                assert driver is not None
                address = self._device.station_address(step.headset)
                driver.call_station(self._new_call(step.call), address)
                return address
            case OnCall():
                self._command(step)
            case OnPair():
                call_id, peer_id = self._call_id(step.call), self._call_id(step.peer)
                assert driver is not None
                if step.do == "join":
                    driver.join(call_id, peer_id, tone=True)
                else:
                    driver.part(call_id, peer_id)
            case Text():
                return await self._perform(step.model_copy(update={"to": self._number_of(step.to)}), "")
            case _:
                call = getattr(step, "call", "")
                seen = await self._perform(step, self._call_id(call) if call else "")
                if isinstance(step, Power) and step.act == "on":  # It boots from now on, however long switching took.
                    self._mark(step)
                return seen
        return ""

    async def _perform(self, step: AnyStep, call_id: str) -> str:
        figures = await self._device.perform(step, call_id)  # type: ignore[arg-type]
        for name, values in figures.items():
            self._figures.setdefault(name, []).extend(values)
        return ", ".join(f"{name}: {len(values)}" for name, values in figures.items())

    def _command(self, step: OnCall) -> None:
        call_id, driver = self._call_id(step.call), self._device.driver
        match step.do:
            case "hang_up":
                driver.hang_up(call_id)
            case "digits":
                driver.send_digits(call_id, step.digits)
            case "mute":
                driver.mute(call_id, step.muted)
            case "lamp":
                driver.show(call_id, step.lamp)

    async def _expect(self, step: Expect) -> str:
        since = self._labels[step.since] if step.since else self._stimulus_at

        def ends_the_wait(entry: Entry) -> bool:
            """What was expected; or the end of the call, after which nothing more can come of it."""
            return _matches(entry, step.expect, step.call, step.where) or (
                bool(step.call) and _matches(entry, "Ended", step.call, {})
            )

        index = await self._timeline.wait(ends_the_wait, since, since + step.within_s, self._taken)
        wanted = _wanted(step.expect, step.call, step.where)
        if index is None:
            told = f"no {wanted} within {time_text(step.within_s)}{self._instead(step, since)}"
            raise NotAsExpected(told, since + step.within_s)
        self._taken.add(index)
        entry = self._timeline.entries[index]
        took_s = entry.at - since
        if not _matches(entry, step.expect, step.call, step.where):
            raise NotAsExpected(f"no {wanted}, but {entry.text()} after {time_text(took_s)}", entry.at)
        if took_s > step.within_s:
            told = f"{entry.text()} after {time_text(took_s)}; the bound is {time_text(step.within_s)}"
            raise NotAsExpected(told, entry.at)
        if step.label:
            self._labels[step.label] = entry.at
        self._measured(step.figure, took_s)
        return f"{entry.text()} after {time_text(took_s)}"

    def _instead(self, step: Expect, since: float) -> str:
        """What came instead: the same with other details, or else all that came of the call, or meanwhile."""
        found = self._timeline.first(lambda e: _matches(e, step.expect, step.call, {}), since, self._taken)
        if found is not None:
            entry = self._timeline.entries[found]
            return f"; there was {entry.text()} after {time_text(entry.at - since)}"
        if step.call:
            return self._came_of(step.call, self._placed_at.get(step.call, self._started_at))
        entries = [e for e in self._timeline.entries if e.at >= since and e.lane is not Lane.BENCH]
        return f"; meanwhile {_list(entries, since)}" if entries else ""

    def _came_of(self, call: str, placed_at: float) -> str:
        entries = [e for e in self._timeline.entries if e.lane is Lane.CALL and e.subject == call]
        entries = [e for e in entries if e.at >= placed_at]
        if not entries:
            return f"; nothing at all came of call {call}"
        rang = any(entry.what in ("Ringing", "Answered") for entry in entries)
        return f"; of call {call} came {_list(entries, placed_at)}" + ("" if rang else ", and no ringing")

    async def _never(self, step: Never) -> str:
        until = self._stimulus_at + step.for_s
        index = await self._timeline.wait(
            lambda e: _matches(e, step.never, step.call, step.where), self._stimulus_at, until, self._taken
        )
        if index is not None and self._timeline.entries[index].at <= until:
            entry = self._timeline.entries[index]
            told = f"{entry.text()} after {time_text(entry.at - self._stimulus_at)}, which must not be"
            raise NotAsExpected(told, entry.at)
        if step.label:
            self._labels[step.label] = self._timeline.now()
        return f"nothing for {step.for_s:g} s"

    async def _check(self, step: Check) -> str:
        since = self._labels[step.since] if step.since else self._stimulus_at
        while objection := self._device.objection(step.check):
            if self._timeline.now() > since + step.within_s:
                raise NotAsExpected(f"not {step.check} within {step.within_s:g} s: {objection}")
            await asyncio.sleep(CHECK_EVERY_S)
        took_s = self._timeline.now() - since
        if step.label:
            self._labels[step.label] = self._timeline.now()
        self._measured(step.figure, took_s)
        return f"{step.check} after {time_text(took_s)}"

    async def _wait(self, step: Wait) -> str:
        wait_s = step.s if isinstance(step.s, float) else self._random.uniform(*step.s)
        await asyncio.sleep(wait_s)
        self._mark(step)
        return time_text(wait_s)

    async def _reach(self, step: Reach) -> str:
        self._mark(step)
        try:
            await self._runner.strategy.reach(step.state, step.within_s)
        except BenchError as error:
            raise NotAsExpected(str(error)) from error
        return str(step.state)

    def _mark(self, step: AnyStep) -> None:
        self._stimulus_at = self._timeline.now()
        if step.label:
            self._labels[step.label] = self._stimulus_at

    def _measured(self, figure: str, took_s: float) -> None:
        if figure:
            self._figures.setdefault(figure, []).append(took_s)

    def _number_of(self, to: str) -> str:
        return to if is_number(to) else self._device.numbers[to]

    def _new_call(self, call: str) -> str:
        self._call_ids[call] = self._runner.next_call_id(call)
        self._placed_at[call] = self._timeline.now()
        return self._call_ids[call]

    def _call_id(self, call: str) -> str:
        """A call that was never placed has an id that no driver knows: late commands do nothing."""
        return self._call_ids.get(call, f"{call}-never-placed")

    async def _hang_up(self) -> None:
        """End what is left, and wait until it has ended; `left_up` names calls that do not."""
        for call_id in self._call_ids.values():
            self._device.driver.hang_up(call_id)
        until = self._timeline.now() + HANG_UP_LIMIT_S
        for call in self._call_ids:
            ended = await self._timeline.wait(partial(_is_end, call), self._started_at, until, set())
            if ended is None:
                self.left_up.append(call)
                self._timeline.note(Lane.BENCH, self._device.name, "call does not end", call=call)


def _is_end(call: str, entry: Entry) -> bool:
    return _matches(entry, "Ended", call, {})


def _details(step: AnyStep) -> dict[str, object]:
    return {key: value for key, value in step.model_dump(exclude_defaults=True).items() if key not in ("do", "label")}


def _matches(entry: Entry, what: str, call: str, where: Mapping[str, object]) -> bool:
    if entry.what != what or entry.lane is Lane.BENCH:
        return False
    if call and (entry.lane is not Lane.CALL or entry.subject != call):
        return False
    return all(_same(entry.details.get(key), value) for key, value in where.items())


def _same(seen: object, wanted: object) -> bool:
    if isinstance(wanted, list):
        return any(_same(seen, one) for one in wanted)
    if seen is None:  # Entries keep no field that is empty or not set.
        return wanted is False or wanted == ""
    return seen == wanted or str(seen) == str(wanted)


def _wanted(what: str, call: str, where: Mapping[str, object]) -> str:
    told = [f"{key}={value}" for key, value in where.items()]
    return " ".join([what, *told]) + (f" of call {call}" if call else "")


def _list(entries: list[Entry], since: float) -> str:
    told = []
    for entry in sorted(entries, key=lambda entry: entry.at)[:MAX_TOLD]:
        text = "Dialed" if entry.what == "Dialed" else entry.text()  # Its name out there says little.
        told.append(f"{text} after {time_text(entry.at - since)}")
    more = [f"{len(entries) - MAX_TOLD} more"] if len(entries) > MAX_TOLD else []
    return ", ".join([*told, *more])
