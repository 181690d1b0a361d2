"""`dialer dnc`."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from campaigns.dnc import Hit, Listing, Scope
from campaigns.dnc.registries import registry_of, require_known
from campaigns.numbers import NumberError, parse
from campaigns.rules import load_builtin
from campaigns.rules.model import RegistryCheck
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.instants import instant
from dialer.cli.output import json_option, show_facts, show_json, show_rows

_COUNTS = ("read", "added", "already", "bad")
_BAD_LINES_SHOWN = 5
_EXPORTED = ("number", "scope", "list", "campaign", "source", "added_at", "expires_at")

_campaign_option = click.option("--campaign", metavar="NAME", help="The list of this campaign, not the site's.")
_expires_option = click.option(
    "--expires", metavar="DATE", callback=instant, help="The entry bars until this date or instant (UTC)."
)
_days_option = click.option("--days", type=click.IntRange(1), help="The entry bars for so many days.")


@click.group()
def dnc() -> None:
    """Numbers that must not be called: the site's list, campaigns' lists, and copies of national registries.

    Entries of the site's and of a campaign's list bar a number whatever else holds. Whether a registry does is for the
    calling rules to say (`dialer rules list`): consent may lift it.
    """


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@_campaign_option
@_expires_option
@_days_option
@click.option("--registry", metavar="ID", help="A national registry: us-national, ca-dncl, gb-tps, au-dncr, it-rpo ...")
@click.option("--as-of", metavar="DATE", callback=instant, help="The date of the registry's file.")
@click.option("--full", "full", flag_value=True, type=bool, default=None, help="FILE is the registry's whole list.")
@click.option("--change", "full", flag_value=False, type=bool, help="FILE says which numbers were added or deleted.")
@click.option("--area-codes", metavar="212,646", help="FILE is whole for these area codes only (US and Canada).")
@click.option("--force", is_flag=True, help="Leave out a registry's bad lines; take a list that looks cut off.")
@json_option
@pass_context
def import_(
    ctx: Context,
    file: Path,
    campaign: str | None,
    expires: datetime | None,
    days: int | None,
    registry: str | None,
    as_of: datetime | None,
    full: bool | None,
    area_codes: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Import a list: one number a line, `area,number`, or a CSV with the number first; '-' reads standard input.

    Onto the site's or a campaign's list, numbers are added. Lines that hold no number are left out and told; the exit
    code is 1 then, and all other numbers are barred.

    A registry's file replaces its copy (--full), or adds and deletes as a column with A or D says (--change). It may be
    the zip file of the download. A file with a line that cannot be used, or with less than half of the copy's numbers,
    changes nothing unless --force is given.

    \b
    Examples:
      dialer dnc import complaints.txt
      dialer dnc import partners.csv --campaign spring --days 90
      dialer dnc import 2026-06-01.txt --registry us-national --as-of 2026-06-01 --full
      dialer dnc import changes.txt --registry us-national --as-of 2026-06-08 --change
      dialer dnc import nyc.txt --registry us-national --as-of 2026-06-01 --full --area-codes 212,646
    """
    own = {"--campaign": campaign, "--expires": expires, "--days": days}
    copied = {"--as-of": as_of, "--full or --change": full, "--area-codes": area_codes, "--force": force or None}
    if registry is None:
        _refuse(copied, "is for a registry's file: add --registry ID")
        _import_own(ctx, file, campaign, _expiry(expires, days), as_json=as_json)
        return
    _refuse(own, "is not for a registry's file: leave it out")
    if as_of is None or full is None:
        raise click.UsageError("--registry needs --as-of DATE, and --full or --change")
    areas = tuple(part.strip() for part in area_codes.split(",")) if area_codes else ()
    _import_registry(ctx, file, registry, as_of, areas, full=full, force=force, as_json=as_json)


def _refuse(options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"{name} {why}")


def _import_own(ctx: Context, file: Path, campaign: str | None, expires: datetime | None, *, as_json: bool) -> None:
    source: Any = sys.stdin.buffer if str(file) == "-" else file
    campaign_id = _campaign_id(ctx, campaign)
    try:
        counts = ctx.store.dnc.import_file(source, ctx.config.site.region, campaign_id=campaign_id, expires_at=expires)
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


def _import_registry(
    ctx: Context,
    file: Path,
    registry: str,
    as_of: datetime,
    areas: tuple[str, ...],
    *,
    full: bool,
    force: bool,
    as_json: bool,
) -> None:
    _require_registry(ctx, registry)
    source: Any = sys.stdin.buffer if str(file) == "-" else file
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f} lines"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with shown if sys.stderr.isatty() else nullcontext():
        task = shown.add_task(registry, total=None)
        try:
            report = ctx.store.dnc.import_registry(
                source,
                registry,
                as_of=as_of,
                full=full,
                areas=areas,
                force=force,
                progress=lambda lines: shown.update(task, completed=lines),
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        except OSError as error:
            raise Failure(f"{file}: cannot be read: {error.strerror}") from None
    facts = {name: getattr(report, name) for name in report.__slots__ if name != "bad_lines"}
    bad = [{"line": line.line, "text": line.text, "reason": line.reason} for line in report.bad_lines]
    show_facts({**facts, "bad_lines": bad} if as_json else facts, as_json=as_json)
    for line in [] if as_json else report.bad_lines[:_BAD_LINES_SHOWN]:
        click.echo(f"warning: left out line {line.line}: {line.text!r}: {line.reason}", err=True)


def _require_registry(ctx: Context, registry: str) -> None:
    rules = ctx.site.rulebook(ctx.config).rules
    try:
        registry_of(registry)
        require_known(registry, {rule.params.id for rule in rules if isinstance(rule.params, RegistryCheck)})
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@dnc.command()
@click.argument("number")
@_campaign_option
@_expires_option
@_days_option
@click.option("--source", default="manual", show_default=True, help="Where it came from, such as 'letter of 1 June'.")
@pass_context
def add(
    ctx: Context, number: str, campaign: str | None, expires: datetime | None, days: int | None, source: str
) -> None:
    """Add one number; it is obeyed from the next call on.

    \b
    Examples:
      dialer dnc add +12125550123
      dialer dnc add +12125550123 --campaign spring --days 90 --source "asked for a break"
    """
    e164 = _number(ctx, number)
    until = _expiry(expires, days)
    ctx.store.dnc.add([e164], source, campaign_id=_campaign_id(ctx, campaign), expires_at=until)
    hits = [hit for hit in ctx.store.dnc.check(e164) if hit.scope is Scope.SITE or hit.campaign == campaign is not None]
    click.echo(_said_of(e164, hits, campaign, until))


def _said_of(e164: str, hits: Sequence[Hit], campaign: str | None, until: datetime | None) -> str:
    """How long a number is barred now: an entry that holds for longer is not shortened by a new one."""
    where = f" for campaign {campaign}" if campaign else ""
    if until is None:
        return f"{e164} will not be called{where}"
    for_good = next((hit for hit in hits if hit.expires_at is None), None)
    if for_good is not None:
        since = f"{for_good.added_at:%Y-%m-%d} ({for_good.source})"
        return f"{e164} stays barred for good{where}: it is on the list {for_good.list} without an end since {since}"
    last = max([until, *(hit.expires_at for hit in hits if hit.expires_at is not None)])
    return f"{e164} will not be called{where} until {last.isoformat(timespec='seconds')}"


@dnc.command()
@click.argument("number")
@json_option
@pass_context
def check(ctx: Context, number: str, as_json: bool) -> None:
    """Say whether a number is on a list, and on which.

    A campaign's entry bars the number for that campaign only; what a registry's means, the calling rules say.

    \b
    Example:
      dialer dnc check +12125550123 --json
    """
    e164 = _number(ctx, number)
    now = datetime.now(UTC)
    hits = ctx.store.dnc.check(e164, now)
    first = hits[0] if hits else None
    facts = {
        "number": e164,
        "listed": bool(hits),
        "source": first.source if first else None,
        "added_at": first.added_at if first else None,
    }
    rows = [_hit_facts(hit, now) for hit in hits]
    if as_json:
        show_json({**facts, "hits": rows})
        return
    show_facts({"number": e164, "listed": bool(hits)}, as_json=False)
    if rows:
        show_rows(rows, ("scope", "list", "source", "added_at", "expires_at", "age_days"), as_json=False, empty="")


def _hit_facts(hit: Hit, now: datetime) -> dict[str, Any]:
    return {
        "scope": hit.scope,
        "list": hit.list,
        "campaign": hit.campaign,
        "registry": hit.registry,
        "source": hit.source,
        "added_at": hit.added_at,
        "expires_at": hit.expires_at,
        "as_of": hit.as_of,
        "age_days": hit.age_days(now),
    }


@dnc.command()
@click.argument("number")
@_campaign_option
@click.option("--yes", is_flag=True, help="Yes, this number may be called again.")
@pass_context
def remove(ctx: Context, number: str, campaign: str | None, yes: bool) -> None:
    """Take a number off the list, for example one that was added by mistake.

    \b
    Examples:
      dialer dnc remove +12125550123 --yes
      dialer dnc remove +12125550123 --campaign spring --yes
    """
    e164 = _number(ctx, number)
    if not yes:
        raise click.UsageError(f"{e164} may be called again after this; if that is right, add --yes")
    if not ctx.store.dnc.remove(e164, campaign_id=_campaign_id(ctx, campaign)):
        raise Failure(f"{e164} is not on the list" + (f" of campaign {campaign}" if campaign else ""))
    click.echo(f"{e164} is off the list" + (f" of campaign {campaign}" if campaign else ""))
    for hit in ctx.store.dnc.check(e164):
        click.echo(f"warning: it is still on the list {hit.list}", err=True)


@dnc.command("lists")
@json_option
@pass_context
def lists_(ctx: Context, as_json: bool) -> None:
    """Show every list with its entries, and how old each registry's copy is.

    A copy that is older than the law allows is warned of: numbers are not called on the word of such a copy.

    \b
    Example:
      dialer dnc lists
    """
    found = ctx.store.dnc.lists(max_ages=_max_ages())
    columns = ("list", "scope", "entries", "areas", "as_of", "age_days", "max_age_days", "version")
    show_rows([_list_facts(each) for each in found], columns, as_json=as_json, empty="no list")
    for each in found:
        if each.stale:
            click.echo(
                f"warning: the copy of {each.name} is {each.age_days} days old, and {each.max_age_days} are allowed; "
                f"get a new file and run: dialer dnc import FILE --registry {each.name} --as-of DATE --full",
                err=True,
            )


def _max_ages() -> dict[str, int]:
    """Days that a copy of each registry serves, by the strictest rule of the packs."""
    ages: dict[str, int] = {}
    for rule in (rule for pack in load_builtin() for rule in pack.rules):
        check = rule.params
        if isinstance(check, RegistryCheck) and check.max_age is not None and check.max_age.days is not None:
            ages[check.id] = min(check.max_age.days, ages.get(check.id, check.max_age.days))
    return ages


def _list_facts(each: Listing) -> dict[str, Any]:
    return {
        "list": each.name,
        "scope": each.scope,
        "campaign": each.campaign,
        "registry": each.registry,
        "entries": each.entries,
        "areas": list(each.areas),
        "version": each.version,
        "as_of": each.as_of,
        "imported_at": each.imported_at,
        "age_days": each.age_days,
        "max_age_days": each.max_age_days,
        "stale": each.stale,
    }


@dnc.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@_campaign_option
@click.option("--registry", metavar="ID", help="The copy of this registry.")
@pass_context
def export(ctx: Context, file: Path, campaign: str | None, registry: str | None) -> None:
    """Write the site's and all campaigns' lists as CSV, or one list, to FILE or standard output.

    \b
    Examples:
      dialer dnc export > dnc.csv
      dialer dnc export spring.csv --campaign spring
    """
    if campaign and registry:
        raise click.UsageError("--campaign and --registry: name one list")
    wanted = _wanted(ctx, campaign, registry)
    rows = ctx.store.dnc.export(wanted)
    if str(file) == "-":
        _write(sys.stdout, rows)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            count = _write(opened, rows)
    except OSError as error:
        raise Failure(f"{file}: cannot be written: {error.strerror}") from None
    click.echo(f"{count} entries written to {file}", err=True)


def _wanted(ctx: Context, campaign: str | None, registry: str | None) -> list[int]:
    """The ids of the lists that are meant."""
    name = None if campaign is None else ctx.store.campaign_by_id(_campaign_id(ctx, campaign) or 0).name
    found = [
        each.list_id
        for each in ctx.store.dnc.lists()
        if (each.registry == registry if registry else each.scope is not Scope.REGISTRY)
        and (name is None or each.campaign == name)
    ]
    if registry and not found:
        raise Failure(f"there is no copy of {registry}; `dialer dnc lists` shows those there are")
    return found


def _write(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_EXPORTED)
    count = 0
    for row in rows:
        writer.writerow(_cell(row[name]) for name in _EXPORTED)
        count += 1
    return count


def _cell(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


@dnc.command()
@pass_context
def sweep(ctx: Context) -> None:
    """Remove expired entries, and let the leads that ended only for them wait for their call again.

    A running dialer does this by itself.

    \b
    Example:
      dialer dnc sweep
    """
    click.echo(f"{ctx.store.dnc.sweep()} expired entries removed")


@dnc.command()
@click.argument("registry")
@click.option("--yes", is_flag=True, help="Yes, forget the copy.")
@pass_context
def forget(ctx: Context, registry: str, yes: bool) -> None:
    """Delete the copy of a registry, for example one that is of no use any more.

    \b
    Example:
      dialer dnc forget fr-bloctel --yes
    """
    if not yes:
        raise click.UsageError(
            f"calls to numbers on {registry} are not checked after this; if that is right, add --yes"
        )
    try:
        there = ctx.store.dnc.remove_registry(registry)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if not there:
        raise Failure(f"there is no copy of {registry}; `dialer dnc lists` shows those there are")
    click.echo(f"the copy of {registry} is deleted")


def _number(ctx: Context, text: str) -> str:
    try:
        return parse(text, ctx.config.site.region)
    except NumberError as error:
        raise Failure(f"'{text}': {error}") from None


def _campaign_id(ctx: Context, name: str | None) -> int | None:
    return None if name is None else ctx.store.campaign(name).campaign_id


def _expiry(expires: datetime | None, days: int | None) -> datetime | None:
    if expires is not None and days is not None:
        raise click.UsageError("--expires and --days: give one of them")
    now = datetime.now(UTC)
    until = expires if days is None else now + timedelta(days=days)
    if until is not None and until <= now:
        raise click.UsageError(f"--expires {until.isoformat()}: the entry would have expired already")
    return until
