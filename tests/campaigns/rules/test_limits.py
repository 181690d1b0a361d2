"""Caps and cool-downs, with the examples of the official interpretation of Regulation F (12 CFR 1006, supplement I)."""

from datetime import timedelta

import pytest

from campaigns.rules import Case, Effect, PastCall, Place, Purpose, Rulebook
from tests.campaigns.rules.texts import AFTER_CONVERSATION, SEVEN_IN_SEVEN, at, book, call, case, consent, rule, talk

REG_F = book(rule(SEVEN_IN_SEVEN, "t.frequency"), rule(AFTER_CONVERSATION, "t.conversation"))
DEBT = frozenset({1})


def debtor(*zones: str, **rest: object) -> Case:
    return case(*zones, purpose=Purpose.COLLECTIONS, **({"debts": DEBT} | rest))


def days(*texts: str) -> list[PastCall]:
    return [call(f"2026-04-{text}") for text in texts]


# Comment 14(b)(2)(ii)-1.i: one call on Wednesday 1 April, two on each of the next three business days.
SEVEN = days("01T10:00", "02T10:00", "02T15:00", "03T10:00", "03T15:00", "06T10:00", "06T15:00")


def test_the_eighth_call_in_seven_days_is_stopped() -> None:
    verdict = REG_F.judge(debtor(), at("2026-04-07T12:00"), SEVEN)
    assert not verdict.allowed
    assert [(reason.rule, reason.effect) for reason in verdict.reasons] == [("t.frequency", Effect.PRESUMPTION)]
    assert verdict.until == at("2026-04-08T00:00")


def test_the_seventh_call_is_not() -> None:
    assert REG_F.judge(debtor(), at("2026-04-06T15:00"), SEVEN[:6]).allowed


def test_the_eighth_is_free_on_the_day_after_the_seven() -> None:
    assert REG_F.judge(debtor(), at("2026-04-08T00:00"), SEVEN).allowed
    assert not REG_F.judge(debtor(), at("2026-04-07T23:59:59"), SEVEN).allowed


def test_no_call_until_seven_days_from_a_conversation_counting_its_own() -> None:
    """Comment 14(b)(2)(ii)-1.ii: a conversation on Friday 14 August, no call prior to Friday 21 August."""
    past = [call("2026-08-11T10:00"), talk("2026-08-14T18:00")]
    blocked = REG_F.judge(debtor(), at("2026-08-20T23:59"), past)
    assert [reason.rule for reason in blocked.reasons] == ["t.conversation"]
    assert blocked.until == at("2026-08-21T00:00")
    assert REG_F.judge(debtor(), at("2026-08-21T00:00"), past).allowed


def test_a_conversation_that_the_person_began_counts_and_their_call_does_not() -> None:
    past = [talk("2026-08-14T18:00", inbound=True)]
    assert not REG_F.judge(debtor(), at("2026-08-17T10:00"), past).allowed
    inbound = call("2026-04-01T10:00", "answered", inbound=True)
    assert REG_F.judge(debtor(), at("2026-04-07T12:00"), [inbound, *SEVEN[:6]]).allowed


def test_consent_given_in_the_conversation_lets_call_back() -> None:
    """Comment 14(b)(3)(i)-3.i: 'call back on Monday', said on Friday 3 April."""
    past = [talk("2026-04-03T10:00")]
    asked = debtor(consents=(consent(obtained="2026-04-03T10:05"),))
    assert REG_F.judge(asked, at("2026-04-06T10:00"), past).allowed


def test_the_call_back_uses_the_consent_up() -> None:
    """Comment 14(b)(3)(i)-3.ii: after the conversation of Monday the next call counts again."""
    past = [talk("2026-04-03T10:00"), talk("2026-04-06T10:00")]
    asked = debtor(consents=(consent(obtained="2026-04-03T10:05"),))
    assert not REG_F.judge(asked, at("2026-04-08T10:00"), past).allowed


def test_calls_with_consent_do_not_count_for_seven_days_of_which_its_own_is_one() -> None:
    """Comment 14(b)(3)(i)-3.iii: consent on Thursday 4 June, eight calls until 10 June; from 11 June calls count."""
    before = [call(f"2026-06-0{day}T10:00") for day in (1, 2, 3)]
    eight = [call(f"2026-06-{day}T{hour}:00") for day in ("08", "09", "10") for hour in ("10", "14", "18")][:8]
    asked = debtor(consents=(consent(obtained="2026-06-04T09:00"),))
    assert REG_F.judge(asked, at("2026-06-10T20:00"), [*before, *eight]).allowed
    counted = [call(f"2026-06-11T{hour}:00") for hour in range(10, 17)]
    assert REG_F.judge(asked, at("2026-06-11T16:30"), [*before, *eight, *counted[:6]]).allowed
    assert not REG_F.judge(asked, at("2026-06-11T17:00"), [*before, *eight, *counted]).allowed


def test_a_revoked_consent_lifts_nothing() -> None:
    past = [talk("2026-04-03T10:00")]
    given = consent(obtained="2026-04-03T10:05", revoked_at=at("2026-04-05T09:00"))
    assert not REG_F.judge(debtor(consents=(given,)), at("2026-04-06T10:00"), past).allowed
    assert REG_F.judge(debtor(consents=(given,)), at("2026-04-05T08:59"), past).allowed


@pytest.mark.parametrize("outcome", ["busy", "invalid", "unconnected"])
def test_calls_that_did_not_connect_do_not_count(outcome: str) -> None:
    past = [*SEVEN[:6], call("2026-04-06T15:00", outcome)]
    assert REG_F.judge(debtor(), at("2026-04-07T12:00"), past).allowed


@pytest.mark.parametrize("outcome", ["machine", "message", "abandoned", "answered"])
def test_calls_that_connected_count(outcome: str) -> None:
    past = [*SEVEN[:6], call("2026-04-06T15:00", outcome)]
    assert not REG_F.judge(debtor(), at("2026-04-07T12:00"), past).allowed


def test_debts_are_counted_apart_and_a_call_of_unknown_debt_for_all() -> None:
    other = [PastCall(one.at, one.phone, one.outcome, debts=frozenset({2})) for one in SEVEN]
    assert REG_F.judge(debtor(), at("2026-04-07T12:00"), other).allowed
    unknown = [PastCall(one.at, one.phone, one.outcome) for one in SEVEN]
    assert not REG_F.judge(debtor(), at("2026-04-07T12:00"), unknown).allowed
    assert not REG_F.judge(debtor(debts=frozenset()), at("2026-04-07T12:00"), other).allowed
    assert not REG_F.judge(debtor(debts=frozenset({1, 2})), at("2026-04-07T12:00"), SEVEN).allowed


def test_calls_to_all_numbers_of_a_person_count() -> None:
    mixed = [PastCall(one.at, f"+1212555010{index}", one.outcome, debts=DEBT) for index, one in enumerate(SEVEN)]
    assert not REG_F.judge(debtor(), at("2026-04-07T12:00"), mixed).allowed


def test_the_zone_in_which_the_day_is_latest_over_decides() -> None:
    """A conversation at 00:30 in New York was at 21:30 of the day before in Los Angeles."""
    past = [talk("2026-08-15T00:30")]
    west, east = "America/Los_Angeles", "America/New_York"
    now = at("2026-08-18T12:00")
    assert REG_F.judge(debtor(west), now, past).until == at("2026-08-21T00:00-07:00")
    assert REG_F.judge(debtor(west, east), now, past).until == at("2026-08-22T00:00-04:00")


def test_seven_days_over_a_leap_day() -> None:
    past = [talk("2028-02-26T10:00")]
    assert REG_F.judge(debtor(), at("2028-03-01T10:00"), past).until == at("2028-03-04T00:00")


def test_without_history_nothing_is_said_of_it() -> None:
    assert REG_F.judge(debtor(), at("2026-04-07T12:00")).allowed


def frequency(limit: str, rest: str = "") -> Rulebook:
    return book(rule(f'type = "frequency"\nlimit = {{ {limit} }}\n{rest}'))


def test_a_rolling_day_is_24_hours() -> None:
    rules = frequency('max = 3, per = "24h", key = "subject"')
    past = [call(f"2026-11-23T{hour}:00", subject="solar") for hour in ("09", "12", "15")]
    sale = case(subject="solar")
    assert rules.judge(sale, at("2026-11-24T08:59:59"), past).until == at("2026-11-24T09:00")
    assert rules.judge(sale, at("2026-11-24T09:00"), past).allowed
    assert rules.judge(case(subject="roofs"), at("2026-11-23T16:00"), past).allowed
    assert not rules.judge(case(), at("2026-11-23T16:00"), past).allowed


def test_24_hours_stay_24_when_the_clock_changes() -> None:
    rules = frequency('max = 1, per = "24h"')
    assert rules.judge(case(), at("2026-10-31T20:00"), [call("2026-10-31T12:00")]).until == at("2026-11-01T11:00")


@pytest.mark.parametrize(
    ("span", "free"),
    [
        ("calendar_day", "2026-11-26T00:00"),
        ("calendar_week", "2026-11-30T00:00"),
        ("calendar_month", "2026-12-01T00:00"),
    ],
)
def test_periods_of_the_calendar_end_with_it(span: str, free: str) -> None:
    rules = frequency(f'max = 1, basis = "{span}"')
    assert rules.judge(case(), at("2026-11-25T12:00"), [call("2026-11-25T09:00")]).until == at(free)


@pytest.mark.parametrize(("key", "allowed"), [("person", False), ("number", True), ("campaign", True)])
def test_what_a_cap_counts_per(key: str, allowed: bool) -> None:
    past = [PastCall(at("2026-11-23T09:00"), "+12125550199", "no_answer", campaign_id=2)]
    rules = frequency(f'max = 1, per = "7d", key = "{key}"')
    assert rules.judge(case(campaign_id=1), at("2026-11-23T10:00"), past).allowed is allowed


@pytest.mark.parametrize(("count", "allowed"), [("attempt", False), ("contact", False), ("conversation", True)])
def test_what_a_cap_counts(count: str, allowed: bool) -> None:
    past = [call("2026-11-23T09:00", "answered", contact=True)]
    rules = frequency(f'max = 1, per = "7d", count = "{count}"')
    assert rules.judge(case(), at("2026-11-23T10:00"), past).allowed is allowed


def test_calls_for_other_purposes_do_not_count() -> None:
    rules = frequency('max = 1, per = "7d"', 'purpose = ["sales"]')
    for purpose, allowed in ((Purpose.SALES, False), (None, False), (Purpose.COLLECTIONS, True)):
        past = [call("2026-11-23T09:00", purpose=purpose)]
        assert rules.judge(case(), at("2026-11-23T10:00"), past).allowed is allowed


def test_a_rule_about_work_counts_calls_to_work() -> None:
    rules = frequency('max = 1, per = "7d"', 'place = ["work"]')
    past = [call("2026-11-23T09:00", place=Place.WORK)]
    assert not rules.judge(case(place=Place.WORK), at("2026-11-23T10:00"), past).allowed
    assert rules.judge(case(), at("2026-11-23T10:00"), past).allowed
    assert rules.judge(case(place=Place.WORK), at("2026-11-23T10:00"), [call("2026-11-23T09:00")]).allowed


def test_a_cap_of_none_is_never_over() -> None:
    verdict = frequency('max = 0, per = "7d"').judge(case(), at("2026-11-23T10:00"), [])
    assert not verdict.allowed
    assert verdict.until is None


def test_a_mode_with_an_agent_at_hand_satisfies_the_rest_after_an_abandoned_call() -> None:
    rules = book(
        rule(
            'type = "cooldown"\ncooldown = { after = "abandoned", for = "72h", key = "number" }\n'
            'effect = "require_mode"\nmodes = ["preview", "manual"]'
        )
    )
    past = [call("2026-11-23T09:00", "abandoned")]
    verdict = rules.judge(case(), at("2026-11-24T09:00"), past)
    assert (verdict.allowed, verdict.reasons[0].effect) == (False, Effect.REQUIRE_MODE)
    assert "manual or preview" in verdict.reasons[0].detail
    assert verdict.until == at("2026-11-23T09:00") + timedelta(hours=72)
    assert rules.judge(case(mode="preview"), at("2026-11-24T09:00"), past).allowed
    assert rules.judge(case(), at("2026-11-24T09:00"), [call("2026-11-23T09:00", "machine")]).allowed


def test_silence_after_a_refusal_is_looked_for_beyond_the_search_of_windows() -> None:
    rules = book(
        rule('type = "cooldown"\ncooldown = { after = "refusal", for = "60d" }', "t.refusal"),
        rule('type = "window"\nhours = { weekdays = "10:00-13:00" }', "t.hours"),
    )
    verdict = rules.judge(
        case(), at("2026-08-14T12:00"), [talk("2026-08-13T12:00"), call("2026-08-13T12:00", "refusal")]
    )
    assert verdict.until == at("2026-10-12T12:00")
    late = rules.judge(case(), at("2026-08-14T20:00"), [call("2026-08-13T15:00", "refusal")])
    assert late.until == at("2026-10-13T10:00")
    assert {reason.until for reason in late.reasons} == {late.until}


@pytest.mark.parametrize(
    ("event", "outcome", "held"),
    [("attempt", "busy", True), ("amd_hangup", "machine", True), ("contact", "busy", False)],
)
def test_what_starts_a_cooldown(event: str, outcome: str, held: bool) -> None:
    rules = book(rule(f'type = "cooldown"\ncooldown = {{ after = "{event}", for = "24h" }}'))
    assert rules.judge(case(), at("2026-11-23T10:00"), [call("2026-11-23T09:00", outcome)]).allowed is not held
