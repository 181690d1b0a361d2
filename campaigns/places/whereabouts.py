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


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What one clue says: a place and a sentence. Fatal: it makes every zone doubtful, so none is known."""

    place: Place = NOWHERE
    note: str = ""
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class _Address:
    """An address as the list has it (`written`), its region when understood, and the number's prefix for comparison."""

    region: str
    written: str
    postcode: str
    prefix: str


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
    replaces all other clues, a stated zone the other zones; else all count together, since the hour is that of the
    person's location (47 CFR 64.1200(c)(1), 16 CFR 310.4(c)) and conflicting locations count all (12 CFR 1006.6(b)(1)).
    A zone that the zone database lacks, and more than six clocks that differ, leave no zone.
    """
    return _whereabouts(prefix_of(phone), region, postcode, country, state, listed_zone, stated_zone, stated_region)


@lru_cache(maxsize=131_072)
def _whereabouts(
    prefix: str,
    region: str,
    postcode: str,
    country: str,
    state: str,
    listed_zone: str,
    stated_zone: str,
    stated_region: str,
) -> Whereabouts:
    if stated_region:
        home = region_of_code(stated_region) or address_region("", stated_region)
        evidence = _of_statement(_Address(home, stated_region, postcode, prefix))
    else:
        home = _home(region, country, state, prefix)
        written = ", ".join(text for text in (region, state, country) if text)
        address = _military(postcode, country, state, prefix) or _of_address(_Address(home, written, postcode, prefix))
        evidence = _with_number(prefix, [*address, *_of_zone("the list", listed_zone)])
    if stated_zone:
        regions = [_Evidence(Place(one.place.regions), one.note) for one in evidence]
        evidence = [*regions, *_of_zone("the person", stated_zone)]
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


def _of_address(address: _Address) -> list[_Evidence]:
    postal = _of_postcode(address)
    if not address.region:
        unread = address.written and f"the address ({address.written}) is not understood"
        return [postal, _Evidence(note=unread)]
    place = Place((address.region,))
    if _agree(postal.place.regions, address.region):
        return [postal, _Evidence(place, f"the address is in {address.region}")]
    if any(within(region, address.region) for region in place_of(address.prefix).regions):
        return [postal, _Evidence(place, f"the address is in {address.region}, as the number is")]
    zones = zones_of_region(address.region)
    return [
        postal,
        _Evidence(Place((address.region,), zones), f"the address is in {address.region}: {_listing(zones)}"),
    ]


def _agree(regions: tuple[str, ...], region: str) -> bool:
    return any(within(one, region) or within(region, one) for one in regions)


def _of_postcode(address: _Address) -> _Evidence:
    if not address.postcode.strip():
        return _Evidence()
    countries = filter(None, (country_of(address.region), country_by_shape(address.postcode), _land(address.prefix)))
    for country in countries:
        place = place_of_postcode(country, address.postcode)
        if place.zones:
            return _Evidence(
                place, f"postcode {address.postcode} is in {_listing(place.regions)}: {_listing(place.zones)}"
            )
    return _Evidence(note=f"the postcode ({address.postcode}) is not understood")


def _of_statement(address: _Address) -> list[_Evidence]:
    if not address.region:
        return [_Evidence(note=f"the person's region ({address.written}) is not understood", fatal=True)]
    place = Place((address.region,))
    postal, number = _of_postcode(address), place_of(address.prefix)
    if any(within(region, address.region) for region in postal.place.regions):
        return [postal, _Evidence(place, f"the person said {address.region}")]
    if any(within(region, address.region) for region in number.regions):
        return [_Evidence(Place(place.regions, number.zones), f"the person said {address.region}, as the number says")]
    zones = zones_of_region(address.region)
    return [_Evidence(Place(place.regions, zones), f"the person said {address.region}: {_listing(zones)}")]


def _of_zone(who: str, name: str) -> list[_Evidence]:
    if not name.strip():
        return []
    zone = canonical_zone(name)
    if zone:
        return [_Evidence(Place((), (zone,)), f"{who} said {zone}")]
    return [_Evidence(note=f"the time zone of {who} ({name}) is no IANA zone such as America/Denver", fatal=True)]


def _military(postcode: str, country: str, state: str, prefix: str) -> list[_Evidence]:
    land = address_region(country, "") if country.strip() else _land(prefix)
    if land == "US" and (is_military_state(state) or is_military(postcode)):
        return [
            _Evidence(Place(("US",)), "a military post office: the person may be anywhere in the world", fatal=True)
        ]
    return []


def _home(region: str, country: str, state: str, prefix: str) -> str:
    """The address's region; a state without a country is first sought in the countries of the number."""
    if region.strip():
        return region_of_code(region) or address_region(country, region)
    if country.strip() or not state.strip():
        return address_region(country, state)
    lands = sorted({country_of(one) for one in place_of(prefix).regions})
    found = (address_region(land, state) for land in lands)
    return next((one for one in found if "-" in one), address_region("", state))


def _land(prefix: str) -> str:
    """The country whose postcodes the holder of a number most likely writes."""
    regions = place_of(prefix).regions
    return country_of(regions[0]) if regions else "US" if prefix.startswith("+1") else ""


def _listing(names: tuple[str, ...]) -> str:
    return ", ".join(names)
