"""What the gateway driver must be told of a board."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_bridge.board import BoardSettings
from firmware_bridge.messages import KEEPALIVE_MAX_MS, KEEPALIVE_MIN_MS, KEEPALIVE_MS, DialMode
from firmware_bridge.port import PortSettings
from hw.contract.driver import DriverError

DIALABLE = frozenset("0123456789*#ABCD,")
MAX_DIGITS = 32


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One board. `name` is its trunk's name, and headset N of it has the address `gateway:NAME/N`, counted from 1.

    `port` is a device path (best one of /dev/serial/by-id). `lines` names the lines to use, counted from 1; none means
    all. `dial_plan` turns a number's beginning into what is dialed instead, the longest that fits: {"+1": "1",
    "+": "011"} for lines in the United States, {"+44": "0", "+": "00"} in the United Kingdom. `before` comes before
    every number, `,` being a second's rest: "9," for an outside line of a telephone system.
    """

    name: str
    port: str
    baud: int = 115200
    keepalive_ms: int = KEEPALIVE_MS
    pulse: bool = False
    lines: tuple[int, ...] = ()
    before: str = ""
    dial_plan: Mapping[str, str] = field(default_factory=lambda: {"+": "00"})

    def __post_init__(self) -> None:
        where = f"gateway {self.name!r}"
        if not self.port.startswith("/"):
            raise DriverError(f"{where}: port {self.port!r} must be a device path such as /dev/serial/by-id/usb-...")
        if not KEEPALIVE_MIN_MS <= self.keepalive_ms <= KEEPALIVE_MAX_MS:
            raise DriverError(
                f"{where}: keepalive_ms is {self.keepalive_ms}; it must be {KEEPALIVE_MIN_MS} to {KEEPALIVE_MAX_MS}"
            )
        if any(line < 1 for line in self.lines):
            raise DriverError(f"{where}: lines are counted from 1")
        for key, digits in (("before", self.before), *(("dial_plan", after) for after in self.dial_plan.values())):
            if set(digits) - DIALABLE:
                raise DriverError(f"{where}: {key} {digits!r} may have 0-9 * # A-D and , only")

    @property
    def board(self) -> BoardSettings:
        """The board's own settings."""
        return BoardSettings(self.name, PortSettings(self.port, self.baud), self.keepalive_ms / 1000)

    @property
    def mode(self) -> DialMode:
        """How its lines dial."""
        return DialMode.PULSE if self.pulse else DialMode.DTMF

    def address(self, headset: int) -> str:
        """Address of a headset, counted from 0 here."""
        return f"gateway:{self.name}/{headset + 1}"

    def digits(self, number: str) -> str:
        """What to dial for a number (E.164 with +, or digits as they are). Empty when it cannot be dialed here."""
        prefix = max((prefix for prefix in self.dial_plan if number.startswith(prefix)), key=len, default=None)
        digits = number if prefix is None else self.dial_plan[prefix] + number[len(prefix) :]
        digits = self.before + digits
        return digits if not set(digits) - DIALABLE and len(digits) <= MAX_DIGITS else ""

    def headset(self, address: str) -> int | None:
        """The headset with this address, counted from 0; None when it is not one of this board."""
        board, _, number = address.removeprefix("gateway:").rpartition("/")
        if board != self.name or not number.isascii() or not number.isdigit() or not 0 < len(number) < 4:
            return None
        return int(number) - 1
