"""Lead import: delimited text with a header into a campaign's list, in short transactions beside a running dialer."""

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.database import Database, StoreError
from campaigns.leads import CONTACT_FIELDS, NEW
from campaigns.model import Profile
from campaigns.numbers import NumberError, parse, zones_of
from campaigns.store import Store
from campaigns.textfiles import UTF16_COMPLAINT, Source, name_of, open_file, reading

CHUNK_ROWS = 1000

_DELIMITERS = (",", "\t", "|", ";")
_ALIASES = {
    "phone_number": "phone",
    "telephone": "phone",
    "phone1": "phone",
    "zip": "postal_code",
    "postcode": "postal_code",
    "time_zone": "timezone",
    "address": "address1",
}
_PHONE_FIELD = re.compile(r"phone|phone\d+|alt_phone|mobile|work_phone|home_phone")
_NUMBER = re.compile(r"\+?[\d\s().-]{7,}")
_COUNTS = ("read", "loaded", "duplicate", "invalid", "dnc", "no_timezone")


class Duplicates(StrEnum):
    """Where a number must not occur yet."""

    LIST = "list"
    CAMPAIGN = "campaign"
    SYSTEM = "system"


class ImportFileError(StoreError):
    """A lead file cannot be imported at all; the text says why and how to mend it."""


@dataclass(slots=True)
class ImportReport:
    """What came of each row: `read` is the sum of loaded, duplicate, invalid and dnc.

    `no_timezone` rows are loaded but not dialed until their zone is known. `warnings` tell of numbers left out of
    rows that were loaded all the same.
    """

    read: int = 0
    loaded: int = 0
    duplicate: int = 0
    invalid: int = 0
    dnc: int = 0
    no_timezone: int = 0
    warnings: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The six counts by name."""
        values = asdict(self)
        return {name: values[name] for name in _COUNTS}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Number:
    label: str
    e164: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    line: int
    cells: Sequence[str]
    numbers: tuple[_Number, ...]
    contact: Mapping[str, str]
    custom: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Reject:
    line: int
    cells: Sequence[str]
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which column holds what; each field by its column's place in the row."""

    header: tuple[str, ...]
    phones: tuple[tuple[str, int], ...]
    contact: tuple[tuple[str, int], ...]
    custom: tuple[tuple[str, int], ...]


def import_leads(
    store: Store,
    campaign: str | int,
    source: Source,
    *,
    mapping: Mapping[str, str] | None = None,
    region: str = "US",
    list_name: str | None = None,
    duplicates: Duplicates | str = Duplicates.CAMPAIGN,
    dry_run: bool = False,
    rejects: Path | str | TextIO | None = None,
    at: datetime | None = None,
    progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Load a CSV, TSV, pipe- or semicolon-separated file (or open text stream) with a header line.

    `mapping` names the column of a field (`{"phone": "Telephone"}`); other known field names match their columns
    whatever the case, and the rest are kept as custom fields. `region` is for numbers without a country code.
    A `timezone` column adds a zone to those of the row's numbers, and is the only one of a number whose own is unknown.
    A row whose number the `duplicates` scope knows already is left out, and so is one whose every number is barred.
    `rejects` gets each row left out with its line number and reason. `dry_run` reports the same and writes nothing
    but that. Raises ImportFileError for a file that cannot be imported, UnknownCampaign.
    """
    settings = store.campaign_by_id(campaign) if isinstance(campaign, int) else store.campaign(campaign)
    scope = Duplicates(duplicates)
    name = list_name or name_of(source)
    _require_apart(source, rejects)
    with reading(source) as text, _writing(rejects) as rejected:
        rows, layout = _opened(text, mapping or {})
        target = _Target(store, settings.campaign_id, name, scope, dry_run, at or datetime.now(UTC))
        report = ImportReport()
        reject_file = None if rejected is None else csv.writer(rejected)
        if reject_file is not None:
            reject_file.writerow(("line", "reason", *layout.header))
        for chunk in _chunks(_parsed(rows, layout, region, report)):
            for reject in target.load(chunk, report):
                if reject_file is not None:
                    reject_file.writerow((reject.line, reject.reason, *reject.cells))
            if progress is not None:
                progress(report)
    return report


def _require_apart(source: Source, rejects: Path | str | TextIO | None) -> None:
    if (
        isinstance(source, Path | str)
        and isinstance(rejects, Path | str)
        and Path(source).resolve() == Path(rejects).resolve()
    ):
        raise ImportFileError(f"{rejects}: the rejects file would overwrite the lead file; name another")


@contextmanager
def _writing(rejects: Path | str | TextIO | None) -> Iterator[TextIO | None]:
    if rejects is None or not isinstance(rejects, Path | str):
        yield rejects
        return
    with open_file(Path(rejects), "w", "utf-8", "the rejects file cannot be written") as file:
        yield file


def _opened(text: TextIO, mapping: Mapping[str, str]) -> tuple[Iterator[_Row], _Layout]:
    """The rows after the header, and the layout that the header gives."""
    lines = _decoded(text)
    first = next(lines, "").removeprefix("\ufeff")
    if "\0" in first:
        raise ImportFileError(UTF16_COMPLAINT)
    if not first.strip():
        raise ImportFileError("the file is empty; its first line must name the columns")
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _rows(csv.reader(chain([first], lines), delimiter=delimiter, strict=True))
    header = next(rows)
    if header.error:
        raise ImportFileError(f"line 1: {header.error}")
    return rows, _layout(tuple(cell.strip() for cell in header.cells), mapping)


def _decoded(text: TextIO) -> Iterator[str]:
    line = 0
    try:
        for content in text:
            line += 1
            yield content
    except UnicodeDecodeError as error:
        if line == 0 and error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ImportFileError(UTF16_COMPLAINT) from error
        # The text is decoded in blocks: the bytes in question stand in the line after those that the block has before.
        line += 1 + len(re.findall(rb"\r\n|\r|\n", error.object[: error.start]))
        raise ImportFileError(
            f"line {line}: not UTF-8 ({error.reason}). Export the list in UTF-8 and import it again; "
            "rows that were loaded already count as duplicates then"
        ) from error


def _rows(reader: Any) -> Iterator[_Row]:
    """Rows that are not blank. A quoted cell may run over several lines: a row's line is the one it starts on."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(line, (), f"broken quoting from line {line} to {reader.line_num}: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield _Row(line, cells)


def _layout(header: tuple[str, ...], mapping: Mapping[str, str]) -> _Layout:
    places = {column.casefold(): place for place, column in reversed(list(enumerate(header)))}
    fields: dict[str, int] = {}
    for name, column in mapping.items():
        if column.strip().casefold() not in places:
            raise ImportFileError(f"no column {column!r} for {name}; {_what_line_1_has(header)}")
        fields[_field_of(name)] = places[column.strip().casefold()]
    taken = set(fields.values())
    for column, place in places.items():
        name = _field_of(column)
        if place not in taken and name not in fields and _is_known(name):
            fields[name] = place
            taken.add(place)
    if "phone" not in fields:
        raise ImportFileError(f"no phone column; {_what_line_1_has(header)}. Say which it is with --map phone=COLUMN")
    phones = [(name, place) for name, place in fields.items() if _PHONE_FIELD.fullmatch(name)]
    named = [(name, place) for name, place in fields.items() if not _is_known(name)]
    others = [(column, place) for place, column in enumerate(header) if column and place not in taken]
    return _Layout(
        header,
        tuple(sorted(phones, key=lambda each: (each[0] != "phone", each[1]))),
        tuple((name, place) for name, place in fields.items() if name in CONTACT_FIELDS),
        (*named, *others),
    )


def _what_line_1_has(header: Sequence[str]) -> str:
    """The columns; and a hint when they look like a lead's data."""
    columns = f"the file has: {', '.join(header)}"
    if any(_NUMBER.fullmatch(cell) for cell in header):
        columns += ". Line 1 looks like a lead: put a line that names the columns above it, such as phone,first_name"
    return columns


def _is_known(name: str) -> bool:
    return name in CONTACT_FIELDS or _PHONE_FIELD.fullmatch(name) is not None


def _field_of(column: str) -> str:
    name = re.sub(r"[\s-]+", "_", column.strip().casefold())
    return _ALIASES.get(name, name)


def _parsed(rows: Iterable[_Row], layout: _Layout, region: str, report: ImportReport) -> Iterator[_Lead | _Reject]:
    for row in rows:
        report.read += 1
        yield _parse_row(row, layout, region, report)


def _parse_row(row: _Row, layout: _Layout, region: str, report: ImportReport) -> _Lead | _Reject:
    line, columns = row.line, len(layout.header)
    if row.error:
        return _Reject(line, row.cells, "invalid", row.error)
    if any(cell.strip() for cell in row.cells[columns:]):
        reason = f"{len(row.cells)} cells under {columns} columns; quote a cell that holds the delimiter"
        return _Reject(line, row.cells, "invalid", reason)
    cells = [*row.cells, *[""] * (columns - len(row.cells))]
    contact = {name: cells[place].strip() for name, place in layout.contact}
    stated = contact.get("timezone", "")
    if stated and not _is_zone(stated):
        return _Reject(line, row.cells, "invalid", f"timezone {stated!r} is not an IANA zone such as America/Chicago")
    numbers, bad = _numbers_of(cells, layout, region, {stated} if stated else set())
    if not numbers:
        return _Reject(line, row.cells, "invalid", "; ".join(bad) or "no number")
    report.warnings += [f"line {line}: left out {reason}" for reason in bad]
    custom = {name: cells[place].strip() for name, place in layout.custom if cells[place].strip()}
    return _Lead(line, row.cells, numbers, contact, custom)


def _numbers_of(
    row: list[str], layout: _Layout, region: str, stated: set[str]
) -> tuple[tuple[_Number, ...], list[str]]:
    """The row's different numbers, and what is wrong with the rest. An empty cell is nothing.

    A number may be where its area code is as well as where the row states that the person is.
    """
    found: dict[str, _Number] = {}
    bad = []
    for label, place in layout.phones:
        text = row[place].strip()
        if not text:
            continue
        try:
            e164 = parse(text, region)
        except NumberError as error:
            bad.append(f"{label} {text!r}: {error}")
            continue
        if e164 not in found:
            found[e164] = _Number(label, e164, tuple(sorted(stated.union(zones_of(e164)))))
    return tuple(found.values()), bad


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return "/" in name and not name.startswith("Etc/")


def _chunks(rows: Iterator[_Lead | _Reject]) -> Iterator[list[_Lead | _Reject]]:
    chunk: list[_Lead | _Reject] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Target:
    """The list that leads go to; writes one chunk in one transaction."""

    def __init__(
        self, store: Store, campaign_id: int, name: str, scope: Duplicates, dry_run: bool, at: datetime
    ) -> None:
        self._store = store
        self._database: Database = store.database
        self._campaign_id = campaign_id
        self._name = name
        self._scope = scope
        self._dry_run = dry_run
        self._at = at
        self._list_id: int | None = None
        self._seen: dict[str, int] = {}

    def load(self, chunk: list[_Lead | _Reject], report: ImportReport) -> list[_Reject]:
        """Load what may be loaded, count every row, and return the rejected ones in file order."""
        if self._dry_run:
            rejects, leads = self._sorted_out(chunk, self._barred(chunk))
        else:
            with self._store.transaction():
                barred = self._barred(chunk)
                rejects, leads = self._sorted_out(chunk, barred)
                self._write(leads, barred)
            self._seen.clear()
        for reject in rejects:
            setattr(report, reject.kind, getattr(report, reject.kind) + 1)
        report.loaded += len(leads)
        report.no_timezone += sum(not any(number.zones for number in lead.numbers) for lead in leads)
        return rejects

    def _barred(self, chunk: list[_Lead | _Reject]) -> set[str]:
        sql = "SELECT e164 FROM dnc WHERE e164 IN (:values)"
        return {e164 for (e164,) in self._database.rows_in(sql, _all_numbers(chunk))}

    def _sorted_out(self, chunk: list[_Lead | _Reject], barred: set[str]) -> tuple[list[_Reject], list[_Lead]]:
        known = self._known(_all_numbers(chunk))
        rejects: list[_Reject] = []
        leads: list[_Lead] = []
        for row in chunk:
            reject = row if isinstance(row, _Reject) else self._refused(row, barred, known)
            if reject is not None:
                rejects.append(reject)
            elif isinstance(row, _Lead):
                leads.append(row)
                self._seen.update((number.e164, row.line) for number in row.numbers)
        return rejects, leads

    def _refused(self, lead: _Lead, barred: set[str], known: dict[str, int]) -> _Reject | None:
        for number in lead.numbers:
            if number.e164 in self._seen:
                reason = f"{number.label} {number.e164} is in line {self._seen[number.e164]} already"
                return _Reject(lead.line, lead.cells, "duplicate", reason)
            if number.e164 in known:
                reason = f"{number.label} {number.e164} is lead {known[number.e164]}'s already"
                return _Reject(lead.line, lead.cells, "duplicate", reason)
        if all(number.e164 in barred for number in lead.numbers):
            listed = ", ".join(number.e164 for number in lead.numbers)
            return _Reject(lead.line, lead.cells, "dnc", f"on the do-not-call list: {listed}")
        return None

    def _known(self, numbers: list[str]) -> dict[str, int]:
        """Which of the numbers are in the scope already, each with its lead.

        The + keeps SQLite from walking through the whole campaign: it must look up the numbers first.
        """
        sql = "SELECT p.e164, p.lead_id FROM lead_phones p JOIN leads l ON l.id = p.lead_id"
        if self._scope is Duplicates.SYSTEM:
            return dict(self._database.rows_in(sql + " WHERE p.e164 IN (:values)", numbers))
        if self._scope is Duplicates.CAMPAIGN:
            sql += " WHERE +l.campaign_id = ? AND p.e164 IN (:values)"
            return dict(self._database.rows_in(sql, numbers, (self._campaign_id,)))
        sql += " WHERE +l.list_id = ? AND p.e164 IN (:values)"
        return dict(self._database.rows_in(sql, numbers, (self._existing_list() or 0,)))

    def _existing_list(self) -> int | None:
        if self._list_id is None:
            self._list_id = self._database.value(
                "SELECT id FROM lists WHERE campaign_id = ? AND name = ? ORDER BY id LIMIT 1",
                (self._campaign_id, self._name),
            )
        return self._list_id

    def _write(self, leads: list[_Lead], barred: set[str]) -> None:
        if not leads:
            return
        list_id = self._existing_list() or self._new_list()
        lead_id = int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM leads"))
        phone_id = int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM lead_phones"))
        lead_rows: list[tuple[object, ...]] = []
        phone_rows: list[tuple[object, ...]] = []
        for lead in leads:
            lead_id += 1
            first = _first_turn(lead.numbers, barred)
            profiles = [self._store.profiles.id_of(Profile(number.zones)) for number in lead.numbers]
            lead_rows.append(
                (
                    *(lead_id, self._campaign_id, list_id, phone_id + 1 + first, profiles[first], NEW),
                    json.dumps(lead.custom, ensure_ascii=False),
                    *(lead.contact.get(name, "") for name in CONTACT_FIELDS),
                )
            )
            for place, number in enumerate(lead.numbers):
                phone_id += 1
                phone_rows.append((phone_id, lead_id, place, number.label, number.e164, profiles[place]))
        self._database.many(_INSERT_LEAD, lead_rows)
        self._database.many(_INSERT_PHONE, phone_rows)

    def _new_list(self) -> int:
        self._list_id = 1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM lists"))
        self._database.execute(
            "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (?, ?, ?, ?)",
            (self._list_id, self._campaign_id, self._name, self._at.timestamp()),
        )
        return self._list_id


def _all_numbers(chunk: list[_Lead | _Reject]) -> list[str]:
    return [number.e164 for row in chunk if isinstance(row, _Lead) for number in row.numbers]


def _first_turn(numbers: Sequence[_Number], barred: set[str]) -> int:
    """The place of the first number that may be dialed, by preference one whose zone is known."""
    free = [place for place, number in enumerate(numbers) if number.e164 not in barred]
    return next((place for place in free if numbers[place].zones), free[0])


# A new lead is due from the beginning of time, so that new leads come in the order of their ids.
_INSERT_LEAD = (
    (
        "INSERT INTO leads (status, attempts, next_at, id, campaign_id, list_id, next_phone_id, profile_id, priority,"
        " custom, :fields) VALUES ('NEW', 0, 0, ?, ?, ?, ?, ?, ?, ?, :values)"
    )
    .replace(":fields", ", ".join(CONTACT_FIELDS))
    .replace(":values", ", ".join("?" * len(CONTACT_FIELDS)))
)
_INSERT_PHONE = (
    "INSERT INTO lead_phones (attempts, uncallable, id, lead_id, position, label, e164, profile_id)"
    " VALUES (0, 0, ?, ?, ?, ?, ?, ?)"
)
