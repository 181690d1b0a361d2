"""`dialer report agents|callbacks`: agents' time and what they brought, and the callbacks that fell due."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from campaigns.agentlog import BUCKETS
from campaigns.reports.agents import By, by_agent
from campaigns.reports.callbacks import callbacks_due
from dialer.cli.context import Context, pass_context
from dialer.cli.report import pictures
from dialer.cli.report.common import (
    Form,
    form_options,
    list_option,
    percent,
    period_options,
    selection,
    share_text,
    show_table,
)


@click.command()
@click.argument("campaign")
@click.option(
    "--by",
    type=click.Choice([each.value for each in By]),
    default="agent",
    show_default=True,
    help="What a row is about.",
)
@period_options
@form_options(draw=True)
@pass_context
def agents(
    ctx: Context,
    campaign: str,
    by: str,
    since: str | None,
    until: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """Calls and time of each agent, in seconds: pause, wait, talk, wrap-up, dead; and what the calls brought.

    Utilisation is talk and wrap-up as a share of wait, talk and wrap-up. Calls per hour are of all five. While the
    dialer runs, states that last count up to now. Agents' time belongs to no list, so there is no --list here.

    \b
    Examples:
      dialer report agents spring
      dialer report agents spring --by day --since 2026-06-01 --until 2026-07-01 --csv june.csv
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until)
    now = datetime.now(UTC) if ctx.running() else None
    rows = by_agent(ctx.store.database, of, By(by), now)
    table = [_agent_row(row) for row in rows]
    if by != By.CAMPAIGN and len(rows) > 1:
        (total,) = by_agent(ctx.store.database, of, By.CAMPAIGN, now)
        named = {"agent": f"all {total['agents']}", **({"day": ""} if by == By.DAY else {})}
        table.append({**named, **{name: value for name, value in _agent_row(total).items() if name != "agents"}})
    picture = partial(pictures.agents, rows=rows, title=f"Agents' time: campaign {campaign}")
    form.give(rows, rows, lambda: show_table(table, empty="no agent has worked on this campaign in this time"), picture)


def _agent_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("agent", "day", "agents") if name in row},
        "calls": row["calls"],
        **{bucket: round(row[bucket]) for bucket in BUCKETS},
        "calls/h": None if row["calls_per_hour"] is None else round(row["calls_per_hour"], 1),
        "utilisation": percent(row["utilisation"]),
        **{name.replace("_", " "): row[name] for name in ("contacts", "right_party", "sales", "promises")},
    }


@click.command()
@click.argument("campaign")
@period_options
@list_option
@form_options(draw=False)
@pass_context
def callbacks(
    ctx: Context,
    campaign: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
) -> None:
    """Callbacks that fell due in a time: made, missed, waiting, overdue, late, called off; by agent.

    Made: the person was reached. Late: called later than the campaign's callback_wait_s after the time.

    \b
    Example:
      dialer report callbacks spring --since 2026-06-01
    """
    form, of = Form(as_json, csv_file), selection(ctx, campaign, since, until, list_name)
    found = callbacks_due(ctx.store.database, of, datetime.now(UTC))
    table = [_callback_row(row["agent"] or "anyone", row) for row in found["agents"]]
    if len(table) > 1:
        table.append(_callback_row("all", found["total"]))
    form.give(found, found["agents"], lambda: show_table(table, empty="no callbacks fell due in this time"))


def _callback_row(agent: str, row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("due", "made", "missed", "being_called", "waiting", "overdue", "late", "cancelled")
    return {"agent": agent, **{name: row[name] for name in names}, "reached": share_text(row["made_rate"])}
