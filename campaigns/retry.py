"""When and on which number to try a lead again, by what came of the last attempt. Pure: the caller gives the time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from campaigns.model import CallbackAsked, Candidate, Outcome, Phone, RetryDecision, RetryRule

_MINUTE_S = 60.0
_HOUR_S = 3600.0

# A person who was abandoned, and a network that blocked us, are left alone for a day.
DEFAULT_RULES: Mapping[Outcome, RetryRule] = MappingProxyType(
    {
        Outcome.HANDLED: RetryRule(delay_s=None),
        Outcome.ABANDONED: RetryRule(delay_s=24 * _HOUR_S),
        Outcome.BUSY: RetryRule(delay_s=5 * _MINUTE_S),
        Outcome.NO_ANSWER: RetryRule(delay_s=_HOUR_S, next_phone=True),
        Outcome.REJECTED: RetryRule(delay_s=4 * _HOUR_S),
        Outcome.INVALID_NUMBER: RetryRule(delay_s=60.0, next_phone=True),
        Outcome.CONGESTION: RetryRule(delay_s=5 * _MINUTE_S),
        Outcome.TIMEOUT: RetryRule(delay_s=5 * _MINUTE_S),
        Outcome.UNWANTED: RetryRule(delay_s=None),
        Outcome.BLOCKED: RetryRule(delay_s=24 * _HOUR_S),
        Outcome.CANCELLED: RetryRule(delay_s=15 * _MINUTE_S),
        Outcome.FAILED: RetryRule(delay_s=30 * _MINUTE_S),
        Outcome.LOST: RetryRule(delay_s=_HOUR_S),
        Outcome.CALLBACK: RetryRule(delay_s=24 * _HOUR_S),
    }
)

# Statuses after which an agent's call is retried: nobody was reached, as if the machine had said so, or the person
# asked for another call.
RETRIED_AS: Mapping[str, Outcome] = MappingProxyType(
    {
        "A": Outcome.NO_ANSWER,
        "N": Outcome.NO_ANSWER,
        "B": Outcome.BUSY,
        "DC": Outcome.INVALID_NUMBER,
        "CALLBK": Outcome.CALLBACK,
    }
)


def decide(
    rules: Mapping[Outcome, RetryRule], outcome: Outcome, candidate: Candidate, wall_now: datetime
) -> RetryDecision:
    """When to try again after an attempt on the candidate's first number ended with `outcome` at `wall_now` (aware).

    `candidate.attempts` does not count that attempt yet. An outcome without a rule is never tried again. An
    invalid number is never dialed again: the lead goes on with another of its numbers or ends.
    """
    if wall_now.tzinfo is None:
        raise ValueError("wall_now must be an aware datetime")
    rule = rules.get(outcome)
    if rule is None or rule.delay_s is None:
        return _never(f"after {outcome} a lead is not tried again")
    done = candidate.attempts + 1
    if done >= rule.max_attempts:
        return _never(f"attempt limit: {done} of {rule.max_attempts} attempts made")
    if outcome is Outcome.INVALID_NUMBER:
        return _after_invalid(rules, rule, candidate, wall_now)
    phone = _next_phone(candidate) if rule.next_phone else candidate.phone
    return _again(rule.delay_s, phone, candidate, outcome, wall_now)


def at_callback(callback: CallbackAsked, phone: Phone) -> RetryDecision:
    """The decision to call a person again when they asked for it."""
    at = callback.at.isoformat(timespec="minutes")
    zone = f" ({callback.zone})" if callback.zone else ""
    whose = f"{callback.agent}'s" if callback.agent else "anyone's"
    return RetryDecision(callback.at, phone.phone_id, f"callback at {at}{zone}, {whose}")


def _after_invalid(
    rules: Mapping[Outcome, RetryRule], rule: RetryRule, candidate: Candidate, wall_now: datetime
) -> RetryDecision:
    """An untried number is called after the rule's own delay; one that was called already waits as after no answer."""
    others = [phone for phone in candidate.phones[1:] if phone.zones and phone.e164 != candidate.phone.e164]
    if not others:
        return _never("the number is invalid and the lead has no other that may be dialed")
    untried = [phone for phone in others if phone.attempts == 0]
    assert rule.delay_s is not None
    if untried:
        return _again(rule.delay_s, untried[0], candidate, Outcome.INVALID_NUMBER, wall_now)
    patience = rules.get(Outcome.NO_ANSWER, DEFAULT_RULES[Outcome.NO_ANSWER]).delay_s
    if patience is None:
        return _never("the number is invalid and the lead's others have been tried")
    return _again(max(patience, rule.delay_s), others[0], candidate, Outcome.INVALID_NUMBER, wall_now)


def _next_phone(candidate: Candidate) -> Phone:
    """The number after the first whose zone is known; the first again when there is none."""
    return next((phone for phone in candidate.phones[1:] if phone.zones), candidate.phone)


def _again(delay_s: float, phone: Phone, candidate: Candidate, outcome: Outcome, wall_now: datetime) -> RetryDecision:
    at = wall_now.astimezone(UTC) + timedelta(seconds=delay_s)
    which = "the same number" if phone.phone_id == candidate.phone.phone_id else f"the lead's other number {phone.e164}"
    return RetryDecision(at, phone.phone_id, f"{outcome}: {which} again in {_span(delay_s)}")


def _never(because: str) -> RetryDecision:
    return RetryDecision(None, None, because)


def _span(seconds: float) -> str:
    if seconds >= _HOUR_S:
        return f"{seconds / _HOUR_S:g} h"
    if seconds >= _MINUTE_S:
        return f"{seconds / _MINUTE_S:g} min"
    return f"{seconds:g} s"
