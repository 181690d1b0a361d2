"""Texts in the store: checked like a call, on disk first, once each, and closed after a crash."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.collections.debts import Debt, DebtFacts, DebtRow
from campaigns.collections.holds import HoldKind
from campaigns.collections.money import parsed
from campaigns.collections.promises import PromiseSettings
from campaigns.importing import import_leads
from campaigns.leads import UnknownLead
from campaigns.model import Blocked, CallbackAsked, CampaignSettings
from campaigns.rules import Rulebook, load_builtin
from campaigns.store import Store
from campaigns.texts import FATE_UNKNOWN, REPORTS_FOR_DAYS, Delivery, Text, TextAsked, TextKind, TextState

RULEBOOK = Rulebook(load_builtin())
# A Monday, 10:00 in New York.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NIGHT = NOW + timedelta(hours=14)
NUMBER = "+12125550101"
SIM = "001010123456789"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK) as opened:
        yield opened


@pytest.fixture
def arrears(store: Store) -> CampaignSettings:
    """A collections campaign: one lead that owes 300 USD on debt A1."""
    made = store.create_campaign("arrears", "collections", "predictive")
    assert import_leads(store, "arrears", io.StringIO(f"phone,first_name\n{NUMBER},Ada\n")).loaded == 1
    money = parsed("300", "USD")
    store.debts.write_many([DebtRow(made.campaign_id, 1, DebtFacts("A1", "Acme", money, money, None))], NOW)
    return made


def debt_of(store: Store, campaign: CampaignSettings) -> Debt:
    return store.debts.by_reference(campaign.campaign_id, "A1")


def promise(store: Store, campaign: CampaignSettings, due_on: date = date(2026, 11, 24)) -> int:
    terms, zone = PromiseSettings.of(campaign), ZoneInfo(campaign.timezone)
    plan = [(parsed("100", "USD"), due_on)]
    (made,) = store.promises.add(debt_of(store, campaign), plan, NOW, terms, zone)
    return made


def free(campaign: CampaignSettings, lead_id: int = 1) -> TextAsked:
    return TextAsked(campaign, lead_id, "Hello", "gsm")


def reminder(campaign: CampaignSettings, about: int, kind: TextKind = TextKind.PROMISE) -> TextAsked:
    return TextAsked(campaign, 1, "Remember", "gsm", kind, about)


def kept(store: Store, asked: TextAsked, at: datetime = NOW) -> Text:
    found = store.texts.ask(asked, at)
    assert isinstance(found, Text), found
    return found


def refused(store: Store, asked: TextAsked, at: datetime = NOW) -> str:
    foretold = store.texts.check(asked, at)
    found = store.texts.ask(asked, at)
    assert isinstance(found, Blocked)
    assert found == foretold
    assert store.texts.listing(asked.campaign.campaign_id) == []
    return found.reason


def audited(store: Store, kind: str) -> list[dict[str, object]]:
    rows = store.database.rows("SELECT body FROM audit WHERE kind = ? ORDER BY id", (kind,))
    return [json.loads(body) for (body,) in rows]


def test_a_text_is_on_disk_before_anything_else(store: Store, arrears: CampaignSettings) -> None:
    text = kept(store, free(arrears))
    assert (text.phone, text.text, text.state, text.asked_at) == (NUMBER, "Hello", TextState.ASKED, NOW)
    assert store.texts.listing(arrears.campaign_id) == [text]
    (entry,) = audited(store, "text")
    assert (entry["text"], entry["what"], entry["phone"], entry["trunk"]) == (1, "asked", NUMBER, "gsm")
    assert entry["packs"]


def test_sent_then_delivered(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    store.texts.sent(text_id, NOW + timedelta(seconds=2))
    assert store.texts.get(text_id).state is TextState.SENT
    store.texts.delivered(text_id, NOW + timedelta(seconds=9))
    store.texts.failed(text_id, "too late to fail", NOW)
    found = store.texts.get(text_id)
    assert (found.state, found.sent_at, found.because) == (TextState.DELIVERED, NOW + timedelta(seconds=2), "")


def sent(store: Store, text_id: int, *references: int | None, at: datetime = NOW) -> None:
    """The network takes a text's parts under these references."""
    for reference in references:
        store.texts.part_sent(text_id, SIM, reference, at)
    store.texts.sent(text_id, at)


def delivery(reference: int, *, sim: str = SIM, number: str = NUMBER, failure: str = "") -> Delivery:
    return Delivery(sim, reference, number, failure)


def test_a_report_finds_its_text_in_the_store(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, 7)
    later = NOW + timedelta(hours=30)
    assert store.texts.reported(delivery(7), later) == text_id
    assert store.texts.get(text_id).delivered_at == later
    assert store.texts.reported(delivery(7), later) is None


@pytest.mark.parametrize(
    ("report", "after"),
    [
        (delivery(8), timedelta(0)),
        (delivery(7, sim="001010000000009"), timedelta(0)),
        (delivery(7, number="+12125550199"), timedelta(0)),
        (delivery(7), timedelta(days=REPORTS_FOR_DAYS, seconds=1)),
    ],
    ids=["another reference", "another SIM", "another recipient", "too late, as references come round"],
)
def test_a_report_of_another_text_is_nobodys(
    store: Store, arrears: CampaignSettings, report: Delivery, after: timedelta
) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, 7)
    assert store.texts.reported(report, NOW + after) is None
    assert store.texts.get(text_id).state is TextState.SENT


@pytest.mark.parametrize("number", ["2125550101", "0012125550101", "5550101"])
def test_networks_name_the_recipient_in_ways_of_their_own(store: Store, arrears: CampaignSettings, number: str) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, 7)
    assert store.texts.reported(delivery(7, number=number), NOW) == text_id


@pytest.mark.parametrize("number", ["", "+", "1", "0101"])
def test_too_few_digits_name_nobody(store: Store, arrears: CampaignSettings, number: str) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, 7)
    assert store.texts.reported(delivery(7, number=number), NOW) is None


def test_the_very_number_goes_before_one_that_is_alike(store: Store, arrears: CampaignSettings) -> None:
    old, new = kept(store, free(arrears)).text_id, kept(store, free(arrears)).text_id
    store.database.execute("UPDATE texts SET phone = '+13055550101' WHERE id = ?", (new,))
    sent(store, old, 7)
    sent(store, new, 7, at=NOW + timedelta(hours=1))
    assert store.texts.reported(delivery(7), NOW + timedelta(hours=2)) == old
    assert store.texts.reported(delivery(7, number="5550101"), NOW + timedelta(hours=2)) == new


def test_a_reference_that_came_round_is_the_newer_texts(store: Store, arrears: CampaignSettings) -> None:
    old, new = kept(store, free(arrears)).text_id, kept(store, free(arrears)).text_id
    sent(store, old, 7)
    sent(store, new, 7, at=NOW + timedelta(days=1))
    assert store.texts.reported(delivery(7), NOW + timedelta(days=1, minutes=1)) == new
    assert store.texts.get(old).state is TextState.SENT


def test_a_long_text_is_delivered_when_all_its_parts_are(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    store.texts.part_sent(text_id, SIM, 255, NOW)
    assert store.texts.reported(delivery(255), NOW) == text_id
    assert store.texts.get(text_id).state is TextState.ASKED
    sent(store, text_id, 0, 1)
    assert store.texts.reported(delivery(1), NOW) == text_id
    assert store.texts.get(text_id).state is TextState.SENT
    assert store.texts.reported(delivery(0), NOW) == text_id
    assert store.texts.get(text_id).state is TextState.DELIVERED


def test_a_part_without_a_reference_is_never_known_to_be_delivered(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, None, 5)
    assert store.texts.reported(delivery(5), NOW) == text_id
    assert store.texts.get(text_id).state is TextState.SENT


def test_one_part_that_the_network_gave_up_fails_the_text(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    sent(store, text_id, 1, 2, 3)
    for report in (delivery(1, failure="given up"), delivery(2, failure="given up too"), delivery(3)):
        assert store.texts.reported(report, NOW) == text_id
    assert (store.texts.get(text_id).state, store.texts.get(text_id).because) == (TextState.FAILED, "given up")


def test_failed_stays_failed_and_is_in_the_audit_log(store: Store, arrears: CampaignSettings) -> None:
    text_id = kept(store, free(arrears)).text_id
    store.texts.failed(text_id, "the network gave it up", NOW)
    store.texts.sent(text_id, NOW)
    store.texts.delivered(text_id, NOW)
    found = store.texts.get(text_id)
    assert (found.state, found.sent_at, found.because) == (TextState.FAILED, None, "the network gave it up")
    assert audited(store, "text")[-1]["because"] == "the network gave it up"


def test_what_a_dead_process_asked_for_is_closed_and_not_sent_again(store: Store, arrears: CampaignSettings) -> None:
    sent = kept(store, free(arrears))
    about = promise(store, arrears)
    lost = kept(store, reminder(arrears, about))
    store.texts.sent(sent.text_id, NOW)
    assert store.texts.close_lost(NOW + timedelta(hours=1)) == 1
    assert store.texts.close_lost(NOW + timedelta(hours=1)) == 0
    assert (store.texts.get(lost.text_id).state, store.texts.get(lost.text_id).because) == ("failed", FATE_UNKNOWN)
    assert store.texts.get(sent.text_id).state is TextState.SENT
    again = store.texts.ask(reminder(arrears, about), NOW)
    assert isinstance(again, Blocked) and again.reason == "already_texted"


def test_a_reminder_that_no_modem_took_may_be_sent_by_another(store: Store, arrears: CampaignSettings) -> None:
    about = promise(store, arrears)
    text_id = kept(store, reminder(arrears, about)).text_id
    store.texts.not_taken(text_id, "no modem", NOW)
    found = store.texts.get(text_id)
    assert (found.state, found.about, found.because) == (TextState.FAILED, None, "no modem")
    assert kept(store, reminder(arrears, about)).about == about


def test_a_promise_is_reminded_of_once_though_it_stops_calls(store: Store, arrears: CampaignSettings) -> None:
    about = promise(store, arrears)
    assert refused(store, free(arrears)) == "promise"
    kept(store, reminder(arrears, about))
    again = store.texts.ask(reminder(arrears, about), NOW + timedelta(days=1))
    assert isinstance(again, Blocked) and again.reason == "already_texted"
    with pytest.raises(Exception, match="UNIQUE"):
        store.database.execute(
            "INSERT INTO texts (campaign_id, lead_id, phone, kind, about, text, asked_at, because)"
            " VALUES (1, 1, '', 'promise', ?, '', 0, '')",
            (about,),
        )


def test_a_callback_is_reminded_of_until_it_is_called_off(store: Store, arrears: CampaignSettings) -> None:
    asked = CallbackAsked(NOW + timedelta(hours=24), "America/New_York", "", "")
    made = store.make_callback("arrears", 1, asked, "anna", NOW)
    assert store.texts.check(reminder(arrears, made, TextKind.CALLBACK), NOW) is None
    store.callbacks.cancel(made)
    assert refused(store, reminder(arrears, made, TextKind.CALLBACK)) == "over"


@pytest.mark.parametrize("about", [0, 99])
def test_a_promise_that_is_not_open_is_not_reminded_of(store: Store, arrears: CampaignSettings, about: int) -> None:
    if about == 0:
        about = promise(store, arrears)
        store.promises.cancel(about, NOW)
    assert refused(store, reminder(arrears, about)) == "over"


class TestTheLaw:
    def test_hours(self, store: Store, arrears: CampaignSettings) -> None:
        about = promise(store, arrears)
        found = store.texts.ask(reminder(arrears, about), NIGHT)
        assert isinstance(found, Blocked) and found.until is not None and found.until > NIGHT
        (veto,) = audited(store, "veto")
        assert (veto["what"], veto["because"], veto["phone"]) == ("text", found.reason, NUMBER)
        kept(store, reminder(arrears, about), found.until)

    def test_what_might_go_out_after_hours_is_refused(self, store: Store, arrears: CampaignSettings) -> None:
        """The person is in New York, and the campaign calls until 20:00 there, which is 01:00 UTC."""
        closing = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
        about = promise(store, arrears)
        found = store.texts.ask(reminder(arrears, about), closing - timedelta(minutes=5))
        assert isinstance(found, Blocked) and found.until is not None and found.until > closing
        assert found.detail.startswith("in 10 minutes, when it may go out: ")
        kept(store, reminder(arrears, about), closing - timedelta(minutes=15))

    @pytest.mark.parametrize("campaign", [None, "arrears"])
    def test_do_not_call(self, store: Store, arrears: CampaignSettings, campaign: str | None) -> None:
        if campaign is None:
            store.dnc.add([NUMBER], "letter", NOW)
        else:
            store.dnc.add([NUMBER], "letter", NOW, campaign_id=arrears.campaign_id)
        assert refused(store, free(arrears)) == "dnc"

    @pytest.mark.parametrize("whole_person", [True, False])
    def test_holds(self, store: Store, arrears: CampaignSettings, whole_person: bool) -> None:
        about = promise(store, arrears)
        debt_id = None if whole_person else debt_of(store, arrears).debt_id
        kind = HoldKind.ATTORNEY if whole_person else HoldKind.DISPUTE
        store.holds.place(1, kind, NOW, debt_id=debt_id, source="letter")
        assert refused(store, reminder(arrears, about)) == "hold"

    def test_consents(self, store: Store) -> None:
        sales = store.create_campaign("fruehling", "telesales", "predictive")
        import_leads(store, "fruehling", io.StringIO("phone\n+493023125001\n"))
        assert refused(store, free(sales)) == "rule:de.sales.consent"

    def test_a_number_that_is_known_not_to_work(self, store: Store, arrears: CampaignSettings) -> None:
        store.database.execute("UPDATE lead_phones SET uncallable = 1")
        assert refused(store, free(arrears)) == "not_callable"

    def test_nothing_is_sent_unchecked(self) -> None:
        with Store.open(":memory:", fast=True) as store:
            campaign = store.create_campaign("spring", "telesales", "predictive")
            import_leads(store, "spring", io.StringIO(f"phone\n{NUMBER}\n"))
            assert refused(store, free(campaign)) == "no_law"


def test_a_lead_of_another_campaign_is_unknown(store: Store, arrears: CampaignSettings) -> None:
    other = store.create_campaign("spring", "telesales", "predictive")
    with pytest.raises(UnknownLead, match="campaign 'spring' has no lead 1"):
        store.texts.ask(free(other), NOW)
