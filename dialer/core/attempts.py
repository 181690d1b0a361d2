"""What the engine knows of an attempt, a line and an agent while they are live."""

from dataclasses import dataclass, field
from datetime import datetime

from campaigns.model import CampaignSettings, Candidate, Outcome
from dialer.core.states import AgentState, AttemptState, LineState
from hw.contract import Cause, Ended


@dataclass(slots=True)
class Line:
    """One call on the wire, of an attempt or of an agent's station."""

    call_id: str
    trunk: str = ""
    state: LineState = LineState.DIALING
    attempt: "Attempt | None" = None
    agent: "Agent | None" = None


@dataclass(slots=True)
class Attempt:
    """One try to reach one number of a lead. `hold_s` counts from `waits_from_s`, on the engine's clock.

    `owner` is kept free to take this call, the callback of that agent. `apart` are agents to whose stations no way was
    free a moment ago; `pathless` that this has been told. `lost_station` says whose station went in the talk.
    """

    attempt_id: int
    campaign: CampaignSettings
    candidate: Candidate
    line: Line
    state: AttemptState = AttemptState.RESERVED
    ref: str = ""
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    waits_from_s: float = 0.0
    greeting_began: bool = False
    greeting_ended: bool = False
    connected_at: datetime | None = None
    agent: "Agent | None" = None
    agent_name: str | None = None
    owner: "Agent | None" = None
    apart: set[str] = field(default_factory=set)
    pathless: bool = False
    lost_station: str = ""
    abandoned: bool = False
    stopped: bool = False
    end: Ended | None = None

    @property
    def call_id(self) -> str:
        return self.line.call_id


@dataclass(slots=True)
class Agent:
    """One person at a station, from log-in to log-out. `since_s` is when the state began, on the engine's clock.

    While `kept_for` an attempt, a READY agent takes that call only. `muted` and `battery_percent` are what the station
    told of itself.
    """

    name: str
    address: str
    campaign_id: int
    state: AgentState = AgentState.LOGGED_OUT
    code: str = ""
    since_s: float = 0.0
    leg: Line | None = None
    attempt: Attempt | None = None
    kept_for: Attempt | None = None
    pause_asked: str | None = None
    logout_asked: bool = False
    muted: bool = False
    battery_percent: int | None = None


@dataclass(slots=True)
class Tally:
    """Counts of a campaign since the engine started."""

    attempts: int = 0
    answered: int = 0
    connected: int = 0
    not_live: int = 0
    abandoned: int = 0
    waits: int = 0
    waited_s: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def abandoned_rate(self) -> float:
        """abandoned / calls answered by a live person (16 CFR 310.4(b)(4)(i)); 0 when no one answered.

        Connected calls that an agent found to be a machine or nobody (`not_live`) are no live answers.
        """
        live = self.abandoned + self.connected - self.not_live
        return self.abandoned / live if live else 0.0

    @property
    def mean_wait_s(self) -> float | None:
        """How long agents were READY before a call, on average; None before the first call."""
        return self.waited_s / self.waits if self.waits else None


_UNANSWERED = {
    Cause.NORMAL: Outcome.FAILED,
    Cause.BUSY: Outcome.BUSY,
    Cause.NO_ANSWER: Outcome.NO_ANSWER,
    Cause.UNAVAILABLE: Outcome.NO_ANSWER,
    Cause.REJECTED: Outcome.REJECTED,
    Cause.INVALID_NUMBER: Outcome.INVALID_NUMBER,
    Cause.CONGESTION: Outcome.CONGESTION,
    Cause.TIMEOUT: Outcome.TIMEOUT,
    Cause.UNWANTED: Outcome.UNWANTED,
    Cause.BLOCKED: Outcome.BLOCKED,
    Cause.REFUSED: Outcome.FAILED,
    Cause.CANCELLED: Outcome.FAILED,
    Cause.NO_LINE: Outcome.CONGESTION,
    Cause.LINE_LOST: Outcome.LOST,
    Cause.FAILED: Outcome.FAILED,
}


def unanswered_outcome(attempt: Attempt, cause: Cause) -> Outcome:
    """What came of an attempt that nobody answered.

    A time-out or a foreign cancel after ringing is a person who did not come to the phone.
    """
    if attempt.state is AttemptState.CANCELLING:
        if attempt.stopped:
            return Outcome.CANCELLED
        return Outcome.NO_ANSWER if attempt.ringing_at else Outcome.TIMEOUT
    if attempt.ringing_at and cause in (Cause.TIMEOUT, Cause.CANCELLED):
        return Outcome.NO_ANSWER
    return _UNANSWERED[cause]
