"""Exact money: a decimal amount in a currency of ISO 4217, with no more decimals than the currency has. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from iso4217 import Currency

# Fifteen digits before the point leave the default context of 28 digits room for exact sums over millions of debts.
_TOO_MUCH = Decimal(10) ** 15

_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_COMMA_GROUPS = re.compile(r"-?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,})")
_POINT_GROUPS = re.compile(r"-?\d{1,3}((\.\d{3})+,\d+|(\.\d{3}){2,})")
_EITHER = re.compile(r"-?\d{1,3}[.,]\d{3}")


class MoneyError(ValueError):
    """An amount or a currency that cannot be used; the text says why and how to write it."""


@lru_cache(maxsize=256)
def exponent_of(currency: str) -> int:
    """How many decimals a currency has (ISO 4217, list one). Raises MoneyError for codes that are no money."""
    try:
        exponent: int | None = Currency(currency).exponent
    except ValueError:
        raise MoneyError(f"currency {currency!r} is not an ISO 4217 code such as USD, EUR or JPY") from None
    if exponent is None:
        raise MoneyError(f"currency {currency} has no unit of account in ISO 4217; name the money that is owed")
    return exponent


@dataclass(frozen=True, slots=True)
class Money:
    """An amount to the currency's last decimal. Raises MoneyError for more decimals or fifteen digits and up."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        exponent = exponent_of(self.currency)
        if not self.amount.is_finite() or abs(self.amount) >= _TOO_MUCH:
            raise MoneyError(f"{self.amount} {self.currency} is no amount below {_TOO_MUCH:.0e}")
        exact = self.amount.quantize(Decimal(1).scaleb(-exponent))
        if exact != self.amount:
            raise MoneyError(f"{self.amount} has more than the {exponent} decimals of {self.currency}")
        object.__setattr__(self, "amount", exact if exact else abs(exact))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._like(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._like(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._like(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._like(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def text(self) -> str:
        """The amount as it is stored and exported: 1234.50."""
        return str(self.amount)

    def _like(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise MoneyError(f"{self} and {other} are in different currencies")
        return other.amount


def zero(currency: str) -> Money:
    """Nothing, in a currency."""
    return Money(Decimal(0), currency)


def stored(amount: str, currency: str) -> Money:
    """Money as the database has it."""
    return Money(Decimal(amount), currency)


def parsed(text: str, currency: str) -> Money:
    """An amount that a person or their program wrote: 1234.5, 1,234.50, 1.234,50 or 1234,50.

    Raises MoneyError for what may be read in two ways (1,234 may be a thousand or a little over one) and what is none.
    """
    written = text.strip().replace("\u00a0", " ").replace(" ", "")
    code = currency.strip().upper()
    exponent = exponent_of(code)
    if _EITHER.fullmatch(written) and not (exponent == 3 and "." in written):
        raise MoneyError(f"amount {text.strip()!r} may be read in two ways; write it without thousands separators")
    try:
        return Money(Decimal(_plain(written)), code)
    except InvalidOperation:
        raise MoneyError(f"amount {text.strip()!r} is no number; write it like 1234.50") from None


def _plain(written: str) -> str:
    if _COMMA_GROUPS.fullmatch(written):
        return written.replace(",", "")
    if _POINT_GROUPS.fullmatch(written):
        return written.replace(".", "").replace(",", ".")
    if _DECIMAL_COMMA.fullmatch(written):
        return written.replace(",", ".")
    return written if _PLAIN.fullmatch(written) else "?"


def split(total: Money, count: int) -> tuple[Money, ...]:
    """`count` parts that make up the total to the last unit, the first ones greater by one unit where it must be."""
    if count < 1:
        raise MoneyError(f"an amount cannot be split into {count} parts")
    exponent = exponent_of(total.currency)
    each, left = divmod(int(total.amount.scaleb(exponent)), count)
    units = [each + 1] * left + [each] * (count - left)
    return tuple(Money(Decimal(unit).scaleb(-exponent), total.currency) for unit in units)
