"""All modems of a site as one line driver: each modem is one line of its trunk."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hw.audio.sound import Sound
from hw.audio.trial import Trial
from hw.contract import events
from hw.contract.causes import Cause
from hw.contract.driver import DriverError, Lamp, OnEvent
from hw.modem.calls import Step
from hw.modem.device import Device
from hw.modem.modem import AudioTold, CallTold, IncomingRefused, KeyPressed, NoticeTold, StateTold, Told, VoiceRefused
from hw.modem.pdu import submit
from hw.modem.port import serial_paths
from hw.modem.settings import BankSettings
from hw.modem.sms import SmsPartSent, SmsTold
from hw.modem.usage import Usage

START_LIMIT_S = 10.0
CLOSE_LIMIT_S = 6.0
CAPS_CHECK_S = 30.0
VOICE_CHECK_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Call:
    call_id: str
    device: Device
    imsi: str
    answered: bool = False
    lost: str = ""


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """One modem for people: pages, `doctor`, the log. `because` is empty when all is well."""

    name: str
    trunk: str
    usable: bool
    because: str
    maker: str
    model: str
    imei: str
    operator: str
    signal_dbm: int | None
    calls_today: int
    talked_today_s: float
    texts_today: int
    incoming_refused: int


class ModemBank:
    """A `LineDriver` over modems. `sounds` has the audio of those modems whose PCM reaches this box, by name.

    There are no stations here, and the number that people see is the SIM's own, whatever `caller_id` is asked for.
    """

    def __init__(
        self,
        settings: BankSettings,
        *,
        sounds: Mapping[str, Sound] | None = None,
        usage: Usage | None = None,
        on_sms: Callable[[SmsTold], None] | None = None,
        candidates: Callable[[], list[str]] = serial_paths,
        start_limit_s: float = START_LIMIT_S,
    ) -> None:
        self._sounds = dict(sounds or {})
        self._usage = usage or Usage(settings.usage_file)
        self._on_sms = on_sms
        self._start_limit_s = start_limit_s
        self._on_event: OnEvent | None = None
        self._calls: dict[str, _Call] = {}
        self._deaf: dict[str, str] = {}
        self._trials: dict[str, Trial] = {}
        self._lines: dict[str, tuple[int, str]] = {}
        self._settled = asyncio.Event()
        self._started = False
        self._timer: asyncio.TimerHandle | None = None
        self._voice_timer: asyncio.TimerHandle | None = None
        searching = asyncio.Lock()
        self._devices = [
            Device(
                modem,
                self._on_told,
                self._tell_sms,
                candidates=candidates,
                taken=self._is_taken,
                searching=searching,
            )
            for modem in settings.modems
        ]

    # The contract

    async def start(self, on_event: OnEvent) -> None:
        """Bring the modems up, as many as come within the limit (0: wait for none); the others go on coming up."""
        self._on_event = on_event
        for device in self._devices:
            device.start()
        if self._start_limit_s > 0:
            await self._wait_for_modems()
        for name in self._sounds:
            self._try_voice(name)
        self._started = True
        self._check_caps()
        if self._sounds:
            self._watch_voices()

    async def _wait_for_modems(self) -> None:
        try:
            async with asyncio.timeout(self._start_limit_s):
                while not all(device.settled for device in self._devices):
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            _log.warning("not all modems came up within %.0f s; going on without the others", self._start_limit_s)

    async def close(self) -> None:
        """Hang up what is left, wait a little for it, and let go of the ports."""
        for timer in (self._timer, self._voice_timer):
            if timer is not None:
                timer.cancel()
        for call_id in list(self._calls):
            self.hang_up(call_id)
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                while self._calls:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            for call in list(self._calls.values()):
                self._over(call, CallTold(Step.OVER, Cause.LINE_LOST, detail="the modem did not hang up in time"))
        for device in self._devices:
            await device.close()
        for trial in self._trials.values():
            trial.end()
        self._trials.clear()

    def capacity(self) -> int:
        """How many calls can be up at once now: modems that can be used, busy ones among them."""
        return sum(1 for device in self._devices if self._counts(device))

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call `number` with the free modem of `trunk` that has placed the fewest calls today."""
        self._refuse_used(call_id)
        self._look_at_voices()
        free = [device for device in self._devices if device.settings.trunk == trunk and self._is_free(device)]
        if not free:
            known = any(device.settings.trunk == trunk for device in self._devices)
            self._no_line(call_id, self._why_none(trunk) if known else f"there is no modem on trunk {trunk!r}")
            return
        device = min(free, key=lambda device: (device.sms.waiting, self._usage.of(device.modem.sim).calls))
        self._calls[call_id] = _Call(call_id, device, device.modem.sim)
        self._usage.placed(device.modem.sim)
        device.modem.dial(number, self._now())
        self._soon(device.turn)

    def call_station(self, call_id: str, address: str) -> None:
        """Modems have no stations."""
        self._refuse_used(call_id)
        self._no_line(call_id, f"a modem cannot call the station {address!r}")

    def hang_up(self, call_id: str) -> None:
        """End the call."""
        call = self._calls.get(call_id)
        if call is not None:
            call.device.modem.hang_up(self._now())
            self._soon(call.device.turn)

    def play(self, call_id: str, wav: Path) -> None:
        """Play through the modem's sound; over at once where there is none, or the file is bad."""
        call = self._calls.get(call_id)
        if call is None:
            return
        sound = self.sound_of(call_id)
        if sound is None:
            _log.warning("%s: nothing is played: %s", call_id, self._why_no_sound(call))
            self._soon(lambda: self._played(call))
            return
        try:
            sound.play(wav, lambda: self._played(call))
        except DriverError as problem:
            _log.warning("%s: nothing is played: %s", call_id, problem)
            self._soon(lambda: self._played(call))

    def send_digits(self, call_id: str, digits: str) -> None:
        """Send DTMF by AT+VTS."""
        call = self._calls.get(call_id)
        if call is not None:
            call.device.modem.send_digits(digits, self._now())
            self._soon(call.device.turn)

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Pass audio between the sounds of two modems."""
        call = self._calls.get(call_id)
        if call is not None:
            self._soon(lambda: self._join(call, peer_id, tone=tone))

    def part(self, call_id: str, peer_id: str) -> None:
        """Undo `join`."""
        ours, theirs = self.sound_of(call_id), self.sound_of(peer_id)
        if ours is not None and theirs is not None:
            ours.unhear(theirs)
            theirs.unhear(ours)

    def mute(self, call_id: str, muted: bool) -> None:
        """A modem is no station: nothing to mute."""

    def show(self, call_id: str, lamp: Lamp) -> None:
        """A modem is no station: no lamp."""

    # Beyond the contract

    def sound_of(self, call_id: str) -> Sound | None:
        """The audio of an answered call, or None where the modem's PCM does not reach this box."""
        call = self._calls.get(call_id)
        if call is None or not call.answered or call.device.settings.name in self._deaf:
            return None
        return self._sounds.get(call.device.settings.name)

    def send_sms(self, sms_id: str, trunk: str, number: str, text: str, within_s: float) -> None:
        """Send an SMS with a modem of `trunk` within so many seconds; what comes of it goes to `on_sms`.

        Raises `SmsError` for what can never be sent, and `DriverError` when no modem of the trunk can be used, or
        their SIMs' caps have no room for it.
        """
        needed = len(submit(number, text, 0))
        troubles = {
            device: self._why_no_text(device, needed) for device in self._devices if device.settings.trunk == trunk
        }
        able = [device for device, why in troubles.items() if not why]
        if not able:
            whys = [f"{device.settings.name}: {why}" for device, why in troubles.items()]
            raise DriverError(f"no SMS can be sent over {trunk!r}: {'; '.join(whys) or 'it has no modem'}")
        device = min(able, key=self._burden)
        device.sms.send(sms_id, number, text, self._now() + within_s)
        self._soon(device.turn)

    def _why_no_text(self, device: Device, needed: int) -> str:
        if not device.modem.usable:
            return device.modem.trouble
        cap, waiting = device.settings.texts_per_day, device.sms.parts_waiting
        return self._usage.texts_spent(device.modem.sim, cap, waiting=waiting, needed=needed)

    def _burden(self, device: Device) -> tuple[int, bool, int]:
        """What tells which modem is to send a text: the least one."""
        return device.sms.waiting, device.modem.call is not None, self._usage.of(device.modem.sim).texts

    def statuses(self) -> list[ModemStatus]:
        """How each modem is, in the order of the settings."""
        return [self._status(device) for device in self._devices]

    def _status(self, device: Device) -> ModemStatus:
        modem, used = device.modem, self._usage.of(device.modem.sim)
        return ModemStatus(
            device.settings.name,
            device.settings.trunk,
            self._counts(device),
            self._trouble(device),
            modem.identity.maker,
            modem.identity.model,
            modem.identity.imei,
            modem.network.operator,
            modem.network.signal_dbm,
            used.calls,
            used.talked_s,
            used.texts,
            modem.incoming_refused,
        )

    # What the modems tell

    def _on_told(self, device: Device, told: Told) -> None:
        call = next((call for call in self._calls.values() if call.device is device), None)
        if isinstance(told, StateTold):
            level = logging.WARNING if device.settled and not told.usable else logging.INFO
            _log.log(level, "modem %s: %s", device.settings.name, told.because or "ready")
            self._settled.set()
            self._listen_again(device)
            self._tell_lines()
        elif isinstance(told, IncomingRefused):
            _log.info("modem %s: a call from %s was refused", device.settings.name, told.number or "somebody")
        elif isinstance(told, NoticeTold):
            device.sms.hear(told.text, self._now())
        elif call is None:
            return
        elif isinstance(told, CallTold):
            self._tell_step(call, told)
        elif isinstance(told, KeyPressed):
            self._say(events.DigitReceived(call.call_id, told.key))
        elif isinstance(told, AudioTold):
            self._switch(call, on=told.on)
        elif isinstance(told, VoiceRefused) and device.settings.name in self._sounds:
            self._voice_lost(call, told.because)

    def _tell_step(self, call: _Call, told: CallTold) -> None:
        if told.step is Step.DIALED:
            modem = call.device.modem
            self._say(events.Dialed(call.call_id, f"{modem.identity.imei or modem.name}-{call.call_id}"))
        elif told.step is Step.RINGING:
            self._say(events.Ringing(call.call_id))
        elif told.step is Step.ANSWERED:
            call.answered = True
            self._say(events.Answered(call.call_id))
        else:
            self._over(call, told)

    def _over(self, call: _Call, told: CallTold) -> None:
        del self._calls[call.call_id]
        if told.talked_s:
            self._usage.talked(call.imsi, told.talked_s)
        if call.lost:
            told = replace(told, cause=Cause.LINE_LOST, detail=call.lost)
        self._say(events.Ended(call.call_id, told.cause, None, told.q850, told.detail))
        self._settled.set()
        self._tell_lines()

    def _switch(self, call: _Call, *, on: bool) -> None:
        sound = self._sounds.get(call.device.settings.name)
        if sound is None:
            return
        if not on:
            sound.close()
            return
        try:
            sound.open(partial(self._voice_lost, call))
        except DriverError as problem:
            _log.error("modem %s: the call has no audio: %s", call.device.settings.name, problem)
            self._deaf[call.device.settings.name] = str(problem)
            self._tell_lines()

    def _voice_lost(self, call: _Call, why: str) -> None:
        """In the middle of a call: nobody could hear the person any more, so the call ends and the modem rests."""
        self._deaf[call.device.settings.name] = why
        call.lost = f"the modem's voice was lost: {why}"
        self.hang_up(call.call_id)
        self._tell_lines()

    def _try_voice(self, name: str) -> None:
        """See whether a modem's voice can be had: without it a call on it would be with somebody who hears nobody."""
        sound = self._sounds[name]
        try:
            sound.open(lambda why: None)
        except DriverError as problem:
            self._deaf[name] = str(problem)
        else:
            sound.close()

    def _watch_voices(self) -> None:
        self._look_at_voices()
        self._voice_timer = asyncio.get_running_loop().call_later(VOICE_CHECK_S, self._watch_voices)

    def _look_at_voices(self) -> None:
        """Voices that went while their modems had no call."""
        for device in self._devices:
            name = device.settings.name
            sound = None if name in self._deaf or device.modem.call is not None else self._sounds.get(name)
            if sound is not None and (why := sound.absent()):
                self._deaf[name] = why
                self._tell_lines()

    def _listen_again(self, device: Device) -> None:
        name, modem = device.settings.name, device.modem
        if name not in self._deaf or name in self._trials or modem.call is not None or modem.voice_refused:
            return
        try:
            self._trials[name] = Trial(self._sounds[name], partial(self._listened, name))
        except DriverError as problem:
            self._deaf[name] = str(problem)

    def _listened(self, name: str, why: str) -> None:
        """What came of the trial of a voice that was lost."""
        del self._trials[name]
        if why:
            self._deaf[name] = why
        else:
            del self._deaf[name]
        self._tell_lines()

    def _played(self, call: _Call) -> None:
        if self._calls.get(call.call_id) is call:
            self._say(events.MessagePlayed(call.call_id))

    def _join(self, call: _Call, peer_id: str, *, tone: bool) -> None:
        if self._calls.get(call.call_id) is not call:
            return
        peer = self._calls.get(peer_id)
        ours, theirs = self.sound_of(call.call_id), self.sound_of(peer_id)
        if not call.answered or peer is None or not peer.answered:
            self._say(events.JoinFailed(call.call_id, peer_id, "both calls must be up"))
        elif ours is None or theirs is None:
            self._say(events.JoinFailed(call.call_id, peer_id, self._why_no_sound(call if ours is None else peer)))
        else:
            ours.hear(theirs, tone=False)
            theirs.hear(ours, tone=tone)
            self._say(events.Joined(call.call_id, peer_id))

    def _why_no_sound(self, call: _Call) -> str:
        return f"the audio of modem {call.device.settings.name!r} does not reach this box"

    # Lines

    def _trouble(self, device: Device) -> str:
        """Why a modem is no line now; empty when it is one."""
        modem, settings = device.modem, device.settings
        if not modem.usable:
            return modem.trouble
        if settings.name in self._deaf:
            return f"its voice cannot be had: {self._deaf[settings.name]}"
        spent = self._usage.spent(device.modem.sim, settings.calls_per_day, settings.minutes_per_day)
        return "" if modem.call is not None else spent

    def _counts(self, device: Device) -> bool:
        return not self._trouble(device)

    def _is_free(self, device: Device) -> bool:
        return self._counts(device) and device.modem.free

    def _is_taken(self, path: str) -> bool:
        real = Path(path).resolve()
        return any(device.path is not None and Path(device.path).resolve() == real for device in self._devices)

    def _why_none(self, trunk: str) -> str:
        return "; ".join(
            f"{device.settings.name}: {self._trouble(device) or 'busy'}"
            for device in self._devices
            if device.settings.trunk == trunk
        )

    def _tell_lines(self) -> None:
        """Tell trunks whose usable lines have changed; at first, those that have fewer than configured."""
        if not self._started:
            return
        for trunk in dict.fromkeys(device.settings.trunk for device in self._devices):
            devices = [device for device in self._devices if device.settings.trunk == trunk]
            troubles = [(device.settings.name, self._trouble(device)) for device in devices]
            because = "; ".join(f"{name}: {why}" for name, why in troubles if why)
            lines = sum(1 for _, why in troubles if not why)
            if self._lines.get(trunk, (len(devices), "")) != (lines, because):
                self._lines[trunk] = (lines, because)
                self._say(events.TrunkLines(trunk, lines, because))

    def _check_caps(self) -> None:
        """Caps end with the day, and voices come back, when no modem has anything to tell."""
        for device in self._devices:
            self._listen_again(device)
        self._tell_lines()
        self._timer = asyncio.get_running_loop().call_later(CAPS_CHECK_S, self._check_caps)

    def _no_line(self, call_id: str, why: str) -> None:
        self._soon(lambda: self._say(events.Ended(call_id, Cause.NO_LINE, detail=why)))

    def _refuse_used(self, call_id: str) -> None:
        if call_id in self._calls:
            raise ValueError(f"call id {call_id!r} is in use")

    def _tell_sms(self, told: SmsTold) -> None:
        if isinstance(told, SmsPartSent):
            self._usage.texted(told.sim)
        if self._on_sms is not None:
            self._on_sms(told)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _soon(self, action: Callable[[], None]) -> None:
        """Commands return at once; what comes of them is told on a later turn of the loop."""
        asyncio.get_running_loop().call_soon(action)

    def _say(self, event: events.LineEvent | events.TrunkLines) -> None:
        if self._on_event is not None:
            self._on_event(event)
