"""G.711 by table (ITU-T G.711): mu-law is RTP payload type 0, A-law is 8 (RFC 3551)."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

RATE_HZ = 8000
FRAME_SAMPLES = 160


class Codec(IntEnum):
    """A G.711 law, valued by its static RTP payload type."""

    PCMU = 0
    PCMA = 8


def _mu_law_values() -> npt.NDArray[np.int32]:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int32)


def _a_law_values() -> npt.NDArray[np.int32]:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    base = (code & 0x0F) << 4
    magnitude = np.where(segment == 0, base + 8, (base + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int32)


def _encode_table(values: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """The code nearest to each of the 65536 samples, indexed by the sample's unsigned 16-bit pattern."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    right = np.clip(np.searchsorted(ascending, samples, side="right"), 1, 255)
    left_is_nearer = samples - ascending[right - 1] < ascending[right] - samples
    return order[right - left_is_nearer].astype(np.uint8)


_VALUES = {Codec.PCMU: _mu_law_values(), Codec.PCMA: _a_law_values()}
_DECODE = {codec: values.astype(np.int16) for codec, values in _VALUES.items()}
_ENCODE = {codec: _encode_table(values) for codec, values in _VALUES.items()}

POWER = {codec: values.astype(np.float32) ** 2 for codec, values in _VALUES.items()}
"""Squared sample of each code: mean power of a frame without decoding it."""


def decode(codec: Codec, payload: bytes) -> Samples:
    """16-bit samples of a payload, one per byte."""
    return _DECODE[codec][np.frombuffer(payload, np.uint8)]


def encode(codec: Codec, samples: Samples) -> bytes:
    """One byte per sample: the code whose value is nearest."""
    return _ENCODE[codec][samples.view(np.uint16)].tobytes()
