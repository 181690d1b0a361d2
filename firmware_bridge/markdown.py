"""The tables and test vectors of docs/gateway-protocol.md, from the schema and from the code that speaks it."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from firmware_bridge.schema import Enum, Field, Record, Schema
from firmware_bridge.vectors import LOST, Side, bad_vectors, vectors, worked_session

_MARKED = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


class MarkdownError(ValueError):
    """The page asks for something that the schema does not have."""


def markdown(page: str, schema: Schema) -> str:
    """The page with everything between its `generated` and `end` marks made anew. Raises `MarkdownError`."""
    parts = _parts(schema)

    def fill(match: re.Match[str]) -> str:
        if match[2] not in parts:
            raise MarkdownError(f"'generated: {match[2]}': there is no such part; known are {', '.join(sorted(parts))}")
        return f"{match[1]}\n{parts[match[2]]()}\n{match[3]}"

    return _MARKED.sub(fill, page)


def _parts(schema: Schema) -> dict[str, Callable[[], str]]:
    parts: dict[str, Callable[[], str]] = {
        "constants": lambda: _table(("constant", "value"), [(f"`{k}`", str(v)) for k, v in schema.constants.items()]),
        "header": lambda: _fields(schema.header),
        "host messages": lambda: _messages(schema, "host"),
        "board messages": lambda: _messages(schema, "board"),
        "vectors": _vectors,
        "bad vectors": _bad_vectors,
        "worked session": _worked_session,
    }
    parts |= {enum.name: partial(_enum, enum) for enum in schema.enums}
    parts |= {record.name: partial(_fields, record) for record in schema.frames}
    return parts


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _enum(enum: Enum) -> str:
    kind = "bit" if enum.flags else "value"
    rows = [
        (str(member.value.bit_length() - 1 if enum.flags else member.value), member.name, member.doc)
        for member in enum.members
    ]
    return f"`{enum.name}` (u{8 * enum.size})\n\n" + _table((kind, "name", "meaning"), rows)


def _type(field: Field) -> str:
    if field.is_variable:
        return f"{field.type}, max {field.size}"
    return f"bytes{field.size}" if field.type == "bytes" else field.type


def _fields(record: Record) -> str:
    rows = []
    at = 0 if record.id is None else 1
    for field in record.fields:
        size = f"1 + 0 to {field.size}" if field.is_variable else str(field.size)
        rows.append((str(at), size, f"`{field.name}`", _type(field)))
        at += field.size
    return _table(("offset", "bytes", "field", "type"), rows)


def _messages(schema: Schema, side: str) -> str:
    parts = []
    for record in schema.messages:
        if record.sender == side:
            parts.append(f"**0x{record.id:02X} {record.name}**: {record.doc}\n\n{_fields(record)}")
    return "\n".join(parts)


def _vectors() -> str:
    rows = [(what, f"`{frame.encode().hex(' ')}`") for what, frame in vectors()]
    return _table(("frame", "bytes"), rows)


def _bad_vectors() -> str:
    return _table(("bytes", "what is wrong"), [(f"`{data.hex(' ')}`", what) for what, data in bad_vectors()])


def _worked_session() -> str:
    rows = [
        (
            f"{step.at_s:.3f}",
            "host" if step.side is Side.HOST else "board",
            step.what + (f" ({LOST})" if step.lost else ""),
            f"`{step.frame.encode().hex(' ')}`",
        )
        for step in worked_session()
    ]
    return _table(("seconds", "from", "frame", "bytes"), rows)
