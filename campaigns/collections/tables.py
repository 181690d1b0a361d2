"""Reading the delimited files that clients send for debts, payments and call histories."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from campaigns.database import StoreError
from campaigns.textfiles import OpenText, Source, detecting, name_of

_DELIMITERS = (",", "\t", "|", ";")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of file: those it must have, those it may, and other names by which they go."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its line in the file, its cells as written, and by column name; `error` when it cannot be read at all."""

    number: int
    written: tuple[str, ...]
    cells: Mapping[str, str]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not loaded, and why."""

    line: int
    reason: str
    written: tuple[str, ...]


@dataclass(slots=True)
class Table:
    """An open file: its name, the header as written, and the rows in order; empty lines are passed over.

    `said` names an encoding that was guessed, `doubt` says when the guess is not certain.
    """

    name: str
    header: tuple[str, ...]
    lines: Iterator[Line]
    said: str = ""
    doubt: str = ""


@dataclass(slots=True)
class Tally:
    """What came of a file: counts by what was done with a row, and the rows that were refused, in file order.

    `unreadable` rows are among the refused; `incomplete` says that something asked for was not done, see the warnings.
    """

    header: tuple[str, ...]
    read: int = 0
    unreadable: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    incomplete: bool = False

    def count(self, what: str, by: int = 1) -> None:
        """Add to one of the counts."""
        self.counts[what] = self.counts.get(what, 0) + by

    def refuse(self, line: Line, reason: str) -> None:
        """Leave a row out."""
        self.refused.append(Refused(line.number, reason, line.written))

    def facts(self) -> dict[str, int]:
        """All counts by name."""
        return {"read": self.read, **self.counts, "refused": len(self.refused)}


@contextmanager
def opened(source: Source, columns: Columns) -> Iterator[Table]:
    """A file whose first line names the columns. Raises StoreError naming the file when it is none such."""
    name = name_of(source)
    with detecting(source) as text:
        yield _table(text, name, columns)


def _table(text: OpenText, name: str, columns: Columns) -> Table:
    first = next(text.stream, "").removeprefix("\ufeff")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(chain([first], text.stream), delimiter=delimiter, strict=True)
    header = tuple(cell.strip() for cell in next(reader, []))
    return Table(name, header, _lines(reader, _names(header, name, columns)), text.said, text.doubt)


def _names(header: Sequence[str], name: str, columns: Columns) -> list[str]:
    known = {*columns.needed, *columns.optional}
    names = []
    for cell in header:
        plain = cell.casefold().replace(" ", "_").replace("-", "_")
        names.append(columns.aliases.get(plain, plain))
    twice = sorted({each for each in names if each in known and names.count(each) > 1})
    if twice:
        raise StoreError(f"{name}: line 1 names {', '.join(twice)} twice; rename one of the columns")
    missing = [each for each in columns.needed if each not in names]
    if missing:
        raise StoreError(
            f"{name}: line 1 must name the columns; {', '.join(missing)} is missing. Needed: "
            f"{', '.join(columns.needed)}; also known: {', '.join(columns.optional)}"
        )
    return names


def _lines(reader: Any, names: Sequence[str]) -> Iterator[Line]:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, (), {}, f"broken quoting: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield _line(number, cells, names)


def _line(number: int, cells: Sequence[str], names: Sequence[str]) -> Line:
    if any(cell.strip() for cell in cells[len(names) :]):
        error = f"{len(cells)} cells under {len(names)} columns; quote a cell that holds the delimiter"
        return Line(number, tuple(cells), {}, error)
    values = [*(cell.strip() for cell in cells), *[""] * (len(names) - len(cells))]
    return Line(number, tuple(cells), dict(zip(names, values, strict=False)))
