"""`dialer report`."""

import click

from dialer.cli.report.basics import abandonment, attempts, campaign
from dialer.cli.report.calls import best_hours, caller_ids, hours, penetration
from dialer.cli.report.cdr import cdr
from dialer.cli.report.pacing import pacing
from dialer.cli.report.people import agents, callbacks
from dialer.cli.report.sums import promises, sales


@click.group()
def report() -> None:
    """What came of a campaign. Works while the dialer runs."""


for command in (
    *(attempts, agents, campaign, abandonment, penetration, hours, best_hours, caller_ids),
    *(callbacks, promises, sales, pacing, cdr),
):
    report.add_command(command)
