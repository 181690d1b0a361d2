"""Whether a sound can be had. A sound device may tell only a moment after it was opened that it is not there."""

import asyncio
from collections.abc import Callable

from hw.audio.sound import Sound

TRIAL_S = 1.0


class Trial:
    """Holds a sound open for `TRIAL_S`; then `told` is called once, with why the sound died, or with nothing.

    Raises DriverError when the sound cannot be opened.
    """

    def __init__(self, sound: Sound, told: Callable[[str], None]) -> None:
        self._sound = sound
        self._told = told
        sound.open(self._over)
        self._timer = asyncio.get_running_loop().call_later(TRIAL_S, self._over, "")

    def end(self) -> None:
        """Close the sound; nothing is told any more."""
        self._timer.cancel()
        self._sound.close()

    def _over(self, why: str) -> None:
        self.end()
        self._told(why)
