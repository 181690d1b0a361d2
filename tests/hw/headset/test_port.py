"""The serial port at the edge, on ptys."""

import asyncio
import os
import pty
import tty
from collections.abc import Awaitable, Callable

import pytest

from hw.headset import port as port_module
from hw.headset.port import UNSENT_LIMIT_BYTES, SerialPort


class Line:
    """A pty with our port on the one side and a test on the other."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        self.got = bytearray()
        self.lost: list[str] = []
        self.port = SerialPort(self.path, 115200, self.got.extend, self.lost.append)
        os.close(slave)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


def play(story: Callable[[Line], Awaitable[None]]) -> None:
    async def main() -> None:
        line = Line()
        try:
            await story(line)
        finally:
            line.port.close()

    asyncio.run(main())


def test_bytes_pass_both_ways_as_they_are() -> None:
    every_byte = bytes(range(256))

    async def story(line: Line) -> None:
        os.write(line.master, every_byte)
        await until(lambda: len(line.got) == 256)
        assert line.got == every_byte
        line.port.write(every_byte)
        heard = bytearray()
        while len(heard) < 256:
            heard += os.read(line.master, 512)
        assert heard == every_byte

    play(story)


def test_a_port_that_goes_away_is_told_once() -> None:
    async def story(line: Line) -> None:
        os.close(line.master)
        await until(lambda: bool(line.lost))
        line.port.write(b"AT\r")
        line.port.close()
        await asyncio.sleep(0.05)
        assert len(line.lost) == 1
        assert line.path in line.lost[0]

    play(story)


def test_a_port_that_we_close_is_not_told_as_lost() -> None:
    async def story(line: Line) -> None:
        line.port.close()
        os.close(line.master)
        await asyncio.sleep(0.05)
        assert line.lost == []

    play(story)


def test_a_peer_that_takes_nothing_is_lost_before_much_is_kept() -> None:
    async def story(line: Line) -> None:
        for _ in range(100_000):
            line.port.write(b"x" * 1000)
            if line.lost:
                break
        assert len(line.lost) == 1
        assert int(line.lost[0].split(": ")[1].split()[0]) <= UNSENT_LIMIT_BYTES + 1000

    play(story)


def test_a_peer_that_takes_nothing_for_long_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_module, "UNSENT_LIMIT_S", 0.1)

    async def story(line: Line) -> None:
        room = 0
        while not line.lost and line.port.unsent_bytes == 0:
            line.port.write(b"x" * 500)
            room += 500
        assert line.lost == []
        await until(lambda: bool(line.lost))
        assert "nothing was taken" in line.lost[0]

    play(story)


def test_a_peer_that_is_slow_gets_everything() -> None:
    sent = b"".join(b"%05d" % number for number in range(1400))

    async def story(line: Line) -> None:
        heard = bytearray()
        for at in range(0, len(sent), 500):
            line.port.write(sent[at : at + 500])
        async with asyncio.timeout(5):
            while len(heard) < len(sent):
                await asyncio.sleep(0.002)
                try:
                    heard += os.read(line.master, 700)
                except BlockingIOError:
                    continue
        assert heard == sent
        assert line.lost == []

    play(story)
