import sqlite3
from datetime import datetime, timedelta

import peewee
import pytest

from campaigns.attempts import AttemptError
from campaigns.model import Outcome, RetryDecision
from tests.campaigns.desk import Desk

TWO_NUMBERS = "phone,alt_phone\n2125550101,2125550102\n"
S = timedelta(seconds=1)


def test_a_call_from_reservation_to_disposition(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    store = desk.store
    assert store.last_attempt_id() == 0
    attempt = desk.reserve(lead, now)
    assert store.last_attempt_id() == attempt
    assert store.lead("spring", lead.lead_id)["status"] == "QUEUE"
    with store.transaction():
        store.mark_answered(attempt, now + 5 * S)
        store.mark_connected(attempt, "ann", now + 6 * S)
    assert store.lead("spring", lead.lead_id)["status"] == "INCALL"
    with store.transaction():
        store.mark_call_ended(attempt, now + 66 * S, "rejected", 603, 21, "far end")
    desk.close(attempt, lead, Outcome.HANDLED, now + 80 * S, "SALE")
    (row,) = store.report_attempts("spring")
    assert row["status"] == "SALE" and row["outcome"] == "handled" and row["agent"] == "ann"
    assert (row["cause"], row["sip_code"], row["q850"], row["detail"]) == ("rejected", 603, 21, "far end")
    assert row["ended_at"] == "2026-06-01T15:01:06.000+00:00"
    assert (row["duration_s"], row["talk_s"]) == (66.0, 60.0)
    done = store.lead("spring", lead.lead_id)
    assert (done["status"], done["attempts"], done["open"]) == ("SALE", 1, False)
    assert [phone["attempts"] for phone in done["phones"]] == [1, 0]
    assert desk.refill(now + timedelta(days=3)) == []


def test_a_call_that_was_not_marked_as_ended_ends_when_it_is_closed(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    attempt = desk.reserve(lead, now)
    desk.close(attempt, lead, Outcome.BUSY, now + 9 * S)
    (row,) = desk.store.report_attempts("spring")
    assert (row["cause"], row["sip_code"], row["ref"]) == ("normal", 200, "ref")
    assert row["duration_s"] == 9.0 and row["talk_s"] is None and row["ringing_at"] is not None


def test_a_retry_waits_for_its_time_on_its_number(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    decision = desk.call(lead, Outcome.NO_ANSWER, now)
    assert decision.at == now + timedelta(hours=1)
    assert desk.refill(decision.at - S) == []
    again = desk.one(decision.at)
    assert [phone.e164 for phone in again.phones] == ["+12125550102", "+12125550101"]
    assert (again.attempts, again.status, again.phones[1].attempts) == (1, "NA", 1)


def test_a_retry_at_a_fraction_of_a_second_is_never_early(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    at = now + timedelta(seconds=300.4)
    lead = desk.one(now)
    desk.close(desk.reserve(lead, now), lead, Outcome.BUSY, now, decision=RetryDecision(at, lead.phone.phone_id, "x"))
    assert desk.refill(at) == []
    assert len(desk.refill(now + 301 * S)) == 1


def test_an_invalid_number_is_never_offered_again(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    decision = desk.call(desk.one(now), Outcome.INVALID_NUMBER, now)
    assert decision.at == now + 60 * S
    lead = desk.one(decision.at)
    assert [phone.e164 for phone in lead.phones] == ["+12125550102"]
    assert desk.call(lead, Outcome.INVALID_NUMBER, decision.at).at is None
    assert desk.store.lead("spring", lead.lead_id)["status"] == "ADC"
    assert desk.refill(now + timedelta(days=9)) == []


def test_closing_twice_or_out_of_the_blue_raises(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    attempt = desk.reserve(lead, now)
    desk.close(attempt, lead, Outcome.BUSY, now)
    before = desk.store.lead("spring", lead.lead_id)
    with pytest.raises(AttemptError, match="attempt 1 is closed"):
        desk.close(attempt, lead, Outcome.NO_ANSWER, now)
    with pytest.raises(AttemptError, match="attempt 77 does not exist"):
        desk.close(77, lead, Outcome.NO_ANSWER, now)
    with pytest.raises(AttemptError, match="is closed"):
        desk.store.mark_answered(attempt, now)
    with pytest.raises(AttemptError, match="is closed"):
        desk.store.mark_connected(attempt, "ann", now)
    with pytest.raises(AttemptError, match="is closed"):
        desk.store.mark_call_ended(attempt, now, "normal", None, None, "")
    assert desk.store.lead("spring", lead.lead_id) == before


def test_closing_with_nonsense_writes_nothing(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    attempt = desk.reserve(lead, now)
    with pytest.raises(ValueError, match="no status 'HUH'"):
        desk.close(attempt, lead, Outcome.BUSY, now, "HUH")
    with pytest.raises(AttemptError, match="number 999"):
        desk.close(attempt, lead, Outcome.BUSY, now, decision=RetryDecision(now, 999, "x"))
    (row,) = desk.store.report_attempts("spring")
    assert row["status"] is None and desk.store.lead("spring", lead.lead_id)["attempts"] == 0


def test_an_attempt_id_serves_once(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS + "2125550103,\n")
    first, second = desk.refill(now)
    desk.reserve(first, now)
    desk._last = 0
    with pytest.raises(peewee.IntegrityError):
        desk.try_reserve(second, now)
    assert desk.store.lead("spring", second.lead_id)["status"] == "NEW"


class TestVeto:
    def test_a_number_barred_since_the_refill(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.store.add_dnc(lead.phone.e164, "caller", now)
        assert desk.try_reserve(lead, now) == "dnc"
        self.assert_nothing_written(desk, lead.lead_id)

    def test_a_lead_that_asked_not_to_be_called(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.call(lead, Outcome.HANDLED, now, "DNC")
        desk.store.database.execute("DELETE FROM dnc")
        assert desk.try_reserve(lead, now) == "dnc"

    def test_a_lead_in_a_call(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.reserve(lead, now)
        assert desk.try_reserve(lead, now) == "already_open"
        assert len(desk.store.report_attempts("spring")) == 1

    def test_a_lead_that_was_called_meanwhile(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.call(lead, Outcome.HANDLED, now, "NI")
        assert desk.try_reserve(lead, now) == "not_callable"

    def test_a_lead_that_is_not_due_yet(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.call(lead, Outcome.BUSY, now)
        assert desk.try_reserve(lead, now + 299 * S) == "not_callable"
        assert desk.try_reserve(lead, now + 300 * S) is None

    def test_a_number_that_is_not_the_leads(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS + "2125550103,\n")
        first, second = desk.refill(now)
        mixed = type(first)(first.lead_id, second.phones)
        assert desk.try_reserve(mixed, now) == "not_callable"
        self.assert_nothing_written(desk, first.lead_id)

    def assert_nothing_written(self, desk: Desk, lead_id: int) -> None:
        assert desk.store.report_attempts("spring") == []
        assert desk.store.lead("spring", lead_id)["status"] == "NEW"


def test_the_database_itself_refuses_a_second_open_attempt(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    desk.reserve(lead, now)
    with pytest.raises((peewee.IntegrityError, sqlite3.IntegrityError)):
        desk.store.database.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at)"
            " VALUES (50, 1, ?, ?, ?, '', '', 0)",
            (lead.lead_id, lead.phone.phone_id, lead.phone.e164),
        )


def test_a_persons_request_bars_all_numbers_of_the_lead(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    lead = desk.one(now)
    decision = RetryDecision(now, lead.phone.phone_id, "by mistake")
    desk.close(desk.reserve(lead, now), lead, Outcome.HANDLED, now, "DNC", decision)
    for number in ("+12125550101", "+12125550102"):
        hit = desk.store.dnc_check(number)
        assert hit is not None and hit.source == "status DNC" and hit.added_at == now
    assert not desk.store.lead("spring", lead.lead_id)["open"]


def test_a_refusal_by_the_network_bars_the_number_dialed(desk: Desk, now: datetime) -> None:
    desk.load(TWO_NUMBERS)
    desk.call(desk.one(now), Outcome.UNWANTED, now)
    assert desk.store.dnc_check("+12125550101") is not None
    assert desk.store.dnc_check("+12125550102") is None
    assert desk.refill(now + timedelta(days=9)) == []


class TestRecovery:
    def test_each_open_attempt_is_closed_in_the_worst_light(self, desk: Desk, now: datetime) -> None:
        desk.load("phone\n2125550101\n2125550102\n2125550103\n2125550104\n")
        leads = desk.refill(now)
        ids = [desk.reserve(lead, now) for lead in leads]
        with desk.store.transaction():
            for attempt in ids[1:3]:
                desk.store.mark_answered(attempt, now + S)
            desk.store.mark_connected(ids[2], "ann", now + 2 * S)
        desk.close(ids[3], leads[3], Outcome.BUSY, now)
        later = now + timedelta(minutes=10)
        lost = desk.store.close_lost_attempts(later)
        assert [(each["attempt_id"], each["outcome"], each["status"]) for each in lost] == [
            (ids[0], "lost", "ERI"),
            (ids[1], "abandoned", "DROP"),
            (ids[2], "lost", "ERI"),
        ]
        assert [each["retry_at"] is not None for each in lost] == [True, True, False]
        assert desk.store.close_lost_attempts(later) == []
        abandonment = desk.store.report_abandonment("spring")
        assert (abandonment["live"], abandonment["abandoned"], abandonment["not_live"]) == (2, 1, 0)
        next_at = [lead["next_at"] for lead in desk.store.leads("spring")]
        assert next_at[0] == "2026-06-01T16:10:00.000+00:00"
        assert next_at[1] == "2026-06-02T15:10:00.000+00:00"
        assert [lead["open"] for lead in desk.store.leads("spring")] == [True, True, False, True]
        assert [lead["attempts"] for lead in desk.store.leads("spring")] == [1, 1, 1, 1]

    def test_time_nobody_measured_is_in_no_report(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        attempt = desk.reserve(desk.one(now), now)
        with desk.store.transaction():
            desk.store.mark_answered(attempt, now + S)
            desk.store.mark_connected(attempt, "ann", now + S)
        desk.store.close_lost_attempts(now + timedelta(hours=12))
        (row,) = desk.store.report_attempts("spring")
        assert row["ended_at"] is not None and row["talk_s"] is None and row["duration_s"] is None
        assert row["cause"] == "line_lost" and "stopped" in row["detail"]

    def test_a_number_barred_during_the_call_does_not_stop_recovery(self, desk: Desk, now: datetime) -> None:
        desk.load(TWO_NUMBERS)
        lead = desk.one(now)
        desk.reserve(lead, now)
        for phone in lead.phones:
            desk.store.add_dnc(phone.e164, "test", now)
        assert len(desk.store.close_lost_attempts(now)) == 1
        assert desk.refill(now + timedelta(hours=2)) == []
        assert desk.store.lead("spring", lead.lead_id)["status"] == "DNCL"
