from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.model import Outcome
from campaigns.store import UnknownLead
from tests.campaigns.desk import Desk


def rules(answer: dict[str, Any]) -> list[str]:
    return [reason["rule"] for reason in answer["reasons"]]


def test_a_callable_lead_has_no_reason_against_it(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    answer = desk.store.why("spring", 1, now)
    assert answer["callable"] is True and answer["reasons"] == []


def test_outside_the_window_says_until_when(desk: Desk) -> None:
    desk.load("phone\n2125550101\n")
    (reason,) = desk.store.why("spring", 1, datetime(2026, 6, 1, 8, tzinfo=UTC))["reasons"]
    assert reason["rule"] == "outside_window" and "America/New_York" in reason["detail"]
    assert reason["until"] == "2026-06-01T13:00:00+00:00"


def test_an_unknown_zone(desk: Desk, now: datetime) -> None:
    desk.load("phone\n8005550101\n")
    answer = desk.store.why("spring", 1, now)
    assert not answer["callable"] and rules(answer) == ["no_timezone"]
    assert "+18005550101" in answer["reasons"][0]["detail"]


def test_all_reasons_at_once(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone\n2125550101,2125550102\n")
    desk.call(desk.one(now), Outcome.NO_ANSWER, now)
    desk.store.add_dnc("+12125550101", "test", now)
    desk.store.set_campaign_state("spring", "paused")
    desk.store.update_campaign("spring", window="18:00-20:00")
    answer = desk.store.why("spring", 1, now + timedelta(minutes=1))
    assert rules(answer) == ["campaign", "retry", "outside_window"]
    assert [note["rule"] for note in answer["notes"]] == ["dnc"]
    retry = answer["reasons"][1]
    assert retry["until"] == "2026-06-01T16:00:00+00:00" and "no_answer" in retry["detail"]


def test_all_numbers_barred(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone\n2125550101,2125550102\n")
    desk.store.add_dnc("+12125550102", "test", now)
    assert rules(desk.store.why("spring", 1, now)) == []
    desk.store.add_dnc("+12125550101", "test", now)
    assert rules(desk.store.why("spring", 1, now)) == ["status", "dnc", "dnc"]


def test_a_number_found_invalid(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone\n2125550101,2125550102\n")
    desk.call(desk.one(now), Outcome.INVALID_NUMBER, now)
    answer = desk.store.why("spring", 1, now + timedelta(minutes=2))
    assert answer["callable"] is True and answer["reasons"] == []
    assert [note["rule"] for note in answer["notes"]] == ["invalid_number"]


def test_an_open_attempt(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    desk.reserve(desk.one(now), now)
    (reason,) = desk.store.why("spring", 1, now)["reasons"]
    assert reason["rule"] == "open_attempt" and "attempt 1" in reason["detail"]


def test_a_status_that_ends_a_lead(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    desk.call(desk.one(now), Outcome.HANDLED, now, "SALE")
    (reason,) = desk.store.why("spring", 1, now)["reasons"]
    assert reason["rule"] == "status" and "SALE (Sale made)" in reason["detail"]


def test_the_attempt_limit(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    for turn in range(6):
        at = now + turn * timedelta(minutes=5)
        desk.call(desk.one(at), Outcome.BUSY, at)
    (reason,) = desk.store.why("spring", 1, now + timedelta(hours=1))["reasons"]
    assert reason["rule"] == "attempt_limit" and "6 of 6" in reason["detail"]


def test_an_unknown_lead(desk: Desk, now: datetime) -> None:
    with pytest.raises(UnknownLead, match="no lead 5"):
        desk.store.why("spring", 5, now)


def test_what_its_list_says_of_a_lead_is_told(desk: Desk, now: datetime) -> None:
    desk.load("phone,state\n2125550101,NY\n", list_name="june")
    of = desk.campaign.campaign_id
    assert desk.store.why("spring", 1, now)["callable"]
    desk.store.lists.set(of, "june", {"condition": 'state == "FL"'})
    assert [each["rule"] for each in desk.store.why("spring", 1, now)["reasons"]] == ["list_filter"]
    desk.store.lists.set(of, "june", {"active": "no", "condition": "none"})
    assert [each["rule"] for each in desk.store.why("spring", 1, now)["reasons"]] == ["list_inactive"]


def test_what_put_a_lead_off_is_told_in_words(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    hour = (now + timedelta(hours=1)).timestamp()
    for held_by, words in [
        ("rule:us.sales.registry", "rule us.sales.registry stood against"),
        ("cap:lead:2/1d", "the campaign's cap lead:2/1d stood against"),
        ("hold", "a hold stood against"),
        ("strange", "strange stood against"),
    ]:
        desk.store.database.execute("UPDATE leads SET next_at = ?, priority = 0, held_by = ?", (hour, held_by))
        (reason,) = desk.store.why("spring", 1, now)["reasons"]
        assert reason["rule"] == held_by and reason["detail"].startswith(words)
        assert reason["until"] == "2026-06-01T16:00:00+00:00"
