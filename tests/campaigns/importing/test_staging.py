"""All or nothing: no lead is called before its whole file is loaded, whatever happens in between."""

import io
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.importing import ImportFileError, ListSettings, import_leads, importer, recover
from campaigns.store import Store
from tests.campaigns.desk import Desk

DEBTS = "person,phone,debt_reference,creditor,balance,currency\n"

DYING = """
import io, os, signal, sys
from campaigns.importing import import_leads, importer, staging
from campaigns.store import Store
importer.CHUNK_ROWS = staging.STEP_ROWS = 2
store = Store.open(sys.argv[1])
where, count = sys.argv[2], int(sys.argv[3])
original = getattr(staging if where != "_write_staged" else importer._Target, where)
def dying(*args, **kwargs):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)
setattr(staging if where != "_write_staged" else importer._Target, where, dying)
import_leads(store, "spring", io.StringIO(sys.argv[4]), list_name="june")
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "CHUNK_ROWS", 2)


def numbers(first: int, count: int) -> str:
    return "".join(f"21255501{last:02}\n" for last in range(first, first + count))


def names_of_lists(store: Store) -> list[tuple[str, int]]:
    return [(name, active) for name, active in store.database.rows("SELECT name, active FROM lists ORDER BY id")]


def leftovers(store: Store) -> list[str]:
    return [name for (name,) in store.database.rows("SELECT name FROM meta WHERE name LIKE 'import%'")]


def test_nothing_is_offered_before_the_end(desk: Desk, now: datetime) -> None:
    seen: list[tuple[int, int]] = []
    text = "phone\n" + numbers(1, 7)
    report = desk.load(text, progress=lambda report: seen.append((report.loaded, len(desk.refill(now)))))
    assert report.loaded == 7 and len(desk.refill(now)) == 7
    assert seen == [(2, 0), (4, 0), (6, 0), (7, 0)]
    assert names_of_lists(desk.store) == [("import", 1)] and leftovers(desk.store) == []


def test_leads_for_a_list_that_is_called_already_come_at_the_end_too(desk: Desk, now: datetime) -> None:
    desk.load("phone\n" + numbers(1, 2))
    seen: list[int] = []
    desk.load("phone\n" + numbers(11, 5), progress=lambda _: seen.append(len(desk.refill(now))))
    assert seen == [2, 2, 2] and len(desk.refill(now)) == 7
    assert names_of_lists(desk.store) == [("import", 1)] and leftovers(desk.store) == []
    assert desk.store.database.value("SELECT COUNT(DISTINCT next_at) FROM leads") == 7


def test_a_file_that_breaks_off_takes_everything_back(desk: Desk, now: datetime) -> None:
    desk.load("phone\n" + numbers(1, 2))
    count = "SELECT (SELECT COUNT(*) FROM leads), (SELECT COUNT(*) FROM lead_phones), (SELECT COUNT(*) FROM lists)"
    before = desk.store.database.one(count)
    with pytest.raises(ImportFileError, match="cut off"):
        desk.load("phone,first_name\n" + "".join(f"21255501{n},Ann\n" for n in range(20, 27)) + '2125550130,"Bo')
    assert desk.store.database.one(count) == before and leftovers(desk.store) == []
    assert desk.load("phone\n" + numbers(20, 7)).loaded == 7


def test_keep_going_leaves_what_was_read(desk: Desk, now: datetime) -> None:
    text = "phone,first_name\n" + "".join(f"21255501{n},Ann\n" for n in range(20, 27)) + '2125550130,"Bo'
    report = desk.load(text, keep_going=True)
    assert (report.read, report.loaded, report.invalid) == (8, 7, 1) and len(desk.refill(now)) == 7


def test_settings_of_the_list(desk: Desk) -> None:
    desk.load("phone\n" + numbers(1, 5), list_name="june", list_settings=ListSettings(priority=3, weight=2))
    assert desk.store.database.rows("SELECT name, priority, weight FROM lists") == [("june", 3, 2)]


def test_the_store_is_as_safe_as_before_afterwards(tmp_path: Path) -> None:
    with Store.open(tmp_path / "dialer.db", create=True) as store:
        desk = Desk(store)
        pragmas = ("synchronous", "cache_size", "foreign_keys")
        before = [store.database.value(f"PRAGMA {name}") for name in pragmas]
        assert before[0] == 2 and before[2] == 1
        desk.load("phone\n" + numbers(1, 5))
        with pytest.raises(ImportFileError):
            desk.load("phone,x\n" + "".join(f"21255501{n},\n" for n in range(20, 27)) + '2125550130,"Bo')
        assert [store.database.value(f"PRAGMA {name}") for name in pragmas] == before


def test_further_debts_of_people_there_are_come_at_the_end(store: Store, now: datetime) -> None:
    store.create_campaign("spring", "collections", "power")
    first = DEBTS + "P1,2125550101,A1,Acme,10.00,USD\nP1,2125550102,A2,Acme,20.00,USD\nP2,2125550103,B1,Acme,5,USD\n"
    assert import_leads(store, "spring", io.StringIO(first)).counts()["loaded"] == 3
    debts = "SELECT l.person, d.reference, d.balance FROM debts d JOIN leads l ON l.id = d.lead_id ORDER BY d.reference"
    assert store.database.rows(debts) == [("P1", "A1", "10.00"), ("P1", "A2", "20.00"), ("P2", "B1", "5.00")]
    seen: list[int] = []
    more = DEBTS + "P1,2125550104,A3,Acme,30,USD\nP3,2125550105,C1,Acme,1,USD\nP3,2125550106,C2,Acme,2,USD\n"
    more += "P2,2125550103,B1,Acme,5,USD\nP2,2125550103,B2,Acme,6,USD\n"
    rejects = io.StringIO()
    report = import_leads(
        store,
        "spring",
        io.StringIO(more),
        rejects=rejects,
        progress=lambda _: seen.append(store.database.value("SELECT COUNT(*) FROM debts WHERE lead_id <= 2")),
    )
    assert report.counts()["loaded"] == 4 and report.counts()["duplicate"] == 1
    assert "debt B1 is lead 2's already" in rejects.getvalue()
    assert seen == [3, 3, 3]
    assert [row[1] for row in store.database.rows(debts)] == ["A1", "A2", "A3", "B1", "B2", "C1", "C2"]
    assert [[phone["e164"] for phone in lead["phones"]] for lead in store.leads("spring")] == [
        ["+12125550101", "+12125550102", "+12125550104"],
        ["+12125550103"],
        ["+12125550105", "+12125550106"],
    ]
    assert leftovers(store) == []


@pytest.mark.parametrize(
    ("where", "count", "loaded"),
    [("_write_staged", 1, 1), ("_write_staged", 3, 1), ("_open", 1, 8), ("_move", 1, 8), ("take_back", 1, 1)],
)
def test_a_killed_import_is_taken_back_or_finished(
    tmp_path: Path, now: datetime, where: str, count: int, loaded: int
) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        desk = Desk(store)
        import_leads(store, "spring", io.StringIO("phone\n2125550190\n"), list_name="june")
    text = "phone,first_name\n" + "".join(f"21255501{n},Ann\n" for n in range(20, 27))
    text += '2125550130,"Bo' if where == "take_back" else ""
    killed = subprocess.run([sys.executable, "-c", DYING, str(path), where, str(count), text], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        desk = Desk.__new__(Desk)
        desk.store, desk.campaign = store, store.campaign("spring")
        if loaded == 1:
            assert len(desk.refill(now)) == 1
        said = recover(store.database, store.profiles)
        assert len(said) == 1 and ("taken back" in said[0]) == (loaded == 1)
        assert recover(store.database, store.profiles) == []
        assert len(desk.refill(now)) == loaded == store.database.value("SELECT COUNT(*) FROM lead_phones")
        assert names_of_lists(store) == [("june", 1)] and leftovers(store) == []
        assert store.database.rows("PRAGMA foreign_key_check") == []


def test_the_next_import_mends_what_a_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        Desk(store)
    text = "phone\n" + numbers(20, 7)
    subprocess.run([sys.executable, "-c", DYING, str(path), "_write_staged", "3", text], check=False)
    with Store.open(path) as store:
        assert import_leads(store, "spring", io.StringIO(text), list_name="june").loaded == 7
        assert names_of_lists(store) == [("june", 1)] and leftovers(store) == []


def test_imports_of_a_store_come_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        Desk(store)
        waited: list[str] = []
        loaded: list[int] = []

        def second() -> None:
            with Store.open(path) as other:
                report = import_leads(
                    other, "spring", io.StringIO("phone\n" + numbers(1, 9)), waiting=lambda: waited.append("yes")
                )
                loaded.append(report.loaded)

        thread = threading.Thread(target=second)

        def begin(_: object) -> None:
            if not waited and not thread.is_alive():
                thread.start()
            while not waited:
                pass
            assert recover(store.database, store.profiles) == []

        import_leads(store, "spring", io.StringIO("phone\n" + numbers(1, 5)), progress=begin)
        thread.join()
        assert waited == ["yes"] and loaded == [4]


@pytest.mark.parametrize("strangers", [0, 3], ids=["small", "staged"])
def test_a_further_debt_calls_again_who_paid_and_tells_of_who_ended_otherwise(
    store: Store, now: datetime, strangers: int
) -> None:
    campaign_id = store.create_campaign("spring", "collections", "power").campaign_id
    first = DEBTS + "P1,2125550101,A1,Acme,10,USD\nP2,2125550102,B1,Acme,5,USD\n"
    import_leads(store, "spring", io.StringIO(first), at=now)
    store.database.execute("UPDATE leads SET status = 'PAID', next_at = NULL WHERE person = 'P1'")
    store.database.execute("UPDATE leads SET status = 'NI', next_at = NULL WHERE person = 'P2'")
    assert store.refill(campaign_id, 9, now).leads == ()
    more = DEBTS + "P1,2125550101,A2,Acme,30,USD\nP2,2125550102,B2,Acme,6,USD\n"
    more += "".join(f"S{n},212555012{n},C{n},Acme,1,USD\n" for n in range(strangers))
    dry = import_leads(store, "spring", io.StringIO(more), dry_run=True, at=now)
    report = import_leads(store, "spring", io.StringIO(more), at=now)
    (told,) = report.warnings
    assert dry.warnings == [told] and ": NI 1;" in told
    offered = store.refill(campaign_id, 9, datetime.now(UTC).replace(hour=16) + timedelta(days=1)).leads
    assert [lead.lead_id for lead in offered] == [1, *range(3, 3 + strangers)]
