"""Files as people have them: each loads right, or is refused in words that a manager understands."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from campaigns.importing import Format, ImportReport, import_leads
from campaigns.store import StoreError
from tests.campaigns.desk import Desk

FILES = Path(__file__).parent / "files"

THREE = [("+12125550101", "Zoë", "Orléans"), ("+12125550102", "José", "Córdoba"), ("+12125550103", "Jürgen", "Köln")]


@dataclass
class Loaded:
    report: ImportReport
    leads: list[dict[str, object]]
    rejects: list[list[str]] = field(default_factory=list)

    def column(self, name: str) -> list[object]:
        return [lead[name] for lead in self.leads]


def loaded(desk: Desk, name: str, **options: object) -> Loaded:
    rejects = io.StringIO()
    report = import_leads(desk.store, "spring", FILES / name, rejects=rejects, **options)  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(rejects.getvalue())))[1:]
    return Loaded(report, desk.store.leads("spring"), rows)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("utf8.csv", ""),
        ("bom-crlf.csv", ""),
        ("cr-only.csv", ""),
        ("windows-1252.csv", "windows-1252"),
        ("mac-roman.csv", "mac-roman"),
        ("utf16-le-bom.txt", "UTF-16"),
        ("utf16-be-no-bom.csv", "UTF-16-BE"),
    ],
)
def test_encodings_are_found_out_and_said(desk: Desk, name: str, said: str) -> None:
    found = loaded(desk, name)
    assert found.report.encoding == said
    assert list(zip(found.column("phone"), found.column("first_name"), found.column("city"), strict=True)) == THREE


def test_cyrillic_is_not_taken_for_latin(desk: Desk) -> None:
    found = loaded(desk, "windows-1251.csv")
    assert found.report.encoding == "windows-1251"
    assert found.column("first_name") == ["Ольга", "Иван Петров", "Мария"]


def test_a_strange_letter_in_the_last_line_is_found(desk: Desk) -> None:
    found = loaded(desk, "latin-1-last-line.csv")
    assert (found.report.encoding, found.report.loaded) == ("windows-1252", 3001)
    assert (found.leads[-1]["first_name"], found.leads[-1]["city"]) == ("Zoë", "Orléans")


def test_an_encoding_that_is_said_is_taken(desk: Desk) -> None:
    found = loaded(desk, "mac-roman.csv", encoding="cp1252")
    assert found.report.encoding == "" and found.column("first_name")[0] == "Zo‘"
    with pytest.raises(StoreError, match="no encoding 'klingon'"):
        loaded(desk, "utf8.csv", encoding="klingon")


@pytest.mark.parametrize("name", ["semicolon.csv", "pipe.txt", "sep-line.csv", "no-newline-at-end.csv"])
def test_delimiters_and_ends(desk: Desk, name: str) -> None:
    found = loaded(desk, name)
    assert found.column("first_name") == ["Ann", "Bob"] and not found.rejects


def test_quotes(desk: Desk) -> None:
    found = loaded(desk, "quotes.csv")
    assert found.column("first_name") == ["Lee, Ann", "Bob", 'Cy "the fox" Fox']
    assert found.column("comments") == ['said "call me"', "two\nlines", "x"]


def test_shortened_numbers_are_refused_with_how_to_mend_them(desk: Desk) -> None:
    found = loaded(desk, "excel-scientific.csv")
    assert (found.report.loaded, found.report.invalid) == (1, 3)
    assert [row[0] for row in found.rejects] == ["2", "3", "4"]
    for row in found.rejects:
        assert "a spreadsheet shortened the number" in row[1] and "format the column as Text" in row[1]


def test_excel_text_cells(desk: Desk) -> None:
    found = loaded(desk, "excel-text.csv")
    assert found.column("phone") == ["+12125550101", "+12125550102", "+12125550103"]
    assert found.column("vendor_lead_code") == ["000123", "000124", "000125"]
    assert found.column("first_name") == ["Ann", "Bob", "'t Hooft"]


def test_leading_zeros(desk: Desk) -> None:
    found = loaded(desk, "leading-zeros.csv")
    assert found.column("vendor_lead_code") == ["0007", "0008", "0009"]
    assert found.column("postal_code") == ["02108"] * 3


def test_tails_of_decimals(desk: Desk) -> None:
    found = loaded(desk, "float-tails.csv")
    assert found.column("phone") == ["+12125550101", "+12125550102"]
    assert desk.store.database.rows("SELECT rank FROM leads ORDER BY id") == [(3,), (0,)]


def test_national_formats_mixed(desk: Desk) -> None:
    found = loaded(desk, "mixed-national.csv")
    british = [f"+44207946010{last}" for last in (1, 2, 3, 4)]
    assert found.column("phone") == ["+12125550101", *british, "+61491570156", "+442079460105"]


def test_extensions_are_kept_beside_the_number(desk: Desk) -> None:
    found = loaded(desk, "extensions.csv")
    assert found.column("custom") == [{"phone_extension": each} for each in ("123", "7", "44")]


def test_thousands_of_empty_lines_are_no_rows(desk: Desk) -> None:
    found = loaded(desk, "empty-lines.csv")
    assert found.report.counts()["read"] == 2 and found.column("first_name") == ["Ann", "Bob"]


def test_trailing_delimiters(desk: Desk) -> None:
    found = loaded(desk, "trailing-delimiters.csv")
    assert found.column("custom") == [{}, {}, {"column 3": "note"}]
    assert [row[:2] for row in found.rejects] == [
        ["5", "6 cells under 5 columns; quote a cell that holds the delimiter"]
    ]


def test_nul_bytes_spoil_their_rows_only(desk: Desk) -> None:
    found = loaded(desk, "nul-bytes.csv")
    assert found.column("first_name") == ["Ann", "Cy"]
    assert [row[:2] for row in found.rejects] == [
        [line, "NUL bytes: the file was damaged when it was written or copied"] for line in ("3", "5")
    ]


@pytest.mark.parametrize(
    ("name", "complaint", "rest"),
    [
        ("cut-in-quotes.csv", r"^line 4: the file ends in the middle of a quoted cell: it was cut off", 2),
        ("cut-in-row.csv", r"^line 4: the file ends in the middle of this row \(2 of 4 cells, no line end\)", 2),
        ("cut-in-character.csv", r"^line 3: not UTF-8 \(the file ends in the middle of a character\)", 1),
        ("stray-quote.csv", r"^line 3: broken quoting from line 3 to 5", 1),
    ],
)
def test_a_damaged_file_loads_nothing_or_what_can_be_read(desk: Desk, name: str, complaint: str, rest: int) -> None:
    with pytest.raises(StoreError, match=complaint) as raised:
        loaded(desk, name)
    assert "Nothing was loaded; with --keep-going the other rows are" in str(raised.value)
    assert desk.store.leads("spring") == [] and desk.store.database.rows("SELECT * FROM lists") == []
    found = loaded(desk, name, keep_going=True)
    assert (found.report.loaded, found.report.invalid, len(found.rejects)) == (rest, 1, 1)


def test_names_that_come_twice_in_the_header(desk: Desk) -> None:
    found = loaded(desk, "twice-in-header.csv")
    assert [len(lead["phones"]) for lead in found.leads] == [2, 1]  # type: ignore[arg-type]
    assert found.column("comments") == ["a", "c"] and found.column("custom") == [{"comments (2)": "b"}, {}]
    assert [warning.partition(";")[0] for warning in found.report.warnings] == [
        "line 1 names the column 'phone' more than once",
        "line 1 names the column 'comments' more than once",
    ]


def test_a_column_without_a_name(desk: Desk) -> None:
    assert loaded(desk, "no-name-in-header.csv").column("custom") == [{"column 2": "gold"}, {}]


def test_a_header_alone_is_said(desk: Desk) -> None:
    found = loaded(desk, "header-only.csv")
    assert not any(found.report.counts().values())
    assert found.report.warnings == ["the file names columns, but no lead follows"]
    assert desk.store.database.rows("SELECT * FROM lists") == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nothing.csv", "the file is empty"),
        ("no-header.csv", "Line 1 looks like a lead: put a line that names the columns above it"),
        ("vicidial.txt", "VICIdial's standard order: say --format vicidial"),
        ("workbook.xlsx", r"an Excel workbook \(\.xlsx\), not a text file: .* save it as 'CSV UTF-8"),
        ("leads.zip", "a ZIP archive, not a text file: unpack it first"),
        ("leads.csv.gz", "a gzip archive, not a text file: unpack it first"),
        ("list.pdf", "a PDF document, not a text file: a PDF holds no table"),
        ("old.xls", r"an old Excel workbook \(\.xls\), not a text file"),
        ("page.xls", "an HTML page .*, not a text file"),
        ("leads.json", "a JSON document, not a text file"),
    ],
)
def test_what_is_no_list_is_called_by_its_name(desk: Desk, name: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint):
        loaded(desk, name)


def test_vicidials_standard_order(desk: Desk) -> None:
    found = loaded(desk, "vicidial.txt", file_format=Format.VICIDIAL)
    ann, bo = found.leads
    assert [phone["e164"] for phone in ann["phones"]] == ["+12125550101", "+12125550102"]  # type: ignore[index, attr-defined]
    assert (ann["vendor_lead_code"], ann["title"], ann["city"], ann["comments"]) == ("123", "Mr", "New York", "note")
    assert ann["custom"]["middle"] == "M"  # type: ignore[index]
    assert bo["phone"] == "+442079460101"
    assert desk.store.database.rows("SELECT rank, owner FROM leads ORDER BY id") == [(5, "joe"), (0, "")]
    assert [row[:2] for row in found.rejects] == [["3", "the file says that its status is DNC"]]
    assert found.report.counts()["dnc"] == 1


def test_a_file_with_a_header_is_not_in_vicidials_order(desk: Desk) -> None:
    with pytest.raises(StoreError, match="no telephone number in the fifth"):
        loaded(desk, "utf8.csv", file_format=Format.VICIDIAL)
