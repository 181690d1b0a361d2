"""`dialer dnc`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from campaigns.numbers import NumberError, parse
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts


@click.group()
def dnc() -> None:
    """Numbers that must not be called, for the whole site."""


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@json_option
@pass_context
def import_(ctx: Context, file: Path, as_json: bool) -> None:
    """Import a list: one number a line, or `area,number`; '-' reads standard input.

    \b
    Example:
      dialer dnc import national.txt
    """
    source: Any = sys.stdin.buffer if str(file) == "-" else file
    try:
        counts = ctx.store.import_dnc(source, ctx.config.site.region)
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    show_facts(counts, as_json=as_json)


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


def _number(ctx: Context, text: str) -> str:
    try:
        return parse(text, ctx.config.site.region)
    except NumberError as error:
        raise Failure(f"'{text}': {error}") from None
