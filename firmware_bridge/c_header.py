"""firmware/protocol.h from the schema: C99, no heap, no packed structs, every access bounds-checked."""

import re
import textwrap
from collections.abc import Iterator

from firmware_bridge.schema import Enum, Field, Record, Schema

_HEAD = """\
/* The gateway protocol's constants and messages: generated from protocol.toml, see generate.py.
 *
 * gw_put_NAME(to, room, m) writes a message and returns its length; 0 when it does not fit in `room` or the protocol.
 * gw_get_NAME(from, size, m) reads a message that fills exactly `size` bytes; false when there is none.
 * A message's bytes begin with its id (GW_NAME_ID); payloads of frames have none. Text and blob that were read point
 * into `from` and live as long as it does.
 */
#ifndef GW_PROTOCOL_H
#define GW_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

"""
_BYTES = """
static inline void gw_put_u8(uint8_t *to, uint8_t value) { to[0] = value; }

static inline void gw_put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value & 0xFFu);
    to[1] = (uint8_t)(value >> 8);
}

static inline void gw_put_u32(uint8_t *to, uint32_t value)
{
    gw_put_u16(to, (uint16_t)(value & 0xFFFFu));
    gw_put_u16(to + 2, (uint16_t)(value >> 16));
}

static inline void gw_put_u64(uint8_t *to, uint64_t value)
{
    gw_put_u32(to, (uint32_t)(value & 0xFFFFFFFFu));
    gw_put_u32(to + 4, (uint32_t)(value >> 32));
}

static inline void gw_put_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
}

static inline uint8_t gw_get_u8(const uint8_t *from) { return from[0]; }

static inline uint16_t gw_get_u16(const uint8_t *from) { return (uint16_t)(from[0] | (unsigned)from[1] << 8); }

static inline uint32_t gw_get_u32(const uint8_t *from)
{
    return (uint32_t)gw_get_u16(from) | (uint32_t)gw_get_u16(from + 2) << 16;
}

static inline uint64_t gw_get_u64(const uint8_t *from)
{
    return (uint64_t)gw_get_u32(from) | (uint64_t)gw_get_u32(from + 4) << 32;
}

static inline bool gw_is_ascii(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] > 0x7Fu)
            return false;
    return true;
}
"""
_C_TYPES = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t", "bool": "bool"}
_SIZES = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}


def c_header(schema: Schema) -> str:
    """The text of protocol.h."""
    parts = [_HEAD]
    parts += [f"#define GW_{name.upper()} {value}u\n" for name, value in schema.constants.items()]
    parts += [_enum(enum) for enum in schema.enums]
    parts.append(_BYTES)
    parts += [_record(record) for record in (schema.header, *schema.frames, *schema.messages)]
    parts.append("\n#endif\n")
    return "".join(parts)


def snake(name: str) -> str:
    """LineState or HELLO as line_state or hello."""
    return name.lower() if name.isupper() else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, 114)
    return "/* " + "\n * ".join(lines) + " */\n"


def _enum(enum: Enum) -> str:
    name, c_type = f"gw_{snake(enum.name)}", _C_TYPES[_SIZES[enum.size]]
    lines = [f"\ntypedef {c_type} {name};\n"]
    for member in enum.members:
        suffix = "ul" if enum.size == 4 else "u"
        lines.append(f"#define {name.upper()}_{member.name} (({name}){member.value}{suffix}) /* {member.doc} */\n")
    if not enum.flags:
        tests = " ||\n           ".join(f"value == {name.upper()}_{member.name}" for member in enum.members)
        lines.append(f"static inline bool {name}_known({name} value)\n{{\n    return {tests};\n}}\n")
    return "".join(lines)


def _record(record: Record) -> str:
    name = f"gw_{snake(record.name)}"
    lines = ["\n", _comment(record.doc), "typedef struct {\n"]
    lines += [f"    {_declare(field)};\n" for field in record.fields]
    lines.append(f"}} {name};\n")
    if record.id is not None:
        lines.append(f"#define {name.upper()}_ID 0x{record.id:02X}u\n")
    lines.append(f"#define {name.upper()}_SIZE_MAX {record.largest}u\n")
    lines += _put(record, name)
    lines += _get(record, name)
    return "".join(lines)


def _declare(field: Field) -> str:
    if field.is_variable:
        return f"const uint8_t *{field.name}; uint8_t {field.name}_len"
    if field.type == "bytes":
        return f"uint8_t {field.name}[{field.size}]"
    if field.enum is not None:
        return f"gw_{snake(field.enum.name)} {field.name}"
    return f"{_C_TYPES[field.type]} {field.name}"


def _put(record: Record, name: str) -> Iterator[str]:
    last = record.fields[-1]
    size = str(record.largest - (last.size if last.is_variable else 0)) + "u"
    yield f"static inline size_t {name.replace('gw_', 'gw_put_', 1)}(uint8_t *to, size_t room, const {name} *m)\n{{\n"
    if last.is_variable:
        yield f"    size_t size = {size} + (size_t)m->{last.name}_len;\n"
        yield f"    if (m->{last.name}_len > {last.size}u || room < size)\n        return 0;\n"
        size = "size"
    else:
        yield f"    if (room < {size})\n        return 0;\n"
    if record.id is not None:
        yield f"    to[0] = {name.upper()}_ID;\n"
    for at, field in _places(record):
        yield f"    {_put_field(at, field)}\n"
    yield f"    return {size};\n}}\n"


def _put_field(at: int, field: Field) -> str:
    if field.is_variable:
        put = f"gw_put_u8(to + {at}, m->{field.name}_len);"
        return f"{put}\n    gw_put_bytes(to + {at + 1}, m->{field.name}, m->{field.name}_len);"
    if field.type == "bytes":
        return f"gw_put_bytes(to + {at}, m->{field.name}, {field.size});"
    if field.type == "bool":
        return f"gw_put_u8(to + {at}, m->{field.name} ? 1u : 0u);"
    return f"gw_put_{_SIZES[field.size]}(to + {at}, m->{field.name});"


def _get(record: Record, name: str) -> Iterator[str]:
    last = record.fields[-1]
    yield f"static inline bool {name.replace('gw_', 'gw_get_', 1)}(const uint8_t *from, size_t size, {name} *m)\n{{\n"
    tests = []
    if last.is_variable:
        at = record.largest - last.size - 1
        tests.append(f"size < {at + 1}u || from[{at}] > {last.size}u || size != {at + 1}u + (size_t)from[{at}]")
    else:
        tests.append(f"size != {record.largest}u")
    if record.id is not None:
        tests.append(f"from[0] != {name.upper()}_ID")
    yield f"    if ({' || '.join(tests)})\n        return false;\n"
    for at, field in _places(record):
        yield f"    {_get_field(at, field)}\n"
    checks = [check for at, field in _places(record) if (check := _check(at, field))]
    yield f"    return {(' &&' + chr(10) + '           ').join(checks) or 'true'};\n}}\n"


def _get_field(at: int, field: Field) -> str:
    if field.is_variable:
        return f"m->{field.name}_len = from[{at}];\n    m->{field.name} = from + {at + 1};"
    if field.type == "bytes":
        return f"gw_put_bytes(m->{field.name}, from + {at}, {field.size});"
    if field.type == "bool":
        return f"m->{field.name} = from[{at}] == 1u;"
    return f"m->{field.name} = gw_get_{_SIZES[field.size]}(from + {at});"


def _check(at: int, field: Field) -> str:
    if field.type == "bool":
        return f"from[{at}] <= 1u"
    if field.type == "text":
        return f"gw_is_ascii(m->{field.name}, m->{field.name}_len)"
    if field.enum is not None and not field.enum.flags:
        return f"gw_{snake(field.enum.name)}_known(m->{field.name})"
    return ""


def _places(record: Record) -> Iterator[tuple[int, Field]]:
    at = 0 if record.id is None else 1
    for field in record.fields:
        yield at, field
        at += field.size + field.is_variable
