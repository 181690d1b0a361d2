"""The lines that a site's configuration asks for: trunks and stations of all kinds as one driver."""

from collections.abc import Iterator

from dialer.config import Config, ConfigError, GatewayTrunk, ModemTrunk, SipTrunk
from dialer.pairing import address_of
from dialer.site import Site, default_message
from hw.audio.ring import SLOTS_PER_CARD, Segment, create_segment, ring_number
from hw.audio.sound import PcmSound
from hw.audio.streams import pcm_stream
from hw.contract.driver import DriverError
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings
from hw.headset.station import HeadsetSettings, HeadsetStations
from hw.lines import Bank, Lines, SmsReports, SoundVoices
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings, ModemSettings
from hw.sip.config import SipSettings
from hw.sip.config import SipTrunk as CardTrunk
from hw.sip.pool import SipPool, most_cards

USAGE_FILE = "modems.json"


def site_lines(site: Site, config: Config) -> Lines:
    """All lines of a site. Raises ConfigError naming the section and key that will not do."""
    sip = _sip_settings(site, config)
    sounds = _Sounds(0 if sip is None else most_cards(sip), _audios(config))
    banks: list[Bank] = []
    if sip is not None:
        banks.append(_sip_bank(config, SipPool(sip, sounds.segment)))
    reports = SmsReports()
    banks += _modem_banks(site, config, sounds, reports)
    banks += [_board_bank(config, trunk, sounds) for trunk in config.trunk if isinstance(trunk, GatewayTrunk)]
    banks += _headset_banks(config, sounds)
    return Lines(banks, reports)


class _Sounds:
    """The rings of a site, and the sounds of lines whose audio is a PCM stream on this box."""

    def __init__(self, cards: int, count: int) -> None:
        blocks = cards + -(-count // SLOTS_PER_CARD)
        self.segment = create_segment(max(blocks, 1))
        self._mapped = Segment(self.segment)
        self._next = ring_number(cards, 0)

    def open(self, where: str, audio: str) -> PcmSound:
        """The sound of an `audio` setting. Raises ConfigError that begins with `where`."""
        try:
            stream = pcm_stream(audio)
        except DriverError as error:
            raise ConfigError(f"{where}: {error}") from error
        self._next += 1
        return PcmSound(stream, self._mapped, self._next - 1)


def _audios(config: Config) -> int:
    trunks = sum(len(trunk.audios) for trunk in config.trunk if isinstance(trunk, ModemTrunk))
    ties = sum(len(trunk.ties) for trunk in config.trunk if isinstance(trunk, GatewayTrunk))
    return trunks + ties + sum(1 for station in config.station if station.audio)


def _sip_settings(site: Site, config: Config) -> SipSettings | None:
    trunks = [trunk for trunk in config.trunk if isinstance(trunk, SipTrunk)]
    stations = [station for station in config.station if station.kind == "sip"]
    if not trunks and not stations:
        return None
    try:
        return SipSettings(
            bind_ip=config.sip.ip,
            bind_port=config.sip.port,
            rtp_port_base=config.sip.rtp_port_base,
            max_calls=sum(trunk.max_lines for trunk in trunks) + len(stations),
            trunks=tuple(_card_trunk(site, trunk) for trunk in trunks),
            codecs=config.sip.codecs,
            messages=(default_message(),),
        )
    except DriverError as error:
        raise ConfigError(str(error)) from error


def _sip_bank(config: Config, pool: SipPool) -> Bank:
    trunks = frozenset(trunk.name for trunk in config.trunk if isinstance(trunk, SipTrunk))
    return Bank(pool, pool, trunks, frozenset(each.address for each in config.station if each.kind == "sip"))


def _card_trunk(site: Site, trunk: SipTrunk) -> CardTrunk:
    password = ""
    if trunk.password_file is not None:
        path = site.file(trunk.password_file)
        try:
            password = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"[[trunk]] {trunk.name}: password_file: {path} cannot be read: {error}") from None
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"[[trunk]] {trunk.name}: password_file: others can read it; run: chmod 600 {path}")
    return CardTrunk(trunk.name, trunk.target, trunk.max_lines, trunk.username, password)


def _modem_banks(site: Site, config: Config, sounds: _Sounds, reports: SmsReports) -> Iterator[Bank]:
    trunks = [trunk for trunk in config.trunk if isinstance(trunk, ModemTrunk)]
    if not trunks:
        return
    try:
        modems = tuple(modem for trunk in trunks for modem in _modems(site, trunk))
        settings = BankSettings(modems, site.path / USAGE_FILE)
    except DriverError as error:
        raise ConfigError(f"[[trunk]]: {error}") from error
    audio = {
        name: sounds.open(f"[[trunk]] {trunk.name}: audio", text)
        for trunk in trunks
        for name, text in zip(_modem_names(trunk), trunk.audios, strict=False)
    }
    bank = ModemBank(settings, sounds=audio, on_sms=reports.take)
    yield Bank(bank, SoundVoices(bank.sound_of), frozenset(trunk.name for trunk in trunks), sms=bank)


def _modem_names(trunk: ModemTrunk) -> list[str]:
    if len(trunk.ports) == 1:
        return [trunk.name]
    return [f"{trunk.name}-{number}" for number in range(1, len(trunk.ports) + 1)]


def _modems(site: Site, trunk: ModemTrunk) -> Iterator[ModemSettings]:
    audios = trunk.audios or ("",) * len(trunk.ports)
    for name, port, audio in zip(_modem_names(trunk), trunk.ports, audios, strict=True):
        yield ModemSettings(
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
            audio={"serial": "serial", "alsa": "usb"}.get(audio.partition(":")[0], "none"),
        )


def _board_bank(config: Config, trunk: GatewayTrunk, sounds: _Sounds) -> Bank:
    where = f"[[trunk]] {trunk.name}"
    try:
        settings = GatewaySettings(
            trunk.name,
            trunk.port,
            baud=trunk.baud,
            keepalive_ms=trunk.keepalive_ms,
            pulse=trunk.pulse,
            lines=trunk.lines,
            before=trunk.before,
            dial_plan=trunk.dial_plan,
        )
    except DriverError as error:
        raise ConfigError(f"{where}: {error}") from error
    driver = GatewayDriver(settings, [sounds.open(f"{where}: ties", text) for text in trunk.ties])
    headsets = [address_of(config, station) for station in config.station if station.kind == "gateway"]
    here = frozenset(address for address in headsets if settings.headset(address) is not None)
    return Bank(driver, driver, frozenset({trunk.name}), here)


def _headset_banks(config: Config, sounds: _Sounds) -> Iterator[Bank]:
    stations = [station for station in config.station if station.kind == "hfp"]
    if not stations:
        return
    for station in stations:
        if not station.port.startswith("/"):
            raise ConfigError(
                f'[[station]] {station.name}: port: give the headset\'s serial port, such as "/dev/rfcomm0"'
            )
    audio = {s.name: sounds.open(f"[[station]] {s.name}: audio", s.audio) for s in stations if s.audio}
    try:
        driver = HeadsetStations([HeadsetSettings(s.name, s.port, s.baud) for s in stations], audio)
    except DriverError as error:
        raise ConfigError(f"[[station]]: {error}") from error
    addresses = frozenset(address_of(config, station) for station in stations)
    yield Bank(driver, SoundVoices(driver.sound), frozenset(), addresses)
