"""The waiting leads of one list in the order in which they are offered: merged from index ranges, read as needed."""

import heapq
from bisect import insort
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from campaigns.database import Database, Row
from campaigns.filters import Filter
from campaigns.leads import NEW, RETRY

# Leads read at a time from one index range: fewer at first, since most ranges give few before others are in turn.
_FIRST_CHUNK, _LAST_CHUNK = 8, 64

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

# The number of the group among those asked for goes with each lead.
_CHUNK = f"""
SELECT * FROM (
    SELECT ? AS place, next_at, id FROM leads WHERE {_GROUP} AND next_at >= ? AND next_at <= ?:and
    ORDER BY next_at, id LIMIT ?
)
"""  # noqa: S608

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

# The id in the merge's entry of a group of which nothing has been read; the cursor of a lead that came alone.
_UNREAD, _ALONE = -1, -1

# Groups whose reading begins at once.
_AT_ONCE = 16


@dataclass(slots=True)
class _Cursor:
    """How far a group is read: the chunk at hand, the place of the next lead in it, and whether there may be more."""

    priority: int
    profile_id: int
    chunk: Sequence[Row] = ()
    next: int = 0
    limit: int = _FIRST_CHUNK
    more: bool = True

    def take(self, chunk: Sequence[Row]) -> None:
        self.chunk, self.next = chunk, 0
        self.more = len(chunk) == self.limit
        self.limit = min(2 * self.limit, _LAST_CHUNK)


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
        self._known: dict[int, Item] = {}
        self._rest: list[tuple[int, int, int, int]] = []
        self._cursors: list[_Cursor] = []
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
        if self._known.pop(lead_id, None) == item:
            self._known[lead_id] = item
        elif self._read and item < self._read[-1]:
            insort(self._read, item)
            self._known[lead_id] = item
        else:
            heapq.heappush(self._rest, (*item, _ALONE))

    def arrange(self, view: View, now: int) -> None:
        """Offer by `view` from now on."""
        if self._view is not None and view.same_as(self._view):
            return
        self._view = view
        self._read, self._known = [], {}
        groups = [group for group, key in self._heads.items() if group[1] in view.open_ids and key <= now]
        self._cursors = [_Cursor(*group) for group in groups]
        self._rest = [(view.class_of(*group), self._heads[group], _UNREAD, at) for at, group in enumerate(groups)]
        heapq.heapify(self._rest)

    def walk(self, now: int) -> Iterator[int]:
        """The ids of the leads that may be offered, from the first on; some of them may have left."""
        at = 0
        while at < len(self._read) or self._read_on(now):
            item = self._read[at]
            if self._known.get(item[2]) == item:
                yield item[2]
            at += 1

    def drop(self, gone: Collection[int]) -> None:
        """Forget leads that do not wait any more; only between walks."""
        left = [lead_id for lead_id in gone if self._known.pop(lead_id, None) is not None]
        if left:
            self._read = [item for item in self._read if self._known.get(item[2]) == item]

    def _read_on(self, now: int) -> bool:
        """Take the next lead of the merge into what is read; False when there is none."""
        while self._rest:
            first = self._rest[0]
            if first[2] == _UNREAD:
                self._begin_groups(now)
                continue
            spent = not self._advance(first, now)
            if first[2] not in self._known and not spent:
                item = self._known[first[2]] = first[:3]
                self._read.append(item)
                return True
        return False

    def _advance(self, first: tuple[int, int, int, int], now: int) -> bool:
        """Let the lead after `first`, the merge's entry of its group, take its place; False when `first` was offered.

        The lead at the end of a chunk stays, offered, until another is wanted: only then is the group read on.
        """
        if first[3] == _ALONE:
            heapq.heappop(self._rest)
            return True
        cursor = self._cursors[first[3]]
        fresh = cursor.next <= len(cursor.chunk)
        if not fresh:
            self._continue_group(first, cursor, now)
        elif cursor.next == len(cursor.chunk) and cursor.more:
            cursor.next += 1
        else:
            self._place(first[0], cursor, first[3])
        return fresh

    def _place(self, kind: int, cursor: _Cursor, number: int) -> None:
        """Put the next lead of the cursor's chunk in the place of the merge's first entry."""
        if cursor.next < len(cursor.chunk):
            heapq.heapreplace(self._rest, (kind, *cursor.chunk[cursor.next], number))
            cursor.next += 1
        else:
            heapq.heappop(self._rest)

    def _begin_groups(self, now: int) -> None:
        """Read the first leads of the group that is next in turn, and of those near it of which nothing was read."""
        near = [heapq.heappop(self._rest) for _ in range(min(len(self._rest), _AT_ONCE))]
        unread = [entry for entry in near if entry[2] == _UNREAD]
        condition, params = self._condition()
        asked: list[object] = []
        for place, (_, key, _, number) in enumerate(unread):
            cursor = self._cursors[number]
            asked += (place, *self._of, cursor.profile_id, cursor.priority, key, now, *params, cursor.limit)
        chunks: list[list[Row]] = [[] for _ in unread]
        sql = " UNION ALL ".join([_CHUNK.replace(":and", condition)] * len(unread))
        for place, key, lead_id in self._database.rows(sql, asked):
            chunks[place].append((key, lead_id))
        for (kind, _, _, number), chunk in zip(unread, chunks, strict=True):
            cursor = self._cursors[number]
            cursor.take(chunk)
            if not condition:
                self._note_head(cursor, chunk[0][0] if chunk else None, now)
            if chunk:
                cursor.next = 1
                heapq.heappush(self._rest, (kind, *chunk[0], number))
        for entry in near:
            if entry[2] != _UNREAD:
                heapq.heappush(self._rest, entry)

    def _continue_group(self, last: tuple[int, int, int, int], cursor: _Cursor, now: int) -> None:
        """Read the leads of a group after the last that was read."""
        kind, key, lead_id, number = last
        condition, params = self._condition()
        group = (*self._of, cursor.profile_id, cursor.priority)
        rest = (*group, key, now, *params, cursor.limit)
        sql = _NEXT_CHUNK.replace(":and", condition)
        cursor.take(self._database.rows(sql, (*group, key, lead_id, *params, cursor.limit, *rest, cursor.limit)))
        self._place(kind, cursor, number)

    def _condition(self) -> tuple[str, tuple[object, ...]]:
        condition = None if self._view is None else self._view.condition
        return _and(condition), () if condition is None else condition.params

    def _note_head(self, cursor: _Cursor, key: int | None, now: int) -> None:
        group = (cursor.priority, cursor.profile_id)
        if key is not None:
            self._heads[group] = key
        elif cursor.priority == NEW:
            self._heads.pop(group, None)
        else:
            self._heads[group] = now + 1


def _and(condition: Filter | None) -> str:
    return "" if condition is None else f" AND ({condition.sql})"
