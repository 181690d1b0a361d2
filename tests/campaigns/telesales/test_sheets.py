"""A call on its way through a script."""

from datetime import date

import pytest

from campaigns.model import Kind
from campaigns.telesales.fields import AnswerError
from campaigns.telesales.parsing import parsed
from campaigns.telesales.sheets import Facts, Sheet, Unfinished, answer, finish, missing, start
from tests.campaigns.telesales.samples import ARREARS, BUYING, SPRING

FACTS = Facts({"agent.name": "anna", "campaign.name": "spring", "lead.first_name": "Ada", "lead.city": ""})


def begun(text: str = SPRING, facts: Facts = FACTS) -> Sheet:
    return start(parsed(text, name="spring"), facts)


def after(sheet: Sheet, **answers: str) -> Sheet:
    for name, value in answers.items():
        sheet = answer(sheet, name, value)
    return sheet


def test_the_agent_says_the_step_with_what_is_known() -> None:
    sheet = begun()
    assert sheet.say == "This is anna of spring. Do I speak with Ada?"
    assert after(sheet, reached="CUSTOMER").say == "We have {two} plans for your town."
    assert begun(facts=Facts()).say == "This is [agent.name is not known] of [campaign.name is not known]. " + (
        "Do I speak with the customer?"
    )


@pytest.mark.parametrize("name", ["{agent.name}", "{0.__class__}", "%s %(x)s", "${x}", "{{", "<b>"])
def test_values_are_said_as_they_are(name: str) -> None:
    sheet = begun(facts=Facts({**FACTS.values, "lead.first_name": name}))
    assert sheet.say.endswith(f"Do I speak with {name}?")


def test_a_sale_from_the_greeting_to_the_end() -> None:
    sheet = after(begun(), **BUYING)
    assert sheet.ended
    assert sheet.path == ("greeting", "offer", "order", "confirm")
    assert sheet.say == "You take Gold for 19.90 EUR."
    assert finish(sheet, "SALE") == {
        "reached": "customer",
        "interested": "yes",
        "product": "Gold",
        "quantity": "2",
        "amount": "19.90 EUR",
    }


def test_a_loop_asks_anew() -> None:
    sheet = after(begun(), reached="customer", interested="no", again="yes")
    assert sheet.step.name == "offer"
    assert sheet.open == ("interested",)
    assert after(sheet, interested="yes").step.name == "order"


def test_a_sale_lacks_what_it_requires() -> None:
    sheet = after(begun(), reached="customer", interested="yes", product="Gold")
    assert missing(sheet, "SALE") == ("amount",)
    with pytest.raises(Unfinished, match="SALE needs amount, which script spring has no answer to yet") as caught:
        finish(sheet, "SALE")
    assert caught.value.missing == ("amount",)
    assert "amount" not in finish(sheet, "NI")


def test_a_sale_is_made_at_its_end_and_not_halfway() -> None:
    text = SPRING.replace('SALE = ["product", "amount"]', "")
    with pytest.raises(Unfinished, match="SALE needs reached"):
        finish(begun(text), "SALE")
    sheet = after(begun(text), reached="customer", interested="yes", product="Gold", amount="3")
    with pytest.raises(Unfinished, match="SALE is set at step confirm, and script spring is at order; answer quantity"):
        finish(sheet, "SALE")


def test_an_earlier_answer_is_mended() -> None:
    sheet = after(begun(), **BUYING)
    sheet = after(sheet, product="basic")
    assert sheet.step.name == "confirm"
    assert sheet.say == "You take Basic for 19.90 EUR."
    sheet = after(sheet, interested="no")
    assert sheet.path == ("greeting", "offer", "questions")
    assert "product" not in sheet.answers
    assert sheet.open == ("again",)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("reached", "nobody", "reached must be one of customer, somebody else, not 'nobody'"),
        ("reached", " ", "reached is required: one of customer, somebody else"),
        ("amount", "3", "amount is not asked yet: the script is at step greeting, now it asks for reached"),
        ("amout", "3", "this script has no field 'amout'; do you mean 'amount'?"),
    ],
)
def test_answers_that_do_not_fit_are_refused(name: str, value: str, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        answer(begun(), name, value)
    assert str(caught.value) == told


@pytest.mark.parametrize(("value", "kept"), [("2", "2"), ("2.0", "2"), ("", ""), ("1e0", "1")])
def test_numbers_are_kept_in_one_form(value: str, kept: str) -> None:
    sheet = after(begun(), reached="customer", interested="yes")
    assert after(sheet, quantity=value).answers["quantity"] == kept


@pytest.mark.parametrize("value", ["0", "10", "1.5", "two", "NaN", "Infinity", "1e400"])
def test_numbers_out_of_bounds_are_refused(value: str) -> None:
    sheet = after(begun(), reached="customer", interested="yes")
    with pytest.raises(AnswerError, match="quantity must be a whole number from 1 to 9, not"):
        answer(sheet, "quantity", value)


def test_dates_are_compared() -> None:
    text = """
    [fields.born]
    kind = "date"
    max = 2026-01-01
    required = true
    [steps.a]
    ask = ["born"]
    next = [{ if = "born", below = 2008-06-01, go = "old" }, { go = "young" }]
    [steps.old]
    end = "SALE"
    [steps.young]
    end = "NI"
    """
    assert after(begun(text), born="2008-05-31").step.name == "old"
    assert after(begun(text), born=date(2008, 6, 1).isoformat()).step.name == "young"
    with pytest.raises(AnswerError, match="born must be a date such as 2026-11-24 to 2026-01-01, not '2027-01-01'"):
        answer(begun(text), "born", "2027-01-01")


def arrears(statements: frozenset[str] = frozenset({"mini_miranda"}), text: str = ARREARS) -> Sheet:
    values = {"lead.name": "Ada", "debt.balance": "12.00 USD", "debt.creditor": "Acme", "custom.plan": "gold"}
    return begun(text, Facts(values, Kind.COLLECTIONS, statements))


def test_a_debt_is_said_to_the_right_party_after_the_statement() -> None:
    sheet = after(arrears(), verified="yes")
    assert sheet.say == "This is an attempt to collect a debt.\n\nYou owe 12.00 USD to Acme."
    assert finish(sheet, "PTP") == {"verified": "yes"}
    with pytest.raises(Unfinished, match="status PTP needs the right party"):
        finish(after(arrears(), verified="no"), "PTP")


def test_what_the_law_wants_said_first_keeps_the_debt_unsaid() -> None:
    sheet = after(arrears(frozenset({"mini_miranda", "licence"})), verified="yes")
    assert "12.00" not in sheet.say
    assert "[debt.balance is not to be said: say first: licence]" in sheet.say


def test_custom_fields_of_collections_are_not_said_to_anybody() -> None:
    sheet = arrears(text=ARREARS.replace("{lead.name}?", "{lead.name}? {custom.plan}"))
    assert "gold" not in sheet.say
    assert "verify first that the right party is on the line" in sheet.say
