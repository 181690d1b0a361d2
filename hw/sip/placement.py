"""On which card a call goes, and what each trunk has when cards hold less than they should. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STARTS_PER_S = 20
START_GAP_S = 1 / STARTS_PER_S


@dataclass(slots=True)
class Load:
    """What a card holds now. pjsua2 aborts at 80 starts/s, so starts are spaced: `next_start_at`, monotonic seconds."""

    card: int
    free: int
    stations: int = 0
    next_start_at: float = 0.0

    def reserve_start(self, now: float) -> float:
        """Take the card's next start; returns the delay in seconds until it."""
        at = max(now, self.next_start_at)
        self.next_start_at = at + START_GAP_S
        return at - now


def card_for_station(loads: Iterable[Load]) -> Load | None:
    """Stations are spread one per card first, so that as many customers as can be find one beside them."""
    return min(
        (load for load in loads if load.free > 0),
        key=lambda load: (load.stations, -load.free, load.next_start_at, load.card),
        default=None,
    )


def card_for_customer(loads: Iterable[Load], now: float) -> Load | None:
    """A card that may start a call at once, best one that holds a station: a join inside a card costs least."""
    return min(
        (load for load in loads if load.free > 0),
        key=lambda load: (
            max(0.0, load.next_start_at - now),
            load.stations == 0,
            -load.free,
            load.card,
        ),
        default=None,
    )


def shared(slots: int, lines: Mapping[str, int]) -> dict[str, int]:
    """Share slots that are too few among trunks, by the lines that each should have; what is over goes to the first."""
    total, given, wanted = sum(lines.values()), 0, 0
    shares = {}
    for trunk, count in lines.items():
        wanted += count
        upto = min(wanted, -(-slots * wanted // total))
        shares[trunk] = upto - given
        given = upto
    return shares
