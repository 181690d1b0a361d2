"""Other processes work on the same file while a dialer keeps its journal."""

import csv
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from campaigns.importing import import_leads
from campaigns.model import Outcome
from campaigns.store import Store
from tests.campaigns.desk import Desk

IMPORT = """
import json, sys
from campaigns.importing import import_leads
from campaigns.store import Store
with Store.open(sys.argv[1]) as store:
    print(json.dumps(import_leads(store, "spring", sys.argv[2]).counts()))
"""

OPEN = """
import sys
from campaigns.store import Store
with Store.open(sys.argv[1], create=True) as store:
    print(store.last_attempt_id())
"""


def run(code: str, *args: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True)


def write_leads(path: Path, area_code: int, count: int) -> Path:
    """A file of made-up leads; nothing here dials."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["phone"])
        writer.writerows([f"{area_code}555{i:04}"] for i in range(count))
    return path


def test_a_dialer_works_on_while_another_process_imports(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        desk = Desk(store)
        import_leads(store, "spring", write_leads(tmp_path / "first.csv", 212, 100))
        importing = run(IMPORT, path, write_leads(tmp_path / "second.csv", 305, 6000))
        calls = 0
        while importing.poll() is None or calls < 50:
            for lead in desk.refill(now, n=3):
                desk.call(lead, Outcome.HANDLED, now, "NI")
                calls += 1
        out, _ = importing.communicate()
        assert importing.returncode == 0
        assert json.loads(out)["loaded"] == 6000
        report = store.report_campaign("spring")
        assert report["leads"] == 6100
        assert report["leads_by_status"] == {"NEW": 6100 - calls, "NI": calls}
        assert report["by_status"] == {"NI": calls}


def test_profiles_that_another_process_adds_are_seen(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        desk = Desk(store)
        desk.load("phone\n2125550101\n")
        assert len(desk.refill(now)) == 1
        assert run(IMPORT, path, write_leads(tmp_path / "more.csv", 312, 3)).wait() == 0
        assert {lead.phone.zones for lead in desk.refill(now)} == {("America/New_York",), ("America/Chicago",)}
        desk.load("phone\n6025550101\n")
        assert len({lead.phone.zones for lead in desk.refill(now.replace(hour=17))}) == 3


def test_processes_that_make_the_same_store_at_once_make_one(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    started = [run(OPEN, path) for _ in range(4)]
    assert [(each.communicate()[0], each.returncode) for each in started] == [("0\n", 0)] * 4
    with Store.open(path) as store:
        assert store.campaigns() == []


def test_what_is_committed_survives_a_killed_process(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "dialer.db"
    with Store.open(path, create=True) as store:
        desk = Desk(store)
        desk.load("phone\n2125550101\n2125550102\n")
    code = """
import os, signal, sys
from datetime import datetime
from campaigns.store import Store
store = Store.open(sys.argv[1])
now = datetime.fromisoformat(sys.argv[2])
first, second = store.refill(1, 2, now).leads
with store.transaction():
    store.reserve_attempt(1, 1, first.lead_id, first.phone.phone_id, first.phone.e164, "t", "", now)
with store.transaction():
    store.reserve_attempt(2, 1, second.lead_id, second.phone.phone_id, second.phone.e164, "t", "", now)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code, str(path), now.isoformat()], check=False)
    assert killed.returncode == -9
    with Store.open(path) as store:
        assert [each["attempt_id"] for each in store.close_lost_attempts(now)] == [1]
        assert [lead.lead_id for lead in store.refill(1, 5, now).leads] == [2]
