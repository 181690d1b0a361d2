"""Figures in a few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass


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
