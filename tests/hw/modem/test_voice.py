"""A modem's voice over its serial PCM port, from the far end to a ring and back."""

import asyncio
import os
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bench.hil.emulated.modem import EmulatedModem
from bench.hil.emulated.voice import Voice
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound, Sound
from hw.audio.streams import SerialPcm
from hw.contract import Answered, Joined, MessagePlayed
from tests.hw.modem.stage import ANSWERS, staged


@contextmanager
def segment() -> Iterator[Segment]:
    """Rings for two voices."""
    descriptor = create_segment(1)
    try:
        yield Segment(descriptor)
    finally:
        os.close(descriptor)


def tone(hz: float, seconds: float) -> bytes:
    """A tone at 8 kHz."""
    at = np.arange(round(8000 * seconds)) / 8000
    return (8000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def strength(pcm: bytes, hz: float) -> float:
    """How much of a tone of this pitch is in the samples (Goertzel), against its full scale in a second of sound."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(float)
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / 8000)
    return float(abs(np.dot(samples, turn)) / (8000 * 4000))


def sounds_in(rings: Segment) -> Callable[[list[EmulatedModem]], Mapping[str, Sound]]:
    """Plug the modems' voice ports in, each with a ring."""
    return lambda modems: {
        f"m{number}": PcmSound(SerialPcm(modem.open_voice().path), rings, number) for number, modem in enumerate(modems)
    }


def voice_of(modem: EmulatedModem) -> Voice:
    """The modem's voice port."""
    assert modem.voice is not None
    return modem.voice


@pytest.mark.parametrize("dialect", ["quectel", "simcom", "huawei"])
def test_a_message_is_heard_at_the_far_end(tmp_path: Path, dialect: str) -> None:
    message = tmp_path / "message.wav"
    with wave.open(str(message), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(tone(1000, 1.0))

    async def main() -> None:
        with segment() as rings:
            async with staged(tmp_path, dialect=dialect, sounds_of=sounds_in(rings)) as stage:
                voice = voice_of(stage.modem)
                stage.dial("a", ANSWERS)
                await stage.wait(Answered, "a")
                await asyncio.sleep(0.2)
                stage.bank.play("a", message)
                await stage.wait(MessagePlayed, "a")
                await asyncio.sleep(0.2)
                assert strength(bytes(voice.heard), 1000) > 0.9
                stage.bank.hang_up("a")
                await stage.ended("a")
                heard = len(voice.heard)
                await asyncio.sleep(0.2)
                assert len(voice.heard) == heard

    asyncio.run(main())


def test_two_modems_that_are_joined_hear_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        with segment() as rings:
            async with staged(tmp_path, count=2, sounds_of=sounds_in(rings)) as stage:
                voices = [voice_of(modem) for modem in stage.modems]
                for call_id in "ab":
                    stage.dial(call_id, ANSWERS)
                    await stage.wait(Answered, call_id)
                stage.bank.join("a", "b", tone=False)
                await stage.wait(Joined, "a")
                await asyncio.sleep(0.3)
                voices[0].say(tone(600, 1.0))
                voices[1].say(tone(900, 1.0))
                await asyncio.sleep(1.6)
                stage.bank.part("a", "b")
                said = {600: bytes(voices[1].heard), 900: bytes(voices[0].heard)}
                assert all(strength(heard, hz) > 0.8 for hz, heard in said.items())
                assert strength(said[600], 900) < 0.1

    asyncio.run(main())
