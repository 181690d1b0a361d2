"""The gateway protocol's schema, read from protocol.toml and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA_PATH = Path(__file__).with_name("protocol.toml")
_SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "bool": 1}
_SIDES = ("host", "board")


class SchemaError(ValueError):
    """The schema is wrong; the text names the file, the table and the key."""


@dataclass(frozen=True, slots=True)
class Member:
    """A named value of an enum, or a bit of flags."""

    name: str
    value: int
    doc: str


@dataclass(frozen=True, slots=True)
class Enum:
    """Named values on the wire as an unsigned integer of `size` bytes; with `flags` they are bits that add up."""

    name: str
    size: int
    members: tuple[Member, ...]
    flags: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A field. `size` is its bytes on the wire; of text and blob the most that follow their length byte."""

    name: str
    type: str
    size: int
    enum: Enum | None = None

    @property
    def is_variable(self) -> bool:
        """Whether the field begins with its own length."""
        return self.type in ("text", "blob")


@dataclass(frozen=True, slots=True)
class Record:
    """A message (`id` and `sender` given), a frame's payload, or the header of frames."""

    name: str
    fields: tuple[Field, ...]
    doc: str
    id: int | None = None
    sender: str | None = None

    @property
    def largest(self) -> int:
        """Bytes on the wire at most, a message's id among them."""
        head = 0 if self.id is None else 1
        return head + sum(field.size + field.is_variable for field in self.fields)


@dataclass(frozen=True, slots=True)
class Schema:
    """The whole protocol."""

    constants: Mapping[str, int]
    enums: tuple[Enum, ...]
    header: Record
    frames: tuple[Record, ...]
    messages: tuple[Record, ...]


def load(path: Path = SCHEMA_PATH) -> Schema:
    """The schema in a file. Raises `SchemaError` when it contradicts itself."""
    try:
        tables = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as wrong:
        raise SchemaError(f"{path}: {wrong}") from wrong
    return _Reader(path.name).schema(tables)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._enums: dict[str, Enum] = {}

    def schema(self, tables: Mapping[str, Any]) -> Schema:
        unknown = set(tables) - {"protocol", "enum", "flags", "header", "frame", "message"}
        if unknown:
            raise self._error(min(unknown), "no such table in a schema")
        for kind in ("enum", "flags"):
            for name, table in tables.get(kind, {}).items():
                self._enums[name] = self._enum(name, table, flags=kind == "flags")
        schema = Schema(
            constants=dict(tables["protocol"]),
            enums=tuple(self._enums.values()),
            header=self._record("header", "header", tables["header"], "What every frame begins with."),
            frames=tuple(self._frame(name, table) for name, table in tables["frame"].items()),
            messages=tuple(self._message(name, table) for name, table in tables["message"].items()),
        )
        self._check(schema)
        return schema

    def _enum(self, name: str, table: Mapping[str, Any], *, flags: bool) -> Enum:
        where = f"{'flags' if flags else 'enum'}.{name}"
        type_name = table.get("type", "u8")
        if type_name not in ("u8", "u16", "u32"):
            raise self._error(f"{where}.type", f"{type_name!r} is not one of u8, u16, u32")
        members = tuple(
            Member(key, 1 << member["bit"] if flags else member["value"], member["doc"])
            for key, member in table.items()
            if key != "type"
        )
        values = [member.value for member in members]
        if len(set(values)) != len(values):
            raise self._error(where, "two members have the same value")
        if max(values) >= 1 << 8 * _SIZES[type_name]:
            raise self._error(where, f"a value does not fit in {type_name}")
        return Enum(name, _SIZES[type_name], members, flags)

    def _frame(self, name: str, table: Mapping[str, Any]) -> Record:
        kinds = {member.name: member.doc for member in self._enums["FrameKind"].members}
        if name not in kinds:
            raise self._error(f"frame.{name}", f"not a FrameKind: {', '.join(kinds)}")
        return self._record(f"frame.{name}", name, table, kinds[name])

    def _message(self, name: str, table: Mapping[str, Any]) -> Record:
        where = f"message.{name}"
        fields = {key: value for key, value in table.items() if key not in ("id", "from", "doc")}
        for key in ("id", "from", "doc"):
            if key not in table:
                raise self._error(where, f"{key!r} is missing")
        if table["from"] not in _SIDES:
            raise self._error(f"{where}.from", "must be host or board")
        if not 0 < table["id"] < 256:
            raise self._error(f"{where}.id", "must be 1 to 255")
        record = self._record(where, name, fields, table["doc"], table["id"], table["from"])
        if record.sender == "host" and (not record.fields or record.fields[0].name != "command"):
            raise self._error(where, "what the host sends must begin with the field 'command'")
        return record

    def _record(
        self,
        where: str,
        name: str,
        table: Mapping[str, Any],
        doc: str,
        number: int | None = None,
        sender: str | None = None,
    ) -> Record:
        fields = tuple(self._field(f"{where}.{key}", key, value) for key, value in table.items())
        if any(field.is_variable for field in fields[:-1]):
            raise self._error(where, "text and blob can only be the last field")
        return Record(name, fields, doc, number, sender)

    def _field(self, where: str, name: str, value: object) -> Field:
        table: dict[str, Any] = value if isinstance(value, dict) else {"type": value}
        type_name = str(table.get("type"))
        if type_name in _SIZES:
            return Field(name, type_name, _SIZES[type_name])
        if type_name in self._enums:
            enum = self._enums[type_name]
            return Field(name, type_name, enum.size, enum)
        if type_name in ("text", "blob"):
            if not 0 < table.get("max", 0) < 256:
                raise self._error(where, "text and blob need `max`, 1 to 255")
            return Field(name, type_name, table["max"])
        if type_name.startswith("bytes") and type_name[5:].isdigit():
            return Field(name, "bytes", int(type_name[5:]))
        raise self._error(where, f"unknown type {type_name!r}")

    def _check(self, schema: Schema) -> None:
        numbers = [record.id for record in schema.messages]
        if len(set(numbers)) != len(numbers):
            raise self._error("message", "two messages have the same id")
        most = schema.constants["max_payload"]
        for record in (*schema.frames, *schema.messages):
            if record.largest > most:
                raise self._error(record.name, f"up to {record.largest} bytes long; max_payload is {most}")
        window = schema.constants["window"]
        if window not in (1, 2, 4, 8):
            raise self._error("protocol.window", "must be 1, 2, 4 or 8: one byte acknowledges what follows")

    def _error(self, where: str, what: str) -> SchemaError:
        return SchemaError(f"{self._file}: {where}: {what}")
