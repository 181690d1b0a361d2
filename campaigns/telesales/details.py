"""What was sold: product, quantity and amount. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.collections.money import Money, MoneyError, parsed

MAX_PRODUCT, MAX_QUANTITY = 200, 1_000_000
KEYS = ("product", "quantity", "amount", "currency")


class SaleError(ValueError):
    """The details of a sale are incomplete or wrong; the text names the key. `missing` are keys that are not there."""

    def __init__(self, text: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class SaleDetails:
    """One sale: `quantity` of a product, for `price` in all."""

    product: str
    quantity: int
    price: Money


@dataclass(frozen=True, slots=True)
class SaleAsked:
    """A sale as its disposition brings it, and the script it was made by, if any."""

    details: SaleDetails
    pending: bool
    script: str = ""
    version: int = 0


def details_of(given: Mapping[str, str], answers: Mapping[str, str], *, needed: bool = False) -> SaleDetails | None:
    """The details from what the agent gave, else from the script's answers of these names.

    None when they are not `needed`, the agent gave nothing, and the answers have no product and amount. The answer
    `amount` of a money field brings its currency along. Raises SaleError for details that are incomplete (without
    product, amount or currency) or wrong.
    """
    said = {key: value.strip() for key, value in given.items() if value.strip()}
    known = {**_of_answers(answers), **said}
    if not needed and not said and not {"product", "amount"} <= known.keys():
        return None
    missing = tuple(key for key in ("product", "amount", "currency") if key not in known)
    if missing:
        raise SaleError(f"a sale needs {', '.join(missing)}", missing)
    product = known["product"]
    if len(product) > MAX_PRODUCT or not product.isprintable():
        raise SaleError(f"product must be printable text of at most {MAX_PRODUCT} characters, not {product[:60]!r}")
    try:
        price = parsed(known["amount"], known["currency"])
    except MoneyError as error:
        raise SaleError(str(error)) from None
    if price.amount <= 0:
        raise SaleError(f"amount must be above zero, not {price}")
    return SaleDetails(product, _quantity(known.get("quantity", "1")), price)


def _of_answers(answers: Mapping[str, str]) -> dict[str, str]:
    known = {key: answers[key] for key in KEYS if answers.get(key)}
    amount, _, currency = known.get("amount", "").partition(" ")
    return {**known, "amount": amount, "currency": currency} if currency else known


def _quantity(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_QUANTITY:
        raise SaleError(f"quantity must be a whole number from 1 to {MAX_QUANTITY}, not {text!r}")
    return int(text)
