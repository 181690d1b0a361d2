"""The audio gateway with a hands-free unit that is not ours: bumble's, over a pty."""

import pytest
from bumble import hfp

from hw.contract import BatteryLevel, Cause, DigitReceived, MuteChanged
from hw.headset.gateway import CallState
from tests.hw.headset.stage import ADDRESS, Stage, play, until


def test_the_service_level_connection_stands_at_both_ends() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        unit = stage.headset.protocol
        assert unit.supports_ag_feature(hfp.AgFeature.HF_INDICATORS)
        assert not unit.supports_ag_feature(hfp.AgFeature.VOICE_RECOGNITION_FUNCTION)
        assert [state.indicator.value for state in unit.ag_indicators] == [
            "service", "call", "callsetup", "callheld", "signal", "roam", "battchg"
        ]  # fmt: skip
        assert unit.supported_ag_call_hold_operations == [
            hfp.CallHoldOperation.RELEASE_ALL_HELD_CALLS,
            hfp.CallHoldOperation.RELEASE_ALL_ACTIVE_CALLS,
        ]
        assert unit.hf_indicators[hfp.HfIndicator.BATTERY_LEVEL].enabled
        assert (stage.state.battery_percent, stage.state.speaker_gain) == (80, 12)

    play(story)


def test_ring_answer_and_the_end_button() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        stage.driver.call_station("a", ADDRESS)
        await stage.headset.until(lambda headset: headset.rings > 0 and headset.ringing)
        assert [call.status for call in await stage.headset.calls()] == [hfp.CallInfoStatus.INCOMING]
        await stage.headset.press_answer()
        await stage.headset.until(lambda headset: headset.in_call and not headset.ringing)
        assert [call.status for call in await stage.headset.calls()] == [hfp.CallInfoStatus.ACTIVE]
        assert stage.state.call is CallState.UP
        await stage.headset.press_end()
        await stage.headset.until(lambda headset: not headset.in_call)
        assert (await stage.seen.ended("a")).cause is Cause.NORMAL
        assert await stage.headset.calls() == []
        assert stage.seen.kinds("a") == ["Dialed", "Ringing", "Answered", "BatteryLevel", "Ended"]

    play(story)


def test_the_button_refuses_a_call() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        stage.driver.call_station("a", ADDRESS)
        await stage.headset.until(lambda headset: headset.ringing)
        await stage.headset.press_end()
        assert (await stage.seen.ended("a")).cause is Cause.REJECTED
        await stage.headset.until(lambda headset: not headset.ringing)

    play(story)


def test_we_hang_up_and_the_headset_sees_it() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        stage.driver.call_station("a", ADDRESS)
        await stage.headset.until(lambda headset: headset.ringing)
        stage.driver.hang_up("a")
        await stage.headset.until(lambda headset: not headset.ringing)
        await stage.answered("b")
        stage.driver.hang_up("b")
        await stage.headset.until(lambda headset: not headset.in_call)
        assert (await stage.seen.ended("a")).cause is Cause.CANCELLED
        assert (await stage.seen.ended("b")).cause is Cause.NORMAL

    play(story)


def test_a_button_that_comes_too_late_is_refused() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        stage.driver.call_station("a", ADDRESS)
        await stage.headset.until(lambda headset: headset.ringing)
        stage.driver.hang_up("a")
        with pytest.raises(hfp.HfpProtocolError):
            await stage.headset.press_answer()
        assert stage.state.call is CallState.NONE

    play(story)


def test_mute_is_in_step_both_ways() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        await stage.answered("a")
        await stage.headset.mute(True)
        assert (await stage.seen.wait(MuteChanged, "a")).muted
        assert stage.state.muted
        stage.driver.mute("a", False)
        await stage.headset.until(lambda headset: not headset.muted)
        assert stage.headset.microphone_gain == 12
        stage.driver.mute("a", True)
        await stage.headset.until(lambda headset: headset.muted)
        assert stage.state.muted
        await stage.headset.mute(False, open_gain=7)
        changes = await stage.seen.wait_count(MuteChanged, "a", 2)
        assert [change.muted for change in changes] == [True, False]
        stage.driver.mute("a", True)
        stage.driver.mute("a", False)
        await stage.headset.until(lambda headset: headset.microphone_gain == 7)

    play(story)


def test_a_mute_of_the_dialer_is_over_with_the_call_and_one_of_the_headset_is_not() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        await stage.answered("a")
        stage.driver.mute("a", True)
        await stage.headset.until(lambda headset: headset.muted)
        await stage.headset.press_end()
        await stage.headset.until(lambda headset: not headset.muted)
        await stage.answered("b")
        await stage.headset.mute(True)
        await stage.headset.press_end()
        await stage.answered("c")
        assert (await stage.seen.wait(MuteChanged, "c")).muted
        assert "MuteChanged" not in stage.seen.kinds("a")
        assert stage.headset.muted

    play(story)


def test_volume_battery_and_keys_arrive() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        await stage.answered("a")
        await stage.headset.set_volume(3)
        await until(lambda: stage.state.speaker_gain == 3)
        await stage.headset.set_battery(41)
        await stage.headset.send("AT+XAPL=05AC-1234-0100,2")
        await stage.headset.send("AT+IPHONEACCEV=1,1,2")
        levels = await stage.seen.wait_count(BatteryLevel, "a", 3)
        assert [level.percent for level in levels] == [80, 41, 30]
        await stage.headset.send("AT+VTS=7")
        assert (await stage.seen.wait(DigitReceived, "a")).digit == "7"

    play(story)


def test_what_the_dialer_has_not_is_refused() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        for command in ("AT+BVRA=1", "AT+BLDN", "ATD12125550100;", "AT+CHLD=2"):
            with pytest.raises(hfp.HfpProtocolError):
                await stage.headset.send(command)
        await stage.headset.send("AT+NREC=0")
        assert stage.headset.connected

    play(story)
