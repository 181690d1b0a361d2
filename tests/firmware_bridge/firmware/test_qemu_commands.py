"""Ten thousand commands to the firmware in QEMU over a bad wire: none lost, none done twice, both ends agree.

What each command must answer is worked out beforehand from those before it; what it must do is counted on the pins.
"""

import asyncio
import random
from collections import deque
from pathlib import Path

import pytest

from bench.hil.faults import Faults
from bench.hil.wire import Way
from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.host import HostEvent
from firmware_bridge.messages import Lamp, PortKind, Status
from firmware_bridge.mirror import Port
from tests.firmware_bridge.firmware.rig import PERFECT, BoardDown, BoardUp, Rig, random_port, rig

BAD = Faults(damage=0.05, loss=0.02, duplication=0.03, delay_s=0.001, jitter_s=0.003)
EVERY_TWENTIETH_BYTE = Faults(bit_errors=1 - 0.95 ** (1 / 8), loss=0.02, duplication=0.03)
EVERY_FORTIETH_BYTE = Faults(bit_errors=1 - 0.975 ** (1 / 8), loss=0.02, duplication=0.03)
# The longest there is: where most frames are damaged, seconds pass without one that is right.
KEEPALIVE_S = m.KEEPALIVE_MAX_MS / 1000
TONE_LINE = 3


class Expectation:
    """What the board must answer, and how often its pins must change, if each command is done exactly once."""

    def __init__(self) -> None:
        self.partner: dict[Port, Port] = {}
        self.muted = [False] * 4
        self.edges = {"join": 0, "mute": 0}

    def answer(self, command: m.HostMessage) -> Status | None:
        """None: it depends on time."""
        match command:
            case m.HeadsetSet():
                self.edges["mute"] += self.muted[command.headset] != command.muted
                self.muted[command.headset] = command.muted
                return Status.OK
            case m.Join():
                return self._join(Port(command.a_kind, command.a), Port(command.b_kind, command.b))
            case m.Part():
                return self._part(Port(command.a_kind, command.a), Port(command.b_kind, command.b))
        return None

    def _join(self, a: Port, b: Port) -> Status:
        if Port(PortKind.HEADSET, 4) in (a, b):
            return Status.NO_SUCH_PORT
        if a == b:
            return Status.UNREADABLE
        if self.partner.get(a) == b:
            return Status.OK
        if a in self.partner or b in self.partner:
            return Status.PORT_TAKEN
        self.partner[a], self.partner[b] = b, a
        self.edges["join"] += 1
        return Status.OK

    def _part(self, a: Port, b: Port) -> Status:
        if Port(PortKind.HEADSET, 4) in (a, b):
            return Status.NO_SUCH_PORT
        if a != b and self.partner.get(a) == b:
            del self.partner[a], self.partner[b]
            self.edges["join"] += 1
        return Status.OK


class Run:
    """Asks `count` commands, a few under way at once, and holds every result against the expectation."""

    def __init__(self, rig: Rig, count: int, under_way: int, tone_call: int, seed: int) -> None:
        self._rig, self._left, self._under_way, self._tone_call = rig, count, under_way, tone_call
        self._rng = random.Random(seed)
        self._expected = Expectation()
        self._waiting: deque[tuple[m.HostMessage, Status | None]] = deque()
        self._number = 0x4000
        self._calls = [0, 0, 0]
        self.wrong: list[str] = []
        self.statuses: dict[tuple[str, Status], int] = {}
        self.tones = 0
        self.over = asyncio.Event()

    def go_on(self) -> None:
        """Keep as many under way as was asked for."""
        while self._left > 0 and len(self._waiting) < self._under_way:
            self._left -= 1
            command = self._next()
            self._waiting.append((command, self._expected.answer(command)))
            self._rig.board.ask(command)
        if not self._waiting:
            self.over.set()

    def heard(self, event: HostEvent) -> None:
        """A result, or something that must not happen."""
        if isinstance(event, BoardDown | BoardUp):
            self.wrong.append(str(event))
            self.over.set()
        if not isinstance(event, Done):
            return
        asked, expected = self._waiting.popleft()
        name = type(asked).__name__
        if type(event.command) is not type(asked):
            self.wrong.append(f"{event} instead of the result of {asked}")
        if expected is not None and event.status is not expected:
            self.wrong.append(f"{asked} got {event.status.name}, not {expected.name}")
        self.statuses[name, event.status] = self.statuses.get((name, event.status), 0) + 1
        if isinstance(asked, m.Digits) and event.status is Status.OK:
            self.tones += len(asked.digits)
        asyncio.get_running_loop().call_soon(self.go_on)

    def _next(self) -> m.HostMessage:
        rng = self._rng
        match rng.choices(("headset", "join", "part", "call", "digits", "state"), (40, 30, 20, 8, 0.3, 2))[0]:
            case "headset":
                return m.HeadsetSet(0, rng.randrange(4), rng.choice((Lamp.OFF, Lamp.ON)), False, rng.random() < 0.5)
            case "join":
                a, b = random_port(rng), random_port(rng)
                return m.Join(0, a.kind, a.number, 0, b.kind, b.number, 0)
            case "part":
                a = random_port(rng)
                b = self._expected.partner.get(a, random_port(rng))
                return m.Part(0, a.kind, a.number, b.kind, b.number)
            case "call":
                return self._call(rng.randrange(3))
            case "digits":
                return m.Digits(0, TONE_LINE, self._tone_call, rng.choice("0123456789*#ABCD"))
        return m.CountersGet(0)

    def _call(self, line: int) -> m.HostMessage:
        if self._rng.random() < 0.5:
            return m.Release(0, line, self._calls[line])
        self._number += 1
        if self._rig.line_is(line) is m.LineState.IDLE:
            self._calls[line] = self._number
        return m.Call(0, line, self._number, m.DialMode.DTMF, "55501")

    def check_pins(self) -> None:
        """Each thing was done once, seen from outside."""
        rig = self._rig
        for what, edges in self._expected.edges.items():
            assert len(rig.pin_changes(what)) == edges, what
        seized = self.statuses.get(("Call", Status.OK), 0)
        hooks = [value for line in range(3) for _, value in rig.pin_changes("hook", f"line {line}")]
        assert hooks.count(True) == seized
        tones = [value for _, value in rig.pin_changes("tone", f"line {TONE_LINE}") if value]
        assert len(tones) == self.tones


async def exercise(
    firmware: Path, count: int, faults: Faults, seed: int, under_way: int = m.MAX_COMMANDS
) -> tuple[Run, Rig]:
    async with rig(firmware, seed=seed, keepalive_s=KEEPALIVE_S) as it:
        call = await it.answered(TONE_LINE)
        it.seen.clear()
        run = Run(it, count, under_way, call, seed)
        it.on_event = run.heard
        before = await counters(it, run)
        it.faults(faults)
        run.go_on()
        async with asyncio.timeout(3600):
            await run.over.wait()
        it.faults(PERFECT)
        assert run.wrong == []
        it.on_event = lambda event: None
        after = await counters(it, run)
        assert after.commands_done - before.commands_done == count + 1
        assert after.events_lost == 0
        await it.until(lambda: it.agrees())
        await asyncio.sleep(1.0)
        run.check_pins()
        return run, it


async def counters(it: Rig, run: Run) -> m.Counters:
    heard, it.on_event = it.on_event, lambda event: None
    known = len(it.events(m.Counters))
    it.board.ask(m.CountersGet(0))
    await it.until(lambda: len(it.events(m.Counters)) > known)
    await asyncio.sleep(0.05)
    it.on_event = heard
    found = it.events(m.Counters)[-1]
    assert isinstance(found, m.Counters)
    return found


def test_ten_thousand_commands_over_a_bad_wire(firmware: Path) -> None:
    run, it = asyncio.run(exercise(firmware, 10_000, BAD, seed=1))
    for way in Way:
        counted = it.wire.counters(way)
        assert counted.damaged > 200 and counted.lost > 100 and counted.duplicated > 100
    assert sum(run.statuses.values()) == 10_000
    assert run.statuses["Call", Status.OK] > 5 and run.tones > 5
    assert {status for _, status in run.statuses} >= {Status.OK, Status.PORT_TAKEN, Status.NO_SUCH_PORT}


def test_every_twentieth_byte_wrong(firmware: Path) -> None:
    """Two frames of three are damaged; commands take half a second each, and still none is lost or done twice."""
    run, it = asyncio.run(exercise(firmware, 20, EVERY_TWENTIETH_BYTE, seed=2, under_way=2))
    assert sum(run.statuses.values()) == 20
    assert it.wire.counters(Way.TO_DEVICE).damaged > it.wire.counters(Way.TO_DEVICE).units / 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 16))
def test_fifty_thousand_commands_over_a_bad_wire(firmware: Path, seed: int) -> None:
    run, _ = asyncio.run(exercise(firmware, 50_000, BAD, seed))
    assert sum(run.statuses.values()) == 50_000


@pytest.mark.soak
def test_two_thousand_commands_with_every_fortieth_byte_wrong(firmware: Path) -> None:
    run, _ = asyncio.run(exercise(firmware, 2_000, EVERY_FORTIETH_BYTE, seed=3))
    assert sum(run.statuses.values()) == 2_000
