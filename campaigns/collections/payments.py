"""Payments that people made, as the client's files tell of them; each is counted once, by its reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.debts import Debt, Debts
from campaigns.collections.money import Money, MoneyError, parsed, stored, zero
from campaigns.database import Database
from campaigns.instants import day_of, iso_of, seconds_of


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in for a debt; `reference` is the client's own, unique for the debt."""

    debt: str
    amount: Money
    paid_on: date
    reference: str


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of payments: ids of the debts paid on, what was too much by debt reference, refusals by place."""

    added: int
    known: int
    debt_ids: frozenset[int]
    surplus: Mapping[str, Money]
    refused: Mapping[int, str]


def payment_of(cells: Mapping[str, str], currencies: Mapping[str, str], currency: str = "") -> Payment:
    """A payment from the cells of a file: debt, amount, currency, paid_on, reference.

    `currencies` are the debts' own, for rows that name none. Raises ValueError saying which cell is wrong.
    """
    debt = cells.get("debt", "")
    if debt not in currencies:
        raise ValueError(f"the campaign has no debt {debt!r}; import the debt first, or mend the reference")
    if not cells.get("reference", ""):
        raise ValueError("reference is empty; each payment needs its own, so that it is not counted twice")
    try:
        amount = parsed(cells.get("amount", ""), cells.get("currency", "") or currency or currencies[debt])
    except MoneyError as error:
        raise MoneyError(f"amount: {error}") from None
    return Payment(debt, amount, day_of(cells.get("paid_on", ""), "paid_on"), cells["reference"])


class Payments:
    """The payments of a site."""

    def __init__(self, database: Database, debts: Debts, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._debts = debts
        self._trail = trail

    def add_many(
        self, campaign_id: int, payments: Sequence[Payment], at: datetime, today: date, *, keep_balances: bool = False
    ) -> Booked:
        """Book payments and take them off the balances, unless these hold them already (`keep_balances`).

        What is more than the balance is kept with the payment as its surplus. A payment booked before is passed over.
        Refused: an unknown debt, another currency, an amount of nothing, a day to come, and a reference that stands for
        another payment already.
        """
        with self._database.transaction():
            debts = self._debts.by_references(campaign_id, [payment.debt for payment in payments])
            known = self._known([debt.debt_id for debt in debts.values()])
            new: list[tuple[object, ...]] = []
            touched: set[int] = set()
            surplus: dict[str, Money] = {}
            refused: dict[int, str] = {}
            before = 0
            for place, payment in enumerate(payments):
                reason = _refusal(payment, debts, today)
                debt = debts.get(payment.debt)
                if reason is not None or debt is None:
                    refused[place] = reason or ""
                    continue
                told = known.get((debt.debt_id, payment.reference))
                if told is not None:
                    before += told == payment
                    refused.update({} if told == payment else {place: _differs(told)})
                    continue
                known[debt.debt_id, payment.reference] = payment
                over = zero(payment.amount.currency)
                if not keep_balances:
                    debts[payment.debt], over = self._debts.pay(debt, payment.amount, at)
                if over:
                    surplus[payment.debt] = surplus.get(payment.debt, zero(over.currency)) + over
                touched.add(debt.debt_id)
                new.append(_row(debt.debt_id, payment, over, at))
            self._database.many(
                "INSERT INTO payments (debt_id, amount, currency, paid_on, reference, surplus, imported_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                new,
            )
            body = {"campaign": campaign_id, "booked": len(new), "before": before, "refused": len(refused)}
            self._trail.note(AuditKind.PAYMENT, body, at=at)
        return Booked(len(new), before, frozenset(touched), surplus, refused)

    def _known(self, debt_ids: Sequence[int]) -> dict[tuple[int, str], Payment]:
        rows = self._database.rows_in(
            "SELECT p.debt_id, d.reference, p.amount, p.currency, p.paid_on, p.reference FROM payments p"
            " JOIN debts d ON d.id = p.debt_id WHERE p.debt_id IN (:values)",
            debt_ids,
        )
        return {
            (debt_id, reference): Payment(debt, stored(amount, currency), date.fromisoformat(paid_on), reference)
            for debt_id, debt, amount, currency, paid_on, reference in rows
        }

    def listing(self, campaign_id: int, *, debt: str | None = None) -> list[dict[str, Any]]:
        """Payments in the order of their days."""
        rows = self._database.rows(
            "SELECT d.reference, p.reference, p.amount, p.currency, p.paid_on, p.surplus, p.imported_at FROM payments p"
            " JOIN debts d ON d.id = p.debt_id WHERE d.campaign_id = ? ORDER BY p.paid_on, p.id",
            (campaign_id,),
        )
        names = ("debt", "reference", "amount", "currency", "paid_on", "surplus")
        return [
            {**dict(zip(names, row, strict=False)), "imported_at": iso_of(row[6])}
            for row in rows
            if debt in (None, row[0])
        ]


def _refusal(payment: Payment, debts: Mapping[str, Debt], today: date) -> str | None:
    debt = debts.get(payment.debt)
    if debt is None:
        return f"the campaign has no debt {payment.debt!r}; import the debt first, or mend the reference"
    currency = debt.facts.balance.currency
    if payment.amount.currency != currency:
        return f"debt {payment.debt} is in {currency}, the payment in {payment.amount.currency}"
    if payment.amount.amount <= 0:
        return f"{payment.amount} is no payment; take a payment back by a debt file with the right balance"
    if payment.paid_on > today:
        return f"paid_on {payment.paid_on} is still to come; today is {today}"
    return None


def _differs(told: Payment) -> str:
    return (
        f"reference {told.reference} stands for {told.amount} of {told.paid_on} on debt {told.debt} already; "
        "give a different payment a reference of its own"
    )


def _row(debt_id: int, payment: Payment, surplus: Money, at: datetime) -> tuple[object, ...]:
    amount = payment.amount
    return (
        *(debt_id, amount.text, amount.currency, payment.paid_on.isoformat(), payment.reference, surplus.text),
        seconds_of(at),
    )
