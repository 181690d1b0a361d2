"""How a device is brought to a named state, one rung at a time, each with a limit."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.hil.devices.base import Device
from bench.hil.files import BenchError
from bench.hil.scenario import State
from bench.hil.timeline import Lane

RUNG_LIMIT_S = 60.0
LADDER = tuple(State)


class Strategy:
    """Knows the state that a device was brought to, and the way from there to any other."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.state = State.OFF
        self._up: dict[State, Callable[[], Awaitable[None]]] = {
            State.ON: device.switch_on,
            State.LINKED: device.link,
            State.READY: device.make_ready,
        }
        self._down: dict[State, Callable[[], Awaitable[None]]] = {
            State.OFF: device.switch_off,
            State.ON: device.unlink,
            State.LINKED: _nothing,
        }

    async def reach(self, target: State, limit_s: float = RUNG_LIMIT_S) -> None:
        """Bring the device to a state. Raises BenchError when a rung fails or takes longer than `limit_s`."""
        while self.state is not target:
            here, there = LADDER.index(self.state), LADDER.index(target)
            upward = there > here
            rung = LADDER[here + (1 if upward else -1)]
            await self._take(rung, (self._up if upward else self._down)[rung], limit_s)

    async def anew(self, target: State, limit_s: float = RUNG_LIMIT_S) -> None:
        """The same by way of off, when nobody knows what state the device is in."""
        await self.reach(State.OFF, limit_s)
        await self.reach(target, limit_s)

    async def _take(self, rung: State, step: Callable[[], Awaitable[None]], limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await step()
        except TimeoutError:
            why = f": {self._device.trouble}" if self._device.trouble else ""
            raise BenchError(
                f"{self._device.name} is not {rung} within {limit_s:g} s (it is {self.state}){why}"
            ) from None
        self.state = rung
        self._device.timeline.note(Lane.BENCH, self._device.name, "state", state=str(rung))


async def _nothing() -> None:
    return
