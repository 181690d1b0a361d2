import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.audit import AuditError, AuditKind, AuditLog, Head, verify
from campaigns.database import Database
from campaigns.store import Store

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)

APPEND = """
import sys
from datetime import UTC, datetime
from campaigns.audit import AuditLog
from campaigns.database import Database
database = Database.open(sys.argv[1], create=False, fast=False)
log = AuditLog(database)
for n in range(int(sys.argv[3])):
    with database.transaction():
        log.append("dial", sys.argv[2], {"n": n}, at=datetime.now(UTC), persons=(f"lead:{n}",))
        log.append("disposition", sys.argv[2], {"n": n}, at=datetime.now(UTC))
"""


class Undo(Exception):
    pass


def test_entries_come_back_as_they_went_in(log: AuditLog) -> None:
    assert log.head() is None
    assert log.append("dnc", "anna", {"number": "+12125550101", "ü": [1, None]}, at=NOON) == 1
    assert log.append("settings", "cli", {}, at=NOON + timedelta(microseconds=1)) == 2
    first, second = log.entries()
    assert (first.kind, first.actor, first.at, first.person) == ("dnc", "anna", NOON, "")
    assert first.said() == {"number": "+12125550101", "ü": [1, None]}
    assert second.previous == first.hash
    assert second.at == NOON + timedelta(microseconds=1)
    head = log.head()
    assert head is not None
    assert (head.id, head.hash) == (2, second.hash)


def test_a_rollback_leaves_no_trace(database: Database, log: AuditLog) -> None:
    log.append("dnc", "anna", {"n": 1}, at=NOON)
    with pytest.raises(Undo), database.transaction():
        log.append("dnc", "anna", {"n": 2}, at=NOON, persons=("lead:1",))
        log.append_many("import", "cli", [({"n": 3}, ("lead:2",))], at=NOON)
        raise Undo
    log.append("dnc", "anna", {"n": 4}, at=NOON, persons=("lead:1",))
    assert [entry.said()["n"] for entry in log.entries()] == [1, 4]
    assert verify(database).ok
    assert [mention.id for mention in log.mentions(["lead:1"])] == [2]


def test_an_append_that_fails_writes_nothing(database: Database, log: AuditLog) -> None:
    for kind, actor, body in (("dnc", "", {}), ("a\nb", "x", {}), ("dnc", "x", {"n": float("nan")})):
        with pytest.raises(ValueError, match=r"."):
            log.append(kind, actor, body, at=NOON)
    with pytest.raises(ValueError, match="no zone"):
        log.append("dnc", "anna", {}, at=datetime(2026, 6, 1))
    with pytest.raises(ValueError, match="Out of range"):
        log.append_many("dnc", "anna", [({"n": 1}, ()), ({"n": float("inf")}, ())], at=NOON)
    assert list(log.entries()) == []
    assert verify(database).ok


def test_many_entries_are_one_chain_with_single_ones(database: Database, log: AuditLog) -> None:
    log.append("settings", "cli", {}, at=NOON)
    assert log.append_many("import", "cli", (({"row": n}, (f"lead:{n}",)) for n in range(5)), at=NOON) == 5
    assert log.append_many("import", "cli", (), at=NOON) == 0
    assert log.append("settings", "cli", {}, at=NOON) == 7
    assert verify(database).rows == 7


def test_many_entries_on_a_head_that_was_set_back_say_so(database: Database, log: AuditLog) -> None:
    for n in range(3):
        log.append("dnc", "anna", {"n": n}, at=NOON)
    first = next(log.entries())
    database.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (f"1:{first.hash}",))
    with pytest.raises(AuditError, match="audit verify"):
        log.append_many("import", "cli", [({}, ())], at=NOON)


def test_processes_that_append_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    Store.open(path, create=True).close()
    count = 60
    started = [subprocess.Popen([sys.executable, "-c", APPEND, str(path), name, str(count)]) for name in ("one", "two")]
    with Store.open(path) as store:
        log = AuditLog(store.database)
        for n in range(count):
            log.append("login", "three", {"n": n}, at=NOON)
        assert [each.wait() for each in started] == [0, 0]
        found = verify(store.database)
        assert (found.ok, found.rows) == (True, 5 * count)
        assert {entry.actor for entry in log.entries()} == {"one", "two", "three"}
        assert len(log.mentions(["lead:3"])) == 2


def test_an_entry_of_another_connection_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store, Store.open(path) as other:
        one, two = AuditLog(store.database), AuditLog(other.database)
        one.append("dnc", "anna", {}, at=NOON, persons=("lead:1",))
        two.append("dnc", "bert", {}, at=NOON, persons=("lead:1",))
        one.append("dnc", "anna", {}, at=NOON)
        assert verify(store.database).rows == 3
        assert [mention.id for mention in one.mentions(["lead:1"])] == [1, 2]


def test_persons_are_found_by_any_of_their_keys_and_not_in_clear(database: Database, log: AuditLog) -> None:
    log.append("dial", "engine", {"n": 1}, at=NOON, persons=("lead:1", "number:+12125550101"))
    log.append("dnc", "cli", {"n": 2}, at=NOON, persons=("number:+12125550101",))
    log.append("dial", "engine", {"n": 3}, at=NOON, persons=("lead:11",))
    log.append("settings", "cli", {"n": 4}, at=NOON)
    assert [mention.id for mention in log.mentions(["number:+12125550101"])] == [1, 2]
    assert [mention.id for mention in log.mentions(["lead:1"])] == [1]
    assert [mention.id for mention in log.mentions(["lead:1", "lead:11"])] == [1, 3]
    assert log.mentions(["lead:2"]) == []
    assert not database.rows("SELECT 1 FROM audit WHERE person LIKE '%lead%' OR person LIKE '%2125550101%'")


def test_entries_are_chosen_by_time_kind_person_and_number(log: AuditLog) -> None:
    for n in range(6):
        log.append("dial" if n % 2 else "dnc", "x", {"n": n}, at=NOON + timedelta(hours=n), persons=(f"lead:{n % 3}",))

    def numbers(**options: object) -> list[int]:
        return [entry.said()["n"] for entry in log.entries(**options)]  # type: ignore[arg-type]

    assert numbers(since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=4)) == [2, 3]
    assert numbers(kinds=("dial",)) == [1, 3, 5]
    assert numbers(kinds=("dial", "dnc"), limit=2) == [5, 4]
    assert numbers(persons=("lead:1",)) == [1, 4]
    assert numbers(persons=("lead:9",)) == []


def test_blanked_rows_hold_nothing_and_the_chain_holds(database: Database, log: AuditLog) -> None:
    for n in range(6):
        log.append("dial", "engine", {"name": f"Ada {n}"}, at=NOON, persons=(f"lead:{n % 2}",))
    ids = [mention.id for mention in log.mentions(["lead:1"])]
    entry = log.blank(AuditKind.ERASURE, "cli", ids, {"request": "letter of 1 June"}, at=NOON)
    assert entry == 7
    assert [each.person for each in log.entries() if each.erased] == ["erased:7"] * 3
    assert all(each.salt == "" for each in log.entries() if each.erased)
    assert [each.said() for each in log.entries()][-1] == {
        "request": "letter of 1 June",
        "rows": [[2, 2], [4, 4], [6, 6]],
    }
    assert log.mentions(["lead:1"]) == []
    found = verify(database)
    assert (found.ok, found.erased) == (True, 3)


def test_only_proofs_stand_for_blanked_rows_and_they_are_never_blanked(log: AuditLog) -> None:
    log.append("dial", "engine", {}, at=NOON)
    with pytest.raises(ValueError, match="cannot stand"):
        log.blank(AuditKind.DIAL, "cli", [1], {}, at=NOON)
    entry = log.blank(AuditKind.ERASURE, "cli", [1], {}, at=NOON)
    with pytest.raises(AuditError, match="never blanked"):
        log.blank(AuditKind.PURGE, "cli", [entry], {}, at=NOON)


def test_a_purged_log_begins_at_its_checkpoint(database: Database, log: AuditLog) -> None:
    for n in range(9):
        log.append("dial", "engine", {"n": n}, at=NOON)
    before = {entry.id: entry.hash for entry in log.entries()}
    assert log.drop_through(4, "cli", {"because": "5 years"}, at=NOON) == 10
    assert log.drop_through(6, "cli", {"because": "5 years"}, at=NOON) == 11
    found = verify(database)
    assert (found.ok, found.rows, found.purged) == (True, 5, 6)
    assert next(log.entries()).previous == before[6]
    with pytest.raises(AuditError, match="no row 6"):
        log.drop_through(6, "cli", {}, at=NOON)


def test_a_log_cut_at_its_start_without_a_checkpoint_is_seen(database: Database, log: AuditLog) -> None:
    for n in range(9):
        log.append("dial", "engine", {"n": n}, at=NOON)
    log.drop_through(4, "cli", {}, at=NOON)
    database.execute("DELETE FROM audit WHERE id = 5")
    found = verify(database)
    assert (found.ok, found.first_bad) == (False, 6)
    assert "no checkpoint" in found.reason


def test_a_checkpoint_that_was_changed_is_seen(database: Database, log: AuditLog) -> None:
    for n in range(4):
        log.append("dial", "engine", {"n": n}, at=NOON)
    log.drop_through(2, "cli", {}, at=NOON)
    body = database.value("SELECT body FROM audit WHERE id = 5")
    database.execute("DELETE FROM audit WHERE id = 3")
    fourth = database.value("SELECT previous FROM audit WHERE id = 4")
    forged = body.replace('"through":2', '"through":3').replace(body.split('"hash":"')[1][:64], fourth)
    database.execute("UPDATE audit SET body = ? WHERE id = 5", (forged,))
    found = verify(database)
    assert (found.ok, found.first_bad) == (False, 5)


def test_anchors_of_purged_rows_are_passed_over_but_prove_nothing_alone(database: Database, log: AuditLog) -> None:
    for n in range(6):
        log.append("dial", "engine", {"n": n}, at=NOON)
    log.drop_through(3, "cli", {}, at=NOON)
    first = next(log.entries())
    gone, kept = Head(2, "ab" * 32), Head(first.id, first.hash)
    found = verify(database, [gone, kept])
    assert (found.ok, found.compared, found.passed_over) == (True, 1, 1)
    found = verify(database, [gone])
    assert not found.ok
    assert "purged" in found.reason
    assert not verify(database, [Head(3, "ab" * 32)]).ok


def test_a_damaged_file_is_told_and_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        log = AuditLog(store.database)
        log.append_many("dial", "engine", (({"text": "x" * 200}, ()) for _ in range(2000)), at=NOON)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 20_000)
    with Store.open(path) as store:
        found = verify(store.database)
        assert not found.ok
        assert found.first_bad is not None
        assert found.rows < 2000
