"""What is doubtful in rule packs that load: rules without sources, unknown places, hours that never come. Pure.

Keys, values and ids that cannot be right are refused by the loader; this finds what can be read and yet makes no sense.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from campaigns.places import zones_of_region
from campaigns.places.regions import country_of, region_of_code
from campaigns.places.tables import region_names
from campaigns.rules.model import Case, ClosedDays, Confidence, Hours, Pack, Party, Purpose, Rule, RuleType
from campaigns.rules.packs import overlapping_ids
from campaigns.rules.reading import Problem
from campaigns.rules.rulebook import Rulebook
from campaigns.rules.windows import hours_on, in_force

STALE_DAYS = 366
TOGETHER = "all packs together"
_SAMPLE_DAYS = 370
_SOURCED = (Confidence.HIGH, Confidence.MEDIUM)


def lint(packs: Sequence[Pack], today: date) -> list[Problem]:
    """Everything doubtful in the packs, as of a day, pack by pack; then hours that rules leave to nobody together."""
    found = [problem for pack in packs for problem in _pack_problems(pack, today)]
    overlaps = overlapping_ids(packs)
    return [*found, *overlaps] if overlaps else [*found, *_joint_problems(packs, today)]


def _pack_problems(pack: Pack, today: date) -> Iterator[Problem]:
    if not is_place(pack.jurisdiction):
        yield Problem(pack.file, "", "jurisdiction", f"{pack.jurisdiction!r} is no ISO 3166 country or region")
    for rule in pack.rules:
        for key, text in _rule_problems(rule, today):
            yield Problem(pack.file, rule.id, key, text)


def _rule_problems(rule: Rule, today: date) -> Iterator[tuple[str, str]]:
    yield from _source_problems(rule, today)
    for place in sorted(rule.where):
        if not is_place(place):
            yield "where", f"{place!r} is no ISO 3166 country or region"
    if isinstance(rule.params, Hours | ClosedDays) and not _leaves_an_hour(rule, today):
        yield "hours" if rule.type is RuleType.WINDOW else "weekdays", "the rule leaves no hour in a whole year"


def is_place(code: str) -> bool:
    """Whether it is an ISO 3166 code; a city may stand below the state it is in (US-NY-NYC)."""
    state = "-".join(code.split("-")[:2])
    region = region_of_code(state)
    if region != country_of(state):
        return region != ""
    return state == region or not any(country_of(known) == region for known in region_names())


def _source_problems(rule: Rule, today: date) -> Iterator[tuple[str, str]]:
    source = rule.source
    if not source.cite and not source.url:
        yield "source", "is missing: give cite, url and checked_on"
    elif rule.confidence in _SOURCED and not source.cite:
        yield "source.cite", f"is missing, and a rule of confidence {rule.confidence} rests on it"
    if source.checked_on is None:
        yield "source.checked_on", "is missing: say on which day somebody last read the source"
    elif source.checked_on > today:
        yield "source.checked_on", f"{source.checked_on} is still to come"
    elif (today - source.checked_on).days > STALE_DAYS:
        yield "source.checked_on", f"{source.checked_on} is more than a year ago; read the source again"


def _leaves_an_hour(rule: Rule, today: date) -> bool:
    days = [today + timedelta(days=offset) for offset in range(_SAMPLE_DAYS)]
    return not in_force(rule, today) or any(hours_on(rule, day) for day in days)


def _joint_problems(packs: Sequence[Pack], today: date) -> Iterator[Problem]:
    """Hours that the rules of a region leave to nobody when they meet, each told once."""
    timed = [rule for pack in packs for rule in pack.rules if isinstance(rule.params, Hours | ClosedDays)]
    places = sorted({place for rule in timed for place in rule.where if is_place(place)})
    at = datetime.combine(today, time(), UTC)
    rulebook = Rulebook(packs)
    for place in places:
        closed = [case for case in _cases(place) if rulebook.next_open(case, at, _SAMPLE_DAYS // 10) is None]
        if closed:
            ids = ", ".join(sorted(rule.id for rule in timed if rule.covers(place)))
            who = ", ".join(sorted({f"{case.purpose} to a {case.party}" for case in closed}))
            yield Problem(TOGETHER, "", "", f"in {place} no hour is left for {who} under {ids}")


def _cases(place: str) -> Iterator[Case]:
    zones = zones_of_region("-".join(place.split("-")[:2]))[:1] or ("Etc/UTC",)
    for purpose in Purpose:
        for party in Party:
            yield Case("", zones, (place,), purpose, party)
