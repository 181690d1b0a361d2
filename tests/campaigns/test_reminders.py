"""Who is to be reminded of what, and in which words."""

import io
from datetime import date, datetime, timedelta

import pytest

from campaigns.database import StoreError
from campaigns.importing import import_leads
from campaigns.model import CallbackAsked, CampaignSettings
from campaigns.reminders import CALLBACK_TEXT, PROMISE_TEXT, Reminder, due
from campaigns.store import Store
from campaigns.texts import TextKind
from tests.campaigns import test_texts
from tests.campaigns.test_texts import NOW, kept, promise, reminder

store, arrears = test_texts.store, test_texts.arrears


def promises(store: Store, campaign: CampaignSettings, days: int = 1, text: str = PROMISE_TEXT) -> list[Reminder]:
    return due(store.database, campaign, TextKind.PROMISE, days, text, NOW)


def callbacks(store: Store, campaign: CampaignSettings, days: int, at: datetime = NOW) -> list[Reminder]:
    return due(store.database, campaign, TextKind.CALLBACK, days, CALLBACK_TEXT, at)


def test_a_promise_in_plain_words(store: Store, arrears: CampaignSettings) -> None:
    about = promise(store, arrears, date(2026, 11, 24))
    (found,) = promises(store, arrears)
    assert found == Reminder(
        TextKind.PROMISE, about, 1, "Hello Ada. A reminder of your promise: 100.00 USD by Tuesday 24 November."
    )


@pytest.mark.parametrize(
    ("due_on", "days", "is_due"), [(23, 0, True), (24, 0, False), (24, 1, True), (26, 1, False), (26, 3, True)]
)
def test_promises_are_due_within_days(
    store: Store, arrears: CampaignSettings, due_on: int, days: int, is_due: bool
) -> None:
    promise(store, arrears, date(2026, 11, due_on))
    assert bool(promises(store, arrears, days)) is is_due


def test_who_was_reminded_or_has_settled_is_left_alone(store: Store, arrears: CampaignSettings) -> None:
    first, second = promise(store, arrears), promise(store, arrears)
    kept(store, reminder(arrears, first))
    assert [each.about for each in promises(store, arrears)] == [second]
    store.promises.cancel(second, NOW)
    assert promises(store, arrears) == []


def test_callbacks_of_the_day_in_the_persons_time(store: Store, arrears: CampaignSettings) -> None:
    at = NOW + timedelta(days=1, hours=5)
    made = store.make_callback("arrears", 1, CallbackAsked(at, "America/New_York", "", ""), "anna", NOW)
    assert callbacks(store, arrears, 0) == []
    (found,) = callbacks(store, arrears, 1)
    assert (found.about, found.text) == (
        made,
        "Hello Ada. A reminder: we call you on Tuesday 24 November at 15:00, as agreed.",
    )
    assert len(callbacks(store, arrears, 0, at - timedelta(hours=8))) == 1
    assert callbacks(store, arrears, 1, at) == []


def test_a_value_that_nobody_knows_is_told(store: Store, arrears: CampaignSettings) -> None:
    promise(store, arrears)
    (found,) = promises(store, arrears, text="{lead.last_name}, {lead.city|here}: {custom.account} {promise.amount}")
    assert found.lacks == "lead.last_name, custom.account"


def test_what_a_person_is_called_is_never_a_template(store: Store, arrears: CampaignSettings) -> None:
    import_leads(store, "arrears", io.StringIO("phone,first_name\n+12125550102,{promise.amount}\n"))
    asked = CallbackAsked(NOW + timedelta(hours=2), "America/New_York", "", "")
    store.make_callback("arrears", 2, asked, "anna", NOW)
    (found,) = callbacks(store, arrears, 0)
    assert found.text.startswith("Hello {promise.amount}.")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Pay {promise.amount", "a single '{'"),
        ("{callback.at}", r"knows no {callback.at}"),
        ("{agent.name}", "knows no"),
    ],
)
def test_a_text_that_cannot_be_written_is_refused(
    store: Store, arrears: CampaignSettings, text: str, complaint: str
) -> None:
    with pytest.raises(StoreError, match=complaint):
        promises(store, arrears, text=text)
