"""The hash chain of the audit log: how entries are sealed, linked and followed. Pure.

Every entry has a digest over what it says and a hash over the entry's frame, which holds the hash of the entry before:

    digest = SHA-256(salt LF person LF body)
    hash   = SHA-256(id LF at LF kind LF actor LF digest LF previous)

in lower-case hexadecimal, texts in UTF-8, `at` in seconds since 1970 with six decimals. None of the parts holds a line
feed, so no two entries have the same text. Because the hash covers the digest only, what an entry says of a person can
be blanked later and the chain still holds; the random salt keeps the digest from giving away what was blanked.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2b, sha256
from pathlib import PurePath
from typing import Any

GENESIS = "0" * 64
ERASED = "erased:"

# id, at, and kind, actor, person, salt, body, digest, previous, hash as UTF-8.
RawRow = tuple[int, float, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]

_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """An entry's place and hash: all that is needed to know the chain up to it again. Its text is `ID:HASH`."""

    id: int
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Raises ValueError when it is not `ID:HASH`."""
        number, colon, digits = text.strip().partition(":")
        if not colon or not number.isdecimal() or not is_hash(digits):
            raise ValueError(f"{text!r} is no anchor; one is ID:HASH, a row's number and 64 hexadecimal digits")
        return cls(int(number), digits)


def is_hash(text: str) -> bool:
    """Whether this is a SHA-256 in lower-case hexadecimal."""
    return len(text) == 64 and not text.strip("0123456789abcdef")


def canonical(body: object) -> str:
    """JSON in one form only: keys sorted, no blanks, ASCII; decimals and instants become text, sets sorted lists.

    Floats keep their shortest exact form. Raises ValueError for what JSON cannot hold, also NaN and naive datetimes.
    """
    try:
        return _ENCODER.encode(body)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _plain(value: object) -> object:
    if isinstance(value, Decimal | PurePath):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value} has no zone: the audit log takes aware datetimes only")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return sorted(value, key=canonical)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise ValueError(f"{value!r} ({type(value).__name__}) has no form in JSON")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def token_of(secret: bytes, persons: Sequence[str]) -> str:
    """What stands for persons in an entry: keyed BLAKE2b of each key, '' for none. Only who has the secret can find it.

    One person's token stands alone; those of several begin with '+' each, so that an index keeps them apart.
    """
    tokens = sorted({blake2b(key.encode(), key=secret, digest_size=_TOKEN_BYTES).hexdigest() for key in persons})
    return tokens[0] if len(tokens) == 1 else "".join(f"+{token}" for token in tokens)


def digest_of(salt: bytes, person: bytes, body: bytes) -> bytes:
    return sha256(b"%b\n%b\n%b" % (salt, person, body)).hexdigest().encode()


def hash_of(row_id: int, at_s: float, kind: bytes, actor: bytes, digest: bytes, previous: bytes) -> bytes:
    return sha256(b"%d\n%.6f\n%b\n%b\n%b\n%b" % (row_id, at_s, kind, actor, digest, previous)).hexdigest().encode()


def ranges_of(ids: Iterable[int]) -> list[list[int]]:
    """Ascending ids as closed ranges: [1, 2, 3, 7] is [[1, 3], [7, 7]]."""
    ranges: list[list[int]] = []
    for row_id in ids:
        if ranges and ranges[-1][1] == row_id - 1:
            ranges[-1][1] = row_id
        else:
            ranges.append([row_id, row_id])
    return ranges


# Whether the entry with the first id says that the row with the second was blanked.
Covers = Callable[[int, int], bool]


class Walk:
    """Follows a chain row by row. `proofs` are the kinds of entries that must never be blanked."""

    def __init__(self, start: Head, covers: Covers, proofs: frozenset[bytes]) -> None:
        self.last_id = start.id
        self.last_hash = start.hash.encode()
        self.rows = 0
        self.erased = 0
        self._covers = covers
        self._proofs = proofs

    @property
    def head(self) -> Head:
        return Head(self.last_id, self.last_hash.decode("ascii", "backslashreplace"))

    def step(self, row: RawRow) -> str | None:
        """What is wrong with the next row, or None; the walk goes on from it only then."""
        row_id, at_s, kind, actor, person, salt, body, digest, previous, hashed = row
        if row_id != self.last_id + 1:
            return _gap(self.last_id, row_id)
        if previous != self.last_hash:
            return "it does not follow from the row before it: one of the two was replaced, removed or put in"
        if not isinstance(at_s, float) or float(b"%.6f" % at_s) != at_s:
            return "its instant was changed"
        if hash_of(row_id, at_s, kind, actor, digest, previous) != hashed:
            return "its id, instant, kind, actor, digest or hash was changed"
        if not salt and not body:
            complaint = self._blanked(row_id, kind, person)
            if complaint is not None:
                return complaint
            self.erased += 1
        elif digest_of(salt, person, body) != digest:
            return "its person, salt, body or digest was changed"
        self.last_id = row_id
        self.last_hash = hashed
        self.rows += 1
        return None

    def _blanked(self, row_id: int, kind: bytes, person: bytes) -> str | None:
        by = _number_in(person)
        if by is None or kind in self._proofs:
            return "its person, salt or body was blanked, and no erasure or purge in the log says so"
        if by <= row_id or not self._covers(by, row_id):
            return f"its body was blanked, and row {by}, which should be the erasure or purge that did it, is not"
        return None


def _gap(last_id: int, row_id: int) -> str:
    missing = f"row {last_id + 1} is" if row_id == last_id + 2 else f"rows {last_id + 1} to {row_id - 1} are"
    return f"{missing} missing before it" if row_id > last_id else "a row was put in that the log never wrote"


def _number_in(person: bytes) -> int | None:
    """The id in `erased:ID`, None when it is written in any other way."""
    digits = person.removeprefix(ERASED.encode())
    if not digits.isdigit() or len(digits) > 18 or person != b"%b%d" % (ERASED.encode(), int(digits)):
        return None
    return int(digits)


def covers(body: bytes, row_id: int) -> bool:
    """Whether the body of an erasure or purge lists this row among its blanked `rows`."""
    try:
        said: Any = json.loads(body)
        return any(first <= row_id <= last for first, last in said["rows"])
    except (ValueError, TypeError, KeyError):
        return False


def through_of(body: bytes) -> Head | None:
    """The last row that a checkpoint stands for; None when its body says no such thing."""
    try:
        said: Any = json.loads(body)
        return Head(said["through"], said["hash"])
    except (ValueError, TypeError, KeyError):
        return None
