"""The engine's own timers: a heap of deadlines by key, on the caller's clock."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """Deadlines in seconds on the engine's monotonic clock; one per key, the last one set holds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._armed: dict[K, int] = {}
        self._count = 0

    def set(self, key: K, at: float) -> None:
        """Arm (or re-arm) `key` for the moment `at`."""
        self._count += 1
        self._armed[key] = self._count
        heapq.heappush(self._heap, (at, self._count, key))

    def cancel(self, key: K) -> None:
        """Disarm `key`; nothing happens when it is not armed."""
        self._armed.pop(key, None)

    def armed(self, key: K) -> bool:
        return key in self._armed

    @property
    def deadline(self) -> float | None:
        """The next moment at which a timer is due, or None."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Iterator[K]:
        """Take the keys due at `now` one by one, oldest deadline first; keys set meanwhile count."""
        while True:
            self._drop_stale()
            if not self._heap or self._heap[0][0] > now:
                return
            _, _, key = heapq.heappop(self._heap)
            del self._armed[key]
            yield key

    def _drop_stale(self) -> None:
        while self._heap and self._armed.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
