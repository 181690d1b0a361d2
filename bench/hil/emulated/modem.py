"""An AT modem that is not there: commands of 3GPP TS 27.007 and 27.005, the makers' notifications, and faults.

`python -m bench.hil.emulated.modem --port LINK` runs one by hand; `--help` tells the rest.
"""

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.hil.emulated.dialects import CLCC_STAT, DIALECTS, CallFacts, result_of
from bench.hil.emulated.exchange import Exchange, ExchangeCall, Progress
from bench.hil.emulated.pipes import Pipe, PtyPipe, TcpPipe
from bench.hil.emulated.texts import AtError, Texts
from bench.hil.emulated.voice import Voice

MAX_COMMAND = 2048
RING_GAP_S = 0.5
BOOT_S = 0.1
_EXTENDED = re.compile(r"([+^*%$][A-Za-z0-9]+)(=\?|=|\?)?(.*)", re.DOTALL)
_BASIC = re.compile(r"([A-Z])(\d*)")
_CAUSES = {
    1: "Unassigned (unallocated) number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call rejected",
    27: "Destination out of order",
    28: "Invalid number format (incomplete number)",
    34: "No circuit/channel available",
    41: "Temporary failure",
}


@dataclass(slots=True)
class Faults:
    """What is wrong with a modem; may be changed while it runs.

    `sim` is ready, pin, puk, absent or failure. `registration` and `packet` are <stat> of +CREG and +CEREG.
    `lose_notices` keeps back everything that is said unasked. `slow_ok_s` delays final results, `slow_dial_s` those of
    ATD alone. `hangs` says nothing at all until it is reset, if `reset_helps`. `deaf_to` are beginnings of commands
    that are never answered, `refuses` of those that bring ERROR. `garbage` is the chance of line noise before a line.
    `rssi` is the signal as +CSQ tells it: 0 to 31, or 99 for unknown.
    """

    sim: str = "ready"
    registration: int = 1
    packet: int = 1
    lose_notices: bool = False
    slow_ok_s: float = 0.0
    slow_dial_s: float = 0.0
    hangs: bool = False
    reset_helps: bool = True
    deaf_to: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    garbage: float = 0.0
    rssi: int = 19
    seed: int = 0


@dataclass(slots=True, eq=False)
class _Ringing:
    number: str
    until: float
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class EmulatedModem:
    """A modem with a SIM, plugged into `exchange`. Open it with `open_pty` or `open_tcp`.

    `log` keeps the commands that came, `incoming_refused` counts how often the host refused a call to it.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        dialect: str = "plain",
        imei: str = "490154203237518",
        imsi: str = "001010123456789",
        pin: str = "1234",
        faults: Faults | None = None,
    ) -> None:
        self.exchange = exchange
        self.dialect = DIALECTS[dialect]
        self.imei = imei
        self.imsi = imsi
        self.faults = faults or Faults()
        self.log: list[str] = []
        self.pin_tries_left = 3
        self.incoming_refused = 0
        self.call: ExchangeCall | None = None
        self.voice: Voice | None = None
        self._pin = pin
        self._pipe: Pipe | None = None
        self._texts = Texts(exchange, imsi, self._say_notice)
        self._incoming: _Ringing | None = None
        self._last_cause = 16
        self._released_here = False
        self._line = bytearray()
        self._body_for: int | None = None
        self._random = random.Random(self.faults.seed)
        self._power_up()

    # Plugging

    def open_pty(self, link: Path | None = None) -> str:
        """Plug it in; returns the path of its port. `link` is made to point there, as /dev/serial/by-id does.

        Raises BenchError when something else is at the link's path.
        """
        self._pull_out()
        pipe = PtyPipe(self.take, link)
        self.plug(pipe)
        return pipe.path

    async def open_tcp(self, port: int = 0) -> int:
        """Serve on a TCP port of loopback; returns its number. Raises BenchError when it is taken."""
        self._pull_out()
        pipe = TcpPipe(self.take)
        await pipe.open(port)
        self.plug(pipe)
        return pipe.port

    def open_voice(self, link: Path | None = None) -> Voice:
        """Plug in the voice port as well; it carries the call while the maker's switch for it is on."""
        self.voice = Voice(self._voice_is_on, link)
        return self.voice

    def _voice_is_on(self) -> bool:
        answered = self.call is not None and self.call.answered_at is not None
        return answered and bool(self._switches.get(self.dialect.voice_by))

    def plug(self, pipe: Pipe) -> None:
        """Say what it says into `pipe`; what comes out of it is given to `take`."""
        self._pull_out()
        self._power_up()
        self._pipe = pipe

    def unplug(self) -> None:
        """Pull it out of its socket, power and all."""
        self._pull_out()
        if self.voice is not None:
            self.voice.close()
            self.voice = None
        self._lose_call()

    close = unplug

    def restart(self) -> None:
        """Its supply fails for a moment: the port stays, the call and all settings are gone."""
        self._lose_call()
        self._power_up()
        if self.dialect.greeting:
            asyncio.get_running_loop().call_later(BOOT_S, self._say, self.dialect.greeting)

    def ring(self, number: str, rings: int = 20) -> None:
        """Somebody calls this SIM, instead of whoever did before."""
        self._stop_ringing()
        self._incoming = _Ringing(number, asyncio.get_running_loop().time() + rings * RING_GAP_S)
        self._ring_on()

    def report_delivery(self, reference: int, number: str) -> None:
        """The network tells that a part sent under `reference`, at whatever time, has reached its phone."""
        self._texts.report_delivery(reference, number)

    def _pull_out(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    @property
    def switches(self) -> dict[str, int]:
        """The maker's settings as they are now: audio path, notifications, tone detection."""
        return dict(self._switches)

    def _power_up(self) -> None:
        self._echo = True
        self._cmee = 0
        self._creg = {"+CREG": 0, "+CEREG": 0}
        self._clip = False
        self._cring = False
        self._clir = 0
        self._cops_format = 0
        self._switches: dict[str, int] = dict(self.dialect.switches)
        self._unlocked = False
        self._line.clear()
        self._body_for = None
        if self.faults.reset_helps:
            self.faults.hangs = False

    def _lose_call(self) -> None:
        if self.call is not None:
            call, self.call = self.call, None
            self.exchange.lose(call)

    # Bytes

    def take(self, data: bytes) -> None:
        """Bytes from the host."""
        if self.faults.hangs:
            if self.faults.reset_helps and b"AT+CFUN=1,1\r" in data:
                self.restart()
            return
        for byte in data:
            if self._body_for is not None:
                self._take_body(byte)
            elif byte == 0x0D:
                self._echo_back(bytes(self._line) + b"\r")
                text = self._line.decode("latin-1").strip()
                self._line.clear()
                self._run(text)
            elif byte not in (0x0A, 0x1B) and len(self._line) < MAX_COMMAND:
                self._line.append(byte)

    def _take_body(self, byte: int) -> None:
        if byte == 0x1B:
            self._body_for = None
            self._line.clear()
            self._say("OK")
        elif byte == 0x1A:
            length, self._body_for = self._body_for, None
            text = self._line.decode("latin-1").strip()
            self._line.clear()
            self._finish(self._texts.submit(text, length or 0), "AT+CMGS")
        elif len(self._line) < MAX_COMMAND:
            self._line.append(byte)

    def _echo_back(self, data: bytes) -> None:
        if self._echo:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._pipe is not None and not self.faults.hangs:
            self._pipe.write(data)

    def _say(self, *lines: str) -> None:
        for line in lines:
            if self._random.random() < self.faults.garbage:
                self._write(self._random.randbytes(self._random.randint(1, 40)).replace(b"\r", b"?") + b"\r\n")
            self._write(f"\r\n{line}\r\n".encode("latin-1"))

    def _say_notice(self, line: str) -> None:
        if not self.faults.lose_notices:
            self._say(line)

    # Commands

    def _run(self, text: str) -> None:
        if text[:2].upper() != "AT":
            return
        self.log.append(text)
        if text.startswith(self.faults.deaf_to or ("\0",)):
            return
        if text.startswith(self.faults.refuses or ("\0",)):
            self._finish(["ERROR"], text)
            return
        try:
            self._finish([*self._run_all(text[2:].strip()), "OK"], text)
        except AtError as error:
            self._finish([self._error(error)], text)
        except _Prompt as prompt:
            self._body_for = prompt.length
            self._write(b"\r\n> ")

    def _error(self, error: AtError) -> str:
        return f"+CME ERROR: {error.code}" if self._cmee and error.code is not None else "ERROR"

    def _finish(self, lines: list[str], text: str) -> None:
        """Answer, late where a fault says so; what follows is answered after it, as by a modem."""
        delay_s = self.faults.slow_ok_s + (self.faults.slow_dial_s if text[:3].upper() == "ATD" else 0)
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, lambda: self._say(*lines))
        else:
            self._say(*lines)

    def _run_all(self, text: str) -> list[str]:
        """The commands of one line (V.250 5.2.1): basic ones in a row, extended ones parted by semicolons."""
        lines: list[str] = []
        while text:
            upper = text.upper()
            if upper[0] == "D":
                self._dial(text[1:])
                return lines
            if upper[0] in "+^*%$":
                one, _, text = _split_at_semicolon(text)
                lines += self._extended(one)
            elif upper[:2] in ("&F", "&K", "&D", "&C"):
                text = text[2:].lstrip("0123456789")
            else:
                match = _BASIC.match(upper)
                if match is None:
                    raise AtError
                lines += self._basic(match[1], match[2])
                text = text[match.end() :].lstrip(";")
        return lines

    def _basic(self, letter: str, value: str) -> list[str]:
        if letter == "E":
            self._echo = value == "1"
        elif letter == "H":
            self._hang_up()
        elif letter == "A":
            self._pick_up()
        elif letter == "I":
            return [self.dialect.maker, self.dialect.model]
        elif letter not in "ZVQXSMLT":
            raise AtError
        return []

    def _extended(self, text: str) -> list[str]:
        match = _EXTENDED.fullmatch(text)
        if match is None:
            raise AtError
        name, kind, value = match[1].upper(), match[2] or "", match[3]
        key = self._switch_key(name, value)
        if key is not None:
            return self._switch(key, kind, value)
        handler = _COMMANDS.get(name)
        if handler is None:
            return self._texts.run(name, kind, value)
        return handler(self, kind, value)

    def _switch_key(self, name: str, value: str) -> str | None:
        """The setting that a command is about; some makers have several under one name, told apart in quotes."""
        if name == "+CLCC" and not value:
            return None
        keys = [key for key in self._switches if key.partition("=")[0] == name]
        return next((key for key in keys if value.startswith(key.partition("=")[2])), None)

    def _switch(self, key: str, kind: str, value: str) -> list[str]:
        name, _, label = key.partition("=")
        if kind == "?":
            return [f"{name}: {self._switches[key]}"]
        numbers = re.findall(r"\d+", value.removeprefix(label))
        if kind != "=" or not numbers:
            raise AtError(50)
        if name == "+CPCMREG" and numbers[0] == "1" and (self.call is None or self.call.answered_at is None):
            raise AtError
        self._switches[key] = int(numbers[0])
        return []

    def _ready(self) -> None:
        """Raise unless the SIM is open (TS 27.007 9.2.1)."""
        state = self._sim_state()
        if state != "READY":
            raise AtError({"SIM PIN": 11, "SIM PUK": 12}[state])

    def _sim_state(self) -> str:
        codes = {"absent": 10, "failure": 13}
        if self.faults.sim in codes:
            raise AtError(codes[self.faults.sim])
        if self.faults.sim == "puk" or self.pin_tries_left == 0:
            return "SIM PUK"
        return "SIM PIN" if self.faults.sim == "pin" and not self._unlocked else "READY"

    def _cpin(self, kind: str, value: str) -> list[str]:
        state = self._sim_state()
        if kind == "?":
            return [f"+CPIN: {state}"]
        if state != "SIM PIN":
            raise AtError(3)
        if value.strip('"') != self._pin:
            self.pin_tries_left -= 1
            raise AtError(16 if self.pin_tries_left else 12)
        self._unlocked = True
        self.pin_tries_left = 3
        return []

    def _cpinr(self, kind: str, value: str) -> list[str]:
        return [f"+CPINR: SIM PIN,{self.pin_tries_left},3", "+CPINR: SIM PUK,10,10"]

    def _registration(self, name: str, stat: int, kind: str, value: str) -> list[str]:
        if kind == "=?":
            return [f"{name}: (0-2)"]
        if kind == "=":
            self._creg[name] = int(value[:1] or "0")
            return []
        place = ',"00C3","0001A2B3",7' if self._creg[name] == 2 else ""
        return [f"{name}: {self._creg[name]},{stat}{place}"]

    def register(self, stat: int) -> None:
        """The network changes its mind: <stat> of +CREG and +CEREG from now on, told where the host asked for it."""
        self.faults.registration = self.faults.packet = stat
        for name, mode in self._creg.items():
            if mode:
                self._say_notice(f"{name}: {stat}")

    def _cops(self, kind: str, value: str) -> list[str]:
        if kind == "=?":
            return ['+COPS: (2,"Bench Mobile","Bench","00101",7),,(0-4),(0-2)']
        if kind == "=":
            values = value.split(",")
            if values[0] == "3" and len(values) > 1:
                self._cops_format = int(values[1])
            return []
        if self.faults.registration not in (1, 5):
            return ["+COPS: 0"]
        name = "00101" if self._cops_format == 2 else "Bench Mobile"
        return [f'+COPS: 0,{self._cops_format},"{name}",7']

    def _clcc(self, kind: str, value: str) -> list[str]:
        lines = []
        if self.call is not None and self.call.up:
            facts = self._facts(self.call)
            lines.append(f"+CLCC: {facts.head},{CLCC_STAT[self.call.progress]},0,0,{facts.address}")
        if self._incoming is not None:
            stat = 5 if self.call is not None else 4
            lines.append(f'+CLCC: {2 if self.call is not None else 1},1,{stat},0,0,"{self._incoming.number}",145')
        return lines

    def _chup(self, kind: str, value: str) -> list[str]:
        self._hang_up()
        return []

    def _chld(self, kind: str, value: str) -> list[str]:
        if kind == "=?":
            return ["+CHLD: (0,1,1x,2,2x,3)"]
        if value == "0" and self._incoming is not None:
            self._refuse_incoming()
        else:
            self._hang_up()
        return []

    def _vts(self, kind: str, value: str) -> list[str]:
        if kind == "=?":
            return ["+VTS: (0-9,A-D,*,#)"]
        if self.call is None or self.call.answered_at is None or value[:1].upper() not in "0123456789*#ABCD":
            raise AtError(3)
        self.exchange.hear_key(self.call, value[:1].upper())
        return []

    def _clir_set(self, kind: str, value: str) -> list[str]:
        if kind == "=":
            self._clir = int(value or "0")
            return []
        return [f"+CLIR: {self._clir},4"]

    def _cfun(self, kind: str, value: str) -> list[str]:
        if kind == "?":
            return ["+CFUN: 1"]
        if value.endswith(",1"):
            self.restart()
        return []

    def _ceer(self, kind: str, value: str) -> list[str]:
        return [f"+CEER: {_CAUSES.get(self._last_cause, 'Protocol error, unspecified')}"]

    def _flag(self, name: str) -> Callable[[str, str], list[str]]:
        def take(kind: str, value: str) -> list[str]:
            if kind == "=":
                setattr(self, name, value[:1] not in ("0", ""))
            return []

        return take

    # Calls

    def _dial(self, text: str) -> None:
        number = text.rstrip(";")
        hidden = number.endswith("I") or (self._clir == 1 and not number.endswith("i"))
        number = number.rstrip("Ii")
        if not text.endswith(";") or not re.fullmatch(r"\+?[0-9*#]{1,40}", number):
            raise AtError(27)
        self._ready()
        if self.faults.registration not in (1, 5):
            raise AtError(30)
        if self.call is not None:
            raise AtError(3)
        self._released_here = False
        self.call = self.exchange.dial(self, self.imsi, number, hidden=hidden)
        asyncio.get_running_loop().call_soon(self._tell, self.call, Progress.DIALING)

    def _hang_up(self) -> None:
        if self.call is not None:
            self._released_here = True
            self.exchange.release(self.call)
        elif self._incoming is not None:
            self._refuse_incoming()

    def _refuse_incoming(self) -> None:
        self.incoming_refused += 1
        self._stop_ringing()

    def _pick_up(self) -> None:
        if self._incoming is None:
            raise AtError(3)
        self._stop_ringing()

    def _ring_on(self) -> None:
        ringing = self._incoming
        if ringing is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= ringing.until:
            self._stop_ringing()
            self._say_notice("NO CARRIER")
            return
        if self.call is not None:
            self._say_notice(f'+CCWA: "{ringing.number}",145,1')
        else:
            self._say_notice("+CRING: VOICE" if self._cring else "RING")
            if self._clip:
                self._say_notice(f'+CLIP: "{ringing.number}",145,,,,0')
        ringing.timer = loop.call_later(RING_GAP_S, self._ring_on)

    def stop_ringing(self) -> None:
        """Whoever calls this SIM gives up."""
        if self._incoming is not None:
            self._stop_ringing()
            self._say_notice("NO CARRIER")

    def _stop_ringing(self) -> None:
        ringing, self._incoming = self._incoming, None
        if ringing is not None and ringing.timer is not None:
            ringing.timer.cancel()

    def progress(self, call: ExchangeCall, progress: Progress) -> None:
        """The exchange says how far the call is."""
        if progress is Progress.RELEASED:
            self._last_cause = call.cause or 16
            if self.call is call:
                self.call = None
        self._tell(call, progress)

    def key(self, call: ExchangeCall, key: str) -> None:
        """The far end pressed a key; told where the modem listens for tones."""
        if self.dialect.key is not None and self._switches.get(self.dialect.keys_by):
            self._say_notice(self.dialect.key(key))

    def _tell(self, call: ExchangeCall, progress: Progress) -> None:
        if progress is Progress.DIALING and not call.up:
            return
        facts = self._facts(call)
        for switch, says in self.dialect.says:
            if not switch or self._switches.get(switch):
                for line in says(facts, progress):
                    self._say_notice(line)
        if progress is Progress.RELEASED and not self._released_here:
            self._say_notice(result_of(facts.cause))

    def _facts(self, call: ExchangeCall) -> CallFacts:
        talked_s = 0.0
        if call.answered_at is not None:
            talked_s = (call.ended_at or asyncio.get_running_loop().time()) - call.answered_at
        return CallFacts(1, False, call.number, int(talked_s), call.cause or 16, self._released_here)


class _Prompt(Exception):
    """The command wants a body of `length` octets."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length


def _split_at_semicolon(text: str) -> tuple[str, str, str]:
    """The first extended command, and the rest after a semicolon outside quotes."""
    quoted = False
    for place, character in enumerate(text):
        quoted ^= character == '"'
        if character == ";" and not quoted:
            return text[:place], ";", text[place + 1 :]
    return text, "", ""


Handler = Callable[[EmulatedModem, str, str], list[str]]


def _constant(*lines: str) -> Handler:
    return lambda modem, kind, value: list(lines) if kind != "=" else []


def _cmgs(modem: EmulatedModem, kind: str, value: str) -> list[str]:
    if kind == "=?":
        return []
    modem._ready()
    raise _Prompt(int(value)) if value.isdigit() else AtError(304)


def _imsi(modem: EmulatedModem, kind: str, value: str) -> list[str]:
    modem._ready()
    return [modem.imsi]


_COMMANDS: dict[str, Handler] = {
    "+CGMI": lambda modem, kind, value: [modem.dialect.maker],
    "+CGMM": lambda modem, kind, value: [modem.dialect.model],
    "+CGMR": _constant("Revision: BENCH 1"),
    "+CGSN": lambda modem, kind, value: [modem.imei],
    "+CIMI": _imsi,
    "+CMEE": lambda modem, kind, value: modem._flag("_cmee")(kind, value),
    "+CLIP": lambda modem, kind, value: modem._flag("_clip")(kind, value),
    "+CRC": lambda modem, kind, value: modem._flag("_cring")(kind, value),
    "+CPIN": EmulatedModem._cpin,
    "+CPINR": EmulatedModem._cpinr,
    "+CREG": lambda modem, kind, value: modem._registration("+CREG", modem.faults.registration, kind, value),
    "+CEREG": lambda modem, kind, value: modem._registration("+CEREG", modem.faults.packet, kind, value),
    "+COPS": EmulatedModem._cops,
    "+CSQ": lambda modem, kind, value: [f"+CSQ: {modem.faults.rssi},99"] if kind != "=" else [],
    "+CBC": _constant("+CBC: 0,80"),
    "+CLCC": EmulatedModem._clcc,
    "+CHUP": EmulatedModem._chup,
    "+CHLD": EmulatedModem._chld,
    "+VTS": EmulatedModem._vts,
    "+VTD": _constant("+VTD: 1"),
    "+CLIR": EmulatedModem._clir_set,
    "+CFUN": EmulatedModem._cfun,
    "+CEER": EmulatedModem._ceer,
    "+CSCS": _constant('+CSCS: "GSM"'),
    "+CMGS": _cmgs,
    "+COLP": _constant("+COLP: 0,0"),
    "+CDIP": _constant("+CDIP: 0,0"),
    "+CNAP": _constant("+CNAP: 0,0"),
    "+CSSN": _constant("+CSSN: 0,0"),
    "+CCWA": _constant("+CCWA: 0"),
    "+CLCK": _constant("+CLCK: 0"),
    "+CPAS": _constant("+CPAS: 0"),
}


if __name__ == "__main__":
    from bench.hil.emulated.modem_by_hand import main

    main()
