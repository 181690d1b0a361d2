"""`dialer dnc`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from campaigns.numbers import NumberError, parse
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts

_COUNTS = ("read", "added", "already", "bad")
_BAD_LINES_SHOWN = 5


@click.group()
def dnc() -> None:
    """Numbers that must not be called, for the whole site."""


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@json_option
@pass_context
def import_(ctx: Context, file: Path, as_json: bool) -> None:
    """Import a list: one number a line, `area,number`, or a CSV with the number first; '-' reads standard input.

    Lines that hold no number are left out and told; the exit code is 1 then, and all other numbers are barred.

    \b
    Example:
      dialer dnc import national.txt
    """
    source: Any = sys.stdin.buffer if str(file) == "-" else file
    try:
        counts = ctx.store.import_dnc(source, ctx.config.site.region)
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    bad, bad_lines = counts["bad"], counts["bad_lines"]
    show_facts(counts if as_json else {key: counts[key] for key in _COUNTS}, as_json=as_json)
    if not bad:
        return
    if not as_json:
        for line in bad_lines[:_BAD_LINES_SHOWN]:
            click.echo(f"line {line['line']}: {line['text']!r}: {line['reason']}", err=True)
    name = "standard input" if str(file) == "-" else file
    raise Failure(
        f"{name}: {bad} of {counts['read']} lines hold no number and are not barred. Write each number first in its "
        f"line, as E.164 (+12125550123) or as dialed inside {ctx.config.site.region}, and import the file again; "
        "the other numbers are barred already"
    )


@dnc.command()
@click.argument("number")
@pass_context
def add(ctx: Context, number: str) -> None:
    """Add one number; it is obeyed from the next call on.

    \b
    Example:
      dialer dnc add +12125550123
    """
    e164 = _number(ctx, number)
    ctx.store.add_dnc(e164, "manual", datetime.now(UTC))
    click.echo(f"{e164} will not be called")


@dnc.command()
@click.argument("number")
@json_option
@pass_context
def check(ctx: Context, number: str, as_json: bool) -> None:
    """Say whether a number is on the list.

    \b
    Example:
      dialer dnc check +12125550123 --json
    """
    e164 = _number(ctx, number)
    hit = ctx.store.dnc_check(e164)
    facts = {
        "number": e164,
        "listed": hit is not None,
        "source": hit.source if hit else None,
        "added_at": hit.added_at if hit else None,
    }
    show_facts(facts, as_json=as_json)


@dnc.command()
@click.argument("number")
@click.option("--yes", is_flag=True, help="Yes, this number may be called again.")
@pass_context
def remove(ctx: Context, number: str, yes: bool) -> None:
    """Take a number off the list, for example one that was added by mistake.

    \b
    Example:
      dialer dnc remove +12125550123 --yes
    """
    e164 = _number(ctx, number)
    if not yes:
        raise click.UsageError(f"{e164} may be called again after this; if that is right, add --yes")
    if not ctx.store.remove_dnc(e164):
        raise Failure(f"{e164} is not on the list")
    click.echo(f"{e164} is off the list")


def _number(ctx: Context, text: str) -> str:
    try:
        return parse(text, ctx.config.site.region)
    except NumberError as error:
        raise Failure(f"'{text}': {error}") from None
