"""Every way through a script: against a plain walk over all concrete answers."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaigns.telesales.checking import problems_of
from campaigns.telesales.fields import SKIPPED, Field, Kind
from campaigns.telesales.parsing import parsed
from campaigns.telesales.scripts import Branch, Problem, Script, ScriptError, Step
from campaigns.telesales.sheets import Facts, Sheet, answer, finish, missing, start
from campaigns.telesales.templates import Template
from tests.campaigns.telesales.samples import ARREARS, SPRING

FIELDS = {
    "sure": Field("sure", Kind.YES_NO, required=True),
    "plan": Field("plan", Kind.CHOICE, choices=("a", "b", "c")),
    "count": Field("count", Kind.NUMBER, low=Decimal(0), high=Decimal(4), whole=True, required=True),
}
VALUES = {"sure": ("yes", "no"), "plan": ("a", "b", "c", SKIPPED), "count": ("0", "1", "2", "3", "4")}
ENDS = ("SALE", "NI")


def branches(steps: list[str]) -> st.SearchStrategy[Branch]:
    go = st.sampled_from(steps)
    marks = st.sampled_from([Decimal(number) for number in range(6)])
    return st.one_of(
        st.builds(Branch, go, st.just("sure"), st.sampled_from([("yes",), ("no",)])),
        st.builds(Branch, go, st.just("plan"), st.sampled_from([("a",), ("b", "c"), (SKIPPED,)])),
        st.builds(Branch, go, st.just("count"), st.none(), marks, st.none()),
        st.builds(Branch, go, st.just("count"), st.none(), st.none(), marks),
    )


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Mostly sound ones: a chain of steps with branches across it, each step asking some fields."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 5)))]
    steps = {}
    for place, name in enumerate(names):
        asks = tuple(draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=2)))
        if place == len(names) - 1 or draw(st.integers(0, 4)) == 0:
            ends = tuple(draw(st.sets(st.sampled_from(ENDS), min_size=1)))
            steps[name] = Step(name, Template(()), asks, ends=ends)
            continue
        ways = draw(st.lists(branches(names), max_size=2))
        if draw(st.integers(0, 5)):
            ways.append(Branch(names[place + 1]))
        steps[name] = Step(name, Template(()), asks, tuple(ways or [Branch(names[place + 1])]))
    fields = st.sets(st.sampled_from(sorted(FIELDS)), max_size=2)
    required = {code: tuple(sorted(draw(fields))) for code in ENDS}
    return Script("s", 1, "", "s0", FIELDS, steps, required)


Where = tuple[str, tuple[tuple[str, str], ...], frozenset[str]]


def places(script: Script) -> dict[Where, list[Where | None]]:
    """All (step, answers before it, fields asked before it) and what follows: places, or None for nowhere."""
    found: dict[Where, list[Where | None]] = {}
    waiting: deque[Where] = deque([(script.start, (), frozenset())])
    while waiting:
        place = waiting.popleft()
        if place in found:
            continue
        name, known, asked = place
        step = script.steps[name]
        found[place] = []
        if step.ends:
            continue
        for values in product(*(VALUES[field] for field in step.asks)):
            answers = {**dict(known), **dict(zip(step.asks, values, strict=True))}
            go = script.following(step, answers)
            new = None if go is None else (go, tuple(sorted(answers.items())), asked | set(step.asks))
            found[place].append(new)
            if new is not None:
                waiting.append(new)
    return found


def leading_to_an_end(script: Script, found: dict[Where, list[Where | None]]) -> set[Where]:
    safe = {place for place in found if script.steps[place[0]].ends}
    while True:
        more = {place for place, following in found.items() if place not in safe and safe & set(following)}
        if not more:
            return safe
        safe |= more


def matching(problems: list[Problem], pattern: str) -> set[str]:
    return {problem.where.split(".")[1] for problem in problems if re.search(pattern, problem.text)}


@settings(max_examples=150)
@given(scripts())
def test_the_check_finds_what_a_walk_over_all_answers_finds(script: Script) -> None:
    problems, found = problems_of(script), places(script)
    assert matching(problems, "no way leads here") == script.steps.keys() - {place[0] for place in found}
    stuck = {place[0] for place, following in found.items() if None in following}
    assert matching(problems, "goes nowhere") == stuck
    safe = leading_to_an_end(script, found)
    endless = {place[0] for place in found if place not in safe} - stuck
    assert matching(problems, "loop without a way out") == endless
    skipped = {
        (code, field)
        for (name, _, asked) in found
        for code in script.steps[name].ends
        for field in script.required[code]
        if field not in asked | set(script.steps[name].asks)
    }
    told = {
        (problem.where.split(".")[1], problem.text.split(" ")[0])
        for problem in problems
        if "is not asked on the way" in problem.text
    }
    asked_at_all = {field for step in script.steps.values() for field in step.asks}
    assert told == {(code, field) for code, field in skipped if field in asked_at_all}


def walks(sheet: Sheet, data: st.DataObject) -> Iterator[Sheet]:
    for _ in range(40):
        yield sheet
        if not sheet.open:
            return
        field = data.draw(st.sampled_from(sheet.open))
        sheet = answer(sheet, field, data.draw(st.sampled_from(VALUES[field])))


def mended(script: Script) -> Script:
    """Without what the check names: steps that cannot be come to, fields that are not asked, what is required so."""
    found = problems_of(script)
    gone = matching(found, "no way leads here")
    unasked = matching(found, "no step asks for it")
    blind = {(each.where.split(".")[1], each.text.split(" ")[0]) for each in found if "on any way" in each.text}
    skipped = {(each.where.split(".")[1], each.text.split(" ")[0]) for each in found if "on the way" in each.text}
    steps = {
        name: replace(
            step,
            branches=tuple(way for way in step.branches if way.go not in gone and (name, way.field) not in blind),
        )
        for name, step in script.steps.items()
        if name not in gone
    }
    ends = {code for step in steps.values() for code in step.ends}
    required = {
        code: tuple(field for field in fields if field not in unasked and (code, field) not in skipped)
        for code, fields in script.required.items()
        if code in ends
    }
    fields = {name: field for name, field in script.fields.items() if name not in unasked}
    return replace(script, steps=steps, fields=fields, required=required)


@st.composite
def sound_scripts(draw: st.DrawFn) -> Script:
    script = draw(scripts())
    for _ in range(4):
        script = mended(script)
    assume(not problems_of(script))
    return script


@settings(max_examples=150)
@given(sound_scripts(), st.data())
def test_a_sound_script_ends_on_every_path_with_all_that_its_end_requires(script: Script, data: st.DataObject) -> None:
    for sheet in walks(start(script, Facts()), data):
        assert ended_from(sheet)
        if not sheet.ended:
            continue
        assert sheet.step.ends
        for code in sheet.step.ends:
            left = missing(sheet, code)
            assert all(sheet.answers[field] == SKIPPED for field in left)
            if not left:
                assert finish(sheet, code) == {field: value for field, value in sheet.answers.items() if value}


def ended_from(sheet: Sheet) -> bool:
    """Whether some answers lead from here to an end."""
    seen: set[object] = set()
    waiting = deque([sheet])
    while waiting:
        here = waiting.popleft()
        if here.ended:
            return True
        key = (here.step.name, here.open, tuple(sorted(here.answers.items())))
        if key in seen:
            continue
        seen.add(key)
        waiting += (answer(here, here.open[0], value) for value in VALUES[here.open[0]])
    return False


def problems(text: str) -> list[str]:
    try:
        parsed(text)
    except ScriptError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_loop_that_no_answer_leads_out_of() -> None:
    text = SPRING.replace('{ if = "again", is = "yes", go = "offer" }, { go = "goodbye" }', '{ go = "questions" }')
    assert "steps.questions: a loop without a way out: from here no end can be reached" in problems(text)


def test_a_loop_is_seen_where_only_some_answers_stay_in_it() -> None:
    text = """
    [fields.x]
    kind = "yes-no"
    required = true
    [steps.a]
    ask = ["x"]
    next = "b"
    [steps.b]
    next = [{ if = "x", is = "yes", go = "c" }, { go = "d" }]
    [steps.c]
    next = "b"
    [steps.d]
    end = "NI"
    """
    assert problems(text) == [
        "steps.b: a loop without a way out: from here with x = 'yes' no end can be reached",
        "steps.c: a loop without a way out: from here with x = 'yes' no end can be reached",
    ]


def test_a_field_that_no_step_asks_for_though_it_is_required() -> None:
    text = SPRING.replace('ask = ["product", "quantity", "amount"]', 'ask = ["product", "quantity"]')
    found = problems(text)
    assert "fields.amount: no step asks for it, yet SALE requires it; put it in the ask of one" in found


def test_a_way_around_a_required_field_is_shown() -> None:
    text = SPRING.replace('{ go = "questions" }]', '{ go = "confirm" }]')
    assert "required.SALE: amount is not asked on the way greeting > offer > confirm" in problems(text)


def test_a_status_that_no_step_ends_with() -> None:
    assert "required.NP: no step ends with NP" in problems(SPRING + '\nNP = ["email"]\n')


def test_answers_that_do_not_lead_anywhere() -> None:
    text = SPRING.replace(', { go = "later" }]', "]").replace('end = ["CALLBK", "NI"]', 'next = "goodbye"')
    assert (
        "steps.greeting.next: with reached = 'somebody else' the call goes nowhere; end with a branch without 'if'"
        in (problems(text))
    )


def test_a_branch_on_what_nobody_asked() -> None:
    text = SPRING.replace('if = "reached", is = "customer"', 'if = "again", is = true')
    assert "steps.greeting.next: again is not asked before on any way" in problems(text)


def test_an_answer_is_said_only_after_it_was_given_or_with_an_alternative() -> None:
    early = SPRING.replace("{lead.city|your town}", "{answer.product}")
    (problem,) = problems(early)
    assert problem.startswith("steps.offer.text: {answer.product} is not answered yet on the way greeting > offer")
    assert problems(SPRING.replace("{lead.city|your town}", "{answer.product|a plan}")) == []


def test_debts_come_after_the_right_party_and_the_statement() -> None:
    assert problems(ARREARS) == []
    found = problems(ARREARS.replace("{lead.name}?", "{lead.name}? {debt.balance|}"))
    assert (
        "steps.greeting.text: {debt.balance} is said on the way greeting before a step with right_party = true" in found
    )
    assert (
        "steps.greeting.text: {debt.balance} is said on the way greeting before a step that says 'mini_miranda'"
        in found
    )


def test_more_combinations_than_can_be_walked_are_refused() -> None:
    fields = "".join(f'[fields.f{n}]\nkind = "choice"\nchoices = ["a", "b", "c", "d"]\n' for n in range(12))
    asks = ", ".join(f'"f{n}"' for n in range(12))
    ways = ", ".join(f'{{ if = "f{n}", is = "a", go = "b" }}' for n in range(12))
    text = f'{fields}[steps.a]\nask = [{asks}]\nnext = [{ways}, {{ go = "b" }}]\n[steps.b]\nend = "NI"\n'
    assert "combinations of answers" in problems(text)[0]
