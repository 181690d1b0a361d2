"""Rules in a few words."""

import pytest

from campaigns.rules.wording import exemption_in_short, in_short
from tests.campaigns.rules.texts import AFTER_CONVERSATION, pack, rule


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            'type = "window"\nhours = { weekdays = "10:00-13:00,14:00-20:00", sat = "09:00-24:00" }',
            "Mon-Fri 10:00-13:00 and 14:00-20:00, Sat 09:00-24:00, Sun closed",
        ),
        (
            'type = "window"\nhours = { all = "09:00-20:00", holiday = "closed" }\nholidays = { country = "US" }',
            "Mon-Sun 09:00-20:00, holidays (US) closed",
        ),
        (
            'type = "closed_days"\nweekdays = ["sun"]\ndays = ["mon", "tue"]\n'
            'holidays = { country = "US", subdivision = "PA", add = ["06-14"], remove = ["labor_day"] }',
            "closed: Sun, holidays (US-PA +06-14 -labor_day) on Mon Tue",
        ),
        ('type = "consent"\nneeds = ["written", "express"]\nmax_age = "2y"', "bases express / written, max age 2y"),
        ('type = "ring_min"\nring_min = { seconds = 15 }', "seconds 15"),
        ('type = "retention"\nretention = { do_not_call = "5y" }', "keep do not call 5y, start call"),
    ],
)
def test_rules_in_short(body: str, told: str) -> None:
    assert in_short(pack(rule(body)).rules[0].params) == told


def test_exemptions_in_short() -> None:
    (exemption,) = pack(rule(AFTER_CONVERSATION)).rules[0].unless
    assert exemption_in_short(exemption) == (
        "express, no older than 7d (in days of the calendar, its own is day one), until the next conversation"
    )
