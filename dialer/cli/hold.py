"""`dialer hold`."""

from datetime import UTC, datetime

import click

from campaigns.collections.holds import HoldKind
from dialer.cli.collecting import debt_of
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.instants import instant
from dialer.cli.output import json_option, show_rows


@click.group()
def hold() -> None:
    """What stops calls to a person or about a debt: disputes, cease requests, attorneys, bankruptcies, bereavement."""


@hold.command()
@click.argument("campaign")
@click.argument("lead_id", type=int)
@click.option("--kind", type=click.Choice([kind.value for kind in HoldKind]), required=True, help="Why.")
@click.option("--debt", metavar="REFERENCE", help="Only calls about this debt. Default: every call to the person.")
@click.option("--until", metavar="DATE", callback=instant, help="When it ends: for bereavement and other only.")
@click.option("--source", default="command line", show_default=True, help="Who said so, or where it is written.")
@pass_context
def add(
    ctx: Context, campaign: str, lead_id: int, kind: str, debt: str | None, until: datetime | None, source: str
) -> None:
    """Stop calls to a lead's person, in every campaign, or about one debt.

    \b
    Examples:
      dialer hold add arrears 17 --kind attorney --source "letter of Smith & Co"
      dialer hold add arrears 17 --kind bereavement --until 2027-01-15
    """
    of = ctx.store.campaign(campaign)
    ctx.store.lead(campaign, lead_id)
    found = None if debt is None else debt_of(ctx, of, debt)
    owner = lead_id if found is None else found.lead_id
    if found is not None and found not in ctx.store.debts.of([lead_id])[lead_id]:
        raise Failure(f"debt {debt} is not owed by the person of lead {lead_id}")
    debt_id = None if found is None else found.debt_id
    hold_id = ctx.store.holds.place(owner, HoldKind(kind), datetime.now(UTC), source, debt_id=debt_id, until=until)
    click.echo(f"hold {hold_id} is in force")


@hold.command("list")
@click.argument("campaign")
@click.option("--all", "lifted", is_flag=True, help="Those that are lifted or over too.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, lifted: bool, as_json: bool) -> None:
    """List the holds on a campaign's people and debts.

    \b
    Example:
      dialer hold list arrears --all
    """
    of = ctx.store.campaign(campaign)
    rows = ctx.store.holds.listing(of.campaign_id, datetime.now(UTC), lifted=lifted)
    columns = ("id", "lead_id", "person", "debt", "kind", "placed_at", "until", "source", "lifted_at", "lifted_because")
    show_rows(rows, columns if lifted else columns[:-2], as_json=as_json, empty="no holds")


@hold.command()
@click.argument("hold_id", type=int)
@click.option("--because", required=True, help="Why; it is kept with the hold.")
@pass_context
def lift(ctx: Context, hold_id: int, because: str) -> None:
    """End a hold: the person may be called again as far as no other hold stands against it.

    \b
    Example:
      dialer hold lift 3 --because "verification sent on 2026-11-10"
    """
    leads = ctx.store.holds.lift(hold_id, datetime.now(UTC), because)
    click.echo(f"hold {hold_id} is lifted; it was on lead {', '.join(map(str, leads))}")
