"""Opening the text files that people import: by name, `-` for standard input, or a stream that is open already."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from campaigns.database import StoreError

UTF16_COMPLAINT = "the file is UTF-16, as some spreadsheets write it; save it as UTF-8 (CSV UTF-8) and import it again"

Source = Path | str | TextIO | BinaryIO


def name_of(source: Source) -> str:
    """What to call the source in lists and logs."""
    return Path(source).name if isinstance(source, Path | str) and str(source) != "-" else "import"


@contextmanager
def reading(source: Source, *, errors: str = "strict") -> Iterator[TextIO]:
    """The source as UTF-8 text, with or without a byte-order mark. A given stream stays open afterwards.

    Raises StoreError when the file cannot be read.
    """
    if isinstance(source, Path | str) and str(source) != "-":
        with open_file(Path(source), "r", "utf-8-sig", "cannot be read", errors=errors) as file:
            yield file
        return
    stream = sys.stdin.buffer if isinstance(source, Path | str) else source
    if isinstance(stream, io.TextIOBase):
        yield cast(TextIO, stream)
        return
    text = io.TextIOWrapper(cast(BinaryIO, stream), encoding="utf-8-sig", errors=errors, newline="")
    try:
        yield text
    finally:
        text.detach()


def open_file(path: Path, mode: str, encoding: str, complaint: str, *, errors: str = "strict") -> TextIO:
    """`Path.open` whose failure is a StoreError with the file's name and `complaint`."""
    try:
        return cast(TextIO, path.open(mode, encoding=encoding, errors=errors, newline=""))
    except OSError as error:
        raise StoreError(f"{path}: {complaint}: {error.strerror}") from error
