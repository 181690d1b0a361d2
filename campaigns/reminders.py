"""Whom to remind of what: promises that are due soon and callbacks of the next days, with the text for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.collections.money import stored
from campaigns.database import Database, StoreError
from campaigns.instants import seconds_of
from campaigns.model import CampaignSettings
from campaigns.telesales.facts import gather
from campaigns.telesales.scripts import CUSTOM, LEAD_VARIABLES
from campaigns.telesales.templates import Template, TemplateError, parse
from campaigns.texts import TextKind

PROMISE_TEXT = "Hello {lead.first_name|and good day}. A reminder of your promise: {promise.amount} by {promise.due_on}."
CALLBACK_TEXT = "Hello {lead.first_name|and good day}. A reminder: we call you on {callback.at}, as agreed."
DEFAULT_TEXTS = {TextKind.PROMISE: PROMISE_TEXT, TextKind.CALLBACK: CALLBACK_TEXT}
VARIABLES = {
    TextKind.PROMISE: (*LEAD_VARIABLES, "campaign.name", "promise.amount", "promise.due_on"),
    TextKind.CALLBACK: (*LEAD_VARIABLES, "campaign.name", "callback.at"),
}


@dataclass(frozen=True, slots=True)
class Reminder:
    """A text to be sent about a promise or callback. `lacks` names a value that its text needs and nobody knows."""

    kind: TextKind
    about: int
    lead_id: int
    text: str
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class _Occasion:
    about: int
    lead_id: int
    values: Mapping[str, str]


def due(
    database: Database, campaign: CampaignSettings, kind: TextKind, days_before: int, template: str, at: datetime
) -> list[Reminder]:
    """Reminders of what is due today or within so many days and was not reminded of yet, the earliest first.

    Days of a promise are those of the campaign's time zone, days of a callback those of the person's. Raises StoreError
    for a template that cannot be read, or names a variable that there is not.
    """
    text = _template(kind, template)
    occasions = {TextKind.PROMISE: _promises, TextKind.CALLBACK: _callbacks}[kind]
    return [_reminder(database, campaign, kind, each, text) for each in occasions(database, campaign, days_before, at)]


def _template(kind: TextKind, text: str) -> Template:
    try:
        template = parse(text)
    except TemplateError as error:
        raise StoreError(f"the text: {error}") from None
    for variable in template.variables:
        if variable.name not in VARIABLES[kind] and not variable.name.startswith(CUSTOM):
            known = ", ".join((*VARIABLES[kind], f"{CUSTOM}FIELD"))
            raise StoreError(f"the text: a reminder of a {kind} knows no {{{variable.name}}}; there are: {known}")
    return template


def _promises(database: Database, campaign: CampaignSettings, days_before: int, at: datetime) -> list[_Occasion]:
    today = at.astimezone(ZoneInfo(campaign.timezone)).date()
    rows = database.rows(
        "SELECT p.id, p.lead_id, p.amount, p.currency, p.due_on FROM promises p JOIN debts d ON d.id = p.debt_id"
        " WHERE d.campaign_id = ? AND p.state = 'open' AND p.due_on >= ? AND p.due_on <= ?"
        " AND NOT EXISTS (SELECT 1 FROM texts t WHERE t.kind = 'promise' AND t.about = p.id) ORDER BY p.due_on, p.id",
        (campaign.campaign_id, today.isoformat(), (today + timedelta(days=days_before)).isoformat()),
    )
    return [
        _Occasion(row_id, lead_id, {"promise.amount": str(stored(amount, currency)), "promise.due_on": _day(due_on)})
        for row_id, lead_id, amount, currency, due_on in rows
    ]


def _callbacks(database: Database, campaign: CampaignSettings, days_before: int, at: datetime) -> list[_Occasion]:
    rows = database.rows(
        "SELECT c.id, c.lead_id, c.at, c.zone FROM callbacks c WHERE c.campaign_id = ? AND c.at > ? AND c.at <= ?"
        " AND c.state IN ('waiting', 'reminded')"
        " AND NOT EXISTS (SELECT 1 FROM texts t WHERE t.kind = 'callback' AND t.about = c.id) ORDER BY c.at, c.id",
        (campaign.campaign_id, seconds_of(at), seconds_of(at + timedelta(days=days_before + 1))),
    )
    found = []
    for row_id, lead_id, when_s, zone in rows:
        local = datetime.fromtimestamp(when_s, ZoneInfo(zone or campaign.timezone))
        if (local.date() - at.astimezone(local.tzinfo).date()).days <= days_before:
            found.append(_Occasion(row_id, lead_id, {"callback.at": f"{_words(local.date())} at {local:%H:%M}"}))
    return found


def _reminder(
    database: Database, campaign: CampaignSettings, kind: TextKind, occasion: _Occasion, template: Template
) -> Reminder:
    phone = database.value(
        "SELECT p.e164 FROM leads l JOIN lead_phones p ON p.id = l.next_phone_id WHERE l.id = ?", (occasion.lead_id,)
    )
    facts = gather(database, campaign, occasion.lead_id, phone=phone or "", agent="")
    values = {**facts.values, **occasion.values}
    lacks = [each.name for each in template.variables if each.instead is None and not values.get(each.name)]
    text = template.render(values.get)
    return Reminder(kind, occasion.about, occasion.lead_id, text, ", ".join(lacks))


def _day(due_on: str) -> str:
    return _words(date.fromisoformat(due_on))


def _words(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


# Not by strftime, whose names follow the locale of the process.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
