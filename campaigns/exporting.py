"""Export of leads with what came of them, in a form that an import reads back."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TextIO

from campaigns.database import Database, Row, StoreError
from campaigns.importing.layout import CONSENT_FIELDS, RESULT_COLUMNS
from campaigns.instants import iso_of
from campaigns.leads import CONTACT_FIELDS
from campaigns.ordering import KEY_SPAN

_STEP_ROWS = 1000

_LEAD_COLUMNS = ("person", "rank", "owner", "stated_timezone", "stated_region")
_DEBT_COLUMNS = ("debt_reference", "creditor", "principal", "balance", "currency", "due_date")


class Style(StrEnum):
    """How an export is written: JSON is one list of objects, a line each."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which columns the leads need: as many numbers as one of them has, and all custom fields that there are.

    `left_out` counts the consents that have no place in them.
    """

    phones: int
    custom: tuple[str, ...]
    lead: tuple[str, ...]
    consents: bool
    debts: bool
    left_out: int

    @property
    def header(self) -> tuple[str, ...]:
        numbers = (name for place in range(self.phones) for name in _phone_columns(place))
        consents = CONSENT_FIELDS if self.consents else ()
        debts = _DEBT_COLUMNS if self.debts else ()
        return (*numbers, *CONTACT_FIELDS, *self.lead, *consents, *debts, *self.custom, *RESULT_COLUMNS)


def export_leads(
    database: Database,
    campaign_id: int,
    out: TextIO,
    *,
    list_name: str | None = None,
    style: Style | str = Style.CSV,
    warn: Callable[[str], None] | None = None,
) -> int:
    """Write all leads of a campaign or of one of its lists, in the order of their import; how many rows.

    A lead with several debts has a row for each. Its rows have the first of its consents, and `warn` hears how many are
    left out. Leads are read some at a time while the dialer works on. Raises StoreError when there is no such list.
    """
    list_id = None if list_name is None else _list_id(database, campaign_id, list_name)
    of_list = ("", ()) if list_id is None else (" AND list_id = ?", (list_id,))
    shape = _shape(database, campaign_id, *of_list)
    if shape.left_out and warn is not None:
        warn(f"a lead's row holds one consent, for one of its numbers or for all; left out: {shape.left_out}")
    rows = (row for chunk in _chunks(database, campaign_id, *of_list) for row in _rows(database, chunk, shape))
    if Style(style) is Style.JSON:
        return _write_json(out, shape, rows)
    writer = csv.writer(out, delimiter="\t" if style == Style.TSV else ",")
    writer.writerow(shape.header)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    return count


def _write_json(out: TextIO, shape: _Shape, rows: Iterator[Sequence[Any]]) -> int:
    count = 0
    out.write("[")
    for row in rows:
        found = {name: value for name, value in zip(shape.header, row, strict=True) if value not in ("", None)}
        out.write(("\n" if not count else ",\n") + json.dumps(found, ensure_ascii=False))
        count += 1
    out.write("\n]\n")
    return count


def _list_id(database: Database, campaign_id: int, name: str) -> int:
    lists = {found: list_id for list_id, found in _lists(database, campaign_id)}
    if name not in lists:
        there = f"there are: {', '.join(lists)}" if lists else "it has none yet"
        raise StoreError(f"the campaign has no list {name!r}; {there}")
    return int(lists[name])


def _lists(database: Database, campaign_id: int) -> list[Row]:
    return database.rows("SELECT id, name FROM lists WHERE campaign_id = ? ORDER BY id DESC", (campaign_id,))


def _shape(database: Database, campaign_id: int, of_list: str, params: tuple[object, ...]) -> _Shape:
    phones = 1
    custom: dict[str, None] = {}
    used: set[str] = set()
    consents = debts = False
    left_out = 0
    for chunk in _chunks(database, campaign_id, of_list, params):
        ids = [row["id"] for row in chunk]
        counts = database.rows_in("SELECT MAX(position) FROM lead_phones WHERE lead_id IN (:values)", ids)
        phones = max(phones, *(1 + (last or 0) for (last,) in counts))
        custom.update((name, None) for row in chunk for name in json.loads(row["custom"]))
        used.update(name for name in _LEAD_COLUMNS for row in chunk if row[name])
        if _any_of(database, "consents", ids):
            consents = True
            left_out += _left_out(database, ids)
        debts = debts or _any_of(database, "debts", ids)
    lead = tuple(name for name in _LEAD_COLUMNS if name in used)
    return _Shape(phones, tuple(custom), lead, consents, debts, left_out)


def _any_of(database: Database, table: str, ids: Sequence[int]) -> bool:
    return any(count for (count,) in database.rows_in(f"SELECT COUNT(*) FROM {table} WHERE lead_id IN (:values)", ids))  # noqa: S608


def _phone_columns(place: int) -> tuple[str, str]:
    name = "phone" if place == 0 else f"phone{place + 1}"
    return name, f"{name}_label"


_FIELDS = ("id", "status", "attempts", "next_at", "last_attempt_at", "custom", *CONTACT_FIELDS, *_LEAD_COLUMNS)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM leads WHERE campaign_id = ? AND id > ?"  # noqa: S608


def _chunks(
    database: Database, campaign_id: int, of_list: str, params: tuple[object, ...]
) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while True:
        sql = f"{_SELECT}{of_list} ORDER BY id LIMIT ?"
        rows = database.rows(sql, (campaign_id, last, *params, _STEP_ROWS))
        if not rows:
            return
        yield [dict(zip(_FIELDS, row, strict=True)) for row in rows]
        last = rows[-1][0]


def _rows(database: Database, leads: Sequence[Mapping[str, Any]], shape: _Shape) -> Iterator[Sequence[Any]]:
    ids = [lead["id"] for lead in leads]
    numbers = _grouped(database.rows_in(_NUMBERS, ids))
    consents = _grouped(database.rows_in(_CONSENTS, ids)) if shape.consents else {}
    debts = _grouped(database.rows_in(_DEBTS, ids)) if shape.debts else {}
    results = _results(database, ids)
    for lead in leads:
        phones = numbers.get(lead["id"], ())
        own = _numbers(phones, shape.phones)
        contact = [lead[name] for name in (*CONTACT_FIELDS, *shape.lead)]
        consent = _consent(consents.get(lead["id"], ()), phones).cells if shape.consents else ()
        custom = json.loads(lead["custom"])
        rest = [custom.get(name, "") for name in shape.custom]
        result = _result(lead, *results.get(lead["id"], (None, None, None, None)))
        for debt in _debts_of(debts.get(lead["id"], ()), shape):
            yield [*own, *contact, *consent, *debt, *rest, *result]


def _grouped(rows: Sequence[Row]) -> dict[int, list[Row]]:
    return {lead_id: [row[1:] for row in group] for lead_id, group in groupby(rows, key=itemgetter(0))}


def _numbers(rows: Sequence[Row], places: int) -> list[str]:
    cells = [text for label, e164 in rows for text in (e164, label)]
    return cells + [""] * (2 * places - len(cells))


_NUMBERS = "SELECT lead_id, label, e164 FROM lead_phones WHERE lead_id IN (:values) ORDER BY lead_id, position"
# A consent that was withdrawn is none that another site may call by.
_CONSENTS = (
    "SELECT lead_id, phone, basis, obtained_at, purpose, evidence, expires_at FROM consents"
    " WHERE revoked_at IS NULL AND lead_id IN (:values) ORDER BY lead_id, id"
)
_DEBTS = (
    "SELECT lead_id, reference, creditor, principal, balance, currency, due_on FROM debts WHERE lead_id IN (:values)"
    " ORDER BY lead_id, id"
)


class _Consent(NamedTuple):
    """A lead's consent as its cells, and how many of its records they leave out."""

    cells: tuple[str, ...]
    left_out: int = 0


def _consent(rows: Sequence[Row], phones: Sequence[Row]) -> _Consent:
    """The first of a lead's consents: for all its numbers when each of them has it, else for that one number."""
    if not rows:
        return _Consent(("",) * len(CONSENT_FIELDS))
    phone, *facts = rows[0]
    having = {number for number, *others in rows if others == facts}
    everywhere = "" in having or having.issuperset(e164 for _, e164 in phones)
    given = having if everywhere else {phone}
    left_out = sum(1 for number, *others in rows if others != facts or number not in given)
    basis, obtained_at, purpose, evidence, expires_at = facts
    number = "" if everywhere else phone
    cells = (basis, number, iso_of(obtained_at) or "", purpose, evidence, iso_of(expires_at) or "")
    return _Consent(cells, left_out)


def _left_out(database: Database, ids: Sequence[int]) -> int:
    """How many consents of some leads have no place in their rows."""
    numbers = _grouped(database.rows_in(_NUMBERS, ids))
    consents = _grouped(database.rows_in(_CONSENTS, ids))
    return sum(_consent(rows, numbers.get(lead_id, ())).left_out for lead_id, rows in consents.items())


def _debts_of(rows: Sequence[Row], shape: _Shape) -> list[tuple[Any, ...]]:
    if not shape.debts:
        return [()]
    return [(*row[:-1], row[-1] or "") for row in rows] or [("",) * len(_DEBT_COLUMNS)]


_LAST = (
    "SELECT a.lead_id, a.outcome, a.agent, s.amount, s.currency FROM attempts a"
    " LEFT JOIN sales s ON s.attempt_id = a.id WHERE a.lead_id IN (:values) ORDER BY a.lead_id, a.id"
)


def _results(database: Database, ids: Sequence[int]) -> dict[int, Row]:
    """By lead: outcome and agent of its last attempt, amount and currency of its last sale."""
    found: dict[int, Row] = {}
    for lead_id, outcome, agent, amount, currency in database.rows_in(_LAST, ids):
        before = found.get(lead_id, (None, None, None, None))
        sale = before[2:] if amount is None else (amount, currency)
        found[lead_id] = (outcome, agent, *sale)
    return found


def _result(lead: Mapping[str, Any], outcome: Any, agent: Any, amount: Any, currency: Any) -> tuple[Any, ...]:
    due = lead["next_at"]
    due_at = iso_of(due) if due is not None and due >= KEY_SPAN else None
    cells = (iso_of(lead["last_attempt_at"]), outcome, agent, amount, currency, due_at)
    return (lead["status"], lead["attempts"], *("" if cell is None else cell for cell in cells))
