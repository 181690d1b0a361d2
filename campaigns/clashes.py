"""Numbers that somebody else's lead keeps busy: one person may be in several lists and campaigns of a site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from campaigns.database import Database

# A person who was abandoned is left alone by all other leads for as long as the default rule leaves the lead itself.
ABANDONED_REST_S = 24 * 3600.0

# Nobody knows when the other call will be over: look again after this time.
OPEN_WAIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a lead's number may not be dialed now: `reason` is a stable word; try again at `until_s` (since 1970)."""

    reason: str
    detail: str
    until_s: float


def clashes(database: Database, numbers: Mapping[int, str], at_s: float) -> dict[int, Clash]:
    """By lead, what stands against its number (E.164) at `at_s`; leads without a clash are left out.

    "already_open": an attempt on the number, or to the person, is open for another lead, in whatever campaign.
    "recently_abandoned": a call of another lead to the number was abandoned in the last 24 hours. A lead's own attempts
    are its retry rule's matter.
    """
    phones = sorted(set(numbers.values()))
    found: dict[str, list[tuple[int, Clash]]] = {}
    for phone, lead_id, attempt_id, closed_at in database.rows_in(
        "SELECT phone, lead_id, id, closed_at FROM attempts"
        " WHERE outcome = 'abandoned' AND closed_at > ? AND phone IN (:values)",
        phones,
        (at_s - ABANDONED_REST_S,),
    ):
        detail = f"attempt {attempt_id} of lead {lead_id} abandoned the person at {phone} less than 24 h ago"
        clash = Clash("recently_abandoned", detail, closed_at + ABANDONED_REST_S)
        found.setdefault(phone, []).append((lead_id, clash))
    calls = _open_calls(database)
    asked = set(phones)
    for call in calls:
        if call.phone in asked:
            detail = f"attempt {call.attempt_id} of lead {call.lead_id} is calling {call.phone}"
            clash = Clash("already_open", detail, at_s + OPEN_WAIT_S)
            found.setdefault(call.phone, []).append((call.lead_id, clash))
    persons = _persons_in_a_call(database, calls, list(numbers), at_s)
    against = {lead_id: (*found.get(phone, ()), *persons.get(lead_id, ())) for lead_id, phone in numbers.items()}
    return {
        lead_id: max(others, key=lambda clash: clash.until_s)
        for lead_id, clashing in against.items()
        if (others := [clash for holder, clash in clashing if holder != lead_id])
    }


class _OpenCall(NamedTuple):
    attempt_id: int
    lead_id: int
    phone: str
    person: str


def _open_calls(database: Database) -> list[_OpenCall]:
    """All that are open: no more than there are lines, so they are not looked for one by one."""
    rows = database.rows(
        "SELECT a.id, a.lead_id, a.phone, l.person FROM attempts a JOIN leads l ON l.id = a.lead_id"
        " WHERE a.closed_at IS NULL"
    )
    return [_OpenCall._make(row) for row in rows]


def _persons_in_a_call(
    database: Database, calls: Sequence[_OpenCall], lead_ids: list[int], at_s: float
) -> dict[int, list[tuple[int, Clash]]]:
    """By lead, the calls to its person that are open on whatever number for another of the person's leads."""
    of_person: dict[str, list[tuple[int, Clash]]] = {}
    for call in calls:
        if call.person:
            detail = f"attempt {call.attempt_id} of lead {call.lead_id} is calling the person at {call.phone}"
            clash = Clash("already_open", detail, at_s + OPEN_WAIT_S)
            of_person.setdefault(call.person, []).append((call.lead_id, clash))
    if not of_person:
        return {}
    rows = database.rows_in("SELECT id, person FROM leads WHERE person <> '' AND id IN (:values)", lead_ids)
    return {lead_id: of_person[person] for lead_id, person in rows if person in of_person}
