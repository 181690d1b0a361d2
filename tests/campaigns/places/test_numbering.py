"""Area codes and prefixes held against the tables of `phonenumbers`: each difference is here with its reason."""

import re

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType, geocoder
from phonenumbers.tzdata import TIMEZONE_DATA

from campaigns.places import regions_of, zones_of_region
from campaigns.places.clocks import known_zones, same_clock
from campaigns.places.numbering import place_of, prefix_of
from campaigns.places.tables import area_codes, countries, prefixes, region_names

# NANPA opened or assigned them after the metadata of `phonenumbers` 9.0.43, which knows nothing of them.
NEWER = {
    "357": "US-CA, over 559",
    "457": "US-LA, over 318",
    "465": "US-NY, over 718 since June 2026 (New York PSC, 23 January 2025)",
    "471": "US-MS, over 662",
    "483": "US-AL, over 334",
    "621": "US-TX, over 713",
    "679": "US-MI, over 313",
    "729": "US-TN, over 423",
    "837": "US-CA, over 530",
}

BRITISH_COLUMBIA = "an overlay of all the province, whose east and north keep other clocks (250)"
SASKATCHEWAN = "Lloydminster keeps Alberta's clock, Creighton Manitoba's; 474 is an overlay"
QUEBEC = "the Magdalen Islands keep Halifax's clock, the Lower North Shore keeps Atlantic standard time"
DIFFERENT_ZONES = {
    "236": BRITISH_COLUMBIA,
    "250": BRITISH_COLUMBIA,
    "257": BRITISH_COLUMBIA,
    "672": BRITISH_COLUMBIA,
    "778": BRITISH_COLUMBIA,
    "306": SASKATCHEWAN,
    "474": SASKATCHEWAN,
    "639": SASKATCHEWAN,
    "273": QUEBEC,
    "367": QUEBEC,
    "418": QUEBEC,
    "581": QUEBEC,
    "334": "Phenix City and Lanett keep Georgia's clock",
    "364": "an overlay of 270, which is mostly Central",
    "402": "the west of Cherry County is Mountain",
    "531": "an overlay of 402",
    "448": "an overlay of 850, whose west is Central",
    "458": "an overlay of 541, with Malheur County on Mountain time",
    "520": "beside the Navajo Nation's 928",
    "689": "Orlando is Eastern; the table says Chicago",
    "807": "Atikokan keeps standard time",
    "867": "three territories; the table names cities outside them",
    "879": "an overlay of 709 in Newfoundland; the table names Puerto Rico",
    "907": "the table names Honolulu for the Aleutians, which are Adak",
    "915": "the table leaves out the Central part outside El Paso",
    "930": "an overlay of 812, whose southwest is Central",
}


def in_service() -> dict[str, str]:
    """Area codes of a place that `phonenumbers` holds valid, and the country or territory of each."""
    found = {}
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]:
        pattern = re.compile(phonenumbers.PhoneMetadata.metadata_for_region(region).fixed_line.national_number_pattern)
        for area_code in range(200, 1000):
            if any(pattern.fullmatch(f"{area_code}{line:03}5678") for line in range(200, 1000)):
                found[str(area_code)] = region
    return found


def geocoded(area_code: str) -> set[str]:
    names = {name: region for region, all_names in region_names().items() for name in all_names if region[2] == "-"}
    found = set()
    for line in ("2345678", "5552345", "4572345"):
        number = phonenumbers.parse(f"+1{area_code}{line}")
        text = geocoder.description_for_number(number, "en").replace("Washington D.C.", "District of Columbia")
        text = (
            text.replace("Washington State", "Washington")
            .replace("Colombia", "Columbia")
            .replace("of Columbia", "of Columbia")
        )
        country = phonenumbers.region_code_for_number(number)
        for part in text.split("/"):
            abbreviated = re.search(r", ([A-Z]{2})$", part)
            region = f"{country}-{abbreviated[1]}" if abbreviated else names.get(part, "")
            found |= {region} - {""}
    return found


def test_every_area_code_in_service_is_known_and_no_other() -> None:
    assert set(area_codes()) - set(in_service()) == set(NEWER)
    assert set(in_service()) <= set(area_codes())


def test_area_codes_are_in_the_state_or_country_that_the_geocoder_says() -> None:
    own = {"AS": "US-AS", "GU": "US-GU", "MP": "US-MP", "PR": "US-PR", "VI": "US-VI"}
    for area_code, country in in_service().items():
        regions = set(regions_of(f"+1{area_code}5550123"))
        if country in ("US", "CA"):
            assert regions >= geocoded(area_code) and all(region.startswith(f"{country}-") for region in regions), (
                area_code
            )
        else:
            assert regions == {own.get(country, country)}, area_code


def test_newer_area_codes_are_where_the_code_under_them_is() -> None:
    for area_code, note in NEWER.items():
        region, parent = note[:5], re.search(r"over (\d{3})", note)
        assert (
            parent
            and area_codes()[area_code] == area_codes()[parent[1]]
            and area_codes()[area_code].regions == (region,)
        )


def test_zones_of_area_codes_differ_from_the_tables_only_where_it_is_known_why() -> None:
    """Clocks count, not names; whether some of the known ones differ is up to the zone database of the system."""
    for area_code in set(area_codes()) - set(NEWER):
        table = _table_zones(area_code)
        ours = place_of(f"+1{area_code}").zones
        agree = _covers(ours, table) and _covers(tuple(table), set(ours))
        assert agree or area_code in DIFFERENT_ZONES, area_code
        assert set(ours) != table or area_code not in DIFFERENT_ZONES, area_code


def _table_zones(area_code: str) -> set[str]:
    return {zone for key, zones in TIMEZONE_DATA.items() if key.startswith(f"1{area_code}") for zone in zones}


def _covers(zones: tuple[str, ...], others: set[str]) -> bool:
    return all(any(same_clock(zone, other) for zone in zones) for other in others)


def test_each_area_code_and_prefix_has_canonical_zones_and_known_regions() -> None:
    for prefix in [*(f"+1{code}" for code in area_codes()), *prefixes()]:
        place = place_of(prefix)
        assert set(place.zones) <= known_zones() and list(place.regions) == sorted(place.regions), prefix
        assert all(region in region_names() or region in countries() for region in place.regions), prefix
        assert bool(place.zones) == bool(place.regions), prefix


def test_an_area_code_has_no_zone_that_its_state_lacks() -> None:
    for area_code, place in area_codes().items():
        known = {zone for region in place.regions for zone in zones_of_region(region)}
        assert set(place.zones) <= known, area_code


@pytest.mark.parametrize(
    "area_code", ["800", "833", "844", "855", "866", "877", "888", "500", "521", "700", "900", "600"]
)
def test_area_codes_of_no_place(area_code: str) -> None:
    assert regions_of(f"+1{area_code}5550123") == ()


@pytest.mark.parametrize(
    ("phone", "regions"),
    [
        ("+12025550123", {"US-DC"}),
        ("+17875550123", {"US-PR"}),
        ("+16715550123", {"US-GU"}),
        ("+18765550123", {"JM"}),
        ("+16585550123", {"JM"}),
        ("+18495550123", {"DO"}),
        ("+12425550123", {"BS"}),
        ("+14165550123", {"CA-ON"}),
        ("+19025550123", {"CA-NS", "CA-PE"}),
        ("+18675550123", {"CA-NT", "CA-NU", "CA-YT"}),
        ("+442079460123", {"GB"}),
        ("+447700900123", {"GB"}),
        ("+441534960123", {"JE"}),
        ("+441481960123", {"GG"}),
        ("+441624960123", {"IM"}),
        ("+448081570123", set()),
        ("+917700900123", {"IN"}),
        ("+61255501234", {"AU-ACT", "AU-NSW"}),
        ("+61355501234", {"AU-NSW", "AU-TAS", "AU-VIC"}),
        ("+61491570006", {"AU"}),
        ("+611300975707", set()),
        ("+262692000000", {"FR-974"}),
        ("+590690000000", {"FR-971", "FR-BL", "FR-MF"}),
        ("+33612345678", {"FR"}),
        ("+34922123456", {"ES-CN"}),
        ("+351292123456", {"PT-20"}),
        ("+5568999999999", {"BR-AC"}),
        ("+77011234567", {"KZ"}),
        ("+999", set()),
        ("", set()),
    ],
)
def test_regions_of_numbers(phone: str, regions: set[str]) -> None:
    assert set(regions_of(phone)) == regions


def test_british_mobiles_belong_where_the_metadata_says() -> None:
    for beginning in range(7100, 8000):
        for middle in range(10):
            phone = f"+44{beginning}{middle}12345"
            number = phonenumbers.parse(phone)
            if phonenumbers.number_type(number) is PhoneNumberType.MOBILE:
                assert phonenumbers.region_code_for_number(number) in regions_of(phone), phone


# Numbers ported out of their area, reserved series, and errors (Saratov is UTC+4, Abkhazia UTC+3).
KNOWN_ELSEWHERE = {
    "34827",
    "55553682",
    "55673480",
    "55693527",
    "55925009",
    "7845",
    "7810",
    "7840",
    "617",
    "740",
    "52201",
}


def test_prefixes_elsewhere_cover_the_zones_of_the_tables() -> None:
    """The table's Australian 08 lumps three states together, and gives Sydney to exchanges in the west."""
    spellings = {"Europe/Bucharest": "Europe/Kaliningrad"}
    for key, zones in TIMEZONE_DATA.items():
        country = next((key[:n] for n in (1, 2, 3) if int(key[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), key)
        ours = place_of(prefix_of(f"+{key}00000000")).zones
        if country not in ("1", "61") and key not in KNOWN_ELSEWHERE and ours and key != country:
            assert _covers(ours, {spellings.get(zone, zone) for zone in zones}), key
