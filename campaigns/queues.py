"""The waiting leads of one list in the order in which they are offered: merged from index ranges, read as needed."""

import heapq
from bisect import insort
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from campaigns.database import Database
from campaigns.filters import Filter
from campaigns.leads import NEW, RETRY

# Leads read at a time from one index range: a few at first, since most ranges give few before others are in turn.
_FIRST_CHUNK, _LAST_CHUNK = 4, 64

_WAITING = "campaign_id = ? AND list_id = ? AND next_at IS NOT NULL"
_GROUP = "campaign_id = ? AND list_id = ? AND profile_id = ? AND priority = ?"

# Steps from one profile to the next: the cost is that of profiles, not of leads.
_PROFILES = f"""
WITH RECURSIVE found(profile) AS (
    SELECT (SELECT MIN(profile_id) FROM leads WHERE {_WAITING})
    UNION ALL
    SELECT (SELECT MIN(profile_id) FROM leads WHERE {_WAITING} AND profile_id > profile) FROM found
    WHERE profile IS NOT NULL
)
SELECT
    profile,
    (SELECT MIN(next_at) FROM leads WHERE {_WAITING} AND profile_id = profile AND priority = {RETRY}),
    (SELECT MIN(next_at) FROM leads WHERE {_WAITING} AND profile_id = profile AND priority = {NEW})
FROM found WHERE profile IS NOT NULL
"""  # noqa: S608

_CHUNK = (
    f"SELECT next_at, id FROM leads WHERE {_GROUP} AND next_at >= ? AND next_at <= ?:and ORDER BY next_at, id LIMIT ?"  # noqa: S608
)

# Thousands of leads may be due in the same second, so those left of a second are a range of their own.
_NEXT_CHUNK = f"""
SELECT * FROM (
    SELECT next_at, id FROM leads WHERE {_GROUP} AND next_at = ? AND id > ?:and ORDER BY id LIMIT ?
)
UNION ALL
SELECT * FROM (
    SELECT next_at, id FROM leads WHERE {_GROUP} AND next_at > ? AND next_at <= ?:and ORDER BY next_at, id LIMIT ?
)
LIMIT ?
"""  # noqa: S608

_FIRST = f"SELECT next_at FROM leads WHERE {_GROUP} AND next_at > ?:and ORDER BY next_at LIMIT 1"  # noqa: S608

Item = tuple[int, int, int]
"""Class, key and id of a lead: the order of offering."""

_LEAD, _MORE = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Which leads of a list are offered, and in what order.

    Those of profiles in `open_ids` that `condition` lets through. `class_of` sorts groups (priority, profile) before
    anything else; it may have changed when `order` has.
    """

    open_ids: frozenset[int]
    condition: Filter | None
    order: object
    class_of: Callable[[int, int], int]

    def same_as(self, other: "View") -> bool:
        return (self.order, self.condition) == (other.order, other.condition) and (
            self.open_ids is other.open_ids or self.open_ids == other.open_ids
        )


class Queue:
    """A list's waiting leads. Knows where each group (priority and profile) begins, and what it has read of the merge.

    Leads that leave are noticed when they are offered (`drop`); whoever comes in must be told to it (`came`).
    """

    def __init__(self, database: Database, campaign_id: int, list_id: int) -> None:
        self._database = database
        self._of = (campaign_id, list_id)
        self._heads: dict[tuple[int, int], int] = {}
        self._view: View | None = None
        self._read: list[Item] = []
        self._known: set[int] = set()
        self._rest: list[tuple[int, int, int, int, int, int, int]] = []
        self.scanned_at: int | None = None

    def scan(self, now: int) -> None:
        """Find all groups and their first leads anew."""
        self._heads = {}
        for profile_id, retry, new in self._database.rows(_PROFILES, self._of * 4):
            if retry is not None:
                self._heads[(RETRY, profile_id)] = retry
            if new is not None:
                self._heads[(NEW, profile_id)] = new
        self._view = None
        self.scanned_at = now

    def heads(self) -> list[tuple[tuple[int, int], int]]:
        """The groups (priority, profile), each with a key that none of its leads comes before."""
        return list(self._heads.items())

    def first(self, priority: int, profile_id: int, after: int, condition: Filter | None) -> int | None:
        """The first key after `after` in a group among the leads that `condition` lets through."""
        params = () if condition is None else condition.params
        sql = _FIRST.replace(":and", _and(condition))
        key: int | None = self._database.value(sql, (*self._of, profile_id, priority, after, *params))
        return key

    def came(self, priority: int, profile_id: int, key: int, lead_id: int | None) -> None:
        """A lead waits in a group with this key; with `lead_id` None some do, none of them before it."""
        group = (priority, profile_id)
        self._heads[group] = min(key, self._heads.get(group, key))
        view = self._view
        if view is None or profile_id not in view.open_ids:
            return
        if lead_id is None:
            self._view = None
            return
        item = (view.class_of(priority, profile_id), key, lead_id)
        if lead_id in self._known:
            return
        if self._read and item < self._read[-1]:
            insort(self._read, item)
            self._known.add(lead_id)
        else:
            heapq.heappush(self._rest, (*item, _LEAD, 0, 0, 0))

    def arrange(self, view: View, now: int) -> None:
        """Offer by `view` from now on."""
        if self._view is not None and view.same_as(self._view):
            return
        self._view = view
        self._read, self._known = [], set()
        self._rest = [
            (view.class_of(priority, profile_id), key, -1, _MORE, priority, profile_id, _FIRST_CHUNK)
            for (priority, profile_id), key in self._heads.items()
            if profile_id in view.open_ids and key <= now
        ]
        heapq.heapify(self._rest)

    def walk(self, now: int) -> Iterator[int]:
        """The ids of the leads that may be offered, from the first on; some of them may have left."""
        at = 0
        while at < len(self._read) or self._read_on(now):
            yield self._read[at][2]
            at += 1

    def drop(self, gone: Collection[int]) -> None:
        """Forget leads that do not wait any more; only between walks."""
        if not self._known.isdisjoint(gone):
            self._known.difference_update(gone)
            self._read = [item for item in self._read if item[2] in self._known]

    def _read_on(self, now: int) -> bool:
        while self._rest:
            first = heapq.heappop(self._rest)
            if first[3] == _MORE:
                self._read_chunk(first, now)
            elif first[2] not in self._known:
                self._read.append(first[:3])
                self._known.add(first[2])
                return True
        return False

    def _read_chunk(self, marker: tuple[int, int, int, int, int, int, int], now: int) -> None:
        """The next leads of a group after the marker's key and id go to the merge, and a marker behind the last."""
        kind, key, lead_id, _, priority, profile_id, limit = marker
        condition = self._view.condition if self._view is not None else None
        params = () if condition is None else condition.params
        group = (*self._of, profile_id, priority)
        if lead_id == -1:
            sql, of_chunk = _CHUNK, (*group, key, now, *params, limit)
        else:
            rest = (*group, key, now, *params, limit)
            sql, of_chunk = _NEXT_CHUNK, (*group, key, lead_id, *params, limit, *rest, limit)
        found = self._database.rows(sql.replace(":and", _and(condition)), of_chunk)
        if lead_id == -1 and condition is None:
            self._note_head(priority, profile_id, found[0][0] if found else None, now)
        for next_at, each in found:
            heapq.heappush(self._rest, (kind, next_at, each, _LEAD, 0, 0, 0))
        if len(found) == limit:
            last_key, last_id = found[-1]
            more = min(2 * limit, _LAST_CHUNK)
            heapq.heappush(self._rest, (kind, last_key, last_id, _MORE, priority, profile_id, more))

    def _note_head(self, priority: int, profile_id: int, key: int | None, now: int) -> None:
        if key is not None:
            self._heads[(priority, profile_id)] = key
        elif priority == NEW:
            self._heads.pop((priority, profile_id), None)
        else:
            self._heads[(RETRY, profile_id)] = now + 1


def _and(condition: Filter | None) -> str:
    return "" if condition is None else f" AND ({condition.sql})"
