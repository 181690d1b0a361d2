"""The campaign store: the one door to leads, attempts, agents and DNC on disk. Synchronous; one thread at a time."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import peewee

from campaigns import agentlog, leads, ledger, migrations, pacinglog, reports, settings
from campaigns import forecasts as forecasting
from campaigns import recorded as recording
from campaigns import why as reasons
from campaigns.attempts import Attempts
from campaigns.audit.kinds import AuditKind
from campaigns.audit.log import AuditLog
from campaigns.audit.trail import Trail
from campaigns.callbacks import Callback, Callbacks
from campaigns.collections.debts import Debts
from campaigns.collections.histories import Histories
from campaigns.collections.holds import Holds
from campaigns.collections.payments import Payments
from campaigns.collections.promisebook import PromiseBook, asked
from campaigns.collections.promises import PromiseSettings
from campaigns.consents import Consents
from campaigns.counts import ReasonCount
from campaigns.database import Database, StoreError, UnknownName
from campaigns.dnc import Dnc, Scope
from campaigns.dnc import Hit as DncHit
from campaigns.eligibility import check, out_of_reach
from campaigns.forecasts import Forecast, SampleSummary
from campaigns.gates import window_gate
from campaigns.hopper import Hopper, Refill
from campaigns.instants import seconds_of
from campaigns.law import Gatekeeper, Law
from campaigns.leads import UnknownLead
from campaigns.lint import Problem, Shown, facts_of, lint
from campaigns.lists import Lists
from campaigns.model import (
    Allowed,
    Blocked,
    CallbackAsked,
    CampaignSettings,
    CampaignState,
    Candidate,
    Kind,
    Mode,
    Outcome,
    PacingSample,
    PromiseAsked,
    RetryDecision,
)
from campaigns.pastcalls import PastCalls
from campaigns.profiles import Profiles
from campaigns.recorded import LeadStanding, Performance, RecordedAttempt
from campaigns.relocation import relocate
from campaigns.rules.model import Case
from campaigns.rules.rulebook import Rulebook
from campaigns.schema import Agent as AgentRow
from campaigns.schema import Campaign as CampaignRow
from campaigns.statuses import DISPUTED
from campaigns.telesales.quotas import Quotas
from campaigns.telesales.sales import Sales
from campaigns.telesales.scriptbook import Answers, Scriptbook
from campaigns.texts import Texts

__all__ = [
    "Agent",
    "DncHit",
    "Refill",
    "Store",
    "StoreError",
    "UnknownAgent",
    "UnknownCampaign",
    "UnknownLead",
    "UnknownName",
]


class UnknownCampaign(UnknownName):
    """No campaign has this name or id."""


class UnknownAgent(UnknownName):
    """No agent has this name."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who takes calls, and the station they sit at."""

    name: str
    station: str


class Store:
    """Everything a site remembers. A `campaign` argument is a campaign's name or id.

    Instants are aware datetimes; a naive one raises ValueError. Journal calls belong inside `transaction()`.
    """

    def __init__(self, database: Database, rulebook: Callable[[], Rulebook] | None = None) -> None:
        self.database = database
        self.profiles = Profiles(database)
        self.trail = Trail(AuditLog(database) if rulebook is not None else None)
        self.dnc = Dnc(database, self.profiles, self.trail)
        self.consents = Consents(database, self.profiles, self.trail)
        self.holds = Holds(database, self.trail)
        self.debts = Debts(database, self.holds)
        self.promises = PromiseBook(database, self.debts, self.trail)
        self.payments = Payments(database, self.debts, self.trail)
        self.histories = Histories(database, self.debts, self.trail)
        self.lists = Lists(database, self.trail)
        self.hopper = Hopper(database, self.profiles)
        self.callbacks = Callbacks(database, self.profiles, self.trail)
        self.scripts = Scriptbook(database, self.trail)
        self.answers = Answers(database)
        self.sales = Sales(database, self.trail)
        self.quotas = Quotas(database, self.trail)
        self.texts = Texts(database, self.profiles, self.trail, lambda: self.law)
        self._rulebook = rulebook
        self._gatekeepers: dict[int, Gatekeeper] = {}
        self.attempts = Attempts(
            database, self.profiles, self.callbacks, self.debts, self.trail, self.campaign_by_id, lambda: self.law
        )

    @cached_property
    def law(self) -> Law | None:
        """What judges leads; None in a store that was opened without a rule book."""
        if self._rulebook is None:
            return None
        return Law(
            self._rulebook(),
            consents=self.consents,
            calls=PastCalls(self.database),
            debts=self.debts,
            registries=self.dnc,
            quotas=self.quotas,
        )

    @classmethod
    def open(
        cls,
        path_or_url: Path | str,
        create: bool = False,
        *,
        fast: bool = False,
        rulebook: Callable[[], Rulebook] | None = None,
    ) -> Self:
        """Open a store and bring its schema up to date. ":memory:" is a new one that goes away when closed.

        With `create` a missing file is made. `fast` gives up durability, and without `rulebook`, which makes the rule
        book when it is first needed, no law is looked at and no dialing decision audited: both for simulations only.
        Raises StoreError when the file is missing, not a store, or from a newer version of this program.
        """
        create = create or str(path_or_url) == ":memory:"
        database = Database.open(path_or_url, create=create, fast=fast)
        try:
            migrations.migrate(database, create=create, locate=lambda: relocate(database, Profiles(database)))
        except BaseException:
            database.close()
            raise
        return cls(database, rulebook)

    def close(self) -> None:
        """Let go of the file; the store cannot be used afterwards."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is done inside together, or nothing. Nested ones are part of the outermost."""
        with self.database.transaction():
            yield

    # Campaigns

    def create_campaign(self, name: str, kind: Kind | str, mode: Mode | str, **changes: object) -> CampaignSettings:
        """A new stopped campaign with the default settings, changed by `changes`.

        Raises SettingError (a ValueError) naming the key and its bounds, StoreError when the name is taken.
        """
        made = settings.new(0, name, kind, mode, changes)
        row = {"name": made.name, "kind": made.kind, "mode": made.mode, "state": made.state}
        insert = CampaignRow.insert(**row, settings=settings.to_json(made)).bind(self.database.peewee)
        try:
            with self.transaction():
                campaign_id: int = insert.execute()
                self.trail.note(AuditKind.SETTINGS, {"campaign": made.name, "made": settings.to_json(made), **row})
        except peewee.IntegrityError:
            raise StoreError(f"there is a campaign {made.name!r} already; choose another name") from None
        return self.campaign_by_id(campaign_id)

    def campaigns(self) -> list[CampaignSettings]:
        """All campaigns by name."""
        rows = CampaignRow.select().order_by(CampaignRow.name).bind(self.database.peewee)
        return [_settings_of(row) for row in rows]

    def campaign(self, name: str) -> CampaignSettings:
        """Settings as they are now. Raises UnknownCampaign listing those there are."""
        row = CampaignRow.select().where(CampaignRow.name == name).bind(self.database.peewee).first()
        if row is None:
            raise self._unknown_campaign(name)
        return _settings_of(row)

    def campaign_by_id(self, campaign_id: int) -> CampaignSettings:
        """Settings as they are now. Raises UnknownCampaign listing those there are."""
        row = CampaignRow.select().where(CampaignRow.id == campaign_id).bind(self.database.peewee).first()
        if row is None:
            raise self._unknown_campaign(campaign_id)
        return _settings_of(row)

    def set_campaign_state(self, campaign: str | int, state: CampaignState | str) -> CampaignSettings:
        """Ask for a state; the running dialer follows it."""
        return self.update_campaign(campaign, state=state)

    def update_campaign(self, campaign: str | int, **changes: object) -> CampaignSettings:
        """Change settings by key; a `retry` rule changes its own outcome only. Raises SettingError for a bad value.

        StoreError when there is no such `script`.
        """
        with self.transaction():
            before = self._campaign(campaign)
            after = settings.changed(before, changes)
            if after.script and after.script != before.script:
                self.scripts.get(after.script)
            row = {"name": after.name, "kind": after.kind, "mode": after.mode, "state": after.state}
            update = CampaignRow.update(**row, settings=settings.to_json(after))
            try:
                update.where(CampaignRow.id == after.campaign_id).bind(self.database.peewee).execute()
            except peewee.IntegrityError:
                raise StoreError(f"there is a campaign {after.name!r} already; choose another name") from None
            altered = {
                key: (repr(getattr(before, key)), repr(getattr(after, key)))
                for key in after.__slots__
                if getattr(before, key) != getattr(after, key)
            }
            if altered:
                self.trail.note(AuditKind.SETTINGS, {"campaign": after.name, "changed": altered})
        return after

    def _campaign(self, campaign: str | int) -> CampaignSettings:
        return self.campaign_by_id(campaign) if isinstance(campaign, int) else self.campaign(campaign)

    def _unknown_campaign(self, wanted: str | int) -> UnknownCampaign:
        names = ", ".join(each.name for each in self.campaigns())
        there = f"there are: {names}" if names else "there is none yet; `dialer campaign create` makes one"
        return UnknownCampaign(f"no campaign {wanted!r}; {there}")

    # The hopper

    def refill(self, campaign_id: int, n: int, wall_now: datetime, exclude: Collection[int] = ()) -> Refill:
        """Up to `n` leads that may be called at `wall_now`, none of them in `exclude`: due retries, then new leads.

        When there is none, `next_at` is when the first becomes callable. Leads whose every number is barred end here,
        and come back when what barred them has expired; leads whose number another lead keeps busy, or had abandoned
        within 24 h, are put off.
        """
        self.dnc.sweep(wall_now)
        self.consents.sweep(wall_now)
        campaign = self.campaign_by_id(campaign_id)
        keeper = self._gatekeeper(campaign)
        if keeper is None:
            return self.hopper.refill(campaign, n, wall_now, exclude, window_gate(campaign.window))
        keeper.at = wall_now
        keeper.cases.clear()
        found = self.hopper.refill(campaign, n, wall_now, exclude, keeper.gate)
        leads = tuple(each.looked_up(keeper.cases.get(each.lead_id)) for each in found.leads)
        return Refill(leads, found.next_at)

    def _gatekeeper(self, campaign: CampaignSettings) -> Gatekeeper | None:
        """The law as this campaign's hopper asks it; None when the store knows no law."""
        if self.law is None:
            return None
        keeper = self._gatekeepers.get(campaign.campaign_id)
        if keeper is None or keeper.settings != campaign:
            keeper = self._gatekeepers[campaign.campaign_id] = Gatekeeper(self.law, campaign)
        return keeper

    def hopper_reasons(self, campaign: str | int, wall_now: datetime) -> list[ReasonCount]:
        """All leads of a campaign by what keeps them from being called at `wall_now`, the most first."""
        of = self._campaign(campaign)
        keeper = self._gatekeeper(of)
        return self.hopper.reasons(of, wall_now, window_gate(of.window) if keeper is None else keeper.gate)

    def due_callbacks(
        self, campaign_id: int, wall_now: datetime, agents: Collection[str], exclude: Collection[int] = ()
    ) -> list[Candidate]:
        """Callbacks to be made at `wall_now`, the earliest first: anyone's, and those of `agents`; see `Callbacks.due`.

        Agents whose callbacks these are count as reminded.
        """
        settings = self.campaign_by_id(campaign_id)
        cases: dict[int, Case] = {}
        found = self.callbacks.due(
            campaign_id, wall_now, agents, exclude, lambda offered: self._answers(settings, offered, wall_now, cases)
        )
        leads = [lead.looked_up(cases.get(lead.lead_id)) for lead in found]
        owned = [lead.lead_id for lead in leads if lead.owner]
        if owned:
            self.callbacks.reminded(owned)
        return leads

    def make_callback(
        self, campaign: str | int, lead_id: int, callback: CallbackAsked, made_by: str, now: datetime
    ) -> int:
        """Appoint a call to a lead; the callback's id.

        Raises StoreError when the person may not be called then, saying from when on they may, or is being called.
        """
        of = self._campaign(campaign)
        with self.transaction():
            self._require_callable(of, lead_id, callback.at, now)
            falls_at = callback.at + timedelta(seconds=of.callback_wait_s) if callback.agent else None
            return self.callbacks.make(lead_id, callback, falls_at=falls_at, made_by=made_by, made_at=now)

    def move_callback(self, callback_id: int, at: datetime, agent: str | None, now: datetime) -> Callback:
        """Another time, and with `agent` another owner. Raises UnknownCallback, and StoreError as `make_callback`."""
        with self.transaction():
            before = self.callbacks.get(callback_id)
            self._require_callable(self.campaign_by_id(before.campaign_id), before.lead_id, at, now)
            return self.callbacks.move(callback_id, at, agent)

    def cancel_callback(self, callback_id: int, now: datetime) -> Callback:
        """Call it off, and with it the consent that a debtor gave to it. Raises UnknownCallback."""
        with self.transaction():
            callback = self.callbacks.cancel(callback_id)
            self.consents.call_is_off(callback.lead_id, now)
        return callback

    def _require_callable(self, of: CampaignSettings, lead_id: int, at: datetime, now: datetime) -> None:
        if (refusal := out_of_reach(at, now)) is not None:
            raise StoreError(refusal)
        rows = leads.load(self.database, self.profiles, [lead_id], seconds_of(now))
        candidate = rows[0].candidate(rows[0].next_phone_id) if rows else None
        if not rows or rows[0].campaign_id != of.campaign_id:
            raise UnknownLead(f"campaign {of.name!r} has no lead {lead_id}")
        if candidate is None:
            raise StoreError(f"lead {lead_id} has no number that may be called")
        (answer,) = self._answers(of, [candidate], at)
        if isinstance(answer, Blocked):
            instead = "" if answer.until is None else f"; from {answer.until.isoformat(timespec='minutes')} on they may"
            raise StoreError(f"the person may not be called then: {answer.detail}{instead}")

    def _answers(
        self,
        settings: CampaignSettings,
        candidates: Sequence[Candidate],
        at: datetime,
        cases: dict[int, Case] | None = None,
    ) -> list[Allowed | Blocked]:
        """What stands against each candidate; their cases go to `cases`."""
        if self.law is None:
            return [check(candidate, settings, at) for candidate in candidates]
        judged = self.law.judge(settings, candidates, at)
        if cases is not None:
            cases.update((each.candidate.lead_id, each.case) for each in judged)
        return [each.answer for each in judged]

    # The journal

    def reserve_attempt(
        self,
        attempt_id: int,
        campaign_id: int,
        lead_id: int,
        phone_id: int,
        phone: str,
        trunk: str,
        caller_id: str,
        at: datetime,
    ) -> str | None:
        """Open an attempt; the last check before its call is placed.

        Otherwise writes nothing and says why: "already_open" (the lead or, for whatever campaign, the number is being
        called), "recently_abandoned" (a call of another lead to the number was, in the last 24 h), "dnc", or
        "not_callable".
        """
        veto = self.attempts.reserve(attempt_id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, at)
        if veto is None:
            self.hopper.left(campaign_id, (lead_id,))
        return veto

    def mark_answered(self, attempt_id: int, at: datetime) -> None:
        """The far side picked up. Raises AttemptError when the attempt is not open."""
        self.attempts.mark_answered(attempt_id, at)

    def mark_connected(self, attempt_id: int, agent: str, at: datetime) -> None:
        """The agent and the person are joined. Raises AttemptError when the attempt is not open."""
        self.attempts.mark_connected(attempt_id, agent, at)

    def mark_call_ended(
        self,
        attempt_id: int,
        at: datetime,
        cause: str,
        sip_code: int | None,
        q850: int | None,
        detail: str,
    ) -> None:
        """The call is over, the disposition still to come. Raises AttemptError when the attempt is not open."""
        self.attempts.mark_call_ended(attempt_id, at, cause, sip_code, q850, detail)

    def close_attempt(
        self,
        attempt_id: int,
        *,
        at: datetime,
        outcome: Outcome,
        status: str,
        ringing_at: datetime | None,
        cause: str | None,
        sip_code: int | None,
        q850: int | None,
        detail: str,
        ref: str,
        agent: str | None,
        retry: RetryDecision,
    ) -> None:
        """Close an attempt and settle its lead (status, attempts, next time, next number) together.

        The end that `mark_call_ended` reported stands. A status with the dnc flag bars the number and ends the lead.
        Raises AttemptError when the attempt is closed already or unknown, ValueError for an unknown status.
        """
        with self.transaction():
            self.attempts.close(
                attempt_id,
                at=at,
                outcome=outcome,
                status=status,
                ringing_at=ringing_at,
                cause=cause,
                sip_code=sip_code,
                q850=q850,
                detail=detail,
                ref=ref,
                agent=agent,
                retry=self.lists.recycled(attempt_id, status, at, retry),
            )
            if status == DISPUTED:
                self.holds.dispute_from_call(attempt_id, at, f"status {status} of attempt {attempt_id}")

    def promise_asked(
        self, campaign: str | int, lead_id: int, amount: str, due_on: date, debt: str | None, at: datetime
    ) -> PromiseAsked:
        """A promise on a lead's debt (its reference; None: the only one), checked. Raises StoreError saying why not."""
        return asked(self.debts, self.promises, self._campaign(campaign), lead_id, amount, due_on, debt, at)

    def log_agent(self, agent: str, campaign_id: int, state: str, code: str, at: datetime) -> None:
        """An agent entered a state. Raises ValueError for a state that no report knows."""
        agentlog.add(self.database, agent, campaign_id, state, code, seconds_of(at))

    def last_attempt_id(self) -> int:
        """The highest attempt id in use; 0 when there is none."""
        return int(self.database.value("SELECT COALESCE(MAX(id), 0) FROM attempts"))

    def close_lost_attempts(self, at: datetime) -> list[dict[str, Any]]:
        """Close what a dead process left open; what became of each.

        Answered but never connected: abandoned. With an agent: lost, and not redialed without review. Not answered:
        lost, and tried again by the campaign's rule.
        """
        with self.transaction():
            return self.attempts.close_lost(at)

    def close_agent_sessions(self, at: datetime) -> list[str]:
        """Log out the agents whom a dead process left logged in, as of its last sign of life; their names.

        That is the newest instant in the journal up to `at`, so that no agent is credited with the time between.
        """
        with self.transaction():
            return agentlog.close_sessions(self.database, at)

    # Agents

    def add_agent(self, name: str, station: str) -> Agent:
        """A new agent. Raises StoreError when the name is taken or is no name."""
        if not name.strip() or not name.isprintable() or "/" in name:
            raise StoreError(f"an agent's name must be printable text without '/', not {name!r}")
        insert = AgentRow.insert(name=name, station=station).bind(self.database.peewee)
        try:
            with self.transaction():
                insert.execute()
                self.trail.note(AuditKind.SETTINGS, {"agent": name, "station": station, "what": "added"})
        except peewee.IntegrityError:
            raise StoreError(f"there is an agent {name!r} already; choose another name") from None
        return Agent(name, station)

    def agents(self) -> list[Agent]:
        """All agents by name."""
        rows = AgentRow.select().order_by(AgentRow.name).bind(self.database.peewee)
        return [Agent(row.name, row.station) for row in rows]

    def agent(self, name: str) -> Agent:
        """Raises UnknownAgent listing those there are."""
        found = {agent.name: agent for agent in self.agents()}
        if name not in found:
            there = f"there are: {', '.join(found)}" if found else "there is none yet; `dialer agent add` makes one"
            raise UnknownAgent(f"no agent {name!r}; {there}")
        return found[name]

    def move_agent(self, name: str, station: str) -> Agent:
        """Seat an agent at another station from the next log-in on. Raises UnknownAgent."""
        with self.transaction():
            self.agent(name)
            AgentRow.update(station=station).where(AgentRow.name == name).bind(self.database.peewee).execute()
            self.trail.note(AuditKind.SETTINGS, {"agent": name, "station": station, "what": "moved"})
        return Agent(name, station)

    def remove_agent(self, name: str) -> None:
        """Forget an agent; what was logged of them stays. Raises UnknownAgent."""
        with self.transaction():
            self.agent(name)
            AgentRow.delete().where(AgentRow.name == name).bind(self.database.peewee).execute()
            self.trail.note(AuditKind.SETTINGS, {"agent": name, "what": "removed"})

    # Do not call

    def add_dnc(self, e164: str, source: str, at: datetime | None = None) -> bool:
        """Bar a number from now on; False when it was barred already. Raises ValueError when it is not E.164."""
        return self.dnc.add([e164], source, at) == 1

    def remove_dnc(self, e164: str) -> bool:
        """Take a number off the list that was barred by mistake; False when it was not on it.

        Leads that ended only because it was barred (DNCL) wait for their next call again. A lead whose agent set DNC
        keeps that status and is not called. Raises ValueError when it is not E.164.
        """
        return self.dnc.remove(e164)

    def dnc_check(self, e164: str) -> DncHit | None:
        """The entry of the site's own list for a number, None when there is none. Raises ValueError for no E.164."""
        return next((hit for hit in self.dnc.check(e164) if hit.scope is Scope.SITE), None)

    # Forecasts, and what they rest on

    def recorded_attempts(self, campaign: str | int, limit: int | None = None) -> list[RecordedAttempt]:
        """The latest `limit` closed attempts in the order they were placed, with zones and wrap-ups."""
        return recording.attempts(self.database, self.profiles, self._campaign(campaign), limit=limit)

    def lead_standings(self, campaign: str | int) -> list[LeadStanding]:
        """The leads that may still be called, in the order in which they would be."""
        return recording.standings(self.database, self._campaign(campaign))

    def set_lead_standings(self, campaign: str | int, standings: Iterable[LeadStanding]) -> None:
        """Let the campaign's leads, in the order of their import, stand as these do: for simulations only."""
        with self.transaction():
            recording.set_standings(self.database, self._campaign(campaign), standings)

    def performance(
        self, campaign: str | int, since: datetime | None = None, until: datetime | None = None
    ) -> Performance:
        """How busy agents were, how long they waited and what came of the calls in [since, until)."""
        return recording.performance(self.database, self.profiles, self._campaign(campaign), since, until)

    def add_forecast(
        self, campaign: str | int, made_at: datetime, inputs: Mapping[str, Any], results: Mapping[str, Any]
    ) -> int:
        """Keep a forecast, both parts of it JSON documents; its id."""
        with self.transaction():
            return forecasting.add(self.database, self._campaign(campaign), made_at, inputs, results)

    def forecast(self, campaign: str | int, forecast_id: int | None = None) -> Forecast | None:
        """A forecast by its id, else the latest; None when there is none yet. Raises StoreError for an unknown id."""
        return forecasting.get(self.database, self._campaign(campaign), forecast_id)

    def sampled_decisions(self, campaign: str | int, since: datetime | None = None) -> SampleSummary | None:
        """The sampled pacing decisions from `since` on in numbers; None when there is none."""
        return forecasting.samples(self.database, self._campaign(campaign), since)

    # Upkeep

    def upkeep(self, at: datetime) -> Iterator[None]:
        """What time alone brings: promises that are due, and ranks of arrears.

        In short steps, so that whoever else needs the store can have it between them.
        """
        for campaign in self.campaigns():
            if campaign.kind is Kind.COLLECTIONS:
                zone = ZoneInfo(campaign.timezone)
                yield
                self.promises.settle(campaign.campaign_id, at, PromiseSettings.of(campaign), zone)
                for _ in self.debts.reranked(campaign.campaign_id, at.astimezone(zone).date()):
                    yield

    # Leads and reports

    def leads(self, campaign: str | int, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
        """Leads with their numbers, in the order of their import."""
        return leads.listing(self.database, self.profiles, self._campaign(campaign), limit, offset)

    def lead(self, campaign: str | int, lead_id: int) -> dict[str, Any]:
        """One lead with its numbers and attempts. Raises UnknownLead."""
        of = self._campaign(campaign)
        found = leads.details(self.database, self.profiles, of, [lead_id])
        if not found:
            raise UnknownLead(f"campaign {of.name!r} has no lead {lead_id}")
        return {**found[0], "attempt_log": reports.attempts(self.database, of, lead_id=lead_id)}

    def why(self, campaign: str | int, lead_id: int, wall_now: datetime) -> dict[str, Any]:
        """Whether a lead may be called, and why not: {"callable", "reasons": [{rule, effect, detail, until}]}.

        "callable_at" is when it will be, as far as is known; see `why.why`. Raises UnknownLead.
        """
        return reasons.why(self.database, self.profiles, self._campaign(campaign), lead_id, wall_now, self.law)

    def lint(self, campaign: str | int, at: datetime, shown: Shown | None = None) -> list[Problem]:
        """What in a campaign cannot hold together, the worst first; by default its own number alone is `shown`.

        Empty in a store without a rule book.
        """
        if self.law is None:
            return []
        of = self._campaign(campaign)
        script = self.scripts.get(of.script) if of.script else None
        shown = shown or Shown((of.caller_id,) if of.caller_id else ())
        known = (self.lists.all(of.campaign_id), self.dnc.registry_ages(at), shown, script)
        return lint(of, facts_of(self.database, self.profiles, self.law, of, at, *known), self.law.rulebook, at)

    def report_attempts(
        self,
        campaign: str | int,
        *,
        lead_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Attempts in the order they were placed, started in [since, until)."""
        of = self._campaign(campaign)
        return reports.attempts(
            self.database, of, lead_id=lead_id, since=since, until=until, limit=limit, offset=offset
        )

    def report_agents(self, campaign: str | int, now: datetime | None = None) -> list[dict[str, Any]]:
        """Calls and seconds of pause, wait, talk, wrap-up and dead of each agent; lasting states count up to `now`."""
        return agentlog.report(self.database, self._campaign(campaign), now)

    def report_campaign(self, campaign: str | int) -> dict[str, Any]:
        """Counts by status and outcome, leads by status, leads left, penetration, abandonment."""
        return reports.campaign(self.database, self._campaign(campaign))

    def report_abandonment(self, campaign: str | int, now: datetime | None = None) -> dict[str, Any]:
        """{"live", "abandoned", "rate", "connected", "not_live"} of all time, and regulatory windows up to `now`.

        "limit", "window" (the running one) and "past_windows": see `ledger.by_window`.
        """
        of = self._campaign(campaign)
        return {
            **ledger.abandonment(self.database, of),
            **ledger.by_window(self.database, of, now or datetime.now(UTC)),
        }

    def ledger(self, campaign: str | int, since: datetime | None) -> tuple[float, float]:
        """(live, abandoned) among the attempts closed at `since` or later (None: ever), as a regulatory window counts.

        Both hold the share `amd_false_positive_rate` of machine verdicts.
        """
        of = self._campaign(campaign)
        return ledger.counts_since(self.database, of, since).ledger(of.amd_false_positive_rate)

    def first_call_at(self, campaign: str | int) -> datetime | None:
        """When the campaign's first attempt was started; None before it."""
        return ledger.first_call_at(self.database, self._campaign(campaign))

    # Pacing

    def save_pacer_state(self, campaign_id: int, at: datetime, state: str) -> None:
        """Keep what a campaign's pacer has learned, in the place of what was kept before."""
        pacinglog.save_state(self.database, campaign_id, seconds_of(at), state)

    def pacer_state(self, campaign_id: int) -> tuple[datetime, str] | None:
        """When what a campaign's pacer has learned was kept, and what that was; None when nothing was."""
        return pacinglog.state(self.database, campaign_id)

    def log_pacing(self, campaign_id: int, at: datetime, sample: PacingSample) -> None:
        """Keep a decision of the pacer; samples that are old or too many go in passing."""
        pacinglog.add_sample(self.database, campaign_id, seconds_of(at), sample)

    def pacing_samples(self, campaign: str | int, limit: int | None = None) -> list[dict[str, Any]]:
        """The latest decisions that were kept, oldest of them first."""
        return pacinglog.samples(self.database, self._campaign(campaign), limit)


def _settings_of(row: CampaignRow) -> CampaignSettings:
    return settings.from_json(row.id, row.name, row.kind, row.mode, row.state, row.settings)
