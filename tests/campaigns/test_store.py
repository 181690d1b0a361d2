import threading
from datetime import UTC, datetime
from pathlib import Path

import peewee
import pytest

from campaigns.model import CampaignState, Kind, Mode, Outcome, RetryRule
from campaigns.settings import SettingError
from campaigns.store import Agent, Store, StoreError, UnknownAgent, UnknownCampaign, UnknownLead
from tests.campaigns.desk import Desk


def test_campaigns_round_trip(store: Store) -> None:
    made = store.create_campaign("autumn", Kind.COLLECTIONS, "power", max_lines=12, retry={"busy": RetryRule(600.0)})
    assert made.state is CampaignState.STOPPED and made.mode is Mode.POWER and made.max_lines == 12
    assert store.campaign("autumn") == made == store.campaign_by_id(made.campaign_id)
    store.create_campaign("alpha", "telesales", "manual")
    assert [campaign.name for campaign in store.campaigns()] == ["alpha", "autumn"]


def test_campaigns_change_by_key(desk: Desk) -> None:
    assert desk.store.set_campaign_state("spring", "paused").state is CampaignState.PAUSED
    assert desk.store.set_campaign_state(desk.campaign.campaign_id, CampaignState.ACTIVE).state is CampaignState.ACTIVE
    after = desk.store.update_campaign("spring", wrapup_s=12, mode="progressive", retry={"busy": RetryRule(None)})
    assert desk.store.campaign("spring") == after
    assert (after.wrapup_s, after.mode) == (12.0, Mode.PROGRESSIVE)
    assert after.retry[Outcome.BUSY].delay_s is None and after.retry[Outcome.LOST].delay_s == 3600
    with pytest.raises(SettingError, match="ring_timeout_s"):
        desk.store.update_campaign("spring", wrapup_s=5, ring_timeout_s=3)
    assert desk.store.campaign("spring") == after


def test_unknown_and_taken_names_are_said(store: Store, desk: Desk) -> None:
    with pytest.raises(UnknownCampaign) as unknown:
        store.campaign("winter")
    assert str(unknown.value) == "no campaign 'winter'; there are: spring"
    with pytest.raises(UnknownCampaign):
        store.campaign_by_id(99)
    with pytest.raises(StoreError, match="'spring' already"):
        store.create_campaign("spring", "telesales", "power")
    store.create_campaign("summer", "telesales", "power")
    with pytest.raises(StoreError, match="'spring' already"):
        store.update_campaign("summer", name="spring")
    assert store.campaign("summer").name == "summer"


def test_with_no_campaign_the_message_says_how_to_make_one(store: Store) -> None:
    with pytest.raises(UnknownCampaign) as unknown:
        store.campaign("winter")
    assert "dialer campaign create" in str(unknown.value)


def test_agents(store: Store) -> None:
    store.add_agent("bob", "desk2")
    assert store.add_agent("ann", "desk1") == Agent("ann", "desk1") == store.agent("ann")
    assert [agent.name for agent in store.agents()] == ["ann", "bob"]
    with pytest.raises(StoreError, match="'ann' already"):
        store.add_agent("ann", "desk3")
    with pytest.raises(StoreError, match="printable"):
        store.add_agent(" ", "desk3")
    assert store.move_agent("bob", "desk9") == Agent("bob", "desk9") == store.agent("bob")
    assert store.agent("ann").station == "desk1"
    with pytest.raises(UnknownAgent, match="no agent 'cy'"):
        store.move_agent("cy", "desk1")
    store.remove_agent("bob")
    with pytest.raises(UnknownAgent, match="there are: ann"):
        store.remove_agent("bob")


def test_a_transaction_is_all_or_nothing_and_nests(desk: Desk, now: datetime) -> None:
    with pytest.raises(RuntimeError), desk.store.transaction():
        desk.store.add_dnc("+12125550101", "test", now)
        with desk.store.transaction():
            desk.store.add_dnc("+12125550102", "test", now)
        raise RuntimeError
    assert desk.store.dnc_check("+12125550101") is None
    assert desk.store.dnc_check("+12125550102") is None


def test_a_profile_taken_back_by_a_rollback_is_not_remembered(desk: Desk, now: datetime) -> None:
    with pytest.raises(RuntimeError), desk.store.transaction():
        desk.load("phone\n2125550101\n")
        desk.store.profiles.refresh()
        raise RuntimeError
    desk.load("phone\n2135550101\n")
    desk.load("phone\n2125550102\n")
    zones = {phone["e164"]: phone["zones"] for lead in desk.store.leads("spring") for phone in lead["phones"]}
    assert zones == {"+12135550101": ["America/Los_Angeles"], "+12125550102": ["America/New_York"]}


def test_a_store_opened_in_one_thread_works_in_another(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "dialer.db", create=True)
    names: list[str] = []

    def work() -> None:
        store.create_campaign("spring", "telesales", "power")
        names.extend(campaign.name for campaign in store.campaigns())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert names == ["spring"] == [campaign.name for campaign in store.campaigns()]
    store.close()


def test_leads_are_listed_with_numbers_and_attempts(desk: Desk, now: datetime) -> None:
    desk.load("phone,alt_phone,first_name,score\n2125550101,2135550102,Ann,7\n2125550103,,Bob,\n")
    desk.call(desk.refill(now)[0], Outcome.NO_ANSWER, now)
    first, second = desk.store.leads("spring")
    assert [each["e164"] for each in first["phones"]] == ["+12125550101", "+12135550102"]
    assert first["phone"] == "+12135550102" and first["attempts"] == 1 and first["status"] == "NA"
    assert first["custom"] == {"score": "7"} and second["custom"] == {}
    assert first["next_at"] == "2026-06-01T16:00:00.000+00:00"
    assert second["next_at"] is None and second["open"]
    assert [lead["first_name"] for lead in desk.store.leads("spring", limit=1, offset=1)] == ["Bob"]
    one = desk.store.lead("spring", first["id"])
    assert [attempt["status"] for attempt in one["attempt_log"]] == ["NA"]
    desk.store.create_campaign("other", "telesales", "power")
    with pytest.raises(UnknownLead, match="'other' has no lead 1"):
        desk.store.lead("other", 1)


def test_naive_instants_are_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="aware"):
        desk.store.add_dnc("+12125550101", "test", datetime(2026, 6, 1))
    assert desk.store.add_dnc("+12125550101", "test", datetime(2026, 6, 1, tzinfo=UTC))


def test_a_closed_store_is_not_opened_again_in_silence(desk: Desk) -> None:
    desk.store.close()
    with pytest.raises(peewee.InterfaceError):
        desk.store.last_attempt_id()
