"""Agents' states over time, and how long each agent spent in what."""

from datetime import datetime
from typing import Any

from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.model import CampaignSettings

BUCKETS = ("pause", "wait", "talk", "wrap-up", "dead")

# Which bucket an agent's state fills. Time logged out is nobody's, and so is time in which the station only rings.
BUCKET_OF = {
    "PAUSED": "pause",
    "READY": "wait",
    "QUEUE": "wait",
    "RING": None,
    "INCALL": "talk",
    "PARK": "talk",
    "3-WAY": "talk",
    "WRAPUP": "wrap-up",
    "DEAD": "dead",
    "LOGGED_OUT": None,
}


def add(database: Database, agent: str, campaign_id: int, state: str, code: str, at_s: float) -> None:
    """An agent entered a state. Raises ValueError naming the known states when it is none."""
    if state not in BUCKET_OF:
        raise ValueError(f"no agent state {state!r}; there are {', '.join(BUCKET_OF)}")
    database.execute(
        "INSERT INTO agent_log (agent, campaign_id, state, code, at) VALUES (?, ?, ?, ?, ?)",
        (agent, campaign_id, state, code, at_s),
    )


def close_sessions(database: Database, at: datetime) -> list[str]:
    """Log out, at the journal's last instant before `at`, every agent whose last state is another; their names."""
    left = database.rows(
        "SELECT agent, campaign_id FROM agent_log WHERE state <> 'LOGGED_OUT' AND id IN"
        " (SELECT MAX(id) FROM agent_log GROUP BY agent, campaign_id) ORDER BY agent, campaign_id"
    )
    if left:
        out_at = min(_last_sign_of_life(database), seconds_of(at))
        for agent, campaign_id in left:
            add(database, agent, campaign_id, "LOGGED_OUT", "LOST", out_at)
    return sorted({agent for agent, _ in left})


def _last_sign_of_life(database: Database) -> float:
    """The newest instant among the last rows of the journal. What recovery wrote (ends of attempts) does not count."""
    log = database.value("SELECT MAX(at) FROM agent_log WHERE id > (SELECT MAX(id) FROM agent_log) - 200")
    attempts = database.one(
        "SELECT MAX(started_at), MAX(answered_at), MAX(connected_at) FROM attempts"
        " WHERE id > (SELECT MAX(id) FROM attempts) - 200"
    )
    return max(float(instant) for instant in (log, *(attempts or ())) if instant is not None)


def report(database: Database, campaign: CampaignSettings, now: datetime | None = None) -> list[dict[str, Any]]:
    """Calls and seconds per bucket of each agent. A state that still lasts counts up to `now`, or not when None."""
    found: dict[str, dict[str, Any]] = {}
    current: dict[str, tuple[str, float]] = {}
    for agent, state, at in database.rows(
        "SELECT agent, state, at FROM agent_log WHERE campaign_id = ? ORDER BY id", (campaign.campaign_id,)
    ):
        _spend(found, agent, current.get(agent), at)
        current[agent] = (state, at)
    if now is not None:
        for agent, last in current.items():
            _spend(found, agent, last, seconds_of(now))
    for agent, calls in database.rows(
        "SELECT agent, COUNT(*) FROM attempts WHERE campaign_id = ? AND agent IS NOT NULL AND connected_at IS NOT NULL"
        " GROUP BY agent",
        (campaign.campaign_id,),
    ):
        _entry(found, agent)["calls"] = calls
    return [_rounded(found[agent]) for agent in sorted(found)]


def _entry(found: dict[str, dict[str, Any]], agent: str) -> dict[str, Any]:
    return found.setdefault(agent, {"agent": agent, "calls": 0, **dict.fromkeys(BUCKETS, 0.0)})


def _spend(found: dict[str, dict[str, Any]], agent: str, last: tuple[str, float] | None, until: float) -> None:
    entry = _entry(found, agent)
    bucket = None if last is None else BUCKET_OF[last[0]]
    if last is not None and bucket is not None:
        entry[bucket] += max(0.0, until - last[1])


def _rounded(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 3) if key in BUCKETS else value for key, value in entry.items()}
