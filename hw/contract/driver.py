"""What every line driver does."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hw.contract.events import LineEvent

OnEvent = Callable[[LineEvent], None]


class LineDriver(Protocol):
    """Places and joins calls. Commands return at once; what comes of them arrives as events on the event loop.

    Rules that the contract test holds every driver to:
    - each `dial` or `call_station` leads to exactly one `Ended`, and nothing of that call follows it;
    - order per call: `Dialed`, then any `Ringing`, then at most one `Answered`, then `Ended`;
    - a command for a call that is over or unknown does nothing: late commands are normal;
    - a `call_id` in use raises ValueError;
    - no free line: `Ended(Cause.NO_LINE)`, never an exception.
    """

    async def start(self, on_event: OnEvent) -> None:
        """Bring the lines up. Raises `DriverError` with what is wrong and how to mend it."""

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


class DriverError(Exception):
    """A line driver cannot work as configured; the text says what is wrong and how to mend it."""
