"""A gateway driver with the model board at the other end of its pty."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from firmware_bridge import messages as m
from hw.audio.sound import Audible, Sound
from hw.contract import (
    Answered,
    Ended,
    LineEvent,
    TrunkLines,
)
from hw.contract.driver import DriverError
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings
from tests.firmware_bridge.model_board import ALL, ModelBoard
from tests.firmware_bridge.model_ports import QUICK
from tests.firmware_bridge.pty_board import PtyBoard

PATIENCE_S = 10.0
NUMBER = "+12125550100"
LINE, HEADSET, TIE = m.PortKind.LINE, m.PortKind.HEADSET, m.PortKind.TIE


class Voice:
    """A sound that notes what is asked of it; a message lasts until `finish`. It opens while there is no `fault`."""

    def __init__(self, ring: int, fault: str = "") -> None:
        self.ring = ring
        self.fault = fault
        self.away = ""
        self.is_open = False
        self.heard: set[int] = set()
        self.toned: list[int] = []
        self.lose: Callable[[str], None] = lambda why: None
        self._done: Callable[[], None] | None = None

    def absent(self) -> str:
        return self.away

    def open(self, on_lost: Callable[[str], None]) -> None:
        if self.fault:
            raise DriverError(self.fault)
        self.is_open = True
        self.lose = on_lost

    def close(self) -> None:
        self.is_open = False
        self.heard.clear()
        self._done = None

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        if not wav.exists():
            raise DriverError(f"{wav}: no such file")
        self._done = done

    def finish(self) -> None:
        if self._done is not None:
            self._done()

    @property
    def playing(self) -> bool:
        return self._done is not None

    def hear(self, other: Audible, *, tone: bool) -> None:
        self.heard.add(other.ring)
        if tone:
            self.toned.append(other.ring)

    def unhear(self, other: Audible) -> None:
        self.heard.discard(other.ring)

    def mute(self, muted: bool) -> None:
        raise AssertionError("a tie is never muted")


class Desk:
    """A driver with the model board at the other end of its pty; the test is exchange and agents."""

    def __init__(
        self, sounds: Sequence[Sound], capabilities: m.Capabilities, *, start_limit_s: float = 1.0, **settings: object
    ) -> None:
        self.model = ModelBoard(1, lines=2, headsets=2, ties=2, timing=QUICK, capabilities=capabilities)
        self.far = PtyBoard(self.model)
        self.events: list[LineEvent | TrunkLines] = []
        self.driver = GatewayDriver(
            GatewaySettings("desk", self.far.path, keepalive_ms=400, **settings),  # type: ignore[arg-type]
            sounds,
            start_limit_s=start_limit_s,
        )

    def of(self, call_id: str, kind: type = object) -> list[object]:
        return [
            event
            for event in self.events
            if isinstance(event, LineEvent) and event.call_id == call_id and isinstance(event, kind)
        ]

    def lines_told(self) -> list[tuple[int, str]]:
        return [(event.lines, event.because) for event in self.events if isinstance(event, TrunkLines)]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.002)

    def pins(self, act: Callable[[float], None]) -> None:
        act(self.far.now())
        self.far.turn()

    def ended(self, call_id: str) -> Ended | None:
        found = self.of(call_id, Ended)
        return found[0] if found else None  # type: ignore[return-value]

    async def answered(self, call_id: str, line: int = 0) -> None:
        self.driver.dial(call_id, "desk", NUMBER, "")
        await self.until(lambda: self.model.lines[line].state is m.LineState.CALLING)
        self.pins(self.model.lines[line].reverse)
        await self.until(lambda: bool(self.of(call_id, Answered)))

    async def station(self, call_id: str, headset: int = 0) -> None:
        self.driver.call_station(call_id, f"gateway:desk/{headset + 1}")
        await self.until(lambda: self.model.headsets[headset].rings)
        self.pins(lambda now: self.model.headsets[headset].hook(True, now))
        await self.until(lambda: bool(self.of(call_id, Answered)))


@asynccontextmanager
async def desk(
    sounds: Sequence[Sound] = (), capabilities: m.Capabilities = ALL, **settings: object
) -> AsyncIterator[Desk]:
    it = Desk(sounds, capabilities, **settings)  # type: ignore[arg-type]
    it.far.open()
    try:
        await it.driver.start(it.events.append)
        yield it
        await it.driver.close()
    finally:
        it.far.close()


def play(story: Callable[[Desk], Awaitable[None]], sounds: Sequence[Sound] = (), **more: object) -> None:
    async def main() -> None:
        async with desk(sounds, **more) as it:  # type: ignore[arg-type]
            await story(it)

    asyncio.run(main())


def wav(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(320))
    return path
