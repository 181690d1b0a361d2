"""Sales as the database has them: made with a call's disposition, then verified or rejected by somebody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.money import stored
from campaigns.database import Database, StoreError
from campaigns.instants import iso_of, seconds_of, whole_seconds_of
from campaigns.leads import RETRY, stir
from campaigns.statuses import STATUSES
from campaigns.telesales.details import SaleAsked

# What a lead becomes whose sale did not hold: it counts as a refusal, no more as a sale of lists and quotas.
REJECTED_STATUS = "DEC"

_SALE_STATUSES = tuple(code for code, flags in STATUSES.items() if flags.sale)


class Verification(StrEnum):
    """Whether a sale stands: a pending one waits for somebody to verify it."""

    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rejected:
    """What became of the lead of a rejected sale: whether it will be called again, and if not though asked for, why."""

    lead_id: int
    again: bool
    because: str = ""


class Sales:
    """The sales of a site; a sale's id is that of its attempt."""

    def __init__(self, database: Database, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._trail = trail

    def make(self, attempt_id: int, sale: SaleAsked, at: datetime) -> None:
        """Keep the sale of an attempt that was just closed with a sale's status, in the caller's transaction.

        Raises StoreError when the attempt has no such status.
        """
        row = self._database.one(
            "SELECT lead_id, campaign_id, COALESCE(agent, ''), status FROM attempts WHERE id = ?", (attempt_id,)
        )
        if row is None or row[3] not in _SALE_STATUSES:
            raise StoreError(f"attempt {attempt_id} did not end as a sale")
        lead_id, campaign_id, agent, _ = row
        details = sale.details
        state = Verification.PENDING if sale.pending else Verification.VERIFIED
        facts = {
            "product": details.product,
            "quantity": details.quantity,
            "amount": details.price.text,
            "currency": details.price.currency,
        }
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO sales (attempt_id, lead_id, campaign_id, agent, product, quantity, amount, currency,"
                " sold_at, verification, verified_by, verified_at, note)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, '')",
                (
                    *(attempt_id, lead_id, campaign_id, agent, *facts.values(), seconds_of(at), state.value),
                    None if sale.pending else seconds_of(at),
                ),
            )
            body = {"what": "made", "attempt": attempt_id, "lead": lead_id, **facts, "verification": state}
            if sale.script:
                answers = self._database.rows("SELECT field, value FROM answers WHERE attempt_id = ?", (attempt_id,))
                body |= {"script": sale.script, "version": sale.version, "answers": dict(answers)}
            self._trail.note(AuditKind.SALE, body, at=at, leads=(lead_id,), actor=agent or None)

    def verify(self, campaign_id: int, sale_id: int, by: str, at: datetime, *, note: str = "") -> None:
        """Let a pending sale stand. Raises StoreError when there is none, or when it was decided before."""
        with self._database.transaction():
            self._decide(campaign_id, sale_id, Verification.VERIFIED, by, at, note)

    def reject(
        self, campaign_id: int, sale_id: int, by: str, at: datetime, *, note: str = "", again: bool = False
    ) -> Rejected:
        """Take a sale back, also one that was verified. Its lead counts as declined (DEC), and with `again` is called.

        That is as soon as the law and the lists let it. A lead that something else became of meanwhile stays as it is.
        Raises StoreError when there is no such sale, or when it was rejected before.
        """
        with self._database.transaction():
            lead_id = self._decide(campaign_id, sale_id, Verification.REJECTED, by, at, note)
            marks = ", ".join("?" * len(_SALE_STATUSES))
            changed = self._database.execute(
                f"UPDATE leads SET status = ?, next_at = ?, priority = ?, held_by = ''"  # noqa: S608
                f" WHERE id = ? AND next_at IS NULL AND held_by = '' AND status IN ({marks})",
                (REJECTED_STATUS, whole_seconds_of(at) if again else None, RETRY, lead_id, *_SALE_STATUSES),
            )
            stir(self._database)
        because = "" if changed else "something else became of the lead since"
        return Rejected(lead_id, again and bool(changed), because)

    def _decide(self, campaign_id: int, sale_id: int, state: Verification, by: str, at: datetime, note: str) -> int:
        if not by.strip() or not by.isprintable() or not note.isprintable():
            raise StoreError("who decides on a sale, and the note on it, must be printable text")
        row = self._database.one(
            "SELECT lead_id, verification, verified_by FROM sales WHERE campaign_id = ? AND attempt_id = ?",
            (campaign_id, sale_id),
        )
        if row is None:
            raise StoreError(f"the campaign has no sale {sale_id}; `dialer sale list CAMPAIGN` shows those there are")
        lead_id, before, decided_by = row
        if before == state or (before != Verification.PENDING and state is Verification.VERIFIED):
            raise StoreError(f"sale {sale_id} is {before} already" + (f", by {decided_by}" if decided_by else ""))
        self._database.execute(
            "UPDATE sales SET verification = ?, verified_by = ?, verified_at = ?, note = ? WHERE attempt_id = ?",
            (state.value, by, seconds_of(at), note, sale_id),
        )
        body = {"what": state.value, "attempt": sale_id, "lead": lead_id, "before": before, "note": note}
        self._trail.note(AuditKind.SALE, body, at=at, leads=(lead_id,), actor=by)
        return int(lead_id)

    def listing(self, campaign_id: int, state: Verification | None = None) -> list[dict[str, Any]]:
        """Sales for people to read, in the order in which they were made."""
        rows = self._database.rows(
            "SELECT attempt_id, lead_id, agent, product, quantity, amount, currency, sold_at, verification,"
            " verified_by, verified_at, note FROM sales WHERE campaign_id = ? AND (? IS NULL OR verification = ?)"
            " ORDER BY sold_at, attempt_id",
            (campaign_id, state, state),
        )
        names = (*("id", "lead_id", "agent", "product", "quantity", "amount", "currency", "sold_at", "verification"),)
        return [
            {
                **dict(zip(names, row, strict=False)),
                "sold_at": iso_of(row[7]),
                "verified_by": row[9],
                "verified_at": iso_of(row[10]),
                "note": row[11],
            }
            for row in rows
        ]

    def totals(self, campaign_id: int) -> list[Mapping[str, Any]]:
        """By state and currency the number of sales and the sum of their amounts."""
        sums: dict[tuple[str, str], tuple[int, Any]] = {}
        for row in self.listing(campaign_id):
            key, money = (row["verification"], row["currency"]), stored(row["amount"], row["currency"])
            count, before = sums.get(key, (0, None))
            sums[key] = (count + 1, money if before is None else before + money)
        return [
            {"verification": state, "currency": currency, "sales": count, "amount": total.text}
            for (state, currency), (count, total) in sorted(sums.items())
        ]
