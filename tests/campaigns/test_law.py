"""The law joined with the store: what is known of a lead reaches the rules, at refill and in the reservation."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.collections.holds import HoldKind
from campaigns.consents import Evidence, Given
from campaigns.eligibility import check
from campaigns.importing import import_leads
from campaigns.leads import RETRY
from campaigns.model import Allowed, Basis, CallbackAsked, CampaignState, Candidate, Outcome, Purpose, RetryDecision
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store, StoreError

RULEBOOK = Rulebook(load_builtin())
# A Monday: 10:00 in New York, 15:00 in London and 16:00 in Berlin.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK) as opened:
        yield opened


class Calls:
    """Leads of one campaign, and the calls made to them."""

    def __init__(self, store: Store, text: str, kind: str = "telesales", **settings: object) -> None:
        self.store = store
        store.create_campaign("spring", kind, "predictive", **settings)
        self.campaign = store.set_campaign_state("spring", CampaignState.ACTIVE)
        assert import_leads(store, "spring", io.StringIO(text)).loaded

    def offered(self, at: datetime = NOW) -> list[Candidate]:
        return list(self.store.refill(self.campaign.campaign_id, 50, at).leads)

    def reserve(self, lead: Candidate, at: datetime = NOW) -> str | None:
        with self.store.transaction():
            return self.store.reserve_attempt(
                self.store.last_attempt_id() + 1,
                *(self.campaign.campaign_id, lead.lead_id, lead.phone.phone_id, lead.phone.e164),
                *("t1", "+12125550100", at),
            )

    def call(self, lead: Candidate, at: datetime, again_at: datetime | None, status: str = "NA") -> None:
        assert self.reserve(lead, at) is None
        outcome = Outcome.NO_ANSWER if status == "NA" else Outcome.HANDLED
        attempt_id = self.store.last_attempt_id()
        with self.store.transaction():
            if outcome is Outcome.HANDLED:
                self.store.mark_answered(attempt_id, at)
                self.store.mark_connected(attempt_id, "anna", at)
            self.store.close_attempt(
                attempt_id, at=at, outcome=outcome, status=status, ringing_at=at, cause="normal", sip_code=200, q850=16,
                detail="", ref="", agent="anna", retry=RetryDecision(again_at, lead.phone.phone_id, "test"),
            )  # fmt: skip

    def held_by(self, lead_id: int = 1) -> str:
        return str(self.store.database.value("SELECT held_by FROM leads WHERE id = ?", (lead_id,)))

    def audited(self, kind: str) -> list[dict[str, object]]:
        rows = self.store.database.rows("SELECT body FROM audit WHERE kind = ? ORDER BY id", (kind,))
        return [json.loads(body) for (body,) in rows]


def test_a_call_without_the_consent_it_needs_is_not_offered_until_it_is_there(store: Store) -> None:
    calls = Calls(store, "phone\n+493023125001\n")
    assert calls.offered() == []
    assert calls.held_by() == "rule:de.sales.consent"
    given = Given(Basis.EXPRESS, obtained_at=NOW - timedelta(days=3), evidence=Evidence(note="web form 4711"))
    store.consents.add(1, given, at=NOW)
    later = NOW + timedelta(days=1)
    assert [lead.lead_id for lead in calls.offered(later)] == [1]
    store.consents.revoke(1, at=later)
    assert calls.offered(later + timedelta(minutes=1)) == []


@pytest.mark.parametrize("late", [False, True], ids=["recorded before", "recorded after"])
@pytest.mark.parametrize("row", ["P7,+493023125002", ",+493023125001"], ids=["person", "number"])
def test_who_revoked_is_not_offered_in_another_campaign(store: Store, row: str, late: bool) -> None:
    calls = Calls(store, "person,phone\nP7,+493023125001\n")
    store.create_campaign("autumn", "telesales", "predictive")
    autumn = store.set_campaign_state("autumn", CampaignState.ACTIVE).campaign_id
    import_leads(store, "autumn", io.StringIO(f"person,phone\n{row}\nP8,+493023125003\n"))
    given = Given(Basis.EXPRESS, obtained_at=NOW - timedelta(days=3), evidence=Evidence(note="web form 4711"))
    store.consents.add_many([(1, None, given), (3, None, given)], NOW)
    if not late:
        store.consents.add(2, given, at=NOW)
        assert [lead.lead_id for lead in store.refill(autumn, 5, NOW).leads] == [2, 3]
    store.consents.revoke(1, at=NOW)
    if late:
        store.consents.add(2, given, at=NOW)
    assert calls.offered(NOW + timedelta(minutes=1)) == []
    assert [lead.lead_id for lead in store.refill(autumn, 5, NOW + timedelta(minutes=1)).leads] == [3]


def test_the_fourth_call_within_a_day_waits_in_florida(store: Store) -> None:
    calls = Calls(store, "phone\n+13055550101\n")
    at = NOW
    for _ in range(3):
        (lead,) = calls.offered(at)
        calls.call(lead, at, at + timedelta(hours=1))
        at += timedelta(hours=1)
    assert calls.offered(at) == []
    assert calls.held_by().startswith("rule:us-fl.sales.")
    assert calls.offered(NOW + timedelta(hours=23, minutes=59)) == []
    assert [lead.lead_id for lead in calls.offered(NOW + timedelta(hours=24, minutes=1))] == [1]


def test_another_campaigns_calls_to_the_person_count(store: Store) -> None:
    calls = Calls(store, "phone,person\n+13055550101,P1\n", subject="solar")
    other = store.create_campaign("autumn", "telesales", "power", subject="solar")
    import_leads(store, "autumn", io.StringIO("phone,person\n+13055550102,P1\n"))
    (lead,) = calls.offered()
    at = NOW
    for _ in range(3):
        calls.call(lead, at, at + timedelta(hours=1))
        at += timedelta(hours=1)
    assert store.refill(other.campaign_id, 5, at).leads == ()


def test_what_changed_since_the_refill_is_a_veto_with_its_rule(store: Store) -> None:
    calls = Calls(store, "phone\n+13055550101\n")
    (lead,) = calls.offered()
    evening = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 20:00 in Florida
    reason = calls.reserve(lead, evening)
    assert reason == "rule:us-fl.sales.hours"
    assert calls.held_by() == reason
    (veto,) = calls.audited("veto")
    assert veto["because"] == reason and veto["zones"] == ["America/New_York"] and veto["regions"] == ["US-FL"]
    assert store.database.value("SELECT COUNT(*) FROM attempts") == 0
    assert store.database.value("SELECT next_at FROM leads") == datetime(2026, 11, 24, 14, 0, tzinfo=UTC).timestamp()


def test_a_lead_that_was_refused_at_its_first_call_is_tried_again_at_its_time(store: Store) -> None:
    calls = Calls(store, "phone\n+13055550101\n+13055550102\n")
    first, _ = calls.offered()
    evening = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 20:00 in Florida
    assert calls.reserve(first, evening) == "rule:us-fl.sales.hours"
    morning = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert calls.offered(morning - timedelta(seconds=1)) == []
    assert [lead.lead_id for lead in store.refill(calls.campaign.campaign_id, 1, morning).leads] == [first.lead_id]
    store.lists.reorder(store.lists.all(calls.campaign.campaign_id)[0])
    assert [lead.lead_id for lead in calls.offered(morning)] == [1, 2]
    assert store.database.value("SELECT priority FROM leads WHERE id = 1") == RETRY


def test_every_dialing_decision_is_audited_with_what_was_looked_at(store: Store) -> None:
    calls = Calls(store, "phone\n+12125550101\n")
    (lead,) = calls.offered()
    assert calls.reserve(lead) is None
    (dial,) = calls.audited("dial")
    assert dial["attempt"] == 1 and dial["phone"] == "+12125550101" and dial["caller_id"] == "+12125550100"
    assert "us.sales.hours" in str(dial["rules"]) and "us 2026" in str(dial["packs"])


def test_a_cease_request_stops_every_campaign_of_the_person(store: Store) -> None:
    calls = Calls(store, "phone,person\n+12125550101,P1\n")
    other = store.create_campaign("arrears", "collections", "power")
    import_leads(store, "arrears", io.StringIO("phone,person\n+12125550102,P1\n"))
    hold = store.holds.place(2, HoldKind.CEASE, NOW, "letter")
    assert calls.offered() == [] and store.refill(other.campaign_id, 5, NOW).leads == ()
    assert calls.held_by() == "hold"
    store.holds.lift(hold, NOW, "withdrawn")
    assert [lead.lead_id for lead in calls.offered(NOW + timedelta(days=1))] == [1]


def test_a_number_on_a_registry_is_not_called_without_a_ground(store: Store) -> None:
    calls = Calls(store, "phone\n+12125550101\n+12125550102\n")
    store.dnc.import_registry(io.BytesIO(b"212,5550101\n"), "us-national", as_of=NOW, full=True, at=NOW)
    assert [lead.lead_id for lead in calls.offered()] == [2]
    assert calls.held_by() == "rule:us.sales.registry"


@pytest.mark.parametrize(
    ("caps", "free_after"), [("number:1/4h", timedelta(hours=4)), ("lead:1/1d", timedelta(days=1))]
)
def test_the_campaigns_own_caps_come_on_top(store: Store, caps: str, free_after: timedelta) -> None:
    calls = Calls(store, "phone\n+12125550101\n", caps=caps)
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(minutes=5))
    assert calls.offered(NOW + timedelta(minutes=6)) == []
    assert calls.held_by() == f"cap:{caps}"
    assert len(calls.offered(NOW + free_after)) == 1


def test_a_cap_for_life_holds_for_good(store: Store) -> None:
    calls = Calls(store, "phone\n+12125550101\n", caps="number:1/life")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(minutes=5))
    assert calls.offered(NOW + timedelta(days=200)) == []


def test_seven_days_of_silence_after_a_conversation_about_a_debt(store: Store) -> None:
    text = "phone,person,debt_reference,balance,currency\n+12125550101,P1,D-1,100.00,USD\n"
    calls = Calls(store, text, kind="collections")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(hours=1), status="RPC")
    assert calls.offered(NOW + timedelta(days=2)) == []
    assert calls.held_by().startswith("rule:us.collections.")
    assert calls.offered(NOW + timedelta(days=6, hours=1)) == []
    assert len(calls.offered(NOW + timedelta(days=7, hours=1))) == 1


@pytest.mark.parametrize(("consented", "offered"), [(False, 0), (True, 1)])
def test_who_asked_for_a_call_is_called_within_the_seven_days_of_silence(
    store: Store, *, consented: bool, offered: int
) -> None:
    text = "phone,person,debt_reference,balance,currency\n+12125550101,P1,D-1,100.00,USD\n"
    calls = Calls(store, text, kind="collections")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(days=1), status="CALLBK")
    asked = CallbackAsked(NOW + timedelta(days=1), "America/New_York", consented=consented)
    done = NOW + timedelta(minutes=5)
    store.callbacks.make(lead.lead_id, asked, falls_at=None, made_by="anna", made_at=done)
    if consented:
        store.consents.asked_for_call(lead.lead_id, lead.phone.phone_id, asked, agent="anna", at=done)
    due = store.due_callbacks(calls.campaign.campaign_id, asked.at, ())
    assert len(due) == offered
    if not consented:
        (put_off,) = store.callbacks.listing(calls.campaign.campaign_id)
        assert put_off.at >= NOW + timedelta(days=6)
        return
    assert calls.reserve(due[0], asked.at) is None
    (record,) = store.consents.records([lead.lead_id])
    assert record.missing == ("name",)
    assert record.consent.phone == "+12125550101"
    assert record.consent.purpose is Purpose.COLLECTIONS
    assert record.state(done + timedelta(days=7)) == "expired"


def test_a_conversation_uses_the_word_of_the_person_up(store: Store) -> None:
    text = "phone,person,debt_reference,balance,currency\n+12125550101,P1,D-1,100.00,USD\n"
    calls = Calls(store, text, kind="collections")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(days=1), status="CALLBK")
    asked = CallbackAsked(NOW + timedelta(days=1), "America/New_York", consented=True)
    phone_id, done = lead.phone.phone_id, NOW + timedelta(minutes=5)
    store.consents.asked_for_call(lead.lead_id, phone_id, asked, agent="anna", at=done)
    (again,) = calls.offered(asked.at)
    calls.call(again, asked.at, asked.at + timedelta(hours=1), status="RPC")
    assert calls.offered(asked.at + timedelta(hours=2)) == []
    assert calls.held_by().startswith("rule:us.collections.after_conversation")


def test_a_call_that_is_called_off_takes_the_word_of_the_person_along(store: Store) -> None:
    text = "phone,person,debt_reference,balance,currency\n+12125550101,P1,D-1,100.00,USD\n"
    calls = Calls(store, text, kind="collections")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(days=1), status="CALLBK")
    asked, done = CallbackAsked(NOW + timedelta(days=1), consented=True), NOW + timedelta(minutes=5)
    given = Given(Basis.EXPRESS, obtained_at=NOW - timedelta(days=30), evidence=Evidence(note="a form"))
    store.consents.add(lead.lead_id, given, at=NOW)
    callback_id = store.callbacks.make(lead.lead_id, asked, falls_at=None, made_by="anna", made_at=done)
    store.consents.asked_for_call(lead.lead_id, lead.phone.phone_id, asked, agent="anna", at=done)
    store.cancel_callback(callback_id, done + timedelta(hours=1))
    states = [record.state(done + timedelta(hours=1)) for record in store.consents.records([lead.lead_id])]
    assert states == ["valid", "expired"]
    assert calls.offered(NOW + timedelta(days=2)) == []
    assert calls.held_by().startswith("rule:us.collections.after_conversation")


def test_leads_why_tells_each_rule_and_when_it_is_over(store: Store) -> None:
    calls = Calls(store, "phone\n+13055550101\n")
    night = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    answer = store.why("spring", 1, night)
    assert not answer["callable"]
    assert {"outside_window", "us-fl.sales.hours", "us.sales.hours"} <= {each["rule"] for each in answer["reasons"]}
    assert answer["callable_at"] == "2026-11-24T14:00:00+00:00"
    assert calls.offered(night) == []
    assert any(note["effect"] == "alert" for note in answer["notes"])


def test_a_callback_is_offered_with_its_case_so_that_dialing_knows_what_refill_knew(store: Store) -> None:
    calls = Calls(store, "phone\n+493023125001\n")
    given = Given(Basis.EXPRESS, obtained_at=NOW - timedelta(days=3), evidence=Evidence(note="web form 4711"))
    store.consents.add(1, given, at=NOW)
    store.make_callback("spring", 1, CallbackAsked(NOW + timedelta(hours=1)), "manager", NOW)
    (lead,) = store.due_callbacks(calls.campaign.campaign_id, NOW + timedelta(hours=1), ())
    assert check(lead, calls.campaign, NOW + timedelta(hours=1), RULEBOOK) == Allowed()


@pytest.mark.parametrize(
    ("day", "offered"),
    [(datetime(2026, 11, 23, 15, 0, tzinfo=UTC), 1), (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), 0)],
)
def test_the_age_of_a_registrys_copy_is_counted_in_dates_of_the_person(
    store: Store, day: datetime, offered: int
) -> None:
    calls = Calls(store, "phone\n+12125550101\n")
    as_of = datetime(2026, 10, 23, 20, 0, tzinfo=UTC)
    store.dnc.import_registry(io.BytesIO(b"212,5550177\n"), "us-national", as_of=as_of, full=True, at=as_of)
    assert len(calls.offered(day)) == offered


def test_a_dispute_on_a_call_stops_calls_about_its_debts(store: Store) -> None:
    text = "phone,person,debt_reference,balance,currency\n+12125550101,P1,D-1,100.00,USD\n"
    calls = Calls(store, text, kind="collections")
    (lead,) = calls.offered()
    calls.call(lead, NOW, NOW + timedelta(hours=1), status="DISP")
    assert calls.offered(NOW + timedelta(days=30)) == []
    assert calls.held_by() == "hold"


def test_a_promise_is_checked_against_what_is_owed(store: Store) -> None:
    text = "phone,person,debt_reference,balance,currency\n"
    text += "+12125550101,P1,D-1,100.00,USD\n+12125550101,P1,D-2,50.00,USD\n"
    Calls(store, text, kind="collections")
    due_on = date(2026, 12, 1)
    with pytest.raises(StoreError, match="D-1, D-2"):
        store.promise_asked("spring", 1, "20", due_on, None, NOW)
    with pytest.raises(StoreError, match=r"100\.00"):
        store.promise_asked("spring", 1, "120.00", due_on, "D-1", NOW)
    asked = store.promise_asked("spring", 1, "40.00", due_on, "D-2", NOW)
    assert (asked.amount, asked.currency, asked.due_on) == ("40.00", "USD", due_on)


def test_a_full_quota_holds_its_leads_back(store: Store) -> None:
    calls = Calls(store, "phone,state\n+12125550101,NY\n+13055550102,FL\n+13055550103,FL\n")
    store.quotas.set(calls.campaign.campaign_id, "florida", 'state == "FL"', 1)
    assert len(calls.offered()) == 3
    florida = next(lead for lead in calls.offered() if lead.phone.e164 == "+13055550102")
    calls.call(florida, NOW, None, status="SALE")
    assert [lead.phone.e164 for lead in calls.offered(NOW + timedelta(hours=1))] == ["+12125550101"]
    assert calls.held_by(3) == "quota"


def test_the_rest_after_an_abandoned_call_begins_when_it_is_over(store: Store) -> None:
    calls = Calls(store, "phone\n+442079460101\n")
    (lead,) = calls.offered()
    assert calls.reserve(lead) is None
    over_at = NOW + timedelta(seconds=40)
    with store.transaction():
        store.mark_answered(1, NOW + timedelta(seconds=20))
        store.close_attempt(
            1, at=over_at, outcome=Outcome.ABANDONED, status="DROP", ringing_at=NOW, cause="normal", sip_code=200,
            q850=16, detail="", ref="", agent=None, retry=RetryDecision(NOW + timedelta(days=2), 1, "test"),
        )  # fmt: skip
    assert calls.offered(NOW + timedelta(hours=72, seconds=39)) == []
    assert len(calls.offered(over_at + timedelta(hours=72))) == 1
