"""A campaign's settings: bounds, defaults, and their form in the database. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns import caps
from campaigns.model import (
    AbandonClock,
    AbandonWindow,
    CallingWindow,
    CampaignSettings,
    CampaignState,
    Kind,
    Mode,
    Outcome,
    Party,
    Purpose,
    RetryRule,
    SaleTerms,
    Switch,
)
from campaigns.retry import DEFAULT_RULES

# 16 CFR 310.4(b)(4): ring at least 15 s, connect within 2 s of the greeting. No known regulator allows an
# abandonment rate over 5 %; twice that is the most a campaign can be set to.
MIN_RING_TIMEOUT_S = 15.0
MAX_HOLD_S = 2.0
MAX_ABANDON_RATE = 0.10
MAX_AMD_FALSE_POSITIVE_RATE = 0.5

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = f"(?:{'|'.join(_DAYS)})"
_WINDOW = re.compile(
    rf"(?P<start>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)(?:\s+(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*))?"
)
_RULE = re.compile(r"(?P<outcome>\w+):(?:never|(?P<count>\d+)(?P<unit>[smhd])?)(?:/(?P<most>\d+))?")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_E164 = re.compile(r"\+[1-9]\d{6,14}")

Check = Callable[[str, object], object]


class SettingError(ValueError):
    """A campaign setting is unknown or out of bounds; the text names the key, the bounds and the value."""


def _number(low: float, high: float) -> Check:
    def check(key: str, value: object) -> object:
        number = _float_of(value)
        if number is None or not low <= number <= high:
            raise SettingError(f"{key} must be a number from {low:g} to {high:g}, not {value!r}")
        return number

    return check


def _whole(low: int, high: int) -> Check:
    def check(key: str, value: object) -> object:
        number = _float_of(value)
        if number is None or not number.is_integer() or not low <= number <= high:
            raise SettingError(f"{key} must be a whole number from {low} to {high}, not {value!r}")
        return int(number)

    return check


def _float_of(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _max_lines(key: str, value: object) -> object:
    if value is None or value in ("", "none"):
        return None
    number = _float_of(value)
    if number is None or not number.is_integer() or not 1 <= number <= 10_000:
        raise SettingError(f"{key} must be a whole number from 1 to 10000, or none for no limit, not {value!r}")
    return int(number)


def _text(key: str, value: object) -> object:
    if not isinstance(value, str) or not value.isprintable():
        raise SettingError(f"{key} must be printable text, not {value!r}")
    return value


def _caller_id(key: str, value: object) -> object:
    text = value.strip() if isinstance(value, str) else None
    if text is None or (text and not _E164.fullmatch(text)):
        raise SettingError(f"{key} must be E.164, for example +12125550100, or empty, not {value!r}")
    return text


def _trunks(key: str, value: object) -> object:
    if isinstance(value, str) and value.strip().lower() == "all":
        return ()
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if not isinstance(value, tuple | list) or not all(isinstance(name, str) for name in value):
        raise SettingError(f"{key} must be a list of trunk names, not {value!r}")
    return tuple(value)


def _window(key: str, value: object) -> object:
    if isinstance(value, CallingWindow):
        return value
    match = _WINDOW.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise SettingError(
            f"{key} must be like '09:00-20:00', '00:00-24:00' or '09:00-17:00 mon-fri,sun', not {value!r}"
        )
    try:
        days = _days(match["days"]) if match["days"] else frozenset(range(7))
        end = time.max if match["end"] == "24:00" else time.fromisoformat(match["end"])
        return CallingWindow(time.fromisoformat(match["start"]), end, days)
    except ValueError as error:
        raise SettingError(f"{key} {value!r}: {error}") from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        if end < start:
            raise ValueError(f"days run from mon to sun: {part!r} runs backwards")
        days |= set(range(start, end + 1))
    return frozenset(days)


def _retry(key: str, value: object) -> object:
    if isinstance(value, str):
        value = dict(_rule_from_text(key, part) for part in value.split(","))
    if not isinstance(value, Mapping):
        raise SettingError(f"{key} must map outcomes to retry rules, not {value!r}")
    return {_outcome(key, outcome): _rule(key, outcome, rule) for outcome, rule in value.items()}


def _rule_from_text(key: str, text: str) -> tuple[str, RetryRule]:
    match = _RULE.fullmatch(text.strip())
    if match is None or (match["unit"] is None and match["count"] not in (None, "0")):
        raise SettingError(
            f"{key} must be like 'abandoned:72h,busy:10m/4,failed:never' (s, m, h or d), not {text.strip()!r}"
        )
    outcome = _outcome(key, match["outcome"])
    before = DEFAULT_RULES[outcome]
    delay_s = None if match["count"] is None else int(match["count"]) * _UNIT_S[match["unit"] or "s"]
    return outcome, RetryRule(delay_s, int(match["most"] or before.max_attempts), before.next_phone)


def _outcome(key: str, value: object) -> Outcome:
    try:
        return Outcome(str(value))
    except ValueError:
        raise SettingError(f"{key}: no outcome {value!r}; there are {', '.join(Outcome)}") from None


def _rule(key: str, outcome: object, rule: object) -> RetryRule:
    if not isinstance(rule, RetryRule):
        raise SettingError(f"{key}: the rule for {outcome} must be a RetryRule, not {rule!r}")
    if rule.delay_s is not None and not 0 <= rule.delay_s <= 365 * 86_400:
        raise SettingError(f"{key}: delay_s of {outcome} must be from 0 to 31536000 (a year), not {rule.delay_s!r}")
    if not 1 <= rule.max_attempts <= 100:
        raise SettingError(f"{key}: max_attempts of {outcome} must be from 1 to 100, not {rule.max_attempts!r}")
    return rule


def _caps(key: str, value: object) -> object:
    try:
        return caps.to_text(caps.parse(value if isinstance(value, str) else repr(value)))
    except ValueError as error:
        raise SettingError(f"{key}: {error}") from None


def _timezone(key: str, value: object) -> object:
    name = value.strip() if isinstance(value, str) else ""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"{key} must be an IANA time zone, for example Europe/London, not {value!r}") from None
    return name


def _one_of(kind: type[StrEnum]) -> Check:
    def check(key: str, value: object) -> object:
        try:
            return kind(str(value))
        except ValueError:
            raise SettingError(f"{key} must be one of {', '.join(kind)}, not {value!r}") from None

    return check


def _name(key: str, value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > 64 or not text.isprintable() or "/" in text:
        raise SettingError(f"{key} must be 1 to 64 printable characters without '/', not {value!r}")
    return text


_CHECKS: dict[str, Check] = {
    "name": _name,
    "kind": _one_of(Kind),
    "mode": _one_of(Mode),
    "state": _one_of(CampaignState),
    "purpose": _one_of(Purpose),
    "party": _one_of(Party),
    "subject": _text,
    "caps": _caps,
    "max_abandon_rate": _number(0.0, MAX_ABANDON_RATE),
    "abandon_window": _one_of(AbandonWindow),
    "abandon_clock": _one_of(AbandonClock),
    "amd_false_positive_rate": _number(0.0, MAX_AMD_FALSE_POSITIVE_RATE),
    "timezone": _timezone,
    "hold_s": _number(0.0, MAX_HOLD_S),
    "lines_per_agent": _number(1.0, 10.0),
    "max_lines": _max_lines,
    "ring_timeout_s": _number(MIN_RING_TIMEOUT_S, 120.0),
    "wrapup_s": _number(0.0, 3600.0),
    "callback_wait_s": _number(0.0, 7 * 86_400.0),
    "promise_grace_days": _whole(0, 90),
    "promise_partial_days": _whole(0, 90),
    "promise_broken_days": _whole(0, 90),
    "script": _text,
    "sale_details": _one_of(SaleTerms),
    "verification": _one_of(Switch),
    "window": _window,
    "retry": _retry,
    "caller_id": _caller_id,
    "trunks": _trunks,
    "abandon_message": _text,
}

# What a campaign calls for unless it says otherwise.
PURPOSES = {Kind.TELESALES: Purpose.SALES, Kind.COLLECTIONS: Purpose.COLLECTIONS}

_COLUMNS = frozenset({"name", "kind", "mode", "state"})


def checked(changes: Mapping[str, object]) -> dict[str, Any]:
    """The same settings with each value checked and normalised; a value may also be given as text.

    Raises SettingError naming the key and its bounds.
    """
    unknown = [key for key in changes if key not in _CHECKS]
    if unknown:
        raise SettingError(f"no campaign setting {unknown[0]!r}; there are {', '.join(sorted(_CHECKS))}")
    return {key: _CHECKS[key](key, value) for key, value in changes.items()}


def changed(settings: CampaignSettings, changes: Mapping[str, object]) -> CampaignSettings:
    """`settings` with some keys changed; a retry rule given for some outcomes leaves the others as they are."""
    values = checked(changes)
    if "retry" in values:
        values["retry"] = {**settings.retry, **values["retry"]}
    return CampaignSettings(**({name: getattr(settings, name) for name in settings.__slots__} | values))


def new(campaign_id: int, name: str, kind: object, mode: object, changes: Mapping[str, object]) -> CampaignSettings:
    """Settings of a new campaign: the defaults, with `changes` applied."""
    plain = CampaignSettings(campaign_id=campaign_id, name=name, retry=dict(DEFAULT_RULES))
    values = {"name": name, "kind": kind, "mode": mode, **changes}
    return changed(plain, {"purpose": PURPOSES[checked({"kind": kind})["kind"]], **values})


def to_json(settings: CampaignSettings) -> str:
    """All settings that have no column of their own."""
    document: dict[str, Any] = {
        key: getattr(settings, key) for key in _CHECKS if key not in _COLUMNS and key not in ("window", "retry")
    }
    window = settings.window
    document["window"] = {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "days": sorted(window.days),
    }
    document["retry"] = {
        outcome.value: {"delay_s": rule.delay_s, "max_attempts": rule.max_attempts, "next_phone": rule.next_phone}
        for outcome, rule in settings.retry.items()
    }
    return json.dumps(document, sort_keys=True)


@lru_cache(maxsize=256)
def from_json(campaign_id: int, name: str, kind: str, mode: str, state: str, text: str) -> CampaignSettings:
    """The reverse of `to_json`, checked like any other input. An outcome newer than the text has its default rule."""
    document: dict[str, Any] = json.loads(text)
    window = document["window"]
    document["window"] = CallingWindow(
        time.fromisoformat(window["start"]), time.fromisoformat(window["end"]), frozenset(window["days"])
    )
    document["retry"] = {Outcome(outcome): RetryRule(**rule) for outcome, rule in document["retry"].items()}
    plain = CampaignSettings(campaign_id=campaign_id, name=name, retry=dict(DEFAULT_RULES))
    purpose = PURPOSES[Kind(kind)]
    return changed(plain, {"purpose": purpose, "kind": kind, "mode": mode, "state": state, **document})
