"""Which debtor is called first: a rank from days past due, balance and broken promises. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from campaigns.collections.money import Money

# The three make up at most 99, the highest rank there is. What is older or more does not count further: the oldest
# debts of a portfolio are not the likeliest to be paid.
MOST_DAYS = 365
POINTS_OF_DAYS = 45
POINTS_PER_DIGIT = 5
MOST_DIGITS = 6
POINTS_PER_BROKEN = 8
MOST_BROKEN = 3


@dataclass(frozen=True, slots=True)
class Arrears:
    """What of a debt decides how urgent it is; `due_on` None: not known to be past due."""

    balance: Money
    due_on: date | None
    broken_promises: int = 0


def rank(debts: Iterable[Arrears], on: date) -> int:
    """The urgency of a person's open debts on a day, from 0 (nothing owed) to 99; the greater is called first.

    The sum of: days past due of the oldest, 45 points for a year and more; 5 points for each digit of the greatest sum
    owed in one currency, in whole units, to six; 8 points for each broken promise, to three.
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
    digits = max((len(str(int(total.amount))) for total in owed.values() if total.amount >= 1), default=0)
    return (
        POINTS_OF_DAYS * min(days, MOST_DAYS) // MOST_DAYS
        + POINTS_PER_DIGIT * min(digits, MOST_DIGITS)
        + POINTS_PER_BROKEN * min(broken, MOST_BROKEN)
    )
