"""Filters of lists: a safe expression over a lead's fields, as a test in Python and as a condition in SQL. Pure.

    state == "FL" and attempts < 3 and custom.product in ("A", "B") and not email.startswith("info@")

Python parses the text into a tree; only the nodes named here are taken, and all values go to SQL as parameters.
"""

import ast
import difflib
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_LENGTH = 1000

TEXT_FIELDS = (
    *("status", "phone", "title", "first_name", "last_name", "email", "address1", "city", "state", "postal_code"),
    *("country", "timezone", "vendor_lead_code", "comments", "owner"),
)
NUMBER_FIELDS = ("attempts", "rank")

_GRAMMAR = (
    "a filter compares fields with texts in quotes or numbers by ==, !=, <, <=, >, >=, in and not in, or asks "
    "field.startswith(text), and joins that with and, or, not and parentheses"
)
_FIELDS = f'there are {", ".join((*TEXT_FIELDS, *NUMBER_FIELDS))}, and custom.NAME or custom["NAME"]'

_COMPARE: Mapping[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("=", operator.eq),
    ast.NotEq: ("<>", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}

_PHONE_SQL = "(SELECT e164 FROM lead_phones WHERE lead_phones.id = leads.next_phone_id)"
_CUSTOM_SQL = "COALESCE(CAST(json_extract(leads.custom, ?) AS TEXT), '')"

# A custom value counts as a number in the same cases in both languages.
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_IS_NUMBER_SQL = (
    "({0} GLOB '*[0-9]*' AND {0} NOT GLOB '*[^0-9.-]*' AND SUBSTR({0}, 2) NOT GLOB '*-*' AND {0} NOT GLOB '*.*.*')"
)


class FilterError(ValueError):
    """A filter cannot be read; the text says what is wrong, shows the column, and says what there is instead."""

    def __init__(self, text: str, column: int, problem: str) -> None:
        super().__init__(f"filter, column {column}: {problem}\n  {text}\n  {' ' * (column - 1)}^")
        self.column = column


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read. `sql` is a condition on the table `leads` with `params`: SQLite's JSON functions in it.

    Two filters are equal when their texts are.
    """

    text: str
    sql: str
    params: tuple[str | int | float, ...]
    test: Callable[[Mapping[str, Any]], bool]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def matches(self, lead: Mapping[str, Any]) -> bool:
        """Whether a lead passes: a mapping of its fields, `custom` being one itself. A missing value is empty text."""
        return self.test(lead)


@lru_cache(maxsize=256)
def parse(text: str) -> Filter:
    """Read a filter. Raises FilterError, which points at the mistake."""
    flat = " ".join(text.split("\n")).replace("\r", " ").strip()
    if len(flat) > MAX_LENGTH:
        raise FilterError(flat[:60] + " ...", 1, f"{len(flat)} characters; {MAX_LENGTH} are the most")
    tree = _tree(flat)
    part = _Reader(flat).condition(tree.body)
    return Filter(text, part.sql, part.params, part.test)


def _tree(text: str) -> ast.Expression:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        column = min(error.offset or len(text) + 1, len(text) + 1)
        raise FilterError(text, column, f"cannot be read here; {_GRAMMAR}") from None
    except (ValueError, RecursionError, MemoryError):
        raise FilterError(text, 1, f"cannot be read; {_GRAMMAR}") from None
    end = tree.body.end_col_offset or 0
    rest = text.encode()[end:].decode()
    if "#" in rest:
        raise FilterError(text, len(text) - len(rest) + rest.index("#") + 1, "a filter has no comments")
    return tree


@dataclass(frozen=True, slots=True)
class _Part:
    sql: str
    params: tuple[str | int | float, ...]
    test: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its name as written, what it is in SQL, and how to take it from a lead. `kind` is the type of values."""

    name: str
    sql: str
    params: tuple[str, ...]
    get: Callable[[Mapping[str, Any]], Any]
    kind: str


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def condition(self, node: ast.expr) -> _Part:
        match node:
            case ast.BoolOp():
                return self._joined([self.condition(each) for each in node.values], isinstance(node.op, ast.And))
            case ast.UnaryOp(op=ast.Not()):
                inner = self.condition(node.operand)
                return _Part(f"NOT ({inner.sql})", inner.params, lambda lead: not inner.test(lead))
            case ast.Compare():
                sides = [node.left, *node.comparators]
                pairs = zip(sides, node.ops, sides[1:], strict=False)
                return self._joined([self._compared(left, op, right) for left, op, right in pairs], all_of=True)
            case ast.Call(func=ast.Attribute(attr="startswith"), args=[argument], keywords=[]):
                return self._starts(node.func.value, argument)  # type: ignore[attr-defined]
            case ast.Name() | ast.Attribute() | ast.Subscript():
                field = self._field(node)
                raise self._error(node, f"a field alone says nothing; compare it, for example {field.name} == ...")
        raise self._error(node, f"this is not understood; {_GRAMMAR}")

    @staticmethod
    def _joined(parts: list[_Part], all_of: bool) -> _Part:
        if len(parts) == 1:
            return parts[0]
        sql = (" AND " if all_of else " OR ").join(f"({part.sql})" for part in parts)
        tests, joined = [part.test for part in parts], all if all_of else any
        params = tuple(param for part in parts for param in part.params)
        return _Part(sql, params, lambda lead: joined(test(lead) for test in tests))

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Part:
        if isinstance(op, ast.In | ast.NotIn):
            part = self._contained(left, right)
            if isinstance(op, ast.In):
                return part
            return _Part(f"NOT ({part.sql})", part.params, lambda lead: not part.test(lead))
        if type(op) not in _COMPARE:
            raise self._error(right, f"'is' compares nothing here; {_GRAMMAR}")
        if _is_literal(left):
            if _is_literal(right):
                raise self._error(left, f"no field is compared here; {_FIELDS}")
            return self._relation(right, _MIRRORED[type(op)], left)
        if not _is_literal(right):
            raise self._error(right, f"compare a field with a text in quotes or with a number; {_GRAMMAR}")
        return self._relation(left, type(op), right)

    def _relation(self, node: ast.expr, op: type[ast.cmpop], literal: ast.expr) -> _Part:
        field, value = self._field(node), self._literal(literal)
        sign, compare = _COMPARE[op]
        self._require_kind(field, value, literal)
        if field.kind == "any" and not isinstance(value, str):
            return _number_relation(field, sign, compare, value)
        get = field.get
        return _Part(f"{field.sql} {sign} ?", (*field.params, value), lambda lead: compare(get(lead), value))

    def _contained(self, left: ast.expr, right: ast.expr) -> _Part:
        """A field in a list of values, or a text in a field."""
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            field = self._field(left)
            equals = [self._relation(left, ast.Eq, each) for each in right.elts]
            if not equals:
                raise self._error(right, f"an empty list: no value of {field.name} is in it")
            return self._joined(equals, all_of=False)
        if not _is_literal(left):
            raise self._error(right, 'in needs values in parentheses: state in ("FL", "GA"), ("FL",) for a single one')
        field, value = self._field(right), self._literal(left)
        if field.kind == "number" or not isinstance(value, str):
            raise self._error(left, "only a text in quotes can be in a text")
        get = field.get
        return _Part(f"INSTR({field.sql}, ?) > 0", (*field.params, value), lambda lead: value in get(lead))

    def _starts(self, node: ast.expr, argument: ast.expr) -> _Part:
        field, value = self._field(node), self._literal(argument) if _is_literal(argument) else None
        if field.kind == "number" or not isinstance(value, str):
            raise self._error(argument, "startswith is for fields of text, and takes one text in quotes")
        get = field.get
        sql = f"SUBSTR({field.sql}, 1, {len(value)}) = ?"
        return _Part(sql, (*field.params, value), lambda lead: get(lead).startswith(value))

    def _field(self, node: ast.expr) -> _Field:
        match node:
            case ast.Name(id=name) if name in NUMBER_FIELDS:
                return _Field(name, f"leads.{name}", (), lambda lead: lead.get(name) or 0, "number")
            case ast.Name(id="phone"):
                return _Field("phone", _PHONE_SQL, (), lambda lead: lead.get("phone") or "", "text")
            case ast.Name(id=name) if name in TEXT_FIELDS:
                return _Field(name, f"leads.{name}", (), lambda lead: lead.get(name) or "", "text")
            case ast.Attribute(value=ast.Name(id="custom"), attr=name):
                return self._custom(node, name)
            case ast.Subscript(value=ast.Name(id="custom"), slice=ast.Constant(value=str(name))):
                return self._custom(node, name)
            case ast.Name(id=name):
                near = difflib.get_close_matches(name, (*TEXT_FIELDS, *NUMBER_FIELDS, "custom"), 1)
                meant = f" (do you mean {near[0]}?)" if near else ""
                raise self._error(node, f"no field {name!r}{meant}; {_FIELDS}")
        raise self._error(node, f"a field is wanted here; {_FIELDS}")

    def _custom(self, node: ast.expr, name: str) -> _Field:
        if not name.isprintable() or '"' in name or "\\" in name:
            raise self._error(node, "a custom field's name has no quotes, backslashes or control characters")
        return _Field(f"custom.{name}", _CUSTOM_SQL, (f'$."{name}"',), lambda lead: _custom_of(lead, name), "any")

    def _literal(self, node: ast.expr) -> str | int | float:
        value: Any = node.operand if isinstance(node, ast.UnaryOp) else node
        value = value.value
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._error(node, f"{value!r} is neither a text in quotes nor a number")
        if isinstance(value, str):
            if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
                raise self._error(node, "a text without control characters is wanted")
            return value
        if not math.isfinite(value) or abs(value) >= 2**53:
            raise self._error(node, "this number is too large")
        return -value if isinstance(node, ast.UnaryOp) else value

    def _require_kind(self, field: _Field, value: object, node: ast.expr) -> None:
        if field.kind == "number" and isinstance(value, str):
            raise self._error(node, f"{field.name} is a number; write it without quotes")
        if field.kind == "text" and not isinstance(value, str):
            raise self._error(node, f'{field.name} is text; write it in quotes: "{value}"')

    def _error(self, node: ast.expr, problem: str) -> FilterError:
        column = 1 + len(self._text.encode()[: node.col_offset].decode(errors="ignore"))
        return FilterError(self._text, column, problem)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float)
    return isinstance(node, ast.Constant)


def _custom_of(lead: Mapping[str, Any], name: str) -> str:
    value = lead.get("custom", {}).get(name)
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _number_relation(field: _Field, sign: str, compare: Callable[[Any, Any], bool], value: int | float) -> _Part:
    """A custom value that is no number is neither equal nor unequal to one, nor less nor greater."""
    sql = f"CASE WHEN {_IS_NUMBER_SQL.format(field.sql)} THEN CAST({field.sql} AS REAL) {sign} ? ELSE 0 END"

    def test(lead: Mapping[str, Any]) -> bool:
        text = field.get(lead)
        return _NUMBER.fullmatch(text) is not None and compare(float(text), value)

    return _Part(sql, (*field.params * (sql.count(field.sql)), value), test)
