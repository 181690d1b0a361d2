"""When the law lets a person be called: half-open intervals of UTC seconds, from wall-clock rules in zones. Pure.

An instant is allowed by a rule in a zone when the wall clock there shows a time inside the rule's hours of that local
day. So an hour that is skipped opens or closes a window at the change of the clock, and both runs of an hour that is
repeated count.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, pairwise

from campaigns.rules.calendar import days_of
from campaigns.rules.clocks import zone_of
from campaigns.rules.model import ClosedDays, HolidaySet, Hours, MinuteSpan, Rule

Spans = tuple[tuple[float, float], ...]
"""Half-open intervals of seconds since 1970, in order, apart."""

DAY_S = 86_400
WHOLE_DAY: tuple[MinuteSpan, ...] = ((0, 1440),)

_EPOCH = date(1970, 1, 1).toordinal()
_PROBE_S = DAY_S // 4


def in_force(rule: Rule, day: date) -> bool:
    """Whether a rule is in force on a local day; both dates of `effective` belong to it."""
    return (rule.effective_from is None or rule.effective_from <= day) and (
        rule.effective_to is None or day <= rule.effective_to
    )


def hours_on(rule: Rule, day: date) -> tuple[MinuteSpan, ...]:
    """The minutes of a local day that a window or closed-days rule leaves open; the whole day when not in force."""
    if not in_force(rule, day):
        return WHOLE_DAY
    match rule.params:
        case Hours(week, holiday, holidays):
            if holiday is not None and holidays is not None and is_holiday(holidays, day):
                return holiday
            return week[day.weekday()]
        case ClosedDays(weekdays, holidays, days):
            closed = day.weekday() in weekdays or (
                holidays is not None and day.weekday() in days and is_holiday(holidays, day)
            )
            return () if closed else WHOLE_DAY
        case _:
            return WHOLE_DAY


def is_holiday(holidays: HolidaySet, day: date) -> bool:
    """Whether a day is in a holiday set."""
    return day in days_of(holidays, day.year)


@lru_cache(maxsize=131_072)
def open_spans(rule: Rule, zone_name: str, utc_day: int) -> Spans:
    """The part of a UTC day (days since 1970) in which a rule lets a person in one zone be called.

    The rule's own zone is used instead when it has one. Raises ValueError for an unknown zone.
    """
    found: list[tuple[float, float]] = []
    for start, end, offset in _segments(rule.zone or zone_name, utc_day):
        for day in range((start + offset) // DAY_S, (end + offset - 1) // DAY_S + 1):
            base = day * DAY_S - offset
            for opens, closes in hours_on(rule, date.fromordinal(_EPOCH + day)):
                low, high = max(start, base + opens * 60), min(end, base + closes * 60)
                if low < high:
                    found.append((low, high))
    return merged(found)


@lru_cache(maxsize=65_536)
def _segments(zone_name: str, utc_day: int) -> tuple[tuple[int, int, int], ...]:
    """A UTC day cut where the zone's clock changes: (start, end, offset in seconds)."""
    zone = zone_of(zone_name)
    if zone is None:
        raise ValueError(f"{zone_name!r} is not in the zone database")

    def offset(seconds: int) -> int:
        shift = datetime.fromtimestamp(seconds, zone).utcoffset()
        assert shift is not None
        return int(shift.total_seconds())

    first = utc_day * DAY_S
    cuts = [first]
    for low in range(first, first + DAY_S, _PROBE_S):
        if offset(low) != offset(low + _PROBE_S):
            cuts.append(_change(offset, low, low + _PROBE_S))
    ends = [*cuts[1:], first + DAY_S]
    return tuple((start, end, offset(start)) for start, end in zip(cuts, ends, strict=True) if start < end)


def _change(offset: Callable[[int], int], low: int, high: int) -> int:
    """The first second after `low` with the offset of `high`."""
    after = offset(high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle) == after:
            high = middle
        else:
            low = middle
    return high


def merged(spans: Iterable[tuple[float, float]]) -> Spans:
    """The union of spans, in order."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def intersection(left: Spans, right: Spans) -> Spans:
    """What two lists of spans have in common."""
    found: list[tuple[float, float]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low < high:
            found.append((low, high))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


class Openings:
    """The legal hours of one profile: computed a UTC day at a time and kept.

    `edges_of` gives the instants (seconds) at which a ground to call begins or ends to hold, and `rules_at` the rules
    (with the zone to look at each in) that bind at an instant between two of them; None means nothing is ever open.
    """

    __slots__ = ("_days", "_edges", "_rules_at")

    _KEPT_DAYS = 64

    def __init__(
        self, rules_at: Callable[[float], Iterable[tuple[Rule, str]] | None], edges: Iterable[float] = ()
    ) -> None:
        self._rules_at = rules_at
        self._edges = tuple(sorted(edges))
        self._days: dict[int, tuple[float, ...]] = {}

    def is_open(self, at_s: float) -> bool:
        """Whether `at_s`, seconds since 1970, is in a legal hour."""
        day = int(at_s // DAY_S)
        flat = self._days.get(day)
        if flat is None:
            flat = self._computed(day)
        return bisect_right(flat, at_s) % 2 == 1

    def next_open(self, at_s: float, days: int) -> float | None:
        """The first legal instant from `at_s` on; None when there is none within `days` days."""
        last = at_s + days * DAY_S
        for day in range(int(at_s // DAY_S), int(last // DAY_S) + 1):
            flat = self._days.get(day)
            if flat is None:
                flat = self._computed(day)
            for low, high in zip(flat[::2], flat[1::2], strict=True):
                if at_s < high:
                    first = max(at_s, low)
                    return first if first <= last else None
        return None

    def spans(self, utc_day: int) -> Spans:
        """The legal intervals of a UTC day (days since 1970)."""
        flat = self._days.get(utc_day) or self._computed(utc_day)
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def _computed(self, day: int) -> tuple[float, ...]:
        first, last = day * DAY_S, (day + 1) * DAY_S
        cuts = [first, *(edge for edge in self._edges if first < edge < last), last]
        found = merged(chain.from_iterable(self._piece(low, high, day) for low, high in pairwise(cuts)))
        if len(self._days) >= self._KEPT_DAYS:
            self._days.clear()
        flat = tuple(chain.from_iterable(found))
        self._days[day] = flat
        return flat

    def _piece(self, low: float, high: float, day: int) -> Spans:
        rules = self._rules_at(low)
        if rules is None or low >= high:
            return ()
        spans: Spans = ((low, high),)
        for rule, zone in rules:
            spans = intersection(spans, open_spans(rule, zone, day))
            if not spans:
                break
        return spans
