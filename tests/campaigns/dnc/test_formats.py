import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.database import StoreError
from campaigns.dnc.formats import numbers, plain_reader, registry_changes, registry_numbers
from campaigns.dnc.model import BadLine
from campaigns.dnc.registries import registry_of
from campaigns.numbers import parse

US, GB = registry_of("us-national"), registry_of("gb-tps")


@pytest.mark.parametrize(
    "line",
    [
        "212,5550101",
        '"212","5550101"',
        "2125550101",
        "(212) 555-0101",
        "+12125550101",
        "2125550101,Ada",
        " 212,5550101\r\n",
    ],
)
def test_a_full_list_in_all_its_forms(line: str) -> None:
    assert list(registry_numbers(["Area Code,Number", "# of June", "", line], US)) == [12125550101]


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("212,5550101,A,2026-06-01", (12125550101, True)),
        ("212,5550101,D,2026-06-01", (12125550101, False)),
        ("212,5550101,2026-06-01 10:00:00,A", (12125550101, True)),
        ("A,212,5550101", (12125550101, True)),
        ("2125550101;delete", (12125550101, False)),
        ('"212","5550101","D"', (12125550101, False)),
        ("+12125550101|add|x", (12125550101, True)),
    ],
)
def test_a_change_list_in_all_its_forms(line: str, change: tuple[int, bool]) -> None:
    assert list(registry_changes([line], US)) == [change]


@pytest.mark.parametrize("line", ["212,5550101", "212,5550101,A,D", "2125550101"])
def test_a_change_must_say_which_it_is(line: str) -> None:
    (bad,) = registry_changes([line], US)
    assert isinstance(bad, BadLine) and "A (added) or D (deleted)" in bad.reason and bad.text == line


def test_bad_lines_are_told_with_their_place() -> None:
    found = list(registry_numbers(["number", "", "212,5550101", "212,55501", "hello"], US))
    assert found[0] == 12125550101
    assert [(line.line, line.text) for line in found[1:] if isinstance(line, BadLine)] == [
        (4, "212,55501"),
        (5, "hello"),
    ]


def test_a_number_of_another_country_is_none_of_the_registry() -> None:
    bad: object
    (bad,) = registry_numbers(["+12125550101"], GB)
    assert isinstance(bad, BadLine) and "no number of the country of gb-tps (+44)" in bad.reason
    (bad,) = registry_changes(["+12125550101,A"], GB)
    assert isinstance(bad, BadLine) and bad.text == "+12125550101,A"


def test_xml_is_called_by_its_name() -> None:
    with pytest.raises(StoreError, match="flat text file"):
        list(registry_numbers(['<?xml version="1.0"?>', '<list><ac val="212">'], US))


def test_utf_16_is_called_by_its_name() -> None:
    with pytest.raises(StoreError, match=r"line 2.*UTF-16"):
        list(registry_numbers(["2125550101", "2\x001\x00"], US))


GB_DRAMA = st.one_of(
    st.integers(0, 999).map(lambda n: f"0207946{n:04}"), st.integers(0, 999).map(lambda n: f"07700900{n:03}")
)


@given(GB_DRAMA)
def test_the_short_way_reads_as_the_numbering_plan_does(text: str) -> None:
    assert plain_reader("GB")(text) == int(parse(text, "GB")[1:])


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("AU", "0491570156", 61491570156),
        ("FR", "0199001234", 33199001234),
        ("ES", "600000000", 34600000000),
        ("GB", "2079460101", None),
        ("GB", "442079460101", None),
        ("GB", "00442079460101", None),
        ("GB", "020 7946 0101", None),
        ("GB", "0207", None),
        ("ES", "346000000", None),
        ("IT", "0612345678", None),
        ("US", "2125550101", 12125550101),
        ("US", "1125550101", None),
    ],
)
def test_only_what_leaves_no_doubt_goes_the_short_way(region: str, text: str, number: int | None) -> None:
    assert plain_reader(region)(text) == number


def test_an_arabic_digit_is_no_surprise() -> None:
    assert plain_reader("GB")("\u0660207946010") is None
    assert plain_reader("US")("\u0662125550101") is None


@given(st.text(max_size=40))
def test_no_line_breaks_the_readers(text: str) -> None:
    line = text.replace("\0", "")
    for found in (*registry_numbers([line], US), *registry_changes([line], GB), *numbers([line], "DE")):
        assert found
