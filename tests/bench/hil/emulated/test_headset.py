"""The emulated headset's port, and its keyboard."""

import asyncio
import signal
from pathlib import Path

import pytest

from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.files import BenchError
from tests.bench.hil.emulated.typist import Typist, until


def test_a_file_where_the_port_is_to_be_stays(tmp_path: Path) -> None:
    kept = tmp_path / "keep.txt"
    kept.write_text("mine")
    with pytest.raises(BenchError, match="there is a file"):
        asyncio.run(EmulatedHeadset(kept).switch_on())
    assert kept.read_text() == "mine"


def test_its_keyboard_switches_it_off_and_on_and_a_signal_ends_it(tmp_path: Path) -> None:
    link = tmp_path / "headset"
    with Typist("bench.hil.emulated.headset", link) as typist:
        typist.hear(f"headset at {link}")
        typist.type("off")
        until(lambda: not link.is_symlink())
        typist.type("on")
        until(link.is_symlink)
        typist.type("answer")
        typist.hear("not done")
        assert typist.end(signal.SIGTERM) == 0
        assert "Traceback" not in typist.said
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_taken_is_told_on_the_command_line(tmp_path: Path) -> None:
    kept = tmp_path / "keep.txt"
    kept.write_text("mine")
    with Typist("bench.hil.emulated.headset", kept) as typist:
        assert typist.wait() == 1
        assert f"error: {kept}: there is a file" in typist.said
    assert kept.read_text() == "mine"
