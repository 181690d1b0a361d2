"""The audit log in the store: append-only, hash-chained, shared by all processes that have the store open."""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee

from campaigns.audit import chain
from campaigns.audit.chain import GENESIS, Head, RawRow
from campaigns.audit.kinds import PROOFS, AuditKind
from campaigns.database import Database, StoreError
from campaigns.instants import datetime_of, seconds_of

_INSERT = (
    "INSERT INTO audit (id, at, kind, actor, person, salt, body, digest, previous, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SET_META = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
# Only with "person <> ''" may the index of persons be used, which leaves out rows about nobody.
_MENTIONS = "SELECT id, kind, at FROM audit WHERE person <> ''"
_DISTINCT_KINDS = "SELECT DISTINCT kind FROM audit WHERE id IN (:values)"

_TEXTS = ("kind", "actor", "person", "salt", "body", "digest", "previous", "hash")
# Bytes, because a changed byte may leave text that is not UTF-8, and such a row must still be read to be told.
RAW_COLUMNS = "id, at, " + ", ".join(f"CAST({column} AS BLOB)" for column in _TEXTS)
TYPES_OF_TEXTS = " || ".join(f"typeof({column})" for column in _TEXTS)
ALL_TEXT = "text" * len(_TEXTS)

HEAD = "audit_head"
_SECRET = "audit_secret"


class AuditError(StoreError):
    """The audit log cannot do what was asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log. `person` is a token; '' stands for nobody, `erased:ID` for a body blanked by entry ID."""

    id: int
    at: datetime
    kind: str
    actor: str
    person: str
    salt: str
    body: str
    digest: str
    previous: str
    hash: str

    @property
    def erased(self) -> bool:
        return not self.body

    def said(self) -> Any:
        """The body as JSON values; None when it was blanked, its text when it is no JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return self.body


@dataclass(frozen=True, slots=True)
class Mention:
    """A row that names a person: where it is, what about, and when (seconds since 1970)."""

    id: int
    kind: str
    at_s: float


class AuditLog:
    """The site's audit log. Appending is part of the caller's transaction, or one of its own when there is none.

    Nothing of the chain is kept in memory: its head is read from the store under the write lock that every transaction
    takes at its start, so neither other processes nor a rollback can leave it stale.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secret: tuple[int, bytes] | None = None

    def append(
        self, kind: str, actor: str, body: Mapping[str, object], *, at: datetime, persons: Sequence[str] = ()
    ) -> int:
        """Write one entry; its id. `persons` are keys such as `lead:17`, by which an erasure finds it.

        Name a lead by its key alone; `number:+1...` is for what belongs to no lead. The body goes in as canonical
        JSON: decimals, instants and enums as text. Raises ValueError for a body that JSON cannot hold, a naive
        instant, or a kind or actor that is not printable text.
        """
        at_s = seconds_of(at)
        who, what = _printable("kind", kind), _printable("actor", actor)
        text = chain.canonical(body).encode()
        with self._database.transaction():
            token = self._token(persons)
            row = _sealed(self._next(), at_s, who, what, token, text)
            return self._insert(row)

    def append_many(
        self,
        kind: str,
        actor: str,
        entries: Iterable[tuple[Mapping[str, object], Sequence[str]]],
        *,
        at: datetime,
    ) -> int:
        """Write many entries of one kind, each a body and its persons, as they come; how many. Raises as `append`."""
        at_s = seconds_of(at)
        who, what = _printable("kind", kind), _printable("actor", actor)
        with self._database.transaction():
            rows = _Sealing(self._next())
            sealed = (
                rows.seal(at_s, who, what, self._token(persons), chain.canonical(body).encode())
                for body, persons in entries
            )
            try:
                self._database.many(_INSERT, map(_as_text, sealed))
            except sqlite3.IntegrityError:
                raise self._taken(rows.head) from None
            if rows.count:
                self._database.execute(_SET_META, (HEAD, str(rows.head)))
        return rows.count

    def head(self) -> Head | None:
        """The last entry that the log wrote, by its own account; None before the first."""
        text = self._database.value("SELECT value FROM meta WHERE name = ?", (HEAD,))
        return head_in(text)

    def _next(self) -> Head:
        """The head to go on from. Rows without a head are a break that stays to be seen, not one to be mended here."""
        head = self.head()
        if head is not None:
            return head
        return Head(int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM audit")), GENESIS)

    def _insert(self, row: RawRow) -> int:
        try:
            self._database.execute(_INSERT, _as_text(row))
        except peewee.IntegrityError:
            # Somebody set the head back. Calls must go on and the evidence must stay, so write behind the last row:
            # the entry does not follow from it, and `verify` says so for ever.
            last = int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM audit"))
            at_s, kind, actor, person, _, body, _, previous, _ = row[1:]
            row = _sealed(Head(last, previous.decode()), at_s, kind, actor, person, body)
            self._database.execute(_INSERT, _as_text(row))
        self._database.execute(_SET_META, (HEAD, f"{row[0]}:{row[9].decode()}"))
        return row[0]

    def _taken(self, head: Head) -> AuditError:
        return AuditError(
            f"{self._database.path}: the audit log's head was set back to row {head.id} though later rows exist; "
            "`dialer audit verify` shows where, and a backup from before has the log as it was"
        )

    # Persons

    def _token(self, persons: Sequence[str]) -> bytes:
        return chain.token_of(self._key(), persons).encode() if persons else b""

    def _key(self) -> bytes:
        """The site's secret for tokens. One that was made in a transaction that was rolled back is forgotten."""
        if self._secret is None or self._secret[0] != self._database.rollbacks:
            text = self._database.value("SELECT value FROM meta WHERE name = ?", (_SECRET,))
            if text is None:
                text = secrets.token_hex(32)
                self._database.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (_SECRET, text))
            self._secret = (self._database.rollbacks, bytes.fromhex(text))
        return self._secret[1]

    def mentions(self, persons: Sequence[str]) -> list[Mention]:
        """Rows that name any of these persons and are not blanked, in order."""
        with self._database.transaction():
            tokens = [chain.token_of(self._key(), (person,)) for person in persons]
            found = self._database.rows_in(f"{_MENTIONS} AND person IN (:values)", tokens)
            for token in tokens:
                several = f"{_MENTIONS} AND person >= '+' AND person < ',' AND person LIKE ?"
                found += self._database.rows(several, (f"%+{token}%",))
        return [Mention(*row) for row in sorted(set(found))]

    def blank(
        self, kind: AuditKind, actor: str, ids: Sequence[int], body: Mapping[str, object], *, at: datetime
    ) -> int:
        """Blank the bodies of these rows and append the entry of `kind` that says so and keeps the chain whole; its id.

        The entry's body is `body` and the blanked `rows` as ranges. Raises ValueError for a kind that is no proof,
        AuditError when a row is a proof itself.
        """
        if kind not in PROOFS:
            raise ValueError(f"an entry of kind {kind} cannot stand for blanked rows")
        with self._database.transaction():
            rows = sorted(set(ids))
            kinds = {found for (found,) in self._database.rows_in(_DISTINCT_KINDS, rows)}
            if kinds & PROOFS:
                raise AuditError("an erasure, purge or checkpoint of the audit log is never blanked itself")
            entry = self.append(kind, actor, {**body, "rows": chain.ranges_of(rows)}, at=at)
            self._database.many(
                "UPDATE audit SET person = ?, salt = '', body = '' WHERE id = ?",
                ((f"{chain.ERASED}{entry}", row_id) for row_id in rows),
            )
        return entry

    def drop_through(self, last_id: int, actor: str, body: Mapping[str, object], *, at: datetime) -> int:
        """Remove all rows up to and with `last_id`, and append the checkpoint that says so; its id.

        Raises AuditError when there is no such row.
        """
        with self._database.transaction():
            last = self._database.value("SELECT hash FROM audit WHERE id = ?", (last_id,))
            if last is None:
                raise AuditError(f"the audit log has no row {last_id} up to which it could be cut")
            first = self._database.value("SELECT MIN(id) FROM audit")
            said = {**body, "first": first, "through": last_id, "hash": last}
            entry = self.append(AuditKind.CHECKPOINT, actor, said, at=at)
            self._database.execute("DELETE FROM audit WHERE id <= ?", (last_id,))
        return entry

    # Reading

    def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[str] = (),
        persons: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Entries in order, made in [since, until); with `limit` the latest so many of them, the newest first."""
        where, params = ["1 = 1"], list[object]()
        for column, bound in (("at >= ?", since), ("at < ?", until)):
            if bound is not None:
                where.append(column)
                params.append(seconds_of(bound))
        if kinds:
            where.append(f"kind IN ({','.join('?' * len(kinds))})")
            params += kinds
        if persons:
            ids = [mention.id for mention in self.mentions(persons)]
            where.append(f"id IN ({','.join(map(str, ids))})")
        order = "ORDER BY id" if limit is None else "ORDER BY id DESC LIMIT ?"
        params += [] if limit is None else [limit]
        sql = f"SELECT {RAW_COLUMNS} FROM audit WHERE {' AND '.join(where)} {order}"  # noqa: S608 - constant parts and numbers
        for row in self._database.lazy(sql, params):
            yield _entry(row)

    def find(self, hashed: str) -> Head | None:
        """The place of the entry that has this hash; None when none has."""
        row_id = self._database.value("SELECT id FROM audit WHERE hash = ?", (hashed,))
        return None if row_id is None else Head(row_id, hashed)


def _printable(name: str, text: str) -> bytes:
    if not text or not text.isprintable():
        raise ValueError(f"an audit entry's {name} must be printable text, not {text!r}")
    return text.encode()


def _sealed(after: Head, at_s: float, kind: bytes, actor: bytes, person: bytes, body: bytes) -> RawRow:
    row_id, previous, salt = after.id + 1, after.hash.encode(), secrets.token_hex(16).encode()
    digest = chain.digest_of(salt, person, body)
    hashed = chain.hash_of(row_id, at_s, kind, actor, digest, previous)
    return (row_id, at_s, kind, actor, person, salt, body, digest, previous, hashed)


class _Sealing:
    """Entries sealed one after the other, before any of them is in the table."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.count = 0

    def seal(self, at_s: float, kind: bytes, actor: bytes, person: bytes, body: bytes) -> RawRow:
        row = _sealed(self.head, at_s, kind, actor, person, body)
        self.head = Head(row[0], row[9].decode())
        self.count += 1
        return row


def _as_text(row: RawRow) -> tuple[int | float | str, ...]:
    return (row[0], row[1], *(part.decode() for part in row[2:]))


def head_in(text: str | None) -> Head | None:
    """The head that the store's own note holds; None when there is none that can be read."""
    try:
        return None if text is None else Head.parse(text)
    except ValueError:
        return None


def _entry(row: Sequence[Any]) -> Entry:
    at = datetime_of(row[1])
    assert at is not None
    return Entry(row[0], at, *(part.decode("utf-8", "backslashreplace") for part in row[2:]))
