import csv
import io
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.importing import ImportFileError, import_leads, importer
from campaigns.store import Store, StoreError, UnknownCampaign
from tests.campaigns.desk import Desk

MIXED = """First Name,Last_Name,PHONE,Alt Phone,Email,Favourite Colour,timezone
Ann,Lee,(212) 555-0101,212-555-0102,ann@example.org,red,
Bob,Ray,not a number,,,,
Cy,Fox,2125550101,,,,
Di,Moe,2125550103,,,blue,
Ed,Kay,8005550104,,,,
Flo,Jay,8005550105,,,,America/Denver
Gus,Ely,2125550106,,,,Mars/Olympus
,,,,,,
Hal,Orr,,,,,
Ivy,Poe,2125550107,12,,,
"""


def rejects_of(text: io.StringIO) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_each_row_is_counted_once_and_each_reject_explained(desk: Desk) -> None:
    desk.store.add_dnc("+12125550103", "test")
    rejects = io.StringIO()
    report = desk.load(MIXED, rejects=rejects)
    assert report.counts() == {
        "read": 9,
        "loaded": 4,
        "duplicate": 1,
        "invalid": 3,
        "dnc": 1,
        "no_timezone": 1,
    }
    rows = rejects_of(rejects)
    assert [(row["line"], row["First Name"]) for row in rows] == [
        ("3", "Bob"),
        ("4", "Cy"),
        ("5", "Di"),
        ("8", "Gus"),
        ("10", "Hal"),
    ]
    assert rows[0]["reason"] == "phone 'not a number': letters in the number" and rows[0]["PHONE"] == "not a number"
    assert rows[1]["reason"] == "phone +12125550101 is in line 2 already"
    assert rows[2]["reason"] == "on the do-not-call list: +12125550103"
    assert "'Mars/Olympus' is not an IANA zone" in rows[3]["reason"]
    assert rows[4]["reason"] == "no number"
    assert report.warnings == ["line 11: left out alt_phone '12': too few digits for US"]


def test_fields_numbers_zones_and_custom_columns(desk: Desk) -> None:
    desk.load(MIXED)
    leads = {lead["first_name"]: lead for lead in desk.store.leads("spring")}
    ann = leads["Ann"]
    assert (ann["last_name"], ann["email"], ann["custom"]) == ("Lee", "ann@example.org", {"Favourite Colour": "red"})
    assert [(phone["e164"], phone["zones"]) for phone in ann["phones"]] == [
        ("+12125550101", ["America/New_York"]),
        ("+12125550102", ["America/New_York"]),
    ]
    assert leads["Ed"]["phones"][0]["zones"] == []
    assert leads["Flo"]["phones"][0]["zones"] == ["America/Denver"]


def test_a_stated_zone_joins_those_of_each_number(desk: Desk) -> None:
    desk.load("phone,alt_phone,timezone\n6465550150,8005550104,Pacific/Honolulu\n")
    zones = {phone["e164"]: phone["zones"] for phone in desk.store.leads("spring")[0]["phones"]}
    assert zones == {"+16465550150": ["America/New_York", "Pacific/Honolulu"], "+18005550104": ["Pacific/Honolulu"]}
    half_past_eleven_in_new_york = datetime(2026, 6, 2, 3, 30, tzinfo=UTC)
    assert desk.refill(half_past_eleven_in_new_york) == []
    assert desk.one(datetime(2026, 6, 1, 19, 0, tzinfo=UTC)).phone.e164 == "+16465550150"


def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    desk.store.add_dnc("+12125550103", "test")
    dry_rejects, rejects = io.StringIO(), io.StringIO()
    before = desk.store.database.value("SELECT total_changes()")
    dry = desk.load(MIXED, dry_run=True, rejects=dry_rejects)
    assert desk.store.database.value("SELECT total_changes()") == before
    assert desk.store.leads("spring") == [] and desk.store.database.rows("SELECT * FROM lists") == []
    assert desk.load(MIXED, rejects=rejects).counts() == dry.counts()
    assert dry_rejects.getvalue() == rejects.getvalue()


def test_chunks_find_duplicates_across_their_edges(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "CHUNK_ROWS", 2)
    text = "phone\n" + "".join(f"21255501{last:02}\n" for last in (1, 2, 3, 1, 4, 3, 5))
    seen: list[int] = []
    dry = desk.load(text, dry_run=True)
    report = desk.load(text, progress=lambda report: seen.append(report.loaded))
    assert report.counts() == dry.counts()
    assert (report.loaded, report.duplicate) == (5, 2)
    assert seen == [2, 3, 4, 5]


def test_importing_again_adds_nothing(desk: Desk) -> None:
    desk.load("phone\n2125550101\n2125550102\n")
    rejects = io.StringIO()
    report = desk.load("phone,alt_phone\n2125550103,2125550102\n2125550104,\n", rejects=rejects)
    assert (report.loaded, report.duplicate) == (1, 1)
    assert rejects_of(rejects)[0]["reason"] == "alt_phone +12125550102 is lead 2's already"


def test_the_scope_of_duplicates(desk: Desk) -> None:
    text = "phone\n2125550101\n"
    desk.store.create_campaign("other", "telesales", "power")
    import_leads(desk.store, "other", io.StringIO(text))
    assert desk.load(text, duplicates="system").duplicate == 1
    assert desk.load(text, list_name="a").loaded == 1
    assert desk.load(text, list_name="b").duplicate == 1
    assert desk.load(text, list_name="b", duplicates="list").loaded == 1
    assert desk.load(text, list_name="b", duplicates="list").duplicate == 1
    assert [name for (name,) in desk.store.database.rows("SELECT name FROM lists ORDER BY id")] == ["import", "a", "b"]


def test_the_mapping_names_columns(desk: Desk) -> None:
    text = "Telephone Work,Name,Segment\n2125550101,Ann,gold\n"
    desk.load(text, mapping={"phone": "telephone work", "first_name": "Name", "tier": "Segment"})
    (lead,) = desk.store.leads("spring")
    assert (lead["phone"], lead["first_name"], lead["custom"]) == ("+12125550101", "Ann", {"tier": "gold"})
    with pytest.raises(ImportFileError, match="no column 'Tel' for phone; the file has: Telephone Work, Name, Segment"):
        desk.load(text, mapping={"phone": "Tel"})


def test_a_missing_phone_column_is_explained(desk: Desk) -> None:
    with pytest.raises(ImportFileError, match=r"no phone column; the file has: Name, Number.*--map phone=COLUMN"):
        desk.load("Name,Number\nAnn,2125550101\n")


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_delimiters_are_found_in_the_header(desk: Desk, delimiter: str) -> None:
    desk.load(f'first_name{delimiter}phone\n"Ann {delimiter} Lee"{delimiter}2125550101\n')
    assert desk.store.leads("spring")[0]["first_name"] == f"Ann {delimiter} Lee"


def test_rows_of_the_wrong_shape(desk: Desk) -> None:
    rejects = io.StringIO()
    text = 'phone,first_name\n2125550101\n2125550102,Bob,,\n2125550103,Cy,extra\n"2125550104"x,Di\n2125550105,Ed\n'
    report = desk.load(text, rejects=rejects)
    assert (report.read, report.loaded, report.invalid) == (5, 3, 2)
    rows = list(csv.reader(io.StringIO(rejects.getvalue())))[1:]
    assert rows[0][:2] == ["4", "3 cells under 2 columns; quote a cell that holds the delimiter"]
    assert rows[1][0] == "5" and "broken quoting" in rows[1][1]


def test_an_unclosed_quote_names_the_lines_it_swallowed(desk: Desk) -> None:
    text = 'phone,first_name\n2125550101,Ann\n2125550102,"Bob\n2125550103,Cy\n'
    with pytest.raises(ImportFileError, match=r"^line 3: broken quoting from line 3 to 4: .*Nothing was loaded"):
        desk.load(text)
    assert desk.store.leads("spring") == []
    rejects = io.StringIO()
    report = desk.load(text, rejects=rejects, keep_going=True)
    assert (report.loaded, report.invalid) == (1, 1)
    assert "broken quoting from line 3 to 4" in rejects.getvalue()


def test_a_quoted_cell_may_run_over_lines_and_lines_still_count_right(desk: Desk) -> None:
    rejects = io.StringIO()
    desk.load('phone,comments\r\n2125550101,"one\r\ntwo"\r\nbad,\r\n', rejects=rejects)
    assert desk.store.leads("spring")[0]["comments"] == "one\r\ntwo"
    assert rejects_of(rejects)[0]["line"] == "4"


def test_files_with_a_byte_order_mark_other_regions_and_a_rejects_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "uk.csv"
    path.write_bytes("\ufeffphone,first_name\n020 7946 0101,Zoë\nx,y\n".encode())
    rejects = tmp_path / "rejects.csv"
    report = import_leads(desk.store, "spring", path, region="GB", rejects=rejects)
    assert report.loaded == 1 and desk.store.leads("spring")[0]["first_name"] == "Zoë"
    assert rejects.read_text().splitlines() == [
        "line,reason,phone,first_name",
        "3,phone 'x': letters in the number,x,y",
    ]
    assert desk.store.database.rows("SELECT name FROM lists") == [("uk.csv",)]


def test_standard_input_and_binary_streams(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO("phone,first_name\n2125550101,Zoë\n".encode()), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert import_leads(desk.store, "spring", "-").loaded == 1
    assert not stdin.buffer.closed
    assert import_leads(desk.store, "spring", io.BytesIO(b"phone\n2125550102\n")).loaded == 1
    assert desk.store.leads("spring")[0]["first_name"] == "Zoë"


def test_files_that_cannot_be_imported(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.csv: cannot be read"):
        import_leads(desk.store, "spring", tmp_path / "none.csv")
    with pytest.raises(ImportFileError, match="empty"):
        desk.load("")
    good = tmp_path / "good.csv"
    good.write_text("phone\n2125550101\n")
    with pytest.raises(ImportFileError, match="would overwrite"):
        import_leads(desk.store, "spring", good, rejects=tmp_path / "." / "good.csv")
    with pytest.raises(StoreError, match="the rejects file cannot be written"):
        import_leads(desk.store, "spring", good, rejects=tmp_path / "nowhere" / "r.csv")
    assert good.read_text() == "phone\n2125550101\n"
    with pytest.raises(UnknownCampaign):
        import_leads(desk.store, "winter", good)


def test_a_lead_starts_with_the_first_number_whose_zone_is_known(desk: Desk) -> None:
    report = desk.load("phone,alt_phone\n8005550101,2125550101\n")
    assert report.no_timezone == 0
    assert desk.store.leads("spring")[0]["phone"] == "+12125550101"


def test_a_number_given_twice_in_a_row_is_one_number(desk: Desk) -> None:
    desk.load("phone,phone2\n2125550101,(212) 555-0101\n")
    assert len(desk.store.leads("spring")[0]["phones"]) == 1


def test_only_some_numbers_barred_does_not_bar_the_lead(desk: Desk) -> None:
    desk.store.add_dnc("+12125550101", "test")
    assert desk.load("phone,phone2\n2125550101,2125550102\n").loaded == 1
    assert desk.store.leads("spring")[0]["phone"] == "+12125550102"


@pytest.mark.parametrize("line", [2, 3, 777, 2001])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_that_is_not_in_the_encoding_is_found_in_its_line(desk: Desk, tmp_path: Path, line: int, end: str) -> None:
    """The file is read in blocks of some thousand bytes: the line must be right on each side of their edges."""
    rows = ["phone,first_name", *(f"212555{i:04},Ann Lee" for i in range(2, 2002))]
    rows[line - 1] += "\xeb"
    path = tmp_path / "latin.csv"
    path.write_bytes(end.join(rows).encode("latin-1"))
    with pytest.raises(ImportFileError, match=rf"^line {line}: not UTF-8 .* --encoding windows-1252"):
        import_leads(desk.store, "spring", path, dry_run=True, encoding="utf-8")


@pytest.mark.parametrize("mapping", [{}, {"phone": "telephone"}])
def test_a_file_without_a_header_is_told_so(desk: Desk, mapping: dict[str, str]) -> None:
    with pytest.raises(ImportFileError, match="Line 1 looks like a lead: put a line that names the columns"):
        desk.load("+12125550101,Ann\n+12125550102,Bob\n", mapping=mapping)
    with pytest.raises(ImportFileError) as raised:
        desk.load("Name,Number 2\nAnn,2125550101\n")
    assert "Line 1" not in str(raised.value)


def test_slash_dates_are_refused_and_rows_with_them_told(desk: Desk) -> None:
    rejects = io.StringIO()
    text = (
        "phone,consent,consent_at,consent_expires_at,debt_reference,balance,currency,due_date\n"
        "2125550101,express,01/11/2026,,,,,\n"
        "2125550102,express,2026-11-01,01/12/2026,,,,\n"
        "2125550103,,,,A1,5,USD,01/11/2026\n"
        "2125550104,express,2026-11-01,2027-11-01,A2,5,USD,2026-11-01 00:00:00\n"
    )
    report = desk.load(text, rejects=rejects, at=datetime(2026, 11, 22, tzinfo=UTC))
    assert (report.loaded, report.invalid) == (1, 3)
    columns = [row["reason"].split()[0] for row in rejects_of(rejects)]
    assert columns == ["consent_at", "consent_expires_at", "due_date"]
    assert all("2026-11-01 for 1 November 2026" in row["reason"] for row in rejects_of(rejects))


def test_states_that_are_not_understood_are_told_once(desk: Desk) -> None:
    states = ["ZZ", "NY", "ON", "Qx", "", "AE", "Texas"]
    rows = [f"21255501{place:02},{state}" for place, state in enumerate(states)]
    report = desk.load("phone,state\n" + "\n".join(rows) + "\n")
    assert report.loaded == len(states) and report.strange_states == 2
    assert report.warnings == ["2 rows have a state that is not understood, such as ZZ"]
    assert desk.load("phone,state,country\n2125550120,Kent,GB\n").warnings == []


def test_a_named_pipe_is_read_as_a_stream(desk: Desk, tmp_path: Path) -> None:
    pipe = tmp_path / "list.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=("phone,city\n2125550101,Orléans\n".encode("cp1252"),))
    writer.start()
    report = import_leads(desk.store, "spring", pipe)
    writer.join()
    assert (report.loaded, report.encoding, report.share) == (1, "windows-1252", None)


def test_a_consent_is_for_the_number_that_its_row_names(desk: Desk) -> None:
    rejects = io.StringIO()
    report = desk.load(
        "phone,mobile,consent,consent_phone\n"
        "2125550101,2125550102,express,(212) 555-0102\n"
        "2125550103,2125550104,ebr,'+12125550103\n"
        "2125550105,2125550106,ebr,\n"
        "2125550107,2125550108,,2125550199\n"
        "2125550109,2125550110,ebr,2125550199\n"
        "2125550111,2125550112,ebr,mobile\n",
        rejects=rejects,
    )
    assert (report.loaded, report.invalid) == (4, 2)
    assert desk.store.database.rows("SELECT lead_id, phone FROM consents ORDER BY id") == [
        *((1, "+12125550102"), (2, "+12125550103"), (3, "+12125550105"), (3, "+12125550106")),
    ]
    stranger, unreadable = (row["reason"] for row in rejects_of(rejects))
    assert stranger == "consent_phone +12125550199 is none of the row's numbers"
    assert unreadable.startswith("consent_phone 'mobile'")


@pytest.mark.parametrize("small", [1, 1000], ids=["staged", "at once"])
def test_so_is_one_of_a_further_debt_of_a_lead(store: Store, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "CHUNK_ROWS", small)
    store.create_campaign("spring", "collections", "power")
    header = "person,phone,mobile,debt_reference,balance,currency,consent,consent_phone\n"
    rows = ["P1,2125550101,2125550102,A1,5,USD,,", "P1,2125550101,2125550102,A2,5,USD,express,2125550102"]
    import_leads(store, "spring", io.StringIO(header + rows[0]))
    import_leads(store, "spring", io.StringIO(header + rows[1] + "\nP2,2125550103,,B1,5,USD,,\n"))
    assert store.database.rows("SELECT lead_id, phone FROM consents") == [(1, "+12125550102")]
