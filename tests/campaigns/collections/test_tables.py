import io
from datetime import date

import pytest

from campaigns.collections.tables import Columns, Table, opened
from campaigns.database import StoreError
from campaigns.instants import day_of

COLUMNS = Columns(("debt", "amount"), ("note",), {"account": "debt"})


def rows(text: str | bytes) -> list[tuple[int, dict[str, str], str]]:
    source = io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)
    with opened(source, COLUMNS) as table:
        return [(line.number, dict(line.cells), line.error) for line in table.lines]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_names_and_empty_lines(delimiter: str) -> None:
    text = "Account,Amount,other\r\nA1,5,x\r\n\r\nA2,6\r\n".replace(",", delimiter)
    assert rows(text) == [
        (2, {"debt": "A1", "amount": "5", "other": "x"}, ""),
        (4, {"debt": "A2", "amount": "6", "other": ""}, ""),
    ]


def test_encodings_are_found_out() -> None:
    assert rows("\ufeffdebt,amount\nÄ1,5\n".encode()) == [(2, {"debt": "Ä1", "amount": "5"}, "")]
    assert rows("debt,amount\nÄ1,5\n".encode("utf-16")) == [(2, {"debt": "Ä1", "amount": "5"}, "")]


def test_rows_that_cannot_be_read() -> None:
    assert [(number, error) for number, _, error in rows('debt,amount\nA1,5,x,y\n"A"2,5\nA3,1\n')] == [
        (2, "4 cells under 2 columns; quote a cell that holds the delimiter"),
        (3, "broken quoting: ',' expected after '\"'"),
        (4, ""),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "debt, amount is missing"),
        ("debt,note\nA1,x\n", "amount is missing. Needed: debt, amount; also known: note"),
        ("debt,account,amount\nA1,A1,5\n", "names debt twice"),
    ],
)
def test_files_that_are_none_of_the_kind(text: str, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        rows(text)


def test_a_table_says_what_it_is() -> None:
    with opened(io.StringIO("debt,amount\n"), COLUMNS) as table:
        assert table == Table("import", ("debt", "amount"), table.lines)


def test_days() -> None:
    assert day_of("2026-02-28", "due") == day_of("2026-02-28T23:00:00", "due") == date(2026, 2, 28)
    for text in ("2026-02-30", "28.2.2026", ""):
        with pytest.raises(ValueError, match="due '"):
            day_of(text, "due")
