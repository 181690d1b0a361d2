"""Phone numbers: raw text to E.164. Pure."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from campaigns.places.tables import area_codes

# The usual North American ways of writing a number need no parser, which takes most of an import's time.
_PLAIN_NANP = re.compile(r"(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]?([2-9]\d\d)[ .-]?(\d{4})", re.ASCII)

_NANP = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}", re.ASCII)

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


def is_possible(e164: str) -> bool:
    """Whether a text is + and ASCII digits, not too few or too many for its country; it need not be in service.

    A country code that nobody knows is possible: it may be a new one.
    """
    if not re.fullmatch(r"\+[1-9]\d{6,14}", e164, re.ASCII):
        return False
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException as error:
        return error.error_type == NumberParseException.INVALID_COUNTRY_CODE
    possible = phonenumbers.is_possible_number_with_reason(number)
    wrong = (ValidationResult.TOO_SHORT, ValidationResult.TOO_LONG, ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
    return bool(_FICTION.fullmatch(e164)) or possible not in wrong


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
    if _FICTION.fullmatch(e164) or phonenumbers.is_valid_number(number) or _is_assigned(e164):
        return e164
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    possible = phonenumbers.is_possible_number_with_reason(number)
    reason = _REASONS.get(possible, "no such number in the numbering plan of {country}")
    raise NumberError(reason.format(country=country if country != "ZZ" else f"+{number.country_code}"))


def _is_assigned(e164: str) -> bool:
    """Whether a North American number is of an area code in service, of which `phonenumbers` learns months later."""
    return bool(_NANP.fullmatch(e164)) and e164[2:5] in area_codes()
