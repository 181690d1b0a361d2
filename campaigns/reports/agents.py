"""Agents' time by the five buckets, their calls and what these brought: by agent, by day, or for the whole campaign."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.agentlog import BUCKET_OF, BUCKETS
from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.reports.selection import Selection, first_instant
from campaigns.reports.tally import Counts, came_of, counts

_BUCKET_S = 900


class By(StrEnum):
    """What a row of the report is about."""

    AGENT = "agent"
    DAY = "day"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class _Key:
    agent: str
    day: date


def by_agent(
    database: Database, selection: Selection, by: By = By.AGENT, now: datetime | None = None
) -> list[dict[str, Any]]:
    """Rows by agent, by agent and local day, or one for all: seconds per bucket, calls, and what they brought.

    Time counts as far as it lies in the selected time, calls by when they were placed. A state that still lasts counts
    up to `now`, or not when None. `utilisation` is talk and wrap-up as a share of wait, talk and wrap-up;
    `calls_per_hour` is of all five buckets. `calls` are those that were connected to the agent.
    """
    spent = _spent(database, selection, now)
    worked = _worked(database, selection)
    groups: defaultdict[tuple[Any, ...], list[_Key]] = defaultdict(list)
    for key in sorted(spent.keys() | worked.keys(), key=lambda each: (each.agent, each.day)):
        groups[_group(key, by)].append(key)
    return [_row(by, group, keys, spent, worked) for group, keys in groups.items()]


def _group(key: _Key, by: By) -> tuple[Any, ...]:
    if by is By.AGENT:
        return (key.agent,)
    return () if by is By.CAMPAIGN else (key.agent, key.day)


def _row(
    by: By,
    group: tuple[Any, ...],
    keys: list[_Key],
    spent: dict[_Key, dict[str, float]],
    worked: dict[_Key, Counts],
) -> dict[str, Any]:
    seconds = {bucket: sum(spent[key][bucket] for key in keys if key in spent) for bucket in BUCKETS}
    total = sum((worked[key] for key in keys if key in worked), Counts())
    in_s = sum(seconds.values())
    busy_s = seconds["talk"] + seconds["wrap-up"]
    staffed_s = busy_s + seconds["wait"]
    named: dict[str, Any] = {} if by is By.CAMPAIGN else {"agent": group[0]}
    if by is By.DAY:
        named["day"] = group[1].isoformat()
    if by is By.CAMPAIGN:
        named["agents"] = len({key.agent for key in keys})
    return {
        **named,
        "calls": total.attempts,
        **{bucket: round(value, 3) for bucket, value in seconds.items()},
        "logged_in": round(in_s, 3),
        "calls_per_hour": 3600.0 * total.attempts / in_s if in_s else None,
        "utilisation": busy_s / staffed_s if staffed_s else None,
        **{name: getattr(total, name) for name in ("people", "contacts", "right_party", "sales", "promises")},
    }


def _worked(database: Database, selection: Selection) -> dict[_Key, Counts]:
    """The calls that agents were connected to, by agent and local day."""

    def group(agent: str | None, bucket: int) -> tuple[str | None, date]:
        return agent, _day(bucket, selection.campaign.timezone)

    found = {}
    groups = came_of(database, selection, f"a.agent, CAST(a.started_at / {_BUCKET_S} AS INTEGER)", group)
    for (agent, day), came in groups.items():
        connected = counts(Counter({each: count for each, count in came.items() if each.connected}))
        if agent is not None and connected.attempts:
            found[_Key(agent, day)] = connected
    return found


@lru_cache(maxsize=200_000)
def _day(bucket: int, timezone: str) -> date:
    return datetime.fromtimestamp(bucket * _BUCKET_S, UTC).astimezone(ZoneInfo(timezone)).date()


def _spent(database: Database, selection: Selection, now: datetime | None) -> dict[_Key, dict[str, float]]:
    """Seconds by bucket, agent and local day."""
    start = -float("inf") if selection.since is None else seconds_of(selection.since)
    end = float("inf") if selection.until is None else seconds_of(selection.until)
    found: dict[_Key, dict[str, float]] = defaultdict(lambda: dict.fromkeys(BUCKETS, 0.0))
    for agent, state, from_s, to_s in _states(database, selection.campaign.campaign_id, now):
        bucket = BUCKET_OF[state]
        if bucket is None:
            continue
        for day, seconds in _by_day(max(from_s, start), min(to_s, end), selection.zone):
            found[_Key(agent, day)][bucket] += seconds
    return dict(found)


def _states(database: Database, campaign_id: int, now: datetime | None) -> Iterator[tuple[str, str, float, float]]:
    current: dict[str, tuple[str, float]] = {}
    sql = "SELECT agent, state, at FROM agent_log WHERE campaign_id = ? ORDER BY id"
    for agent, state, at in database.lazy(sql, (campaign_id,)):
        if agent in current:
            yield (agent, *current[agent], at)
        current[agent] = (state, at)
    for agent, (state, at) in current.items():
        if now is not None:
            yield agent, state, at, seconds_of(now)


def _by_day(from_s: float, to_s: float, zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    """A time cut at the local midnights."""
    while from_s < to_s:
        day = datetime.fromtimestamp(from_s, UTC).astimezone(zone).date()
        midnight_s = first_instant(day + timedelta(days=1), zone).timestamp()
        yield day, min(midnight_s, to_s) - from_s
        from_s = midnight_s
