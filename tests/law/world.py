"""Thirty days of a call centre in virtual time: the real store, imports, hoppers and journal; a made-up world beyond.

What is simulated: lines, clocks, who answers and what they say. Everything that decides whom to call is the product.
"""

import heapq
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from campaigns import eligibility, retry
from campaigns.collections.holds import HoldKind
from campaigns.collections.money import Money
from campaigns.collections.payments import Payment, Payments
from campaigns.collections.promisebook import PromiseBook
from campaigns.collections.promises import PromiseSettings
from campaigns.importing import import_leads
from campaigns.model import Blocked, CallbackAsked, CampaignSettings, CampaignState, Candidate, Outcome
from campaigns.rules import Rulebook, load_builtin
from campaigns.statuses import MACHINE_STATUS
from campaigns.store import Store, StoreError
from tests.law.checker import Call, Campaign, Cap, Copy, Facts, Hold
from tests.law.people import Listed, Population, csv_of, midnight, register_copy, register_file

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
STARTS_AT = datetime(2026, 10, 15, tzinfo=UTC)
AGENT = "ann"

# The registers whose copies run out in the course of the month, and the day on which a new copy comes.
_REGISTERS = (
    ("us-national", "US", 29, 4.6),
    ("gb-tps", "GB", 26, 3.5),
    ("au-dncr", "AU", 28, 3.3),
    ("ca-dncl", "CA", 30, 3.7),
    ("it-rpo", "IT", 12, 4.2),
)


@dataclass(frozen=True, slots=True)
class Spec:
    """A campaign to be: its people, how many lines dial for it, and its settings."""

    name: str
    kind: str
    people: Sequence[Listed]
    lines: int
    settings: dict[str, object] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()

    @property
    def collects(self) -> bool:
        return self.kind == "collections"


def _text_of(cap: Cap) -> str:
    """A cap as the campaign setting has it."""
    span = f"{cap.days}d" if cap.days else f"{cap.hours}h" if cap.hours else "life"
    return f"{cap.of}:{cap.most}/{span}"


@dataclass(slots=True)
class Ringing:
    """A call that was placed and what will come of it."""

    attempt_id: int
    candidate: Candidate
    started_at: datetime
    ends_at: datetime
    outcome: Outcome
    status: str
    asked_at: datetime | None
    appointed: bool


class Dialer:
    """The lines of one campaign."""

    def __init__(self, spec: Spec, settings: CampaignSettings) -> None:
        self.spec = spec
        self.settings = settings
        self.hopper: deque[tuple[Candidate, bool]] = deque()
        self.busy: dict[int, Ringing] = {}
        self.wakes_at: datetime | None = None
        self.looks_at = STARTS_AT
        self.waits_until = STARTS_AT

    @property
    def campaign_id(self) -> int:
        return self.settings.campaign_id

    @property
    def held(self) -> tuple[int, ...]:
        """Leads that are in the hopper or being called."""
        return (*self.busy, *(candidate.lead_id for candidate, _ in self.hopper))


class World:
    """One seeded run. `calls` and `facts` are for the checker; `said` counts what the dialer was told and why."""

    def __init__(self, store: Store, rulebook: Rulebook, seed: int, days: int) -> None:
        self.store = store
        self.rng = random.Random(seed)
        self.now = STARTS_AT
        self.ends_at = STARTS_AT + days * DAY
        self.population = Population(self.rng, STARTS_AT)
        self.facts = Facts({}, {})
        self.calls: list[Call] = []
        self.said: Counter[str] = Counter()
        self.dialers: list[Dialer] = []
        self.person_of: dict[int, Listed] = {}
        self.campaign_of: dict[int, int] = {}
        self.imported_at: dict[int, datetime] = {}
        self._rulebook = rulebook
        self._promises = PromiseBook(store.database, store.debts)
        self._payments = Payments(store.database, store.debts)
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._placed_calls = 0
        self._leads_of: dict[str, list[int]] = defaultdict(list)
        self._asked: dict[int, datetime] = {}
        self._follow_ups: set[int] = set()
        self._promised: list[tuple[Dialer, str, int, str]] = []
        self._dead: set[str] = set()
        self._listed: dict[str, Listed] = {}

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Let something happen at an instant."""
        self._count += 1
        heapq.heappush(self._events, (max(when, self.now), self._count, what))

    def run(self) -> None:
        """Let the time pass to the end."""
        while self._events and self._events[0][0] < self.ends_at:
            self.now, _, what = heapq.heappop(self._events)
            what()

    # Setting up.

    def open_campaign(self, spec: Spec, waves: int) -> Dialer:
        """Create and start a campaign whose people come in as many files, evenly over the month."""
        caps = ",".join(map(_text_of, spec.caps))
        self.store.create_campaign(spec.name, spec.kind, "predictive", caps=caps, **spec.settings)
        dialer = Dialer(spec, self.store.set_campaign_state(spec.name, CampaignState.ACTIVE))
        self.dialers.append(dialer)
        of = dialer.settings
        self.facts.campaigns[of.campaign_id] = Campaign(
            of.campaign_id,
            of.purpose.value,
            of.subject,
            of.window.start,
            of.window.end,
            of.window.days,
            {outcome.value: rule.max_attempts for outcome, rule in of.retry.items()},
            {outcome.value: rule.delay_s for outcome, rule in of.retry.items()},
            spec.caps,
        )
        for listed in spec.people:
            self.facts.people[listed.truth.key] = listed.truth
            self._listed[listed.truth.key] = listed
        span = (self.ends_at - STARTS_AT) * 0.8
        for wave in range(waves):
            self.at(STARTS_AT + span * wave / waves, lambda part=spec.people[wave::waves]: self._import(dialer, part))  # type: ignore[misc]
        self.at(STARTS_AT + SECOND, lambda: self._tick(dialer))
        return dialer

    def open_registers(self) -> None:
        """The first copies, which run out within days, and the next ones."""
        for name, country, age_days, next_day in _REGISTERS:
            self.at(STARTS_AT, lambda n=name, c=country, a=age_days: self._register(n, c, a))  # type: ignore[misc]
            self.at(STARTS_AT + next_day * DAY, lambda n=name, c=country: self._register(n, c, 0))  # type: ignore[misc]
        self.at(STARTS_AT + 17 * DAY, lambda: self._register("it-rpo", "IT", 0))

    def open_days(self) -> None:
        """What happens once a day: payments, promises settled, letters, numbers barred, consents revoked."""
        day = STARTS_AT + 5 * HOUR
        while day < self.ends_at:
            self.at(day, self._daily)
            day += DAY

    def _import(self, dialer: Dialer, people: Sequence[Listed]) -> None:
        newest = self.store.database.value("SELECT COALESCE(MAX(id), 0) FROM leads")
        text = csv_of(people, with_debts=dialer.spec.collects)
        report = import_leads(self.store, dialer.campaign_id, text, list_name=f"{self.now:%m%d}", at=self.now)
        self.said["lines read"] += report.read
        self.said["lines loaded"] += report.loaded
        self.said["lines invalid"] += report.invalid
        self.said["leads without a zone"] += report.no_timezone
        self._look(dialer)
        for lead_id, person in self.store.database.rows("SELECT id, person FROM leads WHERE id > ?", (newest,)):
            self.person_of[lead_id] = self._listed[person]
            self.campaign_of[lead_id] = dialer.campaign_id
            self.imported_at[lead_id] = self.now
            self._leads_of[person].append(lead_id)
            self._dead.update(phone for phone in self._listed[person].phones if self.rng.random() < 0.02)

    def _register(self, name: str, country: str, age_days: int) -> None:
        as_of: date = (self.now - age_days * DAY).date()
        if age_days == 0:
            for listed in self.rng.sample(self.population.people, len(self.population.people) // 50):
                listed.registered = True
        else:
            next(each for each in self.population.people if each.country == country).registered = True
        copy = register_copy(self.population.people, country, as_of, self.now)
        file = register_file(copy)
        self.store.dnc.import_registry(file, name, as_of=midnight(as_of), full=True, at=self.now, force=True)
        self.facts.registers.setdefault(name, []).append(copy)

    # Once a day.

    def _daily(self) -> None:
        for dialer in self.dialers:
            if dialer.spec.collects:
                self._settle(dialer)
        known = sorted(self._leads_of)
        for person in self.rng.sample(known, min(len(known), 1 + len(known) // 800)):
            self._bar_one(self._listed[person])
        for person in self.rng.sample(known, min(len(known), 1 + len(known) // 300)):
            self._letter(self._listed[person])

    def _settle(self, dialer: Dialer) -> None:
        today = self.now.date()
        paid = [one for one in self._promised if one[0] is dialer and self.rng.random() < 0.15]
        self._promised = [one for one in self._promised if one not in paid]
        payments = [
            Payment(reference, Money(Decimal(amount), currency), today, f"pay-{self._count}-{nth}")
            for nth, (_, reference, amount, currency) in enumerate(paid)
        ]
        if payments:
            booked = self._payments.add_many(dialer.campaign_id, payments, self.now, today)
            self.said["payments"] += len(payments) - len(booked.refused)
        of = PromiseSettings.of(dialer.settings)
        for settled in self._promises.settle(dialer.campaign_id, self.now, of, ZoneInfo("UTC")):
            self.said[f"promise {settled.state}"] += 1
            if settled.scheduled is not None:
                self._follow_ups.add(settled.lead_id)

    def _bar_one(self, listed: Listed) -> None:
        phone = listed.phones[0]
        self.store.add_dnc(phone, "letter", self.now)
        self.facts.barred.setdefault(phone, self.now)
        self.said["numbers barred"] += 1

    def _letter(self, listed: Listed) -> None:
        """A request to cease from who owes, a revocation from who consented."""
        truth = listed.truth
        if listed.debts:
            lead = next((each for each in self._leads_of[truth.key] if self._collects(each)), None)
            if lead is not None:
                self.store.holds.place(lead, HoldKind.CEASE, self.now, "letter")
                truth.holds.append(Hold(self.now))
                self.said["requests to cease"] += 1
        if truth.grants:
            for lead in self._leads_of[truth.key]:
                self.store.consents.revoke(lead, at=self.now)
            truth.grants[:] = [replace(grant, revoked_at=grant.revoked_at or self.now) for grant in truth.grants]
            self.said["consents revoked"] += 1

    def _collects(self, lead_id: int) -> bool:
        return self.facts.campaigns[self.campaign_of[lead_id]].purpose == "collections"

    # Dialing.

    def _look(self, dialer: Dialer) -> None:
        """Something new may be due."""
        dialer.looks_at = self.now
        self._wake(dialer, self.now)

    def _wake(self, dialer: Dialer, when: datetime) -> None:
        when = max(when, self.now)
        if dialer.wakes_at is None or when < dialer.wakes_at:
            dialer.wakes_at = when
            self.at(when, lambda: self._tick(dialer, when))

    def _tick(self, dialer: Dialer, meant: datetime | None = None) -> None:
        if meant is not None and dialer.wakes_at != meant:
            return
        dialer.wakes_at = None
        if not dialer.hopper and dialer.looks_at <= self.now:
            self._fill(dialer)
        if self.now < dialer.waits_until:
            self._wake(dialer, dialer.waits_until)
            return
        while dialer.hopper and len(dialer.busy) < dialer.spec.lines:
            self._dial(dialer, *dialer.hopper.popleft())
        if not dialer.hopper:
            self._wake(dialer, dialer.looks_at)

    def _fill(self, dialer: Dialer) -> None:
        """Load the hopper; when that gives nothing, look again when something is due, three hours later at most."""
        campaign_id = dialer.campaign_id
        for candidate in self.store.due_callbacks(campaign_id, self.now, (AGENT,), dialer.held):
            dialer.hopper.append((candidate, True))
        wanted = 12 * dialer.spec.lines
        found = self.store.refill(campaign_id, wanted, self.now, dialer.held)
        dialer.hopper.extend((candidate, False) for candidate in found.leads)
        dialer.looks_at = self.now + (MINUTE if len(found.leads) == wanted else 5 * MINUTE)
        if dialer.hopper and self.rng.random() < 0.3:
            dialer.waits_until = self.now + self.rng.uniform(0, 9) * MINUTE
        if not dialer.hopper:
            latest = self.now + 3 * HOUR
            dialer.looks_at = max(self.now + 3 * MINUTE, min(found.next_at or latest, latest))

    def _dial(self, dialer: Dialer, candidate: Candidate, callback: bool) -> None:
        verdict = eligibility.check(candidate, dialer.settings, self.now, self._rulebook)
        if isinstance(verdict, Blocked):
            self.said[f"at dial: {verdict.reason}"] += 1
            return
        attempt_id, phone = self._placed_calls + 1, candidate.phone
        with self.store.transaction():
            veto = self.store.reserve_attempt(
                *(attempt_id, dialer.campaign_id, candidate.lead_id, phone.phone_id, phone.e164, "t1", "", self.now)
            )
        if veto is not None:
            self.said[f"at reserve: {veto}"] += 1
            return
        self._placed_calls = attempt_id
        call = self._placed(dialer, attempt_id, candidate, callback)
        dialer.busy[candidate.lead_id] = call
        self.at(call.ends_at, lambda: self._end(dialer, call))

    def _placed(self, dialer: Dialer, attempt_id: int, candidate: Candidate, callback: bool) -> Ringing:
        outcome, status, lasts_s = self._comes_of(dialer, candidate)
        lead_id = candidate.lead_id
        asked_at = self._asked.pop(lead_id, None) if callback else None
        appointed = callback or lead_id in self._follow_ups
        self._follow_ups.discard(lead_id)
        ends_at = self.now + lasts_s * SECOND
        return Ringing(attempt_id, candidate, self.now, ends_at, outcome, status, asked_at, appointed)

    def _comes_of(self, dialer: Dialer, candidate: Candidate) -> tuple[Outcome, str, float]:
        rng = self.rng
        if candidate.phone.e164 in self._dead:
            return Outcome.INVALID_NUMBER, MACHINE_STATUS[Outcome.INVALID_NUMBER], 3.0
        (outcome,) = rng.choices(list(_OUTCOMES), list(_OUTCOMES.values()))
        if outcome is not Outcome.HANDLED:
            return outcome, MACHINE_STATUS[outcome], rng.uniform(2, 26)
        statuses = _COLLECTED if dialer.spec.collects else _SOLD
        (status,) = rng.choices(list(statuses), list(statuses.values()))
        return outcome, status, rng.uniform(15, 220)

    def _end(self, dialer: Dialer, call: Ringing) -> None:
        """The call is over and, after the wrap-up, disposed."""
        answered = call.outcome in (Outcome.HANDLED, Outcome.ABANDONED)
        wrapup = self.rng.uniform(2, 40) * SECOND if call.outcome is Outcome.HANDLED else timedelta()
        if answered:
            self.store.mark_answered(call.attempt_id, call.started_at + 5 * SECOND)
        if call.outcome is Outcome.HANDLED:
            self.store.mark_connected(call.attempt_id, AGENT, call.started_at + 6 * SECOND)
            self.store.mark_call_ended(call.attempt_id, self.now, "normal", 200, 16, "")
        self.at(self.now + wrapup, lambda: self._close(dialer, call))

    def _close(self, dialer: Dialer, call: Ringing) -> None:
        settings, lead_id = dialer.settings, call.candidate.lead_id
        tried_as = retry.RETRIED_AS.get(call.status, call.outcome) if call.outcome is Outcome.HANDLED else call.outcome
        decision = retry.decide(settings.retry, tried_as, call.candidate, self.now)
        if call.status in _FINAL:
            decision = replace(decision, at=None, phone_id=None)
        self.store.close_attempt(
            call.attempt_id,
            at=self.now,
            outcome=call.outcome,
            status=call.status,
            ringing_at=call.started_at,
            cause="normal",
            sip_code=None,
            q850=None,
            detail="",
            ref="",
            agent=AGENT if call.outcome is Outcome.HANDLED else None,
            retry=decision,
        )
        del dialer.busy[lead_id]
        placed = self._log(dialer, call, tried_as)
        self._follow(dialer, call, placed)
        self._wake(dialer, self.now)

    def _log(self, dialer: Dialer, call: Ringing, tried_as: Outcome) -> Call:
        debts = self.store.database.rows(
            "SELECT d.reference FROM attempt_debts a JOIN debts d ON d.id = a.debt_id WHERE a.attempt_id = ?",
            (call.attempt_id,),
        )
        placed = Call(
            key=call.attempt_id,
            campaign=dialer.campaign_id,
            lead=call.candidate.lead_id,
            person=self.person_of[call.candidate.lead_id].truth.key,
            phone=call.candidate.phone.e164,
            started_at=call.started_at,
            ended_at=call.ends_at,
            outcome=call.outcome.value,
            conversation=call.status in _TALKED,
            refused=call.status in ("NI", "DEC", "DNC"),
            appointed=call.appointed,
            asked_at=call.asked_at,
            debts=frozenset(reference for (reference,) in debts),
            tried_as=tried_as.value,
        )
        self.calls.append(placed)
        return placed

    # What people said.

    def _follow(self, dialer: Dialer, call: Ringing, placed: Call) -> None:
        listed = self.person_of[placed.lead]
        if call.outcome is Outcome.UNWANTED:
            self.facts.barred.setdefault(placed.phone, self.now)
        if call.status == "DNC":
            for phone in listed.phones:
                self.facts.barred.setdefault(phone, self.now)
            listed.truth.left_alone_from = listed.truth.left_alone_from or self.now
        elif call.status == "CALLBK":
            self._appoint(dialer, placed, listed)
        elif call.status == "DISP":
            listed.truth.holds += [Hold(self.now, debt) for debt in sorted(placed.debts)]
        elif call.status == "PTP":
            self._promise(dialer, placed)

    def _appoint(self, dialer: Dialer, placed: Call, listed: Listed) -> None:
        """The person names a time that suits them, be it a lawful one or not."""
        rng = self.rng
        zone = ZoneInfo(listed.truth.place.zone)
        day = self.now.astimezone(zone).date() + timedelta(days=rng.randrange(0, 7))
        when = datetime.combine(day, time(rng.randrange(7, 22), rng.randrange(0, 60)), zone).astimezone(UTC)
        owner = AGENT if rng.random() < 0.3 else ""
        asked = CallbackAsked(when, listed.truth.place.zone, owner)
        try:
            self.store.make_callback(dialer.campaign_id, placed.lead, asked, AGENT, self.now)
        except StoreError:
            self.said["callbacks refused"] += 1
            return
        self._asked[placed.lead] = placed.ended_at
        self.at(when, lambda: self._look(dialer))
        self.said["callbacks made"] += 1

    def _promise(self, dialer: Dialer, placed: Call) -> None:
        of = PromiseSettings.of(dialer.settings)
        for debt in self.store.debts.of([placed.lead])[placed.lead]:
            if debt.due and debt.facts.reference in placed.debts:
                due_on = self.now.date() + timedelta(days=self.rng.randrange(1, 8))
                plan = [(debt.facts.balance, due_on)]
                self._promises.add(
                    debt, plan, self.now, of, ZoneInfo("UTC"), agent=AGENT, attempt_id=placed.key, replace=True
                )
                amount = int(debt.facts.balance.amount)
                self._promised.append((dialer, debt.facts.reference, amount, debt.facts.balance.currency))
                self.said["promises made"] += 1


_OUTCOMES = {
    Outcome.NO_ANSWER: 50,
    Outcome.HANDLED: 30,
    Outcome.ABANDONED: 3,
    Outcome.BUSY: 8,
    Outcome.REJECTED: 3,
    Outcome.CONGESTION: 1.5,
    Outcome.TIMEOUT: 1,
    Outcome.FAILED: 1,
    Outcome.BLOCKED: 0.5,
    Outcome.CANCELLED: 1,
    Outcome.LOST: 0.5,
    Outcome.UNWANTED: 0.5,
}
_SOLD = {"NI": 34, "DEC": 8, "SALE": 8, "CALLBK": 14, "DNC": 6, "A": 18, "N": 8, "B": 2, "NP": 2}
_COLLECTED = {"RPC": 34, "PTP": 16, "CALLBK": 12, "DISP": 5, "DNC": 3, "PAID": 3, "WPC": 5, "A": 16, "N": 6}
_TALKED = frozenset({"NI", "DEC", "SALE", "CALLBK", "DNC", "NP", "RPC", "PTP", "PAID", "DISP"})
_FINAL = frozenset({"SALE", "PAID", "WPC"})

_SALES_RETRY = (
    "no_answer:23h/9,busy:15m/9,abandoned:24h/9,rejected:4h/9,congestion:10m/9,timeout:10m/9,failed:30m/9,blocked:24h/9,"
    "cancelled:15m/9,lost:1h/9,handled:9d/9,callback:24h/9"
)
_DEBT_RETRY = _SALES_RETRY.replace("/9", "/30").replace("23h", "5h").replace("9d", "30h")


def mixed_world(store: Store, rulebook: Rulebook, *, seed: int, leads: int, days: int) -> World:
    """Telesales and collections, at home and abroad, people and numbers shared between campaigns: `leads` in all."""
    world = World(store, rulebook, seed, days)
    count = world.population
    share = leads // 20
    home = count.americans(9 * share)
    count.give_grounds(home)
    debtors = count.americans(4 * share)
    abroad = count.foreigners(3 * share, ("GB", "FR", "DE", "ES", "IT", "AU", "CA", "IN"))
    count.give_grounds(abroad)
    owing_abroad = count.foreigners(share, ("GB", "AU", "IN"))
    rng = world.rng
    both = rng.sample(home, share // 2)
    count.give_debts(debtors + owing_abroad + both)
    lines = max(3, share // 60)
    always: dict[str, object] = {"window": "00:00-24:00", "retry": _SALES_RETRY, "subject": "solar"}
    collecting: dict[str, object] = {"window": "00:00-24:00", "retry": _DEBT_RETRY}
    again = rng.sample(home, share)
    sold_again = rng.sample(debtors, share)
    specs = (
        Spec("us-sales", "telesales", home, 2 * lines, always),
        Spec(
            "us-sales-again",
            "telesales",
            again,
            lines,
            {**always, "window": "09:00-20:30 mon-sat"},
            (Cap("number", 1, days=1),),
        ),
        Spec("abroad-sales", "telesales", abroad, lines, {**always, "subject": "abroad"}),
        Spec("us-debts", "collections", debtors + both, 2 * lines, collecting),
        Spec("us-debts-sold", "collections", sold_again, lines, collecting, (Cap("lead", 6), Cap("debt", 2, days=3))),
        Spec("abroad-debts", "collections", owing_abroad, lines, collecting, (Cap("number", 2, hours=20),)),
    )
    world.open_registers()
    for spec in specs:
        world.open_campaign(spec, waves=6)
    world.open_days()
    return world


def rulebook_of_law() -> Rulebook:
    """The packs that come with the product, as a site that must have its registers uses them."""
    return Rulebook(load_builtin(), require_registries=True)


def registered_copies(world: World, name: str) -> Sequence[Copy]:
    """The copies of a register that the run imported."""
    return world.facts.registers[name]
