import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.places import whereabouts, zones_of_region
from campaigns.places.clocks import MAX_ZONES, known_zones, same_clock
from campaigns.places.regions import within
from campaigns.places.tables import area_codes, countries, region_names

NY, CHICAGO, DENVER, PHOENIX, LA = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
)
LOUISVILLE, BOISE, ADAK = "America/Kentucky/Louisville", "America/Boise", "America/Adak"
TORONTO, HALIFAX, BLANC_SABLON = "America/Toronto", "America/Halifax", "America/Blanc-Sablon"
AUSTRALIA = {f"Australia/{city}" for city in ("Adelaide", "Brisbane", "Darwin", "Lord_Howe", "Perth", "Sydney")}


@pytest.mark.parametrize(
    ("phone", "clues", "zones", "regions"),
    [
        ("+12125550123", {}, {NY}, {"US-NY"}),
        ("+16895550123", {}, {NY}, {"US-FL"}),
        ("+13645550123", {}, {CHICAGO, LOUISVILLE, NY}, {"US-KY"}),
        ("+19305550123", {}, {CHICAGO, NY}, {"US-IN"}),
        ("+14485550123", {}, {CHICAGO, NY}, {"US-FL"}),
        ("+14585550123", {}, {BOISE, LA}, {"US-OR"}),
        ("+15815550123", {}, {TORONTO, HALIFAX, BLANC_SABLON}, {"CA-QC"}),
        ("+13345550123", {}, {CHICAGO, NY}, {"US-AL"}),
        ("+14025550123", {}, {CHICAGO, DENVER}, {"US-NE"}),
        ("+15205550123", {}, {PHOENIX, DENVER}, {"US-AZ"}),
        ("+19285550123", {}, {PHOENIX, DENVER}, {"US-AZ"}),
        ("+19155550123", {}, {CHICAGO, DENVER}, {"US-TX"}),
        ("+19075550123", {}, {"America/Anchorage", ADAK}, {"US-AK"}),
        ("+61755501234", {}, {"Australia/Brisbane", "Australia/Sydney"}, {"AU-NSW", "AU-QLD"}),
        ("+61733334444", {}, {"Australia/Brisbane"}, {"AU-QLD"}),
        ("+61491570006", {}, AUSTRALIA, {"AU"}),
        ("+61491570006", {"state": "Qld"}, {"Australia/Brisbane", "Australia/Lindeman"}, {"AU-QLD"}),
        ("+61491570006", {"state": "WA"}, {"Australia/Eucla", "Australia/Perth"}, {"AU-WA"}),
        ("+61491570006", {"postcode": "2880"}, {"Australia/Broken_Hill"}, {"AU-NSW"}),
        ("+61491570006", {"country": "Australia"}, AUSTRALIA, {"AU"}),
        ("+61491570006", {"listed_zone": "Australia/ACT"}, {"Australia/Sydney"}, {"AU"}),
        ("+61491570006", {"state": "FL", "country": "US"}, set(), {"AU", "US-FL"}),
        ("+442079460123", {}, {"Europe/London"}, {"GB"}),
        ("+447700900123", {}, {"Europe/London"}, {"GB"}),
        ("+441534960123", {}, {"Europe/Jersey"}, {"JE"}),
        ("+917700900123", {}, {"Asia/Kolkata"}, {"IN"}),
        ("+34612345678", {}, {"Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary"}, {"ES"}),
        ("+34612345678", {"postcode": "38001"}, {"Atlantic/Canary"}, {"ES-CN"}),
        ("+33612345678", {}, {"Europe/Paris"}, {"FR"}),
        ("+33612345678", {"postcode": "97400"}, {"Europe/Paris", "Indian/Reunion"}, {"FR-974"}),
        ("+79261234567", {}, set(), {"RU"}),
        ("+74951234567", {}, {"Europe/Moscow"}, {"RU"}),
        ("+74012345678", {}, {"Europe/Kaliningrad"}, {"RU"}),
        ("+5597999999999", {}, {"America/Eirunepe", "America/Manaus"}, {"BR-AM"}),
        ("+525512345678", {}, {"America/Mexico_City"}, {"MX"}),
        ("+541112345678", {}, {"America/Argentina/Buenos_Aires"}, {"AR"}),
        ("+12125550123", {"country": "US", "state": "NY"}, {NY}, {"US-NY"}),
        ("+18505550123", {"state": "FL"}, {CHICAGO, NY}, {"US-FL"}),
        ("+13055550123", {"state": "FL"}, {NY}, {"US-FL"}),
        ("+12125550123", {"state": "FL"}, {CHICAGO, NY}, {"US-FL", "US-NY"}),
        ("+12125550123", {"state": "FL", "postcode": "33101"}, {NY}, {"US-FL", "US-NY"}),
        ("+12125550123", {"state": "CA", "postcode": "90001"}, {NY, LA}, {"US-CA", "US-NY"}),
        ("+12125550123", {"state": "FL", "postcode": "90001"}, {NY, CHICAGO, LA}, {"US-CA", "US-FL", "US-NY"}),
        ("+12125550123", {"region": "us-tx"}, {NY, CHICAGO, DENVER}, {"US-NY", "US-TX"}),
        ("+12125550123", {"region": "US-AZ", "postcode": "86515"}, {NY, DENVER}, {"US-AZ", "US-NY"}),
        ("+12125550123", {"postcode": "K1A 0B6"}, {NY, TORONTO}, {"CA-ON", "US-NY"}),
        ("+14165550123", {"postcode": "10001"}, {NY, TORONTO}, {"CA-ON", "US-NY"}),
        ("+14165550123", {"state": "CA"}, {TORONTO, LA}, {"CA-ON", "US-CA"}),
        ("+12125550123", {"country": "US"}, {NY}, {"US-NY"}),
        ("+12125550123", {"listed_zone": "US/Pacific"}, {NY, LA}, {"US-NY"}),
        ("+12125550123", {"country": "Narnia", "postcode": "?"}, {NY}, {"US-NY"}),
        ("+18005550123", {}, set(), set()),
        ("+15005550123", {}, set(), set()),
        ("+19005550123", {}, set(), set()),
        ("+448081570123", {}, set(), set()),
        ("+18005550123", {"postcode": "10001"}, {NY}, {"US-NY"}),
        ("+18005550123", {"country": "US"}, set(), {"US"}),
        ("+12125550123", {"state": "AE", "postcode": "09012"}, set(), {"US-NY"}),
        ("+12125550123", {"postcode": "96201"}, set(), {"US-NY"}),
        ("+12125550123", {"state": "AP"}, set(), {"US-NY"}),
        ("+971501234567", {"state": "AE"}, {"Asia/Dubai"}, {"AE"}),
        ("+12125550123", {"listed_zone": "EST"}, set(), {"US-NY"}),
        ("+13055550123", {"stated_zone": "America/Los_Angeles"}, {LA}, {"US-FL"}),
        ("+13055550123", {"stated_zone": "America/Los_Angeles", "stated_region": "US-CA"}, {LA}, {"US-CA"}),
        ("+13055550123", {"stated_region": "California", "postcode": "33101"}, {LA}, {"US-CA"}),
        ("+13055550123", {"stated_region": "US-TX"}, {CHICAGO, DENVER}, {"US-TX"}),
        ("+19155550123", {"stated_region": "US-TX", "postcode": "79901"}, {DENVER}, {"US-TX"}),
        ("+13055550123", {"stated_region": "US-FL", "state": "NY"}, {NY}, {"US-FL"}),
        ("+13055550123", {"stated_region": "US"}, {NY}, {"US-FL"}),
        ("+13055550123", {"stated_region": "US", "postcode": "90001"}, {NY, LA}, {"US-CA", "US-FL"}),
        ("+13055550123", {"stated_region": "GB"}, {"Europe/London"}, {"GB"}),
        ("+13055550123", {"stated_region": "Narnia"}, set(), set()),
        ("+13055550123", {"stated_zone": "EST"}, set(), {"US-FL"}),
        ("+12125550123", {"postcode": "09012", "stated_zone": "Europe/Berlin"}, {"Europe/Berlin"}, {"US-NY"}),
        ("garbage", {}, set(), set()),
    ],
)
def test_where_a_person_may_be(phone: str, clues: dict[str, str], zones: set[str], regions: set[str]) -> None:
    """The hour is the person's (47 CFR 64.1200(c)(1)), an area code presumes its state (Fla. Stat. 501.059(8)(d))."""
    found = whereabouts(phone, **clues)
    assert (set(found.zones), set(found.regions)) == (zones, regions)
    assert found.because


@pytest.mark.parametrize(
    ("phone", "clues", "reason"),
    [
        ("+18005550123", {}, "belongs to no place"),
        ("+79261234567", {}, "too many"),
        ("+12125550123", {"postcode": "09012"}, "military"),
        ("+12125550123", {"listed_zone": "EST"}, r"\(EST\) is no IANA zone"),
        ("+13055550123", {"stated_region": "Narnia"}, r"stated \(Narnia\) is not understood"),
        ("+12125550123", {"country": "Narnia", "state": "X"}, r"address \(X, Narnia\) is not understood"),
        ("+12125550123", {"postcode": "?"}, "postcode is not understood"),
        ("+13055550123", {"state": "FL"}, "as the number is"),
    ],
)
def test_the_reason_is_given(phone: str, clues: dict[str, str], reason: str) -> None:
    assert any(re.search(reason, note) for note in whereabouts(phone, **clues).because)


PHONES = st.one_of(
    st.sampled_from(sorted(area_codes())).map(lambda code: f"+1{code}5550123"),
    st.sampled_from(
        ["+61491570006", "+447700900123", "+18005550123", "+79261234567", "+61861234567", "+34612345678", ""]
    ),
)
AREA_CODED = st.sampled_from(sorted(area_codes())).map(lambda code: f"+1{code}5550123")
CLUES = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(["", "US-FL", "AU-WA", "GB", "nonsense"]),
        "postcode": st.sampled_from(["", "10001", "86045", "2000", "SW1A 1AA", "x", "09012"]),
        "country": st.sampled_from(["", "US", "Canada", "AUS", "Narnia"]),
        "state": st.sampled_from(["", "FL", "WA", "Ontario", "nsw", "AE", "?"]),
        "listed_zone": st.sampled_from(["", "US/Central", "Europe/London", "EST"]),
    },
)


@given(PHONES, CLUES)
def test_zones_are_few_canonical_and_loadable_and_regions_known(phone: str, clues: dict[str, str]) -> None:
    found = whereabouts(phone, **clues)
    assert len(found.zones) <= MAX_ZONES and list(found.zones) == sorted(set(found.zones))
    assert set(found.zones) <= known_zones() and all(ZoneInfo(zone) for zone in found.zones)
    assert set(found.regions) <= {*region_names(), *countries()} and list(found.regions) == sorted(set(found.regions))


@given(AREA_CODED, CLUES)
def test_more_clues_never_take_away_what_an_area_code_says(phone: str, clues: dict[str, str]) -> None:
    bare, found = whereabouts(phone), whereabouts(phone, **clues)
    assert all(any(within(one, region) for one in found.regions) for region in bare.regions)
    if found.zones:
        assert all(any(same_clock(zone, one) for one in found.zones) for zone in bare.zones)


@given(PHONES, CLUES, st.sampled_from(["US-CA", "US-TX", "GB", "AU-NSW"]), st.sampled_from(["", "America/Denver"]))
def test_what_the_person_said_replaces_the_rest(phone: str, clues: dict[str, str], region: str, zone: str) -> None:
    found = whereabouts(phone, **clues, stated_region=region, stated_zone=zone)
    assert set(found.regions) == {region} or all(within(one, region) for one in found.regions)
    assert set(found.zones) <= ({zone} if zone else set(zones_of_region(region))) and found.zones


@given(PHONES, CLUES)
def test_a_stated_zone_is_the_only_zone(phone: str, clues: dict[str, str]) -> None:
    assert whereabouts(phone, **clues, stated_zone="US/Mountain").zones == ("America/Denver",)


@pytest.mark.parametrize("area_code", sorted(area_codes()))
def test_every_area_code_alone_leaves_zones_to_call_in(area_code: str) -> None:
    assert whereabouts(f"+1{area_code}5550123").zones
