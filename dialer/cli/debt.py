"""`dialer debt`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from campaigns.collections.holds import HoldKind
from campaigns.collections.promises import PromiseSettings
from dialer.cli.collecting import (
    FILE,
    book_of,
    debt_of,
    dry_run_option,
    loader_of,
    payments_of,
    rejects_option,
    require_apart,
    source_of,
    tell,
    zone_of,
)
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_facts, show_rows

_STATES = ("open", "disputed", "ceased", "paid", "closed")


@click.group()
def debt() -> None:
    """Debts of a collections campaign: import, list, show, dispute, cease."""


@debt.command("import")
@click.argument("campaign")
@click.argument("file", type=FILE)
@click.option("--currency", default="", metavar="CODE", help="Currency (ISO 4217) of rows that name none.")
@click.option("--region", default="", help="Country of numbers without a country code. Default: the site's region.")
@click.option("--close-missing", is_flag=True, help="The file is full: close the debts that it does not name.")
@click.option("--close-most", is_flag=True, help="Close them even if they are more than half of what is owed.")
@dry_run_option
@rejects_option
@json_option
@pass_context
def import_(
    ctx: Context,
    campaign: str,
    file: Path,
    currency: str,
    region: str,
    close_missing: bool,
    close_most: bool,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Import debts from a FILE with a header line; '-' reads standard input.

    Columns: reference, one of person, lead_id and phone, and any of creditor, principal, balance, currency, due_date
    (the day since which it is overdue). A reference that the campaign has already is brought up to date. Refused rows
    are told, the others are loaded, and the exit code is 1.

    \b
    Examples:
      dialer debt import arrears debts.csv --currency USD --rejects refused.csv
      dialer debt import arrears full.csv --close-missing --dry-run
    """
    require_apart(file, rejects)
    loader = loader_of(ctx, ctx.store.campaign(campaign), region=region, dry_run=dry_run)
    tally = loader.load_debts(
        source_of(file), currency=currency, close_missing=close_missing or close_most, close_most=close_most
    )
    tell(tally, rejects=rejects, dry_run=dry_run, as_json=as_json)


@debt.command("list")
@click.argument("campaign")
@click.option("--state", type=click.Choice(_STATES), help="Only debts in this state.")
@click.option("--person", help="Only debts of the person with this key.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, state: str | None, person: str | None, as_json: bool) -> None:
    """List debts with balances and states.

    \b
    Example:
      dialer debt list arrears --state disputed
    """
    rows = ctx.store.debts.listing(ctx.store.campaign(campaign).campaign_id, state=state, person=person)
    columns = ("reference", "person", "lead_id", "creditor", "balance", "currency", "due_on", "state")
    show_rows(rows, columns, as_json=as_json, empty=f"no debts; bring some with: dialer debt import {campaign} FILE")


@debt.command()
@click.argument("campaign")
@click.argument("reference")
@json_option
@pass_context
def show(ctx: Context, campaign: str, reference: str, as_json: bool) -> None:
    """Show one debt with its promises, payments and holds, and whether the person may be called about it now.

    \b
    Example:
      dialer debt show arrears A-1001
    """
    of = ctx.store.campaign(campaign)
    found = debt_of(ctx, of, reference)
    now = datetime.now(UTC)
    debts = ctx.store.debts
    (facts,) = [row for row in debts.listing(of.campaign_id) if row["id"] == found.debt_id]
    standing = debts.callable([found.lead_id], now, PromiseSettings.of(of), zone_of(of))[found.lead_id]
    refusal = standing.refusal
    payments = payments_of(ctx).listing(of.campaign_id, debt=reference)
    promises = book_of(ctx).listing(of.campaign_id, reference=reference)
    holds = [
        hold.detail
        for hold in ctx.store.holds.of([found.lead_id], now)[found.lead_id]
        if hold.debt_id in (None, found.debt_id)
    ]
    document = {
        **facts,
        "callable": found.debt_id in standing.debts,
        "because": None if refusal is None else refusal.detail,
        "until": None if refusal is None else refusal.until,
        "promises": promises,
        "payments": payments,
        "holds": holds,
    }
    if not as_json:
        document["promises"] = [
            f"{row['amount']} {row['currency']} by {row['due_on']}: {row['state']}" for row in promises
        ]
        document["payments"] = [f"{row['amount']} {row['currency']} on {row['paid_on']}" for row in payments]
    show_facts(document, as_json=as_json)


@debt.command()
@click.argument("campaign")
@click.argument("reference")
@click.option("--source", default="command line", show_default=True, help="Who said so, or where it is written.")
@pass_context
def dispute(ctx: Context, campaign: str, reference: str, source: str) -> None:
    """Stop calls about one debt: the person disputes it. `dialer hold lift` ends that, with the reason.

    \b
    Example:
      dialer debt dispute arrears A-1001 --source "letter of 2026-11-02"
    """
    found = debt_of(ctx, ctx.store.campaign(campaign), reference)
    hold = ctx.store.holds.place(found.lead_id, HoldKind.DISPUTE, datetime.now(UTC), source, debt_id=found.debt_id)
    click.echo(f"debt {reference} is disputed; nobody is called about it until hold {hold} is lifted")


@debt.command()
@click.argument("campaign")
@click.argument("reference")
@click.option("--source", default="command line", show_default=True, help="Who said so, or where it is written.")
@pass_context
def cease(ctx: Context, campaign: str, reference: str, source: str) -> None:
    """Stop all calls to the person who owes a debt: they asked for it. `dialer hold lift` ends that, with the reason.

    \b
    Example:
      dialer debt cease arrears A-1001 --source "letter of 2026-11-02"
    """
    found = debt_of(ctx, ctx.store.campaign(campaign), reference)
    hold = ctx.store.holds.place(found.lead_id, HoldKind.CEASE, datetime.now(UTC), source)
    click.echo(f"the person who owes {reference} (lead {found.lead_id}) is not called until hold {hold} is lifted")
