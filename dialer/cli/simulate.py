"""`dialer simulate`."""

import click

from campaigns.store import UnknownCampaign
from dialer.cli.context import Context, Failure, pass_context
from dialer.cli.output import json_option, show_facts
from dialer.core.engine import DIALED_MODES


@click.command()
@click.option("--agents", type=click.IntRange(1, 200), required=True)
@click.option("--hours", type=click.FloatRange(0.01, 24 * 31), required=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same digest.")
@click.option("--campaign", help="Use the mode, limits and rules of this campaign of the site.")
@json_option
@pass_context
def simulate(ctx: Context, agents: int, hours: float, seed: int, campaign: str | None, as_json: bool) -> None:
    """Run the dialer's own engine, pacer and rules against a seeded world in virtual time. Places no calls.

    \b
    Examples:
      dialer simulate --agents 20 --hours 4
      dialer --site mysite simulate --agents 5 --hours 2 --campaign spring --seed 7 --json
    """
    from dialer.sim.simulation import Simulation, SimulationSettings

    settings = None
    if campaign is not None:
        try:
            settings = ctx.store.campaign(campaign)
        except UnknownCampaign as error:
            raise Failure(str(error)) from None
        if settings.mode not in DIALED_MODES:
            raise Failure(f"campaign {campaign}: mode {settings.mode} is not dialed by the machine")
    result = Simulation(SimulationSettings(agents, hours, seed, campaign=settings)).run()
    show_facts(result.as_dict(), as_json=as_json)
