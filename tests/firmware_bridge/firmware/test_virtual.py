"""The firmware's logic and the host's end over a bad wire in virtual time: many seeds, each the same every time."""

import random
from pathlib import Path
from typing import cast

import pytest

from firmware_bridge import messages as m
from firmware_bridge.commands import Done
from firmware_bridge.host import BoardDown, HostEvent
from firmware_bridge.messages import Lamp, Status
from tests.firmware_bridge.firmware.logic import POLL_S, Logic
from tests.firmware_bridge.model_board import ModelBoard
from tests.firmware_bridge.virtual_wire import Bench, Faults

BAD = Faults(damaged=0.05, lost=0.02, twice=0.02, delay_s=0.005)
VERY_BAD = Faults(damaged_bytes=0.05, lost=0.02, twice=0.02)


class LogicBoard:
    """The firmware's logic where the bench expects a model board."""

    def __init__(self, library: Path) -> None:
        self.logic = Logic(library)
        self._polled_at = 0.0

    def receive(self, data: bytes, now: float) -> None:
        self.logic.send(data)
        self._poll(now)

    def handle_timer(self, now: float) -> None:
        if now >= self._polled_at + POLL_S:
            self._poll(now)

    def data_to_send(self, now: float) -> bytes:
        return self.logic.take()

    def deadline(self, now: float) -> float:
        return self._polled_at + POLL_S

    def _poll(self, now: float) -> None:
        self._polled_at = now
        self.logic.now = now
        self.logic.poll()


class Flipping:
    """Turns the mutes of four headsets, each command changing one, and counts what is told."""

    def __init__(self, bench: Bench, count: int, under_way: int) -> None:
        self.bench, self.left, self.under_way = bench, count, under_way
        self.muted = [False] * 4
        self.statuses: list[Status] = []
        self.changes: list[tuple[int, bool]] = []
        self.wanted: list[tuple[int, bool]] = []
        self.lost: list[BoardDown] = []
        bench.on_event = self.heard

    def go_on(self) -> None:
        while self.left > 0 and len(self.wanted) - len(self.statuses) < self.under_way:
            self.left -= 1
            headset = len(self.wanted) % 4
            self.muted[headset] = not self.muted[headset]
            self.wanted.append((headset, self.muted[headset]))
            self.bench.host.set_headset(headset, Lamp.OFF, ring=False, muted=self.muted[headset])
            self.bench._flush()

    def heard(self, event: HostEvent) -> None:
        if isinstance(event, BoardDown):
            self.lost.append(event)
        if isinstance(event, Done):
            self.statuses.append(event.status)
            self.bench.after(0.0, self.go_on)


def flip(library: Path, seed: int, faults: Faults, count: int, under_way: int) -> tuple[Bench, LogicBoard, Flipping]:
    board = LogicBoard(library)
    bench = Bench(seed, faults, cast(ModelBoard, board), keepalive_s=5.0)
    assert bench.run(60.0, lambda: bench.host.up)
    bench.run(2.0)
    changes_before = [headset.change for headset in headset_changes(bench)]
    flipping = Flipping(bench, count, under_way)
    flipping.go_on()
    assert bench.run(count * 2.0, lambda: len(flipping.statuses) == count or bool(flipping.lost))
    assert flipping.lost == []
    assert set(flipping.statuses) == {Status.OK}
    bench.run(1.0)
    changes = [headset.change for headset in headset_changes(bench)]
    assert [now - before for now, before in zip(changes, changes_before, strict=True)] == [count // 4] * 4
    return bench, board, flipping


def headset_changes(bench: Bench) -> list[m.HeadsetIs]:
    """How often each headset has changed, as the board counts it."""
    told: dict[int, m.HeadsetIs] = {}
    original = bench.host.mirror.told

    def spy(message: m.Message) -> list[HostEvent]:
        if isinstance(message, m.HeadsetIs):
            told[message.headset] = message
        return original(message)  # type: ignore[return-value]

    bench.host.mirror.told = spy  # type: ignore[method-assign,assignment]
    bench.host.ask(m.SnapshotGet(0))
    assert bench.run(60.0, lambda: len(told) == 4)
    bench.host.mirror.told = original  # type: ignore[method-assign]
    return [told[number] for number in range(4)]


@pytest.mark.parametrize("seed", range(8))
def test_each_command_is_done_exactly_once(library: Path, seed: int) -> None:
    _, board, flipping = flip(library, seed, BAD, 1000, 8)
    assert [board.logic.mute(headset) for headset in range(4)] == flipping.muted


@pytest.mark.parametrize("seed", range(4))
def test_also_when_every_twentieth_byte_is_wrong(library: Path, seed: int) -> None:
    _, board, flipping = flip(library, seed, VERY_BAD, 100, 2)
    assert [board.logic.mute(headset) for headset in range(4)] == flipping.muted


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 150))
def test_each_command_is_done_exactly_once_for_long(library: Path, seed: int) -> None:
    rng = random.Random(seed)
    faults = Faults(rng.random() * 0.1, 0.0, rng.random() * 0.1, rng.random() * 0.1, rng.random() * 0.02)
    flip(library, seed, faults, 10_000, 8)
