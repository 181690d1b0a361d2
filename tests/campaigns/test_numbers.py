import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.numbers import NumberError, is_possible, parse
from campaigns.places import regions_of


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        (" 1-212-555-0123 ", "US", "+12125550123"),
        ("+1 212 555 0123", "GB", "+12125550123"),
        ("2125550123 x45", "US", "+12125550123"),
        ("12125550123.0", "US", "+12125550123"),
        ("'2125550123", "US", "+12125550123"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)20 7946 0123", "US", "+442079460123"),
        ("0491 570 006", "AU", "+61491570006"),
        ("+15555550123", "US", "+15555550123"),
    ],
)
def test_numbers_as_people_write_them(text: str, region: str, e164: str) -> None:
    assert parse(text, region) == e164


@given(
    st.from_regex(r"[2-9][0-9]{2}", fullmatch=True),
    st.from_regex(r"[2-9][0-9]{6}", fullmatch=True),
    st.sampled_from(["{a}{b}{c}", "({a}) {b}-{c}", "+1{a}{b}{c}", "1-{a}-{b}-{c}", "+1 {a} {b} {c}", "{a}.{b}.{c}"]),
    st.sampled_from(["US", "CA"]),
)
def test_the_short_way_for_plain_numbers_agrees_with_the_parser(a: str, rest: str, form: str, region: str) -> None:
    text = form.format(a=a, b=rest[:3], c=rest[3:])
    number = phonenumbers.parse(text, region)
    if phonenumbers.is_valid_number(number) or regions_of(f"+1{a}{rest}"):
        assert parse(text, region) == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    elif not rest.startswith("55501"):
        with pytest.raises(NumberError, match="numbering plan"):
            parse(text, region)


@pytest.mark.parametrize("area_code", ["201", "212", "305", "512", "617", "689", "808", "907", "999", "800"])
@pytest.mark.parametrize("last", ["0100", "0155", "0199"])
def test_every_north_american_fiction_number_is_accepted(area_code: str, last: str) -> None:
    assert parse(f"{area_code}555{last}") == f"+1{area_code}555{last}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no number"),
        ("n/a", "letters"),
        ("1-800-FLOWERS", "letters"),
        ("555-0123", "no area code"),
        ("21255501", "too few digits"),
        ("212555012345", "too many digits"),
        ("1111111111", "no such number in the numbering plan of US"),
        ("+1 123 555 0123", "no such number"),
        ("2.12556E+09", "scientific notation"),
        ("+999123456", "country code"),
        ("---", "not a phone number"),
    ],
)
def test_garbage_is_rejected_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(NumberError, match=reason):
        parse(text)


def test_an_unknown_default_region_is_named() -> None:
    with pytest.raises(NumberError, match="'XX'"):
        parse("2125550123", "XX")


@pytest.mark.parametrize("area_code", ["465", "483", "621", "729"])
def test_an_area_code_newer_than_the_metadata_is_accepted(area_code: str) -> None:
    """NANPA opened 465 (New York City) in June 2026; the metadata of `phonenumbers` 9.0.43 does not have it."""
    assert parse(f"({area_code}) 234-5678") == f"+1{area_code}2345678"


def test_example_numbers_of_all_countries_are_numbers() -> None:
    for region in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number(region)
        assert example is not None
        e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert parse(e164) == e164


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("+12125550123", True),
        ("+441632960123", True),
        ("+61491570156", True),
        ("+11115550123", True),
        ("+1212555", False),
        ("+15550123", False),
        ("+1٢١٢٥٥٥٠١٢٣", False),
        ("12125550123", False),
        ("+9995550123", True),
    ],
)
def test_numbers_that_are_possible(text: str, possible: bool) -> None:
    assert is_possible(text) is possible
