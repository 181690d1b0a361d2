"""The firmware in QEMU, its pins, a wire with faults, and the host's end, in one hand."""

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench.hil.board import EmulatedBoard
from bench.hil.faults import Faults
from bench.hil.wire import Wire
from firmware_bridge import messages as m
from firmware_bridge.board import Board, BoardSettings
from firmware_bridge.firmware.outside import Seen
from firmware_bridge.host import BoardDown, BoardUp, HostEvent
from firmware_bridge.mirror import Port
from firmware_bridge.port import PortSettings

PATIENCE_S = 15.0
DELIMITER = b"\0"
PERFECT = Faults()


class Rig:
    """`seen` is what happened on the pins, `told` what the host was told, each with monotonic seconds."""

    def __init__(self, firmware: Path, directory: Path, *, seed: int = 1, keepalive_s: float = 1.5) -> None:
        self.seen: list[tuple[float, Seen]] = []
        self.told: list[tuple[float, HostEvent]] = []
        self.on_event: Callable[[HostEvent], None] = lambda event: None
        self.pins = EmulatedBoard(firmware, on_seen=lambda at, seen: self.seen.append((at, seen)))
        self.wire = Wire(self.pins.serial, directory / "tty", seed=seed, delimiter=DELIMITER)
        self._settings = BoardSettings("rig", PortSettings(str(directory / "tty"), retry_s=0.05), keepalive_s)
        self._seed = seed
        self.board = self._new_board()

    def new_host(self) -> None:
        """Another host process, as after a crash: the former one has said nothing."""
        self._seed += 1
        self.board = self._new_board()

    def faults(self, faults: Faults) -> None:
        """Both ways, from now on."""
        self.wire.set_faults(to_device=faults, to_host=faults)

    async def until(self, condition: Callable[[], object], limit_s: float = PATIENCE_S) -> None:
        """Wait until it holds."""
        end_at = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < end_at, "it did not come about in time"
            await asyncio.sleep(0.002)

    async def settled(self) -> None:
        """Wait until the board is up and past its guard time, with all headsets seen."""
        await self.until(
            lambda: (
                self.board.up
                and all(line.state is m.LineState.IDLE for line in self.board.mirror.lines.values())
                and all(headset.present for headset in self.board.mirror.headsets.values())
            )
        )

    def events(self, kind: type[HostEvent]) -> list[HostEvent]:
        """All of a kind that the host was told."""
        return [event for _, event in self.told if isinstance(event, kind)]

    def pin_changes(self, what: str, where: str | None = None) -> list[tuple[float, bool | str]]:
        """When a thing on the pins changed, and to what."""
        return [(at, s.value) for at, s in list(self.seen) if s.what == what and where in (None, s.where)]

    def agrees(self) -> bool:
        """Whether the host's picture is what the pins say."""
        mirror, pins = self.board.mirror, self.pins
        off_hook = {
            line.line: line.state not in (m.LineState.IDLE, m.LineState.GUARD, m.LineState.RINGING, m.LineState.FAULT)
            for line in mirror.lines.values()
        }
        joined = {frozenset(f"{port.kind.name} {port.number}".lower() for port in pair) for pair in mirror.joined}
        return (
            self.board.up
            and len(off_hook) == 4
            and all(pins.off_hook(line) == off for line, off in off_hook.items())
            and joined == pins.joined()
            and all(pins.muted(h.headset) == h.muted for h in mirror.headsets.values())
        )

    def _new_board(self) -> Board:
        def take(event: HostEvent) -> None:
            self.told.append((time.monotonic(), event))
            self.on_event(event)

        return Board(self._settings, take, seed=self._seed)

    async def answered(self, line: int, digits: str = "5") -> int:
        """A call that has been answered."""
        call = self.board.call(line, digits)
        await self.until(lambda: self.line_is(line) is m.LineState.CALLING)
        self.pins.feed(line, reverse=True)
        await self.until(lambda: self.line_is(line) is m.LineState.ANSWERED)
        return call

    def line_is(self, line: int) -> m.LineState:
        """What the host thinks of a line."""
        return self.board.mirror.lines[line].state

    def at_rest(self, line: int) -> None:
        """The far side is gone: normal battery."""
        self.pins.feed(line)


@contextlib.asynccontextmanager
async def rig(firmware: Path, *, seed: int = 1, keepalive_s: float = 1.5) -> AsyncIterator[Rig]:
    """Switched on, plugged in, and settled."""
    with tempfile.TemporaryDirectory(prefix="rig-") as directory:
        it = Rig(firmware, Path(directory), seed=seed, keepalive_s=keepalive_s)
        with it.pins, it.wire:
            it.board.start()
            try:
                await it.settled()
                yield it
            finally:
                await it.board.close()


def random_port(rng: random.Random) -> Port:
    """A headset or a tie, rarely one that is not there."""
    if rng.random() < 0.3:
        return Port(m.PortKind.TIE, rng.randrange(2))
    return Port(m.PortKind.HEADSET, rng.choice([0, 1, 2, 3, 3, 4]))


__all__ = ["PERFECT", "BoardDown", "BoardUp", "Rig", "random_port", "rig"]
