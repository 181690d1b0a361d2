"""What was heard on a call: seconds, level, the dominant tone, and when sound first came."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dialer.farend.g711 import FRAME_SAMPLES, RATE_HZ, Codec, decode

SILENCE_POWER = 100.0**2
"""Mean square below which a frame counts as silence (about -50 dB of full scale)."""

_CHUNK_FRAMES = 50
_FULL_SCALE_POWER = 32768.0**2 / 2
_TONE_HALF_WIDTH_HZ = 8
_LOWEST_HZ = 60
_WINDOW = np.hanning(_CHUNK_FRAMES * FRAME_SAMPLES)


@dataclass(frozen=True, slots=True)
class Heard:
    """A summary. `level_db` is that of the frames with sound, against a full-scale sine; None where there was none.

    `tone_share` (0 to 1) is how much of the sound lies within 8 Hz of `tone_hz`: near 1 for a tone, small for speech.
    """

    received_s: float
    sound_s: float
    level_db: float | None
    tone_hz: float | None
    tone_share: float | None


class Ears:
    """Takes the payloads of one stream as they come. Times are monotonic seconds."""

    __slots__ = (
        "_chunk",
        "_chunk_has_sound",
        "_codec",
        "_spectrum",
        "first_at",
        "frames",
        "last_at",
        "on_first",
        "power",
        "samples",
        "sound",
    )

    def __init__(self) -> None:
        self.on_first: Callable[[float], None] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self.frames = 0
        self.samples = 0
        self.sound = 0
        self.power = 0.0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self._codec = Codec.PCMU
        self._chunk: list[bytes] = []
        self._chunk_has_sound = False
        self._spectrum: npt.NDArray[np.float64] | None = None

    def hear(self, codec: Codec, payload: bytes, power: float, now: float) -> None:
        """Take one payload of mean square `power`."""
        self.frames += 1
        self.samples += len(payload)
        if codec is not self._codec:
            self._analyse()
            self._codec = codec
        self._chunk.append(payload)
        if power > SILENCE_POWER:
            self.sound += len(payload)
            self.power += power * len(payload)
            self.last_at = now
            self._chunk_has_sound = True
            if self.first_at is None:
                self.first_at = now
                if self.on_first is not None:
                    self.on_first(now)
        if len(self._chunk) >= _CHUNK_FRAMES:
            self._analyse()

    def _analyse(self) -> None:
        payload = b"".join(self._chunk)
        wanted, self._chunk_has_sound = self._chunk_has_sound, False
        self._chunk.clear()
        if not wanted:
            return
        wave = decode(self._codec, payload)[: _WINDOW.size].astype(np.float64)
        window = _WINDOW if wave.size == _WINDOW.size else np.hanning(wave.size)
        spectrum = np.abs(np.fft.rfft(wave * window, RATE_HZ)) ** 2
        self._spectrum = spectrum if self._spectrum is None else self._spectrum + spectrum

    def heard(self) -> Heard:
        """What was heard up to now."""
        self._analyse()
        received_s = round(self.samples / RATE_HZ, 3)
        if not self.sound:
            return Heard(received_s, 0.0, None, None, None)
        level_db = round(float(10 * np.log10(self.power / self.sound / _FULL_SCALE_POWER)), 1)
        tone_hz, tone_share = self._dominant()
        return Heard(received_s, round(self.sound / RATE_HZ, 3), level_db, tone_hz, tone_share)

    def _dominant(self) -> tuple[float | None, float | None]:
        """Strongest line of the spectrum, whose bins are 1 Hz wide, and its share of all power."""
        if self._spectrum is None:
            return None, None
        audible = self._spectrum[_LOWEST_HZ:]
        total = float(audible.sum())
        if total <= 0:
            return None, None
        peak = int(np.argmax(audible))
        near = audible[max(0, peak - _TONE_HALF_WIDTH_HZ) : peak + _TONE_HALF_WIDTH_HZ + 1]
        return float(peak + _LOWEST_HZ), round(float(near.sum()) / total, 3)
