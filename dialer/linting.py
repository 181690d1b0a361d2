"""What in a campaign cannot hold together: with itself and the law (campaigns/lint.py), and with the site."""

from collections.abc import Iterator
from datetime import datetime

from campaigns.lint import Problem, Severity
from campaigns.model import CampaignSettings
from campaigns.store import Store
from dialer.config import Config, ConfigError
from dialer.pairing import campaign_problem, shown_by, station_problem, tie_shortages
from dialer.site import Site, campaign_problems

_MENDS = {
    "mode": "dialer campaign set {name} mode=predictive, power or progressive",
    "trunks": "mend [[trunk]] or [[station]] in dialer.toml, or: dialer campaign set {name} trunks=...",
    "abandon_message": "dialer campaign set {name} abandon_message=FILE, a WAV of 16 bits, mono",
}


def lint(site: Site, config: Config, store: Store, settings: CampaignSettings, at: datetime) -> list[Problem]:
    """All problems of a campaign on a site, the worst first."""
    found = [*store.lint(settings.campaign_id, at, shown_by(config, settings)), *_of_site(site, config, settings)]
    order = list(Severity)
    return sorted(found, key=lambda problem: order.index(problem.severity))


def _of_site(site: Site, config: Config, settings: CampaignSettings) -> Iterator[Problem]:
    for key, mend in _MENDS.items():
        for said in campaign_problems(site, config, settings, {key}):
            text = said.removeprefix(f"campaign {settings.name}: {key}: ")
            yield Problem(Severity.ERROR, key, text, mend.format(name=settings.name))
    if campaign_problem(config, settings) is None:
        yield from _of_stations(config, settings)
        for said in tie_shortages(config, settings):
            yield Problem(Severity.WARNING, "ties", said, "ties of [[trunk]] in dialer.toml; see docs/mixed-sites.md")


def _of_stations(config: Config, settings: CampaignSettings) -> Iterator[Problem]:
    """Stations that cannot take its calls, though others can."""
    for station in config.station:
        try:
            apart = station_problem(config, settings, station)
        except ConfigError as error:
            apart = str(error)
        if apart is not None:
            mend = f"nothing, when agents at {station.name} work for other campaigns; else see docs/mixed-sites.md"
            yield Problem(Severity.NOTE, "trunks", apart, mend)
