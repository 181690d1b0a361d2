"""`dialer script`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from campaigns.telesales.fields import Field
from campaigns.telesales.parsing import parsed
from campaigns.telesales.scripts import Branch, Script, ScriptError
from campaigns.textfiles import open_file
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_json, show_rows

_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.group()
def script() -> None:
    """Scripts: what agents say and ask, step by step. docs/scripts.md shows how to write one.

    \b
    From a file to the calls of a campaign:
      dialer script check spring.toml
      dialer script import spring.toml
      dialer campaign set spring script=spring
    """


@script.command("import")
@click.argument("file", type=_FILE)
@click.option("--name", help="The script's name. Default: that of the file without its ending.")
@pass_context
def import_(ctx: Context, file: Path, name: str | None) -> None:
    """Check a script and keep it as the next version of its name. Calls that have begun keep their version.

    \b
    Examples:
      dialer script import spring.toml
      generate-script | dialer script import - --name spring
    """
    if name is None and str(file) == "-":
        raise click.UsageError("standard input has no name: give one with --name")
    text = _text_of(file)
    try:
        made = ctx.store.scripts.add(name or file.stem, text, datetime.now(UTC), file=str(file))
    except ScriptError as error:
        raise Failure(f"the script was not imported:\n{error}") from None
    click.echo(f"script {made.name} is at version {made.version}; for a campaign: campaign set NAME script={made.name}")


@script.command()
@click.argument("file", type=_FILE)
@json_option
def check(file: Path, as_json: bool) -> None:
    """Find what is wrong with a script, without importing it. Exit code 1 with problems.

    Every way through the script is walked: each must come to an end, and pass each field that its end requires.

    \b
    Example:
      dialer script check spring.toml
    """
    try:
        made = parsed(_text_of(file), file=str(file), name=file.stem)
    except ScriptError as error:
        if as_json:
            show_json([{"where": problem.where, "text": problem.text} for problem in error.problems])
        else:
            click.echo(str(error))
        click.get_current_context().exit(1)
    if as_json:
        show_json([])
    else:
        click.echo(f"{file}: {len(made.steps)} steps, {len(made.fields)} fields; nothing is wrong")


@script.command("list")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the scripts with their latest versions, and the campaigns that use them.

    \b
    Example:
      dialer script list
    """
    campaigns = ctx.store.campaigns()
    rows = [
        {**row, "campaigns": [each.name for each in campaigns if each.script == row["name"]]}
        for row in ctx.store.scripts.listing()
    ]
    columns = ("name", "version", "title", "steps", "fields", "updated_at", "campaigns")
    show_rows(rows, columns, as_json=as_json, empty="no scripts; import one with: dialer script import FILE")


@script.command()
@click.argument("name")
@click.option("--version", type=int, help="Which one. Default: the latest.")
@json_option
@pass_context
def show(ctx: Context, name: str, version: int | None, as_json: bool) -> None:
    """Show a script's steps: what they ask, and where they lead.

    \b
    Example:
      dialer script show spring
    """
    found = ctx.store.scripts.get(name, version)
    rows = [
        {
            "step": step.name,
            "asks": [_asked(found.fields[field]) for field in step.asks],
            "next": [_told(branch) for branch in step.branches],
            "end": list(step.ends),
        }
        for step in found.steps.values()
    ]
    if as_json:
        show_json({**_head(found), "steps": rows})
        return
    click.echo(f"{found.name} {found.version}: {found.title}\n")
    show_rows(rows, ("step", "asks", "next", "end"), as_json=False, empty="")


@script.command()
@click.argument("name")
@click.option("--version", type=int, help="Which one. Default: the latest.")
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it here. Default: stdout.")
@pass_context
def export(ctx: Context, name: str, version: int | None, file: Path | None) -> None:
    """Write a script out as it was imported.

    \b
    Example:
      dialer script export spring --version 2 --to spring-2.toml
    """
    text = ctx.store.scripts.text(name, version)
    if file is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    with open_file(file, "w", "utf-8", "the script cannot be written") as out:
        out.write(text)


def _text_of(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Failure(f"{file}: line {line} is not UTF-8; save the file as UTF-8, which TOML asks for") from None


def _head(found: Script) -> dict[str, object]:
    return {
        "name": found.name,
        "version": found.version,
        "title": found.title,
        "start": found.start,
        "required": {code: list(fields) for code, fields in found.required.items()},
    }


def _asked(field: Field) -> str:
    return f"{field.name} ({field.kind}{', required' if field.required else ''})"


def _told(branch: Branch) -> str:
    if not branch.field:
        return branch.go
    if branch.values is not None:
        return f"{branch.go} if {branch.field} is {' or '.join(value or 'left open' for value in branch.values)}"
    bounds = [f"{word} {bound}" for word, bound in (("from", branch.start), ("below", branch.end)) if bound is not None]
    return f"{branch.go} if {branch.field} is {' and '.join(bounds)}"
