"""`dialer demo`."""

import asyncio
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from campaigns.store import StoreError, UnknownCampaign
from dialer.app import Dialer
from dialer.cli.context import Failure
from dialer.cli.demo_site import CAMPAIGN, DemoPlan, far_end, make_demo_site, start_agents
from dialer.cli.demo_view import live_view, plain_line, print_report
from dialer.cli.far_end import FarEndFailed, stop
from dialer.config import CONFIG_NAME
from dialer.logs import log_to
from dialer.site import Site, private_directory


@click.command()
@click.option("--agents", type=click.IntRange(1, 30), default=6, show_default=True)
@click.option("--seconds", type=click.IntRange(5, 3600), default=110, show_default=True, help="How long to dial.")
@click.option("--leads", type=click.IntRange(1, 6400), default=400, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed: the same people.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    help="Where to make the site. Default: a new temporary directory.",
)
def demo(agents: int, seconds: int, leads: int, seed: int, directory: Path | None) -> None:
    """Run a campaign for real: SIP calls with audio between this dialer and a far end, all on this machine.

    Ctrl-C ends it sooner; the site stays sound and the report is printed all the same.

    \b
    Example:
      dialer demo --agents 4 --seconds 60
    """
    console = Console()
    if directory is not None and (directory / CONFIG_NAME).exists():
        raise Failure(f"{directory} holds a site already: choose another directory for the demo, or leave out --dir")
    path = directory or Path(tempfile.mkdtemp(prefix="ringpace-demo-"))
    try:
        _demonstrate(path, DemoPlan(agents, leads, seed), console, float(seconds))
    except FarEndFailed as error:
        raise Failure(str(error)) from None
    except KeyboardInterrupt:
        console.print("Ended by Ctrl-C.")
    try:
        print_report(console, path)
    except (StoreError, UnknownCampaign):
        raise Failure(f"there is nothing to report yet; {path} can be deleted") from None


def _demonstrate(path: Path, plan: DemoPlan, console: Console, seconds: float) -> None:
    with far_end(_logs_of(path), plan) as (carrier_port, phones_port):
        site, imported = make_demo_site(path, plan, carrier_port, phones_port)
        console.print(
            f"{imported.loaded} leads imported from {path / 'sample-leads.csv'}; {plan.agents} agents log in ..."
        )
        _run(site, plan, console, seconds)


def _logs_of(path: Path) -> Path:
    private_directory(path)
    logs = path / "logs"
    logs.mkdir(exist_ok=True)
    return logs


def _run(site: Site, plan: DemoPlan, console: Console, seconds: float) -> None:
    from dialer.api.service import run_site

    log_to(site.logs, console=False)
    config = site.config()

    async def companion(dialer: Dialer, api: str) -> None:
        bots = start_agents(site.logs, plan, api, site.file(config.api.token_file))
        try:
            await _watch(dialer, console, seconds)
        finally:
            await asyncio.to_thread(stop, bots)

    run_site(site, config, companion)


async def _watch(dialer: Dialer, console: Console, seconds: float) -> None:
    """Show progress until the dialer stops; drain it when the time is up or the leads are."""
    end_at = time.monotonic() + seconds
    with Live(console=console, auto_refresh=False, transient=True, redirect_stderr=False) as live:
        said_at = float("-inf")
        while not dialer.engine.stopping:
            state = await dialer.desk.state()
            leads_left = await dialer.runner.in_store(lambda store: store.report_campaign(CAMPAIGN)["leads_left"])
            now = time.monotonic()
            if console.is_terminal:
                live.update(live_view(state, leads_left, end_at - now), refresh=True)
            elif now - said_at >= 5.0:
                said_at = now
                console.print(plain_line(state, leads_left), soft_wrap=True)
            if not dialer.end_asked and (now >= end_at or _all_called(dialer)):
                dialer.drain_or_stop()
            await asyncio.sleep(0.5)


def _all_called(dialer: Dialer) -> bool:
    runs = dialer.engine.runs.values()
    return bool(runs) and all(run.exhausted and not run.in_flight for run in runs)
