"""What one headset says is heard in the other: serial PCM, sounds and rings together, in real time."""

import asyncio
import os
import pty
import tty
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.hil.emulated.headset import EmulatedHeadset
from hw.audio.ring import FRAME_BYTES, Segment, create_segment
from hw.audio.sound import RATE_HZ, PcmSound, Samples
from hw.audio.streams import SerialPcm
from hw.contract import Answered, Joined
from hw.headset.station import HeadsetSettings, HeadsetStations
from tests.contracts.headset_rig import of_calls
from tests.contracts.rigs import Recorder

FRAME_S = 0.02


class Voice:
    """The audio side of a headset: a pty on which it says a tone for ever, and keeps what it hears."""

    def __init__(self, hz: float, level: int) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        at = np.arange(RATE_HZ) / RATE_HZ
        self._said = (level * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()
        self._heard = bytearray()

    async def talk(self) -> None:
        """In real time, until cancelled."""
        loop, place = asyncio.get_running_loop(), 0
        due = loop.time()
        while True:
            with suppress(BlockingIOError):
                os.write(self._master, self._said[place : place + FRAME_BYTES])
                place = (place + FRAME_BYTES) % len(self._said)
            with suppress(BlockingIOError):
                self._heard += os.read(self._master, 65536)
            due += FRAME_S
            await asyncio.sleep(due - loop.time())

    async def listen(self, seconds: float) -> Samples:
        """What comes in the next seconds."""
        self._heard.clear()
        await asyncio.sleep(seconds)
        return np.frombuffer(bytes(self._heard[: len(self._heard) // 2 * 2]), "<i2")

    def close(self) -> None:
        """Be gone."""
        os.close(self._master)
        os.close(self._slave)


def loudest_hz(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE_HZ / len(samples)


def test_two_headsets_hear_each_other_and_not_the_one_that_is_muted(tmp_path: Path) -> None:
    async def story() -> None:
        descriptor = create_segment(1)
        segment = Segment(descriptor)
        units = {name: EmulatedHeadset(tmp_path / name, answers_after_s=0) for name in "ab"}
        voices = {"a": Voice(440, 9000), "b": Voice(1000, 20000)}
        sounds = {
            name: PcmSound(SerialPcm(voice.path), segment, ring) for ring, (name, voice) in enumerate(voices.items())
        }
        driver = HeadsetStations([HeadsetSettings(name, str(units[name].port)) for name in units], sounds)
        seen = Recorder()
        await driver.start(of_calls(seen))
        talks = [asyncio.create_task(voice.talk()) for voice in voices.values()]
        for name, unit in units.items():
            await unit.switch_on()
            await unit.until(lambda unit: unit.connected)
            driver.call_station(name, f"hfp:{name}")
            await seen.wait(Answered, name)
        driver.join("a", "b", tone=False)
        await seen.wait(Joined, "a")
        await asyncio.sleep(0.3)

        heard = dict(zip("ab", await asyncio.gather(*(voice.listen(1.0) for voice in voices.values())), strict=True))
        assert abs(loudest_hz(heard["a"]) - 1000) < 5
        assert abs(loudest_hz(heard["b"]) - 440) < 5
        assert 19900 <= np.abs(heard["a"]).max() <= 20000
        assert 8900 <= np.abs(heard["b"]).max() <= 9000

        await units["a"].mute(True)
        await asyncio.sleep(0.3)
        assert np.abs(await voices["b"].listen(0.3)).max() == 0
        driver.mute("a", False)
        driver.part("a", "b")
        await asyncio.sleep(0.3)
        assert np.abs(await voices["b"].listen(0.3)).max() == 0

        await driver.close()
        for talk in talks:
            talk.cancel()
        for unit, voice in zip(units.values(), voices.values(), strict=True):
            await unit.switch_off()
            voice.close()
        os.close(descriptor)

    asyncio.run(story())
