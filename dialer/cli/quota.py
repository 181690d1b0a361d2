"""`dialer quota`."""

import click

from campaigns.filters import FilterError
from campaigns.telesales.quotas import SALE_STATUSES
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_rows

_COLUMNS = ("name", "where", "statuses", "target", "done", "pending", "left", "full")


@click.group()
def quota() -> None:
    """Quotas of a campaign: so many sales among leads that fit a condition. Once full, such leads are not called."""


@quota.command("set")
@click.argument("campaign")
@click.argument("name")
@click.option("--where", required=True, help="Which leads, as a filter of a list says it.")
@click.option("--target", type=click.IntRange(1), required=True, help="How many of them at most.")
@click.option("--status", "statuses", multiple=True, metavar="CODE", help="What counts. Default: SALE.")
@pass_context
def set_(ctx: Context, campaign: str, name: str, where: str, target: int, statuses: tuple[str, ...]) -> None:
    """Make or change a quota. Calls that are under way when it fills may still go over it.

    \b
    Examples:
      dialer quota set spring florida --where 'state == "FL"' --target 100
      dialer quota set survey young --where 'custom.age < 30' --target 50 --status SALE --status NI
    """
    of = ctx.store.campaign(campaign)
    codes = tuple(code.upper() for code in statuses) or SALE_STATUSES
    try:
        made = ctx.store.quotas.set(of.campaign_id, name, where, target, codes)
    except FilterError as error:
        raise Failure(f"--where: {error}") from None
    click.echo(f"quota {made.name}: {made.target} leads of status {', '.join(made.statuses)} where {made.where}")


@quota.command("list")
@click.argument("campaign")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, as_json: bool) -> None:
    """List quotas and how far they are; `pending` are done but their sales still wait for verification.

    \b
    Example:
      dialer quota list spring
    """
    rows = ctx.store.quotas.progress(ctx.store.campaign(campaign).campaign_id)
    show_rows(rows, _COLUMNS, as_json=as_json, empty="no quotas; make one with: dialer quota set")


@quota.command()
@click.argument("campaign")
@click.argument("name")
@pass_context
def remove(ctx: Context, campaign: str, name: str) -> None:
    """Forget a quota; leads that it held back are called again.

    \b
    Example:
      dialer quota remove spring florida
    """
    ctx.store.quotas.remove(ctx.store.campaign(campaign).campaign_id, name)
    click.echo(f"quota {name} is removed")
