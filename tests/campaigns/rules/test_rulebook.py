"""The rule book: what binds, what lifts it, and what is told when something is not known."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.rules import Case, Effect, Line, PackError, Party, Purpose, Rulebook, load_builtin
from tests.campaigns.rules.texts import at, book, call, case, consent, pack, rule, window

NOON = "2026-11-23T12:00"
NIGHT = "2026-11-23T23:00"
DAYTIME = window('all = "08:00-21:00"')
CONSENT = rule('type = "consent"\nneeds = ["express"]\nmax_age = "2y"')
REGISTRY = rule('type = "registry"\nregistry = { id = "us-national", max_age = "31d" }')


def effects(rules: Rulebook, one: Case, when: str = NIGHT, **rest: Any) -> list[str]:
    return [reason.effect.value for reason in rules.judge(one, at(when), **rest).reasons]


@pytest.mark.parametrize(
    ("one", "blocked_by"),
    [
        (Case("+18005550123", (), ("US",), Purpose.SALES), "zone.unknown"),
        (case("Mars/Base"), "zone.invalid"),
        (case(*(f"Etc/GMT+{hours}" for hours in range(1, 8))), "zone.too_many"),
        (case(regions=()), "region.unknown"),
        (case(regions=("US-NY", "JM")), "region.uncovered"),
    ],
)
def test_what_is_not_known_is_blocked(one: Case, blocked_by: str) -> None:
    rules = book(DAYTIME)
    verdict = rules.judge(one, at(NOON))
    assert (verdict.allowed, [reason.rule for reason in verdict.reasons]) == (False, [blocked_by])
    assert (verdict.until, verdict.reasons[0].until) == (None, None)
    assert not rules.open_at(one, at(NOON))
    assert rules.next_open(one, at(NOON)) is None


def test_six_zones_are_still_judged() -> None:
    zones = tuple(f"Etc/GMT+{hours}" for hours in range(1, 7))
    assert book(window('all = "00:00-24:00"')).judge(case(*zones), at(NOON)).allowed


def test_a_country_of_a_pack_without_rules_is_covered() -> None:
    assert Rulebook([pack(jurisdiction="DE")]).judge(case(regions=("DE",)), at(NOON)).allowed


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        book(DAYTIME).judge(case(), datetime(2026, 11, 23, 12))


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'blast' is no way to place a call"):
        book(DAYTIME).judge(case(mode="blast"), at(NOON))


def test_a_verdict_names_rules_and_packs() -> None:
    verdict = book(DAYTIME, window('all = "09:00-20:00"', "test.fl", where='["US-FL"]')).judge(case(), at(NOON))
    assert verdict.rules == ("test.window",)
    assert verdict.packs == "test 1"
    assert verdict.zones == ("America/New_York",)
    assert verdict.regions == ("US-NY",)


@pytest.mark.parametrize(
    ("where", "region", "bound"),
    [
        ('["US"]', "US-NY", True),
        ('["US-NY"]', "US-NY", True),
        ('["US-NY"]', "US", False),
        ('["US-N"]', "US-NY", False),
        ('["US-NY-NYC"]', "US-NY-NYC", True),
        ('["US-NY-NYC"]', "US-NY", True),
        ('["US-NY-NYC"]', "US-NJ", False),
    ],
)
def test_where_a_rule_binds(where: str, region: str, bound: bool) -> None:
    rules = Rulebook([pack(window('all = "08:00-21:00"', where=where))])
    assert rules.judge(case(regions=(region,)), at(NIGHT)).allowed is not bound


@pytest.mark.parametrize(
    ("key", "one", "bound"),
    [
        ('purpose = ["collections"]', case(), False),
        ('purpose = ["sales", "survey"]', case(), True),
        ('party = ["consumer"]', case(party=Party.BUSINESS), False),
        ('line = ["mobile"]', case(line=Line.UNKNOWN), True),
        ('line = ["mobile"]', case(line=Line.FIXED), False),
        ('mode = ["predictive", "power"]', case(), True),
        ('mode = ["predictive", "power"]', case(mode="manual"), False),
        ('place = ["home"]', case(), True),
        ('place = ["work"]', case(), False),
    ],
)
def test_whom_a_rule_binds(key: str, one: Case, bound: bool) -> None:
    assert book(window('all = "08:00-21:00"', rest=key)).judge(one, at(NIGHT)).allowed is not bound


@pytest.mark.parametrize(
    ("status", "confidence", "effect", "told"),
    [
        ("in_force", "H", "block", "block"),
        ("in_force", "M", "block", "block"),
        ("in_force", "L", "block", "shadow"),
        ("in_force", "K", "block", "shadow"),
        ("draft", "H", "block", "shadow"),
        ("stayed", "H", "block", "shadow"),
        ("guidance", "H", "block", "alert"),
        ("in_force", "H", "alert", "alert"),
        ("in_force", "L", "alert", "alert"),
        ("in_force", "H", "presumption", "presumption"),
    ],
)
def test_only_well_sourced_law_in_force_stops_calls(status: str, confidence: str, effect: str, told: str) -> None:
    text = window(
        'all = "08:00-21:00"', rest=f'effect = "{effect}"', status=f'"{status}"', confidence=f'"{confidence}"'
    )
    stops = told in ("block", "presumption")
    assert effects(book(text), case()) == [told]
    assert book(text).judge(case(), at(NIGHT)).allowed is not stops
    assert book(text).open_at(case(), at(NIGHT)) is not stops
    enforced = book(text, enforce=["test.window"])
    assert not enforced.judge(case(), at(NIGHT)).allowed
    assert not enforced.open_at(case(), at(NIGHT))


def test_a_rule_that_is_off_is_told_with_the_reason() -> None:
    rules = book(DAYTIME, off={"test.window": "we call our own staff"})
    verdict = rules.judge(case(), at(NIGHT))
    assert verdict.allowed
    assert verdict.reasons[0].effect is Effect.OFF
    assert "we call our own staff" in verdict.reasons[0].detail
    assert rules.open_at(case(), at(NIGHT))


@pytest.mark.parametrize("switch", [{"enforce": ["test.windw"]}, {"off": {"test.windw": "typo"}}])
def test_a_switch_for_no_rule_is_an_error(switch: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no pack has the rule test\.windw"):
        book(DAYTIME, **switch)


def test_overlapping_packs_are_refused() -> None:
    with pytest.raises(PackError, match="is taken already"):
        Rulebook([pack(DAYTIME), pack(DAYTIME)])


@pytest.mark.parametrize(
    ("when", "closed"),
    [("2026-08-10T23:00", False), ("2026-08-11T23:00", True), ("2026-08-31T23:59", True), ("2026-09-01T00:00", False)],
)
def test_both_dates_of_effect_belong_to_a_rule(when: str, closed: bool) -> None:
    rules = book(window('all = "08:00-21:00"', rest='effective = { from = "2026-08-11", to = "2026-08-31" }'))
    assert rules.judge(case(), at(when)).allowed is not closed
    assert rules.open_at(case(), at(when)) is not closed


def test_a_rule_of_facts_is_in_force_from_the_first_midnight_of_a_plausible_zone() -> None:
    rules = book(rule('type = "consent"\nneeds = ["express"]\neffective = { from = "2026-08-11" }'))
    zones = case("America/New_York", "America/Los_Angeles")
    assert rules.judge(zones, at("2026-08-10T23:59-04:00")).allowed
    assert not rules.judge(zones, at("2026-08-11T00:00-04:00")).allowed


LIFTED = window(
    'all = "08:00-21:00"', rest='unless = [{ basis = ["ebr"], max_age = "18mo" }, { consent = ["express"] }]'
)


@pytest.mark.parametrize(
    ("given", "lifted"),
    [
        ({}, True),
        ({"basis": "written"}, True),
        ({"basis": "contract"}, False),
        ({"purpose": Purpose.SALES}, True),
        ({"purpose": Purpose.SURVEY}, False),
        ({"phone": "+12125550123"}, True),
        ({"phone": "+12125550199"}, False),
        ({"expires_at": at("2026-11-23T23:01")}, True),
        ({"expires_at": at(NIGHT)}, False),
        ({"revoked_at": at(NIGHT)}, False),
        ({"obtained": "2026-11-23T23:01"}, False),
        ({"obtained": NIGHT}, True),
        ({"basis": "ebr", "obtained": "2025-05-23T23:01"}, True),
        ({"basis": "ebr", "obtained": "2025-05-23T23:00"}, False),
    ],
)
def test_what_lifts_a_rule(given: dict[str, Any], lifted: bool) -> None:
    one = case(consents=(consent(**given),))
    assert book(LIFTED).judge(one, at(NIGHT)).allowed is lifted
    assert book(LIFTED).open_at(one, at(NIGHT)) is lifted


def test_a_ground_of_unknown_age_does_not_lift_what_age_limits() -> None:
    undated = consent("ebr")
    undated = type(undated)(undated.basis, evidence="said so")
    assert not book(LIFTED).judge(case(consents=(undated,)), at(NIGHT)).allowed


@pytest.mark.parametrize(
    ("obtained", "ends"),
    [
        ("2026-08-30T23:30", "2028-02-29T23:30"),
        ("2024-08-31T23:30", "2026-02-28T23:30"),
        ("2023-02-28T23:30", "2024-08-28T23:30"),
    ],
)
def test_months_are_those_of_the_persons_calendar(obtained: str, ends: str) -> None:
    """In UTC the last of these grounds was given in March."""
    one = case(consents=(consent("ebr", obtained),))
    assert book(LIFTED).judge(one, at(ends) - timedelta(seconds=1)).allowed
    assert not book(LIFTED).judge(one, at(ends)).allowed
    assert not book(LIFTED).open_at(one, at(ends))


def test_the_hours_change_at_the_instant_a_consent_ends() -> None:
    one = case(consents=(consent(expires_at=at("2026-11-23T22:30:00.5")),))
    rules = book(LIFTED)
    assert rules.open_at(one, at("2026-11-23T22:30:00.4"))
    assert not rules.open_at(one, at("2026-11-23T22:30:00.5"))


@pytest.mark.parametrize(
    ("given", "allowed"),
    [(None, False), ({}, True), ({"basis": "ebr"}, False), ({"obtained": "2024-11-23T11:59"}, False)],
)
def test_a_consent_rule_needs_a_ground_that_is_not_too_old(given: dict[str, Any] | None, allowed: bool) -> None:
    one = case(consents=() if given is None else (consent(**given),))
    assert book(CONSENT).judge(one, at(NOON)).allowed is allowed


def test_where_proof_is_asked_a_consent_without_it_is_none() -> None:
    rules = book(rule('type = "consent"\nneeds = ["express"]\nevidence = true'))
    proven = consent()
    assert rules.judge(case(consents=(proven,)), at(NOON)).allowed
    bare = type(proven)(proven.basis, obtained_at=proven.obtained_at)
    assert not rules.judge(case(consents=(bare,)), at(NOON)).allowed


@pytest.mark.parametrize(
    ("facts", "told", "told_when_required"),
    [
        ({}, ["alert"], ["block"]),
        ({"on_registries": frozenset(), "registry_age_days": {}}, ["alert"], ["block"]),
        ({"on_registries": frozenset(), "registry_age_days": {"us-national": 31}}, [], []),
        ({"on_registries": frozenset(), "registry_age_days": {"us-national": 32}}, ["block"], ["block"]),
        ({"on_registries": frozenset({"us-national"}), "registry_age_days": {"us-national": 1}}, ["block"], ["block"]),
        ({"on_registries": frozenset({"gb-tps"}), "registry_age_days": {"us-national": 1}}, [], []),
    ],
)
def test_registries(facts: dict[str, Any], told: list[str], told_when_required: list[str]) -> None:
    assert effects(book(REGISTRY), case(**facts)) == told
    assert effects(book(REGISTRY, require_registries=True), case(**facts)) == told_when_required


def test_a_ground_lifts_a_registry() -> None:
    rules = book(REGISTRY.replace("type =", 'unless = [{ consent = ["written"] }]\ntype ='))
    listed = case(on_registries=frozenset({"us-national"}), consents=(consent("written"),))
    assert rules.judge(listed, at(NOON)).allowed


CLOSED_SUNDAYS = rule('type = "closed_days"\nweekdays = ["sun"]', "t.sundays")


def test_until_is_when_all_that_time_mends_is_over() -> None:
    rules = book(DAYTIME, CLOSED_SUNDAYS)
    verdict = rules.judge(case(), at("2026-11-21T21:30"))
    assert [(reason.rule, reason.until) for reason in verdict.reasons] == [("test.window", at("2026-11-23T08:00"))]
    assert verdict.until == at("2026-11-23T08:00")


def test_what_time_does_not_mend_has_no_until() -> None:
    verdict = book(DAYTIME, CONSENT).judge(case(), at(NIGHT))
    assert {reason.rule: reason.until for reason in verdict.reasons} == {
        "test.window": at("2026-11-24T08:00"),
        "test.rule": None,
    }
    assert verdict.until is None


def test_a_consent_that_ends_before_the_hours_begin_gives_no_until() -> None:
    one = case(consents=(consent(expires_at=at("2026-11-24T07:00")),))
    assert book(DAYTIME, CONSENT).judge(one, at(NIGHT)).until is None


def test_caps_in_shadow_do_not_hold_until_back() -> None:
    cap = rule('type = "frequency"\nlimit = { max = 1, per = "30d" }', "t.cap", confidence='"L"')
    verdict = book(DAYTIME, cap).judge(case(), at(NIGHT), [call(NOON)])
    assert verdict.until == at("2026-11-24T08:00")
    assert [reason.effect.value for reason in verdict.reasons] == ["block", "shadow"]


def test_a_rule_that_leaves_no_hour_has_no_until() -> None:
    verdict = book(window('mon = "09:00-10:00"'), window('tue = "09:00-10:00"', "t.tue")).judge(case(), at(NIGHT))
    assert not verdict.allowed
    assert verdict.until is None


def test_holidays_close_days_in_the_persons_zone() -> None:
    rules = book(DAYTIME, rule('type = "closed_days"\nholidays = { country = "US" }', "t.holidays"))
    verdict = rules.judge(case("America/New_York", "Pacific/Honolulu", regions=("US",)), at("2026-12-25T15:00"))
    assert not verdict.allowed
    assert "christmas day" in verdict.reasons[0].detail
    assert verdict.until == at("2026-12-26T13:00")


def test_holidays_only_on_some_weekdays() -> None:
    rules = book(rule('type = "closed_days"\nholidays = { country = "US" }\ndays = "weekdays"'))
    assert rules.judge(case(), at("2026-07-04T12:00")).allowed
    assert not rules.judge(case(), at("2026-07-03T12:00")).allowed


def test_hours_on_holidays() -> None:
    rules = book(window('all = "08:00-21:00", holiday = "10:00-12:00"', rest='holidays = { country = "US" }'))
    assert rules.next_open(case(), at("2026-12-25T07:00")) == at("2026-12-25T10:00")
    assert rules.next_open(case(), at("2026-12-25T12:00")) == at("2026-12-26T08:00")


def test_consents_for_single_numbers_do_not_share_hours() -> None:
    rules = book(LIFTED)
    grounds = (consent(phone="+12125550123"),)
    assert rules.open_at(case(consents=grounds), at(NIGHT))
    other = Case("+12125550199", ("America/New_York",), ("US-NY",), Purpose.SALES, consents=grounds)
    assert not rules.open_at(other, at(NIGHT))


def test_builtin_packs_forbid_a_sales_call_at_night_in_every_state_there_is() -> None:
    rules = Rulebook(load_builtin())
    for state in ("NY", "FL", "TX", "UT", "RI", "CA"):
        verdict = rules.judge(case(regions=(f"US-{state}",)), at(NIGHT))
        assert not verdict.allowed
        assert verdict.until is not None
        assert verdict.until - at(NIGHT) > timedelta(hours=8)
