"""The ledger of abandoned calls, and what it makes one more of them cost.

The rate is that of the regulations (16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7)): abandoned / (abandoned + connected)
over calls answered by a live person.
"""

import math
from collections import deque
from dataclasses import dataclass, field

RECENT_ANSWERS = 150
GAIN = 1.4
DRIFT = 0.03
RESERVE = 0.7
ROUNDING = 1e-9
HIGHEST_PRESSURE = 0.8
FIRST_SHARE = 0.75
LOWEST_SHARE = 0.05
HIGHEST_SHARE = 4.0
HIGHEST_THRESHOLD = 0.3


@dataclass(slots=True)
class Ledger:
    """Counts of one regulatory window, and the controller that turns them into an accepted risk per line.

    `budget` is how many more calls might be abandoned with the rate still at the limit. The accepted risk rises and
    falls exponentially with how far the budget stands over a reserve, which grows as the square root of the calls
    allowed so far, as chance does; a slow drift corrects the scale where forecasts are off. With the budget used up no
    line is dialed that could find no agent: abandoned <= limit * live + 1, and those who answer the lines in
    flight at that moment.
    """

    limit: float
    connected: float = 0.0
    abandoned: float = 0.0
    _log_scale: float = math.log(FIRST_SHARE)
    recent_abandoned: int = 0
    _recent: deque[bool] = field(default_factory=deque)

    @property
    def live(self) -> float:
        """Calls answered by a person, connected or abandoned."""
        return self.connected + self.abandoned

    @property
    def rate(self) -> float:
        """Abandoned share of live answers; 0 before the first."""
        return self.abandoned / self.live if self.live else 0.0

    @property
    def budget(self) -> float:
        """How many more calls might be abandoned now with the rate at the limit."""
        return self.limit * self.live - self.abandoned

    @property
    def reserve(self) -> float:
        """The budget that the controller tries to keep: builds up over the first answers."""
        allowed = self.limit * self.live
        return min(0.3 * allowed, RESERVE * math.sqrt(allowed))

    @property
    def upper_bound(self) -> float:
        """Upper 95 % confidence bound (Wilson's score interval) on the abandoned rate; 1 before the first answer."""
        if not self.live:
            return 1.0
        z = 1.645
        n = self.live
        centre = self.rate + z * z / (2 * n)
        spread = z * math.sqrt(self.rate * (1 - self.rate) / n + z * z / (4 * n * n))
        return min(1.0, max(self.rate, (centre + spread) / (1 + z * z / n)))

    def record(self, abandoned: bool) -> None:
        """Enter one live answer that was connected or abandoned."""
        if abandoned:
            self.abandoned += 1
        else:
            self.connected += 1
        self._recent.append(abandoned)
        self.recent_abandoned += abandoned
        if len(self._recent) > RECENT_ANSWERS:
            self.recent_abandoned -= self._recent.popleft()
        drifted = self._log_scale + DRIFT * self.limit * self.pressure
        self._log_scale = min(math.log(HIGHEST_SHARE), max(math.log(LOWEST_SHARE), drifted))

    def retract(self) -> None:
        """A call entered as connected was no live answer after all."""
        self.connected = max(0, self.connected - 1)

    def suspect(self, missed: float) -> None:
        """Enter so much of a person that a machine's verdict may have missed: abandoned, by an estimate."""
        self.abandoned += missed

    def open_window(self, live: float, abandoned: float) -> None:
        """Count from these on: a regulatory window begins, or what it holds already is known."""
        self.connected = live - abandoned
        self.abandoned = abandoned

    @property
    def spent(self) -> bool:
        """More was abandoned than the limit allows for the answers so far."""
        return self.budget < -ROUNDING

    @property
    def pressure(self) -> float:
        """How far the budget stands over the reserve, in the order of what chance alone makes of it."""
        return (self.budget - self.reserve) / math.sqrt(self.limit * self.live + 4.0)

    @property
    def threshold(self) -> float:
        """The risk of abandonment that one more line may carry; 0 when the budget or the recent window is spent."""
        if self.spent or self._recent_spent:
            return 0.0
        share = math.exp(self._log_scale + GAIN * min(HIGHEST_PRESSURE, self.pressure))
        return min(HIGHEST_THRESHOLD, self.limit * min(share, HIGHEST_SHARE))

    @property
    def _recent_spent(self) -> bool:
        return self.recent_abandoned > max(3.0, 3.0 * self.limit * RECENT_ANSWERS)
