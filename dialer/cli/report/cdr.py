"""`dialer report cdr`."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from campaigns.cdr import write_cdr
from dialer.cli.context import Context, pass_context
from dialer.cli.report.common import list_option, period_options, selection, writing


def _zone(ctx: click.Context, param: click.Parameter, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"'{name}' is no IANA time zone such as America/Chicago", ctx, param) from None


@click.command()
@click.argument("campaign")
@click.argument("file", default="-", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--header", is_flag=True, help="A first line with the names of the columns, which Asterisk does not write."
)
@click.option("--timezone", default="UTC", show_default=True, callback=_zone, help="Zone of start, answer and end.")
@period_options
@list_option
@pass_context
def cdr(
    ctx: Context,
    campaign: str,
    file: Path,
    header: bool,
    timezone: ZoneInfo,
    since: str | None,
    until: str | None,
    list_name: str | None,
) -> None:
    """Call detail records in the columns of Asterisk's Master.csv, to FILE or, with -, to standard output.

    One record for each attempt that is over. billsec runs from the answer to the end. The user field has the SIP code,
    the cause of Q.850, and what came of the call.

    \b
    Examples:
      dialer report cdr spring Master.csv --since 2026-06-01 --until 2026-07-01
      dialer report cdr spring --header --timezone America/New_York
    """
    of = selection(ctx, campaign, since, until, list_name)
    with writing(file) as out:
        count = write_cdr(ctx.store.database, of, out, timezone, header=header)
    if str(file) != "-":
        click.echo(f"{count:,} records in {file}, times in {timezone.key}", err=True)
