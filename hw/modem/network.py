"""What +CREG, +CSQ, +COPS and +CPIN say, in words that a person understands (3GPP TS 27.007)."""

from dataclasses import dataclass
from enum import IntEnum

from hw.modem.at import number_at, parameters


class Registration(IntEnum):
    """`<stat>` of +CREG and +CEREG (TS 27.007 7.2, 10.1.22)."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    SMS_HOME = 6
    SMS_ROAMING = 7
    EMERGENCY = 8
    HOME_CSFB = 9
    ROAMING_CSFB = 10


_AT_HOME = {Registration.HOME, Registration.HOME_CSFB}
_ROAMING = {Registration.ROAMING, Registration.ROAMING_CSFB}
_WORDS = {
    Registration.IDLE: "not registered with a network and not searching; is the antenna connected?",
    Registration.SEARCHING: "searching for a network",
    Registration.DENIED: "the network refuses this SIM (registration denied); ask the operator",
    Registration.UNKNOWN: "no coverage",
    Registration.SMS_HOME: "registered for SMS only",
    Registration.SMS_ROAMING: "registered for SMS only",
    Registration.EMERGENCY: "only emergency calls are allowed",
}


@dataclass(frozen=True, slots=True)
class Network:
    """Where a modem stands in the network. `signal_dbm` is None when not known; `operator` may be empty."""

    circuit: Registration = Registration.IDLE
    packet: Registration = Registration.IDLE
    signal_dbm: int | None = None
    operator: str = ""

    @property
    def searching(self) -> bool:
        """Whether the modem may still find a network by itself."""
        return {self.circuit, self.packet} <= {Registration.IDLE, Registration.SEARCHING, Registration.UNKNOWN}

    def trouble(self, *, allow_roaming: bool) -> str:
        """Why no call can be placed now; empty when one can. LTE counts, as voice may go over IMS."""
        stats = {self.circuit, self.packet}
        if stats & _AT_HOME:
            return ""
        if stats & _ROAMING:
            where = f" on {self.operator}" if self.operator else ""
            return "" if allow_roaming else f"roaming{where}; set allow_roaming = true if calls may be placed abroad"
        told = self.circuit if self.circuit is not Registration.IDLE else self.packet
        return _WORDS[told]


def registration_of(line: str, *, asked: bool) -> Registration | None:
    """Registration in `+CREG: <n>,<stat>...` (`asked`: the answer to AT+CREG?) or `+CREG: <stat>...` (told)."""
    stat = number_at(parameters(line), 1 if asked else 0)
    return Registration(stat) if stat is not None and stat in list(Registration) else None


def signal_dbm_of(line: str) -> int | None:
    """Received signal strength in dBm in `+CSQ: <rssi>,<ber>` (TS 27.007 8.5); None for 99, not known."""
    rssi = number_at(parameters(line), 0)
    return -113 + 2 * rssi if rssi is not None and 0 <= rssi <= 31 else None


def operator_of(line: str) -> str:
    """The operator's name in `+COPS: <mode>,<format>,<name>[,<AcT>]`; empty when there is none."""
    values = parameters(line)
    return values[2] if len(values) > 2 else ""
