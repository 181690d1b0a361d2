import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns import schema
from campaigns.database import Database, StoreError
from campaigns.migrations import MIGRATIONS, migrate, version_of
from campaigns.store import Store

NEWEST = max(MIGRATIONS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "dialer.db", create=True, fast=False)
    yield opened
    opened.close()


def test_the_models_say_what_the_migrations_make(database: Database) -> None:
    migrate(database, create=True)
    tables = {name for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {model._meta.table_name for model in schema.ALL}
    for model in schema.ALL:
        columns = database.rows(f"PRAGMA table_info({model._meta.table_name})")
        made = {name: (kind.split()[0], bool(notnull)) for _, name, kind, notnull, _, _ in columns}
        assert set(made) == set(model._meta.columns), model
        for name, field in model._meta.columns.items():
            if not field.primary_key:
                assert made[name][1] == (not field.null), (model, name)


def test_an_older_store_is_migrated_step_by_step(database: Database) -> None:
    migrate(database, create=True)
    later = {
        **MIGRATIONS,
        NEWEST + 1: "CREATE TABLE callbacks (id INTEGER PRIMARY KEY)",
        NEWEST + 2: "ALTER TABLE callbacks ADD COLUMN note TEXT; INSERT INTO callbacks (id, note) VALUES (1, 'kept')",
    }
    migrate(database, later, create=False)
    assert version_of(database) == NEWEST + 2
    assert database.rows("SELECT id, note FROM callbacks") == [(1, "kept")]
    migrate(database, later, create=False)
    assert database.rows("SELECT id, note FROM callbacks") == [(1, "kept")]


def test_a_migration_that_fails_changes_nothing(database: Database) -> None:
    migrate(database, create=True)
    twice = "CREATE TABLE callbacks (id INTEGER PRIMARY KEY); CREATE TABLE callbacks (id INTEGER)"
    broken = {**MIGRATIONS, NEWEST + 1: twice}
    with pytest.raises(Exception, match="callbacks"):
        migrate(database, broken, create=False)
    assert version_of(database) == NEWEST
    assert database.one("SELECT 1 FROM sqlite_master WHERE name = 'callbacks'") is None


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    Store.open(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(StoreError, match=rf"version 99.*knows up to {NEWEST}.*newer program"):
        Store.open(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT value FROM meta").fetchall() == [("99",)]


def test_a_store_of_the_first_version_is_brought_up_to_date(database: Database) -> None:
    migrate(database, {1: MIGRATIONS[1]}, create=True)
    migrate(database, create=False)
    assert version_of(database) == NEWEST
    plan = database.rows("EXPLAIN QUERY PLAN SELECT id FROM attempts WHERE closed_at IS NULL AND phone IN ('a', 'b')")
    assert "attempts_open_phone" in plan[0][-1]
    plan = database.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM attempts WHERE outcome = 'abandoned' AND closed_at > 5 AND phone IN ('a')"
    )
    assert "attempts_abandoned" in plan[0][-1]


def test_only_the_owner_can_read_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        store.create_campaign("spring", "telesales", "predictive")
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    assert modes == {"dialer.db": 0o600, "dialer.db-wal": 0o600, "dialer.db-shm": 0o600}


def test_files_that_are_no_store_are_refused(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    with pytest.raises(StoreError, match=r"none\.db: no campaign store here; `dialer init"):
        Store.open(missing)
    assert not missing.exists()
    with pytest.raises(StoreError, match="directory does not exist"):
        Store.open(tmp_path / "nowhere" / "a.db", create=True)
    with pytest.raises(StoreError, match="is a directory"):
        Store.open(tmp_path)
    text = tmp_path / "leads.csv"
    text.write_text("phone\n" + "+12125550123\n" * 500)
    with pytest.raises(StoreError, match=r"leads\.csv.*not a database"):
        Store.open(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        Store.open(other, create=True)
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(StoreError, match="not a campaign store"):
        Store.open(empty)
    with pytest.raises(StoreError, match="postgresql"):
        Store.open("postgresql://host/dialer")


def test_a_store_is_durable_and_shared(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(f"sqlite:///{path}", create=True) as store:
        store.create_campaign("spring", "telesales", "predictive")
        pragmas = {
            name: store.database.value(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        with Store.open(path) as second:
            assert second.campaign("spring") == store.campaign("spring")


def test_a_store_of_the_second_version_keeps_its_rows_and_gets_the_tables_of_the_pacing(database: Database) -> None:
    migrate(database, {version: MIGRATIONS[version] for version in (1, 2)}, create=True)
    database.execute("INSERT INTO campaigns VALUES (1, 'spring', 'telesales', 'power', 'stopped', '')")
    migrate(database, create=False)
    assert database.rows("SELECT name FROM campaigns") == [("spring",)]
    tables = {name for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables >= {"forecasts", "pacing_samples", "pacer_states"}
