"""A plant's gateway board: the reference firmware in QEMU, the people on its lines, its agents' hands, its ties."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.hil.board import EmulatedBoard
from bench.hil.emulated.voice import FRAME_SAMPLES, EmulatedVoice, tone
from bench.hil.plant.deeds import Deed, Do
from bench.hil.plant.people import COUNTRY, AnalogueExchange
from bench.hil.plant.plan import Plan, board_hz
from bench.hil.wire import Wire
from dialer.farend.eventlog import EventLog
from firmware_bridge.firmware.outside import Seen

LEVEL = 8000
PICKS_UP_S = 0.3
PRESS_S = 0.1
SILENCE = np.zeros(FRAME_SAMPLES, "<i2")


@dataclass(slots=True)
class _LineCall:
    began_mono: float
    number: str | None = None
    answered_mono: float | None = None
    by: str = "caller"
    busy: bool = False


class PlantBoard:
    """The board under the plan's paths, from `switch_on` to `switch_off`; each call on its lines is logged when over.

    The ties' ends hear and say what the board joins them with. `hands_on` lets agents pick up headsets that ring.
    Raises BoardError when QEMU or the compiler is missing.
    """

    def __init__(self, plan: Plan, log: EventLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._board = EmulatedBoard(on_seen=self._saw_from_thread)
        pins = self._board.pins
        self._calls: dict[int, _LineCall] = {}
        self._lines = AnalogueExchange(pins.lines, plan.people, self._loop, self._board.drive, self._told)
        self._wire = Wire(self._board.serial, plan.board_port, follow_host=True)
        self.ties = [EmulatedVoice(plan.tie(n)) for n in range(1, pins.ties + 1)]
        self.hands_on = True

    async def switch_on(self) -> None:
        """Be there. Raises BenchError when something else is at a path, BoardError when QEMU does not start."""
        for voice in self.ties:
            await voice.switch_on()
        self._board.power_on()
        self._wire.start()

    async def switch_off(self) -> None:
        """Be gone, as far as it was there."""
        self._wire.stop()
        self._board.close()
        for voice in self.ties:
            await voice.switch_off()

    def deeds(self) -> Sequence[Deed]:
        """What can happen to it."""
        board, wire, pins = self._board, self._wire, self._board.pins
        return (
            Deed("unplug board", "pull the board's cable out of this box", lambda _: wire.unplug()),
            Deed("plug board", "put it back", lambda _: wire.plug()),
            Deed("freeze board", "the board's processor hangs", lambda _: board.freeze()),
            Deed("thaw board", "it goes on", lambda _: board.thaw()),
            Deed("reset board", "pull its reset pin", lambda _: board.reset()),
            Deed("switch board off", "cut its power", lambda _: board.power_off()),
            Deed("switch board on", "give it back", lambda _: board.power_on()),
            Deed("unplug line", "take a line's voltage away", lambda n: self._lines.plug(n - 1, False), pins.lines),
            Deed("plug line", "give it back", lambda n: self._lines.plug(n - 1, True), pins.lines),
            Deed("hang up line", "the person on a line hangs up", lambda n: self._lines.hang_up(n - 1), pins.lines),
            Deed("unplug tie", "pull a tie's voice port", lambda n: self.ties[n - 1].switch_off(), pins.ties),
            Deed("plug tie", "put it back", self._plug_tie, pins.ties),
            Deed("pick up", "a headset of the board goes off hook", self._hook(True), pins.headsets),
            Deed("put down", "it goes on hook", self._hook(False), pins.headsets),
            Deed("press mute", "press its mute button", self._press_mute, pins.headsets),
        )

    async def _plug_tie(self, number: int) -> None:
        await self.ties[number - 1].switch_off()
        await self.ties[number - 1].switch_on()

    async def _press_mute(self, headset: int) -> None:
        for down in (True, False):
            self._board.drive("headset_mute_button", headset - 1, down)
            await asyncio.sleep(PRESS_S)

    def _hook(self, off: bool) -> Do:
        return lambda headset: self._board.drive("headset_hook", headset - 1, off)

    def _told(self, line: int, what: str, detail: str) -> None:
        call = self._calls.get(line)
        if call is None:
            return
        if what == "far_rings":
            call.number = COUNTRY + detail
        elif what == "far_answers":
            call.answered_mono = self._loop.time()
            self._log.write("answered", trunk="board", line=line + 1, number=call.number)
        elif what == "far_released":
            call.by = "far end"
        elif what == "far_busy":
            call.busy, call.by = True, "network"

    def _saw_from_thread(self, at: float, seen: Seen) -> None:
        self._loop.call_soon_threadsafe(self._saw, at, seen)

    def _saw(self, at: float, seen: Seen) -> None:
        if seen.what == "hook":
            self._line_hook(at, int(seen.where.removeprefix("line ")), bool(seen.value))
        elif seen.what == "join":
            self._join(seen.where.split(" - "), bool(seen.value))
        elif seen.what == "ringer" and seen.value and self.hands_on:
            headset = int(seen.where.removeprefix("headset "))
            self._loop.call_later(PICKS_UP_S, self._board.drive, "headset_hook", headset, True)
        self._lines.saw(at, seen)

    def _line_hook(self, at: float, line: int, off: bool) -> None:
        if off:
            self._calls[line] = _LineCall(at)
            return
        call = self._calls.pop(line, None)
        if call is not None:
            self._log.write(
                "call",
                trunk="board",
                line=line + 1,
                number=call.number,
                dialed_mono=call.began_mono,
                answered_mono=call.answered_mono,
                by=call.by,
                busy=call.busy,
            )

    def _join(self, ports: list[str], joined: bool) -> None:
        self._log.write("join", ports=ports, joined=joined)
        for port in ports:
            if port.startswith("tie "):
                other = next(other for other in ports if other != port)
                says = tone(board_hz(other), LEVEL) if joined else SILENCE
                self.ties[int(port.removeprefix("tie "))].say(says)
