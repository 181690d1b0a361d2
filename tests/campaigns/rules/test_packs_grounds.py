"""Which grounds lift or satisfy which rule, typed from the sources a second time; every other ground must not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.rules import Basis, Case, Consent, PastCall, Rulebook, load_builtin
from campaigns.rules.model import Needs
from tests.campaigns.rules.packs_table import business, case, instant, listed, rules, talk, times

BOOK = Rulebook(load_builtin(), require_registries=True)
EXPRESS = {Basis.EXPRESS, Basis.WRITTEN}
NOON = "2026-07-01 12:00 "
DEBT = {"debts": frozenset({1})}
us_listed = listed(case("sales", "New_York", "US-NY"), "us-national")
debt = case("collections", "New_York", "US-NY", **DEBT)
tx, ut = case("sales", "Chicago", "US-TX"), case("sales", "Denver", "US-UT")
gb = listed(case("sales", "London", "GB"), "gb-tps", "gb-ctps")
fr = listed(case("sales", "Paris", "FR"), "fr-bloctel")
AI = case("sales", "New_York", "US-NY", mode="artificial")
SEVEN = times(7, "2026-06-30 10:00 New_York", **DEBT)

GROUNDS: dict[str, tuple[str, Case, set[Basis], tuple[PastCall, ...]]] = {
    "us.sales.registry": (NOON + "New_York", us_listed, {Basis.WRITTEN, Basis.EBR, Basis.INQUIRY}, ()),
    "us.sales.registry.ebr": (NOON + "New_York", us_listed, {Basis.WRITTEN}, ()),
    "us.sales.artificial_voice": (NOON + "New_York", AI, {Basis.WRITTEN}, ()),
    "us.collections.frequency": (NOON + "New_York", debt, EXPRESS, SEVEN),
    "us.collections.after_conversation": (
        NOON + "New_York",
        debt,
        EXPRESS,
        (talk("2026-06-30 10:00 New_York", **DEBT),),
    ),
    "us-ok.sales.automated_dialing": (NOON + "Chicago", case("sales", "Chicago", "US-OK"), {Basis.WRITTEN}, ()),
    "us-md.sales.automated_dialing": (NOON + "New_York", case("sales", "New_York", "US-MD"), {Basis.WRITTEN}, ()),
    "us-tx.sales.hours": ("2026-07-05 09:00 Chicago", tx, {Basis.CONTRACT, Basis.EBR, *EXPRESS}, ()),
    "us-ct.sales.consent": (NOON + "New_York", case("sales", "New_York", "US-CT"), {Basis.WRITTEN}, ()),
    "us-ut.sales.sundays_holidays": ("2026-07-05 12:00 Denver", ut, EXPRESS, ()),
    "us-pa.sales.holidays": (
        "2026-06-19 12:00 New_York",
        case("sales", "New_York", "US-PA"),
        {Basis.EBR, Basis.CONTRACT},
        (),
    ),
    "gb.sales.registry.tps": (NOON + "London", gb, EXPRESS, ()),
    "gb.sales.registry.ctps": (NOON + "London", business(gb), EXPRESS, ()),
    "fr.sales.consent": ("2026-08-12 12:00 Paris", fr, {Basis.CONTRACT, *EXPRESS}, ()),
    "fr.sales.registry": (NOON + "Paris", fr, {Basis.CONTRACT, *EXPRESS}, ()),
    "de.sales.consent": (NOON + "Berlin", case("sales", "Berlin", "DE"), EXPRESS, ()),
    "es.sales.consent": (NOON + "Madrid", case("sales", "Madrid", "ES"), EXPRESS, ()),
    "it.sales.registry": (NOON + "Rome", listed(case("sales", "Rome", "IT"), "it-rpo"), EXPRESS, ()),
    "au.sales.registry": (NOON + "Sydney", listed(case("sales", "Sydney", "AU"), "au-dncr"), EXPRESS, ()),
    "ca.sales.registry": (NOON + "Toronto", listed(case("sales", "Toronto", "CA-ON"), "ca-dncl"), EXPRESS, ()),
}


@pytest.mark.parametrize("rule_id", GROUNDS)
@pytest.mark.parametrize("basis", list(Basis))
def test_a_rule_is_lifted_by_the_grounds_of_its_source_and_by_no_other(rule_id: str, basis: Basis) -> None:
    at, plain, enough, past = GROUNDS[rule_id]
    obtained_at = instant(at) - timedelta(hours=2)
    consents = (Consent(basis, obtained_at=obtained_at, evidence="call 4711"),) if basis is not Basis.NONE else ()
    named = {reason.rule for reason in BOOK.judge(replace(plain, consents=consents), instant(at), past).reasons}
    assert (rule_id not in named) == (basis in enough)


def test_every_rule_that_knows_grounds_is_here() -> None:
    assert set(GROUNDS) == {rule.id for rule in rules().values() if rule.unless or isinstance(rule.params, Needs)}
