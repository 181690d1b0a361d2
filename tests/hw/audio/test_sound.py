"""PCM sounds: what a line says reaches whoever hears it, mixed, with tone and messages."""

import asyncio
import os
import wave
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hw.audio.ring import FRAME_BYTES, SLOTS_PER_CARD, Segment, create_segment
from hw.audio.sound import RATE_HZ, PcmSound, frames_of, wav_samples
from hw.contract.driver import DriverError


class ScriptedStream:
    """Says the same sample value for ever, and keeps what it is told."""

    def __init__(self, level: int) -> None:
        self.frame = np.full(FRAME_BYTES // 2, level, "<i2").tobytes()
        self.told: deque[bytes] = deque()
        self.is_open = False
        self.fault = ""

    def absent(self) -> str:
        return self.fault

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def read_frame(self) -> bytes | None:
        return self.frame

    def write_frame(self, frame: bytes) -> None:
        self.told.append(frame)

    def levels(self) -> set[int]:
        """The different values heard in the latest ten frames."""
        return {int(value) for frame in list(self.told)[-10:] for value in np.frombuffer(frame, "<i2")}


@pytest.fixture
def segment() -> Iterator[Segment]:
    descriptor = create_segment(1)
    yield Segment(descriptor)
    os.close(descriptor)


def not_lost(why: str) -> None:
    raise AssertionError(why)


def test_two_lines_hear_each_other_and_a_third_hears_both(segment: Segment) -> None:
    async def story() -> None:
        streams = [ScriptedStream(100), ScriptedStream(20), ScriptedStream(3)]
        a, b, c = (PcmSound(stream, segment, ring) for ring, stream in enumerate(streams))
        for sound in (a, b, c):
            sound.open(not_lost)
        a.hear(b, tone=False)
        b.hear(a, tone=False)
        c.hear(a, tone=False)
        c.hear(b, tone=False)
        await asyncio.sleep(0.5)
        assert [stream.levels() for stream in streams] == [{20}, {100}, {120}]
        a.unhear(b)
        await asyncio.sleep(0.3)
        assert streams[0].levels() == {0}
        for sound in (a, b, c):
            sound.close()
        assert not any(stream.is_open for stream in streams)

    asyncio.run(story())


def test_nothing_of_a_muted_line_is_heard(segment: Segment) -> None:
    async def story() -> None:
        streams = [ScriptedStream(100), ScriptedStream(20)]
        a, b = (PcmSound(stream, segment, ring) for ring, stream in enumerate(streams))
        a.open(not_lost)
        b.open(not_lost)
        a.hear(b, tone=False)
        b.hear(a, tone=False)
        a.mute(True)
        await asyncio.sleep(0.4)
        assert [stream.levels() for stream in streams] == [{20}, {0}]
        a.mute(False)
        await asyncio.sleep(0.4)
        assert streams[1].levels() == {100}
        a.close()
        b.close()

    asyncio.run(story())


def test_voices_that_are_too_loud_together_are_clipped(segment: Segment) -> None:
    async def story() -> None:
        streams = [ScriptedStream(30000), ScriptedStream(30000), ScriptedStream(0)]
        a, b, c = (PcmSound(stream, segment, ring) for ring, stream in enumerate(streams))
        for sound in (a, b, c):
            sound.open(not_lost)
        c.hear(a, tone=False)
        c.hear(b, tone=False)
        await asyncio.sleep(0.4)
        assert streams[2].levels() == {32767}
        for sound in (a, b, c):
            sound.close()

    asyncio.run(story())


def test_a_message_is_played_once_and_told(segment: Segment, tmp_path: Path) -> None:
    async def story() -> None:
        stream = ScriptedStream(0)
        sound = PcmSound(stream, segment, SLOTS_PER_CARD - 1)
        sound.open(not_lost)
        done = asyncio.Event()
        sound.play(write(tmp_path / "m.wav", np.full(1600, 7, np.int16), RATE_HZ), done.set)
        async with asyncio.timeout(5):
            await done.wait()
        assert sum(frame == np.full(160, 7, "<i2").tobytes() for frame in stream.told) == 10
        sound.close()

    asyncio.run(story())


def test_a_message_that_is_cut_off_is_not_told_as_played(segment: Segment, tmp_path: Path) -> None:
    async def story() -> None:
        sound = PcmSound(ScriptedStream(0), segment, 0)
        sound.open(not_lost)
        told: list[bool] = []
        sound.play(write(tmp_path / "m.wav", np.full(8000, 7, np.int16), RATE_HZ), lambda: told.append(True))
        await asyncio.sleep(0.1)
        sound.close()
        await asyncio.sleep(1.2)
        assert told == []

    asyncio.run(story())


def test_a_stream_that_dies_is_told_once_and_not_after_the_end(segment: Segment) -> None:
    async def story() -> None:
        streams = [ScriptedStream(0), ScriptedStream(0)]
        dying, over = (PcmSound(stream, segment, ring) for ring, stream in enumerate(streams))
        told: list[str] = []
        dying.open(told.append)
        over.open(told.append)
        over.close()
        for stream in streams:
            stream.fault = "unplugged"
        async with asyncio.timeout(5):
            while not told:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert told == ["unplugged"]
        dying.close()

    asyncio.run(story())


def test_a_tone_comes_first_for_whom_it_is_meant(segment: Segment) -> None:
    async def story() -> None:
        streams = [ScriptedStream(0), ScriptedStream(0)]
        a, b = (PcmSound(stream, segment, ring) for ring, stream in enumerate(streams))
        a.open(not_lost)
        b.open(not_lost)
        a.hear(b, tone=False)
        b.hear(a, tone=True)
        await asyncio.sleep(0.5)
        heard = [np.frombuffer(b"".join(stream.told), "<i2") for stream in streams]
        assert np.abs(heard[0]).max() == 0
        spectrum = np.abs(np.fft.rfft(heard[1][np.flatnonzero(heard[1])[0] :][:1600]))
        assert abs(int(np.argmax(spectrum)) * RATE_HZ / 1600 - 440) <= 5
        a.close()
        b.close()

    asyncio.run(story())


def test_a_file_of_another_rate_keeps_its_pitch(tmp_path: Path) -> None:
    at = np.arange(16000) / 16000
    samples = wav_samples(write(tmp_path / "m.wav", (9000 * np.sin(2 * np.pi * 500 * at)).astype(np.int16), 16000))
    assert len(samples) == RATE_HZ
    assert int(np.argmax(np.abs(np.fft.rfft(samples)))) == 500


def test_a_bad_file_is_refused(segment: Segment, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    with pytest.raises(DriverError, match=r"bad\.wav"):
        PcmSound(ScriptedStream(0), segment, 0).play(bad, lambda: None)


def test_the_last_frame_is_filled_up() -> None:
    assert [len(frame) for frame in frames_of(np.ones(161, np.int16))] == [FRAME_BYTES, FRAME_BYTES]


def write(path: Path, samples: "np.typing.NDArray[np.int16]", rate_hz: int) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(samples.astype("<i2").tobytes())
    return path
