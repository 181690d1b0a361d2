"""Quotas of a campaign: so many sales among leads that fit a condition; once full, such leads are not offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaigns import filters
from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.database import Database, StoreError
from campaigns.leads import RETRY, stir, stirs
from campaigns.model import Blocked
from campaigns.statuses import STATUSES, status_of

SALE_STATUSES = tuple(code for code, flags in STATUSES.items() if flags.sale)
REASON = "quota"
MAX_TARGET = 10_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `target` leads that fit `where` end with one of `statuses`."""

    name: str
    where: str
    statuses: tuple[str, ...]
    target: int


@dataclass(frozen=True, slots=True)
class _Full:
    """Which quotas were full, and of which state of the store that was seen."""

    seen: tuple[object, ...]
    quotas: tuple[Quota, ...]


class Quotas:
    """The quotas of a site's campaigns. What is full is kept until sales, quotas or waiting leads change."""

    def __init__(self, database: Database, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._trail = trail
        self._full: dict[int, _Full] = {}

    def set(
        self, campaign_id: int, name: str, where: str, target: int, statuses: Sequence[str] = SALE_STATUSES
    ) -> Quota:
        """Make or change a quota; leads that waited for it are looked at anew.

        Raises FilterError (a ValueError) for a condition that cannot be read, StoreError for anything else.
        """
        quota = _checked(name, where, target, statuses)
        row = (quota.where, ",".join(quota.statuses), quota.target, campaign_id, quota.name)
        with self._database.transaction():
            changed = self._database.execute(
                "UPDATE quotas SET condition = ?, statuses = ?, target = ? WHERE campaign_id = ? AND name = ?", row
            )
            if not changed:
                self._database.execute(
                    "INSERT INTO quotas (condition, statuses, target, campaign_id, name) VALUES (?, ?, ?, ?, ?)", row
                )
            self._let_go(campaign_id)
            body = {"campaign": campaign_id, "quota": name, "where": where, "target": target, "statuses": statuses}
            self._trail.note(AuditKind.SETTINGS, body)
        return quota

    def remove(self, campaign_id: int, name: str) -> None:
        """Forget a quota; its leads are offered again. Raises StoreError listing those there are."""
        with self._database.transaction():
            if not self._database.execute("DELETE FROM quotas WHERE campaign_id = ? AND name = ?", (campaign_id, name)):
                names = ", ".join(quota.name for quota in self.of(campaign_id)) or "none"
                raise StoreError(f"the campaign has no quota {name!r}; there are: {names}")
            self._let_go(campaign_id)
            self._trail.note(AuditKind.SETTINGS, {"campaign": campaign_id, "quota": name, "what": "removed"})

    def _let_go(self, campaign_id: int) -> None:
        """Leads that a quota held back wait for their turn again; those it still holds are put off at their turn."""
        self._database.execute(
            "UPDATE leads SET next_at = 0, priority = ?, held_by = ''"
            " WHERE campaign_id = ? AND held_by = ? AND held_by <> '' AND next_at IS NOT NULL",
            (RETRY, campaign_id, REASON),
        )
        stir(self._database)

    def of(self, campaign_id: int) -> list[Quota]:
        """A campaign's quotas by name."""
        rows = self._database.rows(
            "SELECT name, condition, statuses, target FROM quotas WHERE campaign_id = ? ORDER BY name", (campaign_id,)
        )
        return [Quota(name, where, tuple(statuses.split(",")), target) for name, where, statuses, target in rows]

    def progress(self, campaign_id: int) -> list[dict[str, Any]]:
        """Each quota with the leads that count, how many of their sales still wait for verification, and the rest."""
        return [
            {
                "name": quota.name,
                "where": quota.where,
                "statuses": list(quota.statuses),
                "target": quota.target,
                "done": (done := self._count(campaign_id, quota)),
                "pending": self._count(campaign_id, quota, pending=True),
                "left": max(0, quota.target - done),
                "full": done >= quota.target,
            }
            for quota in self.of(campaign_id)
        ]

    def full(self, campaign_id: int) -> list[filters.Filter]:
        """The conditions whose leads are not to be offered."""
        return [filters.parse(quota.where) for quota in self._full_ones(campaign_id)]

    def held(self, campaign_id: int, lead_ids: Sequence[int]) -> dict[int, Blocked]:
        """Of these leads, those that a full quota holds back; cheap when none is full."""
        found: dict[int, Blocked] = {}
        for quota in self._full_ones(campaign_id):
            condition = filters.parse(quota.where)
            sql = f"SELECT id FROM leads WHERE ({condition.sql}) AND id IN (:values)"  # noqa: S608
            blocked = Blocked(REASON, f"quota {quota.name} has its {quota.target}")
            for (lead_id,) in self._database.rows_in(sql, lead_ids, condition.params):
                found.setdefault(lead_id, blocked)
        return found

    def _full_ones(self, campaign_id: int) -> tuple[Quota, ...]:
        quotas = self.of(campaign_id)
        if not quotas:
            return ()
        statuses = sorted({status for quota in quotas for status in quota.statuses})
        ended = self._ended(campaign_id, statuses)
        seen = (tuple(quotas), ended, stirs(self._database), self._database.rollbacks)
        known = self._full.get(campaign_id)
        if known is None or known.seen != seen:
            full = tuple(quota for quota in quotas if self._count(campaign_id, quota) >= quota.target)
            known = self._full[campaign_id] = _Full(seen, full)
        return known.quotas

    def _ended(self, campaign_id: int, statuses: Sequence[str]) -> int:
        marks = ", ".join("?" * len(statuses))
        return int(
            self._database.value(
                f"SELECT COUNT(*) FROM leads WHERE {_ENDED} AND status IN ({marks})",  # noqa: S608
                (campaign_id, campaign_id, *statuses),
            )
        )

    def _count(self, campaign_id: int, quota: Quota, *, pending: bool = False) -> int:
        condition = filters.parse(quota.where)
        marks = ", ".join("?" * len(quota.statuses))
        also = f" AND {_PENDING}" if pending else ""
        return int(
            self._database.value(
                f"SELECT COUNT(*) FROM leads WHERE {_ENDED} AND status IN ({marks}) AND ({condition.sql}){also}",  # noqa: S608
                (campaign_id, campaign_id, *quota.statuses, *condition.params),
            )
        )


# So written, an index that leads with campaign, list and status finds them.
_ENDED = "campaign_id = ? AND list_id IN (SELECT id FROM lists WHERE campaign_id = ?) AND next_at IS NULL"
_PENDING = "EXISTS (SELECT 1 FROM sales s WHERE s.lead_id = leads.id AND s.verification = 'pending')"


def _checked(name: str, where: str, target: int, statuses: Sequence[str]) -> Quota:
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise StoreError(f"a quota's name is 1 to 64 printable characters, not {name!r}")
    if not 1 <= target <= MAX_TARGET:
        raise StoreError(f"a quota's target is a whole number from 1 to {MAX_TARGET}, not {target}")
    filters.parse(where)
    codes = tuple(dict.fromkeys(statuses))
    for code in codes:
        try:
            flags = status_of(code)
        except ValueError as error:
            raise StoreError(str(error)) from None
        if not flags.selectable:
            raise StoreError(f"status {code} is not an agent's; a quota counts what agents achieve, such as SALE")
    if not codes:
        raise StoreError("a quota counts at least one status, such as SALE")
    return Quota(name.strip(), where, codes, target)
