"""Finds unlawful calls in a log of calls. Knows nothing of the product: facts and log are plain values.

The truth is given: where each person is, what they agreed to, what they owe, when they asked to be left alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.law.statutes import REGISTRIES, THREE_A_DAY, hours_of, need_of

# A call that was not connected to the number that was dialed (12 CFR 1006.14(b)(3)(iii)): nobody was bothered.
NOT_THROUGH = frozenset({"busy", "invalid_number", "congestion", "failed", "timeout", "blocked"})

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """An IANA zone, an ISO 3166 region (US-NY, ES-MD, GB) and, where a law is a city's, the city."""

    zone: str
    region: str
    city: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A ground to call that a person gave: inquiry, ebr, contract, express or written. `purpose` '' is for all."""

    ground: str
    since: datetime
    until: datetime | None = None
    revoked_at: datetime | None = None
    purpose: str = ""
    phone: str = ""

    def counts(self, at: datetime, purpose: str, phone: str) -> bool:
        """Whether it counts for a call at an instant."""
        ends = [end for end in (self.until, self.revoked_at) if end is not None]
        fits = self.purpose in ("", purpose) and self.phone in ("", phone)
        return fits and self.since <= at and all(at < end for end in ends)


@dataclass(frozen=True, slots=True)
class Hold:
    """A dispute of a debt, or a request to cease (`debt` '': all of them), from `since` until `until`."""

    since: datetime
    debt: str = ""
    until: datetime | None = None

    def stops(self, call: "Call") -> bool:
        """Whether a call was placed against it."""
        runs = self.since <= call.started_at and (self.until is None or call.started_at < self.until)
        return runs and (not self.debt or self.debt in call.debts)


@dataclass(slots=True)
class Person:
    """Somebody who is called. `place` is where they are; `presumed` are regions whose law claims calls to a number."""

    key: str
    place: Place
    grants: list[Grant] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    left_alone_from: datetime | None = None
    presumed: dict[str, frozenset[str]] = field(default_factory=dict)

    def regions(self, phone: str) -> frozenset[str]:
        """All regions whose law is that of a call to one of their numbers."""
        return frozenset({self.place.region}) | self.presumed.get(phone, frozenset())


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a national register: its date, when it came into use, and its numbers."""

    as_of: date
    in_use_from: datetime
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cap:
    """A campaign's own limit: `most` calls to each number, lead or debt in so many calendar days or hours, or ever."""

    of: str
    most: int
    days: int | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign calls for, and the limits that it set itself: its hours, days, caps, attempts by last outcome."""

    key: int
    purpose: str
    subject: str = ""
    opens: time = time(0)
    closes: time = time.max
    days: frozenset[int] = frozenset(range(7))
    max_attempts: Mapping[str, int] = field(default_factory=dict)
    waits_s: Mapping[str, float | None] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was placed. `appointed`: the person asked for it, or it follows up a promise they made.

    `conversation`: the right person talked. `refused`: and wants no further offer. `tried_as` is the outcome by whose
    rule the campaign goes on, when it is not the call's own.
    """

    key: int
    campaign: int
    lead: int
    person: str
    phone: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    conversation: bool = False
    refused: bool = False
    appointed: bool = False
    asked_at: datetime | None = None
    machine: bool = False
    debts: frozenset[str] = frozenset()
    tried_as: str = ""


@dataclass(slots=True)
class Facts:
    """Everything that is true. `barred`: numbers on the company's own list, and since when."""

    people: dict[str, Person]
    campaigns: dict[int, Campaign]
    barred: dict[str, datetime] = field(default_factory=dict)
    registers: dict[str, list[Copy]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """An unlawful call: the rule's short name, the call, and what is wrong with it."""

    rule: str
    call: Call
    detail: str


Found = Iterator[Violation]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(call: Call, person: Person) -> datetime:
    return call.started_at.astimezone(_zone(person.place.zone))


def violations(facts: Facts, calls: Iterable[Call]) -> list[Violation]:
    """Every breach that the log shows, by rule and time."""
    log = sorted(calls, key=lambda call: (call.started_at, call.key))
    found = [breach for call in log for check in _ONE_BY_ONE for breach in check(facts, call)]
    found += [breach for check in _TOGETHER for breach in check(facts, log)]
    return sorted(found, key=lambda breach: (breach.rule, breach.call.started_at))


def lawful_alone(facts: Facts, call: Call) -> bool:
    """Whether a call breaks no rule that looks at it alone: hours, consent, registers, requests to be left alone."""
    return not any(True for check in _ONE_BY_ONE for _ in check(facts, call))


# One call at a time.


def _hours(facts: Facts, call: Call) -> Found:
    person, campaign = facts.people[call.person], facts.campaigns[call.campaign]
    local = _local(call, person)
    hour = local.hour + local.minute / 60 + local.second / 3600 + local.microsecond / 3.6e9
    grounds = {grant.ground for grant in _grants(facts, call)}
    for region in sorted(person.regions(call.phone)):
        for hours in hours_of(region, campaign.purpose):
            if not grounds & hours.waived_by and not hours.hold(local.date(), hour):
                yield Violation("hours", call, f"{region}: {hours.source} at {local:%a %Y-%m-%d %H:%M:%S %Z}")


def _own_window(facts: Facts, call: Call) -> Found:
    campaign, local = facts.campaigns[call.campaign], _local(call, facts.people[call.person])
    inside = campaign.opens <= local.time() and (local.time() < campaign.closes or campaign.closes == time.max)
    if not inside or local.weekday() not in campaign.days:
        yield Violation("own_window", call, f"at {local:%a %Y-%m-%d %H:%M:%S %Z}")


def _grants(facts: Facts, call: Call) -> list[Grant]:
    """Those that count for the call."""
    purpose = facts.campaigns[call.campaign].purpose
    return [each for each in facts.people[call.person].grants if each.counts(call.started_at, purpose, call.phone)]


def _has(facts: Facts, call: Call, serves: Mapping[str, int | None]) -> bool:
    """Whether there is one of these grounds, none older than the days for which it serves."""
    for grant in _grants(facts, call):
        days = serves.get(grant.ground, -1)
        if days is None or call.started_at - grant.since <= days * _DAY:
            return True
    return False


def _consent(facts: Facts, call: Call) -> Found:
    person, purpose = facts.people[call.person], facts.campaigns[call.campaign].purpose
    for region in sorted(person.regions(call.phone)):
        need = need_of(region, purpose)
        if need is None:
            continue
        if not _has(facts, call, dict.fromkeys(need.grounds, need.max_age_days)):
            yield Violation("consent", call, f"{region}: {need.source}; there is none that counts")


def _register(facts: Facts, call: Call) -> Found:
    person, campaign = facts.people[call.person], facts.campaigns[call.campaign]
    law = REGISTRIES.get(person.place.region[:2])
    if law is None or campaign.purpose != "sales" or _has(facts, call, law.lifted_by):
        return
    copies = [copy for copy in facts.registers.get(law.registry, ()) if copy.in_use_from <= call.started_at]
    if not copies:
        yield Violation("register_missing", call, f"no copy of {law.registry}")
        return
    copy = max(copies, key=lambda copy: copy.in_use_from)
    age = _local(call, person).date() - copy.as_of
    if law.max_age_days is not None and age.days > law.max_age_days:
        yield Violation("register_old", call, f"the copy of {law.registry} was {age.days} days old")
    if call.phone in copy.numbers:
        yield Violation("register", call, f"{call.phone} is on {law.registry}")


def _left_alone(facts: Facts, call: Call) -> Found:
    barred = facts.barred.get(call.phone)
    if barred is not None and barred <= call.started_at:
        yield Violation("dnc", call, f"{call.phone} was barred at {barred:%Y-%m-%d %H:%M:%S}")
    person, purpose = facts.people[call.person], facts.campaigns[call.campaign].purpose
    if person.left_alone_from is not None and person.left_alone_from <= call.started_at and purpose == "sales":
        yield Violation("dnc_person", call, f"{person.key} asked not to be called at {person.left_alone_from}")


def _holds(facts: Facts, call: Call) -> Found:
    if facts.campaigns[call.campaign].purpose != "collections":
        return
    for hold in facts.people[call.person].holds:
        if hold.stops(call):
            yield Violation("hold", call, f"debt {hold.debt or '(all)'} is held since {hold.since:%Y-%m-%d %H:%M}")


# Several calls together.


def _by(log: Sequence[Call], key: Callable[[Call], object | None]) -> Iterator[list[Call]]:
    groups: dict[object, list[Call]] = defaultdict(list)
    for call in log:
        name = key(call)
        if name is not None:
            groups[name].append(call)
    yield from groups.values()


def _more_than(limit: int, period: timedelta, calls: Sequence[Call]) -> Iterator[Call]:
    """The calls before which, in the period up to them, `limit` others were."""
    for index, call in enumerate(calls):
        if index >= limit and calls[index - limit].started_at > call.started_at - period:
            yield call


def _two_at_once(facts: Facts, log: Sequence[Call]) -> Found:
    for calls in _by(log, lambda call: call.phone):
        busy_until = datetime.min.replace(tzinfo=UTC)
        for call in calls:
            if call.started_at < busy_until:
                yield Violation("two_at_once", call, f"{call.phone} was being called until {busy_until:%H:%M:%S}")
            busy_until = max(busy_until, call.ended_at)


def _three_a_day(facts: Facts, log: Sequence[Call]) -> Found:
    def subject(call: Call) -> object | None:
        campaign = facts.campaigns[call.campaign]
        return (call.person, campaign.subject or campaign.key) if campaign.purpose == "sales" else None

    for calls in _by(log, subject):
        for call in _more_than(3, _DAY, calls):
            if facts.people[call.person].regions(call.phone) & THREE_A_DAY.keys():
                yield Violation("three_a_day", call, "more than 3 calls on one subject in 24 hours")


def _through(log: Sequence[Call]) -> list[Call]:
    return [call for call in log if call.outcome not in NOT_THROUGH]


def _per_debt(facts: Facts, log: Sequence[Call], within: Callable[[Place], bool]) -> Iterator[list[Call]]:
    groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in log:
        if facts.campaigns[call.campaign].purpose == "collections" and within(facts.people[call.person].place):
            for debt in call.debts:
                groups[call.person, debt].append(call)
    yield from groups.values()


def _consented(call: Call) -> bool:
    """A call that the person asked the collector for within the last seven days: 12 CFR 1006.14(b)(3)(i)."""
    return call.asked_at is not None and call.started_at - call.asked_at <= 7 * _DAY


def _seven_in_seven(facts: Facts, log: Sequence[Call]) -> Found:
    counted = [call for call in _through(log) if not _consented(call)]
    for calls in _per_debt(facts, counted, lambda place: place.region.startswith("US")):
        days = [_local(call, facts.people[call.person]).date() for call in calls]
        for index, call in enumerate(calls):
            if index >= 7 and days[index] - days[index - 7] < 7 * _DAY:
                yield Violation("seven_in_seven", call, f"the 8th call about a debt since {days[index - 7]}")


def _after_conversation(facts: Facts, log: Sequence[Call]) -> Found:
    for calls in _per_debt(facts, _through(log), lambda place: place.region.startswith("US")):
        talks = [call for call in calls if call.conversation]
        for call in calls:
            day = _local(call, facts.people[call.person]).date()
            for talk in talks:
                talked = _local(talk, facts.people[call.person]).date()
                is_after = talk.ended_at <= call.started_at and day - talked < 7 * _DAY
                if is_after and not _consented(call):
                    yield Violation("after_conversation", call, f"a conversation about the debt was on {talked}")


def _massachusetts(facts: Facts, log: Sequence[Call]) -> Found:
    for calls in _per_debt(facts, _through(log), lambda place: place.region == "US-MA"):
        for call in _more_than(2, 7 * _DAY, calls):
            yield Violation("massachusetts", call, "940 CMR 7.04(1)(f): more than 2 calls about a debt in 7 days")


def _new_york_city(facts: Facts, log: Sequence[Call]) -> Found:
    for calls in _per_debt(facts, _through(log), lambda place: place.city == "New York City"):
        for call in _more_than(3, 7 * _DAY, calls):
            yield Violation("new_york_city", call, "6 RCNY 5-77: more than 3 attempts about an account in 7 days")


def _three_a_week(facts: Facts, log: Sequence[Call]) -> Found:
    def debtor(call: Call) -> object | None:
        region = facts.people[call.person].place.region
        bound = region == "US-WA" or region.startswith("AU")
        return call.person if bound and facts.campaigns[call.campaign].purpose == "collections" else None

    for calls in _by(_through(log), debtor):
        for call in _more_than(3, 7 * _DAY, calls):
            yield Violation("three_a_week", call, "RCW 19.16.250(13), RG 96: more than 3 calls in a week")


def _france(facts: Facts, log: Sequence[Call]) -> Found:
    def prospect(call: Call) -> object | None:
        is_french = facts.people[call.person].place.region.startswith("FR")
        return call.person if is_french and facts.campaigns[call.campaign].purpose == "sales" else None

    for calls in _by(log, prospect):
        for call in _more_than(4, 30 * _DAY, calls):
            yield Violation("france_four", call, "D.223-9: more than 4 calls in 30 days")
        refused_at: datetime | None = None
        for call in calls:
            if refused_at is not None and call.started_at < refused_at + 60 * _DAY:
                yield Violation("france_refused", call, f"D.223-9: refused at {refused_at:%Y-%m-%d %H:%M}")
            refused_at = call.ended_at if call.refused else refused_at


def _after_silence(facts: Facts, log: Sequence[Call]) -> Found:
    """Ofcom's statement on persistent misuse: 72 h after an abandoned call, 24 h after a machine was hung up on."""
    for calls in _by(log, lambda call: call.phone if facts.people[call.person].place.region[:2] == "GB" else None):
        for index, call in enumerate(calls):
            for before in reversed(calls[:index]):
                gap = call.started_at - before.ended_at
                if before.outcome == "abandoned" and gap < 3 * _DAY:
                    yield Violation("after_abandoned", call, f"abandoned at {before.ended_at:%Y-%m-%d %H:%M}")
                if before.machine and gap < _DAY:
                    yield Violation("after_machine", call, f"a machine was met at {before.ended_at:%Y-%m-%d %H:%M}")
                if gap > 3 * _DAY:
                    break


def _own_caps(facts: Facts, log: Sequence[Call]) -> Found:
    for calls in _by(log, lambda call: (call.campaign, call.lead)):
        campaign = facts.campaigns[calls[0].campaign]
        for nth, (before, call) in enumerate(pairwise(calls), start=1):
            if call.appointed:
                continue
            rule = before.tried_as or before.outcome
            most, wait_s = campaign.max_attempts.get(rule), campaign.waits_s.get(rule, 0.0)
            if most is not None and nth >= most:
                yield Violation("own_attempts", call, f"attempt {nth + 1}; at most {most} after {rule}")
            if wait_s is None or call.started_at < before.ended_at + timedelta(seconds=wait_s):
                yield Violation("own_wait", call, f"{rule} at {before.ended_at:%Y-%m-%d %H:%M:%S}: {wait_s}")


def _own_limits(facts: Facts, log: Sequence[Call]) -> Found:
    """Numbers are counted over all campaigns, as whoever is called does; leads and debts each for itself."""
    counted = _through(log)
    for key, campaign in facts.campaigns.items():
        for cap in campaign.caps:
            for calls in _capped(cap, key, counted):
                for index, call in enumerate(calls):
                    if (
                        call.campaign == key
                        and index >= cap.most
                        and _within(facts, cap, calls[index - cap.most], call)
                    ):
                        yield Violation("own_limit", call, f"{cap}")


def _capped(cap: Cap, campaign: int, log: Sequence[Call]) -> Iterator[list[Call]]:
    match cap.of:
        case "number":
            yield from _by(log, lambda call: call.phone)
        case "lead":
            yield from _by(log, lambda call: call.lead if call.campaign == campaign else None)
        case _:
            groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
            for call in log:
                for debt in call.debts:
                    groups[call.person, debt].append(call)
            yield from groups.values()


def _within(facts: Facts, cap: Cap, first: Call, last: Call) -> bool:
    if cap.hours is not None:
        return last.started_at - first.started_at < timedelta(hours=cap.hours)
    if cap.days is None:
        return True
    zone = _zone(facts.people[last.person].place.zone)
    days = last.started_at.astimezone(zone).date() - first.started_at.astimezone(zone).date()
    return days < cap.days * _DAY


_ONE_BY_ONE = (_hours, _own_window, _consent, _register, _left_alone, _holds)
_TOGETHER = (
    *(_two_at_once, _three_a_day, _seven_in_seven, _after_conversation, _massachusetts, _new_york_city),
    *(_three_a_week, _france, _after_silence, _own_caps, _own_limits),
)
