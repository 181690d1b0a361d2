"""Leads of the same person: the client's key in `leads.person` says who is who; a lead without one stands alone."""

from collections.abc import Mapping, Sequence

from campaigns.database import Database

_OTHERS = (
    "SELECT l.id, o.id FROM leads l JOIN leads o ON o.person = l.person"
    " WHERE l.person <> '' AND o.person <> '' AND l.id IN (:values)"
)
_OTHERS_OF_CAMPAIGN = _OTHERS.replace(" WHERE", " AND o.campaign_id = l.campaign_id WHERE")


def same_person(database: Database, lead_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """By lead, the leads of the same person anywhere in the site, itself among them."""
    return _grouped(database, _OTHERS, lead_ids)


def same_person_in_campaign(database: Database, lead_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """By lead, the leads of the same person in its campaign, itself among them."""
    return _grouped(database, _OTHERS_OF_CAMPAIGN, lead_ids)


def _grouped(database: Database, sql: str, lead_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    groups: dict[int, tuple[int, ...]] = {lead_id: (lead_id,) for lead_id in lead_ids}
    if database.one("SELECT 1 FROM leads WHERE person <> '' LIMIT 1") is None:
        return groups
    found: dict[int, list[int]] = {}
    for lead_id, other in database.rows_in(sql, list(groups)):
        found.setdefault(lead_id, []).append(other)
    for lead_id, group in found.items():
        groups[lead_id] = tuple(sorted(group))
    return groups


def everyone(groups: Mapping[int, tuple[int, ...]]) -> list[int]:
    """All leads of some groups, each once."""
    return sorted(set().union(*groups.values()))
