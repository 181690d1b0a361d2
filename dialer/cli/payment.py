"""`dialer payment`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from campaigns.collections.money import MoneyError, parsed
from campaigns.collections.payments import Payment
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
    settled_facts,
    show_settled,
    source_of,
    tell,
    zone_of,
)
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_rows


@click.group()
def payment() -> None:
    """Payments on debts: import, add, list."""


@payment.command("import")
@click.argument("campaign")
@click.argument("file", type=FILE)
@click.option("--currency", default="", metavar="CODE", help="Currency of rows that name none. Default: the debt's.")
@click.option("--keep-balances", is_flag=True, help="The latest debt file holds these payments: settle promises only.")
@dry_run_option
@rejects_option
@json_option
@pass_context
def import_(
    ctx: Context,
    campaign: str,
    file: Path,
    currency: str,
    keep_balances: bool,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Import payments from a FILE with the columns debt, amount, paid_on, reference and perhaps currency.

    A payment counts once, by its reference: the same file may be imported again. Balances go down to zero and no
    further; what is more is told and kept. Promises that the payments keep or make good are settled. Refused rows are
    told, the others are loaded, and the exit code is 1.

    \b
    Example:
      dialer payment import arrears payments.csv --rejects refused.csv
    """
    require_apart(file, rejects)
    loader = loader_of(ctx, ctx.store.campaign(campaign), dry_run=dry_run)
    tally, settled = loader.load_payments(
        source_of(file), payments_of(ctx), book_of(ctx), currency=currency, keep_balances=keep_balances
    )
    changed = [settled_facts(each) for each in settled] if as_json else len(settled)
    tell(tally, rejects=rejects, dry_run=dry_run, as_json=as_json, more={"promises_settled": changed})


@payment.command()
@click.argument("campaign")
@click.argument("debt")
@click.argument("amount")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="When it came. Default: today.")
@click.option("--reference", required=True, help="The payment's own reference, unique for the debt.")
@json_option
@pass_context
def add(
    ctx: Context, campaign: str, debt: str, amount: str, day: datetime | None, reference: str, as_json: bool
) -> None:
    """Book one payment, in the debt's currency, and settle the promises that it keeps.

    \b
    Example:
      dialer payment add arrears A-1001 120.00 --on 2026-11-20 --reference BANK-77
    """
    of = ctx.store.campaign(campaign)
    found = debt_of(ctx, of, debt)
    now, zone = datetime.now(UTC), zone_of(of)
    today = now.astimezone(zone).date()
    try:
        money = parsed(amount, found.facts.balance.currency)
    except MoneyError as error:
        raise Failure(str(error)) from None
    row = Payment(debt, money, today if day is None else day.date(), reference)
    booked = payments_of(ctx).add_many(of.campaign_id, [row], now, today)
    if booked.refused:
        raise Failure(booked.refused[0])
    if booked.known:
        raise Failure(f"payment {reference} is booked already; nothing was changed")
    for over in booked.surplus.values():
        click.echo(f"warning: {over} more came than was owed", err=True)
    settled = book_of(ctx).settle_debts(booked.debt_ids, now, PromiseSettings.of(of), zone)
    ctx.store.debts.rerank([found.lead_id], today)
    click.echo(f"{money} booked; {debt_of(ctx, of, debt).facts.balance} is owed now", err=True)
    show_settled(settled, as_json=as_json)


@payment.command("list")
@click.argument("campaign")
@click.option("--debt", metavar="REFERENCE", help="Only payments on this debt.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, debt: str | None, as_json: bool) -> None:
    """List payments by their days.

    \b
    Example:
      dialer payment list arrears --debt A-1001
    """
    rows = payments_of(ctx).listing(ctx.store.campaign(campaign).campaign_id, debt=debt)
    columns = ("debt", "reference", "amount", "currency", "paid_on", "surplus")
    show_rows(rows, columns, as_json=as_json, empty="no payments")
