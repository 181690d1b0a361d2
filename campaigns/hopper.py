"""The hopper's source: the next leads that may be called now, found by index range scans."""

import heapq
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.clashes import clashes
from campaigns.database import Database, Row
from campaigns.eligibility import is_open, next_open
from campaigns.instants import seconds_of
from campaigns.leads import NEW, RETRY, LeadRow, load, move_on
from campaigns.model import CallingWindow, CampaignSettings, Candidate
from campaigns.profiles import Profiles


@dataclass(frozen=True, slots=True)
class Refill:
    """Leads that may be called now; when there is none, `next_at` is when the next is due (None: none will be)."""

    leads: tuple[Candidate, ...]
    next_at: datetime | None


def refill(
    database: Database,
    profiles: Profiles,
    campaign: CampaignSettings,
    n: int,
    wall_now: datetime,
    exclude: Collection[int],
) -> Refill:
    """Up to `n` leads outside `exclude`: due retries first, then new leads in the order of their import.

    A lead whose turn falls on a number that is on a DNC list or invalid moves to its next number, or ends as DNCL or
    ADC when none is left. A lead whose number is another lead's matter at the moment is put off until that is over.
    Only these two write to the database.
    """
    now = math.floor(seconds_of(wall_now))
    profiles.refresh()
    open_sets = {row_id: p.zones for row_id, p in profiles.items() if is_open(p.zones, campaign.window, wall_now)}
    passed = set(exclude)
    found: list[Candidate] = []
    while len(found) < n:
        ids = _due(database, campaign.campaign_id, open_sets, now, n - len(found), passed)
        if not ids:
            break
        passed.update(ids)
        found.extend(_admitted(database, profiles, ids, set(open_sets.values()), now))
    if found or n <= 0:
        return Refill(tuple(found), None)
    return Refill((), _next_at(database, profiles, campaign, now, set(open_sets)))


def _due(
    database: Database, campaign_id: int, open_ids: Collection[int], now: int, n: int, passed: set[int]
) -> list[int]:
    """The first `n` due leads by priority, time and id, merged over the open zone sets."""
    limit = n + len(passed)
    due: list[int] = []
    lists = _lists(database, campaign_id)
    for priority in (RETRY, NEW):
        scans = [
            _scan(database, campaign_id, list_id, row_id, priority, now, limit)
            for list_id in lists
            for row_id in sorted(open_ids)
        ]
        for _, lead_id in heapq.merge(*scans):
            if lead_id not in passed:
                due.append(lead_id)
                if len(due) == n:
                    return due
    return due


def _lists(database: Database, campaign_id: int) -> list[int]:
    return [list_id for (list_id,) in database.rows("SELECT id FROM lists WHERE campaign_id = ?", (campaign_id,))]


def _scan(
    database: Database, campaign_id: int, list_id: int, profile_id: int, priority: int, now: int, limit: int
) -> Iterator[Row]:
    return database.lazy(
        "SELECT next_at, id FROM leads WHERE campaign_id = ? AND list_id = ? AND profile_id = ? AND priority = ?"
        " AND next_at <= ? ORDER BY next_at, id LIMIT ?",
        (campaign_id, list_id, profile_id, priority, now, limit),
    )


def _admitted(
    database: Database, profiles: Profiles, ids: list[int], open_zones: set[tuple[str, ...]], now: int
) -> list[Candidate]:
    """Those of the leads whose number in turn may be dialed; moves the others on or puts them off."""
    moved: list[LeadRow] = []
    offered: list[Candidate] = []
    for row in load(database, profiles, ids):
        candidate = row.candidate(row.next_phone_id)
        if candidate is None or candidate.phone.phone_id != row.next_phone_id:
            moved.append(row)
        if candidate is not None and candidate.phone.zones in open_zones:
            offered.append(candidate)
    clashing = clashes(database, {lead.lead_id: lead.phone.e164 for lead in offered}, now)
    if moved or clashing:
        with database.transaction():
            for row in moved:
                move_on(database, row)
            for lead_id, clash in clashing.items():
                _put_off(database, lead_id, now, math.ceil(clash.until_s))
    return [lead for lead in offered if lead.lead_id not in clashing]


def _put_off(database: Database, lead_id: int, now: int, until: int) -> None:
    database.execute("UPDATE leads SET next_at = ? WHERE id = ? AND next_at <= ?", (until, lead_id, now))


def _next_at(
    database: Database, profiles: Profiles, campaign: CampaignSettings, now: int, open_ids: set[int]
) -> datetime | None:
    """When the first waiting lead is both due and inside the window of its zones."""
    best: datetime | None = None
    for row_id, profile in profiles.items():
        zones = profile.zones
        due = _first_due(database, campaign.campaign_id, row_id, now if row_id in open_ids else None)
        if due is None or not zones:
            continue
        opens = _opens(zones, campaign.window, max(now, due), best)
        if opens is not None and (best is None or opens < best):
            best = opens
    return best


def _opens(zones: tuple[str, ...], window: CallingWindow, due: int, best: datetime | None) -> datetime | None:
    at = datetime.fromtimestamp(due, UTC)
    return None if best is not None and at >= best else next_open(zones, window, at)


def _first_due(database: Database, campaign_id: int, profile_id: int, after: int | None) -> int | None:
    firsts = [
        database.value(
            "SELECT MIN(next_at) FROM leads"
            " WHERE campaign_id = ? AND list_id = ? AND profile_id = ? AND priority = ? AND next_at > ?",
            (campaign_id, list_id, profile_id, priority, -1 if after is None else after),
        )
        for list_id in _lists(database, campaign_id)
        for priority in (RETRY, NEW)
    ]
    return min((first for first in firsts if first is not None), default=None)
