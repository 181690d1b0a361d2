"""The one contract of every line driver: commands, events and causes. Pure: no I/O here."""

from hw.contract.causes import Cause, cause_of
from hw.contract.driver import Lamp, LineDriver, OnEvent
from hw.contract.events import (
    Answered,
    BatteryLevel,
    Dialed,
    DigitReceived,
    Ended,
    HangUpAsked,
    Joined,
    JoinFailed,
    LineEvent,
    MessagePlayed,
    MuteChanged,
    Ringing,
    TrunkLines,
)

__all__ = [
    "Answered",
    "BatteryLevel",
    "Cause",
    "Dialed",
    "DigitReceived",
    "Ended",
    "HangUpAsked",
    "JoinFailed",
    "Joined",
    "Lamp",
    "LineDriver",
    "LineEvent",
    "MessagePlayed",
    "MuteChanged",
    "OnEvent",
    "Ringing",
    "TrunkLines",
    "cause_of",
]
