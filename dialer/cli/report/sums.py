"""`dialer report promises|sales`: counts and amounts, each currency by itself."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from campaigns.reports.promises import promises_due
from campaigns.reports.sales import VERIFICATIONS, sales_made
from dialer.cli.context import Context, pass_context
from dialer.cli.report import pictures
from dialer.cli.report.common import (
    Form,
    form_options,
    list_option,
    period_options,
    selection,
    share_text,
    show_table,
)

_STATES = ("due", "kept", "partial", "broken", "open", "cancelled")


@click.command()
@click.argument("campaign")
@click.option("--by", type=click.Choice(["week", "agent"]), default="week", show_default=True)
@period_options
@list_option
@form_options(draw=True)
@pass_context
def promises(
    ctx: Context,
    campaign: str,
    by: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
    draw: Path | None,
) -> None:
    """Promises to pay that fell due: how many and how much was kept, partly kept, broken; by week or agent.

    A promise counts as what it is today, by the payments imported so far. Received is what came in on them in time.

    \b
    Examples:
      dialer report promises arrears
      dialer report promises arrears --by agent --since 2026-06-01 --until 2026-07-01
    """
    form, of = Form(as_json, csv_file, draw), selection(ctx, campaign, since, until, list_name)
    found = promises_due(ctx.store.database, of, datetime.now(UTC))
    rows = found[f"{by}s"]
    totals = [{by: "all", **row} for row in found["currencies"]]
    table = [_promise_row(by, row) for row in (*rows, *totals)]
    picture = partial(pictures.promises, found=found, title=f"Promises to pay by week due: campaign {campaign}")
    form.give(found, rows, lambda: show_table(table, empty="no promises fell due in this time"), picture)


def _promise_row(by: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        by: row[by] or "(not named)",
        "currency": row["currency"],
        **{state: _sum_text(row[state]) for state in _STATES},
        "received": row["received"],
        "kept rate": share_text(row["kept_rate"]),
    }


def _sum_text(found: Mapping[str, Any]) -> str:
    return f"{found['count']:,}: {found['amount']}" if found["count"] else ""


@click.command()
@click.argument("campaign")
@click.option("--by", type=click.Choice(["product", "agent"]), default="product", show_default=True)
@period_options
@list_option
@form_options(draw=False)
@pass_context
def sales(
    ctx: Context,
    campaign: str,
    by: str,
    since: str | None,
    until: str | None,
    list_name: str | None,
    as_json: bool,
    csv_file: Path | None,
) -> None:
    """Sales by product or agent: how many, how much, and how far they are verified.

    \b
    Example:
      dialer report sales spring --by agent --since 2026-06-01
    """
    form, of = Form(as_json, csv_file), selection(ctx, campaign, since, until, list_name)
    found = sales_made(ctx.store.database, of)
    rows = found[f"{by}s"]
    totals = [{by: "all", **row} for row in found["currencies"]]
    table = [_sale_row(by, row) for row in (*rows, *totals)]
    form.give(found, rows, lambda: show_table(table, empty="no sales were recorded in this time"))
    if found["unrecorded"]:
        click.echo(
            f"warning: {found['unrecorded']:,} calls have a status of sale, and no product and amount recorded",
            err=True,
        )


def _sale_row(by: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        by: row[by] or "(not named)",
        "currency": row["currency"],
        "sold": _sum_text(row["sold"]),
        "quantity": row["quantity"],
        **{state: _sum_text(row[state]) for state in VERIFICATIONS},
        "verified rate": share_text(row["verified_rate"]),
    }
