"""Settings leave as text in the form in which they come in."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import CallingWindow, CampaignSettings, Outcome, RetryRule
from campaigns.retry import DEFAULT_RULES
from campaigns.settings import changed, checked
from dialer.cli.settings import retry_text, setting_text, window_text

MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES, st.integers(1, 24 * 60), st.sets(st.integers(0, 6), min_size=1))
def test_windows_come_back(start: int, end: int, days: set[int]) -> None:
    if end <= start:
        start, end = end - 1, start + 1
    last = time.max if end == 24 * 60 else time(*divmod(end, 60))
    window = CallingWindow(time(*divmod(start, 60)), last, frozenset(days))
    assert checked({"window": window_text(window)}) == {"window": window}


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (range(7), "09:00-20:00"),
        (range(5), "09:00-20:00 mon-fri"),
        ((0, 1, 2, 4, 6), "09:00-20:00 mon-wed,fri,sun"),
    ],
)
def test_days_are_told_as_runs(days: range, text: str) -> None:
    assert window_text(CallingWindow(days=frozenset(days))) == text


@given(
    st.dictionaries(st.sampled_from(Outcome), st.tuples(st.integers(0, 365 * 86_400), st.integers(1, 100)), min_size=1)
)
def test_retry_rules_come_back(rules: dict[Outcome, tuple[int, int]]) -> None:
    given_rules = {o: RetryRule(float(d), most, DEFAULT_RULES[o].next_phone) for o, (d, most) in rules.items()}
    assert checked({"retry": retry_text(given_rules)}) == {"retry": given_rules}


def test_never_comes_back() -> None:
    assert retry_text({Outcome.HANDLED: RetryRule(None)}) == "handled:never"


def test_every_setting_comes_back() -> None:
    plain = CampaignSettings(1, "spring", retry=dict(DEFAULT_RULES), trunks=("a", "b"), max_lines=None, wrapup_s=12.25)
    keys = [key for key in CampaignSettings.__slots__ if key not in ("campaign_id", "name", "kind", "state")]
    assert changed(plain, {key: setting_text(plain, key) for key in keys}) == plain


def test_no_trunks_are_shown_as_all_of_them_and_come_back() -> None:
    plain = CampaignSettings(1, "spring")
    assert setting_text(plain, "trunks") == "all"
    assert changed(plain, {"trunks": "all"}).trunks == ()
