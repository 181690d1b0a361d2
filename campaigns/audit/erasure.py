"""Erasing a person on request (GDPR art. 17), as far as no law asks for the records.

What a duty holds is left, told with its end, and erased by `finish` when that has come; until then nobody is called
(art. 18). The numbers stay on the site's do-not-call list and nowhere else, for without them the objection (art. 21)
could not be obeyed when the next list is imported (art. 17(3)(b)). Rows are blanked and not deleted: counts of calls
and abandonment stay true, and what is left of them names nobody.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.audit.duties import Duty, Hold, hold
from campaigns.audit.kinds import AuditKind, Record, lead_key, number_key, record_of
from campaigns.audit.log import AuditLog, Mention
from campaigns.audit.records import PARTS, Part, Subject, find, last_activity, open_call, purpose_of, regions_of
from campaigns.database import Database, StoreError
from campaigns.dnc import entries
from campaigns.instants import datetime_of, seconds_of
from campaigns.profiles import Profiles

ERASED = "erased"
PENDING = "erasure"

# Barred by its status in every check before a call, and recycled by none.
_LEAD_STATUS = "DNC"


class ErasureError(StoreError):
    """A person cannot be erased now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Records that a duty holds: how many rows of what, until when, and under which rule of law."""

    record: Record
    table: str
    rows: int
    until: datetime
    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of a request. `erased` counts rows by table; `entry` is the audit row about it, None for a dry run.

    `shared` are leads of others that have one of the numbers: lead and number.
    """

    leads: tuple[int, ...]
    numbers: tuple[str, ...]
    erased: Mapping[str, int]
    kept: tuple[Kept, ...]
    shared: Mapping[int, str]
    entry: int | None


class _DryRun(Exception):
    """Takes everything back."""


def erase(
    database: Database,
    subject: Subject,
    duties: Sequence[Duty],
    *,
    actor: str,
    request: str,
    at: datetime,
    waived: Collection[str] = (),
    dry_run: bool = False,
) -> Erasure:
    """Erase what no duty holds of a person, bar their numbers, and write the audit entry; all of it or nothing.

    `request` says who asked and where that is on file; keep the person's name out of it. `waived` are ids of retention
    rules that somebody found not to apply. Raises ErasureError while the person is being called.
    """
    made: list[Erasure] = []
    try:
        with database.transaction():
            made.append(_Erasing(database, subject, duties, waived, at).run(actor, request))
            if dry_run:
                raise _DryRun
    except _DryRun:
        done = made[0]
        return Erasure(done.leads, done.numbers, done.erased, done.kept, done.shared, None)
    return made[0]


def pending(database: Database) -> list[int]:
    """Leads of persons who asked to be erased, of whom a duty still held records at the last look."""
    rows = database.rows("SELECT id FROM leads WHERE held_by = ? AND held_by <> '' ORDER BY id", (PENDING,))
    return [row_id for (row_id,) in rows]


def finish(database: Database, duties: Sequence[Duty], *, actor: str, at: datetime) -> list[Erasure]:
    """Erase what duties have let go of since, of all persons who asked; what became of each of whom something went."""
    finished = []
    left = set(pending(database))
    while left:
        subject = find(database, [min(left)])
        left -= set(subject.leads)
        plan = erase(database, subject, duties, actor=actor, request="", at=at, dry_run=True)
        if plan.erased or not plan.kept:
            request = "what a retention duty held until now"
            finished.append(erase(database, subject, duties, actor=actor, request=request, at=at))
    return finished


class _Erasing:
    """One erasure, inside its transaction."""

    def __init__(
        self, database: Database, subject: Subject, duties: Sequence[Duty], waived: Collection[str], at: datetime
    ) -> None:
        self._database = database
        self._audit = AuditLog(database)
        self._subject = subject
        self._waived = sorted(waived)
        self._at = at
        self._erased: Counter[str] = Counter()
        self._kept: dict[tuple[str, Record], Kept] = {}
        bound = [duty for duty in duties if duty.rule not in waived]
        self._bound = {lead_id: _duties_on(database, lead_id, bound) for lead_id in subject.leads}
        self._last = {lead_id: last_activity(database, lead_id) for lead_id in subject.leads}

    def run(self, actor: str, request: str) -> Erasure:
        called = open_call(self._database, self._subject.leads)
        if called is not None:
            raise ErasureError(f"lead {called} is being called now; ask again when the call is over")
        rows = self._rows_of_the_log()
        for lead_id in self._subject.leads:
            for part in PARTS:
                self._blank(part, lead_id)
        self._stop_calls()
        self._bar()
        entry = self._audit.blank(AuditKind.ERASURE, actor, rows, self._body(request), at=self._at)
        subject, kept = self._subject, tuple(self._kept.values())
        return Erasure(subject.leads, subject.numbers, dict(self._erased), kept, subject.shared, entry)

    def _hold(self, lead_id: int, record: Record) -> Hold | None:
        return hold(self._bound[lead_id], record, self._last[lead_id], self._at)

    def _rows_of_the_log(self) -> list[int]:
        """Audit rows about the person that no duty holds."""
        keys = [lead_key(lead_id) for lead_id in self._subject.leads]
        keys += [number_key(number) for number in self._subject.own_numbers]
        free = []
        for mention in self._audit.mentions(keys):
            held = [lead_id for lead_id in self._subject.leads if self._holds(lead_id, mention)]
            for lead_id in held[:1]:
                self._keep("audit", record_of(mention.kind), lead_id, 1, mention.at_s)
            if not held:
                free.append(mention.id)
        if free:
            self._erased["audit"] = len(free)
        return free

    def _holds(self, lead_id: int, mention: Mention) -> bool:
        found = self._hold(lead_id, record_of(mention.kind))
        return found is not None and (found.after is None or mention.at_s > seconds_of(found.after))

    def _blank(self, part: Part, lead_id: int) -> None:
        filled = " OR ".join(f"{column} <> {value}" for column, value in part.blank.items())
        where, params = f"{part.of_lead} AND ({filled})", [lead_id]
        found, last = self._hold(lead_id, part.record), self._last[lead_id]
        blanks = ", ".join(f"{column} = {value}" for column, value in part.blank.items())
        update = f"UPDATE {part.table} SET {blanks} WHERE {where}"  # noqa: S608 - all from PARTS
        if found is None or last is None:
            self._count(part.table, self._database.execute(update, params))
            return
        at = f"COALESCE({part.at}, ?)" if part.at else "?"
        bounds: list[object] = [
            *params,
            seconds_of(last),
            -math.inf if found.after is None else seconds_of(found.after),
        ]
        self._count(part.table, self._database.execute(f"{update} AND {at} <= ?", bounds))
        row = self._database.one(
            f"SELECT COUNT(*), MAX({at}) FROM {part.table} WHERE {where} AND {at} > ?",  # noqa: S608 - all from PARTS
            (bounds[1], *bounds),
        )
        assert row is not None
        if row[0]:
            self._keep(part.table, part.record, lead_id, row[0], row[1])

    def _count(self, table: str, rows: int) -> None:
        if rows:
            self._erased[table] += rows

    def _keep(self, table: str, record: Record, lead_id: int, rows: int, newest_s: float) -> None:
        found, last, newest = self._hold(lead_id, record), self._last[lead_id], datetime_of(newest_s)
        assert found is not None
        assert last is not None
        assert newest is not None
        until, duty = found.until(newest, last)
        before = self._kept.get((table, record))
        if before is not None:
            rows += before.rows
        if before is not None and before.until >= until:
            self._kept[(table, record)] = replace(before, rows=rows)
        else:
            self._kept[(table, record)] = Kept(record, table, rows, until, duty.rule, duty.because)

    def _stop_calls(self) -> None:
        held_by = PENDING if self._kept else ERASED
        for lead_id in self._subject.leads:
            self._database.execute(
                "UPDATE leads SET status = ?, next_at = NULL, held_by = ? WHERE id = ?",
                (_LEAD_STATUS, held_by, lead_id),
            )
            self._database.execute(
                "UPDATE callbacks SET state = 'cancelled'"
                " WHERE lead_id = ? AND state IN ('waiting', 'reminded', 'dialed')",
                (lead_id,),
            )

    def _bar(self) -> None:
        """Put the numbers on the site's list for good; waiting leads of others move to their next number."""
        entries.add(self._database, Profiles(self._database), self._subject.numbers, "erasure", self._at)

    def _body(self, request: str) -> dict[str, object]:
        kept = [
            {"records": each.record, "table": each.table, "rows": each.rows, "until": each.until, "rule": each.rule}
            for each in self._kept.values()
        ]
        return {
            "request": request,
            "leads": self._subject.leads,
            "numbers_barred": len(self._subject.numbers),
            "erased": dict(self._erased),
            "kept": kept,
            "waived": self._waived,
        }


def _duties_on(database: Database, lead_id: int, duties: Sequence[Duty]) -> list[Duty]:
    """Duties on a lead's records. Who bought is a customer, whose name and address belong to the record of the sale."""
    regions, purpose = regions_of(database, lead_id), purpose_of(database, lead_id)
    binding = [duty for duty in duties if duty.binds(regions, purpose)]
    if database.one("SELECT 1 FROM sales WHERE lead_id = ?", (lead_id,)) is None:
        return binding
    return [
        replace(duty, records=duty.records | {Record.IDENTITY}) if Record.SALES in duty.records else duty
        for duty in binding
    ]
