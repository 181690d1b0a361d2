"""What one rule finds wrong with one call, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from campaigns.rules.calendar import days_of
from campaigns.rules.clocks import zone_of
from campaigns.rules.grounds import satisfies
from campaigns.rules.limits import held_by
from campaigns.rules.model import Case, ClosedDays, Cooldown, Hours, Limit, Needs, PastCall, RegistryCheck, Rule
from campaigns.rules.windows import hours_on, is_holiday, open_spans

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule does not allow the call. `mild` when that is only not known for want of a registry's copy."""

    detail: str
    until: datetime | None = None
    mild: bool = False


def finding(rule: Rule, case: Case, at: datetime, past: Sequence[PastCall] | None) -> Finding | None:
    """What the rule has against a call at `at` (UTC), None when nothing; caps need the past calls."""
    match rule.params:
        case Hours() | ClosedDays():
            detail = _closed(rule, case, at)
            return None if detail is None else Finding(detail)
        case Limit() | Cooldown():
            held = None if past is None else held_by(rule, case, at, past)
            return None if held is None else Finding(held.detail, held.until)
        case Needs() as needs:
            return None if satisfies(needs, case, at) else Finding(_lacking(needs))
        case RegistryCheck() as check:
            return _registry(check, case)
        case _:
            return None


def _closed(rule: Rule, case: Case, at: datetime) -> str | None:
    at_s = at.timestamp()
    for name in (rule.zone,) if rule.zone else case.zones:
        if not any(low <= at_s < high for low, high in open_spans(rule, name, int(at_s // _DAY_S))):
            zone = zone_of(name)
            assert zone is not None
            local = at.astimezone(zone)
            return f"it is {local:%a %Y-%m-%d %H:%M} in {name}; {_allowance(rule, local.date())}"
    return None


def _allowance(rule: Rule, day: date) -> str:
    hours = " and ".join(f"{_clock(low)}-{_clock(high)}" for low, high in hours_on(rule, day))
    holiday = _holiday(rule, day)
    on_day = f"on {holiday}" if holiday else f"on a {day:%A}"
    return f"calls are allowed {hours} {on_day}" if hours else f"no calls are allowed {on_day}"


def _holiday(rule: Rule, day: date) -> str:
    assert isinstance(rule.params, Hours | ClosedDays)
    holidays = rule.params.holidays
    return days_of(holidays, day.year)[day] if holidays is not None and is_holiday(holidays, day) else ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _lacking(needs: Needs) -> str:
    grounds = " or ".join(sorted(basis.value for basis in needs.bases))
    age = f" no older than {needs.max_age}" if needs.max_age else ""
    proof = ", with the evidence of it," if needs.evidence else ""
    return f"the person's consent ({grounds}{age}){proof} is needed and none that is valid is on record"


def _registry(check: RegistryCheck, case: Case) -> Finding | None:
    if case.on_registries is None:
        return Finding(f"not checked here: whether {case.phone} is on the registry {check.id}", mild=True)
    if check.id in case.on_registries:
        return Finding(f"{case.phone} is on the registry {check.id}")
    age_days = case.registry_age_days.get(check.id)
    if age_days is None:
        return Finding(f"no copy of the registry {check.id} was ever imported, so nobody looked", mild=True)
    most = check.max_age.days if check.max_age else None
    if most is not None and age_days > most:
        return Finding(
            f"the copy of the registry {check.id} is {age_days} days old; {most} are allowed: import a new one"
        )
    return None
