"""A script in use: where a call stands in it, what the agent says now, and what is still to be asked. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from campaigns.collections.disclosure import AttemptFacts, Disclosure, Party, disclosure, status_refusal
from campaigns.collections.disclosure import Field as Shown
from campaigns.model import Kind
from campaigns.statuses import status_of
from campaigns.telesales.fields import SKIPPED, AnswerError, read
from campaigns.telesales.scripts import ANSWER, CUSTOM, DEBT_VARIABLES, Script, Step, near

_SHOWN = {
    "lead.comments": Shown.COMMENTS,
    "lead.email": Shown.EMAIL,
    **dict.fromkeys(("lead.address1", "lead.city", "lead.state", "lead.postal_code", "lead.country"), Shown.ADDRESS),
    **dict.fromkeys(DEBT_VARIABLES, Shown.BALANCE),
}


class Unfinished(ValueError):
    """The call cannot end with this status yet; the text says what is missing, `missing` names the fields."""

    def __init__(self, text: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a call begins: values by variable name, and what the law wants said before debts are."""

    values: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = Kind.TELESALES
    statements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A call on its way through a script: the steps so far, the answers given on them, and what is asked now.

    `open` are the fields of the last step that have no answer since it was come to. The steps from `new` on are those
    that the agent has not said before the last answer.
    """

    script: Script
    facts: Facts
    path: tuple[str, ...]
    answers: Mapping[str, str]
    open: tuple[str, ...]
    new: int = 0

    @property
    def step(self) -> Step:
        """The step that the call has come to."""
        return self.script.steps[self.path[-1]]

    @property
    def ended(self) -> bool:
        """Whether the script is at an end and asks nothing more."""
        return bool(self.step.ends) and not self.open

    @property
    def standing(self) -> AttemptFacts:
        """Whom the agent has on the line, and what was said, as far as the script tells."""
        steps = [self.script.steps[name] for name in self.path]
        party = Party.RIGHT if any(step.right_party for step in steps) else Party.UNKNOWN
        said = frozenset[str]().union(*(step.says for step in steps))
        return AttemptFacts(self.facts.kind, party, self.facts.statements, said)

    @property
    def say(self) -> str:
        """What the agent says now."""
        texts = [self._rendered(self.script.steps[name]) for name in self.path[self.new :]]
        return "\n\n".join(text for text in texts if text)

    def _rendered(self, step: Step) -> str:
        allowed = disclosure(self.standing)
        return step.text.render(lambda name: self._value(name, allowed)).strip()

    def _value(self, name: str, allowed: Disclosure) -> str | None:
        if name.startswith(ANSWER):
            return self.answers.get(name.removeprefix(ANSWER))
        shown = Shown.CUSTOM if name.startswith(CUSTOM) else _SHOWN.get(name)
        if shown is not None and shown not in allowed.allowed:
            return f"[{name} is not to be said: {allowed.why}]"
        return self.facts.values.get(name)


def start(script: Script, facts: Facts) -> Sheet:
    """A call at the beginning of its script."""
    return _enter(Sheet(script, facts, (), {}, ()), script.start)


def answer(sheet: Sheet, name: str, value: str) -> Sheet:
    """The sheet with one more answer; the script goes on when its step asks nothing more.

    Empty text leaves an optional field open. An answer to an earlier step is mended, and the call goes back as far as
    the way changes by it. Raises AnswerError, which says what is wanted, for a value that does not fit and for a field
    that is not asked yet.
    """
    definition = sheet.script.fields.get(name)
    if definition is None:
        raise AnswerError(f"this script has no field {name!r}; {near(name, sheet.script.fields)}")
    if name in sheet.step.asks:
        answers = {**sheet.answers, name: read(definition, value)}
        left = tuple(each for each in sheet.open if each != name)
        return _onward(replace(sheet, answers=answers, open=left))
    asked = [place for place, step in enumerate(sheet.path) if name in sheet.script.steps[step].asks]
    if not asked:
        now = f"now it asks for {', '.join(sheet.open)}" if sheet.open else "it is at its end"
        raise AnswerError(f"{name} is not asked yet: the script is at step {sheet.step.name}, {now}")
    return _mended(replace(sheet, answers={**sheet.answers, name: read(definition, value)}), asked[-1])


def missing(sheet: Sheet, status: str = "") -> tuple[str, ...]:
    """The required fields that are still open: those of the step, and those that ending with `status` requires."""
    of_step = [name for name in sheet.open if sheet.script.fields[name].required]
    of_status = [name for name in sheet.script.required.get(status, ()) if not sheet.answers.get(name)]
    return tuple(dict.fromkeys([*of_status, *of_step]))


def finish(sheet: Sheet, status: str) -> Mapping[str, str]:
    """The answers with which a call ends. Raises Unfinished, naming what is missing.

    A sale goes all the way to a step that ends with its status, where the script has one. Other statuses need what the
    script requires for them: a person may hang up at any step. In collections some are the right party's alone. Raises
    ValueError for an unknown status.
    """
    sale, script = status_of(status).sale, sheet.script
    refusal = status_refusal(status, sheet.standing)
    if refusal is not None:
        raise Unfinished(refusal)
    open_fields = missing(sheet, status) if sale else missing(replace(sheet, open=()), status)
    if open_fields:
        text = f"{status} needs {', '.join(open_fields)}, which script {script.name} has no answer to"
        raise Unfinished(f"{text} yet; it is at step {sheet.step.name}", open_fields)
    ends = [step.name for step in script.steps.values() if status in step.ends]
    if sale and ends and sheet.step.name not in ends:
        text = f"{status} is set at step {' or '.join(ends)}, and script {script.name} is at {sheet.step.name}"
        raise Unfinished(f"{text}; answer {', '.join(sheet.open) or 'otherwise'} first", sheet.open)
    return {name: value for name, value in sheet.answers.items() if value != SKIPPED}


def _enter(sheet: Sheet, name: str) -> Sheet:
    """Come to a step, and go on from it when it asks nothing and does not end."""
    return _onward(replace(sheet, path=(*sheet.path, name), open=sheet.script.steps[name].asks), fresh=False)


def _onward(sheet: Sheet, *, fresh: bool = True) -> Sheet:
    step = sheet.step
    if sheet.open or step.ends:
        return sheet
    go = sheet.script.following(step, sheet.answers)
    assert go is not None, f"script {sheet.script.name} was not checked: no way from {step.name}"
    return _enter(replace(sheet, new=len(sheet.path)) if fresh else sheet, go)


def _mended(sheet: Sheet, since: int) -> Sheet:
    """Follow the path anew from the place of the mended answer, as far as it still is the same."""
    for place in range(since, len(sheet.path) - 1):
        step = sheet.script.steps[sheet.path[place]]
        go = sheet.script.following(step, sheet.answers)
        if go != sheet.path[place + 1]:
            assert go is not None, f"script {sheet.script.name} was not checked: no way from {step.name}"
            path = sheet.path[: place + 1]
            kept = {name for each in path for name in sheet.script.steps[each].asks}
            answers = {name: value for name, value in sheet.answers.items() if name in kept}
            return _enter(replace(sheet, path=path, answers=answers, new=len(path)), go)
    return sheet
