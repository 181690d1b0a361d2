"""How soon and how often settings try a lead again, held against the caps and rests of the rule packs. Pure.

The calls that a setting asks for are played through, each as soon as its delay is over and hours are open, and the code
that judges calls says which of them a rule holds back: there is no second reading of the rules here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.eligibility import first_open
from campaigns.model import Basis, CallingWindow, CampaignSettings, Place, Profile
from campaigns.rules.limits import held_by
from campaigns.rules.model import STOPPING, Case, Cooldown, Limit, PastCall, Rule, Span
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.scope import applies, mode_is_met
from campaigns.rules.windows import in_force

_WEEK = timedelta(days=7)
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_LONGEST_MONTH_DAYS = 31

# Delays as people write them.
_NEAT_S = (
    *(minutes * _MINUTE_S for minutes in (10, 15, 20, 30, 45)),
    *(hours * _HOUR_S for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)),
    *(days * _DAY_S for days in (1, 2, 3, 4, 5, 6, 7, 10, 14, 15, 21, 30, 31, 45, 60, 61, 90, 120, 180, 365)),
)

Opens = Callable[[datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Group:
    """Leads of a list that may still be called: their next numbers are of one profile and, where it matters, place."""

    list_id: int
    profile: Profile
    leads: int
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """A call that ends like `call`, then another `delay_s` after each, `calls` in all."""

    call: PastCall
    delay_s: float
    calls: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A cap or rest that binds some of the leads.

    `case` is a call to most of them, and `opens` says when such a call may be made as far as hours decide it: the first
    instant from one on, None for none in 14 days.
    """

    rule: Rule
    case: Case
    opens: Opens
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """The `nth` call of a pace is the first that may have to wait, at the most for so long; None: for ever."""

    nth: int
    longest: timedelta | None


Hours = dict[tuple[Profile, Place | None], Opens]
"""What is known of when places open, for one campaign."""


def binding(
    rulebook: Rulebook, settings: CampaignSettings, groups: Sequence[Group], on: date, hours: Hours
) -> list[Bound]:
    """The caps and rests that hold some calls of the campaign back on a day, and whose: not those that allow none.

    Pass the same `hours` again and again, empty at first: they are looked up once.
    """
    found = []
    for rule in rulebook.rules:
        if _allows_some(rule) and rulebook.standing(rule) in STOPPING and in_force(rule, on):
            cases = {group: case_of(settings, group.profile, group.place) for group in groups if group.profile.zones}
            bound = [group for group, case in cases.items() if _holds(rule, group, case)]
            if bound:
                most = max(bound, key=lambda group: group.leads)
                where = (most.profile, most.place)
                if where not in hours:
                    hours[where] = _opening(rulebook, settings.window, cases[most])
                found.append(Bound(rule, cases[most], hours[where], tuple(bound)))
    return found


def case_of(settings: CampaignSettings, profile: Profile, place: Place | None) -> Case:
    """A call of the campaign to a person of whom nothing is known but the place."""
    mode = settings.mode.value
    return Case("", profile.zones, profile.regions, settings.purpose, settings.party, mode=mode, place=place)


def place_matters(rulebook: Rulebook, settings: CampaignSettings, profile: Profile) -> bool:
    """Whether a cap or rest is about numbers of a profile at one place only."""
    home, work = (case_of(settings, profile, place) for place in (Place.HOME, Place.WORK))
    return any(
        applies(rule, home) != applies(rule, work)
        for rule in rulebook.rules
        if rule.places and isinstance(rule.params, Limit | Cooldown)
    )


def _allows_some(rule: Rule) -> bool:
    return isinstance(rule.params, Cooldown) or (isinstance(rule.params, Limit) and rule.params.max > 0)


def _holds(rule: Rule, group: Group, case: Case) -> bool:
    return applies(rule, case) and not mode_is_met(rule, case) and not _lifted_for_good(rule, group.profile)


def _lifted_for_good(rule: Rule, profile: Profile) -> bool:
    grounds = Basis(profile.basis).implied if profile.basis else frozenset()
    return any(
        not each.bases.isdisjoint(grounds)
        for each in rule.unless
        if each.max_age is None and not each.ends_with_conversation
    )


def _opening(rulebook: Rulebook, window: CallingWindow, case: Case) -> Opens:
    return lru_cache(maxsize=4096)(lambda at: first_open(case, window, rulebook, at))


def first_wait(pace: Pace, bound: Bound, window: CallingWindow, at: datetime) -> Wait | None:
    """Where the rule first holds back a call of the pace, whatever hour of a day after `at` the first is made at."""
    starts = _starts(bound, at, window)
    waits = [wait for start in starts if (wait := _wait_from(start, pace, bound)) is not None]
    if not waits:
        return None
    longest = [wait.longest for wait in waits]
    known = [each for each in longest if each is not None]
    return Wait(min(wait.nth for wait in waits), max(known) if len(known) == len(longest) else None)


def _wait_from(start: datetime, pace: Pace, bound: Bound) -> Wait | None:
    past: list[PastCall] = []
    opens, like = bound.opens, pace.call
    free = bound.rule.params.max if isinstance(bound.rule.params, Limit) else 1
    last, due = start + _counted(bound.rule) + _WEEK, opens(start)
    while due is not None and due <= last and len(past) < pace.calls:
        held = None if len(past) < free else held_by(bound.rule, bound.case, due, past)
        if held is not None:
            ends = None if held.until is None else opens(held.until.astimezone(UTC))
            return Wait(len(past) + 1, None if ends is None else ends - due)
        past.append(PastCall(due, like.phone, like.outcome, like.contact, like.conversation, place=bound.case.place))
        due = opens(due + timedelta(seconds=pace.delay_s))
    return None


def _starts(bound: Bound, at: datetime, window: CallingWindow) -> Iterator[datetime]:
    """Each hour of the window on the first day of a coming week, or of a month where the rule counts by months."""
    zone = ZoneInfo(bound.case.zones[0])
    today = at.astimezone(zone).date()
    day = today + timedelta(days=7 - today.weekday())
    if isinstance(bound.rule.params, Limit) and bound.rule.params.span is Span.CALENDAR_MONTH:
        day = (today.replace(day=1) + timedelta(days=_LONGEST_MONTH_DAYS + 1)).replace(day=1)
    for hour in range(window.start.hour, window.end.hour + 1):
        yield datetime.combine(day, max(time(hour), window.start), zone).astimezone(UTC)


def _counted(rule: Rule) -> timedelta:
    """How long a call may count."""
    assert isinstance(rule.params, Limit | Cooldown)
    period = rule.params.per if isinstance(rule.params, Limit) else rule.params.period
    return timedelta(days=_LONGEST_MONTH_DAYS if period is None else period.most_days + 1)


def neat_delay(delay_s: float, waits: Callable[[float], bool], most_s: float) -> float | None:
    """The shortest neat delay, no shorter than one, after which nothing `waits`; None when there is none."""
    return next((each for each in _longer(delay_s, most_s) if not waits(each)), None)


def _longer(delay_s: float, most_s: float) -> Iterable[float]:
    return (delay_s, *(each for each in _NEAT_S if delay_s < each <= most_s))
