"""The voices of a bank's modems: when they are open, and what becomes of calls without one."""

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.audio.sound import Audible
from hw.contract import Answered, Cause, MessagePlayed, TrunkLines
from hw.contract.driver import DriverError
from hw.modem.bank import CAPS_CHECK_S
from tests.hw.modem.stage import (
    ANSWERS,
    LEAVES,
    RINGS,
    TRUNK,
    Stage,
    play_out,
    run_hastily,
    staged,
)


class TestAudio:
    @pytest.mark.parametrize(
        ("dialect", "switch"), [("quectel", "+QPCMV"), ("simcom", "+CPCMREG"), ("huawei", "^DDSETEX")]
    )
    def test_the_pcm_path_is_switched_on_after_the_answer(self, tmp_path: Path, dialect: str, switch: str) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", RINGS)
            await stage.until(lambda: "Ringing" in stage.kinds("a"))
            assert not stage.modem.switches[switch]
            stage.bank.hang_up("a")
            await stage.ended("a")
            stage.dial("b", ANSWERS)
            await stage.until(lambda: bool(stage.modem.switches[switch]))
            assert "Answered" in stage.kinds("b")

        play_out(tmp_path, story, dialect=dialect)

    def test_it_is_switched_off_at_the_end(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", LEAVES)
            await stage.until(lambda: bool(stage.modem.switches["+CPCMREG"]))
            await stage.ended("a")
            await stage.until(lambda: not stage.modem.switches["+CPCMREG"])

        play_out(tmp_path, story, dialect="simcom")

    def test_the_sound_is_open_while_the_call_is_up(self, tmp_path: Path) -> None:
        sound = RecordedSound()

        async def story(stage: Stage) -> None:
            assert sound.did == ["open", "close"]
            sound.did.clear()
            stage.dial("a", LEAVES)
            assert stage.bank.sound_of("a") is None
            await stage.wait(Answered, "a")
            await stage.until(lambda: sound.did == ["open"])
            assert stage.bank.sound_of("a") is sound
            await stage.ended("a")
            assert sound.did == ["open", "close"]
            assert stage.bank.sound_of("a") is None

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_a_modem_whose_voice_cannot_be_had_is_no_line_until_it_can(self, tmp_path: Path) -> None:
        sound = RecordedSound(fault="/dev/voice: is it plugged in")

        async def story(stage: Stage) -> None:
            assert stage.lines == TrunkLines(TRUNK, 0, f"m0: its voice cannot be had: {sound.fault}")
            stage.dial("a", LEAVES)
            assert (await stage.ended("a")).cause is Cause.NO_LINE
            sound.fault = ""
            await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""), limit_s=60)
            stage.dial("b", LEAVES)
            await stage.wait(Answered, "b")
            assert stage.bank.sound_of("b") is sound

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_a_voice_that_goes_between_two_calls_is_not_joined_with(self, tmp_path: Path) -> None:
        sound = RecordedSound()

        async def story(stage: Stage) -> None:
            sound.fault = "/dev/voice: gone"
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            await stage.until(lambda: stage.bank.sound_of("a") is None)
            assert stage.lines == TrunkLines(TRUNK, 0, f"m0: its voice cannot be had: {sound.fault}")

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_a_voice_that_goes_while_nobody_calls_is_noticed_before_anybody_is_called(self, tmp_path: Path) -> None:
        sound = RecordedSound()

        async def story(stage: Stage) -> None:
            assert stage.bank.capacity() == 1
            sound.away = sound.fault = "/dev/voice: it is not there any more"
            stage.dial("a", ANSWERS)
            assert (await stage.ended("a")).cause is Cause.NO_LINE
            assert stage.exchange.calls == []
            assert stage.lines == TrunkLines(TRUNK, 0, f"m0: its voice cannot be had: {sound.away}")
            sound.away = sound.fault = ""
            await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""), limit_s=60)
            sound.away = sound.fault = "/dev/voice: gone again"
            await stage.until(lambda: stage.lines is not None and stage.lines.lines == 0)

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_a_call_whose_voice_goes_ends_and_the_modem_is_no_line(self, tmp_path: Path) -> None:
        sound = RecordedSound()

        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            await stage.until(lambda: stage.bank.sound_of("a") is sound)
            sound.fault = "unplugged"
            sound.lose("unplugged")
            assert stage.bank.sound_of("a") is None
            ended = await stage.ended("a")
            assert (ended.cause, ended.detail) == (Cause.LINE_LOST, "the modem's voice was lost: unplugged")
            assert stage.lines == TrunkLines(TRUNK, 0, "m0: its voice cannot be had: unplugged")
            assert [call.released_by for call in stage.exchange.calls] == ["caller"]

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_a_modem_that_refuses_to_switch_its_voice_on_is_no_line_until_it_is_set_up_anew(
        self, tmp_path: Path
    ) -> None:
        why = "it refuses AT+QPCMV=1,0 (ERROR)"

        async def main() -> None:
            async with staged(tmp_path, sounds_of=lambda modems: {"m0": RecordedSound()}) as stage:
                stage.modem.faults.refuses = ("AT+QPCMV=1",)
                stage.dial("a", ANSWERS)
                ended = await stage.ended("a", limit_s=200)
                assert (ended.cause, ended.detail) == (Cause.LINE_LOST, f"the modem's voice was lost: {why}")
                assert stage.lines == TrunkLines(TRUNK, 0, f"m0: its voice cannot be had: {why}")
                await asyncio.sleep(2 * CAPS_CHECK_S)
                stage.dial("b", ANSWERS)
                assert (await stage.ended("b", limit_s=200)).cause is Cause.NO_LINE
                assert [call.released_by for call in stage.exchange.calls] == ["caller"]
                stage.modem.faults.refuses = ()
                stage.modem.restart()
                await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""), limit_s=200)
                stage.dial("c", ANSWERS)
                await stage.wait(Answered, "c", limit_s=200)
                await stage.until(lambda: bool(stage.modem.switches["+QPCMV"]), limit_s=200)

        run_hastily(main())

    def test_a_modem_without_sound_may_refuse_to_switch_it_on(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.refuses = ("AT+QPCMV=1",)
            stage.dial("a", LEAVES)
            assert (await stage.ended("a")).cause is Cause.NORMAL
            assert stage.lines is None

        play_out(tmp_path, story)

    def test_a_voice_that_opens_and_dies_at_once_is_not_had(self, tmp_path: Path) -> None:
        sound = RecordedSound()

        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            sound.lose("the tool ended")
            await stage.ended("a")
            for _ in range(2):
                sound.did.clear()
                await stage.until(lambda: sound.did == ["open"], limit_s=60)
                sound.lose("the tool ended")
                assert sound.did == ["open", "close"]
                assert stage.lines == TrunkLines(TRUNK, 0, "m0: its voice cannot be had: the tool ended")
            await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""), limit_s=60)

        play_out(tmp_path, story, sounds_of=lambda modems: {"m0": sound})

    def test_without_sound_a_message_is_over_at_once(self, tmp_path: Path) -> None:
        message = tmp_path / "message.wav"
        with wave.open(str(message), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(bytes(160000))

        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.bank.play("a", message)
            await stage.wait(MessagePlayed, "a", limit_s=2.0)

        play_out(tmp_path, story)


class RecordedSound:
    """A sound that notes what it is told, and cannot be opened while there is a `fault`."""

    ring = 0

    def __init__(self, fault: str = "") -> None:
        self.did: list[str] = []
        self.fault = fault
        self.away = ""
        self.lose: Callable[[str], None] = lambda why: None

    def absent(self) -> str:
        return self.away

    def open(self, on_lost: Callable[[str], None]) -> None:
        self.lose = on_lost
        if self.fault:
            raise DriverError(self.fault)
        self.did.append("open")

    def close(self) -> None:
        self.did.append("close")

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        self.did.append("play")

    def hear(self, other: Audible, *, tone: bool) -> None:
        self.did.append("hear")

    def unhear(self, other: Audible) -> None:
        self.did.append("unhear")

    def mute(self, muted: bool) -> None:
        self.did.append("mute")
