"""The values of the rule engine: rules and packs as data, the case that is judged, and the verdict. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from campaigns.model import Basis as Basis
from campaigns.model import Consent as Consent
from campaigns.model import Mode
from campaigns.model import Party as Party
from campaigns.model import Place as Place
from campaigns.model import Purpose as Purpose


class Line(StrEnum):
    """What kind of line a number is."""

    FIXED = "fixed"
    MOBILE = "mobile"
    UNKNOWN = "unknown"


MODES = frozenset(mode.value for mode in Mode) | {"prerecorded", "artificial"}
"""How a call is made: a campaign's mode, or by a recording or an artificial voice."""


class RuleType(StrEnum):
    """What a rule is about; it decides which table of values the rule has."""

    WINDOW = "window"
    CLOSED_DAYS = "closed_days"
    FREQUENCY = "frequency"
    COOLDOWN = "cooldown"
    CONSENT = "consent"
    REGISTRY = "registry"
    RING_MIN = "ring_min"
    CONNECT_MAX = "connect_max"
    ABANDON = "abandon"
    MESSAGE = "message"
    CLI = "cli"
    RECORDING = "recording"
    DISCLOSURE = "disclosure"
    RETENTION = "retention"
    OPTOUT_DEADLINE = "optout_deadline"
    SIP_ACTION = "sip_action"


class Effect(StrEnum):
    """What a rule does to a call that it does not allow, or what became of it in a verdict.

    A PRESUMPTION (the law presumes a violation) stops a call as a BLOCK does. REQUIRE_MODE stops it unless it is dialed
    in one of the rule's modes. SHADOW and OFF are never written in a pack: they tell of rules that do not bind here.
    """

    BLOCK = "block"
    PRESUMPTION = "presumption"
    REQUIRE_MODE = "require_mode"
    ALERT = "alert"
    SHADOW = "shadow"
    OFF = "off"


# Effects that forbid a call.
STOPPING = frozenset({Effect.BLOCK, Effect.PRESUMPTION, Effect.REQUIRE_MODE})


class Status(StrEnum):
    """Whether a rule is law today."""

    IN_FORCE = "in_force"
    DRAFT = "draft"
    STAYED = "stayed"
    GUIDANCE = "guidance"


class Confidence(StrEnum):
    """How well a rule is sourced: primary text, one secondary source, weak, or background knowledge."""

    HIGH = "H"
    MEDIUM = "M"
    LOW = "L"
    KNOWLEDGE = "K"


class Key(StrEnum):
    """What a cap counts per."""

    PERSON = "person"
    DEBT = "debt"
    SUBJECT = "subject"
    NUMBER = "number"
    CAMPAIGN = "campaign"


class Count(StrEnum):
    """What a cap counts: calls placed, calls that reached someone, or conversations."""

    ATTEMPT = "attempt"
    CONTACT = "contact"
    CONVERSATION = "conversation"


class Span(StrEnum):
    """How the period of a cap lies: just before the call, or the calendar's, in the person's zone."""

    ROLLING = "rolling"
    CALENDAR_DAY = "calendar_day"
    CALENDAR_WEEK = "calendar_week"
    CALENDAR_MONTH = "calendar_month"


OUTCOMES = frozenset(
    {
        "answered",  # a person took the call
        "refusal",  # a person took the call and does not want it
        "abandoned",  # a person took the call and no agent came
        "machine",  # an answering machine was heard and hung up on
        "message",  # a message was left on an answering machine
        "fax",
        "no_answer",
        "busy",
        "invalid",  # the number is not in service
        "unconnected",  # the call never reached the number that was dialed
    }
)

COOLDOWN_EVENTS = {
    "attempt": OUTCOMES,
    "amd_hangup": frozenset({"machine"}),
    **{outcome: frozenset({outcome}) for outcome in OUTCOMES},
}


_UNIT_HOURS = {"h": 1, "d": 24, "w": 168, "bd": 24}
_MOST_HOURS = {**_UNIT_HOURS, "mo": 31 * 24, "y": 366 * 24}

# Where calendars end; a period that is longer ends then.
_LAST = datetime(9999, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as laws state it, such as 24h, 31d, 18mo or 10bd (business days)."""

    amount: int
    unit: str

    @property
    def days(self) -> int | None:
        """Whole days when the period is counted in days or weeks, else None."""
        return self.amount * {"d": 1, "w": 7}[self.unit] if self.unit in ("d", "w") else None

    @property
    def most_days(self) -> int:
        """Whole days that it takes at the most."""
        return -(-self.amount * _MOST_HOURS[self.unit] // 24)

    def after(self, at: datetime) -> datetime:
        """The end (UTC) of the period that begins at `at`: hours, days and weeks are exact, months are the calendar's.

        A month that has no such day ends it on its last day, at the hour of `at` in its own zone.
        """
        if self.unit in ("mo", "y"):
            return _months_on(at, self.amount * (12 if self.unit == "y" else 1)).astimezone(UTC)
        return at.astimezone(UTC) + timedelta(hours=self.amount * _UNIT_HOURS[self.unit])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def _months_on(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if year >= _LAST.year:
        return _LAST
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last_day))


MinuteSpan = tuple[int, int]
"""Minutes after local midnight, half-open."""


@dataclass(frozen=True, slots=True)
class HolidaySet:
    """Days of a country or subdivision on which a rule looks differently; names are resolved by `rules.calendar`."""

    country: str = ""
    subdivision: str = ""
    categories: tuple[str, ...] = ()
    observed: bool = True
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours in which calls are allowed: Monday first; `holiday` replaces the day's hours on `holidays`."""

    week: tuple[tuple[MinuteSpan, ...], ...]
    holiday: tuple[MinuteSpan, ...] | None = None
    holidays: HolidaySet | None = None


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Whole local days without calls: weekdays (0 is Monday), and holidays that fall on one of `days`."""

    weekdays: frozenset[int] = frozenset()
    holidays: HolidaySet | None = None
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than `max` calls in a period, of those alike in `key`.

    With `first_day_counts` the period is one of calendar days in the person's zone, in which the day of a call is day
    one (True) or day zero (False); without it (None) it is exact to the second. `per` is None for a calendar span.
    With `all_channels` texts count as well as calls.
    """

    max: int
    per: Period | None
    span: Span
    key: Key
    count: Count
    exclude: frozenset[str] = frozenset()
    exclude_consented: bool = False
    first_day_counts: bool | None = None
    all_channels: bool = False


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Silence for a time after calls of certain outcomes, contacts or conversations; `first_day_counts` as in Limit."""

    outcomes: frozenset[str]
    contact: bool
    conversation: bool
    period: Period
    key: Key
    first_day_counts: bool | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """One of these grounds must be held, no older than `max_age`, with `evidence` on record where that is asked."""

    bases: frozenset[Basis]
    max_age: Period | None = None
    evidence: bool = False


@dataclass(frozen=True, slots=True)
class RegistryCheck:
    """The number must not be on the registry, and the copy that was looked at must not be older than `max_age`."""

    id: str
    max_age: Period | None = None


@dataclass(frozen=True, slots=True)
class RingMin:
    """Let it ring at least so long."""

    seconds: float
    rings: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectMax:
    """A person who answered must have an agent within so long; `clock` says from when it is counted."""

    seconds: float
    clock: str = "greeting_end"


@dataclass(frozen=True, slots=True)
class Abandon:
    """The greatest share of abandoned calls, in percent of `of`; None when the rule only says what counts.

    `span` 'campaign_period' means successive periods, or the campaign when it is shorter.
    """

    max_percent: float | None = None
    of: str = "live_answered"
    span: str = ""
    period: Period | None = None
    per: str = "campaign"
    counts: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """The recorded message that an abandoned call must get: how soon, and what it says, offers and leaves out."""

    within_s: float | None = None
    says: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    opt_out: bool = False


@dataclass(frozen=True, slots=True)
class Cli:
    """What must be shown as the caller, and whether that number must take do-not-call requests."""

    number: bool = False
    name: bool = False
    series: tuple[str, ...] = ()
    takes_do_not_call_requests: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether calls must be recorded, whether that must be announced, and who must agree: 'one' or 'all_parties'."""

    announce: bool = False
    required: bool = False
    consent: str = "one"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the agent must say and how soon, in later calls too, and how soon a refused call must end."""

    says: tuple[str, ...]
    later_says: tuple[str, ...] = ()
    within_s: float | None = None
    end_after_refusal_s: float | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long records are kept, by kind, counted from `start` ('call', 'last_use' or 'last_activity')."""

    keep: tuple[tuple[str, Period], ...]
    start: str = "call"
    stamped_in: str = ""
    tamper_proof: bool = False


@dataclass(frozen=True, slots=True)
class Optout:
    """How many business days there are to obey a wish not to be called, and how long it is kept (None: for ever)."""

    business_days: int
    keep: Period | None = None


@dataclass(frozen=True, slots=True)
class SipAction:
    """What an answer of the network demands of us."""

    code: str
    actions: tuple[str, ...]


Params = (
    Hours
    | ClosedDays
    | Limit
    | Cooldown
    | Needs
    | RegistryCheck
    | RingMin
    | ConnectMax
    | Abandon
    | Message
    | Cli
    | Recording
    | Disclosure
    | Retention
    | Optout
    | SipAction
)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A ground that lifts a rule, unless it is older than `max_age`.

    `first_day_counts` as in Limit; with `ends_with_conversation` the ground is used up by the first conversation.
    """

    bases: frozenset[Basis]
    max_age: Period | None = None
    first_day_counts: bool | None = None
    ends_with_conversation: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule was read, and when somebody last looked."""

    cite: str = ""
    url: str = ""
    checked_on: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a pack. Empty `purposes`, `parties`, `lines`, `modes` or `places` mean any."""

    id: str
    type: RuleType
    where: frozenset[str]
    params: Params
    effect: Effect
    status: Status
    confidence: Confidence
    purposes: frozenset[Purpose] = frozenset()
    parties: frozenset[Party] = frozenset()
    lines: frozenset[Line] = frozenset()
    modes: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()
    required_modes: frozenset[str] = frozenset()
    zone: str = ""
    unless: tuple[Exemption, ...] = ()
    effective_from: date | None = None
    effective_to: date | None = None
    source: Citation = Citation()
    note: str = ""
    pack: str = ""

    def covers(self, region: str) -> bool:
        """Whether a region (ISO 3166-1, 3166-2, or a city below one) is one of the rule's, or lies in one."""
        return any(region == place or region.startswith(f"{place}-") for place in self.where)


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """The rules of one file."""

    id: str
    title: str
    version: str
    jurisdiction: str
    rules: tuple[Rule, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call of the past, or a conversation that the person began (`inbound`), as the caps count it.

    A `text` to the person stands among them for the limits over all channels; no other rule counts it.
    What is unknown counts: a call without debts may have been about any, one without subject, purpose or place too.
    """

    at: datetime
    phone: str
    outcome: str
    contact: bool = False
    conversation: bool = False
    debts: frozenset[int] = frozenset()
    subject: str = ""
    campaign_id: int | None = None
    purpose: Purpose | None = None
    place: Place | None = None
    inbound: bool = False
    ended_at: datetime | None = None
    text: bool = False

    @property
    def over_at(self) -> datetime:
        """When it was over, from which a rest is counted; its start when nobody knows."""
        return self.ended_at or self.at


@dataclass(frozen=True, slots=True)
class Case:
    """A call somebody means to place, with all that decides whether it is allowed.

    `zones` are all IANA zones and `regions` all ISO 3166 regions in which the person may be. `on_registries` are the
    registries that list the number, None when nobody looked; `registry_age_days` has the copies that were imported.
    """

    phone: str
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    purpose: Purpose
    party: Party = Party.CONSUMER
    line: Line = Line.UNKNOWN
    mode: str = Mode.PREDICTIVE
    consents: tuple[Consent, ...] = ()
    on_registries: frozenset[str] | None = None
    registry_age_days: Mapping[str, int] = field(default_factory=dict)
    debts: frozenset[int] = frozenset()
    subject: str = ""
    place: Place | None = None
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's word on a call. `until` (UTC) is when a call that only time forbids becomes possible, else None."""

    rule: str
    effect: Effect
    detail: str
    until: datetime | None = None

    @property
    def stops(self) -> bool:
        """Whether this reason forbids the call."""
        return self.effect in STOPPING


@dataclass(frozen=True, slots=True)
class Verdict:
    """May the call be placed, and why not; with what was looked at, for the audit log.

    `until` (UTC) is the first instant when the call is possible as far as is known today; None when it is possible now,
    when time alone does not mend it, or when no such instant was found.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    rules: tuple[str, ...]
    packs: str
    until: datetime | None = None
