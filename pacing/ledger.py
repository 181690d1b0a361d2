"""The ledger of abandoned calls: what a campaign has had, and how many more calls might be abandoned.

The rate is that of the regulations (16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7)): abandoned / (abandoned + connected)
over calls answered by a live person.
"""

import math
from collections import deque
from dataclasses import dataclass, field

RECENT_ANSWERS = 150
RECENT_FACTOR = 3.0
ROUNDING = 1e-9


@dataclass(slots=True)
class Counts:
    """Live answers of a stretch of time; fractions come from estimates of what machines' verdicts missed."""

    connected: float = 0.0
    abandoned: float = 0.0

    @property
    def live(self) -> float:
        """Calls answered by a person, connected or abandoned."""
        return self.connected + self.abandoned

    def budget(self, limit: float) -> float:
        """How many more calls might be abandoned now with the rate at the limit."""
        return limit * self.live - self.abandoned


@dataclass(slots=True)
class Ledger:
    """Counts of the regulatory window and of the session: a stretch of work without a long break.

    Both must keep the limit, so that what a window has left over is not spent on one day's callers. Beside them stands
    a guard over the latest answers.
    """

    limit: float
    window: Counts = field(default_factory=Counts)
    session: Counts = field(default_factory=Counts)
    recent_abandoned: int = 0
    _recent: deque[bool] = field(default_factory=deque)

    @property
    def live(self) -> float:
        """Live answers of the window."""
        return self.window.live

    @property
    def connected(self) -> float:
        """Live answers of the window that reached an agent."""
        return self.window.connected

    @property
    def abandoned(self) -> float:
        """Live answers of the window that reached none in time."""
        return self.window.abandoned

    @property
    def rate(self) -> float:
        """Abandoned share of the window's live answers; 0 before the first."""
        return self.abandoned / self.live if self.live else 0.0

    @property
    def budget(self) -> float:
        """How many more calls might be abandoned now within the limit, of the window and of the session."""
        return min(self.window.budget(self.limit), self.session.budget(self.limit))

    @property
    def upper_bound(self) -> float:
        """Upper 95 % confidence bound (Wilson's score interval) on the abandoned rate; 1 before the first answer."""
        if not self.live:
            return 1.0
        z = 1.645
        n = self.live
        centre = self.rate + z * z / (2 * n)
        spread = z * math.sqrt(max(0.0, self.rate * (1 - self.rate) / n) + z * z / (4 * n * n))
        return min(1.0, max(self.rate, (centre + spread) / (1 + z * z / n)))

    @property
    def spent(self) -> bool:
        """More was abandoned than the limit allows for the answers so far."""
        return self.budget < -ROUNDING

    @property
    def recent_spent(self) -> bool:
        """Of the latest answers, far more were abandoned than chance would make of the limit."""
        return self.recent_abandoned > max(3.0, RECENT_FACTOR * self.limit * RECENT_ANSWERS)

    def record(self, abandoned: bool) -> None:
        """Enter one live answer that was connected or abandoned."""
        for counts in (self.window, self.session):
            counts.abandoned += abandoned
            counts.connected += not abandoned
        self._recent.append(abandoned)
        self.recent_abandoned += abandoned
        if len(self._recent) > RECENT_ANSWERS:
            self.recent_abandoned -= self._recent.popleft()

    def retract(self) -> None:
        """A call entered as connected was no live answer after all."""
        for counts in (self.window, self.session):
            counts.connected = max(0.0, counts.connected - 1.0)

    def suspect(self, missed: float) -> None:
        """Enter so much of a person that a machine's verdict may have missed: abandoned, by an estimate."""
        for counts in (self.window, self.session):
            counts.abandoned += missed

    def open_window(self, live: float, abandoned: float) -> None:
        """Count the window from these on; the session goes on."""
        self.window = Counts(live - abandoned, abandoned)

    def open_session(self) -> None:
        """Count a session from nothing; the window goes on, and so does the guard over the latest answers."""
        self.session = Counts()

    def forget_recent(self) -> None:
        """Work begins after a long break: the latest answers are of another day."""
        self._recent.clear()
        self.recent_abandoned = 0
