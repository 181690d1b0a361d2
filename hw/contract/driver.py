"""What every line driver does."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from hw.contract.events import LineEvent, TrunkLines

OnEvent = Callable[[LineEvent | TrunkLines], None]


class Lamp(StrEnum):
    """What a station's light tells its agent and the people around."""

    OFF = "off"
    READY = "ready"
    NOT_READY = "not_ready"
    TALKING = "talking"


class LineDriver(Protocol):
    """Places and joins calls. Commands return at once; what comes of them arrives as events on the event loop.

    Rules that the contract test holds every driver to:
    - each `dial` or `call_station` leads to exactly one `Ended`, and nothing of that call follows it;
    - order per call: `Dialed`, then any `Ringing`, then at most one `Answered`, then `Ended`;
    - a command for a call that is over or unknown does nothing: late commands are normal;
    - a `call_id` in use raises ValueError;
    - no free line: `Ended(Cause.NO_LINE)`, never an exception;
    - `TrunkLines` is told when the lines that a trunk can use become fewer or more than configured.
    """

    async def start(self, on_event: OnEvent) -> None:
        """Bring the lines up. Raises `DriverError` with what is wrong and how to mend it.

        Devices that are not there are no error: their trunks have fewer lines (`TrunkLines`) until they come.
        """

    async def close(self) -> None:
        """Hang up what is left and let go of everything."""

    def capacity(self) -> int:
        """How many calls (customers and stations together) can be up at once now."""

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call `number` (E.164 with +) over `trunk`, showing `caller_id` (may be empty)."""

    def call_station(self, call_id: str, address: str) -> None:
        """Call an agent's station."""

    def hang_up(self, call_id: str) -> None:
        """End the call, whatever its state."""

    def play(self, call_id: str, wav: Path) -> None:
        """Play a mono 16-bit WAV file to the call; `MessagePlayed` when done."""

    def send_digits(self, call_id: str, digits: str) -> None:
        """Send DTMF (RFC 4733)."""

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Pass audio both ways between two answered calls; with `tone`, `peer_id` hears a short tone first."""

    def part(self, call_id: str, peer_id: str) -> None:
        """Undo `join`; both calls stay up."""

    def mute(self, call_id: str, muted: bool) -> None:
        """Let nothing of what a station says be heard, or let it be heard again; both ends of the station agree."""

    def show(self, call_id: str, lamp: Lamp) -> None:
        """Light a station's lamp. A station without one does nothing."""


class DriverError(Exception):
    """A line driver cannot work as configured; the text says what is wrong and how to mend it."""
