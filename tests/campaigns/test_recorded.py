"""A campaign's record in numbers, on a small day that is known to the second."""

from datetime import datetime, timedelta

import pytest

from campaigns.model import Candidate, Outcome, RetryDecision
from campaigns.recorded import LeadStanding
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)
PHONES = "phone\n" + "".join(f"21255501{last:02}\n" for last in range(6))
NEVER = RetryDecision(None, None, "test")


def log(desk: Desk, agent: str, state: str, at: datetime) -> None:
    with desk.store.transaction():
        desk.store.log_agent(agent, 1, state, "", at)


def talk(desk: Desk, lead: Candidate, start: datetime, agent: str, status: str) -> None:
    """Dialed, answered after 10 s, connected 1 s later, talks 100 s; the agent writes for 20 s and is ready again."""
    attempt = desk.reserve(lead, start)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, start + 10 * S)
        desk.store.mark_connected(attempt, agent, start + 11 * S)
        desk.store.mark_call_ended(attempt, start + 111 * S, "normal", None, None, "")
    for state, after_s in (("INCALL", 10), ("WRAPUP", 111), ("READY", 131)):
        log(desk, agent, state, start + after_s * S)
    with desk.store.transaction():
        desk.store.close_attempt(
            attempt,
            at=start + 131 * S,
            outcome=Outcome.HANDLED,
            status=status,
            ringing_at=start + 2 * S,
            cause="normal",
            sip_code=200,
            q850=16,
            detail="",
            ref="",
            agent=agent,
            retry=NEVER,
        )


@pytest.fixture
def day(desk: Desk, now: datetime) -> Desk:
    """Anna works 300 s with a sale from 0 and a machine from 150; a call from 20 is abandoned, one from 30 is busy."""
    desk.load(PHONES)
    leads = desk.refill(now)
    log(desk, "anna", "PAUSED", now - 60 * S)
    log(desk, "anna", "READY", now)
    talk(desk, leads[0], now, "anna", "SALE")
    abandoned = desk.reserve(leads[1], now + 20 * S)
    with desk.store.transaction():
        desk.store.mark_answered(abandoned, now + 30 * S)
    desk.close(abandoned, leads[1], Outcome.ABANDONED, now + 33 * S)
    desk.close(desk.reserve(leads[2], now + 30 * S), leads[2], Outcome.BUSY, now + 31 * S)
    talk(desk, leads[3], now + 150 * S, "anna", "A")
    desk.reserve(leads[4], now + 299 * S)
    log(desk, "anna", "LOGGED_OUT", now + 300 * S)
    return desk


def test_attempts_tell_what_it_takes_to_play_them_again(day: Desk, now: datetime) -> None:
    sale, abandoned, busy, machine = day.store.recorded_attempts("spring")
    assert (sale.talk_s, sale.wrapup_s, sale.person) == (100.0, 20.0, True)
    assert sale.zones == ("America/New_York",)
    assert (abandoned.talk_s, abandoned.wrapup_s, abandoned.person) == (None, None, True)
    assert (busy.outcome, busy.sip_code, busy.person) == (Outcome.BUSY, 200, False)
    assert (machine.status, machine.wrapup_s, machine.person) == ("A", 20.0, False)
    assert [a.started_at for a in day.store.recorded_attempts("spring", 2)] == [busy.started_at, machine.started_at]


def test_the_performance_of_the_day(day: Desk, now: datetime) -> None:
    found = day.store.performance("spring")
    assert found.operating_s == pytest.approx(300.0)
    assert found.mean_agents == pytest.approx(1.0)
    assert found.busy_share == pytest.approx((101 + 20) * 2 / 300)
    assert found.talk_share == pytest.approx(202 / 300)
    assert (found.waits, found.mean_wait_s, found.p90_wait_s) == (2, pytest.approx(19.5), pytest.approx(29.0))
    assert (found.attempts, found.live, found.abandoned) == (4, 2, 1)
    assert found.abandoned_rate == pytest.approx(day.store.report_abandonment("spring")["rate"])
    assert found.attempts_per_hour == pytest.approx(48.0)
    assert (found.answer_share, found.mean_talk_s, found.mean_wrapup_s) == (0.5, 100.0, 20.0)


def test_a_part_of_the_day(day: Desk, now: datetime) -> None:
    found = day.store.performance("spring", now + 100 * S, now + 200 * S)
    assert found.operating_s == pytest.approx(100.0)
    # Talks to 111, writes to 131, waits to 160, talks on.
    assert found.busy_share == pytest.approx(0.71)
    assert (found.attempts, found.waits) == (1, 1)
    assert found.mean_wait_s == pytest.approx(29.0)


def test_a_period_without_anything(day: Desk, now: datetime) -> None:
    found = day.store.performance("spring", now + 3600 * S)
    assert (found.operating_s, found.attempts, found.busy_share, found.abandoned_rate) == (0.0, 0, None, None)


def test_a_state_that_lasts_counts_to_the_last_event(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    log(desk, "anna", "READY", now)
    log(desk, "bert", "READY", now + 30 * S)
    desk.reserve(desk.refill(now)[0], now + 90 * S)
    found = desk.store.performance("spring")
    assert (found.operating_s, found.mean_agents) == (pytest.approx(90.0), pytest.approx(150 / 90))


def test_time_that_nobody_worked_is_not_operating(desk: Desk, now: datetime) -> None:
    for start_s in (0, 1000):
        log(desk, "anna", "READY", now + start_s * S)
        log(desk, "anna", "LOGGED_OUT", now + (start_s + 100) * S)
    log(desk, "bert", "READY", now + 50 * S)
    log(desk, "bert", "PAUSED", now + 150 * S)
    log(desk, "bert", "LOGGED_OUT", now + 900 * S)
    assert desk.store.performance("spring").operating_s == pytest.approx(250.0)


def test_leads_stand_where_others_stood(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    leads = desk.refill(now)
    desk.call(leads[0], Outcome.BUSY, now)
    desk.call(leads[1], Outcome.HANDLED, now, "NI")
    standing = desk.store.lead_standings("spring")
    assert standing[0] == LeadStanding(1, now.timestamp() + 300)
    assert [each.attempts for each in standing] == [1, 0, 0, 0, 0]
    desk.store.set_lead_standings("spring", [LeadStanding(5, now.timestamp() + 60), LeadStanding(0, 0.0)])
    assert desk.refill(now + 59 * S)[0].lead_id == 2
    assert [(lead.lead_id, lead.attempts) for lead in desk.refill(now + 60 * S, 2)] == [(1, 5), (2, 0)]
