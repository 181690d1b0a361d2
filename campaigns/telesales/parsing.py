"""The TOML form of a script, read into a `Script`; every mistake is told with its place. Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from campaigns.collections.money import MoneyError, exponent_of
from campaigns.statuses import agent_status
from campaigns.telesales.checking import problems_of
from campaigns.telesales.fields import AnswerError, Field, Kind, read
from campaigns.telesales.scripts import Branch, Problem, Script, ScriptError, Step, near, plain_day
from campaigns.telesales.templates import Template, TemplateError, parse

MAX_SIZE = 200_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

_TOP = ("title", "start", "fields", "steps", "required")
_FIELD = ("kind", "prompt", "required", "choices", "min", "max", "whole", "currency")
_STEP = ("text", "ask", "next", "end", "right_party", "says")
_BRANCH = ("if", "is", "from", "below", "go")


def parsed(text: str, *, file: str = "script", name: str = "", version: int = 0) -> Script:
    """Read and check a script. Raises ScriptError naming `file`, and step and key of everything that is wrong."""
    if len(text) > MAX_SIZE:
        raise ScriptError(file, [Problem("", f"{len(text)} characters; {MAX_SIZE} are the most")])
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScriptError(file, [Problem("", f"not TOML: {error}")]) from None
    reader = _Reader()
    script = reader.script(document, name, version)
    problems = reader.problems or problems_of(script)
    if problems:
        raise ScriptError(file, problems)
    return script


class _Reader:
    """Collects problems instead of stopping at the first; what is wrong is read as empty."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._fields: dict[str, Field] = {}

    def script(self, document: Mapping[str, Any], name: str, version: int) -> Script:
        self._known("", document, _TOP)
        title = self._text("title", document.get("title", name))
        self._fields = {
            key: self._field(f"fields.{key}", key, table)
            for key, table in self._tables("fields", document, needed=False).items()
        }
        tables = self._tables("steps", document, needed=True)
        steps = {key: self._step(f"steps.{key}", key, table, tables) for key, table in tables.items()}
        start = self._text("start", document.get("start", next(iter(tables), "")))
        if start not in tables and tables:
            self._wrong("start", f"there is no step {start!r}; {near(start, tables)}")
        return Script(name, version, title, start, self._fields, steps, self._required(document))

    def _wrong(self, where: str, text: str) -> None:
        self.problems.append(Problem(where, text))

    def _known(self, where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                self._wrong(f"{where}.{key}".lstrip("."), f"no such key; {near(key, known)}")

    def _tables(self, key: str, document: Mapping[str, Any], *, needed: bool) -> dict[str, Mapping[str, Any]]:
        value = document.get(key, {})
        if not isinstance(value, Mapping):
            self._wrong(key, f"must be tables such as [{key}.NAME]")
            return {}
        if needed and not value:
            self._wrong(key, f"there is none; begin with [{key}.greeting]")
        for name, table in value.items():
            if not _NAME.fullmatch(name):
                self._wrong(f"{key}.{name}", "a name has small letters, digits and _, and begins with a letter")
            if not isinstance(table, Mapping):
                self._wrong(f"{key}.{name}", f"must be a table: [{key}.{name}]")
        return {name: table for name, table in value.items() if isinstance(table, Mapping)}

    def _text(self, where: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self._wrong(where, f"must be text in quotes, not {value!r}")
        return ""

    def _flag(self, where: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._wrong(where, f"must be true or false, not {value!r}")
        return value is True

    def _texts(self, where: str, value: object) -> tuple[str, ...]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            self._wrong(where, f"must be a list of texts, not {value!r}")
            return ()
        if len(set(values)) < len(values):
            self._wrong(where, "has something twice")
        return tuple(values)

    # Fields.

    def _field(self, where: str, name: str, table: Mapping[str, Any]) -> Field:
        self._known(where, table, _FIELD)
        kind = self._kind(f"{where}.kind", table.get("kind"))
        choices = self._texts(f"{where}.choices", table.get("choices", []))
        if (kind is Kind.CHOICE) != bool(choices):
            self._wrong(f"{where}.choices", 'a field of kind "choice" has choices, and no other has')
        if len({choice.strip().casefold() for choice in choices} - {""}) < len(choices):
            self._wrong(f"{where}.choices", "choices are different texts, small and capital letters being the same")
        currency = self._currency(where, kind, table)
        if "whole" in table and kind is not Kind.NUMBER:
            self._wrong(f"{where}.whole", 'only a field of kind "number" is whole or not')
        low, high = (self._bound(f"{where}.{key}", kind, currency, table.get(key)) for key in ("min", "max"))
        field = Field(
            name,
            kind,
            self._text(f"{where}.prompt", table.get("prompt", name.replace("_", " "))),
            self._flag(f"{where}.required", table.get("required", False)),
            tuple(choice.strip() for choice in choices),
            low,
            high,
            self._flag(f"{where}.whole", table.get("whole", False)),
            currency,
        )
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            self._wrong(f"{where}.min", f"{low} is more than max, {high}")
        return field

    def _kind(self, where: str, value: object) -> Kind:
        try:
            return Kind(str(value))
        except ValueError:
            self._wrong(where, f"must be one of {', '.join(Kind)}, not {value!r}")
            return Kind.TEXT

    def _currency(self, where: str, kind: Kind, table: Mapping[str, Any]) -> str:
        where = f"{where}.currency"
        if kind is not Kind.MONEY:
            if "currency" in table:
                self._wrong(where, 'only a field of kind "money" has a currency')
            return ""
        code = self._text(where, table.get("currency", ""))
        try:
            exponent_of(code)
        except MoneyError as error:
            self._wrong(where, str(error))
            return "USD"
        return code

    def _bound(self, where: str, kind: Kind, currency: str, value: object) -> Decimal | date | None:
        if value is None:
            return None
        bare = Field("", kind, currency=currency, required=True)
        if not bare.ordered:
            self._wrong(where, "only numbers, money and dates have bounds")
            return None
        return self._mark(where, bare, value)

    def _mark(self, where: str, field: Field, value: object) -> Decimal | date | None:
        """A number or a date to compare with."""
        if field.kind is Kind.DATE:
            if plain_day(value):
                assert isinstance(value, date)
                return value
            self._wrong(where, f"must be a date without quotes such as 2026-11-24, not {value!r}")
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
            self._wrong(where, f"must be a number without quotes, not {value!r}")
            return None
        return Decimal(value)

    # Steps.

    def _step(self, where: str, name: str, table: Mapping[str, Any], steps: Mapping[str, Any]) -> Step:
        self._known(where, table, _STEP)
        asks = self._texts(f"{where}.ask", table.get("ask", []))
        for field in asks:
            if field not in self._fields:
                self._wrong(f"{where}.ask", f"there is no field {field!r}; {near(field, self._fields)}")
        if ("next" in table) == ("end" in table):
            self._wrong(where, "a step has either next, where the call goes, or end, the statuses it may end with")
        ends = self._statuses(f"{where}.end", table.get("end", []))
        if "end" in table and not ends:
            self._wrong(f"{where}.end", 'name a status at least, for example end = ["NI"]')
        return Step(
            name,
            self._template(f"{where}.text", table.get("text", "")),
            asks,
            self._branches(f"{where}.next", table["next"], steps) if "next" in table else (),
            ends,
            self._flag(f"{where}.right_party", table.get("right_party", False)),
            frozenset(self._texts(f"{where}.says", table.get("says", []))),
        )

    def _template(self, where: str, value: object) -> Template:
        try:
            return parse(self._text(where, value))
        except TemplateError as error:
            self._wrong(where, str(error))
            return Template(())

    def _statuses(self, where: str, value: object) -> tuple[str, ...]:
        codes = self._texts(where, value)
        for code in codes:
            try:
                agent_status(code)
            except ValueError as error:
                self._wrong(where, str(error))
        return codes

    def _branches(self, where: str, value: object, steps: Mapping[str, Any]) -> tuple[Branch, ...]:
        tables = [{"go": value}] if isinstance(value, str) else value
        if not isinstance(tables, list) or not tables or not all(isinstance(each, Mapping) for each in tables):
            self._wrong(where, 'must be the name of a step, or a list such as [{ if = "x", is = "yes", go = "y" }]')
            return ()
        single = isinstance(value, str)
        branches = tuple(
            self._branch(where if single else f"{where}[{place}]", table, steps)
            for place, table in enumerate(tables, start=1)
        )
        for place, branch in enumerate(branches[:-1], start=1):
            if not branch.field:
                self._wrong(f"{where}[{place}]", "a branch without 'if' holds always; it must be the last")
        return branches

    def _branch(self, where: str, table: Mapping[str, Any], steps: Mapping[str, Any]) -> Branch:
        self._known(where, table, _BRANCH)
        go = self._text(f"{where}.go", table.get("go", ""))
        if go not in steps:
            self._wrong(f"{where}.go", f"there is no step {go!r}; {near(go, steps)}")
        name = self._text(f"{where}.if", table.get("if", ""))
        tests = [key for key in ("is", "from", "below") if key in table]
        if not name:
            if tests:
                self._wrong(where, f"{tests[0]!r} needs 'if', the field to compare")
            return Branch(go)
        field = self._fields.get(name)
        if field is None:
            self._wrong(f"{where}.if", f"there is no field {name!r}; {near(name, self._fields)}")
            return Branch(go, name, ())
        if not tests or ("is" in tests and len(tests) > 1):
            self._wrong(where, "an 'if' goes with 'is', or with 'from' or 'below' or both")
        if "is" in tests:
            return Branch(go, name, self._values(f"{where}.is", field, table["is"]))
        if tests and not field.ordered:
            self._wrong(where, f"{name} is of kind {field.kind}: only numbers, money and dates are compared")
            return Branch(go, name, ())
        start, end = (
            self._mark(f"{where}.{key}", field, table[key]) if key in table else None for key in ("from", "below")
        )
        return Branch(go, name, None, start, end)

    def _values(self, where: str, field: Field, value: object) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        found = []
        for each in values:
            text = ("yes" if each else "no") if isinstance(each, bool) else str(each)
            try:
                found.append(read(field, text))
            except AnswerError as error:
                self._wrong(where, str(error))
        return tuple(found)

    def _required(self, document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        table = document.get("required", {})
        if not isinstance(table, Mapping):
            self._wrong("required", 'must be a table by status, such as SALE = ["product", "amount"]')
            return {}
        required = {}
        for code in self._statuses("required", list(table)):
            required[code] = self._texts(f"required.{code}", table[code])
            for field in required[code]:
                if field not in self._fields:
                    self._wrong(f"required.{code}", f"there is no field {field!r}; {near(field, self._fields)}")
        return required
