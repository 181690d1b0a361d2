"""The terms of calling, joined to the strictest."""

from datetime import date

from campaigns.rules import Effect, Party, Purpose, Rulebook, Terms
from campaigns.rules.model import Cli, Message, Period, Recording
from tests.campaigns.rules.texts import book, rule

DAY = date(2026, 11, 23)


def terms(rules: Rulebook, *regions: str, on: date = DAY) -> Terms:
    return rules.terms(regions or ("US-NY",), Purpose.SALES, Party.CONSUMER, on)


def both(kind: str, first: str, second: str) -> Rulebook:
    return book(
        rule(f'type = "{kind}"\n{kind} = {{ {first} }}', "t.one"),
        rule(f'type = "{kind}"\n{kind} = {{ {second} }}', "t.two"),
    )


def test_no_rules_demand_nothing() -> None:
    nothing = terms(book())
    assert (nothing.rules, nothing.ring_min_s, nothing.message, nothing.abandon) == ((), None, None, ())


def test_the_longest_ring_and_the_shortest_wait() -> None:
    ring = terms(both("ring_min", "seconds = 15, rings = 4", "seconds = 20"))
    assert (ring.rules, ring.ring_min_s, ring.ring_min_rings) == (("t.one", "t.two"), 20.0, 4)
    wait = terms(both("connect_max", "seconds = 2", 'seconds = 3, clock = "pickup"'))
    assert (wait.connect_max_s, wait.connect_clock) == (2.0, "pickup")


def test_messages_say_all_that_any_rule_wants() -> None:
    message = terms(
        both(
            "message",
            'within_seconds = 2, says = ["name"]',
            'within_seconds = 1, says = ["name", "number"], opt_out = true',
        )
    ).message
    assert message == Message(1.0, ("name", "number"), (), True)


def test_caller_ids_recording_and_opt_outs() -> None:
    assert terms(both("cli", 'series = ["140"]', "name = true")).cli == Cli(name=True, series=("140",))
    recording = terms(both("recording", 'announce = true, consent = "all_parties"', "required = true")).recording
    assert recording == Recording(announce=True, required=True, consent="all_parties")
    assert terms(both("optout_deadline", "business_days = 10", "business_days = 5")).optout_business_days == 5


def test_records_are_kept_for_the_longest_time() -> None:
    kept = terms(both("retention", 'records = "30d", consents = "2y"', 'records = "3mo"')).retention
    assert kept == {"records": Period(3, "mo"), "consents": Period(2, "y")}


def test_answers_of_the_network() -> None:
    actions = terms(
        both(
            "sip_action",
            'code = "607", actions = ["suppress_number"]',
            'code = "607", actions = ["count_against_caller_id"]',
        )
    ).sip_actions
    assert actions == {"607": ("suppress_number", "count_against_caller_id")}


def test_disclosures_are_all_made() -> None:
    said = terms(both("disclosure", 'says = ["who calls"], within_seconds = 30', 'says = ["that a debt is collected"]'))
    assert [one.says for one in said.disclosures] == [("who calls",), ("that a debt is collected",)]


def test_alerts_count_for_abandonment_alone() -> None:
    limit = 'max_percent = 3.0, period = "24h", basis = "rolling"'
    rules = book(
        rule(f'type = "abandon"\nabandon = {{ {limit} }}', "t.rate", status='"guidance"'),
        rule('type = "ring_min"\nring_min = { seconds = 15 }', "t.ring", status='"guidance"'),
    )
    found = terms(rules)
    assert [(one.rule, one.effect, one.limit.max_percent) for one in found.abandon] == [("t.rate", Effect.ALERT, 3.0)]
    assert found.ring_min_s is None


def test_terms_hold_where_and_while_their_rules_do() -> None:
    rules = book(
        rule(
            'type = "ring_min"\nring_min = { seconds = 15 }\neffective = { from = "2026-11-23" }',
            where='["US-FL"]',
        ),
        rule('type = "connect_max"\nconnect_max = { seconds = 2 }', "t.weak", confidence='"K"'),
    )
    assert terms(rules, "US-FL").ring_min_s == 15.0
    assert terms(rules, "US-FL", on=date(2026, 11, 22)).ring_min_s is None
    assert terms(rules, "US-NY").ring_min_s is None
    assert terms(rules, "US-FL").connect_max_s is None
