from datetime import datetime, timedelta

import pytest

from campaigns.model import Outcome
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)


def log(desk: Desk, agent: str, start: datetime, *states: tuple[int, str]) -> None:
    with desk.store.transaction():
        for after_s, state in states:
            desk.store.log_agent(agent, desk.campaign.campaign_id, state, "", start + after_s * S)


def test_time_goes_into_the_five_buckets(desk: Desk, now: datetime) -> None:
    log(desk, "bob", now, (0, "PAUSED"), (5, "READY"))
    log(
        desk,
        "ann",
        now,
        *((0, "RING"), (3, "PAUSED"), (10, "READY"), (40, "INCALL"), (100, "DEAD"), (104, "WRAPUP"), (120, "READY")),
        *((150, "LOGGED_OUT"), (1000, "PAUSED"), (1001, "LOGGED_OUT")),
    )
    desk.load("phone\n2125550101\n")
    lead = desk.one(now)
    attempt = desk.reserve(lead, now)
    with desk.store.transaction():
        desk.store.mark_connected(attempt, "ann", now + 40 * S)
    desk.close(attempt, lead, Outcome.HANDLED, now + 120 * S, "NI")
    ann, bob = desk.store.report_agents("spring")
    assert ann == {"agent": "ann", "calls": 1, "pause": 8, "wait": 60, "talk": 60, "wrap-up": 16, "dead": 4}
    assert (bob["pause"], bob["wait"], bob["calls"]) == (5, 0, 0)
    assert desk.store.report_agents("spring", now=now + 25 * S)[1]["wait"] == 20


def test_a_station_that_only_rings_is_not_waited_at(desk: Desk, now: datetime) -> None:
    log(desk, "ann", now, (0, "RING"), (32, "LOGGED_OUT"))
    (ann,) = desk.store.report_agents("spring")
    assert [ann[bucket] for bucket in ("pause", "wait", "talk", "wrap-up", "dead")] == [0, 0, 0, 0, 0]


def test_an_unknown_state_is_refused(desk: Desk, now: datetime) -> None:
    with pytest.raises(ValueError, match=r"'NAPPING'.*WRAPUP"):
        log(desk, "ann", now, (0, "NAPPING"))
    assert desk.store.report_agents("spring") == []


def test_agents_left_logged_in_by_a_crash_leave_at_the_last_sign_of_life(desk: Desk, now: datetime) -> None:
    assert desk.store.close_agent_sessions(now) == []
    log(desk, "ann", now, (0, "READY"))
    log(desk, "bob", now, (1, "READY"), (30, "LOGGED_OUT"))
    log(desk, "cy", now, (40, "PAUSED"))
    desk.load("phone\n2125550101\n")
    desk.reserve(desk.one(now), now + 60 * S)
    desk.store.close_lost_attempts(now + timedelta(hours=9))
    assert desk.store.close_agent_sessions(now + timedelta(hours=9)) == ["ann", "cy"]
    assert desk.store.close_agent_sessions(now + timedelta(hours=10)) == []
    ann, bob, cy = desk.store.report_agents("spring", now=now + timedelta(hours=10))
    assert (ann["wait"], bob["wait"], cy["pause"]) == (60, 29, 20)
