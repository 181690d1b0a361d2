from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.places import address_region, zones_of_region
from campaigns.places.clocks import known_zones
from campaigns.places.regions import country_of, region_of_code, within, zones_in
from campaigns.places.tables import countries, region_names


@pytest.mark.parametrize(
    ("country", "state", "region"),
    [
        ("US", "FL", "US-FL"),
        ("usa", "fla.", "US-FL"),
        ("United States", "Florida", "US-FL"),
        ("U.S.A.", "florida ", "US-FL"),
        ("", "FL", "US-FL"),
        ("", "N.Y.", "US-NY"),
        ("", "W. Va.", "US-WV"),
        ("US", "US-TX", "US-TX"),
        ("US", "", "US"),
        ("US", "Freedonia", "US"),
        ("US", "Ontario", "CA-ON"),
        ("US", "Puerto Rico", "US-PR"),
        ("PR", "", "US-PR"),
        ("US", "D.C.", "US-DC"),
        ("US", "Washington", "US-WA"),
        ("Canada", "Ontario", "CA-ON"),
        ("", "Ontario", "CA-ON"),
        ("CA", "Québec", "CA-QC"),
        ("CAN", "PQ", "CA-QC"),
        ("CA", "CA", "CA"),
        ("", "CA", "US-CA"),
        ("", "ON", "CA-ON"),
        ("AU", "NSW", "AU-NSW"),
        ("", "NSW", "AU-NSW"),
        ("Australia", "W.A.", "AU-WA"),
        ("AU", "wa", "AU-WA"),
        ("US", "WA", "US-WA"),
        ("", "WA", ""),
        ("", "NT", ""),
        ("UK", "", "GB"),
        ("GBR", "Kent", "GB"),
        ("United Kingdom", "", "GB"),
        ("England", "", "GB"),
        ("", "Scotland", "GB"),
        ("Jersey", "", "JE"),
        ("IN", "Maharashtra", "IN"),
        ("", "IN", "US-IN"),
        ("DE", "Bayern", "DE"),
        ("Deutschland", "", "DE"),
        ("España", "Las Palmas", "ES-CN"),
        ("France", "La Réunion", "FR-974"),
        ("Réunion", "", "FR-974"),
        ("Brasil", "São Paulo", "BR-SP"),
        ("MEX", "CDMX", "MX-CMX"),
        ("Côte d’Ivoire", "", "CI"),
        ("Georgia", "", "GE"),
        ("", "Georgia", "US-GA"),
        ("Ontario", "", "CA-ON"),
        ("Narnia", "", ""),
        ("Narnia", "FL", ""),
        ("", "", ""),
        (" - ", "n/a", ""),
    ],
)
def test_addresses_as_lists_have_them(country: str, state: str, region: str) -> None:
    assert address_region(country, state) == region


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("us-fl", "US-FL"),
        ("GB", "GB"),
        ("RE", "FR-974"),
        ("PR", "US-PR"),
        ("IN-MH", "IN"),
        ("XX-1", ""),
        ("FLORIDA", ""),
    ],
)
def test_codes(code: str, region: str) -> None:
    assert region_of_code(code) == region


@pytest.mark.parametrize(
    ("region", "some", "not_these"),
    [
        ("US-TX", {"America/Chicago", "America/Denver"}, {"America/New_York"}),
        ("US-FL", {"America/Chicago", "America/New_York"}, set()),
        ("US-TN", {"America/Chicago", "America/New_York"}, set()),
        ("US-KY", {"America/Chicago", "America/Kentucky/Louisville"}, set()),
        ("US-IN", {"America/Chicago", "America/Indiana/Knox", "America/Indiana/Indianapolis"}, set()),
        ("US-MI", {"America/Detroit", "America/Menominee"}, set()),
        ("US-ID", {"America/Boise", "America/Los_Angeles"}, set()),
        ("US-OR", {"America/Boise", "America/Los_Angeles"}, set()),
        ("US-AZ", {"America/Denver", "America/Phoenix"}, set()),
        ("US-AK", {"America/Anchorage", "America/Adak"}, {"Pacific/Honolulu"}),
        ("AU-NSW", {"Australia/Sydney", "Australia/Broken_Hill", "Australia/Lord_Howe"}, set()),
        ("AU-WA", {"Australia/Perth", "Australia/Eucla"}, set()),
        ("AU-QLD", {"Australia/Brisbane"}, {"Australia/Sydney"}),
        ("CA-QC", {"America/Toronto", "America/Halifax", "America/Blanc-Sablon"}, set()),
        ("GB", {"Europe/London"}, {"Europe/Jersey"}),
        ("UA", {"Europe/Kyiv"}, {"Europe/Simferopol"}),
        ("IN-MH", {"Asia/Kolkata"}, set()),
        ("ES-CN", {"Atlantic/Canary"}, {"Europe/Madrid"}),
        ("MA", {"Africa/Casablanca"}, set()),
    ],
)
def test_zones_of_regions(region: str, some: set[str], not_these: set[str]) -> None:
    assert some <= set(zones_of_region(region)) and not not_these & set(zones_of_region(region))


def test_every_region_has_canonical_zones_that_load() -> None:
    without = {"BV", "HM"}
    for region in {*countries(), *region_names()} - without:
        zones = zones_of_region(region)
        assert zones and list(zones) == sorted(zones) and set(zones) <= known_zones(), region
        assert all(ZoneInfo(zone) for zone in zones)
    assert not any(zones_of_region(region) for region in without)


def test_zones_in_a_country_are_all_its_states_but_not_its_overseas_parts() -> None:
    assert {"Australia/Eucla", "Australia/Sydney"} <= zones_in("AU")
    assert zones_in("FR") == {"Europe/Paris"} and "Pacific/Guam" not in zones_in("US")
    assert zones_in("ES") == {"Africa/Ceuta", "Atlantic/Canary", "Europe/Madrid"}


@given(st.sampled_from(sorted(region_names())))
def test_a_state_is_found_by_each_of_its_names_with_its_country(region: str) -> None:
    country = country_of(region)
    for name in (*region_names()[region], region.partition("-")[2], region):
        assert address_region(country, name.upper()) == region
    assert within(region, country) and within(region, region) and not within(country, region)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_known_region_or_none(country: str, state: str) -> None:
    region = address_region(country, state)
    assert not region or region in region_names() or region in countries()
