import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dialer.cli import main
from dialer.site import Site

ONE, TWO = "+12125550101", "+12125550102"


def invoke(site: Site, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--site", str(site.path), "consent", *arguments])


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = invoke(site, *arguments)
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


def listed(site: Site, *who: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(site, "list", "spring", *who, "--json"))
    return rows


@pytest.fixture
def filled(site: Site, tmp_path: Path) -> Site:
    path = tmp_path / "leads.csv"
    path.write_text("phone,alt_phone\n2125550101,2125550102\n2125550103,\n")
    for command in (["leads", "import", "spring", str(path)], ["campaign", "set", "spring", "purpose=sales"]):
        result = CliRunner().invoke(main, ["--site", str(site.path), *command])
        assert result.exit_code == 0, result.output
    return site


def test_consents_come_and_go(filled: Site) -> None:
    given = ("--name", "Ada", "--request", "Call me", "--evidence", "form 1")
    result = invoke(
        filled,
        "add",
        "spring",
        ONE,
        "--basis",
        "written",
        "--purpose",
        "sales",
        "--at",
        "2026-05-01T10:00-04:00",
        *given,
    )
    assert (result.exit_code, result.stdout, result.stderr) == (0, "recorded\n", "")
    result = invoke(filled, "add", "spring", "1", "--basis", "ebr", "--purpose", "service")
    assert "does not show: name, request, date" in result.stderr
    assert "spring calls for sales, and this consent is for service" in result.stderr
    first, second = listed(filled)
    assert {key: first[key] for key in ("lead_id", "number", "basis", "purpose", "state", "name", "request")} == {
        "lead_id": 1,
        "number": ONE,
        "basis": "written",
        "purpose": "sales",
        "state": "valid",
        "name": "Ada",
        "request": "Call me",
    }
    assert (first["evidence"], first["obtained_at"], first["missing"]) == ("form 1", "2026-05-01T14:00:00+00:00", [])
    assert second["number"] is None
    assert [row["id"] for row in listed(filled, TWO)] == [second["id"]]
    assert listed(filled, "2") == []
    assert run(filled, "revoke", "spring", ONE, "--basis", "written") == "revoked\n"
    assert [row["state"] for row in listed(filled, "1")] == ["revoked", "valid"]
    assert "no consent that could be revoked" in run(filled, "revoke", "spring", ONE, "--basis", "written", code=1)


def test_import_with_rejects(filled: Site, tmp_path: Path) -> None:
    path, refused = tmp_path / "consents.csv", tmp_path / "refused.csv"
    path.write_text("number,basis\n2125550101,express\n2125550109,express\n")
    said = run(filled, "import", "spring", str(path), "--rejects", str(refused), code=1)
    assert "line 3: the campaign has no number +12125550109" in said and "1 of 2 rows were not recorded" in said
    assert refused.read_text().splitlines()[1].startswith("3,the campaign has no number")
    path.write_text("number,basis\n2125550101,express\n2125550103,ebr\n")
    report = json.loads(run(filled, "import", "spring", str(path), "--json"))
    assert report == {"read": 2, "added": 1, "already": 1, "rejected": 0, "rejects": []}


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("add", "autumn", "1", "--basis", "ebr"), 1, "spring"),
        (("add", "spring", "9", "--basis", "ebr"), 1, "no lead 9"),
        (("add", "spring", "+12125550109", "--basis", "ebr"), 1, "no lead with the number +12125550109"),
        (("add", "spring", "nobody", "--basis", "ebr"), 1, "give a lead's id or a number"),
        (("add", "spring", "1"), 2, "--basis"),
        (("add", "spring", "1", "--basis", "none"), 2, "inquiry"),
        (("add", "spring", "1", "--basis", "ebr", "--purpose", "fun"), 2, "survey"),
        (("add", "spring", "1", "--basis", "ebr", "--at", "2999-01-01"), 2, "cannot be of the future"),
        (("add", "spring", "1", "--basis", "ebr", "--at", "2026-01-01T10:00"), 2, "no offset from UTC"),
        (("add", "spring", "1", "--basis", "ebr", "--at", "2026-01-02", "--expires", "2026-01-01"), 2, "before it was"),
        (("revoke", "spring", "1"), 1, "dialer consent list spring 1"),
        (("revoke", "spring", "1", "--at", "2999-01-01"), 2, "takes effect at once"),
        (("import", "spring", "/no/such/file.csv"), 1, "/no/such/file.csv"),
    ],
)
def test_errors_are_sentences_with_stable_codes(
    filled: Site, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    assert complaint in run(filled, *arguments, code=code)


def test_a_revocation_in_one_campaign_reaches_the_others(filled: Site, tmp_path: Path) -> None:
    path = tmp_path / "autumn.csv"
    path.write_text("phone\n2125550102\n2125550109\n")
    for command in (
        ["campaign", "create", "autumn", "--kind", "telesales", "--mode", "power"],
        ["leads", "import", "autumn", str(path)],
        *(["consent", "add", "autumn", f"212555010{last}", "--basis", "express"] for last in (2, 9)),
    ):
        assert CliRunner().invoke(main, ["--site", str(filled.path), *command]).exit_code == 0
    assert run(filled, "revoke", "spring", TWO) == "revoked\n"
    rows = json.loads(run(filled, "list", "autumn", "--json"))
    assert [(row["number"], row["state"]) for row in rows] == [(TWO, "revoked"), ("+12125550109", "valid")]
