"""`dialer audit`."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from campaigns.audit import AuditLog, Entry, Head, Verification, lead_key, number_key, verify
from campaigns.audit.chain import is_hash
from campaigns.audit.duties import Duty, duties_of
from campaigns.audit.export import Selection, anchors_in, export, said
from campaigns.audit.retention import due, purge
from campaigns.numbers import NumberError, parse
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.instants import instant
from dialer.cli.output import json_option, show_facts, show_json, show_rows

F = TypeVar("F", bound=Callable[..., Any])

ACTOR = "command line"


def duties(ctx: Context) -> tuple[Duty, ...]:
    """The duties to keep records that the site's rule packs know, switched by [rules] as all rules are."""
    rules = ctx.config.rules
    return duties_of(ctx.site.rulebook(ctx.config).packs, rules.enforce, rules.off)


def selection_options(command: F) -> F:
    """Options that choose entries: --since, --until, --kind."""
    kind = click.option("--kind", "kinds", multiple=True, help="Only this kind, for example dnc; may be repeated.")
    until = click.option("--until", callback=instant, metavar="ISO8601", help="Only entries before this instant.")
    since = click.option("--since", callback=instant, metavar="ISO8601", help="Only entries from this instant on.")
    return since(until(kind(command)))


@click.group()
def audit() -> None:
    """The audit log: what was decided and changed, by whom, in a chain that shows every later change."""


@audit.command("verify")
@click.option("--expect", metavar="ID:HASH", help="A head that `verify` or `export` gave earlier.")
@click.option(
    "--against", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file that `export` wrote."
)
@json_option
@pass_context
def verify_(ctx: Context, expect: str | None, against: Path | None, as_json: bool) -> None:
    """Follow the whole chain. Exit code 1 when a row was edited, removed, put in or re-ordered.

    Who has the database can rebuild all of it, so keep the head that is printed in another place, and give it to
    --expect later on: that proves that the log of today goes on from the log of then.

    \b
    Examples:
      dialer audit verify
      dialer audit verify --expect 1841:5f0c... --json
      dialer audit verify --against audit-2026-06.jsonl
    """
    if expect and against:
        raise click.UsageError("--expect and --against at a time: give one of them")
    database = ctx.store.database
    anchors = iter([_anchor(ctx, expect)] if expect else [])
    with against.open(encoding="utf-8") if against else nullcontext() as file:
        if file is not None:
            anchors = anchors_in(file, str(against))
        with _progress(ctx) as watch:
            found = verify(database, anchors, watch=watch)
    show_facts(_facts(found), as_json=as_json)
    if not found.ok:
        where = "the audit log" if found.first_bad is None else f"the audit log: row {found.first_bad}"
        raise Failure(f"{where}: {found.reason}")


def _anchor(ctx: Context, text: str) -> Head:
    if is_hash(text.strip()):
        found = AuditLog(ctx.store.database).find(text.strip())
        if found is None:
            raise Failure(
                f"no row of the audit log has the hash {text.strip()}: the log was written anew, or is another"
            )
        return found
    try:
        return Head.parse(text)
    except ValueError as error:
        raise click.UsageError(f"--expect: {error}") from None


def _facts(found: Verification) -> dict[str, Any]:
    return {**asdict(found), "head": str(found.head)}


@contextmanager
def _progress(ctx: Context) -> Iterator[Callable[[int], object] | None]:
    """A bar on stderr for logs that take a while, on terminals only."""
    stderr = sys.stderr
    head = AuditLog(ctx.store.database).head()
    if not stderr.isatty() or head is None:
        yield None
        return
    with click.progressbar(length=head.id, label="verifying", file=stderr) as bar:
        yield lambda rows: bar.update(rows - bar.pos)


@audit.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@selection_options
@click.option("--frames", is_flag=True, help="Leave out what entries say: enough to compare, and names nobody.")
@json_option
@pass_context
def export_(
    ctx: Context,
    file: Path,
    since: datetime | None,
    until: datetime | None,
    kinds: tuple[str, ...],
    frames: bool,
    as_json: bool,
) -> None:
    """Write entries as JSON lines; '-' is standard output. The first line has the head of the whole log.

    Send an export to another place now and then, best with --frames: `verify --against` holds the log to it.

    \b
    Examples:
      dialer audit export audit-2026-06.jsonl --since 2026-06-01 --until 2026-07-01
      dialer audit export - --kind dnc --kind consent
      dialer audit export anchor.jsonl --frames --json
    """
    if as_json and str(file) == "-":
        raise click.UsageError("--json tells what was written to a FILE; the lines on standard output are JSON already")
    log, at = AuditLog(ctx.store.database), datetime.now(UTC)
    lines = list[dict[str, Any]]()
    with _writing(file) as out:
        for line in export(log, Selection(since, until, kinds, not frames), at=at):
            out.write(json.dumps(line, separators=(",", ":")) + "\n")
            lines = [*lines[:1], line]
    if str(file) != "-":
        first, last = lines
        show_facts({"file": str(file), "rows": last["rows"], "head": first["head"]}, as_json=as_json)


@contextmanager
def _writing(file: Path) -> Iterator[TextIO]:
    """A new file that only the owner can read, or standard output."""
    if str(file) == "-":
        yield sys.stdout
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(f"{file}: exists, and an export may be an anchor; name a new file") from None
    except OSError as error:
        raise Failure(f"{file}: cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        yield out


@audit.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The latest so many.")
@selection_options
@click.option("--lead", "leads", type=int, multiple=True, help="Only entries about this lead.")
@click.option("--number", "numbers", multiple=True, help="Only entries about this number and no lead.")
@json_option
@pass_context
def show(
    ctx: Context,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    kinds: tuple[str, ...],
    leads: tuple[int, ...],
    numbers: tuple[str, ...],
    as_json: bool,
) -> None:
    """The latest entries, the newest first.

    \b
    Examples:
      dialer audit show --limit 5
      dialer audit show --lead 17 --json
      dialer audit show --kind settings --since 2026-06-01
    """
    persons = [*map(lead_key, leads), *(number_key(number_of(ctx, text)) for text in numbers)]
    log = AuditLog(ctx.store.database)
    found = list(log.entries(since=since, until=until, kinds=kinds, persons=persons, limit=limit))
    if as_json:
        show_json([said(entry) for entry in found])
        return
    show_rows(
        [_row(entry) for entry in found], ("id", "at", "kind", "actor", "what"), as_json=False, empty="no entries"
    )


def number_of(ctx: Context, text: str) -> str:
    try:
        return parse(text, ctx.config.site.region)
    except NumberError as error:
        raise Failure(f"'{text}': {error}") from None


def _row(entry: Entry) -> dict[str, Any]:
    body = entry.said()
    blanked = f"(blanked: see row {entry.person.partition(':')[2]})"
    what = blanked if body is None else json.dumps(body, ensure_ascii=False)
    at = entry.at.isoformat(timespec="seconds")
    return {"id": entry.id, "at": at, "kind": entry.kind, "actor": entry.actor, "what": what}


@audit.command()
@json_option
@pass_context
def retention(ctx: Context, as_json: bool) -> None:
    """What of the log no law asks for any more, and what must stay, until when and why.

    \b
    Example:
      dialer audit retention --json
    """
    rows = [asdict(each) for each in due(ctx.store.database, duties(ctx), datetime.now(UTC))]
    columns = ("kind", "entries", "due", "period", "kept_until", "because")
    show_rows(rows, columns, as_json=as_json, empty="the audit log is empty")


@audit.command("purge")
@click.option("--yes", is_flag=True, help="Yes, what is due may go for good.")
@json_option
@pass_context
def purge_(ctx: Context, yes: bool, as_json: bool) -> None:
    """Blank entries that `audit retention` calls due, and remove the start of the log that is empty then.

    The chain stays whole: entries of the log itself say what went.

    \b
    Example:
      dialer audit purge --yes
    """
    if not yes:
        raise click.UsageError("what is due goes for good; see it with `dialer audit retention`, then add --yes")
    done = purge(ctx.store.database, duties(ctx), datetime.now(UTC), actor=ACTOR)
    show_facts(asdict(done), as_json=as_json)
