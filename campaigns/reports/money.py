"""Counted things of money: how many, and how much in each currency, by anything. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from campaigns.collections.money import exponent_of


@dataclass(frozen=True, slots=True)
class Item:
    """One thing: what it is counted under, what became of it, and its amount in its currency."""

    group: tuple[str, ...]
    state: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Sum:
    """So many things of so much together."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def plus(self, amount: Decimal) -> "Sum":
        return Sum(self.count + 1, self.amount + amount)

    def facts(self, currency: str) -> dict[str, object]:
        """{"count", "amount"}: the amount as decimal text with the currency's decimals."""
        return {"count": self.count, "amount": amount_text(self.amount, currency)}


Sums = dict[tuple[tuple[str, ...], str], dict[str, Sum]]


def sums(items: Iterable[Item]) -> Sums:
    """By (group, currency), in their order, the sum of each state."""
    found: Sums = defaultdict(lambda: defaultdict(Sum))
    for each in items:
        states = found[each.group, each.currency]
        states[each.state] = states[each.state].plus(each.amount)
    return {key: dict(found[key]) for key in sorted(found)}


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with the decimals of its currency: 1234.50."""
    return str(amount.quantize(Decimal(1).scaleb(-exponent_of(currency))))
