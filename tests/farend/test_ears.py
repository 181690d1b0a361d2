import numpy as np
import pytest

from dialer.farend import signals
from dialer.farend.ears import Ears
from dialer.farend.g711 import POWER, Codec


def _listen(ears: Ears, sound: signals.Sound, frames: int, *, codec: Codec = Codec.PCMU, start_s: float = 0.0) -> None:
    payloads = sound.frames(codec)
    for index in range(frames):
        payload = payloads[index % len(payloads)]
        power = float(POWER[codec][np.frombuffer(payload, np.uint8)].mean())
        ears.hear(codec, payload, power, start_s + index * 0.02)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("hz", [437, 700, 1300, 2500])
def test_a_tone_is_named_to_the_hertz(codec: Codec, hz: int) -> None:
    ears = Ears()
    _listen(ears, signals.tone(hz), 120, codec=codec)
    heard = ears.heard()
    assert heard.tone_hz == hz
    assert heard.tone_share is not None and heard.tone_share > 0.95
    assert heard.level_db == pytest.approx(20 * np.log10(signals.TONE_AMPLITUDE / 32768), abs=0.2)
    assert (heard.received_s, heard.sound_s) == (2.4, 2.4)


def test_speech_is_no_tone() -> None:
    ears = Ears()
    _listen(ears, signals.speech(1), 400)
    heard = ears.heard()
    assert heard.tone_share is not None and heard.tone_share < 0.3


def test_silence_has_length_but_no_sound() -> None:
    ears = Ears()
    _listen(ears, signals.silence(), 30)
    heard = ears.heard()
    assert (heard.received_s, heard.sound_s, heard.level_db, heard.tone_hz) == (0.6, 0.0, None, None)
    assert ears.first_at is None


def test_the_moment_sound_comes_is_told_once_and_again_after_reset() -> None:
    told: list[float] = []
    ears = Ears()
    ears.on_first = told.append
    _listen(ears, signals.silence(), 10)
    _listen(ears, signals.tone(600), 10, start_s=0.2)
    assert told == [0.2]
    assert ears.last_at == pytest.approx(0.38)
    ears.reset()
    _listen(ears, signals.tone(600), 2, start_s=5.0)
    assert told == [0.2, 5.0]


def test_a_change_of_law_mixes_nothing() -> None:
    ears = Ears()
    _listen(ears, signals.tone(900), 25)
    _listen(ears, signals.tone(900), 25, codec=Codec.PCMA, start_s=0.5)
    assert ears.heard().tone_hz == 900
    share = ears.heard().tone_share
    assert share is not None and share > 0.9
