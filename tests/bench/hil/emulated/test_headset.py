"""The emulated headset's port, and its keyboard."""

import asyncio
from pathlib import Path

import pytest

from bench.hil.emulated.headset import EmulatedHeadset
from bench.hil.files import BenchError


def test_a_file_where_the_port_is_to_be_stays(tmp_path: Path) -> None:
    kept = tmp_path / "keep.txt"
    kept.write_text("mine")
    with pytest.raises(BenchError, match="there is a file"):
        asyncio.run(EmulatedHeadset(kept).switch_on())
    assert kept.read_text() == "mine"
