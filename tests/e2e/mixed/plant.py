"""The far sides of a mixed site as one process: modems behind a mobile network, a gateway board behind an exchange, and
headsets, each with its voice; what befalls them is in the log, and what is typed at them on stdin is done.

`python -m tests.e2e.mixed.plant PLAN.json`; each line of stdin is a JSON list: what to do, and to whom.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.hil.board import EmulatedBoard
from bench.hil.emulated.exchange import Exchange, ExchangeCall, Progress
from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.emulated.linecards import LineCards
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.emulated.voice import EmulatedVoice, loudest_hz, tone
from bench.hil.wire import Wire
from dialer.farend.eventlog import EventLog
from firmware_bridge.firmware.outside import Seen
from tests.e2e.mixed.people import analogue_network, mobile_network

MODEM_HZ, LINE_HZ, BOARD_HEADSET_HZ, HEADSET_HZ = 1500, 1600, 1700, 1800
LEVEL = 8000
PICKS_UP_S = 0.3
LISTENS_S = 0.4
LOUD = 500.0
SILENCE = np.zeros(160, "<i2")


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is. Ports are links in `folder`: modem-1, modem-1-voice, board, tie-1, headset, headset-voice."""

    folder: str
    log: str
    numbers: tuple[str, ...]
    modems: tuple[str, ...] = ()
    board: bool = False
    headset: bool = False
    seed: int = 1

    @property
    def place(self) -> Path:
        return Path(self.folder)

    def write(self, path: Path) -> Path:
        """As a file for the command line."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """What `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**values, "numbers": tuple(values["numbers"]), "modems": tuple(values["modems"])})


class _Modem(EmulatedModem):
    """Logs each call when it is over."""

    def __init__(self, exchange: Exchange, number: int, dialect: str, log: EventLog) -> None:
        super().__init__(exchange, dialect=dialect, imei=f"49015420323750{number}", imsi=f"00101012345678{number}")
        self._number = number
        self._events = log

    def progress(self, call: ExchangeCall, progress: Progress) -> None:
        super().progress(call, progress)
        if progress is Progress.ACTIVE:
            self._events.write("answered", trunk="gsm", line=self._number, number=call.number)
        elif progress is Progress.RELEASED:
            self._events.write(
                "call",
                trunk="gsm",
                line=self._number,
                number=call.number,
                dialed_mono=call.dialed_at,
                answered_mono=call.answered_at,
                by=call.released_by,
                cause=call.cause,
            )


@dataclass(slots=True)
class _LineCall:
    began_mono: float
    number: str | None = None
    answered_mono: float | None = None
    by: str = "caller"
    busy: bool = False


class _Board:
    """The board, its lines' far sides, its agents' hands, and the ties' other ends, which hear what the board joins."""

    def __init__(self, plan: Plan, log: EventLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self.board = EmulatedBoard(on_seen=self._saw_from_thread)
        pins = self.board.pins
        self._calls: dict[int, _LineCall] = {}
        far_ends = analogue_network(plan.numbers, plan.seed)
        self.cards = LineCards(pins.lines, far_ends, self._loop, self.board.drive, self._told)
        self.ties = [EmulatedVoice(plan.place / f"tie-{n + 1}") for n in range(pins.ties)]
        self.wire = Wire(self.board.serial, plan.place / "board", follow_host=True)

    async def switch_on(self) -> None:
        for voice in self.ties:
            await voice.switch_on()
        self.board.power_on()
        self.wire.start()

    async def switch_off(self) -> None:
        self.wire.stop()
        self.board.close()
        for voice in self.ties:
            await voice.switch_off()

    def _told(self, line: int, what: str, detail: str) -> None:
        call = self._calls.get(line)
        if call is None:
            return
        if what == "far_rings":
            call.number = f"+1{detail}"
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
            self._hook(at, int(seen.where.removeprefix("line ")), bool(seen.value))
        elif seen.what == "join":
            self._join(seen.where.split(" - "), bool(seen.value))
        elif seen.what == "ringer" and seen.value:
            headset = int(seen.where.removeprefix("headset "))
            self._loop.call_later(PICKS_UP_S, self.board.drive, "headset_hook", headset, True)
        self.cards.saw(at, seen)

    def _hook(self, at: float, line: int, off: bool) -> None:
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
                self.ties[int(port.removeprefix("tie "))].say(tone(_pitch(other), LEVEL) if joined else SILENCE)


def _pitch(port: str) -> int:
    kind, _, number = port.partition(" ")
    return (LINE_HZ if kind == "line" else BOARD_HEADSET_HZ) + 20 * int(number)


class Plant:
    """All of it."""

    def __init__(self, plan: Plan, log: EventLog) -> None:
        self._plan = plan
        self._log = log
        self._exchange = Exchange(mobile_network(plan.numbers, plan.seed))
        self._modems = [_Modem(self._exchange, n, dialect, log) for n, dialect in enumerate(plan.modems, start=1)]
        self._voices = {
            f"modem-{n}": EmulatedVoice(plan.place / f"modem-{n}-voice", tone(MODEM_HZ + 20 * n, LEVEL))
            for n in range(1, len(plan.modems) + 1)
        }
        self._headset: EmulatedHeadset | None = None
        if plan.headset:
            self._headset = EmulatedHeadset(plan.place / "headset", answers_after_s=PICKS_UP_S)
            self._voices["headset"] = EmulatedVoice(plan.place / "headset-voice", tone(HEADSET_HZ, LEVEL))
        self._board = _Board(plan, log) if plan.board else None
        self._listening: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Everything is there, and the log says so."""
        for number, modem in enumerate(self._modems, start=1):
            modem.open_pty(self._plan.place / f"modem-{number}")
        for voice in self._voices.values():
            await voice.switch_on()
        if self._headset is not None:
            await self._headset.switch_on()
        if self._board is not None:
            await self._board.switch_on()
        ties = self._board.ties if self._board is not None else []
        voices = {**self._voices, **{f"tie-{n}": voice for n, voice in enumerate(ties, start=1)}}
        self._listening = [asyncio.create_task(self._listen(name, voice)) for name, voice in voices.items()]
        self._log.write("listening")

    async def close(self) -> None:
        """Everything is gone."""
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        for modem in self._modems:
            modem.close()
        for voice in self._voices.values():
            await voice.switch_off()
        if self._headset is not None:
            await self._headset.switch_off()
        if self._board is not None:
            await self._board.switch_off()

    async def do(self, what: str, whom: int = 0) -> None:
        """One thing that happens to a site; raises KeyError for another."""
        if what == "headset off" or what == "headset on":
            assert self._headset is not None
            await (self._headset.switch_off() if what.endswith("off") else self._headset.switch_on())
        elif what == "unplug modem":
            self._modems[whom - 1].unplug()
        elif what == "plug modem":
            self._modems[whom - 1].open_pty(self._plan.place / f"modem-{whom}")
        else:
            assert self._board is not None
            board = self._board.board
            acts: dict[str, Callable[[], None]] = {
                "freeze board": board.freeze,
                "thaw board": board.thaw,
                "switch board off": board.power_off,
                "switch board on": board.power_on,
                "unplug board": self._board.wire.unplug,
                "plug board": self._board.wire.plug,
            }
            acts[what]()
        self._log.write("did", what=what, whom=whom)

    async def _listen(self, name: str, voice: EmulatedVoice) -> None:
        """Log each stretch of sound with its pitch."""
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            samples = await voice.listen(LISTENS_S)
            if len(samples) and float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) > LOUD:
                self._log.write("heard", voice=name, tone_hz=round(loudest_hz(samples)), since_mono=round(since, 3))


async def _run(plan: Plan, log: EventLog) -> None:
    plant = Plant(plan, log)
    await plant.open()
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            command: list[Any] = json.loads(line)
            await plant.do(*command)
    finally:
        await plant.close()


if __name__ == "__main__":
    _plan = Plan.read(Path(sys.argv[1]))
    with EventLog(Path(_plan.log)) as _log:
        asyncio.run(_run(_plan, _log))
