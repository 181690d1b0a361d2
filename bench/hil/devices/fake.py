"""The scripted line driver as a device: for trying scenarios and the bench itself."""

from collections.abc import Mapping

from bench.hil.devices.base import Device
from bench.hil.scenario import Ability
from hw.contract import LineDriver
from hw.fake import FakeDriver, FarEnd

NUMBERS = {
    "answers": "+12125550100",
    "answers_and_leaves": "+12125550101",
    "busy": "+12125550102",
    "rings": "+12125550103",
    "unobtainable": "+12125550104",
}
_FAR_ENDS = {
    "answers": FarEnd(answer_s=0.05),
    "answers_and_leaves": FarEnd(answer_s=0.05, hang_up_s=0.3),
    "busy": FarEnd(ring_s=None, fail_s=0.05, sip_code=486),
    "rings": FarEnd(),
    "unobtainable": FarEnd(ring_s=None, fail_s=0.05, sip_code=404, q850=1),
}


class FakeDevice(Device):
    """Lines without hardware."""

    _driver: FakeDriver | None = None

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.POWER})

    @property
    def numbers(self) -> Mapping[str, str]:
        return {**NUMBERS, **self.table.numbers}

    @property
    def driver(self) -> LineDriver:
        assert self._driver is not None
        return self._driver

    async def switch_on(self) -> None:
        far_ends = {NUMBERS[behaviour]: far_end for behaviour, far_end in _FAR_ENDS.items()}
        self._driver = FakeDriver(far_ends, trunks={self.trunk: self.table.lines}, max_calls=self.table.lines)

    async def link(self) -> None:
        await self.driver.start(self.heard)

    async def make_ready(self) -> None:
        return

    async def unlink(self) -> None:
        await self.driver.close()

    async def switch_off(self) -> None:
        self._driver = None
