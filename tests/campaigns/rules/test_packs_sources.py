"""Every rule of the packs says where it comes from and binds no more than its source allows."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.rules import Case, Effect, Party, Purpose, Rulebook, load_builtin
from campaigns.rules.calendar import complaints
from campaigns.rules.model import ClosedDays, Confidence, HolidaySet, Hours, Rule, Status

PACKS = load_builtin()
BOOK = Rulebook(PACKS)
RULES = BOOK.rules
VERSIONS = {pack.id: date.fromisoformat(pack.version) for pack in PACKS}
BINDING = {Effect.BLOCK, Effect.PRESUMPTION, Effect.REQUIRE_MODE}
WEAK = {
    "us.sales.message.fcc",
    "us-al.sales.hours",
    "us-ms.sales.hours",
    "us-ky.sales.hours",
    "us-nv.sales.hours",
    "us-ma.sales.hours",
    "us-mi.sales.hours",
    "us-mn.sales.hours",
    "us-nm.sales.hours",
    "ca.sales.abandon",
    "it.sales.registry",
}
DRAFTS = {"in.collections.recording", "in.collections.festivals"}
GUIDANCE = {"gb.sales.hours", "gb.sales.holidays"}
OF_CONSUMERS = {
    "us.sales.hours",  # 16 CFR 310.4(c): a person's residence
    "us.sales.registry",
    "us.sales.registry.ebr",
    "us-wa.sales.hours",  # RCW 80.36.390(1)(d)
    "us-wa.sales.identify",
    "us-tx.sales.hours",  # Tex. Bus. & Com. Code 301.001: a consumer telephone call
    "us-ct.sales.hours",  # Conn. Gen. Stat. 42-288a: consumers
    "us-ct.sales.consent",
    "us-la.sales.hours",  # La. R.S. 45:844.12: residential subscribers
    "us-la.sales.holidays",
    "fr.sales.consent",  # Code de la consommation
    "fr.sales.registry",
    "fr.sales.hours",
    "fr.sales.holidays",
    "fr.sales.frequency",
    "fr.sales.after_refusal",
    "de.sales.consent",  # UWG § 7 Abs. 2 Nr. 1: Verbraucher
    "de.sales.retention",
    "es.sales.hours",  # Real Decreto Legislativo 1/2007
    "es.sales.holidays",
    "es.sales.consent",
    "it.sales.hours",
    "it.sales.holidays",
    "ca.sales.registry",  # CRTC Unsolicited Telecommunications Rules, Part II: calls to businesses are exempt
}
ZONES = {
    "US": "America/Chicago",
    "GB": "Europe/London",
    "IN": "Asia/Kolkata",
    "FR": "Europe/Paris",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "IT": "Europe/Rome",
    "AU": "Australia/Sydney",
    "CA": "America/Toronto",
}


def test_the_packs_are_those_of_the_ten_jurisdictions() -> None:
    assert {pack.id for pack in PACKS} == {"us", "us-states", "gb", "in", "fr", "de", "es", "it", "au", "ca"}
    assert min(VERSIONS.values()) >= date(2026, 11, 22)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_cites_a_public_source_and_when_somebody_looked(rule: Rule) -> None:
    assert rule.source.cite
    assert rule.source.url.startswith(("https://", "http://"))
    assert rule.source.checked_on is not None
    assert date(2026, 1, 1) <= rule.source.checked_on <= VERSIONS[rule.pack]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_id_is_jurisdiction_purpose_and_what(rule: Rule) -> None:
    place, purpose, what = rule.id.split(".", 2)
    assert any(region.lower().startswith(place) for region in rule.where)
    assert what
    if purpose == "any":
        assert not rule.purposes
    else:
        assert Purpose(purpose) in rule.purposes


def test_a_rule_of_one_purpose_is_about_that_purpose_alone() -> None:
    several = {rule.id: rule.purposes for rule in RULES if len(rule.purposes) > 1}
    assert several == {"in.service.cli": {Purpose.SERVICE, Purpose.COLLECTIONS}}


def test_rules_that_spare_businesses_are_those_whose_text_speaks_of_consumers() -> None:
    of_consumers = {rule.id for rule in RULES if rule.parties == {Party.CONSUMER}}
    assert of_consumers == OF_CONSUMERS
    assert {rule.id for rule in RULES if rule.parties == {Party.BUSINESS}} == {"gb.sales.registry.ctps"}


def test_weak_facts_and_drafts_bind_nobody_until_a_person_confirms_them() -> None:
    assert {rule.id for rule in RULES if rule.confidence in (Confidence.LOW, Confidence.KNOWLEDGE)} == WEAK
    assert {rule.id for rule in RULES if rule.status is Status.DRAFT} == DRAFTS
    assert {rule.id for rule in RULES if rule.status is Status.GUIDANCE} == GUIDANCE
    assert {rule.id for rule in RULES if BOOK.standing(rule) is Effect.SHADOW} == WEAK | DRAFTS
    confirmed = Rulebook(PACKS, WEAK | DRAFTS | GUIDANCE)
    assert {rule.id for rule in RULES if confirmed.standing(rule) not in BINDING} == {
        rule.id for rule in RULES if rule.effect is Effect.ALERT and rule.id not in GUIDANCE
    }


def test_holidays_are_known_to_the_calendar() -> None:
    sets: list[HolidaySet] = [
        rule.params.holidays
        for rule in RULES
        if isinstance(rule.params, ClosedDays | Hours) and rule.params.holidays is not None
    ]
    assert len(sets) >= 10
    assert [text for holidays in sets for text in complaints(holidays)] == []


def test_australian_rules_share_one_list_of_national_holidays() -> None:
    sets = {rule.params.holidays for rule in RULES if rule.pack == "au" and isinstance(rule.params, ClosedDays)}
    assert len(sets) == 1


@pytest.mark.parametrize("region", sorted({region for rule in RULES for region in rule.where if region[:2] in ZONES}))
@pytest.mark.parametrize("party", list(Party))
def test_calls_of_service_have_no_hours_in_any_pack(region: str, party: Party) -> None:
    """A person who waits for a plumber at night may be called: telemarketing and collection rules stop short of it."""
    zone = ZONES[region[:2]]
    sunday_night = datetime(2026, 12, 27, 3, 0, tzinfo=ZoneInfo(zone))
    case = Case("+12025550123", (zone,), (region,), Purpose.SERVICE, party, on_registries=frozenset())
    assert BOOK.judge(case, sunday_night, ()).allowed


@pytest.mark.parametrize("region", sorted(ZONES))
def test_sales_at_three_at_night_are_stopped_wherever_a_law_has_hours(region: str) -> None:
    zone = ZONES[region]
    night = datetime(2026, 12, 1, 3, 0, tzinfo=ZoneInfo(zone))
    case = Case("+12025550123", (zone,), (region,), Purpose.SALES)
    assert BOOK.open_at(case, night) == (region in ("GB", "DE"))
