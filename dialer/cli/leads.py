"""`dialer leads`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from campaigns.importing import import_leads
from campaigns.store import UnknownCampaign, UnknownLead
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows


@click.group()
def leads() -> None:
    """Leads: import, list, and why one is or is not called."""


@leads.command("import")
@click.argument("campaign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field.")
@click.option("--region", help="Country of numbers without a country code. Default: the site's region.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path, dir_okay=False), help="Write refused rows here, with reasons."
)
@json_option
@pass_context
def import_(
    ctx: Context,
    campaign: str,
    file: Path,
    mapping: tuple[str, ...],
    region: str | None,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Import a FILE with a header line, separated by commas, semicolons, tabs or pipes; '-' reads standard input.

    \b
    Examples:
      dialer leads import spring list.csv --map phone=Telephone --map first_name=Name --rejects bad.csv
      zcat list.csv.gz | dialer leads import spring - --dry-run
    """
    fields = dict(_field(text) for text in mapping)
    try:
        report = import_leads(
            ctx.store,
            campaign,
            file,
            mapping=fields,
            region=region or ctx.config.site.region,
            dry_run=dry_run,
            rejects=rejects,
        )
    except UnknownCampaign as error:
        raise Failure(str(error)) from None
    show_facts(report.counts(), as_json=as_json)
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    if dry_run and not as_json:
        click.echo("dry run: nothing was written", err=True)


@leads.command("list")
@click.argument("campaign")
@click.option("--limit", type=click.IntRange(1), default=None, help="At most this many. Default: 50, with --json all.")
@click.option("--offset", type=click.IntRange(0), default=0)
@json_option
@pass_context
def list_(ctx: Context, campaign: str, limit: int | None, offset: int, as_json: bool) -> None:
    """List leads with numbers, status, attempts and when they may be called next.

    \b
    Example:
      dialer leads list spring --limit 20
    """
    try:
        found = ctx.store.leads(campaign, limit=limit or (None if as_json else 50), offset=offset)
    except UnknownCampaign as error:
        raise Failure(str(error)) from None
    rows = [{"id": lead["lead_id"], "phone": _number_in_turn(lead), **lead} for lead in found]
    columns = ("id", "phone", "first_name", "last_name", "status", "attempts", "next_at")
    show_rows(rows, columns, as_json=as_json, empty=f"no leads; bring some with: dialer leads import {campaign} FILE")


@leads.command()
@click.argument("campaign")
@click.argument("lead_id", type=int)
@json_option
@pass_context
def why(ctx: Context, campaign: str, lead_id: int, as_json: bool) -> None:
    """Say whether a lead may be called now, and every reason why not.

    \b
    Example:
      dialer leads why spring 17
    """
    try:
        answer = ctx.store.why(campaign, lead_id, datetime.now(UTC))
    except (UnknownCampaign, UnknownLead) as error:
        raise Failure(str(error)) from None
    if as_json:
        show_json(answer)
        return
    click.echo("callable now" if answer["callable"] else "not callable now:")
    for reason in answer["reasons"]:
        until = f" (until {reason['until']})" if reason.get("until") else ""
        click.echo(f"  {reason['rule']}: {reason['detail']}{until}")


def _number_in_turn(lead: dict[str, Any]) -> str | None:
    return next((phone["e164"] for phone in lead["phones"] if phone["next"]), None)


def _field(text: str) -> tuple[str, str]:
    field, sep, column = text.partition("=")
    if not sep or not field or not column:
        raise click.UsageError(f"--map: '{text}' is not FIELD=COLUMN, for example phone=Telephone")
    return field.strip(), column.strip()
