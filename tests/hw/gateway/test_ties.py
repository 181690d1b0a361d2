"""What a gateway board's ties carry, and what becomes of those that cannot."""

import asyncio
import os
from pathlib import Path

import pytest

from bench.hil.emulated.voice import EmulatedVoice
from firmware_bridge import messages as m
from firmware_bridge.mirror import Port
from hw.audio import trial
from hw.audio.ring import Segment, create_segment
from hw.audio.sound import PcmSound
from hw.audio.streams import SerialPcm
from hw.contract import (
    Cause,
    Ended,
    MessagePlayed,
)
from hw.gateway import ties
from tests.hw.gateway.desk import HEADSET, LINE, NUMBER, TIE, Desk, Voice, desk, play, wav


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

    def test_ties_that_go_while_nobody_calls_are_noticed_before_anybody_is_called(self) -> None:
        voices = [Voice(5), Voice(6)]

        async def story(it: Desk) -> None:
            for voice in voices:
                voice.away = voice.fault = "it is not there any more"
            it.driver.dial("a", "desk", NUMBER, "")
            await it.until(lambda: it.ended("a") is not None)
            assert not any(line.dialed for line in it.model.lines)
            assert it.lines_told()[-1][0] == 0
            voices[0].away = voices[0].fault = ""
            await it.until(lambda: it.lines_told()[-1] == (2, "tie 2: it is not there any more"))

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
