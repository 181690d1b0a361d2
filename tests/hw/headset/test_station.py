"""Headsets as agents' stations."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.hil.emulated.headset import EmulatedHeadset
from hw.audio.sound import Audible
from hw.contract import Answered, Cause, HangUpAsked, Joined, JoinFailed, Lamp, MessagePlayed, MuteChanged
from hw.contract.driver import DriverError
from hw.headset import gateway as gateway_module
from hw.headset import station as station_module
from hw.headset.station import HeadsetSettings, HeadsetStations
from tests.contracts.headset_rig import of_calls
from tests.contracts.rigs import Recorder
from tests.hw.headset.stage import ADDRESS, Stage, play, until


class ScriptedSound:
    """Notes what is asked of it."""

    ring = 0

    def __init__(self, fault: str = "") -> None:
        self.asked: list[object] = []
        self.lose: Callable[[str], None] = lambda why: None
        self._fault = fault

    def absent(self) -> str:
        return self._fault

    def open(self, on_lost: Callable[[str], None]) -> None:
        self.lose = on_lost
        if self._fault:
            raise DriverError(self._fault)
        self.asked.append("open")

    def close(self) -> None:
        self.asked.append("close")

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        if not wav.exists():
            raise DriverError(f"{wav}: cannot be read")
        self.asked.append(wav.name)
        asyncio.get_running_loop().call_later(0.05, done)

    def hear(self, other: Audible, *, tone: bool) -> None:
        self.asked.append(("hear", other, tone))

    def unhear(self, other: Audible) -> None:
        self.asked.append(("unhear", other))

    def mute(self, muted: bool) -> None:
        self.asked.append(("mute", muted))


class TestCalls:
    def test_a_headset_that_is_off_cannot_be_called(self) -> None:
        async def story(stage: Stage) -> None:
            stage.driver.call_station("a", ADDRESS)
            ended = await stage.seen.ended("a")
            assert ended.cause is Cause.UNAVAILABLE
            assert "amit is not connected" in ended.detail
            assert "No such file" in ended.detail
            assert stage.seen.kinds("a") == ["Ended"]
            assert stage.driver.capacity() == 0

        play(story)

    def test_a_headset_that_nobody_has_cannot_be_called(self) -> None:
        async def story(stage: Stage) -> None:
            stage.driver.call_station("a", "hfp:nobody")
            ended = await stage.seen.ended("a")
            assert (ended.cause, ended.detail) == (Cause.INVALID_NUMBER, "no headset is called 'hfp:nobody'")

        play(story)

    def test_one_headset_takes_one_call(self) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            assert stage.driver.capacity() == 1
            stage.driver.call_station("a", ADDRESS)
            stage.driver.call_station("b", ADDRESS)
            ended = await stage.seen.ended("b")
            assert (ended.cause, ended.detail) == (Cause.NO_LINE, "headset amit is on call a")
            await stage.headset.until(lambda headset: headset.ringing)

        play(story)

    def test_numbers_cannot_be_dialed(self) -> None:
        async def story(stage: Stage) -> None:
            stage.driver.dial("a", "carrier", "+12125550101", "")
            assert (await stage.seen.ended("a")).cause is Cause.NO_LINE

        play(story)

    def test_nobody_presses_the_button(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gateway_module, "RING_LIMIT_S", 0.2)

        async def story(stage: Stage) -> None:
            await stage.connect()
            stage.driver.call_station("a", ADDRESS)
            assert (await stage.seen.ended("a")).cause is Cause.NO_ANSWER
            await stage.headset.until(lambda headset: not headset.ringing)

        play(story)


class TestLostLink:
    @pytest.mark.parametrize("up", [False, True])
    def test_a_lost_link_ends_the_call(self, up: bool) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            if up:
                await stage.answered("a")
            else:
                stage.driver.call_station("a", ADDRESS)
                await stage.headset.until(lambda headset: headset.ringing)
            await stage.headset.switch_off()
            ended = await stage.seen.ended("a")
            assert ended.cause is Cause.LINE_LOST
            assert "link was lost" in ended.detail
            stage.driver.call_station("b", ADDRESS)
            assert (await stage.seen.ended("b")).cause is Cause.UNAVAILABLE
            await stage.connect()
            await stage.answered("c")

        play(story)

    def test_a_headset_that_connects_anew_has_lost_its_call(self) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            await stage.headset.send("AT+BRSF=0")
            assert (await stage.seen.ended("a")).cause is Cause.LINE_LOST
            stage.driver.call_station("b", ADDRESS)
            ended = await stage.seen.ended("b")
            assert (ended.cause, ended.detail) == (Cause.UNAVAILABLE, "headset amit is not connected: it connects anew")

        play(story)

    def test_a_headset_that_takes_nothing_more_is_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            await stage.headset.fall_silent()
            for number in range(3000):
                stage.driver.mute("a", number % 2 == 0)
            assert (await stage.seen.ended("a")).cause is Cause.LINE_LOST

        play(story)


class TestTheEndButton:
    def test_in_a_talk_it_is_for_the_customer_and_soon_after_for_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(station_module, "END_GRACE_S", 1.0)

        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            stage.driver.show("a", Lamp.TALKING)
            await stage.headset.press_end()
            await stage.seen.wait(HangUpAsked, "a")
            stage.driver.show("a", Lamp.NOT_READY)
            await stage.headset.press_end()
            assert stage.headset.in_call
            assert stage.seen.kinds("a").count("HangUpAsked") == 1
            await asyncio.sleep(1.2)
            await stage.headset.press_end()
            assert (await stage.seen.ended("a")).cause is Cause.NORMAL

        play(story)

    def test_in_the_next_talk_it_is_for_the_customer_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(station_module, "END_GRACE_S", 0.1)

        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            for lamp in (Lamp.TALKING, Lamp.READY, Lamp.TALKING):
                stage.driver.show("a", lamp)
            await asyncio.sleep(0.2)
            await stage.headset.press_end()
            await stage.seen.wait(HangUpAsked, "a")
            stage.driver.hang_up("a")
            await stage.answered("b")
            await stage.headset.press_end()
            await stage.seen.ended("b")

        play(story)


class TestSound:
    def test_the_audio_is_up_as_long_as_the_call(self) -> None:
        sound = ScriptedSound()

        async def story(stage: Stage) -> None:
            await stage.connect()
            stage.driver.call_station("a", ADDRESS)
            await stage.headset.until(lambda headset: headset.ringing)
            assert sound.asked == []
            assert stage.driver.sound("a") is None
            await stage.headset.press_answer()
            await stage.seen.wait(Answered, "a")
            assert sound.asked == ["open", ("mute", False)]
            assert stage.driver.sound("a") is sound
            await stage.headset.press_end()
            await stage.seen.ended("a")
            assert sound.asked[-1] == "close"
            assert stage.driver.sound("a") is None

        play(story, sound=sound)

    def test_a_call_whose_audio_cannot_be_opened_ends_with_the_reason(self) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            stage.driver.call_station("a", ADDRESS)
            await stage.headset.until(lambda headset: headset.ringing)
            await stage.headset.press_answer()
            ended = await stage.seen.ended("a")
            assert (ended.cause, ended.detail) == (
                Cause.FAILED,
                "the headset's audio cannot be opened: hw:1 is not there",
            )
            await stage.headset.until(lambda headset: not headset.in_call)
            assert "Answered" not in stage.seen.kinds("a")

        play(story, sound=ScriptedSound("hw:1 is not there"))

    def test_a_call_whose_audio_is_lost_ends_with_the_reason(self) -> None:
        sound = ScriptedSound()

        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            sound.lose("unplugged")
            ended = await stage.seen.ended("a")
            assert (ended.cause, ended.detail) == (Cause.LINE_LOST, "the headset's audio was lost: unplugged")
            await stage.headset.until(lambda headset: not headset.in_call)
            assert sound.asked[-1] == "close"

        play(story, sound=sound)

    def test_a_mute_cuts_the_voice_here_as_well(self) -> None:
        sound = ScriptedSound()

        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.headset.mute(True)
            await stage.answered("a")
            assert (await stage.seen.wait(MuteChanged, "a")).muted
            assert sound.asked == ["open", ("mute", True)]
            stage.driver.mute("a", False)
            await stage.headset.mute(True)
            await stage.seen.wait_count(MuteChanged, "a", 2)
            assert sound.asked[2:] == [("mute", False), ("mute", True)]

        play(story, sound=sound)

    def test_a_message_is_played(self, tmp_path: Path) -> None:
        sound = ScriptedSound()
        (tmp_path / "welcome.wav").write_bytes(b"")

        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            stage.driver.play("a", tmp_path / "welcome.wav")
            await stage.seen.wait(MessagePlayed, "a")
            stage.driver.play("a", tmp_path / "missing.wav")
            await stage.seen.wait_count(MessagePlayed, "a", 2)
            assert sound.asked.count("welcome.wav") == 1

        play(story, sound=sound)

    def test_without_audio_messages_are_over_at_once_and_joins_fail(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            stage.driver.play("a", tmp_path / "welcome.wav")
            await stage.seen.wait(MessagePlayed, "a")
            stage.driver.join("a", "a", tone=False)
            assert "no audio on this box" in (await stage.seen.wait(JoinFailed, "a")).detail

        play(story)

    def test_two_headsets_are_joined_and_parted_by_their_sounds(self, tmp_path: Path) -> None:
        async def story() -> None:
            units = [EmulatedHeadset(tmp_path / name, answers_after_s=0) for name in "ab"]
            sounds = {name: ScriptedSound() for name in "ab"}
            driver = HeadsetStations([HeadsetSettings(name, str(tmp_path / name)) for name in "ab"], sounds)
            for unit in units:
                await unit.switch_on()
            seen = Recorder()
            await driver.start(of_calls(seen))
            await until(lambda: driver.capacity() == 2)
            for name in "ab":
                driver.call_station(name, f"hfp:{name}")
                await seen.wait(Answered, name)
            driver.join("a", "b", tone=True)
            assert (await seen.wait(Joined, "a")).peer_id == "b"
            driver.part("a", "b")
            driver.join("b", "a", tone=False)
            driver.hang_up("b")
            heard = [("hear", sounds["b"], False), ("unhear", sounds["b"])]
            assert sounds["a"].asked[2:] == 2 * heard
            assert sounds["b"].asked[2:4] == [("hear", sounds["a"], True), ("unhear", sounds["a"])]
            assert sounds["b"].asked[-1] == "close"
            await driver.close()
            for unit in units:
                await unit.switch_off()

        asyncio.run(story())


class TestTheRest:
    @pytest.mark.parametrize(
        ("headsets", "what"),
        [
            ([("a", "/dev/ttyS1"), ("a", "/dev/ttyS2")], "name 'a'"),
            ([("a", "/dev/ttyS1"), ("b", "/dev/ttyS1")], "port '/dev/ttyS1'"),
        ],
    )
    def test_headsets_that_share_something_are_refused(self, headsets: list[tuple[str, str]], what: str) -> None:
        with pytest.raises(DriverError, match=f"2 headsets have the {what}; give each its own"):
            HeadsetStations([HeadsetSettings(name, port) for name, port in headsets])

    def test_a_headset_that_does_not_follow_the_mute_is_told_of_in_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(stage: Stage) -> None:
            stage.headset.follows_gains = False
            await stage.connect()
            await stage.answered("a")
            stage.driver.mute("a", True)
            assert "amit cannot be muted from here" in caplog.text
            assert not stage.state.muted

        play(story)

    def test_late_commands_and_lamps_do_nothing(self) -> None:
        async def story(stage: Stage) -> None:
            await stage.connect()
            await stage.answered("a")
            stage.driver.show("a", Lamp.READY)
            stage.driver.hang_up("a")
            await stage.seen.ended("a")
            told = len(stage.seen.events)
            stage.driver.mute("a", True)
            stage.driver.show("a", Lamp.OFF)
            stage.driver.send_digits("a", "1")
            await asyncio.sleep(0.1)
            assert len(stage.seen.events) == told
            assert not stage.headset.muted

        play(story)
