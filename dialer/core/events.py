"""What the world tells the engine, besides the line events of hw.contract.

Facts are in the past tense; commands of people carry a `request` number, by which their `Reply` finds its way back.
"""

from dataclasses import dataclass
from datetime import datetime

from campaigns.model import CallbackAsked, CampaignSettings, CampaignState, Candidate, PromiseAsked
from campaigns.telesales.details import SaleAsked


@dataclass(frozen=True, slots=True)
class CampaignLoaded:
    """A campaign exists or its settings have changed.

    `live` and `abandoned` are what the store counted at `counted_at` of attempts closed in the regulatory window that
    was running then; they matter the first time, and when another window is asked for. `learned` is when an earlier
    pacer's state was kept, and that state as JSON; it matters the first time only.
    """

    settings: CampaignSettings
    live: float = 0.0
    abandoned: float = 0.0
    counted_at: datetime | None = None
    first_call_at: datetime | None = None
    learned: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class LeadsLoaded:
    """The store's answer to `RefillLeads`; `next_at` is when the next lead becomes callable, if none is left now."""

    campaign_id: int
    leads: tuple[Candidate, ...]
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallbacksLoaded:
    """The store's answer to `LoadCallbacks`, the earliest first."""

    campaign_id: int
    leads: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class AttemptVetoed:
    """The store refused the reservation: nothing was written, nothing may be dialed."""

    attempt_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptNotPlaced:
    """The attempt is on disk, but its call was not placed, as it was no longer lawful; no fault of its trunk."""

    attempt_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class GreetingHeard:
    """Whoever listens to an answered call heard the person begin to speak, or (`ended`) fall silent again."""

    call_id: str
    ended: bool


@dataclass(frozen=True, slots=True)
class StoreWasSlow:
    """What was decided before is done only now, since it took so long to be on disk."""

    took_s: float


@dataclass(frozen=True, slots=True)
class DrainRequested:
    """No new calls; talks finish."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Everything down at once."""


@dataclass(frozen=True, slots=True)
class SetCampaignState:
    campaign_id: int
    state: CampaignState
    request: int = 0


@dataclass(frozen=True, slots=True)
class LogIn:
    agent: str
    address: str
    campaign_id: int
    request: int = 0


@dataclass(frozen=True, slots=True)
class MakeReady:
    agent: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Takes effect at once, or after the call and its wrap-up."""

    agent: str
    code: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class LogOut:
    """Takes effect at once, or after the call and its wrap-up."""

    agent: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class HangUpCustomer:
    agent: str
    request: int = 0


@dataclass(frozen=True, slots=True)
class Dispose:
    """`callback` goes with a status that has the scheduled_callback flag, `sale` with one that has the sale flag."""

    agent: str
    status: str
    callback: CallbackAsked | None = None
    request: int = 0
    sale: SaleAsked | None = None
    promise: PromiseAsked | None = None


AgentCommand = MakeReady | Pause | LogOut | HangUpCustomer | Dispose
