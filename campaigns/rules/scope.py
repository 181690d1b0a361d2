"""Which rules a case falls under, and when it can be judged at all. Pure."""

from collections.abc import Collection
from datetime import datetime

from campaigns.rules.clocks import local_date, zone_of
from campaigns.rules.model import MODES, Case, Effect, Line, Place, Reason, Rule
from campaigns.rules.windows import in_force

MAX_ZONES = 6


def applies(rule: Rule, case: Case) -> bool:
    """Whether the rule is about calls like this one, under any plausible region; dates and grounds apart.

    What is not known counts against the call: an unknown line may be of any kind, a state may hold the city of a rule.
    Only a number known to ring at work is one at work.
    """
    return (
        any(meets(rule, region) for region in case.regions)
        and (not rule.purposes or case.purpose in rule.purposes)
        and (not rule.parties or case.party in rule.parties)
        and (not rule.lines or case.line is Line.UNKNOWN or case.line in rule.lines)
        and (not rule.modes or case.mode in rule.modes)
        and (not rule.places or (case.place or Place.HOME) in rule.places)
    )


def meets(rule: Rule, region: str) -> bool:
    """Whether a rule holds in a region, or in a city that a state may be of."""
    return rule.covers(region) or ("-" in region and any(place.startswith(f"{region}-") for place in rule.where))


def is_in_force(rule: Rule, case: Case, at: datetime) -> bool:
    """Whether the rule is in force on the date of `at` in any zone where the person may be, or in the rule's own."""
    clocks = (zone_of(name) for name in ((rule.zone,) if rule.zone else case.zones))
    return any(in_force(rule, local_date(at, zone)) for zone in clocks if zone is not None)


def mode_is_met(rule: Rule, case: Case) -> bool:
    """Whether a rule that requires certain modes is content with how this call is dialed."""
    return rule.effect is Effect.REQUIRE_MODE and case.mode in rule.required_modes


def unknown(case: Case, countries: Collection[str]) -> Reason | None:
    """Why nobody can say what the law is for this case, if so: zones or regions unknown, or a country without rules.

    Raises ValueError for a mode that is none.
    """
    if case.mode not in MODES:
        raise ValueError(f"{case.mode!r} is no way to place a call; one of: {', '.join(sorted(MODES))}")
    reason = _unknown_zone(case) or _unknown_region(case, countries)
    return None if reason is None else Reason(reason[0], Effect.BLOCK, reason[1])


def _unknown_zone(case: Case) -> tuple[str, str] | None:
    if not case.zones:
        return "zone.unknown", f"the time zone of {case.phone} is unknown, so its legal hours are too"
    if len(case.zones) > MAX_ZONES:
        return "zone.too_many", f"{case.phone} may be in {len(case.zones)} time zones, more than {MAX_ZONES}"
    for name in case.zones:
        if zone_of(name) is None:
            return "zone.invalid", f"the time zone {name!r} of {case.phone} is not in the zone database"
    return None


def _unknown_region(case: Case, countries: Collection[str]) -> tuple[str, str] | None:
    if not case.regions:
        return "region.unknown", f"the country of {case.phone} is unknown, so its rules are too"
    for region in case.regions:
        if region[:2] not in countries:
            return "region.uncovered", f"{case.phone} may be in {region[:2]}, and no rule pack covers that country"
    return None
