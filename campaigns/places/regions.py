"""Countries and states as lists write them, to ISO 3166 codes, and the zones of each."""

import re
import unicodedata
from functools import lru_cache

from campaigns.places.tables import countries, country_zones, region_names, region_zones

# Countries by their own code that are also a part of another one, whose law holds there.
_PART_OF = {
    "AS": "US-AS", "GU": "US-GU", "MP": "US-MP", "PR": "US-PR", "UM": "US-UM", "VI": "US-VI",
    "BL": "FR-BL", "GF": "FR-973", "GP": "FR-971", "MF": "FR-MF", "MQ": "FR-972", "RE": "FR-974", "YT": "FR-976",
}  # fmt: skip

# Where a state without a country is looked for. A code that two of them use means nothing by itself.
_HOMES = ("US", "CA", "AU")


@lru_cache(maxsize=8192)
def address_region(country: str, state: str) -> str:
    """ISO 3166-2 code of a country and state in free text, else the country's ISO 3166-1 code; "" when not understood.

    Full names, ISO codes, postal and traditional abbreviations are read, with or without accents and full stops. A
    country that is not understood makes the whole address so, since the same letters mean states in several countries.
    """
    home = _country(country)
    if country.strip() and not home:
        return _only(_states().get(_plain(country), {})) if not state.strip() else ""
    if "-" in home or not state.strip():
        return home
    return (_state_in(home, state) or _foreign(state) or home) if home else _homeless(state)


def region_of_code(code: str) -> str:
    """The region of an ISO 3166 code in any case ("us-fl"); overseas parts by their country's code; "" when unknown."""
    region = code.strip().upper()
    if region in region_names() or region in countries():
        return _PART_OF.get(region, region)
    return country_of(region) if "-" in region and country_of(region) in countries() else ""


def country_of(region: str) -> str:
    """The country of an ISO 3166 code: "US" of "US-FL"."""
    return region.partition("-")[0]


def within(inner: str, outer: str) -> bool:
    """Whether a region is the other one or a part of it."""
    return inner == outer or country_of(inner) == outer


@lru_cache(maxsize=1024)
def zones_of_region(region: str) -> tuple[str, ...]:
    """All zones of an ISO 3166 region, sorted; a subdivision without zones of its own has its country's; () unknown."""
    whole = _PART_OF.get(region, region)
    if whole in region_zones():
        return region_zones()[whole]
    country = country_of(whole)
    return region_zones().get(country) or country_zones().get(country, ())


@lru_cache(maxsize=256)
def zones_in(country: str) -> frozenset[str]:
    """Every zone of a country that any table knows, without its parts that are also countries by code."""
    home = (region for region in region_zones() if country_of(region) == country and region not in _PART_OF.values())
    return frozenset(country_zones().get(country, ())).union(*(region_zones()[region] for region in home))


@lru_cache(maxsize=16_384)
def _plain(text: str) -> str:
    """Lower-case letters and digits without accents. A slash stays, lest "n/a" be Namibia."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9/]", "", bare.casefold().replace("&", "and"))


def _country(text: str) -> str:
    code = _country_names().get(_plain(text), "")
    return _PART_OF.get(code, code)


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    names = {_plain(name): one.code for one in countries().values() for name in one.names}
    return names | {_plain(code): one.code for one in countries().values() for code in (one.code, one.alpha3)}


@lru_cache(maxsize=1)
def _states() -> dict[str, dict[str, str]]:
    """For each way to write a state, its region by country."""
    found: dict[str, dict[str, str]] = {}
    for region, names in region_names().items():
        country, _, code = region.partition("-")
        for name in (*names, code, region):
            found.setdefault(_plain(name), {})[country] = region
    return found


def _state_in(country: str, state: str) -> str:
    return _states().get(_plain(state), {}).get(country, "")


def _foreign(state: str) -> str:
    """A state whose full name is of one other country alone, in a list that gives one country to every row."""
    return _only(_states().get(_plain(state), {})) if len(_plain(state)) > 3 else ""


def _homeless(state: str) -> str:
    """A state without a country: of the countries that lists leave out, else a country written in its place."""
    regions = _states().get(_plain(state), {})
    homes = {country: region for country, region in regions.items() if country in _HOMES}
    if homes or len(_plain(state)) < 3:
        return _only(homes)
    return _foreign(state) or _country(state)


def _only(regions: dict[str, str]) -> str:
    return next(iter(regions.values())) if len(regions) == 1 else ""
