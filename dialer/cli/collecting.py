"""What the commands of collections share: the campaign, the loader of files, and how a file's refusals are told."""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from campaigns.collections.debts import Debt
from campaigns.collections.files import Loader
from campaigns.collections.payments import Payments
from campaigns.collections.promisebook import PromiseBook, Settled
from campaigns.collections.tables import Tally
from campaigns.model import CampaignSettings
from campaigns.textfiles import open_file
from dialer.cli.context import Context, Failure
from dialer.cli.output import show_facts, show_rows

_REFUSALS_SHOWN = 20
_WARNINGS_SHOWN = 20

FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)

rejects_option = click.option(
    "--rejects", type=click.Path(path_type=Path, dir_okay=False), help="Write refused rows here, with line and reason."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")


def zone_of(campaign: CampaignSettings) -> ZoneInfo:
    return ZoneInfo(campaign.timezone)


def debt_of(ctx: Context, campaign: CampaignSettings, reference: str) -> Debt:
    return ctx.store.debts.by_reference(campaign.campaign_id, reference)


def book_of(ctx: Context) -> PromiseBook:
    return ctx.store.promises


def payments_of(ctx: Context) -> Payments:
    return ctx.store.payments


def loader_of(ctx: Context, campaign: CampaignSettings, *, region: str = "", dry_run: bool = False) -> Loader:
    store = ctx.store
    region = region or ctx.config.site.region
    return Loader(store.database, store.debts, campaign, datetime.now(UTC), region, dry_run)


def source_of(file: Path) -> Any:
    return sys.stdin.buffer if str(file) == "-" else file


def require_apart(file: Path, rejects: Path | None) -> None:
    """Refuse to write the refused rows over the file they come from."""
    if rejects is not None and str(file) != "-" and rejects.resolve() == file.resolve():
        raise Failure(f"{rejects}: the rejects file would overwrite the file that is imported; name another")


def tell(
    tally: Tally, *, rejects: Path | None, dry_run: bool, as_json: bool, more: dict[str, Any] | None = None
) -> None:
    """Counts on stdout, warnings and refusals on stderr; a Failure when rows were refused or something was not done."""
    if rejects is not None:
        _write(tally, rejects)
    lines: list[dict[str, Any]] = [{"line": each.line, "reason": each.reason} for each in tally.refused]
    extra = more or {}
    show_facts({**tally.facts(), **extra, **({"refusals": lines} if as_json else {})}, as_json=as_json)
    for warning in tally.warnings[:_WARNINGS_SHOWN]:
        click.echo(f"warning: {warning}", err=True)
    if len(tally.warnings) > _WARNINGS_SHOWN:
        click.echo(f"and {len(tally.warnings) - _WARNINGS_SHOWN} more warnings", err=True)
    if dry_run:
        click.echo("dry run: nothing was written", err=True)
    if tally.refused:
        for line in [] if as_json else lines[:_REFUSALS_SHOWN]:
            click.echo(f"line {line['line']}: {line['reason']}", err=True)
        where = f"they are in {rejects}" if rejects else "--rejects FILE writes them down"
        raise Failure(f"{len(lines)} of {tally.read} rows were refused; {where}. Mend them and import the file again")
    if tally.incomplete:
        raise Failure("not all that was asked for was done; see the warnings")


def _write(tally: Tally, rejects: Path) -> None:
    with open_file(rejects, "w", "utf-8", "the rejects file cannot be written") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "reason", *tally.header))
        writer.writerows((each.line, each.reason, *each.written) for each in tally.refused)


def settled_facts(settled: Settled) -> dict[str, Any]:
    return {
        "promise": settled.promise_id,
        "lead_id": settled.lead_id,
        "state": settled.state.value,
        "covered": settled.covered.text,
        "currency": settled.covered.currency,
        "next_step": settled.follow_up.step.value,
        "on": settled.follow_up.on,
        "urgent": settled.follow_up.urgent,
        "because": settled.follow_up.because,
        "calls_from": settled.scheduled,
    }


def show_settled(settled: list[Settled], *, as_json: bool) -> None:
    columns = ("promise", "lead_id", "state", "covered", "currency", "next_step", "on", "because", "calls_from")
    rows = [settled_facts(each) for each in settled]
    show_rows(rows, columns, as_json=as_json, empty="no promise changed")
