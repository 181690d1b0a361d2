"""Sales by product and by agent, in each currency, and how far they are verified."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from campaigns.database import Database
from campaigns.reports.money import Item, Sum, sums
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share
from campaigns.reports.tally import came_of, counts, merged
from campaigns.telesales.sales import Verification

VERIFICATIONS = tuple(each.value for each in (Verification.PENDING, Verification.VERIFIED, Verification.REJECTED))


def sales_made(database: Database, selection: Selection) -> dict[str, Any]:
    """{"currencies", "products", "agents", "unrecorded"}: sales made in the selected time, in sums per currency.

    `unrecorded` are calls of that time with a status of sale of which no product and amount was recorded.
    """
    condition, params = selection.where("s.campaign_id", "s.sold_at", "s.lead_id")
    rows = database.rows(
        "SELECT s.product, s.agent, s.quantity, s.amount, s.currency, s.verification FROM sales s"  # noqa: S608
        f" WHERE {condition}",
        params,
    )
    return {
        **selection.facts(),
        "currencies": _rows(rows, ()),
        "products": _rows(rows, ("product",)),
        "agents": _rows(rows, ("agent",)),
        "unrecorded": _unrecorded(database, selection),
    }


def _unrecorded(database: Database, selection: Selection) -> int:
    """By the time of the call, so that a call and its sale are of one side of a bound."""
    join = "LEFT JOIN sales s ON s.attempt_id = a.id"
    groups = came_of(database, selection, "s.attempt_id IS NULL", bool, join=join)
    return counts(merged({True: groups[True]})).sales if True in groups else 0


def _rows(rows: list[tuple[Any, ...]], by: tuple[str, ...]) -> list[dict[str, Any]]:
    items = []
    quantities: defaultdict[tuple[tuple[str, ...], str], int] = defaultdict(int)
    for product, agent, quantity, amount, currency, verification in rows:
        group = tuple({"product": product, "agent": agent}[name] for name in by)
        items.append(Item(group, verification, Decimal(amount), currency))
        quantities[group, currency] += quantity
    return [_row(by, *key, states, quantities[key]) for key, states in sums(items).items()]


def _row(
    by: tuple[str, ...], group: tuple[str, ...], currency: str, states: dict[str, Sum], quantity: int
) -> dict[str, Any]:
    of = {name: states.get(name, Sum()) for name in VERIFICATIONS}
    total = Sum(sum(each.count for each in of.values()), sum((each.amount for each in of.values()), Decimal(0)))
    decided = of[Verification.VERIFIED].count + of[Verification.REJECTED].count
    return {
        **dict(zip(by, group, strict=True)),
        "currency": currency,
        "sold": total.facts(currency),
        "quantity": quantity,
        **{name: each.facts(currency) for name, each in of.items()},
        "verified_rate": Share(of[Verification.VERIFIED].count, decided).facts(),
    }
