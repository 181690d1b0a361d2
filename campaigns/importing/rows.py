"""Delimited text to rows: delimiter, header, quoting, lines that were damaged, and files that end in the middle."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TextIO

from campaigns.importing.report import ImportFileError

_DELIMITERS = (",", "\t", "|", ";")
_QUOTED = re.compile(r'"[^"]*"')
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_SURROGATES = re.compile(r"[\udc80-\udcff]")

_TO_MEND = "Nothing was loaded; with --keep-going the other rows are"


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read as one, and why."""

    reason: str


Cells = list[str]


class Lines:
    """The text's lines, and which of them were damaged: NUL bytes, or bytes that are not in the encoding."""

    def __init__(self, text: TextIO, encoding: str) -> None:
        self.damaged: dict[int, str] = {}
        self.ended = True
        self._text = text
        self._encoding = encoding.removesuffix("-sig")

    def __iter__(self) -> Iterator[str]:
        count, line = 0, ""
        try:
            for count, line in enumerate(self._text, start=1):
                if not line.isascii() and _SURROGATES.search(line):
                    self.damaged[count] = f"bytes that are not {self._encoding.upper()}"
                    yield _SURROGATES.sub("\ufffd", line)
                elif "\0" in line:
                    self.damaged[count] = "NUL bytes: the file was damaged when it was written or copied"
                    yield line.replace("\0", "")
                else:
                    yield line
                self.ended = line[-1] in "\r\n"
        except UnicodeDecodeError as error:
            raise ImportFileError(self._complaint(error, count)) from error
        self.ended = not line or line[-1] in "\r\n"

    def _complaint(self, error: UnicodeDecodeError, count: int) -> str:
        # The text is decoded in blocks: the bytes in question stand in the line after those that the block has before.
        wide = self._encoding.startswith("utf-16")
        line = count + 1 + (0 if wide else len(re.findall(rb"\r\n|\r|\n", error.object[: error.start])))
        name = self._encoding.upper()
        if "unexpected end" in error.reason or "truncated" in error.reason:
            return (
                f"line {line}: not {name} (the file ends in the middle of a character). Get it whole if it was cut "
                f"off, else say its encoding, for example --encoding windows-1252. {_TO_MEND}"
            )
        return (
            f"line {line}: not {name} ({error.reason}). Say the encoding, for example --encoding windows-1252, or save "
            f"the list as CSV UTF-8. {_TO_MEND}"
        )


class Rows:
    """The rows under the header (or all, of a file without one), each with the line on which it starts.

    A quoted cell may run over lines. With `keep_going` a row that cannot be read is given as Broken; otherwise damage
    that concerns more than its own row raises ImportFileError, as what follows cannot be trusted.
    """

    def __init__(self, text: TextIO, encoding: str, *, keep_going: bool) -> None:
        self._lines = Lines(text, encoding)
        self._keep_going = keep_going
        self._skipped = 0
        self._short_before = False
        source = iter(self._lines)
        first = self._first(source)
        separator = _SEP.fullmatch(first)
        if separator:
            self._skipped += 1
            first = next(source, "")
        self.delimiter = separator[1] if separator else delimiter_of(first)
        self._reader: Any = csv.reader(chain([first], source), delimiter=self.delimiter, strict=True)
        line, cells = self._next()
        if isinstance(cells, Broken):
            raise ImportFileError(f"line {line}: {cells.reason}")
        self.first: Cells = [cell.strip() for cell in cells]
        self.first_line = line
        self.width = len(self.first)

    def _first(self, source: Iterator[str]) -> str:
        for line in source:
            text = line.removeprefix("\ufeff")
            if text.strip():
                return text
            self._skipped += 1
        raise ImportFileError("the file is empty; its first line must name the columns")

    def __iter__(self) -> Iterator[tuple[int, Cells | Broken]]:
        while True:
            try:
                line, cells = self._next()
            except StopIteration:
                return
            if isinstance(cells, Broken):
                yield line, cells
            elif len(cells) < self.width and cells:
                yield from self._short(line, cells)
            else:
                yield line, cells

    def _short(self, line: int, cells: Cells) -> Iterator[tuple[int, Cells | Broken]]:
        """A row of too few cells: blank at its end, or cut off when the file ends with it and no other row is short."""
        try:
            following = self._next()
        except StopIteration:
            if not self._lines.ended and not self._short_before and line > self.first_line + 1:
                reason = (
                    f"the file ends in the middle of this row ({len(cells)} of {self.width} cells, no line end): it "
                    "was cut off when it was written or copied"
                )
                yield line, self._unreadable(line, reason)
            else:
                yield line, cells
            return
        self._short_before = True
        yield line, cells
        yield following

    def _next(self) -> tuple[int, Cells | Broken]:
        reader = self._reader
        before = reader.line_num
        line = before + 1 + self._skipped
        try:
            cells: Cells = next(reader)
        except csv.Error as error:
            return line, self._misquoted(line, reader.line_num + self._skipped, str(error))
        if self._lines.damaged:
            for number in range(line, reader.line_num + self._skipped + 1):
                if number in self._lines.damaged:
                    return line, Broken(self._lines.damaged.pop(number))
        return line, cells

    def _misquoted(self, line: int, last: int, error: str) -> Broken:
        if "unexpected end" in error and line == last and not self._lines.ended:
            reason = "the file ends in the middle of a quoted cell: it was cut off when it was written or copied"
            return self._unreadable(line, reason)
        if line == last and "unexpected end" not in error:
            return Broken('broken quoting: a quoted cell must end with " right before the next delimiter')
        reason = (
            f'broken quoting from line {line} to {last}: a cell begins with " and none closes it, so that all that '
            'follows belongs to it. Close the quotes, or write "" for a quote that is meant'
        )
        return self._unreadable(line, reason)

    def _unreadable(self, line: int, reason: str) -> Broken:
        if not self._keep_going:
            raise ImportFileError(f"line {line}: {reason}. {_TO_MEND}")
        return Broken(reason)


def delimiter_of(line: str) -> str:
    """The delimiter that a header has most often outside of quotes."""
    plain = _QUOTED.sub("", line)
    return max(_DELIMITERS, key=plain.count)


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row has nothing in it."""
    return not any(cell.strip() for cell in cells)
