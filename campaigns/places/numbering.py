"""Phone numbers to places. A North American number is placed by its area code, others by the longest prefix known.

Area codes: NANPA's assignments (47 CFR 52.13) with the zones of the counties that each serves. They mend what the
tables of `phonenumbers` have wrong or lack: overlays with one zone where their parent has two (364, 448, 458, 531, 581,
930 and others), Orlando's 689, the Georgia line (334), Nebraska's west (402), the Navajo Nation (928, and 520 beside
it), Texas outside El Paso (915), Queensland's exchanges, Kaliningrad, Morocco.
"""

from functools import lru_cache

from campaigns.places.regions import zones_of_region
from campaigns.places.tables import NOWHERE, Place, area_codes, countries, prefixes


def regions_of(phone: str) -> tuple[str, ...]:
    """ISO 3166 regions that an E.164 number may belong to, sorted; () for toll-free and others without a place."""
    return place_of(prefix_of(phone)).regions


def prefix_of(phone: str) -> str:
    """The part of an E.164 number that says where it belongs; "" when the tables know nothing of it."""
    if phone.startswith("+1"):
        return phone[:5]
    known = _known_prefixes()
    return next((phone[:length] for length in range(min(_longest(), len(phone)), 1, -1) if phone[:length] in known), "")


@lru_cache(maxsize=4096)
def place_of(prefix: str) -> Place:
    """The place of a prefix, with its zones spelled out."""
    place = area_codes().get(prefix[2:], NOWHERE) if prefix.startswith("+1") else _known_prefixes().get(prefix, NOWHERE)
    zones = place.zones or tuple(sorted({zone for region in place.regions for zone in zones_of_region(region)}))
    return Place(place.regions, zones)


@lru_cache(maxsize=4096)
def says_country_only(prefix: str) -> bool:
    """Whether the number is somewhere in one country and no nearer, as mobiles are where they have no area code."""
    place = _known_prefixes().get(prefix, NOWHERE)
    return len(place.regions) == 1 and "-" not in place.regions[0] and not place.zones


@lru_cache(maxsize=1)
def _known_prefixes() -> dict[str, Place]:
    by_country = {f"+{one.calling_code}": Place((one.code,)) for one in countries().values() if one.calling_code}
    return by_country | prefixes()


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(map(len, _known_prefixes()))
