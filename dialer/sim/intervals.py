"""Means over seeds with 95 % intervals by Student's t: of the mean, and for one shift to come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom.
_T95 = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
_Z95 = 1.959964


def student_t95(freedom: int) -> float:
    """The two-sided 95 % point of Student's t. Raises ValueError below one degree of freedom.

    Above 30 degrees by the expansion around the normal point (Abramowitz and Stegun 26.7.5), right to 0.0001.
    """
    if freedom < 1:
        raise ValueError(f"Student's t has at least 1 degree of freedom, not {freedom}")
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    z = _Z95
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over `runs` seeds: mean, standard deviation, and 95 % intervals; bounds are None with one seed.

    `low` to `high` holds the mean of endless seeds; `shift_low` to `shift_high` one more shift like these.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    shift_low: float | None
    shift_high: float | None
    runs: int

    def shift_range(self, part: float = 1.0) -> tuple[float, float] | None:
        """Where a shift of this `part` of the length lies with 95 %: the shorter, the wider. None with one seed."""
        if self.deviation is None:
            return None
        variance = self.deviation**2 * (1.0 / min(1.0, part) + 1.0 / self.runs)
        half = student_t95(self.runs - 1) * math.sqrt(variance)
        return max(0.0, self.mean - half), self.mean + half


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of values that cannot be negative, with its intervals. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values to estimate from")
    runs, mean = len(values), math.fsum(values) / len(values)
    if runs == 1:
        return Estimate(mean, None, None, None, None, None, 1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (runs - 1))
    half = student_t95(runs - 1) * deviation / math.sqrt(runs)
    wide = student_t95(runs - 1) * deviation * math.sqrt(1.0 + 1.0 / runs)
    return Estimate(mean, deviation, max(0.0, mean - half), mean + half, max(0.0, mean - wide), mean + wide, runs)
