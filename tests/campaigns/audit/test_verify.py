"""Every way of changing the log behind its back is seen."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import migrations
from campaigns.audit import AuditKind, AuditLog, Head, verify
from campaigns.audit.chain import GENESIS, digest_of, hash_of
from campaigns.database import Database

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
TEXTS = ("kind", "actor", "person", "salt", "body", "digest", "previous", "hash")
ROWS = 12
FIRST_ERASED, ERASURE = 2, 10


def made_database() -> Database:
    """Ten entries of a campaign's day, two of them blanked by an erasure."""
    database = Database.open(":memory:", create=True, fast=True)
    migrations.migrate(database, create=True)
    log = AuditLog(database)
    for n in range(1, 10):
        body = {"lead": n % 3, "note": f"Grüße {n}", "allowed": True}
        log.append("dial", "engine", body, at=NOON + timedelta(seconds=n / 7), persons=(f"lead:{n % 3}",))
    log.blank(AuditKind.ERASURE, "cli", [2, 5], {"request": "letter"}, at=NOON + timedelta(hours=1))
    log.append("settings", "cli", {"max_abandon_rate": 0.03}, at=NOON + timedelta(hours=2))
    log.append("dnc", "anna", {"number": "+12125550101"}, at=NOON, persons=("number:+12125550101", "lead:1"))
    assert verify(database).ok
    return database


# Restored after each tampering, for making one takes a while.
PRISTINE = made_database()
COLUMNS = ", ".join(("id", "at", *TEXTS))
SAVED = PRISTINE.rows(f"SELECT {COLUMNS} FROM audit ORDER BY id")  # noqa: S608
HEAD = PRISTINE.value("SELECT value FROM meta WHERE name = 'audit_head'")


def restore() -> Database:
    PRISTINE.execute("DELETE FROM audit")
    PRISTINE.many(f"INSERT INTO audit ({COLUMNS}) VALUES ({', '.join('?' * 10)})", SAVED)  # noqa: S608
    PRISTINE.execute("DELETE FROM meta WHERE name = 'audit_head'")
    PRISTINE.execute("INSERT INTO meta (name, value) VALUES ('audit_head', ?)", (HEAD,))
    return PRISTINE


def bad_row(database: Database) -> int | None:
    found = verify(database)
    assert not found.ok
    assert found.reason
    return found.first_bad


def is_named(database: Database, row: int) -> bool:
    """Whether verification names `row`; where the erasure was changed, the first row that leans on it will do."""
    seen = bad_row(database)
    return seen == row or (row == ERASURE and seen == FIRST_ERASED)


def test_an_untouched_log_is_right() -> None:
    found = verify(restore())
    assert (found.ok, found.rows, found.erased, found.first_bad, found.purged) == (True, ROWS, 2, None, 0)
    assert str(found.head) == HEAD


@given(row=st.integers(1, ROWS), column=st.sampled_from(TEXTS), data=st.data())
def test_any_changed_removed_or_added_byte_of_any_text_is_seen(row: int, column: str, data: st.DataObject) -> None:
    database = restore()
    before: bytes = database.value(f"SELECT CAST({column} AS BLOB) FROM audit WHERE id = ?", (row,))  # noqa: S608
    where = data.draw(st.integers(0, len(before)))
    cut = data.draw(st.integers(0, 2))
    put = data.draw(st.binary(max_size=2))
    after = before[:where] + put + before[where + cut :]
    if after == before:
        return
    database.execute(f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE id = ?", (after, row))  # noqa: S608
    assert is_named(database, row)


@given(row=st.integers(1, ROWS), bit=st.integers(0, 63))
def test_any_changed_bit_of_the_instant_is_seen(row: int, bit: int) -> None:
    database = restore()
    (before,) = struct.unpack(">Q", struct.pack(">d", database.value("SELECT at FROM audit WHERE id = ?", (row,))))
    (after,) = struct.unpack(">d", struct.pack(">Q", before ^ (1 << bit)))
    database.execute("UPDATE audit SET at = ? WHERE id = ?", (after, row))
    assert bad_row(database) == row


@given(row=st.integers(1, ROWS), number=st.integers(-3, 40).filter(lambda number: not 1 <= number <= ROWS))
def test_any_changed_number_of_a_row_is_seen(row: int, number: int) -> None:
    database = restore()
    database.execute("UPDATE audit SET id = ? WHERE id = ?", (number, row))
    assert bad_row(database) is not None


@given(row=st.integers(1, ROWS), column=st.sampled_from(TEXTS))
def test_a_text_turned_into_bytes_is_seen(row: int, column: str) -> None:
    database = restore()
    database.execute(f"UPDATE audit SET {column} = CAST({column} AS BLOB) WHERE id = ?", (row,))  # noqa: S608
    assert is_named(database, row)


@given(first=st.integers(1, ROWS), last=st.integers(1, ROWS))
def test_removed_rows_are_seen(first: int, last: int) -> None:
    database = restore()
    if first > last:
        first, last = last, first
    database.execute("DELETE FROM audit WHERE id BETWEEN ? AND ?", (first, last))
    if first <= ERASURE <= last and first > FIRST_ERASED:
        assert bad_row(database) == FIRST_ERASED
    else:
        assert bad_row(database) == (last + 1 if last < ROWS else first)


@given(one=st.integers(1, ROWS), other=st.integers(1, ROWS))
def test_swapped_rows_are_seen(one: int, other: int) -> None:
    database = restore()
    if one == other:
        return
    database.execute("UPDATE audit SET id = -1 WHERE id = ?", (one,))
    database.execute("UPDATE audit SET id = ? WHERE id = ?", (one, other))
    database.execute("UPDATE audit SET id = ? WHERE id = -1", (other,))
    assert bad_row(database) in ((FIRST_ERASED, min(one, other)) if ERASURE in (one, other) else (min(one, other),))


@given(row=st.integers(2, ROWS), column=st.sampled_from(TEXTS))
def test_a_column_copied_from_the_row_before_is_seen(row: int, column: str) -> None:
    database = restore()
    before = f"SELECT p.{column} FROM audit p WHERE p.id = ?"  # noqa: S608
    if database.value(before, (row,)) == database.value(before, (row - 1,)):
        return
    database.execute(f"UPDATE audit SET {column} = ({before}) WHERE id = ?", (row - 1, row))  # noqa: S608
    assert is_named(database, row)


@given(row=st.integers(1, ROWS))
def test_a_body_blanked_without_an_entry_that_says_so_is_seen(row: int) -> None:
    if row in (2, 5):
        return
    for person in ("", "erased:10", "erased:1", "erased:99", "erased:12"):
        database = restore()
        database.execute("UPDATE audit SET person = ?, salt = '', body = '' WHERE id = ?", (person, row))
        assert is_named(database, row)


def test_a_changed_number_of_the_erasure_is_seen() -> None:
    for person in ("erased:010", "erased: 10", "erased:10 ", "erased:+10", "erased:9", "erased:" + "9" * 30):
        database = restore()
        database.execute("UPDATE audit SET person = ? WHERE id = 5", (person,))
        assert bad_row(database) == 5


def sealed_after(database: Database, row_id: int) -> tuple[object, ...]:
    """A row that follows rightly from the last one, as a forger who knows how it is done would write it."""
    previous = database.value("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
    digest = digest_of(b"ab", b"", b"{}")
    hashed = hash_of(row_id, 1.0, b"dnc", b"x", digest, previous.encode())
    return (row_id, 1.0, "dnc", "x", "", "ab", "{}", digest.decode(), previous, hashed.decode())


INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES ({', '.join('?' * 10)})"  # noqa: S608


def test_a_row_put_in_is_seen_wherever_it_stands() -> None:
    for row_id in (-1, 0, ROWS + 1, ROWS + 2):
        database = restore()
        database.execute(INSERT, sealed_after(database, row_id))
        assert bad_row(database) in (row_id, ROWS + 1)


def test_a_rewritten_tail_is_seen_by_an_anchor_only() -> None:
    """What the documentation says: who has the file can rebuild it, so an anchor must lie elsewhere."""
    database = restore()
    anchor = Head.parse(HEAD)
    database.execute("DELETE FROM audit WHERE id = ?", (ROWS,))
    forged = sealed_after(database, ROWS)
    database.execute(INSERT, forged)
    database.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (f"{ROWS}:{forged[-1]}",))
    assert verify(database).ok
    found = verify(database, [anchor])
    assert (found.ok, found.first_bad) == (False, ROWS)
    assert "written anew" in found.reason


def test_a_log_cut_off_with_its_note_is_seen_by_an_anchor_only() -> None:
    database = restore()
    anchor = Head.parse(HEAD)
    database.execute("DELETE FROM audit WHERE id >= ?", (ROWS,))
    last = database.value("SELECT hash FROM audit WHERE id = ?", (ROWS - 1,))
    database.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (f"{ROWS - 1}:{last}",))
    assert verify(database).ok
    found = verify(database, [anchor])
    assert (found.ok, found.first_bad) == (False, ROWS)
    assert f"the anchor has row {ROWS}" in found.reason


@pytest.mark.parametrize("note", [None, "", "junk", f"12:{'0' * 64}", f"13:{'0' * 64}", f"3:{'0' * 64}"])
def test_a_changed_note_of_the_head_is_seen(note: str | None) -> None:
    database = restore()
    database.execute("DELETE FROM meta WHERE name = 'audit_head'")
    if note is not None:
        database.execute("INSERT INTO meta (name, value) VALUES ('audit_head', ?)", (note,))
    found = verify(database)
    assert not found.ok


def set_head_back(database: Database) -> None:
    third = database.value("SELECT hash FROM audit WHERE id = 3")
    database.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (f"3:{third}",))


def cut_the_end(database: Database) -> None:
    database.execute("DELETE FROM audit WHERE id > 10")


def lose_the_note(database: Database) -> None:
    database.execute("DELETE FROM meta WHERE name = 'audit_head'")


@pytest.mark.parametrize(
    ("tamper", "bad"), [(set_head_back, ROWS + 1), (cut_the_end, ROWS + 1), (lose_the_note, ROWS + 1)]
)
def test_work_goes_on_after_a_tampering_and_the_evidence_stays(tamper: Callable[[Database], None], bad: int) -> None:
    database = restore()
    tamper(database)
    log = AuditLog(database)
    for n in range(5):
        log.append("dnc", "anna", {"n": n}, at=NOON)
    assert bad_row(database) == bad


def test_anchors_are_met_in_order_and_prove_that_the_log_goes_on_from_them() -> None:
    database = restore()
    anchors = [Head(row_id, hashed) for row_id, *_, hashed in SAVED]
    found = verify(database, [Head(0, GENESIS), *anchors[3:7]])
    assert (found.ok, found.compared) == (True, 5)
    assert not verify(database, [anchors[6], anchors[3]]).ok
    assert not verify(database, [Head(4, "0" * 64)]).ok


def test_an_empty_log_is_right_and_its_anchor_holds_for_ever() -> None:
    database = Database.open(":memory:", create=True, fast=True)
    migrations.migrate(database, create=True)
    found = verify(database)
    assert (found.ok, found.rows, found.head) == (True, 0, Head(0, GENESIS))
    AuditLog(database).append("dnc", "anna", {}, at=NOON)
    assert verify(database, [found.head]).ok


def test_watching_counts_rows() -> None:
    database = Database.open(":memory:", create=True, fast=True)
    migrations.migrate(database, create=True)
    AuditLog(database).append_many("import", "cli", (({}, ()) for _ in range(40_001)), at=NOON)
    seen: list[int] = []
    assert verify(database, watch=seen.append).rows == 40_001
    assert seen == [20_000, 40_000]
