"""Lists of leads: their settings, and dialing one once more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from campaigns import filters, recycling
from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.database import Database, Row, StoreError, UnknownName
from campaigns.instants import iso_of
from campaigns.leads import NEW, RETRY, stir
from campaigns.model import RetryDecision
from campaigns.ordering import KEY_SPAN, Ordering, at_rank, order_key
from campaigns.recycling import RecycleRule
from campaigns.statuses import STATUSES, Status, status_of

MAX_PRIORITY, MAX_WEIGHT = 99, 100

# Leads written in one transaction when a whole list changes, so that the dialer never waits long for its turn.
_STEP = 2000

# What counts towards a list's quota: sales, and what ends a right-party call in success.
QUOTA_STATUSES = tuple(
    code for code, flags in STATUSES.items() if flags.sale or (flags.completed and flags.right_party)
)


class UnknownList(UnknownName):
    """The campaign has no list of this name or id; the text lists those there are."""


class ListError(StoreError):
    """A list cannot be set so; the text names the key, what it may be, and the value."""


@dataclass(frozen=True, slots=True)
class LeadList:
    """A list's settings. Lists of a higher `priority` are emptied first; those of one priority share by `weight`.

    `condition` is a filter of its leads, '' for none. `recycle` says by status when a lead is tried again. A list stops
    after `quota` successes (None: never).
    """

    list_id: int
    campaign_id: int
    name: str
    created_at: float = 0.0
    active: bool = True
    priority: int = 0
    weight: int = 1
    ordering: Ordering = Ordering.RETRIES_FIRST
    condition: str = ""
    recycle: Mapping[str, RecycleRule] | None = None
    quota: int | None = None


_COLUMNS = "id, campaign_id, name, created_at, active, priority, weight, ordering, condition, recycle, quota"


def of_campaign(database: Database, campaign_id: int) -> list[LeadList]:
    """The lists of a campaign in the order in which they were made."""
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM lists WHERE campaign_id = ? ORDER BY id",  # noqa: S608
        (campaign_id,),
    )
    return [_list_of(row) for row in rows]


def _list_of(row: Row) -> LeadList:
    list_id, campaign_id, name, created_at, active, priority, weight, ordering, condition, recycle, quota = row
    rules = recycling.from_json(recycle)
    return LeadList(
        list_id,
        campaign_id,
        name,
        created_at,
        bool(active),
        priority,
        weight,
        Ordering(ordering),
        condition,
        rules,
        quota,
    )


def successes(database: Database, of: LeadList) -> int:
    """How many leads of the list count towards its quota."""
    marks = ", ".join("?" * len(QUOTA_STATUSES))
    return int(
        database.value(
            f"SELECT COUNT(*) FROM leads WHERE campaign_id = ? AND list_id = ? AND next_at IS NULL"  # noqa: S608
            f" AND status IN ({marks})",
            (of.campaign_id, of.list_id, *QUOTA_STATUSES),
        )
    )


def set_ranks(database: Database, ranks: Sequence[tuple[int, int]]) -> None:
    """Give leads a rank, each as (rank, lead): new ones take their place in the order at once.

    Call it inside a transaction.
    """
    keys: dict[int, int] = dict(
        database.rows_in(
            f"SELECT id, next_at FROM leads WHERE priority = {NEW} AND next_at < {KEY_SPAN} AND id IN (:values)",  # noqa: S608
            [lead_id for _, lead_id in ranks],
        )
    )
    database.many("UPDATE leads SET rank = ? WHERE id = ?", ranks)
    moved = [(at_rank(keys[lead_id], rank), lead_id) for rank, lead_id in ranks if lead_id in keys]
    database.many("UPDATE leads SET next_at = ? WHERE id = ?", moved)
    if moved:
        stir(database)


class Lists:
    """All lists of a site. `name` of a list may also be its id."""

    def __init__(self, database: Database, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._trail = trail

    def all(self, campaign_id: int) -> list[LeadList]:
        """The lists of a campaign in the order in which they were made."""
        return of_campaign(self._database, campaign_id)

    def get(self, campaign_id: int, name: str) -> LeadList:
        """Raises UnknownList naming those there are."""
        found = self.all(campaign_id)
        by_name = [each for each in found if each.name == name]
        by_id = [each for each in found if name.isdecimal() and each.list_id == int(name)]
        if not (by_name or by_id):
            names = ", ".join(repr(each.name) for each in found)
            there = f"there are {names}" if names else "it has none yet; `dialer leads import` makes one"
            raise UnknownList(f"no list {name!r} in this campaign; {there}")
        return (by_name or by_id)[0]

    def counts(self, campaign_id: int) -> dict[int, dict[str, int]]:
        """By list the number of its leads, of those that wait (`waiting`), and of its successes."""
        counts: dict[int, dict[str, int]] = {}
        rows = self._database.rows(
            "SELECT list_id, NULL, COUNT(*) FROM leads WHERE campaign_id = ? AND next_at IS NOT NULL GROUP BY list_id"
            " UNION ALL SELECT list_id, status, COUNT(*) FROM leads WHERE campaign_id = ? AND next_at IS NULL"
            " GROUP BY list_id, status",
            (campaign_id, campaign_id),
        )
        for list_id, status, count in rows:
            of = counts.setdefault(list_id, {"leads": 0, "waiting": 0, "successes": 0})
            of["leads"] += count
            of["waiting"] += count if status is None else 0
            of["successes"] += count if status in QUOTA_STATUSES else 0
        return counts

    def set(self, campaign_id: int, name: str, changes: Mapping[str, object]) -> LeadList:
        """Change settings by key; values may be given as text. A list put in or out of `random` is put in order anew.

        Raises UnknownList, and ListError naming the key and what it may be.
        """
        before = self.get(campaign_id, name)
        after = replace(before, **checked(changes))
        if any(each.name == after.name and each.list_id != after.list_id for each in self.all(campaign_id)):
            raise ListError(f"there is a list {after.name!r} already; choose another name")
        with self._database.transaction():
            self._database.execute(
                "UPDATE lists SET name = ?, active = ?, priority = ?, weight = ?, ordering = ?, condition = ?,"
                " recycle = ?, quota = ? WHERE id = ?",
                (
                    *(after.name, int(after.active), after.priority, after.weight, after.ordering.value),
                    *(after.condition, recycling.to_json(after.recycle or {}), after.quota, after.list_id),
                ),
            )
            if before.ordering is Ordering.OLDEST_ATTEMPT and after.ordering is not before.ordering:
                self._give_back_times(after)
            stir(self._database)
            facts, now = as_facts(before), as_facts(after)
            altered = {key: value for key, value in now.items() if value != facts[key]}
            self._trail.note(AuditKind.SETTINGS, {"campaign": campaign_id, "list": before.name, "changed": altered})
        if (before.ordering is Ordering.RANDOM) != (after.ordering is Ordering.RANDOM):
            self.reorder(after)
        return after

    def _give_back_times(self, of: LeadList) -> None:
        """Retries that were lined up by their last attempt are due again."""
        self._database.execute(
            "UPDATE leads SET priority = ? WHERE campaign_id = ? AND list_id = ? AND priority = ? AND next_at >= ?",
            (RETRY, of.campaign_id, of.list_id, NEW, KEY_SPAN),
        )

    def reorder(self, of: LeadList) -> None:
        """Put the new leads of a list in the order that its settings ask for, in short transactions."""
        position, last = 0, 0
        while True:
            rows = self._database.rows(
                "SELECT l.id, l.rank, l.priority, l.next_at, p.e164 FROM leads l"
                " LEFT JOIN lead_phones p ON p.id = l.next_phone_id"
                " WHERE l.campaign_id = ? AND l.id > ? AND +l.list_id = ? ORDER BY l.id LIMIT ?",
                (of.campaign_id, last, of.list_id, _STEP),
            )
            if not rows:
                return
            keys = [
                (order_key(position + offset, rank, e164 or "", of.ordering), lead_id)
                for offset, (lead_id, rank, priority, next_at, e164) in enumerate(rows)
                if priority == NEW and next_at is not None and next_at < KEY_SPAN
            ]
            with self._database.transaction():
                self._database.many(
                    f"UPDATE leads SET next_at = ? WHERE id = ? AND priority = {NEW} AND next_at < {KEY_SPAN}",  # noqa: S608
                    keys,
                )
                stir(self._database)
            position, last = position + len(rows), rows[-1][0]

    def reset(self, campaign_id: int, name: str, statuses: Collection[str] = ()) -> dict[str, int]:
        """Let leads whose dialing is over be dialed once more, as new ones in the order of their list; {reset, kept}.

        Their count of attempts begins anew; the caps, which look at the calls themselves, go on counting. Without
        `statuses`, those that no person ended: machines, no answer, busy, abandoned and failed calls. Leads of other
        statuses are kept as they are, and so are those that wait or are being called. Raises UnknownList, ListError for
        a status that must stay, such as DNC.
        """
        of = self.get(campaign_id, name)
        wanted = _resettable(statuses)
        with self._database.transaction():
            body = {"campaign": campaign_id, "list": of.name, "reset": sorted(wanted)}
            self._trail.note(AuditKind.SETTINGS, body)
        position, last, reset, kept = 0, 0, 0, 0
        while True:
            rows = self._database.rows(
                "SELECT l.id, l.rank, l.status, l.next_at, p.e164 FROM leads l"
                " LEFT JOIN lead_phones p ON p.id = l.next_phone_id"
                " WHERE l.campaign_id = ? AND l.id > ? AND +l.list_id = ? ORDER BY l.id LIMIT ?",
                (campaign_id, last, of.list_id, _STEP),
            )
            if not rows:
                return {"reset": reset, "kept": kept}
            keys = [
                (order_key(position + offset, rank, e164 or "", of.ordering), lead_id, status)
                for offset, (lead_id, rank, status, next_at, e164) in enumerate(rows)
                if next_at is None and status in wanted
            ]
            ended = sum(row[3] is None for row in rows)
            with self._database.transaction():
                self._database.many(
                    f"UPDATE leads SET next_at = ?, priority = {NEW}, attempts = 0, held_by = ''"  # noqa: S608
                    " WHERE id = ? AND status = ? AND next_at IS NULL",
                    keys,
                )
                if keys:
                    stir(self._database)
            reset, kept = reset + len(keys), kept + ended - len(keys)
            position, last = position + len(rows), rows[-1][0]

    def recycled(self, attempt_id: int, status: str, at: datetime, otherwise: RetryDecision) -> RetryDecision:
        """When the lead of an attempt that ends with `status` at `at` is tried again: as its list recycles, if it does.

        Else `otherwise`, which also says on which number. Calls before the list's last reset are not counted.
        """
        row = self._database.one(
            "SELECT l.recycle, a.lead_id, a.phone_id FROM attempts a JOIN leads ON leads.id = a.lead_id"
            " JOIN lists l ON l.id = leads.list_id WHERE a.id = ?",
            (attempt_id,),
        )
        rules = recycling.from_json(row[0]) if row else {}
        if row is None or status not in rules:
            return otherwise
        _, lead_id, phone_id = row
        before = self._database.value(
            "SELECT COUNT(*) FROM attempts WHERE lead_id = ? AND status = ? AND id < ?"
            " AND id >= COALESCE((SELECT MAX(id) FROM attempts WHERE lead_id = ? AND nth = 1), 0)",
            (lead_id, status, attempt_id, lead_id),
        )
        return recycling.decide(rules, status, int(before), otherwise.phone_id or phone_id, at)


def _resettable(statuses: Collection[str]) -> frozenset[str]:
    if not statuses:
        return frozenset(code for code, flags in STATUSES.items() if not _final(flags) and not _reached(flags))
    for code in statuses:
        try:
            final = _final(status_of(code))
        except ValueError as error:
            raise ListError(str(error)) from None
        if final:
            allowed = ", ".join(each for each, flags in STATUSES.items() if not _final(flags))
            raise ListError(f"leads of status {code} are not dialed again; those of {allowed} can be")
    return frozenset(statuses)


def _final(flags: Status) -> bool:
    """Whether a status must stay: a refusal, a number or person that cannot be called, or a lead in a call."""
    barred = flags.dnc or flags.unworkable or flags.number_uncallable or flags.contact_uncallable
    return barred or flags.scheduled_callback or flags.code in ("QUEUE", "INCALL", "XFER")


def _reached(flags: Status) -> bool:
    """Whether a person decided how the call ended, or somebody has to look at it first."""
    return flags.completed or flags.customer_contact or flags.code == "DISMX"


def checked(changes: Mapping[str, object]) -> dict[str, Any]:
    """The same settings with each value checked and normalised. Raises ListError."""
    unknown = [key for key in changes if key not in _CHECKS]
    if unknown:
        raise ListError(f"no setting {unknown[0]!r} of a list; there are {', '.join(sorted(_CHECKS))}")
    return {key: _CHECKS[key](key, value) for key, value in changes.items()}


def _whole(low: int, high: int) -> Any:
    def check(key: str, value: object) -> int:
        text = str(value).strip()
        if not text.lstrip("-").isdecimal() or not low <= int(text) <= high:
            raise ListError(f"{key} must be a whole number from {low} to {high}, not {value!r}")
        return int(text)

    return check


def _quota(key: str, value: object) -> int | None:
    if value is None or value in ("", "none"):
        return None
    number: int = _whole(1, 10**9)(key, value)
    return number


def _yes(key: str, value: object) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if str(value).lower() not in words:
        raise ListError(f"{key} must be yes or no, not {value!r}")
    return words[str(value).lower()]


def _ordering(key: str, value: object) -> Ordering:
    try:
        return Ordering(str(value))
    except ValueError:
        raise ListError(f"{key} must be one of {', '.join(Ordering)}, not {value!r}") from None


def _condition(key: str, value: object) -> str:
    text = "" if value is None or value == "none" else str(value).strip()
    if text:
        try:
            filters.parse(text)
        except filters.FilterError as error:
            raise ListError(f"{key}: {error}") from None
    return text


def _recycle(key: str, value: object) -> Mapping[str, RecycleRule]:
    try:
        return recycling.parse(str(value or "")) if not isinstance(value, Mapping) else value
    except ValueError as error:
        raise ListError(f"{key}: {error}") from None


def _name(key: str, value: object) -> str:
    text = str(value).strip()
    if not text or len(text) > 64 or not text.isprintable():
        raise ListError(f"{key} must be 1 to 64 printable characters, not {value!r}")
    return text


_CHECKS: dict[str, Any] = {
    "name": _name,
    "active": _yes,
    "priority": _whole(-MAX_PRIORITY, MAX_PRIORITY),
    "weight": _whole(1, MAX_WEIGHT),
    "ordering": _ordering,
    "condition": _condition,
    "recycle": _recycle,
    "quota": _quota,
}


def as_facts(of: LeadList) -> dict[str, Any]:
    """A list's settings for people and programs, each as `set` takes it."""
    return {
        "id": of.list_id,
        "name": of.name,
        "created_at": iso_of(of.created_at),
        "active": of.active,
        "priority": of.priority,
        "weight": of.weight,
        "ordering": of.ordering.value,
        "condition": of.condition,
        "recycle": recycling.to_text(of.recycle or {}),
        "quota": of.quota,
    }
