"""A gateway board under the line driver contract: the model board on a pty, behind its lines a scripted exchange."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from firmware_bridge import messages as m
from firmware_bridge.mirror import Port
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound
from hw.contract import Dialed, LineEvent, OnEvent, TrunkLines
from hw.fake import FarEnd
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings
from tests.contracts.rigs import Recorder, Rig, violations
from tests.contracts.scripts import MAX_CALLS, SCRIPTS, STATION_SCRIPT, TRUNK, TRUNK_LINES
from tests.contracts.silence import SilentStream
from tests.firmware_bridge.model_board import ModelBoard
from tests.firmware_bridge.model_ports import QUICK, Headset
from tests.firmware_bridge.pty_board import Exchange, PtyBoard

NOT_FOR_GATEWAYS = {
    "test_a_refusal_ends_with_its_cause_and_codes": "an analogue line tells no codes, only busy tone and loop current",
    "test_audio_before_the_answer_is_told": "an analogue line does not say what the audio before the answer is",
}
"""Tests of the contract that an analogue line cannot pass, and why."""
TIES = 2


class CrossingBoard(ModelBoard):
    """A board on whose lines an answer may cross the release."""

    exchange: Exchange

    def _carry_out(self, command: m.HostMessage, now: float) -> m.Status:
        if isinstance(command, m.Release):
            line = self.lines[command.line]
            if line.state is m.LineState.CALLING and self.exchange.script(line).crosses:
                line.reverse(now)
        return super()._carry_out(command, now)


class CountedByStations(GatewayDriver):
    """A board whose capacity is that of its stations, as the contract's test counts."""

    def capacity(self) -> int:
        """How many stations can be called."""
        return sum(1 for headset in self.board.mirror.headsets.values() if headset.present)

    def free_station(self) -> str:
        """Address of a headset that has no call, or of the first."""
        headsets = self.board.mirror.headsets
        free = [number for number in headsets if Port(m.PortKind.HEADSET, number) not in self._by_port]
        return self.settings.address(min(free, default=0))


class GatewayRig(Rig):
    """A rig whose `station` is the first headset that is free, as one headset takes one call."""

    def __init__(self, driver: CountedByStations, seen: Recorder, board: PtyBoard, exchange: Exchange) -> None:
        self.board = board
        super().__init__(driver, seen, "", self._keys_heard, None)
        self._gateway, self._exchange = driver, exchange

    @property
    def station(self) -> str:
        """Address of a headset that has no call, or of the first."""
        return self._gateway.free_station()

    @station.setter
    def station(self, _: str) -> None:
        """The base class sets what is found here at each call."""

    def _keys_heard(self, call_id: str) -> str:
        dialed = next(event for event in self.seen.of(call_id) if isinstance(event, Dialed))
        line, number = dialed.ref.rsplit("/", 2)[-2:]
        return self._exchange.keys_heard.get((int(line.removeprefix("line-")) - 1, int(number)), "")


@asynccontextmanager
async def gateway_rig() -> AsyncIterator[Rig]:
    """A board with as many lines and headsets as the contract asks for; agents take their headsets when they ring."""
    model = CrossingBoard(1, lines=TRUNK_LINES, headsets=MAX_CALLS, ties=TIES, timing=QUICK)
    board = PtyBoard(model)
    exchange = model.exchange = Exchange(
        board, {number.removeprefix("+"): script for number, script in SCRIPTS.items()}, FarEnd()
    )
    board.open()
    with ExitStack() as stack:
        stack.callback(board.close)
        descriptor = create_segment(1)
        stack.callback(os.close, descriptor)
        segment = Segment(descriptor)
        sounds = [PcmSound(SilentStream(), segment, ring) for ring in range(TIES)]
        driver = CountedByStations(GatewaySettings(TRUNK, board.path, dial_plan={"+": ""}), sounds)
        seen = Recorder()
        agents = asyncio.create_task(take_when_it_rings(board, STATION_SCRIPT.answer_s or 0.0))
        stack.callback(agents.cancel)
        await driver.start(of_calls(seen))
        try:
            yield GatewayRig(driver, seen, board, exchange)
        finally:
            await driver.close()
    assert violations(seen.events) == []


async def take_when_it_rings(board: PtyBoard, answer_s: float) -> None:
    """Agents who take their headset a moment after it rings, and never lay it down."""
    loop = asyncio.get_running_loop()
    rings_since: dict[int, float] = {}
    while True:
        for headset in board.model.headsets:
            if not headset.rings:
                rings_since.pop(headset.number, None)
            elif loop.time() >= rings_since.setdefault(headset.number, loop.time()) + answer_s:
                take(board, headset, True)
        await asyncio.sleep(0.005)


def take(board: PtyBoard, headset: Headset, off_hook: bool) -> None:
    """An agent takes the headset, or lays it down."""
    headset.hook(off_hook, board.now())
    board.turn()


def of_calls(seen: Recorder) -> OnEvent:
    """Keeps the events of calls, which are all that the contract test looks at."""

    def on_event(event: LineEvent | TrunkLines) -> None:
        if isinstance(event, LineEvent):
            seen(event)

    return on_event
