"""The plain values that pass between the campaign store and whoever dials. Pure: no I/O, no clock."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from campaigns.rules.model import Case


class Kind(StrEnum):
    """What a campaign is for; rules and statuses differ."""

    TELESALES = "telesales"
    COLLECTIONS = "collections"


class Mode(StrEnum):
    """How lines are dialed for agents (see docs/operations.md for what each means)."""

    PREDICTIVE = "predictive"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREVIEW = "preview"
    MANUAL = "manual"


class Purpose(StrEnum):
    """Why a person is called; the law differs."""

    SALES = "sales"
    COLLECTIONS = "collections"
    SERVICE = "service"
    SURVEY = "survey"


class Party(StrEnum):
    """Who is called: a person in private, or a business."""

    CONSUMER = "consumer"
    BUSINESS = "business"


class Place(StrEnum):
    """Where the number rings; a number not known to ring at work counts as one at home."""

    HOME = "home"
    WORK = "work"


class Basis(StrEnum):
    """The ground on which a person may be called, from none to prior express written consent."""

    NONE = "none"
    INQUIRY = "inquiry"
    EBR = "ebr"
    CONTRACT = "contract"
    EXPRESS = "express"
    WRITTEN = "written"

    @property
    def implied(self) -> frozenset["Basis"]:
        """This ground and those that it contains: written consent is express consent too."""
        return frozenset((self, Basis.EXPRESS)) if self is Basis.WRITTEN else frozenset((self,))


class CampaignState(StrEnum):
    """What the manager asked for; the running dialer follows it."""

    STOPPED = "stopped"
    ACTIVE = "active"
    PAUSED = "paused"


class AbandonWindow(StrEnum):
    """Over which window the share of abandoned calls is counted (see `campaigns.periods`)."""

    CAMPAIGN = "campaign"
    PERIOD_30D = "30d"
    DAY = "24h"
    MONTH = "month"


class AbandonClock(StrEnum):
    """From where `hold_s`, how long a person may wait for an agent, is counted."""

    PICKUP = "pickup"
    GREETING_START = "greeting_start"
    GREETING_END = "greeting_end"


class Outcome(StrEnum):
    """What came of an attempt: closed vocabulary. A HANDLED attempt carries the status its agent set.

    CALLBACK is no attempt's outcome: it names the retry rule of a handled one whose person asked to be called again.
    """

    HANDLED = "handled"
    ABANDONED = "abandoned"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    TIMEOUT = "timeout"
    UNWANTED = "unwanted"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Profile:
    """What of a number and its person decides about its hours, but for rules about numbers at work.

    `zones` are all IANA zones and `regions` all ISO 3166 regions that it may be in, empty when unknown. `basis` is the
    ground on which the person may be called, '' when there is none.
    """

    zones: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    basis: str = ""


class Phone(NamedTuple):
    """One number of a lead. `zones` and `regions` are all that it may be in; empty and None mean unknown."""

    phone_id: int
    e164: str
    zones: tuple[str, ...]
    attempts: int = 0
    regions: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A ground to call that a person gave; `purpose` None is for every purpose, `phone` None for all their numbers."""

    basis: Basis
    purpose: Purpose | None = None
    obtained_at: datetime | None = None
    expires_at: datetime | None = None
    evidence: str = ""
    phone: str | None = None
    revoked_at: datetime | None = None


class Candidate(NamedTuple):
    """A lead the store offers for dialing, with the number whose turn it is first in `phones`.

    `attempts` counts all attempts on the lead so far. `phones` holds only numbers that may be dialed: none on a DNC
    list, none found invalid. `owner` is the agent whose callback it is, '' when it is anyone's;
    `case` is what the law asks about the first number, None when nobody has looked it up.
    """

    lead_id: int
    phones: tuple[Phone, ...]
    attempts: int = 0
    status: str = "NEW"
    owner: str = ""
    case: "Case | None" = None

    @property
    def phone(self) -> Phone:
        return self.phones[0]

    def looked_up(self, case: "Case | None") -> "Candidate":
        """The same with its case."""
        return Candidate._make((*self[:-1], case))


@dataclass(frozen=True, slots=True)
class CallingWindow:
    """Hours when a person may be called, in that person's own time: half-open [start, end), on `days` (Monday is 0).

    An end of `time.max` is midnight: the day's last instant is inside too. Raises ValueError when no instant can lie
    inside or a bound has a time zone.
    """

    start: time = time(9, 0)
    end: time = time(20, 0)
    days: frozenset[int] = frozenset(range(7))

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("a calling window is in the called person's own time: give start and end without a zone")
        if not self.start < self.end:
            raise ValueError(f"calling window: start {self.start:%H:%M} must come before end {self.end:%H:%M}")
        if not self.days:
            raise ValueError("calling window: no days; name at least one (Monday is 0)")
        if not self.days <= frozenset(range(7)):
            raise ValueError(f"calling window: days {sorted(self.days)} must be 0 (Monday) to 6 (Sunday)")

    @property
    def end_text(self) -> str:
        """The end as people write it: `20:00`; midnight is `24:00`."""
        return "24:00" if self.end == time.max else f"{self.end:%H:%M}"

    def holds(self, local: datetime) -> bool:
        """Whether a local time of the called person lies inside."""
        at = local.time()
        return self.start <= at and (at < self.end or self.end == time.max) and local.weekday() in self.days


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Try again `delay_s` after this outcome, until the lead has had `max_attempts` attempts; None: never again."""

    delay_s: float | None
    max_attempts: int = 6
    next_phone: bool = False


class SaleTerms(StrEnum):
    """Whether a sale needs product and amount."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class Switch(StrEnum):
    """Whether something is done."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """All that the engine needs to know of a campaign.

    `purpose` and `party` decide which rules bind it; campaigns of one `subject` share the caps that the law sets per
    subject ('': the campaign is a subject of its own). `caps` are its own attempt caps, as in `campaigns.caps`.
    `amd_false_positive_rate` is the share of machine verdicts that were people: so much of each counts as abandoned.
    `timezone` (IANA) is where the days and months of `abandon_window` begin. A callback that its agent has not made
    `callback_wait_s` after its time is anyone's. A promise to pay is broken `promise_grace_days` after its due date;
    its person is called so many days after that as `promise_partial_days` or `promise_broken_days` say.
    `script` is the name of what agents say and ask ('': nothing); sales wait for somebody to verify them when
    `verification` is on.
    """

    campaign_id: int
    name: str
    kind: Kind = Kind.TELESALES
    mode: Mode = Mode.PREDICTIVE
    purpose: Purpose = Purpose.SALES
    party: Party = Party.CONSUMER
    subject: str = ""
    caps: str = ""
    state: CampaignState = CampaignState.STOPPED
    max_abandon_rate: float = 0.03
    abandon_window: AbandonWindow = AbandonWindow.PERIOD_30D
    abandon_clock: AbandonClock = AbandonClock.PICKUP
    amd_false_positive_rate: float = 0.0
    timezone: str = "UTC"
    hold_s: float = 2.0
    lines_per_agent: float = 1.5
    max_lines: int | None = None
    ring_timeout_s: float = 25.0
    wrapup_s: float = 30.0
    callback_wait_s: float = 900.0
    promise_grace_days: int = 3
    promise_partial_days: int = 2
    promise_broken_days: int = 1
    script: str = ""
    sale_details: SaleTerms = SaleTerms.OPTIONAL
    verification: Switch = Switch.OFF
    window: CallingWindow = field(default_factory=CallingWindow)
    retry: dict[Outcome, RetryRule] = field(default_factory=dict)
    caller_id: str = ""
    trunks: tuple[str, ...] = ()
    abandon_message: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The lead may be called now."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The lead may not be called: `reason` is a stable word, `detail` a sentence, `until` when that ends, if known."""

    reason: str
    detail: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """When (aware UTC) and on which number a lead is tried again; `at` None means never. `because` says why."""

    at: datetime | None
    phone_id: int | None
    because: str


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """When (aware) a person wants to be called again, in which zone they said so, and by whom ('': by anyone).

    `consented`: a debtor asked for this call, which lifts the rest between calls about debts.
    """

    at: datetime
    zone: str = ""
    agent: str = ""
    comments: str = ""
    consented: bool = False


@dataclass(frozen=True, slots=True)
class PromiseAsked:
    """What a person promised to pay on a debt: an amount as decimal text with its ISO 4217 code, and by which day."""

    debt_id: int
    amount: str
    currency: str
    due_on: date


@dataclass(frozen=True, slots=True)
class PacingSample:
    """A decision of the pacer as it is kept: figures as in `pacing.PacingDecision`; `agents` are those logged in."""

    agents: int
    ready: int
    in_flight: int
    because: str
    lines: int
    predicted_answers: float
    predicted_free: float
    risk: float
    next_risk: float
    threshold: float
    abandoned_rate: float
    budget_left: float
