"""What one headset says is heard in the other: serial PCM, sounds and rings together, in real time."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.emulated.voice import EmulatedVoice, loudest_hz, tone
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound
from hw.audio.streams import SerialPcm
from hw.contract import Answered, Joined
from hw.headset.station import HeadsetSettings, HeadsetStations
from tests.contracts.headset_rig import of_calls
from tests.contracts.rigs import Recorder

SETTLE_S = 0.4


class Pair:
    """Two headsets, a and b, that say different tones."""

    def __init__(self, folder: Path, segment: Segment) -> None:
        self.units = {name: EmulatedHeadset(folder / name, answers_after_s=0) for name in "ab"}
        self.a = EmulatedVoice(folder / "a.pcm", tone(440, 9000))
        self.b = EmulatedVoice(folder / "b.pcm", tone(1000, 20000))
        sounds = {
            name: PcmSound(SerialPcm(str(voice.port)), segment, ring)
            for ring, (name, voice) in enumerate({"a": self.a, "b": self.b}.items())
        }
        self.driver = HeadsetStations([HeadsetSettings(name, str(folder / name)) for name in "ab"], sounds)
        self.seen = Recorder()

    async def up(self, stack: AsyncExitStack) -> None:
        """Both answered, each on a call of its own name."""
        for voice in (self.a, self.b):
            await voice.switch_on()
            stack.push_async_callback(voice.switch_off)
        for unit in self.units.values():
            await unit.switch_on()
            stack.push_async_callback(unit.switch_off)
        await self.driver.start(of_calls(self.seen))
        stack.push_async_callback(self.driver.close)
        for name, unit in self.units.items():
            await unit.until(lambda unit: unit.connected)
            self.driver.call_station(name, f"hfp:{name}")
            await self.seen.wait(Answered, name)


def test_two_headsets_hear_each_other_and_not_the_one_that_is_muted(tmp_path: Path) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            descriptor = create_segment(1)
            stack.callback(os.close, descriptor)
            pair = Pair(tmp_path, Segment(descriptor))
            await pair.up(stack)
            pair.driver.join("a", "b", tone=False)
            await pair.seen.wait(Joined, "a")
            await asyncio.sleep(SETTLE_S)
            at_a, at_b = await asyncio.gather(pair.a.listen(1.0), pair.b.listen(1.0))
            assert abs(loudest_hz(at_a) - 1000) < 5
            assert abs(loudest_hz(at_b) - 440) < 5
            assert 19900 <= np.abs(at_a).max() <= 20000
            assert 8900 <= np.abs(at_b).max() <= 9000
            await pair.units["a"].mute(True)
            await asyncio.sleep(SETTLE_S)
            assert np.abs(await pair.b.listen(0.3)).max() == 0
            pair.driver.mute("a", False)
            await asyncio.sleep(SETTLE_S)
            assert np.abs(await pair.b.listen(0.3)).max() > 8000
            pair.driver.part("a", "b")
            await asyncio.sleep(SETTLE_S)
            assert np.abs(await pair.b.listen(0.3)).max() == 0

    asyncio.run(story())
