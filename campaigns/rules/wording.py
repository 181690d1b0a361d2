"""Rules in a few words, for lists and pages. Pure."""

from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from itertools import groupby

from campaigns.rules.model import ClosedDays, Exemption, HolidaySet, Hours, MinuteSpan, Params, Period

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_short(params: Params) -> str:
    """What a rule demands, such as 'Mon-Fri 09:00-21:00, Sat-Sun closed'."""
    match params:
        case Hours(week, holiday, holidays):
            told = _week(week)
            if holiday is not None and holidays is not None:
                told += f", holidays ({_holidays(holidays)}) {_spans(holiday)}"
            return told
        case ClosedDays(weekdays, holidays, days):
            closed = [_day_names(weekdays)] if weekdays else []
            if holidays is not None:
                within = "" if len(days) == 7 else f" on {_day_names(days)}"
                closed.append(f"holidays ({_holidays(holidays)}){within}")
            return f"closed: {', '.join(closed)}"
        case _:
            return ", ".join(_fields(params))


def exemption_in_short(exemption: Exemption) -> str:
    """The ground that lifts a rule, such as 'ebr, no older than 18mo'."""
    told = " or ".join(sorted(basis.value for basis in exemption.bases))
    if exemption.max_age is not None:
        told += f", no older than {exemption.max_age}"
    if exemption.first_day_counts is not None:
        told += f" (in days of the calendar, its own is day {'one' if exemption.first_day_counts else 'zero'})"
    return told + (", until the next conversation" if exemption.ends_with_conversation else "")


def _week(week: tuple[tuple[MinuteSpan, ...], ...]) -> str:
    runs = [(spans, [day for day, _ in days]) for spans, days in groupby(enumerate(week), key=lambda pair: pair[1])]
    return ", ".join(f"{_day_run(days)} {_spans(spans)}" for spans, days in runs)


def _day_run(days: list[int]) -> str:
    return _DAYS[days[0]] if len(days) == 1 else f"{_DAYS[days[0]]}-{_DAYS[days[-1]]}"


def _day_names(days: Iterable[int]) -> str:
    return " ".join(_DAYS[day] for day in sorted(days))


def _spans(spans: tuple[MinuteSpan, ...]) -> str:
    return " and ".join(f"{_clock(low)}-{_clock(high)}" for low, high in spans) or "closed"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _holidays(holidays: HolidaySet) -> str:
    told = "-".join(part for part in (holidays.country, holidays.subdivision) if part) or "own days"
    if holidays.categories:
        told += f" {'/'.join(holidays.categories)}"
    return told + "".join(f" +{name}" for name in holidays.add) + "".join(f" -{name}" for name in holidays.remove)


def _fields(params: Params) -> Iterable[str]:
    for field in fields(params):
        value = getattr(params, field.name)
        if value is True:
            yield field.name.replace("_", " ")
        elif value not in (None, False, "", (), frozenset()):
            yield f"{field.name.replace('_', ' ')} {_value(value)}"


def _value(value: object) -> str:
    match value:
        case StrEnum():
            return value.value
        case Period() | str():
            return str(value)
        case float():
            return f"{value:g}"
        case (str() as kind, Period() as period):
            return f"{kind.replace('_', ' ')} {period}"
        case tuple() | frozenset():
            items = value if isinstance(value, tuple) else sorted(value)
            return " / ".join(map(_value, items))
        case _:
            return str(value)
