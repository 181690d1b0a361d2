import random

import pytest

from pacing.kernels import EDGES_S
from pacing.learning import (
    FAILED_AT_ONCE_S,
    LIVE_RING_PRIOR,
    OTHER_RING_PRIOR,
    TALK_PRIOR,
    WRAPUP_PRIOR,
    Learner,
    Rings,
    Work,
)


def ring(learner: Learner, share: float, calls: int, seed: int = 1) -> None:
    rng = random.Random(seed)
    for call in range(calls):
        learner.ring.begin(call, 10.0 * call)
        learner.resolved(call, 10.0 * call + rng.uniform(5, 9.9), live=rng.random() < share)


def test_nothing_seen_is_the_prior() -> None:
    learner = Learner()
    assert learner.live_share == pytest.approx(0.4)
    assert learner.caution(5.0) > 1.1
    assert learner.handling_s == pytest.approx(TALK_PRIOR.mean_s + WRAPUP_PRIOR.mean_s)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.6])
def test_the_live_share_is_learned_and_doubt_shrinks(share: float) -> None:
    learner = Learner()
    early = learner.caution(5.0)
    ring(learner, share, 800)
    assert learner.live_share == pytest.approx(share, abs=0.05)
    assert learner.ring.table[1, -1] == pytest.approx(learner.live_share, abs=0.05)
    assert 1.0 < learner.caution(5.0) < early


def test_a_swapped_list_is_believed_within_a_hundred_calls() -> None:
    learner = Learner()
    ring(learner, 0.12, 1000)
    ring(learner, 0.4, 100, seed=2)
    assert learner.live_share * learner.caution(5.0) > 0.3


def test_a_change_of_share_keeps_what_was_learned_of_ring_times() -> None:
    learner = Learner()
    ring(learner, 0.1, 800)
    shape = learner.ring.table[1] / learner.ring.table[1, -1]
    learner.ring.change_share(0.35, 40.0)
    assert learner.live_share == pytest.approx(0.35)
    assert learner.ring.table[1] / learner.ring.table[1, -1] == pytest.approx(shape)


def test_people_answering_first_among_many_lines_are_no_change_of_share() -> None:
    learner = Learner()
    for batch in range(30):
        for call in range(150):
            learner.ring.begin((batch, call), 100.0 * batch)
        for call in range(150):
            learner.resolved((batch, call), 100.0 * batch + (12.0 if call < 24 else 25.0), live=call < 24)
            if batch > 5:
                assert abs(learner.recent.surprise(learner.live_share)) < 4.0
    assert learner.live_share == pytest.approx(0.16, abs=0.04)


def test_spells_that_still_run_keep_the_short_ones_from_making_all_look_short() -> None:
    ended_only, with_running = Learner().talk, Learner().talk
    for agent in range(20):
        with_running.begin(("long", agent), 0.0)
    for spells in (ended_only, with_running):
        for agent in range(10):
            spells.begin(agent, 0.0)
            spells.end(agent, 20.0)
        spells.begin("later", 60.0)
    past_half_a_minute = int((EDGES_S < 30.0).sum())
    assert with_running.table[0, past_half_a_minute] > 0.5 > ended_only.table[0, past_half_a_minute] + 0.1


def test_a_fixed_wrapup_shows_in_the_table() -> None:
    wrapup = Learner().wrapup
    for agent in range(200):
        wrapup.begin(agent, 100.0 * agent)
        wrapup.end(agent, 100.0 * agent + 29.5)
    assert wrapup.table[0, 25] > 0.85
    assert wrapup.table[0, 31] < 0.2


def test_a_picked_up_call_counts_once_its_listener_knows() -> None:
    learner = Learner()
    weight = learner.ring.weight
    learner.ring.begin("a", 0.0)
    learner.picked_up("a", 9.0)
    assert "a" in learner.listen
    assert "a" not in learner.ring
    learner.resolved("a", 11.0, live=True)
    learner.resolved("a", 12.0, live=True)
    assert "a" not in learner.listen
    assert learner.ring.weight == pytest.approx(weight + 1.0)


def test_ends_that_never_began_teach_nothing() -> None:
    work, rings = Work(WRAPUP_PRIOR, memory=100.0), Rings(LIVE_RING_PRIOR, OTHER_RING_PRIOR, 0.5, memory=100.0)
    before = work.table.copy()
    assert not work.end("unknown", 5.0)
    assert not rings.end("unknown", 5.0, live=True)
    assert work.table == pytest.approx(before)
    assert rings.weight == LIVE_RING_PRIOR.weight + OTHER_RING_PRIOR.weight


def test_a_spell_cut_short_counts_as_lasting_longer() -> None:
    ended, cut = Learner().talk, Learner().talk
    for agent in range(400):
        for talk, whole in ((ended, True), (cut, agent % 2 == 0)):
            talk.begin(agent, 0.0)
            talk.end(agent, 30.0 if whole else 31.0, ended=whole)
    assert cut.table[0, 31] == pytest.approx(0.5, abs=0.1)
    assert ended.table[0, 31] < 0.1


def test_ring_time_outs_before_the_first_answer_do_not_hide_the_people_to_come() -> None:
    learner = Learner()
    for call in range(12):
        learner.ring.begin(call, 0.0)
    for call in range(12):
        learner.resolved(call, 25.0, live=False)
    assert learner.ring.table[1, -1] == pytest.approx(learner.live_share, abs=0.01)
    assert learner.ring.table[1, 25] > 0.7 * learner.live_share
    assert learner.live_share * learner.caution(5.0) > 0.2


def test_calls_that_fail_at_once_teach_nothing() -> None:
    learner = Learner()
    ring(learner, 0.3, 200)
    share, weight, table = learner.live_share, learner.ring.weight, learner.ring.table.copy()
    for call in range(500):
        learner.ring.begin(("outage", call), 5000.0)
        learner.failed(("outage", call), 5000.4)
    assert len(learner.ring) == 0
    assert (learner.live_share, learner.ring.weight) == (share, weight)
    assert learner.ring.table == pytest.approx(table)
    assert learner.recent.seen == 200


def test_a_call_that_fails_after_ringing_is_no_live_answer() -> None:
    learner = Learner()
    share, weight = learner.live_share, learner.ring.weight
    learner.ring.begin("late", 0.0)
    learner.failed("late", FAILED_AT_ONCE_S + 3.0)
    learner.ring.begin("picked up", 0.0)
    learner.picked_up("picked up", 1.0)
    learner.failed("picked up", 4.0)
    assert len(learner.ring) == len(learner.listen) == 0
    assert learner.ring.weight == pytest.approx(weight + 2.0, abs=0.01)
    assert learner.live_share < share


def test_the_failure_of_an_unknown_call_is_no_error() -> None:
    learner = Learner()
    learner.failed("never seen", 9.0)
    assert learner.recent.seen == 0


def handle(learner: Learner, calls: int, talk_s: float, wrapup_s: float) -> None:
    for call in range(calls):
        learner.talk.begin("anna", 500.0 * call)
        learner.talk_ended("anna", 500.0 * call + talk_s, wraps_up=True)
        learner.wrapup.end("anna", 500.0 * call + talk_s + wrapup_s)


def test_handling_time_is_talk_and_wrapup() -> None:
    learner = Learner()
    handle(learner, 300, 90.0, 15.0)
    assert learner.handling_s == pytest.approx(105.0, rel=0.02)


def test_handling_time_is_near_what_it_was_after_a_restart() -> None:
    before, after = Learner(), Learner()
    handle(before, 300, 90.0, 15.0)
    after.restore(before.state(), age_s=3600.0)
    assert after.handling_s == pytest.approx(before.handling_s, rel=0.1)


def test_an_agent_who_is_ready_at_once_has_no_wrapup() -> None:
    learner = Learner()
    handle(learner, 300, 90.0, 0.0)
    assert learner.handling_s == pytest.approx(90.0, rel=0.02)


def test_the_doubt_of_the_share_weighs_more_on_many_answers_together() -> None:
    learner = Learner()
    assert 1.0 < learner.caution(2.0) < learner.caution(100.0)
