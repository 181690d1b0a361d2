"""A bank of emulated modems on ptys, and what it told."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem, Faults
from hw.audio.sound import Sound
from hw.contract import Ended, LineEvent, TrunkLines
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings, ModemSettings
from hw.modem.sms import SmsTold
from hw.modem.usage import Usage

PATIENCE_S = 15.0
HASTE = 20.0
TRUNK = "gsm"
ANSWERS, LEAVES, BUSY, RINGS, KEYS = (f"+1212555010{number}" for number in range(1, 6))
FAR_ENDS = {
    ANSWERS: FarEnd(ring_s=0.05, answer_s=0.2),
    LEAVES: FarEnd(ring_s=0.05, answer_s=0.2, hang_up_s=0.5),
    BUSY: FarEnd(ring_s=None, fail_s=0.1, cause=17),
    RINGS: FarEnd(ring_s=0.05),
    KEYS: FarEnd(ring_s=0.05, answer_s=0.1, keys="159#"),
}
E_ = TypeVar("E_", bound=LineEvent)


class _HastySelector(selectors.DefaultSelector):
    def __init__(self, haste: float) -> None:
        super().__init__()
        self._haste = haste

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / self._haste)


class HastyLoop(asyncio.SelectorEventLoop):
    """A loop whose clock runs `haste` times as fast as ours."""

    def __init__(self, haste: float) -> None:
        super().__init__(_HastySelector(haste))
        self._haste = haste

    def time(self) -> float:
        """Hasty seconds."""
        return self._haste * super().time()


def run_hastily(story: Coroutine[None, None, None], haste: float = HASTE) -> None:
    """Play a story out on a `HastyLoop`."""
    with asyncio.Runner(loop_factory=lambda: HastyLoop(haste)) as runner:
        runner.run(story)


@dataclass(slots=True)
class Stage:
    """What a test plays with."""

    bank: ModemBank
    modems: list[EmulatedModem]
    exchange: Exchange
    folder: Path
    events: list[LineEvent | TrunkLines] = field(default_factory=list)
    texts: list[SmsTold] = field(default_factory=list)

    @property
    def modem(self) -> EmulatedModem:
        """The only modem."""
        (modem,) = self.modems
        return modem

    def of(self, call_id: str) -> list[LineEvent]:
        """The events of a call."""
        return [event for event in self.events if isinstance(event, LineEvent) and event.call_id == call_id]

    def kinds(self, call_id: str) -> list[str]:
        """The kinds of a call's events."""
        return [type(event).__name__ for event in self.of(call_id)]

    @property
    def lines(self) -> TrunkLines | None:
        """What was last told of the trunk's lines."""
        told = [event for event in self.events if isinstance(event, TrunkLines)]
        return told[-1] if told else None

    async def until(self, wanted: Callable[[], bool], limit_s: float = PATIENCE_S) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(limit_s):
            while not wanted():
                await asyncio.sleep(0.01)

    async def wait(self, kind: type[E_], call_id: str, limit_s: float = PATIENCE_S) -> E_:
        """The first event of this kind of a call, now or soon."""
        await self.until(lambda: any(isinstance(event, kind) for event in self.of(call_id)), limit_s)
        return next(event for event in self.of(call_id) if isinstance(event, kind))

    async def ended(self, call_id: str, limit_s: float = PATIENCE_S) -> Ended:
        """How a call ended."""
        return await self.wait(Ended, call_id, limit_s)

    def dial(self, call_id: str, number: str) -> None:
        """Call a number."""
        self.bank.dial(call_id, TRUNK, number, "")


@asynccontextmanager
async def prepared(
    folder: Path,
    *,
    dialect: str = "quectel",
    count: int = 1,
    faults: Sequence[Faults] = (),
    settings: ModemSettings | None = None,
    start_limit_s: float = 5.0,
    today: Callable[[], date] = date.today,
    sounds_of: Callable[[list[EmulatedModem]], Mapping[str, Sound]] = lambda modems: {},
) -> AsyncIterator[Stage]:
    """Modems plugged in, and a bank that is not started yet. `settings` is the pattern for all modems.

    `sounds_of` gives the sounds by the modems' names, which are m0, m1 and so on.
    """
    exchange = Exchange(FAR_ENDS)
    pattern = settings or ModemSettings("pattern", TRUNK, "/dev/none")
    modems, configured = [], []
    for number in range(count):
        modem = EmulatedModem(
            exchange,
            dialect=dialect,
            imei=f"49015420323751{number}",
            imsi=f"00101012345678{number}",
            faults=faults[number] if number < len(faults) else None,
        )
        port = modem.open_pty(folder / f"port{number}")
        modems.append(modem)
        configured.append(
            replace(pattern, name=f"m{number}", port=port if pattern.port == "/dev/none" else pattern.port)
        )
    texts: list[SmsTold] = []
    bank = ModemBank(
        BankSettings(tuple(configured)),
        sounds=sounds_of(modems),
        usage=Usage(folder / "usage.json", today),
        on_sms=texts.append,
        candidates=lambda: sorted(str(path) for path in folder.glob("port*")),
        start_limit_s=start_limit_s,
    )
    stage = Stage(bank, modems, exchange, folder, texts=texts)
    try:
        yield stage
    finally:
        await bank.close()
        for modem in modems:
            modem.close()


@asynccontextmanager
async def staged(
    folder: Path,
    *,
    dialect: str = "quectel",
    count: int = 1,
    faults: Sequence[Faults] = (),
    settings: ModemSettings | None = None,
    sounds_of: Callable[[list[EmulatedModem]], Mapping[str, Sound]] = lambda modems: {},
) -> AsyncIterator[Stage]:
    """Modems plugged in and a bank that drives them."""
    async with prepared(
        folder, dialect=dialect, count=count, faults=faults, settings=settings, sounds_of=sounds_of
    ) as stage:
        await stage.bank.start(stage.events.append)
        yield stage


Story = Callable[[Stage], Awaitable[None]]


def play_out(folder: Path, story: Story, **options: object) -> None:
    """Play a story out on a stage, fast."""

    async def main() -> None:
        async with staged(folder, **options) as stage:  # type: ignore[arg-type]
            await story(stage)

    run_hastily(main(), haste=4.0)


def pattern(**options: object) -> ModemSettings:
    """The pattern for all modems of a stage."""
    return ModemSettings(**{"name": "pattern", "trunk": TRUNK, "port": "/dev/none", **options})  # type: ignore[arg-type]
