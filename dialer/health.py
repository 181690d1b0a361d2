"""What `dialer doctor` looks at: everything that would keep a site from working, each finding with its remedy."""

import importlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from campaigns.model import CampaignState
from campaigns.store import Store, StoreError
from dialer.config import Config, ConfigError, Device, GatewayTrunk, ModemTrunk, SipTrunk, Station
from dialer.equipment import (
    audio_stream,
    board_settings,
    headset_settings,
    modem_settings,
    sip_settings,
    sip_trunk,
)
from dialer.pairing import board_of, tie_shortages
from dialer.site import Site, api_listener, campaign_problems, running_dialer
from hw.audio.streams import SERIAL_BAUD, check_sound_device
from hw.contract.driver import DriverError
from hw.sip.probe import ProbeResult, probe
from hw.tty import open_tty, other_users


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
    """Look at machine, packages, configuration, store, trunks and stations of a site.

    Ports and sound devices are opened and closed at once, unless a dialer that runs on the site has them.
    """
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
        *_api(config, running),
        _rules(site, config),
        *_store(site, config),
        *_trunks(site, config, prober),
        *_stations(config, prober),
        *_devices(config, in_use=running is not None),
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


def _api(config: Config, running: dict[str, Any] | None) -> Iterator[Finding]:
    if running is not None:
        return
    try:
        api_listener(config).close()
    except ConfigError as error:
        yield Finding("api", Level.ERROR, str(error))


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


def _trunks(site: Site, config: Config, prober: Callable[[str], ProbeResult]) -> Iterator[Finding]:
    if not config.trunk:
        yield Finding("trunks", Level.ERROR, "dialer.toml has no [[trunk]]: there is no line to dial on")
    faults: list[Finding] = []
    for trunk in config.trunk:
        check = f"trunk {trunk.name}"
        match trunk:
            case SipTrunk():
                faults += _faults(check, partial(sip_trunk, site, trunk))
                problem = trunk_problem(trunk, prober)
                yield Finding(check, Level.ERROR if problem else Level.OK, problem or f"{trunk.target} answers")
            case ModemTrunk():
                refused = _faults(check, partial(modem_settings, site, trunk))
                faults += refused
                yield from _pin(site, trunk)
                yield from () if refused else _by_imei(check, trunk)
            case GatewayTrunk():
                faults += _faults(check, partial(board_settings, trunk))
    told = {fault.detail for fault in faults}
    yield from faults
    yield from (fault for fault in _faults("sip", partial(sip_settings, site, config)) if fault.detail not in told)


def _faults(check: str, build: Callable[[], object]) -> list[Finding]:
    """Why the dialer would refuse to start with what this builds; nothing when it would not."""
    try:
        build()
    except ConfigError as error:
        return [Finding(check, Level.ERROR, str(error))]
    return []


def _by_imei(check: str, trunk: ModemTrunk) -> Iterator[Finding]:
    for port in trunk.ports:
        if port.startswith("imei:"):
            yield Finding(check, Level.OK, f"{port} is looked for on all USB serial ports when the dialer runs")


def _pin(site: Site, trunk: ModemTrunk) -> Iterator[Finding]:
    if trunk.pin_file is None:
        return
    check, where, path = f"trunk {trunk.name}", f"[[trunk]] {trunk.name}: pin_file", site.file(trunk.pin_file)
    try:
        pin, mode = path.read_text(encoding="ascii").strip(), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no plain text"
        yield Finding(check, Level.ERROR, f"{where}: {path} cannot be read: {why}")
        return
    if not pin.isdigit() or not 4 <= len(pin) <= 8:
        yield Finding(check, Level.ERROR, f"{where}: {path} must hold a PIN of 4 to 8 digits and nothing else")
    if mode & 0o077:
        yield Finding(check, Level.WARNING, f"{where}: others can read it; run: chmod 600 {path}")


def _stations(config: Config, prober: Callable[[str], ProbeResult]) -> Iterator[Finding]:
    if not config.station:
        yield Finding("stations", Level.WARNING, "dialer.toml has no [[station]]: no agent can log in")
    for station in config.station:
        check = f"station {station.name}"
        match station.kind:
            case "sip":
                result = prober(station.address)
                detail = f"[[station]] {station.name}: address: {result.detail}"
                yield Finding(check, Level.OK if result.reachable else Level.WARNING, detail)
            case "hfp":
                yield from _faults(check, partial(headset_settings, station))
            case "gateway":
                yield from _faults(check, partial(board_of, config, station)) or [_plugged(config, station)]


def _plugged(config: Config, station: Station) -> Finding:
    detail = (
        f"headset {station.headset} of board {board_of(config, station).name}; "
        "whether the board has it shows when the dialer runs"
    )
    return Finding(f"station {station.name}", Level.OK, detail)


def _devices(config: Config, *, in_use: bool) -> Iterator[Finding]:
    """Ports and sound devices, each tried unless the dialer that runs has them `in_use`: they serve one at a time."""
    seen: dict[Path, Device] = {}
    for device in config.devices():
        check = f"{device.section} {device.owner}"
        faults = _faults(check, partial(audio_stream, device.where, device.text)) if device.is_audio else []
        if faults:
            yield from faults
        elif device.is_serial:
            path = Path(device.name).resolve()
            first = seen.setdefault(path, device)
            problem = _same(device, first) if first is not device else _port_problem(device, in_use=in_use)
            shared = [] if problem or in_use else _shared(check, device)
            yield from shared or [_found(check, device, problem, f"{device.name} is there", in_use=in_use)]
        elif device.is_audio:
            problem = "" if in_use else _sound_problem(device)
            yield _found(check, device, problem, f"{device.text} plays and records", in_use=in_use)


def _found(check: str, device: Device, problem: str, good: str, *, in_use: bool) -> Finding:
    if problem:
        return Finding(check, Level.ERROR, f"{device.where}: {problem}")
    return Finding(check, Level.OK, f"{device.name} is in use by the running dialer" if in_use else good)


def _shared(check: str, device: Device) -> list[Finding]:
    """A port can be opened while another program has it, when that one locks nothing."""
    others = ", ".join(other_users(device.name))
    detail = (
        f"{device.where}: {device.name} is open in {others} too, which may take what comes from it or write into it"
    )
    return [Finding(check, Level.WARNING, f"{detail}; end that program")] if others else []


def _same(device: Device, first: Device) -> str:
    return f"{device.name} is the same device as {first.name} of {first.where}; give each its own"


def _port_problem(device: Device, *, in_use: bool) -> str:
    if not os.path.exists(device.name):  # noqa: PTH110 - which tells no error where a folder cannot be read
        return f"there is no {device.name}"
    if in_use:
        return ""
    try:
        open_tty(device.name, device.baud or SERIAL_BAUD).close()
    except DriverError as error:
        return str(error)
    return ""


def _sound_problem(device: Device) -> str:
    try:
        check_sound_device(device.text.removeprefix("alsa:"))
    except DriverError as error:
        return str(error)
    return ""


def as_rows(findings: list[Finding]) -> list[dict[str, Any]]:
    return [{"check": f.check, "level": f.level.value, "detail": f.detail} for f in findings]
