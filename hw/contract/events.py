"""What a line driver reports, of a call or of a trunk; times are stamped by whoever receives them."""

from dataclasses import dataclass

from hw.contract.causes import Cause


@dataclass(frozen=True, slots=True)
class LineEvent:
    """Something that happened to the call `call_id`."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Dialed(LineEvent):
    """The network has been asked for the call. `ref` is its name out there (SIP: the Call-ID)."""

    ref: str = ""


@dataclass(frozen=True, slots=True)
class Ringing(LineEvent):
    """The far side is alerting. May come again when early media opens or closes."""

    early_media: bool = False


@dataclass(frozen=True, slots=True)
class Answered(LineEvent):
    """The far side picked up; audio flows. May come after our own hang-up (glare); `Ended` still follows."""


@dataclass(frozen=True, slots=True)
class Joined(LineEvent):
    """Audio passes both ways between `call_id` and `peer_id`."""

    peer_id: str


@dataclass(frozen=True, slots=True)
class JoinFailed(LineEvent):
    """The two calls could not be joined; each is otherwise as it was.

    With `no_path` the station is in order: what could carry sound between the two is in use, or the person's side has
    no sound now (on hold). Either may change in a moment.
    """

    peer_id: str
    detail: str
    no_path: bool = False


@dataclass(frozen=True, slots=True)
class MessagePlayed(LineEvent):
    """The WAV file asked for has been played to its end. Not sent when the call ended first."""


@dataclass(frozen=True, slots=True)
class DigitReceived(LineEvent):
    """The far side pressed a key: one of 0-9 * # A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class MuteChanged(LineEvent):
    """The agent muted or opened the microphone at the station."""

    muted: bool


@dataclass(frozen=True, slots=True)
class HangUpAsked(LineEvent):
    """The agent pressed the station's end button in a talk: the customer's call shall end, the station's stays up."""


@dataclass(frozen=True, slots=True)
class BatteryLevel(LineEvent):
    """What is left in the station's battery, 0 to 100 percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class Ended(LineEvent):
    """The call is over: exactly one per call, and the last event of it."""

    cause: Cause
    sip_code: int | None = None
    q850: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TrunkLines:
    """So many lines of a trunk can be used now, busy ones among them; `because` says what is wrong with the others."""

    trunk: str
    lines: int
    because: str = ""
