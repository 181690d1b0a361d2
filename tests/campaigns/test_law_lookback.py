"""How far back a site's own rules count: as long as they say, be it years."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.consents import Evidence, Given
from campaigns.model import Basis
from campaigns.rules import Rulebook, load_builtin
from campaigns.rules.packs import parse_pack
from campaigns.store import Store
from tests.campaigns.test_law import Calls

# A Monday, noon in New York.
FIRST = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)
PACK = """
[pack]
id = "ours"
title = "ours"
version = "1"
jurisdiction = "US"
[[rule]]
id = "ours.rule"
where = ["US"]
{rule}
effect = "block"
status = "in_force"
confidence = "H"
"""


def opened(rule: str) -> Store:
    rulebook = Rulebook([*load_builtin(), parse_pack(PACK.format(rule=rule), "ours.toml")])
    return Store.open(":memory:", fast=True, rulebook=lambda: rulebook)


def called_once(store: Store, status: str) -> Calls:
    calls = Calls(store, "phone\n+12125550101\n")
    (lead,) = calls.offered(FIRST)
    calls.call(lead, FIRST, FIRST + timedelta(days=1), status)
    return calls


def held_after(calls: Calls, days: int) -> bool:
    said = calls.store.why("spring", 1, FIRST + timedelta(days=days))["reasons"]
    return [each["rule"] for each in said] == ["ours.rule"]


def cooldown(length: str, more: str = "") -> str:
    return f'type = "cooldown"\ncooldown = {{ after = ["refusal"], for = "{length}"{more} }}'


@pytest.mark.parametrize(
    ("length", "days"), [("99d", 99), ("180d", 180), ("30w", 210), ("9000h", 375), ("200bd", 200), ("13mo", 396)]
)
def test_a_rest_lasts_as_long_as_it_says(length: str, days: int) -> None:
    with opened(cooldown(length)) as store:
        calls = called_once(store, "NI")
        assert [held_after(calls, each) for each in (50, days - 1, days)] == [True, True, False]


def test_a_rest_in_days_of_the_calendar_lasts_as_long_as_it_says() -> None:
    with opened(cooldown("300d", ", first_day_counts = false")) as store:
        calls = called_once(store, "NI")
        assert [held_after(calls, each) for each in (299, 300, 301)] == [True, True, False]


@pytest.mark.parametrize(
    ("length", "more"),
    [("50y", ""), ("9999y", ""), ("9999mo", ""), ("9999w", ""), ("9999w", ", first_day_counts = true")],
)
def test_a_rest_of_a_life_or_more_is_not_cut(length: str, more: str) -> None:
    with opened(cooldown(length, more)) as store:
        calls = called_once(store, "NI")
        assert held_after(calls, 900)
        assert calls.offered(FIRST + timedelta(days=900)) == []
        assert calls.held_by() == "rule:ours.rule"


@pytest.mark.parametrize(("length", "days"), [("300d", 300), ("1y", 365)])
def test_a_cap_counts_all_its_time(length: str, days: int) -> None:
    with opened(f'type = "frequency"\nlimit = {{ max = 1, per = "{length}" }}') as store:
        calls = called_once(store, "NA")
        assert [held_after(calls, each) for each in (99, days - 1, days)] == [True, True, False]


def test_a_ground_that_a_conversation_used_up_long_ago_stays_used_up() -> None:
    rule = (
        'type = "frequency"\nlimit = { max = 1, per = "30d", exclude = ["answered"] }\n'
        'unless = [{ consent = ["express"], ends_with_conversation = true }]'
    )
    with opened(rule) as store:
        calls = Calls(store, "phone\n+12125550101\n")
        store.consents.add(
            1, Given(Basis.EXPRESS, obtained_at=FIRST - timedelta(days=1), evidence=Evidence(note="form")), at=FIRST
        )
        (lead,) = calls.offered(FIRST)
        calls.call(lead, FIRST, FIRST + timedelta(days=1), "CALLBK")
        later = FIRST + timedelta(days=210)
        calls.call(lead, later, later, "NA")
        assert held_after(calls, 211)
