"""The pacer and its controller: what is followed, and what is not."""

import random
from dataclasses import replace

import pytest

from pacing import Pacer, PacerConfig, control
from tests.pacing.test_pacer import answer, dial, experienced, team
from tests.pacing.world import World


def test_the_first_question_after_a_night_does_not_spend_yesterdays_budget() -> None:
    """Agents stay logged in and ready; nothing but `decide` is asked in the morning."""
    asked, told = team("predictive", 20), team("predictive", 20)
    for pacer in (asked, told):
        pacer.open_window(30_000, 0)
        answer(pacer, 0.0, 0, 1500)
    told.agent(1e5, 0, "ready")
    assert asked.decide(1e5).threshold == told.decide(1e5).threshold


class Curious(World):
    def dial(self, at: float) -> None:
        super().dial(at)
        for later_s in (0.0, 5.0, 60.0):
            self.pacer.decide(at + later_s)


def test_questions_after_dialing_change_nothing_that_follows() -> None:
    quiet = World(Pacer(PacerConfig()), random.Random(1)).run(10, 3.0)
    assert Curious(Pacer(PacerConfig()), random.Random(1)).run(10, 3.0) == quiet


def test_another_mode_teaches_the_controller_nothing() -> None:
    pacer = team("predictive", 10)
    pacer.decide(0.0)
    pacer.reconfigure(PacerConfig(mode="progressive"))
    before = replace(pacer.controller)
    for i in range(500):
        pacer.decide(5.0 * i)
        dial(pacer, 5.0 * i, i, 1)
        pacer.resolved(5.0 * i + 3, i, "human")
        pacer.connected(5.0 * i + 3, i, i % 10)
        pacer.agent(5.0 * i + 4, i % 10, "ready")
    assert pacer.controller == before


def test_lines_that_trunks_do_not_have_teach_the_controller_nothing() -> None:
    """As with max_lines, but the bound stands outside of the pacer: of the lines asked for one is dialed."""
    pacer = team("predictive", 10)
    excess = pacer.controller.log_excess
    for call in range(300):
        at = 30.0 * call
        assert pacer.decide(at).lines > 1
        dial(pacer, at, call, 1)
        pacer.resolved(at + 10.0, call, "human")
        pacer.connected(at + 10.0, call, 0)
        pacer.agent(at + 20.0, 0, "ready")
    assert pacer.controller.log_excess == excess


@pytest.mark.parametrize("live", [10.0, 34.0, 50.0])
def test_the_target_has_no_step_down_at_one_call_at_the_start(live: float) -> None:
    below, above = (control.target_share(1.0 + side, live, control.MANY_ANSWERS_PER_H) for side in (-1e-9, 1e-9))
    assert below <= above + 1e-6


def test_the_target_has_no_step_where_lending_begins() -> None:
    few = control.FEW_ANSWERS_PER_H
    assert control.target_share(0.9, 0.0, few + 1e-6) - control.target_share(0.9, 0.0, few) < 0.01


def test_power_tells_the_rate_that_is_over_the_limit() -> None:
    pacer = team("power", 1)
    pacer.open_window(live=1000, abandoned=0)
    pacer.abandoned(1.0, "a")
    assert "0.1% abandoned is over the limit" not in pacer.decide(1.0).because


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(ValueError, match="log_excess"):
        Pacer(PacerConfig()).restore(experienced().state() | {"log_excess": 10**400}, 0.0)
