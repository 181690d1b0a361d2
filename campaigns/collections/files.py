"""Loading the files of collections: debts, payments and call histories."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from campaigns.collections.debts import DebtFacts, DebtRow, Debts, facts_of, told_over
from campaigns.collections.histories import HistoricCall, Histories, conversation_of, instant_of, outcome_of
from campaigns.collections.payments import Payment, Payments, payment_of
from campaigns.collections.promisebook import PromiseBook, Settled
from campaigns.collections.promises import PromiseSettings
from campaigns.collections.tables import Columns, Line, Table, Tally, opened
from campaigns.database import Database
from campaigns.model import CampaignSettings
from campaigns.numbers import NumberError, parse
from campaigns.textfiles import Source

_CHUNK_ROWS = 1000

_WHO = {"person_key": "person", "customer": "person", "customer_id": "person", "lead": "lead_id"}

DEBT_COLUMNS = Columns(
    ("reference",),
    ("person", "lead_id", "phone", "creditor", "principal", "balance", "currency", "due_date"),
    MappingProxyType(
        {
            **_WHO,
            "debt_reference": "reference",
            "debt": "reference",
            "account": "reference",
            "account_number": "reference",
            "amount": "principal",
            "due_on": "due_date",
            "phone_number": "phone",
        }
    ),
)
PAYMENT_COLUMNS = Columns(
    ("debt", "amount", "paid_on", "reference"),
    ("currency",),
    MappingProxyType(
        {
            "debt_reference": "debt",
            "account": "debt",
            "account_number": "debt",
            "payment_reference": "reference",
            "payment_id": "reference",
            "date": "paid_on",
            "payment_date": "paid_on",
            "paid_at": "paid_on",
        }
    ),
)
HISTORY_COLUMNS = Columns(
    ("at", "outcome"),
    ("person", "lead_id", "phone", "conversation", "debt"),
    MappingProxyType(
        {
            **_WHO,
            "call_date": "at",
            "date_time": "at",
            "datetime": "at",
            "date": "at",
            "started_at": "at",
            "status": "outcome",
            "disposition": "outcome",
            "debt_reference": "debt",
            "reference": "debt",
            "account": "debt",
            "phone_number": "phone",
            "number": "phone",
        }
    ),
)


class _DryRun(Exception):
    """Takes back what a dry run wrote."""


@dataclass(frozen=True, slots=True)
class Loader:
    """What the loading of any file needs: where it goes, when it is, and whether anything is to be kept.

    A dry run does it all in one transaction and takes it back; otherwise each thousand rows are one.
    """

    database: Database
    debts: Debts
    campaign: CampaignSettings
    at: datetime
    region: str = "US"
    dry_run: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's own zone, in which its days begin."""
        return ZoneInfo(self.campaign.timezone)

    @property
    def today(self) -> date:
        """The day of the campaign."""
        return self.at.astimezone(self.zone).date()

    def load_debts(
        self, source: Source, *, currency: str = "", close_missing: bool = False, close_most: bool = False
    ) -> Tally:
        """Add and update debts from a file; each row names the person by their key, lead or number.

        With `close_missing` the file is a full one: unpaid debts that it does not name are closed, unless a row could
        not be read as far as its reference, or without `close_most` when they are more than half. Raises StoreError
        when the file is none of debts.
        """
        with opened(source, DEBT_COLUMNS) as table:
            tally = Tally(table.header)
            present: set[str] = set()
            leads: set[int] = set()
            over: dict[int, str] = {}

            def load(lines: Sequence[Line]) -> None:
                over.update(self._debts(lines, currency, tally, present, leads))

            def finish() -> None:
                if over:
                    tally.warnings.append(told_over(over))
                if close_missing:
                    self._close_missing(tally, present, close_most)
                self._rerank(leads)

            self._run(table, tally, load, finish)
        return tally

    def _debts(
        self, lines: Sequence[Line], currency: str, tally: Tally, present: set[str], leads: set[int]
    ) -> Mapping[int, str]:
        """Write the debts of some rows; see `Written.over`."""
        found = _Leads(self, lines)
        rows: list[tuple[Line, DebtRow]] = []
        for line in lines:
            present.add(line.cells.get("reference", ""))
            try:
                facts: DebtFacts = facts_of(line.cells, currency)
                rows.append((line, DebtRow(self.campaign.campaign_id, found.one(line), facts)))
            except ValueError as error:
                tally.refuse(line, str(error))
        written = self.debts.write_many([row for _, row in rows], self.at)
        for place, reason in written.refused.items():
            tally.refuse(rows[place][0], reason)
        for what in ("added", "updated", "reopened", "unchanged"):
            tally.count(what, getattr(written, what))
        leads |= {row.lead_id for _, row in rows}
        return written.over

    def _close_missing(self, tally: Tally, present: set[str], most: bool) -> None:
        owed = [debt.facts.reference for debt in self.debts.of_campaign(self.campaign.campaign_id) if debt.due]
        missing = sum(reference not in present for reference in owed)
        tally.count("closed", 0)
        if "" in present or tally.unreadable:
            tally.warnings.append("no debt was closed: some rows could not be read as far as their reference")
        elif 2 * missing > len(owed) and not most:
            tally.warnings.append(
                f"no debt was closed: {missing} of the {len(owed)} that are owed are not in the file, which may be cut "
                "off; when it is full all the same, import it again with --close-most"
            )
        else:
            tally.count("closed", len(self.debts.close_missing(self.campaign.campaign_id, present, self.at)))
            return
        tally.incomplete = True

    def _rerank(self, leads: set[int]) -> None:
        self.debts.rerank(sorted(leads), self.today)

    def load_payments(
        self,
        source: Source,
        payments: Payments,
        book: PromiseBook,
        *,
        currency: str = "",
        keep_balances: bool = False,
    ) -> tuple[Tally, list[Settled]]:
        """Book payments from a file, and settle the promises they touch. See `Payments.add_many`."""
        with opened(source, PAYMENT_COLUMNS) as table:
            tally = Tally(table.header, counts={"added": 0, "known": 0})
            settled: list[Settled] = []
            touched: set[int] = set()

            def load(lines: Sequence[Line]) -> None:
                touched.update(self._payments(lines, payments, currency, keep_balances, tally))

            def finish() -> None:
                settled.extend(book.settle_debts(touched, self.at, PromiseSettings.of(self.campaign), self.zone))
                self._rerank({debt.lead_id for debt in self.debts.by_ids(sorted(touched)).values()})

            self._run(table, tally, load, finish)
        return tally, settled

    def _payments(
        self, lines: Sequence[Line], payments: Payments, currency: str, keep_balances: bool, tally: Tally
    ) -> frozenset[int]:
        references = [line.cells["debt"] for line in lines]
        debts = self.debts.by_references(self.campaign.campaign_id, references)
        currencies = {reference: debt.facts.balance.currency for reference, debt in debts.items()}
        rows: list[tuple[Line, Payment]] = []
        for line in lines:
            try:
                rows.append((line, payment_of(line.cells, currencies, currency)))
            except ValueError as error:
                tally.refuse(line, str(error))
        booked = payments.add_many(
            self.campaign.campaign_id, [row for _, row in rows], self.at, self.today, keep_balances=keep_balances
        )
        for place, reason in booked.refused.items():
            tally.refuse(rows[place][0], reason)
        tally.count("added", booked.added)
        tally.count("known", booked.known)
        tally.warnings += [f"debt {debt}: {over} more came than was owed" for debt, over in booked.surplus.items()]
        return booked.debt_ids

    def load_history(self, source: Source, histories: Histories, label: str, zone: ZoneInfo | None) -> Tally:
        """Remember past calls from a file; each row names the person by their key, lead or number."""
        with opened(source, HISTORY_COLUMNS) as table:
            tally = Tally(table.header, counts={"added": 0, "known": 0})

            def load(lines: Sequence[Line]) -> None:
                self._calls(lines, histories, label, zone, tally)

            self._run(table, tally, load, lambda: None)
        return tally

    def _calls(
        self, lines: Sequence[Line], histories: Histories, label: str, zone: ZoneInfo | None, tally: Tally
    ) -> None:
        found = _Leads(self, lines)
        rows: list[tuple[Line, HistoricCall]] = []
        for line in lines:
            try:
                rows.append((line, _call(line, found, zone)))
            except ValueError as error:
                tally.refuse(line, str(error))
        told = histories.add_many(self.campaign.campaign_id, [row for _, row in rows], label, self.at)
        for place, reason in told.refused.items():
            tally.refuse(rows[place][0], reason)
        tally.count("added", told.added)
        tally.count("known", told.known)

    def _run(
        self, table: Table, tally: Tally, load: Callable[[Sequence[Line]], None], finish: Callable[[], None]
    ) -> None:
        if table.said:
            tally.warnings.append(table.said)
        if table.doubt:
            tally.warnings.append(table.doubt)
        if not self.dry_run:
            _portions(table, tally, load)
            finish()
            return
        try:
            with self.database.transaction():
                _portions(table, tally, load)
                finish()
                raise _DryRun
        except _DryRun:
            return


def _portions(table: Table, tally: Tally, load: Callable[[Sequence[Line]], None]) -> None:
    """Hand the readable rows to `load` some at a time; count all, refuse the broken ones."""
    portion: list[Line] = []
    for line in table.lines:
        tally.read += 1
        if line.error:
            tally.unreadable += 1
            tally.refuse(line, line.error)
            continue
        portion.append(line)
        if len(portion) == _CHUNK_ROWS:
            load(portion)
            portion = []
    if portion:
        load(portion)
    tally.refused.sort(key=lambda each: each.line)


def _call(line: Line, found: "_Leads", zone: ZoneInfo | None) -> HistoricCall:
    cells = line.cells
    outcome = outcome_of(cells["outcome"])
    lead_id = found.one(line)
    return HistoricCall(
        lead_id,
        found.number(line) or found.only_number(lead_id),
        instant_of(cells["at"], zone),
        outcome,
        conversation_of(cells.get("conversation", ""), outcome),
        cells.get("debt", ""),
    )


class _Leads:
    """Who is meant by the rows of a file: looked up for many rows at a time."""

    def __init__(self, loader: Loader, lines: Sequence[Line]) -> None:
        self._region = loader.region
        self._numbers = {line.number: _number(line.cells.get("phone", ""), loader.region) for line in lines}
        campaign = (loader.campaign.campaign_id,)
        database = loader.database
        ids = sorted({int(text) for line in lines if (text := line.cells.get("lead_id", "")).isdecimal()})
        self._ids = {
            lead_id
            for (lead_id,) in database.rows_in(
                "SELECT id FROM leads WHERE campaign_id = ? AND id IN (:values)", ids, campaign
            )
        }
        people = sorted({line.cells.get("person", "") for line in lines} - {""})
        self._people: Mapping[str, int] = dict(
            database.rows_in(
                "SELECT person, MIN(id) FROM leads WHERE +campaign_id = ? AND person <> '' AND person IN (:values)"
                " GROUP BY person",
                people,
                campaign,
            )
        )
        numbers = sorted(set(self._numbers.values()) - {""})
        self._holders: Mapping[str, int] = dict(
            database.rows_in(
                "SELECT p.e164, MIN(l.id) FROM lead_phones p JOIN leads l ON l.id = p.lead_id"
                " WHERE +l.campaign_id = ? AND p.e164 IN (:values) GROUP BY p.e164",
                numbers,
                campaign,
            )
        )
        leads = sorted({*self._ids, *self._people.values(), *self._holders.values()})
        self._own: dict[int, list[str]] = {}
        for lead_id, e164 in database.rows_in(
            "SELECT lead_id, e164 FROM lead_phones WHERE lead_id IN (:values)", leads
        ):
            self._own.setdefault(lead_id, []).append(e164)

    def one(self, line: Line) -> int:
        """The lead that a row means. Raises ValueError when the campaign has none such, or the row names nobody."""
        cells = line.cells
        if cells.get("lead_id", ""):
            text = cells["lead_id"]
            if not text.isdecimal() or int(text) not in self._ids:
                raise ValueError(f"the campaign has no lead {text!r}")
            return int(text)
        if cells.get("person", ""):
            lead_id = self._people.get(cells["person"])
            if lead_id is None:
                raise ValueError(f"the campaign has no lead of person {cells['person']!r}; import the lead first")
            return lead_id
        number = self.number(line)
        if not number:
            raise ValueError("the row names nobody: give person, lead_id or phone")
        if number not in self._holders:
            raise ValueError(f"the campaign has no lead with the number {number}")
        return self._holders[number]

    def number(self, line: Line) -> str:
        """The row's number as E.164, '' when it has none. Raises ValueError when it is no number."""
        number = self._numbers[line.number]
        if not number and (text := line.cells.get("phone", "")):
            parse(text, self._region)
        return number

    def only_number(self, lead_id: int) -> str:
        """The lead's number when it has one alone; '' when nobody can tell."""
        numbers = self._own.get(lead_id, [])
        return numbers[0] if len(numbers) == 1 else ""


def _number(text: str, region: str) -> str:
    try:
        return parse(text, region) if text else ""
    except NumberError:
        return ""
