"""Properties that hold for all rules, zones and histories, against slow and plain models of the law."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rules import PastCall, Purpose, Rulebook
from campaigns.rules.windows import hours_on
from tests.campaigns.rules.texts import AFTER_CONVERSATION, SEVEN_IN_SEVEN, book, case, rule, window

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Phoenix",
    "America/Los_Angeles",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
)
# Each pair of days around a change of the clock in the US, UK and Australia, and a leap day.
NIGHTS = (
    "2026-03-07",
    "2026-10-31",
    "2026-03-28",
    "2026-10-24",
    "2026-04-04",
    "2026-10-03",
    "2028-02-28",
    "2026-12-24",
)
STEP = timedelta(minutes=15)

quarter = st.integers(0, 95)
zone_sets = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True)


@st.composite
def spans(draw: st.DrawFn) -> str:
    start, end = sorted(draw(st.lists(st.integers(0, 96), min_size=2, max_size=2, unique=True)))
    return f"{start // 4:02d}:{start % 4 * 15:02d}-{end // 4:02d}:{end % 4 * 15:02d}"


@st.composite
def timed_rules(draw: st.DrawFn, name: str) -> str:
    """A window with hours by kind of day, or closed days; now and then with dates of effect."""
    rest = draw(st.sampled_from(("", 'effective = { from = "2026-03-08" }', 'effective = { to = "2026-10-31" }')))
    if draw(st.integers(0, 3)) == 0:
        closed = draw(st.sampled_from(('weekdays = ["sun"]', 'holidays = { country = "US" }', 'weekdays = ["sat"]')))
        return rule(f'type = "closed_days"\n{closed}\n{rest}', name)
    hours = f'weekdays = "{draw(spans())}", sat = "{draw(spans())}", sun = "{draw(spans())}"'
    return window(hours, name, rest)


rule_lists = st.integers(1, 3).flatmap(lambda n: st.tuples(*(timed_rules(f"t.r{index}") for index in range(n))))
instants = st.builds(
    lambda day, minutes: datetime.fromisoformat(f"{day}T00:00+00:00") + timedelta(minutes=minutes),
    st.sampled_from(NIGHTS),
    st.integers(0, 3 * 1440),
)
OUTCOMES = ("no_answer", "busy", "machine")
waits_and_calls = st.tuples(st.integers(0, 300), st.sampled_from(OUTCOMES), st.integers(0, 9))


def plainly_open(rules: Rulebook, zones: list[str], at: datetime) -> bool:
    """What the wall clocks show, rule by rule and zone by zone."""
    for one in rules.rules:
        for zone in zones:
            local = at.astimezone(ZoneInfo(zone))
            minutes = local.hour * 60 + local.minute
            if not any(start <= minutes < end for start, end in hours_on(one, local.date())):
                return False
    return True


@given(rule_lists, zone_sets, instants)
@settings(max_examples=300, deadline=None)
def test_hours_are_what_the_wall_clocks_show(texts: tuple[str, ...], zones: list[str], at: datetime) -> None:
    rules = book(*texts)
    assert rules.open_at(case(*zones), at) is plainly_open(rules, zones, at)
    assert rules.judge(case(*zones), at).allowed is plainly_open(rules, zones, at)


@given(rule_lists, timed_rules("t.more"), zone_sets, st.sampled_from(ZONES), instants)
@settings(max_examples=300, deadline=None)
def test_another_rule_or_zone_never_opens_an_instant(
    texts: tuple[str, ...], more: str, zones: list[str], another: str, at: datetime
) -> None:
    wider = list(dict.fromkeys((*zones, another)))
    if book(*texts, more).open_at(case(*zones), at) or book(*texts).open_at(case(*wider), at):
        assert book(*texts).open_at(case(*zones), at)


def history(starts: list[int], kinds: list[int]) -> list[PastCall]:
    """Calls at so many quarters of an hour before the first of the examples' nights ends."""
    base = datetime(2026, 3, 7, tzinfo=UTC)
    return [
        PastCall(base - start * STEP, "+12125550123", "no_answer", conversation=kind == 0, debts=frozenset({1}))
        for start, kind in zip(starts, kinds, strict=True)
    ]


CAPS = (
    rule(SEVEN_IN_SEVEN.replace("max = 7", "max = 3"), "t.calls"),
    rule(AFTER_CONVERSATION, "t.talks"),
    rule('type = "frequency"\nlimit = { max = 2, per = "24h" }', "t.day"),
)


@given(
    rule_lists,
    zone_sets,
    quarter,
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 5)), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_until_is_the_first_instant_when_the_call_is_allowed(
    texts: tuple[str, ...], zones: list[str], first: int, calls: list[tuple[int, int]]
) -> None:
    rules = book(*texts, *CAPS)
    past = history([start for start, _ in calls], [kind for _, kind in calls])
    one = case(*zones, purpose=Purpose.COLLECTIONS, debts=frozenset({1}))
    start = datetime(2026, 3, 7, tzinfo=UTC) + first * STEP
    verdict = rules.judge(one, start, past)
    if verdict.allowed:
        assert verdict.until is None
        return
    moments = (start + index * STEP for index in range(96 * 12))
    expected = next((moment for moment in moments if rules.judge(one, moment, past).allowed), None)
    if expected is not None:
        assert verdict.until == expected
    else:
        assert verdict.until is None or verdict.until >= start + 96 * 12 * STEP


@given(zone_sets, st.lists(waits_and_calls, max_size=60))
@settings(max_examples=100, deadline=None)
def test_caps_are_never_exceeded_whatever_the_order_of_calls(
    zones: list[str], waits: list[tuple[int, str, int]]
) -> None:
    rules = book(*CAPS)
    one = case(*zones, purpose=Purpose.COLLECTIONS, debts=frozenset({1}))
    now, placed = datetime(2026, 10, 20, tzinfo=UTC), list[PastCall]()
    for quarters, outcome, kind in waits:
        now += quarters * STEP
        if rules.judge(one, now, placed).allowed:
            talked = kind == 0 and outcome == "no_answer"
            placed.append(PastCall(now, "+12125550123", outcome, conversation=talked, debts=frozenset({1})))
    for zone in zones:
        assert_lawful(placed, ZoneInfo(zone))


def assert_lawful(placed: list[PastCall], zone: ZoneInfo) -> None:
    """At most three connected calls in seven days of the calendar, two of any in 24 h, none after a conversation."""
    day_of = {call: call.at.astimezone(zone).date() for call in placed}
    connected = [call for call in placed if call.outcome != "busy"]
    for index, call in enumerate(connected):
        recent = [other for other in connected[: index + 1] if day_of[call] - day_of[other] < timedelta(days=7)]
        assert len(recent) <= 3
    for index, call in enumerate(placed):
        assert sum(call.at - other.at < timedelta(hours=24) for other in placed[: index + 1]) <= 2
        for earlier in placed[:index]:
            assert not earlier.conversation or day_of[call] - day_of[earlier] >= timedelta(days=7)
