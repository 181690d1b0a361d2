"""Which debtor is called first: a rank from days past due, balance and broken promises. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from campaigns.collections.money import Money

# A year past due outweighs any balance; three broken promises weigh as half a year. What is older or more does not
# count further: the oldest debts of a portfolio are not the likeliest to be paid.
MOST_DAYS = 365
POINTS_PER_DIGIT = 30
POINTS_PER_BROKEN = 60
MOST_BROKEN = 3


@dataclass(frozen=True, slots=True)
class Arrears:
    """What of a debt decides how urgent it is; `due_on` None: not known to be past due."""

    balance: Money
    due_on: date | None
    broken_promises: int = 0


def rank(debts: Iterable[Arrears], on: date) -> int:
    """The urgency of a person's open debts on a day, 0 for none; the greater is called first.

    The sum of: days past due of the oldest (to 365); 30 for each digit of the greatest sum owed in one currency, in
    whole units; 60 for each broken promise (to three). A debt that is paid counts nothing.
    """
    owed: dict[str, Money] = {}
    days = broken = 0
    for debt in debts:
        if debt.balance.amount <= 0:
            continue
        currency = debt.balance.currency
        owed[currency] = owed[currency] + debt.balance if currency in owed else debt.balance
        days = max(days, 0 if debt.due_on is None else (on - debt.due_on).days)
        broken += debt.broken_promises
    digits = max((len(str(int(sum_.amount))) if sum_.amount >= 1 else 0 for sum_ in owed.values()), default=0)
    return min(days, MOST_DAYS) + POINTS_PER_DIGIT * digits + POINTS_PER_BROKEN * min(broken, MOST_BROKEN)
