"""When people are reached and when they buy: by their local hour and weekday, with how sure that is."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.database import Database
from campaigns.instants import seconds_of
from campaigns.profiles import Profiles
from campaigns.reports.shares import Share
from campaigns.statuses import STATUSES

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MARK_S = 900


@dataclass(frozen=True, slots=True)
class Cell:
    """Attempts in one local hour: contacts are people who answered, sales what agents sold them."""

    attempts: int = 0
    contacts: int = 0
    sales: int = 0

    @property
    def contact(self) -> Share:
        """Contacts of attempts."""
        return Share(self.contacts, self.attempts)

    @property
    def sale(self) -> Share:
        """Sales of contacts."""
        return Share(self.sales, self.contacts)

    def plus(self, attempts: int, contacts: int, sales: int) -> "Cell":
        return Cell(self.attempts + attempts, self.contacts + contacts, self.sales + sales)

    def facts(self) -> dict[str, Any]:
        """Counts, and shares with their intervals."""
        counts = {"attempts": self.attempts, "contacts": self.contacts, "sales": self.sales}
        return {**counts, "contact_rate": self.contact.facts(), "sale_rate": self.sale.facts()}


@dataclass(frozen=True, slots=True)
class HourTable:
    """Cells by (weekday, local hour), Monday being 0; `unplaced` are attempts on numbers without a known zone."""

    cells: Mapping[tuple[int, int], Cell]
    unplaced: int = 0

    def by_hour(self) -> dict[int, Cell]:
        """All weekdays together."""
        return _joined((hour, cell) for (_, hour), cell in self.cells.items())

    def by_weekday(self) -> dict[int, Cell]:
        """All hours together."""
        return _joined((weekday, cell) for (weekday, _), cell in self.cells.items())

    def best(self, count: int = 3) -> list[tuple[tuple[int, int], Cell]]:
        """The hours that reach most people for sure: those whose interval begins highest."""
        tried = [item for item in self.cells.items() if item[1].attempts]
        return sorted(tried, key=lambda item: (-(item[1].contact.interval or (0.0,))[0], item[0]))[:count]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each cell, in the order of the week."""
        return [
            {"weekday": DAYS[weekday], "hour": hour, **cell.facts()}
            for (weekday, hour), cell in sorted(self.cells.items())
        ]


def _joined(cells: Iterable[tuple[int, Cell]]) -> dict[int, Cell]:
    joined: dict[int, Cell] = {}
    for key, cell in cells:
        joined[key] = joined.get(key, Cell()).plus(cell.attempts, cell.contacts, cell.sales)
    return dict(sorted(joined.items()))


def table(counts: Iterable[tuple[str, datetime, str | None, int]]) -> HourTable:
    """The table of (IANA zone or '', instant, status, number of attempts)."""
    cells: dict[tuple[int, int], Cell] = {}
    unplaced = 0
    for zone, at, status, count in counts:
        if not zone:
            unplaced += count
            continue
        local = at.astimezone(ZoneInfo(zone))
        flags = STATUSES.get(status or "")
        contacts = count if flags is not None and flags.human_answered else 0
        sales = count if flags is not None and flags.sale else 0
        key = (local.weekday(), local.hour)
        cells[key] = cells.get(key, Cell()).plus(count, contacts, sales)
    return HourTable(cells, unplaced)


def of_campaign(
    database: Database,
    profiles: Profiles,
    campaign_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> HourTable:
    """The table of a campaign's closed attempts that were started in [since, until).

    Where a number may be in several zones, the first of them counts.
    """
    rows = database.rows(
        "SELECT p.profile_id, CAST(a.started_at / ? AS INTEGER), a.status, COUNT(*) FROM attempts a"
        " LEFT JOIN lead_phones p ON p.id = a.phone_id WHERE a.campaign_id = ? AND a.closed_at IS NOT NULL"
        " AND a.started_at >= ? AND a.started_at < ? GROUP BY 1, 2, 3",
        (
            *(_MARK_S, campaign_id, -math.inf if since is None else seconds_of(since)),
            math.inf if until is None else seconds_of(until),
        ),
    )
    return table(
        (_zone(profiles, profile_id), datetime.fromtimestamp(mark * _MARK_S, UTC), status, count)
        for profile_id, mark, status, count in rows
    )


def _zone(profiles: Profiles, profile_id: int | None) -> str:
    zones = () if profile_id is None else profiles.get(profile_id).zones
    return zones[0] if zones else ""
