"""JUnit XML, as continuous integration servers read it."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from bench.hil.runner import Outcome, Verdict
from bench.hil.session import BenchResult
from bench.hil.units import Stats, figure_text


def junit_xml(results: Sequence[BenchResult]) -> bytes:
    """One suite per bench, one case per scenario and device."""
    root = ET.Element("testsuites", name="dialer bench")
    for result in results:
        verdicts = [outcome.verdict for outcome in result.outcomes]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=result.wiring.name,
            timestamp=result.began_at.isoformat(timespec="seconds"),
            time=f"{result.lasted_s:.3f}",
            tests=str(len(verdicts) + bool(result.stopped)),
            failures=str(verdicts.count(Verdict.FAILED)),
            errors=str(verdicts.count(Verdict.ERROR) + bool(result.stopped)),
            skipped=str(verdicts.count(Verdict.NOT_TRIED)),
        )
        for outcome in result.outcomes:
            suite.append(_case(result, outcome))
        if result.stopped:
            case = ET.SubElement(suite, "testcase", classname=result.wiring.name, name="run to the end", time="0")
            ET.SubElement(case, "error", message=result.stopped)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _case(result: BenchResult, outcome: Outcome) -> ET.Element:
    name = outcome.scenario.name.replace("/", ".")
    case = ET.Element(
        "testcase", classname=f"{result.wiring.name}.{outcome.device}", name=name, time=f"{outcome.lasted_s:.3f}"
    )
    tags = {Verdict.FAILED: "failure", Verdict.ERROR: "error", Verdict.NOT_TRIED: "skipped"}
    if outcome.verdict in tags:
        ET.SubElement(case, tags[outcome.verdict], message=outcome.reason)
    told = [outcome.scenario.title, *_figures(outcome)]
    if outcome.shown is not None:
        told += [f"{number}. {step.seen}" for number, step in enumerate(outcome.shown.steps, 1) if step.seen]
    ET.SubElement(case, "system-out").text = _printable("\n".join(told))
    return case


def _figures(outcome: Outcome) -> list[str]:
    lines = []
    for name, values in outcome.figures.items():
        stats = Stats.of(values)
        median, p99, worst = (figure_text(name, value) for value in (stats.median, stats.p99, stats.worst))
        lines.append(f"{name}: median {median}, p99 {p99}, worst {worst} of {stats.count}")
    return lines


def _printable(text: str) -> str:
    """XML 1.0 has no place for control characters."""
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text)
