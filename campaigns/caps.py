"""A campaign's own attempt caps, beside the law's: per number, lead or debt, in a day, some hours or a life. Pure.

The text form is that of the campaign setting: `number:2/1d,number:1/4h,lead:10/life` allows two calls to a number in a
day of the called person, one in four hours, and ten calls to a lead in all. Days are calendar days; `30d` is the
person's today and the 29 days before it. A call that never reached the network ("unconnected") does not count.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from campaigns.model import Blocked
from campaigns.rules.model import PastCall

MAX_CALLS, MAX_DAYS, MAX_HOURS = 1000, 365, 24 * 31

_NEVER = datetime.max.replace(tzinfo=UTC)

_CAP = re.compile(r"(?P<key>[a-z]+):(?P<most>\d+)/(?:(?P<count>\d+)(?P<unit>[dh])|(?P<life>life))")


class CapKey(StrEnum):
    """What a cap counts calls of."""

    NUMBER = "number"
    LEAD = "lead"
    DEBT = "debt"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` calls in the last `days` calendar days or `hours` hours; with neither, in a life."""

    key: CapKey
    most: int
    days: int | None = None
    hours: int | None = None

    def __str__(self) -> str:
        span = f"{self.days}d" if self.days else f"{self.hours}h" if self.hours else "life"
        return f"{self.key}:{self.most}/{span}"


def parse(text: str) -> tuple[Cap, ...]:
    """Read the text form. Raises ValueError naming the part that is wrong and what it may be."""
    return tuple(_cap(part) for part in (part.strip() for part in text.split(",")) if part)


def to_text(caps: Iterable[Cap]) -> str:
    """The reverse of `parse`."""
    return ",".join(map(str, caps))


def _cap(text: str) -> Cap:
    match = _CAP.fullmatch(text)
    if match is None or match["key"] not in list(CapKey):
        raise ValueError(f"{text!r} is not like number:2/1d, lead:10/life or debt:1/4h ({', '.join(CapKey)})")
    most, count = int(match["most"]), int(match["count"] or 1)
    if not 1 <= most <= MAX_CALLS:
        raise ValueError(f"{text!r}: the number of calls must be from 1 to {MAX_CALLS}")
    if match["unit"] == "d" and not 1 <= count <= MAX_DAYS:
        raise ValueError(f"{text!r}: the days must be from 1 to {MAX_DAYS}, or write life")
    if match["unit"] == "h" and not 1 <= count <= MAX_HOURS:
        raise ValueError(f"{text!r}: the hours must be from 1 to {MAX_HOURS}; count longer times in days")
    days, hours = count if match["unit"] == "d" else None, count if match["unit"] == "h" else None
    return Cap(CapKey(match["key"]), most, days, hours)


def check(
    caps: Iterable[Cap],
    phone: str,
    zones: Collection[str],
    at: datetime,
    past: Sequence[PastCall],
    debts: Collection[int] = (),
) -> Blocked | None:
    """Whether one more call to `phone` at `at` (aware) would exceed a cap; None when it would not.

    `past` are the calls to the lead on all its numbers, and all others to `phone`. Those to `phone` count for its caps,
    all of them for the lead's, and those about one of `debts` (or about nobody knows which) for the debts'. A calendar
    day must be within the cap in each of `zones` (IANA), the places where the person may be. `until` is the first
    instant when no cap stands against the call, None when a cap for life does.
    """
    spent = [(cap, until) for cap in caps if (until := _spent_until(cap, phone, zones, at, past, debts)) is not None]
    if not spent:
        return None
    cap, until = spent[0][0], max(until for _, until in spent)
    what = {CapKey.NUMBER: phone, CapKey.LEAD: "the lead", CapKey.DEBT: "a debt"}[cap.key]
    detail = f"{cap.most} calls to {what} {_span(cap)} are the campaign's most"
    return Blocked(f"cap:{cap}", detail, None if until == _NEVER else until)


def _spent_until(
    cap: Cap, phone: str, zones: Collection[str], at: datetime, past: Sequence[PastCall], debts: Collection[int]
) -> datetime | None:
    """When one more call will be within the cap, at the latest for all that it counts; None when it is now."""
    ends = [
        end
        for calls in _counted(cap, phone, past, debts)
        if (end := _free_at(cap, sorted(call.at for call in calls if call.at <= at), zones, at)) is not None
    ]
    return max(ends, default=None)


def _counted(cap: Cap, phone: str, past: Sequence[PastCall], debts: Collection[int]) -> list[list[PastCall]]:
    """The calls that the cap counts, for each thing that it counts them of."""
    placed = [call for call in past if call.outcome != "unconnected" and not (call.inbound or call.text)]
    match cap.key:
        case CapKey.NUMBER:
            return [[call for call in placed if call.phone == phone]]
        case CapKey.LEAD:
            return [placed]
        case CapKey.DEBT:
            return [[call for call in placed if not call.debts or debt in call.debts] for debt in debts]


def _free_at(cap: Cap, calls: list[datetime], zones: Collection[str], at: datetime) -> datetime | None:
    """As `_spent_until` for one thing; `calls` in order of time."""
    if len(calls) < cap.most:
        return None
    if cap.hours is not None:
        free_at = calls[-cap.most].astimezone(UTC) + timedelta(hours=cap.hours)
        return free_at if at < free_at else None
    if cap.days is None:
        return _NEVER
    ends = [_day_end(calls[-cap.most], cap.days, ZoneInfo(zone), at) for zone in zones or ("UTC",)]
    return max((end for end in ends if end is not None), default=None)


def _day_end(call: datetime, days: int, zone: ZoneInfo, at: datetime) -> datetime | None:
    """The local midnight from which a call does not count any more; None when that is over."""
    free_on = call.astimezone(zone).date() + timedelta(days=days)
    if at.astimezone(zone).date() >= free_on:
        return None
    return datetime.combine(free_on, time(), zone).astimezone(UTC)


def _span(cap: Cap) -> str:
    if cap.days is not None:
        return "in a day" if cap.days == 1 else f"in {cap.days} days"
    return f"in {cap.hours} h" if cap.hours is not None else "in all"
