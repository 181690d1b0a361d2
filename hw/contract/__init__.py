"""The one contract of every line driver: commands, events and causes. Pure: no I/O here."""

from hw.contract.causes import Cause, cause_of
from hw.contract.driver import LineDriver, OnEvent
from hw.contract.events import (
    Answered,
    Dialed,
    DigitReceived,
    Ended,
    Joined,
    JoinFailed,
    LineEvent,
    MessagePlayed,
    Ringing,
)

__all__ = [
    "Answered",
    "Cause",
    "Dialed",
    "DigitReceived",
    "Ended",
    "JoinFailed",
    "Joined",
    "LineDriver",
    "LineEvent",
    "MessagePlayed",
    "OnEvent",
    "Ringing",
    "cause_of",
]
