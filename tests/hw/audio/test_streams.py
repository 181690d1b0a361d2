"""PCM over serial ports and sound devices: what goes in comes out, in order and at its level, and nothing blocks."""

import contextlib
import itertools
import logging
import os
import pty
import shutil
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.audio.ring import FRAME_BYTES
from hw.audio.sound import RATE_HZ, PcmStream, Samples
from hw.audio.streams import (
    LATE_FRAMES,
    TARGET_FRAMES,
    FrameBuffer,
    SerialPcm,
    SoundDevicePcm,
    check_sound_device,
    pcm_stream,
)
from hw.contract.driver import DriverError

alsa = pytest.mark.skipif(
    not (shutil.which("arecord") and shutil.which("aplay")), reason="needs the Debian package alsa-utils"
)


def numbered(number: int) -> bytes:
    """A frame all of one value, which tells its place."""
    return np.full(FRAME_BYTES // 2, number, "<i2").tobytes()


def places(heard: bytes) -> list[int]:
    """The places of frames that came whole, one after the other; fails on a frame that came apart."""
    frames = np.frombuffer(heard[: len(heard) // FRAME_BYTES * FRAME_BYTES], "<i2").reshape(-1, FRAME_BYTES // 2)
    assert (frames == frames[:, :1]).all()
    return [int(frame[0]) for frame in frames]


def tone(hz: float, seconds: float, level: int = 9000) -> bytes:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def pitch_hz(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE_HZ / len(samples)


def drained(stream: PcmStream, *, frames: int, patience_s: float = 5.0) -> bytes:
    """The next `frames` frames."""
    heard, until = bytearray(), time.monotonic() + patience_s
    while len(heard) < frames * FRAME_BYTES:
        assert time.monotonic() < until, f"{len(heard)} bytes only"
        frame = stream.read_frame()
        if frame is None:
            time.sleep(0.002)
        else:
            heard += frame
    return bytes(heard)


# What a pty holds beside our own buffer: 4096 bytes, and a frame begun.
PTY_FRAMES = 4096 // FRAME_BYTES + 1


class TestFrameBuffer:
    @given(st.lists(st.integers(1, 900), min_size=1, max_size=40))
    def test_pieces_of_any_size_give_the_same_frames(self, sizes: list[int]) -> None:
        sent = b"".join(numbered(place) for place in range(sum(sizes) // FRAME_BYTES + 1))
        buffer, heard, at = FrameBuffer(), bytearray(), 0
        for size in sizes:
            buffer.feed(sent[at : at + size])
            at += size
            while (frame := buffer.take()) is not None:
                heard += frame
        assert heard == sent[: at // FRAME_BYTES * FRAME_BYTES]
        assert buffer.skipped == 0

    @given(st.lists(st.integers(1, 9000), min_size=1, max_size=30))
    def test_a_late_reader_skips_whole_frames_and_keeps_little(self, sizes: list[int]) -> None:
        sent = b"".join(numbered(place % 30000) for place in range(sum(sizes) // FRAME_BYTES + 1))
        buffer, heard, at = FrameBuffer(), bytearray(), 0
        for size in sizes:
            buffer.feed(sent[at : at + size])
            at += size
            heard += buffer.take() or b""
        kept = bytearray()
        while (frame := buffer.take()) is not None:
            kept += frame
        assert len(kept) <= LATE_FRAMES * FRAME_BYTES
        order = places(bytes(heard + kept))
        assert order == sorted(set(order))
        assert len(order) + buffer.skipped == at // FRAME_BYTES

    def test_it_skips_to_its_target(self) -> None:
        buffer = FrameBuffer()
        for place in range(LATE_FRAMES + 1):
            buffer.feed(numbered(place))
        frame = buffer.take()
        assert frame is not None
        assert places(frame) == [LATE_FRAMES + 1 - TARGET_FRAMES]


class Port:
    """A pty whose master is the modem."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        os.close(slave)

    def hear(self, limit: int = 65536) -> bytes:
        """What has come from our side."""
        try:
            return os.read(self.master, limit)
        except OSError:
            return b""

    def say(self, data: bytes) -> None:
        """Send all of it."""
        while data:
            try:
                data = data[os.write(self.master, data) :]
            except BlockingIOError:
                time.sleep(0.002)


@pytest.fixture
def port() -> Iterator[Port]:
    port = Port()
    yield port
    with contextlib.suppress(OSError):
        os.close(port.master)


@pytest.fixture
def stream(port: Port) -> Iterator[SerialPcm]:
    stream = SerialPcm(port.path)
    stream.open()
    yield stream
    stream.close()


class TestSerialPcm:
    def test_a_tone_passes_both_ways_as_it_is(self, port: Port, stream: SerialPcm) -> None:
        spoken, said = tone(440, 0.2), tone(1000, 0.2, level=30000)
        heard_there, heard_here = bytearray(), bytearray()
        for at in range(0, len(said), FRAME_BYTES):
            port.say(spoken[at : at + FRAME_BYTES])
            stream.write_frame(said[at : at + FRAME_BYTES])
            heard_there += port.hear()
            heard_here += stream.read_frame() or b""
        heard_here += drained(stream, frames=(len(spoken) - len(heard_here)) // FRAME_BYTES)
        assert heard_here == spoken
        assert heard_there == said
        assert pitch_hz(np.frombuffer(bytes(heard_there), "<i2")) == 1000

    def test_bursts_that_are_no_whole_frames_are_put_together(self, port: Port, stream: SerialPcm) -> None:
        sent = b"".join(numbered(place) for place in range(60))
        heard = bytearray()
        for at in range(0, len(sent), 1100):
            port.say(sent[at : at + 1100])
            for _ in range(4):
                heard += stream.read_frame() or b""
        heard += drained(stream, frames=60 - len(heard) // FRAME_BYTES)
        assert places(bytes(heard)) == list(range(60))
        assert stream.read_frame() is None

    def test_a_modem_that_is_too_fast_is_skipped_through(self, port: Port, stream: SerialPcm) -> None:
        heard = bytearray()
        for place in range(300):
            port.say(numbered(place))
            if place % 3 == 0:
                heard += stream.read_frame() or b""
        while (frame := stream.read_frame()) is not None:
            heard += frame
        order = places(bytes(heard))
        assert order == sorted(set(order))
        assert order[-1] == 299
        assert max(after - before for before, after in itertools.pairwise(order)) <= LATE_FRAMES + PTY_FRAMES

    def test_a_modem_that_takes_nothing_does_not_block_us(self, port: Port, stream: SerialPcm) -> None:
        began = time.monotonic()
        for place in range(2000):
            stream.write_frame(numbered(place))
        assert time.monotonic() - began < 5
        first = bytearray()
        while piece := port.hear(777):
            first += piece
            time.sleep(0.001)
        for place in range(2000, 2010):
            stream.write_frame(numbered(place))
            time.sleep(0.001)
            first += port.hear()
        order = places(bytes(first))
        assert order == sorted(set(order))
        assert order[0] == 0
        assert order[-1] == 2009
        assert len(order) < 1000
        assert stream.fault == ""

    def test_a_port_that_goes_away_is_told_once_and_can_be_opened_again(
        self, port: Port, stream: SerialPcm, caplog: pytest.LogCaptureFixture
    ) -> None:
        os.close(port.master)
        for _ in range(5):
            assert stream.read_frame() is None
            stream.write_frame(numbered(1))
        assert len(caplog.records) == 1
        assert f"{port.path}: " in caplog.text
        with pytest.raises(DriverError, match=f"{port.path}: "):
            stream.open()
        assert stream.read_frame() is None

    def test_samples_of_the_last_call_are_not_heard_in_the_next(self, port: Port, stream: SerialPcm) -> None:
        port.say(numbered(7))
        stream.close()
        stream.open()
        port.say(numbered(8))
        assert places(drained(stream, frames=1)) == [8]

    def test_a_port_in_use_is_refused(self, port: Port, stream: SerialPcm) -> None:
        with pytest.raises(DriverError, match="another program has it open"):
            SerialPcm(port.path).open()

    def test_a_closed_stream_is_silent(self, port: Port) -> None:
        stream = SerialPcm(port.path)
        assert stream.read_frame() is None
        stream.write_frame(numbered(1))
        stream.close()
        assert port.hear() == b""


@pytest.fixture
def alsa_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An ALSA without cards, whose device `files` records from the first file and plays to the second."""
    spoken, played = tmp_path / "spoken.raw", tmp_path / "played.raw"
    spoken.write_bytes(b"")
    (tmp_path / "asound.conf").write_text(
        f"""
        </usr/share/alsa/alsa.conf>
        pcm.spoken {{ type file  slave.pcm null  file "/dev/null"  infile "{spoken}"  format raw }}
        pcm.played {{ type file  slave.pcm null  file "{played}"  format raw }}
        pcm.files {{ type asym  capture.pcm spoken  playback.pcm played }}
        """
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    return spoken, played


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@alsa
class TestSoundDevicePcm:
    def test_a_tone_is_recorded_and_played_as_it_is(self, alsa_files: tuple[Path, Path]) -> None:
        spoken, played = alsa_files
        spoken.write_bytes(b"".join(numbered(place) for place in range(30000)))
        stream = SoundDevicePcm("files")
        stream.open()
        order = places(drained(stream, frames=100))
        assert order == sorted(set(order))
        said = tone(1000, 0.4)
        for at in range(0, len(said), FRAME_BYTES):
            stream.write_frame(said[at : at + FRAME_BYTES])
            time.sleep(0.002)
        until(lambda: played.exists() and played.stat().st_size >= len(said) // 2)
        stream.close()
        heard = played.read_bytes()
        assert heard == said[: len(heard)]

    def test_a_device_that_records_without_end_does_not_grow(self, alsa_files: tuple[Path, Path]) -> None:
        stream = SoundDevicePcm("null")
        stream.open()
        assert len(drained(stream, frames=200)) == 200 * FRAME_BYTES
        stream.close()
        assert stream.read_frame() is None

    def test_a_device_that_is_not_there_is_told_once(
        self, alsa_files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        stream = SoundDevicePcm("plughw:7")
        stream.open()
        with caplog.at_level(logging.ERROR):
            until(lambda: stream.read_frame() is None and stream.fault != "")
            for _ in range(5):
                stream.read_frame()
                stream.write_frame(numbered(1))
        assert len(caplog.records) == 1
        assert "sound device plughw:7: " in caplog.text
        assert "No such" in caplog.text
        why = stream.fault
        assert "arecord" in why and "No such" in why
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                stream.open()
                until(lambda: stream.read_frame() is None and stream.fault != "")
                assert stream.fault == why
        assert len(caplog.records) == 1
        stream.close()

    def test_a_player_that_stops_taking_does_not_block_us(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for tool in ("arecord", "aplay"):
            (tmp_path / tool).write_text("#!/bin/sh\nexec sleep 60\n")
            (tmp_path / tool).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        stream = SoundDevicePcm("stuck")
        stream.open()
        began = time.monotonic()
        for place in range(2000):
            stream.write_frame(numbered(place))
            assert stream.read_frame() is None
        stream.close()
        assert time.monotonic() - began < 5
        assert stream.fault == ""

    def test_tools_that_complain_without_end_do_not_stop(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "aplay").write_text("#!/bin/sh\nexec cat >/dev/null\n")
        (tmp_path / "arecord").write_text(
            "#!/bin/sh\nfor i in $(seq 2000); do echo overrun!!! at least 10 ms long, the $i. >&2; done\n"
            "head -c 6400 /dev/zero\nexec sleep 60\n"
        )
        for tool in ("arecord", "aplay"):
            (tmp_path / tool).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        stream = SoundDevicePcm("noisy")
        stream.open()
        assert drained(stream, frames=3) == bytes(3 * FRAME_BYTES)
        stream.close()

    def test_it_can_be_opened_again(self, alsa_files: tuple[Path, Path]) -> None:
        stream = SoundDevicePcm("null")
        for _ in range(3):
            stream.open()
            assert len(drained(stream, frames=2)) == 2 * FRAME_BYTES
            stream.close()


class TestPcmStream:
    @pytest.mark.parametrize("at_baud", ["", "@230400"])
    def test_a_serial_port_is_named(self, port: Port, at_baud: str) -> None:
        stream = pcm_stream(f"serial:{port.path}{at_baud}")
        assert isinstance(stream, SerialPcm)
        stream.open()
        port.say(numbered(5))
        assert places(drained(stream, frames=1)) == [5]
        stream.close()

    @alsa
    def test_a_sound_device_is_named(self, alsa_files: tuple[Path, Path]) -> None:
        stream = pcm_stream("alsa:null")
        assert isinstance(stream, SoundDevicePcm)
        stream.open()
        assert len(drained(stream, frames=1)) == FRAME_BYTES
        stream.close()

    @pytest.mark.parametrize(
        "audio", ["", "alsa:", "alsa:-x", "serial:ttyS1", "serial:/dev/a b", "serial:/dev/a@", "usb:1"]
    )
    def test_anything_else_is_refused(self, audio: str) -> None:
        with pytest.raises(DriverError, match="must look like serial:/dev/ttyUSB3 or alsa:plughw:CARD=NAME"):
            pcm_stream(audio)


class TestCheckSoundDevice:
    @alsa
    def test_a_device_that_works_passes(self, alsa_files: tuple[Path, Path]) -> None:
        check_sound_device("null")

    @alsa
    def test_a_device_that_is_not_there_is_told(self, alsa_files: tuple[Path, Path]) -> None:
        with pytest.raises(DriverError, match=r"sound device plughw:7: .*No such.*arecord -L"):
            check_sound_device("plughw:7")

    def test_a_device_of_another_rate_is_told_how_to_be_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "arecord").write_text("#!/bin/sh\necho 'Warning: rate is not accurate (got = 44100Hz)' >&2\n")
        (tmp_path / "arecord").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        with pytest.raises(DriverError, match="does not run at 8000 Hz; name it plughw:"):
            check_sound_device("hw:1")

    def test_missing_tools_are_told_with_their_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DriverError, match=r"arecord is not installed.*alsa-utils"):
            check_sound_device("null")
        with pytest.raises(DriverError, match="alsa-utils"):
            SoundDevicePcm("null").open()
