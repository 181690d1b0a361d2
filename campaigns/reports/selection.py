"""What a report is about: a campaign, a time in its zone, and one of its lists or all."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.instants import instant_of, seconds_of
from campaigns.model import CampaignSettings


@dataclass(frozen=True, slots=True)
class Selection:
    """Half-open [since, until) of aware instants; None: from the beginning, or to the end. `list_id` None: all lists.

    An attempt belongs to the instant at which it was started.
    """

    campaign: CampaignSettings
    since: datetime | None = None
    until: datetime | None = None
    list_id: int | None = None
    list_name: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """Where the campaign's days begin."""
        return ZoneInfo(self.campaign.timezone)

    def attempts(self) -> tuple[str, list[object]]:
        """Condition and parameters that choose rows of `attempts a`."""
        return self.where("a.campaign_id", "a.started_at", "a.lead_id")

    def where(self, campaign: str, instant: str, lead: str) -> tuple[str, list[object]]:
        """Condition and parameters that choose rows with these columns; the instant is in seconds since 1970."""
        sql, params = f"{campaign} = ?", [self.campaign.campaign_id]
        extra: list[object] = []
        for operator, bound in ((">=", self.since), ("<", self.until)):
            if bound is not None:
                sql += f" AND {instant} {operator} ?"
                extra.append(seconds_of(bound))
        if self.list_id is not None:
            sql += f" AND (SELECT list_id FROM leads WHERE leads.id = {lead}) = ?"  # noqa: S608 (a column)
            extra.append(self.list_id)
        return sql, [*params, *extra]

    def days(self) -> tuple[date | None, date | None]:
        """The same time as local days [first, end): those that begin inside it."""
        return _first_day(self.since, self.zone), _first_day(self.until, self.zone)

    def facts(self) -> dict[str, Any]:
        """What the report is about, as its first fields say it."""
        return {
            "campaign": self.campaign.name,
            "list": self.list_name or None,
            "since": _iso(self.since, self.zone),
            "until": _iso(self.until, self.zone),
            "timezone": self.campaign.timezone,
        }


def bound_of(text: str, timezone: str) -> datetime:
    """The instant that bounds a report. Dates are their first instant in `timezone`; times without offset are there.

    Raises ValueError, saying what to write instead.
    """
    try:
        return first_instant(date.fromisoformat(text.strip()), ZoneInfo(timezone))
    except ValueError:
        return instant_of(text, (timezone,), timezone)[0]


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins; where clocks skip midnight it is the skip, where they strike it twice the first."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _first_day(at: datetime | None, zone: ZoneInfo) -> date | None:
    if at is None:
        return None
    day = at.astimezone(zone).date()
    return day if first_instant(day, zone) >= at else date.fromordinal(day.toordinal() + 1)


def _iso(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat()
