"""Faults of one direction of a wire, on a clock turned by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hil.faults import IDLE_FLUSH_S, MAX_QUEUED, Faults, Mangler

FRAME = b"\0abcdefgh\0"
FOREVER_S = 1e6


def mangler(faults: Faults, *, seed: str = "1") -> Mangler:
    made = Mangler(seed, b"\0")
    made.faults = faults
    return made


def passed(made: Mangler, frames: int) -> list[bytes]:
    """What comes out for each of some frames, fed one by one."""
    out = []
    for _ in range(frames):
        made.feed(FRAME, 0.0)
        out.append(b"".join(made.due(FOREVER_S)))
    return out


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20))
def test_without_faults_every_byte_passes_in_order(chunks: list[bytes]) -> None:
    made = mangler(Faults())
    for chunk in chunks:
        made.feed(chunk, 0.0)
    assert b"".join(made.due(FOREVER_S)) == b"".join(chunks)
    assert made.counters.bytes_in == made.counters.bytes_out == len(b"".join(chunks))


@given(st.lists(st.integers(min_value=1, max_value=30)))
def test_a_frame_is_a_frame_however_it_was_written(cuts: list[int]) -> None:
    made, stream = mangler(Faults()), FRAME * 10
    for cut in cuts:
        made.feed(stream[:cut], 0.0)
        stream = stream[cut:]
    made.feed(stream, 0.0)
    assert made.counters.units == 10


def test_shares_are_kept() -> None:
    made = mangler(Faults(damage=0.05, loss=0.02, duplication=0.03, cut=0.04, noise=0.01))
    passed(made, 20_000)
    did = made.counters
    assert did.units == 20_000
    assert did.lost == pytest.approx(400, rel=0.2)
    assert did.damaged == pytest.approx(1000, rel=0.2)
    assert did.duplicated == pytest.approx(600, rel=0.2)
    assert did.cut == pytest.approx(800, rel=0.2)
    assert did.noisy == pytest.approx(200, rel=0.3)


def test_damage_turns_one_to_three_bits() -> None:
    for out in passed(mangler(Faults(damage=1.0)), 200):
        turned = sum((a ^ b).bit_count() for a, b in zip(FRAME, out, strict=True))
        assert 1 <= turned <= 3


def test_bit_errors_are_per_bit() -> None:
    out = passed(mangler(Faults(bit_errors=0.01)), 1000)
    turned = sum((a ^ b).bit_count() for frame in out for a, b in zip(FRAME, frame, strict=True))
    assert turned == pytest.approx(1000 * len(FRAME) * 8 * 0.01, rel=0.2)


def test_the_same_seed_does_the_same() -> None:
    faults = Faults(damage=0.3, loss=0.3, cut=0.3, noise=0.3, duplication=0.3, bit_errors=0.01)
    assert passed(mangler(faults), 100) == passed(mangler(faults), 100)
    assert passed(mangler(faults), 100) != passed(mangler(faults, seed="2"), 100)


def test_delay_and_jitter_keep_the_order() -> None:
    made = mangler(Faults(delay_s=1.0, jitter_s=5.0))
    for number in range(1, 100):
        made.feed(bytes([number, 0]), now=0.0)
    assert made.due(0.99) == []
    assert b"".join(made.due(6.0)) == b"".join(bytes([number, 0]) for number in range(1, 100))


def test_baud_paces() -> None:
    made = mangler(Faults(baud=1000))
    made.feed(b"x" * 99 + b"\0", now=5.0)
    assert len(b"".join(made.due(5.0))) == 0
    assert len(b"".join(made.due(5.5))) == pytest.approx(50, abs=8)
    assert made.deadline() == pytest.approx(5.56, abs=0.01)
    assert 42 <= len(b"".join(made.due(6.0001))) <= 58


def test_single_bytes_come_one_by_one() -> None:
    made = mangler(Faults(single_bytes=True))
    made.feed(FRAME, 0.0)
    assert made.due(FOREVER_S) == [bytes([byte]) for byte in FRAME]


def test_an_unfinished_frame_passes_when_nothing_follows() -> None:
    made = mangler(Faults(loss=1.0))
    made.feed(b"half a fra", now=1.0)
    assert made.deadline() == pytest.approx(1.0 + IDLE_FLUSH_S)
    assert made.due(1.0 + IDLE_FLUSH_S) == []
    assert made.counters.lost == 1


def test_the_queue_is_bounded() -> None:
    made = Mangler("1")
    made.faults = Faults(delay_s=1.0)
    for _ in range(2 * MAX_QUEUED // 1000):
        made.feed(bytes(1000), now=0.0)
    assert len(b"".join(made.due(2.0))) <= MAX_QUEUED
    assert made.counters.overrun >= MAX_QUEUED - 1000


def test_dropping_counts_what_was_under_way() -> None:
    made = mangler(Faults(delay_s=1.0))
    made.feed(FRAME + b"rest", now=0.0)
    made.drop()
    assert made.due(2.0) == []
    assert made.deadline() is None
    assert made.counters.overrun == len(FRAME) + 4


@pytest.mark.parametrize("wrong", [{"loss": 1.1}, {"damage": -0.1}, {"delay_s": -1.0}, {"baud": 0}])
def test_faults_that_cannot_be_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Faults(**wrong)  # type: ignore[arg-type]


def test_faults_tell_what_they_are() -> None:
    assert str(Faults()) == "none"
    assert str(Faults(loss=0.1, baud=9600)) == "loss=0.1 baud=9600"
