"""Hands-free headsets under the line driver contract, each on a pty with bumble's hands-free role behind it.

Headsets dial no numbers. So that the contract's calls can be made with them, `CallsByHeadset` lets each number of the
scripts be a headset whose agent behaves as that number does.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bumble.hfp import HfpProtocolError

from bench.hil.emulated.headset import EmulatedHeadset
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound
from hw.contract import LineEvent, OnEvent, TrunkLines
from hw.fake import DIGIT_GAP_S, FarEnd
from hw.headset.gateway import CallState
from hw.headset.station import HeadsetSettings, HeadsetStations
from tests.contracts.rigs import Recorder, Rig, violations
from tests.contracts.scripts import ANSWERS, ANSWERS_AND_LEAVES, MAX_CALLS, PRESSES_KEYS, RINGS, SCRIPTS, STATION_SCRIPT
from tests.contracts.silence import SilentStream

NOT_FOR_STATIONS = {
    "test_a_refusal_ends_with_its_cause_and_codes": "a headset refuses without a code",
    "test_an_answer_that_crosses_the_cancel_is_told": "the gateway refuses a button that comes too late",
    "test_audio_before_the_answer_is_told": "a headset sends no audio while it rings",
    "test_a_full_trunk_says_no_line": "a headset belongs to no trunk",
    "test_an_unknown_trunk_says_no_line": "a headset belongs to no trunk",
    "test_keys_reach_the_far_side": "a headset has no use for keys",
}
"""Tests of the contract that mean nothing for a driver of stations only, and why."""

_STATIONS = tuple(f"agent-{number}" for number in range(MAX_CALLS))
_PLAYED = {
    ANSWERS: ("answers-1", "answers-2"),
    ANSWERS_AND_LEAVES: ("leaves-1",),
    PRESSES_KEYS: ("keys-1",),
    RINGS: ("rings-1", "rings-2"),
}


class CallsByHeadset(HeadsetStations):
    """Headsets, some of which can be dialed by the scripts' numbers."""

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call a headset that behaves as the number does."""
        self.call_station(call_id, f"hfp:{self.free(_PLAYED[number])}")

    def capacity(self) -> int:
        """How many headsets are there to be called as stations."""
        return sum(1 for state in self.states() if state.connected and state.name in _STATIONS)

    def free(self, names: tuple[str, ...]) -> str:
        """The first of these headsets that has no call, or the first of all."""
        busy = {state.name for state in self.states() if state.call is not CallState.NONE}
        return next((name for name in names if name not in busy), names[0])


class HeadsetRig(Rig):
    """A rig whose `station` is the first headset that is free, as one headset takes one call."""

    def __init__(self, driver: CallsByHeadset, seen: Recorder) -> None:
        self._driver = driver
        super().__init__(driver, seen, "", lambda _: "", None)

    @property
    def station(self) -> str:
        """Address of a headset."""
        return f"hfp:{self._driver.free(_STATIONS)}"

    @station.setter
    def station(self, _: str) -> None:
        """The base class sets what is found here at each call."""


@dataclass(frozen=True, slots=True)
class _Agent:
    headset: EmulatedHeadset
    script: FarEnd

    async def live(self) -> None:
        """Do what the script says, call after call."""
        while True:
            await _when(lambda: self.headset.in_call)
            with suppress(HfpProtocolError, ConnectionError, TimeoutError):
                await self._talk()
            await _when(lambda: not self.headset.in_call)

    async def _talk(self) -> None:
        for key in self.script.digits:
            await asyncio.sleep(DIGIT_GAP_S)
            await self.headset.send(f"AT+VTS={key}")
        if self.script.hang_up_s is not None:
            await asyncio.sleep(self.script.hang_up_s)
            await self.headset.press_end()


@asynccontextmanager
async def headset_rig() -> AsyncIterator[Rig]:
    """Headsets on ptys: those that are stations, and those that stand for the scripts' numbers."""
    scripts = dict.fromkeys(_STATIONS, STATION_SCRIPT)
    scripts |= {name: SCRIPTS[number] for number, names in _PLAYED.items() for name in names}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        headsets = [await _switched_on(stack, folder / name, script) for name, script in scripts.items()]
        descriptor = create_segment(1)
        stack.callback(os.close, descriptor)
        segment = Segment(descriptor)
        sounds = {name: PcmSound(SilentStream(), segment, ring) for ring, name in enumerate(scripts)}
        driver = CallsByHeadset([HeadsetSettings(name, str(folder / name)) for name in scripts], sounds)
        seen = Recorder()
        await driver.start(of_calls(seen))
        stack.push_async_callback(driver.close)
        for headset in headsets:
            await headset.until(lambda headset: headset.connected)
        yield HeadsetRig(driver, seen)
    assert violations(seen.events) == []


def of_calls(seen: Recorder) -> OnEvent:
    """Keeps the events of calls; headsets have no others."""

    def on_event(event: LineEvent | TrunkLines) -> None:
        assert isinstance(event, LineEvent)
        seen(event)

    return on_event


async def _switched_on(stack: AsyncExitStack, port: Path, script: FarEnd) -> EmulatedHeadset:
    headset = EmulatedHeadset(port, battery_percent=None, answers_after_s=script.answer_s)
    await headset.switch_on()
    stack.push_async_callback(headset.switch_off)
    agent = asyncio.create_task(_Agent(headset, script).live())
    stack.callback(agent.cancel)
    return headset


async def _when(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)
