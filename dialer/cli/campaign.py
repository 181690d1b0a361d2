"""`dialer campaign`."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from campaigns.lint import Problem, Severity
from campaigns.model import AbandonClock, CampaignSettings, CampaignState, Kind, Mode
from campaigns.settings import MAX_ABANDON_RATE, changed, checked, new
from dialer import linting
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_json, show_rows
from dialer.cli.settings import DAYS, read_pairs, retry_text, setting_text
from dialer.site import campaign_problems

_MOST_PERCENT = 100 * MAX_ABANDON_RATE


@click.group()
def campaign() -> None:
    """Campaigns: make, change, start and stop them."""


def _percent(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 <= value <= _MOST_PERCENT:
        raise click.BadParameter(f"{value:g} % is not from 0 % to {_MOST_PERCENT:g} %; for example 3")
    return value


@campaign.command()
@click.argument("name")
@click.option("--kind", type=click.Choice([k.value for k in Kind]), required=True)
@click.option("--mode", type=click.Choice([m.value for m in Mode]), required=True, help="How lines are dialed.")
@click.option(
    "--max-abandon",
    type=float,
    metavar="PERCENT",
    callback=_percent,
    help=f"Limit of abandoned calls, per cent, at most {_MOST_PERCENT:g}. Default: 3.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any other setting; may be repeated.")
@pass_context
def create(ctx: Context, name: str, kind: str, mode: str, max_abandon: float | None, settings: tuple[str, ...]) -> None:
    """Make a campaign. It starts out stopped.

    \b
    Examples:
      dialer campaign create spring --kind telesales --mode predictive --max-abandon 2.5
      dialer campaign create arrears --kind collections --mode progressive --set "window=08:00-21:00 mon-sat"
    """
    values = read_pairs(settings)
    if max_abandon is not None:
        values["max_abandon_rate"] = max_abandon / 100
    try:
        _refuse(ctx, new(0, name, kind, mode, values), values.keys() & {"trunks", "abandon_message"})
        made = ctx.store.create_campaign(name, Kind(kind), Mode(mode), **values)
    except ValueError as error:
        raise Failure(str(error)) from None
    click.echo(f"campaign {made.name} made. Next: dialer leads import {made.name} FILE")
    _say_what_waits(made, values)


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
    """Show a campaign's settings, each in the form that `campaign set` takes.

    \b
    Example:
      dialer campaign show spring
    """
    settings = ctx.store.campaign(name)
    if as_json:
        show_json({**_facts(settings), **_counts(ctx, settings)})
        return
    # No table, which would break long values over lines: each is to be copied whole.
    facts = {key: setting_text(settings, key) for key in settings.__slots__} | _counts(ctx, settings)
    width = max(map(len, facts))
    for key, value in facts.items():
        click.echo(f"{key:<{width}}  {value}".rstrip())


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
    before = ctx.store.campaign(name)
    values = read_pairs(settings)
    try:
        asked = changed(before, values)
        active = before.state is CampaignState.ACTIVE
        _refuse(ctx, asked, values.keys() & {"trunks", "abandon_message", *(("mode",) if active else ())})
        made = ctx.store.update_campaign(name, **values)
    except ValueError as error:
        raise Failure(str(error)) from None
    ctx.tell_running("POST", "campaigns", name, "reload")
    for key in values:
        value = _rules_text(made, values[key]) if key == "retry" else setting_text(made, key)
        click.echo(f"campaign {name}: {key}={value}")
    _say_what_waits(made, values)


def _say_what_waits(made: CampaignSettings, values: Collection[str]) -> None:
    if "abandon_clock" in values and made.abandon_clock is not AbandonClock.PICKUP:
        click.echo(
            "note: nothing on this version's lines hears greetings yet; until then hold_s counts from the pick-up, "
            "which is the strictest",
            err=True,
        )


def _state_command(verb: str, state: CampaignState, what: str) -> click.Command:
    @click.argument("name")
    @pass_context
    def command(ctx: Context, name: str) -> None:
        settings = ctx.store.campaign(name)
        if state is CampaignState.ACTIVE:
            if not ctx.config.trunk:
                raise Failure("dialer.toml has no [[trunk]]: there is no line to dial on")
            _refuse(ctx, settings, {"mode", "trunks", "abandon_message"})
            _refuse_contradictions(ctx, settings)
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


@campaign.command("lint")
@click.argument("name")
@json_option
@pass_context
def lint(ctx: Context, name: str, as_json: bool) -> None:
    """Find what cannot hold together: settings against each other, the leads and the law. Exit code 1 with errors.

    \b
    Example:
      dialer campaign lint spring
    """
    found = _lint(ctx, ctx.store.campaign(name))
    rows = [asdict(problem) for problem in found]
    show_rows(rows, ("severity", "key", "text", "mend"), as_json=as_json, empty="nothing contradicts")
    if any(problem.severity is Severity.ERROR for problem in found):
        click.get_current_context().exit(1)


def _lint(ctx: Context, settings: CampaignSettings) -> list[Problem]:
    return linting.lint(ctx.site, ctx.config, ctx.store, settings, datetime.now(UTC))


def _refuse_contradictions(ctx: Context, settings: CampaignSettings) -> None:
    """Warn of what a campaign should not be started with, and refuse what it cannot be started with."""
    found = _lint(ctx, settings)
    for problem in found:
        if problem.severity is Severity.WARNING:
            click.echo(f"warning: {problem.key}: {problem.text}. {problem.mend}", err=True)
    errors = [
        f"{problem.key}: {problem.text}. {problem.mend}" for problem in found if problem.severity is Severity.ERROR
    ]
    if errors:
        raise Failure(f"campaign {settings.name} cannot be started: " + "; ".join(errors))


def _rules_text(made: CampaignSettings, asked: str) -> str:
    outcomes = checked({"retry": asked})["retry"]
    return retry_text({outcome: made.retry[outcome] for outcome in outcomes})


def _refuse(ctx: Context, settings: CampaignSettings, keys: Collection[str]) -> None:
    for problem in campaign_problems(ctx.site, ctx.config, settings, keys):
        raise Failure(problem)


def _facts(settings: CampaignSettings) -> dict[str, Any]:
    facts = asdict(settings)
    window = settings.window
    facts["window"] = {
        "start": window.start.isoformat("minutes"),
        "end": window.end_text,
        "days": [DAYS[d].capitalize() for d in sorted(window.days)],
    }
    facts["retry"] = {
        outcome.value: {"delay_s": rule.delay_s, "max_attempts": rule.max_attempts}
        for outcome, rule in settings.retry.items()
    }
    return facts


def _counts(ctx: Context, settings: CampaignSettings) -> dict[str, Any]:
    counts = ctx.store.report_campaign(settings.name)
    return {key: counts[key] for key in ("leads", "leads_left", "attempts")}
