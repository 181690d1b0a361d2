"""From seconds to places on a drawing; long stretches in which nothing happens are folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FOLD_SHARE = 0.2
FOLD_MIN_S = 1.0
FOLD_WIDTH = 46.0
MARGIN_S = 0.02
MARGIN_SHARE = 0.015
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Fold:
    """A stretch from `start_s` to `end_s` in which nothing happens, drawn from `x` on."""

    start_s: float
    end_s: float
    x: float


class Scale:
    """Places `times_s` between `left` and `right`; `folds` are the stretches cut out."""

    def __init__(self, times_s: Sequence[float], left: float, right: float) -> None:
        times = sorted(set(times_s)) or [0.0]
        total = max(times[-1] - times[0], 0.001)
        margin = max(MARGIN_S * total, MARGIN_SHARE * total)
        self.start_s, self.end_s = times[0] - margin, times[-1] + margin
        gaps = [(a + margin, b - margin) for a, b in pairwise(times)]
        folded = [(a, b) for a, b in gaps if b - a > FOLD_SHARE * total and b - a > FOLD_MIN_S]
        shown_s = self.end_s - self.start_s - sum(b - a for a, b in folded)
        self._per_s = (right - left - FOLD_WIDTH * len(folded)) / shown_s
        self._left = left
        self.folds: list[Fold] = []
        for a, b in folded:
            self.folds.append(Fold(a, b, self.x(a)))

    def x(self, at_s: float) -> float:
        """Where a time is."""
        x = self._left + (min(max(at_s, self.start_s), self.end_s) - self.start_s) * self._per_s
        for fold in self.folds:
            if at_s >= fold.end_s:
                x += FOLD_WIDTH - (fold.end_s - fold.start_s) * self._per_s
            elif at_s > fold.start_s:
                share = (at_s - fold.start_s) / (fold.end_s - fold.start_s)
                x += share * FOLD_WIDTH - (at_s - fold.start_s) * self._per_s
        return x

    def ticks(self, every_px: float = 90.0) -> list[float]:
        """Round times about `every_px` apart that are not inside a fold."""
        step = self._round(every_px / self._per_s)
        first = int(self.start_s / step)
        count = int((self.end_s - self.start_s) / step) + 3
        times = [(first + n) * step for n in range(count)]
        return [t for t in times if self.start_s <= t <= self.end_s and not self._hidden(t)]

    def _hidden(self, at_s: float) -> bool:
        return any(fold.start_s <= at_s <= fold.end_s for fold in self.folds)

    @staticmethod
    def _round(wanted_s: float) -> float:
        power = 1e-6
        while True:
            for step in _STEPS:
                if step * power >= wanted_s:
                    return step * power
            power *= 10
