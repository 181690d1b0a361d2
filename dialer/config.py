"""`dialer.toml`: every key, its bounds and its meaning. An unknown key is an error that names section and key."""

import difflib
import ipaddress
import posixpath
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

CONFIG_NAME = "dialer.toml"
ALL_TRUNKS = "all"


class ConfigError(Exception):
    """The site's configuration cannot be used; the text names file, section and key, and how to mend it."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _host_port(value: str, *, loopback_only: bool) -> str:
    host, sep, port = value.rpartition(":")
    try:
        address = ipaddress.ip_address(host)
        number = int(port)
    except ValueError:
        raise ValueError(f"'{value}' is not IP:PORT, for example 127.0.0.1:5060") from None
    if not sep or not 0 <= number <= 65535:
        raise ValueError(f"'{value}' is not IP:PORT with a port from 0 to 65535")
    if address.version != 4:
        raise ValueError(f"'{value}': only IPv4 addresses are supported")
    if loopback_only and not address.is_loopback:
        raise ValueError(f"'{value}' can be reached from outside; the API has no sign-in for that: use 127.0.0.1:PORT")
    return value


def _plain_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", value):
        raise ValueError(f"'{value}' must be 1 to 32 letters, digits, '_', '.' or '-'")
    return value


Name = Annotated[str, AfterValidator(_plain_name)]


class Site(Section):
    """What the site is."""

    name: str = Field("Ringpace site", description="A name for people; shown in reports.")
    region: str = Field(
        "US",
        description="ISO 3166 country (two capital letters) whose numbers lists may give without a country code.",
    )

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{2}", value):
            raise ValueError(f"'{value}' is not an ISO 3166 country code: two capital letters such as US or GB")
        return value


class Bound(Section):
    """A section whose `bind` is IP:PORT."""

    bind: str

    @property
    def ip(self) -> str:
        return self.bind.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.bind.rpartition(":")[2])


class Sip(Bound):
    """Where SIP and RTP are spoken."""

    bind: str = Field(
        "0.0.0.0:5060",
        description="IP:PORT of the first card; card k uses PORT+k. Port 0 lets the system choose for each.",
    )
    rtp_port_base: int = Field(
        16384, ge=1024, le=60000, description="First RTP port; each card takes 64 ports from here on."
    )
    codecs: tuple[Literal["PCMU", "PCMA", "G722"], ...] = Field(
        ("PCMU", "PCMA"), min_length=1, description="Codecs offered, best first."
    )

    @field_validator("bind")
    @classmethod
    def _bind(cls, value: str) -> str:
        return _host_port(value, loopback_only=False)


class Api(Bound):
    """The local HTTP API that the `dialer` commands use."""

    bind: str = Field("127.0.0.1:8480", description="Loopback IP:PORT; port 0 lets the system choose.")
    token_file: Path = Field(Path("api.token"), description="File with the token that every request must carry.")

    @field_validator("bind")
    @classmethod
    def _bind(cls, value: str) -> str:
        return _host_port(value, loopback_only=True)


class Store(Section):
    """Where campaigns, leads and attempts are kept."""

    url: str = Field("sqlite:///dialer.db", description="Database; a relative path is inside the site.")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith("sqlite:///"):
            raise ValueError(f"'{value}': this version keeps its store in SQLite: sqlite:///FILE")
        return value


class _Trunk(Section):
    name: Name = Field(description='Name, used in campaigns and reports; not "all", which means all trunks there.')
    max_lines: int = Field(10, ge=1, le=1000, description="Calls that the trunk carries at once.")
    starts_per_s: float = Field(5.0, gt=0, le=100, description="Calls that may be started per second.")
    caller_ids: tuple[str, ...] = Field(
        (),
        description="Numbers (E.164) that may be shown; a lead always sees the same one. SIP only: a modem shows its "
        "SIM's number, a line of a board its own.",
    )

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if value == ALL_TRUNKS:
            raise ValueError(f"'{value}' means all trunks in a campaign's settings; give the trunk another name")
        return value

    @field_validator("caller_ids")
    @classmethod
    def _caller_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for number in value:
            if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
                raise ValueError(f"'{number}' is not E.164, for example +12125550100")
        return value


class SipTrunk(_Trunk):
    """A carrier or switch reached over SIP."""

    kind: Literal["sip"] = Field(description="How the trunk is reached.")
    target: str = Field(description='Where calls go: "sip:{number}@HOST:PORT"; {number} is E.164 with +.')
    username: str = Field("", description="User name for digest authentication.")
    password_file: Path | None = Field(None, description="File with the password; never write it here.")

    @field_validator("target")
    @classmethod
    def _target(cls, value: str) -> str:
        if not re.fullmatch(r"sip:\{number\}@[^\s@]+", value):
            raise ValueError(f"'{value}' is not like sip:{{number}}@HOST:PORT")
        return value

    @model_validator(mode="after")
    def _credentials(self) -> "SipTrunk":
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file go together: give both or none")
        return self


class ModemTrunk(_Trunk):
    """GSM modems with voice; each port is one line. What people see is the SIM's own number."""

    kind: Literal["modem"] = Field(description="How the trunk is reached.")
    port: str | tuple[str, ...] = Field(
        description='Serial port of the modem\'s commands, such as "/dev/serial/by-id/usb-...", or "imei:" and its '
        "15 digits; a list for several modems, each of which is one line."
    )
    audio: str | tuple[str, ...] = Field(
        (),
        description='Where the modem\'s voice is: "serial:PORT[@BAUD]" or "alsa:DEVICE", one for each port. Without it '
        "no call of the trunk can be joined with anybody.",
    )
    baud: int = Field(115200, ge=1200, le=4_000_000, description="Speed of the ports.")
    profile: str = Field("", description="quectel, simcom, huawei or plain; empty goes by what the modem says.")
    pin_file: Path | None = Field(None, description="File with the SIMs' PIN; never write it here.")
    allow_roaming: bool = Field(False, description="Whether a SIM may be used in a foreign network.")
    caller_id: Literal["subscription", "show", "hide"] = Field(
        "subscription", description="Whether people see the number."
    )
    calls_per_day: int | None = Field(None, ge=1, description="Calls that one SIM may make in a day.")
    minutes_per_day: int | None = Field(None, ge=1, description="Minutes that one SIM may talk in a day.")
    texts_per_day: int | None = Field(
        None,
        ge=1,
        description="Text messages that one SIM may send in a day; a long one counts as often as it has parts.",
    )

    @property
    def ports(self) -> tuple[str, ...]:
        return (self.port,) if isinstance(self.port, str) else self.port

    @property
    def audios(self) -> tuple[str, ...]:
        return (self.audio,) if isinstance(self.audio, str) else self.audio

    @model_validator(mode="before")
    @classmethod
    def _a_line_for_each(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("port"), str | list):
            port = values["port"]
            return {"max_lines": max(1, len(port)) if isinstance(port, list) else 1, **values}
        return values

    @model_validator(mode="after")
    def _one_audio_for_each(self) -> "ModemTrunk":
        if not self.ports:
            raise ValueError("port names no modem")
        if self.max_lines > len(self.ports):
            raise ValueError(f"max_lines is {self.max_lines}, and there are {len(self.ports)} ports: one line each")
        if self.audios and len(self.audios) != len(self.ports):
            raise ValueError(
                f"audio has {len(self.audios)} devices for {len(self.ports)} ports: one for each, in their order"
            )
        return self


class GatewayTrunk(_Trunk):
    """The lines of a gateway board, which has headsets and a crosspoint as well (docs/gateway-protocol.md)."""

    kind: Literal["gateway"] = Field(description="How the trunk is reached.")
    max_lines: int = Field(
        8, ge=1, le=8, description="Calls that the trunk carries at once; the board's lines, if fewer."
    )
    port: str = Field(description='Serial port of the board, such as "/dev/serial/by-id/usb-...".')
    baud: int = Field(115200, ge=1200, le=4_000_000, description="Speed of the port.")
    keepalive_ms: int = Field(
        1500, ge=300, le=10_000, description="A host that is silent for longer is lost to the board."
    )
    pulse: bool = Field(False, description="Dial by pulses in place of tones.")
    lines: tuple[int, ...] = Field((), description="Lines to use, counted from 1; none means all.")
    before: str = Field(
        "", description='Dialed before every number, "," being a second\'s rest: "9," for an outside line.'
    )
    dial_plan: dict[str, str] = Field(
        {"+": "00"},
        description='What to dial in place of a number\'s beginning, the longest that fits: {"+1" = "1", "+" = "011"} '
        "in the United States.",
    )
    ties: tuple[str, ...] = Field(
        (),
        description='This box\'s end of the board\'s ties: "serial:PORT[@BAUD]" or "alsa:DEVICE". They carry messages, '
        "and calls between the board and other kinds of lines.",
    )


_STATION_KEYS = {"sip": {"address"}, "gateway": {"board", "headset"}, "hfp": {"port", "baud", "audio"}}


class Station(Section):
    """An agent's headset or phone."""

    name: Name = Field(description="Name that `dialer agent add --station` uses.")
    kind: Literal["sip", "gateway", "hfp"] = Field(description="What the station is.")
    address: str = Field("", description='sip: address of the phone, for example "sip:anna@192.0.2.10:5060".')
    board: str = Field(
        "",
        description="gateway: the trunk whose board the headset is plugged into; not needed when there is only one.",
    )
    headset: int = Field(1, ge=1, le=8, description="gateway: which of the board's headsets, counted from 1.")
    port: str = Field("", description="hfp: serial port of the headset's Bluetooth link.")
    baud: int = Field(115200, ge=1200, le=4_000_000, description="hfp: speed of the port.")
    audio: str = Field("", description='hfp: where the headset\'s sound is: "alsa:DEVICE" or "serial:PORT[@BAUD]".')

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Station":
        if self.kind == "sip" and not re.fullmatch(r"sips?:[^\s]+", self.address):
            raise ValueError('a sip station needs address = "sip:USER@HOST:PORT"')
        foreign = {
            "address": "sip",
            "board": "gateway",
            "headset": "gateway",
            "port": "hfp",
            "baud": "hfp",
            "audio": "hfp",
        }
        for key in sorted(self.model_fields_set & foreign.keys()):
            if foreign[key] != self.kind:
                raise ValueError(f"{key} is a key of {foreign[key]} stations, and this one is {self.kind}")
        return self


Trunk = Annotated[SipTrunk | ModemTrunk | GatewayTrunk, Field(discriminator="kind")]


class Rules(Section):
    """How the calling rules bind here; packs of the site's own stand in `rules/*.toml` inside the site."""

    require_registries: bool = Field(
        False, description="A registry of which no copy was ever imported stops calls instead of being told."
    )
    enforce: tuple[str, ...] = Field(
        (), description="Ids of weakly sourced, draft or guidance rules that a person confirmed: they bind as well."
    )
    off: dict[str, str] = Field({}, description="Rules that do not bind here: id = the reason why, for the audit log.")


class Config(Section):
    """The whole of `dialer.toml`."""

    site: Site = Site()
    sip: Sip = Sip()
    api: Api = Api()
    store: Store = Store()
    rules: Rules = Rules()
    trunk: tuple[Trunk, ...] = ()
    station: tuple[Station, ...] = ()

    @model_validator(mode="after")
    def _each_device_once(self) -> "Config":
        named: dict[str, Device] = {}
        for device in self.devices():
            first = named.setdefault(device.name, device)
            if first is not device:
                where = f"{first.where} and {device.where}" if first.where != device.where else f"{first.where}, twice"
                raise ValueError(f"{where}: both name {device.name}, which serves one only; give each its own")
        return self

    @model_validator(mode="after")
    def _unique_names(self) -> "Config":
        for kind, items in (("trunk", self.trunk), ("station", self.station)):
            names = [item.name for item in items]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two [[{kind}]] sections are named '{name}'; names must differ")
        return self

    def devices(self) -> Iterator["Device"]:
        """Every port, sound device and headset that the file names, in its order."""
        boards = [trunk.name for trunk in self.trunk if isinstance(trunk, GatewayTrunk)]
        for trunk in self.trunk:
            yield from trunk_devices(trunk)
        for station in self.station:
            yield from station_devices(station, boards)

    def station_named(self, name: str) -> Station | None:
        return next((s for s in self.station if s.name == name), None)


@dataclass(frozen=True, slots=True)
class Device:
    """What a section names and shares with no other: a port, a sound device, a headset of a board.

    `text` is the setting as written; `baud` the speed of a port, None where the setting names none.
    """

    name: str
    section: str
    owner: str
    key: str
    text: str
    baud: int | None = None

    @property
    def where(self) -> str:
        """Section and key, for people."""
        return f"[[{self.section}]] {self.owner}: {self.key}"

    @property
    def is_audio(self) -> bool:
        """Whether it carries sound."""
        return self.key in ("audio", "ties")

    @property
    def is_serial(self) -> bool:
        """Whether it is a serial port, given by its path."""
        return self.text.startswith("serial:/" if self.is_audio else "/")


def trunk_devices(trunk: Trunk) -> Iterator[Device]:
    """The ports and sound devices of a trunk."""
    match trunk:
        case ModemTrunk():
            yield from (_port("trunk", trunk.name, port, trunk.baud) for port in trunk.ports)
            yield from (_audio("trunk", trunk.name, "audio", audio) for audio in trunk.audios)
        case GatewayTrunk():
            yield _port("trunk", trunk.name, trunk.port, trunk.baud)
            yield from (_audio("trunk", trunk.name, "ties", tie) for tie in trunk.ties)


def station_devices(station: Station, boards: Sequence[str]) -> Iterator[Device]:
    """The port and sound device of a station, or its headset on one of the `boards`."""
    if station.kind == "gateway":
        board = station.board or (boards[0] if len(boards) == 1 else "")
        name = f"headset {station.headset} of board {board}"
        yield Device(name, "station", station.name, "headset", str(station.headset))
    elif station.kind == "hfp":
        if station.port:
            yield _port("station", station.name, station.port, station.baud)
        if station.audio:
            yield _audio("station", station.name, "audio", station.audio)


def _port(section: str, owner: str, port: str, baud: int) -> Device:
    return Device(_path(port), section, owner, "port", port, baud)


def _audio(section: str, owner: str, key: str, audio: str) -> Device:
    if not audio.startswith("serial:"):
        return Device(audio, section, owner, key, audio)
    port, _, baud = audio.removeprefix("serial:").partition("@")
    return Device(_path(port), section, owner, key, audio, int(baud) if baud.isdecimal() else None)


def _path(port: str) -> str:
    return posixpath.normpath(port) if port.startswith("/") else port


SECTIONS: dict[str, tuple[type[Section], ...]] = {
    "[site]": (Site,),
    "[sip]": (Sip,),
    "[api]": (Api,),
    "[store]": (Store,),
    "[rules]": (Rules,),
    "[[trunk]]": (SipTrunk, ModemTrunk, GatewayTrunk),
    "[[station]]": (Station,),
}


def load_config(site: Path) -> Config:
    """Read a site's `dialer.toml`. Raises ConfigError."""
    path = site / CONFIG_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{site} is not a site: it has no {CONFIG_NAME}. Make one with: dialer init {site}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {line}" for line in _complaints(error, data))) from None


_EITHER = ("str", "tuple[str, ...]")
_WORDINGS = {
    ("missing",): "is missing",
    ("greater_than_equal",): "must be {ge} or greater, not {given}",
    ("greater_than",): "must be greater than {gt}, not {given}",
    ("less_than_equal",): "must be {le} or less, not {given}",
    ("int_type", "int_parsing", "int_from_float"): "must be a whole number, not {given!r}",
    ("float_type", "float_parsing"): "must be a number, not {given!r}",
    ("bool_type", "bool_parsing"): "must be true or false, not {given!r}",
    ("string_type", "path_type"): "must be a text in quotes, not {given!r}",
    ("literal_error",): "must be {expected}, not {given!r}",
    ("tuple_type",): "must be a list in [ ], not {given!r}",
    ("dict_type",): "must be a table of texts in {{ }}, not {given!r}",
    ("too_short",): "must name at least {min_length}",
}


def _complaints(error: ValidationError, data: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(_complaint(e, data) for e in error.errors()))


def _complaint(error: Any, data: dict[str, Any]) -> str:
    loc = [part for part in error["loc"] if part not in ("sip", "modem", "gateway") or part == error["loc"][0]]
    either = next((at for at, part in enumerate(loc) if part in _EITHER), None)
    where, key = _section(loc[:either], data)
    if error["type"] == "extra_forbidden":
        known = _known_keys(loc)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{where}: unknown key '{key}'; {hint}" if where else f"unknown section '{key}'; {hint}"
    message = _wrong(error)
    if not where and key in Config.model_fields and error["type"] in ("tuple_type", "model_type"):
        return _brackets(key)
    if error["type"].startswith("union_tag"):
        key, message = "kind", 'must be "sip", "modem" or "gateway"'
    elif either is not None:
        message = "must be a text, or a list of texts"
    return " ".join(part for part in (f"{where}:" if where else "", f"{key}:" if key else "", message) if part)


def _wrong(error: Any) -> str:
    """What is wrong with a value, in our words; those of our own checks are told as they are."""
    bounds = {key: f"{bound:g}" if isinstance(bound, float) else bound for key, bound in error.get("ctx", {}).items()}
    for kinds, wording in _WORDINGS.items():
        if error["type"] in kinds:
            return wording.format(given=error["input"], **bounds)
    return str(error["msg"]).removeprefix("Value error, ")


def _brackets(section: str) -> str:
    if f"[[{section}]]" in SECTIONS:
        return f"[{section}]: write [[{section}]] with double brackets, once for each {section}"
    return f"{section}: write [{section}] with single brackets, once, and its keys below it"


def _section(loc: list[Any], data: dict[str, Any]) -> tuple[str, str]:
    """Section as the user wrote it, with the number and name of a repeated one, and the key in it."""
    if len(loc) >= 2 and isinstance(loc[1], int):
        entry = data[loc[0]][loc[1]]
        name = f" '{entry['name']}'" if isinstance(entry, dict) and "name" in entry else ""
        return f"[[{loc[0]}]] number {loc[1] + 1}{name}", ".".join(map(str, loc[2:]))
    if len(loc) >= 2:
        return f"[{loc[0]}]", ".".join(map(str, loc[1:]))
    return "", str(loc[0]) if loc else ""


def _known_keys(loc: list[Any]) -> list[str]:
    if len(loc) < 2:
        return list(Config.model_fields)
    models = SECTIONS.get(f"[[{loc[0]}]]") or SECTIONS.get(f"[{loc[0]}]") or ()
    return sorted({key for model in models for key in model.model_fields})
