"""What the shell is to do, after the records that came with it are on disk."""

from dataclasses import dataclass

from dialer.core.records import Record


@dataclass(frozen=True, slots=True)
class RefillLeads:
    """Answered by `LeadsLoaded`."""

    campaign_id: int
    count: int
    exclude: frozenset[int]


@dataclass(frozen=True, slots=True)
class LoadCallbacks:
    """Callbacks that are due: anyone's, and those of `agents`. Answered by `CallbacksLoaded`."""

    campaign_id: int
    agents: tuple[str, ...]
    exclude: frozenset[int]


@dataclass(frozen=True, slots=True)
class Originate:
    call_id: str
    attempt_id: int
    trunk: str
    phone: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class CallStation:
    call_id: str
    agent: str
    address: str


@dataclass(frozen=True, slots=True)
class HangUp:
    call_id: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Join customer and agent; the agent hears a short tone first."""

    call_id: str
    station_call_id: str


@dataclass(frozen=True, slots=True)
class Unbridge:
    """Undo a `Bridge` that failed or never reported, so that it cannot come to be late."""

    call_id: str
    station_call_id: str


@dataclass(frozen=True, slots=True)
class PlayMessage:
    """Play the campaign's message for abandoned calls."""

    call_id: str
    campaign_id: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to a person's command: `error` is None, or what was wrong and what to do instead."""

    request: int
    text: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Warn:
    """Something a person should look at; logged as a warning."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is well again; logged."""

    text: str


Action = (
    RefillLeads
    | LoadCallbacks
    | Originate
    | CallStation
    | HangUp
    | Bridge
    | Unbridge
    | PlayMessage
    | Reply
    | Warn
    | Note
)


@dataclass(frozen=True, slots=True)
class Ready:
    """What came of the steps since the last call: commit `records`, then perform `actions`, then arm one timer."""

    records: tuple[Record, ...]
    actions: tuple[Action, ...]
    deadline: float | None
