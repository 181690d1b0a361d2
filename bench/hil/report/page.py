"""The report as one HTML page that stands by itself: no script, no font, no picture from elsewhere."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.hil.certify import AREAS, Certificate
from bench.hil.report.drawing import draw, strip
from bench.hil.runner import Outcome, StepResult, Verdict
from bench.hil.scenario import AnyStep, Check, Expect, Never
from bench.hil.session import BenchResult
from bench.hil.units import HITS, Stats, figure_text, time_text

MAX_LOG = 400
# Fewer values than this need no picture.
MIN_STRIP = 3
_ORDER = (Verdict.FAILED, Verdict.ERROR, Verdict.PASSED, Verdict.NOT_TRIED)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure as the page shows it."""

    name: str
    count: int
    median: str
    p99: str
    worst: str
    bound: str
    strip: Markup


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as the page shows it."""

    number: int
    kind: str
    what: str
    bound: str
    seen: str
    at: str
    css: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """An outcome with its drawing and tables."""

    anchor: str
    outcome: Outcome
    drawing: Markup
    figures: tuple[FigureRow, ...]
    steps: tuple[StepRow, ...]
    log: tuple[tuple[str, str, str, str], ...]
    log_left_out: int

    @property
    def css(self) -> str:
        """Class of its verdict."""
        return self.outcome.verdict.replace(" ", "-")

    @property
    def took(self) -> str:
        """How long all rounds took."""
        return time_text(self.outcome.lasted_s) if self.outcome.rounds else ""

    @property
    def key_figure(self) -> str:
        """One line for the overview."""
        return "; ".join(f"{row.name} {row.median}" for row in self.figures[:2])


@dataclass(frozen=True, slots=True)
class BenchView:
    """A bench with all its outcomes."""

    result: BenchResult
    outcomes: tuple[OutcomeView, ...]
    counts: tuple[tuple[Verdict, int], ...]

    @property
    def devices(self) -> list[str]:
        """The devices that something was to be run on."""
        return list(dict.fromkeys(view.outcome.device for view in self.outcomes))

    @property
    def matrix(self) -> list[tuple[str, list[OutcomeView | None]]]:
        """For each scenario its title, and its outcome on each device."""
        rows: dict[str, dict[str, OutcomeView]] = {}
        for view in self.outcomes:
            rows.setdefault(view.outcome.scenario.title, {})[view.outcome.device] = view
        return [(title, [found.get(device) for device in self.devices]) for title, found in rows.items()]

    @property
    def facts(self) -> Mapping[str, Mapping[str, str]]:
        """What each device said of itself, as last told."""
        return {view.outcome.device: view.outcome.facts for view in self.outcomes if view.outcome.facts}


def render(results: Sequence[BenchResult], facts: Mapping[str, str], certificates: Sequence[Certificate] = ()) -> str:
    """The page for these benches, certificates first; `facts` are shown beside the title."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    benches = [_bench_view(result, number) for number, result in enumerate(results, 1)]
    return environment.get_template("page.html").render(
        benches=benches,
        certificates=certificates,
        area_names=AREAS,
        facts=facts,
        ok=all(result.ok for result in results),
        counts=_counts(outcome for result in results for outcome in result.outcomes),
        lasted=time_text(sum(result.lasted_s for result in results)),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def machine_facts() -> dict[str, str]:
    """What the bench ran on."""
    return {"on": f"{platform.system()} {platform.machine()}", "Python": platform.python_version()}


def _bench_view(result: BenchResult, number: int) -> BenchView:
    views = tuple(_outcome_view(outcome, f"b{number}s{n}") for n, outcome in enumerate(result.outcomes, 1))
    return BenchView(result, views, _counts(result.outcomes))


def _counts(outcomes: Iterable[Outcome]) -> tuple[tuple[Verdict, int], ...]:
    verdicts = [outcome.verdict for outcome in outcomes]
    return tuple((verdict, verdicts.count(verdict)) for verdict in _ORDER if verdict in verdicts)


def _outcome_view(outcome: Outcome, anchor: str) -> OutcomeView:
    shown = outcome.shown
    entries = shown.entries if shown else ()
    log = tuple(
        (time_text(e.at - shown.started_at), str(e.lane), e.subject, e.text()) for e in entries[:MAX_LOG] if shown
    )
    return OutcomeView(
        anchor,
        outcome,
        Markup(draw(shown)) if shown else Markup(),
        tuple(_figure_row(name, values, _bound(outcome, name)) for name, values in outcome.figures.items()),
        tuple(_step_row(number, result) for number, result in enumerate(shown.steps, 1)) if shown else (),
        log,
        max(len(entries) - MAX_LOG, 0),
    )


def _bound(outcome: Outcome, figure: str) -> float | None:
    bounds = [
        step.within_s for step in outcome.scenario.steps if isinstance(step, Expect | Check) and step.figure == figure
    ]
    return min(bounds, default=None)


def _figure_row(name: str, values: tuple[float, ...], bound_s: float | None) -> FigureRow:
    stats = Stats.of(values)
    median, p99, worst = (figure_text(name, value) for value in (stats.median, stats.p99, stats.worst))
    bound = f"at most {time_text(bound_s)}" if bound_s is not None else ""
    return FigureRow(
        name,
        stats.count,
        median,
        p99,
        worst,
        bound,
        Markup(strip(values, bound_s)) if len(values) >= MIN_STRIP and name != HITS else Markup(),
    )


def _step_row(number: int, result: StepResult) -> StepRow:
    step = result.step
    bound = ""
    if isinstance(step, Never):
        bound = f"for {time_text(step.for_s)}"
    elif result.bound_s is not None:
        bound = f"within {time_text(result.bound_s)}"
    kind, what = _in_words(step)
    css = "bad" if not result.ok else "good" if kind != "do" else ""
    return StepRow(number, kind, what, bound, result.seen, time_text(result.started_s), css)


def _in_words(step: AnyStep) -> tuple[str, str]:
    """The kind of a step, and the step as people say it."""
    if isinstance(step, Expect | Never):
        kind = "expect" if isinstance(step, Expect) else "never"
        told = [step.expect if isinstance(step, Expect) else step.never]
        told += [f"of {step.call}"] if step.call else []
        told += [_value_text(key, value) for key, value in step.where.items()]
    elif isinstance(step, Check):
        kind, told = "check", [step.check]
    else:
        given = step.model_dump(exclude_defaults=True, exclude={"do", "label", "within_s"})
        kind, told = "do", [step.do, *(_value_text(key, value) for key, value in given.items())]
    since = getattr(step, "since", "")
    return kind, " ".join([*told, *([f"since {since}"] if since else [])])


def _value_text(key: str, value: object) -> str:
    if key == "on":
        return "on" if value else "off"
    if isinstance(value, dict):
        return f"{key} (" + ", ".join(_value_text(inner, it) for inner, it in value.items()) + ")"
    if isinstance(value, list | tuple):
        return f"{key} " + (" to " if key == "s" else " or ").join(map(str, value))
    return str(value) if key in ("call", "act", "to", "state", "peer", "where") else f"{key} {value}"
