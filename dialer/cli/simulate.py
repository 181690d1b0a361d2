"""`dialer simulate`: what if. Plays shifts in virtual time and says what would come of them."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from campaigns.model import CampaignSettings, Kind, Mode
from campaigns.periods import period_at
from campaigns.recorded import LeadStanding
from campaigns.retry import DEFAULT_RULES
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.figures import LABELS, interval_text, value_text
from dialer.cli.output import json_option, show_json, show_rows
from dialer.core.engine import DIALED_MODES

if TYPE_CHECKING:
    from dialer.sim.history import History
    from dialer.sim.simulation import SimulationSettings
    from dialer.sim.whatif import Outlook

DEFAULT_WRAPUP_LIMIT_S = 120.0
PICTURE_PERIODS = 240
MAX_TALK_S = 14_400.0
# A campaign's own limit may be an hour at most, and is set to this many means.
WRAPUP_LIMIT_MEANS = 4.0
MAX_WRAPUP_S = 3600.0 / WRAPUP_LIMIT_MEANS


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for on the command line. Rates are shares, times seconds."""

    agents: int
    hours: float
    seed: int
    seeds: int
    campaign: str | None
    from_history: str | None
    max_abandon: float | None
    talk_s: float | None
    wrapup_s: float | None
    people: float | None
    leads: int | None
    lines: int | None
    start: datetime | None
    sweep: tuple[int, ...]
    draw: Path | None

    @property
    def rules_of(self) -> str | None:
        """The campaign whose mode, limits, rules and leads are played."""
        return self.campaign or self.from_history


def _share(_ctx: click.Context, _option: click.Parameter, percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0


def _sweep(_ctx: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, ...]:
    from dialer.sim.whatif import sweep_of

    try:
        return sweep_of(text) if text else ()
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _picture(_ctx: click.Context, _option: click.Parameter, file: Path | None) -> Path | None:
    if file is not None and file.suffix.lower() not in (".png", ".svg"):
        raise click.BadParameter(f"{str(file)!r}: a picture's name ends in .png or .svg")
    if file is not None and not file.absolute().parent.is_dir():
        raise click.BadParameter(f"{str(file)!r}: its directory does not exist; make it first")
    return file


class FiniteRange(click.FloatRange):
    """A range of numbers; click's own lets `nan` through, which lies nowhere."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


TALK_S = FiniteRange(0.0, MAX_TALK_S, min_open=True)
WRAPUP_S = FiniteRange(0.0, MAX_WRAPUP_S, min_open=True)


@click.command()
@click.option("--agents", type=click.IntRange(1, 200), required=True)
@click.option("--hours", type=FiniteRange(0.01, 24 * 31), required=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same digest.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Runs; more give intervals.")
@click.option("--campaign", help="Use mode, limits, rules, lines and leads of this campaign of the site.")
@click.option("--from-history", metavar="CAMPAIGN", help="Let the calls be those recorded for this campaign.")
@click.option("--max-abandon", type=FiniteRange(0, 10), callback=_share, metavar="PERCENT", help="Another limit.")
@click.option("--talk", "talk_s", type=TALK_S, metavar="SECONDS", help="Mean talk with people.")
@click.option("--wrapup", "wrapup_s", type=WRAPUP_S, metavar="SECONDS", help="Mean wrap-up.")
@click.option(
    "--answer-rate",
    "people",
    type=FiniteRange(0, 100),
    callback=_share,
    metavar="PERCENT",
    help="People per call.",
)
@click.option("--leads", type=click.IntRange(1), help="So many new leads, instead of the campaign's own.")
@click.option("--lines", type=click.IntRange(1, 10_000), help="So many lines, instead of those in dialer.toml.")
@click.option("--start", type=click.DateTime(["%H:%M"]), metavar="HH:MM", help="The people's own time. Default: 09:30.")
@click.option("--sweep", callback=_sweep, metavar="RANGE", help="Play these numbers of agents too: 5-30, 5-30/5, 5,8.")
@click.option("--draw", type=click.Path(path_type=Path, dir_okay=False), callback=_picture, metavar="FILE.png|.svg")
@json_option
@pass_context
def simulate(ctx: Context, /, as_json: bool, **asked: Any) -> None:
    """What if: run the dialer's own engine, pacer and rules against a seeded world in virtual time. Places no calls.

    Prints how busy agents would be, how long they wait, what is abandoned, and when the list runs out: the mean over
    the seeds, where the mean of endless seeds lies (95 %, Student's t), and where a single shift does. Options that
    are not given are as in the campaign and its history, or as in a stated world. With a campaign the forecast is kept
    for `dialer report pacing`. In the JSON document the top level is the run of --seed; `forecast` sums up all seeds.

    \b
    Examples:
      dialer simulate --agents 20 --hours 4
      dialer simulate --agents 12 --hours 8 --talk 150 --answer-rate 18 --max-abandon 2 --seeds 10
      dialer --site mysite simulate --agents 5 --hours 2 --campaign spring --seed 7 --json
      dialer --site mysite simulate --agents 10 --hours 8 --from-history spring --seeds 10
      dialer simulate --agents 10 --hours 4 --seeds 5 --sweep 5-30 --draw agents.png
    """
    question = Question(**asked)
    from dialer.sim.simulation import NeverOpen, closed_at_start
    from dialer.sim.whatif import play, play_day

    notes: list[str] = []
    base = _settings(ctx, question, notes)
    if closed := closed_at_start(base):
        notes.append(closed)
    teams = _teams(question)
    began = time.perf_counter()
    try:
        with _progress(len(teams) * question.seeds) as progress:
            outlooks = play([replace(base, agents=agents) for agents in teams], question.seeds, progress)
    except NeverOpen as error:
        raise Failure(str(error)) from None
    spent_s = time.perf_counter() - began
    outlook = outlooks[teams.index(question.agents)]
    if question.draw is not None:
        _draw(question, outlooks, play_day(base, PICTURE_PERIODS))
    answer = _answer(ctx, question, outlook, spent_s, notes)
    if len(teams) > 1:
        answer["sweep"] = [{"agents": each.settings.agents, **each.as_dict()} for each in outlooks]
    if as_json:
        show_json(answer)
    else:
        _show(question, outlook, outlooks, answer)


def _teams(question: Question) -> tuple[int, ...]:
    from dialer.sim.whatif import spread_of_agents

    teams = question.sweep or (spread_of_agents(question.agents) if question.draw else ())
    return tuple(sorted({*teams, question.agents}))


def _settings(ctx: Context, question: Question, notes: list[str]) -> "SimulationSettings":
    from dialer.sim.simulation import SimulationSettings

    settings = _rules(ctx, question)
    history = _history(ctx, question, settings)
    simulated = SimulationSettings(
        question.agents,
        question.hours,
        question.seed,
        campaign=settings,
        leads=question.leads,
        max_lines=question.lines,
        history=history,
        start=question.start.time() if question.start else None,
    )
    if history is None:
        simulated = replace(simulated, profile=_profile(question))
    if question.rules_of is not None:
        simulated = replace(simulated, pacer_start=_pacer_start(ctx, settings))
        simulated = _with_lines_and_leads(ctx, question, settings, simulated, notes)
    return simulated


def _pacer_start(ctx: Context, settings: CampaignSettings) -> Any:
    """What a shift that starts now would begin with: the running window's counts, and what the pacer has learned."""
    from dialer.sim.simulation import PacerStart

    now = datetime.now(UTC)
    first = ctx.store.first_call_at(settings.campaign_id)
    period = period_at(settings.abandon_window, settings.timezone, first, now)
    live, abandoned = ctx.store.ledger(settings.campaign_id, period.start)
    kept = ctx.store.pacer_state(settings.campaign_id)
    if kept is None:
        return PacerStart(live, abandoned)
    at, learned = kept
    return PacerStart(live, abandoned, learned, max(0.0, (now - at).total_seconds()))


def _rules(ctx: Context, question: Question) -> CampaignSettings:
    """The campaign that is played, with what the command line changes."""
    if question.rules_of is None:
        settings = CampaignSettings(
            0, "sim", Kind.TELESALES, Mode.PREDICTIVE, wrapup_s=DEFAULT_WRAPUP_LIMIT_S, retry=dict(DEFAULT_RULES)
        )
    else:
        settings = ctx.store.campaign(question.rules_of)
        if settings.mode not in DIALED_MODES:
            raise Failure(f"campaign {settings.name}: mode {settings.mode} is not dialed by the machine")
    if question.max_abandon is not None:
        settings = replace(settings, max_abandon_rate=question.max_abandon)
    if question.wrapup_s is not None:
        # Else the campaign's own limit would cut the wrap-ups that were asked for.
        settings = replace(settings, wrapup_s=max(settings.wrapup_s, WRAPUP_LIMIT_MEANS * question.wrapup_s))
    return settings


def _history(ctx: Context, question: Question, rules: CampaignSettings) -> "History | None":
    if question.from_history is None:
        return None
    from dialer.sim.history import MAX_ATTEMPTS, TooLittleHistory, learn

    source = ctx.store.campaign(question.from_history)
    try:
        history = learn(source, ctx.store.recorded_attempts(source.name, MAX_ATTEMPTS))
    except TooLittleHistory as error:
        raise Failure(str(error)) from None
    return replace(history, talk_s=question.talk_s, wrapup_s=question.wrapup_s, people=question.people)


def _profile(question: Question) -> Any:
    from dialer.sim.world import WorldProfile

    profile = WorldProfile()
    if question.people is not None:
        profile = profile.with_people(question.people)
    if question.talk_s is not None:
        profile = replace(profile, talk_mean_s=question.talk_s)
    if question.wrapup_s is not None:
        profile = replace(profile, wrapup_mean_s=question.wrapup_s)
    return profile


def _with_lines_and_leads(
    ctx: Context, question: Question, settings: CampaignSettings, simulated: "SimulationSettings", notes: list[str]
) -> "SimulationSettings":
    """The site's own lines, and the campaign's own leads as far as they have come."""
    trunks = [trunk for trunk in ctx.config.trunk if not settings.trunks or trunk.name in settings.trunks]
    if trunks and question.lines is None:
        starts_per_s = sum(trunk.starts_per_s for trunk in trunks)
        simulated = replace(simulated, max_lines=sum(t.max_lines for t in trunks), starts_per_s=starts_per_s)
    if question.leads is not None:
        return simulated
    now = datetime.now(UTC).timestamp()
    waiting = ctx.store.lead_standings(settings.name)
    standings = tuple(LeadStanding(each.attempts, max(0.0, each.next_at - now)) for each in waiting)
    if not standings:
        notes.append(f"campaign {settings.name} has no lead left to call: ample new ones are assumed (--leads N)")
        return simulated
    return replace(simulated, standings=standings)


@contextmanager
def _progress(runs: int) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how far the runs are."""
    if runs == 1 or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=runs)
        yield lambda done: bar.update(task, completed=done)


def _draw(question: Question, outlooks: "list[Outlook]", day: Any) -> None:
    from dialer.sim.pictures import draw

    assert question.draw is not None
    limit = outlooks[0].settings.campaign.max_abandon_rate if outlooks[0].settings.campaign else 0.03
    runs = "1 seed" if question.seeds == 1 else f"{question.seeds} seeds"
    title = f"{question.rules_of or 'A stated world'}: {question.agents} agents, {question.hours:g} h, {runs}"
    try:
        draw(question.draw, outlooks, limit, day, title)
    except OSError as error:
        raise Failure(f"{question.draw}: cannot be written: {error.strerror or error}") from None


def _answer(ctx: Context, question: Question, outlook: "Outlook", spent_s: float, notes: list[str]) -> dict[str, Any]:
    """The JSON document: the run of --seed, and what all seeds say; keeps the forecast where there is a campaign."""
    runs = question.seeds * len(_teams(question))
    inputs = _inputs(question, outlook)
    answer = outlook.runs[0].as_dict() | {
        "seeds": question.seeds,
        "inputs": inputs,
        "forecast": outlook.as_dict(),
        "digests": [run.digest for run in outlook.runs],
        "simulated_hours_per_s": round(runs * question.hours / spent_s, 3),
        "picture": None if question.draw is None else str(question.draw),
        "forecast_id": None,
        "notes": notes,
    }
    if question.rules_of is not None:
        answer["forecast_id"] = ctx.store.add_forecast(question.rules_of, datetime.now(UTC), inputs, outlook.as_dict())
    return answer


def _inputs(question: Question, outlook: "Outlook") -> dict[str, Any]:
    campaign = outlook.settings.campaign
    assert campaign is not None
    return {
        "agents": question.agents,
        "hours": question.hours,
        "seed": question.seed,
        "seeds": question.seeds,
        "campaign": question.rules_of,
        "mode": campaign.mode.value,
        "max_abandon_rate": campaign.max_abandon_rate,
        "lines": outlook.settings.max_lines,
        "leads": outlook.list.leads,
        "talk_s": question.talk_s,
        "wrapup_s": question.wrapup_s,
        "people_per_call": question.people,
        "world": _world(outlook.settings),
    }


def _world(settings: "SimulationSettings") -> dict[str, Any]:
    history = settings.history
    if history is None:
        return {"source": "stated", **asdict(settings.profile)}
    return {
        "source": "history",
        "campaign": history.campaign,
        "attempts": len(history.calls),
        "talks": history.talks,
        "left_out": history.left_out,
        "people_per_call": history.person_share,
        "first_at": history.first_at.isoformat(),
        "last_at": history.last_at.isoformat(),
        "hours_learned": list(history.hours),
    }


def _show(question: Question, outlook: "Outlook", outlooks: "list[Outlook]", answer: dict[str, Any]) -> None:
    inputs = answer["inputs"]
    click.echo(
        f"{question.agents} agents, {question.hours:g} h, {inputs['mode']}, "
        f"at most {100 * inputs['max_abandon_rate']:g} % abandoned; "
        f"seeds {question.seed} to {question.seed + question.seeds - 1}"
    )
    click.echo(_world_text(inputs["world"]))
    rows = [
        {
            "": LABELS[name],
            "mean": value_text(name, found.mean),
            "95 % of the mean": interval_text(name, found.low, found.high),
            "95 % of single shifts": interval_text(name, found.shift_low, found.shift_high),
        }
        for name, found in outlook.estimates.items()
    ]
    show_rows(rows, tuple(rows[0]) if rows else (), as_json=False, empty="nothing happened: no call was placed")
    click.echo(outlook.list.sentence)
    if len(outlooks) > 1:
        _show_sweep(outlooks)
    first = outlook.runs[0]
    click.echo(f"seed {first.seed}: {first.attempts} attempts, {first.abandoned} abandoned, digest {first.digest}")
    click.echo(f"simulated {answer['simulated_hours_per_s']:g} hours per second")
    _show_footnotes(question, answer)


def _world_text(world: dict[str, Any]) -> str:
    if world["source"] == "stated":
        return (
            f"stated world: {100 * world['person']:g} % people and {100 * world['machine']:.3g} % machines per call, "
            f"which agents take too; talks with people of {world['talk_mean_s']:g} s, "
            f"wrap-ups of {world['wrapup_mean_s']:g} s"
        )
    hours = ", ".join(f"{hour:02d}" for hour in world["hours_learned"])
    by_hour = f"; hours {hours} from their own calls" if hours else ""
    return (
        f"world learned from {world['attempts']:,} attempts and {world['talks']:,} talks of {world['campaign']}, "
        f"{world['first_at'][:16]} to {world['last_at'][:16]} UTC ({world['left_out']} left out{by_hour})"
    )


def _show_sweep(outlooks: "list[Outlook]") -> None:
    names = ("busy_share", "abandoned_rate", "mean_wait_s")
    rows = []
    for each in outlooks:
        row: dict[str, Any] = {"agents": each.settings.agents}
        for name in names:
            found = each.estimates.get(name)
            text = (
                "" if found is None else f"{value_text(name, found.mean)} {interval_text(name, found.low, found.high)}"
            )
            row[LABELS[name]] = text.rstrip()
        rows.append(row)
    click.echo()
    show_rows(rows, tuple(rows[0]), as_json=False, empty="")


def _show_footnotes(question: Question, answer: dict[str, Any]) -> None:
    if question.seeds == 1:
        click.echo("one seed gives no interval; --seeds 10 does")
    for note in answer["notes"]:
        click.echo(note)
    if answer["picture"]:
        click.echo(f"picture: {answer['picture']}")
    if answer["forecast_id"] is not None:
        name = question.rules_of
        click.echo(
            f"kept as forecast {answer['forecast_id']}; `dialer report pacing {name}` holds it against what comes"
        )
