"""`dialer leads`: import and export as a manager uses them."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dialer.cli import main
from dialer.site import Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path / "site")
    assert dialer(made, "campaign", "create", "spring", "--kind", "telesales", "--mode", "power").exit_code == 0
    return made


def dialer(site: Site, *arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["--site", str(site.path), *arguments], input=stdin)


def test_the_encoding_is_said_and_stdout_stays_clean(site: Site, tmp_path: Path) -> None:
    file, rejects = tmp_path / "leads.csv", tmp_path / "rejects.csv"
    file.write_bytes("Tel;Name\n2125550101;Zoë\n2125550102;José\n2.1E+09;Bob\n".encode("cp1252"))
    done = dialer(
        site, "leads", "import", "spring", str(file), "--map", "phone=Tel", "--json", "--rejects", str(rejects)
    )
    assert json.loads(done.stdout) == {
        "read": 3,
        "loaded": 2,
        "duplicate": 0,
        "invalid": 1,
        "dnc": 0,
        "no_timezone": 0,
    }
    said, doubt = done.stderr.splitlines()
    assert said == "read as windows-1252; say --encoding to choose another"
    assert "not certain" in doubt and "'Zoë' would be 'ZoÎ' in mac-roman" in doubt
    (row,) = csv.DictReader(rejects.open(encoding="utf-8"))
    assert row["line"] == "4" and "spreadsheet" in row["reason"]


def test_standard_input_has_its_encoding_found_out_too(site: Site) -> None:
    text = "phone,first_name\n2125550101,Zoë\n2125550102,José\n"
    done = dialer(site, "leads", "import", "spring", "-", "--list", "june", stdin=text.encode("utf-16"))
    assert done.exit_code == 0 and "read as UTF-16" in done.stderr
    listed = json.loads(dialer(site, "leads", "list", "spring", "--json").stdout)
    assert [lead["first_name"] for lead in listed] == ["Zoë", "José"]


def test_a_damaged_file_fails_and_says_what_to_do(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "cut.csv"
    file.write_text('phone,first_name\n2125550101,Ann\n2125550102,"Bo')
    done = dialer(site, "leads", "import", "spring", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: line 3: the file ends in the middle of a quoted cell")
    assert dialer(site, "leads", "import", "spring", str(file), "--keep-going").exit_code == 0


def test_templates(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "acme.csv"
    file.write_bytes("Tel,Name\n020 7946 0101,Zoë\n".encode("mac_roman"))
    options = ("--map", "phone=Tel", "--map", "first_name=Name", "--encoding", "mac-roman", "--region", "GB")
    done = dialer(site, "leads", "import", "spring", str(file), *options, "--save-template", "acme")
    assert done.exit_code == 0, done.output
    file.write_bytes("Tel,Name\n020 7946 0102,Noël\n".encode("mac_roman"))
    assert dialer(site, "leads", "import", "spring", str(file), "--template", "acme").exit_code == 0
    listed = json.loads(dialer(site, "leads", "list", "spring", "--json").stdout)
    assert [(lead["phone"], lead["first_name"]) for lead in listed] == [
        ("+442079460101", "Zoë"),
        ("+442079460102", "Noël"),
    ]
    (saved,) = json.loads(dialer(site, "leads", "templates", "--json").stdout)
    assert (saved["name"], saved["encoding"], saved["mapping"]["phone"]) == ("acme", "mac-roman", "Tel")
    unknown = dialer(site, "leads", "import", "spring", str(file), "--template", "other")
    assert unknown.exit_code == 1 and "no template 'other'; there are: acme" in unknown.stderr
    assert dialer(site, "leads", "templates", "--remove", "acme").exit_code == 0
    assert dialer(site, "leads", "templates", "--remove", "acme").exit_code == 1


def test_a_template_of_a_dry_run_is_not_kept(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("phone\n2125550101\n")
    dialer(site, "leads", "import", "spring", str(file), "--dry-run", "--save-template", "x")
    assert json.loads(dialer(site, "leads", "templates", "--json").stdout) == []


def test_many_warnings_are_counted(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("phone,mobile\n" + "".join(f"21255501{n:02},none\n" for n in range(50)))
    done = dialer(site, "leads", "import", "spring", str(file))
    assert done.stderr.count("warning: line") == 20 and "warning: and 30 more like these" in done.stderr


def test_export_to_a_file_and_to_standard_output(site: Site, tmp_path: Path) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "out.csv"
    file.write_text("phone,first_name,tier\n2125550101,Ann,gold\n")
    dialer(site, "leads", "import", "spring", str(file))
    done = dialer(site, "leads", "export", "spring", str(out))
    assert (done.stdout, done.stderr) == ("", "1 rows\n")
    (row,) = csv.DictReader(out.open(encoding="utf-8", newline=""))
    assert (row["phone"], row["first_name"], row["tier"], row["result_status"]) == (
        "+12125550101",
        "Ann",
        "gold",
        "NEW",
    )
    shown = dialer(site, "leads", "export", "spring", "--format", "tsv").stdout
    assert next(csv.DictReader(io.StringIO(shown), delimiter="\t"))["tier"] == "gold"
    assert dialer(site, "leads", "export", "winter").exit_code == 1
    assert "no list 'x'" in dialer(site, "leads", "export", "spring", "--list", "x").stderr


def test_an_export_says_which_consents_have_no_place_in_it(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("phone,mobile\n2125550101,2125550102\n")
    dialer(site, "leads", "import", "spring", str(file))
    for number in ("2125550101", "2125550102"):
        dialer(site, "consent", "add", "spring", number, "--basis", "ebr", "--evidence", number)
    done = dialer(site, "leads", "export", "spring", str(tmp_path / "out.csv"))
    assert "left out: 1; see: dialer consent list spring" in done.stderr
