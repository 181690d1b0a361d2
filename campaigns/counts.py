"""Why a hopper is full or empty: all leads of a campaign, each counted once, by what keeps it from being offered."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from campaigns import filters
from campaigns.database import Database
from campaigns.gates import Gate
from campaigns.instants import datetime_of, seconds_of
from campaigns.lists import LeadList, of_campaign, successes
from campaigns.model import CampaignSettings
from campaigns.profiles import Profiles
from campaigns.statuses import STATUSES

_IN_FLIGHT = ("QUEUE", "INCALL", "XFER")

# Places named in a sentence before the rest is only counted.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """So many leads are kept for one reason, a stable word; `until` (UTC) is when the first of them may be called.

    "ready", "waiting" (for its time), "closed_hours", "no_hours" (in the next days), "no_timezone", "callback",
    "in_flight", "ended", "list_inactive", "list_quota", "list_filter", or the word of what a lead was put off for.
    """

    reason: str
    leads: int
    until: datetime | None
    detail: str


@dataclass(slots=True)
class _Count:
    leads: int = 0
    first: int | None = None

    def add(self, leads: int, first: int | None) -> None:
        self.leads += leads
        if leads and first is not None and (self.first is None or first < self.first):
            self.first = first


def reasons(
    database: Database, profiles: Profiles, campaign: CampaignSettings, wall_now: datetime, gate: Gate
) -> list[ReasonCount]:
    """All leads of the campaign by reason at `wall_now` (aware), the most first. The counts add up to all leads.

    Of several reasons against a lead the first of these counts: its call or its status, its callback, its list, its
    unknown zone, what it was put off for, its time, the hours of its places.
    """
    now = math.floor(seconds_of(wall_now))
    found = list(_over(database, campaign.campaign_id))
    timed, due, callbacks = _Count(), defaultdict[int, int](int), _Count()
    held: dict[str, _Count] = defaultdict(_Count)
    unknown = {row_id for row_id, profile in profiles.items() if not profile.zones}
    lost = 0
    for each in of_campaign(database, campaign.campaign_id):
        stopped = _stopped(database, each)
        passing = 0
        for profile_id, priority, leads, later, first in _groups(database, each, now, passing=stopped is None):
            if priority < 0:
                callbacks.add(leads, first)
                continue
            passing += leads
            if stopped is not None:
                continue
            if profile_id in unknown:
                lost += leads
            else:
                timed.add(later, first)
                due[profile_id] += leads - later
        if stopped is not None:
            found.append(ReasonCount(stopped[0], passing, None, stopped[1]))
        else:
            found += _left_out(database, each, passing)
            for word, profile_id, leads, first in _held(database, each, now):
                if profile_id not in unknown:
                    held[word].add(leads, first)
    if held:
        timed.leads -= sum(count.leads for count in held.values())
        timed.first = _first_waiting(database, campaign.campaign_id, now)
    found += _of_time(timed, held, callbacks)
    if lost:
        detail = "the time zone of their number in turn is unknown, so its hours are too"
        found.append(ReasonCount("no_timezone", lost, None, detail))
    found += _of_hours(profiles, due, wall_now, gate)
    return sorted((each for each in found if each.leads), key=lambda each: (-each.leads, each.reason, each.detail))


def _over(database: Database, campaign_id: int) -> Iterator[ReasonCount]:
    """Leads in a call, and those whose dialing is over."""
    in_flight = 0
    for status, leads in database.rows(
        "SELECT status, SUM(leads) FROM (SELECT list_id, status, COUNT(*) AS leads FROM leads"
        " WHERE campaign_id = ? AND next_at IS NULL GROUP BY list_id, status) AS counts GROUP BY status",
        (campaign_id,),
    ):
        if status in _IN_FLIGHT:
            in_flight += leads
            continue
        name = STATUSES[status].name if status in STATUSES else "unknown status"
        yield ReasonCount("ended", leads, None, f"{status}: {name}")
    yield ReasonCount("in_flight", in_flight, None, "a call is under way")


def _stopped(database: Database, of: LeadList) -> tuple[str, str] | None:
    """Why nothing is called from a list; None when it is."""
    if not of.active:
        return "list_inactive", f"list {of.name!r} is not active; `dialer lists set` makes it so"
    if of.quota is not None:
        reached = successes(database, of)
        if reached >= of.quota:
            return "list_quota", f"list {of.name!r} has {reached} successes of a quota of {of.quota}"
    return None


def _groups(
    database: Database, of: LeadList, now: int, *, passing: bool
) -> Iterator[tuple[int, int, int, int, int | None]]:
    """Profile, priority, leads, how many of them have a time still to come, and the first such time."""
    condition, params = _passing(of) if passing else ("", ())
    yield from database.rows(
        "SELECT profile_id, priority, COUNT(*), SUM(next_at > ?), MIN(CASE WHEN next_at > ? THEN next_at END)"  # noqa: S608
        " FROM leads WHERE campaign_id = ? AND list_id = ? AND next_at IS NOT NULL"
        f"{condition and f' AND (priority < 0 OR ({condition}))'} GROUP BY profile_id, priority",
        (now, now, of.campaign_id, of.list_id, *params),
    )


def _left_out(database: Database, of: LeadList, passing: int) -> Iterator[ReasonCount]:
    """Those that wait and are not among the `passing` ones."""
    if of.condition:
        waiting = database.value(
            "SELECT COUNT(*) FROM leads"
            " WHERE campaign_id = ? AND list_id = ? AND next_at IS NOT NULL AND priority >= 0",
            (of.campaign_id, of.list_id),
        )
        detail = f"the filter of list {of.name!r} leaves them out: {of.condition}"
        yield ReasonCount("list_filter", waiting - passing, None, detail)


def _held(database: Database, of: LeadList, now: int) -> Iterator[tuple[str, int, int, int]]:
    condition, params = _passing(of)
    yield from database.rows(
        "SELECT held_by, profile_id, COUNT(*), MIN(next_at) FROM leads WHERE campaign_id = ? AND list_id = ?"  # noqa: S608
        f" AND held_by <> '' AND priority >= 0 AND next_at > ?{condition and f' AND ({condition})'}"
        " GROUP BY held_by, profile_id",
        (of.campaign_id, of.list_id, now, *params),
    )


def _first_waiting(database: Database, campaign_id: int, now: int) -> int | None:
    first: int | None = database.value(
        "SELECT next_at FROM leads WHERE campaign_id = ? AND priority = 0 AND next_at IS NOT NULL AND next_at > ?"
        " AND held_by = '' ORDER BY next_at LIMIT 1",
        (campaign_id, now),
    )
    return first


def _passing(of: LeadList) -> tuple[str, tuple[object, ...]]:
    if not of.condition:
        return "", ()
    condition = filters.parse(of.condition)
    return condition.sql, condition.params


def _of_time(timed: _Count, held: dict[str, _Count], callbacks: _Count) -> Iterator[ReasonCount]:
    yield ReasonCount("waiting", timed.leads, datetime_of(timed.first), "they wait for their next time")
    yield ReasonCount("callback", callbacks.leads, datetime_of(callbacks.first), "they wait for a callback")
    for word, count in held.items():
        yield ReasonCount(word, count.leads, datetime_of(count.first), f"put off: {word}")


def _of_hours(profiles: Profiles, due: dict[int, int], wall_now: datetime, gate: Gate) -> Iterator[ReasonCount]:
    ready = 0
    closed: dict[datetime | None, list[int]] = defaultdict(list)
    for profile_id, leads in due.items():
        if not leads:
            continue
        profile = profiles.get(profile_id)
        if gate.opens(profile, wall_now):
            ready += leads
        else:
            closed[gate.next_open(profile, wall_now)].append(profile_id)
    detail = "their hours are open; consents, caps, registries and holds are looked at when their turn comes"
    yield ReasonCount("ready", ready, None, detail)
    for until, ids in closed.items():
        leads = sum(due[each] for each in ids)
        zones = sorted({zone for each in ids for zone in profiles.get(each).zones})
        more = f" and {len(zones) - _NAMED} more zones" if len(zones) > _NAMED else ""
        places = ", ".join(zones[:_NAMED]) + more
        if until is None:
            yield ReasonCount("no_hours", leads, None, f"no hours to call in the next days: {places}")
        else:
            yield ReasonCount("closed_hours", leads, until, f"closed now: {places}")
