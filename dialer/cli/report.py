"""`dialer report`."""

from collections.abc import Callable
from typing import Any

import click

from campaigns.store import UnknownCampaign
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_rows


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
    """Calls that a person answered, those abandoned, and the rate.

    \b
    Example:
      dialer report abandonment spring --json
    """
    show_facts(_report(lambda: ctx.store.report_abandonment(campaign)), as_json=as_json)


def _report(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UnknownCampaign as error:
        raise Failure(str(error)) from None
