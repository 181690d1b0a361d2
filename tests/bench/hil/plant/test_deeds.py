"""What is typed at a plant."""

import re

import pytest

from bench.hil.files import BenchError
from bench.hil.plant.deeds import Deed, choose, help_text

DEEDS = (
    Deed("unplug modem", "pull it out", lambda n: None, 3),
    Deed("plug modem", "put it back", lambda n: None, 3),
    Deed("freeze board", "it hangs", lambda n: None),
)


@pytest.mark.parametrize(
    ("typed", "words", "number"),
    [
        ("unplug modem 3\n", "unplug modem", 3),
        ("  Freeze  BOARD ", "freeze board", 1),
        ("freeze board 1", "freeze board", 1),
    ],
)
def test_words_and_a_number(typed: str, words: str, number: int) -> None:
    deed, chosen = choose(DEEDS, typed)
    assert (deed.words, chosen) == (words, number)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("unplug modem", "which one? Type a number from 1 to 3"),
        ("unplug modem 4", "there is no number 4, only 1 to 3"),
        ("unplug modem 0", "there is no number 0, only 1 to 3"),
        ("freeze board 2", "there is no number 2, only 1"),
        ("unplug", "known: unplug modem"),
        ("modem 1", "known: unplug modem, plug modem"),
        ("explode", "type help"),
        ("7", "type help"),
        ("", "type help"),
    ],
)
def test_what_is_no_deed_is_answered(typed: str, answer: str) -> None:
    with pytest.raises(BenchError, match=re.escape(answer)):
        choose(DEEDS, typed)


def test_help_says_where_a_number_is_wanted() -> None:
    lines = help_text(DEEDS).splitlines()
    assert [line.split("  ")[1] for line in lines] == ["unplug modem N", "plug modem N", "freeze board"]
