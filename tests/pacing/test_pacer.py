import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing import Pacer, PacerConfig, PacingDecision, control
from pacing.pacer import AGENT_STATES, EXCESS_HALF_LIFE_S, MODES, OUTCOMES, SESSION_GAP_S
from tests.pacing.world import Away, Shift, World, play

IDS = st.one_of(st.integers(0, 6), st.sampled_from(["a", ("b", 1), None]))
TIMES = st.floats(-1e3, 1e6)
EVENTS = st.one_of(
    st.tuples(st.just("agent"), TIMES, IDS, st.sampled_from(AGENT_STATES)),
    st.tuples(st.sampled_from(["dialed", "answered", "abandoned"]), TIMES, IDS),
    st.tuples(st.just("resolved"), TIMES, IDS, st.sampled_from(OUTCOMES)),
    st.tuples(st.just("connected"), TIMES, IDS, IDS),
)


def feed(pacer: Pacer, event: tuple[Any, ...]) -> None:
    getattr(pacer, event[0])(*event[1:])


def team(mode: str, ready: int, talking: int = 0, **settings_: Any) -> Pacer:
    pacer = Pacer(PacerConfig(mode=mode, **settings_))
    for agent in range(ready):
        pacer.agent(0.0, agent, "ready")
    for agent in range(ready, ready + talking):
        pacer.agent(0.0, agent, "talking")
    return pacer


def dial(pacer: Pacer, at: float, first: int, lines: int) -> None:
    for call in range(first, first + lines):
        pacer.dialed(at, call)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(MODES), st.none() | st.integers(0, 5), st.lists(EVENTS, max_size=60))
def test_any_order_of_events_is_taken_without_error(
    mode: str, max_lines: int | None, events: list[tuple[Any, ...]]
) -> None:
    pacer = Pacer(PacerConfig(mode=mode, max_lines=max_lines))
    latest = -math.inf
    for event in events:
        feed(pacer, event)
        latest = max(latest, event[1])
        decision = pacer.decide(latest)
        assert decision.lines >= 0
        assert decision.because
        assert 0.0 <= decision.abandoned_rate <= 1.0
        if max_lines is not None:
            assert decision.lines <= max_lines


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(MODES), st.lists(EVENTS, max_size=40), st.lists(TIMES, max_size=3))
def test_asking_changes_nothing(mode: str, events: list[tuple[Any, ...]], times: list[float]) -> None:
    asked, quiet = Pacer(PacerConfig(mode=mode)), Pacer(PacerConfig(mode=mode))
    for event in events:
        feed(asked, event)
        feed(quiet, event)
        for at in times:
            asked.decide(at)
    at = max([event[1] for event in events], default=0.0)
    assert asked.decide(at) == asked.decide(at) == quiet.decide(at)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(MODES), st.lists(st.tuples(EVENTS, st.booleans()), max_size=60), st.integers(0, 6))
def test_max_lines_bounds_calls_in_flight_and_up(
    mode: str, steps: list[tuple[tuple[Any, ...], bool]], max_lines: int
) -> None:
    """Whoever dials what is asked, and nothing else, never has more than `max_lines` calls ringing or waiting."""
    pacer = Pacer(PacerConfig(mode=mode, max_lines=max_lines))
    in_flight: set[object] = set()
    number = 100
    for event, closes_oldest in steps:
        if event[0] in ("agent", "abandoned"):
            feed(pacer, event)
        if closes_oldest and in_flight:
            call = in_flight.pop()
            pacer.resolved(2e6, call, "busy")
        for _ in range(pacer.decide(2e6).lines):
            number += 1
            pacer.dialed(2e6, number)
            in_flight.add(number)
        assert len(in_flight) <= max_lines


def test_talks_count_towards_max_lines_until_the_agent_leaves_them() -> None:
    pacer = team("progressive", 3, max_lines=3)
    dial(pacer, 1.0, 100, 3)
    pacer.resolved(9.0, 100, "human")
    pacer.connected(9.0, 100, 0)
    pacer.resolved(9.0, 101, "busy")
    assert pacer.decide(9.0).lines == 1
    pacer.dialed(9.0, 103)
    assert pacer.decide(9.0).lines == 0
    assert "bound" in pacer.decide(9.0).because
    pacer.resolved(10.0, 102, "busy")
    pacer.agent(20.0, 0, "wrapup")
    assert pacer.decide(20.0).lines == 1


def test_progressive_is_one_line_per_uncovered_ready_agent() -> None:
    pacer = team("progressive", 4, talking=3)
    assert pacer.decide(0.0).lines == 4
    dial(pacer, 0.0, 100, 4)
    assert pacer.decide(0.0).lines == 0
    pacer.resolved(5.0, 100, "no_answer")
    pacer.resolved(6.0, 101, "machine")
    assert pacer.decide(6.0).lines == 2
    pacer.answered(7.0, 102)
    pacer.resolved(8.0, 102, "human")
    assert pacer.decide(8.0).lines == 2
    pacer.connected(8.0, 102, 0)
    assert pacer.decide(8.0).lines == 2
    pacer.agent(9.0, 1, "paused")
    pacer.agent(9.0, 2, "logged_out")
    assert pacer.decide(9.0).lines == 0
    pacer.agent(10.0, 4, "ready")
    assert pacer.decide(10.0).lines == 1


def test_power_is_a_fixed_ratio_of_ready_agents() -> None:
    pacer = team("power", 4, talking=3, lines_per_agent=2.5)
    assert pacer.decide(0.0).lines == 10
    dial(pacer, 0.0, 100, 7)
    assert pacer.decide(0.0).lines == 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", ["paused", "logged_out"])
def test_nothing_is_dialed_for_agents_who_are_away(mode: str, state: str) -> None:
    pacer = team(mode, 3)
    for agent in range(3):
        pacer.agent(1.0, agent, state)
    assert pacer.decide(1.0).lines == 0
    assert pacer.decide(1e5).lines == 0


def test_predictive_dials_ahead_of_a_wrapup_that_is_about_to_end() -> None:
    pacer = Pacer(PacerConfig())
    at = 0.0
    for call in range(300):
        pacer.dialed(at, call)
        pacer.resolved(at + 10.0, call, "human" if call % 5 == 0 else "no_answer")
        if call % 5 == 0:
            pacer.agent(at, "a", "ready")
            pacer.connected(at + 10.0, call, "a")
            pacer.agent(at + 70.0, "a", "wrapup")
            pacer.agent(at + 100.0, "a", "ready")
        at += 110.0
    pacer.agent(at, "a", "wrapup")
    assert pacer.decide(at + 2.0).lines == 0
    assert pacer.decide(at + 28.0).lines >= 1


def test_predictive_dials_more_than_one_line_per_agent_once_few_people_answer() -> None:
    pacer = team("predictive", 10)
    cold = pacer.decide(0.0).lines
    assert 10 <= cold <= 20
    for call in range(400):
        pacer.dialed(20.0 * call, call)
        pacer.resolved(20.0 * call + 12.0, call, "human" if call % 8 == 0 else "no_answer")
        if call % 8 == 0:
            pacer.connected(20.0 * call + 12.0, call, 0)
            pacer.agent(20.0 * call + 19.0, 0, "ready")
    warm = pacer.decide(8000.0)
    assert warm.lines > cold + 10
    assert warm.risk <= warm.threshold < warm.next_risk
    assert "10.0 free agents" in warm.because


def test_abandoned_calls_count_once_each_known_or_not() -> None:
    pacer = team("predictive", 1)
    pacer.abandoned(1.0, "never seen")
    pacer.abandoned(2.0, "never seen")
    pacer.dialed(3.0, "a")
    pacer.resolved(4.0, "a", "human")
    pacer.abandoned(6.0, "a")
    pacer.abandoned(6.0, "a")
    pacer.connected(7.0, "a", 0)
    assert (pacer.ledger.abandoned, pacer.ledger.connected) == (2, 0)


def test_late_and_repeated_events_of_a_closed_call_change_nothing() -> None:
    pacer = team("progressive", 2)
    pacer.dialed(1.0, "a")
    pacer.resolved(5.0, "a", "busy")
    before = pacer.decide(6.0)
    pacer.dialed(1.0, "a")
    pacer.answered(5.5, "a")
    pacer.resolved(6.0, "a", "human")
    pacer.resolved(6.0, "a", "busy")
    assert pacer.decide(6.0) == before


def test_a_call_resolved_before_it_was_dialed_does_not_stay_in_flight() -> None:
    pacer = team("progressive", 2)
    pacer.resolved(5.0, "a", "no_answer")
    pacer.dialed(1.0, "a")
    assert pacer.decide(5.0).lines == 2


def test_a_call_id_may_be_used_again_later() -> None:
    pacer = team("progressive", 2)
    pacer.dialed(1.0, "a")
    pacer.resolved(5.0, "a", "no_answer")
    pacer.dialed(6.0, "a")
    assert pacer.decide(6.0).lines == 1


def test_a_person_whose_end_was_never_told_does_not_hold_an_agent_for_ever() -> None:
    pacer = team("progressive", 1)
    pacer.dialed(1.0, "a")
    pacer.resolved(5.0, "a", "human")
    assert pacer.decide(6.0).lines == 0
    assert pacer.decide(60.0).lines == 1
    assert pacer.decide(60.0).in_flight == 1


def test_time_that_goes_back_stands_still() -> None:
    pacer = team("predictive", 2)
    dial(pacer, 100.0, 0, 2)
    assert pacer.decide(50.0) == pacer.decide(100.0)
    pacer.resolved(40.0, 0, "human")
    assert pacer.decide(100.0).in_flight == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"mode": "preview"}, "mode"),
        ({"max_abandon_rate": 3.0}, "max_abandon_rate"),
        ({"max_abandon_rate": math.nan}, "max_abandon_rate"),
        ({"hold_s": -1.0}, "hold_s"),
        ({"max_lines": -1}, "max_lines"),
        ({"lines_per_agent": 0.0}, "lines_per_agent"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        replace(PacerConfig(), **change)


@pytest.mark.parametrize(
    "call",
    [
        lambda pacer: pacer.agent(0.0, "a", "asleep"),
        lambda pacer: pacer.resolved(0.0, "a", "person"),
        lambda pacer: pacer.dialed(math.nan, "a"),
        lambda pacer: pacer.decide(math.inf),
    ],
)
def test_a_value_outside_the_vocabulary_is_refused(call: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        call(Pacer(PacerConfig()))


def test_each_decision_says_why() -> None:
    assert "progressive" in team("progressive", 1).decide(0.0).because
    assert "no agent" in team("predictive", 0).decide(0.0).because
    assert "risk" in team("predictive", 2).decide(0.0).because
    assert isinstance(team("power", 1).decide(0.0), PacingDecision)


def test_the_same_seed_gives_the_same_decisions_and_extra_questions_none_other() -> None:
    first = play(PacerConfig(), 6, 0.5, seed=4)
    assert play(PacerConfig(), 6, 0.5, seed=4) == first
    assert play(PacerConfig(), 6, 0.5, seed=4, extra_decides=2) == first


@pytest.mark.parametrize("seed", range(4))
def test_a_shift_stays_under_the_limit_and_gains_over_progressive(seed: int) -> None:
    predictive = play(PacerConfig(), 10, 3.0, seed)
    progressive = play(PacerConfig(mode="progressive"), 10, 3.0, seed)
    assert progressive.abandoned == 0
    assert predictive.abandoned <= 0.03 * (predictive.connected + predictive.abandoned)
    assert predictive.utilisation > progressive.utilisation + 0.1


@pytest.mark.parametrize("live", [0.05, 0.5, 0.9])
def test_other_answer_rates_keep_the_limit_too(live: float) -> None:
    shift = play(PacerConfig(), 8, 2.0, seed=2, live=live)
    assert shift.abandoned <= 0.03 * (shift.connected + shift.abandoned) + 1
    assert shift.connected > 50


def test_listening_to_who_picked_up_keeps_the_limit_and_the_gain() -> None:
    predictive = play(PacerConfig(), 10, 3.0, seed=6, listen_s=1.5)
    progressive = play(PacerConfig(mode="progressive"), 10, 3.0, seed=6, listen_s=1.5)
    assert predictive.abandoned <= 0.03 * (predictive.connected + predictive.abandoned)
    assert predictive.utilisation > progressive.utilisation + 0.1


def test_a_single_agent_is_served_without_a_burst() -> None:
    shift = play(PacerConfig(), 1, 4.0, seed=3)
    assert shift.abandoned <= 0.03 * shift.connected + 1
    assert max(shift.lines) <= 4


def test_power_falls_back_to_one_line_per_agent_while_over_the_limit() -> None:
    pacer = Pacer(PacerConfig(mode="power", lines_per_agent=3.0, max_abandon_rate=0.1))
    for agent in ("anna", "bert"):
        pacer.agent(0.0, agent, "ready")
    assert pacer.decide(1.0).lines == 6
    pacer.open_window(live=9, abandoned=1)
    decision = pacer.decide(2.0)
    assert decision.lines == 2
    assert "than the limit allows" in decision.because
    pacer.open_window(live=20, abandoned=1)
    assert pacer.decide(3.0).lines == 6


def test_a_call_found_not_to_be_live_leaves_the_ledger_once() -> None:
    pacer = Pacer(PacerConfig())
    for call in ("a", "b"):
        pacer.dialed(0.0, call)
        pacer.resolved(5.0, call, "human")
        pacer.connected(5.0, call, "anna")
    for _ in range(2):
        pacer.not_live(9.0, "a")
    pacer.not_live(9.0, "never seen")
    assert (pacer.ledger.live, pacer.ledger.connected) == (1, 1)


def test_machine_verdicts_count_for_the_people_among_them() -> None:
    pacer = Pacer(PacerConfig(amd_false_positive_rate=0.1))
    for call in range(20):
        pacer.dialed(0.0, call)
        pacer.resolved(5.0, call, "machine")
    assert pacer.ledger.abandoned == pytest.approx(2.0)
    assert pacer.ledger.live == pytest.approx(2.0)


def test_new_settings_keep_calls_agents_and_ledger() -> None:
    pacer = Pacer(PacerConfig(mode="progressive"))
    pacer.agent(0.0, "anna", "ready")
    pacer.dialed(0.0, "a")
    pacer.open_window(live=100, abandoned=2)
    pacer.reconfigure(PacerConfig(mode="progressive", max_abandon_rate=0.01, max_lines=5))
    assert pacer.decide(1.0).lines == 0
    assert (pacer.ledger.live, pacer.ledger.limit) == (100, 0.01)


@pytest.mark.parametrize(("live", "abandoned"), [(3, 4), (3, -1), (-1, 0)])
def test_counts_that_cannot_be_are_refused(live: int, abandoned: int) -> None:
    with pytest.raises(ValueError, match="from 0 to live"):
        Pacer(PacerConfig()).open_window(live, abandoned)


def experienced() -> Pacer:
    pacer = Pacer(PacerConfig())
    for call in range(200):
        pacer.dialed(60.0 * call, call)
        pacer.resolved(60.0 * call + 11.0, call, "human" if call % 5 == 0 else "no_answer")
        if call % 5 == 0:
            pacer.agent(60.0 * call, "anna", "ready")
            pacer.connected(60.0 * call + 11.0, call, "anna")
            pacer.agent(60.0 * call + 51.0, "anna", "wrapup")
            pacer.agent(60.0 * call + 57.0, "anna", "ready")
    return pacer


def test_a_restored_pacer_knows_lengths_but_doubts_the_share() -> None:
    before = experienced()
    after = Pacer(PacerConfig())
    after.restore(json.loads(json.dumps(before.state())), age_s=3600.0)
    assert after.ledger.live == 0
    fresh = Pacer(PacerConfig())
    for kind in ("ring", "talk", "wrapup"):
        known, restored, new = (getattr(p.learner, kind).table[0] for p in (before, after, fresh))
        assert np.abs(restored - known).max() < 0.5 * np.abs(new - known).max()
    assert after.learner.live_share == pytest.approx(before.learner.live_share, abs=0.05)
    assert after.learner.caution(5.0) > 1.5 * before.learner.caution(5.0) - 0.5


def test_an_old_state_speaks_softer() -> None:
    state = experienced().state()
    shares = []
    for age_s in (0.0, 86_400.0, 30 * 86_400.0):
        pacer = Pacer(PacerConfig())
        pacer.restore(state, age_s)
        shares.append(pacer.learner.live_share)
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    "harm",
    [
        lambda state: {},
        lambda state: state | {"version": 99},
        lambda state: state | {"version": 1},
        lambda state: {key: state[key] for key in ("version", "learned")},
        lambda state: state | {"log_excess": None},
        lambda state: state | {"log_excess": "1.5"},
        lambda state: state | {"log_excess": math.nan},
        lambda state: state | {"log_excess": math.inf},
        lambda state: {"version": state["version"]},
        lambda state: state | {"learned": {}},
        lambda state: state | {"learned": state["learned"] | {"live_share": 2.0}},
        lambda state: state | {"learned": state["learned"] | {"lengths": {"ring": []}}},
        lambda state: state | {"learned": state["learned"] | {"lengths": state["learned"]["lengths"] | {"talk": [{}]}}},
    ],
)
def test_a_state_of_another_shape_changes_nothing(harm: Callable[[Any], Any]) -> None:
    pacer = experienced()
    before = pacer.state()
    with pytest.raises(ValueError, match=r"."):
        pacer.restore(harm(experienced().state()), age_s=0.0)
    assert pacer.state() == before


def answer(pacer: Pacer, at: float, first: int, answers: int, lost: int = 0) -> None:
    """So many live answers, one a second; the last `lost` of them are abandoned."""
    for i in range(answers):
        if i < answers - lost:
            pacer.connected(at + i, first + i, None)
        else:
            pacer.abandoned(at + i, first + i)


def test_the_excess_of_abandoned_calls_is_kept_and_fades_with_age() -> None:
    before = Pacer(PacerConfig())
    before.controller.log_excess = math.log(2.8)
    state = json.loads(json.dumps(before.state()))
    assert state["version"] == 2
    found = []
    for age_s in (0.0, EXCESS_HALF_LIFE_S, 100 * EXCESS_HALF_LIFE_S):
        after = Pacer(PacerConfig())
        after.restore(state, age_s)
        found.append(after.controller.log_excess)
    first = math.log(control.FIRST_EXCESS)
    assert found == pytest.approx([math.log(2.8), (math.log(2.8) + first) / 2, first])


def test_an_excess_beyond_reason_is_taken_up_as_far_as_is_reasonable() -> None:
    for excess, bound in ((50, control.MOST_EXCESS), (-50, control.LEAST_EXCESS)):
        pacer = Pacer(PacerConfig())
        pacer.restore(experienced().state() | {"log_excess": excess}, age_s=0.0)
        assert math.exp(pacer.controller.log_excess) == pytest.approx(bound)


@pytest.mark.parametrize(("gap_s", "kept"), [(SESSION_GAP_S - 60.0, 80), (SESSION_GAP_S + 60.0, 0)])
def test_a_long_break_begins_a_session_and_keeps_the_window(gap_s: float, kept: int) -> None:
    pacer = team("predictive", 5)
    answer(pacer, 0.0, 0, 80)
    pacer.agent(79.0 + gap_s, 0, "ready")
    assert pacer.ledger.session.live == kept
    assert pacer.ledger.live == 80
    assert pacer.decide(79.0 + gap_s).budget_left == pytest.approx(0.03 * kept)


def test_a_session_lasts_a_day_at_the_most() -> None:
    pacer = team("predictive", 5)
    for hour in range(24):
        answer(pacer, 3600.0 * hour, 10 * hour, 10)
        assert pacer.ledger.session.live == 10 * (hour + 1)
    answer(pacer, 3600.0 * 25, 1000, 10)
    assert pacer.ledger.session.live == 10
    assert pacer.ledger.live == 250


def test_the_guard_over_the_latest_answers_brakes_with_budget_left() -> None:
    pacer = team("predictive", 5)
    pacer.open_window(live=30_000, abandoned=0)
    answer(pacer, 0.0, 0, 2000, lost=14)
    assert pacer.decide(2000.0).budget_left > 40
    assert pacer.decide(2000.0).threshold == 0.0
    answer(pacer, 2000.0, 3000, 150)
    assert pacer.decide(2150.0).threshold > 0.0


def shift_after(live: int, abandoned: int, seed: int, limit: float = 0.03) -> tuple[Pacer, Shift]:
    pacer = Pacer(PacerConfig(max_abandon_rate=limit))
    pacer.open_window(live, abandoned)
    return pacer, World(pacer, random.Random(seed)).run(10, 3.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_large_budget_of_the_window_is_not_spent_on_one_session(seed: int) -> None:
    pacer, shift = shift_after(30_000, 0, seed)
    assert shift.rate <= 0.03
    assert pacer.ledger.window.budget(0.03) > 890
    assert max(shift.lines) <= 30
    assert shift == play(PacerConfig(), 10, 3.0, seed)


@pytest.mark.parametrize("seed", range(3))
def test_a_window_over_the_limit_brakes_a_fresh_session(seed: int) -> None:
    fresh, over = team("predictive", 5), team("predictive", 5)
    over.open_window(live=1000, abandoned=60)
    assert over.decide(0.0).threshold == 0.0 < fresh.decide(0.0).threshold
    pacer, shift = shift_after(1000, 60, seed)
    assert shift.abandoned <= 2
    assert shift.connected > 300
    assert pacer.ledger.spent


def test_a_limit_of_zero_is_paced_without_abandoned_calls() -> None:
    shift = play(PacerConfig(max_abandon_rate=0.0), 6, 2.0, seed=1)
    assert shift.abandoned == 0
    assert shift.connected > 100


def most_abandoned(shift: Shift, within_s: float) -> int:
    """The most calls abandoned in any stretch of so many seconds."""
    lost = [at for at, abandoned in shift.answers if abandoned]
    return max((shift.abandoned_between(at, at + within_s) for at in lost), default=0)


BREAKS = (Away(3600.0, 4500.0, 10), Away(7200.0, 7800.0, 6), Away(9000.0, 11_000.0, 3))


@pytest.mark.parametrize("seed", range(5))
def test_agents_who_leave_at_once_never_make_a_burst_and_the_limit_is_kept(seed: int) -> None:
    """All ready agents leave at one instant, and the others as their calls end: only lines in flight are lost."""
    shift = play(PacerConfig(), 10, 4.0, seed, away=BREAKS)
    assert shift.rate <= 0.03
    assert most_abandoned(shift, 120.0) <= 5
    assert shift.abandoned_between(3600.0, 4500.0) <= 6
    assert shift.abandoned_between(4500.0, 4800.0) <= 3


def test_nobody_dials_into_a_break() -> None:
    world = World(Pacer(PacerConfig()), random.Random(1), away=(Away(1800.0, 1e6, 10),))
    shift = world.run(10, 1.0)
    assert shift.lines[-1] == 0
    assert len(world.pacer.learner.ring) == 0
    assert shift.answers[-1][0] < 2100.0
    assert shift.abandoned_between(1800.0, 3600.0) <= 3


@pytest.mark.parametrize("seed", range(4))
def test_a_bound_of_lines_does_not_wind_the_controller_up(seed: int) -> None:
    """Two hours with too few lines leave budget over; when the bound goes, what was held back is no burst."""
    bounded = World(Pacer(PacerConfig(max_lines=13)), random.Random(seed))
    bounded.run(10, 2.0)
    controller = bounded.pacer.controller
    assert bounded.pacer.ledger.budget > 5.0
    assert 0.3 < math.exp(controller.log_scale) < 3.0
    assert 1.0 < math.exp(controller.log_excess) < 2.5
    shift = play(PacerConfig(max_lines=13), 10, 3.0, seed, lifted_at_s=7200.0)
    assert shift.rate <= 0.03
    assert shift.abandoned_between(7200.0, 7320.0) <= 4
    assert most_abandoned(shift, 300.0) <= 7


def test_a_tight_bound_of_lines_teaches_the_controller_nothing() -> None:
    pacer = team("predictive", 10, max_lines=4)
    before = replace(pacer.controller)
    for call in range(200):
        at = 30.0 * call
        assert pacer.decide(at).lines == 4
        dial(pacer, at, 4 * call, 4)
        pacer.decide(at)
        for line in range(4 * call, 4 * call + 4):
            pacer.resolved(at + 10.0, line, "human" if line % 4 == 0 else "no_answer")
        pacer.connected(at + 10.0, 4 * call, 0)
        pacer.agent(at + 20.0, 0, "ready")
    assert pacer.controller == before


@pytest.mark.parametrize("mode", MODES)
@given(st.lists(EVENTS, max_size=30), TIMES)
@settings(deadline=None, max_examples=30)
def test_the_same_question_has_the_same_answer_however_often(
    mode: str, events: list[tuple[Any, ...]], at: float
) -> None:
    pacer = Pacer(PacerConfig(mode=mode))
    for event in events:
        feed(pacer, event)
    first = pacer.decide(at)
    assert [pacer.decide(at) for _ in range(3)] == [first] * 3


@pytest.mark.parametrize("seed", range(3))
def test_a_second_day_is_paced_like_the_first_and_keeps_the_limit(seed: int) -> None:
    pacer = Pacer(PacerConfig())
    days = [World(pacer, random.Random(seed + day), begins_at=86_400.0 * day).run(10, 3.0) for day in range(2)]
    assert all(day.rate <= 0.03 for day in days)
    assert pacer.ledger.session.live == days[1].connected + days[1].abandoned
    assert pacer.ledger.live == sum(day.connected + day.abandoned for day in days)
    assert max(days[1].lines) <= 40


@pytest.mark.parametrize("seed", range(6))
def test_a_large_team_does_not_begin_with_a_burst(seed: int) -> None:
    shift = play(PacerConfig(), 40, 0.05, seed)
    assert len(shift.answers) > 40
    assert most_abandoned(shift, 120.0) <= 5


def test_a_spent_limit_is_named() -> None:
    pacer = team("predictive", 10)
    pacer.open_window(100, 50)
    decision = pacer.decide(1.0)
    assert decision.over_limit
    assert "47.0 more calls were abandoned than the limit allows" in decision.because
