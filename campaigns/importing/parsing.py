"""A row to a lead, or to the reason why it is none. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.collections.debts import DebtFacts, facts_of
from campaigns.consents import Evidence, Given
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
from campaigns.importing.layout import Layout
from campaigns.importing.report import ImportReport
from campaigns.importing.rows import Broken, Cells, is_blank
from campaigns.model import Basis, Profile, Purpose
from campaigns.places import is_state

_ACCOUNTS = frozenset({"vendor_lead_code", "postal_code"})
_DNC_STATUSES = frozenset({"DNC", "DNCL", "DNCC"})
_NO_CONSENT = frozenset({"", "no", "none", "n", "0", "false"})
_BASES = tuple(basis.value for basis in Basis if basis is not Basis.NONE)
_PURPOSES = tuple(purpose.value for purpose in Purpose)
_MAY_EXTEND = re.compile(r"[xX#]")
_CACHED = 100_000


@dataclass(slots=True)
class Number:
    """A number of a lead and the places where its person may be."""

    label: str
    e164: str
    profile: Profile


@dataclass(slots=True)
class Lead:
    """A row that can be loaded. `contact` are the values of the layout's contact columns in its order.

    `consent_phone` is the number that its consent is for, "" for all its numbers.
    """

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
    consent: Given | None = None
    consent_phone: str = ""
    debt: DebtFacts | None = None


@dataclass(slots=True)
class Reject:
    """A row that is left out: what it counts as, and why."""

    line: int
    cells: Cells
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Clues:
    """What a row tells of where its person is, each '' when it does not: as listed, and as the person said."""

    country: str = ""
    state: str = ""
    postal_code: str = ""
    timezone: str = ""
    stated_timezone: str = ""
    stated_region: str = ""


_LISTED = ("country", "state", "postal_code", "timezone")
_STATED = ("stated_timezone", "stated_region")

Locate = Callable[[str, Clues], Profile]


class Parser:
    """Rows to leads, by a layout. `locate` gives the profile of a number from what its row tells."""

    def __init__(
        self,
        layout: Layout,
        region: str,
        locate: Locate,
        report: ImportReport,
        at: datetime,
        *,
        currency: str = "",
        trust_status: bool = False,
    ) -> None:
        self._layout = layout
        self._region = region
        self._locate = locate
        self._report = report
        self._at = at
        self._currency = currency
        self._trust_status = trust_status
        self._numbers = Numbers()
        self._width = len(layout.names)
        names = [name for name, _ in layout.contact]
        places = dict(layout.contact)
        self._contact = _getter([place for _, place in layout.contact])
        self._listed = [name for name in _LISTED if name in names]
        self._located = _getter([names.index(name) for name in self._listed])
        self._stated = [name for name in _STATED if name in layout.fields]
        self._mended = [(names.index(name), name) for name in _ACCOUNTS if name in names]
        self._country = places.get("country")
        self._clues: dict[tuple[str, ...], Clues] = {}
        self._strange: set[Clues] = set()

    def parsed(self, rows: Iterable[tuple[int, Cells | Broken]]) -> Iterator[Lead | Reject]:
        """Leads and rejects in file order; rows with nothing in them are passed over. Counts what is read."""
        report, width, first = self._report, self._width, self._layout.phones[0].place
        for line, cells in rows:
            if isinstance(cells, Broken):
                report.read += 1
                yield Reject(line, [], "invalid", cells.reason)
                continue
            if (len(cells) <= first or not cells[first] or cells[first].isspace()) and is_blank(cells):
                continue
            report.read += 1
            if len(cells) > width and not is_blank(cells[width:]):
                reason = f"{len(cells)} cells under {width} columns; quote a cell that holds the delimiter"
                yield Reject(line, cells, "invalid", reason)
                continue
            try:
                yield self._lead(line, cells, self._values(cells))
            except ValueError as error:
                yield Reject(line, cells, "invalid", str(error))

    def _values(self, cells: Cells) -> Cells:
        """What the cells hold, one for each column."""
        values = [*map(str.strip, cells)]
        if len(values) != self._width:
            values = values[: self._width] + [""] * (self._width - len(values))
        # Few files have Excel's formulas: one look at the row is cheaper than one at each cell.
        return [*map(unwrapped, values)] if '="' in "".join(values) else values

    def _lead(self, line: int, cells: Cells, values: Cells) -> Lead | Reject:
        layout = self._layout
        if self._trust_status and (status := self._custom_of(values, "status")) in _DNC_STATUSES:
            return Reject(line, cells, "dnc", f"the file says that its status is {status}")
        region = self._region_of(values)
        contact = self._contact_of(values, region)
        clues = self._clues_of(values, contact)
        numbers, extensions = self._numbers_of(line, values, clues, region)
        if self._strange and clues in self._strange:
            self._report.strange_state(clues.state)
        lead = Lead(line, cells, numbers, contact, self._custom(values, extensions))
        if layout.fields:
            lead.person = account(self._field(values, "person"))
            lead.rank = whole(self._field(values, "rank"), "rank")
            lead.owner = self._field(values, "owner")
            lead.stated_timezone, lead.stated_region = clues.stated_timezone, clues.stated_region
            lead.consent = self._consent(line, values) if layout.has_consents else None
            if lead.consent is not None:
                lead.consent_phone = self._consent_phone(values, numbers, region)
            lead.debt = self._debt(values) if layout.has_debts else None
        return lead

    def _field(self, values: Cells, name: str) -> str:
        place = self._layout.fields.get(name)
        return "" if place is None else values[place]

    def _custom_of(self, values: Cells, name: str) -> str:
        return next((values[place].upper() for column, place in self._layout.custom if column == name), "")

    def _region_of(self, values: Cells) -> str:
        """The region of numbers without a country code: the telephone code's, the address's, or the import's."""
        region = self._region
        if self._country is not None and values[self._country]:
            region = country_of(values[self._country], region)
        code = self._field(values, "phone_code") if self._layout.fields else ""
        return region_of_code(code, region) if code else region

    def _contact_of(self, values: Cells, region: str) -> tuple[str, ...]:
        contact = self._contact(values)
        if not self._mended:
            return contact
        mended = list(contact)
        for at, name in self._mended:
            text = account(mended[at]) if mended[at][:1] == "'" else mended[at]
            mended[at] = postal_code(text, region) if name == "postal_code" else text
        return tuple(mended)

    def _clues_of(self, values: Cells, contact: tuple[str, ...]) -> Clues:
        """What the row tells of where its person is. Equal clues are one object, checked once."""
        key = self._located(contact)
        if self._stated:
            key += tuple(self._field(values, name) for name in self._stated)
        known = self._clues.get(key)
        if known is None:
            known = self._checked(Clues(**dict(zip((*self._listed, *self._stated), key, strict=True))))
            if len(self._clues) == _CACHED:
                self._clues.clear()
                self._strange.clear()
            self._clues[key] = known
            if known.state and not is_state(known.state, known.country, self._region):
                self._strange.add(known)
        return known

    @staticmethod
    def _checked(clues: Clues) -> Clues:
        for name, zone in (("timezone", clues.timezone), ("stated_timezone", clues.stated_timezone)):
            if zone and not is_zone(zone):
                raise CellError(f"{name} {zone!r} is not an IANA zone such as America/Chicago")
        return clues

    def _numbers_of(self, line: int, values: Cells, clues: Clues, region: str) -> tuple[list[Number], dict[str, str]]:
        """The row's different numbers, and the extensions behind them. Raises CellError when there is no number."""
        numbers: list[Number] = []
        extensions: dict[str, str] = {}
        bad: list[str] = []
        for column in self._layout.phones:
            text = values[column.place]
            if not text:
                continue
            if text[0] == "'":
                text = account(text)
            try:
                e164 = self._numbers.e164(text, region)
            except CellError as error:
                bad.append(f"{column.label} {error}")
                continue
            if numbers and any(number.e164 == e164 for number in numbers):
                continue
            label = column.label if column.label_place is None else values[column.label_place] or column.label
            numbers.append(Number(label, e164, self._locate(e164, clues)))
            if _MAY_EXTEND.search(text) and (digits := extension(text)):
                extensions[f"{label}_extension"] = digits
        if not numbers:
            raise CellError("; ".join(bad) or "no number")
        for reason in bad:
            self._report.warn(f"line {line}: left out {reason}")
        return numbers, extensions

    def _custom(self, values: Cells, extensions: Mapping[str, str]) -> str:
        if not self._layout.custom and not extensions:
            return "{}"
        found = {name: text for name, place in self._layout.custom if (text := values[place])}
        return json.dumps({**found, **extensions}, ensure_ascii=False) if found or extensions else "{}"

    def _consent(self, line: int, values: Cells) -> Given | None:
        """The row's consent. One whose ground is not said counts as none, and the lead is loaded without it."""
        text = self._field(values, "consent").casefold()
        if text in _NO_CONSENT:
            return None
        if text not in _BASES:
            self._report.warn(f"line {line}: consent {text!r} is not recorded: write {', '.join(_BASES)}")
            return None
        purpose = self._field(values, "consent_purpose").casefold()
        if purpose and purpose not in _PURPOSES:
            raise CellError(f"consent_purpose {purpose!r} is none of {', '.join(_PURPOSES)}")
        times = {name: self._instant(values, name) for name in ("consent_at", "consent_expires_at")}
        if (given_at := times["consent_at"]) is not None and given_at > self._at:
            raise CellError(f"consent_at {given_at.isoformat()} is in the future")
        return Given(
            Basis(text),
            Purpose(purpose) if purpose else None,
            given_at,
            times["consent_expires_at"],
            Evidence.of(self._field(values, "consent_evidence")),
        )

    def _consent_phone(self, values: Cells, numbers: Sequence[Number], region: str) -> str:
        """The one of the row's numbers that its consent is for. Raises CellError when it is none of them."""
        text = account(self._field(values, "consent_phone"))
        if not text:
            return ""
        try:
            e164 = self._numbers.e164(text, region)
        except CellError as error:
            raise CellError(f"consent_phone {error}") from None
        if all(number.e164 != e164 for number in numbers):
            raise CellError(f"consent_phone {e164} is none of the row's numbers")
        return e164

    def _instant(self, values: Cells, name: str) -> datetime | None:
        text = self._field(values, name)
        return instant(text, name) if text else None

    def _debt(self, values: Cells) -> DebtFacts | None:
        reference = account(self._field(values, "debt_reference"))
        if not reference:
            return None
        due = self._field(values, "due_date")
        row = {name: self._field(values, name) for name in ("creditor", "principal", "balance", "currency")}
        row |= {"reference": reference, "due_date": day(due, "due_date").isoformat() if due else ""}
        return facts_of(row, self._currency)


def _getter(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether a text names an IANA zone of a place."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return "/" in name and not name.startswith("Etc/")
