"""`dialer consent`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from campaigns.consent_files import import_consents
from campaigns.consents import Evidence, Given, Record
from campaigns.model import Basis, CampaignSettings, Purpose
from campaigns.numbers import NumberError, parse
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.instants import instant
from dialer.cli.output import json_option, show_facts, show_rows

_REJECTS_SHOWN = 5
_LONGEST_LEAD_ID = 7
_BASES = [basis.value for basis in Basis if basis is not Basis.NONE]

_purpose_option = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    help="What they may be called for. Default: every purpose.",
)


@click.group()
def consent() -> None:
    """Consents and other grounds on which people may be called, with their evidence; and their revocation.

    The grounds, from weak to strong: inquiry, ebr (an established business relationship), contract, express (prior
    express consent or request), written (prior express written consent).
    """


@consent.command()
@click.argument("campaign")
@click.argument("who", metavar="LEAD_ID|NUMBER")
@click.option("--basis", type=click.Choice(_BASES), required=True, help="The ground.")
@_purpose_option
@click.option("--at", "obtained_at", metavar="DATE", callback=instant, help="When it was given.")
@click.option("--expires", metavar="DATE", callback=instant, help="When it ends.")
@click.option("--evidence", default="", help="Where the proof is, such as 'web form 123, folder 9'.")
@click.option("--name", default="", help="The name of the person who gave it.")
@click.option("--request", default="", help="The request for consent, as it was shown.")
@pass_context
def add(
    ctx: Context,
    campaign: str,
    who: str,
    basis: str,
    purpose: str | None,
    obtained_at: datetime | None,
    expires: datetime | None,
    evidence: str,
    name: str,
    request: str,
) -> None:
    """Record a consent: of a lead for all its numbers, or of all leads with a number for that number.

    Regulators ask to see number, name, the request as it was shown, purpose and date (16 CFR 310.5, UWG § 7a).

    \b
    Examples:
      dialer consent add spring 17 --basis ebr --at 2026-03-01 --evidence "order 4711"
      dialer consent add spring +12125550123 --basis written --purpose sales --at 2026-05-01T14:00:00-04:00 \\
        --name "Ada Abbott" --request "Call me about offers" --evidence "web form 123"
    """
    of, leads, number = _meant(ctx, campaign, who)
    try:
        given = Given(Basis(basis), _purpose(purpose), obtained_at, expires, Evidence(evidence, name, request))
        ids = ctx.store.consents.add_many([(lead_id, number, given) for lead_id in leads])
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    new = [consent_id for consent_id in ids if consent_id is not None]
    click.echo(f"{len(new)} consents recorded" if len(ids) > 1 else "recorded" if new else "it was recorded already")
    recorded = [record for record in ctx.store.consents.records(leads) if record.consent_id in new]
    revoked_at = next((record.consent.revoked_at for record in recorded if record.consent.revoked_at is not None), None)
    if revoked_at is not None:
        text = f"it does not count: the person revoked it at {revoked_at.isoformat(timespec='minutes')}"
        click.echo(f"warning: {text}; for one that was given since, say when with --at", err=True)
    for record in recorded:
        if record.missing:
            click.echo(f"warning: the record does not show: {', '.join(record.missing)}", err=True)
            break
    if given.purpose not in (None, of.purpose):
        click.echo(f"warning: {of.name} calls for {of.purpose}, and this consent is for {given.purpose}", err=True)


@consent.command()
@click.argument("campaign")
@click.argument("who", metavar="LEAD_ID|NUMBER")
@click.option("--basis", type=click.Choice(_BASES), help="Only this ground. Default: all.")
@_purpose_option
@click.option("--at", "at", metavar="DATE", callback=instant, help="When it was revoked. Default: now.")
@pass_context
def revoke(ctx: Context, campaign: str, who: str, basis: str | None, purpose: str | None, at: datetime | None) -> None:
    """Let consents count no more, from now on; they stay on record.

    That of a lead reaches all leads of its person and whoever has one of their numbers, that of a number all leads
    that have it and their people: in all campaigns.

    A person who does not want to be called at all belongs on the do-not-call list: `dialer dnc add`.

    \b
    Examples:
      dialer consent revoke spring 17
      dialer consent revoke spring +12125550123 --purpose sales
    """
    _, leads, number = _meant(ctx, campaign, who)
    now = datetime.now(UTC)
    if at is not None and at > now:
        raise click.UsageError(f"--at {at.isoformat()}: a revocation takes effect at once, not in the future")
    with ctx.store.transaction():
        revoked = sum(
            ctx.store.consents.revoke(
                lead_id, phone=number, basis=Basis(basis) if basis else None, purpose=_purpose(purpose), at=at or now
            )
            for lead_id in leads
        )
    if not revoked:
        raise Failure(f"{who} has no consent that could be revoked; see: dialer consent list {campaign} {who}")
    click.echo(f"{revoked} consents revoked" if revoked > 1 else "revoked")


@consent.command("list")
@click.argument("campaign")
@click.argument("who", metavar="[LEAD_ID|NUMBER]", required=False)
@json_option
@pass_context
def list_(ctx: Context, campaign: str, who: str | None, as_json: bool) -> None:
    """List consents of a lead, of a number's leads, or of the whole campaign, past ones too.

    \b
    Examples:
      dialer consent list spring 17
      dialer consent list spring --json > consents.json
    """
    now = datetime.now(UTC)
    if who is None:
        records = ctx.store.consents.of_campaign(ctx.store.campaign(campaign).campaign_id)
    else:
        _, leads, number = _meant(ctx, campaign, who)
        records = [
            record
            for record in ctx.store.consents.records(leads)
            if number is None or record.consent.phone in (None, number)
        ]
    columns = ("lead_id", "number", "basis", "purpose", "state", "obtained_at", "expires_at", "revoked_at", "missing")
    show_rows([_facts(record, now) for record in records], columns, as_json=as_json, empty="no consents")


def _facts(record: Record, now: datetime) -> dict[str, Any]:
    consent, evidence = record.consent, Evidence.of(record.consent.evidence)
    return {
        "id": record.consent_id,
        "lead_id": record.lead_id,
        "number": consent.phone,
        "basis": consent.basis,
        "purpose": consent.purpose,
        "state": record.state(now),
        "obtained_at": consent.obtained_at,
        "expires_at": consent.expires_at,
        "revoked_at": consent.revoked_at,
        "name": evidence.name,
        "request": evidence.request,
        "evidence": evidence.note,
        "missing": list(record.missing),
    }


@consent.command("import")
@click.argument("campaign")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--region", help="Country of numbers without a country code. Default: the site's region.")
@click.option(
    "--rejects", type=click.Path(path_type=Path, dir_okay=False), help="Write refused rows here, with reasons."
)
@json_option
@pass_context
def import_(ctx: Context, campaign: str, file: Path, region: str | None, rejects: Path | None, as_json: bool) -> None:
    """Import consents of a campaign's leads from a FILE with a header line; '-' reads standard input.

    Columns: number or lead_id, basis, and any of purpose, obtained_at, expires_at, evidence, name, request. Rows that
    cannot be recorded are told, with --rejects written to a file too, and the exit code is 1; the others are recorded.

    \b
    Example:
      dialer consent import spring consents.csv --rejects refused.csv
    """
    of = ctx.store.campaign(campaign)
    source: Any = sys.stdin.buffer if str(file) == "-" else file
    report = import_consents(
        ctx.store.consents, of.campaign_id, source, region or ctx.config.site.region, rejects=rejects
    )
    show_facts(report.as_dict() if as_json else report.counts(), as_json=as_json)
    if not report.rejected:
        return
    for reject in [] if as_json else report.rejects[:_REJECTS_SHOWN]:
        click.echo(f"line {reject.line}: {reject.reason}", err=True)
    where = f"they are in {rejects}" if rejects else "--rejects FILE writes them down"
    raise Failure(f"{report.rejected} of {report.read} rows were not recorded; {where}")


def _meant(ctx: Context, campaign: str, who: str) -> tuple[CampaignSettings, list[int], str | None]:
    """The campaign, the leads that are meant, and the number when they are meant by it."""
    of = ctx.store.campaign(campaign)
    if who.isdecimal() and who[0] != "0" and len(who) <= _LONGEST_LEAD_ID:
        if not ctx.store.consents.leads_of(of.campaign_id, [int(who)]):
            raise Failure(f"campaign {campaign!r} has no lead {who}")
        return of, [int(who)], None
    try:
        number = parse(who, ctx.config.site.region)
    except NumberError as error:
        raise Failure(f"'{who}': {error}; give a lead's id or a number") from None
    leads = ctx.store.consents.holders(of.campaign_id, [number]).get(number, ())
    if not leads:
        raise Failure(f"campaign {campaign!r} has no lead with the number {number}")
    return of, list(leads), number


def _purpose(text: str | None) -> Purpose | None:
    return None if text is None else Purpose(text)
