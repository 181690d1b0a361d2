"""What the far end sends: tones, speech-like bursts and silence, made once, encoded once and shared by all calls."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from dialer.farend.g711 import FRAME_SAMPLES, RATE_HZ, Codec, Samples, encode

_Wave = npt.NDArray[np.float64]
TONE_AMPLITUDE = 8000.0
VARIANTS = 8
"""How many voices there are."""

FRAMES_PER_S = RATE_HZ // FRAME_SAMPLES


class Sound:
    """Audio in 20 ms frames; after the last frame it goes on at `loop_from`, or is silence when that is None."""

    def __init__(self, samples: Samples, loop_from: int | None = 0) -> None:
        if samples.size == 0 or samples.size % FRAME_SAMPLES:
            raise ValueError(
                f"a sound must be a whole number of {FRAME_SAMPLES}-sample frames, got {samples.size} samples"
            )
        self.samples = samples
        self.loop_from = loop_from

    @cached_property
    def _mu_law(self) -> Sequence[bytes]:
        return _frames(Codec.PCMU, self.samples)

    @cached_property
    def _a_law(self) -> Sequence[bytes]:
        return _frames(Codec.PCMA, self.samples)

    def frames(self, codec: Codec) -> Sequence[bytes]:
        """The encoded 20 ms payloads."""
        return self._mu_law if codec is Codec.PCMU else self._a_law


def _frames(codec: Codec, samples: Samples) -> list[bytes]:
    data = encode(codec, samples)
    return [data[at : at + FRAME_SAMPLES] for at in range(0, len(data), FRAME_SAMPLES)]


def _whole(wave: _Wave) -> Samples:
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def _tones(hz: Sequence[float], duration_s: float) -> _Wave:
    t = np.arange(round(duration_s * FRAMES_PER_S) * FRAME_SAMPLES) / RATE_HZ
    wave: _Wave = sum((TONE_AMPLITUDE / len(hz) * np.sin(2 * np.pi * f * t) for f in hz), np.zeros(t.size))
    return wave


def _pause(duration_s: float) -> _Wave:
    return np.zeros(round(duration_s * FRAMES_PER_S) * FRAME_SAMPLES)


def _babble(duration_s: float, seed: int) -> _Wave:
    """Noise with a long-term spectrum falling from 500 Hz, switched by syllables of about four a second."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * FRAMES_PER_S) * FRAME_SAMPLES
    spectrum = np.fft.rfft(rng.standard_normal(count))
    f = np.fft.rfftfreq(count, 1 / RATE_HZ)
    wave: _Wave = np.fft.irfft(spectrum * ((f > 200) & (f < 3400)) / (1 + (f / 500) ** 2), count)
    knots = max(2, round(duration_s * 8))
    heights = np.where(np.arange(knots) % 2, rng.uniform(0.02, 0.2, knots), rng.uniform(0.6, 1.0, knots))
    envelope = np.interp(np.linspace(0, knots - 1, count), np.arange(knots), heights)
    wave *= envelope
    wave *= 3000.0 / np.sqrt(np.mean(wave**2))
    return wave


@lru_cache(maxsize=256)
def tone(hz: int) -> Sound:
    """A steady tone of a whole number of hertz, looped without a click."""
    return Sound(_whole(_tones([hz], 1.0)))


@lru_cache(maxsize=1)
def silence() -> Sound:
    """Digital silence."""
    return Sound(np.zeros(FRAME_SAMPLES, np.int16))


@lru_cache(maxsize=64)
def speech(variant: int) -> Sound:
    """Someone talking: phrases of one to three seconds with pauses of up to a second, for ever."""
    rng = np.random.default_rng(variant)
    parts: list[_Wave] = []
    for phrase in range(5):
        parts += [_babble(rng.uniform(1.0, 3.0), variant * 16 + phrase), _pause(rng.uniform(0.3, 1.0))]
    return Sound(_whole(np.concatenate(parts)))


@lru_cache(maxsize=64)
def hello(variant: int) -> Sound:
    """A person who picks up: a short word and a wait for the other side, again and again."""
    return Sound(_whole(np.concatenate([_pause(0.3), _babble(0.7, variant), _pause(1.6)])))


@lru_cache(maxsize=64)
def greeting(variant: int, tenths: int, beep_hz: int) -> Sound:
    """An answering machine: speech for `tenths` tenths of a second, a beep of 0.4 s, then silence."""
    parts = [_babble(tenths / 10, variant + 1000), _pause(0.5), _tones([beep_hz], 0.4)]
    return Sound(_whole(np.concatenate(parts)), loop_from=None)


@lru_cache(maxsize=1)
def ringback() -> Sound:
    """North American ringing tone: 440 + 480 Hz, 2 s on, 4 s off (ITU-T E.180)."""
    return Sound(_whole(np.concatenate([_tones([440, 480], 2.0), _pause(4.0)])))


@lru_cache(maxsize=1)
def busy_tone() -> Sound:
    """North American busy tone: 480 + 620 Hz, 0.5 s on and off (ITU-T E.180)."""
    return Sound(_whole(np.concatenate([_tones([480, 620], 0.5), _pause(0.5)])))


def prepare() -> None:
    """Make every voice now (some 0.3 s of work), so that no call has to wait for it."""
    for sound in (maker(variant) for maker in (hello, speech) for variant in range(VARIANTS)):
        for codec in Codec:
            sound.frames(codec)
