import pytest
import zipcodes
from hypothesis import given
from hypothesis import strategies as st

from campaigns.places import region_of_postcode, zones_of_postcode, zones_of_region
from campaigns.places.clocks import known_zones
from campaigns.places.postcodes import country_by_shape, is_military, place_of_postcode
from campaigns.places.tables import countries, postcode_ranges, region_names, zip_corrections

NY, CHICAGO, DENVER, PHOENIX = "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"


@pytest.mark.parametrize(
    ("country", "code", "region", "zones"),
    [
        ("US", "10001", "US-NY", {NY}),
        ("US", "10001-1234", "US-NY", {NY}),
        ("US", "2134", "US-MA", {NY}),
        ("US", "2134.0", "US-MA", {NY}),
        ("US", "021341000", "US-MA", {NY}),
        ("US", "32401", "US-FL", {CHICAGO}),
        ("US", "32456", "US-FL", {NY}),
        ("US", "79901", "US-TX", {DENVER}),
        ("US", "79855", "US-TX", {CHICAGO}),
        ("US", "86515", "US-AZ", {DENVER}),
        ("US", "86045", "US-AZ", {DENVER, PHOENIX}),
        ("US", "86042", "US-AZ", {DENVER, PHOENIX}),
        ("US", "85001", "US-AZ", {PHOENIX}),
        ("US", "36867", "US-AL", {CHICAGO, NY}),
        ("US", "89883", "US-NV", {DENVER, "America/Los_Angeles"}),
        ("US", "99634", "US-AK", {"America/Anchorage"}),
        ("US", "99546", "US-AK", {"America/Adak"}),
        ("US", "00901", "US-PR", {"America/Puerto_Rico"}),
        ("US", "901", "US-PR", {"America/Puerto_Rico"}),
        ("US", "96910", "US-GU", {"Pacific/Guam"}),
        ("US", "49801", "US-MI", {"America/Menominee"}),
        ("US", "46534", "US-IN", {"America/Indiana/Knox"}),
        ("US", "97914", "US-OR", {"America/Boise"}),
        ("US", "09012", "", set()),
        ("US", "00000", "", set()),
        ("US", "ABCDE", "", set()),
        ("US", "", "", set()),
        ("CA", "K1A 0B6", "CA-ON", {"America/Toronto"}),
        ("CA", "k1a0b6", "CA-ON", {"America/Toronto"}),
        ("CA", "M5V", "CA-ON", {"America/Toronto"}),
        ("CA", "P9N 1A1", "CA-ON", {"America/Toronto", "America/Winnipeg", "America/Atikokan"}),
        ("CA", "G4T 1A1", "CA-QC", {"America/Halifax"}),
        ("CA", "H2Y 1C6", "CA-QC", {"America/Toronto"}),
        ("CA", "V6B 1A1", "CA-BC", {"America/Vancouver"}),
        ("CA", "X0A 0H0", "CA-NU", {"America/Iqaluit", "America/Rankin_Inlet", "America/Cambridge_Bay"}),
        ("CA", "X1A 1A1", "CA-NT", {"America/Edmonton"}),
        ("CA", "Z1A 1A1", "", set()),
        ("GB", "SW1A 1AA", "GB", {"Europe/London"}),
        ("GB", "JE2 3AB", "JE", {"Europe/Jersey"}),
        ("GB", "IM1 1AA", "IM", {"Europe/Isle_of_Man"}),
        ("GB", "GY1 1AA", "GG", {"Europe/Guernsey"}),
        ("AU", "2000", "AU-NSW", {"Australia/Sydney"}),
        ("AU", "2880", "AU-NSW", {"Australia/Broken_Hill"}),
        ("AU", "2898", "AU-NSW", {"Australia/Lord_Howe"}),
        ("AU", "2600", "AU-ACT", {"Australia/Sydney"}),
        ("AU", "4000", "AU-QLD", {"Australia/Brisbane"}),
        ("AU", "6443", "AU-WA", {"Australia/Eucla", "Australia/Perth"}),
        ("AU", "800", "AU-NT", {"Australia/Darwin"}),
        ("AU", "0872", "AU", {"Australia/Adelaide", "Australia/Darwin", "Australia/Perth"}),
        ("AU", "7000", "AU-TAS", {"Australia/Hobart"}),
        ("IN", "400001", "IN", {"Asia/Kolkata"}),
        ("DE", "10115", "DE", {"Europe/Berlin"}),
        ("DE", "1067", "DE", {"Europe/Berlin"}),
        ("FR", "75001", "FR", {"Europe/Paris"}),
        ("FR", "97400", "FR-974", {"Indian/Reunion"}),
        ("FR", "97133", "FR-BL", {"America/St_Barthelemy"}),
        ("ES", "28001", "ES", {"Europe/Madrid"}),
        ("ES", "35001", "ES-CN", {"Atlantic/Canary"}),
        ("ES", "38001", "ES-CN", {"Atlantic/Canary"}),
        ("IT", "00118", "IT", {"Europe/Rome"}),
        ("PT", "9500-150", "PT-20", {"Atlantic/Azores"}),
        ("ZZ", "12345", "", set()),
    ],
)
def test_places_of_postcodes(country: str, code: str, region: str, zones: set[str]) -> None:
    assert region_of_postcode(country, code) == region
    assert set(zones_of_postcode(country, code)) >= zones
    assert len(zones_of_postcode(country, code)) == len(zones) or region in ("CA-NU", "CA-NT")


def test_an_unknown_zip_code_has_the_zones_of_its_neighbours() -> None:
    assert zones_of_postcode("US", "32400") == (CHICAGO, NY)
    assert set(zones_of_postcode("US", "37300")) == {CHICAGO, NY} and region_of_postcode("US", "37300") == "US-TN"


@pytest.mark.parametrize(
    ("code", "country"),
    [("K1A 0B6", "CA"), ("SW1A 1AA", "GB"), ("M5V", ""), ("10001", ""), ("", ""), ("W1A 1AA", "GB")],
)
def test_countries_by_the_shape_of_a_postcode(code: str, country: str) -> None:
    assert country_by_shape(code) == country


@pytest.mark.parametrize(
    ("code", "military"),
    [
        ("09012", True),
        ("9012", True),
        ("34001", True),
        ("96201", True),
        ("96601-1234", True),
        ("96701", False),
        ("10001", False),
    ],
)
def test_military_post_offices(code: str, military: bool) -> None:
    assert is_military(code) is military


def test_every_zip_code_of_the_database_has_a_zone_of_its_state() -> None:
    """But Wake Island's (96898), which the database has in Hawaii."""
    codes = [row["zip_code"] for row in zipcodes.list_all() if row["timezone"] and row["zip_code"] != "96898"]
    for code in codes:
        place = place_of_postcode("US", code)
        assert place.zones and set(place.zones) <= {z for region in place.regions for z in zones_of_region(region)}, (
            code
        )
    assert len(codes) > 40_000 and zones_of_postcode("US", "96898") == ("Pacific/Wake",)


def test_the_tables_are_of_known_regions_and_zones() -> None:
    for ranges in postcode_ranges().values():
        for one in ranges:
            assert len(one.first) == len(one.last) and one.first <= one.last
            assert all(region in region_names() or region in countries() for region in one.place.regions)
            assert set(one.place.zones) <= known_zones()
    assert zip_corrections() and all(set(zones) <= known_zones() for zones in zip_corrections().values())


@given(st.sampled_from(["US", "CA", "GB", "AU", "IN", "FR", "DE", "ES", "IT", "PT", ""]), st.text(max_size=12))
def test_any_text_is_a_place_with_zones_or_none(country: str, code: str) -> None:
    place = place_of_postcode(country, code)
    assert bool(place.regions) == bool(place.zones) and set(place.zones) <= known_zones()
