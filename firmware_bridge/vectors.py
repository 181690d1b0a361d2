"""The examples of docs/gateway-protocol.md: single frames, bytes that are no frames, and a whole session."""

import enum
from dataclasses import dataclass

from cobs import cobs
from fastcrc.crc16 import ibm_3740

from firmware_bridge import messages as m
from firmware_bridge.frames import DELIMITER, Frame

LOST = "lost on the wire"
BOOT_NONCE = 0x0BADCAFE
BUILD = bytes.fromhex("0011223344556677")
_HOST_NONCE = 0xDEADBEEF
_SESSION = 0x1234
_CALL = 7


class Side(enum.Enum):
    """Who sends a frame."""

    HOST = "host"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Step:
    """A frame of a session, sent `at_s` seconds after the board's boot; when `lost` it does not arrive."""

    at_s: float
    side: Side
    what: str
    frame: Frame
    lost: bool = False


def _data(seq: int, message: m.Message, ack: int, sack: int = 0) -> Frame:
    return Frame(m.FrameKind.DATA, _SESSION, seq, ack, sack, message.encode())


def vectors() -> list[tuple[str, Frame]]:
    """Single frames, in words and as frames."""
    kind = m.FrameKind
    hello = m.Hello(1, 1, 1500, _HOST_NONCE)
    welcome = m.Welcome(
        version=1,
        host_nonce=_HOST_NONCE,
        boot_nonce=BOOT_NONCE,
        reset_cause=m.ResetCause.POWER_ON,
        build=BUILD,
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

    headset = m.HeadsetIs(1, 2, 6_000_000, True, True, False, m.Lamp.ON, False)
    begin = m.UpdateBegin(4, 70_000, bytes(range(32)))
    chunk = m.UpdateChunk(5, 192, b"\x00\xff\x00")

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
        ("DATA 0 from the host: SnapshotGet, command 1", _data(0, m.SnapshotGet(1), 0)),
        ("DATA 1 from the host: Call, command 2, line 0, call 7, 12125550101", _data(1, call, 0)),
        ("ACK from the board: 0 and 1 have come", Frame(kind.ACK, _SESSION, ack=2)),
        ("ACK from the board (instead): 0 is missing, 1 has come", Frame(kind.ACK, _SESSION, ack=0, sack=1)),
        ("DATA 12 from the board: Result OK of command 2", _data(12, m.Result(2, m.Status.OK), 2)),
        ("DATA 13 from the board: LineIs CALLING, call 7, change 3, at 5 s", _data(13, calling, 2)),
        ("DATA 2 from the host: Join, command 3, line 0 (call 7) with headset 2", _data(2, join, 14)),
        ("BYE", Frame(kind.BYE, _SESSION, ack=14)),
        ("DATA 255 from the board: HeadsetIs 1, off hook, lamp ON, change 2, at 6 s", _data(255, headset, 3)),
        ("DATA 0 from the board, after 255: SnapshotEnd at 7 s", _data(0, m.SnapshotEnd(7_000_000), 3)),
        ("ACK from the host: 254 is missing; 255, 0 and 3 have come", Frame(kind.ACK, _SESSION, ack=254, sack=0b10011)),
        ("DATA 3 from the host: UpdateBegin, command 4, 70000 bytes", _data(3, begin, 14)),
        ("DATA 4 from the host: UpdateChunk, command 5, offset 192, bytes 00 FF 00", _data(4, chunk, 14)),
    ]


def bad_vectors() -> list[tuple[str, bytes]]:
    """Bytes that a board must drop and count, each with what is wrong."""
    ping = Frame(m.FrameKind.PING, _SESSION, payload=m.Ping(1).encode()).encode()
    return [
        ("PING, a bit of its CRC wrong", ping[:-2] + bytes((ping[-2] ^ 1,)) + ping[-1:]),
        ("PING, its last byte missing", ping[:-2] + ping[-1:]),
        ("a code byte that points past the end", bytes.fromhex("00 09 01 02 03 00")),
        ("fewer than 8 bytes", bytes.fromhex("00 05 01 02 03 04 00")),
        ("kind 9", _with_kind(9)),
        ("DATA without a message", Frame(m.FrameKind.DATA, _SESSION).encode()),
        ("ACK with a payload", Frame(m.FrameKind.ACK, _SESSION, payload=b"x").encode()),
        ("PING with 3 bytes", Frame(m.FrameKind.PING, _SESSION, payload=bytes(3)).encode()),
        ("PONG, which only hosts get", Frame(m.FrameKind.PONG, _SESSION, payload=m.Pong(1, 1).encode()).encode()),
        ("DATA 8 where 0 is expected", _data(8, m.CountersGet(1), 0).encode()),
    ]


def _with_kind(kind: int) -> bytes:
    body = bytes((kind,)) + _SESSION.to_bytes(2, "little") + bytes(3)
    stuffed: bytes = cobs.encode(body + ibm_3740(body).to_bytes(2, "little"))
    return DELIMITER + stuffed + DELIMITER


def worked_session() -> list[Step]:
    """One call over a board with one line and one headset, from HELLO to BYE."""
    return [*_opening(), *_calling(), *_talking()]


def _host(at_s: float, what: str, frame: Frame) -> Step:
    return Step(at_s, Side.HOST, what, frame)


def _board(at_s: float, what: str, frame: Frame, *, lost: bool = False) -> Step:
    return Step(at_s, Side.BOARD, what, frame, lost)


def _ack(ack: int, sack: int = 0) -> Frame:
    return Frame(m.FrameKind.ACK, _SESSION, 0, ack, sack)


def _line(at_s: float, change: int, state: m.LineState, cause: m.ClearCause = m.ClearCause.NONE) -> m.LineIs:
    return m.LineIs(0, change, round(at_s * 1e6), state, _CALL if change else 0, cause)


def _opening() -> list[Step]:
    kind = m.FrameKind
    hello = m.Hello(1, 1, 1500, _HOST_NONCE)
    welcome = m.Welcome(
        version=1,
        host_nonce=_HOST_NONCE,
        boot_nonce=BOOT_NONCE,
        reset_cause=m.ResetCause.POWER_ON,
        build=BUILD,
        lines=1,
        headsets=1,
        ties=0,
        capabilities=m.Capabilities.REVERSAL | m.Capabilities.DTMF,
        keepalive_ms=1500,
        board_us=2_000_000,
        name="model",
    )
    headset = m.HeadsetIs(0, 0, 0, True, False, False, m.Lamp.OFF, False)
    return [
        _host(2.0, "HELLO", Frame(kind.HELLO, _SESSION, payload=hello.encode())),
        _board(2.0, "WELCOME", Frame(kind.WELCOME, _SESSION, payload=welcome.encode())),
        _host(2.01, "PING 1", Frame(kind.PING, _SESSION, payload=m.Ping(1).encode())),
        _host(2.01, "DATA 0: SnapshotGet, command 1", _data(0, m.SnapshotGet(1), 0)),
        _board(2.01, "PONG 1", Frame(kind.PONG, _SESSION, payload=m.Pong(1, 2_010_000).encode())),
        _board(2.01, "DATA 0: LineIs 0 IDLE", _data(0, _line(0, 0, m.LineState.IDLE), 1)),
        _board(2.01, "DATA 1: HeadsetIs 0, present, on hook", _data(1, headset, 1)),
        _board(2.01, "DATA 2: SnapshotEnd", _data(2, m.SnapshotEnd(2_010_000), 1)),
        _board(2.01, "DATA 3: Result 1 OK", _data(3, m.Result(1, m.Status.OK), 1)),
        _host(2.015, "ACK", _ack(4)),
    ]


def _calling() -> list[Step]:
    kind, state = m.FrameKind, m.LineState
    call = m.Call(2, 0, _CALL, m.DialMode.DTMF, "12")
    return [
        _host(2.02, "DATA 1: Call, command 2, line 0, call 7, digits 12", _data(1, call, 4)),
        _board(2.02, "DATA 4: LineIs 0 SEIZED", _data(4, _line(2.02, 1, state.SEIZED), 2)),
        _board(2.02, "DATA 5: Result 2 OK", _data(5, m.Result(2, m.Status.OK), 2)),
        _host(2.025, "ACK", _ack(6)),
        _host(2.41, "PING 2 (later ones are left out)", Frame(kind.PING, _SESSION, 0, 6, 0, m.Ping(2).encode())),
        _board(2.41, "PONG 2", Frame(kind.PONG, _SESSION, 0, 2, 0, m.Pong(2, 2_410_000).encode())),
        _board(2.52, "DATA 6: LineIs 0 DIALING", _data(6, _line(2.52, 2, state.DIALING), 2)),
        _host(2.525, "ACK", _ack(7)),
        _board(2.8, "DATA 7: LineIs 0 CALLING", _data(7, _line(2.8, 3, state.CALLING), 2)),
        _host(2.805, "ACK", _ack(8)),
        _board(3.0, "DATA 8: LineIs 0 ANSWERED: the battery was reversed", _data(8, _line(3.0, 4, state.ANSWERED), 2)),
    ]


def _talking() -> list[Step]:
    join = m.Join(3, m.PortKind.LINE, 0, _CALL, m.PortKind.HEADSET, 0, 0)
    opened = m.PortsJoined(m.PortKind.LINE, 0, m.PortKind.HEADSET, 0, False)
    guard = _line(3.5, 5, m.LineState.GUARD, m.ClearCause.RELEASED)
    idle = _line(4.3, 6, m.LineState.IDLE, m.ClearCause.RELEASED)
    parted = "DATA 10: PortsJoined 0: line 0, headset 0"
    return [
        _host(3.005, "DATA 2: Join, command 3, line 0 (call 7), headset 0", _data(2, join, 9)),
        _board(3.005, "DATA 9: Result 3 OK", _data(9, m.Result(3, m.Status.OK), 3)),
        _host(3.01, "ACK", _ack(10)),
        _host(3.5, "DATA 3: Release, command 4, line 0, call 7", _data(3, m.Release(4, 0, _CALL), 10)),
        _board(3.5, parted, _data(10, opened, 4), lost=True),
        _board(3.5, "DATA 11: LineIs 0 GUARD RELEASED", _data(11, guard, 4)),
        _board(3.5, "DATA 12: Result 4 OK", _data(12, m.Result(4, m.Status.OK), 4)),
        _host(3.505, "ACK: 10 is missing; 11 and 12 have come", _ack(10, 0b11)),
        _board(3.55, f"{parted}, again", _data(10, opened, 4)),
        _host(3.555, "ACK", _ack(13)),
        _board(4.3, "DATA 13: LineIs 0 IDLE, the last call was 7", _data(13, idle, 4)),
        _host(4.305, "ACK", _ack(14)),
        _host(4.4, "BYE", Frame(m.FrameKind.BYE, _SESSION, 0, 14)),
    ]
