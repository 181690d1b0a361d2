"""What a campaign's journal tells of calls and agents, in numbers: to learn from it and to hold forecasts to it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from campaigns.agentlog import BUCKET_OF
from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.leads import NEW, RETRY, stir
from campaigns.model import CampaignSettings, Outcome
from campaigns.profiles import Profiles
from campaigns.statuses import STATUSES

_STAFFED = ("wait", "talk", "wrap-up")
_NOT_HUMAN = frozenset(status.code for status in STATUSES.values() if not status.human_answered)


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """A closed attempt. Instants are seconds since 1970; `zones` are those the number may be in.

    `wrapup_s` is how long its agent was in WRAPUP after it, None when nobody was or the log does not tell.
    """

    started_at: float
    ringing_at: float | None
    answered_at: float | None
    connected_at: float | None
    ended_at: float | None
    outcome: Outcome
    status: str
    cause: str | None
    sip_code: int | None
    q850: int | None
    zones: tuple[str, ...]
    wrapup_s: float | None

    @property
    def talk_s(self) -> float | None:
        """From the connection to the end of the call."""
        if self.connected_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.connected_at)

    @property
    def person(self) -> bool:
        """Whether a person answered, as abandonment is counted: an abandoned call is taken for one."""
        if self.outcome is Outcome.ABANDONED:
            return True
        return self.connected_at is not None and not (self.outcome is Outcome.HANDLED and self.status in _NOT_HUMAN)


@dataclass(frozen=True, slots=True)
class Stretch:
    """An agent was in a state from `from_s` to `to_s` (seconds since 1970) and then in the state `then`."""

    agent: str
    state: str
    from_s: float
    to_s: float
    then: str | None

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s


@dataclass(frozen=True, slots=True)
class LeadStanding:
    """A lead that may still be called: its attempts so far, and from when on (seconds since 1970) it may be."""

    attempts: int
    next_at: float


@dataclass(frozen=True, slots=True)
class Performance:
    """How a campaign went over a period. Shares are of staffed agent time; None where nothing was there to measure.

    `operating_s` is time with an agent waiting, talking or wrapping up; rates per hour are of it. `answer_share` is
    people per attempt; `abandoned_rate` is as in `reports.abandonment`. Waits are of agents, from READY to a call.
    """

    operating_s: float
    mean_agents: float | None
    busy_share: float | None
    talk_share: float | None
    mean_wait_s: float | None
    p90_wait_s: float | None
    waits: int
    attempts: int
    attempts_per_hour: float | None
    answer_share: float | None
    live: int
    abandoned: int
    abandoned_rate: float | None
    connects_per_hour: float | None
    mean_talk_s: float | None
    mean_wrapup_s: float | None


def attempts(
    database: Database,
    profiles: Profiles,
    campaign: CampaignSettings,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[RecordedAttempt]:
    """Closed attempts started in [since, until), the latest `limit` of them, in the order they were placed."""
    rows = database.rows(
        "SELECT a.started_at, a.ringing_at, a.answered_at, a.connected_at, a.ended_at, a.outcome, a.status, a.cause,"
        " a.sip_code, a.q850, p.profile_id, a.agent FROM attempts a JOIN lead_phones p ON p.id = a.phone_id"
        " WHERE a.campaign_id = ? AND a.closed_at IS NOT NULL AND a.started_at >= ? AND a.started_at < ?"
        " ORDER BY a.id DESC LIMIT ?",
        (campaign.campaign_id, *_bounds(since, until), 2**62 if limit is None else limit),
    )
    wrapups = _wrapups(database, campaign)
    found = []
    for row in reversed(rows):
        started, ringing, answered, connected, ended, outcome, status, cause, sip_code, q850, profile_id, agent = row
        wrapup_s = None if agent is None or ended is None else wrapups.get((agent, _millis(ended)))
        zones, came = profiles.get(profile_id).zones, Outcome(outcome)
        times = (started, ringing, answered, connected, ended)
        found.append(RecordedAttempt(*times, came, status, cause, sip_code, q850, zones, wrapup_s))
    return found


def _bounds(since: datetime | None, until: datetime | None) -> tuple[float, float]:
    return (-1e300 if since is None else seconds_of(since), 1e300 if until is None else seconds_of(until))


def _millis(at: float) -> int:
    return round(at * 1000)


def _wrapups(database: Database, campaign: CampaignSettings) -> dict[tuple[str, int], float]:
    """Seconds in WRAPUP by agent and the instant (milliseconds) when it began, which is when the call ended."""
    return {
        (stretch.agent, _millis(stretch.from_s)): stretch.duration_s
        for stretch in stretches(database, campaign)
        if stretch.state == "WRAPUP" and stretch.then is not None
    }


def stretches(
    database: Database, campaign: CampaignSettings, since: datetime | None = None, until: datetime | None = None
) -> list[Stretch]:
    """Agents' states as far as they lie in [since, until). One that still lasts ends with the campaign's last event."""
    start, end = _bounds(since, until)
    return [
        Stretch(each.agent, each.state, max(each.from_s, start), min(each.to_s, end), each.then)
        for each in _all_stretches(database, campaign)
        if each.to_s > start and each.from_s < end
    ]


def _all_stretches(database: Database, campaign: CampaignSettings) -> Iterator[Stretch]:
    current: dict[str, tuple[str, float]] = {}
    for agent, state, at in database.rows(
        "SELECT agent, state, at FROM agent_log WHERE campaign_id = ? ORDER BY id", (campaign.campaign_id,)
    ):
        before = current.get(agent)
        if before is not None:
            yield Stretch(agent, before[0], before[1], max(before[1], at), state)
        current[agent] = (state, at)
    last = _last_event(database, campaign)
    for agent, (state, at) in current.items():
        if state != "LOGGED_OUT":
            yield Stretch(agent, state, at, max(at, last), None)


def _last_event(database: Database, campaign: CampaignSettings) -> float:
    row = database.one(
        "SELECT MAX(started_at), MAX(answered_at), MAX(ended_at), (SELECT MAX(at) FROM agent_log WHERE campaign_id = ?)"
        " FROM attempts WHERE campaign_id = ?",
        (campaign.campaign_id, campaign.campaign_id),
    )
    return max((float(at) for at in row or () if at is not None), default=0.0)


def performance(
    database: Database,
    profiles: Profiles,
    campaign: CampaignSettings,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Performance:
    """How the campaign went in [since, until): closed attempts started in it, and agents' time as far as it lies there.

    One function for simulated and for real campaigns, so that the two are counted alike.
    """
    worked = stretches(database, campaign, since, until)
    calls = attempts(database, profiles, campaign, since=since, until=until)
    spent = {bucket: sum(s.duration_s for s in worked if BUCKET_OF[s.state] == bucket) for bucket in _STAFFED}
    staffed_s = sum(spent.values())
    operating_s = _covered_s((s.from_s, s.to_s) for s in worked if BUCKET_OF[s.state] in _STAFFED)
    waits = sorted(s.duration_s for s in worked if s.state == "READY" and s.then == "INCALL")
    talks = [call.talk_s for call in calls if call.talk_s is not None and call.outcome is not Outcome.LOST]
    wrapups = [s.duration_s for s in worked if s.state == "WRAPUP" and s.then is not None]
    live, abandoned = sum(call.person for call in calls), sum(call.outcome is Outcome.ABANDONED for call in calls)
    return Performance(
        operating_s=operating_s,
        mean_agents=_ratio(staffed_s, operating_s),
        busy_share=_ratio(spent["talk"] + spent["wrap-up"], staffed_s),
        talk_share=_ratio(spent["talk"], staffed_s),
        mean_wait_s=_mean(waits),
        p90_wait_s=waits[int(0.9 * len(waits))] if waits else None,
        waits=len(waits),
        attempts=len(calls),
        attempts_per_hour=_ratio(3600.0 * len(calls), operating_s),
        answer_share=_ratio(live, len(calls)),
        live=live,
        abandoned=abandoned,
        abandoned_rate=_ratio(abandoned, live),
        connects_per_hour=_ratio(3600.0 * sum(call.connected_at is not None for call in calls), operating_s),
        mean_talk_s=_mean(talks),
        mean_wrapup_s=_mean(wrapups),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _covered_s(intervals: Iterable[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def standings(database: Database, campaign: CampaignSettings) -> list[LeadStanding]:
    """The leads that may still be called and whose time zone is known, in the order in which they would be."""
    rows = database.rows(
        "SELECT l.attempts, l.next_at FROM leads l JOIN profiles r ON r.id = l.profile_id"
        " WHERE l.campaign_id = ? AND l.next_at IS NOT NULL AND r.key NOT LIKE '|%'"
        " ORDER BY l.priority, l.next_at, l.id",
        (campaign.campaign_id,),
    )
    return [LeadStanding(attempts, float(next_at)) for attempts, next_at in rows]


def set_standings(database: Database, campaign: CampaignSettings, leads: Iterable[LeadStanding]) -> None:
    """Let a campaign's leads, in the order of their import, stand as `leads` do. Call it inside a transaction."""
    ids = database.rows("SELECT id FROM leads WHERE campaign_id = ? ORDER BY id", (campaign.campaign_id,))
    database.many(
        "UPDATE leads SET attempts = ?, next_at = ?, priority = ? WHERE id = ?",
        (
            (lead.attempts, math.ceil(lead.next_at), RETRY if lead.attempts else NEW, lead_id)
            for (lead_id,), lead in zip(ids, leads, strict=False)
        ),
    )
    stir(database)
