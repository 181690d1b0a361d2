"""What the emulated modems of each maker say of calls and keys, and which commands of their own they know.

Sources: 3GPP TS 27.007, and the AT command manuals of Quectel (EC2x), SIMCom (SIM7600) and Huawei (ME909).
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.hil.emulated.exchange import Progress

CLCC_STAT = {Progress.DIALING: 2, Progress.ALERTING: 3, Progress.ACTIVE: 0}


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a notification may tell of a call."""

    index: int
    incoming: bool
    number: str
    talked_s: int
    cause: int
    released_here: bool

    @property
    def head(self) -> str:
        """Index and direction, as most lines begin."""
        return f"{self.index},{int(self.incoming)}"

    @property
    def address(self) -> str:
        """Number and its type (TS 24.008 10.5.4.7)."""
        return f'"{self.number}",{145 if self.number.startswith("+") else 129}'


Notices = Callable[[CallFacts, Progress], list[str]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One maker's way. `switches` are settings with the value they have at power-up.

    `says` are the makers' notifications of calls, each with the switch that lets it be said (empty: always). `key`
    shows a DTMF key, `keys_by` is the switch for that. `voice_by` is the switch of the voice port, if there is one.
    `greeting` is said when it has booted.
    """

    name: str
    maker: str
    model: str
    switches: tuple[tuple[str, int], ...] = ()
    says: tuple[tuple[str, Notices], ...] = ()
    key: Callable[[str], str] | None = None
    keys_by: str = ""
    voice_by: str = ""
    greeting: str = ""


def result_of(cause: int) -> str:
    """The result code that a call ended by the network gives, by its Q.850 cause."""
    return {17: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER"}.get(cause, "NO CARRIER")


def _quectel_qind(call: CallFacts, progress: Progress) -> list[str]:
    stat = CLCC_STAT.get(progress, -1)
    return [f'+QIND: "ccinfo",{call.head},{stat},0,0,{call.address}']


def _dsci(call: CallFacts, progress: Progress) -> list[str]:
    stat = {Progress.DIALING: 2, Progress.ALERTING: 7, Progress.ACTIVE: 3, Progress.RELEASED: 6}[progress]
    number, kind = call.address.split(",")
    return [f"^DSCI: {call.head},{stat},0,{number.strip(chr(34))},{kind}"]


def _simcom_clcc(call: CallFacts, progress: Progress) -> list[str]:
    stat = CLCC_STAT.get(progress, 6)
    return [f"+CLCC: {call.head},{stat},0,0,{call.address}"]


def _simcom_voice(call: CallFacts, progress: Progress) -> list[str]:
    if progress is Progress.ACTIVE:
        return ["VOICE CALL: BEGIN"]
    hours, rest = divmod(call.talked_s, 3600)
    clock = f"{hours:02}{rest // 60:02}{rest % 60:02}"
    return [f"VOICE CALL: END: {clock}"] if progress is Progress.RELEASED else []


def _huawei(call: CallFacts, progress: Progress) -> list[str]:
    lines = {
        Progress.DIALING: f"^ORIG:{call.index},0",
        Progress.ALERTING: f"^CONF:{call.index}",
        Progress.ACTIVE: f"^CONN:{call.index},0",
        Progress.RELEASED: f"^CEND:{call.index},{call.talked_s},{29 if call.released_here else 104},{call.cause}",
    }
    return [lines[progress]]


PLAIN = Dialect("plain", "Ringpace Bench", "Modem 1")
QUECTEL = Dialect(
    "quectel",
    "Quectel",
    "EC25",
    (('+QINDCFG="ccinfo"', 0), ("^DSCI", 0), ("+QTONEDET", 0), ("+QPCMV", 0)),
    (('+QINDCFG="ccinfo"', _quectel_qind), ("^DSCI", _dsci)),
    lambda key: f"+QTONEDET: {ord(key)}",
    "+QTONEDET",
    "+QPCMV",
    "RDY",
)
SIMCOM = Dialect(
    "simcom",
    "SIMCOM INCORPORATED",
    "SIMCOM_SIM7600G-H",
    (("+CLCC", 0), ("+DDET", 0), ("+CPCMREG", 0), ("+CPCMFRM", 1)),
    (("", _simcom_voice), ("+CLCC", _simcom_clcc)),
    lambda key: f"+RXDTMF: {key}",
    "+DDET",
    "+CPCMREG",
    "RDY",
)
HUAWEI = Dialect(
    "huawei",
    "huawei",
    "ME909s-120",
    (("^CURC", 0), ("^DDSETEX", 0)),
    (("^CURC", _huawei),),
    voice_by="^DDSETEX",
    greeting="^SYSSTART",
)

DIALECTS = {dialect.name: dialect for dialect in (PLAIN, QUECTEL, SIMCOM, HUAWEI)}
