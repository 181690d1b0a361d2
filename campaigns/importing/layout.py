"""Which column of a file holds what: by its header and a mapping, or by position in VICIdial's standard order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.importing.report import ImportFileError
from campaigns.leads import CONTACT_FIELDS


class Format(StrEnum):
    """How columns are told: `header` names them in its first line, `vicidial` has VICIdial's order and no header."""

    HEADER = "header"
    VICIDIAL = "vicidial"


VICIDIAL_ORDER = (
    *("vendor_lead_code", "source_id", "list_id", "phone_code", "phone_number", "title", "first_name", "middle"),
    *("last_name", "address1", "address2", "address3", "city", "state", "province", "postal_code", "country", "gender"),
    *("date_of_birth", "alt_phone", "email", "security_phrase", "comments", "called_count", "status", "entry_date"),
    *("rank", "owner"),
)

LEAD_FIELDS = ("person", "rank", "owner", "stated_timezone", "stated_region")
CONSENT_FIELDS = (
    *("consent", "consent_phone", "consent_at", "consent_purpose", "consent_evidence", "consent_expires_at"),
)
DEBT_FIELDS = ("debt_reference", "creditor", "principal", "balance", "currency", "due_date")

# Columns that an export adds; they tell what came of a lead here and mean nothing to another import.
RESULT_COLUMNS = (
    *("result_status", "result_attempts", "result_last_attempt_at", "result_last_outcome", "result_last_agent"),
    *("result_sale_amount", "result_sale_currency", "result_next_at"),
)

_ALIASES = {
    "phone_number": "phone",
    "telephone": "phone",
    "telephone_number": "phone",
    "tel": "phone",
    "phone1": "phone",
    "cell": "mobile",
    "cell_phone": "mobile",
    "mobile_phone": "mobile",
    "mobile_number": "mobile",
    "zip": "postal_code",
    "zip_code": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "post_code": "postal_code",
    "time_zone": "timezone",
    "address": "address1",
    "firstname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "e_mail": "email",
    "email_address": "email",
    "consent_date": "consent_at",
    "due_on": "due_date",
}
_PHONE_FIELD = re.compile(
    r"phone|phone\d+|alt_phone\d*|mobile\d*|work_phone|home_phone|office_phone|other_phone|phone:.+"
)
_LABEL_FIELD = re.compile(rf"({_PHONE_FIELD.pattern})_label")
_NUMBER = re.compile(r"\+?[\d\s().-]{7,}")
_KNOWN = frozenset((*CONTACT_FIELDS, *LEAD_FIELDS, *CONSENT_FIELDS, *DEBT_FIELDS, "phone_code"))


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """Where a number stands, what to call it, and where its row may give it a name of its own."""

    label: str
    place: int
    label_place: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Each field by its column's place in a row. `names` are the columns as a rejects file repeats them."""

    names: tuple[str, ...]
    phones: tuple[PhoneColumn, ...]
    contact: tuple[tuple[str, int], ...]
    fields: Mapping[str, int]
    custom: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...] = ()

    @property
    def has_debts(self) -> bool:
        """Whether the rows tell of debts."""
        return "debt_reference" in self.fields

    @property
    def has_consents(self) -> bool:
        """Whether the rows tell of consents."""
        return "consent" in self.fields


def vicidial_layout() -> Layout:
    """The layout of a file in VICIdial's standard order."""
    return _layout(VICIDIAL_ORDER, {}, ())


def header_layout(header: Sequence[str], mapping: Mapping[str, str]) -> Layout:
    """The layout that a header and `mapping` (field to column) give. Raises ImportFileError naming what is missing.

    A column without a name is called by its place; one whose name is taken is kept as a custom field of its own.
    """
    names, warnings = _unique(header)
    return _layout(names, mapping, warnings)


def _unique(header: Sequence[str]) -> tuple[list[str], list[str]]:
    names: list[str] = []
    warnings: list[str] = []
    taken: dict[str, int] = {}
    for place, cell in enumerate(header, start=1):
        name = cell or f"column {place}"
        key = field_of(name)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] > 1:
            name = _second(key, name, taken[key], header)
            warnings.append(f"line 1 names the column {cell!r} more than once; column {place} is read as {name!r}")
        names.append(name)
    return names, warnings


def _second(key: str, name: str, count: int, header: Sequence[str]) -> str:
    """A further column of numbers holds further numbers."""
    others = {field_of(cell) for cell in header}
    if key == "phone" and f"phone{count}" not in others:
        return f"phone{count}"
    return f"{name} ({count})"


def _layout(names: Sequence[str], mapping: Mapping[str, str], warnings: Sequence[str]) -> Layout:
    places = {column.casefold(): place for place, column in reversed(list(enumerate(names)))}
    fields = _mapped(mapping, places, names)
    taken = set(fields.values())
    for column, place in places.items():
        name = field_of(column)
        if place not in taken and name not in fields and _is_known(name):
            fields[name] = place
            taken.add(place)
    if not any(_PHONE_FIELD.fullmatch(name) for name in fields):
        raise ImportFileError(f"no phone column; {_what_line_1_has(names)}")
    results = [column for place, column in enumerate(names) if column in RESULT_COLUMNS and place not in taken]
    if results:
        warnings = [*warnings, f"left out the outcomes of an earlier export: {', '.join(results)}"]
    others = [(column, place) for place, column in enumerate(names) if place not in taken and column not in results]
    named = [(name, place) for name, place in fields.items() if not _is_known(name)]
    return Layout(
        tuple(names),
        _phones(fields),
        tuple((name, fields[name]) for name in CONTACT_FIELDS if name in fields),
        {name: place for name, place in fields.items() if name in _KNOWN and name not in CONTACT_FIELDS},
        (*named, *others),
        tuple(warnings),
    )


def _mapped(mapping: Mapping[str, str], places: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for name, column in mapping.items():
        place = places.get(column.strip().casefold())
        if place is None:
            raise ImportFileError(f"no column {column!r} for {name}; {_what_line_1_has(names)}")
        fields[field_of(name)] = place
    return fields


def _phones(fields: Mapping[str, int]) -> tuple[PhoneColumn, ...]:
    """`phone` first, the others in the order of their columns."""
    columns = [
        PhoneColumn(name.removeprefix("phone:"), place, fields.get(f"{name}_label"))
        for name, place in fields.items()
        if _PHONE_FIELD.fullmatch(name)
    ]
    return tuple(sorted(columns, key=lambda each: (each.label != "phone", each.place)))


def _what_line_1_has(names: Sequence[str]) -> str:
    """The columns; and a hint when they look like a lead's data."""
    columns = f"the file has: {', '.join(names)}"
    if looks_like_vicidial(names):
        return f"{columns}. Line 1 looks like a lead in VICIdial's standard order: say --format vicidial"
    if any(_NUMBER.fullmatch(cell) for cell in names):
        return (
            f"{columns}. Line 1 looks like a lead: put a line that names the columns above it, such as phone,first_name"
        )
    return f"{columns}. Say which one it is with --map, as in --map phone=COLUMN"


def looks_like_vicidial(cells: Sequence[str]) -> bool:
    """Whether a row can be a lead in VICIdial's order: a country code and a number in the fourth and fifth cell."""
    if len(cells) < len(VICIDIAL_ORDER) - 8:
        return False
    code, number = cells[3].strip(), re.sub(r"[\s().-]", "", cells[4])
    return re.fullmatch(r"\+?\d{0,3}", code) is not None and re.fullmatch(r"\+?\d{6,15}", number) is not None


def _is_known(name: str) -> bool:
    return name in _KNOWN or _PHONE_FIELD.fullmatch(name) is not None or _LABEL_FIELD.fullmatch(name) is not None


def field_of(column: str) -> str:
    """The name of a field as we spell it, whatever the case, blanks and dashes of the column's."""
    name = re.sub(r"[\s-]+", "_", column.strip().casefold())
    return _ALIASES.get(name, name)
