"""What the hopper asks before it offers leads: the hours of places, and a verdict on each lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from campaigns import eligibility
from campaigns.model import Allowed, Blocked, CallingWindow, Candidate, Profile


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether leads may be called: by their places, and one by one.

    `opens` and `next_open` look at a profile's hours; the answer of `opens` is kept as long as `span` gives the same
    number, as no hours begin or end then. `judge` answers for each of the candidates in turn. Pass an equal gate as
    long as nothing changes.
    """

    opens: Callable[[Profile, datetime], bool]
    next_open: Callable[[Profile, datetime], datetime | None]
    judge: Callable[[Sequence[Candidate]], Sequence[Allowed | Blocked]]
    span: Callable[[datetime], int]


@lru_cache(maxsize=64)
def window_gate(window: CallingWindow) -> Gate:
    """The gate of a campaign's own calling window alone."""

    @lru_cache(maxsize=4096)
    def opens(zones: tuple[str, ...], at: datetime) -> bool:
        return eligibility.is_open(zones, window, at)

    return Gate(
        lambda profile, at: opens(profile.zones, at),
        lambda profile, at: eligibility.next_open(profile.zones, window, at),
        lambda candidates: [Allowed()] * len(candidates),
        minute_of,
    )


def minute_of(at: datetime) -> int:
    """A number that stays the same for the minute: all hours begin and end at whole ones."""
    return int(at.timestamp()) // 60
