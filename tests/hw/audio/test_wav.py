"""WAV files that can be played, and those that cannot."""

import wave
from pathlib import Path

import pytest

from hw.audio.wav import wav_seconds
from hw.contract.driver import DriverError
from tests.contracts.rigs import write_wav


def test_the_length_is_in_seconds(tmp_path: Path) -> None:
    assert wav_seconds(write_wav(tmp_path / "a.wav", 1.5)) == 1.5
    assert wav_seconds(write_wav(tmp_path / "b.wav", 0.5, rate_hz=16000)) == 0.5


def test_what_cannot_be_played_is_named_with_its_fault(tmp_path: Path) -> None:
    text, stereo = tmp_path / "text.wav", tmp_path / "stereo.wav"
    text.write_text("no sound at all")
    with wave.open(str(stereo), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(400))
    for path, fault in [
        (tmp_path / "missing.wav", "cannot be read"),
        (tmp_path, "cannot be read"),
        (text, "not a PCM WAV"),
        (stereo, "2 channels"),
        (write_wav(tmp_path / "empty.wav", 0), "no sound"),
    ]:
        with pytest.raises(DriverError, match=fault) as caught:
            wav_seconds(path)
        assert str(path) in str(caught.value)
