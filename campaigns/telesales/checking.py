"""What is wrong with the ways through a script: all of them are walked, with every kind of answer that matters. Pure.

A place on a way is a step and the answers that some step ahead still looks at, each answer standing for all that no
comparison of the script tells from it. So steps that no answers lead to are found, and loops that none lead out of.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from campaigns.telesales.fields import Worth, representatives, worth
from campaigns.telesales.scripts import (
    ANSWER,
    CUSTOM,
    DEBT_VARIABLES,
    VARIABLES,
    Problem,
    Script,
    Step,
    near,
)

# Moves from place to place that a check looks at; scripts of people stay far below.
_MOST_MOVES = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """A step, come to with these answers: (field, answer), sorted."""

    step: str
    known: tuple[tuple[str, str], ...] = ()


class _TooMany(Exception):
    pass


def problems_of(script: Script) -> list[Problem]:
    """All that is wrong with a script whose names are right; empty when it can be used."""
    problems = [*_unknown_variables(script), *_never_asked(script)]
    try:
        ways = _Ways(script)
    except _TooMany:
        text = f"more than {_MOST_MOVES} combinations of answers decide on the way; look at answers sooner after asking"
        return [*problems, Problem("steps", text)]
    problems += ways.problems()
    return sorted(set(problems), key=lambda problem: (problem.where, problem.text))


def _unknown_variables(script: Script) -> Iterator[Problem]:
    for step in script.steps.values():
        for variable in step.text.variables:
            where, name = f"steps.{step.name}.text", variable.name
            if name.startswith(ANSWER):
                field = name.removeprefix(ANSWER)
                if field not in script.fields:
                    yield Problem(where, f"{{{name}}}: there is no field {field!r}; {near(field, script.fields)}")
            elif name not in VARIABLES and not name.startswith(CUSTOM):
                known = (*VARIABLES, f"{CUSTOM}NAME", f"{ANSWER}FIELD")
                yield Problem(where, f"there is no variable {{{name}}}; {near(name, known)}")


def _never_asked(script: Script) -> Iterator[Problem]:
    asked = {field for step in script.steps.values() for field in step.asks}
    for name in script.fields:
        if name not in asked:
            needed = [code for code, fields in script.required.items() if name in fields]
            so = f", yet {', '.join(needed)} requires it" if needed else ""
            yield Problem(f"fields.{name}", f"no step asks for it{so}; put it in the ask of one")
    ends = {code for step in script.steps.values() for code in step.ends}
    for code in script.required:
        if code not in ends:
            yield Problem(f"required.{code}", f"no step ends with {code}")


class _Ways:
    """Every place that can be come to, and the moves between them."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tested = {
            step.name: {branch.field for branch in step.branches if branch.field} for step in script.steps.values()
        }
        self._ahead = self._looked_at_ahead()
        self._values = {name: self._representatives(name) for names in self._tested.values() for name in names}
        self._stuck: dict[str, tuple[Place, Mapping[str, str]]] = {}
        self._moves: dict[Place, list[Place]] = {}
        self._walk()

    def _representatives(self, name: str) -> tuple[str, ...]:
        field = self._script.fields[name]
        marks: list[Worth] = []
        for step in self._script.steps.values():
            for branch in step.branches:
                if branch.field == name:
                    marks += branch.marks
                    marks += (mark for value in branch.values or () if (mark := worth(field, value)) is not None)
        return representatives(field, marks)

    def _looked_at_ahead(self) -> dict[str, frozenset[str]]:
        """By step, the fields asked before it that it or a later step looks at before they are asked again."""
        ahead: dict[str, frozenset[str]] = dict.fromkeys(self._script.steps, frozenset())
        changed = True
        while changed:
            changed = False
            for step in self._script.steps.values():
                later = frozenset[str]().union(*(ahead[branch.go] for branch in step.branches))
                new = (later | self._tested[step.name]) - set(step.asks)
                if new != ahead[step.name]:
                    ahead[step.name], changed = new, True
        return ahead

    def _walk(self) -> None:
        first = Place(self._script.start)
        waiting, count = deque([first]), 0
        self._moves[first] = []
        while waiting:
            place = waiting.popleft()
            for new in self._from(place):
                count += 1
                if count > _MOST_MOVES:
                    raise _TooMany
                if new not in self._moves:
                    self._moves[new] = []
                    waiting.append(new)
                if new not in self._moves[place]:
                    self._moves[place].append(new)

    def _from(self, place: Place) -> Iterator[Place]:
        step = self._script.steps[place.step]
        if step.ends:
            return
        later = frozenset[str]().union(*(self._ahead[branch.go] for branch in step.branches))
        asked = sorted(set(step.asks) & (later | self._tested[step.name]) & self._values.keys())
        for values in product(*(self._values[name] for name in asked)):
            answers = {**dict(place.known), **dict(zip(asked, values, strict=True))}
            go = self._script.following(step, answers)
            if go is None:
                self._stuck.setdefault(step.name, (place, answers))
                yield from ()
                continue
            yield Place(go, tuple(sorted((k, v) for k, v in answers.items() if k in self._ahead[go])))

    # What is wrong.

    def problems(self) -> Iterator[Problem]:
        yield from self._unreachable()
        yield from self._nowhere()
        yield from self._endless()
        yield from self._never_tested()
        yield from self._required_skipped()
        yield from self._answers_too_early()
        yield from self._debts_too_early()

    def _unreachable(self) -> Iterator[Problem]:
        reached = {place.step for place in self._moves}
        for name in self._script.steps:
            if name not in reached:
                yield Problem(f"steps.{name}", "no way leads here")

    def _nowhere(self) -> Iterator[Problem]:
        for name, (_, answers) in self._stuck.items():
            looked_at = sorted(self._tested[name])
            told = ", ".join(f"{field} = {_shown(answers.get(field))}" for field in looked_at)
            text = f"with {told} the call goes nowhere; end with a branch without 'if'"
            yield Problem(f"steps.{name}.next", text)

    def _endless(self) -> Iterator[Problem]:
        """Places from which no end can be come to, whatever is answered."""
        before: dict[Place, list[Place]] = {}
        for place, following in self._moves.items():
            for new in following:
                before.setdefault(new, []).append(place)
        ended = deque(place for place in self._moves if self._script.steps[place.step].ends)
        safe = set(ended)
        while ended:
            for place in before.get(ended.popleft(), []):
                if place not in safe:
                    safe.add(place)
                    ended.append(place)
        told: set[str] = set()
        for place in self._moves:
            if place not in safe and place.step not in told | self._stuck.keys():
                told.add(place.step)
                known = ", ".join(f"{field} = {_shown(answer)}" for field, answer in place.known)
                given = f" with {known}" if known else ""
                yield Problem(
                    f"steps.{place.step}", f"a loop without a way out: from here{given} no end can be reached"
                )

    def _never_tested(self) -> Iterator[Problem]:
        """Branches that look at a field which no way to them has asked for."""
        for name, fields in self._tested.items():
            for field in sorted(fields):
                step = self._script.steps[name]
                if field not in step.asks and not self._asked_before(name, field):
                    yield Problem(f"steps.{name}.next", f"{field} is not asked before on any way")

    def _asked_before(self, name: str, field: str) -> bool:
        ahead = deque(step.name for step in self._script.steps.values() if field in step.asks)
        seen = set(ahead)
        while ahead:
            for branch in self._script.steps[ahead.popleft()].branches:
                if branch.go == name:
                    return True
                if branch.go not in seen:
                    seen.add(branch.go)
                    ahead.append(branch.go)
        return False

    def _required_skipped(self) -> Iterator[Problem]:
        for code, fields in self._script.required.items():
            for field in fields:
                asking = self._asking(field)

                def ends_without(step: Step, code: str = code, asking: Collection[str] = asking) -> bool:
                    return code in step.ends and step.name not in asking

                way = self._way(asking, ends_without)
                if asking and way:
                    yield Problem(f"required.{code}", f"{field} is not asked on the way {_told(way)}")

    def _answers_too_early(self) -> Iterator[Problem]:
        for step in self._script.steps.values():
            for variable in step.text.variables:
                field = variable.name.removeprefix(ANSWER)
                if variable.name == field or field not in self._script.fields or variable.instead is not None:
                    continue
                way = self._way_to(self._asking(field), step)
                if way:
                    text = (
                        f"{{{variable.name}}} is not answered yet on the way {_told(way)}; ask before, or write what "
                    )
                    yield Problem(f"steps.{step.name}.text", f"{text}to say instead: {{{variable.name}|...}}")

    def _debts_too_early(self) -> Iterator[Problem]:
        """Debts are spoken of with the right party alone (12 CFR 1006.6(d)), and after what must be said first."""
        steps = self._script.steps.values()
        party = {step.name for step in steps if step.right_party}
        statements = sorted({statement for step in steps for statement in step.says})
        for step in steps:
            spoken = [variable.name for variable in step.text.variables if variable.name in DEBT_VARIABLES]
            if not spoken:
                continue
            way = [] if step.name in party else self._way_to(party, step)
            if way:
                text = f"{{{spoken[0]}}} is said on the way {_told(way)} before a step with right_party = true"
                yield Problem(f"steps.{step.name}.text", text)
            for statement in statements:
                saying = {each.name for each in steps if statement in each.says}
                way = [] if step.name in saying else self._way_to(saying, step)
                if way:
                    text = f"{{{spoken[0]}}} is said on the way {_told(way)} before a step that says {statement!r}"
                    yield Problem(f"steps.{step.name}.text", text)

    def _asking(self, field: str) -> set[str]:
        return {step.name for step in self._script.steps.values() if field in step.asks}

    def _way_to(self, through: Collection[str], wanted: Step) -> list[str]:
        return self._way(through, lambda step: step.name == wanted.name)

    def _way(self, through: Collection[str], wanted: Callable[[Step], bool]) -> list[str]:
        """The shortest way to a wanted step that passes none of `through` before; empty when there is none."""
        first = Place(self._script.start)
        came: dict[Place, Place | None] = {first: None}
        waiting = deque([first])
        while waiting:
            place = waiting.popleft()
            if wanted(self._script.steps[place.step]):
                return _back(place, came)
            if place.step in through:
                continue
            for new in self._moves[place]:
                if new not in came:
                    came[new] = place
                    waiting.append(new)
        return []


def _back(place: Place | None, came: Mapping[Place, Place | None]) -> list[str]:
    way: list[str] = []
    while place is not None:
        way.append(place.step)
        place = came[place]
    return way[::-1]


def _told(way: Iterable[str]) -> str:
    return " > ".join(way)


def _shown(answer: str | None) -> str:
    return "nothing" if not answer else repr(answer)
