"""The fault injector on the wire: a byte pipe between a device's socket or tty and a pty that outlives the device.

`dialer bench wire` runs one by hand.
"""

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import serial

from bench.hil.faults import Counters, Faults, Mangler
from bench.hil.files import BenchError
from bench.hil.links import drop_link, make_link
from bench.hil.ports import never_a_port, why_no_port
from hw.contract.driver import DriverError
from hw.tty import open_tty

RECONNECT_S = 0.05
# Long enough for a device to see that its host is gone.
FOLLOW_GAP_S = 0.1
READ_BYTES = 4096
MAX_PORT = 65535
MAX_UNSENT = 64 * 1024
_SLEEP_MAX_S = 0.25
_PRECISE_S = 0.01
_SELECT_MAX = 1024


class WireError(BenchError):
    """The wire cannot be laid as asked; the text says what is wrong and how to mend it."""


class Way(StrEnum):
    """A direction on the wire."""

    TO_DEVICE = "to_device"
    TO_HOST = "to_host"


Tap = Callable[[float, Way, bytes], None]
"""Told of what came out of the wire: monotonic seconds, direction, bytes. Called from the wire's thread."""


@dataclass(frozen=True, slots=True)
class FarAddress:
    """Where the device is: `unix:PATH`, `tcp:HOST:PORT`, or the path of a tty."""

    kind: str
    place: str
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> "FarAddress":
        """Raises WireError for anything else."""
        if text.startswith("unix:"):
            return cls("unix", text.removeprefix("unix:"))
        if text.startswith("tcp:"):
            host, _, port = text.removeprefix("tcp:").rpartition(":")
            if not host or not port.isdecimal():
                raise WireError(f"{text}: write tcp:HOST:PORT")
            if not 0 < int(port) <= MAX_PORT:
                raise WireError(f"{text}: a TCP port is 1 to {MAX_PORT}")
            return cls("tcp", host, int(port))
        if text.startswith("/"):
            return cls("tty", text)
        raise WireError(f"{text}: write unix:PATH, tcp:HOST:PORT, or the path of a tty")

    def __str__(self) -> str:
        """As it was written."""
        if self.kind == "tty":
            return self.place
        return f"{self.kind}:{self.place}" + (f":{self.port}" if self.kind == "tcp" else "")


class _Far:
    """The device's end. Not there is normal: the device may be off. `trouble` says why it is not open."""

    def __init__(self, address: FarAddress, baud: int) -> None:
        self._address = address
        self._baud = baud
        self._held: socket.socket | serial.Serial | None = None
        self._next_try_at = 0.0
        self.trouble = ""

    def check(self) -> None:
        """Raises WireError when what is there can never be a device."""
        if self._address.kind == "tty" and (why := never_a_port(self._address.place)):
            raise WireError(why)

    @property
    def up(self) -> bool:
        return self._held is not None

    def fileno(self) -> int:
        return self._held.fileno() if self._held is not None else -1

    def try_open(self, now: float) -> None:
        if self._held is not None or now < self._next_try_at:
            return
        self._next_try_at = now + RECONNECT_S
        try:
            self._held = self._open()
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self._address}: {(error.strerror or str(error)).lower()}"
        except DriverError as error:
            self.trouble = why_no_port(self._address.place) or str(error)

    def _open(self) -> socket.socket | serial.Serial:
        if self._address.kind == "tty":
            return open_tty(self._address.place, self._baud)
        if self._address.kind == "unix":
            sock = socket.socket(socket.AF_UNIX)
            target: str | tuple[str, int] = self._address.place
        else:
            sock = socket.socket(socket.AF_INET)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            target = (self._address.place, self._address.port)
        try:
            sock.settimeout(1.0)
            sock.connect(target)
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        return sock

    def close(self, again_at: float = 0.0) -> None:
        """Let go; not to be opened again before `again_at`."""
        self._next_try_at = max(self._next_try_at, again_at)
        if self._held is not None:
            self._held.close()
            self._held = None


class _Near:
    """The host's end: a pty behind a link with a stable path. `heard` is false while no program has it open."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master = -1
        self._name = ""
        self.heard = False
        self.pending = False

    def open(self) -> None:
        """Raises BenchError when the link's path is taken."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self._name = os.ttyname(slave)
        # Raw mode, which stays; and the first opening, without which a hang-up is not seen.
        serial.Serial(self._name).close()
        os.close(slave)
        try:
            make_link(self.link, self._name)
        except BenchError:
            self.close()
            raise

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def fileno(self) -> int:
        return self._master

    def look(self) -> None:
        """See whether some program has the port open, and whether it left something unread."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        flags = sum(flags for _, flags in poll.poll(0))
        self.heard = not flags & select.POLLHUP
        self.pending = bool(flags & select.POLLIN)

    def close(self) -> None:
        if self._master >= 0:
            drop_link(self.link, self._name)
            os.close(self._master)
            self._master = -1


def _ready(interest: dict[int, int], sleep_s: float) -> set[int]:
    """Descriptors to be read, or hung up. Waits to the microsecond where select can; poll rounds up to milliseconds."""
    if sleep_s < _PRECISE_S and max(interest) < _SELECT_MAX:
        reads = [end for end, events in interest.items() if events & select.POLLIN]
        writes = [end for end, events in interest.items() if events & select.POLLOUT]
        return set(select.select(reads, writes, [], sleep_s)[0])
    poll = select.poll()
    for end, events in interest.items():
        poll.register(end, events)
    return {end for end, flags in poll.poll(sleep_s * 1000) if flags & ~select.POLLOUT}


class Wire:
    """A wire to a device, with faults that can be changed while it runs. Runs as a thread; all methods are thread-safe.

    `far` says where the device is (`unix:PATH`, `tcp:HOST:PORT`, or a tty); it may come, go and come again.
    `link` is the path of the port that the host opens. It outlives the device's power-off, and is gone while unplugged.
    With `follow_host` the device's end is open only while a program has the port open, so the device sees it go.
    Raises WireError when the link's directory does not exist.
    """

    def __init__(
        self,
        far: str,
        link: Path,
        *,
        seed: int = 0,
        delimiter: bytes | None = None,
        baud: int = 115200,
        follow_host: bool = False,
        tap: Tap | None = None,
    ) -> None:
        if not link.parent.is_dir():
            raise WireError(f"{link}: the directory {link.parent} does not exist")
        self.path = link
        self._far = _Far(FarAddress.parse(far), baud)
        self._near = _Near(link)
        self._ways = {way: Mangler(f"{seed}/{way}", delimiter) for way in Way}
        self._unsent = {way: bytearray() for way in Way}
        self._tap = tap
        self._follow_host = follow_host
        self._lock = threading.Lock()
        self._cut = False
        self._running = False
        self._thread: threading.Thread | None = None
        self._wake_in, self._wake_out = -1, -1

    def start(self) -> None:
        """Plug in and carry bytes until `stop`.

        Raises BenchError when something else is at the link's path, WireError when `far` can never be a device.
        """
        self._far.check()
        self._near.open()
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._running = True
        self._thread = threading.Thread(target=self._run, name=f"wire {self.path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Unplug for good."""
        if self._thread is None:
            return
        self._running = False
        self._wake()
        self._thread.join()
        self._thread = None
        self._near.close()
        self._far.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def set_faults(self, *, to_device: Faults | None = None, to_host: Faults | None = None) -> None:
        """From now on; None leaves a direction as it is."""
        with self._lock:
            if to_device is not None:
                self._ways[Way.TO_DEVICE].faults = to_device
            if to_host is not None:
                self._ways[Way.TO_HOST].faults = to_host
        self._wake()

    def faults(self, way: Way) -> Faults:
        """The faults of a direction."""
        return self._ways[way].faults

    def unplug(self) -> None:
        """Pull the adapter out of the host: the port hangs up, its path is gone, and no byte passes."""
        with self._lock:
            self._near.close()
            self._forget()
        self._wake()

    def plug(self) -> None:
        """Put it back: the same path, another port behind it. Nothing happens when it is plugged.

        Raises BenchError when something else has taken the path meanwhile.
        """
        with self._lock:
            if not self._near.plugged:
                self._near.open()
        self._wake()

    def cut(self) -> None:
        """Cut the cable between adapter and device: the port stays, no byte passes either way."""
        with self._lock:
            self._cut = True
            self._forget()

    def mend(self) -> None:
        """Undo `cut`."""
        with self._lock:
            self._cut = False

    @property
    def device_up(self) -> bool:
        """Whether the device's end is connected."""
        return self._far.up

    @property
    def trouble(self) -> str:
        """Why the device's end is not connected, as last seen; empty when it is, and before the first attempt."""
        return "" if self._far.up else self._far.trouble

    @property
    def host_up(self) -> bool:
        """Whether some program has the port open (as last seen)."""
        return self._near.plugged and self._near.heard

    def counters(self, way: Way) -> Counters:
        """What a direction did so far."""
        with self._lock:
            return self._ways[way].counters.copy()

    def _forget(self) -> None:
        for way in Way:
            self._ways[way].drop()
            self._unsent[way].clear()

    def _wake(self) -> None:
        if self._thread is None:
            return
        with contextlib.suppress(BlockingIOError):  # Full: it is awake already.
            os.write(self._wake_out, b"!")

    def _run(self) -> None:
        while self._running:
            with self._lock:
                now = time.monotonic()
                if self._near.plugged:
                    self._near.look()
                if self._follow_host and not self.host_up:
                    self._far.close(again_at=now + FOLLOW_GAP_S)
                else:
                    self._far.try_open(now)
                self._deliver(now)
                interest, sleep_s = self._interest(now)
            ready = _ready(interest, sleep_s)
            with self._lock:
                self._take_in(ready)

    def _interest(self, now: float) -> tuple[dict[int, int], float]:
        """What to wait for; a side whose opposite is stuffed is not read (flow control of a full FIFO)."""
        interest = {self._wake_in: select.POLLIN}
        near, far = self._near, self._far
        if near.plugged and (near.heard or near.pending):
            interest[near.fileno()] = self._events(Way.TO_DEVICE, Way.TO_HOST)
        if far.up:
            interest[far.fileno()] = self._events(Way.TO_HOST, Way.TO_DEVICE)
        deadlines = [at for at in (mangler.deadline() for mangler in self._ways.values()) if at is not None]
        unsteady = not far.up or not near.heard
        sleep_s = min([at - now for at in deadlines] + [RECONNECT_S / 5 if unsteady else _SLEEP_MAX_S])
        return interest, max(sleep_s, 0.0)

    def _events(self, reads: Way, writes: Way) -> int:
        events = select.POLLIN if len(self._unsent[reads]) < MAX_UNSENT else 0
        return events | (select.POLLOUT if self._unsent[writes] else 0)

    def _take_in(self, ready: set[int]) -> None:
        if self._wake_in in ready:
            os.read(self._wake_in, READ_BYTES)
        now = time.monotonic()
        if self._near.plugged and self._near.fileno() in ready:
            self._feed(Way.TO_DEVICE, self._read_near(), now)
        if self._far.up and self._far.fileno() in ready:
            data = self._read_far()
            if data is None:
                self._far.close()
                self._ways[Way.TO_DEVICE].drop()
                self._unsent[Way.TO_DEVICE].clear()
            else:
                self._feed(Way.TO_HOST, data, now)
        self._deliver(now)

    def _feed(self, way: Way, data: bytes, now: float) -> None:
        if data and not self._cut:
            self._ways[way].feed(data, now)

    def _read_near(self) -> bytes:
        try:
            return os.read(self._near.fileno(), READ_BYTES)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            return b""

    def _read_far(self) -> bytes | None:
        """None when the device is gone."""
        try:
            return os.read(self._far.fileno(), READ_BYTES) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def _deliver(self, now: float) -> None:
        ends = {
            Way.TO_DEVICE: self._far.fileno() if self._far.up else -1,
            Way.TO_HOST: self._near.fileno() if self._near.plugged and self._near.heard else -1,
        }
        for way, end in ends.items():
            unsent, mangler = self._unsent[way], self._ways[way]
            if unsent:
                self._send(way, end)
            for piece in mangler.due(now):
                if self._tap is not None and end >= 0:
                    self._tap(now, way, piece)
                unsent += piece
                self._send(way, end)

    def _send(self, way: Way, end: int) -> None:
        unsent = self._unsent[way]
        try:
            sent = os.write(end, unsent)
        except BlockingIOError:
            return
        except OSError:  # Nobody is there, as on a real wire.
            self._ways[way].counters.overrun += len(unsent)
            unsent.clear()
            return
        del unsent[:sent]
