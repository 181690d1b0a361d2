"""The page, its drawings and the JUnit file, made of a real run on the scripted lines."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.hil.certify import certificates
from bench.hil.report.drawing import draw, strip
from bench.hil.report.junit import junit_xml
from bench.hil.report.page import render
from bench.hil.runner import Round
from bench.hil.scenario import Scenario
from bench.hil.session import BenchResult, Options, run_bench
from bench.hil.timeline import Entry, Lane
from bench.hil.wiring import find_bench
from tests.bench.hil.fakes import scenario

DIAL = {"do": "dial", "call": "a", "to": "answers"}
PASSES = scenario(DIAL, {"expect": "Answered", "call": "a", "within_s": 5, "figure": "dial to answer"}, repeat=4)
FAILS = scenario(DIAL, {"expect": "Joined", "call": "a", "within_s": 0.02}, title="What <never> joins & why")
NOT_TRIED = scenario({"do": "wire", "act": "cut"}, title="No wire")


def named(script: Scenario, name: str) -> Scenario:
    return script.model_copy(update={"path": Path(f"tests/{name}.toml")})


@pytest.fixture(scope="module")
def result() -> BenchResult:
    scripts = [named(PASSES, "passes"), named(FAILS, "fails"), named(NOT_TRIED, "untried")]
    return asyncio.run(run_bench(find_bench("fake"), scripts, Options(), lambda outcome: None))


def test_the_page_stands_by_itself(result: BenchResult) -> None:
    page = render([result], {"on": "this"})
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_the_page_tells_verdicts_reasons_figures_and_steps(result: BenchResult) -> None:
    page = render([result], {})
    assert "not all passed" in page
    assert "What &lt;never&gt; joins &amp; why" in page
    assert "no Joined of call a within 20 ms" in page
    assert "the bench cannot do this here: wire" in page
    assert "dial to answer" in page
    assert page.count('<svg class="timeline"') == 2


def test_failures_are_open_and_the_rest_is_folded(result: BenchResult) -> None:
    opened = re.findall(r'<details class="outcome"( open)?>', render([result], {}))
    assert opened == [" open", " open", ""]


def test_several_devices_are_columns(result: BenchResult) -> None:
    other = [replace(outcome, device="more lines") for outcome in result.outcomes[:1]]
    page = render([replace(result, outcomes=(*result.outcomes, *other))], {})
    assert "<th>lines</th><th>more lines</th>" in page
    assert page.count(f"<tr><td>{PASSES.title}</td>") == 1


def test_a_certificate_comes_first_and_says_that_nothing_real_was_there(result: BenchResult) -> None:
    page = render([result], {}, certificates(result))
    assert page.index("can be trusted with") < page.index("Lines without hardware")
    assert "says nothing of a device of yours" in page


def test_junit_counts_and_tells_why(result: BenchResult) -> None:
    suite = ET.fromstring(junit_xml([result])).find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    cases = {case.get("name"): case for case in suite}
    failure = cases["tests.fails"].find("failure")
    assert failure is not None
    assert "no Joined" in str(failure.get("message"))
    assert "dial to answer: median" in str(cases["tests.passes"].findtext("system-out"))


def test_a_drawing_is_well_formed_and_names_its_lanes() -> None:
    entries = (
        Entry(10.0, Lane.BENCH, "board", "dial", {"call": "a"}),
        Entry(10.1, Lane.CALL, "a<&", "Dialed", {"ref": "1"}),
        Entry(10.2, Lane.PIN, "line 1", "hook", {"where": "line 1", "on": True}),
        Entry(10.3, Lane.PIN, "line 1", "tone", {"value": "5"}),
        Entry(10.4, Lane.PIN, "line 1", "tone", {"value": ""}),
        Entry(10.5, Lane.DEVICE, "exchange", "far_answers"),
        Entry(10.6, Lane.WIRE, "board", "cut"),
        Entry(50.6, Lane.CALL, "a<&", "Ended", {"cause": "normal"}),
    )
    svg = draw(Round(1, 10.0, 40.6, (), entries))
    texts = [element.text for element in ET.fromstring(svg).iter() if element.tag == "text"]
    assert {"call a<&", "line 1 hook", "line 1 tone", "exchange", "wire", "5", "normal"} <= set(texts)


def test_a_drawing_of_very_much_is_bounded() -> None:
    told = [Entry(float(n), Lane.DEVICE, "board", "noise", {"number": n}) for n in range(20_000)]
    switched = [Entry(float(n), Lane.PIN, "headset 1", "lamp", {"on": n % 2 == 0}) for n in range(20_000)]
    assert len(draw(Round(1, 0.0, 20_000.0, (), tuple(told + switched)))) < 300_000


def test_a_level_is_low_before_it_was_first_seen_to_rise() -> None:
    rises = Entry(1.0, Lane.PIN, "line 1", "hook", {"on": True})
    falls = Entry(2.0, Lane.PIN, "line 1", "hook", {"on": False})
    for entries in ((rises, falls), (falls, rises)):
        [path] = re.findall(
            r'class="level" d="M\S+ (\S+?)H\S+?V(\S+?)H\S+?V(\S+?)H', draw(Round(1, 0.0, 3.0, (), entries))
        )
        first, second, third = map(float, path)
        assert first == third != second
        assert (first > second) is (entries[0] is rises)  # Up is less in SVG.


def test_a_strip_shows_the_bound_when_it_is_near() -> None:
    assert "bound" in strip([0.1, 0.2], 0.5)
    assert "bound" not in strip([0.1, 0.2], 50.0)
    ET.fromstring(strip([0.0]))


def test_many_values_are_a_histogram_of_bounded_size() -> None:
    svg = strip([n / 1000 for n in range(10_000)])
    assert "bars" in svg
    assert len(svg) < 4000
    ET.fromstring(svg)
