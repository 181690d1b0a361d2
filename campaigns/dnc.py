"""The do-not-call list: single numbers and files.

A line of a file is a number, `area,number` (the FTC's flat files), or delimited text with the number in its first
column.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campaigns.database import Database, StoreError
from campaigns.instants import datetime_of, seconds_of
from campaigns.leads import reopen_barred, turn_from_barred
from campaigns.numbers import NumberError, parse
from campaigns.profiles import Profiles
from campaigns.textfiles import UTF16_COMPLAINT, Source, name_of, reading

_CHUNK = 5000
_BAD_LINES_KEPT = 1000
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_TEN_DIGITS = re.compile(r"\s*\"?([2-9]\d\d)\"?\s*,?\s*\"?([2-9]\d{6})\"?\s*")
_FIRST_CELL = re.compile(r"\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^,;|\t\"]*))\s*[,;|\t]")
_SHORTEST_NUMBER = 7
_NANP_REGIONS = frozenset({"US", "CA"})


@dataclass(frozen=True, slots=True)
class DncHit:
    """A number on the list: who put it there, and when (aware UTC)."""

    e164: str
    source: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no number."""

    line: int
    text: str
    reason: str


def add(database: Database, profiles: Profiles, numbers: Sequence[str], source: str, at: datetime) -> int:
    """Bar numbers and move waiting leads off them; how many were new. Raises ValueError when one is not E.164."""
    added = 0
    for e164 in numbers:
        _require_e164(e164)
        added += database.execute(
            "INSERT INTO dnc (e164, list_id, source, added_at) VALUES (?, 1, ?, ?)"
            " ON CONFLICT (e164, list_id) DO NOTHING",
            (e164, source, seconds_of(at)),
        )
    turn_from_barred(database, profiles, numbers)
    return added


def remove(database: Database, profiles: Profiles, e164: str) -> bool:
    """Take a number off the list and reopen leads that ended for it; see `Store.remove_dnc`."""
    _require_e164(e164)
    removed = database.execute("DELETE FROM dnc WHERE list_id = 1 AND e164 = ?", (e164,)) == 1
    if removed:
        reopen_barred(database, profiles, e164)
    return removed


def check(database: Database, e164: str) -> DncHit | None:
    """The list's entry for a number. Raises ValueError when it is not E.164."""
    _require_e164(e164)
    row = database.one("SELECT source, added_at FROM dnc WHERE list_id = 1 AND e164 = ?", (e164,))
    if row is None:
        return None
    added_at = datetime_of(row[1])
    assert added_at is not None
    return DncHit(e164, row[0], added_at)


def _require_e164(e164: str) -> None:
    if not _E164.fullmatch(e164):
        raise ValueError(f"{e164!r} is not E.164 (+ and 7 to 15 digits); parse it with campaigns.numbers.parse first")


def import_file(
    database: Database, profiles: Profiles, source: Source, region: str, at: datetime, label: str | None = None
) -> dict[str, Any]:
    """Add a file's numbers in transactions of a few thousand: {read, added, already, bad, bad_lines}.

    `bad` counts all lines that are no number, `bad_lines` has the first thousand. Raises StoreError when the file
    cannot be read.
    """
    with reading(source, errors="replace") as lines:
        return _import_lines(database, profiles, lines, region, at, label or name_of(source))


def _import_lines(
    database: Database, profiles: Profiles, lines: Iterable[str], region: str, at: datetime, label: str
) -> dict[str, Any]:
    read = added = bad = good = 0
    bad_lines: list[BadLine] = []
    chunk: list[str] = []
    for parsed in _parsed(lines, region):
        read += 1
        if isinstance(parsed, BadLine):
            bad += 1
            bad_lines.extend([parsed] if len(bad_lines) < _BAD_LINES_KEPT else [])
            continue
        good += 1
        chunk.append(parsed)
        if len(chunk) == _CHUNK:
            added += _add_many(database, profiles, chunk, label, at)
            chunk = []
    added += _add_many(database, profiles, chunk, label, at)
    return {
        "read": read,
        "added": added,
        "already": good - added,
        "bad": bad,
        "bad_lines": [asdict(line) for line in bad_lines],
    }


def _parsed(lines: Iterable[str], region: str) -> Iterator[str | BadLine]:
    """Each line's number; empty lines, `#` comments and a header without digits are passed over."""
    seen_number = False
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise StoreError(f"line {number}: {UTF16_COMPLAINT}")
        text = line.strip()
        if not text or text.startswith("#") or (not seen_number and not any(char.isdigit() for char in text)):
            continue
        try:
            yield _number(text, region)
            seen_number = True
        except NumberError as error:
            yield BadLine(number, text, str(error))


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


def _add_many(database: Database, profiles: Profiles, numbers: list[str], label: str, at: datetime) -> int:
    with database.transaction():
        return add(database, profiles, numbers, label, at)
