"""`dialer sale`."""

from datetime import UTC, datetime
from getpass import getuser

import click

from campaigns.telesales.besthour import of_campaign
from campaigns.telesales.sales import Verification
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_json, show_rows

_COLUMNS = (
    *("id", "lead_id", "agent", "product", "quantity", "amount", "currency", "sold_at", "verification"),
    *("verified_by", "verified_at", "note"),
)

_by_option = click.option("--by", help="Who decides. Default: the user who runs this.")


@click.group()
def sale() -> None:
    """Sales: list them, and verify or reject those of campaigns whose setting `verification` is on.

    \b
    Example:
      dialer campaign set spring verification=on sale_details=required
    """


@sale.command("list")
@click.argument("campaign")
@click.option("--state", type=click.Choice([each.value for each in Verification]), help="Only those in this state.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, state: str | None, as_json: bool) -> None:
    """List sales in the order in which they were made, then what they sum up to.

    \b
    Examples:
      dialer sale list spring
      dialer sale list spring --state pending --json
    """
    of = ctx.store.campaign(campaign)
    rows = ctx.store.sales.listing(of.campaign_id, None if state is None else Verification(state))
    if as_json:
        show_json(rows)
        return
    show_rows(rows, _COLUMNS, as_json=False, empty="no sales")
    for total in ctx.store.sales.totals(of.campaign_id) if state is None else ():
        click.echo(f"{total['verification']}: {total['sales']} sales, {total['amount']} {total['currency']}")


@sale.command()
@click.argument("campaign")
@click.argument("sale_id", type=int, metavar="SALE")
@_by_option
@click.option("--note", default="", help="Why, or where the proof is.")
@pass_context
def verify(ctx: Context, campaign: str, sale_id: int, by: str | None, note: str) -> None:
    """Let a pending sale stand.

    \b
    Example:
      dialer sale verify spring 17 --by carla --note "called back, confirmed"
    """
    of = ctx.store.campaign(campaign)
    ctx.store.sales.verify(of.campaign_id, sale_id, by or getuser(), datetime.now(UTC), note=note)
    click.echo(f"sale {sale_id} is verified")


@sale.command()
@click.argument("campaign")
@click.argument("sale_id", type=int, metavar="SALE")
@_by_option
@click.option("--note", default="", help="Why.")
@click.option("--again", is_flag=True, help="Let the lead be called again, as soon as law and lists allow it.")
@pass_context
def reject(ctx: Context, campaign: str, sale_id: int, by: str | None, note: str, again: bool) -> None:
    """Take a sale back. Its lead counts as declined (DEC), no more as a sale of lists and quotas.

    \b
    Examples:
      dialer sale reject spring 17 --by carla --note "did not agree to the price"
      dialer sale reject spring 18 --note "bank details wrong" --again
    """
    of = ctx.store.campaign(campaign)
    done = ctx.store.sales.reject(of.campaign_id, sale_id, by or getuser(), datetime.now(UTC), note=note, again=again)
    told = "will be called again" if done.again else "is not called again"
    click.echo(f"sale {sale_id} is rejected; lead {done.lead_id} {told}")
    if again and not done.again:
        click.echo(f"warning: lead {done.lead_id} is not called again: {done.because}", err=True)


@sale.command()
@click.argument("campaign")
@json_option
@pass_context
def hours(ctx: Context, campaign: str, as_json: bool) -> None:
    """Show when people are reached and buy, by weekday and hour on their own clocks, with 95 % intervals.

    \b
    Example:
      dialer sale hours spring
    """
    of = ctx.store.campaign(campaign)
    found = of_campaign(ctx.store.database, ctx.store.profiles, of.campaign_id)
    if as_json:
        show_json({"hours": found.rows(), "unplaced": found.unplaced})
        return
    rows = [
        {**row, "contact_rate": _interval(row["contact_rate"]), "sale_rate": _interval(row["sale_rate"])}
        for row in found.rows()
    ]
    columns = ("weekday", "hour", "attempts", "contacts", "contact_rate", "sales", "sale_rate")
    show_rows(rows, columns, as_json=False, empty="no attempts yet")
    if found.unplaced:
        click.echo(f"{found.unplaced} attempts on numbers without a known time zone are left out", err=True)


def _interval(share: dict[str, float | None]) -> str:
    rate, low, high = share["rate"], share["low"], share["high"]
    if rate is None or low is None or high is None:
        return ""
    return f"{rate:.1%} ({low:.1%} to {high:.1%})"
