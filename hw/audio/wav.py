"""What must be known of a WAV file before it is played."""

import wave
from pathlib import Path

from hw.contract.driver import DriverError


def wav_seconds(path: Path) -> float:
    """Length in seconds of a mono 16-bit PCM WAV file. Raises DriverError with what is wrong with it."""
    try:
        with wave.open(str(path), "rb") as wav:
            channels, width, rate, frames = wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes()
    except OSError as error:
        raise DriverError(f"{path}: cannot be read ({error.strerror}); give a mono 16-bit WAV file") from error
    except (wave.Error, EOFError) as error:
        raise DriverError(f"{path}: not a PCM WAV file ({error}); convert it to mono 16-bit PCM at 8000 Hz") from error
    if channels != 1 or width != 2:
        raise DriverError(f"{path}: {channels} channels of {8 * width} bits; convert it to mono 16-bit PCM at 8000 Hz")
    if frames == 0:
        raise DriverError(f"{path}: holds no sound")
    return frames / rate
