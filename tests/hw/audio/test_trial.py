"""Trials of sounds: what opens is held open for a moment, and its death in that moment is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.audio import trial
from hw.audio.sound import Audible
from hw.audio.trial import Trial
from hw.contract.driver import DriverError


class Line:
    """A sound that only opens, closes and dies."""

    ring = 0

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.is_open = False
        self.lose: Callable[[str], None] = lambda why: None

    def open(self, on_lost: Callable[[str], None]) -> None:
        if self.fault:
            raise DriverError(self.fault)
        self.is_open, self.lose = True, on_lost

    def close(self) -> None:
        self.is_open = False

    def play(self, wav: Path, done: Callable[[], None]) -> None:
        raise AssertionError("nothing is played in a trial")

    def absent(self) -> str:
        return ""

    def hear(self, other: Audible, *, tone: bool) -> None:
        raise AssertionError("nobody is heard in a trial")

    def unhear(self, other: Audible) -> None:
        raise AssertionError("nobody is heard in a trial")

    def mute(self, muted: bool) -> None:
        raise AssertionError("nobody is muted in a trial")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TRIAL_S", 0.05)


def test_a_sound_that_stays_open_is_told_so_and_closed() -> None:
    async def main() -> None:
        line, told = Line(), asyncio.Queue[str]()
        Trial(line, told.put_nowait)
        assert line.is_open
        assert await asyncio.wait_for(told.get(), 5.0) == ""
        assert not line.is_open

    asyncio.run(main())


def test_a_sound_that_dies_is_told_once() -> None:
    async def main() -> None:
        line, told = Line(), list[str]()
        Trial(line, told.append)
        line.lose("the tool ended")
        assert not line.is_open
        await asyncio.sleep(0.2)
        assert told == ["the tool ended"]

    asyncio.run(main())


def test_an_ended_trial_tells_nothing() -> None:
    async def main() -> None:
        line, told = Line(), list[str]()
        Trial(line, told.append).end()
        assert not line.is_open
        await asyncio.sleep(0.2)
        assert told == []

    asyncio.run(main())


def test_a_sound_that_cannot_be_opened_is_an_error() -> None:
    async def main() -> None:
        with pytest.raises(DriverError, match="gone"):
            Trial(Line("/dev/tie: gone"), lambda why: None)

    asyncio.run(main())
