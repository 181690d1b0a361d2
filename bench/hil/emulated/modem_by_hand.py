"""An emulated modem on the command line, `python -m bench.hil.emulated.modem`: what is typed at it happens."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.hil.emulated.dialects import DIALECTS
from bench.hil.emulated.exchange import Exchange, ExchangeCall, FarEnd, Progress
from bench.hil.emulated.keyboard import Keyboard
from bench.hil.emulated.modem import EmulatedModem, Faults
from bench.hil.emulated.subscribers import FAR_ENDS, NUMBERS
from bench.hil.files import BenchError, nearest
from bench.hil.scenario import check_number

STRANGER = "+12125550120"
KEPT = 1000
MAX_TCP_PORT = 65535
SIMS = ("ready", "pin", "puk", "absent", "failure")
# <stat> of +CREG (3GPP TS 27.007 10.1.19).
NETWORKS = {"home": 1, "searching": 2, "denied": 3, "unknown": 4, "roaming": 5, "none": 0}
RSSI_UNKNOWN = 99
HELP = f"""\
ring [NUMBER]    somebody calls this SIM ({STRANGER})
stop             and gives up
answer, hangup   the far side of the call that is up
keys 4711        the far side presses keys
signal 0-31      as +CSQ tells it; 99: unknown
network HOW      {", ".join(NETWORKS)}
unplug, plug     out of its socket, power and all, and in again
restart          its supply fails for a moment
hang, wake       it says nothing more, until it is reset
quiet, loud      what it says unasked is lost, or comes
slow SECONDS     its answers come so much later; 0: at once
status           how it is now
quit             end, as Ctrl-C does"""
_TOLD = {Progress.ALERTING: "rings", Progress.ACTIVE: "answers"}


def say(text: str) -> None:
    """Print at once. A terminal that is gone hears nothing."""
    with suppress(OSError):
        print(text, flush=True)


class ToldModem(EmulatedModem):
    """A modem that says what the far sides do, and keeps books of bounded length."""

    def take(self, data: bytes) -> None:
        """Bytes from the host."""
        calls = len(self.exchange.calls)
        super().take(data)
        for call in self.exchange.calls[calls:]:
            say(f"{call.number}: dialed")
        for number, text in self.exchange.texts:
            say(f"{number}: text {text!r}")
        self.exchange.texts.clear()
        del self.log[:-KEPT], self.exchange.calls[:-KEPT]

    def progress(self, call: ExchangeCall, progress: Progress) -> None:
        """The exchange says how far the call is."""
        if progress in _TOLD:
            say(f"{call.number}: {_TOLD[progress]}")
        elif progress is Progress.RELEASED:
            pressed = f", keys heard {call.keys_heard}" if call.keys_heard else ""
            say(f"{call.number}: over, by {call.released_by}, cause {call.cause}{pressed}")
        super().progress(call, progress)


class Desk:
    """A modem, its sockets, and what can be typed about it."""

    def __init__(self, modem: ToldModem, port: Path | None, tcp: int, voice: Path | None) -> None:
        self._modem = modem
        self._port = port
        self._tcp = tcp
        self._voice = voice
        self._plugged = False

    async def plug(self) -> None:
        """Into its socket. Raises BenchError when that is taken."""
        if self._plugged:
            return
        if self._port is not None:
            self._modem.open_pty(self._port)
            place = str(self._port)
        else:
            self._tcp = await self._modem.open_tcp(self._tcp)
            place = f"tcp:127.0.0.1:{self._tcp}"
        self._plugged = True
        if self._voice is not None:
            self._modem.open_voice(self._voice)
        say(f"{self._modem.dialect.name} modem at {place}" + (f", voice at {self._voice}" if self._voice else ""))

    def unplug(self) -> None:
        """Out of it; nothing when it is."""
        self._modem.unplug()
        self._plugged = False

    async def do(self, words: list[str]) -> None:
        """What is typed. Raises BenchError when that cannot be done."""
        modem = self._modem
        match words:
            case []:
                return
            case ["ring", *number] if len(number) < 2:
                modem.ring(_number(number[0]) if number else STRANGER)
            case ["stop"]:
                modem.stop_ringing()
            case ["answer" | "hangup" | "keys" as act, *keys] if bool(keys) == (act == "keys") and len(keys) < 2:
                self._far(act, "".join(keys))
            case ["plug"]:
                await self.plug()
            case ["unplug"]:
                self.unplug()
            case ["restart"]:
                modem.restart()
            case ["status"]:
                say(self.status())
            case ["help"]:
                say(HELP)
            case _:
                self._set(words)

    def _far(self, act: str, keys: str) -> None:
        call = self._modem.call
        if call is None:
            raise BenchError("no call is up")
        if act == "answer":
            self._modem.exchange.answer(call)
        elif act == "hangup":
            self._modem.exchange.hang_up(call)
        elif set(keys.upper()) <= set("0123456789*#ABCD"):
            self._modem.exchange.press(call, keys.upper())
        else:
            raise BenchError(f"keys {keys}: the keys are 0 to 9, *, #, and A to D")

    def _set(self, words: list[str]) -> None:
        faults = self._modem.faults
        match words:
            case ["hang" | "wake"]:
                faults.hangs = words == ["hang"]
            case ["quiet" | "loud"]:
                faults.lose_notices = words == ["quiet"]
            case ["signal", rssi] if rssi.isdecimal() and (int(rssi) <= 31 or int(rssi) == RSSI_UNKNOWN):
                faults.rssi = int(rssi)
            case ["network", how] if how in NETWORKS:
                self._modem.register(NETWORKS[how])
            case ["slow", seconds] if _is_time(seconds):
                faults.slow_ok_s = float(seconds)
            case _:
                raise BenchError(f"{' '.join(words)!r} is none of what can be typed:\n{HELP}")

    def status(self) -> str:
        """How the modem is, in a line."""
        modem, call = self._modem, self._modem.call
        network = next((name for name, stat in NETWORKS.items() if stat == modem.faults.registration), "?")
        told = ["plugged in" if self._plugged else "unplugged", f"network {network}", f"signal {modem.faults.rssi}"]
        told.append(f"call to {call.number}: {call.progress.name.lower()}" if call is not None else "no call")
        told += ["hangs"] * modem.faults.hangs + ["quiet"] * modem.faults.lose_notices
        return ", ".join([*told, f"incoming calls refused: {modem.incoming_refused}"])


def _number(text: str) -> str:
    try:
        return check_number(text)
    except ValueError as error:
        raise BenchError(str(error)) from error


def _tcp_port(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_TCP_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: write a number from 0 to {MAX_TCP_PORT}")
    return int(text)


def _is_time(text: str) -> bool:
    try:
        return 0 <= float(text) <= 3600
    except ValueError:
        return False


def subscribers(entries: Sequence[str]) -> dict[str, FarEnd]:
    """Far ends by number: those that there always are, and the `BEHAVES=NUMBER` given. Raises BenchError."""
    found = {NUMBERS[name]: far_end for name, far_end in FAR_ENDS.items()}
    for entry in entries:
        behaves, _, number = entry.partition("=")
        if behaves not in FAR_ENDS:
            raise BenchError(f"--number {entry}: no number behaves {behaves!r}{nearest(behaves, FAR_ENDS)}")
        found[_number(number)] = FAR_ENDS[behaves]
    return found


async def run(arguments: argparse.Namespace) -> None:
    """Be the modem until told to end. Raises BenchError when a port is taken or a number is none."""
    exchange = Exchange(subscribers(arguments.number), FAR_ENDS[arguments.others])
    faults = Faults(sim=arguments.sim)
    modem = ToldModem(exchange, dialect=arguments.dialect, imei=arguments.imei, pin=arguments.pin, faults=faults)
    desk = Desk(modem, arguments.port, arguments.tcp or 0, arguments.voice)
    with Keyboard() as typed:
        try:
            await desk.plug()
            say("type help for what can happen, Ctrl-C ends it")
            async for words in typed:
                try:
                    await desk.do(words)
                except BenchError as error:
                    say(str(error))
        finally:
            desk.unplug()


def _parser() -> argparse.ArgumentParser:
    numbers = "\n".join(f"  {number}  {name}" for name, number in sorted(NUMBERS.items(), key=lambda item: item[1]))
    parser = argparse.ArgumentParser(
        prog="python -m bench.hil.emulated.modem",
        description="An AT modem that is not there, with an exchange behind it. What is typed at it happens.",
        epilog=f"numbers that there always are:\n{numbers}\n\ntyped while it runs:\n{HELP}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--port", type=Path, metavar="LINK", help="symbolic link to be made to its pty")
    place.add_argument(
        "--tcp",
        type=_tcp_port,
        metavar="PORT",
        help="serve on this port of 127.0.0.1; 0: a free one",
    )
    parser.add_argument("--voice", type=Path, metavar="LINK", help="symbolic link to be made to its voice port's pty")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="quectel", help="the maker (quectel)")
    parser.add_argument(
        "--number", action="append", default=[], metavar="BEHAVES=NUMBER",
        help=f"a number and what it does: {', '.join(sorted(FAR_ENDS))}; once for each",
    )  # fmt: skip
    parser.add_argument(
        "--others", choices=sorted(FAR_ENDS), default="answers", help="what all other numbers do (answers)"
    )
    parser.add_argument("--sim", choices=SIMS, default="ready", help="the SIM's state (ready)")
    parser.add_argument("--pin", default="1234", metavar="DIGITS", help="the SIM's PIN (1234)")
    parser.add_argument("--imei", default="490154203237518", metavar="DIGITS", help="its IMEI (490154203237518)")
    return parser


def main() -> None:
    """The command line."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        asyncio.run(run(arguments))
    except BenchError as error:
        parser.exit(1, f"error: {error}\n")
