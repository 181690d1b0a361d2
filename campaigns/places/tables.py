"""The packaged tables, read once at first need."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Place:
    """What one piece of evidence says. No zones means all zones of the regions; no regions either means no place."""

    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Country:
    """ISO 3166-1 codes, the international calling code ("" when it is not the country's own), and names in use."""

    code: str
    alpha3: str
    calling_code: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostcodeRange:
    """Codes that begin with anything from `first` to `last`, which are equally long."""

    country: str
    first: str
    last: str
    place: Place


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("campaigns.places") / "data" / name).read_text(encoding="utf-8")
    return iter(csv.DictReader(text.splitlines()))


def _place(row: dict[str, str]) -> Place:
    return Place(tuple(row["regions"].split()), tuple(row["zones"].split()))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split("|") if name.strip())


@lru_cache(maxsize=1)
def area_codes() -> dict[str, Place]:
    """Places of the North American area codes; codes that belong to no place are absent."""
    return {row["code"]: _place(row) for row in _rows("area_codes.csv")}


@lru_cache(maxsize=1)
def prefixes() -> dict[str, Place]:
    """Places by E.164 prefix outside North America, where the country alone does not say it."""
    return {row["prefix"]: _place(row) for row in _rows("prefixes.csv")}


@lru_cache(maxsize=1)
def countries() -> dict[str, Country]:
    """Countries by ISO 3166-1 alpha-2 code."""
    return {
        row["code"]: Country(row["code"], row["alpha3"], row["calling_code"], _names(row["names"]))
        for row in _rows("countries.csv")
    }


@lru_cache(maxsize=1)
def region_names() -> dict[str, tuple[str, ...]]:
    """Names in use of the known subdivisions, by ISO 3166-2 code."""
    return {row["code"]: _names(row["names"]) for row in _rows("regions.csv") if "-" in row["code"]}


@lru_cache(maxsize=1)
def region_zones() -> dict[str, tuple[str, ...]]:
    """Zones of subdivisions, and of the countries of which not every zone in the zone database is meant."""
    return {row["code"]: tuple(row["zones"].split()) for row in _rows("regions.csv")}


@lru_cache(maxsize=1)
def postcode_ranges() -> dict[str, tuple[PostcodeRange, ...]]:
    """Postcode ranges by country, the narrowest last."""
    ranges: dict[str, list[PostcodeRange]] = {}
    for row in _rows("postcodes.csv"):
        ranges.setdefault(row["country"], []).append(
            PostcodeRange(row["country"], row["first"], row["last"], _place(row))
        )
    return {country: tuple(sorted(found, key=_narrowness)) for country, found in ranges.items()}


def _narrowness(found: PostcodeRange) -> tuple[int, bool]:
    return len(found.first), found.first == found.last


@lru_cache(maxsize=1)
def zip_corrections() -> dict[str, tuple[str, ...]]:
    """Zones of the ZIP codes of which the ZIP database has a wrong zone, or one of two."""
    return {
        f"{code:05}": tuple(row["zones"].split())
        for row in _rows("zip_corrections.csv")
        for code in range(int(row["first"]), int(row["last"]) + 1)
    }


@lru_cache(maxsize=1)
def country_zones() -> dict[str, tuple[str, ...]]:
    """Zones by country as the zone database has them (zone.tab of the `tzdata` package)."""
    zones: dict[str, list[str]] = {}
    for line in _zone_database("zone.tab"):
        country, _, zone, *_ = line.split("\t")
        zones.setdefault(country, []).append(zone)
    return {country: tuple(sorted(found)) for country, found in zones.items()}


@lru_cache(maxsize=1)
def zone_links() -> dict[str, str]:
    """Old and other spellings in the zone database, with the zone that each one means."""
    links = (line.split() for line in _zone_database("tzdata.zi") if line.startswith("L "))
    return {other: zone for _, zone, other in links}


@lru_cache(maxsize=1)
def leading_zones() -> frozenset[str]:
    """Zones that stand for all which agree with them from now on (zonenow.tab)."""
    return frozenset(line.split("\t")[2] for line in _zone_database("zonenow.tab"))


def _zone_database(name: str) -> Iterator[str]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
