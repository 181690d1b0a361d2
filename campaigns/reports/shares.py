"""Shares with denominators and 95 % intervals, and whether a group's share lies below that of the others. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `of`. The interval is Wilson's score interval (Wilson 1927): it holds for small counts too."""

    part: int
    of: int

    @property
    def rate(self) -> float | None:
        """None when there is nothing to have a part of."""
        return self.part / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bounds of the 95 % interval; None when there is nothing to have a part of."""
        if not self.of:
            return None
        n, p, z2 = self.of, self.part / self.of, _Z95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        low = 0.0 if self.part == 0 else max(0.0, middle - half)
        return low, 1.0 if self.part == self.of else min(1.0, middle + half)

    def facts(self) -> dict[str, Any]:
        """{"part", "of", "rate", "low", "high"}."""
        low, high = self.interval or (None, None)
        return {"part": self.part, "of": self.of, "rate": self.rate, "low": low, "high": high}


@dataclass(frozen=True, slots=True)
class Stratum:
    """Calls under like conditions: those of the group in question and all others, and how many of each succeeded."""

    calls: int
    successes: int
    other_calls: int
    other_successes: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group's successes, those expected if it did as the others under like conditions, and the one-sided p-value."""

    calls: int
    successes: int
    expected: float
    p_below: float


def compare(strata: Iterable[Stratum]) -> Comparison | None:
    """The Cochran-Mantel-Haenszel test that a group succeeds less often than the others; None when nothing compares.

    Strata in which only one side has calls say nothing and do not count (Mantel and Haenszel 1959).
    """
    calls = successes = 0
    expected = variance = 0.0
    for each in strata:
        total = each.calls + each.other_calls
        won = each.successes + each.other_successes
        if not (each.calls and each.other_calls):
            continue
        calls += each.calls
        successes += each.successes
        expected += each.calls * won / total
        variance += each.calls * each.other_calls * won * (total - won) / (total * total * (total - 1))
    if not variance:
        return None
    return Comparison(calls, successes, expected, _normal_below((successes - expected) / math.sqrt(variance)))


def _normal_below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
