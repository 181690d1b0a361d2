"""A driver under test with its far end: one rig per kind of driver, all with the same scripts."""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from hw.contract import Dialed, LineDriver
from hw.contract.events import Ended, LineEvent, TrunkLines
from hw.fake import FakeDriver
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool
from tests.contracts.scripts import MAX_CALLS, SCRIPTS, STATION, STATION_SCRIPT, TRUNK, TRUNK_LINES
from tests.contracts.sip_far_end import SipFarEnd

PATIENCE_S = 10.0
SIP_RTP_BASE = 31000
E_ = TypeVar("E_", bound=LineEvent)


class Recorder:
    """Keeps every event of calls, and lets a test wait for one; what trunks tell of their lines is in `lines`."""

    def __init__(self) -> None:
        self.events: list[LineEvent] = []
        self.lines: list[TrunkLines] = []
        self._news = asyncio.Event()

    def __call__(self, event: LineEvent | TrunkLines) -> None:
        if isinstance(event, TrunkLines):
            self.lines.append(event)
            return
        self.events.append(event)
        self._news.set()

    def of(self, call_id: str) -> list[LineEvent]:
        """The events of a call, in order."""
        return [event for event in self.events if event.call_id == call_id]

    def kinds(self, call_id: str) -> list[str]:
        """The kinds of a call's events, in order."""
        return [type(event).__name__ for event in self.of(call_id)]

    async def wait(self, kind: type[E_], call_id: str) -> E_:
        """The first event of this kind of a call, now or soon."""
        return (await self.wait_count(kind, call_id, 1))[0]

    async def wait_count(self, kind: type[E_], call_id: str, count: int) -> list[E_]:
        """`count` events of this kind of a call, now or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [event for event in self.of(call_id) if isinstance(event, kind)]
                if len(found) >= count:
                    return found
                self._news.clear()
                await self._news.wait()

    async def ended(self, call_id: str) -> Ended:
        """How a call ended, now or soon."""
        return await self.wait(Ended, call_id)


def violations(seen: list[LineEvent]) -> list[str]:
    """Where the events of some call break the contract's order; a call id may be used again after its end."""
    wrong: list[str] = []
    told: dict[str, list[str]] = {}
    for event in seen:
        kind, so_far = type(event).__name__, told.setdefault(event.call_id, [])
        late = {"Dialed": {"Dialed", "Ringing", "Answered"}, "Ringing": {"Answered"}, "Answered": {"Answered"}}
        early = {"Ringing", "Answered"} if "Dialed" not in so_far else set()
        up_only = {"Joined", "DigitReceived"} if "Answered" not in so_far else set()
        if late.get(kind, set()) & set(so_far) or kind in early | up_only:
            wrong.append(f"{event.call_id}: {kind} after {so_far}")
        so_far.append(kind)
        if kind == "Ended":
            del told[event.call_id]
    return wrong + [f"{call_id}: never ended" for call_id in told]


class Rig:
    """A started driver. `digits_heard` tells what keys the far end of a call got."""

    def __init__(
        self,
        driver: LineDriver,
        seen: Recorder,
        station: str,
        digits_heard: Callable[[str], str],
        far: SipFarEnd | None,
    ) -> None:
        self.driver = driver
        self.seen = seen
        self.station = station
        self.digits_heard = digits_heard
        self.far = far


MakeRig = Callable[[], AbstractAsyncContextManager[Rig]]


@asynccontextmanager
async def fake_rig() -> AsyncIterator[Rig]:
    """The scripted driver on the running loop."""
    driver = FakeDriver({**SCRIPTS, STATION: STATION_SCRIPT}, trunks={TRUNK: TRUNK_LINES}, max_calls=MAX_CALLS)
    seen = Recorder()
    await driver.start(seen)
    try:
        yield Rig(driver, seen, STATION, lambda call_id: driver.digits_sent.get(call_id, ""), None)
    finally:
        await driver.close()
    assert violations(seen.events) == []


@asynccontextmanager
async def sip_rig(max_calls: int = MAX_CALLS, rtp_port_base: int = SIP_RTP_BASE) -> AsyncIterator[Rig]:
    """SIP cards that talk to a scripted SIP far end on loopback."""
    far = SipFarEnd(SCRIPTS, STATION_SCRIPT)
    await far.open()
    trunk = SipTrunk(
        TRUNK, f"sip:{{number}}@127.0.0.1:{far.port}", TRUNK_LINES if max_calls == MAX_CALLS else max_calls
    )
    pool = SipPool(SipSettings(rtp_port_base=rtp_port_base, max_calls=max_calls, trunks=(trunk,)))
    seen = Recorder()

    def digits_heard(call_id: str) -> str:
        dialed = next(event for event in seen.of(call_id) if isinstance(event, Dialed))
        return far.digits.get(dialed.ref, "")

    try:
        await pool.start(seen)
        yield Rig(pool, seen, f"sip:{STATION}@127.0.0.1:{far.port}", digits_heard, far)
    finally:
        await pool.close()
        await far.close()
    assert violations(seen.events) == []


def write_wav(path: Path, seconds: float, *, rate_hz: int = 8000) -> Path:
    """A silent mono 16-bit WAV file."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(bytes(2 * round(seconds * rate_hz)))
    return path
