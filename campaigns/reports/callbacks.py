"""Callbacks that fell due: made, missed, called off, still to be made; by agent."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from campaigns.callbacks import CallbackState
from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share

_LATE, _OVERDUE = "late", "overdue"


def callbacks_due(database: Database, selection: Selection, now: datetime) -> dict[str, Any]:
    """{"agents": [...], "total"}: callbacks whose time lies in the selected time, by their agent ('': anyone's).

    `made`: the person was reached. `missed`: they were called and not reached. `waiting` ones are still to be made, of
    which `overdue` are past their time at `now`. `late`: called more than the campaign's `callback_wait_s` after it.
    The time is that to which the callback was moved or put off last.
    """
    condition, params = selection.where("c.campaign_id", "c.at", "c.lead_id")
    rows = database.rows(
        "SELECT c.agent, c.state, c.at, a.started_at FROM callbacks c"  # noqa: S608 (constants)
        f" LEFT JOIN attempts a ON a.id = c.attempt_id WHERE {condition}",
        params,
    )
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    wait_s, now_s = selection.campaign.callback_wait_s, seconds_of(now)
    for agent, state, at, started_at in rows:
        found[agent][state] += 1
        found[agent][_LATE] += started_at is not None and started_at > at + wait_s
        found[agent][_OVERDUE] += started_at is None and state in _TO_DIAL and at < now_s
    agents = [{"agent": agent, **_facts(found[agent])} for agent in sorted(found)]
    return {**selection.facts(), "agents": agents, "total": _facts(sum(found.values(), Counter()))}


_TO_DIAL = (CallbackState.WAITING, CallbackState.REMINDED)


def _facts(states: Counter[str]) -> dict[str, Any]:
    made, missed = states[CallbackState.DONE], states[CallbackState.MISSED]
    waiting = sum(states[state] for state in _TO_DIAL)
    return {
        "due": made + missed + waiting + states[CallbackState.DIALED],
        "made": made,
        "missed": missed,
        "being_called": states[CallbackState.DIALED],
        "waiting": waiting,
        "overdue": states[_OVERDUE],
        "late": states[_LATE],
        "cancelled": states[CallbackState.CANCELLED],
        "made_rate": Share(made, made + missed).facts(),
    }
