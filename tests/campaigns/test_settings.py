import json
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import AbandonClock, AbandonWindow, CallingWindow, CampaignSettings, Kind, Mode, Outcome, RetryRule
from campaigns.retry import DEFAULT_RULES
from campaigns.settings import SettingError, changed, checked, from_json, new, to_json


@st.composite
def campaigns(draw: st.DrawFn) -> CampaignSettings:
    start, end = sorted(draw(st.lists(st.times(), min_size=2, max_size=2, unique=True)))
    rule = st.builds(RetryRule, st.none() | st.floats(0, 86_400), st.integers(1, 100), st.booleans())
    return new(
        3,
        "spring",
        draw(st.sampled_from(Kind)),
        draw(st.sampled_from(Mode)),
        {
            "max_abandon_rate": draw(st.floats(0, 0.1)),
            "hold_s": draw(st.floats(0, 2)),
            "abandon_window": draw(st.sampled_from(AbandonWindow)),
            "abandon_clock": draw(st.sampled_from(AbandonClock)),
            "amd_false_positive_rate": draw(st.floats(0, 0.5)),
            "timezone": draw(st.sampled_from(("UTC", "Asia/Kolkata"))),
            "max_lines": draw(st.none() | st.integers(1, 10_000)),
            "window": CallingWindow(start, end, frozenset(draw(st.sets(st.integers(0, 6), min_size=1)))),
            "retry": draw(st.dictionaries(st.sampled_from(Outcome), rule)),
            "trunks": tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
        },
    )


@given(campaigns())
def test_settings_survive_the_database(made: CampaignSettings) -> None:
    again = from_json(made.campaign_id, made.name, made.kind, made.mode, made.state, to_json(made))
    assert again == made


def test_a_new_campaign_has_the_default_rules_and_given_ones_replace_their_own() -> None:
    made = new(1, "spring", "telesales", "power", {"retry": {"busy": RetryRule(delay_s=900)}})
    assert made.retry == {**DEFAULT_RULES, Outcome.BUSY: RetryRule(delay_s=900)}
    assert made.mode is Mode.POWER


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("max_abandon_rate", 0.11, "from 0 to 0.1"),
        ("max_abandon_rate", -0.01, "from 0 to 0.1"),
        ("max_abandon_rate", True, "not True"),
        ("abandon_window", "week", "campaign, 30d, 24h, month"),
        ("abandon_clock", "ring", "pickup, greeting_start, greeting_end"),
        ("amd_false_positive_rate", 0.51, "from 0 to 0.5"),
        ("amd_false_positive_rate", -0.1, "from 0 to 0.5"),
        ("timezone", "Mars/Olympus", "an IANA time zone.*Europe/London.*'Mars/Olympus'"),
        ("timezone", "", "IANA time zone"),
        ("timezone", "../etc/passwd", "IANA time zone"),
        ("timezone", 1, "IANA time zone"),
        ("hold_s", 2.1, "from 0 to 2"),
        ("hold_s", float("nan"), "from 0 to 2"),
        ("ring_timeout_s", 14.9, "from 15 to 120"),
        ("ring_timeout_s", "soon", "'soon'"),
        ("lines_per_agent", 0.5, "from 1 to 10"),
        ("max_lines", 0, "from 1 to 10000"),
        ("max_lines", 2.5, "whole number"),
        ("wrapup_s", -1, "from 0 to 3600"),
        ("kind", "polling", "telesales, collections"),
        ("mode", "turbo", "predictive"),
        ("state", "running", "active"),
        ("window", "9-20", "09:00-20:00"),
        ("window", "20:00-09:00", "must come before"),
        ("window", "24:00-24:00", "window '24:00-24:00'"),
        ("window", "09:00-24:30", "window '09:00-24:30'"),
        ("window", "09:00-20:00 sun-mon", "backwards"),
        ("retry", [1], "must map"),
        ("retry", {"bored": RetryRule(1.0)}, "no outcome 'bored'"),
        ("retry", {"busy": 5}, "RetryRule"),
        ("retry", {"busy": RetryRule(-1.0)}, "delay_s of busy"),
        ("retry", {"busy": RetryRule(1.0, max_attempts=0)}, "max_attempts of busy"),
        ("caller_id", "a\nb", "E.164"),
        ("trunks", [1], "list of trunk names"),
        ("name", " ", "1 to 64"),
        ("name", "a/b", "without '/'"),
        ("colour", "red", "no campaign setting 'colour'.*wrapup_s"),
    ],
)
def test_bad_settings_name_key_bounds_and_value(key: str, value: object, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint) as raised:
        checked({key: value})
    assert key in str(raised.value)


def test_values_may_come_as_text() -> None:
    given_text = {"wrapup_s": "20", "max_lines": "none", "trunks": "east, west", "window": "08:30-17:00 mon-wed,sat"}
    assert checked(given_text) == {
        "wrapup_s": 20.0,
        "max_lines": None,
        "trunks": ("east", "west"),
        "window": CallingWindow(time(8, 30), time(17), frozenset({0, 1, 2, 5})),
    }


@pytest.mark.parametrize("value", ["all", " All ", "", []])
def test_all_trunks_are_meant_by_their_word_and_by_none(value: object) -> None:
    assert checked({"trunks": value}) == {"trunks": ()}


def test_a_window_may_last_until_midnight() -> None:
    window = checked({"window": "00:00-24:00 sat"})["window"]
    assert window == CallingWindow(time(0), time.max, frozenset({5}))
    made = new(3, "spring", "telesales", "power", {"window": window})
    assert from_json(3, "spring", made.kind, made.mode, made.state, to_json(made)).window == window


def test_an_outcome_that_an_older_store_does_not_know_has_its_default_rule() -> None:
    made = new(3, "spring", "telesales", "power", {"retry": {"busy": RetryRule(600.0)}})
    document = json.loads(to_json(made))
    del document["retry"]["callback"]
    again = from_json(3, "spring", made.kind, made.mode, made.state, json.dumps(document))
    assert again == made and again.retry[Outcome.CALLBACK].delay_s == 24 * 3600


def test_a_change_leaves_the_rest() -> None:
    made = new(1, "spring", "telesales", "power", {"hold_s": 1.5})
    after = changed(made, {"wrapup_s": 10})
    assert (after.hold_s, after.wrapup_s, after.name) == (1.5, 10.0, "spring")


def test_retry_rules_may_be_given_as_text() -> None:
    given = checked({"retry": "abandoned:72h, busy:10m/4,failed:never,no_answer:90s"})["retry"]
    assert given[Outcome.ABANDONED] == RetryRule(72 * 3600.0)
    assert given[Outcome.BUSY] == RetryRule(600.0, 4)
    assert given[Outcome.FAILED].delay_s is None
    assert given[Outcome.NO_ANSWER] == RetryRule(90.0, next_phone=True)


@pytest.mark.parametrize("text", ["", "busy", "busy:soon", "sleepy:5m", "busy:5m/0", "busy:4000d"])
def test_bad_retry_text_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="retry"):
        checked({"retry": text})


@pytest.mark.parametrize("text", ["2125550100", "+0", "anonymous"])
def test_a_caller_id_is_e164(text: str) -> None:
    with pytest.raises(SettingError, match=r"caller_id must be E\.164"):
        checked({"caller_id": text})


def test_a_campaign_of_an_older_store_counts_over_thirty_days_from_the_pickup() -> None:
    made = new(3, "spring", "telesales", "power", {"abandon_window": "month", "abandon_clock": "greeting_end"})
    document = json.loads(to_json(made))
    for key in ("abandon_window", "abandon_clock", "amd_false_positive_rate", "timezone"):
        del document[key]
    again = from_json(3, "spring", made.kind, made.mode, made.state, json.dumps(document))
    assert (again.abandon_window, again.abandon_clock) == (AbandonWindow.PERIOD_30D, AbandonClock.PICKUP)
    assert (again.amd_false_positive_rate, again.timezone) == (0.0, "UTC")
