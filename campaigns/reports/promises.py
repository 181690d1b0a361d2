"""Promises to pay that fell due: kept, partial, broken, still open, in each currency; by week and by agent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from campaigns.collections.money import stored
from campaigns.collections.promises import (
    TRANSITIONS,
    PaidIn,
    Promise,
    PromiseSettings,
    PromiseState,
    standings,
)
from campaigns.database import Database
from campaigns.instants import datetime_of
from campaigns.reports.money import Item, Sum, amount_text, sums
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share

_SETTLED = (PromiseState.KEPT, PromiseState.PARTIAL, PromiseState.BROKEN)
_RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class _Known:
    """A promise with what the report says of it."""

    debt_id: int
    agent: str
    list_id: int
    state: PromiseState
    promise: Promise


def promises_due(database: Database, selection: Selection, now: datetime) -> dict[str, Any]:
    """{"currencies", "weeks", "agents"}: promises whose due date lies in the selected time, in sums per currency.

    A promise counts as what it is on the day of `now` in the campaign's zone, settled by `dialer promise settle` or
    not. `due` are all but the cancelled ones; `received` is the money that came in on them in time; `kept_rate` is the
    share kept of those that are settled. Weeks begin on Monday (ISO 8601).
    """
    found = list(_found(database, selection, now))
    return {
        **selection.facts(),
        "currencies": _rows(found, ()),
        "weeks": _rows(found, ("week",)),
        "agents": _rows(found, ("agent",)),
    }


def _found(database: Database, selection: Selection, now: datetime) -> Iterator[tuple[_Known, PromiseState, Decimal]]:
    """The promises of the selected time as they stand, and what came in on each."""
    settings, on = PromiseSettings.of(selection.campaign), now.astimezone(selection.zone).date()
    first, end = selection.days()
    paid = _payments(database, selection)
    for debt_id, group in groupby(_promises(database, selection), key=attrgetter("debt_id")):
        of_debt = {each.promise.promise_id: each for each in group}
        for standing in standings([each.promise for each in of_debt.values()], paid.get(debt_id, ()), on, settings):
            known = of_debt[standing.promise.promise_id]
            due_on = standing.promise.due_on
            if (first and due_on < first) or (end and due_on >= end):
                continue
            if selection.list_id in (None, known.list_id):
                moves = standing.state in TRANSITIONS[known.state]
                yield known, standing.state if moves else known.state, standing.covered.amount


def _promises(database: Database, selection: Selection) -> Iterator[_Known]:
    rows = database.lazy(
        "SELECT p.debt_id, p.agent, l.list_id, p.state, p.id, p.amount, p.currency, p.made_at, p.due_on"
        " FROM promises p JOIN debts d ON d.id = p.debt_id JOIN leads l ON l.id = p.lead_id"
        " WHERE d.campaign_id = ? ORDER BY p.debt_id, p.id",
        (selection.campaign.campaign_id,),
    )
    for debt_id, agent, list_id, state, promise_id, amount, currency, made_at, due_on in rows:
        made = datetime_of(made_at)
        assert made is not None
        made_on = made.astimezone(selection.zone).date()
        cancelled = state == PromiseState.CANCELLED
        promise = Promise(promise_id, stored(amount, currency), made_on, date.fromisoformat(due_on), cancelled)
        yield _Known(debt_id, agent, list_id, PromiseState(state), promise)


def _payments(database: Database, selection: Selection) -> dict[int, list[PaidIn]]:
    """By debt, of debts on which there are promises."""
    found: dict[int, list[PaidIn]] = {}
    rows = database.lazy(
        "SELECT debt_id, reference, amount, currency, paid_on FROM payments WHERE debt_id IN"
        " (SELECT p.debt_id FROM promises p JOIN debts d ON d.id = p.debt_id WHERE d.campaign_id = ?)",
        (selection.campaign.campaign_id,),
    )
    for debt_id, reference, amount, currency, paid_on in rows:
        paid = PaidIn(reference, stored(amount, currency), date.fromisoformat(paid_on))
        found.setdefault(debt_id, []).append(paid)
    return found


def _rows(found: list[tuple[_Known, PromiseState, Decimal]], by: tuple[str, ...]) -> list[dict[str, Any]]:
    items = []
    for known, state, received in found:
        amount = known.promise.amount
        group = tuple(_group(known, name) for name in by)
        items.append(Item(group, state.value, amount.amount, amount.currency))
        items.append(Item(group, _RECEIVED, received, amount.currency))
    return [_row(by, *key, states) for key, states in sums(items).items()]


def _group(known: _Known, name: str) -> str:
    if name == "agent":
        return known.agent
    due_on = known.promise.due_on
    return (due_on - timedelta(days=due_on.weekday())).isoformat()


def _row(by: tuple[str, ...], group: tuple[str, ...], currency: str, states: dict[str, Sum]) -> dict[str, Any]:
    of = {state: states.get(state, Sum()) for state in PromiseState}
    due = [each for state, each in of.items() if state is not PromiseState.CANCELLED]
    all_due = Sum(sum(each.count for each in due), sum((each.amount for each in due), Decimal(0)))
    settled = sum(of[state].count for state in _SETTLED)
    return {
        **dict(zip(by, group, strict=True)),
        "currency": currency,
        "due": all_due.facts(currency),
        **{state.value: of[state].facts(currency) for state in (*_SETTLED, PromiseState.OPEN, PromiseState.CANCELLED)},
        "received": amount_text(states[_RECEIVED].amount, currency),
        "kept_rate": Share(of[PromiseState.KEPT].count, settled).facts(),
    }
