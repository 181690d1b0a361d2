import asyncio
import os
from pathlib import Path

import pytest

from bench.hil.emulated.voice import FRAME_BYTES, MAX_KEPT, EmulatedVoice, Voice
from bench.hil.files import BenchError


def test_the_port_carries_voice_only_while_it_is_on(tmp_path: Path) -> None:
    on = [False]

    async def main() -> None:
        voice = Voice(lambda: on[0], tmp_path / "voice")
        host = os.open(voice.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        voice.say(b"\1\2" * FRAME_BYTES)
        os.write(host, b"\5\6")
        await asyncio.sleep(0.1)
        assert voice.heard == b""
        on[0] = True
        os.write(host, b"\7\10")
        await asyncio.sleep(0.2)
        assert voice.heard == b"\7\10"
        assert os.read(host, 10000).startswith(b"\1\2" * FRAME_BYTES + b"\0\0")
        os.close(host)
        voice.close()

    asyncio.run(main())


def test_what_is_said_and_heard_is_kept_within_bounds() -> None:
    async def main() -> None:
        voice = Voice(lambda: True)
        for _ in range(3):
            voice.say(bytes(MAX_KEPT))
            voice._take(bytes(MAX_KEPT))
        assert len(voice.heard) == len(voice._saying) == MAX_KEPT
        voice.close()

    asyncio.run(main())


def test_a_file_where_the_voice_port_is_to_be_stays(tmp_path: Path) -> None:
    kept = tmp_path / "keep.txt"
    kept.write_text("mine")
    with pytest.raises(BenchError, match="there is a file"):
        asyncio.run(EmulatedVoice(kept).switch_on())
    assert kept.read_text() == "mine"
