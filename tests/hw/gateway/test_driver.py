"""What a gateway board does beyond the contract of all drivers."""

import asyncio
import os
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.hil.emulated.voice import EmulatedVoice
from firmware_bridge import messages as m
from firmware_bridge.mirror import Port
from hw.audio import trial
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import Audible, PcmSound, Sound
from hw.audio.streams import SerialPcm
from hw.contract import (
    Answered,
    Cause,
    Dialed,
    Ended,
    Joined,
    JoinFailed,
    Lamp,
    LineEvent,
    MessagePlayed,
    MuteChanged,
    TrunkLines,
)
from hw.contract.driver import DriverError
from hw.gateway import ties
from hw.gateway.driver import GatewayDriver
from hw.gateway.settings import GatewaySettings
from tests.firmware_bridge.model_board import ALL, ModelBoard
from tests.firmware_bridge.model_ports import QUICK
from tests.firmware_bridge.pty_board import PtyBoard

PATIENCE_S = 10.0
NUMBER = "+12125550100"
LINE, HEADSET, TIE = m.PortKind.LINE, m.PortKind.HEADSET, m.PortKind.TIE


class Voice:
    """A sound that notes what is asked of it; a message lasts until `finish`. It opens while there is no `fault`."""

    def __init__(self, ring: int, fault: str = "") -> None:
        self.ring = ring
        self.fault = fault
        self.is_open = False
        self.heard: set[int] = set()
        self.toned: list[int] = []
        self.lose: Callable[[str], None] = lambda why: None
        self._done: Callable[[], None] | None = None

    def open(self, on_lost: Callable[[str], None]) -> None:
        if self.fault:
            raise DriverError(self.fault)
        self.is_open = True
        self.lose = on_lost

    def close(self) -> None:
        self.is_open = False
        self.heard.clear()
        self._done = None

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        if not wav.exists():
            raise DriverError(f"{wav}: no such file")
        self._done = done

    def finish(self) -> None:
        if self._done is not None:
            self._done()

    @property
    def playing(self) -> bool:
        return self._done is not None

    def hear(self, other: Audible, *, tone: bool) -> None:
        self.heard.add(other.ring)
        if tone:
            self.toned.append(other.ring)

    def unhear(self, other: Audible) -> None:
        self.heard.discard(other.ring)

    def mute(self, muted: bool) -> None:
        raise AssertionError("a tie is never muted")


class Desk:
    """A driver with the model board at the other end of its pty; the test is exchange and agents."""

    def __init__(
        self, sounds: Sequence[Sound], capabilities: m.Capabilities, *, start_limit_s: float = 1.0, **settings: object
    ) -> None:
        self.model = ModelBoard(1, lines=2, headsets=2, ties=2, timing=QUICK, capabilities=capabilities)
        self.far = PtyBoard(self.model)
        self.events: list[LineEvent | TrunkLines] = []
        self.driver = GatewayDriver(
            GatewaySettings("desk", self.far.path, keepalive_ms=400, **settings),  # type: ignore[arg-type]
            sounds,
            start_limit_s=start_limit_s,
        )

    def of(self, call_id: str, kind: type = object) -> list[object]:
        return [
            event
            for event in self.events
            if isinstance(event, LineEvent) and event.call_id == call_id and isinstance(event, kind)
        ]

    def lines_told(self) -> list[tuple[int, str]]:
        return [(event.lines, event.because) for event in self.events if isinstance(event, TrunkLines)]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.002)

    def pins(self, act: Callable[[float], None]) -> None:
        act(self.far.now())
        self.far.turn()

    def ended(self, call_id: str) -> Ended | None:
        found = self.of(call_id, Ended)
        return found[0] if found else None  # type: ignore[return-value]

    async def answered(self, call_id: str, line: int = 0) -> None:
        self.driver.dial(call_id, "desk", NUMBER, "")
        await self.until(lambda: self.model.lines[line].state is m.LineState.CALLING)
        self.pins(self.model.lines[line].reverse)
        await self.until(lambda: bool(self.of(call_id, Answered)))

    async def station(self, call_id: str, headset: int = 0) -> None:
        self.driver.call_station(call_id, f"gateway:desk/{headset + 1}")
        await self.until(lambda: self.model.headsets[headset].rings)
        self.pins(lambda now: self.model.headsets[headset].hook(True, now))
        await self.until(lambda: bool(self.of(call_id, Answered)))


@asynccontextmanager
async def desk(
    sounds: Sequence[Sound] = (), capabilities: m.Capabilities = ALL, **settings: object
) -> AsyncIterator[Desk]:
    it = Desk(sounds, capabilities, **settings)  # type: ignore[arg-type]
    it.far.open()
    try:
        await it.driver.start(it.events.append)
        yield it
        await it.driver.close()
    finally:
        it.far.close()


def play(story: Callable[[Desk], Awaitable[None]], sounds: Sequence[Sound] = (), **more: object) -> None:
    async def main() -> None:
        async with desk(sounds, **more) as it:  # type: ignore[arg-type]
            await story(it)

    asyncio.run(main())


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


class TestTies:
    def test_a_message_is_played_over_a_tie_that_is_given_back(self, tmp_path: Path) -> None:
        voices = [Voice(5), Voice(6)]

        async def story(it: Desk) -> None:
            await it.answered("a")
            it.driver.play("a", wav(tmp_path / "message.wav"))
            await it.until(lambda: voices[0].playing)
            assert it.model.crosspoints == {frozenset((Port(LINE, 0), Port(TIE, 0)))}
            assert it.of("a", MessagePlayed) == []
            voices[0].finish()
            await it.until(lambda: bool(it.of("a", MessagePlayed)))
            await it.until(lambda: not it.model.crosspoints)
            assert not voices[0].is_open

        play(story, voices)

    def test_without_a_tie_a_message_is_over_at_once(self, tmp_path: Path) -> None:
        async def story(it: Desk) -> None:
            await it.answered("a")
            it.driver.play("a", wav(tmp_path / "message.wav"))
            await it.until(lambda: bool(it.of("a", MessagePlayed)))
            assert it.driver.ring_of("a") is None

        play(story)

    def test_a_call_hears_a_voice_of_this_box(self) -> None:
        voices = [Voice(5)]
        told: list[str] = []

        async def story(it: Desk) -> None:
            await it.station("s")
            assert it.driver.ring_of("s") == 5
            it.driver.hear("s", Voice(9), tone=True, done=told.append)
            await it.until(lambda: told == [""])
            assert voices[0].is_open
            assert (voices[0].heard, voices[0].toned) == ({9}, [9])
            assert it.model.crosspoints == {frozenset((Port(HEADSET, 0), Port(TIE, 0)))}
            await it.answered("a")
            assert it.driver.ring_of("a") is None
            it.driver.unhear("s", Voice(9))
            await it.until(lambda: not it.model.crosspoints)
            assert it.driver.ring_of("a") == 5

        play(story, voices)

    @pytest.mark.parametrize("station", [False, True])
    def test_a_call_whose_tie_loses_its_audio_is_over(self, station: bool) -> None:
        voices = [Voice(5)]
        told: list[str] = []

        async def story(it: Desk) -> None:
            await (it.station("a") if station else it.answered("a"))
            assert it.driver.ring_of("a") == 5
            it.driver.hear("a", Voice(9), tone=False, done=told.append)
            await it.until(lambda: told == [""])
            voices[0].lose("unplugged")
            detail = "the audio of its tie was lost: unplugged"
            await it.until(lambda: it.ended("a") == Ended("a", Cause.LINE_LOST, detail=detail))
            await it.until(lambda: not it.model.crosspoints)
            if not station:
                await it.until(lambda: it.model.lines[0].state is m.LineState.IDLE)
            assert not voices[0].is_open

        play(story, voices)

    def test_a_call_that_ends_gives_its_tie_back(self) -> None:
        voices = [Voice(5)]
        told: list[str] = []

        async def story(it: Desk) -> None:
            await it.answered("a")
            assert it.driver.ring_of("a") == 5
            it.driver.hear("a", Voice(9), tone=False, done=told.append)
            it.driver.hang_up("a")
            await it.until(lambda: it.ended("a") is not None)
            await it.until(lambda: not it.model.crosspoints)
            assert not voices[0].is_open
            await it.station("s")
            assert it.driver.ring_of("s") == 5
            assert it.driver.ring_of("a") is None

        play(story, voices)


@pytest.fixture
def quick_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ties, "RETRY_S", 0.3)
    monkeypatch.setattr(trial, "TRIAL_S", 0.2)


@pytest.mark.usefixtures("quick_trials")
class TestTiesAtFault:
    def test_without_a_tie_that_opens_there_is_no_line_until_one_does(self) -> None:
        voices = [Voice(5, "/dev/tie1: gone"), Voice(6, "/dev/tie2: gone")]
        because = "none of its ties can be used: tie 1: /dev/tie1: gone; tie 2: /dev/tie2: gone"

        async def story(it: Desk) -> None:
            assert it.lines_told() == [(0, because)]
            it.driver.dial("a", "desk", NUMBER, "")
            it.driver.call_station("s", "gateway:desk/1")
            await it.until(lambda: it.ended("a") is not None and it.ended("s") is not None)
            assert it.ended("a") == Ended("a", Cause.NO_LINE, detail=because)
            no_headset = f"no headset of board 'desk' can be used: {because}"
            assert it.ended("s") == Ended("s", Cause.NO_LINE, detail=no_headset)
            voices[1].fault = ""
            await it.until(lambda: it.lines_told()[-1] == (2, "tie 1: /dev/tie1: gone"))
            await it.answered("b")
            assert it.driver.ring_of("b") == 6
            voices[0].fault = ""
            await it.until(lambda: it.lines_told()[-1] == (2, ""))
            await it.station("t")
            assert it.driver.ring_of("t") == 5

        play(story, voices)

    def test_the_reason_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        voices = [Voice(5, "/dev/tie1: gone"), Voice(6)]

        async def story(it: Desk) -> None:
            await asyncio.sleep(0.8)
            assert it.lines_told() == [(2, "tie 1: /dev/tie1: gone")]

        play(story, voices)
        assert caplog.text.count("tie 1 cannot be used: /dev/tie1: gone") == 1

    def test_a_tie_that_does_not_stay_open_is_not_used(self) -> None:
        voices = [Voice(5)]

        async def story(it: Desk) -> None:
            assert voices[0].is_open
            voices[0].lose("the tool ended")
            assert not voices[0].is_open
            because = "none of its ties can be used: tie 1: the tool ended"
            assert it.lines_told()[-1] == (0, because)
            await it.until(lambda: voices[0].is_open)
            voices[0].lose("the tool ended")
            await it.until(lambda: voices[0].is_open)
            assert it.lines_told()[-1] == (0, because)
            await it.until(lambda: it.lines_told()[-1] == (2, ""))
            await it.until(lambda: not voices[0].is_open)

        play(story, voices)

    def test_a_tie_that_fails_when_it_is_wanted_is_not_lent_again(self) -> None:
        voices = [Voice(5), Voice(6)]
        told: list[str] = []

        async def story(it: Desk) -> None:
            await it.answered("a")
            assert it.driver.ring_of("a") == 5
            voices[0].fault = "unplugged"
            it.driver.hear("a", Voice(9), tone=False, done=told.append)
            await it.until(lambda: told == ["unplugged"])
            it.driver.unhear("a", Voice(9))
            assert it.lines_told()[-1] == (2, "tie 1: unplugged")
            assert it.driver.ring_of("a") == 6
            it.driver.hear("a", Voice(9), tone=False, done=told.append)
            await it.until(lambda: told == ["unplugged", ""])

        play(story, voices)

    def test_a_tie_that_dies_in_a_call_is_no_tie_until_it_opens_again(self) -> None:
        voices = [Voice(5)]
        told: list[str] = []

        async def story(it: Desk) -> None:
            await it.answered("a")
            assert it.driver.ring_of("a") == 5
            it.driver.hear("a", Voice(9), tone=False, done=told.append)
            await it.until(lambda: told == [""])
            voices[0].fault = "gone"
            voices[0].lose("unplugged")
            await it.until(lambda: it.ended("a") is not None)
            assert it.lines_told()[-1] == (0, "none of its ties can be used: tie 1: unplugged")
            await it.until(lambda: it.lines_told()[-1] == (0, "none of its ties can be used: tie 1: gone"))
            voices[0].fault = ""
            await it.until(lambda: it.lines_told()[-1] == (2, ""))
            await it.answered("b", line=1)
            assert it.driver.ring_of("b") == 5

        play(story, voices)

    def test_a_tie_that_the_board_does_not_have_is_named(self) -> None:
        async def story(it: Desk) -> None:
            assert it.lines_told() == [(2, "tie 3: the board has 2 ties to this box")]

        play(story, [Voice(5), Voice(6), Voice(7)])

    def test_one_port_cannot_be_two_ties(self, tmp_path: Path) -> None:
        async def main() -> None:
            voice = EmulatedVoice(tmp_path / "tie")
            await voice.switch_on()
            descriptor = create_segment(1)
            rings = Segment(descriptor)
            sounds = [PcmSound(SerialPcm(str(tmp_path / "tie")), rings, ring) for ring in range(2)]
            async with desk(sounds) as it:
                ((lines, because),) = it.lines_told()
                assert (lines, because.startswith("tie 2: ")) == (2, True)
                assert "another program has it open" in because
                await asyncio.sleep(0.8)
                assert it.lines_told() == [(lines, because)]
            os.close(descriptor)
            await voice.switch_off()

        asyncio.run(main())


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


def wav(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(320))
    return path
