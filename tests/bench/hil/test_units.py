"""Times and figures in words."""

import pytest

from bench.hil.units import Stats, figure_text, time_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0"), (85e-6, "85 µs"), (0.3404, "340 ms"), (1.25, "1.25 s"), (32.108, "32.11 s"), (600.0, "10.0 min")],
)
def test_times_have_three_digits_or_so(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_rates_are_counts() -> None:
    assert figure_text("commands/s", 1652.04) == "1,652"
    assert figure_text("round trip", 0.004) == "4 ms"


def test_stats_are_nearest_ranks() -> None:
    assert Stats.of([float(n) for n in range(100, 0, -1)]) == Stats(100, 51.0, 100.0, 100.0)
    assert Stats.of([7.0]) == Stats(1, 7.0, 7.0, 7.0)
    with pytest.raises(ValueError, match="no values"):
        Stats.of([])
