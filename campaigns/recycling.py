"""Recycling: after which statuses a list's leads are tried again, how soon, and how often. Pure.

The text form is that of a list's setting: `NA:2h/4,B:30m/6,A:1d/3` tries a lead again two hours after NA, four times
at most, and so on. For these statuses it takes the place of the campaign's retry rules.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns.model import Outcome, RetryDecision
from campaigns.retry import DEFAULT_RULES
from campaigns.statuses import MACHINE_STATUS, STATUSES

_UNIT_S = {"m": 60, "h": 3600, "d": 86_400}
_RULE = re.compile(r"(?P<status>\w+):(?P<count>\d+)(?P<unit>[mhd])/(?P<most>\d+)")

MIN_DELAY_S, MAX_DELAY_S, MAX_TIMES = 60, 365 * 86_400, 100


@dataclass(frozen=True, slots=True)
class RecycleRule:
    """Try again `delay_s` after a call that ended so, at most `max_times` times."""

    delay_s: int
    max_times: int


def parse(text: str) -> dict[str, RecycleRule]:
    """Rules by status. Raises ValueError naming the part that is wrong and what it may be."""
    rules: dict[str, RecycleRule] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RULE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not like NA:2h/4 (status, delay in m, h or d, how often at most)")
        status, delay_s = match["status"], int(match["count"]) * _UNIT_S[match["unit"]]
        _require_recyclable(status)
        if status in rules:
            raise ValueError(f"{status} is there twice")
        if not MIN_DELAY_S <= delay_s <= MAX_DELAY_S:
            raise ValueError(f"the delay of {part!r} must be from 1m to 365d")
        if status == MACHINE_STATUS[Outcome.ABANDONED] and delay_s < (DEFAULT_RULES[Outcome.ABANDONED].delay_s or 0):
            raise ValueError(f"{part!r}: a person who was abandoned is left alone for 24h at least")
        if not 1 <= int(match["most"]) <= MAX_TIMES:
            raise ValueError(f"the times of {part!r} must be from 1 to {MAX_TIMES}")
        rules[status] = RecycleRule(delay_s, int(match["most"]))
    return rules


def _require_recyclable(status: str) -> None:
    allowed = [
        code
        for code, flags in STATUSES.items()
        if not (flags.dnc or flags.unworkable or flags.sale or flags.scheduled_callback or flags.contact_uncallable)
        and code not in ("NEW", "QUEUE", "INCALL", "XFER")
    ]
    if status not in allowed:
        raise ValueError(f"leads of status {status!r} cannot be recycled; those of {', '.join(sorted(allowed))} can")


def decide(
    rules: Mapping[str, RecycleRule], status: str, times_before: int, phone_id: int, at: datetime
) -> RetryDecision:
    """When a lead is tried again that got `status` (one of the rules') at `at` (aware) after `times_before` such calls.

    On the number `phone_id`: recycling says when, the campaign's retry rule which number.
    """
    rule = rules[status]
    if times_before >= rule.max_times:
        return RetryDecision(None, None, f"recycling limit: {rule.max_times} times after {status}")
    delay = timedelta(seconds=rule.delay_s)
    because = f"recycled {_span(rule.delay_s)} after {status}, {times_before + 1} of {rule.max_times} times"
    return RetryDecision(at.astimezone(UTC) + delay, phone_id, because)


def to_text(rules: Mapping[str, RecycleRule]) -> str:
    """The reverse of `parse`."""
    return ",".join(f"{status}:{_span(rule.delay_s)}/{rule.max_times}" for status, rule in rules.items())


def to_json(rules: Mapping[str, RecycleRule]) -> str:
    """Rules as the database keeps them."""
    return json.dumps({status: [rule.delay_s, rule.max_times] for status, rule in rules.items()})


def from_json(text: str) -> dict[str, RecycleRule]:
    """The reverse of `to_json`."""
    return {status: RecycleRule(*rule) for status, rule in json.loads(text).items()} if text != "{}" else {}


def _span(seconds: int) -> str:
    for unit in ("d", "h"):
        if seconds % _UNIT_S[unit] == 0:
            return f"{seconds // _UNIT_S[unit]}{unit}"
    return f"{seconds // 60}m"
