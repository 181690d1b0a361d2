"""Scenarios run on a scripted device."""

import pytest

from bench.hil.runner import Verdict
from tests.bench.hil.fakes import NotedDevice, played, scenario

DIAL = {"do": "dial", "call": "a", "to": "answers"}
ANSWERED = {"expect": "Answered", "call": "a", "within_s": 5, "figure": "dial to answer"}


def test_a_scenario_whose_expectations_come_passes_with_figures() -> None:
    hang_up = {"do": "hang_up", "call": "a"}
    ended = {"expect": "Ended", "call": "a", "where": {"cause": "normal"}, "within_s": 5}
    outcome, _ = played(scenario(DIAL, ANSWERED, hang_up, ended))
    assert outcome.verdict is Verdict.PASSED
    assert [step.ok for step in outcome.shown.steps] == [True] * 4 if outcome.shown else False
    assert 0.04 < outcome.figures["dial to answer"][0] < 5


def test_what_does_not_come_fails_and_later_steps_are_not_tried() -> None:
    never_comes = {"expect": "DigitReceived", "call": "a", "within_s": 0.1}
    outcome, _ = played(scenario(DIAL, never_comes, ANSWERED))
    assert outcome.verdict is Verdict.FAILED
    assert outcome.reason == "step 2: no DigitReceived of call a within 100 ms"
    assert outcome.shown is not None
    assert len(outcome.shown.steps) == 2


def test_an_end_with_another_cause_fails_at_once_and_says_which() -> None:
    dial = {"do": "dial", "call": "a", "to": "busy"}
    wrong = {"expect": "Ended", "call": "a", "where": {"cause": "normal"}, "within_s": 600}
    outcome, _ = played(scenario(dial, wrong))
    assert "no Ended cause=normal of call a, but Ended cause=busy" in outcome.reason


def test_what_comes_after_its_bound_fails_with_the_time_it_took() -> None:
    late = {"expect": "Answered", "call": "a", "within_s": 0.01}
    outcome, _ = played(scenario(DIAL, late))
    assert outcome.verdict is Verdict.FAILED
    assert "the bound is 10 ms" in outcome.reason


def test_what_must_not_come_fails_when_it_does() -> None:
    outcome, _ = played(scenario(DIAL, {"never": "Answered", "call": "a", "for_s": 1}))
    assert "which must not be" in outcome.reason
    passed, _ = played(scenario(DIAL, {"never": "Ended", "call": "a", "for_s": 0.2}))
    assert passed.verdict is Verdict.PASSED


def test_one_event_meets_one_expectation() -> None:
    outcome, _ = played(scenario(DIAL, ANSWERED, {**ANSWERED, "within_s": 0.2}))
    assert outcome.verdict is Verdict.FAILED
    assert outcome.reason.startswith("step 3")


def test_a_label_is_what_later_steps_measure_from() -> None:
    wait = {"do": "wait", "s": 0.2}
    hang_up = {"do": "hang_up", "call": "a"}
    ended = {"expect": "Ended", "call": "a", "within_s": 5, "since": "up", "figure": "talk"}
    outcome, _ = played(scenario(DIAL, {**ANSWERED, "label": "up"}, wait, hang_up, ended))
    assert outcome.figures["talk"][0] >= 0.2


def test_a_check_is_asked_until_it_holds() -> None:
    def prepare(device: NotedDevice) -> None:
        device.safe_after = 3

    outcome, device = played(scenario({"check": "safe", "within_s": 5, "figure": "safe"}), prepare)
    assert outcome.verdict is Verdict.PASSED
    assert device.safe_after == 0


def test_a_check_that_does_not_hold_in_time_fails_with_what_stands_against_it() -> None:
    def prepare(device: NotedDevice) -> None:
        device.safe_after = 10**9

    outcome, _ = played(scenario({"check": "safe", "within_s": 0.05}), prepare)
    assert outcome.reason == "step 1: not safe within 0.05 s: line 1 is off hook"


def test_rounds_are_repeated_and_the_first_that_fails_ends_them() -> None:
    outcome, _ = played(scenario(DIAL, ANSWERED, repeat=3))
    assert outcome.rounds == 3
    assert len(outcome.figures["dial to answer"]) == 3
    failing, _ = played(scenario({"expect": "Answered", "within_s": 0.05}, repeat=5))
    assert (failing.rounds, failing.verdict) == (1, Verdict.FAILED)
    assert failing.reason.startswith("round 1, step 1")


def test_rounds_of_the_command_line_come_before_those_of_the_file() -> None:
    outcome, _ = played(scenario(DIAL, ANSWERED, repeat=3), repeat=2)
    assert outcome.rounds == 2


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"do": "wire", "act": "unplug"}, "the bench cannot do this here: wire"),
        ({"do": "dial", "call": "a", "to": "explodes"}, "no number is known that behaves so: explodes"),
    ],
)
def test_what_the_bench_cannot_do_is_not_tried(step: dict[str, str], told: str) -> None:
    outcome, device = played(scenario(step))
    assert outcome.verdict is Verdict.NOT_TRIED
    assert told in outcome.reason
    assert device.rungs == []


def test_a_device_that_does_not_come_up_is_an_error_with_its_reason() -> None:
    def prepare(device: NotedDevice) -> None:
        device.fails = "link"

    outcome, device = played(scenario(DIAL), prepare)
    assert (outcome.verdict, outcome.reason) == (Verdict.ERROR, "link is broken")
    assert device.rungs[-1] == "switch_off"


def test_the_state_that_a_scenario_asks_for_is_reached_and_no_further() -> None:
    _, device = played(scenario({"do": "exercise", "count": 2}, state="on"))
    assert device.rungs == ["switch_on", "switch_off"]


def test_figures_of_a_step_are_kept() -> None:
    outcome, _ = played(scenario({"do": "exercise", "count": 2}, state="on"))
    assert outcome.figures["round trip"] == (0.001, 0.002)


def test_calls_left_up_are_hung_up_after_each_round() -> None:
    outcome, device = played(scenario(DIAL, ANSWERED, repeat=6))
    assert outcome.verdict is Verdict.PASSED  # The device has four lines.
    assert device.rungs.count("switch_on") == 1


def test_a_drawn_wait_is_the_same_for_the_same_seed() -> None:
    script = scenario({"do": "wait", "s": [0.0, 0.05], "label": "w"}, repeat=3)
    first, _ = played(script)
    again, _ = played(script)
    assert first.shown is not None
    assert again.shown is not None
    assert first.shown.steps[0].seen == again.shown.steps[0].seen
