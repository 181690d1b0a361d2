from datetime import UTC, datetime, timedelta

import pytest

from campaigns.recycling import RecycleRule, decide, from_json, parse, to_json, to_text

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
TEXT = "NA:2h/4,B:30m/6,A:1d/3"


def test_the_text_form_goes_both_ways_and_to_disk() -> None:
    rules = parse(TEXT.replace(",", " , "))
    assert rules == {"NA": RecycleRule(7200, 4), "B": RecycleRule(1800, 6), "A": RecycleRule(86_400, 3)}
    assert to_text(rules) == TEXT
    assert from_json(to_json(rules)) == rules
    assert parse("") == from_json("{}") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NA:2h", "'NA:2h' is not like NA:2h/4"),
        ("NA:2/4", "is not like"),
        ("NA:2h/4,NA:3h/4", "NA is there twice"),
        ("NA:0m/4", "from 1m to 365d"),
        ("NA:400d/4", "from 1m to 365d"),
        ("NA:2h/0", "from 1 to 100"),
        ("DNC:2h/4", "'DNC' cannot be recycled; those of A, "),
        ("SALE:2h/4", "cannot be recycled"),
        ("CALLBK:2h/4", "cannot be recycled"),
        ("NEW:2h/4", "cannot be recycled"),
        ("ZZZ:2h/4", "cannot be recycled"),
        ("DROP:2h/4", "left alone for 24h at least"),
    ],
)
def test_a_wrong_rule_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(text)


def test_a_lead_is_tried_again_so_often_and_no_more() -> None:
    rules = parse(TEXT)
    first = decide(rules, "NA", 0, 7, NOON)
    assert (first.at, first.phone_id) == (NOON + timedelta(hours=2), 7)
    assert first.because == "recycled 2h after NA, 1 of 4 times"
    assert decide(rules, "NA", 3, 7, NOON).at is not None
    last = decide(rules, "NA", 4, 7, NOON)
    assert (last.at, last.because) == (None, "recycling limit: 4 times after NA")
