"""One number in two campaigns of a site: called by one at a time, and left alone after it was abandoned."""

import io
from datetime import datetime, timedelta

import pytest

from campaigns.importing import import_leads
from campaigns.model import CampaignSettings, CampaignState, Candidate, Outcome
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)
DAY = timedelta(hours=24)
ONE = "phone\n2125550101\n"


class Other:
    """A second campaign with the same list."""

    def __init__(self, desk: Desk) -> None:
        self.store = desk.store
        self.store.create_campaign("autumn", "telesales", "power", window="00:00-24:00")
        self.campaign: CampaignSettings = self.store.set_campaign_state("autumn", CampaignState.ACTIVE)
        import_leads(self.store, "autumn", io.StringIO(ONE))

    def refill(self, now: datetime) -> list[Candidate]:
        return list(self.store.refill(self.campaign.campaign_id, 10, now).leads)

    def next_at(self, now: datetime) -> datetime | None:
        return self.store.refill(self.campaign.campaign_id, 10, now).next_at

    def reserve(self, lead: Candidate, now: datetime) -> str | None:
        of, phone = self.campaign.campaign_id, lead.phone
        with self.store.transaction():
            return self.store.reserve_attempt(900, of, lead.lead_id, phone.phone_id, phone.e164, "t1", "", now)

    def rules(self, lead_id: int, now: datetime) -> list[str]:
        return [reason["rule"] for reason in self.store.why("autumn", lead_id, now)["reasons"]]


@pytest.fixture
def other(desk: Desk) -> Other:
    desk.load(ONE)
    return Other(desk)


def abandon(desk: Desk, now: datetime) -> None:
    lead = desk.one(now)
    attempt = desk.reserve(lead, now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now)
    desk.close(attempt, lead, Outcome.ABANDONED, now)


def test_two_campaigns_cannot_call_a_number_at_once(desk: Desk, other: Other, now: datetime) -> None:
    mine, (theirs,) = desk.one(now), other.refill(now)
    attempt = desk.reserve(mine, now)
    assert other.reserve(theirs, now) == "already_open"
    assert desk.store.report_attempts("autumn") == []
    assert other.rules(theirs.lead_id, now) == ["already_open"]
    desk.close(attempt, mine, Outcome.BUSY, now + 9 * S)
    assert other.reserve(theirs, now + 10 * S) is None


def test_a_lead_whose_number_is_being_called_is_put_off(desk: Desk, other: Other, now: datetime) -> None:
    mine = desk.one(now)
    attempt = desk.reserve(mine, now)
    assert other.refill(now) == []
    before = other.store.database.value("SELECT total_changes()")
    assert other.next_at(now + 5 * S) == now + 300 * S
    assert other.refill(now + 10 * S) == []
    assert other.store.database.value("SELECT total_changes()") == before
    desk.close(attempt, mine, Outcome.BUSY, now + 20 * S)
    assert other.refill(now + 299 * S) == []
    (theirs,) = other.refill(now + 300 * S)
    assert theirs.status == "NEW" and other.reserve(theirs, now + 300 * S) is None


def test_an_abandoned_person_is_left_alone_by_all_for_a_day(desk: Desk, other: Other, now: datetime) -> None:
    (theirs,) = other.refill(now)
    abandon(desk, now)
    assert other.reserve(theirs, now + 60 * S) == "recently_abandoned"
    (reason,) = other.store.why("autumn", theirs.lead_id, now + 60 * S)["reasons"]
    assert reason["rule"] == "recently_abandoned" and "+12125550101" in reason["detail"]
    assert reason["until"] == "2026-06-02T15:00:00+00:00"
    assert other.reserve(theirs, now + DAY - S) == "recently_abandoned"
    assert other.refill(now + 60 * S) == []
    assert other.next_at(now + 65 * S) == now + DAY
    (again,) = other.refill(now + DAY)
    assert other.reserve(again, now + DAY) is None


def test_an_abandonment_at_a_fraction_of_a_second_is_over_when_the_lead_is_due(
    desk: Desk, other: Other, now: datetime
) -> None:
    abandon(desk, now + timedelta(seconds=0.7))
    assert other.refill(now + 60 * S) == []
    due = other.next_at(now + 65 * S)
    assert due == now + DAY + S
    (again,) = other.refill(due)
    assert other.reserve(again, due) is None


def test_the_leads_own_abandonment_is_its_campaigns_rule(desk: Desk, now: datetime) -> None:
    desk.load(ONE)
    desk.campaign = desk.store.update_campaign("spring", retry="abandoned:1h")
    abandon(desk, now)
    hour_later = now + timedelta(hours=1)
    assert desk.try_reserve(desk.one(hour_later), hour_later) is None


def test_two_leads_of_one_campaign_with_the_same_number(desk: Desk, now: datetime) -> None:
    desk.load(ONE, list_name="a")
    desk.load(ONE, list_name="b", duplicates="list")
    first, second = desk.refill(now)
    desk.reserve(first, now)
    assert desk.try_reserve(second, now) == "already_open"
    assert desk.refill(now) == []


def test_an_abandonment_of_another_number_does_not_matter(desk: Desk, other: Other, now: datetime) -> None:
    desk.load("phone\n2125550107\n")
    desk.call(desk.refill(now)[1], Outcome.ABANDONED, now)
    (theirs,) = other.refill(now)
    assert other.reserve(theirs, now) is None


def test_a_person_in_a_call_is_not_called_on_another_number(desk: Desk, now: datetime) -> None:
    desk.load("phone,person\n2125550101,P1\n2125550103,P2\n")
    other = desk.store.create_campaign("autumn", "telesales", "power")
    import_leads(desk.store, "autumn", io.StringIO("phone,person\n2125550102,P1\n2125550104,P3\n"))
    first, second = desk.refill(now)
    attempt_id = desk.reserve(first, now)
    offered = desk.store.refill(other.campaign_id, 5, now).leads
    assert [lead.phone.e164 for lead in offered] == ["+12125550104"]
    desk.close(attempt_id, first, Outcome.BUSY, now)
    later = desk.store.refill(other.campaign_id, 5, now + timedelta(minutes=6)).leads
    assert [lead.phone.e164 for lead in later] == ["+12125550102", "+12125550104"]
    assert second.phone.e164 == "+12125550103"
