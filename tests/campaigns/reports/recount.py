"""The same figures counted the long way: one attempt after the other, in plain Python, with no SQL but SELECT."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.statuses import STATUSES
from tests.campaigns.reports.past import Past


@dataclass(frozen=True, slots=True)
class Call:
    """An attempt with all that reports ask of it."""

    row: dict[str, Any]
    list_name: str
    zones: tuple[str, ...]
    promised: bool

    def flag(self, name: str) -> bool:
        status = self.row["status"]
        return status is not None and getattr(STATUSES[status], name)

    @property
    def abandoned(self) -> bool:
        return self.row["connected_at"] is None and self.row["outcome"] == "abandoned"

    @property
    def person(self) -> bool:
        if self.row["connected_at"] is None:
            return self.abandoned
        return not (self.row["outcome"] == "handled" and not self.flag("human_answered"))

    def hour(self, zone: str) -> int:
        return datetime.fromtimestamp(self.row["started_at"], UTC).astimezone(ZoneInfo(zone)).hour


def calls(
    past: Past, since: datetime | None = None, until: datetime | None = None, list_name: str | None = None
) -> list[Call]:
    """The attempts of a time and a list."""
    database, store = past.database, past.store
    columns = ("id", "lead_id", "caller_id", "started_at", "answered_at", "connected_at", "ended_at", "closed_at")
    names = (*columns, "outcome", "status", "agent", "nth", "phone_id")
    promised = {attempt_id for (attempt_id,) in database.rows("SELECT attempt_id FROM promises")}
    lists: dict[int, str] = dict(database.rows("SELECT l.id, t.name FROM leads l, lists t WHERE t.id = l.list_id"))
    profiles: dict[int, int] = dict(database.rows("SELECT id, profile_id FROM lead_phones"))
    found = []
    for values in database.rows(f"SELECT {', '.join(names)} FROM attempts"):  # noqa: S608
        row = dict(zip(names, values, strict=True))
        zones = store.profiles.get(profiles[row["phone_id"]]).zones
        call = Call(row, lists[row["lead_id"]], zones, row["id"] in promised)
        started = datetime.fromtimestamp(row["started_at"], UTC)
        inside = (since is None or started >= since) and (until is None or started < until)
        if inside and list_name in (None, call.list_name):
            found.append(call)
    return found


def counts(of: Iterable[Call]) -> dict[str, int]:
    """The counts of a report."""
    tests: dict[str, Callable[[Call], bool]] = {
        "attempts": lambda call: True,
        "open": lambda call: call.row["closed_at"] is None,
        "picked_up": lambda call: (call.row["answered_at"] or call.row["connected_at"]) is not None,
        "people": lambda call: call.person,
        "abandoned": lambda call: call.abandoned,
        "machines": lambda call: call.flag("answering_machine"),
        "contacts": lambda call: call.flag("customer_contact"),
        "right_party": lambda call: call.flag("right_party"),
        "sales": lambda call: call.flag("sale"),
        "promises": lambda call: call.promised and call.flag("right_party"),
        "declined": lambda call: call.row["outcome"] == "rejected",
        "unwanted": lambda call: call.row["outcome"] == "unwanted",
        "blocked": lambda call: call.row["outcome"] == "blocked",
    }
    chosen = list(of)
    return {name: sum(test(call) for call in chosen) for name, test in tests.items()}
