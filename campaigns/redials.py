"""What is wrong with how soon and how often a campaign tries leads again: beyond its own caps, or the rule packs'.

Nothing of it is an error: calls that a cap or rest forbids are held back when their time comes.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from shlex import quote

from campaigns import caps, recycling
from campaigns.caps import Cap
from campaigns.lists import LeadList
from campaigns.model import Basis, CallingWindow, CampaignSettings, Outcome, Place
from campaigns.paces import Bound, Group, Hours, Pace, Wait, binding, first_wait, neat_delay
from campaigns.pastcalls import as_counted
from campaigns.recycling import MAX_DELAY_S, MAX_TIMES, RecycleRule
from campaigns.rules.model import Cooldown, Count, Effect, Key, Limit, PastCall, Period, Rule
from campaigns.rules.rulebook import Rulebook
from campaigns.statuses import MACHINE_STATUS

# Calls with these statuses may not have reached the network, and a cap does not count those that did not.
_NOT_SURELY_COUNTED = frozenset({"ADCT", "ERI"})

# Retries after calls that reached the number, and the status that such a call gets. A person who is abandoned, or asks
# to be called again, time after time is none that caps are about.
_RETRIED = {
    Outcome.NO_ANSWER: "NA",
    Outcome.BUSY: "AB",
    Outcome.ABANDONED: "DROP",
    Outcome.CALLBACK: "CALLBK",
}
_ONCE = frozenset({Outcome.ABANDONED, Outcome.CALLBACK})
_OUTCOME_OF = {status: outcome for outcome, status in reversed(list(MACHINE_STATUS.items()))}

_LEAVE = "leave it: nobody is called sooner, such leads wait"

_DAY_S = 86_400
_SIZES = (("d", _DAY_S), ("h", 3600), ("m", 60), ("s", 1))
_MOST_NAMES = 4

_COUNTED = {
    Count.ATTEMPT: ("call", "calls"),
    Count.CONTACT: ("call that reaches somebody", "calls that reach somebody"),
    Count.CONVERSATION: ("conversation", "conversations"),
}
_PER = {
    Key.PERSON: "to one person",
    Key.DEBT: "about one debt",
    Key.SUBJECT: "to one person about one subject",
    Key.NUMBER: "to one number",
    Key.CAMPAIGN: "to one person for one campaign",
}
_UNITS = {"h": "hour", "d": "day", "w": "week", "bd": "business day", "mo": "month", "y": "year"}


@dataclass(frozen=True, slots=True)
class Excess:
    """A setting that asks for more calls, or sooner ones, than a cap or rest allows; fields as of a lint problem."""

    key: str
    text: str
    mend: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """The calls to some leads that one setting asks for, by status or outcome, and the rules that bind each.

    `told` says which setting it is as far as some of them go; `set_to` is the command that gives them other delays
    (None: no call follows).
    """

    key: str
    leads: int
    paces: Mapping[str, Pace]
    bounds: Mapping[str, Sequence[Bound]]
    told: Callable[[Collection[str]], str]
    set_to: Callable[[Mapping[str, float | None]], str]


@dataclass(frozen=True, slots=True)
class _Beyond:
    """One of the paces goes beyond one of the rules."""

    name: str
    bound: Bound
    wait: Wait


class Redials:
    """A campaign's retries and the recycling of its active lists, to be held against caps and rests at an instant."""

    def __init__(
        self,
        settings: CampaignSettings,
        lists: Sequence[LeadList],
        groups: Sequence[Group],
        rulebook: Rulebook,
        at: datetime,
    ) -> None:
        self._settings = settings
        self._lists = [of for of in lists if of.active]
        self._groups = [each for each in groups if each.list_id in {of.list_id for of in self._lists}]
        self._rulebook = rulebook
        self._at = at
        self._caps = caps.parse(settings.caps)
        self._known: dict[tuple[object, ...], Wait | None] = {}
        self._hours: Hours = {}

    def excesses(self) -> Iterator[Excess]:
        """All of them: one for each setting and cap of the campaign, or for each setting and rules that say the same.

        Lists that recycle alike are one setting. What binds most leads comes first; what mends it does not yet heed
        the rules that bind fewer, and what mends the last heeds them all.
        """
        for lists in self._alike():
            asked = self._recycling(lists)
            yield from self._beyond_own_caps(lists, asked)
            yield from self._beyond_rules(asked)
        yield from self._beyond_rules(self._retries())

    def _alike(self) -> list[list[LeadList]]:
        found: dict[str, list[LeadList]] = {}
        for of in self._lists:
            if of.recycle:
                found.setdefault(recycling.to_text(of.recycle), []).append(of)
        return list(found.values())

    def _recycling(self, lists: Sequence[LeadList]) -> _Asked:
        rules = lists[0].recycle or {}
        ids = {of.list_id for of in lists}
        bounds, leads = self._bounds(ids), _leads([group for group in self._groups if group.list_id in ids])

        def told(some: Collection[str]) -> str:
            text = recycling.to_text({status: rule for status, rule in rules.items() if status in some})
            names = _some([of.name for of in lists])
            return f"list {names} recycles {text}" if len(lists) == 1 else f"lists {names} recycle {text}"

        def set_to(delays: Mapping[str, float | None]) -> str:
            better = {**rules, **{status: self._slower(rules[status], delay_s) for status, delay_s in delays.items()}}
            text = recycling.to_text({status: rule for status, rule in better.items() if rule.max_times})
            so_too = f", and the same for {_some([of.name for of in lists[1:]])}" if len(lists) > 1 else ""
            return f"dialer lists set {self._settings.name} {quote(lists[0].name)} recycle={text}{so_too}"

        paces = {
            status: Pace(self._call(status), rule.delay_s, 1 + rule.max_times)
            for status, rule in rules.items()
            if status not in _NOT_SURELY_COUNTED
        }
        return _Asked("recycle", leads, paces, dict.fromkeys(paces, bounds), told, set_to)

    def _retries(self) -> _Asked:
        """Retries after each outcome, of the leads whose list does not recycle the status in their stead."""
        rules, paces, bounds = self._settings.retry, {}, {}
        for outcome, status in _RETRIED.items():
            rule = rules.get(outcome)
            if rule is not None and rule.delay_s is not None:
                call = self._call(status, Outcome.HANDLED if outcome is Outcome.CALLBACK else outcome)
                paces[outcome.value] = Pace(call, rule.delay_s, rule.max_attempts)
                found = self._bounds({of.list_id for of in self._lists if status not in (of.recycle or {})})
                rests = [bound for bound in found if isinstance(bound.rule.params, Cooldown)]
                bounds[outcome.value] = rests if outcome in _ONCE else found

        def written(delays: Mapping[str, float | None]) -> str:
            return ",".join(self._retry_text(Outcome(name), delay_s) for name, delay_s in delays.items())

        def told(some: Collection[str]) -> str:
            return f"the campaign retries {written({name: paces[name].delay_s for name in paces if name in some})}"

        def set_to(delays: Mapping[str, float | None]) -> str:
            slower = {name: delay_s for name, delay_s in delays.items() if delay_s != paces[name].delay_s}
            return f"dialer campaign set {self._settings.name} retry={written(slower)}"

        return _Asked("retry", _leads(self._groups), paces, bounds, told, set_to)

    def _retry_text(self, outcome: Outcome, delay_s: float | None) -> str:
        delay = "never" if delay_s is None else _short(delay_s)
        return f"{outcome}:{delay}/{self._settings.retry[outcome].max_attempts}"

    def _bounds(self, lists: Collection[int]) -> list[Bound]:
        groups = [group for group in self._groups if group.list_id in lists]
        return binding(self._rulebook, self._settings, groups, self._at.date(), self._hours)

    def _call(self, status: str, outcome: Outcome | None = None) -> PastCall:
        return as_counted(outcome or _OUTCOME_OF.get(status, Outcome.HANDLED), status, self._at)

    def _beyond_own_caps(self, lists: Sequence[LeadList], asked: _Asked) -> Iterator[Excess]:
        rules, window = lists[0].recycle or {}, self._settings.window
        for cap in self._caps:
            calls = {status: _calls(rules[status], cap, window) for status in asked.paces}
            beyond = [status for status, count in calls.items() if count > cap.most]
            if beyond:
                most = max(calls[status] for status in beyond)
                allowed = f"up to {most} calls where the campaign's cap {cap} allows {cap.most}"
                what = "the others are never made" if _period_s(cap) is None else "such leads wait for the cap"
                raised = f"raise the cap: dialer campaign set {self._settings.name} caps=..."
                yield Excess(
                    asked.key, f"{asked.told(beyond)}, {allowed}: {what}", f"{self._slowed(asked)}; or {raised}"
                )

    def _beyond_rules(self, asked: _Asked) -> Iterator[Excess]:
        alike: dict[str, list[_Beyond]] = {}
        for name, pace in asked.paces.items():
            for bound in asked.bounds[name]:
                wait = self._wait(pace, bound)
                if wait is not None:
                    alike.setdefault(_says(bound.rule), []).append(_Beyond(name, bound, wait))
        if not alike:
            return
        leads = {says: _leads(_groups(found)) for says, found in alike.items()}
        for says, found in sorted(alike.items(), key=lambda pair: -leads[pair[0]]):
            heeded = [each for each in alike if leads[each] >= leads[says]]
            beyond = f"{asked.told({each.name for each in found})}, but {_in_words(says, found)}"
            ways = [self._slowed(asked, heeded), *_other_ways(found)]
            if leads[says] < asked.leads:
                ways.append("keep those leads in a list of their own")
            whose = f"({leads[says]} of {asked.leads} leads)"
            yield Excess(asked.key, f"{beyond} {whose}", "; or ".join((*ways, _LEAVE)))

    def _slowed(self, asked: _Asked, rules: Collection[str] = ()) -> str:
        """The command that keeps what the setting asks for within the campaign's caps and the rules that say this."""
        return asked.set_to({name: self._delay_of(asked, name, rules) for name in asked.paces})

    def _delay_of(self, asked: _Asked, name: str, rules: Collection[str]) -> float | None:
        pace, window = asked.paces[name], self._settings.window
        bounds = [bound for bound in asked.bounds[name] if _says(bound.rule) in rules]
        least_s = pace.delay_s
        if asked.key == "recycle":
            least_s = _delay_within(RecycleRule(int(pace.delay_s), pace.calls - 1), self._caps, window)

        def waits(delay_s: float) -> bool:
            slower = Pace(pace.call, delay_s, pace.calls)
            return any(self._wait(slower, bound) is not None for bound in bounds)

        return neat_delay(least_s, waits, MAX_DELAY_S)

    def _wait(self, pace: Pace, bound: Bound) -> Wait | None:
        case, call = bound.case, pace.call
        told = (call.outcome, call.contact, call.conversation, pace.delay_s, pace.calls)
        key = (bound.rule.id, case.zones, case.regions, case.place, *told)
        if key not in self._known:
            self._known[key] = first_wait(pace, bound, self._settings.window, self._at)
        return self._known[key]

    def _slower(self, rule: RecycleRule, delay_s: float | None) -> RecycleRule:
        """The rule with another delay, and no more calls than the campaign's caps for life allow."""
        if delay_s is None:
            return RecycleRule(rule.delay_s, 0)
        return RecycleRule(int(delay_s), min(rule.max_times, *_times_within(self._caps)))


def _calls(rule: RecycleRule, cap: Cap, window: CallingWindow) -> int:
    """The most calls that a rule brings in the period of a cap: the first one, then one after each delay."""
    calls, period_s = 1 + rule.max_times, _period_s(cap)
    if period_s is None:
        return calls
    days, rest_s = divmod(period_s, _DAY_S)
    open_s = _open_s(window)
    in_hours = days * math.ceil(open_s / rule.delay_s) + math.ceil(min(rest_s, open_s) / rule.delay_s)
    return min(calls, math.ceil(period_s / rule.delay_s), in_hours)


def _delay_within(rule: RecycleRule, own: Sequence[Cap], window: CallingWindow) -> int:
    """The rule's delay, or a longer one with no more calls than each cap for a time allows."""
    periods = [(cap, period_s) for cap in own if (period_s := _period_s(cap)) is not None]
    needed = [60 * math.ceil(each / cap.most / 60) for cap, each in periods if _calls(rule, cap, window) > cap.most]
    return max((rule.delay_s, *needed))


def _times_within(own: Sequence[Cap]) -> tuple[int, ...]:
    """How often each cap for life lets a call be repeated."""
    return (MAX_TIMES, *(cap.most - 1 for cap in own if _period_s(cap) is None))


def _period_s(cap: Cap) -> int | None:
    """How long a cap counts a call; None: for life."""
    return cap.days * _DAY_S if cap.days is not None else cap.hours * 3600 if cap.hours is not None else None


def _open_s(window: CallingWindow) -> int:
    """How long calls may be made in a day."""
    end_s = _DAY_S if window.end == time.max else _second_of(window.end)
    return end_s - _second_of(window.start)


def _second_of(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _of(place: str, region: str) -> bool:
    """Whether a place that a rule names is meant by a region, which may lie in it, or hold it when it is a city."""
    return region == place or region.startswith(f"{place}-") or place.startswith(f"{region}-")


def _in_words(says: str, found: Sequence[_Beyond]) -> str:
    """Where rules say so, which they are, and what will happen."""
    rules = [each.bound.rule for each in found]
    regions = {region for group in _groups(found) for region in group.profile.regions}
    places = {place for rule in rules for place in rule.where if any(_of(place, region) for region in regions)}
    ids = sorted({rule.id for rule in rules})
    return f"in {_some(sorted(places))} {says} ({_some(ids)}): {_what_happens(found)}"


def _groups(found: Sequence[_Beyond]) -> frozenset[Group]:
    return frozenset(group for each in found for group in each.bound.groups)


def _leads(groups: Collection[Group]) -> int:
    return sum(group.leads for group in groups)


def _says(rule: Rule) -> str:
    at_work = " at work" if rule.places == {Place.WORK} else ""
    match rule.params:
        case Limit() as limit:
            span = limit.span.replace("_", " ") if limit.per is None else _length(limit.per, limit.first_day_counts)
            what = _COUNTED[limit.count][limit.max > 1]
            return f"the most is {limit.max} {what} in {span} {_PER[limit.key]}{at_work}"
        case Cooldown() as rest:
            whom = _PER[rest.key].replace(" one ", " the ")
            return (
                f"{_length(rest.period, rest.first_day_counts)} without calls {whom}{at_work} must follow such a call"
            )
        case _:
            raise TypeError(f"{rule.id} is neither a cap nor a rest")


def _length(period: Period, first_day_counts: bool | None) -> str:
    unit = ("" if first_day_counts is None else "calendar ") + _UNITS[period.unit]
    return f"{period.amount} {unit}" + ("s" if period.amount > 1 else "")


def _what_happens(found: Sequence[_Beyond]) -> str:
    nth = min(each.wait.nth for each in found)
    waits = [each.wait.longest for each in found if each.wait.longest is not None]
    how_long = f"up to {_about(max(waits))}" if len(waits) == len(found) else "for longer than two weeks"
    which = "the next call" if isinstance(found[0].bound.rule.params, Cooldown) else f"call {nth}"
    return f"{which} waits {how_long}"


def _other_ways(found: Sequence[_Beyond]) -> Iterator[str]:
    """What lifts the rules, where they can be lifted."""
    rules = [each.bound.rule for each in found]
    if all(rule.effect is Effect.REQUIRE_MODE for rule in rules):
        modes = sorted(frozenset.intersection(*(rule.required_modes for rule in rules)))
        if modes:
            yield f"dial in mode {' or '.join(modes)}, where an agent is certain"
    grounds = {
        basis.value
        for rule in rules
        if isinstance(rule.params, Cooldown)
        for each in rule.unless
        for basis in each.bases
    }
    if grounds:
        how = "dialer consent add"
        if Basis.EXPRESS.value in grounds and {each.name for each in found} == {Outcome.CALLBACK.value}:
            how = "where the person asks for the call, dialer agent dispose ... --at TIME --consented"
        yield f"record the ground that lifts it ({' or '.join(sorted(grounds))}): {how}"


def _some(names: Sequence[str]) -> str:
    """All names in words, or the first of many."""
    if len(names) > _MOST_NAMES:
        return f"{', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _about(span: timedelta) -> str:
    """A span of time, rounded up."""
    minutes = math.ceil(span / timedelta(minutes=1))
    if minutes < 60:
        return f"{minutes} min"
    hours = math.ceil(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{math.ceil(hours / 24)} days"


def _short(delay_s: float) -> str:
    """A delay as settings write it."""
    seconds = round(delay_s)
    unit, size = next(each for each in _SIZES if seconds % each[1] == 0 and (seconds or each[1] == 1))
    return f"{seconds // size}{unit}"
