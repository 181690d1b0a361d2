"""What is wrong with a script is told with file, step and key."""

import re
from pathlib import Path

import pytest

from campaigns.telesales.parsing import MAX_SIZE, parsed
from campaigns.telesales.scripts import ScriptError
from tests.campaigns.telesales.samples import ARREARS, SPRING


def told(text: str) -> list[str]:
    with pytest.raises(ScriptError) as caught:
        parsed(text, file="spring.toml")
    return str(caught.value).splitlines()


def changed(old: str, new: str, text: str = SPRING) -> list[str]:
    assert text.count(old) == 1, old
    return told(text.replace(old, new))


def test_a_script_is_read() -> None:
    script = parsed(SPRING, name="spring", version=3)
    assert (script.name, script.version, script.title, script.start) == ("spring", 3, "Spring offer", "greeting")
    assert list(script.steps) == ["greeting", "offer", "questions", "order", "confirm", "later", "goodbye"]
    assert script.required == {"SALE": ("product", "amount")}
    assert script.fields["reached"].required
    assert not script.fields["email"].required


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('go = "later" }', 'go = "latr" }', "steps.greeting.next[2].go: there is no step 'latr'; do you mean 'later'?"),
        (
            'next = "confirm"',
            'next = "confrm"',
            "steps.order.next.go: there is no step 'confrm'; do you mean 'confirm'?",
        ),
        (
            'start = "greeting"',
            'start = "hello"',
            "start: there is no step 'hello'; there are greeting, offer, questions, order, confirm, later, goodbye",
        ),
        ('title = "Spring offer"', 'titel = "Spring offer"', "titel: no such key; do you mean 'title'?"),
        ("whole = true", 'whole = "yes"', "fields.quantity.whole: must be true or false, not 'yes'"),
        ("max = 9", 'max = "9"', "fields.quantity.max: must be a number without quotes, not '9'"),
        ("max = 9", "max = 0", "fields.quantity.min: 1 is more than max, 0"),
        (
            'currency = "EUR"',
            'currency = "EURO"',
            "fields.amount.currency: currency 'EURO' is not an ISO 4217 code such as USD, EUR or JPY",
        ),
        (
            'kind = "money"',
            'kind = "cash"',
            "fields.amount.kind: must be one of text, number, choice, date, money, yes-no, not 'cash'",
        ),
        (
            'choices = ["Basic", "Gold"]',
            "",
            'fields.product.choices: a field of kind "choice" has choices, and no other has',
        ),
        (
            'choices = ["Basic", "Gold"]',
            'choices = ["Basic", "basic"]',
            "fields.product.choices: choices are different texts, small and capital letters being the same",
        ),
        ('ask = ["email"]', 'ask = ["emial"]', "steps.confirm.ask: there is no field 'emial'; do you mean 'email'?"),
        (
            'is = "customer"',
            'is = "custmer"',
            "steps.greeting.next[1].is: reached must be one of customer, somebody else, not 'custmer'",
        ),
        (
            'is = "customer"',
            "below = 3",
            "steps.greeting.next[1]: reached is of kind choice: only numbers, money and dates are compared",
        ),
        (
            'if = "reached", is = "customer"',
            'is = "customer"',
            "steps.greeting.next[1]: 'is' needs 'if', the field to compare",
        ),
        (
            '{ if = "again", is = "yes", go = "offer" }',
            '{ go = "offer" }',
            "steps.questions.next[1]: a branch without 'if' holds always; it must be the last",
        ),
        (
            'end = ["SALE"]',
            'end = ["SOLD"]',
            "steps.confirm.end: status 'SOLD' cannot be set by an agent; choose one of A, B, "
            "CALLBK, DC, DEC, DISP, DNC, N, NI, NP, PAID, PTP, RPC, SALE, WPC",
        ),
        (
            'end = ["SALE"]',
            "",
            "steps.confirm: a step has either next, where the call goes, or end, the statuses it may end with",
        ),
        (
            'SALE = ["product", "amount"]',
            'SALE = ["product", "price"]',
            "required.SALE: there is no field 'price'; there are reached, interested, product, quantity, amount, "
            "email, again",
        ),
        (
            "{agent.name}",
            "{agent}",
            "steps.greeting.text: '{agent}' names no variable; write {lead.first_name} or {lead.city|your town}",
        ),
        (
            "{agent.name}",
            "{agent.name",
            "steps.greeting.text: line 1: a single '{'; write '{{' for a brace, {lead.city} for a value",
        ),
        (
            "{agent.name}",
            "{agent.nam}",
            "steps.greeting.text: there is no variable {agent.nam}; do you mean 'agent.name'?",
        ),
        (
            "{answer.product}",
            "{answer.prodct}",
            "steps.confirm.text: {answer.prodct}: there is no field 'prodct'; do you mean 'product'?",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(old: str, new: str, line: str) -> None:
    assert f"spring.toml: {line}" in changed(old, new)


def test_all_mistakes_are_told_at_once() -> None:
    lines = told(SPRING.replace('go = "later"', 'go = "latr"').replace('kind = "text"', 'kind = "string"'))
    assert [line.split(": ")[1] for line in lines] == ["fields.email.kind", "steps.greeting.next[2].go"]


def test_what_is_no_toml_or_no_script() -> None:
    assert told("[steps.")[0].startswith("spring.toml: not TOML: ")
    assert told("") == ["spring.toml: steps: there is none; begin with [steps.greeting]"]
    assert told("steps = 3")[0] == "spring.toml: steps: must be tables such as [steps.NAME]"
    assert "must be a table: [steps.a]" in told("steps.a = 3")[0]
    assert "characters" in told("#" * (MAX_SIZE + 1))[0]


def test_names_of_steps_and_fields_are_plain() -> None:
    assert "begins with a letter" in changed("[steps.later]", '[steps."la ter"]')[0]


def test_a_collections_script_is_read() -> None:
    script = parsed(ARREARS)
    assert script.steps["notice"].right_party
    assert script.steps["notice"].says == {"mini_miranda"}
    assert parsed(ARREARS).title == ""


def test_the_script_of_the_manual_is_sound() -> None:
    text = (Path(__file__).parents[3] / "docs" / "scripts.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    assert parsed(example).required == {"SALE": ("product", "amount")}
