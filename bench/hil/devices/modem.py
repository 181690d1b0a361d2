"""AT modems as devices under test: a real one on a tty, or an emulated one behind a virtual exchange."""

import asyncio
from collections.abc import Mapping

from bench.hil.devices.base import DeviceStep
from bench.hil.devices.wired import WiredDevice
from bench.hil.emulated.exchange import Exchange, ExchangeCall, Progress
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.emulated.subscribers import FAR_ENDS, NUMBERS
from bench.hil.files import BenchError
from bench.hil.person import Operator
from bench.hil.scenario import Ability, Far, Power, Text
from bench.hil.timeline import Lane, Timeline
from bench.hil.wiring import DeviceTable
from hw.contract import LineDriver
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings, ModemSettings
from hw.modem.sms import SmsFailed, SmsPartSent, SmsReported, SmsSent, SmsTold

READY_EVERY_S = 0.02
TEXT_WITHIN_S = 60.0
NETWORK_LIMIT_S = 40.0
_SIGHTS = {Progress.ALERTING: "far_rings", Progress.ACTIVE: "far_answers", Progress.RELEASED: "far_released"}


class _WatchedModem(EmulatedModem):
    """Writes down what the exchange tells it, at the moment it does."""

    def __init__(self, exchange: Exchange, dialect: str, timeline: Timeline) -> None:
        super().__init__(exchange, dialect=dialect)
        self._timeline = timeline

    def progress(self, call: ExchangeCall, progress: Progress) -> None:
        if progress in _SIGHTS:
            self._timeline.note(Lane.DEVICE, "exchange", _SIGHTS[progress])
        super().progress(call, progress)


class ModemDevice(WiredDevice):
    """One modem: one line."""

    delimiter = b"\r\n"
    emulated_numbers = NUMBERS

    def __init__(self, table: DeviceTable, timeline: Timeline, operator: Operator, seed: int) -> None:
        super().__init__(table, timeline, operator, seed)
        self._bank: ModemBank | None = None
        self._emulated: _WatchedModem | None = None
        self._tcp_port = 0
        self._texts = 0
        self._unreported: dict[int | None, str] = {}

    @property
    def abilities(self) -> frozenset[Ability]:
        able = {*super().abilities, Ability.SMS}
        if self.table.emulated:
            able |= {Ability.FREEZE, Ability.FAR_SIGHT, Ability.FAR_HANG_UP, Ability.FAR_RING}
        elif self.operator.there:
            able |= {Ability.FAR_ANSWER, Ability.FAR_HANG_UP, Ability.FAR_DIGITS, Ability.FAR_RING}
        return frozenset(able)

    @property
    def driver(self) -> LineDriver:
        if self._bank is None:
            raise BenchError(f"{self.name} is not linked")
        return self._bank

    @property
    def trouble(self) -> str:
        return "" if self._bank is None else self._bank.statuses()[0].because

    async def switch_on(self) -> None:
        async with self.undone_by(self.switch_off):
            await self._switch_on()

    async def _switch_on(self) -> None:
        if self.table.emulated:
            far_ends = {NUMBERS[name]: far_end for name, far_end in FAR_ENDS.items()}
            self._emulated = _WatchedModem(Exchange(far_ends), self.table.emulated, self.timeline)
            self._tcp_port = await self._emulated.open_tcp()
            self.lay(f"tcp:127.0.0.1:{self._tcp_port}")
        else:
            await self.power("on")
            self.lay(self.table.port)

    async def link(self) -> None:
        await self.find_port()
        modem = ModemSettings(self.name, self.trunk, self.port, self.table.baud, self.table.profile)
        bank = ModemBank(BankSettings((modem,)), on_sms=self._sms_told, start_limit_s=NETWORK_LIMIT_S)
        async with self.undone_by(bank.close):
            await bank.start(self.heard)
            (status,) = bank.statuses()
            if not status.usable:
                raise BenchError(self.said(status.because))
        self._bank = bank

    async def make_ready(self) -> None:
        assert self._bank is not None
        while not self._bank.statuses()[0].usable or self._busy():
            await asyncio.sleep(READY_EVERY_S)
        status = self._bank.statuses()[0]
        told = {"maker": status.maker, "model": status.model, "operator": status.operator}
        if status.signal_dbm is not None:
            told["signal"] = f"{status.signal_dbm} dBm"
        self._told = {name: value for name, value in told.items() if value}

    def _busy(self) -> bool:
        return self._emulated is not None and self._emulated.call is not None

    async def unlink(self) -> None:
        if self._bank is not None:
            await self._bank.close()
            self._bank = None

    async def switch_off(self) -> None:
        self.take_up()
        if self._emulated is not None:
            self._emulated.close()
            self._emulated = None
        elif self.table.power_off:
            await self.power("off")

    async def settle(self) -> None:
        await super().settle()
        if self._emulated is not None:
            self._emulated.faults.hangs = False

    async def power(self, act: str) -> None:
        if self._emulated is None:
            await super().power(act)
        elif act == "off":
            self._emulated.unplug()
        else:
            await self._emulated.open_tcp(self._tcp_port)

    async def perform(self, step: DeviceStep, call_id: str) -> Mapping[str, list[float]]:
        match step:
            case Power(act="freeze" | "thaw") if self._emulated is not None:
                self._emulated.faults.hangs = step.act == "freeze"
                self.timeline.note(Lane.POWER, self.name, step.act)
            case Far() if self._emulated is not None:
                self._far(self._emulated, step)
            case Far():
                await self.operator.ask(f"at the far side: {step.act.replace('_', ' ')} {step.digits}".rstrip())
            case Text():
                self._texts += 1
                assert self._bank is not None
                self._bank.send_sms(f"sms-{self._texts}", self.trunk, step.to, step.text, TEXT_WITHIN_S)
            case _:
                return await super().perform(step, call_id)
        return {}

    def _far(self, modem: EmulatedModem, step: Far) -> None:
        if step.act == "hang_up" and modem.call is not None:
            modem.exchange.hang_up(modem.call)
        elif step.act == "ring":
            modem.ring("+12125550120", rings=6)

    def _sms_told(self, told: SmsTold) -> None:
        match told:
            case SmsPartSent():
                self._unreported[told.reference] = told.sms_id
            case SmsReported():
                sms_id = self._unreported.pop(told.reference, "")
                if sms_id and told.failure:
                    self._note_sms("SmsFailed", told.failure)
                elif sms_id and sms_id not in self._unreported.values():
                    self._note_sms("SmsDelivered")
            case SmsSent():
                self._note_sms("SmsSent")
            case SmsFailed():
                self._note_sms("SmsFailed", told.because)

    def _note_sms(self, event: str, because: str = "") -> None:
        self.timeline.note(Lane.DEVICE, self.name, event, because=because)
