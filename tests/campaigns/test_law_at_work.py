"""Rules that tell numbers at work from those at home: their caps and hours reach every look at a lead."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.collections.histories import HistoricCall, Histories
from campaigns.eligibility import check
from campaigns.model import CallbackAsked, Place
from campaigns.rules import Rulebook, load_builtin
from campaigns.rules.packs import parse_pack
from campaigns.store import Store, StoreError
from campaigns.texts import TextAsked
from tests.campaigns.test_law import Calls

RULEBOOK = Rulebook(load_builtin())
OWED = "debt_reference,balance,currency"
# A Monday noon in Seattle, 15:00 in Boston.
MONDAY = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
# 19:00 on a Monday in Sydney.
EVENING = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
AT_NINE = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)


@pytest.fixture
def store() -> Store:
    return Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK)


def debtors(store: Store, header: str, *rows: str) -> Calls:
    lines = [f"{header},{OWED}", *(f"{row},D{number},100,USD" for number, row in enumerate(rows))]
    return Calls(store, "\n".join(lines) + "\n", "collections")


def placed(calls: Calls, at: datetime, step: timedelta, n: int) -> list[bool]:
    """Whether a call is placed at each of `n` instants, when all that is asked is the law."""
    found = []
    for _ in range(n):
        calls.store.database.execute("UPDATE leads SET next_at = 1, priority = 0, held_by = ''")
        leads = calls.offered(at)
        found.append(bool(leads))
        for lead in leads:
            calls.call(lead, at, at)
        at += step
    return found


@pytest.mark.parametrize("label", ["work_phone", "office_phone", "phone:work", "phone:Office"])
def test_one_call_a_week_at_work_in_washington(store: Store, label: str) -> None:
    calls = debtors(store, label, "+12065550101")
    assert placed(calls, MONDAY, timedelta(days=1), 8) == [True, *[False] * 6, True]
    assert calls.store.why("spring", 1, MONDAY)["reasons"] != []


def test_a_rows_own_label_says_where_the_number_rings(store: Store) -> None:
    calls = debtors(store, "phone,phone_label", "+12065550101,Work", "+12065550102,Mobile")
    assert [lead.phone.place for lead in calls.offered(MONDAY)] == [Place.WORK, None]


def test_calls_at_work_and_at_home_have_caps_of_their_own_in_massachusetts(store: Store) -> None:
    calls = debtors(store, "phone,work_phone", "+16175550101,+16175550102")
    at = MONDAY
    for phone_id in (2, 2, 1, 1):
        store.database.execute(
            "UPDATE leads SET next_phone_id = ?, next_at = 1, priority = 0, held_by = ''", (phone_id,)
        )
        (lead,) = calls.offered(at)
        calls.call(lead, at, at)
        at += timedelta(hours=1)
    for phone_id, rule in ((2, "us-ma.collections.frequency_work"), (1, "us-ma.collections.frequency")):
        store.database.execute(
            "UPDATE leads SET next_phone_id = ?, next_at = 1, priority = 0, held_by = ''", (phone_id,)
        )
        (said,) = store.why("spring", 1, at)["reasons"]
        assert said["rule"] == rule
        assert calls.offered(at) == [] and calls.held_by() == f"rule:{rule}"


def test_an_imported_call_to_a_number_at_work_counts_there(store: Store) -> None:
    calls = debtors(store, "work_phone", "+12065550101")
    histories = Histories(store.database, store.debts)
    told = HistoricCall(1, "+12065550101", MONDAY - timedelta(days=1), "no_answer", conversation=False)
    assert histories.add_many(calls.campaign.campaign_id, [told], "old", MONDAY).added == 1
    assert calls.offered(MONDAY) == []


def test_hours_at_work_end_earlier_in_australia(store: Store) -> None:
    header = "{},country,state"
    calls = debtors(store, header.format("work_phone"), "+61255501234,AU,NSW")
    assert calls.offered(EVENING) == []
    assert calls.held_by() == "rule:au.collections.hours_work"
    assert store.database.value("SELECT next_at FROM leads") == AT_NINE.timestamp()
    assert [lead.lead_id for lead in calls.offered(AT_NINE)] == [1]


def test_leads_of_one_place_at_home_and_at_work_do_not_share_a_judgement(store: Store) -> None:
    calls = debtors(store, "phone,work_phone,country,state", "+61255501234,,AU,NSW", ",+61255501235,AU,NSW")
    assert [lead.lead_id for lead in calls.offered(EVENING)] == [1]
    assert sorted(lead.lead_id for lead in calls.offered(AT_NINE)) == [1, 2]


def test_the_last_look_at_dialing_knows_the_place(store: Store) -> None:
    calls = debtors(store, "work_phone,country,state", "+61255501234,AU,NSW")
    (lead,) = calls.offered(AT_NINE)
    late = EVENING + timedelta(days=1)
    for seen in (lead, lead.looked_up(None)):
        verdict = check(seen, calls.campaign, late, RULEBOOK)
        assert getattr(verdict, "reason", None) == "rule:au.collections.hours_work"
    assert calls.reserve(lead, late) == "rule:au.collections.hours_work"
    (veto,) = calls.audited("veto")
    assert veto["place"] == "work"


def test_callbacks_and_texts_know_the_place(store: Store) -> None:
    calls = debtors(store, "work_phone,country,state", "+61255501234,AU,NSW")
    with pytest.raises(StoreError, match="may not be called then"):
        store.make_callback(
            "spring", 1, CallbackAsked(EVENING, "Australia/Sydney"), "anna", EVENING - timedelta(hours=3)
        )
    refused = store.texts.ask(TextAsked(calls.campaign, 1, "please call us"), EVENING)
    assert getattr(refused, "reason", None) == "rule:au.collections.hours_work"


HOURS_AT_HOME = """
[pack]
id = "home"
title = "home"
version = "1"
jurisdiction = "US"
[[rule]]
id = "home.hours"
where = ["US"]
place = ["home"]
type = "window"
hours = { all = "17:00-20:00" }
effect = "block"
status = "in_force"
confidence = "H"
"""


def test_hours_at_home_do_not_close_numbers_at_work() -> None:
    rulebook = Rulebook([*load_builtin(), parse_pack(HOURS_AT_HOME, "home.toml")])
    with Store.open(":memory:", fast=True, rulebook=lambda: rulebook) as store:
        calls = debtors(store, "phone,work_phone", "+12065550101,", ",+12065550102")
        assert [lead.lead_id for lead in calls.offered(MONDAY)] == [2]
        assert calls.held_by(1) == "rule:home.hours"
        evening = MONDAY + timedelta(hours=6)
        assert sorted(lead.lead_id for lead in calls.offered(evening)) == [1, 2]
        counts = {each.reason: each.leads for each in store.hopper_reasons("spring", MONDAY)}
        assert counts.get("closed_hours", 0) == 0


def test_before_any_hour_the_next_is_that_of_numbers_at_work() -> None:
    rulebook = Rulebook([*load_builtin(), parse_pack(HOURS_AT_HOME, "home.toml")])
    with Store.open(":memory:", fast=True, rulebook=lambda: rulebook) as store:
        calls = debtors(store, "work_phone", "+12065550102")
        early = datetime(2026, 11, 30, 13, 0, tzinfo=UTC)  # 5:00 in Seattle
        refill = store.refill(calls.campaign.campaign_id, 5, early)
        assert refill.leads == () and refill.next_at == datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
