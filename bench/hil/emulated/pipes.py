"""Where an emulated device is plugged in: a pty that can be pulled out, or a TCP port."""

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bench.hil.files import BenchError
from bench.hil.links import drop_link, make_link

READ_SIZE = 4096
MAX_UNREAD = 65536

OnData = Callable[[bytes], None]


class Pipe(Protocol):
    """One way in and out."""

    def write(self, data: bytes) -> None:
        """Send; lost when nobody takes it."""

    def close(self) -> None:
        """Pull it out."""


class PtyPipe:
    """A pty whose other end is `path`, or `link` when given, as udev's links by id are.

    Closing it is pulling the plug: whoever has it open sees the port go away. Raises BenchError when something is at
    the link's path.
    """

    def __init__(self, on_data: OnData, link: Path | None = None) -> None:
        self._on_data = on_data
        self._link = link
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._name = os.ttyname(self._slave)
        self.path = self._name if link is None else str(link)
        if link is not None:
            try:
                make_link(link, self._name)
            except BenchError:
                os.close(self._master)
                os.close(self._slave)
                raise
        self._unwritten = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._read)

    def write(self, data: bytes) -> None:
        """Send what the host reads in time."""
        if self._master >= 0 and len(self._unwritten) < MAX_UNREAD:
            self._unwritten += data
            self._flush()

    def close(self) -> None:
        """Pull the plug."""
        if self._master < 0:
            return
        if self._link is not None:
            drop_link(self._link, self._name)
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = -1

    def _read(self) -> None:
        with suppress(BlockingIOError, OSError):
            data = os.read(self._master, READ_SIZE)
            self._on_data(data)

    def _flush(self) -> None:
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._master, self._unwritten)]
        except BlockingIOError:
            self._loop.add_writer(self._master, self._flush)
            return
        except OSError:
            self._unwritten.clear()
        self._loop.remove_writer(self._master)


class TcpPipe:
    """A TCP server on loopback that talks with one client at a time. `await open()`, then read `port`."""

    def __init__(self, on_data: OnData) -> None:
        self.on_data = on_data
        self._server: asyncio.Server | None = None
        self._client: asyncio.Transport | None = None
        self.port = 0

    async def open(self, port: int = 0) -> None:
        """Listen. Raises BenchError when the port is taken."""
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", port)
        except OSError as error:
            raise BenchError(f"TCP port {port}: {error.strerror}; 0 takes one that is free") from error
        self.port = self._server.sockets[0].getsockname()[1]

    def write(self, data: bytes) -> None:
        """Send to the client, if there is one."""
        if self._client is not None and not self._client.is_closing():
            self._client.write(data)

    def close(self) -> None:
        """Close the door and the connection."""
        if self._client is not None:
            self._client.close()
        if self._server is not None:
            self._server.close()

    def take_client(self, client: asyncio.Transport) -> None:
        """Talk with this one from now on; the one before is hung up."""
        if self._client is not None:
            self._client.close()
        self._client = client


class _Client(asyncio.Protocol):
    """A connection to a TcpPipe."""

    def __init__(self, pipe: TcpPipe) -> None:
        self._pipe = pipe

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._pipe.take_client(transport)

    def data_received(self, data: bytes) -> None:
        self._pipe.on_data(data)
