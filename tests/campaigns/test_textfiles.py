import io
import os
import sys
import threading
from pathlib import Path

import pytest

from campaigns.database import StoreError
from campaigns.textfiles import NotText, detecting, kind_of

WESTERN = "phone,first_name,city\n2125550101,Zoë,Orléans\n2125550102,José,Córdoba\n2125550103,Jürgen,Köln\n"
POLISH = "phone,first_name,city\n2125550101,Łukasz,Łódź\n2125550102,Święta Góra,Kraków\n"
RUSSIAN = "phone,first_name,city\n2125550101,Иван,Москва\n2125550102,Ольга Петрова,Казань\n"
JAPANESE = "phone,first_name,city\n2125550101,太郎,東京\n2125550102,花子さん,大阪市\n"


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (WESTERN, "utf-8", ""),
        (WESTERN, "utf-8-sig", ""),
        (WESTERN, "cp1252", "windows-1252"),
        (WESTERN, "latin-1", "windows-1252"),
        (WESTERN, "mac_roman", "mac-roman"),
        (WESTERN, "utf-16", "UTF-16"),
        (WESTERN, "utf-16-le", "UTF-16-LE"),
        (WESTERN, "utf-32", "UTF-32"),
        (POLISH, "cp1250", "windows-1250"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (JAPANESE, "cp932", "shift-jis"),
    ],
)
def test_text_is_read_as_it_was_written(tmp_path: Path, text: str, encoding: str, said: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    with detecting(path) as file:
        assert (file.said, file.stream.read()) == (said, text)
    with detecting(io.BytesIO(text.encode(encoding))) as stream:
        assert (stream.said, stream.stream.read()) == (said, text)


@pytest.mark.parametrize("fill", [65_535, 65_536, 1_048_575, 1_048_576, 1_048_577])
def test_letters_across_the_edges_of_blocks_are_utf_8(tmp_path: Path, fill: int) -> None:
    path = tmp_path / "list.csv"
    text = "a" * fill + "ë\n"
    path.write_bytes(text.encode())
    with detecting(path) as file:
        assert (file.encoding, file.stream.read()) == ("utf-8-sig", text)
    with detecting(io.BytesIO(text.encode())) as stream:
        assert stream.stream.read() == text


@pytest.mark.parametrize("fill", [1_048_575, 1_048_576, 1_048_577, 3_000_000])
def test_one_strange_byte_far_behind_is_found_in_a_file(tmp_path: Path, fill: int) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"a" * fill + "\nCafé Orléans\n".encode("cp1252"))
    with detecting(path) as file:
        assert file.said == "windows-1252" and file.stream.read().endswith("\nCafé Orléans\n")


def test_a_stream_says_only_what_its_first_block_shows() -> None:
    stream = io.BytesIO(b"a" * 100_000 + "\nCafé\n".encode("cp1252"))
    with detecting(stream) as file, pytest.raises(UnicodeDecodeError):
        file.stream.read()
    assert not stream.closed


def test_utf_8_that_is_cut_off_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("Zoë\nJosé".encode()[:-1])
    with detecting(path) as file:
        assert file.encoding == "utf-8-sig"


def test_standard_input_is_read_and_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(WESTERN.encode("cp1252")))
    monkeypatch.setattr(sys, "stdin", stdin)
    with detecting("-") as file:
        assert file.stream.read() == WESTERN
    assert not stdin.buffer.closed


def test_how_much_of_a_file_was_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("a\n" * 100_000)
    with detecting(path) as file:
        assert file.share == 0
        file.stream.read(50_000)
        assert file.share is not None and 0.2 < file.share < 0.6
        file.stream.read()
        assert file.share == 1
    with detecting(io.BytesIO(b"a\n")) as stream:
        assert stream.share is None


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.csv: cannot be read: No such file"), detecting(tmp_path / "none.csv"):
        pass
    with pytest.raises(NotText, match="7-Zip"), detecting(io.BytesIO(b"7z\xbc\xaf\x27\x1c rest")):
        pass


@pytest.mark.parametrize(
    "sample", [b"phone,name\n", b"<name>,phone\n", b"[phone],name\n", b"{phone},x\n", b"PK,phone\n", b"BZ,1\n", b""]
)
def test_lists_are_not_taken_for_something_else(sample: bytes) -> None:
    assert kind_of(sample) is None


@pytest.mark.parametrize("encoding", ["mac_roman", "cp1252"])
def test_few_letters_make_the_encoding_doubtful(encoding: str) -> None:
    with detecting(io.BytesIO("phone,name\n2125550101,José\n".encode(encoding))) as text:
        assert text.said and "not certain" in text.doubt and "'José'" in text.doubt
    with detecting(io.BytesIO(("phone,name\n" + "2125550101,José Jürgen\n" * 40).encode(encoding))) as text:
        assert text.said and not text.doubt
    with detecting(io.BytesIO("phone,name\n2125550101,José\n".encode()), None) as text:
        assert not text.doubt
    with detecting(io.BytesIO("phone,name\n2125550101,José\n".encode(encoding)), encoding) as text:
        assert not text.doubt


def test_a_pipe_with_a_name_is_read_without_winding_back(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = ("a,b\n" * 50_000 + "ë\n").encode()
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with detecting(pipe) as file:
        assert file.stream.read() == content.decode() and file.share is None
    writer.join()
