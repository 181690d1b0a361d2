"""`dialer report`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from campaigns.store import UnknownCampaign
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.figures import LABELS, interval_text, value_text
from dialer.cli.output import json_option, show_facts, show_json, show_rows

if TYPE_CHECKING:
    from campaigns.forecasts import Forecast, SampleSummary
    from campaigns.recorded import Performance


@click.group()
def report() -> None:
    """What came of a campaign. Works while the dialer runs."""


@report.command()
@click.argument("campaign")
@click.option("--limit", type=click.IntRange(1), default=None, help="The latest so many. Default: 50, with --json all.")
@json_option
@pass_context
def attempts(ctx: Context, campaign: str, limit: int | None, as_json: bool) -> None:
    """Every attempt: number, times, status, agent, cause.

    \b
    Example:
      dialer report attempts spring --json
    """
    rows = _report(lambda: ctx.store.report_attempts(campaign))
    shown = rows if limit is None and as_json else rows[-(limit or 50) :]
    columns = ("id", "lead_id", "phone", "started_at", "status", "agent", "cause", "sip_code", "talk_s")
    show_rows(shown, columns, as_json=as_json, empty="no attempts yet")


@report.command()
@click.argument("campaign")
@json_option
@pass_context
def agents(ctx: Context, campaign: str, as_json: bool) -> None:
    """Calls and time of each agent, in seconds: pause, wait, talk, wrap-up, dead.

    \b
    Example:
      dialer report agents spring
    """
    rows = _report(lambda: ctx.store.report_agents(campaign))
    columns = ("agent", "calls", "pause", "wait", "talk", "wrap-up", "dead")
    show_rows(rows, columns, as_json=as_json, empty="no agent has worked on this campaign yet")


@report.command()
@click.argument("campaign")
@json_option
@pass_context
def campaign(ctx: Context, campaign: str, as_json: bool) -> None:
    """Attempts by status, leads by status, leads left.

    \b
    Example:
      dialer report campaign spring
    """
    show_facts(_report(lambda: ctx.store.report_campaign(campaign)), as_json=as_json)


@report.command()
@click.argument("campaign")
@json_option
@pass_context
def abandonment(ctx: Context, campaign: str, as_json: bool) -> None:
    """Calls that a person answered, those abandoned, and the rate: of all time, and in each window of the limit.

    \b
    Example:
      dialer report abandonment spring --json
    """
    found = _report(lambda: ctx.store.report_abandonment(campaign))
    if as_json:
        show_json(found)
    else:
        _show_abandonment(found)


def _show_abandonment(found: dict[str, Any]) -> None:
    window = found["window"]
    shares = {"rate": _percent(found["rate"]), "limit": _percent(found["limit"])}
    all_time = {key: value for key, value in found.items() if key not in ("window", "past_windows")} | shares
    show_facts(all_time | {"counted over": f"{window['kind']} ({window['timezone']})"}, as_json=False)
    click.echo()
    zone = ZoneInfo(window["timezone"])
    rows = [*(_window_row("past", past, zone) for past in found["past_windows"]), _window_row("running", window, zone)]
    show_rows(rows, tuple(rows[0]), as_json=False, empty="")


def _window_row(name: str, window: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "window": name,
        "from": _instant(window["start"], zone),
        "to": _instant(window["end"], zone),
        "live": window["live"],
        "abandoned": window["abandoned"],
        "machine verdicts": window["machine_verdicts"],
        "rate": _percent(window["rate"]),
        "limit": _percent(window["limit"]),
        "": "OVER THE LIMIT" if window["over_limit"] else "",
    }


def _instant(iso: str | None, zone: ZoneInfo) -> str:
    return "open" if iso is None else f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.2f} %"


@report.command()
@click.argument("campaign")
@click.option("--forecast", "forecast_id", type=int, help="The forecast with this number. Default: the latest.")
@json_option
@pass_context
def pacing(ctx: Context, campaign: str, forecast_id: int | None, as_json: bool) -> None:
    """What was foreseen against what came since: a forecast of `dialer simulate`, and the pacer's own.

    A figure is inside when it lies where 95 % of such shifts would: the shorter the time, the wider the range.

    \b
    Examples:
      dialer report pacing spring
      dialer report pacing spring --forecast 3 --json
    """
    forecast = _report(lambda: ctx.store.forecast(campaign, forecast_id))
    since = None if forecast is None else forecast.made_at
    actual = ctx.store.performance(campaign, since)
    samples = ctx.store.sampled_decisions(campaign, since)
    answer = _compared(campaign, forecast, actual, samples)
    if as_json:
        show_json(answer)
    else:
        _show_compared(answer)


def _compared(
    campaign: str, forecast: "Forecast | None", actual: "Performance", samples: "SampleSummary | None"
) -> dict[str, Any]:
    from dialer.sim.comparison import compare, doubts

    answer: dict[str, Any] = {
        "campaign": campaign,
        "forecast": None if forecast is None else asdict(forecast),
        "actual": asdict(actual) if actual.attempts or actual.operating_s else None,
        "comparison": [],
        "pacer": None if samples is None else {**asdict(samples), "abandoned_rate": actual.abandoned_rate},
        "notes": [],
    }
    notes = answer["notes"]
    if forecast is None:
        command = f"dialer simulate --agents N --hours H --from-history {campaign} --seeds 10"
        notes.append(f"no forecast of campaign {campaign} yet; make one with: {command}")
    elif answer["actual"] is None:
        notes.append(
            "nothing was recorded since the forecast was made; ask again later, or of an earlier one by --forecast"
        )
    else:
        answer["comparison"] = [asdict(each) | {"inside": each.inside} for each in compare(forecast, actual)]
        notes += doubts(forecast, actual)
    if samples is None:
        notes.append("no pacing decision was sampled in this time; a running dialer keeps one every half minute")
    return answer


def _show_compared(answer: dict[str, Any]) -> None:
    forecast, actual, pacer = answer["forecast"], answer["actual"], answer["pacer"]
    if forecast is not None:
        inputs = forecast["inputs"]
        click.echo(
            f"forecast {forecast['forecast_id']} of {_minute(forecast['made_at'])}: {inputs['agents']} agents, "
            f"{inputs['hours']:g} h, {inputs['seeds']} seeds, {_world(inputs['world'])}"
        )
    if actual is not None:
        when, worked = "since then" if forecast else "in all", _span(actual["operating_s"])
        agents = actual["mean_agents"] or 0.0
        click.echo(f"{when}: {worked} worked by {agents:.1f} agents on average, {actual['attempts']:,} attempts")
    if answer["comparison"]:
        rows = [_row(each) for each in answer["comparison"]]
        show_rows(rows, tuple(rows[0]), as_json=False, empty="")
    if pacer is not None:
        click.echo(_pacer_sentence(pacer))
    for note in answer["notes"]:
        click.echo(note)


def _row(compared: dict[str, Any]) -> dict[str, str]:
    name = compared["metric"]
    verdict = {True: "inside", False: "OUTSIDE", None: ""}[compared["inside"]]
    return {
        "": LABELS[name],
        "foreseen": value_text(name, compared["predicted"]),
        "95 % of such shifts": interval_text(name, compared["low"], compared["high"]),
        "actual": value_text(name, compared["actual"]),
        "verdict": verdict,
    }


def _pacer_sentence(pacer: dict[str, Any]) -> str:
    actual = value_text("abandoned_rate", pacer["abandoned_rate"]) or "no live answer and so nothing"
    period = f"{_minute(pacer['first_at'])} to {_minute(pacer['last_at'])}"
    return (
        f"the pacer, {pacer['samples']:,} samples from {period}: it expected "
        f"{pacer['predicted_answers']:.1f} answers for {pacer['predicted_free']:.1f} free agents, and accepted lines "
        f"with a risk of {pacer['risk']:.2%} on average (worst {pacer['worst_risk']:.2%}, threshold "
        f"{pacer['threshold']:.2%}); {actual} of live answers were abandoned"
    )


def _world(world: dict[str, Any]) -> str:
    if world["source"] == "stated":
        return "a stated world"
    return f"learned from {world['attempts']:,} attempts of {world['campaign']}"


def _span(seconds: float) -> str:
    return f"{seconds / 3600.0:.1f} h" if seconds >= 3600.0 else f"{seconds / 60.0:.1f} min"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _report(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UnknownCampaign as error:
        raise Failure(str(error)) from None
