"""Scenarios run on a scripted device."""

import re

import pytest

from bench.hil.devices import fake
from bench.hil.devices.base import NotAsExpected
from bench.hil.runner import MAX_BRING_UPS, Verdict
from bench.hil.wiring import DeviceTable
from hw.fake import FarEnd
from tests.bench.hil.fakes import NotedDevice, all_played, played, scenario

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
    after = r"after \S+ m?s"
    came = f"Dialed {after.replace('m?s', '.?s')}, Ringing {after}, Answered {after}"
    assert re.fullmatch(f"step 2: no DigitReceived of call a within 100 ms; of call a came {came}", outcome.reason)
    assert outcome.shown is not None
    assert len(outcome.shown.steps) == 2


def test_what_came_instead_is_told_and_that_it_never_rang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake._FAR_ENDS, "rings", FarEnd(ring_s=None))
    answered = {"expect": "Ended", "call": "a", "where": {"cause": "busy"}, "within_s": 0.3}
    outcome, _ = played(scenario(DIAL, answered))
    assert "; of call a came Dialed after " in outcome.reason
    assert ", Answered after " in outcome.reason
    station = {"do": "dial", "call": "b", "to": "rings"}
    ringing, _ = played(scenario(station, {"expect": "Answered", "call": "b", "within_s": 0.05}))
    assert ringing.reason.endswith(", and no ringing")
    nothing, _ = played(scenario(DIAL, {"expect": "TrunkLines", "within_s": 0.2}))
    assert "; meanwhile Dialed after " in nothing.reason


def test_what_does_not_come_is_over_at_its_bound_and_not_when_the_bench_stopped_looking() -> None:
    outcome, _ = played(scenario({"expect": "Answered", "within_s": 0.001}))
    assert outcome.shown is not None
    assert outcome.shown.steps[0].took_s <= 0.001


def test_a_field_that_an_entry_does_not_keep_is_false_or_empty() -> None:
    quiet = {"expect": "Ringing", "call": "a", "where": {"early_media": False}, "within_s": 5}
    assert played(scenario(DIAL, quiet))[0].verdict is Verdict.PASSED
    assert "which must not be" in played(scenario(DIAL, {**_never(quiet), "for_s": 1}))[0].reason


def _never(expect: dict[str, object]) -> dict[str, object]:
    return {"never": expect["expect"], **{key: expect[key] for key in ("call", "where")}}


def test_later_steps_measure_from_a_never() -> None:
    never = {"never": "Ended", "call": "a", "for_s": 0.05, "label": "quiet"}
    outcome, _ = played(scenario(DIAL, never, {"check": "safe", "since": "quiet"}))
    assert outcome.verdict is Verdict.PASSED


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


@pytest.mark.parametrize("fault", ["fails", "bursts"])
def test_a_device_that_does_not_come_up_is_tried_once_more_and_then_given_up_for_all_that_need_it(fault: str) -> None:
    def prepare(device: NotedDevice) -> None:
        setattr(device, fault, "link")

    only_on = scenario({"do": "exercise", "count": 2}, state="on")
    outcomes, device = all_played([scenario(DIAL, ANSWERED)] * 4 + [only_on], prepare)
    tried, given_up = [Verdict.ERROR] * MAX_BRING_UPS, [Verdict.NOT_TRIED] * (4 - MAX_BRING_UPS)
    assert [outcome.verdict for outcome in outcomes] == [*tried, *given_up, Verdict.PASSED]
    assert outcomes[2].reason.startswith("the device could not be brought to linked 2 times: ")
    assert device.rungs.count("link") == MAX_BRING_UPS


def test_a_device_that_comes_up_in_the_end_is_not_given_up() -> None:
    def prepare(device: NotedDevice) -> None:
        device.fails = "link"
        plain = device.switch_on

        async def switch_on() -> None:
            await plain()
            device.fails = "" if device.rungs.count("switch_on") == MAX_BRING_UPS else "link"

        device.switch_on = switch_on  # type: ignore[method-assign]

    outcomes, _ = all_played([scenario(DIAL, ANSWERED)] * 4, prepare)
    tried, worked = [Verdict.ERROR] * (MAX_BRING_UPS - 1), [Verdict.PASSED] * (5 - MAX_BRING_UPS)
    assert [outcome.verdict for outcome in outcomes] == [*tried, *worked]


def test_what_nobody_thought_of_is_an_error_of_the_bench() -> None:
    def prepare(device: NotedDevice) -> None:
        device.bursts = "link"

    outcome, _ = played(scenario(DIAL, ANSWERED), prepare)
    assert outcome.verdict is Verdict.ERROR
    assert "log.txt says where: RuntimeError: nobody thought of this" in outcome.reason


def test_a_failure_where_nobody_was_there_is_none_of_the_device() -> None:
    def prepare(device: NotedDevice) -> None:
        device.nobody = "nobody answers there"

    missing = scenario(DIAL, {"expect": "DigitReceived", "call": "a", "within_s": 0.05})
    outcome, device = played(missing, prepare)
    assert (outcome.verdict, outcome.reason) == (Verdict.ERROR, "nobody answers there")
    assert outcome.shown is not None
    assert device.rungs[-1] == "switch_off"
    assert played(scenario(DIAL, ANSWERED), prepare)[0].verdict is Verdict.PASSED


def test_a_real_device_calls_no_number_that_it_was_not_given() -> None:
    table = DeviceTable(name="lines", kind="trunk", target="sip:{number}@127.0.0.1:9", numbers={"busy": "+12125550150"})
    strange, given = ({"do": "dial", "call": "a", "to": to} for to in ("+12125550177", "+12125550150"))
    outcomes, _ = all_played([scenario(strange, ANSWERED), scenario(given)], table=table)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.NOT_TRIED, Verdict.PASSED]
    assert outcomes[0].reason.startswith(
        "+12125550177: only numbers given for this device are called (numbers in bench.toml, or"
    )


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("anwsers", "behaves so: anwsers; did you mean 'answers'? known: answers, "),
        ("declines", "(set numbers.declines in bench.toml, or add --number declines=NUMBER)"),
    ],
)
def test_how_to_give_a_number_is_told_and_which_behaviours_there_are(to: str, told: str) -> None:
    outcome, _ = played(scenario({"do": "dial", "call": "a", "to": to}))
    assert told in outcome.reason


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


def test_silence_after_a_device_was_there_is_its_failure() -> None:
    missing = scenario(DIAL, {"expect": "DigitReceived", "call": "a", "within_s": 0.05})

    def dies(device: NotedDevice) -> None:
        plain = device.settle

        async def settle() -> None:
            await plain()
            device.nobody = "nobody answers there"

        device.settle = settle  # type: ignore[method-assign]

    outcomes, _ = all_played([scenario(DIAL, ANSWERED), missing], dies)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PASSED, Verdict.FAILED]
    assert outcomes[1].reason.endswith("; it was there before, and is not any more: nobody answers there")


def test_a_device_that_does_not_come_up_again_has_failed() -> None:
    def prepare(device: NotedDevice) -> None:
        plain = device.settle

        async def settle() -> None:
            await plain()
            device.fails = "link"

        device.settle = settle  # type: ignore[method-assign]

    off = scenario({"do": "power", "act": "off"}, state="off")
    outcomes, _ = all_played([scenario(DIAL, ANSWERED), off, scenario(DIAL, ANSWERED)], prepare)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.PASSED, Verdict.PASSED, Verdict.FAILED]
    assert outcomes[2].reason == "it was there before, and is not any more: link is broken"


def test_a_call_that_the_far_side_does_not_end_fails_the_scenario() -> None:
    def prepare(device: NotedDevice) -> None:
        async def settle() -> None:
            raise NotAsExpected("1 of 4 lines is not free")

        device.settle = settle  # type: ignore[method-assign]

    outcome, device = played(scenario(DIAL, ANSWERED), prepare)
    assert (outcome.verdict, outcome.reason) == (
        Verdict.FAILED,
        "round 1, after all steps: 1 of 4 lines is not free",
    )
    assert device.rungs[-1] == "switch_off"


def test_a_trunk_with_fewer_lines_than_a_scenario_takes_is_not_tried() -> None:
    table = DeviceTable(name="lines", kind="trunk", emulated="fake", lines=1)
    both = scenario(DIAL, {"do": "dial", "call": "b", "to": "answers"})
    in_turn = scenario(
        DIAL, {"do": "hang_up", "call": "a"}, {"expect": "Ended", "call": "a", "within_s": 5}, {**DIAL, "call": "b"}
    )
    outcomes, _ = all_played([both, in_turn], table=table)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.NOT_TRIED, Verdict.PASSED]
    assert outcomes[0].reason.startswith("it takes 2 lines at once, and there are 1")
