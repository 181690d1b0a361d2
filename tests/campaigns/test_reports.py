from datetime import datetime, timedelta

import pytest

from campaigns.model import Outcome
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)
PHONES = "phone\n" + "".join(f"21255501{last:02}\n" for last in range(6))


def connect(desk: Desk, attempt: int, at: datetime) -> None:
    with desk.store.transaction():
        desk.store.mark_answered(attempt, at)
        desk.store.mark_connected(attempt, "ann", at)


def test_attempts_by_lead_time_and_page(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    for minute, lead in enumerate(desk.refill(now)):
        desk.call(lead, Outcome.BUSY, now + minute * 60 * S)
    report = desk.store.report_attempts
    assert [row["id"] for row in report("spring")] == [1, 2, 3, 4, 5, 6]
    assert [row["id"] for row in report("spring", limit=2, offset=3)] == [4, 5]
    assert [row["id"] for row in report("spring", offset=4)] == [5, 6]
    assert [row["id"] for row in report("spring", since=now + 60 * S, until=now + 180 * S)] == [2, 3]
    assert [row["lead_id"] for row in report("spring", lead_id=4)] == [4]
    assert set(report("spring")[0]) >= {
        *("id", "lead_id", "phone", "started_at", "ringing_at", "answered_at", "connected_at", "ended_at", "status"),
        *("outcome", "agent", "cause", "sip_code", "q850", "trunk", "caller_id", "ref", "duration_s", "talk_s"),
    }


def test_an_open_attempt_has_no_end(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    desk.reserve(desk.refill(now)[0], now)
    (row,) = desk.store.report_attempts("spring")
    assert row["started_at"] == "2026-06-01T15:00:00.000+00:00"
    assert row["ended_at"] is row["outcome"] is row["status"] is row["duration_s"] is None


def test_abandonment_counts_live_calls(desk: Desk, now: datetime) -> None:
    nothing = {"live": 0, "abandoned": 0, "rate": 0.0, "connected": 0, "not_live": 0}
    assert desk.store.report_abandonment("spring") == nothing
    desk.load(PHONES)
    leads = desk.refill(now)
    for lead in leads[:3]:
        attempt = desk.reserve(lead, now)
        connect(desk, attempt, now + S)
        desk.close(attempt, lead, Outcome.HANDLED, now + 9 * S, "NI")
    attempt = desk.reserve(leads[3], now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now + S)
    desk.close(attempt, leads[3], Outcome.ABANDONED, now + 3 * S)
    desk.call(leads[4], Outcome.NO_ANSWER, now)
    counted = {"live": 4, "abandoned": 1, "rate": 0.25, "connected": 3, "not_live": 0}
    assert desk.store.report_abandonment("spring") == counted


def test_calls_whose_agent_found_no_person_are_not_live(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    leads = desk.refill(now)
    for lead, status in zip(leads[:4], ("A", "DC", "NI", "DISMX"), strict=True):
        attempt = desk.reserve(lead, now)
        connect(desk, attempt, now + S)
        desk.close(attempt, lead, Outcome.HANDLED, now + 9 * S, status)
    attempt = desk.reserve(leads[4], now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now + S)
    desk.close(attempt, leads[4], Outcome.ABANDONED, now + 3 * S)
    talking = desk.reserve(leads[5], now)
    connect(desk, talking, now + S)
    abandonment = desk.store.report_abandonment("spring")
    assert abandonment == {"live": 4, "abandoned": 1, "rate": 0.25, "connected": 5, "not_live": 2}
    desk.close(talking, leads[5], Outcome.HANDLED, now + 9 * S, "N")
    assert desk.store.report_abandonment("spring")["live"] == 3
    desk.store.create_campaign("other", "telesales", "power")
    assert desk.store.report_abandonment("other")["live"] == 0


def test_the_ledger_counts_what_was_closed_since(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    leads = desk.refill(now)
    for minute, status in enumerate(("NI", "SALE", "B", "NP")):
        attempt = desk.reserve(leads[minute], now)
        connect(desk, attempt, now)
        desk.close(attempt, leads[minute], Outcome.HANDLED, now + 60 * minute * S, status)
    attempt = desk.reserve(leads[4], now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now)
    desk.close(attempt, leads[4], Outcome.ABANDONED, now + 300 * S)
    connect(desk, desk.reserve(leads[5], now), now)
    ledger = desk.store.ledger
    assert ledger("spring", now) == (4, 1)
    assert ledger("spring", now + 60 * S) == (3, 1)
    assert ledger("spring", now + 61 * S) == (2, 1)
    assert ledger(desk.campaign.campaign_id, now + 301 * S) == (0, 0)


def test_the_campaign_in_counts(desk: Desk, now: datetime) -> None:
    empty = desk.store.report_campaign("spring")
    assert (empty["leads"], empty["penetration"], empty["by_status"]) == (0, 0.0, {})
    desk.load(PHONES + "8005550101\n")
    leads = desk.refill(now)
    desk.call(leads[0], Outcome.BUSY, now)
    desk.call(leads[1], Outcome.REJECTED, now)
    desk.call(leads[2], Outcome.HANDLED, now, "SALE")
    desk.reserve(leads[3], now)
    report = desk.store.report_campaign("spring")
    assert report["by_status"] == {"AB": 2, "SALE": 1}
    assert report["by_outcome"] == {"busy": 1, "handled": 1, "rejected": 1}
    assert report["leads_by_status"] == {"AB": 2, "NEW": 3, "QUEUE": 1, "SALE": 1}
    assert (report["attempts"], report["open_attempts"], report["leads"]) == (4, 1, 7)
    assert report["leads_left"] == 4
    assert report["leads_dialed"] == 3 and report["penetration"] == pytest.approx(3 / 7)
