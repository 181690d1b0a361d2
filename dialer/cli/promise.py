"""`dialer promise`."""

from datetime import UTC, date, datetime, timedelta

import click

from campaigns.collections.money import MoneyError, parsed
from campaigns.collections.promises import Every, PromiseSettings, PromiseState, instalments
from dialer.cli.collecting import book_of, debt_of, show_settled, zone_of
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_rows

_DAY = click.DateTime(["%Y-%m-%d"])
_COLUMNS = ("id", "debt", "person", "lead_id", "amount", "currency", "due_on", "state", "agent")


@click.group()
def promise() -> None:
    """Promises to pay: add, list, those due, settle by payments and time, cancel."""


@promise.command()
@click.argument("campaign")
@click.argument("debt")
@click.argument("amount")
@click.argument("day", metavar="DATE", type=_DAY)
@click.option("--instalments", "count", type=click.IntRange(1, 120), default=1, help="Split the amount so many times.")
@click.option("--every", type=click.Choice([each.value for each in Every]), default="month", show_default=True)
@click.option("--agent", default="", help="Who took the promise.")
@click.option("--replace", is_flag=True, help="Cancel the debt's open promises first.")
@json_option
@pass_context
def add(
    ctx: Context,
    campaign: str,
    debt: str,
    amount: str,
    day: datetime,
    count: int,
    every: str,
    agent: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Keep that a person promised AMOUNT, in the debt's currency, by DATE, or in instalments from DATE on.

    \b
    Examples:
      dialer promise add arrears A-1001 120.00 2026-12-01
      dialer promise add arrears A-1001 300.00 2026-12-01 --instalments 3 --every month --agent anna
    """
    of = ctx.store.campaign(campaign)
    found = debt_of(ctx, of, debt)
    try:
        total = parsed(amount, found.facts.balance.currency)
        plan = instalments(total, count, day.date(), Every(every))
    except MoneyError as error:
        raise Failure(str(error)) from None
    book = book_of(ctx)
    now = datetime.now(UTC)
    ids = book.add(found, plan, now, PromiseSettings.of(of), zone_of(of), agent=agent, replace=replace)
    rows = [row for row in book.listing(of.campaign_id, reference=debt) if row["id"] in ids]
    show_rows(rows, _COLUMNS, as_json=as_json, empty="")


@promise.command("list")
@click.argument("campaign")
@click.option("--state", type=click.Choice([each.value for each in PromiseState]), help="Only those in this state.")
@click.option("--debt", metavar="REFERENCE", help="Only those on this debt.")
@click.option("--from", "first", type=_DAY, metavar="DATE", help="Due on this day or later.")
@click.option("--to", "last", type=_DAY, metavar="DATE", help="Due on this day or before.")
@json_option
@pass_context
def list_(
    ctx: Context,
    campaign: str,
    state: str | None,
    debt: str | None,
    first: datetime | None,
    last: datetime | None,
    as_json: bool,
) -> None:
    """List promises by due date.

    \b
    Example:
      dialer promise list arrears --state broken --from 2026-11-01
    """
    of = ctx.store.campaign(campaign)
    rows = book_of(ctx).listing(
        of.campaign_id,
        state=None if state is None else PromiseState(state),
        first=_day(first),
        last=_day(last),
        reference=debt,
    )
    show_rows(rows, _COLUMNS, as_json=as_json, empty="no promises")


@promise.command()
@click.argument("campaign")
@click.option("--within", "days", type=click.IntRange(0), default=0, show_default=True, help="Due in so many days too.")
@json_option
@pass_context
def due(ctx: Context, campaign: str, days: int, as_json: bool) -> None:
    """List the open promises that are due today or were before, in the campaign's time zone.

    \b
    Example:
      dialer promise due arrears --within 7
    """
    of = ctx.store.campaign(campaign)
    last = datetime.now(zone_of(of)).date() + timedelta(days=days)
    rows = book_of(ctx).listing(of.campaign_id, state=PromiseState.OPEN, last=last)
    show_rows(rows, _COLUMNS, as_json=as_json, empty="no promise is due")


@promise.command()
@click.argument("campaign")
@json_option
@pass_context
def settle(ctx: Context, campaign: str, as_json: bool) -> None:
    """Find the promises that were kept, broken or kept in part by now, and schedule the calls that follow.

    Payments that are imported settle theirs at once; run this every day for those whose time is over. The ranks of the
    campaign's leads follow from their arrears then. Grace and the days to the next call are settings of the campaign:
    promise_grace_days, promise_partial_days, promise_broken_days.

    \b
    Examples:
      dialer promise settle arrears
      dialer campaign set arrears promise_grace_days=5
    """
    of = ctx.store.campaign(campaign)
    now = datetime.now(UTC)
    settled = book_of(ctx).settle(of.campaign_id, now, PromiseSettings.of(of), zone_of(of))
    ctx.store.debts.rerank_campaign(of.campaign_id, now.astimezone(zone_of(of)).date())
    show_settled(settled, as_json=as_json)


@promise.command()
@click.argument("promise_id", type=int)
@pass_context
def cancel(ctx: Context, promise_id: int) -> None:
    """Take an open promise back, for example one that was entered by mistake.

    \b
    Example:
      dialer promise cancel 12
    """
    book_of(ctx).cancel(promise_id, datetime.now(UTC))
    click.echo(f"promise {promise_id} is cancelled")


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()
