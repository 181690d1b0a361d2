"""The tables and test vectors of docs/gateway-protocol.md, from the schema and from the code that speaks it."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from firmware_bridge import messages as m
from firmware_bridge.frames import Frame
from firmware_bridge.schema import Enum, Field, Record, Schema

_MARKED = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_HOST_NONCE = 0xDEADBEEF
_SESSION = 0x1234


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


def vectors() -> list[tuple[str, Frame]]:
    """A short session frame by frame, in words and as frames."""
    kind = m.FrameKind
    hello = m.Hello(1, 1, 1500, _HOST_NONCE)
    welcome = m.Welcome(
        version=1,
        host_nonce=_HOST_NONCE,
        boot_nonce=0x0BADCAFE,
        reset_cause=m.ResetCause.POWER_ON,
        build=bytes.fromhex("0011223344556677"),
        lines=4,
        headsets=4,
        ties=0,
        capabilities=m.Capabilities.REVERSAL | m.Capabilities.DTMF | m.Capabilities.PROGRESS,
        keepalive_ms=1500,
        board_us=2_000_000,
        name="board",
    )
    refuse = m.Refuse(m.RefuseReason.VERSION, 2, 3, _HOST_NONCE)
    call = m.Call(2, 0, 7, m.DialMode.DTMF, "12125550101")
    calling = m.LineIs(0, 3, 5_000_000, m.LineState.CALLING, 7, m.ClearCause.NONE)
    join = m.Join(3, m.PortKind.LINE, 0, 7, m.PortKind.HEADSET, 2, 0)

    def data(seq: int, message: m.Message, ack: int, sack: int = 0) -> Frame:
        return Frame(kind.DATA, _SESSION, seq, ack, sack, message.encode())

    return [
        (
            "HELLO: session 0x1234, versions 1 to 1, keepalive 1500 ms",
            Frame(kind.HELLO, _SESSION, payload=hello.encode()),
        ),
        (
            "WELCOME: 4 lines, 4 headsets, REVERSAL DTMF PROGRESS",
            Frame(kind.WELCOME, _SESSION, payload=welcome.encode()),
        ),
        ("REFUSE (instead): speaks versions 2 to 3", Frame(kind.REFUSE, _SESSION, payload=refuse.encode())),
        ("PING, token 1", Frame(kind.PING, _SESSION, payload=m.Ping(1).encode())),
        ("PONG, at 2.001 s", Frame(kind.PONG, _SESSION, payload=m.Pong(1, 2_001_000).encode())),
        ("DATA 0 from the host: SnapshotGet, command 1", data(0, m.SnapshotGet(1), 0)),
        ("DATA 1 from the host: Call, command 2, line 0, call 7, 12125550101", data(1, call, 0)),
        ("ACK from the board: 0 and 1 have come", Frame(kind.ACK, _SESSION, ack=2)),
        ("ACK from the board (instead): 0 is missing, 1 has come", Frame(kind.ACK, _SESSION, ack=0, sack=1)),
        ("DATA 12 from the board: Result OK of command 2", data(12, m.Result(2, m.Status.OK), 2)),
        ("DATA 13 from the board: LineIs CALLING, call 7, change 3, at 5 s", data(13, calling, 2)),
        ("DATA 2 from the host: Join, command 3, line 0 (call 7) with headset 2", data(2, join, 14)),
        ("BYE", Frame(kind.BYE, _SESSION, ack=14)),
    ]
