import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bench.hil.emulated.exchange import Exchange
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.emulated.pipes import PtyPipe
from hw.contract.driver import DriverError
from hw.modem.port import MAX_UNWRITTEN, PROBE_S, SerialLine, imei_at, serial_paths


class Host:
    """What a port gave, and why it went away."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost: list[str] = []

    def open(self, path: str) -> SerialLine:
        """Open a port for this host."""
        return SerialLine(path, 115200, self.heard.extend, self.lost.append)

    async def until_lost(self) -> None:
        """Wait until it was told of its loss."""
        async with asyncio.timeout(5):
            while not self.lost:
                await asyncio.sleep(0.01)


def test_bytes_pass_both_ways() -> None:
    async def main() -> None:
        device = bytearray()
        pipe, host = PtyPipe(device.extend), Host()
        line = host.open(pipe.path)
        line.write(b"AT\r")
        pipe.write(b"\r\nOK\r\n")
        async with asyncio.timeout(5):
            while not (device and host.heard):
                await asyncio.sleep(0.01)
        assert (bytes(device), bytes(host.heard)) == (b"AT\r", b"\r\nOK\r\n")
        line.close()
        line.close(drop_dtr=True)
        line.write(b"late")
        pipe.close()

    asyncio.run(main())


def test_a_port_that_is_pulled_out_is_told_once() -> None:
    async def main() -> None:
        pipe, host = PtyPipe(lambda data: None), Host()
        line = host.open(pipe.path)
        pipe.close()
        await host.until_lost()
        line.write(b"AT\r")
        await asyncio.sleep(0.05)
        assert len(host.lost) == 1

    asyncio.run(main())


def test_a_device_that_reads_nothing_is_lost_before_memory_is() -> None:
    async def main() -> None:
        pipe, host = PtyPipe(lambda data: None), Host()
        asyncio.get_running_loop().remove_reader(pipe._master)
        line = host.open(pipe.path)
        for _ in range(30):
            line.write(bytes(MAX_UNWRITTEN // 10))
        assert host.lost == ["it takes no more data"]
        pipe.close()

    asyncio.run(main())


class Stuck:
    """A port behind which nobody reads yet, filled to the brim."""

    def __init__(self, line: Callable[[str], SerialLine]) -> None:
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self.line = line(os.ttyname(slave))
        os.close(slave)
        self.sent = 0
        while not self.line.unsent_bytes:
            self.line.write(bytes(1024))
            self.sent += 1024

    def read(self) -> bytes:
        """What has come out since the last time."""
        found = bytearray()
        with suppress(BlockingIOError, OSError):
            while data := os.read(self._master, 4096):
                found += data
        return bytes(found)

    def pull_out(self) -> None:
        """Unplug it."""
        os.close(self._master)


def test_what_a_stuck_port_has_not_taken_is_dropped_when_it_is_closed() -> None:
    """Else the kernel would hold the close of a serial port up until it is sent, by default for 30 seconds."""

    async def main() -> None:
        stuck = Stuck(Host().open)
        kept = stuck.sent - stuck.line.unsent_bytes
        stuck.line.close()
        assert len(stuck.read()) < kept
        stuck.pull_out()

    asyncio.run(main())


def test_a_port_that_is_left_still_sends_and_is_heard_no_more() -> None:
    async def main() -> None:
        host = Host()
        stuck = Stuck(host.open)
        stuck.line.write(b"AT+CFUN=1,1\r")
        stuck.line.leave()
        stuck.line.leave()
        came = b""
        async with asyncio.timeout(5):
            while not came.endswith(b"AT+CFUN=1,1\r"):
                await asyncio.sleep(0.01)
                came += stuck.read()
        stuck.pull_out()
        stuck.line.write(b"AT\r")
        await asyncio.sleep(0.05)
        stuck.line.close()
        stuck.line.leave()
        assert (bytes(host.heard), host.lost) == (b"", [])

    asyncio.run(main())


def test_a_port_has_one_owner(tmp_path: Path) -> None:
    async def main() -> None:
        pipe = PtyPipe(lambda data: None)
        line = Host().open(pipe.path)
        with pytest.raises(DriverError, match=pipe.path):
            Host().open(pipe.path)
        line.close()
        Host().open(pipe.path).close()
        pipe.close()
        with pytest.raises(DriverError, match="missing"):
            Host().open(str(tmp_path / "missing"))

    asyncio.run(main())


def test_a_modem_is_asked_for_its_imei_and_others_are_left_alone(tmp_path: Path) -> None:
    async def main() -> None:
        modem = EmulatedModem(Exchange(), imei="490154203237599")
        path = modem.open_pty()
        assert await imei_at(path, 115200) == "490154203237599"
        assert await imei_at(str(tmp_path / "missing"), 115200) == ""
        pipe = PtyPipe(lambda data: pipe.write(b"$GPGGA,123519,4807.038,N\r\n"))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await imei_at(pipe.path, 115200) == ""
        assert loop.time() - begun < PROBE_S + 2
        pipe.close()
        modem.close()

    asyncio.run(main())


def test_only_usb_ports_are_candidates() -> None:
    assert all("USB" in path or "ACM" in path for path in serial_paths())
