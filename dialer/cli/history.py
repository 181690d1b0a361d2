"""`dialer history`."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from campaigns.textfiles import name_of
from dialer.cli.collecting import (
    FILE,
    dry_run_option,
    loader_of,
    rejects_option,
    require_apart,
    source_of,
    tell,
)
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option


@click.group()
def history() -> None:
    """Calls that another dialer made before this one: they count against the law's caps."""


def _zone(ctx: click.Context, param: click.Parameter, value: str | None) -> ZoneInfo | None:
    try:
        return None if value is None else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"'{value}' is no IANA zone such as America/Chicago", ctx, param) from None


@history.command("import")
@click.argument("campaign")
@click.argument("file", type=FILE)
@click.option("--timezone", "zone", callback=_zone, metavar="ZONE", help="IANA zone of times that are written without.")
@click.option("--region", default="", help="Country of numbers without a country code. Default: the site's region.")
@dry_run_option
@rejects_option
@json_option
@pass_context
def import_(
    ctx: Context,
    campaign: str,
    file: Path,
    zone: ZoneInfo | None,
    region: str,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Import past calls from a FILE with the columns at, outcome, one of person, lead_id and phone, and perhaps
    conversation (yes or no) and debt (its reference).

    An outcome is a word such as answered, refusal, machine, message, no_answer, busy, invalid, unconnected, abandoned,
    or a status code such as NA, AB, PTP. A call without a debt may have been about any that the person owes. The same
    call is remembered once: a file may be imported again. Import leads and debts first.

    \b
    Example:
      dialer history import arrears calls.csv --timezone America/Chicago --rejects refused.csv
    """
    require_apart(file, rejects)
    loader = loader_of(ctx, ctx.store.campaign(campaign), region=region, dry_run=dry_run)
    histories = ctx.store.histories
    tally = loader.load_history(source_of(file), histories, name_of(file), zone)
    tell(tally, rejects=rejects, dry_run=dry_run, as_json=as_json)
