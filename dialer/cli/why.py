"""`dialer why`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from campaigns.model import CampaignState
from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_facts, show_json, show_rows

_SHOWN = 20


@click.group()
def why() -> None:
    """Why the dialer does what it does. For a single lead: dialer leads why."""


@why.command()
@click.argument("campaign", required=False)
@click.option("--history", is_flag=True, help="The decisions that were kept, two a minute at most, oldest first.")
@click.option(
    "--limit", type=click.IntRange(1), help=f"With --history: the latest so many. Default: {_SHOWN}, with --json all."
)
@json_option
@pass_context
def lines(ctx: Context, campaign: str | None, history: bool, limit: int | None, as_json: bool) -> None:
    """Show why so many lines are dialed: the latest decision of a campaign's pacer, or of each active campaign's.

    Asks the running dialer; when none runs, shows the latest decision that was kept. Risks and rates are shares of
    live answers.

    \b
    Examples:
      dialer why lines
      dialer why lines spring --json
      dialer why lines spring --history --limit 100
    """
    if history:
        _history(ctx, campaign, limit, as_json)
        return
    if limit is not None:
        raise click.UsageError("--limit goes with --history")
    answer = _of_running(ctx, campaign) if ctx.running() else _of_store(ctx, campaign)
    if as_json:
        show_json(answer)
        return
    if not answer["running"]:
        click.echo("no dialer runs here; the latest decisions that were kept:", err=True)
    if not answer["campaigns"]:
        said = "no campaign is active: dialer campaign start NAME" if answer["running"] else "no decision was kept yet"
        click.echo(said, err=True)
    for decision in answer["campaigns"]:
        _show(decision)


@why.command()
@click.argument("campaign")
@json_option
@pass_context
def hopper(ctx: Context, campaign: str, as_json: bool) -> None:
    """Show why a campaign's hopper is full or empty: all its leads, each counted once, by what keeps it back.

    The leads that the running dialer has in its hopper count as ready. For a single lead: dialer leads why.

    \b
    Examples:
      dialer why hopper spring
      dialer why hopper spring --json
    """
    settings, now = ctx.store.campaign(campaign), datetime.now(UTC)
    counts = [
        {
            "reason": each.reason,
            "leads": each.leads,
            "until": None if each.until is None else each.until.isoformat(timespec="seconds"),
            "detail": each.detail,
        }
        for each in ctx.store.hopper_reasons(campaign, now)
    ]
    if as_json:
        total = sum(int(each["leads"] or 0) for each in counts)
        at = now.isoformat(timespec="seconds")
        show_json({"campaign": campaign, "state": settings.state.value, "at": at, "leads": total, "reasons": counts})
        return
    if settings.state is not CampaignState.ACTIVE:
        click.echo(f"the campaign is {settings.state}; dialer campaign start {campaign} makes it dial", err=True)
    shown = [{**each, "until": _time(str(each["until"])) if each["until"] else None} for each in counts]
    empty = f"no leads; bring some with: dialer leads import {campaign} FILE"
    show_rows(shown, ("leads", "reason", "until", "detail"), as_json=False, empty=empty)


def _of_running(ctx: Context, campaign: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = ctx.api("GET", "why", "lines", *([campaign] if campaign else []))
    return answer


def _of_store(ctx: Context, campaign: str | None) -> dict[str, Any]:
    chosen = ctx.store.campaigns() if campaign is None else [ctx.store.campaign(campaign)]
    found = [
        {
            "campaign": settings.name,
            "state": settings.state.value,
            "mode": settings.mode.value,
            **sample,
            "limit": settings.max_abandon_rate,
        }
        for settings in chosen
        for sample in ctx.store.pacing_samples(settings.campaign_id, limit=1)
    ]
    return {"running": False, "campaigns": found}


def _history(ctx: Context, campaign: str | None, limit: int | None, as_json: bool) -> None:
    if campaign is None:
        raise click.UsageError("--history needs a campaign: dialer why lines CAMPAIGN --history")
    kept = ctx.store.pacing_samples(ctx.store.campaign(campaign).name, limit if as_json else limit or _SHOWN)
    if not as_json:
        kept = [{**sample, "at": _time(sample["at"], "seconds")} for sample in kept]
    columns = ("at", "agents", "ready", "in_flight", "lines", "abandoned_rate", "budget_left", "because")
    show_rows(kept, columns, as_json=as_json, empty="no decision was kept yet")


def _show(decision: Mapping[str, Any]) -> None:
    at = f", as of {_time(decision['at'], 'seconds')}" if decision["at"] else ""
    click.echo(f"{decision['campaign']}: {decision['state']}, {decision['mode']}{at}")
    click.echo(f"  {decision['because'] or 'nothing was decided yet'}")
    show_facts({f"  {label}": text for label, text in _facts(decision)}, as_json=False)


def _facts(decision: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [("obstacle", text) for text in decision.get("obstacles") or []]
    facts.append(("agents", f"{decision['ready']} ready of {decision['agents']} logged in"))
    facts += [(f"trunk {trunk['name']}", _trunk(trunk)) for trunk in decision.get("trunks") or []]
    facts += _figures(decision)
    window = decision.get("window")
    if window is not None:
        since = _time(window["start"]) if window["start"] else "the first call"
        until = f" until {_time(window['end'])}" if window["end"] else ""
        facts.append(("counted", f"from {since}{until} ({window['kind']})"))
    return facts


def _trunk(trunk: Mapping[str, Any]) -> str:
    rests = ", rests after failed calls" if trunk["rests"] else ""
    because = f": {trunk['because']}" if trunk["because"] else ""
    return f"{trunk['lines_in_use']} in use, {trunk['lines_usable']} usable of {trunk['max_lines']}{rests}{because}"


def _figures(decision: Mapping[str, Any]) -> list[tuple[str, str]]:
    room = decision.get("room")
    bound = f", room for {room} more" if room is not None else ""
    upper = decision.get("abandoned_upper_bound")
    sure = f", at most {upper:.2%} (95 % confidence)" if upper is not None else ""
    return [
        ("lines", f"{decision['lines']} to start, {decision['in_flight']} in flight{bound}"),
        ("answers expected", f"{decision['predicted_answers']:.2f} calls"),
        ("free agents expected", f"{decision['predicted_free']:.2f} agents"),
        ("risk of the last line", f"{decision['risk']:.2%} of an abandoned call"),
        ("risk of one more", f"{decision['next_risk']:.2%}, accepted {decision['threshold']:.2%}"),
        ("abandoned", f"{decision['abandoned_rate']:.2%} of live answers{sure}, limit {decision['limit']:.2%}"),
        ("budget left", f"{decision['budget_left']:.2f} calls"),
    ]


def _time(iso: str, to: str = "minutes") -> str:
    at = datetime.fromisoformat(iso)
    return f"{at.replace(tzinfo=None).isoformat(' ', to)} UTC"
