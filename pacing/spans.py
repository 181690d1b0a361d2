"""Starts of spells that last, by id, kept in one array so that kernels can read them without copying."""

from collections.abc import Hashable

import numpy as np

from pacing.kernels import Floats


class Spans:
    """A set of ids, each with the time its spell began; adding and removing cost the same for any size."""

    def __init__(self) -> None:
        self._starts = np.empty(16)
        self._ids: list[Hashable] = []
        self._row: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._row

    def add(self, key: Hashable, at: float) -> None:
        """Begin a spell; one that lasts already keeps its start."""
        if key in self._row:
            return
        if len(self._ids) == self._starts.size:
            self._starts = np.concatenate([self._starts, np.empty_like(self._starts)])
        self._starts[len(self._ids)] = at
        self._row[key] = len(self._ids)
        self._ids.append(key)

    def began_at(self, key: Hashable) -> float | None:
        """When the spell of this id began; None when there is none."""
        row = self._row.get(key)
        return None if row is None else float(self._starts[row])

    def pop(self, key: Hashable) -> float | None:
        """End a spell and return its start, or None when there is none."""
        row = self._row.pop(key, None)
        if row is None:
            return None
        start = float(self._starts[row])
        last = self._ids.pop()
        if row < len(self._ids):
            self._ids[row] = last
            self._row[last] = row
            self._starts[row] = self._starts[len(self._ids)]
        return start

    @property
    def starts(self) -> Floats:
        """The starts in no order; valid until the next change."""
        return self._starts[: len(self._ids)]
