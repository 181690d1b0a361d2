"""Which places are best called at this hour: contact rates by local hour, learned from the campaign's own attempts."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.database import Database
from campaigns.model import CallingWindow
from campaigns.profiles import Profiles

# Attempts taken in at a time, so that learning never holds up a refill, and how far back learning begins.
SLICE, MEMORY = 1000, 50_000

# How many attempts the prior weighs: a place's hour against the campaign's hour, that against the campaign's mean.
_PLACE_PRIOR, _HOUR_PRIOR = 200.0, 100.0

# Before anything is known.
_MEAN, _MEAN_PRIOR = 0.2, 50.0

# Places whose worth differs by less than a step are called side by side.
_STEPS = 10
_BEST = 3.0


class ContactHours:
    """Attempts and contacts by place and local hour. A place is an IANA zone; a contact is a person who answered."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[list[int], list[int]]] = {}
        self._all = ([0] * 24, [0] * 24)

    def add(self, zone: str, at: datetime, contact: bool) -> None:
        """Count an attempt; `at` is aware."""
        hour = at.astimezone(ZoneInfo(zone)).hour
        for tried, reached in (self._places.setdefault(zone, ([0] * 24, [0] * 24)), self._all):
            tried[hour] += 1
            reached[hour] += contact

    def rate(self, zone: str, hour: int) -> float:
        """The expected share of attempts at a local hour that reach a person, shrunk towards the campaign's."""
        tried, reached = self._all
        mean = (sum(reached) + _MEAN_PRIOR * _MEAN) / (sum(tried) + _MEAN_PRIOR)
        of_hour = (reached[hour] + _HOUR_PRIOR * mean) / (tried[hour] + _HOUR_PRIOR)
        if zone not in self._places:
            return of_hour
        tried, reached = self._places[zone]
        return (reached[hour] + _PLACE_PRIOR * of_hour) / (tried[hour] + _PLACE_PRIOR)

    def worth(self, zone: str, at: datetime, window: CallingWindow) -> float:
        """The contact rate now over the best of the hours that the day still has; over the day's mean in its last."""
        local = at.astimezone(ZoneInfo(zone))
        last = 23 if window.end_text == "24:00" else window.end.hour - (window.end.minute == 0)
        later = [self.rate(zone, hour) for hour in range(local.hour + 1, last + 1)]
        if later:
            return self.rate(zone, local.hour) / max(later)
        day = [self.rate(zone, hour) for hour in range(window.start.hour, last + 1)]
        return self.rate(zone, local.hour) * len(day) / sum(day) if day else 1.0

    def classes(self, zones: Iterable[str], at: datetime, window: CallingWindow) -> dict[str, int]:
        """By zone the class it is called in at `at`: the lower, the sooner."""
        return {zone: int((_BEST - min(_BEST, self.worth(zone, at, window))) * _STEPS) for zone in zones}


class Learner:
    """Takes a campaign's attempts into its `ContactHours`, a slice at a time."""

    def __init__(self, database: Database, profiles: Profiles, campaign_id: int) -> None:
        self._database = database
        self._profiles = profiles
        self._campaign_id = campaign_id
        self._last: int | None = None
        self.hours = ContactHours()

    def learn(self) -> None:
        """Take in the next attempts that are over, up to the first that is not."""
        if self._last is None:
            self._last = self._begin()
        rows = self._database.rows(
            "SELECT a.id, a.started_at, a.closed_at, a.connected_at IS NOT NULL OR a.outcome = 'abandoned',"
            " p.profile_id"
            " FROM attempts a LEFT JOIN lead_phones p ON p.id = a.phone_id"
            " WHERE a.campaign_id = ? AND a.id > ? ORDER BY a.id LIMIT ?",
            (self._campaign_id, self._last, SLICE),
        )
        for attempt_id, started_at, closed_at, contact, profile_id in rows:
            if closed_at is None:
                break
            self._last = attempt_id
            zones = self._profiles.get(profile_id).zones if profile_id is not None else ()
            if zones:
                self.hours.add(zones[0], datetime.fromtimestamp(started_at, _UTC), bool(contact))

    def _begin(self) -> int:
        row = self._database.one(
            "SELECT id FROM attempts WHERE campaign_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
            (self._campaign_id, MEMORY),
        )
        return 0 if row is None else int(row[0])


_UTC = ZoneInfo("UTC")
