"""What an audio gateway tells of its headset."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connected:
    """The service level connection stands (HFP 1.8 section 4.2): the headset can be rung."""


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The headset begins anew, so the link that was there is over. `Connected` follows when the new one stands."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """The headset does not go on: `detail` says with what."""

    detail: str


@dataclass(frozen=True, slots=True)
class AnswerPressed:
    """The answer button while it rang; the call is up now."""


@dataclass(frozen=True, slots=True)
class EndPressed:
    """The end button; the call is over. It was up, or only ringing (`rejected`)."""

    rejected: bool


@dataclass(frozen=True, slots=True)
class EndAsked:
    """The end button during a call that is kept: it goes on."""


@dataclass(frozen=True, slots=True)
class RangOut:
    """Nobody pressed the button in time; the call is over."""


@dataclass(frozen=True, slots=True)
class MutePressed:
    """The headset muted its microphone, or opened it again."""

    muted: bool


@dataclass(frozen=True, slots=True)
class BatteryTold:
    """The battery has another level, 0 to 100 percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key during the call: one of 0-9 * # A-D."""

    key: str


Notice = (
    Connected
    | Reconnected
    | Stalled
    | AnswerPressed
    | EndPressed
    | EndAsked
    | RangOut
    | MutePressed
    | BatteryTold
    | KeyPressed
)
