"""A bench at work, and what its devices can be trusted with after it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.hil import session
from bench.hil.certify import Standing, Trust, certificates
from bench.hil.devices.base import Device
from bench.hil.report.page import render
from bench.hil.runner import Outcome, Verdict
from bench.hil.scenario import Area
from bench.hil.session import BenchResult, Options, run_bench
from bench.hil.timeline import Timeline
from bench.hil.units import HITS
from bench.hil.wiring import DeviceTable, Wiring, find_bench
from tests.bench.hil.fakes import scenario

FAKE = find_bench("fake")
ANSWERED = scenario(
    {"do": "dial", "call": "a", "to": "answers"},
    {"expect": "Answered", "call": "a", "within_s": 5, "figure": "dial to answer"},
    proves="calls are answered",
)
NOT_ANSWERED = scenario({"expect": "Answered", "within_s": 0.02}, proves="calls answer themselves", area="agents")
WIRED = scenario({"do": "wire", "act": "cut"}, proves="wires can be cut", area="wire")


def run(*scripts: object, wiring: Wiring = FAKE, options: Options | None = None) -> tuple[BenchResult, list[Outcome]]:
    told: list[Outcome] = []
    result = asyncio.run(run_bench(wiring, list(scripts), options or Options(), told.append))  # type: ignore[arg-type]
    return result, told


def test_every_scenario_that_fits_is_run_and_told_as_it_comes() -> None:
    other_kind = scenario({"do": "wait", "s": 0}).model_copy(update={"kinds": ("modem",)})
    result, told = run(ANSWERED, other_kind, WIRED)
    assert [outcome.verdict for outcome in result.outcomes] == [Verdict.PASSED, Verdict.NOT_TRIED]
    assert tuple(told) == result.outcomes
    assert result.ok


def test_a_failure_makes_the_bench_fail_and_nothing_tried_is_no_success() -> None:
    assert not run(ANSWERED, NOT_ANSWERED)[0].ok
    assert not run(WIRED)[0].ok


def test_a_scenario_that_a_device_skips_is_not_tried_with_the_reason_given() -> None:
    table = DeviceTable(name="lines", kind="trunk", emulated="fake", skip={ANSWERED.name: "its far side is deaf"})
    result, _ = run(ANSWERED, wiring=FAKE.model_copy(update={"devices": (table,)}))
    assert result.outcomes[0].verdict is Verdict.NOT_TRIED
    assert result.outcomes[0].reason == "its far side is deaf"


def test_devices_of_a_bench_are_told_in_their_order() -> None:
    tables = tuple(DeviceTable(name=name, kind="trunk", emulated="fake") for name in "cab")
    result, _ = run(ANSWERED, NOT_ANSWERED, wiring=FAKE.model_copy(update={"devices": tables}))
    assert [outcome.device for outcome in result.outcomes] == ["c", "c", "a", "a", "b", "b"]


def test_a_device_that_breaks_the_bench_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = session.make_device

    def make_device(table: DeviceTable, timeline: Timeline, seed: int) -> Device:
        if table.name == "a":
            raise RuntimeError("nobody thought of this")
        return made(table, timeline, seed)

    monkeypatch.setattr(session, "make_device", make_device)
    tables = tuple(DeviceTable(name=name, kind="trunk", emulated="fake") for name in "ab")
    result, _ = run(ANSWERED, wiring=FAKE.model_copy(update={"devices": tables}))
    assert [outcome.verdict for outcome in result.outcomes] == [Verdict.ERROR, Verdict.PASSED]
    assert result.outcomes[0].reason == "RuntimeError: nobody thought of this"
    assert not result.ok


def test_a_bench_that_was_stopped_is_no_success() -> None:
    result, _ = run(ANSWERED)
    assert result.ok
    assert not replace(result, stopped="Ctrl-C").ok


@pytest.mark.parametrize(("only", "wanted"), [((), True), (("one",), True), (("tests/*",), True), (("two",), False)])
def test_scenarios_are_chosen_by_parts_of_their_names(only: tuple[str, ...], wanted: bool) -> None:
    assert Options(only).wants(ANSWERED) is wanted


def test_a_certificate_says_what_was_proven_failed_and_not_tried() -> None:
    [certificate] = certificates(run(WIRED, NOT_ANSWERED, ANSWERED)[0])
    told = {each.text: each.standing for each in certificate.properties}
    assert told == {
        "calls are answered": Standing.PROVEN,
        "calls answer themselves": Standing.FAILED,
        "wires can be cut": Standing.NOT_TRIED,
    }
    assert certificate.areas == {Area.CALLS: Trust.YES, Area.AGENTS: Trust.NO, Area.WIRE: Trust.UNKNOWN}
    assert certificate.emulated
    assert not certificate.ok
    assert certificate.properties[0].figures[0].startswith("dial to answer: ")


def test_an_area_of_which_a_part_could_not_be_tried_is_trusted_as_far_as_tried() -> None:
    untried = WIRED.model_copy(update={"area": Area.CALLS})
    [certificate] = certificates(run(ANSWERED, untried)[0])
    assert certificate.areas == {Area.CALLS: Trust.IN_PART}
    assert certificate.ok


def test_a_scenario_that_cannot_fail_proves_nothing() -> None:
    nothing = scenario({"do": "dial", "call": "a", "to": "answers"}, proves="calls are placed")
    [certificate] = certificates(run(nothing)[0])
    assert [each.standing for each in certificate.properties] == [Standing.NOT_TRIED]
    assert "it needs an expect, never or check" in certificate.properties[0].because


def test_a_certificate_of_a_real_device_says_what_nobody_saw() -> None:
    real = DeviceTable(name="carrier", kind="trunk", target="sip:{number}@127.0.0.1:9")
    result = BenchResult(FAKE.model_copy(update={"devices": (real,)}), datetime.now(UTC), 0.0)
    assert "the word of the trunk: one that makes it up would pass" in certificates(result)[0].blind_to
    assert certificates(run(ANSWERED)[0])[0].blind_to == ""
    assert "the word of the trunk" in render([result], {}, certificates(result))


def test_an_error_makes_a_certificate_fail_even_if_something_was_proven() -> None:
    result, _ = run(ANSWERED)
    broke = replace(result.outcomes[0], verdict=Verdict.ERROR, reason="the bench broke")
    [good] = certificates(result)
    [bad] = certificates(replace(result, outcomes=(*result.outcomes, broke)))
    assert (good.ok, bad.ok) == (True, False)
    assert [each.standing for each in bad.properties] == [Standing.PROVEN, Standing.NOT_TRIED]


def test_a_certificate_says_what_was_left_out_and_trusts_no_area_fully_then() -> None:
    result, _ = run(ANSWERED)
    [whole] = certificates(result, [ANSWERED])
    assert (whole.partial, whole.areas) == ("", {Area.CALLS: Trust.YES})
    other = ANSWERED.model_copy(update={"path": ANSWERED.path.with_name("two.toml")})
    [part] = certificates(result, [ANSWERED, other])
    assert part.partial == f"This certificate is partial; left out: {other.name}."
    assert part.areas == {Area.CALLS: Trust.IN_PART}


def test_fewer_rounds_than_the_file_says_prove_nothing_fully() -> None:
    result, _ = run(ANSWERED.model_copy(update={"repeat": 3}), options=Options(repeat=2))
    [certificate] = certificates(result)
    [found] = certificate.properties
    assert (found.standing, found.because) == (Standing.IN_PART, "2 of 3 rounds")
    assert (certificate.areas, certificate.ok) == ({Area.CALLS: Trust.IN_PART}, True)


def test_faults_that_hit_no_frame_show_nothing() -> None:
    damage = {"do": "wire", "to_host": {"damage": 0.1}}
    noisy = scenario(damage, {"expect": "Answered", "within_s": 1}, area="wire")
    result, _ = run(ANSWERED)
    for hits, standing in ({HITS: (0.0, 0.0)}, Standing.NOT_TRIED), ({HITS: (0.0, 2.0)}, Standing.PROVEN):
        outcome = replace(result.outcomes[0], scenario=noisy, figures=hits)
        [certificate] = certificates(replace(result, outcomes=(outcome,)))
        assert certificate.properties[0].standing is standing
