"""`dialer report pacing`: a forecast held against what came."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dialer.cli.context import Context, pass_context
from dialer.cli.figures import LABELS, interval_text, value_text
from dialer.cli.output import json_option, show_json, show_rows

if TYPE_CHECKING:
    from campaigns.forecasts import Forecast, SampleSummary
    from campaigns.recorded import Performance


@click.command()
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
    forecast = ctx.store.forecast(campaign, forecast_id)
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
