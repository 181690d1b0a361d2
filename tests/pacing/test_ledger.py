import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing.ledger import RECENT_ANSWERS, Counts, Ledger


def record(ledger: Ledger, connected: int, abandoned: int) -> Ledger:
    for i in range(connected + abandoned):
        ledger.record(abandoned=i >= connected)
    return ledger


def filled(limit: float, connected: int, abandoned: int) -> Ledger:
    return record(Ledger(limit), connected, abandoned)


def test_the_rate_counts_live_answers_only() -> None:
    ledger = filled(0.03, 97, 3)
    assert (ledger.live, ledger.connected, ledger.abandoned) == (100, 97, 3)
    assert ledger.rate == pytest.approx(0.03)
    assert ledger.budget == pytest.approx(0.0)
    assert not ledger.spent


def test_one_call_over_the_limit_is_spent() -> None:
    assert filled(0.03, 96, 4).spent
    assert filled(0.03, 0, 1).spent


def test_an_empty_ledger_is_sound() -> None:
    ledger = Ledger(0.03)
    assert (ledger.rate, ledger.budget, ledger.upper_bound) == (0.0, 0.0, 1.0)
    assert not ledger.spent
    assert not ledger.recent_spent


def test_the_upper_bound_closes_in_on_the_rate() -> None:
    bounds = [filled(0.03, 97 * n, 3 * n).upper_bound for n in (1, 4, 16)]
    assert bounds == sorted(bounds, reverse=True)
    assert 0.03 < bounds[2] < 0.04


@given(st.integers(1, 3000), st.integers(0, 200))
def test_the_upper_bound_is_wilsons(connected: int, abandoned: int) -> None:
    """The true share at which the rate seen lies 1.645 standard deviations under what is expected."""
    ledger = filled(0.03, connected, abandoned)
    deviation = (ledger.upper_bound * (1.0 - ledger.upper_bound) / ledger.live) ** 0.5
    assert (ledger.upper_bound - ledger.rate) / deviation == pytest.approx(1.645, rel=1e-6)


def test_the_upper_bound_is_1_where_every_call_was_abandoned() -> None:
    assert filled(0.03, 0, 10).upper_bound == 1.0


@given(st.lists(st.booleans(), max_size=300), st.floats(0.0, 20.0), st.floats(0.0, 1.0))
def test_the_rate_never_passes_its_bound(outcomes: list[bool], missed: float, limit: float) -> None:
    ledger = Ledger(limit)
    ledger.suspect(missed)
    for abandoned in outcomes:
        ledger.record(abandoned)
        assert 0.0 <= ledger.rate <= ledger.upper_bound <= 1.0


def test_a_window_with_much_left_over_gives_a_session_no_more_than_its_own() -> None:
    ledger = Ledger(0.03)
    ledger.open_window(live=30_000, abandoned=0)
    assert ledger.budget == 0.0
    record(ledger, 200, 0)
    assert ledger.budget == pytest.approx(6.0)
    record(ledger, 0, 7)
    assert ledger.spent
    assert ledger.window.budget(0.03) > 800


def test_a_window_over_the_limit_binds_a_session_that_is_under_it() -> None:
    ledger = Ledger(0.03)
    ledger.open_window(live=1000, abandoned=60)
    record(ledger, 500, 0)
    assert ledger.session.budget(0.03) == pytest.approx(15.0)
    assert ledger.budget == pytest.approx(-15.0)
    assert ledger.spent


@given(st.floats(0.0, 1.0), st.lists(st.sampled_from(["answer", "lost", "suspect", "window", "session"]), max_size=60))
def test_the_budget_is_that_of_whichever_has_less(limit: float, steps: list[str]) -> None:
    ledger = Ledger(limit)
    window, session = [0.0, 0.0], [0.0, 0.0]
    for step in steps:
        if step == "window":
            ledger.open_window(10.0, 1.0)
            window = [10.0, 1.0]
        elif step == "session":
            ledger.open_session()
            session = [0.0, 0.0]
        elif step == "suspect":
            ledger.suspect(0.25)
        else:
            ledger.record(abandoned=step == "lost")
        for counts in (window, session):
            added = {"answer": (1.0, 0.0), "lost": (1.0, 1.0), "suspect": (0.25, 0.25)}.get(step, (0.0, 0.0))
            counts[0] += added[0]
            counts[1] += added[1]
    expected = [limit * live - abandoned for live, abandoned in (window, session)]
    assert ledger.budget == pytest.approx(min(expected), abs=1e-9)
    assert (ledger.live, ledger.abandoned) == pytest.approx(tuple(window))


def test_a_new_window_keeps_the_session() -> None:
    ledger = filled(0.03, 90, 10)
    ledger.open_window(live=0, abandoned=0)
    assert ledger.live == 0
    assert ledger.session == Counts(90, 10)
    assert ledger.spent
    ledger.open_window(live=50, abandoned=2)
    assert (ledger.connected, ledger.abandoned) == (48, 2)


def test_a_new_window_keeps_the_guard_over_the_latest_answers() -> None:
    ledger = filled(0.03, 0, 20)
    ledger.open_window(live=0, abandoned=0)
    assert ledger.recent_spent


def test_a_new_session_keeps_the_window() -> None:
    ledger = filled(0.03, 90, 10)
    ledger.open_session()
    assert ledger.window == Counts(90, 10)
    assert ledger.session == Counts()
    assert ledger.recent_abandoned == 10
    assert ledger.rate == pytest.approx(0.1)
    assert ledger.spent
    ledger.forget_recent()
    assert ledger.recent_abandoned == 0


def test_a_burst_is_seen_even_with_budget_left() -> None:
    ledger = filled(0.03, 3000, 0)
    record(ledger, 0, 14)
    assert ledger.budget > 20
    assert ledger.recent_spent
    record(ledger, RECENT_ANSWERS - 14, 0)
    assert ledger.recent_spent
    record(ledger, 1, 0)
    assert not ledger.recent_spent


def test_a_low_limit_still_grants_the_guard_three_calls() -> None:
    ledger = filled(0.001, 5000, 3)
    assert not ledger.recent_spent
    ledger.record(abandoned=True)
    assert ledger.recent_spent


def test_the_guard_counts_the_latest_answers_only() -> None:
    ledger = Ledger(0.03)
    for i in range(1000):
        ledger.record(abandoned=i % 50 == 0)
        assert ledger.recent_abandoned <= 3
    assert ledger.recent_abandoned == RECENT_ANSWERS // 50


def test_a_retracted_call_leaves_window_and_session() -> None:
    ledger = filled(0.03, 50, 1)
    ledger.retract()
    assert ledger.window == ledger.session == Counts(49, 1)
    ledger.open_session()
    ledger.retract()
    assert (ledger.window, ledger.session) == (Counts(48, 1), Counts(0, 0))


def test_a_suspected_person_counts_as_a_part_of_one_abandoned() -> None:
    ledger = filled(0.03, 99, 0)
    for _ in range(10):
        ledger.suspect(0.1)
    assert ledger.abandoned == pytest.approx(1.0)
    assert ledger.live == pytest.approx(100.0)
    assert ledger.budget == pytest.approx(2.0)
    assert not ledger.recent_spent


def test_a_limit_of_zero_is_spent_by_one_call_and_by_no_connected_one() -> None:
    assert not filled(0.0, 500, 0).spent
    assert filled(0.0, 500, 1).spent
