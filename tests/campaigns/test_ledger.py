from datetime import UTC, datetime, timedelta

import pytest

from campaigns import ledger
from campaigns.ledger import Counts
from campaigns.model import Outcome, RetryDecision
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)
DAY = timedelta(days=1)
PHONES = "phone\n" + "".join(f"21255501{last:02}\n" for last in range(6))
NO_MORE = RetryDecision(None, None, "")


def connect(desk: Desk, attempt: int, at: datetime) -> None:
    with desk.store.transaction():
        desk.store.mark_answered(attempt, at)
        desk.store.mark_connected(attempt, "ann", at)


def test_abandonment_counts_live_calls(desk: Desk, now: datetime) -> None:
    nothing = {"live": 0, "abandoned": 0, "rate": 0.0, "connected": 0, "not_live": 0}
    assert desk.store.report_abandonment("spring").items() >= nothing.items()
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
    assert desk.store.report_abandonment("spring").items() >= counted.items()


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
    assert abandonment.items() >= {"live": 4, "abandoned": 1, "rate": 0.25, "connected": 5, "not_live": 2}.items()
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
    assert ledger("spring", None) == (4, 1)


def place(desk: Desk, now: datetime, outcome: Outcome, closed_at: datetime, status: str | None = None) -> None:
    """One call of a lead that is due, answered if somebody talked or was abandoned."""
    lead = desk.refill(now)[0]
    attempt = desk.reserve(lead, now)
    with desk.store.transaction():
        if outcome in (Outcome.HANDLED, Outcome.ABANDONED):
            desk.store.mark_answered(attempt, now)
        if outcome is Outcome.HANDLED:
            desk.store.mark_connected(attempt, "ann", now)
    desk.close(attempt, lead, outcome, closed_at, status, NO_MORE)


def test_the_running_window_and_those_before_it(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    place(desk, now, Outcome.HANDLED, now, "NI")
    place(desk, now + DAY, Outcome.ABANDONED, now + DAY)
    place(desk, now + 29 * DAY, Outcome.HANDLED, now + 29 * DAY, "SALE")
    place(desk, now + 65 * DAY, Outcome.HANDLED, now + 65 * DAY, "A")
    place(desk, now + 66 * DAY, Outcome.ABANDONED, now + 66 * DAY)
    report = desk.store.report_abandonment("spring", now + 67 * DAY)
    assert (report["live"], report["abandoned"], report["limit"]) == (4, 2, 0.03)
    assert report["window"] == {
        "kind": "30d",
        "timezone": "UTC",
        "start": "2026-07-31T00:00:00+00:00",
        "end": "2026-08-30T00:00:00+00:00",
        "live": 1,
        "abandoned": 1,
        "machine_verdicts": 0,
        "rate": 1.0,
        "limit": 0.03,
        "over_limit": True,
    }
    (past,) = report["past_windows"]
    assert (past["start"], past["end"]) == ("2026-06-01T00:00:00+00:00", "2026-07-01T00:00:00+00:00")
    assert (past["live"], past["abandoned"], past["rate"]) == (3, 1, pytest.approx(1 / 3))


def test_a_call_counts_in_the_window_in_which_it_is_closed(desk: Desk) -> None:
    desk.load(PHONES)
    desk.store.update_campaign("spring", abandon_window="24h", timezone="America/New_York", window="00:00-24:00")
    before, after = datetime(2026, 6, 2, 3, 59, tzinfo=UTC), datetime(2026, 6, 2, 4, 0, tzinfo=UTC)
    place(desk, before, Outcome.HANDLED, after, "NI")
    place(desk, before, Outcome.ABANDONED, after - S)
    lead = desk.refill(before)[0]
    connect(desk, desk.reserve(lead, before), before)
    report = desk.store.report_abandonment("spring", after)
    assert (report["window"]["live"], report["window"]["abandoned"]) == (2, 0)
    assert [(w["end"], w["live"], w["abandoned"]) for w in report["past_windows"]] == [(after.isoformat(), 1, 1)]
    assert desk.store.ledger("spring", after) == (1, 0)


def test_the_whole_campaign_as_one_window(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    desk.store.update_campaign("spring", abandon_window="campaign")
    place(desk, now, Outcome.HANDLED, now, "NI")
    place(desk, now + 200 * DAY, Outcome.ABANDONED, now + 200 * DAY)
    report = desk.store.report_abandonment("spring", now + 200 * DAY)
    assert (report["window"]["start"], report["window"]["end"], report["past_windows"]) == (None, None, [])
    assert (report["window"]["live"], report["window"]["abandoned"]) == (2, 1)


def test_people_whom_a_machine_was_taken_for_are_abandoned_and_live(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    desk.store.update_campaign("spring", amd_false_positive_rate=0.25)
    for status in ("AA", "AM"):
        place(desk, now, Outcome.NO_ANSWER, now, status)
    place(desk, now, Outcome.HANDLED, now, "NI")
    place(desk, now, Outcome.HANDLED, now, "A")
    assert desk.store.ledger("spring", now) == (1.5, 0.5)
    window = desk.store.report_abandonment("spring", now)["window"]
    assert (window["live"], window["abandoned"], window["machine_verdicts"]) == (1.5, 0.5, 2)
    assert window["rate"] == pytest.approx(1 / 3)
    assert Counts(connected=10, machines=4).ledger(0.0) == (10, 0)


def test_the_first_call_is_the_one_placed_first(desk: Desk, now: datetime) -> None:
    desk.load(PHONES)
    assert desk.store.first_call_at("spring") is None
    for minute in range(2):
        place(desk, now + minute * 60 * S, Outcome.BUSY, now + minute * 60 * S)
    assert desk.store.first_call_at("spring") == now
    desk.store.create_campaign("other", "telesales", "power")
    assert ledger.first_call_at(desk.store.database, desk.store.campaign("other")) is None
