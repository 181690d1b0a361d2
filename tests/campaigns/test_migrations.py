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
        NEWEST + 1: "CREATE TABLE later (id INTEGER PRIMARY KEY)",
        NEWEST + 2: "ALTER TABLE later ADD COLUMN note TEXT; INSERT INTO later (id, note) VALUES (1, 'kept')",
    }
    migrate(database, later, create=False)
    assert version_of(database) == NEWEST + 2
    assert database.rows("SELECT id, note FROM later") == [(1, "kept")]
    migrate(database, later, create=False)
    assert database.rows("SELECT id, note FROM later") == [(1, "kept")]


def test_a_migration_that_fails_changes_nothing(database: Database) -> None:
    migrate(database, create=True)
    twice = "CREATE TABLE later (id INTEGER PRIMARY KEY); CREATE TABLE later (id INTEGER)"
    broken = {**MIGRATIONS, NEWEST + 1: twice}
    with pytest.raises(Exception, match="later"):
        migrate(database, broken, create=False)
    assert version_of(database) == NEWEST
    assert database.one("SELECT 1 FROM sqlite_master WHERE name = 'later'") is None


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
    plan = database.rows("EXPLAIN QUERY PLAN SELECT id FROM attempts WHERE started_at > 5 AND phone IN ('a', 'b')")
    assert "attempts_phone" in plan[0][-1]


def test_a_store_of_the_third_version_keeps_its_leads_and_its_do_not_call_list(database: Database) -> None:
    migrate(database, {step: MIGRATIONS[step] for step in (1, 2, 3)}, create=True)
    for statement in (
        "INSERT INTO campaigns VALUES (1, 'spring', 'telesales', 'predictive', 'stopped', '{}')",
        "INSERT INTO lists VALUES (1, 1, 'a.csv', 0)",
        "INSERT INTO zone_sets VALUES (7, 'America/Chicago America/New_York')",
        "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, zone_set_id, priority, next_at)"
        " VALUES (5, 1, 1, 'NEW', 0, 9, 7, 1, 0)",
        "INSERT INTO lead_phones VALUES (9, 5, 0, 'phone', '+18505550100', 7, 0, 0)",
        "INSERT INTO dnc VALUES ('+12125550100', 'agent', 3)",
    ):
        database.execute(statement)
    migrate(database, create=False)
    assert database.rows("SELECT id, profile_id, held_by, person FROM leads") == [(5, 7, "", "")]
    assert database.rows("SELECT id, key FROM profiles") == [(7, "America/Chicago America/New_York||")]
    assert database.rows("SELECT e164, list_id, source, added_at, expires_at FROM dnc") == [
        ("+12125550100", 1, "agent", 3.0, None)
    ]
    assert database.rows("PRAGMA foreign_key_check") == []


def test_a_store_of_the_fourth_version_gets_texts_and_one_reminder_for_each_promise(database: Database) -> None:
    migrate(database, {step: MIGRATIONS[step] for step in (1, 2, 3, 4)}, create=True)
    for statement in (
        "INSERT INTO campaigns VALUES (1, 'spring', 'telesales', 'predictive', 'stopped', '{}')",
        "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (1, 1, 'a.csv', 0)",
        "INSERT INTO profiles VALUES (7, 'America/New_York||')",
        "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority)"
        " VALUES (5, 1, 1, 'NEW', 0, 9, 7, 1)",
    ):
        database.execute(statement)
    migrate(database, create=False)
    assert database.rows("SELECT id FROM leads") == [(5,)]
    text = "INSERT INTO texts (campaign_id, lead_id, phone, kind, about, text, asked_at, because)"
    for about in ("NULL", "NULL", "1", "2"):
        database.execute(f"{text} VALUES (1, 5, '', 'promise', {about}, 'Hello', 0, '')")
    with pytest.raises(Exception, match="UNIQUE"):
        database.execute(f"{text} VALUES (1, 5, '', 'promise', 1, 'Hello', 0, '')")


def test_texts_of_the_sixth_version_await_no_reports(database: Database) -> None:
    migrate(database, {step: MIGRATIONS[step] for step in range(1, 7)}, create=True)
    for statement in (
        "INSERT INTO campaigns VALUES (1, 'spring', 'telesales', 'predictive', 'stopped', '{}')",
        "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (1, 1, 'a.csv', 0)",
        "INSERT INTO profiles VALUES (7, 'America/New_York||')",
        "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority)"
        " VALUES (5, 1, 1, 'NEW', 0, 9, 7, 1)",
        "INSERT INTO texts (campaign_id, lead_id, phone, kind, text, asked_at, because)"
        " VALUES (1, 5, '+12125550100', 'free', 'Hello', 0, '')",
    ):
        database.execute(statement)
    migrate(database, create=False)
    assert database.rows("SELECT id, phone FROM texts") == [(1, "+12125550100")]
    assert database.rows("SELECT id FROM text_parts") == []
    plan = database.rows(
        "EXPLAIN QUERY PLAN SELECT id FROM text_parts WHERE sim = '1' AND reference = 7 AND sent_at > 5"
    )
    assert "text_parts_reference" in plan[0][-1]


def test_the_leads_of_an_older_store_are_located_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Database.open(path, create=True, fast=False)
    migrate(old, {step: MIGRATIONS[step] for step in (1, 2, 3)}, create=True)
    for statement in (
        "INSERT INTO campaigns VALUES (1, 'spring', 'telesales', 'predictive', 'stopped', '{}')",
        "INSERT INTO lists VALUES (1, 1, 'a.csv', 0)",
        "INSERT INTO zone_sets VALUES (7, 'America/New_York')",
        "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, zone_set_id, priority, next_at)"
        " VALUES (5, 1, 1, 'NEW', 0, 9, 7, 1, 0)",
        "INSERT INTO lead_phones VALUES (9, 5, 0, 'phone', '+13055550100', 7, 0, 0)",
    ):
        old.execute(statement)
    old.close()
    with Store.open(path) as store:
        (profile,) = {store.profiles.get(row[0]) for row in store.database.rows("SELECT profile_id FROM leads")}
        assert (profile.zones, profile.regions) == (("America/New_York",), ("US-FL",))
