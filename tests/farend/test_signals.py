import numpy as np
import numpy.typing as npt
import pytest

from dialer.farend import signals
from dialer.farend.ears import SILENCE_POWER
from dialer.farend.g711 import FRAME_SAMPLES, Codec


def _frame_powers(sound: signals.Sound) -> npt.NDArray[np.float64]:
    powers: npt.NDArray[np.float64] = (sound.samples.astype(np.float64) ** 2).reshape(-1, FRAME_SAMPLES).mean(axis=1)
    return powers


def test_a_tone_loops_without_a_step() -> None:
    samples = signals.tone(437).samples.astype(np.int32)
    twice = np.concatenate([samples, samples])
    assert np.abs(np.diff(twice)).max() <= np.abs(np.diff(samples)).max()


def test_speech_has_phrases_and_pauses_and_no_single_tone() -> None:
    powers = _frame_powers(signals.speech(3))
    assert 0.6 < np.mean(powers > SILENCE_POWER) < 0.95
    spectrum = np.abs(np.fft.rfft(signals.speech(3).samples.astype(np.float64))) ** 2
    assert spectrum.max() / spectrum.sum() < 0.05


def test_each_variant_of_speech_is_another() -> None:
    assert not np.array_equal(signals.hello(0).samples, signals.hello(1).samples)


def test_a_greeting_ends_with_its_beep_and_then_silence() -> None:
    greeting = signals.greeting(0, 20, 1000)
    beep = greeting.samples[-FRAME_SAMPLES * 20 :].astype(np.float64)
    assert np.argmax(np.abs(np.fft.rfft(beep))) * 8000 / beep.size == pytest.approx(1000, abs=3)
    assert greeting.loop_from is None


def test_frames_are_20_ms_of_either_law() -> None:
    for codec in Codec:
        frames = signals.ringback().frames(codec)
        assert len(frames) == 300
        assert {len(frame) for frame in frames} == {FRAME_SAMPLES}


def test_a_sound_of_part_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number of 160-sample frames, got 161"):
        signals.Sound(np.zeros(161, np.int16))
