"""What each section of the configuration asks of its driver. All raise ConfigError that names section and key."""

from collections.abc import Callable
from typing import TypeVar

from dialer.config import Config, ConfigError, GatewayTrunk, ModemTrunk, SipTrunk, Station
from dialer.site import Site, default_message
from hw.audio.sound import PcmStream
from hw.audio.streams import pcm_stream
from hw.contract.driver import DriverError
from hw.gateway.settings import GatewaySettings
from hw.headset.station import HeadsetSettings
from hw.modem.settings import ModemSettings
from hw.sip.config import SipSettings
from hw.sip.config import SipTrunk as CardTrunk

T = TypeVar("T")


def sip_settings(site: Site, config: Config) -> SipSettings | None:
    """All of the site's SIP trunks and phones; None when it has neither."""
    trunks = [trunk for trunk in config.trunk if isinstance(trunk, SipTrunk)]
    stations = [station for station in config.station if station.kind == "sip"]
    if not trunks and not stations:
        return None
    cards = tuple(sip_trunk(site, trunk) for trunk in trunks)
    return _as_config(
        "[[trunk]]",
        lambda: SipSettings(
            bind_ip=config.sip.ip,
            bind_port=config.sip.port,
            rtp_port_base=config.sip.rtp_port_base,
            max_calls=sum(trunk.max_lines for trunk in trunks) + len(stations),
            trunks=cards,
            codecs=config.sip.codecs,
            messages=(default_message(),),
        ),
    )


def sip_trunk(site: Site, trunk: SipTrunk) -> CardTrunk:
    """A SIP trunk with its password, whose file only the owner may read."""
    where = f"[[trunk]] {trunk.name}"
    password = ""
    if trunk.password_file is not None:
        path = site.file(trunk.password_file)
        try:
            password = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: password_file: {path} cannot be read: {error}") from None
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{where}: password_file: others can read it; run: chmod 600 {path}")
    return _as_config(where, lambda: CardTrunk(trunk.name, trunk.target, trunk.max_lines, trunk.username, password))


def modem_names(trunk: ModemTrunk) -> list[str]:
    """The names that the modems of a trunk have in the log, in the order of `port`."""
    if len(trunk.ports) == 1:
        return [trunk.name]
    return [f"{trunk.name}-{number}" for number in range(1, len(trunk.ports) + 1)]


def modem_settings(site: Site, trunk: ModemTrunk) -> list[ModemSettings]:
    """The modems of a trunk."""
    audios = trunk.audios or ("",) * len(trunk.ports)
    return _as_config(
        f"[[trunk]] {trunk.name}",
        lambda: [
            ModemSettings(
                name,
                trunk.name,
                port,
                baud=trunk.baud,
                profile=trunk.profile,
                pin_file=None if trunk.pin_file is None else site.file(trunk.pin_file),
                allow_roaming=trunk.allow_roaming,
                caller_id=trunk.caller_id,
                calls_per_day=trunk.calls_per_day,
                minutes_per_day=trunk.minutes_per_day,
                texts_per_day=trunk.texts_per_day,
                audio={"serial": "serial", "alsa": "usb"}.get(audio.partition(":")[0], "none"),
            )
            for name, port, audio in zip(modem_names(trunk), trunk.ports, audios, strict=True)
        ],
    )


def board_settings(trunk: GatewayTrunk) -> GatewaySettings:
    """The board behind a gateway trunk."""
    return _as_config(
        f"[[trunk]] {trunk.name}",
        lambda: GatewaySettings(
            trunk.name,
            trunk.port,
            baud=trunk.baud,
            keepalive_ms=trunk.keepalive_ms,
            pulse=trunk.pulse,
            lines=trunk.lines,
            before=trunk.before,
            dial_plan=trunk.dial_plan,
        ),
    )


def headset_settings(station: Station) -> HeadsetSettings:
    """The headset of an `hfp` station."""
    if not station.port.startswith("/"):
        raise ConfigError(f'[[station]] {station.name}: port: give the headset\'s serial port, such as "/dev/rfcomm0"')
    return HeadsetSettings(station.name, station.port, station.baud)


def audio_stream(where: str, audio: str) -> PcmStream:
    """The stream of an `audio` or `ties` setting; an error begins with `where`."""
    return _as_config(where, lambda: pcm_stream(audio))


def _as_config(where: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except DriverError as error:
        raise ConfigError(f"{where}: {error}") from error
