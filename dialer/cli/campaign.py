"""`dialer campaign`."""

from dataclasses import asdict
from typing import Any

import click

from campaigns.model import CampaignSettings, CampaignState, Kind, Mode
from campaigns.store import UnknownCampaign
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts, show_rows
from dialer.core.engine import DIALED_MODES
from hw.contract.driver import DriverError
from hw.sip.wav import wav_seconds


@click.group()
def campaign() -> None:
    """Campaigns: make, change, start and stop them."""


@campaign.command()
@click.argument("name")
@click.option("--kind", type=click.Choice([k.value for k in Kind]), required=True)
@click.option("--mode", type=click.Choice([m.value for m in Mode]), required=True, help="How lines are dialed.")
@click.option("--max-abandon", type=float, metavar="PERCENT", help="Limit of abandoned calls. Default: 3.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any other setting; may be repeated.")
@pass_context
def create(ctx: Context, name: str, kind: str, mode: str, max_abandon: float | None, settings: tuple[str, ...]) -> None:
    """Make a campaign. It starts out stopped.

    \b
    Examples:
      dialer campaign create spring --kind telesales --mode predictive --max-abandon 2.5
      dialer campaign create arrears --kind collections --mode progressive --set "window=08:00-21:00 mon-sat"
    """
    values: dict[str, Any] = dict(_pair(text) for text in settings)
    if max_abandon is not None:
        values["max_abandon_rate"] = max_abandon / 100
    try:
        made = ctx.store.create_campaign(name, Kind(kind), Mode(mode), **values)
    except ValueError as error:
        raise Failure(str(error)) from None
    click.echo(f"campaign {made.name} made. Next: dialer leads import {made.name} FILE")


@campaign.command("list")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the campaigns.

    \b
    Example:
      dialer campaign list --json
    """
    rows = [{**_facts(s), **_counts(ctx, s)} for s in ctx.store.campaigns()]
    columns = ("name", "kind", "mode", "state", "leads", "leads_left", "attempts")
    show_rows(rows, columns, as_json=as_json, empty="no campaigns; make one with: dialer campaign create")


@campaign.command()
@click.argument("name")
@json_option
@pass_context
def show(ctx: Context, name: str, as_json: bool) -> None:
    """Show a campaign's settings.

    \b
    Example:
      dialer campaign show spring
    """
    settings = _campaign(ctx, name)
    show_facts({**_facts(settings), **_counts(ctx, settings)}, as_json=as_json)


@campaign.command("set")
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE...")
@pass_context
def set_(ctx: Context, name: str, settings: tuple[str, ...]) -> None:
    """Change settings; a running dialer takes them over at once.

    \b
    Examples:
      dialer campaign set spring ring_timeout_s=22 wrapup_s=20 "window=09:00-20:00 mon-sat"
      dialer campaign set spring retry=abandoned:72h,busy:10m/4 abandon_message=messages/spring.wav
    """
    _campaign(ctx, name)
    try:
        ctx.store.update_campaign(name, **dict(_pair(text) for text in settings))
    except ValueError as error:
        raise Failure(str(error)) from None
    ctx.tell_running("POST", "campaigns", name, "reload")


def _state_command(verb: str, state: CampaignState, what: str) -> click.Command:
    @click.argument("name")
    @pass_context
    def command(ctx: Context, name: str) -> None:
        settings = _campaign(ctx, name)
        if state is CampaignState.ACTIVE:
            _check_startable(ctx, settings)
        if ctx.running():
            click.echo(ctx.api("POST", "campaigns", name, verb)["text"])
            return
        ctx.store.set_campaign_state(name, state)
        click.echo(f"campaign {name} is {state}; no dialer runs now: dialer run")

    command.__doc__ = f"{what}\n\n\b\nExample:\n  dialer campaign {verb} spring\n"
    return campaign.command(verb)(command)


_state_command("start", CampaignState.ACTIVE, "Let the dialer call for this campaign.")
_state_command("pause", CampaignState.PAUSED, "No new calls; talks finish, agents stay.")
_state_command("stop", CampaignState.STOPPED, "No new calls; talks finish.")


def _check_startable(ctx: Context, settings: CampaignSettings) -> None:
    if settings.mode not in DIALED_MODES:
        raise Failure(f"campaign {settings.name}: mode {settings.mode} needs an agent's screen, which comes later")
    known = {trunk.name for trunk in ctx.config.trunk}
    if not known:
        raise Failure("dialer.toml has no [[trunk]]: there is no line to dial on")
    for trunk in settings.trunks:
        if trunk not in known:
            raise Failure(f"campaign {settings.name}: trunk '{trunk}' is not in dialer.toml; known: {', '.join(known)}")
    if settings.abandon_message:
        try:
            wav_seconds(ctx.site.file(settings.abandon_message))
        except DriverError as error:
            raise Failure(f"campaign {settings.name}: abandon_message: {error}") from None


def _campaign(ctx: Context, name: str) -> CampaignSettings:
    try:
        return ctx.store.campaign(name)
    except UnknownCampaign as error:
        raise Failure(str(error)) from None


def _pair(text: str) -> tuple[str, str]:
    key, sep, value = text.partition("=")
    if not sep or not key:
        raise click.UsageError(f"'{text}' is not KEY=VALUE, for example wrapup_s=20")
    return key.strip(), value.strip()


def _facts(settings: CampaignSettings) -> dict[str, Any]:
    facts = asdict(settings)
    window = settings.window
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    facts["window"] = {
        "start": window.start.isoformat("minutes"),
        "end": window.end.isoformat("minutes"),
        "days": [days[d] for d in sorted(window.days)],
    }
    facts["retry"] = {
        outcome.value: {"delay_s": rule.delay_s, "max_attempts": rule.max_attempts}
        for outcome, rule in settings.retry.items()
    }
    return facts


def _counts(ctx: Context, settings: CampaignSettings) -> dict[str, Any]:
    counts = ctx.store.report_campaign(settings.name)
    return {key: counts[key] for key in ("leads", "leads_left", "attempts")}
