"""Leads as the database has them: their numbers, their zone sets, and the candidates made of them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from campaigns.database import Database, Row, UnknownName
from campaigns.instants import iso_of, seconds_of
from campaigns.labels import place_of
from campaigns.model import CampaignSettings, Candidate, Phone
from campaigns.ordering import KEY_SPAN
from campaigns.profiles import Profiles

# A lead of priority NEW waits for its turn in the order of its list, `next_at` being its order key; one of priority
# RETRY waits for its time.
NEW, RETRY = 1, 0

_FIELDS = (
    "title, first_name, last_name, email, address1, city, state, postal_code, country, timezone, vendor_lead_code,"
    " comments"
)
CONTACT_FIELDS = tuple(name.strip() for name in _FIELDS.split(","))


class UnknownLead(UnknownName):
    """The campaign has no such lead."""


class LeadRow(NamedTuple):
    """What decides about dialing a lead. `phones` has all its numbers, `usable` those that may be dialed."""

    lead_id: int
    campaign_id: int
    status: str
    attempts: int
    next_phone_id: int
    next_at: int | None
    list_id: int
    profile_id: int
    priority: int
    held_by: str
    phones: tuple[Phone, ...]
    dnc: frozenset[int]
    uncallable: frozenset[int]

    @property
    def usable(self) -> tuple[Phone, ...]:
        barred = self.dnc | self.uncallable
        return tuple(phone for phone in self.phones if phone.phone_id not in barred)

    def candidate(self, first_phone_id: int) -> Candidate | None:
        """The lead with its usable numbers in turn from `first_phone_id`; None when no number is usable.

        When the first may not be dialed, the next in turn that has a known zone takes its place.
        """
        phones = in_turn(self.phones, first_phone_id)
        if self.dnc or self.uncallable:
            barred = self.dnc | self.uncallable
            phones = tuple(phone for phone in phones if phone.phone_id not in barred)
        if not phones:
            return None
        if phones[0].phone_id != first_phone_id:
            first = next((phone for phone in phones if phone.zones), phones[0])
            phones = in_turn(phones, first.phone_id)
        return Candidate._make((self.lead_id, phones, self.attempts, self.status, "", None))

    @property
    def must_move(self) -> bool:
        """Whether the number whose turn it is may not be dialed."""
        if self.next_phone_id in self.dnc or self.next_phone_id in self.uncallable:
            return True
        return all(phone.phone_id != self.next_phone_id for phone in self.phones)


def in_turn(phones: tuple[Phone, ...], first_phone_id: int) -> tuple[Phone, ...]:
    """The numbers from `first_phone_id` on, then round to the one before it."""
    if not phones or phones[0].phone_id == first_phone_id:
        return phones
    at = next((index for index, phone in enumerate(phones) if phone.phone_id == first_phone_id), 0)
    return (*phones[at:], *phones[:at])


_LEADS = """
SELECT
    l.id, p.id, p.e164, p.profile_id, p.attempts, p.label, p.uncallable, d.list_id, d.expires_at,
    l.campaign_id, l.status, l.attempts, l.next_phone_id, l.next_at, l.list_id, l.profile_id, l.priority, l.held_by
FROM leads l LEFT JOIN lead_phones p ON p.lead_id = l.id LEFT JOIN dnc d ON d.e164 = p.e164
WHERE:waiting l.id IN (:values) ORDER BY l.id, p.position
"""


def load(
    database: Database,
    profiles: Profiles,
    lead_ids: Sequence[int],
    now: float | None = None,
    *,
    due_only: bool = False,
) -> list[LeadRow]:
    """The leads in the order of `lead_ids`; ids that do not exist are left out.

    A number is barred by an entry of the site's or the campaign's DNC list that holds at `now` (seconds since 1970);
    without `now` entries hold until they are swept. With `due_only`, leads that do not wait or whose time is later than
    `now` are left out.
    """
    waiting, waits = ("", ()) if not due_only or now is None else (" l.next_at <= ? AND", (now,))
    rows = database.rows_in(_LEADS.replace(":waiting", waiting), lead_ids, waits)
    leads: dict[int, tuple[Row, list[Phone]]] = {}
    entries: list[tuple[int, int, int]] = []
    uncallable: set[int] = set()
    before = None
    for row in rows:
        lead_id, phone_id, e164, profile_id, attempts, label, is_uncallable, list_id, expires_at = row[:9]
        known = leads.get(lead_id)
        if known is None:
            known = leads[lead_id] = (row[9:], [])
        if phone_id != before and phone_id is not None:
            before, profile = phone_id, profiles.get(profile_id)
            known[1].append(Phone._make((phone_id, e164, profile.zones, attempts, profile.regions, place_of(label))))
        if is_uncallable:
            uncallable.add(phone_id)
        if list_id is not None and (now is None or expires_at is None or expires_at > now):
            entries.append((lead_id, phone_id, list_id))
    dnc = _barred(database, entries, {lead_id: row[0] for lead_id, (row, _) in leads.items()}) if entries else set()
    return [
        LeadRow._make((lead_id, *found[0], tuple(found[1]), *_standing(found[1], dnc, uncallable)))
        for lead_id in lead_ids
        if (found := leads.get(lead_id)) is not None
    ]


def _barred(database: Database, entries: list[tuple[int, int, int]], campaigns: dict[int, int]) -> set[int]:
    """The numbers of entries (lead, number, list) that are on the list of the site or of the lead's campaign."""
    owners: dict[int, int | None] = dict(
        database.rows("SELECT id, campaign_id FROM dnc_lists WHERE scope <> 'registry'")
    )
    return {phone_id for lead_id, phone_id, list_id in entries if owners[list_id] in (None, campaigns[lead_id])}


_FREE: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())


def _standing(phones: list[Phone], dnc: set[int], uncallable: set[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Those of a lead's numbers that are on a DNC list, and those that are uncallable."""
    if not dnc and not uncallable:
        return _FREE
    ids = frozenset(phone.phone_id for phone in phones)
    return ids & dnc, ids & uncallable


def move_on(database: Database, row: LeadRow) -> None:
    """Give a waiting lead the next number that may be dialed; end it as DNCL or ADC when there is none."""
    candidate = row.candidate(row.next_phone_id)
    if candidate is None:
        status = "DNCL" if row.dnc else "ADC"
        database.execute(
            "UPDATE leads SET status = ?, next_at = NULL WHERE id = ? AND next_at IS NOT NULL", (status, row.lead_id)
        )
        return
    phone_id = candidate.phone.phone_id
    database.execute(
        "UPDATE leads SET next_phone_id = ?, profile_id = (SELECT profile_id FROM lead_phones WHERE id = ?)"
        " WHERE id = ? AND next_at IS NOT NULL",
        (phone_id, phone_id, row.lead_id),
    )


_STIRS = "hopper_stirs"


def stir(database: Database) -> None:
    """Let every hopper, in all processes, look at the waiting leads anew.

    Call it in the transaction that gives some of them an earlier turn, another list or another number. New leads, and
    leads that get a time which is not past yet, are noticed without it.
    """
    changed = database.execute(
        "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = ?", (_STIRS,)
    )
    if not changed:
        database.execute("INSERT INTO meta (name, value) VALUES (?, '1')", (_STIRS,))


def wake(database: Database, lead_ids: Sequence[int], at: datetime) -> int:
    """Let leads that a rule put off be looked at anew, as what held them may be over; how many."""
    now = int(seconds_of(at))
    woken = 0
    for (lead_id,) in database.rows_in(
        "SELECT id FROM leads WHERE held_by <> '' AND priority >= 0 AND next_at > ? AND id IN (:values)",
        list(lead_ids),
        (now,),
    ):
        woken += database.execute("UPDATE leads SET next_at = ?, held_by = '' WHERE id = ?", (now, lead_id))
    if woken:
        stir(database)
    return woken


def stirs(database: Database) -> int:
    """How many times the hoppers have been stirred."""
    return int(database.value("SELECT value FROM meta WHERE name = ?", (_STIRS,)) or 0)


def turn_from_barred(database: Database, profiles: Profiles, numbers: Sequence[str], now: float | None = None) -> None:
    """Move on all waiting leads whose turn is on one of these numbers, which are on a DNC list now."""
    moved = False
    holders = database.rows_in("SELECT lead_id FROM lead_phones WHERE e164 IN (:values)", numbers)
    for row in load(database, profiles, sorted({lead_id for (lead_id,) in holders}), now):
        if row.next_at is not None and row.must_move:
            move_on(database, row)
            moved = True
    if moved:
        stir(database)


def reopen_barred(database: Database, profiles: Profiles, e164: str) -> None:
    """Let leads with this number, now off the DNC list, that ended as DNCL wait for their next call again.

    Their last attempt had decided their status and next time; a lead without one is new.
    """
    holders = database.rows(
        "SELECT DISTINCT l.id FROM lead_phones p JOIN leads l ON l.id = p.lead_id"
        " WHERE p.e164 = ? AND l.status = 'DNCL' AND l.next_at IS NULL",
        (e164,),
    )
    for row in load(database, profiles, sorted(lead_id for (lead_id,) in holders)):
        status, next_at, priority = database.one(
            f"SELECT status, retry_at, {RETRY} FROM attempts WHERE lead_id = ? ORDER BY id DESC LIMIT 1",  # noqa: S608
            (row.lead_id,),
        ) or ("NEW", 0, NEW)
        database.execute(
            "UPDATE leads SET status = ?, next_at = ?, priority = ? WHERE id = ?",
            (status, next_at, priority, row.lead_id),
        )
        move_on(database, row)
    if holders:
        stir(database)


def listing(
    database: Database, profiles: Profiles, campaign: CampaignSettings, limit: int | None, offset: int
) -> list[dict[str, Any]]:
    """Leads in the order of their import."""
    ids = database.rows(
        "SELECT id FROM leads WHERE campaign_id = ? ORDER BY id LIMIT ? OFFSET ?",
        (campaign.campaign_id, 2**62 if limit is None else limit, offset),
    )
    return details(database, profiles, campaign, [lead_id for (lead_id,) in ids])


def details(
    database: Database, profiles: Profiles, campaign: CampaignSettings, lead_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """All that is known of the campaign's leads, in the order of `lead_ids`; others are left out.

    `open` says whether a lead may be dialed some time; `next_at` is when its retry is due, None for a new lead.
    """
    contacts = {
        row[0]: row[1:]
        for row in database.rows_in(
            f"SELECT id, last_attempt_at, custom, {_FIELDS} FROM leads WHERE campaign_id = ? AND id IN (:values)",  # noqa: S608
            lead_ids,
            (campaign.campaign_id,),
        )
    }
    rows = load(database, profiles, [lead_id for lead_id in lead_ids if lead_id in contacts])
    return [_detail(row, contacts[row.lead_id]) for row in rows]


def _detail(row: LeadRow, contact: Row) -> dict[str, Any]:
    last_attempt_at, custom, *fields = contact
    turn = next((phone.e164 for phone in row.phones if phone.phone_id == row.next_phone_id), None)
    return {
        "id": row.lead_id,
        "lead_id": row.lead_id,
        "phone": turn,
        "status": row.status,
        "attempts": row.attempts,
        "open": row.next_at is not None,
        "next_at": iso_of(None if row.next_at is None or row.next_at < KEY_SPAN else row.next_at),
        "last_attempt_at": iso_of(last_attempt_at),
        "phones": [
            {
                "phone_id": phone.phone_id,
                "e164": phone.e164,
                "zones": list(phone.zones),
                "attempts": phone.attempts,
                "next": phone.phone_id == row.next_phone_id,
                "dnc": phone.phone_id in row.dnc,
                "uncallable": phone.phone_id in row.uncallable,
            }
            for phone in row.phones
        ],
        **dict(zip(CONTACT_FIELDS, fields, strict=True)),
        "custom": json.loads(custom),
    }
