"""Commands by the thousand against a gateway board: round trips, and whether any was lost or done twice."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.hil.files import BenchError
from firmware_bridge import messages as m
from firmware_bridge.board import Board, BoardSettings
from firmware_bridge.commands import Done
from firmware_bridge.host import BoardDown, BoardRefused, BoardUp, HostEvent
from firmware_bridge.mirror import Port
from firmware_bridge.port import PortSettings

UP_LIMIT_S = 10.0
# A board that has just booted has not seen its headsets yet.
SETTLE_S = 0.3

_Switch = Callable[[bool], m.HostMessage]


@dataclass(slots=True)
class Tally:
    """What came of an exercise. Times are seconds."""

    round_trips_s: list[float] = field(default_factory=list)
    asked: int = 0
    done: int = 0
    lasted_s: float = 0.0
    refused: list[str] = field(default_factory=list)
    twice: int = 0
    joins: int = 0
    lamps: int = 0
    session_lost: str = ""
    counters: m.Counters | None = None

    def objections(self, joins_seen: int | None = None, lamps_seen: int | None = None) -> list[str]:
        """What is wrong; the changes seen on the board's pins are held against those asked for, when given."""
        wrong = []
        if self.session_lost:
            wrong.append(f"the session was lost: {self.session_lost}")
        if self.done != self.asked:
            wrong.append(f"{self.asked - self.done} of {self.asked} commands without a result")
        if self.twice:
            wrong.append(f"{self.twice} results came twice")
        if self.refused:
            wrong.append(f"{len(self.refused)} refused, the first: {self.refused[0]}")
        if joins_seen is not None and joins_seen != self.joins:
            wrong.append(f"{self.joins} crosspoints were to change, {joins_seen} changes were seen on the pins")
        if lamps_seen is not None and lamps_seen != self.lamps:
            wrong.append(f"{self.lamps} lamps were to change, {lamps_seen} changes were seen on the pins")
        return wrong


class Exercise:
    """Opens the board at `device` by itself and asks it `count` commands, `under_way` at a time at most.

    Each worker switches one thing to and fro: the lamp of a headset, or the crosspoint between two ports. So each
    command changes something that can be counted from outside.
    """

    def __init__(self, device: str, baud: int) -> None:
        settings = BoardSettings("exercise", PortSettings(device, baud, retry_s=0.2))
        self._board = Board(settings, self._heard)
        self._waiting: dict[tuple[object, ...], asyncio.Future[Done]] = {}
        self._up: asyncio.Future[m.Welcome] = asyncio.get_running_loop().create_future()
        self._counters: asyncio.Future[m.Counters] = asyncio.get_running_loop().create_future()
        self._left = 0
        self._closing = False
        self.tally = Tally()

    async def run(self, count: int, under_way: int) -> Tally:
        """Raises BenchError when the board does not come up."""
        self._board.start()
        try:
            async with asyncio.timeout(UP_LIMIT_S):
                welcome = await self._up
            await self._work(welcome, count, under_way)
        except TimeoutError:
            problem = self._board.problem or "it does not answer"
            raise BenchError(f"the board does not come up within {UP_LIMIT_S:g} s: {problem}") from None
        finally:
            self._closing = True
            await self._board.close()
        return self.tally

    async def _work(self, welcome: m.Welcome, count: int, under_way: int) -> None:
        loop = asyncio.get_running_loop()
        self._left = count
        await asyncio.sleep(SETTLE_S)
        present = [headset.headset for headset in self._board.mirror.headsets.values() if headset.present]
        workers = list(_switches(present, welcome.ties))[:under_way]
        if not workers:
            raise BenchError("there is nothing on the board that can be switched to and fro: plug in a headset")
        started_at = loop.time()
        await asyncio.gather(*(self._switch(to_and_fro) for to_and_fro in workers))
        self.tally.lasted_s = loop.time() - started_at
        if not self.tally.session_lost:
            self._board.ask(m.CountersGet(0))
            self.tally.counters = await self._counters

    async def _switch(self, to_and_fro: _Switch) -> None:
        on = True
        while self._left > 0 and not self.tally.session_lost:
            self._left -= 1
            await self._one(to_and_fro(on))
            on = not on
        if not on and not self.tally.session_lost:  # Leave it as it was.
            await self._one(to_and_fro(False))

    async def _one(self, command: m.HostMessage) -> None:
        loop = asyncio.get_running_loop()
        key, future = _key(command), loop.create_future()
        self._waiting[key] = future
        asked_at = loop.time()
        self._count(command)
        self._board.ask(command)
        done = await future
        if self.tally.session_lost:
            return
        self.tally.done += 1
        self.tally.round_trips_s.append(loop.time() - asked_at)
        if done.status is not m.Status.OK:
            self.tally.refused.append(f"{type(command).__name__}: {done.status.name}")

    def _count(self, command: m.HostMessage) -> None:
        self.tally.asked += 1
        if isinstance(command, m.HeadsetSet):
            self.tally.lamps += 1
        else:
            self.tally.joins += 1

    def _heard(self, event: HostEvent) -> None:
        match event:
            case BoardUp():
                if not self._up.done():
                    self._up.set_result(event.welcome)
            case BoardDown() | BoardRefused():
                self._lost(event.reason)
            case m.Counters():
                if not self._counters.done():
                    self._counters.set_result(event)
            case Done() if not isinstance(event.command, m.CountersGet | m.SnapshotGet):
                future = self._waiting.pop(_key(event.command), None)
                if future is None:
                    self.tally.twice += 1
                elif not future.done():
                    future.set_result(event)

    def _lost(self, reason: str) -> None:
        if self._up.done() and not self._closing:
            self.tally.session_lost = reason
            for future in self._waiting.values():
                future.cancel()


def _switches(present: Sequence[int], tie_count: int) -> Iterator[_Switch]:
    """Things that can be switched without disturbing each other."""
    for headset in present:
        yield partial(_light, headset)
    headsets = [Port(m.PortKind.HEADSET, number) for number in present]
    ties = [Port(m.PortKind.TIE, number) for number in range(tie_count)]
    pairs = [*zip(headsets, ties, strict=False)]
    rest = headsets[len(pairs) :]
    pairs += zip(rest[::2], rest[1::2], strict=False)
    for a, b in pairs:
        yield partial(_join, a, b)


def _light(headset: int, on: bool) -> m.HostMessage:
    return m.HeadsetSet(0, headset, m.Lamp.ON if on else m.Lamp.OFF, False, False)


def _join(a: Port, b: Port, on: bool) -> m.HostMessage:
    if on:
        return m.Join(0, a.kind, a.number, m.NO_CALL, b.kind, b.number, m.NO_CALL)
    return m.Part(0, a.kind, a.number, b.kind, b.number)


def _key(command: m.Message | m.HostMessage) -> tuple[object, ...]:
    """What a command is about: one is under way per thing."""
    if isinstance(command, m.HeadsetSet):
        return ("headset", command.headset)
    assert isinstance(command, m.Join | m.Part)
    return ("pair", command.a_kind, command.a, command.b_kind, command.b)


async def replace_firmware(device: str, baud: int, image: bytes) -> m.Welcome:
    """Open the board at `device`, replace its firmware, and give what the new one says of itself.

    Raises UpdateError, or BenchError when the board does not come up.
    """
    up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def heard(event: HostEvent) -> None:
        if isinstance(event, BoardUp) and not up.done():
            up.set_result(None)

    board = Board(BoardSettings("update", PortSettings(device, baud, retry_s=0.2)), heard)
    board.start()
    try:
        async with asyncio.timeout(UP_LIMIT_S):
            await up
    except TimeoutError:
        await board.close()
        raise BenchError(
            f"the board does not come up within {UP_LIMIT_S:g} s: {board.problem or 'no answer'}"
        ) from None
    try:
        return await board.update(image)
    finally:
        await board.close()
