"""A driver of one headset, amit's, with an emulated headset that tests press buttons on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.hil.emulated.headset import EmulatedHeadset
from hw.audio.sound import Sound
from hw.contract import Answered
from hw.headset.station import HeadsetSettings, HeadsetState, HeadsetStations
from tests.contracts.headset_rig import of_calls
from tests.contracts.rigs import Recorder

NAME = "amit"
ADDRESS = f"hfp:{NAME}"


class Stage:
    """`driver` looks for the headset; `headset` is off until it is switched on."""

    def __init__(self, folder: Path, sound: Sound | None) -> None:
        self.headset = EmulatedHeadset(folder / "tty")
        self.driver = HeadsetStations(
            [HeadsetSettings(NAME, str(self.headset.port))], {} if sound is None else {NAME: sound}
        )
        self.seen = Recorder()

    @property
    def state(self) -> HeadsetState:
        """How the driver sees the headset."""
        return self.driver.states()[0]

    async def connect(self) -> None:
        """Switch the headset on and see it connected at both ends."""
        await self.headset.switch_on()
        await self.headset.until(lambda headset: headset.connected)
        await until(lambda: self.state.connected)

    async def answered(self, call_id: str) -> None:
        """A call of the headset that is up at both ends."""
        self.driver.call_station(call_id, ADDRESS)
        await self.headset.until(lambda headset: headset.ringing)
        await self.headset.press_answer()
        await self.seen.wait(Answered, call_id)
        await self.headset.until(lambda headset: headset.in_call)


def play(story: Callable[[Stage], Awaitable[None]], *, sound: Sound | None = None) -> Stage:
    """Play a story on a new stage; the stage when it is over."""

    async def main() -> Stage:
        with TemporaryDirectory() as folder:
            stage = Stage(Path(folder), sound)
            await stage.driver.start(of_calls(stage.seen))
            try:
                await story(stage)
            finally:
                await stage.driver.close()
                await stage.headset.switch_off()
        return stage

    return asyncio.run(main())


async def until(true: Callable[[], bool]) -> None:
    """Wait until `true()`. Raises TimeoutError."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)
