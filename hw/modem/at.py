"""What a modem says and what is asked of it: lines, results and one command at a time (ITU-T V.250, 3GPP TS 27.007)."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_LINE = 1024
MAX_INFO_LINES = 64
MAX_QUEUED = 64
PROMPT = "> "
SYNC_LIMIT_S = 3.0
SYNC_TRIES = 3
QUIET_S = 0.25
_CTRL_Z = b"\x1a"
_ESCAPE = b"\x1b"
_TWO_LINES = ("+CDS:", "+CMT:", "+CBM:")
_PDU = re.compile(r"[0-9A-Fa-f]{10,}")
_ERROR = re.compile(r"\+(CM[ES]) ERROR: ?(\d{1,5})?")


class Final(StrEnum):
    """How a command ended: a final result code (V.250 table 1, TS 27.007 9.2, TS 27.005 3.2.5), or no result at all."""

    OK = "OK"
    ERROR = "ERROR"
    CME_ERROR = "+CME ERROR"
    CMS_ERROR = "+CMS ERROR"
    NO_CARRIER = "NO CARRIER"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    NO_DIALTONE = "NO DIALTONE"
    TIMEOUT = "no answer in time"
    GONE = "not sent"


CALL_RESULTS = {
    "NO CARRIER": Final.NO_CARRIER,
    "BUSY": Final.BUSY,
    "NO ANSWER": Final.NO_ANSWER,
    "NO DIALTONE": Final.NO_DIALTONE,
    "NO DIAL TONE": Final.NO_DIALTONE,
}
_PLAIN_FINALS = {
    "OK": Final.OK,
    "ERROR": Final.ERROR,
    "COMMAND NOT SUPPORT": Final.ERROR,
    "TOO MANY PARAMETERS": Final.ERROR,
    "ABORTED": Final.ERROR,
}


@dataclass(frozen=True, slots=True)
class Command:
    """One AT command line, without its CR.

    Lines that begin with one of `prefixes` belong to its answer; with `bare`, so do lines that no one else claims
    (AT+CGMI). `dials` makes call results (BUSY, NO CARRIER ...) end it. `body` is sent after the `> ` prompt and
    closed with Ctrl-Z (TS 27.005 3.5.1). A `secret` is never shown. `then` is for whoever asked.
    """

    text: str = field(repr=False)
    prefixes: tuple[str, ...] = ()
    limit_s: float = 5.0
    bare: bool = False
    dials: bool = False
    body: bytes = field(default=b"", repr=False)
    secret: bool = False
    then: "Callable[[Reply, float], None] | None" = field(default=None, repr=False, compare=False)

    @property
    def shown(self) -> str:
        """The command as logs may have it."""
        return self.text.partition("=")[0] + "=..." if self.secret else self.text


@dataclass(frozen=True, slots=True)
class Reply:
    """A command is over. `code` is the number of a +CME or +CMS ERROR."""

    command: Command
    final: Final
    lines: tuple[str, ...] = ()
    code: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.final is Final.OK

    @property
    def reason(self) -> str:
        """How it ended, for people."""
        return f"{self.final} {self.code}" if self.code is not None else str(self.final)


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A line that answers no command. +CDS, +CMT and +CBM (TS 27.005 3.4.1) have their PDU after a line feed."""

    text: str


@dataclass(frozen=True, slots=True)
class Silent:
    """The modem no longer answers even `AT`; nothing more is sent until `Chat.restart`."""


Heard = Reply | Unsolicited | Silent


class LineReader:
    """Cuts a byte stream into lines; never keeps more than `MAX_LINE` bytes. `overlong` counts lines thrown away."""

    def __init__(self) -> None:
        self.expects_prompt = False
        self.overlong = 0
        self._line = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends, and the prompt where one is expected."""
        lines: list[str] = []
        for byte in data:
            if byte in b"\r\n":
                self._close(lines)
            elif self._skipping:
                continue
            elif len(self._line) >= MAX_LINE:
                self._line.clear()
                self._skipping = True
                self.overlong += 1
            elif byte >= 0x20 or byte == 0x09:
                self._line.append(byte)
                self._see_prompt(lines)
        return lines

    def clear(self) -> None:
        """Forget a half line."""
        self._line.clear()
        self._skipping = False
        self.expects_prompt = False

    def _close(self, lines: list[str]) -> None:
        text = self._line.decode("latin-1").strip()
        self._line.clear()
        if text and not self._skipping:
            lines.append(text)
        self._skipping = False

    def _see_prompt(self, lines: list[str]) -> None:
        if self.expects_prompt and self._line == b">":
            self._line.clear()
            self.expects_prompt = False
            lines.append(PROMPT)


@dataclass(slots=True)
class _Pending:
    command: Command
    until: float
    lines: list[str] = field(default_factory=list)


_SYNC = Command("AT", limit_s=SYNC_LIMIT_S)


class Chat:
    """Sends commands one after another and sorts what comes back. Sans-I/O: bytes in, `output()` bytes out.

    A command that gets no final result within its limit is answered with TIMEOUT; then the line is brought into step
    again with `AT`, until a late result can no longer be taken for that of another command. `notices` are beginnings
    of lines that are never part of an answer, whatever is being asked. `echoed` says whether the last command was,
    `garbage` counts results that nobody asked for.
    """

    def __init__(self, notices: tuple[str, ...] = ()) -> None:
        self.notices = notices
        self.garbage = 0
        self.echoed = False
        self._reader = LineReader()
        self._queue: deque[Command] = deque()
        self._pending: _Pending | None = None
        self._quiet_until: float | None = None
        self._sync_tries = 0
        self._silent = False
        self._out = bytearray()
        self._head = ""

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called."""
        if self._pending is not None:
            return self._pending.until
        return self._quiet_until

    @property
    def idle(self) -> bool:
        """Whether nothing is being asked and nothing waits to be."""
        return self._pending is None and not self._queue and self._quiet_until is None

    @property
    def asking(self) -> Command | None:
        """The command that waits for its result."""
        return self._pending.command if self._pending else None

    def ask(self, command: Command, now: float, *, first: bool = False) -> bool:
        """Send a command when its turn comes (`first`: before all others). False when too many wait."""
        if len(self._queue) >= MAX_QUEUED:
            return False
        if first:
            self._queue.appendleft(command)
        else:
            self._queue.append(command)
        self._send_next(now)
        return True

    def hurry(self, until: float) -> None:
        """Wait for the current command no longer than this."""
        if self._pending is not None:
            self._pending.until = min(self._pending.until, until)

    def waits(self, command: Command) -> bool:
        """Whether a command has not been sent yet."""
        return command in self._queue

    def withdraw(self, command: Command) -> bool:
        """Take back a command that has not been sent."""
        if not self.waits(command):
            return False
        self._queue.remove(command)
        return True

    def feed(self, data: bytes, now: float) -> list[Heard]:
        """Take what the modem says."""
        heard: list[Heard] = []
        for line in self._reader.feed(data):
            self._take(line, now, heard)
        return heard

    def handle_timer(self, now: float) -> list[Heard]:
        """Do what is due."""
        heard: list[Heard] = []
        if self._pending is not None and now >= self._pending.until:
            self._time_out(now, heard)
        elif self._quiet_until is not None and now >= self._quiet_until:
            self._quiet_until = None
            self._send_next(now)
        return heard

    def output(self) -> bytes:
        """Bytes to write to the modem now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def restart(self) -> list[Reply]:
        """Begin anew after the modem was reset or plugged again. What was asked and is not answered is GONE."""
        commands = [self._pending.command] if self._pending else []
        commands += self._queue
        self._queue.clear()
        self._pending = None
        self._quiet_until = None
        self._sync_tries = 0
        self._silent = False
        self._out.clear()
        self._reader.clear()
        self._head = ""
        return [Reply(command, Final.GONE) for command in commands if command is not _SYNC]

    def _send_next(self, now: float) -> None:
        if self._pending is None and self._quiet_until is None and self._queue and not self._silent:
            self._send(self._queue.popleft(), now)

    def _send(self, command: Command, now: float) -> None:
        self._pending = _Pending(command, now + command.limit_s)
        self.echoed = False
        self._reader.expects_prompt = bool(command.body)
        self._out += command.text.encode("latin-1", "replace") + b"\r"

    def _take(self, line: str, now: float, heard: list[Heard]) -> None:
        pending = self._pending
        head, self._head = self._head, ""
        if head and _PDU.fullmatch(line):
            heard.append(Unsolicited(f"{head}\n{line}"))
        elif line.startswith(_TWO_LINES):
            self._head = line
        elif pending is None:
            if line not in _PLAIN_FINALS and not _ERROR.match(line):
                heard.append(Unsolicited(line))
            else:
                self.garbage += 1
        else:
            self._take_answer(pending, line, now, heard)

    def _take_answer(self, pending: _Pending, line: str, now: float, heard: list[Heard]) -> None:
        final, code = _final_of(line, dials=pending.command.dials)
        if line == PROMPT:
            self._out += pending.command.body + _CTRL_Z
        elif final is not None:
            self._close(pending, final, code, now, heard)
        elif line == pending.command.text:
            self.echoed = True
        else:
            self._keep(pending, line, heard)

    def _keep(self, pending: _Pending, line: str, heard: list[Heard]) -> None:
        mine = line.startswith(pending.command.prefixes) if pending.command.prefixes else False
        theirs = line.startswith(self.notices) or line in CALL_RESULTS
        if mine or (pending.command.bare and not theirs):
            if len(pending.lines) < MAX_INFO_LINES:
                pending.lines.append(line)
        else:
            heard.append(Unsolicited(line))

    def _close(self, pending: _Pending, final: Final, code: int | None, now: float, heard: list[Heard]) -> None:
        self._pending = None
        self._reader.expects_prompt = False
        if pending.command is _SYNC:
            self._sync_tries = 0
            self._quiet_until = now + QUIET_S
            return
        heard.append(Reply(pending.command, final, tuple(pending.lines), code))
        self._send_next(now)

    def _time_out(self, now: float, heard: list[Heard]) -> None:
        assert self._pending is not None
        late, self._pending = self._pending, None
        if late.command is not _SYNC:
            heard.append(Reply(late.command, Final.TIMEOUT, tuple(late.lines)))
        if late.command.body:
            self._out += _ESCAPE
        if self._sync_tries >= SYNC_TRIES:
            self._silent = True
            heard.append(Silent())
            return
        self._sync_tries += 1
        self._send(_SYNC, now)


def _final_of(line: str, *, dials: bool) -> tuple[Final | None, int | None]:
    if line in _PLAIN_FINALS:
        return _PLAIN_FINALS[line], None
    if dials and line in CALL_RESULTS:
        return CALL_RESULTS[line], None
    match = _ERROR.match(line)
    if match is None:
        return None, None
    final = Final.CME_ERROR if match[1] == "CME" else Final.CMS_ERROR
    return final, int(match[2]) if match[2] else None


def parameters(line: str) -> list[str]:
    """The values of a result such as `+CSQ: 17,99`: split at commas outside quotes, quotes removed."""
    text = line.partition(":")[2] if ":" in line else ""
    return [value.strip().strip('"') for value in re.findall(r'(?:^|,)((?:"[^"]*"|[^,"])*)', text)]


def number_at(values: list[str], place: int) -> int | None:
    """The whole number at a place, or None where there is none."""
    try:
        return int(values[place])
    except (IndexError, ValueError):
        return None
