"""Text files as people have them: by name, `-` or stream; their encoding found out; other kinds called by name."""

import codecs
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

import charset_normalizer

from campaigns.database import StoreError

UTF16_COMPLAINT = "the file is UTF-16, as some spreadsheets write it; save it as UTF-8 (CSV UTF-8) and import it again"

Source = Path | str | TextIO | BinaryIO

_SAMPLE_BYTES = 64 * 1024
_BLOCK_BYTES = 1024 * 1024
_FEW_BYTES = 32
_STRANGE_WORD = re.compile(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# What to call an encoding to people; of encodings that read a sample alike, the first named here is taken.
_LEGACY = {
    "cp1252": "windows-1252",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "mac_roman": "mac-roman",
    "koi8_r": "koi8-r",
    "cp1253": "windows-1253",
    "cp1254": "windows-1254",
    "cp1257": "windows-1257",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp850": "cp850",
    "cp437": "cp437",
    "cp866": "cp866",
    "mac_cyrillic": "mac-cyrillic",
    "cp932": "shift-jis",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}

_EXPORT = "open it in the program that made it, save it as 'CSV UTF-8 (comma delimited)', and give that file"
_UNPACK = "unpack it first and give the CSV file that is inside"
_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive", "unpack it first, for example: zcat FILE | dialer leads import CAMPAIGN -"),
    (b"%PDF", "a PDF document", "a PDF holds no table that can be read; ask for the list as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _EXPORT),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
)


class NotText(StoreError):
    """A file is no text; the message says what it is and how to make text of it."""


@dataclass(frozen=True, slots=True)
class OpenText:
    """Text that can be read. `said` names an encoding that was guessed ('' when UTF-8 or chosen by the caller).

    `doubt` is a sentence with an example when the guess rests on few letters.
    """

    stream: TextIO
    encoding: str
    said: str = ""
    doubt: str = ""
    size: int | None = None
    raw: IO[bytes] | None = None

    @property
    def share(self) -> float | None:
        """How much of the file has been read, from 0 to 1; None when its size is unknown."""
        if not self.size or self.raw is None:
            return None
        return min(1.0, self.raw.tell() / self.size)


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


@contextmanager
def detecting(source: Source, encoding: str | None = None, *, errors: str = "strict") -> Iterator[OpenText]:
    """The source as text in `encoding`, else in the one that its bytes show: Unicode, or a legacy one.

    A file is looked through for bytes that are not UTF-8, a stream as far as its first block. A given stream stays
    open afterwards. Raises NotText for archives, workbooks and the like, StoreError when it cannot be read.
    """
    if isinstance(source, io.TextIOBase):
        yield OpenText(cast(TextIO, source), "text")
        return
    chosen = None if encoding is None else known_encoding(encoding)
    if isinstance(source, Path | str) and str(source) != "-":
        with _open_bytes(Path(source)) as file:
            yield _of_file(file, Path(source), chosen, errors) if file.seekable() else _of_stream(file, chosen, errors)
        return
    stream = cast(BinaryIO, sys.stdin.buffer if isinstance(source, Path | str) else source)
    yield _of_stream(stream, chosen, errors)


def _of_file(file: BinaryIO, path: Path, chosen: str | None, errors: str) -> OpenText:
    sample = file.read(_SAMPLE_BYTES)
    name, said, doubt = _decided(sample, chosen, lambda: _strange_lines(file))
    file.seek(0)
    return OpenText(io.TextIOWrapper(file, name, errors, newline=""), name, said, doubt, path.stat().st_size, file)


def _of_stream(stream: BinaryIO, chosen: str | None, errors: str) -> OpenText:
    """A pipe, by whatever name it goes, cannot be wound back: what was looked at is read again from memory."""
    sample = stream.read(_SAMPLE_BYTES)
    name, said, doubt = _decided(sample, chosen, lambda: _begun(sample))
    again = io.BufferedReader(_Replay(sample, stream))
    return OpenText(io.TextIOWrapper(again, name, errors, newline=""), name, said, doubt)


def known_encoding(name: str) -> str:
    """Python's name of an encoding. Raises StoreError when there is none of this name."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise StoreError(
            f"no encoding {name!r}; some there are: utf-8, utf-16, windows-1252, iso-8859-1, mac-roman, windows-1251"
        ) from None


def _open_bytes(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


def _decided(sample: bytes, chosen: str | None, strange: Callable[[], bytes]) -> tuple[str, str, str]:
    _require_text(sample)
    if chosen is not None:
        return ("utf-8-sig" if chosen == "utf-8" else chosen), "", ""
    return encoding_of(sample, strange)


def _require_text(sample: bytes) -> None:
    kind = kind_of(sample)
    if kind is not None:
        what, how = kind
        raise NotText(f"this is {what}, not a text file: {how}")


def kind_of(sample: bytes) -> tuple[str, str] | None:
    """What a file that begins so is, when it is no delimited text, and how to get delimited text from it."""
    if sample.startswith(b"PK\x03\x04"):
        if b"xl/" in sample or b"[Content_Types].xml" in sample:
            return "an Excel workbook (.xlsx)", _EXPORT
        if b"opendocument.spreadsheet" in sample:
            return "an OpenDocument spreadsheet (.ods)", _EXPORT
        return "a ZIP archive", _UNPACK
    for signature, what, how in _SIGNATURES:
        if sample.startswith(signature):
            return what, how
    start = sample.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table")):
        return "an HTML page (some programs call one .xls)", _EXPORT
    if start.startswith(b"<?xml"):
        return "an XML document", "ask for the list as CSV"
    if re.match(rb"\{\s*\"|\[\s*[{\[]", start):
        return "a JSON document", "ask for the list as CSV"
    return None


def encoding_of(sample: bytes, strange: Callable[[], bytes]) -> tuple[str, str, str]:
    """The encoding of bytes that begin as `sample`, what to call it when it is not UTF-8, and what makes it doubtful.

    `strange` gives lines that show that the text is not UTF-8, b"" when none does. Raises NotText when no
    encoding fits.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, "" if name == "utf-8-sig" else name.upper(), ""
    if (wide := _wide(sample)) is not None:
        return wide, wide.upper(), ""
    lines = strange()
    if not lines:
        return "utf-8-sig", "", ""
    guessed = _guess(sample, lines)
    return guessed, _LEGACY.get(guessed, guessed), _doubt(lines, guessed)


def _doubt(lines: bytes, guessed: str) -> str:
    """Few letters fit many encodings: how one of them was read, and how the likeliest other encoding reads it."""
    word = _STRANGE_WORD.search(lines)
    if word is None or sum(byte > 0x7F for byte in lines) > _FEW_BYTES:
        return ""
    other = "mac_roman" if guessed == "cp1252" else "cp1252"
    read, instead = (word[0].decode(name, "replace") for name in (guessed, other))
    return (
        f"the encoding is not certain, few letters show it: {read!r} would be {instead!r} in {_LEGACY[other]}; "
        "if names look wrong, say the encoding or save the file as UTF-8"
    )


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    if sample.count(0) * 3 < len(sample) or len(sample) < 4:
        return None
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) < 8 * min(odd, even):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess(sample: bytes, strange: bytes) -> str:
    header = sample.partition(b"\n")[0]
    lines = [line for line in strange.splitlines() if not line.isascii()]
    found = charset_normalizer.from_bytes(b"\n".join([header, *lines]), cp_isolation=list(_LEGACY))
    best = found.best()
    if best is None:
        raise NotText("the text is in no encoding that can be recognised; save it as UTF-8, or say --encoding NAME")
    alike = {
        name
        for match in found
        if (match.chaos, match.coherence) == (best.chaos, best.coherence)
        for name in (match.encoding, *match.could_be_from_charset)
    }
    return next((name for name in _LEGACY if name in alike), best.encoding)


def _begun(sample: bytes) -> bytes:
    """The sample when it is not UTF-8, but for a character that goes on behind it."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < _SAMPLE_BYTES)
    except UnicodeDecodeError as error:
        return b"" if _is_cut(error, sample) else sample
    return b""


def _is_cut(error: UnicodeDecodeError, before: bytes) -> bool:
    """Whether UTF-8 ends in the middle of a character: there are whole ones before it."""
    return error.reason == "unexpected end of data" and not before[: error.start].isascii()


def _strange_lines(file: IO[bytes]) -> bytes:
    """Lines that are not plain ASCII, as many as a sample holds, from where the file departs from UTF-8.

    The file is read through for this: its first strange byte may be in its last line.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    file.seek(0)
    while True:
        block = file.read(_BLOCK_BYTES)
        try:
            plain = decoder.decode(block, final=not block).isascii() and plain
        except UnicodeDecodeError as error:
            if not block and not plain:
                return b""
            at = max(0, file.tell() - len(block) + error.start - len(decoder.getstate()[0]) - _SAMPLE_BYTES)
            file.seek(at)
            return b"\n".join(line for line in file.read(2 * _SAMPLE_BYTES).splitlines() if not line.isascii())
        if not block:
            return b""


class _Replay(io.RawIOBase):
    """A stream with what was read of it put back in front. Closing it leaves the stream open."""

    def __init__(self, before: bytes, stream: BinaryIO) -> None:
        self._before = before
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        size = len(buffer)
        if self._before:
            data, self._before = self._before[:size], self._before[size:]
        else:
            data = self._stream.read(size) or b""
        buffer[: len(data)] = data
        return len(data)


def open_file(path: Path, mode: str, encoding: str, complaint: str, *, errors: str = "strict") -> TextIO:
    """`Path.open` whose failure is a StoreError with the file's name and `complaint`."""
    try:
        return cast(TextIO, path.open(mode, encoding=encoding, errors=errors, newline=""))
    except OSError as error:
        raise StoreError(f"{path}: {complaint}: {error.strerror}") from error
