"""The lines that a site's configuration asks for: trunks and stations of all kinds as one driver."""

from collections.abc import Iterator

from dialer.config import Config, ConfigError, GatewayTrunk, ModemTrunk, SipTrunk
from dialer.equipment import (
    audio_stream,
    board_settings,
    headset_settings,
    modem_names,
    modem_settings,
    sip_settings,
)
from dialer.pairing import address_of
from dialer.site import Site
from hw.audio.ring import SLOTS_PER_CARD, Segment, create_segment, ring_number
from hw.audio.sound import PcmSound
from hw.contract.driver import DriverError
from hw.gateway.driver import GatewayDriver
from hw.headset.station import HeadsetStations
from hw.lines import Bank, Lines, SmsReports, SoundVoices
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings
from hw.sip.pool import SipPool, most_cards

USAGE_FILE = "modems.json"


def site_lines(site: Site, config: Config) -> Lines:
    """All lines of a site; their start waits for no device. Raises ConfigError naming the section and key at fault."""
    sip = sip_settings(site, config)
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
        stream = audio_stream(where, audio)
        self._next += 1
        return PcmSound(stream, self._mapped, self._next - 1)


def _audios(config: Config) -> int:
    trunks = sum(len(trunk.audios) for trunk in config.trunk if isinstance(trunk, ModemTrunk))
    ties = sum(len(trunk.ties) for trunk in config.trunk if isinstance(trunk, GatewayTrunk))
    return trunks + ties + sum(1 for station in config.station if station.audio)


def _sip_bank(config: Config, pool: SipPool) -> Bank:
    trunks = frozenset(trunk.name for trunk in config.trunk if isinstance(trunk, SipTrunk))
    return Bank(pool, pool, trunks, frozenset(each.address for each in config.station if each.kind == "sip"))


def _modem_banks(site: Site, config: Config, sounds: _Sounds, reports: SmsReports) -> Iterator[Bank]:
    trunks = [trunk for trunk in config.trunk if isinstance(trunk, ModemTrunk)]
    if not trunks:
        return
    modems = tuple(modem for trunk in trunks for modem in modem_settings(site, trunk))
    try:
        settings = BankSettings(modems, site.path / USAGE_FILE)
    except DriverError as error:
        raise ConfigError(f"[[trunk]]: {error}") from error
    audio = {
        name: sounds.open(f"[[trunk]] {trunk.name}: audio", text)
        for trunk in trunks
        for name, text in zip(modem_names(trunk), trunk.audios, strict=False)
    }
    bank = ModemBank(settings, sounds=audio, on_sms=reports.take, start_limit_s=0.0)
    yield Bank(bank, SoundVoices(bank.sound_of), frozenset(trunk.name for trunk in trunks), sms=bank)


def _board_bank(config: Config, trunk: GatewayTrunk, sounds: _Sounds) -> Bank:
    settings = board_settings(trunk)
    ties = [sounds.open(f"[[trunk]] {trunk.name}: ties", text) for text in trunk.ties]
    driver = GatewayDriver(settings, ties, start_limit_s=0.0)
    headsets = [address_of(config, station) for station in config.station if station.kind == "gateway"]
    here = frozenset(address for address in headsets if settings.headset(address) is not None)
    return Bank(driver, driver, frozenset({trunk.name}), here, lends=True)


def _headset_banks(config: Config, sounds: _Sounds) -> Iterator[Bank]:
    stations = [station for station in config.station if station.kind == "hfp"]
    if not stations:
        return
    headsets = [headset_settings(station) for station in stations]
    audio = {s.name: sounds.open(f"[[station]] {s.name}: audio", s.audio) for s in stations if s.audio}
    try:
        driver = HeadsetStations(headsets, audio)
    except DriverError as error:
        raise ConfigError(f"[[station]]: {error}") from error
    addresses = frozenset(address_of(config, station) for station in stations)
    yield Bank(driver, SoundVoices(driver.sound), frozenset(), addresses)
