"""What a cell holds, freed of what spreadsheets did to it: text, numbers, days, whole numbers. Pure."""

import re
from datetime import UTC, date, datetime

import phonenumbers

from campaigns.instants import day_of, not_a_day
from campaigns.numbers import NumberError, parse

_NANP = re.compile(r"(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]?([2-9]\d\d)[ .-]?(\d{4})", re.ASCII)
_NANP_REGIONS = frozenset({"US", "CA"})
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?\s*[eE]\+?\s*\d{1,2}")
_EXTENSION = re.compile(r"(?i)[\s,;]*(?:extension|extn|ext|x|#)[\s.:]*(\d{1,7})$")
_TAIL = re.compile(r"(\+?\d{7,})\.0+")
_STATION = re.compile(r"(?i)(?:tel|phone):\s*")

# Barbados' mobile numbers are told from others by their seventh digit, all other North American ones by six.
_SEVENTH_DIGIT = 246

_UNKNOWN, _VALID, _ASK = 0, 1, 2

_POSTAL_DIGITS = {"US": 5, "DE": 5, "FR": 5, "ES": 5, "IT": 5, "AU": 4}

_COUNTRIES = {
    **dict.fromkeys(("usa", "united states", "united states of america", "u.s.a.", "u.s.", "america"), "US"),
    **dict.fromkeys(("uk", "united kingdom", "great britain", "gbr", "england", "scotland", "wales"), "GB"),
    **dict.fromkeys(("northern ireland",), "GB"),
    **dict.fromkeys(("canada", "can"), "CA"),
    **dict.fromkeys(("australia", "aus"), "AU"),
    **dict.fromkeys(("india", "ind"), "IN"),
    **dict.fromkeys(("france", "fra"), "FR"),
    **dict.fromkeys(("germany", "deutschland", "deu"), "DE"),
    **dict.fromkeys(("spain", "españa", "esp"), "ES"),
    **dict.fromkeys(("italy", "italia", "ita"), "IT"),
}


class CellError(ValueError):
    """A cell cannot be used; the message is a sentence's end that says why and how to mend it."""


def unwrapped(text: str) -> str:
    """A cell's text without Excel's wrapping of text as a formula: ="0123" is 0123."""
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].replace('""', '"').strip()
    return text


def account(text: str) -> str:
    """A number or account as text: besides the formula, Excel's leading apostrophe goes."""
    text = unwrapped(text)
    return text[1:].strip() if text[:1] == "'" and text[1:2].isalnum() | (text[1:2] in ("+", "(")) else text


class Numbers:
    """Phone numbers as people write them to E.164. North American exchanges are looked up once each."""

    def __init__(self) -> None:
        self._exchanges = bytearray(1_000_000)

    def e164(self, text: str, region: str) -> str:
        """The number of a cell; `region` (ISO 3166-1) is for numbers without a country code. Raises CellError."""
        plain = _NANP.fullmatch(text) if region in _NANP_REGIONS or text.startswith("+1") else None
        if plain is not None:
            area, exchange, line = plain.groups()
            if self._is_valid(int(area + exchange)):
                return f"+1{area}{exchange}{line}"
        return self._parsed(text, region)

    def _is_valid(self, key: int) -> bool:
        """Whether all lines of an exchange are valid numbers."""
        known = self._exchanges[key]
        if known == _UNKNOWN:
            number = phonenumbers.PhoneNumber(country_code=1, national_number=key * 10_000 + 2345)
            valid = key // 1000 != _SEVENTH_DIGIT and phonenumbers.is_valid_number(number)
            known = self._exchanges[key] = _VALID if valid else _ASK
        return known == _VALID

    def _parsed(self, text: str, region: str) -> str:
        if _SCIENTIFIC.fullmatch(text):
            raise CellError(
                f"{text!r}: a spreadsheet shortened the number, and its last digits are lost. In the original, format "
                "the column as Text (or as Number without decimals), then save it as CSV again"
            )
        tail = _TAIL.fullmatch(text)
        cleaned = tail[1] if tail else _STATION.sub("", text, count=1)
        try:
            return parse(cleaned, region)
        except NumberError as error:
            raise CellError(f"{text!r}: {error}") from None


def extension(text: str) -> str:
    """The extension behind a number; '' when there is none."""
    found = _EXTENSION.search(text)
    return found[1] if found and sum(char.isdigit() for char in text[: found.start()]) >= 7 else ""


def country_of(text: str, default: str) -> str:
    """ISO 3166-1 code of a country's name or code; `default` when it is empty or not known."""
    if not text:
        return default
    upper = text.upper()
    if upper in phonenumbers.SUPPORTED_REGIONS:
        return upper
    return _COUNTRIES.get(text.casefold(), default)


def region_of_code(text: str, default: str) -> str:
    """The region that a telephone country code (1, 44, +61) stands for."""
    digits = text.removeprefix("+").removeprefix("00")
    if not digits.isdecimal() or len(digits) > 3 or int(digits) == 0:
        return default
    if digits == "1":
        return default if default in _NANP_REGIONS else "US"
    region = phonenumbers.region_code_for_country_code(int(digits))
    return default if region in ("ZZ", "001") else str(region)


def postal_code(text: str, country: str) -> str:
    """A postal code with the leading zeros that a spreadsheet took away."""
    if text.endswith(".0") and text[:-2].isdecimal():
        text = text[:-2]
    digits = _POSTAL_DIGITS.get(country)
    if digits and text.isdecimal() and digits - 2 <= len(text) < digits:
        return text.zfill(digits)
    return text


def whole(text: str, field: str) -> int:
    """A whole number; an empty cell is 0. Raises CellError."""
    if not text:
        return 0
    try:
        return int(text.removesuffix(".0"))
    except ValueError:
        raise CellError(f"{field} {text!r} is not a whole number") from None


def day(text: str, field: str) -> date:
    """A calendar day in ISO 8601, with or without a time behind it. Raises CellError."""
    try:
        return day_of(text, field)
    except ValueError as error:
        raise CellError(str(error)) from None


def instant(text: str, field: str) -> datetime:
    """An instant: ISO 8601 with offset, else UTC; a day alone is its first instant in UTC. Raises CellError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CellError(not_a_day(text, field)) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
