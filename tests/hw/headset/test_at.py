"""Commands of a headset, cut and parsed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.headset.at import MAX_LINE_BYTES, Command, CommandReader, Form, NotACommandError, parse_command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("AT", Command("")),
        ("ATA", Command("A")),
        ("ata", Command("A")),
        ("ATD+12125550100;", Command("D", Form.ACTION, ("+12125550100;",))),
        ("AT+CHUP", Command("+CHUP")),
        ("AT+BRSF=191", Command("+BRSF", Form.SET, ("191",))),
        ("at+cind=?", Command("+CIND", Form.TEST)),
        ("AT+CIND?", Command("+CIND", Form.READ)),
        ("AT+CMER=3,,,1", Command("+CMER", Form.SET, ("3", "", "", "1"))),
        ("AT+CMER=3, 0, 0, 1", Command("+CMER", Form.SET, ("3", "0", "0", "1"))),
        ('AT+X="a,b",2', Command("+X", Form.SET, ("a,b", "2"))),
        ("AT+XAPL=05AC-1234-0100,10", Command("+XAPL", Form.SET, ("05AC-1234-0100", "10"))),
        ("AT+BIA=", Command("+BIA", Form.SET, ("",))),
    ],
)
def test_commands_are_read(line: str, command: Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize("line", ["", "A", "OK", "AT+", "AT1", "AT*ECAM=1", "AT+CHUPnow!", 'AT+X="open', 'AT+X="a"b"'])
def test_what_is_no_command_is_told(line: str) -> None:
    with pytest.raises(NotACommandError):
        parse_command(line)


def test_lines_end_at_cr_wherever_the_bytes_are_cut() -> None:
    stream = b"\r\nAT+BRSF=191\r\r\nATA\rAT+CH"
    for size in range(1, len(stream) + 1):
        reader = CommandReader()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [line for piece in pieces for line in reader.feed(piece)] == ["AT+BRSF=191", "ATA"]
        assert reader.feed(b"UP\r") == ["AT+CHUP"]


def test_an_overlong_line_is_dropped_whole_and_told() -> None:
    reader = CommandReader()
    assert reader.feed(b"AT+" + b"X" * MAX_LINE_BYTES) == []
    assert reader.feed(b"X" * 3 * MAX_LINE_BYTES) == []
    assert reader.feed(b"\rATA\r") == [None, "ATA"]


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_any_bytes_give_lines_that_parse_or_are_no_command(pieces: list[bytes]) -> None:
    reader = CommandReader()
    for piece in pieces:
        for line in reader.feed(piece):
            if line is not None:
                assert 0 < len(line) <= MAX_LINE_BYTES
                with contextlib.suppress(NotACommandError):
                    parse_command(line)


@given(st.text(alphabet='AT+=?",0123456789BRSFXZ ', max_size=60))
def test_any_line_of_command_characters_parses_or_is_no_command(line: str) -> None:
    try:
        command = parse_command(line)
    except NotACommandError:
        return
    assert command.name == command.name.upper()
