"""Debts, apart from the people who owe them: written from imports, and which of them a lead may be called about."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from campaigns.collections.arrears import Arrears, rank
from campaigns.collections.holds import Hold, Holds, InForce, state_under
from campaigns.collections.money import Money, MoneyError, parsed, stored
from campaigns.collections.people import everyone, same_person_in_campaign
from campaigns.collections.promises import PromiseSettings
from campaigns.database import Database, Row, StoreError
from campaigns.instants import day_of, iso_of, seconds_of, whole_seconds_of
from campaigns.leads import RETRY, stir
from campaigns.lists import set_ranks
from campaigns.model import Blocked
from campaigns.statuses import PAID, PROMISED, STATUSES, Category

_SETTLED = frozenset({"paid", "closed"})

# What ended the dialing of leads with these statuses is that their debts were paid, or promised.
_OVER_BY_PAYMENT = frozenset({PAID, PROMISED})

_RANKED = 2000

_COLUMNS = "id, campaign_id, lead_id, reference, creditor, principal, balance, currency, due_on, state"


@dataclass(frozen=True, slots=True)
class DebtFacts:
    """What a client's file says of a debt. `due_on` is the day since which it is overdue, None when not known."""

    reference: str
    creditor: str
    principal: Money
    balance: Money
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class DebtRow:
    """A debt to be written for a lead."""

    campaign_id: int
    lead_id: int
    facts: DebtFacts


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt as it is kept. `state` is open, disputed, ceased, paid or closed."""

    debt_id: int
    campaign_id: int
    lead_id: int
    facts: DebtFacts
    state: str

    @property
    def due(self) -> bool:
        """Whether there is something to collect."""
        return self.state not in _SETTLED


class _Owed(NamedTuple):
    """What of a debt decides about calls."""

    debt_id: int
    reference: str
    due: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What became of rows: how many of each kind, and by the row's place why it was refused.

    `reopened` ones were paid or closed and have a balance again. `over` has the leads, each with its status, that owe
    something new or again and are not called about it, as something other than payment ended their dialing.
    """

    added: int
    updated: int
    reopened: int
    unchanged: int
    refused: Mapping[int, str]
    over: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class CallableDebts:
    """The debts a lead may be called about; with none, `refusal` says why and until when."""

    debts: tuple[int, ...]
    refusal: Blocked | None


def dialing_over(database: Database, lead_ids: Sequence[int]) -> dict[int, str]:
    """Those of the leads whose dialing is over, each with its status; not those in a call."""
    rows = database.rows_in("SELECT id, status, next_at FROM leads WHERE id IN (:values)", lead_ids)
    return {lead_id: status for lead_id, status, next_at in rows if next_at is None and not _is_in_call(status)}


def _is_in_call(status: str) -> bool:
    flags = STATUSES.get(status)
    return flags is not None and flags.category is Category.FLOW


def not_dialed_again(over: Mapping[int, str]) -> dict[int, str]:
    """Those of the leads whose dialing is over, by status, that no new debt brings back."""
    return {lead_id: status for lead_id, status in over.items() if status not in _OVER_BY_PAYMENT}


def told_over(over: Mapping[int, str]) -> str:
    """What to say of leads that owe anew and are not called about it."""
    counts = ", ".join(f"{status} {count}" for status, count in sorted(Counter(over.values()).items()))
    return (
        f"leads that owe something new but are not called, as their dialing is over: {counts}; where its status "
        "allows it, `dialer lists reset CAMPAIGN LIST --status STATUS --yes` lets a lead be dialed again"
    )


def facts_of(cells: Mapping[str, str], currency: str = "") -> DebtFacts:
    """A debt from the cells of a file: reference, creditor, principal, balance, currency, due_date.

    `currency` is for rows that name none; of principal and balance one may be missing. Raises ValueError saying which
    cell is wrong.
    """
    reference = cells.get("reference", "").strip()
    if not reference:
        raise ValueError("reference is empty; each debt needs its own")
    code = (cells.get("currency", "") or currency).strip().upper()
    if not code:
        raise MoneyError("currency is empty; add a currency column, or name the currency of the file")
    amounts = {
        name: _owed(name, text, code) for name in ("principal", "balance") if (text := cells.get(name, "").strip())
    }
    if not amounts:
        raise MoneyError("principal and balance are both empty")
    principal = amounts["principal"] if "principal" in amounts else amounts["balance"]
    balance = amounts.get("balance", principal)
    due = cells.get("due_date", "").strip()
    return DebtFacts(
        reference, cells.get("creditor", "").strip(), principal, balance, day_of(due, "due_date") if due else None
    )


def _owed(name: str, text: str, currency: str) -> Money:
    try:
        money = parsed(text, currency)
    except MoneyError as error:
        raise MoneyError(f"{name}: {error}") from None
    if money.amount < 0:
        raise MoneyError(f"{name} {text} is below zero; write 0 for a debt that is paid")
    return money


class _Batch:
    """Rows on their way into the database; works out what becomes of each."""

    def __init__(
        self,
        known: dict[tuple[int, str], Debt],
        people: Mapping[int, str],
        held: Mapping[int, Sequence[InForce]],
        next_id: int,
    ) -> None:
        self.added = self.updated = self.reopened = self.unchanged = 0
        self.refused: dict[int, str] = {}
        self.changed: dict[int, Debt] = {}
        self.fresh: set[int] = set()
        self.first_id = self._next_id = next_id
        self._known = known
        self._people = people
        self._held = held

    def take(self, place: int, row: DebtRow) -> None:
        """Add, change or refuse the debt of one row."""
        key = (row.campaign_id, row.facts.reference)
        old = self._known.get(key)
        reason = _conflict(old, row, self._people)
        if reason is not None:
            self.refused[place] = reason
            return
        if old is not None and old.facts == row.facts and old.due == bool(row.facts.balance):
            self.unchanged += 1
            return
        debt_id = self._next_id if old is None else old.debt_id
        if old is None:
            self._next_id += 1
            self.added += 1
            self.fresh.add(debt_id)
        elif not old.due and row.facts.balance:
            self.reopened += 1
            self.fresh.add(debt_id)
        else:
            self.updated += 1
        state = state_under(self._held.get(row.lead_id, ()), debt_id) if row.facts.balance else "paid"
        self._known[key] = self.changed[debt_id] = Debt(debt_id, row.campaign_id, row.lead_id, row.facts, state)

    def owing_anew(self) -> list[int]:
        """The leads with something to collect that was not there before."""
        return sorted({self.changed[debt_id].lead_id for debt_id in self.fresh if self.changed[debt_id].due})


class Debts:
    """The debts of a site."""

    def __init__(self, database: Database, holds: Holds) -> None:
        self._database = database
        self._holds = holds

    def write_many(self, rows: Iterable[DebtRow], at: datetime) -> Written:
        """Add debts, and let those whose reference the campaign has already become what their rows say.

        A paid or closed debt that has a balance again is open again; one without balance is paid. A row is refused
        that gives a debt to another person or names another currency; the later of two rows for one debt holds. A lead
        whose dialing was over because its debts were paid or promised waits for a call again when it owes anew.
        """
        wanted = list(rows)
        with self._database.transaction():
            known = self._known(wanted)
            batch = _Batch(
                known=known,
                people=self._people(wanted, known.values()),
                held=self._holds.in_force([row.lead_id for row in wanted]),
                next_id=1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM debts")),
            )
            for place, row in enumerate(wanted):
                batch.take(place, row)
            self._flush(batch, seconds_of(at))
            over = dialing_over(self._database, batch.owing_anew())
            self._dial_again([lead_id for lead_id, status in over.items() if status in _OVER_BY_PAYMENT], at)
        return Written(
            batch.added, batch.updated, batch.reopened, batch.unchanged, batch.refused, not_dialed_again(over)
        )

    def _dial_again(self, lead_ids: Sequence[int], at: datetime) -> None:
        """Let ended leads wait for a call as those that are tried again; the law is asked before they are called."""
        self._database.many(
            f"UPDATE leads SET next_at = ?, priority = {RETRY}, held_by = '' WHERE id = ? AND next_at IS NULL",  # noqa: S608
            [(whole_seconds_of(at), lead_id) for lead_id in lead_ids],
        )
        if lead_ids:
            stir(self._database)

    def _known(self, rows: Sequence[DebtRow]) -> dict[tuple[int, str], Debt]:
        found = {}
        for campaign_id in {row.campaign_id for row in rows}:
            references = [row.facts.reference for row in rows if row.campaign_id == campaign_id]
            for debt in self._select("campaign_id = ? AND reference IN (:values)", references, (campaign_id,)):
                found[campaign_id, debt.facts.reference] = debt
        return found

    def _people(self, rows: Sequence[DebtRow], known: Iterable[Debt]) -> dict[int, str]:
        """Who the leads of the rows, and of the debts they may change, are: the client's key, else the lead itself."""
        owners = {debt.lead_id for debt in known}
        lead_ids = sorted(owners | {row.lead_id for row in rows})
        found = self._database.rows_in("SELECT id, person FROM leads WHERE id IN (:values)", lead_ids)
        return {lead_id: person or f"lead {lead_id}" for lead_id, person in found}

    def _flush(self, batch: "_Batch", at_s: float) -> None:
        changed = batch.changed.values()
        self._database.many(
            "INSERT INTO debts (id, campaign_id, lead_id, reference, creditor, principal, balance, currency, due_on,"
            " state, opened_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(debt.debt_id, debt.campaign_id, debt.lead_id, debt.facts.reference, debt.facts.creditor),
                    *(debt.facts.principal.text, debt.facts.balance.text, debt.facts.balance.currency),
                    *(_iso(debt.facts.due_on), debt.state, at_s, at_s),
                )
                for debt in changed
                if debt.debt_id >= batch.first_id
            ],
        )
        self._database.many(
            "UPDATE debts SET lead_id = ?, creditor = ?, principal = ?, balance = ?, due_on = ?, state = ?,"
            " updated_at = ? WHERE id = ?",
            [
                (
                    *(debt.lead_id, debt.facts.creditor, debt.facts.principal.text, debt.facts.balance.text),
                    *(_iso(debt.facts.due_on), debt.state, at_s, debt.debt_id),
                )
                for debt in changed
                if debt.debt_id < batch.first_id
            ],
        )

    def close_missing(self, campaign_id: int, present: set[str], at: datetime) -> tuple[str, ...]:
        """Close the campaign's unpaid debts whose references are not in a full file; their references."""
        with self._database.transaction():
            missing = [
                debt for debt in self.of_campaign(campaign_id) if debt.due and debt.facts.reference not in present
            ]
            self._database.many(
                "UPDATE debts SET state = 'closed', updated_at = ? WHERE id = ?",
                [(seconds_of(at), debt.debt_id) for debt in missing],
            )
        return tuple(debt.facts.reference for debt in missing)

    def pay(self, debt: Debt, amount: Money, at: datetime) -> tuple[Debt, Money]:
        """Take a payment off the balance, which never goes below zero: the debt then, and what was too much."""
        surplus = max(amount - debt.facts.balance, amount - amount)
        balance = debt.facts.balance - (amount - surplus)
        state = "paid" if debt.due and not balance else debt.state
        self._database.execute(
            "UPDATE debts SET balance = ?, state = ?, updated_at = ? WHERE id = ?",
            (balance.text, state, seconds_of(at), debt.debt_id),
        )
        return replace(debt, facts=replace(debt.facts, balance=balance), state=state), surplus

    def of_campaign(self, campaign_id: int) -> list[Debt]:
        """All debts of a campaign, in the order of their import."""
        return [_debt(row) for row in self._rows("campaign_id = ?", (campaign_id,))]

    def by_reference(self, campaign_id: int, reference: str) -> Debt:
        """One debt. Raises StoreError when the campaign has none of that reference."""
        found = self._rows("campaign_id = ? AND reference = ?", (campaign_id, reference))
        if not found:
            raise StoreError(
                f"the campaign has no debt {reference!r}; `dialer debt list CAMPAIGN` shows those there are"
            )
        return _debt(found[0])

    def by_references(self, campaign_id: int, references: Sequence[str]) -> dict[str, Debt]:
        """The campaign's debts of these references; those it has not are left out."""
        found = self._select("campaign_id = ? AND reference IN (:values)", references, (campaign_id,))
        return {debt.facts.reference: debt for debt in found}

    def by_ids(self, debt_ids: Sequence[int]) -> dict[int, Debt]:
        """Debts by id; unknown ones are left out."""
        return {debt.debt_id: debt for debt in self._select("id IN (:values)", debt_ids)}

    def of(self, lead_ids: Sequence[int]) -> dict[int, tuple[Debt, ...]]:
        """By lead, all debts of its person in its campaign, the paid and closed ones too."""
        people = same_person_in_campaign(self._database, lead_ids)
        leads = everyone(people)
        owed: dict[int, list[Debt]] = {}
        for debt in self._select("lead_id IN (:values)", leads):
            owed.setdefault(debt.lead_id, []).append(debt)
        return {
            lead_id: tuple(debt for each in group for debt in owed.get(each, ())) for lead_id, group in people.items()
        }

    def any_known(self) -> bool:
        """Whether the site has any debt, or any hold in force."""
        return (
            self._database.one("SELECT 1 FROM debts LIMIT 1") is not None
            or self._database.one("SELECT 1 FROM holds WHERE lifted_at IS NULL LIMIT 1") is not None
        )

    def callable(
        self,
        lead_ids: Sequence[int],
        at: datetime,
        settings: PromiseSettings,
        zone: ZoneInfo,
        *,
        reminding: bool = False,
    ) -> dict[int, CallableDebts]:
        """By lead, which debts it may be called about at `at`: owed, not held, and without a promise still to be kept.

        A promise counts to the end of its grace, in days of the campaign's `zone`; with `reminding`, which asks about
        the promise itself, it does not count. Refusals are "no_debt", "settled", "hold" and "promise".
        """
        owed = self._owed(lead_ids)
        held = self._holds.of(lead_ids, at)
        waiting = (
            {} if reminding else self._waiting([debt.debt_id for debts in owed.values() for debt in debts if debt.due])
        )
        patience = {
            debt_id: end for debt_id, due_on in waiting.items() if (end := _after(settings.last_day(due_on), zone)) > at
        }
        siblings = self._siblings(held)
        return {lead_id: _callable(debts, held[lead_id], siblings, patience) for lead_id, debts in owed.items()}

    def _owed(self, lead_ids: Sequence[int]) -> dict[int, list[_Owed]]:
        """By lead, the debts of its person in its campaign as far as they decide about calls: asked at every refill."""
        if self._database.one("SELECT 1 FROM debts LIMIT 1") is None:
            return {lead_id: [] for lead_id in lead_ids}
        people = same_person_in_campaign(self._database, lead_ids)
        by_lead: dict[int, list[_Owed]] = {}
        for debt_id, lead_id, reference, state in self._database.rows_in(
            "SELECT id, lead_id, reference, state FROM debts WHERE lead_id IN (:values) ORDER BY id", everyone(people)
        ):
            by_lead.setdefault(lead_id, []).append(_Owed(debt_id, reference, state not in _SETTLED))
        return {
            lead_id: by_lead.get(lead_id, [])
            if len(group) == 1
            else [debt for each in group for debt in by_lead.get(each, ())]
            for lead_id, group in people.items()
        }

    def _waiting(self, debt_ids: Sequence[int]) -> dict[int, date]:
        """When the next open promise on each debt is due; a plan of which a promise was not kept does not count."""
        if self._database.one("SELECT 1 FROM promises WHERE state = 'open' LIMIT 1") is None:
            return {}
        rows = self._database.rows_in(
            "SELECT debt_id, state, made_at, due_on FROM promises WHERE state IN ('open', 'partial', 'broken')"
            " AND debt_id IN (:values)",
            sorted(set(debt_ids)),
        )
        failed: dict[int, float] = {}
        for debt_id, state, made_at, _ in rows:
            if state != "open":
                failed[debt_id] = max(made_at, failed.get(debt_id, made_at))
        waiting: dict[int, date] = {}
        for debt_id, state, made_at, due_on in rows:
            if state == "open" and made_at > failed.get(debt_id, made_at - 1):
                day = date.fromisoformat(due_on)
                waiting[debt_id] = min(day, waiting.get(debt_id, day))
        return waiting

    def _siblings(self, held: Mapping[int, tuple[Hold, ...]]) -> dict[int, str]:
        """The references of the debts that are held: a person's debt may be in a second campaign under the same."""
        ids = sorted({hold.debt_id for holds in held.values() for hold in holds if hold.debt_id is not None})
        return {debt.debt_id: debt.facts.reference for debt in self.by_ids(ids).values()} if ids else {}

    def link_attempt(self, attempt_id: int, lead_id: int, debt_ids: Sequence[int] | None = None) -> tuple[int, ...]:
        """Note which debts a call is about; their ids. With no `debt_ids`: all that the person owes in open state."""
        about = tuple(debt_ids) if debt_ids is not None else self._open_debts(lead_id)
        self._database.many(
            "INSERT INTO attempt_debts (debt_id, attempt_id) VALUES (?, ?)",
            [(debt_id, attempt_id) for debt_id in about],
        )
        return about

    def _open_debts(self, lead_id: int) -> tuple[int, ...]:
        return tuple(debt.debt_id for debt in self.of([lead_id])[lead_id] if debt.state == "open")

    def rerank(self, lead_ids: Sequence[int], on: date) -> int:
        """Let the leads' ranks follow from their arrears on a day; how many changed."""
        owed = self.of(lead_ids)
        broken = self._broken(sorted({debt.debt_id for debts in owed.values() for debt in debts}))
        ranks = [
            (
                rank(
                    [
                        Arrears(debt.facts.balance, debt.facts.due_on, broken.get(debt.debt_id, 0))
                        for debt in debts
                        if debt.due
                    ],
                    on,
                ),
                lead_id,
            )
            for lead_id, debts in owed.items()
            if debts
        ]
        with self._database.transaction():
            before: dict[int, int] = dict(
                self._database.rows_in("SELECT id, rank FROM leads WHERE id IN (:values)", list(owed))
            )
            changed = [(new, lead_id) for new, lead_id in ranks if before[lead_id] != new]
            set_ranks(self._database, changed)
        return len(changed)

    def rerank_campaign(self, campaign_id: int, on: date) -> int:
        """The same for all leads of a campaign that owe something, in short transactions."""
        return sum(self.reranked(campaign_id, on))

    def reranked(self, campaign_id: int, on: date) -> Iterator[int]:
        """The same step by step: how many changed in each."""
        leads = self._database.rows(
            "SELECT DISTINCT lead_id FROM debts WHERE campaign_id = ? ORDER BY lead_id", (campaign_id,)
        )
        ids = [lead_id for (lead_id,) in leads]
        for place in range(0, len(ids), _RANKED):
            yield self.rerank(ids[place : place + _RANKED], on)

    def _broken(self, debt_ids: Sequence[int]) -> dict[int, int]:
        return dict(
            self._database.rows_in(
                "SELECT debt_id, COUNT(*) FROM promises WHERE state = 'broken' AND debt_id IN (:values)"
                " GROUP BY debt_id",
                debt_ids,
            )
        )

    def listing(self, campaign_id: int, *, state: str | None = None, person: str | None = None) -> list[dict[str, Any]]:
        """Debts for people to read, in the order of their import."""
        sql = (
            "SELECT d.id, d.reference, l.person, d.lead_id, d.creditor, d.principal, d.balance, d.currency, d.due_on,"
            " d.state, d.opened_at, d.updated_at FROM debts d JOIN leads l ON l.id = d.lead_id WHERE d.campaign_id = ?"
        )
        names = ("id", "reference", "person", "lead_id", "creditor", "principal", "balance", "currency", "due_on")
        return [
            {
                **dict(zip(names, row, strict=False)),
                "state": row[9],
                "opened_at": iso_of(row[10]),
                "updated_at": iso_of(row[11]),
            }
            for row in self._database.rows(f"{sql} ORDER BY d.id", (campaign_id,))
            if state in (None, row[9]) and person in (None, row[2])
        ]

    def _select(self, condition: str, values: Sequence[object], before: Sequence[object] = ()) -> list[Debt]:
        sql = f"SELECT {_COLUMNS} FROM debts WHERE {condition} ORDER BY id"  # noqa: S608
        return [_debt(row) for row in self._database.rows_in(sql, values, before)]

    def _rows(self, condition: str, params: Sequence[object]) -> list[Row]:
        return self._database.rows(f"SELECT {_COLUMNS} FROM debts WHERE {condition} ORDER BY id", params)  # noqa: S608


def _debt(row: Row) -> Debt:
    debt_id, campaign_id, lead_id, reference, creditor, principal, balance, currency, due_on, state = row
    facts = DebtFacts(
        reference,
        creditor,
        stored(principal, currency),
        stored(balance, currency),
        None if due_on is None else date.fromisoformat(due_on),
    )
    return Debt(debt_id, campaign_id, lead_id, facts, state)


def _conflict(old: Debt | None, row: DebtRow, people: Mapping[int, str]) -> str | None:
    """Why a row can be neither a new debt nor an update of the old one."""
    if row.lead_id not in people:
        return f"there is no lead {row.lead_id}"
    if old is None:
        return None
    reference = old.facts.reference
    if people[old.lead_id] != people[row.lead_id]:
        return f"debt {reference} is owed by {people[old.lead_id]}, not by {people[row.lead_id]}"
    if old.facts.balance.currency != row.facts.balance.currency:
        return (
            f"debt {reference} is in {old.facts.balance.currency}, the file has {row.facts.balance.currency}; "
            "give it a new reference"
        )
    return None


def _callable(
    debts: Sequence[_Owed], holds: Sequence[Hold], references: Mapping[int, str], patience: Mapping[int, datetime]
) -> CallableDebts:
    whole = [hold for hold in holds if hold.debt_id is None]
    if whole:
        return CallableDebts((), _held(whole))
    if not debts:
        return _NO_DEBT
    owed = [debt for debt in debts if debt.due]
    if not owed:
        return _SETTLED_ALL
    if not holds and not patience:
        return CallableDebts(tuple([debt.debt_id for debt in owed]), None)
    stopped = [hold for hold in holds for debt in owed if _is_about(hold, debt, references)]
    called = [debt for debt in owed if not any(_is_about(hold, debt, references) for hold in holds)]
    free = tuple(debt.debt_id for debt in called if debt.debt_id not in patience)
    if free:
        return CallableDebts(free, None)
    if called:
        until = min(patience[debt.debt_id] for debt in called)
        return CallableDebts((), Blocked("promise", f"a promise to pay may be kept until {until.isoformat()}", until))
    return CallableDebts((), _held(stopped))


_NO_DEBT = CallableDebts((), Blocked("no_debt", "no debt is known of this person in this campaign"))
_SETTLED_ALL = CallableDebts((), Blocked("settled", "every debt of this person is paid or closed"))


def _is_about(hold: Hold, debt: _Owed, references: Mapping[int, str]) -> bool:
    return hold.debt_id == debt.debt_id or references.get(hold.debt_id or 0) == debt.reference


def _held(holds: Sequence[Hold]) -> Blocked:
    """The refusal of the hold that lasts longest."""
    last = max(holds, key=lambda hold: (hold.until is None, hold.until or hold.placed_at))
    return Blocked("hold", last.detail, last.until)


def _after(last_day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a day."""
    return datetime.combine(last_day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
