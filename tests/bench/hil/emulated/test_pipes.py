import asyncio
import os
from pathlib import Path

import pytest

from bench.hil.emulated.pipes import PtyPipe, TcpPipe
from bench.hil.files import BenchError


def test_a_pty_passes_bytes_both_ways_until_it_is_pulled_out(tmp_path: Path) -> None:
    async def main() -> None:
        heard = bytearray()
        link = tmp_path / "usb-modem"
        pipe = PtyPipe(heard.extend, link)
        host = os.open(pipe.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, b"\x00AT\r\xff")
        pipe.write(b"\r\nOK\r\n")
        async with asyncio.timeout(5):
            while len(heard) < 5:
                await asyncio.sleep(0.01)
        assert bytes(heard) == b"\x00AT\r\xff"
        assert os.read(host, 100) == b"\r\nOK\r\n"
        pipe.close()
        assert not link.exists()
        with pytest.raises(OSError, match="Input/output error"):
            os.write(host, b"AT\r")
        os.close(host)

    asyncio.run(main())


def test_a_file_at_the_links_path_stays(tmp_path: Path) -> None:
    async def main() -> None:
        kept = tmp_path / "keep.txt"
        kept.write_text("mine")
        before = set(Path("/proc/self/fd").iterdir())
        with pytest.raises(BenchError, match="there is a file"):
            PtyPipe(lambda data: None, kept)
        assert kept.read_text() == "mine"
        assert set(Path("/proc/self/fd").iterdir()) == before

    asyncio.run(main())


def test_a_host_that_does_not_read_fills_no_memory() -> None:
    async def main() -> None:
        pipe = PtyPipe(lambda data: None)
        for _ in range(1000):
            pipe.write(bytes(1000))
        assert len(pipe._unwritten) < 70000
        pipe.close()
        pipe.close()

    asyncio.run(main())


def test_tcp_serves_the_client_that_came_last() -> None:
    async def main() -> None:
        heard = bytearray()
        pipe = TcpPipe(heard.extend)
        await pipe.open()
        pipe.write(b"nobody is there")
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", pipe.port)
            writer.write(b"AT\r")
            async with asyncio.timeout(5):
                while b"AT\r" not in heard:
                    await asyncio.sleep(0.01)
                pipe.write(b"OK")
                assert await reader.readexactly(2) == b"OK"
            heard.clear()
        writer.close()
        pipe.close()

    asyncio.run(main())


def test_a_tcp_port_that_is_taken_is_told() -> None:
    async def main() -> None:
        pipe = TcpPipe(lambda data: None)
        await pipe.open()
        with pytest.raises(BenchError, match=f"TCP port {pipe.port}: "):
            await TcpPipe(lambda data: None).open(pipe.port)
        pipe.close()

    asyncio.run(main())


def test_a_loop_that_ends_with_a_client_connected_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        pipe = TcpPipe(lambda data: None)
        await pipe.open()
        await asyncio.open_connection("127.0.0.1", pipe.port)
        async with asyncio.timeout(5):
            while pipe._client is None:
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert caplog.text == ""
