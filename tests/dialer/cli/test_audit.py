"""`dialer audit` and `dialer person` as their users meet them."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from campaigns.audit import AuditLog, lead_key
from dialer.cli import main
from dialer.site import Site
from tests.dialer.conftest import add_leads

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
NUMBER = "+12125550101"


def dialer(site: Site, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result


def complaint(site: Site, *arguments: str, code: int = 1) -> str:
    return dialer(site, *arguments, code=code).stderr


@pytest.fixture
def logged(site: Site) -> Site:
    """A lead, and a log of four entries, of which two are about it."""
    add_leads(site, NUMBER)
    with site.open_store(site.config()) as store:
        store.database.execute("DELETE FROM audit")
        store.database.execute("DELETE FROM meta WHERE name = 'audit_head'")
        log = AuditLog(store.database)
        for n in range(2):
            log.append("dial", "engine", {"phone": NUMBER, "n": n}, at=NOON, persons=(lead_key(1),))
            log.append("settings", "cli", {"n": n}, at=NOON.replace(month=7))
    return site


def tamper(site: Site, sql: str) -> None:
    with site.open_store(site.config()) as store:
        store.database.execute(sql)


def test_a_right_log_is_verified(logged: Site) -> None:
    found = json.loads(dialer(logged, "audit", "verify", "--json").stdout)
    assert (found["ok"], found["rows"], found["first_bad"]) == (True, 4, None)
    assert found["head"].startswith("4:")
    assert "every row follows" in dialer(logged, "audit", "verify").stdout


def test_the_first_bad_row_is_named_and_the_exit_code_is_one(logged: Site) -> None:
    tamper(logged, "UPDATE audit SET body = '{}' WHERE id = 3")
    result = dialer(logged, "audit", "verify", "--json", code=1)
    assert json.loads(result.stdout)["first_bad"] == 3
    assert "error: the audit log: row 3: its person, salt, body or digest was changed" in result.stderr


def test_an_anchor_from_elsewhere_is_met_or_not(logged: Site) -> None:
    head = json.loads(dialer(logged, "audit", "verify", "--json").stdout)["head"]
    for anchor in (head, head.partition(":")[2]):
        assert json.loads(dialer(logged, "audit", "verify", "--expect", anchor, "--json").stdout)["compared"] == 1
    assert "not the row that the anchor has" in complaint(logged, "audit", "verify", "--expect", "4:" + "0" * 64)
    assert "no row of the audit log has the hash" in complaint(logged, "audit", "verify", "--expect", "0" * 64)
    assert "ID:HASH" in complaint(logged, "audit", "verify", "--expect", "4", code=2)


def test_an_export_is_private_whole_and_never_written_over(logged: Site, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    told = json.loads(dialer(logged, "audit", "export", str(file), "--kind", "dial", "--json").stdout)
    assert (told["rows"], told["head"].partition(":")[0]) == (2, "4")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "name a new file" in complaint(logged, "audit", "export", str(file))
    assert "No such file" in complaint(logged, "audit", "export", str(tmp_path / "no" / "log.jsonl"))
    assert json.loads(dialer(logged, "audit", "verify", "--against", str(file), "--json").stdout)["compared"] == 3
    tamper(logged, "DELETE FROM audit WHERE id = 4")
    tamper(logged, "UPDATE meta SET value = (SELECT '3:' || hash FROM audit WHERE id = 3) WHERE name = 'audit_head'")
    dialer(logged, "audit", "verify")
    assert "cut off" in complaint(logged, "audit", "verify", "--against", str(file))


def test_an_export_goes_to_standard_output(logged: Site) -> None:
    out = dialer(logged, "audit", "export", "-", "--since", "2026-06-15", "--frames").stdout
    first, *entries, last = map(json.loads, out.splitlines())
    assert first["since"] == "2026-06-15T00:00:00+00:00"
    assert [entry["id"] for entry in entries] == [2, 4]
    assert last == {"rows": 2}
    assert "--json tells" in complaint(logged, "audit", "export", "-", "--json", code=2)


@pytest.mark.parametrize(("text", "said"), [("junk", "is no instant"), ("2026-06-01T10:00", "has no offset")])
def test_instants_that_are_none_are_refused(logged: Site, text: str, said: str) -> None:
    assert said in complaint(logged, "audit", "show", "--since", text, code=2)


def test_entries_are_shown_newest_first(logged: Site) -> None:
    shown = json.loads(dialer(logged, "audit", "show", "--limit", "3", "--json").stdout)
    assert [entry["id"] for entry in shown] == [4, 3, 2]
    assert [entry["id"] for entry in json.loads(dialer(logged, "audit", "show", "--lead", "1", "--json").stdout)] == [
        3,
        1,
    ]
    assert f'"phone": "{NUMBER}"' in dialer(logged, "audit", "show", "--kind", "dial").stdout
    assert "no entries" in complaint(logged, "audit", "show", "--number", "212-555-0199", code=0)


def test_a_person_is_erased_only_when_it_is_meant(logged: Site) -> None:
    assert "say who" in complaint(logged, "person", "erase", code=2)
    assert "--dry-run" in complaint(logged, "person", "erase", "--lead", "1", code=2)
    assert "belong together" in complaint(logged, "person", "erase", "--lead", "1", "--waive", "x", "--yes", code=2)
    assert "there is no lead 9" in complaint(logged, "person", "erase", "--lead", "9", "--yes")
    assert "no lead has the number" in complaint(logged, "person", "erase", "--number", "2125550199", "--yes")
    arguments = ("person", "erase", "--lead", "1", "--waive", "us.none", "--because", "x", "--yes")
    assert "there are: de.sales.retention" in complaint(logged, *arguments)
    planned = dialer(logged, "person", "erase", "--number", "212-555-0101", "--dry-run").stdout
    assert "would be erased" in planned
    assert json.loads(dialer(logged, "leads", "list", "spring", "--json").stdout)[0]["phones"][0]["e164"] == NUMBER


def test_a_person_is_erased_and_the_log_is_still_right(logged: Site) -> None:
    arguments = ("person", "erase", "--number", "212-555-0101", "--request", "letter 12", "--yes", "--json")
    result = dialer(logged, *arguments)
    done = json.loads(result.stdout)
    assert (done["leads"], done["numbers"], done["kept"]) == ([1], [NUMBER], [])
    assert done["erased"]["audit"] == 2
    assert "backups" in result.stderr
    assert json.loads(dialer(logged, "audit", "verify", "--json").stdout)["erased"] == 2
    assert json.loads(dialer(logged, "dnc", "check", NUMBER, "--json").stdout)["listed"] is True
    assert "blanked: see row 5" in dialer(logged, "audit", "show").stdout
    assert "nobody" in complaint(logged, "person", "pending", code=0)


def test_what_the_law_asks_for_is_kept_told_and_pending(logged: Site) -> None:
    tamper(
        logged,
        "INSERT INTO consents (lead_id, phone, basis, purpose, obtained_at, evidence)"
        " SELECT lead_id, e164, 'express', 'sales', unixepoch(), 'form 7' FROM lead_phones",
    )
    tamper(logged, "UPDATE profiles SET key = 'America/New_York|US-NY|'")
    dialer(logged, "campaign", "set", "spring", "purpose=sales")
    result = dialer(logged, "person", "erase", "--lead", "1", "--yes")
    assert "kept, because the law asks for it" in result.stdout
    assert "16 CFR 310.5" in result.stdout
    (left,) = json.loads(dialer(logged, "person", "pending", "--json").stdout)
    assert (left["lead"], left["can_go_now"], left["rules"]) == (1, 0, ["us.sales.retention"])
    assert json.loads(dialer(logged, "person", "finish", "--yes", "--json").stdout) == []
    assert "add --yes" in complaint(logged, "person", "finish", code=2)
    arguments = ("person", "erase", "--lead", "1", "--waive", "us.sales.retention", "--because", "moved", "--yes")
    dialer(logged, *arguments)
    assert "nobody" in complaint(logged, "person", "pending", code=0)


def test_what_no_law_asks_for_is_told_and_purged(logged: Site) -> None:
    rows = {row["kind"]: row for row in json.loads(dialer(logged, "audit", "retention", "--json").stdout)}
    assert rows["dial"]["due"] == 0
    assert "add --yes" in complaint(logged, "audit", "purge", code=2)
    done = json.loads(dialer(logged, "audit", "purge", "--yes", "--json").stdout)
    assert done == {"blanked": 0, "removed": 0}
