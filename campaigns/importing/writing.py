"""Writing leads: their rows, numbers, consents and debts, with as few statements as there are tables."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.debts import DebtFacts, DebtRow, Debts, facts_of
from campaigns.collections.holds import Holds
from campaigns.consents import Consents, Evidence, Given
from campaigns.database import Database, StoreError
from campaigns.importing.admission import Addition, Admitted
from campaigns.importing.layout import Layout
from campaigns.importing.parsing import Lead, Number
from campaigns.instants import datetime_of, seconds_of
from campaigns.leads import NEW
from campaigns.model import Basis, Profile, Purpose
from campaigns.ordering import order_key
from campaigns.profiles import Profiles

_OPTIONAL = ("person", "rank", "owner", "stated_timezone", "stated_region")
_INSERT_PHONE = (
    "INSERT INTO lead_phones (attempts, uncallable, id, lead_id, position, label, e164, profile_id)"
    " VALUES (0, 0, ?, ?, ?, ?, ?, ?)"
)
Rows = list[tuple[object, ...]]


class Extras:
    """Numbers, consents and debts that belong to leads: gathered, then written together."""

    def __init__(
        self, database: Database, profiles: Profiles, campaign_id: int, at: datetime, trail: Trail = NO_TRAIL
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._trail = trail
        self._campaign_id = campaign_id
        self._at = at
        self._ids: dict[Profile, int] = {}
        self._consents: list[tuple[int, str | None, Given]] = []
        self._debts: list[DebtRow] = []

    def profile_id(self, profile: Profile) -> int:
        """The row of a profile, made when it is new."""
        known = self._ids.get(profile)
        if known is None:
            known = self._ids[profile] = self._profiles.id_of(profile)
        return known

    def take(self, lead_id: int, row: Lead) -> None:
        """Note the consent and the debt of a row."""
        if row.consent is not None:
            numbers = [row.consent_phone] if row.consent_phone else [number.e164 for number in row.numbers]
            self._consents += [(lead_id, e164, row.consent) for e164 in numbers]
        if row.debt is not None:
            self._debts.append(DebtRow(self._campaign_id, lead_id, row.debt))

    def add_numbers(self, lead_id: int, numbers: Sequence[Number]) -> None:
        """Further numbers for a lead that is there, behind those that it has."""
        position = int(
            self._database.value("SELECT COALESCE(MAX(position), -1) FROM lead_phones WHERE lead_id = ?", (lead_id,))
        )
        first = next_id(self._database, "lead_phones")
        self._database.many(
            _INSERT_PHONE,
            [
                (first + n, lead_id, position + 1 + n, each.label, each.e164, self.profile_id(each.profile))
                for n, each in enumerate(numbers)
            ],
        )

    def write(self) -> None:
        """Write what was noted. Raises StoreError when a debt cannot be another person's as well."""
        if self._consents:
            Consents(self._database, self._profiles, self._trail).add_many(self._consents, self._at)
            self._consents = []
        if self._debts:
            written = Debts(self._database, Holds(self._database)).write_many(self._debts, self._at)
            self._debts = []
            if written.refused:
                raise StoreError("; ".join(written.refused.values()))


class Writer:
    """New leads of one list, in the order of their file; call it inside a transaction."""

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        campaign_id: int,
        layout: Layout,
        ordering: str,
        position: int,
        at: datetime,
        trail: Trail,
    ) -> None:
        self.extras = Extras(database, profiles, campaign_id, at, trail)
        self._database = database
        self._campaign_id = campaign_id
        self._ordering = ordering
        self._position = position
        self._optional = tuple(name for name in _OPTIONAL if name in layout.fields)
        self._insert = _insert_lead([name for name, _ in layout.contact], self._optional)
        self._carries_more = layout.has_debts or layout.has_consents

    def write(self, list_id: int, admitted: Admitted) -> None:
        """Add the chunk's new leads to a list."""
        lead_id = next_id(self._database, "leads") - 1
        phone_id = next_id(self._database, "lead_phones") - 1
        leads: Rows = []
        phones: Rows = []
        profile_id = self.extras.profile_id
        for lead in admitted.leads:
            lead_id += 1
            turn = _first_turn(lead.numbers, admitted.barred)
            first = lead.numbers[turn]
            key = order_key(self._position, lead.rank, first.e164, self._ordering)
            self._position += 1
            leads.append(
                (
                    *(lead_id, NEW, self._campaign_id, list_id, phone_id + 1 + turn, profile_id(first.profile), key),
                    *(lead.custom, *lead.contact, *(getattr(lead, name) for name in self._optional)),
                )
            )
            for place, number in enumerate(lead.numbers):
                phone_id += 1
                phones.append((phone_id, lead_id, place, number.label, number.e164, profile_id(number.profile)))
            if self._carries_more:
                for row in (lead, *admitted.more.get(lead.line, ())):
                    self.extras.take(lead_id, row)
        self._database.many(self._insert, leads)
        self._database.many(_INSERT_PHONE, phones)
        self.extras.write()


def _insert_lead(contact: Sequence[str], optional: Sequence[str]) -> str:
    names = (*contact, *optional)
    sql = (
        "INSERT INTO leads (status, attempts, id, priority, campaign_id, list_id, next_phone_id, profile_id, next_at,"
        " custom:fields) VALUES ('NEW', 0, ?, ?, ?, ?, ?, ?, ?, ?:values)"
    )
    fields = "".join(f", {name}" for name in names)
    return sql.replace(":fields", fields).replace(":values", ", ?" * len(names))


def _first_turn(numbers: Sequence[Number], barred: Collection[str]) -> int:
    """The place of the first number that may be dialed, by preference one whose zone is known."""
    if numbers[0].profile.zones and not barred:
        return 0
    free = [place for place, number in enumerate(numbers) if number.e164 not in barred]
    return next((place for place in free if numbers[place].profile.zones), free[0])


def next_id(database: Database, table: str) -> int:
    """The first free id of a table."""
    return 1 + int(database.value(f"SELECT COALESCE(MAX(id), 0) FROM {table}"))  # noqa: S608


def add_all(extras: Extras, additions: Sequence[Addition]) -> None:
    """Write what rows add to leads that are there; call it inside a transaction."""
    for addition in additions:
        if addition.numbers:
            extras.add_numbers(addition.lead_id, addition.numbers)
        extras.take(addition.lead_id, addition.row)
    extras.write()


def to_json(additions: Sequence[Addition]) -> str:
    """Additions as text that `from_json` reads."""
    return json.dumps([_document(each) for each in additions], ensure_ascii=False)


def _document(addition: Addition) -> dict[str, Any]:
    row = addition.row
    return {
        "lead_id": addition.lead_id,
        "line": row.line,
        "numbers": [_number(each) for each in row.numbers],
        "new": [_number(each) for each in addition.numbers],
        "consent": None if row.consent is None else _consent(row.consent),
        "consent_phone": row.consent_phone,
        "debt": None if row.debt is None else _debt(row.debt),
    }


def _number(number: Number) -> list[Any]:
    profile = number.profile
    return [number.label, number.e164, [list(profile.zones), list(profile.regions), profile.basis]]


def _consent(given: Given) -> list[Any]:
    times = (None if at is None else seconds_of(at) for at in (given.obtained_at, given.expires_at))
    return [given.basis.value, None if given.purpose is None else given.purpose.value, *times, given.evidence.text]


def _debt(facts: DebtFacts) -> dict[str, str]:
    return {
        "reference": facts.reference,
        "creditor": facts.creditor,
        "principal": facts.principal.text,
        "balance": facts.balance.text,
        "currency": facts.balance.currency,
        "due_date": "" if facts.due_on is None else facts.due_on.isoformat(),
    }


def from_json(text: str) -> list[Addition]:
    """Additions as `to_json` wrote them."""
    return [_addition(document) for document in json.loads(text)]


def _addition(document: dict[str, Any]) -> Addition:
    row = Lead(document["line"], [], [_number_of(each) for each in document["numbers"]], (), "{}")
    if document["consent"] is not None:
        basis, purpose, obtained, expires, evidence = document["consent"]
        ground = Basis(basis), None if purpose is None else Purpose(purpose)
        row.consent = Given(*ground, datetime_of(obtained), datetime_of(expires), Evidence.of(evidence))
    row.consent_phone = document.get("consent_phone", "")
    if document["debt"] is not None:
        row.debt = facts_of(document["debt"])
    return Addition(document["lead_id"], row, [_number_of(each) for each in document["new"]])


def _number_of(values: list[Any]) -> Number:
    label, e164, (zones, regions, basis) = values
    return Number(label, e164, Profile(tuple(zones), tuple(regions), basis))
