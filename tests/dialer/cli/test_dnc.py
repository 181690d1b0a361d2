import csv
import io
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dialer.cli import main
from dialer.site import Site

ONE, TWO = "+12125550101", "+12125550102"


def run(site: Site, *arguments: str, code: int = 0, stdin: str | None = None) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), "dnc", *arguments], input=stdin)
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout


def checked(site: Site, number: str = ONE) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(site, "check", number, "--json"))
    return document


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    path = tmp_path / "june.txt"
    path.write_text("212,5550101\n212,5550102\n")
    return path


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def test_check_tells_all_lists(site: Site, flat: Path) -> None:
    assert checked(site) == {"number": ONE, "listed": False, "source": None, "added_at": None, "hits": []}
    run(site, "add", ONE, "--campaign", "spring", "--days", "3", "--source", "letter")
    run(site, "import", str(flat), "--registry", "us-national", "--as-of", days_ago(2), "--full")
    run(site, "add", ONE)
    found = checked(site)
    assert (found["listed"], found["source"]) == (True, "manual")
    assert [(hit["scope"], hit["list"], hit["source"], hit["age_days"]) for hit in found["hits"]] == [
        ("site", "site", "manual", 0),
        ("campaign", "campaign spring", "letter", 0),
        ("registry", "us-national", "june.txt", 2),
    ]
    assert found["hits"][1]["expires_at"] is not None and found["hits"][2]["as_of"].startswith(days_ago(2))
    assert "campaign spring" in run(site, "check", ONE)


def test_a_registry_is_replaced_and_changed(site: Site, flat: Path, tmp_path: Path) -> None:
    full = ("--registry", "us-national", "--full", "--as-of")
    report = json.loads(run(site, "import", str(flat), *full, days_ago(9), "--json"))
    assert {key: report[key] for key in ("kind", "read", "added", "removed", "entries", "bad_lines")} == {
        "kind": "full",
        "read": 2,
        "added": 2,
        "removed": 0,
        "entries": 2,
        "bad_lines": [],
    }
    change = ("import", "-", "--registry", "us-national", "--change", "--as-of", days_ago(2), "--json")
    report = json.loads(run(site, *change, stdin="212,5550101,D\n305,5550101,A\n"))
    assert (report["added"], report["removed"]) == (1, 1)
    assert not checked(site)["listed"]
    flat.write_text("212,5550101\nhello\n")
    assert "Nothing was changed; --force" in run(site, "import", str(flat), *full, days_ago(1), code=1)
    assert not checked(site)["listed"]
    assert "warning" not in run(site, "import", str(flat), *full, days_ago(1), "--force")
    assert checked(site)["listed"]


def test_lists_warn_of_an_old_copy(site: Site, flat: Path) -> None:
    run(site, "import", str(flat), "--registry", "us-national", "--as-of", days_ago(32), "--full")
    rows = {row["list"]: row for row in json.loads(run(site, "lists", "--json"))}
    assert (rows["us-national"]["entries"], rows["us-national"]["age_days"], rows["us-national"]["stale"]) == (
        2,
        32,
        True,
    )
    assert rows["site"]["entries"] == 0
    result = CliRunner().invoke(main, ["--site", str(site.path), "dnc", "lists"])
    assert "the copy of us-national is 32 days old, and 31 are allowed" in result.stderr


def test_export_and_import_again(site: Site, tmp_path: Path) -> None:
    run(site, "add", ONE, "--source", "letter, of June")
    run(site, "add", TWO, "--campaign", "spring")
    rows = list(csv.DictReader(io.StringIO(run(site, "export"))))
    assert [(row["number"], row["scope"], row["source"]) for row in rows] == [
        (ONE, "site", "letter, of June"),
        (TWO, "campaign", "manual"),
    ]
    path = tmp_path / "spring.csv"
    run(site, "export", str(path), "--campaign", "spring")
    assert [row["number"] for row in csv.DictReader(path.open())] == [TWO]
    assert json.loads(run(site, "import", str(path), "--json"))["added"] == 1


def test_removal_says_where_a_number_still_is(site: Site) -> None:
    run(site, "add", ONE)
    run(site, "add", ONE, "--campaign", "spring")
    result = CliRunner().invoke(main, ["--site", str(site.path), "dnc", "remove", ONE, "--yes"])
    assert result.exit_code == 0 and "still on the list campaign spring" in result.stderr
    run(site, "remove", ONE, "--campaign", "spring", "--yes")
    assert not checked(site)["listed"]


def test_sweep_and_forget(site: Site, flat: Path) -> None:
    run(site, "import", str(flat), "--registry", "us-national", "--as-of", days_ago(2), "--full")
    assert run(site, "sweep") == "0 expired entries removed\n"
    assert "--yes" in run(site, "forget", "us-national", code=2)
    run(site, "forget", "us-national", "--yes")
    assert "no copy of us-national" in run(site, "forget", "us-national", "--yes", code=1)
    assert not checked(site)["listed"]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("import", "-", "--registry", "us-national", "--full"), 2, "--registry needs --as-of DATE"),
        (("import", "-", "--registry", "us-national", "--as-of", "2026-06-01"), 2, "--full or --change"),
        (("import", "-", "--registry", "tps", "--as-of", "2026-06-01", "--full"), 2, "begins with its country"),
        (("import", "-", "--full"), 2, "add --registry ID"),
        (("import", "-", "--as-of", "2026-06-01"), 2, "add --registry ID"),
        (("import", "-", "--force"), 2, "add --registry ID"),
        (("import", "-", "--registry", "us-national", "--days", "3"), 2, "--days is not for a registry"),
        (("import", "-", "--registry", "us-national", "--campaign", "spring"), 2, "--campaign is not for a registry"),
        (("import", "-", "--registry", "us-national", "--as-of", "1 June", "--full"), 2, "'1 June' is no instant"),
        (
            ("import", "-", "--registry", "gb-tps", "--as-of", "2026-06-01", "--full", "--area-codes", "020"),
            *(2, "for the whole country"),
        ),
        (
            ("import", "-", "--registry", "us-national", "--as-of", "2026-06-01", "--change", "--area-codes", "212"),
            *(2, "leave out the area codes"),
        ),
        (
            ("import", "/no/such/file", "--registry", "us-national", "--as-of", "2026-06-01", "--full"),
            1,
            "/no/such/file",
        ),
        (("import", "-", "--campaign", "autumn"), 1, "spring"),
        (("add", ONE, "--campaign", "autumn"), 1, "spring"),
        (("add", ONE, "--days", "3", "--expires", "2030-01-01"), 2, "give one of them"),
        (("add", ONE, "--expires", "2020-01-01"), 2, "would have expired already"),
        (("remove", ONE, "--campaign", "spring", "--yes"), 1, "not on the list of campaign spring"),
        (("export", "--registry", "us-national"), 1, "no copy of us-national"),
        (("export", "--registry", "us-national", "--campaign", "spring"), 2, "name one list"),
        (("export", "/no/such/directory/file.csv"), 1, "cannot be written"),
        (("forget", "tps", "--yes"), 2, "begins with its country"),
    ],
)
def test_errors_are_sentences_with_stable_codes(
    site: Site, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    assert complaint in run(site, *arguments, code=code, stdin="")


RULE = """[pack]
id = "ours"
title = "Ours"
version = "1"
jurisdiction = "US"
[[rule]]
id = "us.ours.registry"
where = ["US"]
type = "registry"
registry = { id = "us-own", max_age = "9d" }
effect = "block"
status = "in_force"
confidence = "H"
source = { cite = "House rule", url = "https://intranet.example", checked_on = "2026-11-20" }
"""


def test_only_registries_that_a_rule_asks_for_are_imported(site: Site, flat: Path) -> None:
    def imported(registry: str, code: int) -> str:
        return run(site, "import", str(flat), "--registry", registry, "--as-of", days_ago(1), "--full", code=code)

    assert "did you mean us-national" in imported("us-nationl", 2)
    assert "us-own" in imported("us-own", 2)
    assert all(each["registry"] is None for each in json.loads(run(site, "lists", "--json")))
    site.rules.mkdir()
    (site.rules / "ours.toml").write_text(RULE)
    imported("us-own", 0)
    assert "us-own" in {each["registry"] for each in json.loads(run(site, "lists", "--json"))}


def test_an_entry_for_days_does_not_hide_one_for_good(site: Site) -> None:
    assert "will not be called until" in run(site, "add", ONE, "--days", "5")
    run(site, "add", ONE)
    assert "stays barred for good: it is on the list site" in run(site, "add", ONE, "--days", "5")
    assert "stays barred for good for campaign spring" in run(site, "add", ONE, "--days", "5", "--campaign", "spring")
    run(site, "add", TWO, "--campaign", "spring")
    assert "will not be called until" in run(site, "add", TWO, "--days", "5")
    longer = run(site, "add", TWO, "--days", "9")
    assert run(site, "add", TWO, "--days", "2") == longer


def test_a_named_pipe_is_imported(site: Site, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(f"{ONE}\n{TWO}\n",))
    writer.start()
    counts = json.loads(run(site, "import", str(pipe), "--json"))
    writer.join()
    assert counts["added"] == 2
