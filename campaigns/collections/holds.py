"""Holds: what stops calls about a debt or to a person until it is lifted, such as a dispute or a cease request.

A dispute stops calls about its debt (15 U.S.C. 1692g(b), 12 CFR 1006.38(d)); a cease request (15 U.S.C. 1692c(c)), a
known attorney (1692c(a)(2)) or a bankruptcy (11 U.S.C. 362) stops all calls to the person, in every campaign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.people import everyone, same_person
from campaigns.database import Database, Row, StoreError
from campaigns.instants import datetime_of, iso_of, seconds_of
from campaigns.leads import wake


class HoldKind(StrEnum):
    """Why calls stop."""

    DISPUTE = "dispute"
    CEASE = "cease"
    ATTORNEY = "attorney"
    BANKRUPTCY = "bankruptcy"
    BEREAVEMENT = "bereavement"
    OTHER = "other"

    @property
    def passing(self) -> bool:
        """Whether such a hold may end by itself; the others last until somebody lifts them."""
        return self in (HoldKind.BEREAVEMENT, HoldKind.OTHER)


InForce = tuple[HoldKind, int | None]
"""A hold that nobody lifted: its kind, and the debt it is about (None: the person)."""

# What a debt is called while such a hold lies on it; a hold that passes by itself leaves the debt's state alone.
_STATE = {
    HoldKind.DISPUTE: "disputed",
    HoldKind.CEASE: "ceased",
    HoldKind.ATTORNEY: "ceased",
    HoldKind.BANKRUPTCY: "ceased",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force. `debt_id` None: it stops every call to the person. `until` (UTC) None: until it is lifted."""

    hold_id: int
    lead_id: int
    debt_id: int | None
    kind: HoldKind
    placed_at: datetime
    until: datetime | None
    source: str

    @property
    def detail(self) -> str:
        """The hold in a sentence."""
        what = "this debt" if self.debt_id is not None else "the person"
        end = "until it is lifted" if self.until is None else f"until {self.until.isoformat(timespec='minutes')}"
        return f"{self.kind} holds {what} since {self.placed_at.date()}, {end}"


def state_under(held: Sequence[InForce], debt_id: int) -> str:
    """The state that holds give an unpaid debt: ceased, disputed or open."""
    states = {_STATE.get(kind) for kind, about in held if about in (None, debt_id)}
    return "ceased" if "ceased" in states else "disputed" if "disputed" in states else "open"


class Holds:
    """The holds of a site."""

    def __init__(self, database: Database, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._trail = trail

    def place(
        self,
        lead_id: int,
        kind: HoldKind,
        at: datetime,
        source: str,
        *,
        debt_id: int | None = None,
        until: datetime | None = None,
    ) -> int:
        """Stop calls about a debt, or with no debt named to the person; the hold's id. The same is placed only once.

        Raises StoreError for a dispute without its debt, an end that is not to come, or one of a hold that must be
        lifted.
        """
        if kind is HoldKind.DISPUTE and debt_id is None:
            raise StoreError("a dispute is about a debt; name the debt")
        if until is not None and not kind.passing:
            raise StoreError(f"a hold for {kind} has no end of its own; lift it when it is over")
        if until is not None and until <= at:
            raise StoreError(f"the hold's end {until.isoformat()} is not after {at.isoformat()}")
        with self._database.transaction():
            there = self._same(lead_id, kind, debt_id, until)
            if there is not None:
                return there
            hold_id = 1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM holds"))
            self._database.execute(
                "INSERT INTO holds (id, lead_id, debt_id, kind, placed_at, until, lifted_because, source)"
                " VALUES (?, ?, ?, ?, ?, ?, '', ?)",
                (
                    *(hold_id, lead_id, debt_id, kind.value, seconds_of(at)),
                    *(None if until is None else seconds_of(until), source),
                ),
            )
            self._mark(lead_id, debt_id)
            facts = {"what": "placed", "hold": hold_id, "lead": lead_id, "debt": debt_id, "kind": kind}
            self._trail.note(AuditKind.HOLD, {**facts, "until": until, "source": source}, at=at, leads=(lead_id,))
        return hold_id

    def _same(self, lead_id: int, kind: HoldKind, debt_id: int | None, until: datetime | None) -> int | None:
        row = self._database.one(
            "SELECT id FROM holds WHERE lead_id = ? AND kind = ? AND lifted_at IS NULL"
            " AND COALESCE(debt_id, 0) = ? AND COALESCE(until, 0) = ?",
            (lead_id, kind.value, debt_id or 0, 0 if until is None else seconds_of(until)),
        )
        return None if row is None else int(row[0])

    def dispute_from_call(self, attempt_id: int, at: datetime, source: str) -> tuple[int, ...]:
        """Dispute the debts that a call was about, as its agent's status DISP says; the ids of the holds.

        When it is not known which they are, all calls to the person stop until somebody lifts that.
        """
        debts = self._database.rows(
            "SELECT d.lead_id, d.id FROM attempt_debts ad JOIN debts d ON d.id = ad.debt_id WHERE ad.attempt_id = ?"
            " ORDER BY d.id",
            (attempt_id,),
        )
        if debts:
            return tuple(self.place(owner, HoldKind.DISPUTE, at, source, debt_id=debt_id) for owner, debt_id in debts)
        lead_id = self._database.value("SELECT lead_id FROM attempts WHERE id = ?", (attempt_id,))
        if lead_id is None:
            raise StoreError(f"there is no attempt {attempt_id} whose debts could be disputed")
        return (self.place(lead_id, HoldKind.OTHER, at, f"{source}: disputes a debt that is not known here"),)

    def lift(self, hold_id: int, at: datetime, because: str) -> tuple[int, ...]:
        """End a hold; the leads that it held. Raises StoreError when it is unknown or lifted, or no reason given."""
        if not because.strip():
            raise StoreError("say why the hold is lifted; the reason is kept with it")
        with self._database.transaction():
            row = self._database.one("SELECT lead_id, debt_id, lifted_at FROM holds WHERE id = ?", (hold_id,))
            if row is None:
                raise StoreError(f"there is no hold {hold_id}; `dialer hold list CAMPAIGN` shows those there are")
            lead_id, debt_id, lifted_at = row
            if lifted_at is not None:
                raise StoreError(f"hold {hold_id} was lifted at {iso_of(lifted_at)} already")
            self._database.execute(
                "UPDATE holds SET lifted_at = ?, lifted_because = ? WHERE id = ?",
                (seconds_of(at), because.strip(), hold_id),
            )
            self._mark(lead_id, debt_id)
            facts = {"what": "lifted", "hold": hold_id, "lead": lead_id, "because": because.strip()}
            self._trail.note(AuditKind.HOLD, facts, at=at, leads=(lead_id,))
            leads = same_person(self._database, [lead_id])[lead_id]
            wake(self._database, leads, at)
            return leads

    def _mark(self, lead_id: int, debt_id: int | None) -> None:
        """Let the states of the debts that a hold is about follow from the holds there are now."""
        leads = same_person(self._database, [lead_id])[lead_id]
        held = self.in_force([lead_id])[lead_id]
        debts = self._database.rows_in(
            "SELECT id FROM debts WHERE state NOT IN ('paid', 'closed') AND lead_id IN (:values)", leads
        )
        self._database.many(
            "UPDATE debts SET state = ? WHERE id = ?",
            [(state_under(held, each), each) for (each,) in debts if debt_id in (None, each)],
        )

    def in_force(self, lead_ids: Sequence[int]) -> dict[int, tuple[InForce, ...]]:
        """By lead, the kinds of its person's holds that nobody lifted, and the debts they are about."""
        if not self._any():
            return dict.fromkeys(lead_ids, ())
        people = same_person(self._database, lead_ids)
        leads = everyone(people)
        held: dict[int, list[InForce]] = {}
        for lead_id, kind, debt_id in self._database.rows_in(
            "SELECT lead_id, kind, debt_id FROM holds WHERE lifted_at IS NULL AND lead_id IN (:values)", leads
        ):
            held.setdefault(lead_id, []).append((HoldKind(kind), debt_id))
        return {
            lead_id: tuple(each for one in group for each in held.get(one, ())) for lead_id, group in people.items()
        }

    def _any(self) -> bool:
        """Whether there is a hold at all: most refills need not look for the people then."""
        return self._database.one("SELECT 1 FROM holds WHERE lifted_at IS NULL LIMIT 1") is not None

    def of(self, lead_ids: Sequence[int], at: datetime) -> dict[int, tuple[Hold, ...]]:
        """By lead, the holds in force on its person, whichever of the person's leads they were placed on."""
        if not self._any():
            return dict.fromkeys(lead_ids, ())
        people = same_person(self._database, lead_ids)
        leads = everyone(people)
        held: dict[int, list[Hold]] = {}
        for row in self._database.rows_in(
            "SELECT id, lead_id, debt_id, kind, placed_at, until, source FROM holds"
            " WHERE lifted_at IS NULL AND (until IS NULL OR until > ?) AND lead_id IN (:values) ORDER BY id",
            leads,
            (seconds_of(at),),
        ):
            held.setdefault(row[1], []).append(_hold(row))
        return {
            lead_id: tuple(hold for each in group for hold in held.get(each, ())) for lead_id, group in people.items()
        }

    def listing(self, campaign_id: int, at: datetime, *, lifted: bool = False) -> list[dict[str, Any]]:
        """Holds placed on the campaign's leads, those in force at `at`, or with `lifted` all."""
        rows = self._database.rows(
            "SELECT h.id, h.lead_id, l.person, d.reference, h.kind, h.placed_at, h.until, h.lifted_at,"
            " h.lifted_because, h.source FROM holds h JOIN leads l ON l.id = h.lead_id"
            " LEFT JOIN debts d ON d.id = h.debt_id WHERE l.campaign_id = ? ORDER BY h.id",
            (campaign_id,),
        )
        now = seconds_of(at)
        return [
            {
                "id": hold_id,
                "lead_id": lead_id,
                "person": person,
                "debt": reference,
                "kind": kind,
                "placed_at": iso_of(placed_at),
                "until": iso_of(until),
                "lifted_at": iso_of(lifted_at),
                "lifted_because": because,
                "source": source,
            }
            for hold_id, lead_id, person, reference, kind, placed_at, until, lifted_at, because, source in rows
            if lifted or (lifted_at is None and (until is None or until > now))
        ]


def _hold(row: Row) -> Hold:
    hold_id, lead_id, debt_id, kind, placed_at, until, source = row
    placed = datetime_of(placed_at)
    assert placed is not None
    return Hold(hold_id, lead_id, debt_id, HoldKind(kind), placed, datetime_of(until), source)
