"""Holidays of rules: the public `holidays` tables, plus and minus the days that a rule names. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from campaigns.rules.model import HolidaySet

_OBSERVED = " (observed)"
_NAMED_YEARS = range(2020, 2036)
_NOVEMBER = 11
_DATED = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")

Names = Mapping[date, frozenset[str]]


class UnknownHoliday(ValueError):
    """A holiday set names a country, subdivision, category or day that nobody knows."""


@lru_cache(maxsize=4096)
def days_of(holiday_set: HolidaySet, year: int) -> Mapping[date, str]:
    """The set's days in a year with their names. Raises UnknownHoliday for an unknown country or category."""
    removed = _with_observed(holiday_set.remove)
    found: dict[date, str] = {}
    for day, names in _public_days(holiday_set, year).items():
        kept = names - removed
        if kept and f"{day:%m-%d}" not in removed and day.isoformat() not in removed:
            found[day] = ", ".join(sorted(map(_spoken, kept)))
    for entry in holiday_set.add:
        for day in _days_named(holiday_set, entry, year):
            found.setdefault(day, day.isoformat() if _DATED.fullmatch(entry) else _spoken(entry))
    return found


def complaints(holiday_set: HolidaySet) -> list[str]:
    """What is wrong with a holiday set: unknown countries, subdivisions, categories, and names that match no day."""
    try:
        _public_days(holiday_set, _NAMED_YEARS[0])
    except UnknownHoliday as error:
        return [str(error)]
    return [
        f"no holiday is named {entry!r}; give a date such as 06-14 or one of: "
        + ", ".join(sorted({*_known_names(holiday_set), *MOVEABLE}))
        for entry in (*holiday_set.add, *holiday_set.remove)
        if not _is_known(entry, holiday_set)
    ]


def _is_known(entry: str, holiday_set: HolidaySet) -> bool:
    dated = _DATED.fullmatch(entry)
    if dated:
        return _date(int(dated[1] or _NAMED_YEARS[0]), int(dated[2]), int(dated[3])) is not None
    return entry in MOVEABLE or entry in _known_names(holiday_set)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _with_observed(entries: tuple[str, ...]) -> frozenset[str]:
    return frozenset(entries) | {f"{entry}_observed" for entry in entries}


def _days_named(holiday_set: HolidaySet, entry: str, year: int) -> list[date]:
    dated = _DATED.fullmatch(entry)
    if dated:
        day = _date(year, int(dated[2]), int(dated[3]))
        return [day] if day and (dated[1] is None or int(dated[1]) == year) else []
    if entry in MOVEABLE:
        return [day for day in (MOVEABLE[entry](year),) if day is not None]
    wanted = _with_observed((entry,))
    days = _all_days(holiday_set.country, holiday_set.subdivision, year)
    return [day for day, names in days.items() if names & wanted]


@lru_cache(maxsize=256)
def _known_names(holiday_set: HolidaySet) -> frozenset[str]:
    years = (_all_days(holiday_set.country, holiday_set.subdivision, year) for year in _NAMED_YEARS)
    return frozenset(name for days in years for names in days.values() for name in names)


def _public_days(holiday_set: HolidaySet, year: int) -> Names:
    if not holiday_set.country:
        return {}
    return _looked_up(holiday_set.country, holiday_set.subdivision, year, holiday_set.categories, holiday_set.observed)


def _all_days(country: str, subdivision: str, year: int) -> Names:
    """Days of all categories of the subdivision, and those of the country, which a subdivision may leave out."""
    if not country:
        return {}
    joined = dict(_looked_up(country, "", year, ("*",), True))
    for day, names in _looked_up(country, subdivision, year, ("*",), True).items():
        joined[day] = joined.get(day, frozenset()) | names
    return joined


@lru_cache(maxsize=4096)
def _looked_up(country: str, subdivision: str, year: int, categories: tuple[str, ...], observed: bool) -> Names:
    import holidays  # Loading it costs every command 80 ms, and most need no rule.

    try:
        if categories == ("*",):
            categories = tuple(holidays.country_holidays(country).supported_categories)
        table = holidays.country_holidays(
            country,
            subdiv=subdivision or None,
            years=year,
            observed=observed,
            language="en_US",
            categories=categories or None,
        )
    except (NotImplementedError, ValueError) as error:
        raise UnknownHoliday(str(error)) from None
    return {day: frozenset(map(_slug, table.get_list(day))) for day in table if day.year == year}


def _slug(name: str) -> str:
    """A holiday's name as packs write it: "New Year's Day (observed)" is new_years_day_observed."""
    plain = re.sub(r"['’.]", "", name.lower())
    return re.sub(r"[^\w]+", "_", plain).strip("_")


def _spoken(slug: str) -> str:
    return slug.replace("_", " ")


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus (Butcher's form)."""
    golden = year % 19
    century = year // 100
    correction = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = correction - (correction // 28) * (1 - (29 // (correction + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    march = 28 + moon - weekday
    return date(year, 3, 1) + timedelta(days=march - 1)


def _from_easter(days: int) -> Callable[[int], date]:
    return lambda year: _easter(year) + timedelta(days=days)


def _juneteenth_monday(year: int) -> date:
    """The Monday on which Utah keeps 19 June: before it from Tuesday to Friday, after it at a weekend (63G-1-301)."""
    day = date(year, 6, 19)
    return day + timedelta(days=-day.weekday() if day.weekday() < 5 else 7 - day.weekday())


def _election_day(year: int) -> date:
    """The Tuesday after the first Monday of November."""
    first = date(year, _NOVEMBER, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 1)


MOVEABLE: Mapping[str, Callable[[int], date | None]] = {
    "mardi_gras": _from_easter(-47),
    "ash_wednesday": _from_easter(-46),
    "maundy_thursday": _from_easter(-3),
    "good_friday": _from_easter(-2),
    "holy_saturday": _from_easter(-1),
    "easter_sunday": _from_easter(0),
    "easter_monday": _from_easter(1),
    "ascension_day": _from_easter(39),
    "whit_sunday": _from_easter(49),
    "whit_monday": _from_easter(50),
    "corpus_christi": _from_easter(60),
    "election_day": _election_day,
    "juneteenth_monday": _juneteenth_monday,
    "general_election_day": lambda year: None if year % 2 else _election_day(year),
}
"""Days that move by a rule and that packs may name in any country."""
