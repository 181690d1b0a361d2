import asyncio
import logging
import os
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.port import WRITE_BUFFER, PortSettings, SerialPort

PATIENCE_S = 5.0


class Wire:
    """A pty behind a path that can be unplugged and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.plug()

    def plug(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.path.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._slave)
        os.close(self.master)


class Seen:
    """A port, and what it told."""

    def __init__(self, path: Path, retry_s: float = 0.02) -> None:
        self.told: list[str] = []
        self.data = b""
        self.port = SerialPort(
            PortSettings(str(path), retry_s=retry_s),
            on_open=lambda: self.told.append("open"),
            on_lost=lambda reason: self.told.append(f"lost: {reason}"),
            on_data=self._data,
        )

    def _data(self, data: bytes) -> None:
        self.data += data

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.002)


class TestSerialPort:
    def test_bytes_pass_both_ways(self, tmp_path: Path) -> None:
        async def main() -> None:
            wire = Wire(tmp_path / "port")
            seen = Seen(wire.path)
            seen.port.start()
            every = bytes(range(256))
            os.write(wire.master, every)
            seen.port.write(every)
            await seen.until(lambda: seen.data == every)
            assert os.read(wire.master, 1000) == every
            assert seen.told == ["open"]
            assert (seen.port.counts.sent, seen.port.counts.received) == (256, 256)
            seen.port.close()
            wire.unplug()

        asyncio.run(main())

    def test_unplugged_and_plugged_in_again(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "firmware_bridge.port")

        async def main() -> None:
            wire = Wire(tmp_path / "port")
            seen = Seen(wire.path)
            seen.port.start()
            for _ in range(3):
                opened = seen.port.counts.opened
                wire.unplug()
                await seen.until(lambda: not seen.port.is_open)
                seen.port.write(b"lost")
                await asyncio.sleep(0.1)
                wire.plug()
                await seen.until(lambda opened=opened: seen.port.counts.opened > opened)  # type: ignore[misc]
            os.write(wire.master, b"again")
            await seen.until(lambda: seen.data == b"again")
            assert [told.split(":")[0] for told in seen.told] == ["open", *["lost", "open"] * 3]
            seen.port.close()
            wire.unplug()

        asyncio.run(main())
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 3

    def test_a_device_that_is_not_there_yet_is_waited_for(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            seen = Seen(tmp_path / "port")
            seen.port.start()
            await asyncio.sleep(0.1)
            assert seen.port.problem is not None
            assert "no such device; is it plugged in?" in seen.port.problem
            wire = Wire(tmp_path / "port")
            await seen.until(lambda: seen.port.is_open)
            assert seen.port.problem is None
            seen.port.close()
            wire.unplug()

        asyncio.run(main())
        assert sum(record.levelname == "WARNING" for record in caplog.records) == 1

    def test_a_port_is_ours_alone(self, tmp_path: Path) -> None:
        async def main() -> None:
            wire = Wire(tmp_path / "port")
            one, other = Seen(wire.path), Seen(wire.path)
            one.port.start()
            other.port.start()
            assert other.port.problem is not None
            assert "in use by another program" in other.port.problem
            one.port.close()
            await other.until(lambda: other.port.is_open)
            other.port.close()
            wire.unplug()

        asyncio.run(main())

    def test_what_nobody_reads_is_dropped_and_counted(self, tmp_path: Path) -> None:
        async def main() -> None:
            wire = Wire(tmp_path / "port")
            seen = Seen(wire.path)
            seen.port.start()
            for _ in range(40):
                seen.port.write(bytes(8192))
            counts = seen.port.counts
            assert counts.dropped > 0
            assert 40 * 8192 - counts.dropped - counts.sent <= WRITE_BUFFER
            got = 0
            while got < 40 * 8192 - counts.dropped:
                await asyncio.sleep(0)
                try:
                    got += len(os.read(wire.master, 65536))
                except BlockingIOError:
                    await asyncio.sleep(0.001)
            seen.port.close()
            wire.unplug()

        asyncio.run(main())

    def test_after_close_nothing_is_told(self, tmp_path: Path) -> None:
        async def main() -> None:
            wire = Wire(tmp_path / "port")
            seen = Seen(wire.path)
            seen.port.start()
            seen.port.close()
            wire.unplug()
            await asyncio.sleep(0.1)
            assert seen.told == ["open"]

        asyncio.run(main())
