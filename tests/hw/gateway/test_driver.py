"""What a gateway board does beyond the contract of all drivers."""

import asyncio

import pytest

from firmware_bridge import messages as m
from firmware_bridge.mirror import LineChanged, Port
from hw.contract import (
    Answered,
    Cause,
    Dialed,
    Ended,
    Joined,
    JoinFailed,
    Lamp,
    LineEvent,
    MuteChanged,
    TrunkLines,
)
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings
from tests.firmware_bridge.model_board import ALL
from tests.firmware_bridge.model_ports import QUICK
from tests.hw.gateway.desk import HEADSET, LINE, NUMBER, Desk, desk, play


class TestLines:
    def test_the_board_is_told_the_number_as_the_dial_plan_says(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a")
            assert it.model.lines[0].dialed[0][1] == "0012125550100"

        play(story)

    def test_a_board_without_power_loses_its_calls_and_lines(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            await it.answered("a")
            it.far.power(False)
            await it.until(lambda: it.ended("a") is not None and it.ended("s") is not None)
            assert [event.call_id for event in it.events if isinstance(event, Ended)] == ["a", "s"]
            for call_id in "as":
                ended = it.ended(call_id)
                assert ended is not None
                assert ended.cause is Cause.LINE_LOST
            assert it.lines_told() == [(2, ""), (0, "nothing was heard of the board for 0.4 s")]
            assert it.driver.capacity() == 0
            it.driver.dial("b", "desk", NUMBER, "")
            await it.until(lambda: it.ended("b") is not None)
            it.far.power(True)
            await it.until(lambda: len(it.lines_told()) == 3)
            assert it.lines_told()[2] == (2, "")
            await it.answered("c")

        play(story)

    def test_a_dead_line_is_told_and_not_used(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a")
            it.pins(it.model.lines[0].unplug)
            await it.until(lambda: it.ended("a") is not None)
            ended = it.ended("a")
            assert ended is not None
            assert ended.cause is Cause.LINE_LOST
            assert it.lines_told() == [(2, ""), (1, "no line voltage on line 1")]
            await it.answered("b", line=1)
            it.driver.dial("c", "desk", NUMBER, "")
            await it.until(lambda: it.ended("c") is not None)
            it.pins(it.model.lines[0].plug)
            await it.until(lambda: len(it.lines_told()) == 3)
            await it.answered("d", line=0)

        play(story)

    def test_a_line_that_just_hung_up_is_waited_for(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a", 0)
            await it.answered("b", 1)
            it.driver.hang_up("a")
            await it.until(lambda: it.ended("a") is not None)
            await it.answered("c", 0)
            dialed = [event.ref for event in it.of("c", Dialed)]  # type: ignore[attr-defined]
            assert dialed[0].startswith("desk/")

        play(story)

    def test_a_call_that_is_cancelled_as_its_line_becomes_free_is_not_placed(self) -> None:
        async def story(it: Desk) -> None:
            for call_id in "ab":
                it.driver.dial(call_id, "desk", NUMBER, "")
            await it.until(lambda: all(line.state is m.LineState.CALLING for line in it.model.lines[:2]))
            for call_id in "ab":
                it.driver.hang_up(call_id)
            await it.until(lambda: it.ended("a") is not None and it.ended("b") is not None)
            it.driver.dial("w", "desk", NUMBER, "")
            told = it.driver._on_told

            def just_before(event: object) -> None:
                if isinstance(event, LineChanged) and event.state is m.LineState.IDLE:
                    it.driver.hang_up("w")
                told(event)  # type: ignore[arg-type]

            it.driver.board._on_event = just_before  # type: ignore[assignment]
            await it.until(lambda: it.ended("w") is not None)
            await it.until(lambda: all(line.state is m.LineState.IDLE for line in it.model.lines[:2]))
            assert [len(line.dialed) for line in it.model.lines[:2]] == [1, 1]
            assert not it.of("w")[:-1]

        play(story)

    def test_a_call_that_waits_for_its_line_can_be_cancelled(self) -> None:
        async def story(it: Desk) -> None:
            it.model.lines[0].timing = it.model.lines[1].timing = QUICK.__class__(guard_s=5.0, seize_s=0.0)
            for call_id in "ab":
                it.driver.dial(call_id, "desk", NUMBER, "")
            await it.until(lambda: all(line.off_hook for line in it.model.lines))
            for call_id in "ab":
                it.driver.hang_up(call_id)
            await it.until(lambda: it.ended("b") is not None)
            it.driver.dial("c", "desk", NUMBER, "")
            it.driver.hang_up("c")
            await it.until(lambda: it.ended("c") is not None)
            assert [type(event) for event in it.of("c")] == [Ended]
            assert len(it.model.lines[0].dialed) + len(it.model.lines[1].dialed) == 2

        play(story)

    def test_busy_and_no_dial_tone(self) -> None:
        async def story(it: Desk) -> None:
            it.driver.dial("a", "desk", NUMBER, "")
            await it.until(lambda: it.model.lines[0].state is m.LineState.CALLING)
            it.pins(it.model.lines[0].busy)
            await it.until(lambda: it.ended("a") is not None)
            it.model.lines[1].loop = False
            it.driver.dial("b", "desk", NUMBER, "")
            await it.until(lambda: it.ended("b") is not None)
            causes = [ended.cause for ended in (it.ended("a"), it.ended("b")) if ended]
            assert causes == [Cause.BUSY, Cause.CONGESTION]
            await it.until(lambda: not any(line.off_hook for line in it.model.lines))

        play(story)

    def test_a_number_that_cannot_be_dialed_is_invalid(self) -> None:
        async def story(it: Desk) -> None:
            it.driver.dial("a", "desk", "+1 212", "")
            await it.until(lambda: it.ended("a") is not None)
            ended = it.ended("a")
            assert ended is not None
            assert ended.cause is Cause.INVALID_NUMBER

        play(story)

    def test_only_the_lines_named_are_used(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a", 1)
            it.driver.dial("b", "desk", NUMBER, "")
            await it.until(lambda: it.ended("b") is not None)
            assert it.lines_told() == [(1, "")]
            assert it.driver.capacity() == 1 + 2

        play(story, lines=(2,))

    def test_a_ringing_line_is_left_alone(self) -> None:
        async def story(it: Desk) -> None:
            it.pins(it.model.lines[0].ring)
            await it.until(lambda: it.driver.board.mirror.lines[0].state is m.LineState.RINGING)
            await it.answered("a", line=1)

        play(story)


class TestStations:
    def test_the_headset_of_a_board_that_does_not_answer_is_not_said_to_be_missing(self) -> None:
        async def story(it: Desk) -> None:
            it.far.power(False)
            await it.until(lambda: not it.driver.board.up)
            it.driver.call_station("s", "gateway:desk/1")
            await it.until(lambda: it.ended("s") is not None)
            why = "no headset of board 'desk' can be used: nothing was heard of the board for 0.4 s"
            assert it.ended("s") == Ended("s", Cause.NO_LINE, detail=why)

        play(story)

    def test_mute_goes_both_ways(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.driver.mute("s", True)
            await it.until(lambda: it.model.headsets[0].muted)
            it.pins(it.model.headsets[0].press_mute)
            await it.until(lambda: bool(it.of("s", MuteChanged)))
            assert it.of("s", MuteChanged) == [MuteChanged("s", False)]

        play(story)

    def test_a_board_that_cannot_mute_says_so(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.driver.mute("s", True)
            await it.until(lambda: bool(it.of("s", MuteChanged)))
            assert it.of("s", MuteChanged) == [MuteChanged("s", False)]
            it.driver.show("s", Lamp.TALKING)
            await it.until(lambda: it.model.headsets[0].lamp is m.Lamp.ON)

        play(story, capabilities=ALL & ~m.Capabilities.HEADSET_MUTE)

    def test_what_was_set_is_not_taken_for_the_button(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.driver.show("s", Lamp.TALKING)
            it.driver.mute("s", True)
            it.driver.mute("s", False)
            it.driver.mute("s", True)
            await it.until(lambda: it.driver.board.mirror.headsets[0].muted)
            await it.until(lambda: not it.driver.board.mirror.commands.headset_under_way(0))
            it.driver.show("s", Lamp.NOT_READY)
            await it.until(lambda: it.model.headsets[0].lamp is m.Lamp.SLOW)
            assert it.model.headsets[0].muted
            assert it.of("s", MuteChanged) == []

        play(story)

    def test_the_button_counts_while_a_setting_is_under_way(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            await it.until(lambda: not it.driver.board.mirror.commands.headset_under_way(0))
            it.driver.show("s", Lamp.TALKING)
            it.pins(it.model.headsets[0].press_mute)
            await it.until(lambda: bool(it.of("s", MuteChanged)))
            await it.until(lambda: not it.driver.board.mirror.commands.headset_under_way(0))
            assert it.model.headsets[0].muted
            assert it.of("s", MuteChanged) == [MuteChanged("s", True)]

        play(story)

    def test_a_call_begins_with_an_open_microphone(self) -> None:
        async def story(it: Desk) -> None:
            it.pins(it.model.headsets[0].press_mute)
            await it.until(lambda: it.driver.board.mirror.headsets[0].muted)
            await it.station("s")
            assert not it.model.headsets[0].muted
            assert it.of("s", MuteChanged) == []
            it.pins(it.model.headsets[0].press_mute)
            await it.until(lambda: it.of("s", MuteChanged) == [MuteChanged("s", True)])

        play(story)

    def test_a_headset_that_is_off_hook_answers_at_once(self) -> None:
        async def story(it: Desk) -> None:
            it.pins(lambda now: it.model.headsets[0].hook(True, now))
            await it.until(lambda: it.driver.board.mirror.headsets[0].off_hook)
            it.driver.call_station("s", "gateway:desk/1")
            await it.until(lambda: bool(it.of("s", Answered)))
            assert not it.model.headsets[0].ring

        play(story)

    def test_lamps(self) -> None:
        async def story(it: Desk) -> None:
            it.driver.call_station("s", "gateway:desk/1")
            await it.until(lambda: it.model.headsets[0].lamp is m.Lamp.FAST)
            it.pins(lambda now: it.model.headsets[0].hook(True, now))
            for lamp, shown in (
                (Lamp.TALKING, m.Lamp.ON),
                (Lamp.NOT_READY, m.Lamp.SLOW),
                (Lamp.READY, m.Lamp.OFF),
                (Lamp.TALKING, m.Lamp.ON),
            ):
                it.driver.show("s", lamp)
                await it.until(lambda shown=shown: it.model.headsets[0].lamp is shown)  # type: ignore[misc]
            it.driver.hang_up("s")
            await it.until(lambda: it.model.headsets[0].lamp is m.Lamp.OFF)

        play(story)

    def test_a_headset_that_is_laid_down_ends_its_call(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.pins(lambda now: it.model.headsets[0].hook(False, now))
            await it.until(lambda: it.ended("s") is not None)
            ended = it.ended("s")
            assert ended is not None
            assert ended.cause is Cause.NORMAL

        play(story)

    def test_a_headset_that_is_pulled_loses_its_call(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.pins(lambda now: it.model.headsets[0].plug(False, now))
            await it.until(lambda: it.ended("s") is not None)
            ended = it.ended("s")
            assert ended is not None
            assert (ended.cause, ended.detail) == (Cause.LINE_LOST, "the headset was unplugged")
            for address in ("gateway:desk/1", "gateway:desk/3", "gateway:other/1", "nonsense"):
                it.driver.call_station(address, address)
                await it.until(lambda address=address: it.ended(address) is not None)  # type: ignore[misc]

        play(story)

    def test_a_headset_takes_one_call(self) -> None:
        async def story(it: Desk) -> None:
            await it.station("s")
            it.driver.call_station("t", "gateway:desk/1")
            await it.until(lambda: it.ended("t") is not None)
            assert it.ended("s") is None

        play(story)


class TestJoins:
    def test_two_calls_meet_in_the_crosspoint(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a")
            await it.station("s")
            it.driver.join("a", "s", tone=True)
            await it.until(lambda: bool(it.of("a", Joined)))
            assert it.model.crosspoints == {frozenset((Port(LINE, 0), Port(HEADSET, 0)))}
            it.driver.part("a", "s")
            await it.until(lambda: not it.model.crosspoints)
            it.driver.join("a", "s", tone=True)
            await it.until(lambda: bool(it.model.crosspoints))
            it.driver.hang_up("s")
            await it.until(lambda: not it.model.crosspoints)
            assert it.ended("a") is None

        play(story)

    def test_a_headset_that_is_taken_is_told(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a", 0)
            await it.answered("b", 1)
            await it.station("s")
            it.driver.join("a", "s", tone=True)
            it.driver.join("b", "s", tone=True)
            await it.until(lambda: bool(it.of("b", JoinFailed)))
            [failed] = it.of("b", JoinFailed)
            assert isinstance(failed, JoinFailed)
            assert failed.detail == "the other side is joined with somebody else"
            assert not failed.no_path

        play(story)

    def test_a_crosspoint_without_a_free_way_is_no_fault_of_the_station(self) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a")
            await it.station("s")
            it.model.most_joins = 0
            it.driver.join("a", "s", tone=True)
            await it.until(lambda: bool(it.of("a", JoinFailed)))
            [failed] = it.of("a", JoinFailed)
            assert isinstance(failed, JoinFailed)
            assert (failed.detail, failed.no_path) == ("the board has no free way between the two", True)

        play(story)


class TestStart:
    def test_a_busy_board_is_waited_for(self) -> None:
        async def main() -> None:
            it = Desk((), ALL, start_limit_s=10.0)
            it.model.refuses = m.RefuseReason.BUSY
            it.far.open()
            asyncio.get_running_loop().call_later(0.3, lambda: setattr(it.model, "refuses", None))
            await it.driver.start(it.events.append)
            assert it.lines_told() == [(2, "")]
            await it.driver.close()
            assert it.lines_told() == [(2, "")]
            it.far.close()

        asyncio.run(main())

    def test_lines_are_no_lines_while_the_firmware_is_replaced(self) -> None:
        async def story(it: Desk) -> None:
            def dial(taken: int, size: int) -> None:
                if taken == size and it.ended("a") is None:
                    it.driver.dial("a", "desk", NUMBER, "")

            await it.driver.board.update(bytes(1000), dial)
            await it.until(lambda: it.ended("a") is not None)
            assert it.ended("a") == Ended("a", Cause.NO_LINE, detail="its firmware is being replaced")
            assert it.lines_told()[:2] == [(2, ""), (0, "its firmware is being replaced")]
            assert it.lines_told()[-1] == (2, "")

        play(story)

    def test_a_board_that_does_not_answer_is_named_and_taken_when_it_does(self) -> None:
        async def main() -> None:
            it = Desk((), ALL)
            it.far.powered = False
            it.far.open()
            await it.driver.start(it.events.append)
            assert it.lines_told() == [(0, "the board has not answered yet")]
            it.driver.dial("a", "desk", NUMBER, "")
            await it.until(lambda: it.ended("a") == Ended("a", Cause.NO_LINE, detail="the board has not answered yet"))
            it.far.power(True)
            await it.until(lambda: it.lines_told()[-1] == (2, ""))
            await it.answered("b")
            await it.driver.close()
            it.far.close()

        asyncio.run(main())

    def test_a_start_that_waits_for_nothing_tells_the_rest_as_it_comes(self) -> None:
        async def main() -> None:
            it = Desk((), ALL, start_limit_s=0.0)
            it.far.open()
            await it.driver.start(it.events.append)
            assert it.lines_told() == [(0, "the board has not answered yet")]
            it.driver.call_station("s", "gateway:desk/1")
            await it.until(lambda: it.lines_told()[-1] == (2, ""))
            detail = "no headset of board 'desk' can be used: the board has not answered yet"
            assert it.ended("s") == Ended("s", Cause.NO_LINE, detail=detail)
            await it.answered("a")
            await it.driver.close()
            it.far.close()

        asyncio.run(main())

    def test_a_port_that_is_not_there_is_named(self) -> None:
        async def main() -> None:
            told: list[LineEvent | TrunkLines] = []
            driver = GatewayDriver(GatewaySettings("desk", "/dev/does-not-exist"), start_limit_s=0.05)
            await driver.start(told.append)
            (lines,) = told
            assert isinstance(lines, TrunkLines)
            assert lines.lines == 0 and "/dev/does-not-exist: no such device" in lines.because
            await driver.close()

        asyncio.run(main())

    @pytest.mark.parametrize(
        ("capabilities", "lines", "complaint"),
        [
            (m.Capabilities.DTMF, (), "do not tell an answer"),
            (m.Capabilities.PULSE | m.Capabilities.REVERSAL, (), "cannot dial by tones: set `pulse` to true"),
            (ALL, (1, 3), "line 3 is named in `lines`"),
        ],
    )
    def test_a_board_that_cannot_serve_is_named(
        self, capabilities: m.Capabilities, lines: tuple[int, ...], complaint: str
    ) -> None:
        async def main() -> None:
            async with desk((), capabilities, lines=lines) as it:
                ((usable, because),) = it.lines_told()
                assert usable == 0 and complaint in because
                it.driver.dial("a", "desk", NUMBER, "")
                await it.until(lambda: it.ended("a") == Ended("a", Cause.NO_LINE, detail=because))

        asyncio.run(main())

    def test_its_state_is_there_for_people(self) -> None:
        async def story(it: Desk) -> None:
            status = it.driver.status()
            assert (status.usable, status.because, status.board, status.lines) == (True, "", "model", 2)
            it.far.power(False)
            await it.until(lambda: not it.driver.status().usable)
            assert it.driver.status().because == "nothing was heard of the board for 0.4 s"

        play(story)
