"""`dialer person`: requests of people about what is held of them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from campaigns.audit.erasure import Erasure, erase, finish, pending
from campaigns.audit.records import find
from campaigns.audit.scrubbing import scrub
from dialer.cli.audit import ACTOR, duties, number_of
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows

_ELSEWHERE = (
    "not reached from here: backups, exports and rejects files that were made before, and log files; "
    "delete them, or erase again after restoring one"
)


@click.group()
def person() -> None:
    """People who ask what is held of them to be erased (GDPR art. 17)."""


@person.command("erase")
@click.option("--lead", "leads", type=int, multiple=True, help="A lead of the person; may be repeated.")
@click.option("--number", "numbers", multiple=True, help="A number of the person; may be repeated.")
@click.option("--request", default="", help="Who asked and where that is on file, without the person's name.")
@click.option(
    "--waive", "waived", multiple=True, help="A retention rule that does not apply to this person; needs --because."
)
@click.option("--because", default="", help="Why the waived rules do not apply.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased and what must stay.")
@click.option("--yes", is_flag=True, help="Yes, erase it for good.")
@json_option
@pass_context
def erase_(
    ctx: Context,
    leads: tuple[int, ...],
    numbers: tuple[str, ...],
    request: str,
    waived: tuple[str, ...],
    because: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a person from leads, calls, notes, debts and the audit log, and never call them again.

    What a law asks to be kept stays until its time is over, and is told; `dialer person finish` erases it then. The
    numbers stay on the do-not-call list, for else the next import would call them.

    \b
    Examples:
      dialer person erase --number +442079460123 --dry-run
      dialer person erase --lead 17 --request "letter of 1 June, folder 12" --yes
      dialer person erase --lead 17 --waive us.sales.retention --because "never lived in the US" --yes
    """
    if not leads and not numbers:
        raise click.UsageError("say who: --lead ID or --number NUMBER")
    if bool(waived) != bool(because.strip()):
        raise click.UsageError("--waive RULE and --because REASON belong together")
    if not dry_run and not yes:
        raise click.UsageError("erasing cannot be undone; see what would go with --dry-run, then add --yes")
    known = duties(ctx)
    _require_known(waived, [duty.rule for duty in known])
    database = ctx.store.database
    subject = find(database, leads, [number_of(ctx, text) for text in numbers])
    note = "; ".join(filter(None, (request, f"waived because: {because}" if waived else "")))
    done = erase(
        database, subject, known, actor=ACTOR, request=note, at=datetime.now(UTC), waived=waived, dry_run=dry_run
    )
    _show(done, as_json=as_json)
    if not dry_run:
        _scrub(ctx)


def _require_known(waived: tuple[str, ...], rules: list[str]) -> None:
    for rule in waived:
        if rule not in rules:
            raise Failure(f"--waive {rule}: no such retention rule; there are: {', '.join(sorted(set(rules)))}")


def _show(done: Erasure, *, as_json: bool) -> None:
    if as_json:
        show_json(_document(done))
    else:
        _tell(done)
    for lead, number in done.shared.items():
        click.echo(
            f"warning: lead {lead} has the number {number} too and was left as it is; if it is the same person, "
            f"erase --lead {lead} as well",
            err=True,
        )


def _document(done: Erasure) -> dict[str, Any]:
    return {**asdict(done), "kept": [asdict(kept) for kept in done.kept]}


def _tell(done: Erasure) -> None:
    verb = "would be erased" if done.entry is None else "erased"
    show_facts({"leads": done.leads, "barred": done.numbers, verb: done.erased or "nothing"}, as_json=False)
    if done.kept:
        click.echo("kept, because the law asks for it:")
        columns = ("records", "table", "rows", "until", "rule", "because")
        rows = [{**asdict(kept), "records": kept.record, "until": f"{kept.until:%Y-%m-%d}"} for kept in done.kept]
        show_rows(rows, columns, as_json=False, empty="")


def _scrub(ctx: Context) -> None:
    if not scrub(ctx.store.database):
        click.echo(
            "warning: another process reads the database, so its write-ahead log still holds what was erased; "
            "it goes with the dialer's next checkpoint, or run: dialer person finish --yes",
            err=True,
        )
    click.echo(_ELSEWHERE, err=True)


@person.command("pending")
@json_option
@pass_context
def pending_(ctx: Context, as_json: bool) -> None:
    """Leads of people who asked to be erased, of whom the law still holds records.

    \b
    Example:
      dialer person pending
    """
    rows = []
    database, known, now = ctx.store.database, duties(ctx), datetime.now(UTC)
    for lead_id in pending(database):
        subject = find(database, [lead_id])
        plan = erase(database, subject, known, actor=ACTOR, request="", at=now, dry_run=True)
        until = max((kept.until for kept in plan.kept), default=None)
        rules = sorted({kept.rule for kept in plan.kept})
        rows.append({"lead": lead_id, "can_go_now": sum(plan.erased.values()), "kept_until": until, "rules": rules})
    columns = ("lead", "can_go_now", "kept_until", "rules")
    show_rows(rows, columns, as_json=as_json, empty="nobody who asked to be erased is left")


@person.command("finish")
@click.option("--yes", is_flag=True, help="Yes, erase it for good.")
@json_option
@pass_context
def finish_(ctx: Context, yes: bool, as_json: bool) -> None:
    """Erase what the law held of people who asked to be erased, where its time is over. Run it once a month.

    \b
    Example:
      dialer person finish --yes
    """
    if not yes:
        raise click.UsageError("erasing cannot be undone; see `dialer person pending`, then add --yes")
    done = finish(ctx.store.database, duties(ctx), actor=ACTOR, at=datetime.now(UTC))
    if as_json:
        show_json([_document(each) for each in done])
    else:
        rows = [{"leads": each.leads, "erased": each.erased, "kept": len(each.kept)} for each in done]
        show_rows(rows, ("leads", "erased", "kept"), as_json=False, empty="no duty has let go of anything yet")
    _scrub(ctx)
