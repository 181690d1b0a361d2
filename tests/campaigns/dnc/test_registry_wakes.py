"""A fresh copy of a registry lets the leads be called that waited for one."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.dnc import registry_import
from campaigns.importing import import_leads
from campaigns.model import CallbackAsked, CampaignState, Outcome, RetryDecision
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store

RULEBOOK = Rulebook(load_builtin())
# A Monday: 10:00 in New York and 15:00 in London.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
OLD = datetime(2026, 10, 20, tzinfo=UTC)
BRITISH = "rule:gb.sales.registry.tps"
SOON = NOW + timedelta(minutes=20)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK) as opened:
        opened.create_campaign("spring", "telesales", "predictive")
        opened.set_campaign_state("spring", CampaignState.ACTIVE)
        yield opened


def offered(store: Store, at: datetime) -> list[int]:
    return [lead.lead_id for lead in store.refill(store.campaign("spring").campaign_id, 50, at).leads]


def put_off(store: Store) -> None:
    """Three leads in New York and one in London that are held for want of a fresh copy."""
    copy(store, "us-national", "2125550199\n", OLD)
    copy(store, "gb-tps", "02079460199\n", OLD)
    numbers = ("+12125550101", "+12125550102", "+12125550103", "+442079460101")
    import_leads(store, "spring", io.StringIO("phone\n" + "".join(f"{number}\n" for number in numbers)))
    assert offered(store, NOW) == []
    assert held(store) == {**dict.fromkeys((1, 2, 3), "rule:us.sales.registry"), 4: BRITISH}


def copy(store: Store, registry: str, text: str, at: datetime) -> None:
    store.dnc.import_registry(io.StringIO(text), registry, as_of=at, full=True, at=at)


def held(store: Store) -> dict[int, str]:
    return dict(store.database.rows("SELECT id, held_by FROM leads WHERE held_by <> '' ORDER BY id"))


def test_a_full_copy_wakes_the_leads_of_its_country(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_import, "_WOKEN_AT_ONCE", 2)
    put_off(store)
    copy(store, "us-national", "2125550102\n", SOON)
    assert held(store) == {4: BRITISH}
    assert offered(store, SOON + timedelta(minutes=1)) == [1, 3]
    copy(store, "gb-tps", "02079460199\n", SOON)
    assert offered(store, SOON + timedelta(minutes=2)) == [1, 3, 4]


def test_a_change_list_wakes_them(store: Store) -> None:
    put_off(store)
    store.dnc.import_registry(io.StringIO("A,2125550103\n"), "us-national", as_of=SOON, full=False, at=SOON)
    assert offered(store, SOON + timedelta(minutes=1)) == [1, 2]


def test_a_copy_that_is_forgotten_wakes_them(store: Store) -> None:
    put_off(store)
    assert store.dnc.remove_registry("us-national", SOON)
    assert offered(store, SOON + timedelta(minutes=1)) == [1, 2, 3]


def test_a_failed_import_wakes_nobody(store: Store) -> None:
    put_off(store)
    with pytest.raises(Exception, match="nothing was changed"):
        copy(store, "us-national", "2125550102\n", OLD - timedelta(days=1))
    assert len(held(store)) == 4


def test_those_that_wait_for_a_time_go_on_waiting(store: Store) -> None:
    """A retry after a callback that a rule had put off, and a callback."""
    campaign_id = store.campaign("spring").campaign_id
    import_leads(store, "spring", io.StringIO("phone\n+12125550101\n+12125550102\n"))
    for lead_id in (1, 2):
        store.make_callback("spring", lead_id, CallbackAsked(NOW), "anna", NOW - timedelta(hours=1))
    copy(store, "us-national", "2125550199\n", OLD)
    assert store.due_callbacks(campaign_id, NOW, ()) == []
    assert len(held(store)) == 2
    tomorrow = NOW + timedelta(days=1)
    store.dnc.remove_registry("us-national", tomorrow)
    first, _ = store.due_callbacks(campaign_id, tomorrow, ())
    with store.transaction():
        phone = first.phone
        reserved = (1, campaign_id, first.lead_id, phone.phone_id, phone.e164, "t1", "+12125550100", tomorrow)
        assert store.reserve_attempt(*reserved) is None
        store.close_attempt(
            1, at=tomorrow, outcome=Outcome.ABANDONED, status="DROP", ringing_at=tomorrow, cause="normal", sip_code=200,
            q850=16, detail="", ref="", agent=None,
            retry=RetryDecision(tomorrow + timedelta(hours=24), phone.phone_id, "test"),
        )  # fmt: skip
    assert held(store) == {2: "rule:us.sales.registry"}
    copy(store, "us-national", "2125550199\n", tomorrow)
    assert offered(store, tomorrow + timedelta(hours=1)) == []


def test_why_names_what_put_a_lead_off(store: Store) -> None:
    put_off(store)
    first = store.why("spring", 1, NOW)["reasons"][0]
    assert first["rule"] == "rule:us.sales.registry" and "us.sales.registry stood against" in first["detail"]
    assert first["until"] == (NOW + timedelta(days=1)).isoformat(timespec="seconds")
    copy(store, "us-national", "2125550102\n", SOON)
    assert store.why("spring", 1, SOON + timedelta(minutes=1))["callable"]
