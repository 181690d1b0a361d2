import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.database import Database
from campaigns.filters import FilterError, parse
from campaigns.migrations import migrate

COLUMNS = ("status", "attempts", "rank", "first_name", "state", "postal_code", "comments")


_INSERT = (
    "INSERT INTO leads (id, campaign_id, list_id, next_phone_id, profile_id, priority, custom, :names)"
    " VALUES (1, 1, 1, 7, 1, 1, ?, :values)"
).replace(":names", ", ".join(COLUMNS))
_INSERT = _INSERT.replace(":values", ", ".join("?" * len(COLUMNS)))


def lead(**changes: Any) -> dict[str, Any]:
    plain = {"status": "NEW", "attempts": 0, "rank": 0, "first_name": "", "state": "FL", "postal_code": "33101"}
    return {**plain, "comments": "", "phone": "+13055550100", "custom": {}} | changes


def in_sql(database: Database, text: str, of: dict[str, Any]) -> bool:
    """Whether the database finds the lead by the filter."""
    found = parse(text)
    with database.transaction():
        database.execute("DELETE FROM lead_phones")
        database.execute("DELETE FROM leads")
        database.execute(
            _INSERT,
            (json.dumps(of["custom"], ensure_ascii=False), *(of[name] for name in COLUMNS)),
        )
        database.execute("INSERT INTO lead_phones VALUES (7, 1, 0, 'phone', ?, 1, 0, 0)", (of["phone"],))
        count = database.value(f"SELECT COUNT(*) FROM leads WHERE {found.sql}", found.params)  # noqa: S608
    return bool(count)


@pytest.fixture(scope="module")
def database() -> Any:
    opened = Database.open(":memory:", create=True, fast=True)
    opened.execute("PRAGMA foreign_keys = OFF")
    migrate(opened, create=True)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "changes", "passes"),
    [
        ('state == "FL"', {}, True),
        ('state == "fl"', {}, False),
        ('state != "FL" or attempts < 3', {"attempts": 2}, True),
        ("1 < attempts <= 3", {"attempts": 3}, True),
        ("1 < attempts <= 3", {"attempts": 1}, False),
        ('custom.product in ("A", "B")', {"custom": {"product": "B"}}, True),
        ('custom.product not in ["A", "B"]', {"custom": {"product": "B"}}, False),
        ('custom["Last Offer"] == "x"', {"custom": {"Last Offer": "x"}}, True),
        ('custom.product == ""', {}, True),
        ("custom.balance >= 100", {"custom": {"balance": "99.5"}}, False),
        ("custom.balance >= -100.5", {"custom": {"balance": "-100.5"}}, True),
        ("custom.balance >= 0", {"custom": {"balance": "about 5"}}, False),
        ("custom.balance != 5", {"custom": {"balance": "about 5"}}, False),
        ("not custom.balance < 100", {"custom": {}}, True),
        ('phone.startswith("+1305")', {}, True),
        ('not first_name.startswith("Z")', {"first_name": "Zoë"}, False),
        ('"gold" in comments', {"comments": "a gold card"}, True),
        ('"gold" not in comments', {"comments": "a gold card"}, False),
        ('postal_code < "34"', {}, True),
        ("attempts == 0 and not (rank > 2 or rank < -2)", {"rank": -2}, True),
        (' state\n  == "FL" ', {}, True),
    ],
)
def test_filters_and_their_sql_say_the_same(
    database: Database, text: str, changes: dict[str, Any], passes: bool
) -> None:
    assert parse(text).matches(lead(**changes)) is passes
    assert in_sql(database, text, lead(**changes)) is passes


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ('sate == "FL"', 1, r"no field 'sate' \(do you mean state\?\); there are status, phone"),
        ('attempts < 3 and sate == "FL"', 18, "do you mean state"),
        ('first_name == "Zoë" and sate == ""', 25, "do you mean state"),
        ('attempts < "3"', 12, "attempts is a number; write it without quotes"),
        ("postal_code == 33101", 16, 'postal_code is text; write it in quotes: "33101"'),
        ("state", 1, "a field alone says nothing"),
        ("attempts = 3", 10, "cannot be read here"),
        ('state == "FL" and', 18, "cannot be read here"),
        ("", 1, "cannot be read here"),
        ('state in "FL"', 10, "in needs values in parentheses"),
        ("state in ()", 10, "an empty list"),
        ('"a" == "a"', 1, "no field is compared"),
        ("state == city", 10, "compare a field with a text"),
        ('state is "FL"', 10, "'is' compares nothing"),
        ("attempts + 1 < 3", 1, "a field is wanted"),
        ('open("/etc/passwd")', 1, "not understood"),
        ('state.upper() == "FL"', 1, "a field is wanted"),
        ('state.__class__ == "FL"', 1, "a field is wanted"),
        ("attempts < 3 # of six", 14, "no comments"),
        ("(attempts < 3 ) #", 17, "no comments"),
        ('(lambda: state)() == "FL"', 1, "a field is wanted"),
        ("attempts == True", 13, "True is neither a text in quotes nor a number"),
        ("attempts < 1e999", 12, "too large"),
        ("attempts < 99999999999999999999", 12, "too large"),
        ("3 in state", 1, "only a text in quotes can be in a text"),
        ('custom["a\\"b"] == "x"', 1, "name has no quotes"),
        ('custom[0] == "x"', 1, "a field is wanted"),
        ("attempts.startswith(3)", 21, "startswith is for fields of text"),
        ('state == f"{city}"', 10, "compare a field with a text"),
        ("state == 'FL'; DROP TABLE leads", 14, "cannot be read here"),
        ("(" * 300, 1, "cannot be read"),
        ("attempts < 3 or " * 100, 1, "1000 are the most"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, column: int, says: str) -> None:
    with pytest.raises(FilterError, match=says) as raised:
        parse(text)
    if column > 1:
        assert raised.value.column == column
        assert str(raised.value).splitlines()[-1].index("^") == column + 1


def test_values_reach_the_database_as_parameters_only() -> None:
    found = parse('state == "x\' OR 1=1 --" and custom["a\' b"] in ("y\');", "z")')
    assert "'" not in found.sql.replace("''", "") and "OR 1=1" not in found.sql
    assert found.params == ("x' OR 1=1 --", '$."a\' b"', "y');", '$."a\' b"', "z")


def test_equal_texts_are_equal_filters() -> None:
    assert parse("attempts < 3") == parse("attempts < 3") != parse("attempts < 4")


WORDS = st.sampled_from(["", "FL", "fl", "A", "Ä", "a'b", 'q"q', "10", "9", "-1", "1.5", ".", "-", "1-", "1.2.3", "🙂"])
NUMBERS = st.sampled_from(["0", "1", "-1", "1.5", "10", "-0.5"])
TEXTUAL = st.sampled_from(["state", "first_name", "phone", "comments", "custom.a", 'custom["b c"]'])
NUMERIC = st.sampled_from(["attempts", "rank", "custom.a", 'custom["b c"]'])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
QUOTED = WORDS.map(repr)
LEAVES = st.one_of(
    st.tuples(TEXTUAL, SIGNS, QUOTED).map(" ".join),
    st.tuples(QUOTED, SIGNS, TEXTUAL).map(" ".join),
    st.tuples(NUMERIC, SIGNS, NUMBERS).map(" ".join),
    st.tuples(NUMBERS, SIGNS, NUMERIC, SIGNS, NUMBERS).map(" ".join),
    st.tuples(TEXTUAL, st.sampled_from(["in", "not in"]), st.lists(QUOTED, min_size=1, max_size=3).map(", ".join)).map(
        lambda part: f"{part[0]} {part[1]} ({part[2]},)"
    ),
    st.tuples(QUOTED, st.sampled_from(["in", "not in"]), TEXTUAL).map(" ".join),
    st.tuples(TEXTUAL, QUOTED).map(lambda part: f"{part[0]}.startswith({part[1]})"),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda part: f"({''.join(part)})"),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)
LEADS = st.builds(
    lead,
    state=WORDS,
    first_name=WORDS,
    comments=WORDS,
    phone=st.sampled_from(["+13055550100", "+12125550100"]),
    attempts=st.integers(0, 3),
    rank=st.integers(-2, 12),
    custom=st.dictionaries(
        st.sampled_from(["a", "b c"]), st.one_of(WORDS, st.integers(-2, 12), st.none(), st.booleans())
    ),
)


@given(FILTERS, LEADS)
def test_any_filter_means_the_same_in_sql(database: Database, text: str, of: dict[str, Any]) -> None:
    assert in_sql(database, text, of) is parse(text).matches(of)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        parse(text)
    except FilterError as error:
        assert 1 <= error.column <= len(text) + 1
