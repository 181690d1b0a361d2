"""Everything that is known of where a person is, joined: a call must be legal in every zone and under every region."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from campaigns.places.clocks import MAX_ZONES, canonical_zone, settled
from campaigns.places.numbering import place_of, prefix_of, says_country_only
from campaigns.places.postcodes import country_by_shape, is_military, is_military_state, place_of_postcode
from campaigns.places.regions import address_region, country_of, region_of_code, within, zones_in, zones_of_region
from campaigns.places.tables import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All IANA zones and ISO 3166 regions that a person may be in, sorted, and in sentences what they follow from.

    No zones: the place is unknown or too vague, so no hour is known to be legal; `because` ends with the reason.
    """

    zones: tuple[str, ...]
    regions: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """What one clue says: a place and a sentence. Fatal: it makes every zone doubtful, so none is known."""

    place: Place = NOWHERE
    note: str = ""
    fatal: bool = False


# Countries whose lists name states by codes that decide the zone and the law.
_LANDS_OF_STATES = frozenset({"US", "CA", "AU"})

_NOTHING = _Evidence()
_UNREAD = _Evidence(note="the postcode is not understood")
_MILITARY = _Evidence(Place(("US",)), "a military post office: the person may be anywhere in the world", fatal=True)


def whereabouts(
    phone: str,
    *,
    region: str = "",
    postcode: str = "",
    country: str = "",
    state: str = "",
    listed_zone: str = "",
    stated_zone: str = "",
    stated_region: str = "",
) -> Whereabouts:
    """Where a person may be, from an E.164 number, the address, the zone that the list gives, and what the person said.

    The address is a postcode with `region` (ISO 3166), or with country and state as lists have them. A stated region
    replaces all clues outside it, a stated zone the other zones; else all count together, since the hour is that of the
    person's location (47 CFR 64.1200(c)(1), 16 CFR 310.4(c)) and conflicting locations count all (12 CFR 1006.6(b)(1)).
    A zone that the zone database lacks, and more than six clocks that differ, leave no zone.
    """
    prefix = prefix_of(phone)
    if not (region or postcode or country or state or stated_region):
        return _whereabouts(prefix, "", "", _NOTHING, listed_zone, stated_zone, "")
    home = _home(stated_region, region, country, state, _lands(prefix))
    postal = _MILITARY if _is_military(home, state) else _postal(postcode, country_of(home), _lands(prefix))
    written = ", ".join(text for text in (region, state, country) if text)
    return _whereabouts(prefix, home, written, postal, listed_zone, stated_zone, stated_region)


@lru_cache(maxsize=16_384)
def _whereabouts(
    prefix: str, home: str, written: str, postal: _Evidence, listed_zone: str, stated_zone: str, stated_region: str
) -> Whereabouts:
    """Postal evidence is one object for each place, so that the cache holds places and not postcodes."""
    if stated_region:
        evidence = _of_statement(home, stated_region, postal.place, place_of(prefix))
    else:
        address = [postal, _of_address(home, written, postal.place, place_of(prefix))]
        evidence = _with_number(prefix, [*address, _of_zone("the list", listed_zone)])
    if stated_zone:
        regions = [_Evidence(Place(one.place.regions), one.note) for one in evidence]
        evidence = [*regions, _of_zone("the person", stated_zone)]
    return _joined(evidence)


def _joined(evidence: Iterable[_Evidence]) -> Whereabouts:
    found = [one for one in evidence if one.note]
    regions = {region for one in found for region in one.place.regions}
    finer = {country_of(region) for region in regions if "-" in region}
    zones = settled(zone for one in found for zone in one.place.zones)
    notes = [one.note for one in found]
    if any(one.fatal for one in found):
        zones = ()
    elif not zones:
        notes.append("no clue gives a time zone")
    elif len(zones) > MAX_ZONES:
        notes.append(f"{len(zones)} time zones that differ are too many to know the hour: {', '.join(zones)}")
        zones = ()
    return Whereabouts(zones, tuple(sorted(regions - finer)), tuple(notes))


def _with_number(prefix: str, others: list[_Evidence]) -> list[_Evidence]:
    """The number's evidence before the others'. One that names no more than a country yields to a place within it."""
    number = place_of(prefix)
    if not number.regions:
        return [_Evidence(note=f"the number ({prefix or 'unknown prefix'}) belongs to no place"), *others]
    note = f"the number ({prefix}) is of {_listing(number.regions)}"
    nearer = [zone for one in others for zone in one.place.zones]
    if says_country_only(prefix) and nearer and set(nearer) <= zones_in(number.regions[0]):
        return [_Evidence(Place(number.regions), f"{note}, and the place in it is known"), *others]
    return [_Evidence(number, f"{note}: {_listing(number.zones)}"), *others]


def _of_address(home: str, written: str, postal: Place, number: Place) -> _Evidence:
    """An address counts as narrow as it is known: by its postcode, else by the area code of the same region."""
    if not home:
        return _Evidence(note=f"the address ({written}) is not understood") if written else _NOTHING
    if any(within(region, home) or within(home, region) for region in postal.regions):
        return _Evidence(Place((home,)), f"the address is in {home}")
    if _is_any_within(number.regions, home):
        return _Evidence(Place((home,)), f"the address is in {home}, as the number is")
    zones = zones_of_region(home)
    return _Evidence(Place((home,), zones), f"the address is in {home}: {_listing(zones)}")


def _of_statement(home: str, stated: str, postal: Place, number: Place) -> list[_Evidence]:
    """A stated state is as narrow as the postcode or the number in it; a stated country is all that they say of it."""
    if not home:
        return [_Evidence(note=f"the region that the person stated ({stated}) is not understood", fatal=True)]
    inside = [place for place in (postal, number) if _is_any_within(place.regions, home)]
    narrow = inside[:1] if "-" in home else inside
    regions = tuple(region for place in narrow for region in place.regions if within(region, home))
    zones = tuple(sorted({zone for place in narrow for zone in place.zones})) or zones_of_region(home)
    return [_Evidence(Place((home, *regions), zones), f"the person said {home}: {_listing(zones)}")]


def _of_zone(who: str, name: str) -> _Evidence:
    if not name.strip():
        return _NOTHING
    zone = canonical_zone(name)
    if zone:
        return _Evidence(Place((), (zone,)), f"{who} said {zone}")
    return _Evidence(note=f"the time zone of {who} ({name}) is no IANA zone such as America/Denver", fatal=True)


def _is_military(home: str, state: str) -> bool:
    return home == "US" and is_military_state(state)


@lru_cache(maxsize=65_536)
def _postal(postcode: str, land: str, lands: tuple[str, ...]) -> _Evidence:
    countries = (land, country_by_shape(postcode), *lands)
    for country in filter(None, countries):
        if country == "US" and is_military(postcode):
            return _MILITARY
        place = place_of_postcode(country, postcode)
        if place.zones:
            return _postal_evidence(place)
    return _UNREAD if postcode.strip() else _NOTHING


@lru_cache(maxsize=4096)
def _postal_evidence(place: Place) -> _Evidence:
    return _Evidence(place, f"the postcode is in {_listing(place.regions)}: {_listing(place.zones)}")


@lru_cache(maxsize=8192)
def is_state(state: str, country: str, default: str) -> bool:
    """Whether a state of an address is understood, where states matter; `default` is the country of one without.

    Outside the United States, Canada and Australia lists write what they like into the column, and all of it passes.
    """
    land = country_of(address_region(country, "")) if country.strip() else default
    if land not in _LANDS_OF_STATES or is_military_state(state):
        return True
    return "-" in address_region(country or land, state) or (not country.strip() and bool(address_region("", state)))


@lru_cache(maxsize=16_384)
def _home(stated: str, region: str, country: str, state: str, lands: tuple[str, ...]) -> str:
    """The region that the person stated, else the address's; a state without a country is sought in `lands` first."""
    text = stated or region
    if text:
        return region_of_code(text) or address_region("" if stated else country, text)
    if country.strip() or not state.strip():
        return address_region(country, state)
    if "US" in lands and is_military_state(state):
        return "US"
    found = (address_region(land, state) for land in lands)
    return next((one for one in found if "-" in one), address_region("", state))


@lru_cache(maxsize=4096)
def _lands(prefix: str) -> tuple[str, ...]:
    """The countries where the holder of a number most likely has an address without a country, the likeliest first."""
    lands = sorted({country_of(region) for region in place_of(prefix).regions})
    neighbour = ["US"] if prefix.startswith("+1") and lands in ([], ["CA"]) else []
    return (*lands, *neighbour)


def _is_any_within(regions: tuple[str, ...], region: str) -> bool:
    return any(within(one, region) for one in regions)


def _listing(names: tuple[str, ...]) -> str:
    return ", ".join(names)
