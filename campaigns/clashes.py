"""Numbers that somebody else's lead keeps busy: one person may be in several lists and campaigns of a site."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    for phone, lead_id, attempt_id in database.rows_in(
        "SELECT phone, lead_id, id FROM attempts WHERE closed_at IS NULL AND phone IN (:values)", phones
    ):
        detail = f"attempt {attempt_id} of lead {lead_id} is calling {phone}"
        found.setdefault(phone, []).append((lead_id, Clash("already_open", detail, at_s + OPEN_WAIT_S)))
    persons = _persons_in_a_call(database, list(numbers), at_s)
    against = {lead_id: (*found.get(phone, ()), *persons.get(lead_id, ())) for lead_id, phone in numbers.items()}
    return {
        lead_id: max(others, key=lambda clash: clash.until_s)
        for lead_id, clashing in against.items()
        if (others := [clash for holder, clash in clashing if holder != lead_id])
    }


def _persons_in_a_call(database: Database, lead_ids: list[int], at_s: float) -> dict[int, list[tuple[int, Clash]]]:
    """By lead, the calls to its person that are open on whatever number for another of the person's leads."""
    calls: dict[str, list[tuple[int, Clash]]] = {}
    for person, lead_id, attempt_id, phone in database.rows(
        "SELECT l.person, a.lead_id, a.id, a.phone FROM attempts a JOIN leads l ON l.id = a.lead_id"
        " WHERE a.closed_at IS NULL AND l.person <> ''"
    ):
        detail = f"attempt {attempt_id} of lead {lead_id} is calling the person at {phone}"
        calls.setdefault(person, []).append((lead_id, Clash("already_open", detail, at_s + OPEN_WAIT_S)))
    if not calls:
        return {}
    rows = database.rows_in("SELECT id, person FROM leads WHERE person <> '' AND id IN (:values)", lead_ids)
    return {lead_id: calls[person] for lead_id, person in rows if person in calls}
