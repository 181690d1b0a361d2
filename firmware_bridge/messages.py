"""The gateway protocol's constants and messages: generated from protocol.toml, see generate.py."""

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

VERSION = 1
OLDEST = 1
MAX_COMMANDS = 8
WINDOW = 8
MAX_PAYLOAD = 240
MAX_LINES = 8
MAX_HEADSETS = 8
MAX_TIES = 4
KEEPALIVE_MS = 1500
KEEPALIVE_MIN_MS = 300
KEEPALIVE_MAX_MS = 10000
PING_EVERY_MS = 400
NO_CALL = 0
EVENT_QUEUE = 64
GUARD_MS = 800


class FrameKind(enum.IntEnum):
    """One of these.

    DATA: A sequenced message.
    ACK: Acknowledgement alone; its sequence number means nothing.
    HELLO: Host opens a session.
    WELCOME: Board agrees.
    REFUSE: Board does not agree.
    PING: Host asks for the board's time, and keeps the session alive.
    PONG: Board's time.
    BYE: Host ends the session: the board makes itself safe at once.
    """

    DATA = 1
    ACK = 2
    HELLO = 3
    WELCOME = 4
    REFUSE = 5
    PING = 6
    PONG = 7
    BYE = 8


class ResetCause(enum.IntEnum):
    """One of these.

    POWER_ON: Power came.
    WATCHDOG: The firmware hung and the watchdog reset it.
    COMMANDED: The host asked for it.
    FAULT: The processor took a fault.
    BROWNOUT: The supply dipped.
    EXTERNAL: The reset pin.
    UNKNOWN: The board cannot tell.
    """

    POWER_ON = 0
    WATCHDOG = 1
    COMMANDED = 2
    FAULT = 3
    BROWNOUT = 4
    EXTERNAL = 5
    UNKNOWN = 255


class RefuseReason(enum.IntEnum):
    """One of these.

    VERSION: No version that both sides speak.
    KEEPALIVE: The keepalive asked for is out of range.
    BUSY: The board cannot serve now (it checks or writes an image).
    """

    VERSION = 1
    KEEPALIVE = 2
    BUSY = 3


class LineState(enum.IntEnum):
    """One of these.

    IDLE: On hook.
    SEIZED: Off hook, before the first digit.
    DIALING: Digits go out.
    CALLING: All digits are out; nobody has answered.
    ANSWERED: The far side picked up.
    CLEARED: The far side or the exchange ended the call; the line is still off hook, until released.
    GUARD: On hook, and not to be seized before the exchange has surely noticed.
    RINGING: A call comes in.
    FAULT: No line voltage: unplugged or dead.
    """

    IDLE = 0
    SEIZED = 1
    DIALING = 2
    CALLING = 3
    ANSWERED = 4
    CLEARED = 5
    GUARD = 6
    RINGING = 7
    FAULT = 8


class ClearCause(enum.IntEnum):
    """One of these.

    NONE: The call is not over.
    RELEASED: The host released it.
    FAR_END: The far side hung up.
    BUSY: Busy tone.
    NO_DIAL_TONE: The exchange gave no dial tone, or no loop current.
    LINE_FAULT: The line's voltage went away.
    HOST_LOST: The host was silent for longer than the keepalive.
    CALLER_LEFT: An incoming call ended before it was answered.
    """

    NONE = 0
    RELEASED = 1
    FAR_END = 2
    BUSY = 3
    NO_DIAL_TONE = 4
    LINE_FAULT = 5
    HOST_LOST = 6
    CALLER_LEFT = 7


class DialMode(enum.IntEnum):
    """One of these.

    DTMF: ITU-T Q.23 tones.
    PULSE: Interruptions of the loop.
    """

    DTMF = 0
    PULSE = 1


class PortKind(enum.IntEnum):
    """One of these.

    LINE: A telephone line.
    HEADSET: A headset.
    TIE: A wire to the host's audio.
    """

    LINE = 0
    HEADSET = 1
    TIE = 2


class Lamp(enum.IntEnum):
    """One of these.

    OFF: Dark.
    ON: Lit: a call is joined.
    SLOW: Slow blinking: not ready.
    FAST: Fast blinking: ringing.
    """

    OFF = 0
    ON = 1
    SLOW = 2
    FAST = 3


class Status(enum.IntEnum):
    """One of these.

    OK: Done, or already so.
    NO_SUCH_PORT: The board has no such line, headset or tie.
    LINE_IN_USE: The line has another call, rings, or is in its guard time.
    LINE_DEAD: The line has no voltage.
    BAD_DIGITS: A character that cannot be dialed, or none.
    NOT_ANSWERED: The line has no answered call.
    PORT_TAKEN: The port is joined with another one.
    BAD_IMAGE: The image's length, offset or digest is wrong.
    CALLS_UP: Not while calls are up.
    UNSUPPORTED: The board does not have that, or does not know the command.
    UNREADABLE: The command's length or a value in it is wrong.
    NO_PATH: The crosspoint has no free way between the two ports now.
    """

    OK = 0
    NO_SUCH_PORT = 1
    LINE_IN_USE = 2
    LINE_DEAD = 3
    BAD_DIGITS = 4
    NOT_ANSWERED = 5
    PORT_TAKEN = 6
    BAD_IMAGE = 7
    CALLS_UP = 8
    UNSUPPORTED = 9
    UNREADABLE = 10
    NO_PATH = 11


class Capabilities(enum.IntFlag):
    """Bits that add up.

    REVERSAL: Lines tell an answer by battery reversal.
    DTMF: Lines dial by tones.
    PULSE: Lines dial by pulses.
    PROGRESS: Lines hear busy tone.
    UPDATE: Firmware can be replaced over the link.
    HEADSET_MUTE: Headsets have a mute button and can be muted by the host.
    HEADSET_LAMP: Headsets have a lamp.
    KEYS_HEARD: Lines hear the keys that the far side presses.
    """

    REVERSAL = 1 << 0
    DTMF = 1 << 1
    PULSE = 1 << 2
    PROGRESS = 1 << 3
    UPDATE = 1 << 4
    HEADSET_MUTE = 1 << 5
    HEADSET_LAMP = 1 << 6
    KEYS_HEARD = 1 << 7


_HEADER = struct.Struct("<BHBBB")


@dataclass(frozen=True, slots=True)
class Header:
    """What every frame begins with."""

    kind: FrameKind
    session: int
    seq: int
    ack: int
    sack: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_HEADER, "Header", self.kind, self.session, self.seq, self.ack, self.sack)

    @classmethod
    def decode(cls, payload: bytes) -> "Header":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_HEADER, "Header", payload)
        return cls(get_enum(FrameKind, "Header", "kind", values[0]), values[1], values[2], values[3], values[4])


_HELLO = struct.Struct("<BBHI")


@dataclass(frozen=True, slots=True)
class Hello:
    """Host opens a session."""

    oldest: int
    newest: int
    keepalive_ms: int
    host_nonce: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_HELLO, "Hello", self.oldest, self.newest, self.keepalive_ms, self.host_nonce)

    @classmethod
    def decode(cls, payload: bytes) -> "Hello":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_HELLO, "Hello", payload)
        return cls(values[0], values[1], values[2], values[3])


_WELCOME = struct.Struct("<BIIB8sBBBIHQ")


@dataclass(frozen=True, slots=True)
class Welcome:
    """Board agrees."""

    version: int
    host_nonce: int
    boot_nonce: int
    reset_cause: ResetCause
    build: bytes
    lines: int
    headsets: int
    ties: int
    capabilities: Capabilities
    keepalive_ms: int
    board_us: int
    name: str

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _WELCOME,
            "Welcome",
            self.version,
            self.host_nonce,
            self.boot_nonce,
            self.reset_cause,
            put_bytes("Welcome", "build", self.build, 8),
            self.lines,
            self.headsets,
            self.ties,
            self.capabilities,
            self.keepalive_ms,
            self.board_us,
        ) + put_text("Welcome", "name", self.name, 32)

    @classmethod
    def decode(cls, payload: bytes) -> "Welcome":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_WELCOME, "Welcome", payload[: _WELCOME.size])
        return cls(
            values[0],
            values[1],
            values[2],
            get_enum(ResetCause, "Welcome", "reset_cause", values[3]),
            values[4],
            values[5],
            values[6],
            values[7],
            get_enum(Capabilities, "Welcome", "capabilities", values[8]),
            values[9],
            values[10],
            get_text("Welcome", "name", payload, _WELCOME.size, 32),
        )


_REFUSE = struct.Struct("<BBBI")


@dataclass(frozen=True, slots=True)
class Refuse:
    """Board does not agree."""

    reason: RefuseReason
    oldest: int
    newest: int
    host_nonce: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_REFUSE, "Refuse", self.reason, self.oldest, self.newest, self.host_nonce)

    @classmethod
    def decode(cls, payload: bytes) -> "Refuse":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_REFUSE, "Refuse", payload)
        return cls(get_enum(RefuseReason, "Refuse", "reason", values[0]), values[1], values[2], values[3])


_PING = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Ping:
    """Host asks for the board's time, and keeps the session alive."""

    token: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_PING, "Ping", self.token)

    @classmethod
    def decode(cls, payload: bytes) -> "Ping":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_PING, "Ping", payload)
        return cls(values[0])


_PONG = struct.Struct("<IQ")


@dataclass(frozen=True, slots=True)
class Pong:
    """Board's time."""

    token: int
    board_us: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_PONG, "Pong", self.token, self.board_us)

    @classmethod
    def decode(cls, payload: bytes) -> "Pong":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_PONG, "Pong", payload)
        return cls(values[0], values[1])


_CALL = struct.Struct("<BHBHB")


@dataclass(frozen=True, slots=True)
class Call:
    """Seize an idle line and dial `digits`: 0-9 * # A-D and `,` (one second of rest). Done already when the line has
    this call: it is not dialed again.
    """

    ID: ClassVar[int] = 0x01

    command: int
    line: int
    call: int
    mode: DialMode
    digits: str

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _CALL,
            "Call",
            self.ID,
            self.command,
            self.line,
            self.call,
            self.mode,
        ) + put_text("Call", "digits", self.digits, 32)

    @classmethod
    def decode(cls, payload: bytes) -> "Call":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_CALL, "Call", payload[: _CALL.size])
        return cls(
            values[1],
            values[2],
            values[3],
            get_enum(DialMode, "Call", "mode", values[4]),
            get_text("Call", "digits", payload, _CALL.size, 32),
        )


_ACCEPT = struct.Struct("<BHBH")


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer a ringing line."""

    ID: ClassVar[int] = 0x02

    command: int
    line: int
    call: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_ACCEPT, "Accept", self.ID, self.command, self.line, self.call)

    @classmethod
    def decode(cls, payload: bytes) -> "Accept":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_ACCEPT, "Accept", payload)
        return cls(values[1], values[2], values[3])


_RELEASE = struct.Struct("<BHBH")


@dataclass(frozen=True, slots=True)
class Release:
    """Hang up a call, and open its crosspoints. Done already when the line does not have this call."""

    ID: ClassVar[int] = 0x03

    command: int
    line: int
    call: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_RELEASE, "Release", self.ID, self.command, self.line, self.call)

    @classmethod
    def decode(cls, payload: bytes) -> "Release":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_RELEASE, "Release", payload)
        return cls(values[1], values[2], values[3])


_DIGITS = struct.Struct("<BHBH")


@dataclass(frozen=True, slots=True)
class Digits:
    """Send tones into an answered call: 0-9 * # A-D and `,` (one second of rest)."""

    ID: ClassVar[int] = 0x04

    command: int
    line: int
    call: int
    digits: str

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _DIGITS,
            "Digits",
            self.ID,
            self.command,
            self.line,
            self.call,
        ) + put_text("Digits", "digits", self.digits, 32)

    @classmethod
    def decode(cls, payload: bytes) -> "Digits":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_DIGITS, "Digits", payload[: _DIGITS.size])
        return cls(values[1], values[2], values[3], get_text("Digits", "digits", payload, _DIGITS.size, 32))


_JOIN = struct.Struct("<BHBBHBBH")


@dataclass(frozen=True, slots=True)
class Join:
    """Close the crosspoint between two ports (both ways). A line must have the call named, or NOT_ANSWERED."""

    ID: ClassVar[int] = 0x05

    command: int
    a_kind: PortKind
    a: int
    a_call: int
    b_kind: PortKind
    b: int
    b_call: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _JOIN,
            "Join",
            self.ID,
            self.command,
            self.a_kind,
            self.a,
            self.a_call,
            self.b_kind,
            self.b,
            self.b_call,
        )

    @classmethod
    def decode(cls, payload: bytes) -> "Join":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_JOIN, "Join", payload)
        return cls(
            values[1],
            get_enum(PortKind, "Join", "a_kind", values[2]),
            values[3],
            values[4],
            get_enum(PortKind, "Join", "b_kind", values[5]),
            values[6],
            values[7],
        )


_PART = struct.Struct("<BHBBBB")


@dataclass(frozen=True, slots=True)
class Part:
    """Open the crosspoint between two ports. Done already when it is open."""

    ID: ClassVar[int] = 0x06

    command: int
    a_kind: PortKind
    a: int
    b_kind: PortKind
    b: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_PART, "Part", self.ID, self.command, self.a_kind, self.a, self.b_kind, self.b)

    @classmethod
    def decode(cls, payload: bytes) -> "Part":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_PART, "Part", payload)
        return cls(
            values[1],
            get_enum(PortKind, "Part", "a_kind", values[2]),
            values[3],
            get_enum(PortKind, "Part", "b_kind", values[4]),
            values[5],
        )


_HEADSETSET = struct.Struct("<BHBBBB")


@dataclass(frozen=True, slots=True)
class HeadsetSet:
    """What a headset's lamp, ringer and microphone shall be."""

    ID: ClassVar[int] = 0x07

    command: int
    headset: int
    lamp: Lamp
    ring: bool
    muted: bool

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_HEADSETSET, "HeadsetSet", self.ID, self.command, self.headset, self.lamp, self.ring, self.muted)

    @classmethod
    def decode(cls, payload: bytes) -> "HeadsetSet":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_HEADSETSET, "HeadsetSet", payload)
        return cls(
            values[1],
            values[2],
            get_enum(Lamp, "HeadsetSet", "lamp", values[3]),
            get_bool("HeadsetSet", "ring", values[4]),
            get_bool("HeadsetSet", "muted", values[5]),
        )


_SNAPSHOTGET = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class SnapshotGet:
    """Tell all state: each LineIs, each HeadsetIs, a PortsJoined for each closed crosspoint, UpdateIs if the board
    has UPDATE, then SnapshotEnd, then Result.
    """

    ID: ClassVar[int] = 0x08

    command: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_SNAPSHOTGET, "SnapshotGet", self.ID, self.command)

    @classmethod
    def decode(cls, payload: bytes) -> "SnapshotGet":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_SNAPSHOTGET, "SnapshotGet", payload)
        return cls(values[1])


_COUNTERSGET = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class CountersGet:
    """Tell Counters, then Result."""

    ID: ClassVar[int] = 0x09

    command: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_COUNTERSGET, "CountersGet", self.ID, self.command)

    @classmethod
    def decode(cls, payload: bytes) -> "CountersGet":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_COUNTERSGET, "CountersGet", payload)
        return cls(values[1])


_REBOOT = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class Reboot:
    """Reset, when the Result has been acknowledged, the session is over or 200 ms have passed."""

    ID: ClassVar[int] = 0x0A

    command: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_REBOOT, "Reboot", self.ID, self.command)

    @classmethod
    def decode(cls, payload: bytes) -> "Reboot":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_REBOOT, "Reboot", payload)
        return cls(values[1])


_UPDATEBEGIN = struct.Struct("<BHI32s")


@dataclass(frozen=True, slots=True)
class UpdateBegin:
    """Start receiving an image, or go on with it when size and digest are those of the one under way. UpdateIs
    follows, then Result.
    """

    ID: ClassVar[int] = 0x10

    command: int
    size: int
    sha256: bytes

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _UPDATEBEGIN,
            "UpdateBegin",
            self.ID,
            self.command,
            self.size,
            put_bytes("UpdateBegin", "sha256", self.sha256, 32),
        )

    @classmethod
    def decode(cls, payload: bytes) -> "UpdateBegin":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_UPDATEBEGIN, "UpdateBegin", payload)
        return cls(values[1], values[2], values[3])


_UPDATECHUNK = struct.Struct("<BHI")


@dataclass(frozen=True, slots=True)
class UpdateChunk:
    """The next piece of the image. One that is there already does nothing."""

    ID: ClassVar[int] = 0x11

    command: int
    offset: int
    data: bytes

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _UPDATECHUNK,
            "UpdateChunk",
            self.ID,
            self.command,
            self.offset,
        ) + put_blob("UpdateChunk", "data", self.data, 192)

    @classmethod
    def decode(cls, payload: bytes) -> "UpdateChunk":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_UPDATECHUNK, "UpdateChunk", payload[: _UPDATECHUNK.size])
        return cls(values[1], values[2], get_blob("UpdateChunk", "data", payload, _UPDATECHUNK.size, 192))


_UPDATEEND = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class UpdateEnd:
    """Check the digest and mark the image to be tried at the next reset. UpdateIs follows, then Result."""

    ID: ClassVar[int] = 0x12

    command: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_UPDATEEND, "UpdateEnd", self.ID, self.command)

    @classmethod
    def decode(cls, payload: bytes) -> "UpdateEnd":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_UPDATEEND, "UpdateEnd", payload)
        return cls(values[1])


_UPDATECONFIRM = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class UpdateConfirm:
    """The running image works: keep it. An image that is not confirmed is left again at the next reset."""

    ID: ClassVar[int] = 0x13

    command: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_UPDATECONFIRM, "UpdateConfirm", self.ID, self.command)

    @classmethod
    def decode(cls, payload: bytes) -> "UpdateConfirm":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_UPDATECONFIRM, "UpdateConfirm", payload)
        return cls(values[1])


_RESULT = struct.Struct("<BHB")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command."""

    ID: ClassVar[int] = 0x80

    command: int
    status: Status

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_RESULT, "Result", self.ID, self.command, self.status)

    @classmethod
    def decode(cls, payload: bytes) -> "Result":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_RESULT, "Result", payload)
        return cls(values[1], get_enum(Status, "Result", "status", values[2]))


_LINEIS = struct.Struct("<BBHQBHB")


@dataclass(frozen=True, slots=True)
class LineIs:
    """A line's state: at each change, and in snapshots. `change` counts the line's changes since boot, modulo 65536.
    In IDLE and GUARD, `call` and `cause` are those of the call that was last.
    """

    ID: ClassVar[int] = 0x81

    line: int
    change: int
    at_us: int
    state: LineState
    call: int
    cause: ClearCause

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_LINEIS, "LineIs", self.ID, self.line, self.change, self.at_us, self.state, self.call, self.cause)

    @classmethod
    def decode(cls, payload: bytes) -> "LineIs":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_LINEIS, "LineIs", payload)
        return cls(
            values[1],
            values[2],
            values[3],
            get_enum(LineState, "LineIs", "state", values[4]),
            values[5],
            get_enum(ClearCause, "LineIs", "cause", values[6]),
        )


_HEADSETIS = struct.Struct("<BBHQBBBBB")


@dataclass(frozen=True, slots=True)
class HeadsetIs:
    """A headset's state: at each change, and in snapshots. `change` counts as in LineIs."""

    ID: ClassVar[int] = 0x82

    headset: int
    change: int
    at_us: int
    present: bool
    off_hook: bool
    muted: bool
    lamp: Lamp
    ring: bool

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _HEADSETIS,
            "HeadsetIs",
            self.ID,
            self.headset,
            self.change,
            self.at_us,
            self.present,
            self.off_hook,
            self.muted,
            self.lamp,
            self.ring,
        )

    @classmethod
    def decode(cls, payload: bytes) -> "HeadsetIs":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_HEADSETIS, "HeadsetIs", payload)
        return cls(
            values[1],
            values[2],
            values[3],
            get_bool("HeadsetIs", "present", values[4]),
            get_bool("HeadsetIs", "off_hook", values[5]),
            get_bool("HeadsetIs", "muted", values[6]),
            get_enum(Lamp, "HeadsetIs", "lamp", values[7]),
            get_bool("HeadsetIs", "ring", values[8]),
        )


_PORTSJOINED = struct.Struct("<BBBBBB")


@dataclass(frozen=True, slots=True)
class PortsJoined:
    """A closed crosspoint, in snapshots; `joined` 0 when the board opened it by itself."""

    ID: ClassVar[int] = 0x83

    a_kind: PortKind
    a: int
    b_kind: PortKind
    b: int
    joined: bool

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_PORTSJOINED, "PortsJoined", self.ID, self.a_kind, self.a, self.b_kind, self.b, self.joined)

    @classmethod
    def decode(cls, payload: bytes) -> "PortsJoined":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_PORTSJOINED, "PortsJoined", payload)
        return cls(
            get_enum(PortKind, "PortsJoined", "a_kind", values[1]),
            values[2],
            get_enum(PortKind, "PortsJoined", "b_kind", values[3]),
            values[4],
            get_bool("PortsJoined", "joined", values[5]),
        )


_SNAPSHOTEND = struct.Struct("<BQ")


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """All state has been told."""

    ID: ClassVar[int] = 0x84

    board_us: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_SNAPSHOTEND, "SnapshotEnd", self.ID, self.board_us)

    @classmethod
    def decode(cls, payload: bytes) -> "SnapshotEnd":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_SNAPSHOTEND, "SnapshotEnd", payload)
        return cls(values[1])


_DIGITHEARD = struct.Struct("<BBHQB")


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """The far side of an answered call pressed a key."""

    ID: ClassVar[int] = 0x85

    line: int
    call: int
    at_us: int
    digit: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_DIGITHEARD, "DigitHeard", self.ID, self.line, self.call, self.at_us, self.digit)

    @classmethod
    def decode(cls, payload: bytes) -> "DigitHeard":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_DIGITHEARD, "DigitHeard", payload)
        return cls(values[1], values[2], values[3], values[4])


_EVENTSLOST = struct.Struct("<BH")


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The board's queue overflowed and changes went untold: ask for a snapshot."""

    ID: ClassVar[int] = 0x86

    count: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_EVENTSLOST, "EventsLost", self.ID, self.count)

    @classmethod
    def decode(cls, payload: bytes) -> "EventsLost":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_EVENTSLOST, "EventsLost", payload)
        return cls(values[1])


_COUNTERS = struct.Struct("<BIIIIIIII")


@dataclass(frozen=True, slots=True)
class Counters:
    """Since boot."""

    ID: ClassVar[int] = 0x87

    frames_good: int
    frames_bad: int
    frames_resent: int
    overruns: int
    commands_done: int
    events_lost: int
    loop_max_us: int
    stack_free: int

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(
            _COUNTERS,
            "Counters",
            self.ID,
            self.frames_good,
            self.frames_bad,
            self.frames_resent,
            self.overruns,
            self.commands_done,
            self.events_lost,
            self.loop_max_us,
            self.stack_free,
        )

    @classmethod
    def decode(cls, payload: bytes) -> "Counters":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_COUNTERS, "Counters", payload)
        return cls(values[1], values[2], values[3], values[4], values[5], values[6], values[7], values[8])


_UPDATEIS = struct.Struct("<BIIB")


@dataclass(frozen=True, slots=True)
class UpdateIs:
    """How far an update is: of `size` bytes (0: none under way) `received` are there. `confirmed`: the image that
    runs is to be kept.
    """

    ID: ClassVar[int] = 0x88

    received: int
    size: int
    confirmed: bool

    def encode(self) -> bytes:
        """Its bytes. Raises `MessageError` when a value does not fit."""
        return pack(_UPDATEIS, "UpdateIs", self.ID, self.received, self.size, self.confirmed)

    @classmethod
    def decode(cls, payload: bytes) -> "UpdateIs":
        """From exactly its bytes. Raises `MessageError`."""
        values = unpack(_UPDATEIS, "UpdateIs", payload)
        return cls(values[1], values[2], get_bool("UpdateIs", "confirmed", values[3]))


HostMessage = (
    Call
    | Accept
    | Release
    | Digits
    | Join
    | Part
    | HeadsetSet
    | SnapshotGet
    | CountersGet
    | Reboot
    | UpdateBegin
    | UpdateChunk
    | UpdateEnd
    | UpdateConfirm
)
BoardMessage = Result | LineIs | HeadsetIs | PortsJoined | SnapshotEnd | DigitHeard | EventsLost | Counters | UpdateIs
Message = HostMessage | BoardMessage

MESSAGES: Mapping[int, type[Message]] = MappingProxyType(
    {
        0x01: Call,
        0x02: Accept,
        0x03: Release,
        0x04: Digits,
        0x05: Join,
        0x06: Part,
        0x07: HeadsetSet,
        0x08: SnapshotGet,
        0x09: CountersGet,
        0x0A: Reboot,
        0x10: UpdateBegin,
        0x11: UpdateChunk,
        0x12: UpdateEnd,
        0x13: UpdateConfirm,
        0x80: Result,
        0x81: LineIs,
        0x82: HeadsetIs,
        0x83: PortsJoined,
        0x84: SnapshotEnd,
        0x85: DigitHeard,
        0x86: EventsLost,
        0x87: Counters,
        0x88: UpdateIs,
    }
)


def decode(payload: bytes) -> Message:
    """The message in a DATA frame's payload. Raises `MessageError` when there is none."""
    if not payload:
        raise MessageError("a message without its id")
    kind = MESSAGES.get(payload[0])
    if kind is None:
        raise MessageError(f"0x{payload[0]:02x} is no message's id")
    return kind.decode(payload)
