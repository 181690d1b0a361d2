"""What `dialer doctor` looks at: everything that would keep a site from working, each finding with its remedy."""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from campaigns.model import CampaignState
from campaigns.store import Store, StoreError
from dialer.config import Config, ConfigError, GatewayTrunk, ModemTrunk, SipTrunk
from dialer.pairing import tie_shortages
from dialer.site import Site, campaign_problems, running_dialer
from hw.audio.streams import SerialPcm, SoundDevicePcm, check_sound_device, pcm_stream
from hw.contract.driver import DriverError
from hw.sip.probe import ProbeResult, probe


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `detail` names the section and key where one is at fault."""

    check: str
    level: Level
    detail: str


def examine(site: Site, prober: Callable[[str], ProbeResult] = probe) -> list[Finding]:
    """Look at machine, packages, configuration, store, trunks and stations of a site."""
    findings = [_python(), *_packages()]
    try:
        config = site.config()
    except ConfigError as error:
        return [*findings, Finding("configuration", Level.ERROR, str(error))]
    running = running_dialer(site)
    findings.append(Finding("configuration", Level.OK, f"{site.path / 'dialer.toml'} is understood"))
    findings += [
        _privacy(site),
        _token(site, config),
        _rules(site, config),
        *_store(site, config),
        *_trunks(config, prober),
        *_stations(config, prober),
        *_sounds(config, in_use=running is not None),
    ]
    findings.append(
        Finding("dialer", Level.OK, f"runs as process {running.get('pid')}" if running else "does not run now")
    )
    return findings


def trunk_problem(trunk: SipTrunk, prober: Callable[[str], ProbeResult] = probe) -> str | None:
    """None when the trunk's peer answers, else what is wrong, naming section and key."""
    result = prober(trunk.target.replace("{number}", "ping"))
    return None if result.reachable else f"[[trunk]] {trunk.name}: target: {result.detail}"


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    detail = f"Python {platform.python_version()} on {platform.machine()}"
    return Finding("python", Level.OK if good else Level.ERROR, detail if good else f"{detail}; 3.11 or 3.12 is needed")


def _packages() -> Iterator[Finding]:
    for module, package in (("pjsua2", "pjsua2-python"), ("numba", "numba"), ("phonenumbers", "phonenumbers")):
        try:
            importlib.import_module(module)
            yield Finding(module, Level.OK, f"{package} {importlib.metadata.version(package)}")
        except ImportError as error:
            yield Finding(module, Level.ERROR, f"{error}; install it with: pip install {package}")


def _privacy(site: Site) -> Finding:
    if site.open_to_others():
        detail = f"others can look into {site.path}, which holds people's names and numbers; run: chmod 700 {site.path}"
        return Finding("privacy", Level.WARNING, detail)
    return Finding("privacy", Level.OK, f"{site.path} is private")


def _token(site: Site, config: Config) -> Finding:
    try:
        site.token(config)
    except ConfigError as error:
        return Finding("api token", Level.ERROR, str(error))
    return Finding("api token", Level.OK, f"{site.file(config.api.token_file)} is private")


def _rules(site: Site, config: Config) -> Finding:
    try:
        book = site.rulebook(config)
    except ConfigError as error:
        return Finding("rules", Level.ERROR, str(error))
    return Finding("rules", Level.OK, f"{len(book.rules)} calling rules in {len(book.packs)} packs")


def _store(site: Site, config: Config) -> Iterator[Finding]:
    try:
        store: Store = site.open_store(config)
    except (ConfigError, StoreError) as error:
        yield Finding("store", Level.ERROR, str(error))
        return
    campaigns = store.campaigns()
    agents = store.agents()
    store.close()
    yield Finding("store", Level.OK, f"{len(campaigns)} campaigns, {len(agents)} agents")
    for agent in agents:
        if config.station_named(agent.station) is None:
            detail = (
                f"agent {agent.name} is at station '{agent.station}', which dialer.toml does not have; run: "
                f"dialer agent move {agent.name} --station STATION, or: dialer agent remove {agent.name}"
            )
            yield Finding("agents", Level.ERROR, detail)
    for campaign in campaigns:
        if campaign.state is CampaignState.ACTIVE:
            problems = list(campaign_problems(site, config, campaign))
            yield from (Finding("campaigns", Level.ERROR, problem) for problem in problems)
            if not problems:
                for shortage in tie_shortages(config, campaign):
                    yield Finding("campaigns", Level.WARNING, f"campaign {campaign.name}: {shortage}")


def _trunks(config: Config, prober: Callable[[str], ProbeResult]) -> Iterator[Finding]:
    if not config.trunk:
        yield Finding("trunks", Level.ERROR, "dialer.toml has no [[trunk]]: there is no line to dial on")
    for trunk in config.trunk:
        if not isinstance(trunk, SipTrunk):
            ports = trunk.ports if isinstance(trunk, ModemTrunk) else (trunk.port,)
            yield from _ports("trunk", trunk.name, ports)
            continue
        problem = trunk_problem(trunk, prober)
        detail = problem or f"{trunk.target} answers"
        yield Finding(f"trunk {trunk.name}", Level.ERROR if problem else Level.OK, detail)


def _stations(config: Config, prober: Callable[[str], ProbeResult]) -> Iterator[Finding]:
    if not config.station:
        yield Finding("stations", Level.WARNING, "dialer.toml has no [[station]]: no agent can log in")
    for station in config.station:
        if station.kind != "sip":
            yield from _ports("station", station.name, (station.port,) if station.kind == "hfp" else ())
            continue
        result = prober(station.address)
        detail = f"[[station]] {station.name}: address: {result.detail}"
        yield Finding(f"station {station.name}", Level.OK if result.reachable else Level.WARNING, detail)


def _ports(section: str, name: str, ports: Sequence[str], key: str = "port") -> Iterator[Finding]:
    for port in ports:
        if port.startswith("/"):
            there = Path(port).exists()
            detail = f"{port} is there" if there else f"[[{section}]] {name}: {key}: there is no {port}"
            yield Finding(f"{section} {name}", Level.OK if there else Level.ERROR, detail)


def _sounds(config: Config, *, in_use: bool) -> Iterator[Finding]:
    """Where audio settings point to. Sound devices are tried unless they are `in_use`: they serve one at a time."""
    for trunk in config.trunk:
        if isinstance(trunk, ModemTrunk):
            yield from _audio("trunk", trunk.name, "audio", trunk.audios, in_use=in_use)
        elif isinstance(trunk, GatewayTrunk):
            yield from _audio("trunk", trunk.name, "ties", trunk.ties, in_use=in_use)
    for station in config.station:
        if station.audio:
            yield from _audio("station", station.name, "audio", (station.audio,), in_use=in_use)


def _audio(section: str, name: str, key: str, texts: Sequence[str], *, in_use: bool) -> Iterator[Finding]:
    for text in texts:
        try:
            stream = pcm_stream(text)
            if isinstance(stream, SoundDevicePcm) and not in_use:
                check_sound_device(text.removeprefix("alsa:"))
                yield Finding(f"{section} {name}", Level.OK, f"{text} plays and records")
        except DriverError as error:
            yield Finding(f"{section} {name}", Level.ERROR, f"[[{section}]] {name}: {key}: {error}")
            continue
        if isinstance(stream, SerialPcm):
            yield from _ports(section, name, (text.removeprefix("serial:").partition("@")[0],), key)


def as_rows(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{"check": f.check, "level": f.level.value, "detail": f.detail} for f in findings]
