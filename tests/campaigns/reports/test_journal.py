from datetime import datetime, timedelta

import pytest

from campaigns.model import Outcome
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)
PHONES = "phone\n" + "".join(f"21255501{last:02}\n" for last in range(6))


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
