from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.caps import Cap, check, parse, to_text
from campaigns.rules.model import PastCall

NOON = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
HOME, OTHER = "+12125550100", "+12125550101"
NEW_YORK = ("America/New_York",)


def call(at: datetime, phone: str = HOME, debts: tuple[int, ...] = (), outcome: str = "no_answer") -> PastCall:
    return PastCall(at, phone, outcome, debts=frozenset(debts))


def hours_ago(hours: float, **rest: object) -> PastCall:
    return call(NOON - timedelta(hours=hours), **rest)  # type: ignore[arg-type]


def test_the_text_form_goes_both_ways() -> None:
    text = "number:2/1d,lead:6/30d,lead:10/life,number:1/4h"
    assert parse(text.replace(",", " , ")) == (
        Cap("number", 2, days=1),  # type: ignore[arg-type]
        Cap("lead", 6, days=30),  # type: ignore[arg-type]
        Cap("lead", 10),  # type: ignore[arg-type]
        Cap("number", 1, hours=4),  # type: ignore[arg-type]
    )
    assert to_text(parse(text)) == text
    assert parse("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("number:2", "'number:2' is not like number:2/1d"),
        ("phone:2/1d", r"\(number, lead, debt\)"),
        ("number:2/1w", "is not like"),
        ("number:0/1d", "from 1 to 1000"),
        ("number:2/0d", "days must be from 1 to 365, or write life"),
        ("lead:2/400d", "days must be from 1 to 365"),
        ("lead:2/800h", "count longer times in days"),
    ],
)
def test_a_wrong_cap_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(text)


def test_hours_are_rolling() -> None:
    caps = parse("number:2/4h")
    assert check(caps, HOME, NEW_YORK, NOON, [hours_ago(1), hours_ago(4)]) is None
    blocked = check(caps, HOME, NEW_YORK, NOON, [hours_ago(1), hours_ago(3.5), hours_ago(5)])
    assert blocked is not None and blocked.reason == "cap:number:2/4h"
    assert blocked.detail == "2 calls to +12125550100 in 4 h are the campaign's most"
    assert blocked.until == NOON + timedelta(minutes=30)


def test_a_day_is_the_persons_own_wherever_they_may_be() -> None:
    caps = parse("number:1/1d")
    evening = datetime(2026, 6, 2, 3, 30, tzinfo=UTC)
    night = evening + timedelta(hours=1)
    assert check(caps, HOME, NEW_YORK, night, [call(evening)]) is None
    blocked = check(caps, HOME, (*NEW_YORK, "America/Los_Angeles"), night, [call(evening)])
    assert blocked is not None and blocked.until == datetime(2026, 6, 2, 7, 0, tzinfo=UTC)


def test_days_are_counted_with_today() -> None:
    caps = parse("lead:2/3d")
    past = [call(NOON - timedelta(days=2)), call(NOON - timedelta(days=1), OTHER)]
    blocked = check(caps, HOME, NEW_YORK, NOON, past)
    assert blocked is not None and blocked.until == datetime(2026, 6, 2, 4, 0, tzinfo=UTC)
    assert check(caps, HOME, NEW_YORK, datetime(2026, 6, 2, 4, 0, tzinfo=UTC), past) is None


def test_the_day_of_a_clock_change_has_its_own_length() -> None:
    """The night of 1 November 2026 in New York is an hour longer."""
    before = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)
    blocked = check(parse("number:1/1d"), HOME, NEW_YORK, before + timedelta(hours=1), [call(before)])
    assert blocked is not None and blocked.until == datetime(2026, 11, 2, 5, 0, tzinfo=UTC)


def test_a_life_has_no_end() -> None:
    blocked = check(
        parse("lead:2/life,number:1/4h"), HOME, NEW_YORK, NOON, [hours_ago(1), hours_ago(9000, phone=OTHER)]
    )
    assert blocked is not None and blocked.until is None


def test_each_number_lead_and_debt_for_itself() -> None:
    past = [hours_ago(1, phone=OTHER, debts=(1,)), hours_ago(2, phone=OTHER, debts=(2,))]
    assert check(parse("number:1/1d"), HOME, NEW_YORK, NOON, past) is None
    assert check(parse("lead:2/1d"), HOME, NEW_YORK, NOON, past) is not None
    assert check(parse("debt:2/1d"), HOME, NEW_YORK, NOON, past, debts=(1, 2)) is None
    assert check(parse("debt:1/1d"), HOME, NEW_YORK, NOON, past, debts=(2, 3)) is not None
    assert check(parse("debt:1/1d"), HOME, NEW_YORK, NOON, past, debts=(3,)) is None
    assert check(parse("debt:1/1d"), HOME, NEW_YORK, NOON, [hours_ago(1)], debts=(3,)) is not None


def test_what_never_reached_the_network_or_came_in_does_not_count() -> None:
    inbound = PastCall(NOON - timedelta(hours=1), HOME, "answered", inbound=True)
    assert check(parse("number:1/1d"), HOME, NEW_YORK, NOON, [hours_ago(1, outcome="unconnected"), inbound]) is None


CAPS = st.lists(
    st.builds(
        lambda key, most, span: f"{key}:{most}/{span}",
        st.sampled_from(["number", "lead", "debt"]),
        st.integers(1, 4),
        st.sampled_from(["1h", "5h", "36h", "1d", "2d", "7d", "life"]),
    ),
    min_size=1,
    max_size=3,
).map(lambda parts: parse(",".join(parts)))
ZONES = st.sets(
    st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Apia", "Europe/London"]), min_size=1, max_size=3
).map(tuple)
WISHES = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([HOME, OTHER])), min_size=1, max_size=60)


@given(CAPS, ZONES, WISHES)
def test_no_cap_is_ever_exceeded_and_until_is_true(
    caps: tuple[Cap, ...], zones: tuple[str, ...], wishes: list[tuple[int, str]]
) -> None:
    """Calls are wished for at any intervals, over a clock change; those that are let through are counted anew."""
    at, placed = datetime(2026, 3, 26, 12, 0, tzinfo=UTC), list[PastCall]()
    for hours, phone in wishes:
        at += timedelta(hours=hours)
        blocked = check(caps, phone, zones, at, placed, debts=(7,))
        if blocked is None:
            placed.append(call(at, phone, (7,)))
        elif blocked.until is not None:
            assert blocked.until > at
            assert check(caps, phone, zones, blocked.until, placed, debts=(7,)) is None
            assert check(caps, phone, zones, blocked.until - timedelta(seconds=1), placed, debts=(7,)) is not None
    for cap in caps:
        for phone in (HOME, OTHER):
            times = [each.at for each in placed if cap.key != "number" or each.phone == phone]
            assert_within(cap, times, zones)


def assert_within(cap: Cap, times: list[datetime], zones: tuple[str, ...]) -> None:
    """Counted in the plainest way: for each call, those up to it in its span."""
    for at in times:
        if cap.hours is not None:
            assert sum(at - timedelta(hours=cap.hours) < each <= at for each in times) <= cap.most
        for zone in map(ZoneInfo, zones) if cap.days is not None else ():
            ages = [(at.astimezone(zone).date() - each.astimezone(zone).date()).days for each in times if each <= at]
            assert sum(age < (cap.days or 0) for age in ages) <= cap.most
    if cap.days is None and cap.hours is None:
        assert len(times) <= cap.most
