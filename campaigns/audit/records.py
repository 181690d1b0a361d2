"""Where the store keeps what about a person: the columns that an erasure blanks, by group of records."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.audit.duties import Duty
from campaigns.audit.kinds import Record
from campaigns.database import Database, StoreError
from campaigns.instants import datetime_of
from campaigns.rules.model import Purpose

_IDENTITY = (
    *("person", "title", "first_name", "last_name", "email", "address1", "city", "state", "postal_code", "country"),
    *("timezone", "stated_timezone", "vendor_lead_code"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of one table that hold a person's data, and the SQL of what they become.

    `at` is the instant of a row, '' for rows that have none of their own. `of_lead` chooses the rows of one lead.
    """

    table: str
    record: Record
    blank: Mapping[str, str]
    at: str = ""
    of_lead: str = "lead_id = ?"


PARTS = (
    Part("leads", Record.IDENTITY, dict.fromkeys(_IDENTITY, "''"), of_lead="id = ?"),
    Part("leads", Record.NOTES, {"comments": "''", "custom": "'{}'"}, of_lead="id = ?"),
    Part("lead_phones", Record.NUMBERS, {"e164": "''", "label": "''", "uncallable": "1"}),
    Part("attempts", Record.CALLS, {"phone": "''", "detail": "''", "ref": "''"}, "started_at"),
    Part("texts", Record.CALLS, {"phone": "''", "text": "''", "because": "''"}, "asked_at"),
    Part(
        *("text_parts", Record.CALLS, {"sim": "''"}, "sent_at"),
        of_lead="text_id IN (SELECT id FROM texts WHERE lead_id = ?)",
    ),
    Part("past_calls", Record.CALLS, {"phone": "''"}, "at"),
    Part("consents", Record.CONSENTS, {"phone": "''", "evidence": "''"}, "obtained_at"),
    Part("callbacks", Record.NOTES, {"comments": "''"}, "made_at"),
    Part("answers", Record.SALES, {"value": "''"}, "at"),
    Part("sales", Record.SALES, {"note": "''"}, "sold_at"),
    Part("holds", Record.NOTES, {"source": "''", "lifted_because": "''"}, "placed_at"),
    Part("debts", Record.DEBTS, {"reference": "'erased-' || id"}, "updated_at"),
    Part(
        *("payments", Record.DEBTS, {"reference": "'erased-' || id"}, "imported_at"),
        of_lead="debt_id IN (SELECT id FROM debts WHERE lead_id = ?)",
    ),
)

_ACTIVITY = (
    ("attempts", "COALESCE(ended_at, started_at)", "lead_id = ?"),
    ("texts", "asked_at", "lead_id = ?"),
    ("past_calls", "at", "lead_id = ?"),
    ("consents", "obtained_at", "lead_id = ?"),
    ("answers", "at", "lead_id = ?"),
    ("sales", "sold_at", "lead_id = ?"),
    ("promises", "made_at", "lead_id = ?"),
    ("debts", "updated_at", "lead_id = ?"),
    ("payments", "imported_at", "debt_id IN (SELECT id FROM debts WHERE lead_id = ?)"),
)


class UnknownPerson(StoreError):
    """Nothing in the store is about the person who was asked for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person: their leads and numbers. `shared` are leads of others that have one of the numbers too."""

    leads: tuple[int, ...]
    numbers: tuple[str, ...]
    shared: Mapping[int, str]

    @property
    def own_numbers(self) -> tuple[str, ...]:
        """The numbers that no other lead has."""
        return tuple(number for number in self.numbers if number not in self.shared.values())


def find(database: Database, leads: Sequence[int] = (), numbers: Sequence[str] = ()) -> Subject:
    """The person whom these leads and E.164 numbers name.

    All leads that have one of the numbers are theirs, and all that have the same `person` as one of these. Raises
    UnknownPerson when a lead does not exist or nothing is found.
    """
    ids = {row_id for (row_id,) in database.rows_in("SELECT id FROM leads WHERE id IN (:values)", leads)}
    missing = sorted(set(leads) - ids)
    if missing:
        raise UnknownPerson(f"there is no lead {missing[0]}")
    ids |= _leads_with(database, numbers).keys()
    for (person,) in database.rows_in("SELECT DISTINCT person FROM leads WHERE id IN (:values)", sorted(ids)):
        if person:
            ids |= {row_id for (row_id,) in database.rows("SELECT id FROM leads WHERE person = ?", (person,))}
    if not ids:
        raise UnknownPerson(f"no lead has the number {', '.join(numbers)}" if numbers else "no lead or number given")
    rows = database.rows_in("SELECT e164 FROM lead_phones WHERE lead_id IN (:values)", sorted(ids))
    found = sorted({number for (number,) in rows if number} | set(numbers))
    shared = {lead: number for lead, number in _leads_with(database, found).items() if lead not in ids}
    return Subject(tuple(sorted(ids)), tuple(found), shared)


def _leads_with(database: Database, numbers: Sequence[str]) -> dict[int, str]:
    return dict(database.rows_in("SELECT lead_id, e164 FROM lead_phones WHERE e164 IN (:values)", numbers))


def last_activity(database: Database, lead_id: int) -> datetime | None:
    """The newest instant of anything that happened with a lead; None when nothing did."""
    newest = [
        database.value(f"SELECT MAX({at}) FROM {table} WHERE {of_lead}", (lead_id,))  # noqa: S608 - constants
        for table, at, of_lead in _ACTIVITY
    ]
    return datetime_of(max((at for at in newest if at is not None), default=None))


def regions_of(database: Database, lead_id: int) -> frozenset[str]:
    """All ISO 3166 regions where the lead's person may be; empty when unknown."""
    keys = database.rows(
        "SELECT key FROM profiles WHERE id IN (SELECT profile_id FROM lead_phones WHERE lead_id = ?)", (lead_id,)
    )
    stated = database.value("SELECT stated_region FROM leads WHERE id = ?", (lead_id,))
    return frozenset(region for (key,) in keys for region in key.split("|")[1].split()) | frozenset(
        (stated or "").split()
    )


def purpose_of(database: Database, lead_id: int) -> str:
    """Why the lead's campaign calls."""
    row = database.one(
        "SELECT c.kind, c.settings FROM campaigns c JOIN leads l ON l.campaign_id = c.id WHERE l.id = ?", (lead_id,)
    )
    assert row is not None
    return _purpose(*row)


def _purpose(kind: str, settings: str) -> str:
    """As set, else what the campaign's kind means."""
    return str(json.loads(settings).get("purpose") or (Purpose.COLLECTIONS if kind == "collections" else Purpose.SALES))


def duties_in_use(database: Database, duties: Sequence[Duty]) -> list[Duty]:
    """The duties on anybody whom the site has or had as a lead: by the campaigns' purposes and the numbers' regions."""
    purposes = {_purpose(*row) for row in database.rows("SELECT kind, settings FROM campaigns")}
    regions = [key.split("|")[1].split() for (key,) in database.rows("SELECT key FROM profiles")]
    return [duty for duty in duties if any(duty.binds(places, purpose) for places in regions for purpose in purposes)]


def open_call(database: Database, leads: Sequence[int]) -> int | None:
    """A lead of these that is being called now; None when none is."""
    rows = database.rows_in("SELECT lead_id FROM attempts WHERE closed_at IS NULL AND lead_id IN (:values)", leads)
    return rows[0][0] if rows else None
