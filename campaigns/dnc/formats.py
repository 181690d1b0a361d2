"""Do-not-call files line by line: plain numbers, the FTC's flat files, and change lists. Pure.

A line of a list is a number, `area,number` (the FTC's flat full list), or delimited text with the number in its first
column. A line of a change list has more columns, one of which says whether the number was added or deleted.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from phonenumbers import PhoneMetadata

from campaigns.database import StoreError
from campaigns.dnc.model import BadLine
from campaigns.dnc.registries import Registry
from campaigns.numbers import NumberError, parse
from campaigns.textfiles import UTF16_COMPLAINT

_TEN_DIGITS = re.compile(r"\s*\"?([2-9]\d\d)\"?\s*,?\s*\"?([2-9]\d{6})\"?\s*", re.ASCII)
_FIRST_CELL = re.compile(r"\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^,;|\t\"]*))\s*[,;|\t]")
_DELIMITERS = re.compile(r"[,;|\t]")
_SHORTEST_NUMBER = 7
_NANP_REGIONS = frozenset({"US", "CA"})
_NANP_BASE = 10_000_000_000
_ADDED = frozenset({"A", "ADD", "ADDED", "+"})
_DELETED = frozenset({"D", "DEL", "DELETE", "DELETED", "-"})

Change = tuple[int, bool]


def numbers(lines: Iterable[str], region: str) -> Iterator[str | BadLine]:
    """Each line's number; empty lines, `#` comments and a header without digits are passed over.

    Raises StoreError when the text is UTF-16 read as UTF-8.
    """
    for line, text in _meant(lines):
        try:
            yield _number(text, region)
        except NumberError as error:
            yield BadLine(line, text, str(error))


def registry_numbers(lines: Iterable[str], registry: Registry) -> Iterator[int | BadLine]:
    """Each line's number of a registry's full list, as an integer with its calling code.

    A line of digits that has a number's length is believed: lists are too long to look up each in a numbering plan.
    """
    plain = plain_reader(registry.region)
    for line, text in _meant(lines):
        number = plain(text)
        yield _slow_number(line, text, registry) if number is None else number


def registry_changes(lines: Iterable[str], registry: Registry) -> Iterator[Change | BadLine]:
    """Each line of a registry's change list: the number, and whether it was added (else deleted)."""
    plain = plain_reader(registry.region)
    for line, text in _meant(lines):
        cells = [cell.strip().strip('"').strip() for cell in _DELIMITERS.split(text)]
        markers = [cell for cell in cells if cell.upper() in _ADDED or cell.upper() in _DELETED]
        if len(markers) != 1:
            yield BadLine(line, text, "no column says A (added) or D (deleted); a full list is imported with --full")
            continue
        cells.remove(markers[0])
        meant = _number_cells(cells)
        number = plain(meant)
        found = _slow_number(line, meant, registry) if number is None else number
        yield (
            BadLine(line, text, found.reason)
            if isinstance(found, BadLine)
            else (
                found,
                markers[0].upper() in _ADDED,
            )
        )


def _number_cells(cells: list[str]) -> str:
    """The number at the head of a change line's cells: the first, or area code and number in the first two."""
    alone = sum(char.isdigit() for char in cells[0]) >= _SHORTEST_NUMBER
    return cells[0] if alone else "".join(cells[:2])


def _meant(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines that are neither empty nor comments nor a header, with their place in the file."""
    seen_digits = False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text[0] == "#":
            continue
        if "\0" in text:
            raise StoreError(f"line {number}: {UTF16_COMPLAINT}")
        if not seen_digits and text.startswith("<?xml"):
            raise StoreError("the file is XML; registries hand out the same list as a flat text file: import that one")
        if not seen_digits:
            seen_digits = any(char.isdigit() for char in text)
            if not seen_digits:
                continue
        yield number, text


def _slow_number(line: int, text: str, registry: Registry) -> int | BadLine:
    try:
        e164 = _number(text, registry.region)
    except NumberError as error:
        return BadLine(line, text, str(error))
    if not e164.startswith(registry.prefix):
        return BadLine(line, text, f"{e164} is no number of the country of {registry.id} ({registry.prefix})")
    return int(e164[1:])


def _number(text: str, region: str) -> str:
    """The line's number. A first cell that is a whole number stands alone; a shorter one is an area code."""
    ten_digits = _TEN_DIGITS.fullmatch(text) if region in _NANP_REGIONS else None
    if ten_digits:
        return f"+1{ten_digits[1]}{ten_digits[2]}"
    cell = _FIRST_CELL.match(text)
    if cell is None:
        return parse(text.replace('"', ""), region)
    first = cell["plain"] if cell["quoted"] is None else cell["quoted"]
    alone = sum(char.isdigit() for char in first) >= _SHORTEST_NUMBER
    try:
        return parse(first if alone else text.replace(",", " ").replace('"', ""), region)
    except NumberError as error:
        raise NumberError(f"{error}; the number must be in the first column, or be written as area,number") from None


@lru_cache(maxsize=16)
def plain_reader(region: str) -> Callable[[str], int | None]:
    """A reader of lines that are nothing but a number as dialed inside `region`: an integer, None for other lines."""
    if region in _NANP_REGIONS:
        return _nanp
    return _national_reader(region)


def _nanp(text: str) -> int | None:
    found = _TEN_DIGITS.fullmatch(text)
    return None if found is None else _NANP_BASE + int(found[1] + found[2])


def _national_reader(region: str) -> Callable[[str], int | None]:
    """Numbers written with the country's national prefix where it has one, which leaves no doubt what they are."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        return lambda _: None
    code, prefix = str(metadata.country_code), metadata.national_prefix or ""
    lengths = frozenset(metadata.general_desc.possible_length)

    def read(text: str) -> int | None:
        if not (text.isascii() and text.isdigit()):
            return None
        national = text[len(prefix) :]
        if not text.startswith(prefix) or national[:1] in ("", "0") or len(national) not in lengths:
            return None
        return None if not prefix and text.startswith(code) else int(code + national)

    return read
