"""A SIP trunk as a device under test, with SIPp or a real carrier as its far end."""

import asyncio
from collections.abc import Mapping, Sequence

from bench.hil.devices.base import Device, DeviceStep, NotAsExpected
from bench.hil.emulated.sipp import NUMBERS, SippCarrier
from bench.hil.files import BenchError
from bench.hil.scenario import Ability, Power
from bench.hil.timeline import Entry, Lane
from hw.contract import LineDriver
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.pool import SipPool
from hw.sip.probe import probe

RTP_PORT_BASE = 42000
LINES_FREE_LIMIT_S = 5.0
PING_LIMIT_S = 4.0
FIRST_PING_LIMIT_S = 1.0


class TrunkDevice(Device):
    """Lines over SIP."""

    emulated_numbers = NUMBERS
    _pool: SipPool | None = None
    _carrier: SippCarrier | None = None
    # Found out after a round: such an address is not dialed to again before it answers.
    _silent = False

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.POWER}) if self.table.emulated else frozenset()

    @property
    def driver(self) -> LineDriver:
        if self._pool is None:
            raise BenchError(f"{self.name} is not linked")
        return self._pool

    @property
    def facts(self) -> Mapping[str, str]:
        return {"far end": "SIPp" if self.table.emulated else self.table.target, "lines": str(self.table.lines)}

    async def switch_on(self) -> None:
        if self.table.emulated:
            self._carrier = self._carrier or SippCarrier()
            await self._carrier.start()

    async def link(self) -> None:
        """Silence alone is no objection before a call was without an answer: some carriers answer no OPTIONS."""
        table = self.table
        if not self._carrier:
            limit_s = PING_LIMIT_S if self._silent else FIRST_PING_LIMIT_S
            found = await asyncio.to_thread(probe, table.target, limit_s)
            if not found.reachable and (self._silent or not found.silent):
                raise BenchError(f"{self.name}: nobody answers SIP: {found.detail}")
        target = f"sip:{{number}}@127.0.0.1:{self._carrier.port}" if self._carrier else table.target
        password = ""
        if table.password_file is not None:
            try:
                password = table.password_file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BenchError(f"{self.name}: password_file {table.password_file}: {error.strerror}") from error
        trunk = SipTrunk(self.trunk, target, table.lines, table.username, password)
        bind_ip = "127.0.0.1" if self._carrier else "0.0.0.0"
        settings = SipSettings(bind_ip, rtp_port_base=RTP_PORT_BASE, max_calls=table.lines, trunks=(trunk,))
        pool = SipPool(settings)
        await pool.start(self.heard)
        self._pool = pool

    async def make_ready(self) -> None:
        return

    async def unlink(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def switch_off(self) -> None:
        if self._carrier is not None:
            await self._carrier.stop()

    async def out_of_reach(self, entries: Sequence[Entry]) -> str:
        if self._carrier is not None or any(_is_word_of_the_far_end(entry) for entry in entries):
            return ""
        found = await asyncio.to_thread(probe, self.table.target, PING_LIMIT_S)
        self._silent = not found.reachable
        if not self._silent:
            return ""
        return f"{self.name}: nobody answers SIP: {found.detail}; no INVITE had an answer either"

    async def settle(self) -> None:
        if self._carrier is not None and not self._carrier.running:
            await self._carrier.start()
        # A call that is over holds its line until the far end has agreed.
        try:
            async with asyncio.timeout(LINES_FREE_LIMIT_S):
                while self._pool is not None and self._pool.capacity() < self.table.lines:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            held = self.table.lines - (self._pool.capacity() if self._pool is not None else 0)
            told = f"{held} of {self.table.lines} lines are not free {LINES_FREE_LIMIT_S:g} s after hanging up"
            raise NotAsExpected(f"{told}: the far end has not confirmed that the calls are over") from None

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        """The carrier goes away and comes again."""
        if isinstance(step, Power) and self._carrier is not None and step.act in ("on", "off"):
            if step.act == "off":
                await self._carrier.stop()
            else:
                await self._carrier.start()
            self.timeline.note(Lane.POWER, "carrier", step.act)
            return {}
        return await super().perform(step, call_id)


def _is_word_of_the_far_end(entry: Entry) -> bool:
    """Whether anybody answered an INVITE: 408 is what our own side says when nobody does (RFC 3261 section 17.1.1)."""
    if entry.what == "Ended":
        return entry.details.get("sip_code") not in (None, 408, 487)
    return entry.what in ("Ringing", "Answered")
