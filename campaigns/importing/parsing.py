"""A row to a lead, or to the reason why it is none. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.collections.debts import DebtFacts, facts_of
from campaigns.importing.cells import (
    CellError,
    Numbers,
    account,
    country_of,
    day,
    extension,
    instant,
    postal_code,
    region_of_code,
    unwrapped,
    whole,
)
from campaigns.importing.layout import Layout, PhoneColumn
from campaigns.importing.report import ImportReport
from campaigns.importing.rows import Broken, Cells, is_blank
from campaigns.model import Profile

_ACCOUNTS = frozenset({"vendor_lead_code", "postal_code"})
_DNC_STATUSES = frozenset({"DNC", "DNCL", "DNCC"})


@dataclass(slots=True)
class Number:
    """A number of a lead and the places where its person may be."""

    label: str
    e164: str
    profile: Profile


@dataclass(slots=True)
class ConsentFacts:
    """That the person agreed to be called: on what basis, for what, when, and how it can be shown."""

    basis: str
    purpose: str
    obtained_at: datetime | None
    expires_at: datetime | None
    evidence: str


@dataclass(slots=True)
class Lead:
    """A row that can be loaded. `contact` are the values of the layout's contact columns in its order."""

    line: int
    cells: Cells
    numbers: list[Number]
    contact: tuple[str, ...]
    custom: str
    person: str = ""
    rank: int = 0
    owner: str = ""
    stated_timezone: str = ""
    stated_region: str = ""
    consent: ConsentFacts | None = None
    debt: DebtFacts | None = None


@dataclass(slots=True)
class Reject:
    """A row that is left out: what it counts as, and why."""

    line: int
    cells: Cells
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a row tells of where its person is. Empty: nothing."""

    country: str = ""
    state: str = ""
    postal_code: str = ""
    timezone: str = ""
    stated_timezone: str = ""
    stated_region: str = ""


Locate = Callable[[str, Whereabouts, str], Profile]


class Parser:
    """Rows to leads, by a layout. `locate` gives the profile of a number, what its row tells, and a consent's basis."""

    def __init__(
        self,
        layout: Layout,
        region: str,
        locate: Locate,
        report: ImportReport,
        *,
        currency: str = "",
        trust_status: bool = False,
    ) -> None:
        self._layout = layout
        self._region = region
        self._locate = locate
        self._report = report
        self._currency = currency
        self._trust_status = trust_status
        self._numbers = Numbers()
        self._width = len(layout.names)
        self._contact = _getter([place for _, place in layout.contact])
        names = [name for name, _ in layout.contact]
        self._account_places = [names.index(name) for name in _ACCOUNTS if name in names]
        where = ("country", "state", "postal_code", "timezone")
        self._where: dict[str, int] = {name: names.index(name) for name in where if name in names}

    def parsed(self, rows: Iterable[tuple[int, Cells | Broken]]) -> Iterator[Lead | Reject]:
        """Leads and rejects in file order; rows with nothing in them are passed over. Counts what is read."""
        report, width, first = self._report, self._width, self._layout.phones[0].place
        for line, cells in rows:
            if isinstance(cells, Broken):
                report.read += 1
                yield Reject(line, [], "invalid", cells.reason)
                continue
            if (len(cells) <= first or not cells[first]) and is_blank(cells):
                continue
            report.read += 1
            if len(cells) != width:
                if any(cell.strip() for cell in cells[width:]):
                    reason = f"{len(cells)} cells under {width} columns; quote a cell that holds the delimiter"
                    yield Reject(line, cells, "invalid", reason)
                    continue
                cells = cells[:width] + [""] * (width - len(cells))
            try:
                yield self._lead(line, cells)
            except ValueError as error:
                yield Reject(line, cells, "invalid", str(error))

    def _lead(self, line: int, cells: Cells) -> Lead | Reject:
        layout = self._layout
        fields = layout.fields
        if self._trust_status and (status := self._custom_of(cells, "status")) in _DNC_STATUSES:
            return Reject(line, cells, "dnc", f"the file says that its status is {status}")
        contact, where, region = self._contact_of(cells)
        consent = self._consent(cells) if layout.has_consents else None
        basis = "" if consent is None else consent.basis
        numbers, extensions = self._numbers_of(line, cells, where, region, basis)
        if not fields:
            return Lead(line, cells, numbers, contact, self._custom(cells, extensions))
        return Lead(
            *(line, cells, numbers, contact, self._custom(cells, extensions)),
            person=account(self._field(cells, "person")),
            rank=whole(self._field(cells, "rank"), "rank"),
            owner=self._field(cells, "owner"),
            stated_timezone=where.stated_timezone,
            stated_region=where.stated_region,
            consent=consent,
            debt=self._debt(cells) if layout.has_debts else None,
        )

    def _field(self, cells: Cells, name: str) -> str:
        place = self._layout.fields.get(name)
        return "" if place is None else unwrapped(cells[place].strip())

    def _custom_of(self, cells: Cells, name: str) -> str:
        return next((cells[place].strip().upper() for column, place in self._layout.custom if column == name), "")

    def _contact_of(self, cells: Cells) -> tuple[tuple[str, ...], Whereabouts, str]:
        """The contact's values, what they tell of its whereabouts, and the region of its numbers."""
        values = [unwrapped(cell.strip()) for cell in self._contact(cells)]
        for at in self._account_places:
            values[at] = account(values[at])
        where, fields, region = self._where, self._layout.fields, self._region
        country = values[where["country"]] if "country" in where else ""
        if country:
            region = country_of(country, region)
        if "postal_code" in where:
            values[where["postal_code"]] = postal_code(values[where["postal_code"]], region)
        known = {name: values[at] for name, at in where.items()}
        if "stated_timezone" in fields or "stated_region" in fields:
            known |= {name: self._field(cells, name) for name in ("stated_timezone", "stated_region")}
        for name in ("timezone", "stated_timezone"):
            if known.get(name) and not is_zone(known[name]):
                raise CellError(f"{name} {known[name]!r} is not an IANA zone such as America/Chicago")
        if "phone_code" in fields:
            region = region_of_code(self._field(cells, "phone_code"), region)
        return tuple(values), Whereabouts(**known), region

    def _numbers_of(
        self, line: int, cells: Cells, where: Whereabouts, region: str, basis: str
    ) -> tuple[list[Number], dict[str, str]]:
        """The row's different numbers, and the extensions behind them. Raises CellError when there is no number."""
        numbers: list[Number] = []
        extensions: dict[str, str] = {}
        bad: list[str] = []
        for column in self._layout.phones:
            text = cells[column.place].strip()
            if not text:
                continue
            text = account(text)
            try:
                e164 = self._numbers.e164(text, region)
            except CellError as error:
                bad.append(f"{column.label} {error}")
                continue
            if any(number.e164 == e164 for number in numbers):
                continue
            label = self._label(column, cells)
            numbers.append(Number(label, e164, self._locate(e164, where, basis)))
            if len(text) > 10 and (digits := extension(text)):
                extensions[f"{label}_extension"] = digits
        if not numbers:
            raise CellError("; ".join(bad) or "no number")
        for reason in bad:
            self._report.warn(f"line {line}: left out {reason}")
        return numbers, extensions

    @staticmethod
    def _label(column: PhoneColumn, cells: Cells) -> str:
        return column.label if column.label_place is None else cells[column.label_place].strip() or column.label

    def _custom(self, cells: Cells, extensions: Mapping[str, str]) -> str:
        found = {name: unwrapped(text) for name, place in self._layout.custom if (text := cells[place].strip())}
        found |= extensions
        return json.dumps(found, ensure_ascii=False) if found else "{}"

    def _consent(self, cells: Cells) -> ConsentFacts | None:
        basis = self._field(cells, "consent").casefold()
        if not basis or basis in ("no", "none", "n", "0", "false"):
            return None
        obtained, expires = self._field(cells, "consent_at"), self._field(cells, "consent_expires_at")
        return ConsentFacts(
            basis,
            self._field(cells, "consent_purpose"),
            instant(obtained, "consent_at", self._region) if obtained else None,
            instant(expires, "consent_expires_at", self._region) if expires else None,
            self._field(cells, "consent_evidence"),
        )

    def _debt(self, cells: Cells) -> DebtFacts | None:
        reference = account(self._field(cells, "debt_reference"))
        if not reference:
            return None
        due = self._field(cells, "due_date")
        row = {name: self._field(cells, name) for name in ("creditor", "principal", "balance", "currency")}
        row |= {"reference": reference, "due_date": day(due, "due_date", self._region).isoformat() if due else ""}
        return facts_of(row, self._currency)


def _getter(places: list[int]) -> Callable[[Cells], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda cells: tuple(cells[place] for place in places)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether a text names an IANA zone of a place."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return "/" in name and not name.startswith("Etc/")
