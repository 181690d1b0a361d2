"""A board on a pty: the asyncio shell around the host's end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from firmware_bridge import messages as m
from firmware_bridge.board import Board, BoardSettings
from firmware_bridge.commands import Done
from firmware_bridge.host import BoardDown, BoardUp, HostEvent, Updating
from firmware_bridge.mirror import Port
from firmware_bridge.port import PortSettings
from firmware_bridge.update import UpdateError
from tests.firmware_bridge.model_board import ALL, ModelBoard
from tests.firmware_bridge.model_ports import QUICK
from tests.firmware_bridge.pty_board import PtyBoard

PATIENCE_S = 10.0
IMAGE = bytes(range(256)) * 20


class Desk:
    """A board under test with the model at the other end of its pty."""

    def __init__(self, model: ModelBoard) -> None:
        self.far = PtyBoard(model)
        self.seen: list[HostEvent] = []
        settings = BoardSettings("gateway", PortSettings(self.far.path, retry_s=0.02), keepalive_s=0.4)
        self.board = Board(settings, self.seen.append, seed=1)

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.seen)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def desk(capabilities: m.Capabilities = ALL) -> AsyncIterator[Desk]:
    it = Desk(ModelBoard(1, timing=QUICK, capabilities=capabilities))
    it.far.open()
    it.board.start()
    try:
        await it.until(lambda: it.board.up)
        yield it
    finally:
        await it.board.close()
        it.far.close()


def play(story: Callable[[Desk], Awaitable[None]], capabilities: m.Capabilities = ALL) -> None:
    async def main() -> None:
        async with desk(capabilities) as it:
            await story(it)

    asyncio.run(main())


class TestBoard:
    def test_a_call_is_placed_joined_and_released(self) -> None:
        async def story(it: Desk) -> None:
            line, headset = Port(m.PortKind.LINE, 1), Port(m.PortKind.HEADSET, 2)
            call = it.board.call(1, "5550100")
            await it.until(lambda: it.far.model.lines[1].state is m.LineState.CALLING)
            it.far.model.lines[1].reverse(it.far.now())
            it.far.turn()
            await it.until(lambda: it.board.mirror.lines[1].state is m.LineState.ANSWERED)
            it.board.set_headset(2, m.Lamp.ON, ring=False, muted=False)
            it.board.join(line, call, headset, 0)
            it.board.digits(1, call, "12")
            await it.until(lambda: it.count(Done) == 4)
            assert it.far.model.crosspoints == {frozenset((line, headset))}
            it.board.part(line, headset)
            it.board.release(1, call)
            await it.until(lambda: it.count(Done) == 6)
            assert not it.far.model.lines[1].off_hook
            assert it.far.model.headsets[2].lamp is m.Lamp.ON

        play(story)

    def test_a_board_without_power_is_lost_and_comes_back_as_new(self) -> None:
        async def story(it: Desk) -> None:
            it.far.power(False)
            await it.until(lambda: it.count(BoardDown) == 1)
            assert not it.board.up
            it.far.power(True)
            await it.until(lambda: it.count(BoardUp) == 2)
            again = it.seen[-1]
            assert isinstance(again, BoardUp)
            assert again.rebooted

        play(story)

    def test_closing_makes_the_board_safe_at_once(self) -> None:
        async def story(it: Desk) -> None:
            it.board.call(0, "5550100")
            await it.until(lambda: it.far.model.lines[0].off_hook)
            await it.board.close()
            await it.until(lambda: not it.far.model.lines[0].off_hook)
            assert it.far.model.link is None
            assert it.count(BoardDown) == 1

        play(story)

    def test_only_a_board_that_goes_by_itself_is_warned_of(self, caplog: pytest.LogCaptureFixture) -> None:
        async def lost(it: Desk) -> None:
            it.far.power(False)
            await it.until(lambda: it.count(BoardDown) == 1)

        async def closed(it: Desk) -> None:
            await it.board.close()
            assert it.count(BoardDown) == 1

        play(closed)
        assert "board lost" not in caplog.text
        play(lost)
        assert "board lost: nothing was heard of the board" in caplog.text

    def test_every_command_has_one_result(self) -> None:
        async def story(it: Desk) -> None:
            for _ in range(100):
                it.board.ask(m.CountersGet(0))
            await it.until(lambda: it.count(Done) == 100)
            assert it.count(m.Counters) == 100

        play(story)


class TestUpdate:
    def test_firmware_is_replaced_and_confirmed(self) -> None:
        async def story(it: Desk) -> None:
            told: list[tuple[int, int]] = []
            welcome = await it.board.update(IMAGE, lambda taken, size: told.append((taken, size)))
            assert welcome.build == hashlib.sha256(IMAGE).digest()[:8] == it.far.model.build
            assert it.far.model.confirmed
            assert it.far.model.boots == 2
            assert told[-1] == (len(IMAGE), len(IMAGE))
            assert told == sorted(told)

        play(story)

    def test_a_lost_session_does_not_begin_it_anew(self) -> None:
        async def story(it: Desk) -> None:
            lost: list[int] = []

            def lose(taken: int, size: int) -> None:
                if taken > size // 2 and not lost:
                    lost.append(taken)
                    it.far.powered = False
                    asyncio.get_running_loop().call_later(0.6, plug)

            def plug() -> None:
                it.far.powered = True
                it.far.turn()

            await it.board.update(IMAGE, lose)
            chunks = [command for command in it.far.model.done if isinstance(command, m.UpdateChunk)]
            assert it.far.model.build == hashlib.sha256(IMAGE).digest()[:8]
            assert len(chunks) < 2 * len(IMAGE) / 192
            assert it.count(BoardDown) == 2

        play(story)

    def test_an_image_that_does_not_start_is_told(self) -> None:
        async def story(it: Desk) -> None:
            it.far.model.starts = False
            with pytest.raises(UpdateError, match="did not start"):
                await it.board.update(IMAGE)
            assert not any(isinstance(command, m.UpdateConfirm) for command in it.far.model.done)

        play(story)

    def test_a_reboot_that_is_refused_is_told_at_once(self) -> None:
        async def story(it: Desk) -> None:
            it.far.model.after_end = lambda: it.far.model.lines[0].accept(9, it.far.now())
            with pytest.raises(UpdateError, match="Reboot: calls are up on this board; it has the image"):
                await it.board.update(IMAGE)
            it.far.model.lines[0].hang_up(m.ClearCause.RELEASED, it.far.now())
            it.far.model.after_end = lambda: None
            it.far.model.done.clear()
            await it.board.update(IMAGE)
            assert not any(isinstance(command, m.UpdateChunk) for command in it.far.model.done)

        play(story)

    def test_no_call_is_placed_meanwhile(self) -> None:
        async def story(it: Desk) -> None:
            numbers: list[int] = []
            await it.board.update(IMAGE, lambda taken, size: numbers.append(it.board.call(0, "5550100")))
            assert set(numbers) == {0}
            assert it.far.model.lines[0].dialed == []
            assert [event.under_way for event in it.seen if isinstance(event, Updating)] == [True, False]
            assert it.board.call(0, "5550100") != 0

        play(story)

    def test_a_reboot_does_not_cost_the_keepalive(self) -> None:
        async def story(it: Desk) -> None:
            it.board.ask(m.Reboot(0))
            await it.until(lambda: it.count(BoardUp) == 2)
            [down] = [event for event in it.seen if isinstance(event, BoardDown)]
            assert down.reason == "the board restarts, as asked"

        play(story)

    def test_an_image_that_no_host_speaks_with_is_left_again(self) -> None:
        model = ModelBoard(1)
        before = model.build
        model.tried = b"next-one"
        model.boot(100.0, m.ResetCause.COMMANDED)
        model.handle_timer(159.9)
        assert model.build == b"next-one"
        model.handle_timer(160.0)
        assert (model.build, model.confirmed) == (before, True)

    def test_an_image_that_is_not_confirmed_is_left_again(self) -> None:
        async def story(it: Desk) -> None:
            model = it.far.model
            before = model.build
            model.tried = b"next-one"
            model.boot(it.far.now(), m.ResetCause.COMMANDED)
            assert (model.build, model.confirmed) == (b"next-one", False)
            model.boot(it.far.now(), m.ResetCause.WATCHDOG)
            assert (model.build, model.confirmed) == (before, True)

        play(story)

    def test_a_board_that_cannot_says_so(self) -> None:
        async def story(it: Desk) -> None:
            with pytest.raises(UpdateError, match="cannot be replaced over the link"):
                await it.board.update(IMAGE)

        play(story, ALL & ~m.Capabilities.UPDATE)

    def test_calls_come_first(self) -> None:
        async def story(it: Desk) -> None:
            it.board.call(0, "5550100")
            with pytest.raises(UpdateError, match="calls are up"):
                await it.board.update(IMAGE)

        play(story)
