"""All far sides of a site in one process. What happens to them is in the log: answered, call, join, heard, did."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import numpy as np
from bumble.hfp import HfpProtocolError

from bench.hil.emulated.exchange import Exchange, ExchangeCall, Progress
from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.emulated.voice import EmulatedVoice, loudest_hz, tone
from bench.hil.files import BenchError
from bench.hil.plant.board import LEVEL, PICKS_UP_S, PlantBoard
from bench.hil.plant.deeds import Deed, Do, choose
from bench.hil.plant.people import MobileNetwork
from bench.hil.plant.plan import HEADSET_HZ, Plan, modem_hz
from bench.hil.qemu import BoardError
from dialer.farend.eventlog import EventLog

LISTENS_S = 0.4
LOUD = 500.0


class _Modem(EmulatedModem):
    """Logs each call when it is over."""

    def __init__(self, exchange: Exchange, number: int, dialect: str, log: EventLog) -> None:
        super().__init__(
            exchange, dialect=dialect, imei=f"4901542032375{number:02}", imsi=f"0010101234567{80 + number}"
        )
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


class Plant:
    """All of it, between `async with`; under the plan's paths, where nothing that is there is replaced.

    Entering raises BenchError when something is at a path or a board cannot be had; nothing is left behind then.
    """

    def __init__(self, plan: Plan, log: EventLog) -> None:
        self._plan = plan
        self._log = log
        network = MobileNetwork(plan.people)
        self._modems = [_Modem(network, n, dialect, log) for n, dialect in enumerate(plan.modems, start=1)]
        self._modem_voices = [
            EmulatedVoice(plan.modem_voice(n), tone(modem_hz(n), LEVEL)) for n in range(1, len(plan.modems) + 1)
        ]
        self._headset = EmulatedHeadset(plan.headset_port, answers_after_s=PICKS_UP_S) if plan.headset else None
        self._headset_voice = EmulatedVoice(plan.headset_voice, tone(HEADSET_HZ, LEVEL))
        self._board: PlantBoard | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BoardError as error:
            await self._stack.aclose()
            raise BenchError(f"the board: {error}; --no-board does without one") from error
        except BaseException:
            await self._stack.aclose()
            raise
        self._log.write("listening")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def do(self, line: str) -> None:
        """What is typed happens. Raises BenchError for what is unknown or cannot be done now."""
        deed, number = choose(self.deeds(), line)
        try:
            done = deed.do(number)
            if done is not None:
                await done
        except (BoardError, HfpProtocolError, ConnectionError, TimeoutError) as error:
            raise BenchError(f"{deed.words}: not done: {error or 'no answer'}") from error
        self._log.write("did", what=deed.words, whom=number)

    def deeds(self) -> Sequence[Deed]:
        """All that can happen here."""
        deeds = [*self._modem_deeds(), *self._headset_deeds()]
        if self._board is not None:
            deeds += self._board.deeds()
        if self._board is not None or self._headset is not None:
            deeds += [
                Deed("hands off", "agents let headsets ring", lambda _: self._hands(False)),
                Deed("hands on", "agents answer by themselves, as at the start", lambda _: self._hands(True)),
            ]
        return deeds

    async def _open(self) -> None:
        voices: dict[str, EmulatedVoice] = {}
        for number, (modem, voice) in enumerate(zip(self._modems, self._modem_voices, strict=True), start=1):
            self._stack.callback(modem.close)
            modem.open_pty(self._plan.modem_port(number))
            voices[f"modem-{number}"] = voice
        if self._headset is not None:
            self._stack.push_async_callback(self._headset.switch_off)
            await self._headset.switch_on()
            voices["headset"] = self._headset_voice
        for voice in voices.values():
            self._stack.push_async_callback(voice.switch_off)
            await voice.switch_on()
        if self._plan.board:
            self._board = PlantBoard(self._plan, self._log)
            self._stack.push_async_callback(self._board.switch_off)
            await self._board.switch_on()
            voices |= {f"tie-{n}": voice for n, voice in enumerate(self._board.ties, start=1)}
        for name, voice in voices.items():
            self._stack.push_async_callback(_end, asyncio.create_task(self._listen(name, voice)))

    def _modem_deeds(self) -> Sequence[Deed]:
        count = len(self._modems)
        if not count:
            return ()

        def set_hanging(hangs: bool) -> Do:
            return lambda n: setattr(self._modems[n - 1].faults, "hangs", hangs)

        def set_registration(stat: int) -> Do:
            return lambda n: setattr(self._modems[n - 1].faults, "registration", stat)

        return (
            Deed("unplug modem", "pull a modem's port and its power", lambda n: self._modems[n - 1].unplug(), count),
            Deed("plug modem", "put it back", self._plug_modem, count),
            Deed("freeze modem", "it says nothing any more", set_hanging(True), count),
            Deed("thaw modem", "it goes on", set_hanging(False), count),
            Deed("lose network", "it has no network any more", set_registration(2), count),
            Deed("find network", "it has one again", set_registration(1), count),
            Deed("unplug voice", "pull its voice port", lambda n: self._modem_voices[n - 1].switch_off(), count),
            Deed("plug voice", "put it back", lambda n: _switch_anew(self._modem_voices[n - 1]), count),
        )

    def _plug_modem(self, number: int) -> None:
        self._modems[number - 1].open_pty(self._plan.modem_port(number))

    def _headset_deeds(self) -> Sequence[Deed]:
        if self._headset is None:
            return ()
        headset, voice = self._headset, self._headset_voice
        return (
            Deed("answer", "press the hands-free headset's button while it rings", lambda _: headset.press_answer()),
            Deed("end", "press its button to end or refuse", lambda _: headset.press_end()),
            Deed("mute", "close its microphone", lambda _: headset.mute(True)),
            Deed("open", "open it", lambda _: headset.mute(False)),
            Deed("headset off", "switch it off, or walk away with it", lambda _: headset.switch_off()),
            Deed("headset on", "come back", lambda _: _switch_anew(headset)),
            Deed("unplug headset voice", "pull its voice port", lambda _: voice.switch_off()),
            Deed("plug headset voice", "put it back", lambda _: _switch_anew(voice)),
        )

    def _hands(self, on: bool) -> None:
        if self._headset is not None:
            self._headset.answers_after_s = PICKS_UP_S if on else None
        if self._board is not None:
            self._board.hands_on = on

    async def _listen(self, name: str, voice: EmulatedVoice) -> None:
        """Log each stretch of sound with its pitch."""
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            samples = await voice.listen(LISTENS_S)
            if len(samples) and float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) > LOUD:
                self._log.write("heard", voice=name, tone_hz=round(loudest_hz(samples)), since_mono=round(since, 3))


async def _switch_anew(thing: EmulatedVoice | EmulatedHeadset) -> None:
    await thing.switch_off()
    await thing.switch_on()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
