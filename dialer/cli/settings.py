"""A campaign's settings as people write them: the KEY=VALUE of `campaign set`, and the same form on the way out."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from campaigns.model import CallingWindow, CampaignSettings, Outcome, RetryRule
from dialer.cli.context import Failure
from dialer.config import ALL_TRUNKS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ELSEWHERE = {
    "name": "a campaign keeps its name",
    "kind": "a campaign keeps its kind",
    "state": "use: dialer campaign start, pause or stop",
}
_SETTABLE = sorted(set(CampaignSettings.__slots__) - {"campaign_id", *_ELSEWHERE})
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def read_pairs(texts: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE arguments by key. Raises UsageError for what is no pair, Failure for a key that is not set this way."""
    pairs = dict(map(_pair, texts))
    for key in pairs:
        if key in _ELSEWHERE:
            raise Failure(f"'{key}' is not set here: {_ELSEWHERE[key]}")
        if key not in _SETTABLE:
            near = difflib.get_close_matches(key, _SETTABLE, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(_SETTABLE)}"
            raise Failure(f"no campaign setting '{key}'; {hint}")
    return pairs


def _pair(text: str) -> tuple[str, str]:
    key, sep, value = text.partition("=")
    if not sep or not key:
        raise click.UsageError(f"'{text}' is not KEY=VALUE, for example wrapup_s=20")
    return key.strip(), value.strip()


def setting_text(settings: CampaignSettings, key: str) -> str:
    """A setting's value as `campaign set` takes it."""
    value = getattr(settings, key)
    if isinstance(value, CallingWindow):
        return window_text(value)
    if isinstance(value, Mapping):
        return retry_text(value)
    if key == "trunks" and not value:
        return ALL_TRUNKS
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return "none" if value is None else str(value)


def window_text(window: CallingWindow) -> str:
    """For example "09:00-20:00 mon-fri,sun"; without days when it is every day."""
    hours = f"{window.start:%H:%M}-{window.end_text}"
    return hours if len(window.days) == len(DAYS) else f"{hours} {_days_text(sorted(window.days))}"


def _days_text(days: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def retry_text(rules: Mapping[Outcome, RetryRule]) -> str:
    """For example "handled:never,busy:5m/6": the delay, and after the stroke the most attempts on a lead."""
    return ",".join(f"{outcome}:{_rule_text(rule)}" for outcome, rule in rules.items())


def _rule_text(rule: RetryRule) -> str:
    if rule.delay_s is None:
        return "never"
    delay_s = round(rule.delay_s)
    unit_s, unit = next((u for u in _UNITS if delay_s and delay_s % u[0] == 0), _UNITS[-1])
    return f"{delay_s // unit_s}{unit}/{rule.max_attempts}"
