"""`dialer callback`."""

from dataclasses import asdict
from datetime import UTC, datetime
from getpass import getuser
from typing import Any
from zoneinfo import ZoneInfo

import click

from campaigns.callbacks import Callback
from campaigns.instants import instant_of
from campaigns.model import CallbackAsked
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_rows

_AGENT = click.option("--agent", help="Whose callback it is. Default: anyone's.")
_ZONE = click.option("--zone", default="", help="IANA zone of --at, where the person's is not certain.")


@click.group()
def callback() -> None:
    """Callbacks: calls that were appointed with people, in their own time."""


@callback.command("list")
@click.argument("campaign")
@click.option("--agent", help="Only those of one agent; '' for anyone's.")
@click.option("--due", is_flag=True, help="Only those whose time has come.")
@click.option("--all", "all_states", is_flag=True, help="Those that are over, too.")
@json_option
@pass_context
def list_(ctx: Context, campaign: str, agent: str | None, due: bool, all_states: bool, as_json: bool) -> None:
    """List callbacks by their time.

    \b
    Examples:
      dialer callback list spring --due
      dialer callback list spring --agent anna --json
    """
    settings = ctx.store.campaign(campaign)
    found = ctx.store.callbacks.listing(
        settings.campaign_id, agent=agent, due_at=datetime.now(UTC) if due else None, all_states=all_states
    )
    columns = ("callback_id", "lead_id", "at", "local", "agent", "state", "made_by", "comments")
    show_rows([_facts(each) for each in found], columns, as_json=as_json, empty="no callbacks")


@callback.command()
@click.argument("campaign")
@click.argument("lead_id", type=int)
@click.option("--at", required=True, metavar="TIME", help="When, in the person's own time unless an offset is given.")
@_ZONE
@_AGENT
@click.option("--comments", default="", help="What whoever calls should know.")
@pass_context
def add(ctx: Context, campaign: str, lead_id: int, at: str, zone: str, agent: str | None, comments: str) -> None:
    """Appoint a call; refused when the person may not be called then.

    \b
    Example:
      dialer callback add spring 17 --at "2026-11-24 15:00" --agent anna
    """
    when, meant = _when(ctx, campaign, lead_id, at, zone)
    if agent:
        ctx.store.agent(agent)
    asked = CallbackAsked(when, meant, agent or "", comments)
    settings = ctx.store.campaign(campaign)
    before = [each for each in ctx.store.callbacks.listing(settings.campaign_id) if each.lead_id == lead_id]
    made = ctx.store.make_callback(campaign, lead_id, asked, getuser(), datetime.now(UTC))
    click.echo(f"callback {made}: lead {lead_id} at {when.isoformat(timespec='minutes')}, {agent or 'anyone'}")
    for each in before:
        click.echo(
            f"it takes the place of callback {each.callback_id} at {each.at.isoformat(timespec='minutes')}", err=True
        )


@callback.command()
@click.argument("callback_id", type=int)
@click.option("--at", required=True, metavar="TIME", help="The new time, as in `callback add`.")
@_ZONE
@click.option("--agent", help="Another owner; '' for anyone. Default: as before.")
@pass_context
def move(ctx: Context, callback_id: int, at: str, zone: str, agent: str | None) -> None:
    """Give a callback another time, or another owner.

    \b
    Example:
      dialer callback move 5 --at "2026-11-25 10:30" --agent bert
    """
    before = ctx.store.callbacks.get(callback_id)
    campaign = ctx.store.campaign_by_id(before.campaign_id).name
    when, _ = _when(ctx, campaign, before.lead_id, at, zone or before.zone)
    if agent:
        ctx.store.agent(agent)
    moved = ctx.store.move_callback(callback_id, when, agent, datetime.now(UTC))
    click.echo(f"callback {callback_id}: {moved.at.isoformat(timespec='minutes')}, {moved.agent or 'anyone'}")


@callback.command()
@click.argument("callback_id", type=int)
@pass_context
def cancel(ctx: Context, callback_id: int) -> None:
    """Call a callback off; the lead is called like any other that is tried again.

    \b
    Example:
      dialer callback cancel 5
    """
    ctx.store.cancel_callback(callback_id, datetime.now(UTC))
    click.echo(f"callback {callback_id} is cancelled")


def _when(ctx: Context, campaign: str, lead_id: int, at: str, zone: str) -> tuple[datetime, str]:
    lead = ctx.store.lead(campaign, lead_id)
    zones: list[str] = next((phone["zones"] for phone in lead["phones"] if phone["next"]), [])
    try:
        return instant_of(at, zones, zone)
    except ValueError as error:
        raise Failure(f"--at: {error}") from None


def _facts(each: Callback) -> dict[str, Any]:
    facts = asdict(each)
    facts["local"] = each.at.astimezone(ZoneInfo(each.zone)).strftime("%a %H:%M") if each.zone else ""
    for key in ("at", "falls_at", "made_at"):
        facts[key] = None if facts[key] is None else facts[key].isoformat(timespec="seconds")
    return facts
