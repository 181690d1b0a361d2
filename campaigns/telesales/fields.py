"""Questions of a script: their kinds, how an answer is read, and which values may lead to different steps. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from itertools import pairwise

from campaigns.collections.money import MoneyError, exponent_of, parsed

MAX_TEXT = 1000
_MAX_DIGITS = 15
_YES = {"yes": "yes", "y": "yes", "true": "yes", "1": "yes", "no": "no", "n": "no", "false": "no", "0": "no"}

# What a field that was asked and left open is answered with.
SKIPPED = ""

Worth = Decimal | date | str


class Kind(StrEnum):
    """What an answer must be."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"
    MONEY = "money"
    YES_NO = "yes-no"


class AnswerError(ValueError):
    """An answer does not fit its field, or the field is not asked now; the text says what does."""


@dataclass(frozen=True, slots=True)
class Field:
    """A question. `low` and `high` bound numbers, amounts of money and dates; a `whole` number has no decimals.

    One that is not `required` may be left open.
    """

    name: str
    kind: Kind
    prompt: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    low: Decimal | date | None = None
    high: Decimal | date | None = None
    whole: bool = False
    currency: str = ""

    @property
    def ordered(self) -> bool:
        """Whether its answers are less or more."""
        return self.kind in (Kind.NUMBER, Kind.DATE, Kind.MONEY)


def read(field: Field, text: str) -> str:
    """An answer in the form in which it is kept: 2026-11-24, 19.90 EUR, yes. Empty text leaves an optional field open.

    Raises AnswerError naming the field and what it takes.
    """
    written = text.strip()
    if not written:
        if field.required:
            raise AnswerError(f"{field.name} is required: {_wanted(field)}")
        return SKIPPED
    return _READERS[field.kind](field, written)


def worth(field: Field, answer: str) -> Worth | None:
    """What an answer as `read` gives it is compared by; None for a field left open."""
    if answer == SKIPPED:
        return None
    if field.kind is Kind.DATE:
        return date.fromisoformat(answer)
    if field.kind in (Kind.NUMBER, Kind.MONEY):
        return Decimal(answer.split(" ")[0])
    return answer


def _text(field: Field, text: str) -> str:
    if len(text) > MAX_TEXT or not all(char.isprintable() or char == "\n" for char in text):
        raise AnswerError(f"{field.name} must be printable text of at most {MAX_TEXT} characters")
    return text


def _number(field: Field, text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _misfit(field, text) from None
    digits = value.as_tuple()
    if not value.is_finite() or not isinstance(digits.exponent, int):
        raise _misfit(field, text)
    if len(digits.digits) > _MAX_DIGITS or abs(digits.exponent) > _MAX_DIGITS:
        raise _misfit(field, text)
    if field.whole and value != value.to_integral_value():
        raise _misfit(field, text)
    _require_within(field, value, text)
    plain = format(value.normalize(), "f")
    return "0" if value == 0 else plain


def _choice(field: Field, text: str) -> str:
    found = [choice for choice in field.choices if choice.casefold() == text.casefold()]
    if not found:
        raise _misfit(field, text)
    return found[0]


def _date(field: Field, text: str) -> str:
    try:
        value = date.fromisoformat(text)
    except ValueError:
        raise _misfit(field, text) from None
    _require_within(field, value, text)
    return value.isoformat()


def _money(field: Field, text: str) -> str:
    amount = text.removesuffix(field.currency).removesuffix(field.currency.lower()).strip()
    try:
        value = parsed(amount, field.currency)
    except MoneyError as error:
        raise AnswerError(f"{field.name}: {error}") from None
    _require_within(field, value.amount, text)
    return str(value)


def _yes_no(field: Field, text: str) -> str:
    if text.casefold() not in _YES:
        raise _misfit(field, text)
    return _YES[text.casefold()]


_READERS: Mapping[Kind, Callable[[Field, str], str]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.DATE: _date,
    Kind.MONEY: _money,
    Kind.YES_NO: _yes_no,
}


def _require_within(field: Field, value: Decimal | date, text: str) -> None:
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):  # type: ignore[operator]
        raise _misfit(field, text)


def _misfit(field: Field, text: str) -> AnswerError:
    return AnswerError(f"{field.name} must be {_wanted(field)}, not {text[:60]!r}")


def _wanted(field: Field) -> str:
    bounds = "".join(
        f" {word} {bound}" for word, bound in (("from", field.low), ("to", field.high)) if bound is not None
    )
    return {
        Kind.TEXT: "text",
        Kind.NUMBER: f"a {'whole ' if field.whole else ''}number{bounds}",
        Kind.CHOICE: f"one of {', '.join(field.choices)}",
        Kind.DATE: f"a date such as 2026-11-24{bounds}",
        Kind.MONEY: f"an amount in {field.currency} such as 1234.50{bounds}",
        Kind.YES_NO: "yes or no",
    }[field.kind]


def representatives(field: Field, marks: Iterable[Worth]) -> tuple[str, ...]:
    """Answers of which every answer that fits the field is like one, as far as comparisons with `marks` can tell."""
    if field.kind is Kind.YES_NO:
        found = ["yes", "no"]
    elif field.kind is Kind.CHOICE:
        found = list(field.choices)
    elif field.kind is Kind.TEXT:
        known = [str(mark) for mark in marks if mark != SKIPPED]
        found = [*known, "".join(known)[: MAX_TEXT - 1] + "?"]
    else:
        found = _along(field, [mark for mark in marks if not isinstance(mark, str)])
    return tuple(dict.fromkeys([*found, *(() if field.required else (SKIPPED,))]))


def _along(field: Field, marks: list[Decimal | date]) -> list[str]:
    """The marks, and values next to and between them, as far as they fit."""
    points: list[Decimal | date] = sorted({*marks, *(b for b in (field.low, field.high) if b is not None)})
    if not points:
        points = [date(2000, 1, 1) if field.kind is Kind.DATE else Decimal(0)]
    near = [shifted for point in points for shifted in _neighbours(field, point)]
    between = [_midpoint(low, high) for low, high in pairwise(points)]
    return [answer for value in (*points, *near, *between) if (answer := _fitting(field, value)) is not None]


def _neighbours(field: Field, point: Decimal | date) -> tuple[Decimal | date, ...]:
    if isinstance(point, date):
        day = timedelta(days=1)
        return (*((point - day,) if point > date.min else ()), *((point + day,) if point < date.max else ()))
    unit = Decimal(1).scaleb(-exponent_of(field.currency)) if field.kind is Kind.MONEY else Decimal(1)
    below = (point / unit).to_integral_value(ROUND_FLOOR) * unit
    above = (point / unit).to_integral_value(ROUND_CEILING) * unit
    return (above - unit, below, above, below + unit)


def _midpoint(low: Decimal | date, high: Decimal | date) -> Decimal | date:
    if isinstance(low, date) or isinstance(high, date):
        assert isinstance(low, date)
        assert isinstance(high, date)
        return low + (high - low) // 2
    return (low + high) / 2


def _fitting(field: Field, value: Decimal | date) -> str | None:
    try:
        return read(field, format(value.normalize(), "f") if isinstance(value, Decimal) else value.isoformat())
    except AnswerError:
        return None
