"""Following the whole audit log: nothing edited, removed, put in, re-ordered or cut off."""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import peewee

from campaigns.audit.chain import GENESIS, Head, Walk, covers, through_of
from campaigns.audit.kinds import PROOFS, AuditKind
from campaigns.audit.log import ALL_TEXT, HEAD, RAW_COLUMNS, TYPES_OF_TEXTS, head_in
from campaigns.database import Database

Watch = Callable[[int], object]

_PROOFS = frozenset(kind.encode() for kind in PROOFS)
_PROOFS_KEPT = 64
_WATCH_EVERY = 20_000


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of following the chain; `reason` is a sentence in any case.

    `rows` were right before it ended, `erased` of them with a blanked body, and `head` is the last of them. `first_bad`
    is the first row that is wrong or missing; None when none is. `purged` rows before the first one are gone, and a
    checkpoint says so. `compared` anchors were met, `passed_over` ones are of purged rows.
    """

    ok: bool
    rows: int
    first_bad: int | None
    reason: str
    head: Head
    erased: int = 0
    purged: int = 0
    compared: int = 0
    passed_over: int = 0


def verify(database: Database, anchors: Iterable[Head] = (), *, watch: Watch | None = None) -> Verification:
    """Follow the chain as it stands now, in constant memory, and meet all `anchors` (by ascending id) on the way.

    Writers are not held up. `watch` is called with the number of rows followed so far, now and then.
    """
    following = _Following(database, iter(anchors), watch)
    try:
        return following.run()
    except (sqlite3.DatabaseError, peewee.DatabaseError) as error:
        return following.verdict(f"the store's file is damaged: {error}", following.walk.last_id + 1)


class _Following:
    """One verification: a walk over the table, the anchors met on it, and the head at its end."""

    def __init__(self, database: Database, anchors: Iterator[Head], watch: Watch | None) -> None:
        self._database = database
        self._anchors = anchors
        self._watch = watch
        self._proofs: OrderedDict[int, bytes] = OrderedDict()
        self._wanted = next(anchors, None)
        self._purged = self._compared = self._passed_over = 0
        self.walk = Walk(Head(0, GENESIS), self._covers, _PROOFS)

    def run(self) -> Verification:
        # An open statement pins one state of the database for all that is read while it is open.
        rows = self._database.lazy(
            f"SELECT {RAW_COLUMNS}, {TYPES_OF_TEXTS} FROM audit ORDER BY id"  # noqa: S608 - constant
        )
        head = self._database.value("SELECT value FROM meta WHERE name = ?", (HEAD,))
        self._meet(0, GENESIS.encode())
        for count, row in enumerate(rows, start=1):
            complaint = self._step(row[:-1], row[-1])
            if complaint is not None:
                return self.verdict(complaint, row[0])
            if self._watch is not None and count % _WATCH_EVERY == 0:
                self._watch(count)
        return self._at_the_end(head)

    def verdict(self, reason: str, first_bad: int | None, *, ok: bool = False) -> Verification:
        walk = self.walk
        return Verification(
            ok, walk.rows, first_bad, reason, walk.head, walk.erased, self._purged, self._compared, self._passed_over
        )

    def _step(self, row: Any, types: str) -> str | None:
        if types != ALL_TEXT:
            return "one of its columns holds no text any more"
        if not self.walk.rows and row[0] > 1:
            complaint = self._start_after(row[0] - 1)
            if complaint is not None:
                return complaint
        return self.walk.step(row) or self._meet(row[0], row[9])

    def _start_after(self, last_gone: int) -> str | None:
        """A chain that begins later needs a checkpoint further on that says what went before."""
        for (body,) in self._database.rows(
            "SELECT CAST(body AS BLOB) FROM audit WHERE kind = ? ORDER BY id DESC", (AuditKind.CHECKPOINT,)
        ):
            through = through_of(body)
            if through is not None and through.id == last_gone:
                self.walk = Walk(through, self._covers, _PROOFS)
                self._purged = last_gone
                return self._meet(through.id, through.hash.encode())
        return f"rows 1 to {last_gone} are missing before it, and no checkpoint in the log says that they were purged"

    def _meet(self, row_id: int, hashed: bytes) -> str | None:
        while self._wanted is not None and self._wanted.id <= row_id:
            if self._purged < self._wanted.id < row_id:
                return f"the anchors do not stand in order: {self._wanted.id} comes after {row_id}"
            if self._wanted.id < row_id:
                self._passed_over += 1
            elif self._wanted.hash.encode() == hashed:
                self._compared += 1
            else:
                return f"it is not the row that the anchor has ({self._wanted}): the log was written anew"
            self._wanted = next(self._anchors, None)
        return None

    def _at_the_end(self, text: str | None) -> Verification:
        last = self.walk.head
        head = head_in(text)
        if head is None and (last.id or text is not None):
            return self.verdict("the note of the log's head is missing or cannot be read", None)
        if head is not None and head.id > last.id:
            return self.verdict(f"the log is cut off: rows {last.id + 1} to {head.id} are missing", last.id + 1)
        if head is not None and head != last:
            return self.verdict(f"the note of the log's head ({head}) is not its last row", last.id)
        if self._wanted is not None:
            reason = f"the log is cut off: it ends at row {last.id}, and the anchor has row {self._wanted.id}"
            return self.verdict(reason, last.id + 1)
        if self._passed_over and not self._compared:
            reason = (
                f"all rows that the anchor has are purged: it proves nothing of the rows from {self._purged + 1} on"
            )
            return self.verdict(reason, None)
        return self.verdict("every row follows from the one before it", None, ok=True)

    def _covers(self, entry_id: int, row_id: int) -> bool:
        if entry_id not in self._proofs:
            found = self._database.one("SELECT CAST(body AS BLOB), kind FROM audit WHERE id = ?", (entry_id,))
            self._proofs[entry_id] = found[0] if found is not None and found[1] in PROOFS else b""
            if len(self._proofs) > _PROOFS_KEPT:
                self._proofs.popitem(last=False)
        return covers(self._proofs[entry_id], row_id)
