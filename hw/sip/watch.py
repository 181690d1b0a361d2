"""Whether a station's phone is still there, told by its audio. Pure: the caller gives time and counts."""

from dataclasses import dataclass

# A phone that sends no packet for so long is asked (a re-INVITE, which every phone must answer), but not again before
# that question has run out (64 * T1 of RFC 3261).
QUIET_S = 8.0
ASK_AGAIN_S = 40.0


@dataclass(slots=True)
class Watch:
    """Watches one leg. A phone that never sent audio is left alone: it may be one that cannot."""

    packets: int = 0
    ask_at: float = float("inf")

    def must_ask(self, packets: int, now: float) -> bool:
        """Whether to ask the phone now, given how many packets have come from it so far; `now` in seconds."""
        if packets != self.packets:
            self.packets = packets
            self.ask_at = now + QUIET_S
            return False
        if now < self.ask_at:
            return False
        self.ask_at = now + ASK_AGAIN_S
        return True
