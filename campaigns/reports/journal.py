"""What happened, as plain lists and dicts: attempts, the campaign's counts."""

from collections import Counter
from datetime import datetime
from typing import Any

from campaigns.database import Database, Row
from campaigns.instants import iso_of, seconds_of
from campaigns.ledger import abandonment
from campaigns.model import CampaignSettings, Outcome

_TIMES = ("started_at", "ringing_at", "answered_at", "connected_at", "ended_at")
_ATTEMPT_COLUMNS = (
    "id, lead_id, phone, started_at, ringing_at, answered_at, connected_at, ended_at, status, outcome, agent, cause, "
    "sip_code, q850, detail, trunk, caller_id, ref, retry_at, retry_because"
)


def attempts(
    database: Database,
    campaign: CampaignSettings,
    *,
    lead_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Attempts in the order they were placed, started in [since, until). Open ones have no status or outcome yet."""
    sql = f"SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE campaign_id = ?"  # noqa: S608 (a constant)
    params: list[object] = [campaign.campaign_id]
    for condition, value in (
        (" AND lead_id = ?", lead_id),
        (" AND started_at >= ?", None if since is None else seconds_of(since)),
        (" AND started_at < ?", None if until is None else seconds_of(until)),
    ):
        if value is not None:
            sql += condition
            params.append(value)
    sql += " ORDER BY id"
    if limit is not None or offset:
        sql += " LIMIT ? OFFSET ?"
        params += [2**62 if limit is None else limit, offset]
    return [_attempt(row) for row in database.rows(sql, params)]


def _attempt(row: Row) -> dict[str, Any]:
    """Times as text; durations are None where the end is not known, as after a crash."""
    attempt: dict[str, Any] = dict(zip(_ATTEMPT_COLUMNS.split(", "), row, strict=True))
    lost = attempt["outcome"] == Outcome.LOST
    attempt["duration_s"] = None if lost else _between(attempt["started_at"], attempt["ended_at"])
    attempt["talk_s"] = None if lost else _between(attempt["connected_at"], attempt["ended_at"])
    for key in (*_TIMES, "retry_at"):
        attempt[key] = iso_of(attempt[key])
    return attempt


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(max(0.0, end - start), 3)


def campaign(database: Database, settings: CampaignSettings) -> dict[str, Any]:
    """Counts of attempts and leads. `leads_left` may still be dialed; `penetration` is the share dialed so far."""
    key = (settings.campaign_id,)
    closed = database.rows(
        "SELECT status, outcome, COUNT(*) FROM attempts WHERE campaign_id = ? AND closed_at IS NOT NULL"
        " GROUP BY status, outcome",
        key,
    )
    by_status = _tally(
        database.rows("SELECT status, COUNT(*) FROM leads WHERE campaign_id = ? GROUP BY status", key), 0
    )
    total = sum(by_status.values())
    dialed = database.value("SELECT COUNT(*) FROM leads WHERE campaign_id = ? AND attempts > 0", key)
    left = database.value(
        "SELECT COUNT(*) FROM leads l JOIN profiles r ON r.id = l.profile_id"
        " WHERE l.campaign_id = ? AND l.next_at IS NOT NULL AND r.key NOT LIKE '|%'",
        key,
    )
    return {
        "campaign": settings.name,
        "state": settings.state.value,
        "attempts": database.value("SELECT COUNT(*) FROM attempts WHERE campaign_id = ?", key),
        "open_attempts": database.value(
            "SELECT COUNT(*) FROM attempts WHERE campaign_id = ? AND closed_at IS NULL", key
        ),
        "by_status": _tally(closed, 0),
        "by_outcome": _tally(closed, 1),
        "leads": total,
        "leads_by_status": by_status,
        "leads_left": left,
        "leads_dialed": dialed,
        "penetration": dialed / total if total else 0.0,
        "abandonment": abandonment(database, settings),
    }


def _tally(rows: list[Row], column: int) -> dict[str, int]:
    """Sum the counts in the last column by another column, in order of its names."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[column]] += row[-1]
    return dict(sorted(counts.items()))
