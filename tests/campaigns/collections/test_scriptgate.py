from campaigns.collections.disclosure import MINI_MIRANDA
from campaigns.collections.scriptgate import RIGHT_PARTY, script_faults
from campaigns.model import Kind
from campaigns.rules.model import Disclosure
from campaigns.telesales.scripts import Branch, Script, Step
from campaigns.telesales.templates import parse

DEMANDED = (Disclosure(("that the caller is a debt collector attempting to collect a debt",)),)


def step(name: str, *following: str, text: str = "Hello", says: str = "", right_party: bool = False) -> Step:
    branches = tuple(Branch(go) for go in following)
    return Step(name, parse(text), branches=branches, right_party=right_party, says=frozenset(says.split()))


GREETING = step("greeting", "verify", text="Am I speaking with {lead.name}?")
VERIFIED = step("verified", "miranda", right_party=True)
MIRANDA = step("miranda", "debt", says=MINI_MIRANDA)
DEBT = step("debt", "verify", text="You owe {debt.balance} to {debt.creditor}.")


def faults(*steps: Step, kind: Kind = Kind.COLLECTIONS, demanded: tuple[Disclosure, ...] = DEMANDED) -> list[str]:
    script = Script("dues", 1, "Dues", "greeting", {}, {each.name: each for each in (GREETING, *steps)}, {})
    return [f"{fault.step}: {fault.gate}" for fault in script_faults(script, kind, demanded)]


def test_the_right_order_on_every_way() -> None:
    assert not faults(step("verify", "verified", "wrong"), step("wrong"), VERIFIED, MIRANDA, DEBT)


def test_a_way_round_the_statement() -> None:
    short = step("verified", "miranda", "debt", right_party=True)
    assert faults(step("verify", "verified"), short, MIRANDA, DEBT) == [f"debt: {MINI_MIRANDA}"]


def test_a_way_round_the_right_party() -> None:
    assert faults(step("verify", "miranda", "verified"), VERIFIED, MIRANDA, DEBT) == [f"debt: {RIGHT_PARTY}"]


def test_a_script_without_the_statement() -> None:
    assert faults(step("verify", "verified"), step("verified", "debt", right_party=True), DEBT) == [f": {MINI_MIRANDA}"]


def test_a_step_may_open_the_gate_and_speak_of_the_debt() -> None:
    both = step("verify", text="This is a debt collector. {debt.creditor}", says=MINI_MIRANDA, right_party=True)
    assert not faults(both)


def test_where_no_law_asks_for_the_statement_the_right_party_is_still_needed() -> None:
    assert not faults(step("verify", "verified"), step("verified", "debt", right_party=True), DEBT, demanded=())
    assert faults(step("verify", "debt"), DEBT, demanded=()) == [f"debt: {RIGHT_PARTY}"]


def test_other_campaigns_have_no_such_order() -> None:
    assert not faults(step("verify", "debt"), DEBT, kind=Kind.TELESALES)


def test_loops_and_steps_that_there_are_not_end() -> None:
    assert not faults(step("verify", "greeting", "nowhere", "verified"), VERIFIED, MIRANDA, DEBT)


def test_what_is_wrong_is_told_in_words() -> None:
    script = Script("dues", 1, "", "debt", {}, {"debt": DEBT}, {})
    found = script_faults(script, Kind.COLLECTIONS, ())
    assert found[0].detail == "step debt speaks of debt.balance, debt.creditor on a way that has not passed right_party"
