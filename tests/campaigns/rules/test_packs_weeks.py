"""The hours of every window rule, typed from the sources a second time and probed to the minute on all seven days."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.rules import Case, Purpose, Rulebook, load_builtin
from campaigns.rules.model import RuleType
from tests.campaigns.rules.packs_table import PHONE, rules

MONDAY = datetime(2026, 9, 14)  # a week without a holiday in any of the countries
BOOK = Rulebook(load_builtin())


def week(weekdays: str, saturday: str = "", sunday: str = "") -> tuple[str, ...]:
    return (*[weekdays] * 5, saturday, sunday)


def daily(hours: str) -> tuple[str, ...]:
    return week(hours, hours, hours)


WEEKS = {
    "us.sales.hours": ("America/New_York", daily("08:00-21:00")),
    "us.collections.hours": ("America/New_York", daily("08:00-21:00")),
    "us-fl.sales.hours": ("America/New_York", daily("08:00-20:00")),
    "us-ok.sales.hours": ("America/Chicago", daily("08:00-20:00")),
    "us-md.sales.hours": ("America/New_York", daily("08:00-20:00")),
    "us-wa.sales.hours": ("America/Los_Angeles", daily("08:00-20:00")),
    "us-wa.collections.hours_home": ("America/Los_Angeles", daily("07:30-21:00")),
    "us-tx.sales.hours": ("America/Chicago", week("09:00-21:00", "09:00-21:00", "12:00-21:00")),
    "us-ct.sales.hours": ("America/New_York", daily("09:00-20:00")),
    "us-ri.sales.hours": ("America/New_York", week("09:00-18:00", "10:00-17:00")),
    "us-ut.sales.hours": ("America/Denver", daily("08:00-21:00")),
    "us-la.sales.hours": ("America/Chicago", week("08:00-20:00", "08:00-20:00")),
    "us-sd.sales.hours_automated": ("America/Chicago", week("09:00-21:00")),
    "us-al.sales.hours": ("America/Chicago", week("08:00-20:00", "08:00-20:00")),
    "us-ms.sales.hours": ("America/Chicago", week("08:00-20:00", "08:00-20:00")),
    "us-ky.sales.hours": ("America/New_York", daily("10:00-21:00")),
    "us-nv.sales.hours": ("America/Los_Angeles", daily("09:00-20:00")),
    "us-ma.sales.hours": ("America/New_York", daily("08:00-20:00")),
    "us-mi.sales.hours": ("America/New_York", daily("09:00-21:00")),
    "us-mn.sales.hours": ("America/Chicago", daily("09:00-21:00")),
    "us-nm.sales.hours": ("America/Denver", daily("09:00-21:00")),
    "gb.sales.hours": ("Europe/London", week("08:00-21:00", "09:00-21:00")),
    "gb.collections.hours": ("Europe/London", daily("00:00-24:00")),
    "in.sales.hours": ("Asia/Kolkata", daily("10:00-21:00")),
    "in.collections.hours": ("Asia/Kolkata", daily("08:00-19:00")),
    "fr.sales.hours": ("Europe/Paris", week("10:00-13:00 14:00-20:00")),
    "es.sales.hours": ("Europe/Madrid", week("09:00-21:00")),
    "it.sales.hours": ("Europe/Rome", week("09:00-20:00", "10:00-19:00")),
    "au.sales.hours": ("Australia/Sydney", week("09:00-20:00", "09:00-17:00")),
    "au.survey.hours": ("Australia/Sydney", week("09:00-20:30", "09:00-17:00", "09:00-17:00")),
    "au.collections.hours": ("Australia/Sydney", week("07:30-21:00", "09:00-21:00", "09:00-21:00")),
    "au.collections.hours_work": ("Australia/Sydney", week("09:00-17:00")),
    "ca.sales.hours": ("America/Toronto", week("09:00-21:30", "10:00-18:00", "10:00-18:00")),
}


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def probes(hours: str) -> dict[int, bool]:
    """Minutes of a day around every edge, and whether calls are allowed in them."""
    spans = [tuple(map(minutes, span.split("-"))) for span in hours.split()]
    edges = {0, 180, 720, 1439, *(edge + shift for span in spans for edge in span for shift in (-1, 0, 1))}
    return {at: any(low <= at < high for low, high in spans) for at in edges if 0 <= at < 1440}


@pytest.mark.parametrize("rule_id", WEEKS)
def test_the_hours_of_the_source_are_kept_to_the_minute_every_day(rule_id: str) -> None:
    rule = rules()[rule_id]
    zone, hours = WEEKS[rule_id]
    [purpose] = rule.purposes
    place = next(iter(rule.places), None)
    region = next(place for place in sorted(rule.where) if place.lower() == rule_id.split(".")[0])
    case = Case(PHONE, (zone,), (region,), Purpose(purpose), place=place)
    for day, of_day in enumerate(hours):
        for minute, allowed in probes(of_day).items():
            clock = time(minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
            at = datetime.combine(MONDAY + timedelta(days=day), clock)
            named = {reason.rule for reason in BOOK.judge(case, at, ()).reasons}
            assert (rule_id not in named) == allowed, at


def test_every_window_of_the_packs_is_here() -> None:
    assert set(WEEKS) == {rule.id for rule in rules().values() if rule.type is RuleType.WINDOW}
