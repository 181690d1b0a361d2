"""Frequency caps and cool-downs over the calls of the past. Pure.

Every call that counts stops counting at a certain instant, so a cap of n is free again when the n-th latest of these
instants is over. Periods of calendar days (such as Reg F's seven, 12 CFR 1006.14(b)(2)(i), where the day of the call or
conversation is day one) are days in the person's zone. A person with several plausible zones must be free in each of
them: the latest of the zones' instants counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.rules.clocks import local_date, midnight, period_end, zone_of
from campaigns.rules.grounds import lifts
from campaigns.rules.model import (
    OUTCOMES,
    Case,
    Cooldown,
    Count,
    Key,
    Limit,
    PastCall,
    Place,
    Rule,
    Span,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A cap or cool-down forbids a call: until when (None: for ever), and why in words."""

    until: datetime | None
    detail: str


def held_by(rule: Rule, case: Case, at: datetime, past: Sequence[PastCall]) -> Held | None:
    """Whether a frequency or cool-down rule forbids one more call at `at`; None when it allows it."""
    zones = [zone for zone in map(zone_of, case.zones) if zone is not None]
    held = [
        found
        for group in _alike(rule, case, past)
        for zone in zones
        if (found := _held_in(rule, case, at, group, zone, past)) is not None
    ]
    return max(held, key=_lateness, default=None)


def _lateness(held: Held) -> float:
    return float("inf") if held.until is None else held.until.timestamp()


def _held_in(
    rule: Rule, case: Case, at: datetime, calls: Iterable[PastCall], zone: ZoneInfo, past: Sequence[PastCall]
) -> Held | None:
    match rule.params:
        case Limit() as limit:
            counted = [
                call
                for call in calls
                if _counts(limit, call) and not (limit.exclude_consented and lifts(rule, case, call.at, past))
            ]
            return _over_limit(limit, counted, at, zone)
        case Cooldown() as cooldown:
            return _cooling(cooldown, calls, at, zone)
        case _:
            raise TypeError(f"{rule.id} is neither a cap nor a cool-down")


def _over_limit(limit: Limit, calls: Iterable[PastCall], at: datetime, zone: ZoneInfo) -> Held | None:
    if limit.max == 0:
        return Held(None, f"no {limit.count.value} is allowed per {limit.key.value}")
    ends = sorted((end for call in calls if (end := _limit_end(limit, call.at, zone)) > at), reverse=True)
    if len(ends) < limit.max:
        return None
    what = f"{len(ends)} {limit.count.value}{'s' if len(ends) > 1 else ''} count against this {limit.key.value} already"
    return Held(ends[limit.max - 1], f"{what}, and no more than {limit.max} are allowed {_span_words(limit)}")


def _span_words(limit: Limit) -> str:
    if limit.per is None:
        return f"per {limit.span.value.replace('calendar_', 'calendar ')}"
    return f"in {limit.per}" + (" (days of the calendar)" if limit.first_day_counts is not None else "")


def _cooling(cooldown: Cooldown, calls: Iterable[PastCall], at: datetime, zone: ZoneInfo) -> Held | None:
    ends = [
        (period_end(call.over_at, cooldown.period, cooldown.first_day_counts, zone), call)
        for call in calls
        if _starts(cooldown, call)
    ]
    end, call = max(ends, key=lambda pair: pair[0], default=(at, None))
    if end <= at or call is None:
        return None
    event = "conversation" if cooldown.conversation and call.conversation else f"call ({call.outcome})"
    return Held(end, f"{cooldown.period} without calls follow the {event} of {call.at.astimezone(zone):%Y-%m-%d %H:%M}")


def _starts(cooldown: Cooldown, call: PastCall) -> bool:
    any_call = cooldown.outcomes == OUTCOMES
    return (
        ((call.outcome in cooldown.outcomes or any_call) and not (any_call and call.inbound))
        or (cooldown.contact and call.contact)
        or (cooldown.conversation and call.conversation)
    )


def _counts(limit: Limit, call: PastCall) -> bool:
    """Calls that the person made count as conversations only."""
    if call.outcome in limit.exclude:
        return False
    match limit.count:
        case Count.ATTEMPT:
            return not call.inbound
        case Count.CONTACT:
            return call.contact and not call.inbound
        case Count.CONVERSATION:
            return call.conversation


def _limit_end(limit: Limit, start: datetime, zone: ZoneInfo) -> datetime:
    if limit.per is not None:
        return period_end(start, limit.per, limit.first_day_counts, zone)
    day = local_date(start, zone)
    match limit.span:
        case Span.CALENDAR_WEEK:
            return midnight(day + timedelta(days=7 - day.weekday()), zone)
        case Span.CALENDAR_MONTH:
            return midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)
        case _:
            return midnight(day + timedelta(days=1), zone)


def _alike(rule: Rule, case: Case, past: Sequence[PastCall]) -> Iterator[list[PastCall]]:
    """The past calls that this one adds to, a group for each thing that the rule counts per."""
    assert isinstance(rule.params, Limit | Cooldown)
    calls = [call for call in past if _concerns(rule, call)]
    match rule.params.key:
        case Key.PERSON:
            yield calls
        case Key.NUMBER:
            yield [call for call in calls if call.phone == case.phone]
        case Key.SUBJECT:
            yield [call for call in calls if not case.subject or not call.subject or call.subject == case.subject]
        case Key.CAMPAIGN:
            yield [call for call in calls if None in (case.campaign_id, call.campaign_id) or _same_campaign(case, call)]
        case Key.DEBT:
            for debt in sorted(case.debts):
                yield [call for call in calls if not call.debts or debt in call.debts]
            if not case.debts:
                yield calls


def _same_campaign(case: Case, call: PastCall) -> bool:
    return case.campaign_id == call.campaign_id


def _concerns(rule: Rule, call: PastCall) -> bool:
    """Whether a past call was of the rule's purposes and to its places, or may have been; or a text that counts."""
    if call.text and not (isinstance(rule.params, Limit) and rule.params.all_channels):
        return False
    if rule.purposes and call.purpose is not None and call.purpose not in rule.purposes:
        return False
    return not rule.places or (call.place or Place.HOME) in rule.places
