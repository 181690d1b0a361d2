"""What the modem driver must be told: which modems, on which ports, with which SIMs and caps."""

import re
from dataclasses import dataclass
from pathlib import Path

from hw.contract.driver import DriverError
from hw.modem.profiles import PROFILES

CLIR_MODES = {"subscription": None, "hide": 1, "show": 2}
AUDIO = ("serial", "usb", "none")
_IMEI = re.compile(r"imei:(\d{14,16})")


@dataclass(frozen=True, slots=True)
class ModemSettings:
    """One modem.

    `port` is a device path (best one of /dev/serial/by-id) or `imei:DIGITS`, which is looked for on all serial ports.
    `profile` names a maker's way, or is empty to go by what the modem says. `pin_file` holds the SIM's PIN.
    `caller_id` is 'subscription', 'show' or 'hide' (AT+CLIR). Caps are for one SIM and one day; None for no cap.
    `audio` says which way a modem that has several is told to pass its voice: 'serial', 'usb' (its USB sound card) or
    'none'.
    """

    name: str
    trunk: str
    port: str
    baud: int = 115200
    profile: str = ""
    pin_file: Path | None = None
    allow_roaming: bool = False
    caller_id: str = "subscription"
    calls_per_day: int | None = None
    minutes_per_day: int | None = None
    texts_per_day: int | None = None
    audio: str = "serial"

    def __post_init__(self) -> None:
        if self.profile and self.profile not in PROFILES:
            raise DriverError(
                f"modem {self.name!r}: profile {self.profile!r} is not known; use one of {', '.join(PROFILES)}"
            )
        if self.caller_id not in CLIR_MODES:
            raise DriverError(
                f"modem {self.name!r}: caller_id {self.caller_id!r} must be one of {', '.join(CLIR_MODES)}"
            )
        if self.audio not in AUDIO:
            raise DriverError(f"modem {self.name!r}: audio {self.audio!r} must be one of {', '.join(AUDIO)}")
        if not self.port.startswith("/") and not _IMEI.fullmatch(self.port):
            raise DriverError(
                f"modem {self.name!r}: port {self.port!r} must be a device path such as "
                "/dev/serial/by-id/usb-... or imei: with the modem's 15 digits"
            )
        caps = {
            "calls_per_day": self.calls_per_day,
            "minutes_per_day": self.minutes_per_day,
            "texts_per_day": self.texts_per_day,
        }
        for key, cap in caps.items():
            if cap is not None and cap < 1:
                raise DriverError(f"modem {self.name!r}: {key} is {cap}; it must be 1 or more, or be left out")

    @property
    def imei(self) -> str:
        """The IMEI that the port setting asks for, or empty."""
        match = _IMEI.fullmatch(self.port)
        return match[1] if match else ""

    @property
    def clir(self) -> int | None:
        """Mode for AT+CLIR; None leaves it as the subscription has it."""
        return CLIR_MODES[self.caller_id]


@dataclass(frozen=True, slots=True)
class BankSettings:
    """All modems of a site. `usage_file` remembers what each SIM has used of its caps today; None only counts."""

    modems: tuple[ModemSettings, ...]
    usage_file: Path | None = None

    def __post_init__(self) -> None:
        names = [modem.name for modem in self.modems]
        ports = [modem.port for modem in self.modems]
        for what, values in (("name", names), ("port", ports)):
            for value in values:
                if values.count(value) > 1:
                    raise DriverError(f"two modems have the {what} {value!r}; give each its own")
        if not self.modems:
            raise DriverError("there is no modem in the settings; name at least one")
