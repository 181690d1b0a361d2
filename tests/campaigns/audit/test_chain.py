import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.audit.chain import GENESIS, Head, canonical, covers, digest_of, hash_of, ranges_of, through_of, token_of
from campaigns.audit.kinds import AuditKind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Colour(Enum):
    RED = 3


@dataclass(frozen=True)
class Point:
    x: Decimal


@given(JSON)
def test_canonical_json_gives_the_same_values_back(value: object) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert text.isascii()
    assert "\n" not in text


def test_canonical_json_sorts_keys_and_writes_values_as_text() -> None:
    body = {
        "z": Decimal("12.50"),
        "at": datetime(2026, 6, 1, 15, tzinfo=UTC),
        "day": date(2026, 6, 1),
        "kind": AuditKind.DIAL,
        "colour": Colour.RED,
        "set": frozenset({"b", "a"}),
        "file": Path("a/b.csv"),
        "point": Point(Decimal("1.0")),
        "share": 0.1 + 0.2,
    }
    assert canonical(body) == (
        '{"at":"2026-06-01T15:00:00+00:00","colour":3,"day":"2026-06-01","file":"a/b.csv","kind":"dial",'
        '"point":{"x":"1.0"},"set":["a","b"],"share":0.30000000000000004,"z":"12.50"}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), datetime(2026, 6, 1), {b"key": 1}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical({"value": value})


def test_the_hashes_are_those_of_the_documentation() -> None:
    """Anybody can compute them with printf and sha256sum: docs/audit.md."""
    digest = digest_of(b"00ff", b"", b'{"a":1}')
    assert digest.decode() == hashlib.sha256(b'00ff\n\n{"a":1}').hexdigest()
    hashed = hash_of(1, 1780326000.5, b"dnc", b"anna", digest, GENESIS.encode())
    text = f"1\n1780326000.500000\ndnc\nanna\n{digest.decode()}\n{GENESIS}"
    assert hashed.decode() == hashlib.sha256(text.encode()).hexdigest()


def test_an_anchor_is_a_row_and_its_hash() -> None:
    head = Head(17, "ab" * 32)
    assert Head.parse(f" {head}\n") == head
    for text in ("", "17", "ab" * 32, "x:" + "ab" * 32, "17:" + "AB" * 32, "17:" + "ab" * 31, "-1:" + "ab" * 32):
        with pytest.raises(ValueError, match="ID:HASH"):
            Head.parse(text)


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_exactly_their_ids(ids: set[int]) -> None:
    body = json.dumps({"rows": ranges_of(sorted(ids))}).encode()
    assert {row_id for row_id in range(70) if covers(body, row_id)} == ids


def test_bodies_that_say_nothing_cover_nothing() -> None:
    for body in (b"", b"[]", b"{}", b'{"rows":3}', b'{"rows":[[1]]}', b"\xff", b'{"rows":[["a","b"]]}'):
        assert not covers(body, 1)
        assert through_of(body) is None


def test_tokens_need_the_secret_and_keep_persons_apart() -> None:
    one, other = b"s" * 32, b"t" * 32
    assert token_of(one, ("lead:1",)) == token_of(one, ("lead:1", "lead:1"))
    assert token_of(one, ("lead:1",)) != token_of(other, ("lead:1",))
    both = token_of(one, ("number:+12125550101", "lead:1"))
    assert both == token_of(one, ("lead:1", "number:+12125550101"))
    assert sorted(both[1:].split("+")) == sorted([token_of(one, ("lead:1",)), token_of(one, ("number:+12125550101",))])
    assert "2125550101" not in both
