"""Rows of the table test over the rule packs: a call, a local instant, and what the cited source says of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from campaigns.rules import Basis, Case, Consent, Effect, Party, PastCall, Purpose, Rulebook, Verdict, load_builtin
from campaigns.rules.model import Rule

REGISTRIES = ("us-national", "gb-tps", "gb-ctps", "fr-bloctel", "it-rpo", "au-dncr", "ca-dncl")
PHONE = "+12025550123"
OTHER_PHONE = "+12025550199"
_ZONES = {name.rpartition("/")[2]: name for name in sorted(available_timezones()) if name.count("/") == 1}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `rule` is what the row is about and `cite` the public source from which its expectation was written. `stops` says
    whether that rule stops the call; `also` are all other rules that must stop it, so that no rule stops it unseen.
    `told` are rules that must be told of without stopping the call.
    """

    rule: str
    cite: str
    at: str
    case: Case
    stops: bool
    also: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    past: tuple[PastCall, ...] = ()
    enforce: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = "stops" if self.stops else "lets pass"
        where = "+".join(self.case.regions)
        return f"{self.rule} {what} {where} {self.case.purpose} {self.at}"


@dataclass(frozen=True, slots=True)
class About:
    """Makes the rows about one rule from one source."""

    rule: str
    cite: str

    def stops(self, at: str, row_case: Case, **rest: Any) -> Row:
        return Row(self.rule, self.cite, at, row_case, True, **rest)

    def passes(self, at: str, row_case: Case, **rest: Any) -> Row:
        return Row(self.rule, self.cite, at, row_case, False, **rest)


def zone_named(name: str) -> str:
    """The IANA zone of a name or of its last part, such as New_York."""
    return _ZONES.get(name, name)


def instant(text: str) -> datetime:
    """'2026-07-01 19:59 New_York' in UTC; a '*' at the end names the later of two like clock times."""
    day, clock, zone = text.removesuffix("*").split()
    local = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone_named(zone)), fold=text.endswith("*"))
    return local.astimezone(UTC)


def case(purpose: str, zone: str, region: str, **changes: Any) -> Case:
    """A call to a consumer on no registry, with copies of a day ago; several zones or regions are joined with '+'."""
    plain = Case(
        phone=PHONE,
        zones=tuple(map(zone_named, zone.split("+"))),
        regions=tuple(region.split("+")),
        purpose=Purpose(purpose),
        on_registries=frozenset(),
        registry_age_days=dict.fromkeys(REGISTRIES, 1),
    )
    return replace(plain, **changes)


def business(row_case: Case) -> Case:
    return replace(row_case, party=Party.BUSINESS)


def consented(row_case: Case, basis: str, obtained: str = "", **changes: Any) -> Case:
    """The case with a ground to call, obtained at a local instant (without one: the start of 2026)."""
    at = instant(obtained) if obtained else datetime(2026, 1, 1, tzinfo=UTC)
    consent = replace(Consent(Basis(basis), obtained_at=at, evidence="recording 4711"), **changes)
    return replace(row_case, consents=(*row_case.consents, consent))


def listed(row_case: Case, *registries: str) -> Case:
    return replace(row_case, on_registries=frozenset(registries))


def copies_of(row_case: Case, days: int) -> Case:
    """The case with copies of all registries so many days old."""
    return replace(row_case, registry_age_days=dict.fromkeys(REGISTRIES, days))


def past(at: str, outcome: str = "no_answer", **changes: Any) -> PastCall:
    """A call that was placed at a local instant."""
    return PastCall(instant(at), changes.pop("phone", PHONE), outcome, **changes)


def talk(at: str, **changes: Any) -> PastCall:
    """A conversation at a local instant."""
    return past(at, "answered", contact=True, conversation=True, **changes)


def times(count: int, first: str, every_minutes: int = 60, **changes: Any) -> tuple[PastCall, ...]:
    """So many calls, the first at a local instant."""
    start = past(first, **changes)
    return tuple(replace(start, at=start.at + timedelta(minutes=number * every_minutes)) for number in range(count))


@cache
def rules() -> dict[str, Rule]:
    return {rule.id: rule for pack in load_builtin() for rule in pack.rules}


@cache
def _book(enforce: tuple[str, ...], off: tuple[str, ...]) -> Rulebook:
    confirmed = dict.fromkeys(off, "a person confirmed it")
    return Rulebook(load_builtin(), enforce, confirmed, require_registries=True)


def judged(row: Row) -> Verdict:
    return _book(row.enforce, row.off).judge(row.case, instant(row.at), row.past)


def stopping(verdict: Verdict) -> set[str]:
    return {reason.rule for reason in verdict.reasons if reason.stops}


def told(verdict: Verdict) -> set[str]:
    return {reason.rule for reason in verdict.reasons if reason.effect in (Effect.ALERT, Effect.SHADOW)}
