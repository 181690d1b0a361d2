"""The order in which a list's leads are called, and how lists share a campaign's lines. Pure."""

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
    """Smooth weighted round robin: whose turn it is, so that shares are exact over time and turns well mixed."""

    def __init__(self) -> None:
        self._credits: dict[int, int] = {}

    def take(self, weights: Mapping[int, int]) -> int:
        """The next in turn among `weights` (positive; at least one). Who was not there before starts without credit."""
        for member, weight in weights.items():
            self._credits[member] = self._credits.get(member, 0) + weight
        chosen = max(weights, key=lambda member: (self._credits[member], -member))
        self._credits[chosen] -= sum(weights.values())
        return chosen

    def give_back(self, member: int, weights: Mapping[int, int]) -> None:
        """Undo a turn of `member` that came to nothing, taken among `weights`."""
        for each, weight in weights.items():
            self._credits[each] = self._credits.get(each, 0) - weight
        self._credits[member] += sum(weights.values())
