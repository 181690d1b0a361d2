"""A headset's link that is lost, and looked for again."""

import asyncio
import logging
import os
import pty
import tty
from pathlib import Path

import pytest

from hw.contract.driver import DriverError
from hw.headset import gateway as gateway_module
from hw.headset import link as link_module
from hw.headset.link import REASONS_LOGGED, HeadsetLink, Lost
from hw.headset.notices import Connected, Notice
from tests.hw.headset.stage import Stage, play, until


def test_the_link_is_found_again_each_time_the_headset_comes_back() -> None:
    async def story(stage: Stage) -> None:
        for _ in range(3):
            await stage.connect()
            await stage.headset.switch_off()
            await until(lambda: not stage.state.connected)
        assert "hung up" in stage.state.trouble or "No such file" in stage.state.trouble

    play(story)


def test_a_headset_that_is_away_is_looked_for_ever_more_seldom_and_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[float] = []

    def count(*_: object) -> None:
        opened.append(asyncio.get_running_loop().time())
        raise DriverError("no such port")

    monkeypatch.setattr(link_module, "SerialPort", count)
    monkeypatch.setattr(link_module, "LOOK_AGAIN_S", (0.01, 0.02, 0.1))

    async def story() -> None:
        link = HeadsetLink("amit", str(tmp_path / "none"), 115200, lambda _: None)
        link.open()
        await asyncio.sleep(0.75)
        link.close()
        looked = len(opened)
        await asyncio.sleep(0.2)
        assert len(opened) == looked

    asyncio.run(story())
    assert 3 <= len(opened) <= 10
    assert [record.message for record in caplog.records] == ["headset amit: no such port; looking for it again"]


def test_reasons_that_change_are_logged_a_few_times_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reasons = iter(range(1000))

    def fail(*_: object) -> None:
        raise DriverError(f"reason {next(reasons)}")

    monkeypatch.setattr(link_module, "SerialPort", fail)
    monkeypatch.setattr(link_module, "LOOK_AGAIN_S", (0.001,))

    async def story() -> None:
        link = HeadsetLink("amit", str(tmp_path / "none"), 115200, lambda _: None)
        link.open()
        await asyncio.sleep(0.2)
        link.close()

    asyncio.run(story())
    assert len(caplog.records) == REASONS_LOGGED


def test_a_headset_that_stops_while_it_connects_gets_a_new_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gateway_module, "SET_UP_LIMIT_S", 0.1)
    monkeypatch.setattr(link_module, "LOOK_AGAIN_S", (0.01,))
    notices: list[Notice | Lost] = []

    async def story() -> None:
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        link = HeadsetLink("amit", os.ttyname(slave), 115200, notices.append)
        with caplog.at_level(logging.WARNING):
            link.open()
            os.write(master, b"AT+BRSF=0\r")
            await until(lambda: "did not go on" in link.trouble)
            await asyncio.sleep(0.1)
            os.write(master, b"AT+BRSF=0\rAT+CIND=?\rAT+CIND?\rAT+CMER=3,0,0,1\r")
            await until(lambda: notices == [Connected()])
        link.close()
        os.close(master)
        os.close(slave)

    asyncio.run(story())
    assert len(caplog.records) == 1


def test_a_headset_that_was_never_connected_is_not_told_as_lost() -> None:
    async def story(stage: Stage) -> None:
        await stage.headset.switch_on()
        await stage.headset.switch_off()
        await asyncio.sleep(0.1)
        assert not stage.state.connected
        assert stage.seen.events == []

    play(story)


def test_noise_on_the_line_does_no_harm() -> None:
    async def story(stage: Stage) -> None:
        await stage.connect()
        await stage.answered("a")
        stage.headset.say_raw(bytes(range(256)) * 40)
        stage.headset.say_raw(b"\r")
        await stage.headset.set_volume(9)
        await until(lambda: stage.state.speaker_gain == 9)
        assert stage.seen.kinds("a")[-1] != "Ended"

    play(story)
