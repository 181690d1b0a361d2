"""messages.py from the schema."""

import textwrap
from collections.abc import Iterator

from firmware_bridge.schema import Enum, Field, Record, Schema

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_HEAD = '''"""The gateway protocol's constants and messages: generated from protocol.toml, see generate.py."""

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from firmware_bridge.codec import (
    MessageError,
    get_blob,
    get_bool,
    get_enum,
    get_text,
    pack,
    put_blob,
    put_bytes,
    put_text,
    unpack,
)

'''
_TAIL = '''

def decode(payload: bytes) -> Message:
    """The message in a DATA frame's payload. Raises `MessageError` when there is none."""
    if not payload:
        raise MessageError("a message without its id")
    kind = MESSAGES.get(payload[0])
    if kind is None:
        raise MessageError(f"0x{payload[0]:02x} is no message's id")
    return kind.decode(payload)
'''


def python_side(schema: Schema) -> str:
    """The text of messages.py."""
    parts = [_HEAD, "".join(f"{name.upper()} = {value}\n" for name, value in schema.constants.items())]
    parts += [f"\n\n{_enum(enum)}" for enum in schema.enums]
    parts += [f"\n\n{_record(record)}" for record in (schema.header, *schema.frames, *schema.messages)]
    for side in ("host", "board"):
        names = [record.name for record in schema.messages if record.sender == side]
        parts.append(("\n\n" if side == "host" else "") + _union(f"{side.title()}Message", names))
    parts.append("Message = HostMessage | BoardMessage\n\n")
    parts.append("MESSAGES: Mapping[int, type[Message]] = MappingProxyType(\n    {\n")
    parts += [f"        0x{record.id:02X}: {record.name},\n" for record in schema.messages]
    parts.append("    }\n)\n")
    return "".join(parts) + _TAIL


def class_name(record: Record) -> str:
    """Name of a record's class: messages have theirs, frames are written in capitals."""
    return record.name if record.id is not None else record.name.title()


def _union(name: str, members: list[str]) -> str:
    line = f"{name} = {' | '.join(members)}\n"
    if len(line) <= 121:
        return line
    lines = "\n    | ".join(members)
    return f"{name} = (\n    {lines}\n)\n"


def _doc(text: str) -> str:
    if len(text) <= 104:
        return f'    """{text}"""\n'
    first, *rest = textwrap.wrap(text, 110)
    return f'    """{first}\n' + "".join(f"    {line}\n" for line in rest) + '    """\n'


def _enum(enum: Enum) -> str:
    kind = "IntFlag" if enum.flags else "IntEnum"
    what = "Bits that add up" if enum.flags else "One of these"
    members = "".join(f"    {member.name} = {_value(enum, member.value)}\n" for member in enum.members)
    meanings = "".join(f"    {member.name}: {member.doc}\n" for member in enum.members)
    return f'class {enum.name}(enum.{kind}):\n    """{what}.\n\n{meanings}    """\n\n{members}'


def _value(enum: Enum, value: int) -> str:
    return f"1 << {value.bit_length() - 1}" if enum.flags else str(value)


def _record(record: Record) -> str:
    name = class_name(record)
    fixed = [field for field in record.fields if not field.is_variable]
    variable = record.fields[-1] if record.fields and record.fields[-1].is_variable else None
    codes = ("B" if record.id is not None else "") + "".join(_code(field) for field in fixed)
    layout = f"_{record.name.upper()}"
    lines = [f'{layout} = struct.Struct("<{codes}")\n\n\n@dataclass(frozen=True, slots=True)\nclass {name}:\n']
    lines.append(_doc(record.doc) + "\n")
    if record.id is not None:
        lines.append(f"    ID: ClassVar[int] = 0x{record.id:02X}\n\n")
    lines += [f"    {field.name}: {_type(field)}\n" for field in record.fields]
    lines += _encode(record, name, layout, fixed, variable)
    lines += _decode(record, name, layout, fixed, variable)
    return "".join(lines)


def _encode(record: Record, name: str, layout: str, fixed: list[Field], variable: Field | None) -> Iterator[str]:
    yield "\n    def encode(self) -> bytes:\n"
    yield '        """Its bytes. Raises `MessageError` when a value does not fit."""\n'
    values = ["self.ID"] if record.id is not None else []
    values += [_pack(name, field) for field in fixed]
    tail = ""
    if variable is not None:
        tail = f' + put_{variable.type}("{name}", "{variable.name}", self.{variable.name}, {variable.size})'
    yield _spread(f"return pack({layout}", [f'"{name}"', *values], f"){tail}", first=", ")


def _decode(record: Record, name: str, layout: str, fixed: list[Field], variable: Field | None) -> Iterator[str]:
    yield "\n    @classmethod\n"
    yield f'    def decode(cls, payload: bytes) -> "{name}":\n'
    yield '        """From exactly its bytes. Raises `MessageError`."""\n'
    head = "payload" if variable is None else f"payload[: {layout}.size]"
    yield f'        values = unpack({layout}, "{name}", {head})\n'
    first = 0 if record.id is None else 1
    values = [_unpack(name, field, place) for place, field in enumerate(fixed, first)]
    if variable is not None:
        where = f'"{name}", "{variable.name}"'
        values.append(f"get_{variable.type}({where}, payload, {layout}.size, {variable.size})")
    yield _spread("return cls(", values, ")")


def _spread(head: str, values: list[str], tail: str, *, first: str = "") -> str:
    line = f"        {head}{first}{', '.join(values)}{tail}\n"
    if len(line) <= 121:
        return line
    start, _, rest = head.partition("(")
    every = [*([rest] if rest else []), *values]
    return f"        {start}(\n" + "".join(f"            {value},\n" for value in every) + f"        {tail}\n"


def _code(field: Field) -> str:
    return f"{field.size}s" if field.type == "bytes" else _FORMATS[field.size]


def _type(field: Field) -> str:
    if field.enum is not None:
        return field.enum.name
    return {"bool": "bool", "text": "str", "blob": "bytes", "bytes": "bytes"}.get(field.type, "int")


def _pack(name: str, field: Field) -> str:
    if field.type == "bytes":
        return f'put_bytes("{name}", "{field.name}", self.{field.name}, {field.size})'
    return f"self.{field.name}"


def _unpack(name: str, field: Field, place: int) -> str:
    if field.enum is not None:
        return f'get_enum({field.enum.name}, "{name}", "{field.name}", values[{place}])'
    if field.type == "bool":
        return f'get_bool("{name}", "{field.name}", values[{place}])'
    return f"values[{place}]"
