"""`dialer lists`."""

from typing import Any

import click

from campaigns.lists import as_facts
from campaigns.model import CampaignSettings
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_facts, show_rows


@click.group()
def lists() -> None:
    """Lists of leads: which come first, in what order, and which of their leads are called."""


@lists.command("list")
@click.argument("campaign")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, as_json: bool) -> None:
    """List a campaign's lists with their settings and how many of their leads wait.

    \b
    Example:
      dialer lists list spring
    """
    found = _all(ctx, ctx.store.campaign(campaign))
    columns = ("id", "name", "active", "priority", "weight", "ordering", "leads", "waiting", "successes", "quota")
    rows = [each if as_json else {**each, "active": _text(each["active"])} for each in found]
    show_rows(rows, columns, as_json=as_json, empty=f"no lists; leads make one: dialer leads import {campaign} FILE")


@lists.command()
@click.argument("campaign")
@click.argument("list_name", metavar="LIST")
@json_option
@pass_context
def show(ctx: Context, campaign: str, list_name: str, as_json: bool) -> None:
    """Show all settings of a list, by its name or id, each as `lists set` takes it.

    \b
    Example:
      dialer lists show spring june.csv
    """
    settings = ctx.store.campaign(campaign)
    chosen = ctx.store.lists.get(settings.campaign_id, list_name)
    (facts,) = (each for each in _all(ctx, settings) if each["id"] == chosen.list_id)
    show_facts(facts if as_json else {key: _text(value) for key, value in facts.items()}, as_json=as_json)


@lists.command("set")
@click.argument("campaign")
@click.argument("list_name", metavar="LIST")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE...")
@pass_context
def set_(ctx: Context, campaign: str, list_name: str, settings: tuple[str, ...]) -> None:
    """Change settings of a list; a running dialer follows with its next leads.

    \b
    active=yes|no      whether its leads are called
    priority=N         lists of a higher priority are emptied first; default 0
    weight=N           shares of lists of one priority; default 1
    ordering=ORDER     retries_first, fresh_first, oldest_attempt, random or best_hour
    condition=FILTER   which leads are called; none: all
    recycle=RULES      status:delay/times; for these statuses instead of the campaign's retry rules
    quota=N            stop after so many successes (SALE, PAID); none: never
    name=NAME          another name

    \b
    Examples:
      dialer lists set spring june.csv priority=10 weight=3 ordering=best_hour
      dialer lists set spring june.csv 'condition=state == "FL" and custom.product in ("A", "B")'
      dialer lists set spring june.csv recycle=NA:2h/4,B:30m/6,A:1d/3 quota=200
    """
    campaign_id = ctx.store.campaign(campaign).campaign_id
    values = dict(map(_pair, settings))
    made = ctx.store.lists.set(campaign_id, list_name, values)
    facts = as_facts(made)
    for key in values:
        click.echo(f"list {made.name}: {key}={_text(facts[key])}")


@lists.command()
@click.argument("campaign")
@click.argument("list_name", metavar="LIST")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    help="Only leads of this status; may be repeated. Default: all calls that no person ended.",
)
@click.option("--yes", is_flag=True, help="Yes, these people may be called again.")
@json_option
@pass_context
def reset(ctx: Context, campaign: str, list_name: str, statuses: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Let the leads of a finished list be dialed once more. Caps and the law go on counting all calls of the past.

    \b
    Examples:
      dialer lists reset spring june.csv --yes
      dialer lists reset spring june.csv --status NA --status NI --yes
    """
    campaign_id = ctx.store.campaign(campaign).campaign_id
    if not yes:
        raise click.UsageError("people whose dialing was over are called again after this; if that is right, add --yes")
    counts = ctx.store.lists.reset(campaign_id, list_name, statuses)
    show_facts(counts, as_json=as_json)


def _all(ctx: Context, settings: CampaignSettings) -> list[dict[str, Any]]:
    counts = ctx.store.lists.counts(settings.campaign_id)
    nothing = {"leads": 0, "waiting": 0, "successes": 0}
    found = ctx.store.lists.all(settings.campaign_id)
    return [{**as_facts(each), **counts.get(each.list_id, nothing)} for each in found]


def _text(value: object) -> str:
    """A setting as `lists set` takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _pair(text: str) -> tuple[str, str]:
    key, sep, value = text.partition("=")
    if not sep or not key.strip():
        raise click.UsageError(f"'{text}' is not KEY=VALUE, for example priority=10")
    return key.strip(), value.strip()
