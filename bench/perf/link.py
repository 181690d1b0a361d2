"""What the serial link to a gateway board costs: `python -m bench.perf.link [--commands N] [--answers N]`.

The far end is the reference firmware in QEMU, behind the fault injector's pty. Without pacing the figures are those of
the two ends alone; paced, each byte takes its time at 115200 baud, which is stated beside. CPU is the event loop's
thread alone: neither QEMU's nor the injector's.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.hil.board import EmulatedBoard
from bench.hil.faults import Faults
from bench.hil.qemu import BoardError
from bench.hil.wire import Wire
from bench.perf.machine import Figure, median, percentile, print_figures, print_machine
from firmware_bridge import messages as m
from firmware_bridge.board import Board, BoardSettings
from firmware_bridge.commands import Done
from firmware_bridge.firmware.outside import Seen
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.host import HostEvent
from firmware_bridge.link import BOARD_FLOOR_S, HOST_FLOOR_S, Link
from firmware_bridge.mirror import LineChanged, Port
from firmware_bridge.port import PortSettings

BAUD = 115200
BITS_PER_BYTE = 10
PATIENCE_S = 20.0
IDLE_S = 3.0
ROUGH = Faults(damage=0.05, loss=0.02, duplication=0.02, delay_s=0.001, jitter_s=0.004, baud=BAUD)
WIRES = {"unpaced": Faults(), "paced": Faults(baud=BAUD), "paced, rough": ROUGH}
COMMAND = m.Release(1, 0, 1)
"""The command that is timed: it does nothing to a line that does not have this call."""


class Desk:
    """A board under measurement, and what it told."""

    def __init__(self, port: Path) -> None:
        self.board = Board(BoardSettings("bench", PortSettings(str(port))), self._take)
        self.told: list[tuple[float, HostEvent]] = []
        self._news = asyncio.Event()

    def _take(self, event: HostEvent) -> None:
        self.told.append((time.monotonic(), event))
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that an event brings. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._news.clear()
                await self._news.wait()

    def done(self) -> int:
        """How many commands of the bench came back."""
        return sum(isinstance(event, Done) for _, event in self.told)


@asynccontextmanager
async def desk(wire: Wire, faults: Faults) -> AsyncIterator[Desk]:
    """The board behind the wire, now with these faults; up."""
    wire.set_faults(to_device=faults, to_host=faults)
    it = Desk(wire.path)
    it.board.start()
    try:
        await it.until(lambda: it.board.up)
        yield it
    finally:
        await it.board.close()


async def round_trips(it: Desk, count: int) -> list[float]:
    """Seconds from asking one command to having its Result, one after the other."""
    taken = []
    for _ in range(count):
        it.told.clear()
        began = time.perf_counter()
        it.board.release(COMMAND.line, COMMAND.call)
        await it.until(lambda: it.done() == 1)
        taken.append(time.perf_counter() - began)
    return taken


async def flood(it: Desk, count: int) -> tuple[float, float]:
    """Commands a second with as many under way as are allowed, and seconds of the loop's CPU for each."""
    it.told.clear()
    began, cpu = time.perf_counter(), time.thread_time()
    asked = 0
    while asked < count:
        while asked < count and len(it.board.mirror.commands) < 2 * m.MAX_COMMANDS:
            it.board.release(COMMAND.line, COMMAND.call)
            asked += 1
        before = len(it.told)
        await it.until(lambda before=before: len(it.told) > before)  # type: ignore[misc]
    await it.until(lambda: it.done() == count)
    return count / (time.perf_counter() - began), (time.thread_time() - cpu) / count


async def idle(it: Desk) -> float:
    """Share of a core that a board costs that is up while nothing happens."""
    began, cpu = time.perf_counter(), time.thread_time()
    await asyncio.sleep(IDLE_S)
    return (time.thread_time() - cpu) / (time.perf_counter() - began)


async def answers(emulated: EmulatedBoard, it: Desk, joins: list[float], count: int) -> tuple[list[float], list[float]]:
    """Seconds from the board's answer event until the host has it, and until the agent's crosspoint is closed."""
    heard, joined = [], []
    for number in range(count):
        line = number % emulated.pins.lines
        await it.until(lambda line=line: it.board.mirror.lines[line].state is m.LineState.IDLE)  # type: ignore[misc]
        it.told.clear()
        joins.clear()
        call = it.board.call(line, "1")
        await it.until(lambda: _reached(it, m.LineState.CALLING) is not None)
        emulated.feed(line, reverse=True)
        await it.until(lambda: _reached(it, m.LineState.ANSWERED) is not None)
        at, answered = _reached(it, m.LineState.ANSWERED) or (0.0, None)
        it.board.join(Port(m.PortKind.LINE, line), call, Port(m.PortKind.HEADSET, line), 0)
        assert answered is not None and answered.at is not None
        heard.append(at - answered.at)
        joined.append(await _first(joins) - answered.at)
        it.board.release(line, call)
        emulated.feed(line)
    return heard, joined


def _reached(it: Desk, state: m.LineState) -> tuple[float, LineChanged] | None:
    return next(((at, e) for at, e in it.told if isinstance(e, LineChanged) and e.state is state), None)


async def _first(joins: list[float]) -> float:
    async with asyncio.timeout(PATIENCE_S):
        while not joins:
            await asyncio.sleep(0.005)
    return joins[0]


def wire_bytes() -> tuple[int, int]:
    """Bytes of the timed command and of its Result, which acknowledges it."""
    out = Frame(m.FrameKind.DATA, 1, 1, 1, 0, COMMAND.encode()).encode()
    back = Frame(m.FrameKind.DATA, 1, 1, 2, 0, m.Result(1, m.Status.OK).encode()).encode()
    return len(out), len(back)


def codec_us(count: int) -> float:
    """CPU of a message from one end's call to the other end's value, both ends in memory, microseconds."""
    ends = Link(1, floor_s=HOST_FLOOR_S, give_up_s=3.0), Link(1, floor_s=BOARD_FLOOR_S, give_up_s=3.0)
    readers = FrameReader(), FrameReader()
    payload, got, now = m.Join(1, m.PortKind.LINE, 0, 7, m.PortKind.HEADSET, 1, 0), 0, 0.0
    began = time.thread_time()
    while got < count:
        ends[0].send(payload.encode())
        for side in (0, 1):
            wire = b"".join(frame.encode() for frame in ends[side].transmit(now))
            for frame in readers[1 - side].feed(wire):
                got += len([m.decode(each) for each in ends[1 - side].receive(frame, now)])
        now += 0.001
    return (time.thread_time() - began) / count * 1e6


def figures_of_wire(name: str, trips: list[float], per_s: float, cpu_s: float) -> Iterator[Figure]:
    """A wire's rows."""
    yield Figure(f"{name}: round trip, median", 1000 * median(trips), "ms")
    yield Figure(f"{name}: round trip, p99", 1000 * percentile(trips, 0.99), "ms")
    yield Figure(f"{name}: commands, {m.MAX_COMMANDS} under way", per_s, "/s")
    yield Figure(
        f"{name}: CPU of the host", 1e6 * cpu_s, "us/command", note=f"{100 * cpu_s * per_s:.1f} % at this rate"
    )


async def measure(commands: int, count: int) -> list[Figure]:
    """All figures. Raises BoardError when QEMU or the compiler is missing."""
    out, back = wire_bytes()
    byte_ms = 1000 * BITS_PER_BYTE / BAUD
    figures = [
        Figure("message through both ends in memory", codec_us(20_000), "us", note="CPU; frame, link, ACK, decode"),
        Figure("wire time of a command and its Result", (out + back) * byte_ms, "ms", note=f"{out} + {back} B"),
        Figure("  so at most, at 115200 baud", 1000 / (max(out, back) * byte_ms), "/s", note="the longer way alone"),
    ]
    joins: list[float] = []

    def on_seen(at: float, seen: Seen) -> None:
        if seen.what == "join" and seen.value is True:
            joins.append(at)

    with (
        tempfile.TemporaryDirectory(prefix="link-") as folder,
        EmulatedBoard(on_seen=on_seen) as emulated,
        Wire(emulated.serial, Path(folder) / "port", delimiter=b"\0") as wire,
    ):
        for name, faults in WIRES.items():
            async with desk(wire, faults) as it:
                trips = await round_trips(it, commands // 4)
                per_s, cpu_s = await flood(it, commands)
            figures += figures_of_wire(name, trips, per_s, cpu_s)
        async with desk(wire, WIRES["paced"]) as it:
            resting = await idle(it)
            heard, joined = await answers(emulated, it, joins, count)
    figures.append(Figure("CPU of the host, nothing happens", 100 * resting, "%"))
    for name, values in (("answer event to host", heard), ("answer event to the agent's crosspoint", joined)):
        figures.append(Figure(f"{name}, median", 1000 * median(values), "ms", note="paced"))
        figures.append(Figure(f"{name}, p99", 1000 * percentile(values, 0.99), "ms", "2000" if "cross" in name else ""))
    return figures


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=4000, help="commands per wire")
    parser.add_argument("--answers", type=int, default=40, help="calls that are answered and joined")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print_machine()
    try:
        figures = asyncio.run(measure(options.commands, options.answers))
    except BoardError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print_figures("link", figures, load)
    return 0


if __name__ == "__main__":
    sys.exit(main())
