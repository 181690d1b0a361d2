"""A site on disk: its files, how one is made, and the lock that lets one dialer run on it."""

import fcntl
import json
import os
import secrets
import socket
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from campaigns.model import CampaignSettings
from campaigns.rules import PackError, Rulebook, load_builtin, load_directory
from campaigns.store import Store
from dialer.config import CONFIG_NAME, Config, ConfigError, load_config
from dialer.core.calling import DIALED_MODES
from dialer.pairing import campaign_problem
from hw.audio.wav import wav_seconds
from hw.contract.driver import DriverError

# How long a dialer that starts waits for the lock: commands that look whether one runs hold it for an instant.
_LOCK_PATIENCE_S = 1.0
_LOCK_RETRY_S = 0.02

_TEMPLATE = """\
# The configuration of this Ringpace site. Every key stands in docs/configuration.md of the project.

[site]
name = "{name}"
region = "{region}"       # country of numbers that lists give without a country code

[sip]
bind = "0.0.0.0:5060"     # each SIP card takes the next port; port 0 lets the system choose

# One [[trunk]] for each carrier or switch, each group of modems and each gateway board (docs/mixed-sites.md).
# [[trunk]]
# name = "carrier"
# kind = "sip"
# target = "sip:{{number}}@192.0.2.1:5060"
# max_lines = 10
# starts_per_s = 5
# caller_ids = ["+12125550100"]
# username = "account"
# password_file = "carrier.password"

# Mobile-network modems with voice (docs/modems.md): each port is a line, `audio` its voice port or sound card.
# [[trunk]]
# name = "gsm"
# kind = "modem"
# port = ["/dev/serial/by-id/usb-Quectel_EC25-if02-port0", "imei:490154203237518"]
# audio = ["serial:/dev/serial/by-id/usb-Quectel_EC25-if01-port0", "alsa:plughw:CARD=Modem"]
# pin_file = "gsm.pin"
# calls_per_day = 200

# The analogue lines of a gateway board. Ties carry messages, and calls with agents who are not at its own headsets.
# [[trunk]]
# name = "board"
# kind = "gateway"
# port = "/dev/serial/by-id/usb-Board-if00"
# max_lines = 2
# dial_plan = {{ "+1" = "1", "+" = "011" }}
# ties = ["alsa:plughw:CARD=Board,DEV=0", "alsa:plughw:CARD=Board,DEV=1"]

# One [[station]] for each agent's SIP phone or headset; it is called at log-in and stays up.
# [[station]]
# name = "desk1"
# kind = "sip"
# address = "sip:desk1@192.0.2.21:5060"

# A headset that is plugged into a gateway board.
# [[station]]
# name = "desk2"
# kind = "gateway"
# board = "board"
# headset = 1

# A hands-free headset on a serial port, with its sound (docs/headsets.md).
# [[station]]
# name = "desk3"
# kind = "hfp"
# port = "/dev/rfcomm0"
# audio = "alsa:plughw:CARD=Headset"
"""


class SiteError(Exception):
    """The site cannot be used as asked; the text says how to mend it."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the things of one site are."""

    path: Path

    @property
    def recordings(self) -> Path:
        return self.path / "recordings"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def rules(self) -> Path:
        return self.path / "rules"

    @property
    def lock_file(self) -> Path:
        return self.path / "dialer.lock"

    def config(self) -> Config:
        """Raises ConfigError."""
        return load_config(self.path)

    def file(self, name: Path | str) -> Path:
        """A path of the configuration: relative ones are inside the site."""
        return self.path / name

    def database(self, config: Config) -> Path:
        return self.path / config.store.url.removeprefix("sqlite:///")

    def open_store(self, config: Config) -> Store:
        """The site's store. Raises ConfigError when it is missing, StoreError when it cannot be used."""
        path = self.database(config)
        if not path.exists():
            raise ConfigError(f"{self.path / CONFIG_NAME}: [store]: url: there is no database at {path}")
        return Store.open(str(path), rulebook=lambda: self.rulebook(config))

    def rulebook(self, config: Config) -> Rulebook:
        """The calling rules: those that come with the program and those in `rules/`, switched by [rules].

        Raises ConfigError when a pack or an id cannot be used.
        """
        try:
            own = load_directory(self.rules) if self.rules.is_dir() else ()
            return Rulebook(
                (*load_builtin(), *own),
                config.rules.enforce,
                config.rules.off,
                require_registries=config.rules.require_registries,
            )
        except PackError as error:
            raise ConfigError(str(error)) from None
        except ValueError as error:
            raise ConfigError(f"{self.path / CONFIG_NAME}: [rules]: {error}") from None

    def open_to_others(self) -> bool:
        """Whether people other than the owner can look into the site, which holds names and numbers."""
        return bool(stat.S_IMODE(self.path.stat().st_mode) & 0o077)

    def token(self, config: Config) -> str:
        """The API's token. Raises ConfigError when the file is missing, empty or open to others."""
        path = self.file(config.api.token_file)
        try:
            mode = path.stat().st_mode
            token = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"[api]: token_file: {path} cannot be read: {error}") from None
        if mode & 0o077:
            raise ConfigError(f"[api]: token_file: {path} can be read by others; run: chmod 600 {path}")
        if len(token) < 16:
            raise ConfigError(f"[api]: token_file: {path} holds no token of at least 16 characters")
        return token


def make_site(path: Path, *, name: str | None = None, region: str = "US", config_text: str | None = None) -> Site:
    """Make a new site in `path`, which must not hold one. Raises SiteError.

    A directory that is new or empty becomes private to its owner; one that holds other things is left as it is.
    """
    site = Site(path)
    if (path / CONFIG_NAME).exists():
        raise SiteError(f"{path} is a site already: it has a {CONFIG_NAME}")
    try:
        private_directory(path)
        for folder in (site.recordings, site.logs):
            folder.mkdir(exist_ok=True)
        text = config_text or _TEMPLATE.format(name=_toml_text(name or path.resolve().name), region=region)
        _write_private(path / "api.token", secrets.token_urlsafe(32) + "\n")
        Store.open(str(path / "dialer.db"), create=True).close()
        (path / CONFIG_NAME).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SiteError(f"{path}: the site cannot be made: {error}") from None
    return site


def private_directory(path: Path) -> None:
    """Make a directory that only the owner can look into. One that exists and holds anything is left as it is."""
    path.mkdir(parents=True, exist_ok=True)
    if not any(path.iterdir()):
        path.chmod(0o700)


def default_message() -> Path:
    """The message for abandoned calls that is played where a campaign names none of its own."""
    return Path(str(resources.files("dialer") / "sounds" / "abandoned.wav"))


def campaign_problems(
    site: Site,
    config: Config,
    settings: CampaignSettings,
    keys: Collection[str] = ("mode", "trunks", "abandon_message"),
) -> Iterator[str]:
    """What among these settings would keep an active campaign from being dialed as asked; how to mend it."""
    if "mode" in keys and settings.mode not in DIALED_MODES:
        yield f"campaign {settings.name}: mode {settings.mode} needs an agent's screen, which comes later"
    known = [trunk.name for trunk in config.trunk]
    for trunk in settings.trunks if "trunks" in keys else ():
        if trunk not in known:
            names = ", ".join(known) or "none yet"
            yield f"campaign {settings.name}: trunks: '{trunk}' is not in dialer.toml; known: {names}"
    if "trunks" in keys:
        apart = campaign_problem(config, settings)
        if apart is not None:
            yield f"campaign {settings.name}: trunks: {apart}"
    if "abandon_message" in keys and settings.abandon_message:
        try:
            wav_seconds(site.file(settings.abandon_message))
        except DriverError as error:
            yield f"campaign {settings.name}: abandon_message: {error}"


def api_listener(config: Config) -> socket.socket:
    """The socket of the API, bound. Raises ConfigError when it cannot be, for example as another program has it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.api.ip, config.api.port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"[api]: bind: {config.api.bind} cannot be used: {error.strerror}") from None
    return listener


class SiteLock:
    """Held while a dialer runs on a site. Tells others its process and API; gone with the process, however it ends."""

    def __init__(self, site: Site) -> None:
        self._path = site.lock_file
        self._file: Any = None

    def take(self) -> None:
        """Raises SiteError when another dialer runs on the site, after a second of patience."""
        handle = self._path.open("a+", encoding="utf-8")
        give_up_at = time.monotonic() + _LOCK_PATIENCE_S
        while not _locked(handle):
            if time.monotonic() >= give_up_at:
                handle.seek(0)
                owner = _owner(handle.read())
                handle.close()
                raise SiteError(f"a dialer runs on this site already (process {owner.get('pid', 'unknown')})")
            time.sleep(_LOCK_RETRY_S)
        self._file = handle
        self.tell({"pid": os.getpid()})

    def tell(self, facts: dict[str, Any]) -> None:
        """Write what others may read, for example the API's address."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(facts))
        self._file.flush()

    def release(self) -> None:
        self.tell({})
        self._file.close()


def running_dialer(site: Site) -> dict[str, Any] | None:
    """Facts of the dialer that runs on the site (`pid`, `api`), or None when none runs."""
    try:
        with site.lock_file.open("r", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _owner(handle.read())
    except FileNotFoundError:
        return None
    return None


def _locked(handle: Any) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _owner(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text)


def _toml_text(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
