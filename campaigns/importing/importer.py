"""Lead import: delimited text into a campaign's list, in short transactions beside a running dialer."""

import csv
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from campaigns.audit.kinds import AuditKind
from campaigns.database import Database
from campaigns.dnc import barred
from campaigns.importing import staging
from campaigns.importing.admission import Admission, Admitted
from campaigns.importing.layout import (
    Format,
    Layout,
    header_layout,
    looks_like_vicidial,
    vicidial_layout,
)
from campaigns.importing.parsing import Clues, Lead, Parser, Reject
from campaigns.importing.report import Duplicates, ImportFileError, ImportReport
from campaigns.importing.rows import Broken, Cells, Rows
from campaigns.importing.writing import Writer, add_all, next_id
from campaigns.model import Kind, Profile
from campaigns.places import whereabouts
from campaigns.places.numbering import prefix_of
from campaigns.store import Store
from campaigns.textfiles import OpenText, Source, detecting, name_of, open_file

CHUNK_ROWS = 5000

_CACHED = 200_000
_COLLECTED_AFTER = 200_000

Progress = Callable[[ImportReport], None]


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What an import sets for its list; None leaves it as it is."""

    priority: int | None = None
    weight: int | None = None


def import_leads(
    store: Store,
    campaign: str | int,
    source: Source,
    *,
    mapping: Mapping[str, str] | None = None,
    region: str = "US",
    list_name: str | None = None,
    list_settings: ListSettings | None = None,
    duplicates: Duplicates | str = Duplicates.CAMPAIGN,
    dry_run: bool = False,
    keep_going: bool = False,
    rejects: Path | str | TextIO | None = None,
    at: datetime | None = None,
    progress: Progress | None = None,
    waiting: Callable[[], None] | None = None,
    file_format: Format | str = Format.HEADER,
    encoding: str | None = None,
    currency: str = "",
) -> ImportReport:
    """Load a CSV, TSV, pipe- or semicolon-separated file (or open stream).

    `mapping` names the column of a field (`{"phone": "Telephone"}`); other known field names match their columns
    whatever the case, and the rest are kept as custom fields. `region` is for numbers without a country code, and
    `currency` for debts without one. Rows that are invalid, known already (in the scope `duplicates`) or barred are
    left out, and `rejects` gets them with line and reason. A file that is damaged as a whole (encoding, quoting, cut
    off) raises ImportFileError and loads nothing, unless `keep_going`: then everything that can be read is loaded.
    Without `keep_going` no lead is called before the whole file is loaded, and a crash loads nothing. `dry_run` reports
    the same and writes nothing but `rejects`. Raises StoreError, UnknownCampaign.
    """
    settings = store.campaign_by_id(campaign) if isinstance(campaign, int) else store.campaign(campaign)
    instant = at or datetime.now(UTC)
    report = ImportReport(list_name=list_name or name_of(source))
    _require_apart(source, rejects)
    errors = "surrogateescape" if keep_going else "strict"
    with _collecting_seldom(), detecting(source, encoding, errors=errors) as text, _writing(rejects) as rejected:
        report.encoding = text.said
        if text.doubt:
            report.warn(text.doubt)
        rows = Rows(text.stream, text.encoding, keep_going=keep_going)
        layout, found = _laid_out(rows, Format(file_format), mapping or {})
        for warning in layout.warnings:
            report.warn(warning)
        parser = Parser(
            *(layout, region, _Locator(), report, instant),
            currency=currency,
            trust_status=file_format == Format.VICIDIAL,
        )
        target = _Target(store, settings.campaign_id, layout, report, Duplicates(duplicates), instant)
        chunks = _Chunks(parser.parsed(found), text, report, _reject_file(rejected, layout), progress)
        if dry_run:
            for chunk in chunks:
                chunks.done(target.checked(chunk))
        else:
            with staging.exclusive(store.database, waiting):
                staging.mend(store.database, store.profiles)
                target.load(chunks, keep_going=keep_going, settings=list_settings or ListSettings())
            body = {"campaign": settings.name, "list": report.list_name, "encoding": report.encoding, **report.counts()}
            store.trail.note(AuditKind.IMPORT, body, at=instant)
            if settings.kind is Kind.COLLECTIONS:
                store.debts.rerank_campaign(
                    settings.campaign_id, instant.astimezone(ZoneInfo(settings.timezone)).date()
                )
    report.close()
    if not report.read:
        report.warn("the file names columns, but no lead follows" if rows.first else "the file holds no lead")
    return report


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """A chunk's rows are thousands of small values without cycles: looking for cycles among them took a third of it."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


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


def _laid_out(
    rows: Rows, file_format: Format, mapping: Mapping[str, str]
) -> tuple[Layout, Iterable[tuple[int, Cells | Broken]]]:
    """The layout, and the rows that hold leads."""
    if file_format is Format.VICIDIAL:
        if not looks_like_vicidial(rows.first):
            raise ImportFileError(
                f"line {rows.first_line} has {len(rows.first)} cells and no telephone number in the fifth: not "
                "VICIdial's standard order (vendor_lead_code, source_id, list_id, phone_code, phone_number, ...)"
            )
        return vicidial_layout(), _and_first(rows)
    return header_layout(rows.first, mapping), rows


def _and_first(rows: Rows) -> Iterator[tuple[int, Cells | Broken]]:
    yield rows.first_line, rows.first
    yield from rows


def _reject_file(rejected: TextIO | None, layout: Layout) -> Any:
    if rejected is None:
        return None
    writer = csv.writer(rejected)
    writer.writerow(("line", "reason", *layout.names))
    return writer


class _Locator:
    """Profiles of numbers; the same for all numbers of a prefix whose rows tell the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Clues], Profile] = {}
        self._profiles: dict[Profile, Profile] = {}

    def __call__(self, e164: str, clues: Clues) -> Profile:
        key = (e164[:5] if e164.startswith("+1") else prefix_of(e164), clues)
        known = self._known.get(key)
        if known is None:
            if len(self._known) == _CACHED:
                self._known.clear()
            known = self._known[key] = self._looked_up(e164, clues)
        return known

    def _looked_up(self, e164: str, clues: Clues) -> Profile:
        found = whereabouts(
            e164,
            postcode=clues.postal_code,
            country=clues.country,
            state=clues.state,
            listed_zone=clues.timezone,
            stated_zone=clues.stated_timezone,
            stated_region=clues.stated_region,
        )
        profile = Profile(found.zones, found.regions)
        return self._profiles.setdefault(profile, profile)


class _Chunks:
    """Rows some thousands at a time; what is refused of them goes to the rejects file, what is done to `progress`."""

    def __init__(
        self,
        rows: Iterator[Lead | Reject],
        text: OpenText,
        report: ImportReport,
        rejects: Any,
        progress: Progress | None,
    ) -> None:
        self._rows = rows
        self._text = text
        self._report = report
        self._rejects = rejects
        self._progress = progress

    def __iter__(self) -> Iterator[list[Lead | Reject]]:
        chunk: list[Lead | Reject] = []
        for row in self._rows:
            chunk.append(row)
            if len(chunk) == CHUNK_ROWS:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def done(self, rejects: Sequence[Reject]) -> None:
        if self._rejects is not None:
            for reject in rejects:
                self._rejects.writerow((reject.line, reject.reason, *reject.cells))
        if self._progress is not None:
            self._report.share = self._text.share
            self._progress(self._report)


class _Target:
    """The list that leads go to."""

    def __init__(
        self,
        store: Store,
        campaign_id: int,
        layout: Layout,
        report: ImportReport,
        scope: Duplicates,
        at: datetime,
    ) -> None:
        self._store = store
        self._database: Database = store.database
        self._campaign_id = campaign_id
        self._layout = layout
        self._report = report
        self._at = at
        self._list_id: int | None = self._database.value(
            "SELECT id FROM lists WHERE campaign_id = ? AND name = ? ORDER BY id LIMIT 1",
            (campaign_id, report.list_name),
        )
        self._admission = Admission(
            self._database,
            campaign_id,
            scope,
            lambda numbers: barred(self._database, numbers, campaign_id, at),
            report,
        )
        if self._list_id is not None:
            self._admission.lists = (self._list_id,)
        self._made_writer: Writer | None = None

    def checked(self, chunk: Sequence[Lead | Reject]) -> list[Reject]:
        """What would be left out, remembering the rest."""
        return self._admission.sorted_out(chunk).rejects

    def load(self, chunks: _Chunks, *, keep_going: bool, settings: ListSettings) -> None:
        """Load everything; in one transaction what is small, otherwise by way of a staged list."""
        waiting = iter(chunks)
        first, second = next(waiting, None), next(waiting, None)
        if first is None:
            return
        if keep_going or second is None:
            for chunk in _again(first, second, waiting):
                chunks.done(self._load_now(chunk))
        else:
            self._load_staged(chunks, _again(first, second, waiting))
        if self._list_id is not None:
            self._set(settings)

    def _load_now(self, chunk: Sequence[Lead | Reject]) -> list[Reject]:
        """A chunk of its own: what is loaded may be called at once."""
        admitted = self._admission.sorted_out(chunk)
        with self._store.transaction():
            if self._list_id is None and admitted.leads:
                self._list_id = self._new_list()
                self._admission.lists = (self._list_id,)
            if self._list_id is not None:
                self._writer.write(self._list_id, admitted)
            add_all(self._writer.extras, admitted.additions)
        self._admission.forget()
        return admitted.rejects

    def _load_staged(self, chunks: _Chunks, parts: Iterable[Sequence[Lead | Reject]]) -> None:
        with self._store.transaction():
            staged = staging.stage(self._database, self._campaign_id, self._report.list_name, self._list_id, self._at)
        self._admission.lists = (staged.list_id, *self._admission.lists)
        try:
            with staging.bulk(self._database):
                for number, chunk in enumerate(parts):
                    admitted = self._admission.sorted_out(chunk)
                    with self._store.transaction():
                        self._write_staged(staged, number, admitted)
                    self._admission.forget()
                    chunks.done(admitted.rejects)
        except BaseException:
            staging.take_back(self._database, staged)
            raise
        self._list_id = staging.publish(self._database, self._store.profiles, staged)

    def _write_staged(self, staged: staging.Staged, number: int, admitted: Admitted) -> None:
        self._writer.write(staged.list_id, admitted)
        own = [each for each in admitted.additions if each.lead_id >= staged.first_lead_id]
        add_all(self._writer.extras, own)
        live = [each for each in admitted.additions if each.lead_id < staged.first_lead_id]
        staging.keep(self._database, staged, number, live)

    @property
    def _writer(self) -> Writer:
        if self._made_writer is None:
            self._made_writer = self._make_writer()
        return self._made_writer

    def _make_writer(self) -> Writer:
        row = self._database.one(
            "SELECT ordering, (SELECT COUNT(*) FROM leads WHERE campaign_id = ? AND list_id = ?) FROM lists"
            " WHERE id = ?",
            (self._campaign_id, self._list_id, self._list_id),
        )
        ordering, position = row or ("retries_first", 0)
        return Writer(
            *(self._database, self._store.profiles, self._campaign_id, self._layout, ordering, position, self._at),
            trail=self._store.trail,
        )

    def _new_list(self) -> int:
        list_id = next_id(self._database, "lists")
        self._database.execute(
            "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (?, ?, ?, ?)",
            (list_id, self._campaign_id, self._report.list_name, self._at.timestamp()),
        )
        return list_id

    def _set(self, settings: ListSettings) -> None:
        with self._store.transaction():
            for column, value in (("priority", settings.priority), ("weight", settings.weight)):
                if value is not None:
                    self._database.execute(f"UPDATE lists SET {column} = ? WHERE id = ?", (value, self._list_id))  # noqa: S608


def _again(
    first: list[Lead | Reject], second: list[Lead | Reject] | None, rest: Iterator[list[Lead | Reject]]
) -> Iterator[list[Lead | Reject]]:
    yield first
    if second is not None:
        yield second
    yield from rest
