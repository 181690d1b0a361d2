"""`dialer report attempts|campaign|abandonment`."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_facts, show_rows
from dialer.cli.report import pictures
from dialer.cli.report.common import Form, form_options, list_option, period_options, selection


@click.command()
@click.argument("campaign")
@click.option("--limit", type=click.IntRange(1), default=None, help="The latest so many. Default: 50, with --json all.")
@period_options
@list_option
@form_options(draw=False)
@pass_context
def attempts(
    ctx: Context,
    campaign: str,
    limit: int | None,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
) -> None:
    """Every attempt: number, times, status, agent, cause.

    \b
    Examples:
      dialer report attempts spring --json
      dialer report attempts spring --since 2026-06-01 --until 2026-06-02 --csv monday.csv
    """
    form, of = Form(as_json, csv_file), selection(ctx, campaign, since, until, list_name)
    found = ctx.store.report_attempts(campaign, since=of.since, until=of.until)
    if of.list_id is not None:
        ids = ctx.store.database.rows("SELECT id FROM leads WHERE list_id = ?", (of.list_id,))
        leads = {lead_id for (lead_id,) in ids}
        found = [row for row in found if row["lead_id"] in leads]
    rows = found if limit is None else found[-limit:]
    columns = ("id", "lead_id", "phone", "started_at", "status", "agent", "cause", "sip_code", "talk_s")
    shown = rows if limit is not None else rows[-50:]
    form.give(rows, rows, lambda: show_rows(shown, columns, as_json=False, empty="no attempts yet"))


@click.command()
@click.argument("campaign")
@json_option
@pass_context
def campaign(ctx: Context, campaign: str, as_json: bool) -> None:
    """Attempts by status, leads by status, leads left.

    \b
    Example:
      dialer report campaign spring
    """
    show_facts(ctx.store.report_campaign(campaign), as_json=as_json)


@click.command()
@click.argument("campaign")
@period_options
@form_options(draw=True)
@pass_context
def abandonment(
    ctx: Context,
    campaign: str,
    since: str | None,
    until: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """Calls that a person answered, those abandoned, and the rate: of all time, and in each window of the limit.

    With --since and --until the windows that touch this time; a window is never cut, nor counted by list.

    \b
    Examples:
      dialer report abandonment spring --json
      dialer report abandonment spring --draw abandonment.png
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until)
    found = ctx.store.report_abandonment(campaign)
    found["past_windows"] = [each for each in found["past_windows"] if _touches(each, of.since, of.until)]
    windows = [*({**each, "state": "past"} for each in found["past_windows"]), {**found["window"], "state": "running"}]
    form.give(
        found, windows, lambda: _show_abandonment(found), partial(pictures.abandonment, windows=windows, title=campaign)
    )


def _touches(window: dict[str, Any], since: datetime | None, until: datetime | None) -> bool:
    start, end = (None if window[key] is None else datetime.fromisoformat(window[key]) for key in ("start", "end"))
    return (since is None or end is None or end > since) and (until is None or start is None or start < until)


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
