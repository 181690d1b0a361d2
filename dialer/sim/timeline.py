"""How many lines rang and what agents did over a shift, and when calls were abandoned: for the picture of a day."""

from dataclasses import dataclass, field

from campaigns.model import Outcome
from dialer.core import records as rec

RINGING = "ringing"
AGENT_LEVELS = {"INCALL": "talking", "WRAPUP": "wrap-up", "READY": "ready"}
LEVELS = (RINGING, *AGENT_LEVELS.values())


@dataclass(frozen=True, slots=True)
class Timeline:
    """Averages over successive periods of `period_s`; `abandoned_s` are instants. All in seconds from the start."""

    period_s: float
    levels: dict[str, tuple[float, ...]]
    abandoned_s: tuple[float, ...]


@dataclass(slots=True)
class TimelineRecorder:
    """Watches records in the order of their commit, up to `end_s`."""

    period_s: float
    end_s: float
    _sums: dict[str, list[float]] = field(init=False)
    _level: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))
    _ringing: set[int] = field(default_factory=set)
    _agents: dict[str, str | None] = field(default_factory=dict)
    _abandoned_s: list[float] = field(default_factory=list)
    _now: float = 0.0

    def __post_init__(self) -> None:
        periods = max(1, round(self.end_s / self.period_s))
        self._sums = {name: [0.0] * periods for name in LEVELS}

    def observe(self, record: rec.Record, now: float) -> None:
        """Take in what was committed at `now`."""
        match record:
            case rec.AttemptReserved():
                self._advance(now)
                self._ringing.add(record.attempt_id)
            case rec.AttemptAnswered() | rec.AttemptClosed():
                self._advance(now)
                self._ringing.discard(record.attempt_id)
                if isinstance(record, rec.AttemptClosed) and record.outcome is Outcome.ABANDONED and now < self.end_s:
                    self._abandoned_s.append(now)
            case rec.AgentStateChanged():
                self._advance(now)
                self._agents[record.agent] = AGENT_LEVELS.get(record.state)
            case _:
                return
        self._level = dict.fromkeys(LEVELS, 0) | {RINGING: len(self._ringing)}
        for level in self._agents.values():
            if level is not None:
                self._level[level] += 1

    def finish(self) -> Timeline:
        """The whole shift; nothing may be observed afterwards."""
        self._advance(self.end_s)
        levels = {name: tuple(total / self.period_s for total in sums) for name, sums in self._sums.items()}
        return Timeline(self.period_s, levels, tuple(self._abandoned_s))

    def _advance(self, now: float) -> None:
        """Count the levels as they were up to `now`, into the periods that they lasted through."""
        now = min(now, self.end_s)
        while self._now < now:
            period = min(int(self._now / self.period_s), len(self._sums[RINGING]) - 1)
            edge = (period + 1) * self.period_s
            until = now if edge <= self._now else min(now, edge)
            for name, level in self._level.items():
                self._sums[name][period] += level * (until - self._now)
            self._now = until
