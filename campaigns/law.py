"""What stands against calling leads: the rule book, asked with all that the store knows of them.

The rules themselves are in `campaigns.rules`; this gathers the facts they ask for, for many leads at a time.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from campaigns.caps import Cap
from campaigns.caps import check as check_caps
from campaigns.caps import parse as parse_caps
from campaigns.collections.debts import CallableDebts
from campaigns.collections.promises import PromiseSettings
from campaigns.dnc import Coverage
from campaigns.eligibility import first_open, is_open, next_open, subject_of
from campaigns.gates import Gate, window_gate
from campaigns.model import Allowed, Basis, Blocked, CampaignSettings, Candidate, Consent, Kind, Phone, Profile
from campaigns.rules.clocks import zone_of
from campaigns.rules.model import Case, PastCall, Place, Reason, Verdict
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.windows import Openings

# Calls of so many days are always looked at; of more, where a rule or a cap counts longer.
LOOKBACK_DAYS = 100
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)

# All midnights of the world's zones lie on quarters of an hour: where hours do as well, what is allowed at one instant
# of a quarter is allowed in all of it.
_QUARTER_S, _MINUTE_S = 900, 60

_KEPT = 20_000
_ALLOWED = Allowed()
_NO_REGISTRY: frozenset[str] = frozenset()
_NO_AGES: Mapping[str, int] = {}
_NO_DEBTS: frozenset[int] = frozenset()


class ConsentBook(Protocol):
    def of(self, lead_ids: Sequence[int]) -> Mapping[int, tuple[Consent, ...]]: ...


class CallBook(Protocol):
    def of(self, lead_ids: Sequence[int], since: datetime) -> Mapping[int, tuple[PastCall, ...]]: ...


class DebtBook(Protocol):
    def any_known(self) -> bool: ...
    def callable(
        self, lead_ids: Sequence[int], at: datetime, settings: PromiseSettings, zone: ZoneInfo, *, reminding: bool = ...
    ) -> Mapping[int, CallableDebts]: ...


class RegistryBook(Protocol):
    def registries_of(self, numbers: Sequence[str]) -> Mapping[str, frozenset[str]]: ...
    def coverage(self, at: datetime | None = None) -> Coverage: ...


class QuotaBook(Protocol):
    def held(self, campaign_id: int, lead_ids: Sequence[int]) -> Mapping[int, Blocked]: ...


class Judged(NamedTuple):
    """One lead's judgement: its case, the answer, and the rule book's verdict (None: not asked)."""

    candidate: Candidate
    case: Case
    answer: Allowed | Blocked
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of a batch of leads, by lead or by number; `full` are those that a full quota holds back."""

    consents: Mapping[int, tuple[Consent, ...]]
    calls: Mapping[int, tuple[PastCall, ...]]
    listed: Mapping[str, frozenset[str]]
    coverage: Coverage
    debts: Mapping[int, CallableDebts]
    full: Mapping[int, Blocked]

    def remarkable(self) -> AbstractSet[int]:
        """The leads of which a ground, a call of the past, a debt or a full quota is known."""
        return self.calls.keys() | self.consents.keys() | self.debts.keys() | self.full.keys()


class Law:
    """Judges leads of campaigns at an instant."""

    def __init__(
        self,
        rulebook: Rulebook,
        *,
        consents: ConsentBook,
        calls: CallBook,
        debts: DebtBook,
        registries: RegistryBook,
        quotas: QuotaBook,
    ) -> None:
        self.rulebook = rulebook
        self._consents = consents
        self._calls = calls
        self._debts = debts
        self._registries = registries
        self._quotas = quotas

    def openings(self, settings: CampaignSettings, profile: Profile, at: datetime) -> tuple[Openings, ...]:
        """When numbers of a profile may be called on the UTC day of `at` by the rule book's hours alone.

        There may be hours for numbers at home and others for those at work: what is closed in all is closed to all.
        """
        return tuple(self.rulebook.openings(case) for case in self._cases(settings, profile, at))

    def span(self, settings: CampaignSettings, at: datetime) -> int:
        """A number that stays the same as long as no hours can begin or end."""
        window = settings.window
        even = self.rulebook.quarterly and _even(window.start) and _even(window.end)
        return int(at.timestamp()) // (_QUARTER_S if even else _MINUTE_S)

    def next_open(self, settings: CampaignSettings, profile: Profile, at: datetime) -> datetime | None:
        """The first instant from `at` on when the hours are open; None when not in 14 days."""
        if next_open(profile.zones, settings.window, at) is None:
            return None
        cases = self._cases(settings, profile, at)
        found = [first_open(case, settings.window, self.rulebook, at) for case in cases]
        return min((opens for opens in found if opens is not None), default=None)

    def _cases(self, settings: CampaignSettings, profile: Profile, at: datetime) -> tuple[Case, ...]:
        """Calls to some number of a profile, one at each place that has hours of its own.

        Its ground counts as fresh: hours closed even so are closed to all.
        """
        today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        grounds = (Consent(Basis(profile.basis), obtained_at=today),) if profile.basis else ()
        mode = settings.mode.value
        case = Case("", profile.zones, profile.regions, settings.purpose, settings.party, mode=mode, consents=grounds)
        at_work = replace(case, place=Place.WORK)
        return (case, at_work) if self.rulebook.hours_differ(case, at_work) else (case,)

    def judge(
        self,
        settings: CampaignSettings,
        candidates: Sequence[Candidate],
        at: datetime,
        shared: "Shared | None" = None,
        *,
        reminding: bool = False,
    ) -> list[Judged]:
        """Each candidate's first number, at `at`, with everything that is known of its person.

        A promise that is still to be kept stands against a call about its debt, but not when it is what people are
        being reminded of (`reminding`).
        With `shared`, kept for one campaign while its `span` lasts, leads of the same places of which nothing else is
        known share one judgement, without their number.
        """
        if not candidates:
            return []
        known = self._known(settings, candidates, at, reminding=reminding)
        if shared is None:
            return [self._judge_one(settings, candidate, known, at) for candidate in candidates]
        remarkable, listed = known.remarkable(), known.listed
        return [
            self._judge_one(settings, candidate, known, at)
            if candidate.lead_id in remarkable or candidate.phone.e164 in listed
            else self._unremarkable(settings, candidate, known.coverage, at, shared)
            for candidate in candidates
        ]

    def _known(
        self, settings: CampaignSettings, candidates: Sequence[Candidate], at: datetime, *, reminding: bool
    ) -> _Known:
        ids = [candidate.lead_id for candidate in candidates]
        numbers = [candidate.phone.e164 for candidate in candidates]
        debts: Mapping[int, CallableDebts] = {}
        if self._debts.any_known():
            zone, terms = ZoneInfo(settings.timezone), PromiseSettings.of(settings)
            debts = self._debts.callable(ids, at, terms, zone, reminding=reminding)
        return _Known(
            self._consents.of(ids),
            self._calls.of(ids, _since(_caps(settings.caps), self.rulebook.counted_days, at)),
            self._registries.registries_of(numbers),
            self._registries.coverage(at),
            debts,
            self._quotas.held(settings.campaign_id, ids),
        )

    def _judge_one(self, settings: CampaignSettings, candidate: Candidate, known: _Known, at: datetime) -> Judged:
        lead_id, phone = candidate.lead_id, candidate.phone
        ages = _ages(known.coverage, phone, at)
        owed, refusal = known.debts.get(lead_id), known.full.get(lead_id)
        if refusal is None and owed is not None:
            refusal = _refusal(settings, owed)
        case = Case(
            phone.e164,
            phone.zones,
            phone.regions,
            settings.purpose,
            settings.party,
            mode=settings.mode.value,
            consents=known.consents.get(lead_id, ()),
            on_registries=known.listed.get(phone.e164, _NO_REGISTRY),
            registry_age_days=ages,
            debts=frozenset(owed.debts) if owed is not None else _NO_DEBTS,
            subject=subject_of(settings),
            place=phone.place,
            campaign_id=settings.campaign_id,
        )
        if refusal is not None:
            return Judged(candidate, case, refusal, None)
        return self._judged(settings, candidate, case, known.calls.get(lead_id, ()), at)

    def _unremarkable(
        self,
        settings: CampaignSettings,
        candidate: Candidate,
        coverage: Coverage,
        at: datetime,
        shared: "Shared",
    ) -> Judged:
        """Leads of which nothing is known but their places share a judgement as long as no hours begin or end."""
        phone = candidate.phone
        ages = _ages(coverage, phone, at)
        key = (phone.zones, phone.regions, phone.place, tuple(ages.items()) if ages else ())
        found = shared.get(key)
        if found is None:
            mode, subject, of = settings.mode.value, subject_of(settings), settings.campaign_id
            case = Case(
                *("", phone.zones, phone.regions, settings.purpose, settings.party),
                mode=mode, on_registries=_NO_REGISTRY, registry_age_days=ages, subject=subject, place=phone.place,
                campaign_id=of,
            )  # fmt: skip
            found = shared[key] = self._judged(settings, candidate, case, (), at)
        return Judged._make((candidate, *found[1:]))

    def _judged(
        self,
        settings: CampaignSettings,
        candidate: Candidate,
        case: Case,
        past: Sequence[PastCall],
        at: datetime,
    ) -> Judged:
        if not case.zones:
            detail = f"the time zone of {case.phone or 'the number'} is unknown, so its hours are too"
            return Judged(candidate, case, Blocked("no_timezone", detail), None)
        verdict = self._verdict(case, past, at)
        if verdict.allowed:
            capped = check_caps(_caps(settings.caps), case.phone, case.zones, at, past, case.debts) if past else None
            if capped is not None:
                return Judged(candidate, case, self._later(settings, case, capped), verdict)
            if is_open(case.zones, settings.window, at):
                return Judged(candidate, case, _ALLOWED, verdict)
            until = first_open(case, settings.window, self.rulebook, at)
            return Judged(candidate, case, Blocked("outside_window", "the campaign's window is closed", until), verdict)
        stops = next(reason for reason in verdict.reasons if reason.stops)
        return Judged(candidate, case, self._blocked(settings, case, stops, verdict), verdict)

    def _later(self, settings: CampaignSettings, case: Case, blocked: Blocked) -> Blocked:
        """The same, until the hours are open as well."""
        until = blocked.until and first_open(case, settings.window, self.rulebook, blocked.until)
        return replace(blocked, until=until)

    def _blocked(self, settings: CampaignSettings, case: Case, stops: Reason, verdict: Verdict) -> Blocked:
        until = verdict.until
        if until is not None:
            until = first_open(case, settings.window, self.rulebook, until)
        return Blocked(f"rule:{stops.rule}", stops.detail, until)

    def _verdict(self, case: Case, past: Sequence[PastCall], at: datetime) -> Verdict:
        """The rule book's word; calls of the past only where a rule counts them."""
        return self.rulebook.judge(case, at, past if past and self.rulebook.counts_calls(case) else ())


def _ages(coverage: Coverage, phone: Phone, at: datetime) -> Mapping[str, int]:
    return coverage.ages(phone.e164, latest_date(phone.zones, at)) if coverage.routes else _NO_AGES


def _even(edge: time) -> bool:
    return edge.minute % 15 == 0 or edge == time.max


@lru_cache(maxsize=4096)
def latest_date(zones: tuple[str, ...], at: datetime) -> date | None:
    """The latest date that a call has in any of the zones; None when one is unknown."""
    found = [zone_of(name) for name in zones]
    dates = [at.astimezone(zone).date() for zone in found if zone is not None]
    return max(dates) if dates and len(dates) == len(found) else None


@lru_cache(maxsize=256)
def _caps(text: str) -> tuple[Cap, ...]:
    return parse_caps(text)


def _since(caps: Sequence[Cap], counted_days: float, at: datetime) -> datetime:
    """From when on calls of the past matter to the law, which counts those of some days, or to one of the caps."""
    if any(cap.days is None and cap.hours is None for cap in caps):
        return _FIRST
    days = max(LOOKBACK_DAYS, 2 + counted_days, *(2 + (cap.days or 0) for cap in caps))
    return _FIRST if days >= (at - _FIRST).days else at - timedelta(days=days)


Shared = dict[object, Judged]
"""Judgements by places and ages of registries."""


class Gatekeeper:
    """The law as a hopper asks it, for one campaign and one refill after the other.

    `at` is the instant of the refill; `cases` has the cases of the leads it found, for who looks again at dialing.
    """

    def __init__(self, law: Law, settings: CampaignSettings) -> None:
        self.settings = settings
        self.at = datetime.min.replace(tzinfo=UTC)
        self.cases: dict[int, Case] = {}
        self._law = law
        self._window = window_gate(settings.window)
        self._openings: dict[tuple[Profile, date | None], tuple[Openings, ...]] = {}
        self._shared: Shared = {}
        self._span = -1
        self.gate = Gate(
            self._opens,
            lambda profile, at: law.next_open(settings, profile, at),
            self._judge,
            lambda at: law.span(settings, at),
        )

    def _opens(self, profile: Profile, at: datetime) -> bool:
        """Whether numbers of a profile may be called at `at` as far as hours decide it."""
        if not self._window.opens(profile, at):
            return False
        key = (profile, at.astimezone(UTC).date() if profile.basis else None)
        openings = self._openings.get(key)
        if openings is None:
            if len(self._openings) >= _KEPT:
                self._openings.clear()
            openings = self._openings[key] = self._law.openings(self.settings, profile, at)
        at_s = at.timestamp()
        return any(hours.is_open(at_s) for hours in openings)

    def _judge(self, candidates: Sequence[Candidate]) -> list[Allowed | Blocked]:
        span = self._law.span(self.settings, self.at)
        if span != self._span or len(self._shared) >= _KEPT:
            self._shared.clear()
            self._span = span
        judged = self._law.judge(self.settings, candidates, self.at, self._shared)
        self.cases.update((each.candidate.lead_id, each.case) for each in judged)
        return [each.answer for each in judged]


def _refusal(settings: CampaignSettings, owed: CallableDebts) -> Blocked | None:
    """What debts and holds say: debts matter to collections alone, and a person without known debts may have some."""
    refusal = owed.refusal
    if refusal is None or refusal.reason == "no_debt":
        return None
    return refusal if settings.kind is Kind.COLLECTIONS or refusal.reason == "hold" else None
