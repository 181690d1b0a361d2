"""Importing consents from a delimited file with a header line."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TextIO

from campaigns.consents import Consents, Evidence, Given
from campaigns.database import StoreError
from campaigns.model import Basis, Purpose
from campaigns.numbers import NumberError, parse
from campaigns.textfiles import UTF16_COMPLAINT, Source, detecting, open_file

_CHUNK = 500
_REJECTS_KEPT = 1000
_NAMES = {
    "number": ("number", "phone", "phone_number", "telephone"),
    "lead_id": ("lead_id", "lead"),
    "basis": ("basis", "consent"),
    "purpose": ("purpose",),
    "obtained_at": ("obtained_at", "at", "date", "obtained"),
    "expires_at": ("expires_at", "expires", "until"),
    "evidence": ("evidence", "note", "proof"),
    "name": ("name",),
    "request": ("request", "wording", "text"),
}
COLUMNS = tuple(_NAMES)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not imported."""

    line: int
    cells: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class ConsentReport:
    """What came of each row: `read` is the sum of added, already and rejected."""

    read: int = 0
    added: int = 0
    already: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"read": self.read, "added": self.added, "already": self.already, "rejected": self.rejected}

    def as_dict(self) -> dict[str, Any]:
        return {**self.counts(), "rejects": [asdict(reject) for reject in self.rejects]}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    number: str | None
    lead_id: int | None
    given: Given


def import_consents(
    consents: Consents,
    campaign_id: int,
    source: Source,
    region: str,
    *,
    at: datetime | None = None,
    rejects: Path | None = None,
) -> ConsentReport:
    """Record the file's consents for the leads of a campaign; rows that cannot be are told and go to `rejects`.

    Columns: number or lead_id, basis, and any of purpose, obtained_at, expires_at, evidence, name, request. `region`
    (ISO 3166-1) is for numbers without a country code. A row with a number is a consent for that number of all leads
    that have it, one with a lead_id alone for all numbers of that lead. Raises StoreError when the file cannot be read
    or its header lacks a column.
    """
    report = ConsentReport()
    with detecting(source, errors="replace") as text:
        rows = _rows(text.stream)
        header = next(rows, None)
        if header is None:
            raise StoreError(
                "the file is empty; its first line must name its columns, such as number,basis,obtained_at"
            )
        columns = _columns(header[1])
        with _Rejects(rejects, header[1]) as refused:
            chunk: list[_Row] = []
            for line, cells in rows:
                report.read += 1
                try:
                    chunk.append(_row(line, cells, columns, region))
                except ValueError as error:
                    refused.add(report, Reject(line, tuple(cells), str(error)))
                if len(chunk) == _CHUNK:
                    _record(consents, campaign_id, chunk, report, refused, at)
                    chunk = []
            _record(consents, campaign_id, chunk, report, refused, at)
    return report


class _Rejects:
    """The file of refused rows, each with its line and the reason in front."""

    def __init__(self, path: Path | None, header: Sequence[str]) -> None:
        self._path = path
        self._header = header
        self._file: TextIO | None = None

    def __enter__(self) -> "_Rejects":
        if self._path is not None:
            self._file = open_file(self._path, "w", "utf-8", "cannot be written")
            csv.writer(self._file).writerow(["line", "reason", *self._header])
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, report: ConsentReport, reject: Reject) -> None:
        """Count a refused row and write it down."""
        report.rejected += 1
        if len(report.rejects) < _REJECTS_KEPT:
            report.rejects.append(reject)
        if self._file is not None:
            csv.writer(self._file).writerow([reject.line, reject.reason, *reject.cells])


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not empty; the header's delimiter is everyone's."""
    delimiter = ","

    def checked() -> Iterator[str]:
        nonlocal delimiter
        for number, line in enumerate(lines, start=1):
            if "\0" in line:
                raise StoreError(f"line {number}: {UTF16_COMPLAINT}")
            yield line

    source = checked()
    first = next((line for line in source if line.strip()), None)
    if first is None:
        return
    delimiter = max(",;\t|", key=first.count)
    yield 1, [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    reader = csv.reader(source, delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num + 1, [cell.strip() for cell in cells]


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each field stands. Raises StoreError naming what is missing."""
    places = {name.casefold().replace(" ", "_"): index for index, name in enumerate(header)}
    found = {name: places[alias] for name, aliases in _NAMES.items() for alias in reversed(aliases) if alias in places}
    if "basis" not in found or not found.keys() & {"number", "lead_id"}:
        raise StoreError(
            f"the first line must name the columns basis, and number or lead_id; it has: {', '.join(header)}. "
            f"Columns that are known: {', '.join(COLUMNS)}"
        )
    return found


def _row(line: int, cells: Sequence[str], columns: Mapping[str, int], region: str) -> _Row:
    """Raises ValueError with what is wrong in the row."""
    told = {name: cells[index] if index < len(cells) else "" for name, index in columns.items()}
    number, lead = told.get("number", ""), told.get("lead_id", "")
    if not number and not lead:
        raise ValueError("neither a number nor a lead_id")
    if lead and not lead.isdecimal():
        raise ValueError(f"lead_id {lead!r} is not a whole number")
    try:
        e164 = parse(number, region) if number else None
    except NumberError as error:
        raise ValueError(f"number {number!r}: {error}") from None
    given = Given(
        basis_of(told["basis"]),
        purpose_of(told.get("purpose", "")),
        _instant("obtained_at", told.get("obtained_at", "")),
        _instant("expires_at", told.get("expires_at", "")),
        Evidence(told.get("evidence", ""), told.get("name", ""), told.get("request", "")),
    )
    return _Row(line, tuple(cells), e164, int(lead) if lead else None, given)


def basis_of(text: str) -> Basis:
    """The ground that a text names. Raises ValueError listing those there are."""
    try:
        return Basis(text.casefold())
    except ValueError:
        known = ", ".join(basis for basis in Basis if basis is not Basis.NONE)
        raise ValueError(f"basis {text!r} is none of: {known}") from None


def purpose_of(text: str) -> Purpose | None:
    """The purpose that a text names, None for none. Raises ValueError listing those there are."""
    try:
        return Purpose(text.casefold()) if text else None
    except ValueError:
        raise ValueError(f"purpose {text!r} is none of: {', '.join(Purpose)}") from None


def _instant(column: str, text: str) -> datetime | None:
    """A date is its first instant in UTC."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{column} {text!r} is no date; write it as 2026-06-01 or 2026-06-01T15:00:00+02:00") from None
    if at.tzinfo is None:
        raise ValueError(f"{column} {text!r} has no offset from UTC; write it as {text}+02:00 or {text}Z")
    return at


def _record(
    consents: Consents,
    campaign_id: int,
    rows: Sequence[_Row],
    report: ConsentReport,
    refused: _Rejects,
    at: datetime | None,
) -> None:
    """Record rows for the leads that they name, in one transaction; each counts as one however many leads that is."""
    now = at or datetime.now(UTC)
    holders = consents.holders(campaign_id, [row.number for row in rows if row.number])
    own = consents.leads_of(campaign_id, [row.lead_id for row in rows if row.lead_id])
    wanted: list[tuple[int, str | None, Given]] = []
    spans: list[int] = []
    for row in rows:
        leads = _leads(row, holders, own)
        if not leads:
            what = f"lead {row.lead_id}" if row.lead_id else f"number {row.number}"
            refused.add(report, Reject(row.line, row.cells, f"the campaign has no {what}"))
        elif row.given.obtained_at is not None and row.given.obtained_at > now:
            refused.add(report, Reject(row.line, row.cells, "obtained_at is in the future"))
        else:
            wanted += [(lead_id, row.number, row.given) for lead_id in leads]
            spans.append(len(leads))
    ids = iter(consents.add_many(wanted, now))
    for span in spans:
        new = [next(ids) for _ in range(span)]
        known = all(consent_id is None for consent_id in new)
        report.already += known
        report.added += not known


def _leads(row: _Row, holders: Mapping[str, tuple[int, ...]], own: frozenset[int]) -> tuple[int, ...]:
    """The leads that a row is about; where it names a lead and a number, the lead must have the number."""
    having = None if row.number is None else holders.get(row.number, ())
    if row.lead_id is None:
        return having or ()
    return (row.lead_id,) if row.lead_id in own and (having is None or row.lead_id in having) else ()
