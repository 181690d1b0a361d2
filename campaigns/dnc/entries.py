"""Entries of the site's own list and of the campaigns' lists: they bar a number whatever else holds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaigns.database import Database, Row
from campaigns.dnc.formats import numbers as numbers_of
from campaigns.dnc.model import BadLine, require_e164
from campaigns.instants import seconds_of
from campaigns.leads import reopen_barred, turn_from_barred
from campaigns.profiles import Profiles

SITE_LIST = 1

_CHUNK = 5000
_SWEEP_CHUNK = 1000
_BAD_LINES_KEPT = 1000


def campaign_list(database: Database, campaign_id: int) -> int | None:
    """The id of a campaign's list; None when it has no entries yet."""
    found: int | None = database.value("SELECT id FROM dnc_lists WHERE campaign_id = ?", (campaign_id,))
    return found


def made_campaign_list(database: Database, campaign_id: int) -> int:
    """The id of a campaign's list, made when there is none; call it inside the transaction that uses it."""
    found = campaign_list(database, campaign_id)
    if found is not None:
        return found
    database.execute(
        "INSERT INTO dnc_lists (name, scope, campaign_id, registry, version, areas, state)"
        " SELECT 'campaign ' || name, 'campaign', id, '', '', '', 'live' FROM campaigns WHERE id = ?",
        (campaign_id,),
    )
    made = campaign_list(database, campaign_id)
    assert made is not None
    return made


def add(
    database: Database,
    profiles: Profiles,
    numbers: Sequence[str],
    source: str,
    at: datetime,
    *,
    list_id: int = SITE_LIST,
    expires_at: datetime | None = None,
) -> int:
    """Bar numbers and move waiting leads off them; how many were not barred, or not for as long.

    An entry that is there already keeps its source and lasts as long as the longer of the two. Raises ValueError when
    a number is not E.164.
    """
    for e164 in numbers:
        require_e164(e164)
    wanted = list(dict.fromkeys(numbers))
    now, until = seconds_of(at), None if expires_at is None else seconds_of(expires_at)
    sql = "SELECT e164, expires_at FROM dnc WHERE list_id = ? AND e164 IN (:values)"
    there: dict[str, float | None] = dict(database.rows_in(sql, wanted, (list_id,)))
    new = [e164 for e164 in wanted if e164 not in there]
    longer = [e164 for e164, had in there.items() if had is not None and (until is None or until > had)]
    database.many(
        "INSERT INTO dnc (e164, list_id, source, added_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        ((e164, list_id, source, now, until) for e164 in new),
    )
    database.many(
        "UPDATE dnc SET source = ?, added_at = ?, expires_at = ? WHERE e164 = ? AND list_id = ?",
        ((source, now, until, e164, list_id) for e164 in longer),
    )
    turn_from_barred(database, profiles, wanted, now)
    return len(new) + len(longer)


def remove(database: Database, profiles: Profiles, e164: str, *, list_id: int = SITE_LIST) -> bool:
    """Take a number off a list and reopen leads that ended for it; False when it was not on the list."""
    require_e164(e164)
    removed = database.execute("DELETE FROM dnc WHERE list_id = ? AND e164 = ?", (list_id, e164)) == 1
    if removed:
        reopen_barred(database, profiles, e164)
    return removed


def sweep(database: Database, profiles: Profiles, at: datetime) -> int:
    """Remove entries whose time is over and reopen the leads that ended only for them; how many there were."""
    expired = "SELECT e164, list_id FROM dnc WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    swept = 0
    while found := database.rows(expired, (seconds_of(at), _SWEEP_CHUNK)):
        with database.transaction():
            for e164, list_id in found:
                database.execute("DELETE FROM dnc WHERE e164 = ? AND list_id = ?", (e164, list_id))
                reopen_barred(database, profiles, e164)
        swept += len(found)
    return swept


def entries_of(database: Database, numbers: Sequence[str], at: datetime) -> list[Row]:
    """(e164, list id, source, added_at, expires_at) of all entries of these numbers that hold at an instant."""
    now = seconds_of(at)
    sql = "SELECT e164, list_id, source, added_at, expires_at FROM dnc WHERE e164 IN (:values)"
    return [row for row in database.rows_in(sql, numbers) if row[4] is None or row[4] > now]


def barred(database: Database, numbers: Sequence[str], campaign_id: int, at: datetime) -> frozenset[str]:
    """Those of the numbers that may not be called for a campaign, by the site's list or by its own."""
    found = entries_of(database, numbers, at)
    if not found:
        return frozenset()
    own = (SITE_LIST, campaign_list(database, campaign_id))
    return frozenset(row[0] for row in found if row[1] in own)


def import_lines(
    database: Database,
    profiles: Profiles,
    lines: Iterable[str],
    region: str,
    at: datetime,
    label: str,
    *,
    list_id: int = SITE_LIST,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """Add a file's numbers in transactions of a few thousand: {read, added, already, bad, bad_lines}.

    `bad` counts all lines that are no number, `bad_lines` has the first thousand.
    """
    read = added = bad = good = 0
    bad_lines: list[BadLine] = []
    chunk: list[str] = []

    def flush(chunk: Collection[str]) -> int:
        with database.transaction():
            return add(database, profiles, list(chunk), label, at, list_id=list_id, expires_at=expires_at)

    for parsed in numbers_of(lines, region):
        read += 1
        if isinstance(parsed, BadLine):
            bad += 1
            bad_lines.extend([parsed] if len(bad_lines) < _BAD_LINES_KEPT else [])
            continue
        good += 1
        chunk.append(parsed)
        if len(chunk) == _CHUNK:
            added += flush(chunk)
            chunk = []
    added += flush(chunk)
    return {
        "read": read,
        "added": added,
        "already": good - added,
        "bad": bad,
        "bad_lines": [asdict(line) for line in bad_lines],
    }
