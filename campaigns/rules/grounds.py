"""Grounds to call: which consents hold at an instant, and whether they lift a rule. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from campaigns.rules.clocks import period_end, zone_of
from campaigns.rules.model import Basis, Case, Consent, Exemption, Needs, PastCall, Period, Rule


def lifts(rule: Rule, case: Case, at: datetime, past: Sequence[PastCall] | None) -> bool:
    """Whether one of the rule's exemptions holds at an instant.

    Where the calls of the past are not known (None), a ground that a conversation would use up does not hold.
    """
    return any(_holds(exemption, case, at, past) for exemption in rule.unless)


def satisfies(needs: Needs, case: Case, at: datetime) -> bool:
    """Whether the case has one of the grounds that a consent rule needs."""
    return any(
        (consent.evidence or not needs.evidence) and _young_enough(consent, needs.max_age, None, case.zones, at)
        for consent in valid_consents(case, needs.bases, at)
    )


def valid_consents(case: Case, bases: frozenset[Basis], at: datetime) -> Iterator[Consent]:
    """The consents of one of `bases` for this number and purpose that are given, unexpired and unrevoked at `at`."""
    for consent in relevant(case):
        if (
            not bases.isdisjoint(consent.basis.implied)
            and (consent.obtained_at is None or consent.obtained_at <= at)
            and (consent.expires_at is None or at < consent.expires_at)
            and (consent.revoked_at is None or at < consent.revoked_at)
        ):
            yield consent


def relevant(case: Case) -> Iterator[Consent]:
    """The consents that are for this number and this purpose."""
    for consent in case.consents:
        if consent.phone in (None, case.phone) and consent.purpose in (None, case.purpose):
            yield consent


def turning_points(rules: Iterable[Rule], case: Case) -> set[float]:
    """All instants (seconds since 1970) at which a consent of the case may begin or cease to lift one of the rules."""
    found: set[float] = set()
    exemptions = [exemption for rule in rules for exemption in rule.unless]
    for consent in relevant(case):
        edges = [consent.obtained_at, consent.expires_at, consent.revoked_at]
        for exemption in exemptions:
            if consent.obtained_at is not None and exemption.max_age is not None:
                edges.append(_end(consent.obtained_at, exemption.max_age, exemption.first_day_counts, case.zones))
        found.update(edge.timestamp() for edge in edges if edge is not None)
    return found


def _holds(exemption: Exemption, case: Case, at: datetime, past: Sequence[PastCall] | None) -> bool:
    for consent in valid_consents(case, exemption.bases, at):
        used_up = exemption.ends_with_conversation and (past is None or _talked_since(consent, case, at, past))
        if not used_up and _young_enough(consent, exemption.max_age, exemption.first_day_counts, case.zones, at):
            return True
    return False


def _talked_since(consent: Consent, case: Case, at: datetime, past: Sequence[PastCall]) -> bool:
    return any(
        call.conversation
        and call.at < at
        and (consent.obtained_at is None or consent.obtained_at < call.at)
        and (not case.debts or not call.debts or not case.debts.isdisjoint(call.debts))
        for call in past
    )


def _young_enough(
    consent: Consent, max_age: Period | None, first_day_counts: bool | None, zones: Iterable[str], at: datetime
) -> bool:
    """A consent of unknown age is too old wherever age matters."""
    if max_age is None:
        return True
    return consent.obtained_at is not None and at < _end(consent.obtained_at, max_age, first_day_counts, zones)


def _end(start: datetime, period: Period, first_day_counts: bool | None, zones: Iterable[str]) -> datetime:
    """When a ground of limited age ceases: where that is first."""
    clocks = [zone for zone in map(zone_of, zones) if zone is not None]
    return min((period_end(start, period, first_day_counts, zone) for zone in clocks), default=start)
