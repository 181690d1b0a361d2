"""How lines are found for the lines the pacer asks for: hoppers, trunks and their start limits."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from campaigns.model import CampaignSettings, Candidate
from campaigns.periods import Period
from dialer.core.attempts import Agent, Attempt, Tally

# A trunk that fails this often in a row, without one call that rang, rests for TRUNK_REST_S and is then tried again.
# A busy one draws such rows by chance, and from numbers that are tried again together: as many as a share of its lines.
TRUNK_FAULTS = 5
TRUNK_FAULTS_PER_LINE = 0.25
TRUNK_REST_S = 30.0
# So many 'no such number' in a row, without one call that rang: the trunk wants its numbers in another form.
TRUNK_INVALID = 20


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """What the engine needs to know of a trunk."""

    name: str
    max_lines: int
    starts_per_s: float
    caller_ids: tuple[str, ...] = ()


class StartLimiter:
    """At most `starts_per_s` starts per second, rounded up, in any window of one second; on average never more."""

    def __init__(self, starts_per_s: float) -> None:
        if starts_per_s <= 0:
            raise ValueError(f"starts_per_s must be above 0, not {starts_per_s}")
        self._burst = math.ceil(starts_per_s)
        self._window_s = self._burst / starts_per_s
        self._starts: deque[float] = deque(maxlen=self._burst)

    def next_start(self, now: float) -> float:
        """The earliest moment, from `now` on, at which one more start is allowed."""
        if len(self._starts) < self._burst:
            return now
        return max(now, self._starts[0] + self._window_s)

    def started(self, now: float) -> None:
        self._starts.append(now)


class TrunkLines:
    """One trunk: its lines in use, its start limit, and whether it rests after failures."""

    def __init__(self, settings: TrunkSettings) -> None:
        self.settings = settings
        self.in_use = 0
        self.usable = settings.max_lines
        self.because = ""
        self.rests_until: float | None = None
        self._faults = 0
        self._invalid = 0
        self._limiter = StartLimiter(settings.starts_per_s)

    def free_at(self, now: float) -> float | None:
        """When the next call may start on this trunk; None when all its lines are in use."""
        if self.in_use >= self.usable:
            return None
        start = self._limiter.next_start(now)
        if self.rests_until is not None:
            start = max(start, self.rests_until)
        return start

    def take(self, now: float) -> None:
        self.in_use += 1
        self._limiter.started(now)

    def release(self) -> None:
        self.in_use -= 1

    def has_lines(self, lines: int, because: str) -> None:
        """Note how many of its lines can be used now, and what is wrong with the others."""
        self.usable, self.because = lines, because

    def worked(self) -> None:
        self._faults = self._invalid = 0
        self.rests_until = None

    def faulted(self, now: float) -> bool:
        """Note a failure that is the trunk's; True when it starts to rest because of it."""
        self._faults += 1
        enough = max(TRUNK_FAULTS, TRUNK_FAULTS_PER_LINE * self.in_use)
        return self._faults >= enough and self._rest(now)

    def invalid(self, now: float) -> bool:
        """Note a number that the trunk does not know; True when it starts to rest as it seems to know none."""
        self._invalid += 1
        return self._invalid >= TRUNK_INVALID and self._rest(now)

    def _rest(self, now: float) -> bool:
        if self.rests_until is not None and now < self.rests_until:
            return False
        self.rests_until = now + TRUNK_REST_S
        return True


class PacerLike(Protocol):
    """The part of the frozen Pacer API that the engine uses; times in seconds on the engine's clock."""

    def agent(self, at: float, agent_id: str, state: str) -> None: ...
    def dialed(self, at: float, call_id: str) -> None: ...
    def resolved(self, at: float, call_id: str, outcome: str) -> None: ...
    def connected(self, at: float, call_id: str, agent_id: str) -> None: ...
    def not_live(self, at: float, call_id: str) -> None: ...
    def abandoned(self, at: float, call_id: str) -> None: ...
    def decide(self, at: float) -> "DecisionLike": ...
    def reconfigure(self, config: Any) -> None: ...
    def open_window(self, live: float, abandoned: float) -> None: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: Any, age_s: float) -> None: ...


class DecisionLike(Protocol):
    """How many calls to start now, why in a sentence, and the figures behind it; see `pacing.PacingDecision`."""

    @property
    def lines(self) -> int: ...
    @property
    def because(self) -> str: ...
    @property
    def ready(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def room(self) -> int | None: ...
    @property
    def predicted_answers(self) -> float: ...
    @property
    def predicted_free(self) -> float: ...
    @property
    def risk(self) -> float: ...
    @property
    def next_risk(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def abandoned_rate(self) -> float: ...
    @property
    def abandoned_upper_bound(self) -> float: ...
    @property
    def budget_left(self) -> float: ...
    @property
    def over_limit(self) -> bool: ...


@dataclass(slots=True)
class CampaignRun:
    """A campaign while the engine runs it.

    `owned` has the callbacks that are due, by the agent whose they are, as the store last told: no lead is held by it,
    so that one whose agent does not come falls to anyone.
    `period` is the regulatory window that the pacer counts in. `decision` is the pacer's latest, None while one of
    `obstacles` stands against any; `braked`: it held lines back as the window's budget is used up.
    """

    settings: CampaignSettings
    pacer: PacerLike
    hopper: deque[Candidate] = field(default_factory=deque)
    refill_pending: bool = False
    owned: dict[str, list[Candidate]] = field(default_factory=dict)
    callbacks_pending: bool = False
    exhausted: bool = False
    in_flight: dict[int, Attempt] = field(default_factory=dict)
    waiting: dict[int, Attempt] = field(default_factory=dict)
    ready: dict[str, Agent] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    because: str = ""
    period: Period = field(default_factory=Period)
    first_call_at: datetime | None = None
    next_lead_at: datetime | None = None
    decision: DecisionLike | None = None
    decided_at: datetime | None = None
    obstacles: tuple[str, ...] = ()
    braked: bool = False
    sample_now: bool = False
    sampled_s: float = float("-inf")
    learned_s: float = float("-inf")

    def open_answers(self) -> tuple[int, int]:
        """(live, abandoned) among the calls whose attempts are not closed yet."""
        abandoned = sum(attempt.abandoned for attempt in self.in_flight.values())
        connected = sum(attempt.connected_at is not None for attempt in self.in_flight.values())
        return connected + abandoned, abandoned

    def held_leads(self) -> frozenset[int]:
        """Leads that the engine already has, so that the store must not offer them."""
        return frozenset(c.lead_id for c in self.hopper) | frozenset(self.in_flight)

    def admit(self, leads: Iterable[Candidate]) -> None:
        held = self.held_leads()
        self.hopper.extend(lead for lead in leads if lead.lead_id not in held)
