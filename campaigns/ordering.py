"""The order in which a list's leads are called, and how lists share a campaign's lines. Pure."""

import heapq
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b


class Ordering(StrEnum):
    """How the leads of a list follow one another. In all of them a lead of higher rank comes before one of lower.

    `retries_first`: retries as they become due, then new leads in the order of their file. `fresh_first`: new leads,
    then retries. `oldest_attempt`: new leads, then due retries, the one that was tried longest ago first. `random`: as
    `retries_first`, but new leads in an order of chance that stays the same. `best_hour`: first the places where people
    are reached well at this hour, compared with what the rest of their day offers; in each as `retries_first`.
    """

    RETRIES_FIRST = "retries_first"
    FRESH_FIRST = "fresh_first"
    OLDEST_ATTEMPT = "oldest_attempt"
    RANDOM = "random"
    BEST_HOUR = "best_hour"


# Every key lies below any instant of this century, so one column tells new leads in their order from leads with a time.
KEY_SPAN = 1_000_000_000

# Ranks beyond this count as this.
MAX_RANK = 99

# Places of one rank. Leads that come after more than that share the last window in an order of chance.
_PLACES = KEY_SPAN // (2 * MAX_RANK + 1)

# The first few leads of a file keep their order, so that a short list is dialed as it was written.
_HEAD = 10

# Consecutive Fibonacci numbers: multiples of the smaller modulo the larger lie as far apart as can be, so leads dialed
# one after the other stand at least 377 lines apart in their file. The bundles break up files that have a period.
_WINDOW, _STRIDE, _BUNDLE = 6765, 4181, 5
_LAST_WINDOW = (_PLACES - _HEAD) // _WINDOW - 1


def order_key(position: int, rank: int, e164: str, ordering: Ordering | str) -> int:
    """A new lead's place among those of its list, in [0, 1_000_000_000): the smaller, the earlier it is offered.

    `position` counts the leads of the list from 0 on in the order of import. Within windows of 6,765 leads the order is
    interleaved, so that a file sorted by number does not dial one exchange at once; ranks are kept apart.
    """
    place = _chance(e164) % _PLACES if ordering == Ordering.RANDOM else _interleaved(position, e164)
    return at_rank(place, rank)


def at_rank(key: int, rank: int) -> int:
    """The key of the same place among leads of another rank."""
    return (MAX_RANK - max(-MAX_RANK, min(MAX_RANK, rank))) * _PLACES + key % _PLACES


def _interleaved(position: int, e164: str) -> int:
    if position < _HEAD:
        return position
    window, offset = divmod(position - _HEAD, _WINDOW)
    chance = _chance(e164)
    if window > _LAST_WINDOW:
        window, offset = _LAST_WINDOW, chance
    slot = offset * _STRIDE % _WINDOW
    return _HEAD + window * _WINDOW + slot - slot % _BUNDLE + chance % _BUNDLE


def _chance(e164: str) -> int:
    """The same for a number at all times and in all programs."""
    return int.from_bytes(blake2b(e164.encode(), digest_size=8).digest(), "big")


class Turns:
    """Whose turn it is: shares by weight that are exact over time, and well mixed.

    Each turn goes to the member for whom (turns had + 1/2) / weight is least (the method of Webster and Sainte-Laguë),
    so after every round of as many turns as the weights add up to, each has had its share to the turn. Usage: `begin`,
    then `take` again and again; `leave` when a member has nothing to offer, until it is named in a `begin` again.
    """

    def __init__(self) -> None:
        self._had: dict[int, float] = {}
        self._present: set[int] = set()
        self._weights: Mapping[int, int] = {}
        self._heap: list[tuple[float, int]] = []

    def begin(self, weights: Mapping[int, int]) -> None:
        """Take turns among `weights` (positive). Who was not there at the end has no claim on the turns it missed."""
        stayed = [self._worth(member, weight) for member, weight in weights.items() if member in self._present]
        level = min(stayed, default=0.0)
        for member, weight in weights.items():
            if member not in self._present:
                self._had[member] = max(self._had.get(member, 0.0), level * weight - 0.5)
        self._weights, self._present = weights, set(weights)
        self._heap = [(self._worth(member, weight), member) for member, weight in weights.items()]
        heapq.heapify(self._heap)

    def take(self) -> int | None:
        """The member whose turn it is; None when all have left."""
        if not self._heap:
            return None
        member = self._heap[0][1]
        self._had[member] += 1
        if len(self._heap) > 1:
            heapq.heapreplace(self._heap, (self._worth(member, self._weights[member]), member))
        return member

    def give_back(self, member: int) -> None:
        """Undo a turn that came to nothing."""
        self._had[member] -= 1
        if member in self._present:
            self._heap = [each for each in self._heap if each[1] != member]
            heapq.heappush(self._heap, (self._worth(member, self._weights[member]), member))

    def leave(self, member: int) -> None:
        """The member had nothing to offer in the turn it took last."""
        self._had[member] -= 1
        self._present.discard(member)
        self._heap = [each for each in self._heap if each[1] != member]
        heapq.heapify(self._heap)

    def _worth(self, member: int, weight: int) -> float:
        return (self._had[member] + 0.5) / weight
