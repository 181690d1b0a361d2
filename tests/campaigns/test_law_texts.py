"""Texts count against limits over all channels, and against nothing else."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.collections.money import parsed
from campaigns.collections.promises import PromiseSettings
from campaigns.importing import import_leads
from campaigns.model import Blocked
from campaigns.rules import PackError, Rulebook, load_builtin
from campaigns.rules.packs import parse_pack
from campaigns.rules.wording import in_short
from campaigns.store import Store
from campaigns.texts import Text, TextAsked, TextKind
from tests.campaigns.test_law import Calls
from tests.campaigns.test_law_lookback import PACK

RULEBOOK = Rulebook(load_builtin())
# A Monday, 10:00 in New York.
NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
HEADER = "phone,person,debt_reference,balance,currency\n"
IN_NEW_YORK = HEADER + "+12125550101,P1,D1,100,USD\n"
NYC = "rule:us-ny-nyc.collections.frequency"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", fast=True, rulebook=lambda: RULEBOOK) as opened:
        yield opened


def text(calls: Calls, at: datetime) -> Text | Blocked:
    return calls.store.texts.ask(TextAsked(calls.campaign, 1, "Please call us.", "gsm"), at)


def texted(calls: Calls, at: datetime) -> None:
    """A text that the network took."""
    asked = text(calls, at)
    assert isinstance(asked, Text)
    calls.store.texts.sent(asked.text_id, at)


def called(calls: Calls, at: datetime) -> None:
    (lead,) = calls.offered(at)
    calls.call(lead, at, at)


def held_by(calls: Calls, at: datetime) -> str:
    calls.store.database.execute("UPDATE leads SET next_at = 1, priority = 0, held_by = ''")
    calls.offered(at)
    return calls.held_by()


def test_texts_and_calls_together_reach_the_cap_of_new_york_city(store: Store) -> None:
    calls = Calls(store, IN_NEW_YORK, "collections")
    texted(calls, NOW)
    called(calls, NOW + timedelta(hours=1))
    texted(calls, NOW + timedelta(hours=2))
    assert held_by(calls, NOW + timedelta(hours=3)) == NYC
    refused = text(calls, NOW + timedelta(hours=3))
    assert isinstance(refused, Blocked) and refused.reason == NYC
    assert held_by(calls, NOW + timedelta(days=7, minutes=-1)) == NYC
    assert held_by(calls, NOW + timedelta(days=7)) == ""


def test_a_text_under_way_counts_and_one_that_was_never_sent_does_not(store: Store) -> None:
    calls = Calls(store, IN_NEW_YORK, "collections")
    texted(calls, NOW)
    texted(calls, NOW)
    asked = text(calls, NOW)
    assert isinstance(asked, Text)
    assert held_by(calls, NOW) == NYC
    store.texts.not_taken(asked.text_id, "no modem is usable", NOW)
    assert held_by(calls, NOW) == ""


def test_texts_to_the_persons_other_leads_and_to_the_number_count(store: Store) -> None:
    calls = Calls(store, IN_NEW_YORK + "+12125550102,P2,D2,100,USD\n", "collections")
    late = store.create_campaign("late", "collections", "power")
    rows = HEADER + "+12125550103,P1,D1,100,USD\n+12125550102,P3,D3,100,USD\n"
    assert import_leads(store, "late", io.StringIO(rows)).loaded == 2
    for lead_id in (3, 4) * 3:
        assert isinstance(store.texts.ask(TextAsked(late, lead_id, "Please call us.", "gsm"), NOW), Text)
    assert calls.offered(NOW) == []
    assert [calls.held_by(lead_id) for lead_id in (1, 2)] == [NYC, NYC]


def test_a_reminder_counts_for_the_debt_that_was_promised_on(store: Store) -> None:
    calls = Calls(store, IN_NEW_YORK + "+12125550101,P1,D2,50,USD\n", "collections")
    debt = store.debts.by_reference(calls.campaign.campaign_id, "D1")
    terms, zone = PromiseSettings.of(calls.campaign), ZoneInfo(calls.campaign.timezone)
    (made,) = store.promises.add(debt, [(parsed("100", "USD"), date(2026, 12, 2))], NOW, terms, zone)
    called(calls, NOW)
    called(calls, NOW + timedelta(minutes=1))
    reminder = TextAsked(calls.campaign, 1, "Tomorrow.", "gsm", TextKind.PROMISE, made)
    assert isinstance(store.texts.ask(reminder, NOW + timedelta(minutes=2)), Text)
    assert held_by(calls, NOW + timedelta(minutes=3)) == ""
    assert isinstance(text(calls, NOW + timedelta(minutes=4)), Text)
    assert held_by(calls, NOW + timedelta(minutes=5)) == NYC


@pytest.mark.parametrize("settings", [{}, {"caps": "number:1/1d,lead:1/life,debt:1/4h"}])
def test_limits_of_calls_do_not_count_texts(store: Store, settings: dict[str, str]) -> None:
    calls = Calls(store, HEADER + "+13125550101,P1,D1,100,USD\n", "collections", **settings)
    for hour in range(8):
        texted(calls, NOW + timedelta(minutes=hour))
    assert len(calls.offered(NOW + timedelta(hours=1))) == 1


def test_no_rest_follows_a_text() -> None:
    rule = 'type = "cooldown"\ncooldown = { after = ["attempt", "contact", "message"], for = "30d" }'
    rulebook = Rulebook([*load_builtin(), parse_pack(PACK.format(rule=rule), "ours.toml")])
    with Store.open(":memory:", fast=True, rulebook=lambda: rulebook) as store:
        calls = Calls(store, HEADER + "+13125550101,P1,D1,100,USD\n", "collections")
        texted(calls, NOW)
        assert len(calls.offered(NOW + timedelta(hours=1))) == 1


def test_what_a_limit_counts_is_calls_or_all() -> None:
    def rule(channels: str) -> str:
        return PACK.format(rule=f'type = "frequency"\nlimit = {{ max = 1, per = "1d", channels = "{channels}" }}')

    told = [in_short(parse_pack(rule(word), "ours.toml").rules[0].params) for word in ("calls", "all")]
    assert ["all channels" in each for each in told] == [False, True]
    with pytest.raises(PackError, match="all, calls"):
        parse_pack(rule("texts"), "ours.toml")
