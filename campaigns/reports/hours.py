"""What came of attempts by the hour of the day, on the person's clock and on the site's; and the best hours."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.database import Database
from campaigns.hours import MEMORY, SLICE, Learner
from campaigns.profiles import Profiles
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share
from campaigns.reports.tally import Come, Groups, came_of, counts, merged, results

# Offsets of time zones are multiples of this.
_BUCKET_S = 900

_PHONES = "LEFT JOIN lead_phones n ON n.id = a.phone_id"
_BY = f"n.profile_id, CAST(a.started_at / {_BUCKET_S} AS INTEGER)"


def by_hour(database: Database, profiles: Profiles, selection: Selection) -> dict[str, Any]:
    """{"person": [...], "site": [...], "total"}: the 24 hours on either clock.

    The site's clock is that of the campaign's time zone. Where a number may be in several zones the first by name
    counts, as it does for the order `best_hour`; attempts on numbers without one are the person's hour None.
    """
    zone = selection.campaign.timezone
    places = _by_place(database, profiles, selection)
    person: Groups[int | None] = defaultdict(Counter)
    site: Groups[int | None] = defaultdict(Counter)
    for (place, bucket), came in places.items():
        person[None if place is None else _hour(place, bucket)].update(came)
        site[_hour(zone, bucket)].update(came)
    return {
        **selection.facts(),
        "person": _rows(person),
        "site": _rows(site),
        "total": {**counts(merged(site)).facts(), "results": results(merged(site))},
    }


def _by_place(database: Database, profiles: Profiles, selection: Selection) -> Groups[tuple[str | None, int]]:
    def group(profile_id: int | None, bucket: int) -> tuple[str | None, int]:
        zones = () if profile_id is None else profiles.get(profile_id).zones
        return (zones[0] if zones else None), bucket

    return came_of(database, selection, _BY, group, join=_PHONES)


@lru_cache(maxsize=200_000)
def _hour(zone: str, bucket: int) -> int:
    return datetime.fromtimestamp(bucket * _BUCKET_S, UTC).astimezone(ZoneInfo(zone)).hour


def _rows(groups: Groups[int | None]) -> list[dict[str, Any]]:
    hours: list[int | None] = list(range(24))
    if not groups:
        return []
    if None in groups:
        hours.append(None)
    return [_row(hour, groups.get(hour, Counter())) for hour in hours]


def _row(hour: int | None, came: Counter[Come]) -> dict[str, Any]:
    return {"hour": hour, **counts(came).facts(), "results": results(came)}


def best_hours(database: Database, profiles: Profiles, selection: Selection) -> dict[str, Any]:
    """{"places": [...]}: by IANA zone and local hour the attempts, the people reached, and what is expected.

    `expected` is the rate that a list ordered by `best_hour` goes by: learned from the campaign's latest attempts,
    whatever the selected time, and drawn towards the campaign's rates where a place has few. `best` counts the hours
    with attempts from 1, the highest expected rate first.
    """
    learner = Learner(database, profiles, selection.campaign.campaign_id)
    for _ in range(MEMORY // SLICE + 1):
        learner.learn()
    by_place: defaultdict[str, Groups[int]] = defaultdict(lambda: defaultdict(Counter))
    for (place, bucket), came in _by_place(database, profiles, selection).items():
        if place is not None:
            by_place[place][_hour(place, bucket)].update(came)
    places = [_place(learner, place, by_place[place]) for place in sorted(by_place)]
    return {**selection.facts(), "places": places}


def _place(learner: Learner, place: str, hours: Groups[int]) -> dict[str, Any]:
    expected = {hour: learner.hours.rate(place, hour) for hour in hours}
    ranked = sorted(expected, key=lambda hour: (-expected[hour], hour))
    rows = []
    for hour in sorted(hours):
        found = counts(hours[hour])
        reached = Share(found.people, found.attempts).facts()
        rows.append({"hour": hour, "people": reached, "expected": expected[hour], "best": ranked.index(hour) + 1})
    return {"place": place, "hours": rows}
