"""What the pool and its cards say to each other: one JSON array per packet, name first. Pure."""

import json
from dataclasses import dataclass, fields
from typing import Any

from hw.contract import causes, events

MAX_PACKET_BYTES = 65536
NO_LOGIN = ""
"""Account of calls to trunks that ask for no login."""

STATION = "*station*"
"""Account of calls to agents' stations, which are watched for far ends that vanish."""


@dataclass(frozen=True, slots=True)
class CardSpec:
    """All that a card must know to start. `accounts` holds (trunk, host, username, password) of trunks that log in."""

    index: int
    bind_ip: str
    sip_port: int
    rtp_port: int
    codecs: tuple[str, ...]
    accounts: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Dial:
    """Call `uri` from audio slot `slot`, under the account `account`, shown as `shown_as` (a SIP URI, or empty)."""

    call_id: str
    slot: int
    uri: str
    account: str
    shown_as: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play a WAV file to the call."""

    call_id: str
    wav: str


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send DTMF."""

    call_id: str
    digits: str


@dataclass(frozen=True, slots=True)
class JoinHere:
    """Join two calls of this card; with `tone`, `peer_id` hears it."""

    call_id: str
    peer_id: str
    tone: bool


@dataclass(frozen=True, slots=True)
class JoinRing:
    """Write what `call_id` says into its own ring, and let it hear `ring`, where `peer_id` of another card talks."""

    call_id: str
    peer_id: str
    ring: int
    tone: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Undo the join of `call_id` with `peer_id`, of whatever kind."""

    call_id: str
    peer_id: str


@dataclass(frozen=True, slots=True)
class Quit:
    """Hang up everything and leave."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The card is up: its process, how many calls it holds, and the port to wake it at."""

    pid: int
    capacity: int
    sip_port: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The card could not start; `detail` says why and how to mend it."""

    detail: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The card lives. `lingering` calls are over for us, but still hold a slot until the far end agrees."""

    lingering: int


@dataclass(frozen=True, slots=True)
class Linked:
    """`call_id` now talks and listens to `peer_id` of another card by rings; or not, when `failure` says why."""

    call_id: str
    peer_id: str
    failure: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log."""

    level: int
    text: str


_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(CardSpec, Dial, HangUp, Play, SendDigits, JoinHere, JoinRing, Part, Quit, Hello, Failed, Beat, Linked, Note),
        *(events.Dialed, events.Ringing, events.Answered, events.Joined, events.JoinFailed),
        *(events.MessagePlayed, events.DigitReceived, events.Ended),
    )
}


def encode(message: Any) -> bytes:
    """One packet. Raises ValueError for a value that is not of the vocabulary."""
    name = type(message).__name__
    if name not in _KINDS:
        raise ValueError(f"{name} is not a message of the wire")
    return json.dumps([name, *(getattr(message, field.name) for field in fields(message))]).encode()


def decode(packet: bytes) -> Any:
    """The message of a packet. Raises ValueError when it is not one."""
    parts = json.loads(packet)
    kind = _KINDS.get(parts[0]) if isinstance(parts, list) and parts else None
    if kind is None or len(parts) - 1 != len(fields(kind)):
        raise ValueError(f"not a message of the wire: {packet[:80]!r}")
    if kind is events.Ended:
        parts[2] = causes.Cause(parts[2])
    if kind is CardSpec:
        parts[5] = tuple(parts[5])
        parts[6] = tuple(tuple(account) for account in parts[6])
    return kind(*parts[1:])
