"""The ledger of abandoned calls, and what it makes one more of them cost.

The rate is that of the regulations (16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7)): abandoned / (abandoned + connected)
over calls answered by a live person.
"""

import math
from collections import deque
from dataclasses import dataclass, field

RECENT_ANSWERS = 150
GAIN = 0.3
LOWEST_THRESHOLD = 0.004
HIGHEST_THRESHOLD = 0.35
FIRST_THRESHOLD = 0.06


@dataclass(slots=True)
class Ledger:
    """Counts of one regulatory window, and the controller that turns them into an accepted risk per line.

    The controller moves the accepted risk a little up with each connected call and far down with each abandoned one,
    so that its balance point is `target`, under `limit`. Hence abandoned <= target * live + ln(highest / lowest) / gain
    whatever the forecasts are worth; the budget stops overdialing well before.
    """

    limit: float
    connected: int = 0
    abandoned: int = 0
    _log_threshold: float = math.log(FIRST_THRESHOLD)
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT_ANSWERS))

    @property
    def live(self) -> int:
        """Calls answered by a person, connected or abandoned."""
        return self.connected + self.abandoned

    @property
    def rate(self) -> float:
        """Abandoned share of live answers; 0 before the first."""
        return self.abandoned / self.live if self.live else 0.0

    @property
    def target(self) -> float:
        """What the controller steers to: under the limit by a margin that shrinks with evidence."""
        return self.limit * (0.95 - 0.15 / math.sqrt(1.0 + self.live / 100.0))

    @property
    def budget(self) -> float:
        """How many more calls might be abandoned now with the rate at the limit; one is lent at the start."""
        return 1.0 + self.limit * self.live - self.abandoned

    @property
    def upper_bound(self) -> float:
        """Upper 95 % confidence bound (Wilson's score interval) on the abandoned rate; 1 before the first answer."""
        if not self.live:
            return 1.0
        z = 1.645
        n = self.live
        centre = self.rate + z * z / (2 * n)
        spread = z * math.sqrt(self.rate * (1 - self.rate) / n + z * z / (4 * n * n))
        return min(1.0, (centre + spread) / (1 + z * z / n))

    @property
    def recent_abandoned(self) -> int:
        """Abandoned among the latest live answers."""
        return sum(self._recent)

    def record(self, abandoned: bool) -> None:
        """Enter one live answer that was connected or abandoned."""
        if abandoned:
            self.abandoned += 1
        else:
            self.connected += 1
        self._recent.append(abandoned)
        step = GAIN * (self.target - float(abandoned)) / max(0.01, self.limit) * 0.03
        lowest, highest = math.log(LOWEST_THRESHOLD), math.log(HIGHEST_THRESHOLD)
        self._log_threshold = min(highest, max(lowest, self._log_threshold + step))

    @property
    def threshold(self) -> float:
        """The risk of abandonment that one more line may carry; 0 when the budget or the recent window is spent."""
        if self.limit <= 0.0 or self.budget < 1.0 or self._recent_spent:
            return 0.0
        return math.exp(self._log_threshold)

    @property
    def _recent_spent(self) -> bool:
        allowed = max(2.0, 2.0 * self.limit * RECENT_ANSWERS)
        return self.recent_abandoned > allowed
