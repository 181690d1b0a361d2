"""Promises to pay as the database has them: made by agents, settled by payments and by time, followed up by calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.callbacks import CALLBACK
from campaigns.collections.debts import Debt, Debts
from campaigns.collections.money import Money, MoneyError, parsed, stored, zero
from campaigns.collections.promises import (
    TRANSITIONS,
    FollowUp,
    NextStep,
    PaidIn,
    Promise,
    PromiseSettings,
    PromiseState,
    Standing,
    follow_up,
    standings,
)
from campaigns.database import Database, Row, StoreError
from campaigns.instants import datetime_of, iso_of, seconds_of, whole_seconds_of
from campaigns.leads import RETRY
from campaigns.model import CampaignSettings, PromiseAsked
from campaigns.statuses import STATUSES


@dataclass(frozen=True, slots=True)
class Settled:
    """A promise whose state changed, and what follows. `scheduled` says when its lead is called (UTC), if it is."""

    promise_id: int
    debt_id: int
    lead_id: int
    state: PromiseState
    covered: Money
    follow_up: FollowUp
    scheduled: datetime | None


class PromiseBook:
    """The promises of a site."""

    def __init__(self, database: Database, debts: Debts, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._debts = debts
        self._trail = trail

    def add(
        self,
        debt: Debt,
        plan: Sequence[tuple[Money, date]],
        at: datetime,
        settings: PromiseSettings,
        zone: ZoneInfo,
        *,
        agent: str = "",
        attempt_id: int | None = None,
        replace: bool = False,
    ) -> tuple[int, ...]:
        """Keep what a person promised, one promise for each instalment; their ids.

        With `replace` the debt's open promises are cancelled first. Raises StoreError for a debt that is settled, a day
        that is over in the campaign's `zone`, an amount of nothing or in another currency, and for more than is owed.
        """
        with self._database.transaction():
            if replace:
                self._cancel_open(debt.debt_id, at)
            self.check(debt, plan, at, settings, zone)
            return self.keep(debt.debt_id, debt.lead_id, plan, at, agent=agent, attempt_id=attempt_id)

    def check(
        self, debt: Debt, plan: Sequence[tuple[Money, date]], at: datetime, settings: PromiseSettings, zone: ZoneInfo
    ) -> None:
        """Raises StoreError as `add` does, and writes nothing."""
        today = at.astimezone(zone).date()
        _check(debt, plan, today, self._open_amount(debt, today, settings, zone))

    def keep(
        self,
        debt_id: int,
        lead_id: int,
        plan: Sequence[tuple[Money, date]],
        at: datetime,
        *,
        agent: str = "",
        attempt_id: int | None = None,
    ) -> tuple[int, ...]:
        """Write down a promise that was checked, whatever came between; the ids of its parts."""
        with self._database.transaction():
            first = 1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM promises"))
            rows = [
                (
                    *(first + place, debt_id, lead_id, attempt_id, agent, amount.text, amount.currency),
                    *(due_on.isoformat(), seconds_of(at)),
                )
                for place, (amount, due_on) in enumerate(plan)
            ]
            self._database.many(
                "INSERT INTO promises (id, debt_id, lead_id, attempt_id, agent, amount, currency, due_on, made_at,"
                " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
                rows,
            )
            body = {
                "debt": debt_id,
                "attempt": attempt_id,
                "promises": [(amount.text, amount.currency, due_on) for amount, due_on in plan],
            }
            self._trail.note(AuditKind.PROMISE, body, at=at, leads=(lead_id,), actor=agent or None)
        return tuple(range(first, first + len(rows)))

    def _cancel_open(self, debt_id: int, at: datetime) -> None:
        self._database.execute(
            "UPDATE promises SET state = 'cancelled', settled_at = ? WHERE debt_id = ? AND state = 'open'",
            (seconds_of(at), debt_id),
        )

    def _open_amount(self, debt: Debt, today: date, settings: PromiseSettings, zone: ZoneInfo) -> Money:
        """What the debt's open promises still lack."""
        lacking = zero(debt.facts.balance.currency)
        for each in self._standings(debt.debt_id, today, settings, zone):
            if each.state is PromiseState.OPEN:
                lacking += each.promise.amount - each.covered
        return lacking

    def cancel(self, promise_id: int, at: datetime) -> None:
        """Take an open promise back. Raises StoreError when there is none, or it is settled."""
        with self._database.transaction():
            state = self._database.value("SELECT state FROM promises WHERE id = ?", (promise_id,))
            if state != PromiseState.OPEN:
                what = "does not exist" if state is None else f"is {state} already"
                raise StoreError(f"promise {promise_id} {what}; only an open one can be cancelled")
            self._database.execute(
                "UPDATE promises SET state = 'cancelled', settled_at = ? WHERE id = ?", (seconds_of(at), promise_id)
            )

    def settle(self, campaign_id: int, at: datetime, settings: PromiseSettings, zone: ZoneInfo) -> list[Settled]:
        """Let the campaign's open promises become what they are by now; those that changed.

        A broken or partial one schedules a call to its lead, unless the lead is done with, is called sooner or waits
        for a callback.
        """
        debts = self._database.rows(
            "SELECT DISTINCT p.debt_id FROM promises p JOIN debts d ON d.id = p.debt_id"
            " WHERE p.state = 'open' AND d.campaign_id = ? ORDER BY p.debt_id",
            (campaign_id,),
        )
        return self.settle_debts([debt_id for (debt_id,) in debts], at, settings, zone)

    def settle_debts(
        self, debt_ids: Iterable[int], at: datetime, settings: PromiseSettings, zone: ZoneInfo
    ) -> list[Settled]:
        """The same for all promises on certain debts, those settled before too: for payments that came to light."""
        settled: list[Settled] = []
        on = at.astimezone(zone).date()
        with self._database.transaction():
            for debt_id in sorted(set(debt_ids)):
                settled += self._settle_debt(debt_id, on, at, settings, zone)
            self._debts.rerank(sorted({each.lead_id for each in settled}), on)
        return settled

    def _settle_debt(
        self, debt_id: int, on: date, at: datetime, settings: PromiseSettings, zone: ZoneInfo
    ) -> list[Settled]:
        all_ = self._standings(debt_id, on, settings, zone)
        before = {
            promise_id: (lead_id, PromiseState(state))
            for promise_id, lead_id, state in self._database.rows(
                "SELECT id, lead_id, state FROM promises WHERE debt_id = ?", (debt_id,)
            )
        }
        settled = []
        next_due_on = min((each.promise.due_on for each in all_ if each.state is PromiseState.OPEN), default=None)
        for each in all_:
            lead_id, old = before[each.promise.promise_id]
            if each.state not in TRANSITIONS[old]:
                continue
            self._write(each, zone)
            step = follow_up(each, settings, next_due_on)
            scheduled = self._schedule(lead_id, debt_id, step, at, zone)
            settled.append(
                Settled(each.promise.promise_id, debt_id, lead_id, each.state, each.covered, step, scheduled)
            )
        return settled

    def _standings(self, debt_id: int, on: date, settings: PromiseSettings, zone: ZoneInfo) -> tuple[Standing, ...]:
        promises = self._database.rows(
            "SELECT id, amount, currency, made_at, due_on, state FROM promises WHERE debt_id = ?", (debt_id,)
        )
        payments = self._database.rows(
            "SELECT reference, amount, currency, paid_on FROM payments WHERE debt_id = ?", (debt_id,)
        )
        paid_in = [
            PaidIn(reference, stored(amount, currency), date.fromisoformat(paid_on))
            for reference, amount, currency, paid_on in payments
        ]
        return standings([_promise(row, zone) for row in promises], paid_in, on, settings)

    def _write(self, standing: Standing, zone: ZoneInfo) -> None:
        assert standing.settled_on is not None
        settled_at = datetime.combine(standing.settled_on, datetime.min.time(), zone)
        self._database.execute(
            "UPDATE promises SET state = ?, settled_at = ? WHERE id = ?",
            (standing.state.value, seconds_of(settled_at), standing.promise.promise_id),
        )

    def _schedule(self, lead_id: int, debt_id: int, step: FollowUp, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Let the lead be called from the step's day on; not when nothing is owed, or the lead is not to be called.

        A lead that waits for a callback is called at the time it was promised, and its callback stays as it is.
        """
        if step.step is not NextStep.CALL or not self._debts.by_ids([debt_id])[debt_id].due:
            return None
        assert step.on is not None
        due = max(datetime.combine(step.on, datetime.min.time(), zone).astimezone(UTC), at.astimezone(UTC))
        row = self._database.one("SELECT status, next_at, priority FROM leads WHERE id = ?", (lead_id,))
        assert row is not None
        status, next_at, priority = row
        flags = STATUSES.get(status)
        barred = flags is not None and (flags.dnc or flags.contact_uncallable or flags.number_uncallable)
        busy = self._database.one("SELECT 1 FROM attempts WHERE lead_id = ? AND closed_at IS NULL", (lead_id,))
        if barred or busy:
            return None
        if next_at is not None and (priority == CALLBACK or next_at <= whole_seconds_of(due)):
            return max(at.astimezone(UTC), datetime.fromtimestamp(next_at, UTC))
        self._database.execute(
            "UPDATE leads SET next_at = ?, priority = ?, held_by = '' WHERE id = ?",
            (whole_seconds_of(due), RETRY, lead_id),
        )
        return due

    def listing(
        self,
        campaign_id: int,
        *,
        state: PromiseState | None = None,
        first: date | None = None,
        last: date | None = None,
        reference: str | None = None,
    ) -> list[dict[str, Any]]:
        """Promises due from `first` to `last`, by due date."""
        rows = self._database.rows(
            "SELECT p.id, d.reference, l.person, p.lead_id, p.amount, p.currency, p.due_on, p.state, p.agent,"
            " p.attempt_id, p.made_at, p.settled_at FROM promises p JOIN debts d ON d.id = p.debt_id"
            " JOIN leads l ON l.id = p.lead_id WHERE d.campaign_id = ? AND p.due_on >= ? AND p.due_on <= ?"
            " ORDER BY p.due_on, p.id",
            (campaign_id, (first or date.min).isoformat(), (last or date.max).isoformat()),
        )
        names = ("id", "debt", "person", "lead_id", "amount", "currency", "due_on", "state", "agent", "attempt_id")
        return [
            {**dict(zip(names, row, strict=False)), "made_at": iso_of(row[10]), "settled_at": iso_of(row[11])}
            for row in rows
            if state in (None, row[7]) and reference in (None, row[1])
        ]


def _check(debt: Debt, plan: Sequence[tuple[Money, date]], today: date, promised: Money) -> None:
    owed = debt.facts.balance
    if not debt.due:
        raise StoreError(f"debt {debt.facts.reference} is {debt.state}; nothing can be promised on it")
    total = promised
    for amount, due_on in plan:
        if amount.currency != owed.currency:
            raise StoreError(f"debt {debt.facts.reference} is in {owed.currency}, the promise in {amount.currency}")
        if amount.amount <= 0:
            raise StoreError(f"a promise of {amount} is none; name an amount above zero")
        if due_on < today:
            raise StoreError(f"{due_on} is over; a promise is for today ({today}) or later")
        total += amount
    if owed < total:
        others = f" with {promised} promised already" if promised else ""
        raise StoreError(
            f"{total} is more than the {owed} owed on {debt.facts.reference}{others}; promise less, or replace the "
            "open promises"
        )


def _promise(row: Row, zone: ZoneInfo) -> Promise:
    promise_id, amount, currency, made_at, due_on, state = row
    made = datetime_of(made_at)
    assert made is not None
    return Promise(
        promise_id,
        stored(amount, currency),
        made.astimezone(zone).date(),
        date.fromisoformat(due_on),
        cancelled=state == PromiseState.CANCELLED,
    )


def asked(
    debts: Debts,
    promises: PromiseBook,
    campaign: CampaignSettings,
    lead_id: int,
    amount: str,
    due_on: date,
    reference: str | None,
    at: datetime,
) -> PromiseAsked:
    """What a person promised on the debt of this reference, or on their only one; see `Store.promise_asked`."""
    owed = [each for each in debts.of([lead_id])[lead_id] if each.due]
    chosen = owed if reference is None else [each for each in owed if each.facts.reference == reference]
    if len(chosen) != 1:
        names = ", ".join(each.facts.reference for each in owed) or "no debt"
        raise StoreError(f"say which debt is promised on: the person owes on {names}")
    try:
        money = parsed(amount, chosen[0].facts.balance.currency)
    except MoneyError as error:
        raise StoreError(str(error)) from None
    promises.check(chosen[0], [(money, due_on)], at, PromiseSettings.of(campaign), ZoneInfo(campaign.timezone))
    return PromiseAsked(chosen[0].debt_id, money.text, money.currency, due_on)
