import numpy as np
import pytest

from dialer.farend.g711 import POWER, Codec, decode, encode


@pytest.mark.parametrize("codec", list(Codec))
def test_every_code_survives_decoding_and_encoding(codec: Codec) -> None:
    codes = bytes(range(256))
    values = decode(codec, codes)
    assert np.array_equal(decode(codec, encode(codec, values)), values)


@pytest.mark.parametrize(
    ("codec", "code", "value"),
    [
        (Codec.PCMU, 0xFF, 0),
        (Codec.PCMU, 0x00, -32124),
        (Codec.PCMU, 0x80, 32124),
        (Codec.PCMA, 0xD5, 8),
        (Codec.PCMA, 0x2A, -32256),
        (Codec.PCMA, 0xAA, 32256),
    ],
)
def test_known_codes_of_the_recommendation(codec: Codec, code: int, value: int) -> None:
    assert decode(codec, bytes([code]))[0] == value


@pytest.mark.parametrize("codec", list(Codec))
def test_error_of_any_sample_is_within_half_a_step(codec: Codec) -> None:
    samples = np.arange(-32000, 32001, dtype=np.int16)
    back = decode(codec, encode(codec, samples)).astype(np.int32)
    half_step = np.maximum(8, (np.abs(samples.astype(np.int32)) + 132) / 32)
    assert np.all(np.abs(back - samples) <= half_step)


@pytest.mark.parametrize("codec", list(Codec))
def test_power_is_the_square_of_the_decoded_value(codec: Codec) -> None:
    assert np.array_equal(POWER[codec], decode(codec, bytes(range(256))).astype(np.float32) ** 2)


def test_silence_is_the_code_that_telephones_send() -> None:
    zero = np.zeros(1, np.int16)
    assert (encode(Codec.PCMU, zero), encode(Codec.PCMA, zero)) == (b"\xff", b"\xd5")
