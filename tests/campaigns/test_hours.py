from datetime import UTC, datetime, time

import pytest

from campaigns.hours import SLICE, ContactHours, Learner
from campaigns.model import CallingWindow, Outcome
from tests.campaigns.desk import Desk

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"
DAY = CallingWindow(time(9), time(20))


def at(hour: int) -> datetime:
    """An hour of the clock in New York, on a day of summer."""
    return datetime(2026, 6, 1, hour + 4, 30, tzinfo=UTC)


def known(**rates: float) -> ContactHours:
    """Contact rates by hour ("h9") in New York, each from a thousand attempts."""
    hours = ContactHours()
    for name, rate in rates.items():
        for number in range(1000):
            hours.add(NEW_YORK, at(int(name[1:])), number < 1000 * rate)
    return hours


def test_nothing_known_is_the_same_everywhere() -> None:
    hours = ContactHours()
    assert hours.rate(NEW_YORK, 9) == hours.rate(CHICAGO, 17) == 0.2
    assert hours.worth(NEW_YORK, at(9), DAY) == hours.worth(CHICAGO, at(15), DAY) == 1.0


def test_a_rate_follows_its_attempts_and_other_places_lean_on_it() -> None:
    hours = known(h9=0.6, h10=0.1)
    assert 0.5 < hours.rate(NEW_YORK, 9) < 0.6
    assert 0.1 < hours.rate(NEW_YORK, 10) < 0.2
    assert hours.rate(CHICAGO, 9) > 2 * hours.rate(CHICAGO, 10)
    few = ContactHours()
    few.add(NEW_YORK, at(9), contact=True)
    assert 0.2 < few.rate(NEW_YORK, 9) < 0.25


def test_the_worth_of_an_hour_is_what_it_offers_over_the_rest_of_the_day() -> None:
    hours = known(h9=0.4, h10=0.1, h18=0.8)
    assert hours.worth(NEW_YORK, at(9), DAY) == pytest.approx(0.5, abs=0.05)
    assert hours.worth(NEW_YORK, at(18), DAY) > 1.5
    worth = {hour: hours.worth(NEW_YORK, at(hour), DAY) for hour in range(9, 19)}
    assert max(worth, key=lambda hour: worth[hour]) == 18


def test_the_last_hour_is_held_against_the_day() -> None:
    hours = known(**{f"h{hour}": 0.2 for hour in range(9, 19)}, h19=0.6)
    assert hours.worth(NEW_YORK, at(19), DAY) > 2
    poor = known(**{f"h{hour}": 0.6 for hour in range(9, 19)}, h19=0.1)
    assert poor.worth(NEW_YORK, at(19), DAY) < 0.5


def test_classes_put_the_better_place_first_and_the_like_together() -> None:
    hours = known(h9=0.8, h10=0.2, h11=0.2, h12=0.2)
    classes = hours.classes([NEW_YORK, CHICAGO], at(10), DAY)
    assert classes[CHICAGO] < classes[NEW_YORK]
    flat = ContactHours().classes([NEW_YORK, CHICAGO, "Europe/London"], at(10), DAY)
    assert len(set(flat.values())) == 1


def test_a_learner_takes_attempts_that_are_over_and_waits_for_the_others(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n2125550102\n2125550103\n")
    first, second, third = desk.refill(now)
    attempt = desk.reserve(first, now)
    with desk.store.transaction():
        desk.store.mark_answered(attempt, now)
        desk.store.mark_connected(attempt, "anna", now)
    open_attempt = desk.reserve(second, now)
    desk.call(third, Outcome.ABANDONED, now)
    learner = Learner(desk.store.database, desk.store.profiles, desk.campaign.campaign_id)
    before = learner.hours.rate(NEW_YORK, 11)
    learner.learn()
    assert learner.hours.rate(NEW_YORK, 11) == before
    desk.close(attempt, first, Outcome.HANDLED, now, "NI")
    learner.learn()
    one = learner.hours.rate(NEW_YORK, 11)
    learner.learn()
    assert before < one == learner.hours.rate(NEW_YORK, 11)
    desk.close(open_attempt, second, Outcome.BUSY, now)
    learner.learn()
    assert learner.hours.rate(NEW_YORK, 11) > one
    assert learner.hours.rate(NEW_YORK, 12) != learner.hours.rate(NEW_YORK, 11)


def test_a_learner_takes_a_slice_at_a_time(desk: Desk, now: datetime) -> None:
    desk.load("phone\n2125550101\n")
    columns = (
        "id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at, connected_at, closed_at, outcome"
    )
    at = now.timestamp()
    desk.store.database.many(
        f"INSERT INTO attempts ({columns}) VALUES (?, 1, 1, 1, '', '', '', {at}, {at}, {at}, 'handled')",  # noqa: S608
        [(number,) for number in range(1, 2 * SLICE + 1)],
    )
    learner = Learner(desk.store.database, desk.store.profiles, desk.campaign.campaign_id)
    rates = []
    for _ in range(4):
        rates.append(learner.hours.rate(NEW_YORK, 11))
        learner.learn()
    assert rates[0] < rates[1] < rates[2] == rates[3]
