"""Promises to pay: which are kept, partial or broken by the payments there are, and what follows. Pure.

States are worked out anew from all of a debt's promises and payments, so that they do not depend on the order in which
files are imported: a payment that comes to light late turns a broken promise into a kept one.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from campaigns.collections.money import Money, MoneyError, split, zero
from campaigns.model import CampaignSettings


class PromiseState(StrEnum):
    """What became of a promise: OPEN until it is kept or its grace is over."""

    OPEN = "open"
    KEPT = "kept"
    PARTIAL = "partial"
    BROKEN = "broken"
    CANCELLED = "cancelled"


# Payments that come to light late lead out of a broken or partial promise; nothing undoes a kept one, nor does a
# shorter grace.
TRANSITIONS: Mapping[PromiseState, frozenset[PromiseState]] = MappingProxyType(
    {
        PromiseState.OPEN: frozenset(set(PromiseState) - {PromiseState.OPEN}),
        PromiseState.BROKEN: frozenset({PromiseState.PARTIAL, PromiseState.KEPT}),
        PromiseState.PARTIAL: frozenset({PromiseState.KEPT}),
        PromiseState.KEPT: frozenset(),
        PromiseState.CANCELLED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class PromiseSettings:
    """Days of grace after the due date, and days from their end to the call that follows."""

    grace_days: int = 3
    partial_days: int = 2
    broken_days: int = 1

    def __post_init__(self) -> None:
        for name in ("grace_days", "partial_days", "broken_days"):
            if not 0 <= getattr(self, name) <= 90:
                raise ValueError(f"{name} must be 0 to 90 days, not {getattr(self, name)}")

    @classmethod
    def of(cls, campaign: CampaignSettings) -> Self:
        """Those of a campaign."""
        return cls(campaign.promise_grace_days, campaign.promise_partial_days, campaign.promise_broken_days)

    def last_day(self, due_on: date) -> date:
        """The last day on which money still keeps a promise."""
        return due_on + timedelta(days=self.grace_days)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a person said they would pay and by when; `made_on` is the day in the campaign's zone."""

    promise_id: int
    amount: Money
    made_on: date
    due_on: date
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class PaidIn:
    """A payment on the debt."""

    reference: str
    amount: Money
    paid_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """A promise as it stands on a day: how much of it is covered, and since when it is settled."""

    promise: Promise
    state: PromiseState
    covered: Money
    settled_on: date | None


class NextStep(StrEnum):
    """What a promise asks of the campaign: nothing, patience until a day, or a call from a day on."""

    NONE = "none"
    WAIT = "wait"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The step that follows: `on` is its day. An `urgent` call goes before those of its campaign that are not."""

    step: NextStep
    on: date | None
    urgent: bool
    because: str


def standings(
    promises: Iterable[Promise], payments: Iterable[PaidIn], on: date, settings: PromiseSettings
) -> tuple[Standing, ...]:
    """How a debt's promises stand on a day, in the order of their due dates.

    Each payment goes to the promise that is due first among those made by the day of the payment, not yet covered and
    still within their grace; what is left of it to the next. Raises MoneyError when currencies differ.
    """
    ordered = sorted(promises, key=lambda each: (each.due_on, each.made_on, each.promise_id))
    covered = {each.promise_id: zero(each.amount.currency) for each in ordered}
    kept_on: dict[int, date] = {}
    for payment in sorted(payments, key=lambda each: (each.paid_on, each.reference)):
        if payment.paid_on <= on:
            _allocate(payment, ordered, covered, kept_on, settings)
    return tuple(_standing(each, covered[each.promise_id], kept_on, on, settings) for each in ordered)


def _allocate(
    payment: PaidIn,
    ordered: Sequence[Promise],
    covered: dict[int, Money],
    kept_on: dict[int, date],
    settings: PromiseSettings,
) -> None:
    left = payment.amount
    for promise in ordered:
        in_time = promise.made_on <= payment.paid_on <= settings.last_day(promise.due_on)
        if promise.cancelled or not in_time or promise.promise_id in kept_on:
            continue
        part = min(left, promise.amount - covered[promise.promise_id])
        covered[promise.promise_id] += part
        left -= part
        if covered[promise.promise_id] == promise.amount:
            kept_on[promise.promise_id] = payment.paid_on
        if not left:
            return


def _standing(
    promise: Promise, covered: Money, kept_on: Mapping[int, date], on: date, settings: PromiseSettings
) -> Standing:
    last_day = settings.last_day(promise.due_on)
    if promise.cancelled:
        return Standing(promise, PromiseState.CANCELLED, covered, None)
    if promise.promise_id in kept_on:
        return Standing(promise, PromiseState.KEPT, covered, kept_on[promise.promise_id])
    if on <= last_day:
        return Standing(promise, PromiseState.OPEN, covered, None)
    return Standing(promise, PromiseState.PARTIAL if covered else PromiseState.BROKEN, covered, last_day)


def follow_up(standing: Standing, settings: PromiseSettings, next_due_on: date | None = None) -> FollowUp:
    """What a promise's state asks for; `next_due_on` is when the debt's next open promise is due, if there is one."""
    match standing.state:
        case PromiseState.OPEN:
            return _wait(standing.promise.due_on, settings, "the promise is open")
        case PromiseState.KEPT if next_due_on is not None:
            return _wait(next_due_on, settings, "the promise is kept; the next one is open")
        case PromiseState.KEPT:
            return FollowUp(NextStep.NONE, None, False, "the promise is kept and no other is open")
        case PromiseState.PARTIAL:
            return _call(standing, settings.partial_days, urgent=False)
        case PromiseState.BROKEN:
            return _call(standing, settings.broken_days, urgent=True)
        case PromiseState.CANCELLED:
            return FollowUp(NextStep.NONE, None, False, "the promise is cancelled")


def _wait(due_on: date, settings: PromiseSettings, why: str) -> FollowUp:
    until = settings.last_day(due_on) + timedelta(days=1)
    return FollowUp(NextStep.WAIT, until, False, f"{why}: due {due_on}, with {settings.grace_days} days of grace")


def _call(standing: Standing, days: int, *, urgent: bool) -> FollowUp:
    assert standing.settled_on is not None
    promise = standing.promise
    because = f"the promise of {promise.amount} by {promise.due_on} is {standing.state}: {standing.covered} came"
    return FollowUp(NextStep.CALL, standing.settled_on + timedelta(days=max(days, 1)), urgent, because)


class Every(StrEnum):
    """How far apart instalments lie."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"


def instalments(total: Money, count: int, first_on: date, every: Every) -> tuple[tuple[Money, date], ...]:
    """Amounts and due dates that make up the total exactly. Raises MoneyError when a part would be nothing.

    A month without the first date's day ends on its last day; the next has the day again.
    """
    amounts = split(total, count)
    if not all(amount.amount > 0 for amount in amounts):
        raise MoneyError(f"{total} in {count} instalments leaves some without an amount; take fewer")
    return tuple((amount, _step(first_on, place, every)) for place, amount in enumerate(amounts))


def _step(first_on: date, place: int, every: Every) -> date:
    if every is not Every.MONTH:
        return first_on + timedelta(days=place * (7 if every is Every.WEEK else 14))
    year, month = divmod(first_on.year * 12 + first_on.month - 1 + place, 12)
    return date(year, month + 1, min(first_on.day, calendar.monthrange(year, month + 1)[1]))
