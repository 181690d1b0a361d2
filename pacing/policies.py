"""How many lines to start now, as pure functions of the state: progressive, power, predictive."""

import math
from dataclasses import dataclass

import numpy as np

from pacing import kernels
from pacing.kernels import EDGES_S, Floats

SLOPE_CAP = 40
MOST_RISKS = 256


@dataclass(frozen=True, slots=True)
class Tables:
    """Survival and live ends by age of each kind of spell, as `kernels.mixture` makes them."""

    ring: Floats
    listen: Floats
    talk: Floats
    wrapup: Floats


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The campaign at the instant `at`; arrays hold the starts of spells that still last, on the same clock."""

    at: float
    ready: int
    waiting: int
    dialed_at: Floats
    picked_up_at: Floats
    talk_starts_at: Floats
    wrapup_starts_at: Floats

    @property
    def claims(self) -> int:
        """Calls that need an agent now or may soon."""
        return self.dialed_at.size + self.picked_up_at.size + self.waiting


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the predictive policy found: lines, and the figures behind them.

    `risks` has that of each line, of the first MOST_RISKS at the most; `capped` says that more lines would have been
    within the threshold.
    """

    lines: int
    risks: Floats
    capped: bool
    answers: float
    free_agents: float
    risk: float
    next_risk: float


def progressive(ready: int, claims: int) -> int:
    """One line per ready agent that no line in flight covers yet."""
    return max(0, ready - claims)


def power(ready: int, claims: int, lines_per_agent: float) -> int:
    """A fixed number of lines per ready agent, rounded down, less those in flight."""
    return max(0, math.floor(ready * lines_per_agent + 1e-9) - claims)


def predictive(state: Snapshot, tables: Tables, hold_s: float, caution: float, threshold: float, room: int) -> Forecast:
    """Most lines, up to `room`, of which each one's risk of an abandoned person stays within `threshold`."""
    staffed = state.ready + state.talk_starts_at.size + state.wrapup_starts_at.size
    most = min(room, max(0, SLOPE_CAP * staffed - state.claims)) if staffed else 0
    figures = np.empty(5)
    risks = np.empty(min(most, MOST_RISKS))
    lines = kernels.plan(
        EDGES_S,
        tables.ring,
        tables.listen,
        tables.talk,
        tables.wrapup,
        state.dialed_at,
        state.picked_up_at,
        state.talk_starts_at,
        state.wrapup_starts_at,
        state.ready,
        state.waiting,
        state.at,
        hold_s,
        caution,
        threshold,
        most,
        figures,
        risks,
    )
    return Forecast(
        lines=int(lines),
        risks=risks[:lines],
        capped=lines >= most,
        answers=float(figures[4]),
        free_agents=float(figures[1]),
        risk=float(figures[2]),
        next_risk=float(figures[3]),
    )
