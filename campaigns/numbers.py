"""Phone numbers: raw text to E.164, and every IANA zone that a number may be in. Pure."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult
from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

MAX_ZONES = 6

_UNKNOWN_ZONE = "Etc/Unknown"

# The usual North American ways of writing a number need no parser, which takes most of an import's time.
_PLAIN_NANP = re.compile(r"(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]?([2-9]\d\d)[ .-]?(\d{4})", re.ASCII)

# Numbers that regulators keep for fiction are in no valid range, yet demos, tests and training lists are made of them:
# NANP 555-0100 to 555-0199 (ATIS-0300115) in any area code, and Ofcom's and the ACMA's numbers for drama use.
_FICTION = re.compile(
    r"\+1[2-9]\d\d55501\d\d|"
    r"\+44(?:7700900\d{3}|1632960\d{3}|2079460\d{3}|1[1-9]\d496\d{4}|8081570\d{3}|3069990\d{3})|"
    r"\+61(?:49157\d{4}|[2378]5550\d{4}|[2378]7010\d{4})"
)

_REASONS = {
    ValidationResult.TOO_SHORT: "too few digits for {country}",
    ValidationResult.TOO_LONG: "too many digits for {country}",
    ValidationResult.INVALID_LENGTH: "wrong number of digits for {country}",
    ValidationResult.INVALID_COUNTRY_CODE: "unknown country code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "no area code",
}

# Area codes laid over an older one that the zone tables know better: both cover the same land.
_OVERLAYS = {
    "236": "250", "257": "250", "672": "250", "778": "250", "364": "270", "367": "418", "448": "850", "458": "541",
    "483": "334", "531": "402", "581": "418", "729": "423", "879": "709", "930": "812", "986": "208",
}  # fmt: skip

# Parts of an area code that keep another time than the tables say: Alabama along the Georgia line (334), Nebraska's
# west (402), the Navajo Nation's summer time in Arizona (928, and 520 beside it), Texas east of El Paso (915).
_ALSO = {
    "334": ("America/New_York",),
    "402": ("America/Denver",),
    "520": ("America/Denver",),
    "915": ("America/Chicago",),
    "928": ("America/Denver", "America/Phoenix"),
}

# Orlando's overlay is in the tables as Chicago.
_INSTEAD = {"689": ("America/New_York",)}


# Old spellings in the tables, which some systems no longer ship.
_TODAY = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}


class NumberError(ValueError):
    """A text is no number that can be dialed; the message says why."""


def parse(text: str, region: str = "US") -> str:
    """E.164 form of a number as people write it; `region` (ISO 3166-1) is for numbers without a country code.

    An extension is dropped. Raises NumberError with the reason. Numbers kept for fiction are accepted.
    """
    raw = text.strip()
    if not raw:
        raise NumberError("no number")
    if re.fullmatch(r"\d\.\d+[eE]\+?\d+", raw):
        raise NumberError(
            "a spreadsheet turned it into scientific notation; format the column as text and export again"
        )
    if re.search(r"[^\W\d_]", re.sub(r"(?i)(?:ext(?:n|ension)?|x)\.?\s*\d+$", "", raw)):
        raise NumberError("letters in the number")
    plain = _PLAIN_NANP.fullmatch(raw) if region in ("US", "CA") else None
    if plain:
        return _checked(PhoneNumber(country_code=1, national_number=int("".join(plain.groups()))))
    try:
        number = phonenumbers.parse(re.sub(r"^(\d+)\.0$", r"\1", raw), region)
    except NumberParseException as error:
        raise NumberError(_parse_reason(error, region)) from None
    return _checked(number)


def _parse_reason(error: NumberParseException, region: str) -> str:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        if region.upper() not in phonenumbers.SUPPORTED_REGIONS:
            return f"no country code, and the default region {region!r} is not a known one"
        return "unknown country code"
    return {
        NumberParseException.TOO_SHORT_NSN: "too few digits",
        NumberParseException.TOO_SHORT_AFTER_IDD: "too few digits",
        NumberParseException.TOO_LONG: "too many digits",
    }.get(error.error_type, "not a phone number")


def _checked(number: PhoneNumber) -> str:
    e164 = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
    if _FICTION.fullmatch(e164) or phonenumbers.is_valid_number(number):
        return e164
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    possible = phonenumbers.is_possible_number_with_reason(number)
    reason = _REASONS.get(possible, "no such number in the numbering plan of {country}")
    raise NumberError(reason.format(country=country if country != "ZZ" else f"+{number.country_code}"))


@lru_cache(maxsize=65_536)
def zones_of(e164: str) -> tuple[str, ...]:
    """All IANA zones that a number may be in, sorted; empty when unknown (toll-free, unassigned, more than six).

    A North American number gets every zone of its area code, since numbers move between exchanges; a mobile number
    gets every zone of its country.
    """
    zones = _area_code_zones(e164[2:5]) if e164.startswith("+1") else _elsewhere(e164)
    if not 0 < len(zones) <= MAX_ZONES or _UNKNOWN_ZONE in zones:
        return ()
    return tuple(sorted({_TODAY.get(zone, zone) for zone in zones}))


_GEOGRAPHICAL = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


@lru_cache(maxsize=1024)
def _area_code_zones(area_code: str) -> frozenset[str]:
    """Empty for toll-free and other codes that belong to no place, since the tables know no zone of theirs alone."""
    if area_code in _INSTEAD:
        return frozenset(_INSTEAD[area_code])
    zones = _table_zones().get(area_code, frozenset()) | frozenset(_ALSO.get(area_code, ()))
    parent = _OVERLAYS.get(area_code)
    return zones | _area_code_zones(parent) if parent else zones


@lru_cache(maxsize=1)
def _table_zones() -> dict[str, frozenset[str]]:
    """Zones by North American area code, joined over all its exchanges."""
    joined: dict[str, frozenset[str]] = {}
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            area_code = prefix[1:4]
            joined[area_code] = joined.get(area_code, frozenset()) | frozenset(zones)
    return joined


def _elsewhere(e164: str) -> frozenset[str]:
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return frozenset()
    kind = phonenumbers.number_type(number)
    if kind in (PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST):
        return frozenset()
    if kind is PhoneNumberType.UNKNOWN:
        zones = TIMEZONE_DATA.get(str(number.country_code), ())
    elif kind in _GEOGRAPHICAL:
        zones = time_zones_for_geographical_number(number)
    else:
        zones = time_zones_for_number(number)
    # Many Queensland exchanges are in the tables as Sydney, which keeps summer time while Queensland does not.
    return frozenset(zones) | ({"Australia/Brisbane"} if e164.startswith("+617") else frozenset())
