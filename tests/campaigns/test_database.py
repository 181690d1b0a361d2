"""Transactions: all or nothing, and which of them wait for the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.database import Database

FULL, NORMAL = 2, 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "one.db", create=True, fast=False)
    database.execute("CREATE TABLE things (name TEXT)")
    yield database
    database.close()


def synchronous(database: Database) -> int:
    return int(database.value("PRAGMA synchronous"))


def names(database: Database) -> list[str]:
    return [name for (name,) in database.rows("SELECT name FROM things ORDER BY rowid")]


def add(database: Database, name: str) -> None:
    database.execute("INSERT INTO things VALUES (?)", (name,))


def test_a_transaction_waits_for_the_disk_unless_it_need_not_be_durable(database: Database) -> None:
    with database.transaction():
        assert synchronous(database) == FULL
    with database.transaction(durable=False):
        assert synchronous(database) == NORMAL
        add(database, "a")
    assert synchronous(database) == FULL
    assert names(database) == ["a"]


def test_one_that_fails_is_undone_and_the_next_waits_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction(durable=False):
        add(database, "a")
        _ = 1 / 0
    assert synchronous(database) == FULL
    assert names(database) == []
    with database.transaction():
        add(database, "b")
    assert names(database) == ["b"]


def test_inside_a_durable_one_it_is_part_of_that(database: Database) -> None:
    with database.transaction(), database.transaction(durable=False):
        assert synchronous(database) == FULL
        add(database, "a")
    assert names(database) == ["a"]


def test_a_durable_one_inside_one_that_is_not_is_a_bug(database: Database) -> None:
    with (
        pytest.raises(RuntimeError, match="durable"),
        database.transaction(durable=False),
        database.transaction(),
    ):
        pytest.fail("it began")
    with database.transaction(durable=False), database.transaction(durable=False):
        add(database, "a")
    assert names(database) == ["a"]
    assert synchronous(database) == FULL


def test_one_that_cannot_be_undone_hides_no_error_and_the_next_waits_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollback = database.peewee.rollback

    def broken() -> None:
        raise OSError("no")

    monkeypatch.setattr(database.peewee, "rollback", broken)
    with pytest.raises(OSError, match="no"), database.transaction(durable=False):
        _ = 1 / 0
    monkeypatch.undo()
    rollback()
    with database.transaction():
        assert synchronous(database) == FULL


def test_a_store_that_never_waits_does_not_begin_to(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "fast.db", create=True, fast=True)
    with database.transaction(durable=False):
        assert synchronous(database) == 0
    assert synchronous(database) == 0
    database.close()
