"""The embedded database: connection, transactions and raw statements. All SQL of the project goes through here."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import peewee

Row = tuple[Any, ...]

BUSY_TIMEOUT_S = 30

# Values of one IN list, filled up to the next of these lengths so that few statements are prepared, and those once.
# Older builds of SQLite take 999 parameters in a statement.
_IN_LENGTHS = (1, 4, 16, 64, 256, 512)

# People's names and numbers are nobody else's; SQLite gives the same mode to the files that it puts beside this one.
_OWNER_ONLY = 0o600

# SQLite's own 2 MB hold too little of an index of a million numbers: each look-up would read from the file.
_CACHE_KIB = 32_768

# What is erased is overwritten in the file, not only unlinked (secure_delete).
_COMMON = {"foreign_keys": 1, "busy_timeout": BUSY_TIMEOUT_S * 1000, "cache_size": -_CACHE_KIB}
_SAFE = {"journal_mode": "wal", "synchronous": "full", "secure_delete": 1, **_COMMON}
_FAST = {"journal_mode": "memory", "synchronous": "off", **_COMMON}


class StoreError(Exception):
    """The store cannot do what was asked; the text says why and how to mend it."""


class UnknownName(KeyError):
    """Nothing has this name or id; the text says so, and what there is."""

    def __str__(self) -> str:
        return str(self.args[0])


class Database:
    """One connection. Not for use by two threads at the same time; other processes may have the file open as well."""

    def __init__(self, path: str, *, fast: bool) -> None:
        self.path = path
        self.rollbacks = 0
        self._in_transaction = False
        self._durable = True
        self._hurried = False
        self._synchronous = 0 if fast else 2
        self.peewee: Any = peewee.SqliteDatabase(
            path,
            pragmas=_FAST if fast else _SAFE,
            timeout=BUSY_TIMEOUT_S,
            autoconnect=False,
            thread_safe=False,
            check_same_thread=False,
        )

    @classmethod
    def open(cls, location: Path | str, *, create: bool, fast: bool) -> Self:
        """Connect to a file, `sqlite:///FILE` or ":memory:". Raises StoreError when it is missing or no database."""
        path = _path_of(location)
        if path != ":memory:":
            _require_file(Path(path), create=create)
        database = cls(path, fast=fast)
        try:
            database._connect()
            database.rows("SELECT COUNT(*) FROM sqlite_master")
        except (peewee.PeeweeException, sqlite3.Error) as error:
            database.close()
            raise StoreError(f"{path}: cannot be opened as a campaign store: {error}") from error
        return database

    def _connect(self) -> None:
        """SQLite does not wait for its lock while a new file is switched to WAL, so wait here."""
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                self.peewee.connect()
                return
            except peewee.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def close(self) -> None:
        self.peewee.close()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All or nothing; inside another transaction it is part of that one. Raises StoreError when it stays locked.

        The write lock is taken at the start: a transaction that reads first and writes later could else fail midway.
        One that is not `durable` does not wait for the disk: a power cut may undo it, and with it nothing else, until
        the next durable one is committed (https://www.sqlite.org/pragma.html#pragma_synchronous, WAL and NORMAL). It is
        for what is worked out anew when it is lost; a durable one inside it raises RuntimeError.
        """
        if self._in_transaction:
            if durable and not self._durable:
                raise RuntimeError("a durable transaction inside one that is not")
            yield
            return
        if durable or not self._synchronous:
            if self._hurried:
                self._wait_again()
            with self._all_or_nothing():
                yield
            return
        self._hurried = True
        self.execute("PRAGMA synchronous = 1")
        self._durable = False
        try:
            with self._all_or_nothing():
                yield
        finally:
            self._durable = True
            if not self.peewee.connection().in_transaction:
                self._wait_again()

    def _wait_again(self) -> None:
        """SQLite does not take it inside a transaction; one that could not be rolled back would hide its own error."""
        self.execute(f"PRAGMA synchronous = {self._synchronous}")
        self._hurried = False

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        try:
            self.peewee.begin("IMMEDIATE")
        except peewee.OperationalError as error:
            raise StoreError(
                f"{self.path}: another process has held the store for {BUSY_TIMEOUT_S} s: {error}"
            ) from error
        self._in_transaction = True
        try:
            yield
            self.peewee.commit()
        except BaseException:
            self.rollbacks += 1
            if self.peewee.connection().in_transaction:  # A full disk has ended it already.
                self.peewee.rollback()
            raise
        finally:
            self._in_transaction = False

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run one statement; how many rows it changed."""
        count: int = self.peewee.execute_sql(sql, params).rowcount
        return count

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        found: list[Row] = self.peewee.execute_sql(sql, params).fetchall()
        return found

    def rows_in(self, sql: str, values: Sequence[object], before: Sequence[object] = ()) -> list[Row]:
        """Rows of a statement whose last parameters are `IN (:values)`, asked for a few hundred values at a time."""
        found: list[Row] = []
        for start in range(0, len(values), _IN_LENGTHS[-1]):
            part = values[start : start + _IN_LENGTHS[-1]]
            length = next(each for each in _IN_LENGTHS if each >= len(part))
            again = [part[-1]] * (length - len(part))
            found += self.rows(sql.replace(":values", _marks(length)), (*before, *part, *again))
        return found

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        found: Row | None = self.peewee.execute_sql(sql, params).fetchone()
        return found

    def value(self, sql: str, params: Sequence[object] = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        found = self.one(sql, params)
        return None if found is None else found[0]

    def lazy(self, sql: str, params: Sequence[object] = ()) -> Iterator[Row]:
        """Rows as they are asked for, so that a reader that stops early pays for no more."""
        found: Iterator[Row] = iter(self.peewee.execute_sql(sql, params))
        return found

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row."""
        self.peewee.connection().executemany(sql, rows)


def _path_of(location: Path | str) -> str:
    text = str(location)
    if text.startswith("sqlite:///"):
        return text.removeprefix("sqlite:///")
    if "://" in text:
        scheme = text.partition("://")[0]
        raise StoreError(f"a store at {scheme}:// is not supported; give a file name or sqlite:///FILE")
    return text


def _require_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"{path}: is a directory; name the database file in it")
    if not path.exists() and not create:
        raise StoreError(f"{path}: no campaign store here; `dialer init DIR` makes one")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: its directory does not exist; make it first")
    if create and not path.exists():
        path.touch(mode=_OWNER_ONLY)


@lru_cache
def _marks(count: int) -> str:
    return ",".join("?" * count)
