"""Figures in few numbers and in words, the same wherever the bench says them."""

from collections.abc import Sequence
from dataclasses import dataclass

# Frames or lines that the fault injector hit in a round.
HITS = "frames hit by faults"


def time_text(seconds: float) -> str:
    """`1.25 s`, `340 ms`, `85 µs`, with three digits or so."""
    if seconds == 0:
        return "0"
    size = abs(seconds)
    if size < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if size < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.4g} s" if size < 120 else f"{seconds / 60:.1f} min"


def figure_text(name: str, value: float) -> str:
    """A figure in its unit: names that end in /s are rates, `HITS` are a count, all others times."""
    return f"{value:,.0f}" if name.endswith("/s") or name == HITS else time_text(value)


@dataclass(frozen=True, slots=True)
class Stats:
    """Count, median, 99th percentile and worst of values, in their unit."""

    count: int
    median: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Stats":
        """Nearest-rank percentiles. Raises ValueError when there is no value."""
        if not values:
            raise ValueError("no values")
        ordered = sorted(values)

        def rank(share: float) -> float:
            return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

        return cls(len(ordered), rank(0.5), rank(0.99), ordered[-1])
