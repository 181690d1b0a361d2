"""`dialer leads`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from campaigns.audit.kinds import AuditKind
from campaigns.exporting import Style, export_leads
from campaigns.importing import Duplicates, Format, ImportReport, ListSettings, import_leads
from campaigns.importing.importer import Progress as Told
from campaigns.importing.templates import Template, Templates
from campaigns.textfiles import open_file
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows

_WARNINGS_SHOWN = 20


@click.group()
def leads() -> None:
    """Leads: import, export, list, and why one is or is not called."""


@leads.command("import")
@click.argument("campaign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([each.value for each in Format]),
    help="header: line 1 names the columns (default). vicidial: VICIdial's standard order, without a header.",
)
@click.option("--encoding", metavar="NAME", help="The file's encoding, for example windows-1252. Default: found out.")
@click.option("--template", metavar="NAME", help="Take format, mapping, encoding and region from a saved template.")
@click.option("--save-template", metavar="NAME", help="Save them as a template, when the import has succeeded.")
@click.option("--list", "list_name", metavar="NAME", help="The list to load into. Default: the file's name.")
@click.option("--priority", type=int, help="Priority of the list in its campaign.")
@click.option("--weight", type=click.IntRange(1), help="Weight of the list among those of its priority.")
@click.option(
    "--duplicates",
    type=click.Choice([each.value for each in Duplicates]),
    default=Duplicates.CAMPAIGN.value,
    show_default=True,
    help="Where a number must not occur yet.",
)
@click.option("--region", help="Country of numbers without a country code. Default: the site's region.")
@click.option("--currency", metavar="CODE", help="Currency (ISO 4217) of debts whose rows name none.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--keep-going", is_flag=True, help="Load what can be read of a damaged file. Default: all or nothing.")
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
    file_format: str | None,
    encoding: str | None,
    template: str | None,
    save_template: str | None,
    list_name: str | None,
    priority: int | None,
    weight: int | None,
    duplicates: str,
    region: str | None,
    currency: str | None,
    dry_run: bool,
    keep_going: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Import a FILE separated by commas, semicolons, tabs or pipes; '-' reads standard input.

    Rows that are invalid, known already or barred are left out. A file that is damaged as a whole (cut off, broken
    quotes or encoding) loads nothing, unless --keep-going is given.

    \b
    Examples:
      dialer leads import spring list.csv --map phone=Telephone --map first_name=Name --rejects bad.csv
      dialer leads import spring dump.txt --format vicidial --list june --priority 2
      dialer leads import spring acme.csv --map phone=Tel --encoding windows-1252 --save-template acme
      dialer leads import spring acme2.csv --template acme --dry-run
      zcat list.csv.gz | dialer leads import spring - --dry-run
    """
    base = Templates(ctx.store.database).get(template) if template else Template()
    chosen = Template(
        {**base.mapping, **dict(_field(text) for text in mapping)},
        Format(file_format) if file_format else base.file_format,
        encoding or base.encoding,
        region or base.region or ctx.config.site.region,
        currency or base.currency,
    )
    with _progress(file) as progress:
        report = import_leads(
            ctx.store,
            campaign,
            file,
            mapping=chosen.mapping,
            file_format=chosen.file_format,
            encoding=chosen.encoding or None,
            region=chosen.region,
            currency=chosen.currency,
            list_name=list_name,
            list_settings=ListSettings(priority, weight),
            duplicates=duplicates,
            dry_run=dry_run,
            keep_going=keep_going,
            rejects=rejects,
            progress=progress,
            waiting=_say_waiting,
        )
    show_facts(report.counts(), as_json=as_json)
    _tell(report, rejects, dry_run=dry_run)
    if save_template and not dry_run:
        Templates(ctx.store.database).save(save_template, chosen)


def _say_waiting() -> None:
    click.echo("another import is at work on this site; waiting for its end", err=True)


def _tell(report: ImportReport, rejects: Path | None, *, dry_run: bool) -> None:
    if report.encoding:
        click.echo(f"read as {report.encoding}; say --encoding to choose another", err=True)
    for warning in report.warnings[:_WARNINGS_SHOWN]:
        click.echo(f"warning: {warning}", err=True)
    more = len(report.warnings) + report.more_warnings - _WARNINGS_SHOWN
    if more > 0:
        click.echo(f"warning: and {more} more like these", err=True)
    refused = report.read - report.loaded
    if refused and rejects is None:
        click.echo(f"{refused} rows were left out; --rejects FILE shows which and why", err=True)
    if dry_run:
        click.echo("dry run: nothing was written", err=True)


@contextmanager
def _progress(file: Path) -> Iterator[Told | None]:
    """A bar on a terminal; nothing otherwise."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[read]:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        name = "standard input" if str(file) == "-" else file.name
        task = bar.add_task(name, total=None if str(file) == "-" else 1.0, read=0)

        def told(report: ImportReport) -> None:
            bar.update(task, completed=report.share or 0, read=report.read)

        yield told


@leads.command("templates")
@click.option("--remove", metavar="NAME", help="Forget one.")
@json_option
@pass_context
def templates(ctx: Context, remove: str | None, as_json: bool) -> None:
    """List the saved ways of reading a client's files.

    \b
    Examples:
      dialer leads templates
      dialer leads templates --remove acme
    """
    saved = Templates(ctx.store.database)
    if remove is not None:
        saved.remove(remove)
    rows = [
        {
            "name": name,
            "format": each.file_format.value,
            "mapping": dict(each.mapping),
            "encoding": each.encoding,
            "region": each.region,
            "currency": each.currency,
        }
        for name, each in saved.all().items()
    ]
    columns = ("name", "format", "mapping", "encoding", "region", "currency")
    show_rows(
        rows, columns, as_json=as_json, empty="no templates; `dialer leads import ... --save-template NAME` makes one"
    )


@leads.command("export")
@click.argument("campaign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.option("--list", "list_name", metavar="NAME", help="Only this list.")
@click.option(
    "--format",
    "style",
    type=click.Choice([each.value for each in Style]),
    default=Style.CSV.value,
    show_default=True,
    help="How to write them.",
)
@pass_context
def export(ctx: Context, campaign: str, file: Path, list_name: str | None, style: str) -> None:
    """Export leads, as they were imported and with what came of them, to FILE or standard output.

    `dialer leads import` reads the file again; the columns result_... are for people and are passed over then.

    \b
    Examples:
      dialer leads export spring spring.csv
      dialer leads export spring --list june --format json > june.json
    """
    campaign_id = ctx.store.campaign(campaign).campaign_id
    with _out(file) as out:
        count = export_leads(
            ctx.store.database,
            campaign_id,
            out,
            list_name=list_name,
            style=style,
            warn=lambda text: click.echo(f"warning: {text}; see: dialer consent list {campaign}", err=True),
        )
    facts = {"campaign": campaign, "list": list_name, "rows": count, "to": str(file)}
    ctx.store.trail.note(AuditKind.EXPORT, facts)
    click.echo(f"{count} rows", err=True)


@contextmanager
def _out(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdout
        return
    with open_file(file, "w", "utf-8", "the export cannot be written") as out:
        yield out


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
    found = ctx.store.leads(campaign, limit=limit or (None if as_json else 50), offset=offset)
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
    answer = ctx.store.why(campaign, lead_id, datetime.now(UTC))
    if as_json:
        show_json(answer)
        return
    click.echo("callable now" if answer["callable"] else "not callable now:")
    for reason in answer["reasons"]:
        until = f" (until {reason['until']})" if reason["until"] else ""
        click.echo(f"  {reason['rule']}: {reason['detail']}{until}")
    if not answer["callable"] and answer["callable_at"]:
        click.echo(f"callable from {answer['callable_at']} on")
    for note in answer["notes"]:
        click.echo(f"  note, {note['effect']}: {note['rule']}: {note['detail']}")


def _number_in_turn(lead: dict[str, Any]) -> str | None:
    return next((phone["e164"] for phone in lead["phones"] if phone["next"]), None)


def _field(text: str) -> tuple[str, str]:
    field, sep, column = text.partition("=")
    if not sep or not field or not column:
        raise click.UsageError(f"--map: '{text}' is not FIELD=COLUMN, for example phone=Telephone")
    return field.strip(), column.strip()
