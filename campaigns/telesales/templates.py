"""Text of a script with variables: `{lead.first_name}`, `{lead.title|Dear}` with what to say instead. Pure.

Values are put in as they are and never looked through again: a name such as "{agent.name}" or "%s" is just a name.
Escaping for a page or a file is the matter of whoever shows the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}|]*)(?:\|(?P<instead>[^{}]*))?\}|[{}]")
_NAME = re.compile(r"[a-z_]+\.\S(?:.*\S)?")


class TemplateError(ValueError):
    """A text with braces that cannot be read; the text says where and how to write it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value; `instead` is said when there is none (None: that it is unknown)."""

    name: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A text that was read: literal parts and variables in turn."""

    parts: tuple[str | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def render(self, value_of: Callable[[str], str | None]) -> str:
        """The text with the values in it. A variable without a value and without an alternative says so itself."""
        return "".join(part if isinstance(part, str) else _said(part, value_of(part.name)) for part in self.parts)


def _said(variable: Variable, value: str | None) -> str:
    if value:
        return value
    return f"[{variable.name} is not known]" if variable.instead is None else variable.instead


def parse(text: str) -> Template:
    """Read a text. `{{` and `}}` are braces themselves. Raises TemplateError."""
    parts: list[str | Variable] = []
    at = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[at : token.start()])
        parts.append(_part(text, token))
        at = token.end()
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def _part(text: str, token: re.Match[str]) -> str | Variable:
    whole = token[0]
    if whole in ("{{", "}}"):
        return whole[0]
    if whole in "{}":
        line = text.count("\n", 0, token.start()) + 1
        raise TemplateError(
            f"line {line}: a single {whole!r}; write {whole * 2!r} for a brace, {{lead.city}} for a value"
        )
    name = token["name"].strip()
    if not _NAME.fullmatch(name):
        raise TemplateError(f"{whole!r} names no variable; write {{lead.first_name}} or {{lead.city|your town}}")
    instead = token["instead"]
    return Variable(name, None if instead is None else instead.strip())
