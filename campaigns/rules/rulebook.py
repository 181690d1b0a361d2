"""The rule book: which rules bind a call, whether it may be placed, and when it may be if not. Pure.

A call is allowed when zones and regions are known and no rule that binds forbids it, in any plausible zone and under
any plausible region.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from campaigns.model import Mode
from campaigns.rules.findings import Finding, finding
from campaigns.rules.grounds import lifts, turning_points
from campaigns.rules.limits import held_by
from campaigns.rules.model import (
    STOPPING,
    Case,
    Confidence,
    Cooldown,
    Effect,
    Hours,
    Limit,
    Pack,
    Party,
    PastCall,
    Purpose,
    Reason,
    Rule,
    RuleType,
    Status,
    Verdict,
)
from campaigns.rules.packs import overlapping_ids
from campaigns.rules.reading import PackError
from campaigns.rules.scope import applies, is_in_force, mode_is_met, unknown
from campaigns.rules.terms import TYPES as TERM_TYPES
from campaigns.rules.terms import Terms, joined
from campaigns.rules.windows import Openings, in_force

SEARCH_DAYS = 15

# A calendar month; and no end of a rest is looked for farther ahead than a life lasts.
_LONGEST_SPAN_DAYS = 31
_FARTHEST = timedelta(days=36_600)

_BY_THE_CLOCK = frozenset({RuleType.WINDOW, RuleType.CLOSED_DAYS})
_BY_HISTORY = frozenset({RuleType.FREQUENCY, RuleType.COOLDOWN})
_BY_FACTS = frozenset({RuleType.CONSENT, RuleType.REGISTRY})
_TIMELY = _BY_THE_CLOCK | _BY_HISTORY
_JUDGED = _TIMELY | _BY_FACTS
_WEIGHTS = {effect: weight for weight, effect in enumerate(Effect)}
_MOST_STEPS = 64
_KEPT = 50_000


def _quarterly(params: object) -> bool:
    """Whether hours begin and end on quarters of an hour."""
    if not isinstance(params, Hours):
        return True
    days = (*params.week, params.holiday or ())
    return all(edge % 15 == 0 for day in days for span in day for edge in span)


def _counted_days(rule: Rule) -> float:
    """How many days before a call its past weighs: a cap's or rest's time, and the age of grounds that it uses up."""
    match rule.params:
        case Limit(per=period) | Cooldown(period=period):
            ages = [each.max_age for each in rule.unless if each.ends_with_conversation]
            grounds = max((math.inf if age is None else age.most_days for age in ages), default=0)
            return grounds + (_LONGEST_SPAN_DAYS if period is None else period.most_days)
        case _:
            return 0


def switch_faults(
    known: Collection[str] | None, enforce: Iterable[str], off: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with a site's switches, each by its key. `known` are all rules' ids (None: nobody can tell)."""
    for key, ids in (("rules.enforce", enforce), ("rules.off", off)):
        strangers = sorted(set(ids) - set(known)) if known is not None else []
        if strangers:
            yield key, f"no pack has the rule {', '.join(strangers)}; see: dialer rules list"
    blank = sorted(rule_id for rule_id, reason in off.items() if not reason.strip())
    if blank:
        yield "rules.off", f"{', '.join(blank)}: give the reason why the rule does not bind here, for the audit log"


class Rulebook:
    """Rule packs as one site uses them. `quarterly`: no hours of theirs begin or end within a quarter of an hour.

    `counted_days` is how long calls of the past weigh, infinite when one weighs for ever.
    `enforce` are the ids of weak rules that a person confirmed: they bind like any other. `off` are rules that do not
    bind here, with the reason why; both raise ValueError for an id that no pack has, and `off` for a blank reason.
    `require_registries` makes a registry that was never imported a block instead of an alert. Raises PackError when
    ids overlap.
    """

    def __init__(
        self,
        packs: Iterable[Pack],
        enforce: Iterable[str] = (),
        off: Mapping[str, str] | None = None,
        *,
        require_registries: bool = False,
    ) -> None:
        self.packs = tuple(packs)
        overlaps = overlapping_ids(self.packs)
        if overlaps:
            raise PackError(overlaps)
        self.rules = tuple(rule for pack in self.packs for rule in pack.rules)
        self.versions = "; ".join(f"{pack.id} {pack.version}" for pack in self.packs)
        self._enforce = frozenset(enforce)
        self._off = dict(off or {})
        self._require_registries = require_registries
        self._countries = {pack.jurisdiction[:2] for pack in self.packs} | {
            place[:2] for rule in self.rules for place in rule.where
        }
        self._openings: dict[object, Openings] = {}
        self._scopes: dict[object, tuple[Rule, ...]] = {}
        self._counting: dict[object, bool] = {}
        self._hours_of_places = [rule for rule in self.rules if rule.type in _BY_THE_CLOCK and rule.places]
        self.counted_days = max(map(_counted_days, self.rules), default=0)
        self.quarterly = all(_quarterly(rule.params) for rule in self.rules)
        faults = [text for _, text in switch_faults({rule.id for rule in self.rules}, self._enforce, self._off)]
        if faults:
            raise ValueError("; ".join(faults))

    def judge(self, case: Case, at: datetime, past: Sequence[PastCall] | None = None) -> Verdict:
        """May the call be placed at `at`? Raises ValueError when `at` is naive or the case's mode is none.

        `past` are the person's calls so far; None skips the rules about them. Stopping reasons come first. The `until`
        of those that time mends is one and the same: the first instant when all of them are over.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at} has no zone, so nobody can say when it is")
        at = at.astimezone(UTC)
        stranger = unknown(case, self._countries)
        if stranger is not None:
            return Verdict(False, (stranger,), case.zones, case.regions, (), self.versions)
        rules = self._in_force(case, at)
        found = [(rule, reason) for rule in rules if (reason := self._reason(rule, case, at, past)) is not None]
        until = None
        if any(reason.stops and rule.type in _TIMELY for rule, reason in found):
            until = self._first_possible(case, at, past)
        reasons = [
            replace(reason, until=until) if reason.stops and rule.type in _TIMELY else reason for rule, reason in found
        ]
        return Verdict(
            allowed=not any(reason.stops for reason in reasons),
            reasons=tuple(sorted(reasons, key=lambda reason: _WEIGHTS[reason.effect])),
            zones=case.zones,
            regions=case.regions,
            rules=tuple(rule.id for rule in rules),
            packs=self.versions,
            until=None if until is None or self._stopped_by_facts(case, until) else until,
        )

    def open_at(self, case: Case, at: datetime) -> bool:
        """Whether `at` is a legal hour in every zone and region of the case, whatever else may stop the call."""
        return self.openings(case).is_open(at.timestamp())

    def next_open(self, case: Case, at: datetime, days: int = SEARCH_DAYS) -> datetime | None:
        """The first legal instant (UTC) from `at` on; None when there is none within `days` days."""
        at_s = self.openings(case).next_open(at.timestamp(), days)
        return None if at_s is None else datetime.fromtimestamp(at_s, UTC)

    def counts_calls(self, case: Case) -> bool:
        """Whether any rule about calls like this one stops or warns by the calls of the past."""
        key = ("calls", case.regions, case.purpose, case.party, case.line, case.mode, case.place)
        known = self._counting.get(key)
        if known is None:
            about = [self.standing(rule) for rule in self._scope(case) if rule.type in _BY_HISTORY]
            known = self._counting[key] = any(effect in STOPPING or effect is Effect.ALERT for effect in about)
        return known

    def openings(self, case: Case) -> Openings:
        """The legal hours of every case of this profile; where thousands of leads share one, keep it."""
        key: tuple[object, ...] = (case.zones, case.regions, case.purpose, case.party, case.line, case.mode, case.place)
        if case.consents:
            key = (*key, case.consents, case.phone)
        openings = self._openings.get(key)
        if openings is None:
            if len(self._openings) >= _KEPT:
                self._openings.clear()
            openings = self._openings[key] = self._computed_openings(case)
        return openings

    def hours_differ(self, one: Case, other: Case) -> bool:
        """Whether rules about the hours at one place only are about one of two calls and not about the other."""
        return any(applies(rule, one) != applies(rule, other) for rule in self._hours_of_places)

    def terms(
        self, regions: tuple[str, ...], purpose: Purpose, party: Party, on: date, mode: str = Mode.PREDICTIVE
    ) -> Terms:
        """What the rules in force on a day demand of the way calls are made, joined to the strictest."""
        case = Case("", (), regions, purpose, party, mode=mode)
        standings = [
            (rule, self.standing(rule))
            for rule in self.rules
            if rule.type in TERM_TYPES and applies(rule, case) and in_force(rule, on)
        ]
        return joined([(rule, effect) for rule, effect in standings if effect in STOPPING or effect is Effect.ALERT])

    def standing(self, rule: Rule) -> Effect:
        """How a rule binds here: as it is written, as an alert, in shadow, or not at all."""
        if rule.id in self._off:
            return Effect.OFF
        if rule.id in self._enforce:
            return Effect.BLOCK if rule.effect is Effect.ALERT else rule.effect
        if rule.status is Status.GUIDANCE:
            return Effect.ALERT
        weak = rule.confidence in (Confidence.LOW, Confidence.KNOWLEDGE)
        if rule.status is not Status.IN_FORCE or (weak and rule.effect is not Effect.ALERT):
            return Effect.SHADOW
        return rule.effect

    def _scope(self, case: Case) -> tuple[Rule, ...]:
        """The rules about calls like this one, whatever the day."""
        key = (case.regions, case.purpose, case.party, case.line, case.mode, case.place)
        scope = self._scopes.get(key)
        if scope is None:
            if len(self._scopes) >= _KEPT:
                self._scopes.clear()
            scope = self._scopes[key] = tuple(
                rule for rule in self.rules if rule.type in _JUDGED and applies(rule, case)
            )
        return scope

    def _in_force(self, case: Case, at: datetime) -> list[Rule]:
        return [rule for rule in self._scope(case) if is_in_force(rule, case, at)]

    def _binds(self, rule: Rule, case: Case) -> bool:
        return self.standing(rule) in STOPPING and not mode_is_met(rule, case)

    def _reason(self, rule: Rule, case: Case, at: datetime, past: Sequence[PastCall] | None) -> Reason | None:
        if mode_is_met(rule, case) or lifts(rule, case, at, past if rule.type in _BY_HISTORY else None):
            return None
        found = finding(rule, case, at, past)
        if found is None:
            return None
        effect = self.standing(rule)
        if found.mild and effect in STOPPING and not self._require_registries:
            effect = Effect.ALERT
        return Reason(rule.id, effect, self._in_words(rule, effect, found), found.until)

    def _in_words(self, rule: Rule, effect: Effect, found: Finding) -> str:
        cite = f" ({rule.source.cite})" if rule.source.cite else ""
        match effect:
            case Effect.OFF:
                return f"{found.detail}{cite}; the rule is switched off here: {self._off[rule.id]}"
            case Effect.SHADOW:
                why = "weakly sourced" if rule.status is Status.IN_FORCE else rule.status.value
                return f"{found.detail}{cite}; the rule is {why} and only watched"
            case Effect.REQUIRE_MODE:
                return f"{found.detail}{cite}; dial in mode {' or '.join(sorted(rule.required_modes))}"
            case _:
                return f"{found.detail}{cite}"

    def _computed_openings(self, case: Case) -> Openings:
        if unknown(case, self._countries) is not None:
            return Openings(lambda _at_s: None)
        rules = [rule for rule in self._scope(case) if rule.type in _BY_THE_CLOCK and self._binds(rule, case)]

        def binding(at_s: float) -> list[tuple[Rule, str]]:
            at = datetime.fromtimestamp(at_s, UTC)
            return [
                (rule, zone)
                for rule in rules
                if not (rule.unless and lifts(rule, case, at, None))
                for zone in ((rule.zone,) if rule.zone else case.zones)
            ]

        return Openings(binding, turning_points(rules, case))

    def _first_possible(self, case: Case, at: datetime, past: Sequence[PastCall] | None) -> datetime | None:
        """The first instant from `at` on that is a legal hour and free of caps and cool-downs; None when not found."""
        farthest = at + _FARTHEST
        for _ in range(_MOST_STEPS):
            opens = self.next_open(case, at)
            if opens is None or past is None:
                return opens
            held = [
                found.until
                for rule in self._in_force(case, opens)
                if rule.type in _BY_HISTORY and self._binds(rule, case) and not lifts(rule, case, opens, past)
                if (found := held_by(rule, case, opens, past)) is not None
            ]
            if not held:
                return opens
            ends = [end for end in held if end is not None and end <= farthest]
            if len(ends) < len(held):
                return None
            at = max(ends).astimezone(UTC)
        return None

    def _stopped_by_facts(self, case: Case, at: datetime) -> bool:
        reasons = (self._reason(rule, case, at, None) for rule in self._in_force(case, at) if rule.type in _BY_FACTS)
        return any(reason is not None and reason.stops for reason in reasons)
