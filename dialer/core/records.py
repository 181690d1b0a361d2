"""What must be on disk before the actions that go with it are performed. Times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.model import CallbackAsked, CampaignState, Outcome, PacingSample, PromiseAsked, RetryDecision
from campaigns.telesales.details import SaleAsked
from hw.contract import Cause


@dataclass(frozen=True, slots=True)
class AttemptReserved:
    attempt_id: int
    campaign_id: int
    lead_id: int
    phone_id: int
    phone: str
    trunk: str
    caller_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptAnswered:
    attempt_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptConnected:
    attempt_id: int
    agent: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call of an attempt that still waits for its disposition is over."""

    attempt_id: int
    at: datetime
    cause: Cause
    sip_code: int | None
    q850: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class AttemptClosed:
    """The attempt's outcome, and what becomes of its lead, in one."""

    attempt_id: int
    at: datetime
    outcome: Outcome
    status: str
    ringing_at: datetime | None
    cause: Cause
    sip_code: int | None
    q850: int | None
    detail: str
    ref: str
    agent: str | None
    retry: RetryDecision


@dataclass(frozen=True, slots=True)
class CallbackMade:
    """The person of an attempt that was just closed is to be called again; `falls_at` is when it becomes anyone's."""

    attempt_id: int
    campaign_id: int
    lead_id: int
    phone_id: int
    callback: CallbackAsked
    falls_at: datetime | None
    made_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SaleMade:
    """What was sold on an attempt that was just closed."""

    attempt_id: int
    sale: SaleAsked
    at: datetime


@dataclass(frozen=True, slots=True)
class PromiseMade:
    """What a person promised on an attempt that was just closed."""

    attempt_id: int
    lead_id: int
    agent: str
    promise: PromiseAsked
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    agent: str
    campaign_id: int
    state: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CampaignStateChanged:
    campaign_id: int
    state: CampaignState
    at: datetime


@dataclass(frozen=True, slots=True)
class NumberSuppressed:
    """The person refused further calls by a SIP answer (RFC 8197)."""

    phone: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PacingSampled:
    """A decision of the pacer, one of many, for those who look back."""

    campaign_id: int
    at: datetime
    sample: PacingSample


@dataclass(frozen=True, slots=True)
class PacerLearned:
    """What the pacer of a campaign has learned, as JSON, for the next start."""

    campaign_id: int
    at: datetime
    state: str


Record = (
    AttemptReserved
    | AttemptAnswered
    | AttemptConnected
    | CallEnded
    | AttemptClosed
    | CallbackMade
    | SaleMade
    | PromiseMade
    | AgentStateChanged
    | CampaignStateChanged
    | NumberSuppressed
    | PacingSampled
    | PacerLearned
)
