"""Postcodes to places: the `zipcodes` package for the United States, ranges for other countries of the rule packs."""

import re
from functools import lru_cache

import zipcodes

from campaigns.places.clocks import canonical_zone
from campaigns.places.regions import zones_of_region
from campaigns.places.tables import NOWHERE, Place, postcode_ranges, region_names, zip_corrections

_SHAPES = {
    "AU": re.compile(r"\d{4}"),
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[A-Z](?:\d[A-Z]\d)?"),
    "DE": re.compile(r"\d{5}"),
    "ES": re.compile(r"\d{5}"),
    "FR": re.compile(r"\d{5}"),
    "GB": re.compile(r"(?:GIR|[A-Z]{1,2}\d[A-Z\d]?)(?:\d[A-Z]{2})?"),
    "IN": re.compile(r"[1-8]\d{5}"),
    "IT": re.compile(r"\d{5}"),
    "PT": re.compile(r"\d{4}(?:\d{3})?"),
    "US": re.compile(r"\d{5}(?:\d{4})?"),
}

# Spreadsheets drop leading zeros: how long a code of digits is with them.
_DIGITS = {"AU": 4, "DE": 5, "ES": 5, "FR": 5, "IT": 5, "US": 5}

_BRITISH = frozenset({"GB", "GG", "IM", "JE"})
_FRENCH = frozenset({"FR", "MC", "NC", "PF", "PM", "WF"})

_MILITARY = frozenset({"AA", "AE", "AP"})
_MILITARY_ZIP = re.compile(r"(?:09\d|340|96[2-6])\d\d(?:\d{4})?")


def zones_of_postcode(country: str, code: str) -> tuple[str, ...]:
    """Zones of a postcode, sorted; `country` is ISO 3166-1 alpha-2. () when it is not understood or may be anywhere.

    A ZIP code that the database does not know gets the zones of all that begin with the same three digits.
    """
    return place_of_postcode(country, code).zones


def region_of_postcode(country: str, code: str) -> str:
    """ISO 3166 region of a postcode: the subdivision where it says one, else the country; "" when not understood."""
    regions = place_of_postcode(country, code).regions
    if len(regions) == 1:
        return regions[0]
    parents = {region.partition("-")[0] for region in regions}
    return parents.pop() if len(parents) == 1 else ""


def country_by_shape(code: str) -> str:
    """The country whose postcodes alone look like this: Canadian or British; "" for all that are of digits."""
    text = _tidy(code)
    full = {"CA": r"[A-Z]\d[A-Z]\d[A-Z]\d", "GB": r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}"}
    return next((country for country, shape in full.items() if re.fullmatch(shape, text)), "")


@lru_cache(maxsize=4096)
def place_of_postcode(country: str, code: str) -> Place:
    """The place of a postcode with its zones spelled out; an empty one when it is not understood."""
    plan = "GB" if country in _BRITISH else "FR" if country in _FRENCH else country
    text = _tidy(code, plan)
    if plan not in _SHAPES or not _SHAPES[plan].fullmatch(text):
        return NOWHERE
    return _zip(text[:5]) if plan == "US" else _in_ranges(plan, text)


def is_military_state(state: str) -> bool:
    """Whether an American address has one of the "states" of military post: AA, AE, AP (USPS Publication 28, 225)."""
    return state.strip().upper() in _MILITARY


def is_military(code: str) -> bool:
    """Whether a ZIP code is of a military post office (APO, FPO, DPO), whose holder may be anywhere in the world."""
    return bool(_MILITARY_ZIP.fullmatch(_tidy(code, "US")))


def _tidy(code: str, country: str = "") -> str:
    text = re.sub(r"[\s.-]", "", re.sub(r"^(\d+)\.0$", r"\1", code.strip())).upper()
    if country not in _DIGITS or not text.isdecimal():
        return text
    return text.zfill(_DIGITS[country] if len(text) <= _DIGITS[country] else 9)


def _in_ranges(country: str, text: str) -> Place:
    place = NOWHERE
    for one in postcode_ranges()[country]:
        if one.first <= text[: len(one.first)] <= one.last:
            place = one.place
    zones = place.zones or tuple(sorted({zone for region in place.regions for zone in zones_of_region(region)}))
    return Place(place.regions, zones)


def _zip(text: str) -> Place:
    listed = _zips(text[0]).get(text[:3], {}).get(text)
    if not listed:
        return _zip_neighbours(text[:3])
    state, zone = listed
    return _shared((_state_region(state),), _zip_zones(text, zone))


@lru_cache(maxsize=1000)
def _zip_neighbours(beginning: str) -> Place:
    known = _zips(beginning[0]).get(beginning, {})
    regions = {_state_region(state) for state, _ in known.values()}
    zones = {zone for code, (_, listed) in known.items() for zone in _zip_zones(code, listed)}
    return _shared(tuple(sorted(regions)), tuple(sorted(zones)))


@lru_cache(maxsize=2048)
def _shared(regions: tuple[str, ...], zones: tuple[str, ...]) -> Place:
    """One object for all postcodes of the same place, since there are forty thousand of them."""
    return Place(regions, zones)


@lru_cache(maxsize=10)
def _zips(first_digit: str) -> dict[str, dict[str, tuple[str, str]]]:
    """State and zone by the first three digits and by ZIP code, for a tenth of the country. Military post offices have
    no zone: left out."""
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in zipcodes.similar_to(first_digit):  # type: ignore[no-untyped-call]
        if row["timezone"]:
            code, pair = row["zip_code"], (row["state"], row["timezone"])
            found.setdefault(code[:3], {})[code] = pairs.setdefault(pair, pair)
    return found


def _state_region(state: str) -> str:
    return f"US-{state}" if f"US-{state}" in region_names() else state


def _zip_zones(code: str, zone: str) -> tuple[str, ...]:
    return zip_corrections().get(code) or (canonical_zone(zone),)
