from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing import cells
from campaigns.importing.cells import CellError, Numbers
from campaigns.numbers import NumberError, parse

NUMBERS = Numbers()


@given(
    st.sampled_from(["{}{}{}", "({}) {}-{}", "+1{}{}{}", "1-{}-{}-{}", "{}.{}.{}"]),
    st.one_of(st.integers(200, 999), st.just(246)),
    st.integers(200, 999),
    st.integers(0, 9999),
    st.sampled_from(["US", "CA", "GB"]),
)
def test_the_short_way_finds_what_the_parser_finds(
    shape: str, area: int, exchange: int, line: int, region: str
) -> None:
    text = shape.format(area, exchange, f"{line:04}")
    try:
        wanted = parse(text, region)
    except NumberError as error:
        with pytest.raises(CellError) as raised:
            NUMBERS.e164(text, region)
        assert str(raised.value) == f"{text!r}: {error}"
    else:
        assert NUMBERS.e164(text, region) == wanted


@pytest.mark.parametrize(
    ("text", "meant"),
    [("'0123", "0123"), ("'+12125550101", "+12125550101"), ('="0123"', "0123"), ("'t", "t"), ("'", "'"), ("", "")],
)
def test_accounts_are_freed_of_what_excel_adds(text: str, meant: str) -> None:
    assert cells.account(text) == meant


def test_text_keeps_its_apostrophe() -> None:
    assert cells.unwrapped("'t Hooft") == "'t Hooft"
    assert cells.unwrapped('="say ""yes"""') == 'say "yes"'
    assert cells.unwrapped('="') == '="'


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("212-555-0101 x12", "12"),
        ("2125550101x12", "12"),
        ("212-555-0101 ext. 7", "7"),
        ("212-555-0101 #9", "9"),
        ("x12", ""),
    ],
)
def test_extensions(text: str, digits: str) -> None:
    assert cells.extension(text) == digits


@pytest.mark.parametrize(
    ("text", "region"), [("United Kingdom", "GB"), ("gb", "GB"), ("usa", "US"), ("Atlantis", "US"), ("", "US")]
)
def test_countries(text: str, region: str) -> None:
    assert cells.country_of(text, "US") == region


@pytest.mark.parametrize(
    ("text", "default", "region"),
    [
        ("44", "US", "GB"),
        ("+61", "US", "AU"),
        ("1", "CA", "CA"),
        ("1", "GB", "US"),
        ("x", "US", "US"),
        ("0", "US", "US"),
    ],
)
def test_telephone_codes(text: str, default: str, region: str) -> None:
    assert cells.region_of_code(text, default) == region


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [("2108", "US", "02108"), ("601", "US", "00601"), ("800", "AU", "0800"), ("W1A", "GB", "W1A"), ("12", "US", "12")],
)
def test_postal_codes_get_their_zeros_back(text: str, country: str, code: str) -> None:
    assert cells.postal_code(text, country) == code


def test_days_and_instants() -> None:
    assert cells.day("20260304", "due_date") == cells.day("2026-03-04 00:00", "due_date") == date(2026, 3, 4)
    assert cells.instant("2026-03-04T10:00:00+01:00", "consent_at") == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert cells.instant("2026-03-04", "consent_at") == datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(CellError, match="due_date 'soon' is not a day such as 2026-11-30"):
        cells.day("soon", "due_date")


@pytest.mark.parametrize("text", ["01/11/2026", "13/11/2026", "2026/11/01", "1.11.2026", "01-11-26", "1/11/26 09:30"])
def test_days_that_can_be_read_in_two_ways_are_refused(text: str) -> None:
    for read in (cells.day, cells.instant):
        with pytest.raises(CellError, match=r"due_date .* write year-month-day, 2026-11-01 for 1 November 2026"):
            read(text, "due_date")


def test_whole_numbers() -> None:
    assert [cells.whole(text, "rank") for text in ("", "7", "-3", "7.0")] == [0, 7, -3, 7]
    with pytest.raises(CellError, match="rank 'high' is not a whole number"):
        cells.whole("high", "rank")
