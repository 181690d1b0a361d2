"""`dialer status`."""

from typing import Any

import click

from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_json, show_rows


@click.command()
@json_option
@pass_context
def status(ctx: Context, as_json: bool) -> None:
    """Show what the running dialer is doing: campaigns, agents, trunks, and why it dials as it does.

    \b
    Example:
      dialer status --json
    """
    state: dict[str, Any] = ctx.api("GET", "state")
    if as_json:
        show_json(state)
        return
    if state["draining"]:
        click.echo("draining: no new calls; talks finish")
    campaigns = ("name", "state", "mode", "agents_ready", "lines", "hopper", "attempts", "connected", "abandoned")
    show_rows(state["campaigns"], campaigns, as_json=False, empty="no campaigns")
    if state["campaigns"]:
        click.echo("attempts, connected and abandoned: since this run began; of all time: dialer report campaign NAME")
    for campaign in state["campaigns"]:
        if campaign["pacing"]:
            click.echo(f"{campaign['name']}: {campaign['pacing']}")
    click.echo()
    agents = ("name", "state", "code", "since_s", "trunk", "phone")
    show_rows(state["agents"], agents, as_json=False, empty="nobody logged in")
    click.echo()
    show_rows(
        state["trunks"],
        ("name", "lines_in_use", "lines_usable", "max_lines", "because", "rests"),
        as_json=False,
        empty="no trunks",
    )
