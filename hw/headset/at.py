"""Commands that a headset sends, as the audio gateway reads them (ITU-T V.250 section 5, HFP 1.8 section 4.34)."""

import re
from dataclasses import dataclass
from enum import Enum

MAX_LINE_BYTES = 512
_EXTENDED = re.compile(r"AT(\+[A-Z0-9]+)(=\?|\?|=)?(.*)", re.IGNORECASE)
_ARGUMENT = re.compile(r'(?:"[^"]*"|[^,"])*')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Form(Enum):
    """How a command is written: what it asks of its name."""

    ACTION = ""
    SET = "="
    READ = "?"
    TEST = "=?"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` in capitals without the AT (`A`, `D`, `+CHUP`), its form, and its arguments as written."""

    name: str
    form: Form = Form.ACTION
    arguments: tuple[str, ...] = ()


class NotACommandError(Exception):
    """A line that is no AT command."""


class CommandReader:
    """Cuts bytes into lines at CR. A line beyond `MAX_LINE_BYTES` is dropped whole and told as None."""

    __slots__ = ("_dropping", "_line")

    def __init__(self) -> None:
        self._line = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> list[str | None]:
        """The lines that are complete now, in order, without control characters; empty ones are left out."""
        lines: list[str | None] = []
        *complete, rest = data.split(b"\r")
        for part in complete:
            self._add(part)
            lines.append(None if self._dropping else _text(self._line))
            self._line.clear()
            self._dropping = False
        self._add(rest)
        return [line for line in lines if line != ""]

    def _add(self, part: bytes) -> None:
        self._line += part[: MAX_LINE_BYTES + 1]
        if len(self._line) > MAX_LINE_BYTES:
            self._dropping = True
            self._line.clear()


def parse_command(line: str) -> Command:
    """The command in a line. Raises NotACommandError."""
    if match := _EXTENDED.fullmatch(line):
        name, form, rest = match[1].upper(), Form(match[2] or ""), match[3]
        if form is Form.SET:
            return Command(name, form, tuple(_arguments(rest)))
        if not rest.strip():
            return Command(name, form)
    elif line[:2].upper() == "AT" and (len(line) == 2 or line[2].isalpha()):
        return Command(line[2:3].upper(), Form.ACTION, (line[3:],) if len(line) > 3 else ())
    raise NotACommandError(line)


def _text(line: bytearray) -> str:
    return _CONTROLS.sub("", line.decode("utf-8", "replace")).strip()


def _arguments(text: str) -> list[str]:
    arguments, place = [], 0
    while place <= len(text):
        match = _ARGUMENT.match(text, place)
        assert match is not None
        if match.end() < len(text) and text[match.end()] != ",":
            raise NotACommandError(text)
        arguments.append(match[0].strip().strip('"'))
        place = match.end() + 1
    return arguments
