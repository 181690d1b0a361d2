"""All lines of a site as one `LineDriver`: SIP, modems, gateway boards and headsets, joined across kinds by rings.

Within one kind a driver joins its calls itself. Across kinds each side speaks into a ring in shared memory and hears
the other's; so both must have their audio on this box.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hw.audio.sound import Audible, Sound
from hw.contract import events
from hw.contract.causes import Cause
from hw.contract.driver import DriverError, Lamp, LineDriver, OnEvent
from hw.modem.sms import SmsTold


class Voices(Protocol):
    """The calls of one driver as voices in rings."""

    def ring_of(self, call_id: str) -> int | None:
        """The ring that an answered call speaks into; None when its audio is not on this box."""

    def hear(self, call_id: str, other: Audible, /, *, tone: bool, done: Callable[[str], None]) -> None:
        """Let a call hear another voice; `done` is called once, with what went wrong or nothing."""

    def unhear(self, call_id: str, other: Audible, /) -> None:
        """Undo `hear`; a call that is over is no error."""


@dataclass(frozen=True, slots=True)
class _Voice:
    ring: int


class SoundVoices:
    """`Voices` of a driver whose calls each have a `Sound`, or None."""

    def __init__(self, sound_of: Callable[[str], Sound | None]) -> None:
        self._sound_of = sound_of

    def ring_of(self, call_id: str) -> int | None:
        """The ring of the call's sound."""
        sound = self._sound_of(call_id)
        return None if sound is None else sound.ring

    def hear(self, call_id: str, other: Audible, *, tone: bool, done: Callable[[str], None]) -> None:
        """Mix the voice in."""
        sound = self._sound_of(call_id)
        if sound is not None:
            sound.hear(other, tone=tone)
        done("" if sound is not None else "the call has no audio on this box")

    def unhear(self, call_id: str, other: Audible) -> None:
        """Leave the voice out."""
        sound = self._sound_of(call_id)
        if sound is not None:
            sound.unhear(other)


class SmsDriver(Protocol):
    """A driver whose trunks send text messages as well."""

    def send_sms(self, sms_id: str, trunk: str, number: str, text: str, within_s: float, /) -> None:
        """Send to an E.164 number, or fail when it could not be begun within so many seconds.

        Raises `SmsError` for what can never be sent, `DriverError` when no line can.
        """


class SmsReports:
    """What drivers tell of text messages, handed to whoever listens; lost while nobody does."""

    def __init__(self) -> None:
        self.listener: Callable[[SmsTold], None] | None = None

    def take(self, told: SmsTold) -> None:
        """A driver tells something."""
        if self.listener is not None:
            self.listener(told)


@dataclass(frozen=True, slots=True)
class Bank:
    """One driver's share of a site: its trunks, and its stations by address. `sms` sends texts over the trunks.

    `lends`: its calls are lent a way to this box's audio, so that a way which fails is no fault of the call's own.
    """

    driver: LineDriver
    voices: Voices
    trunks: frozenset[str] = frozenset()
    stations: frozenset[str] = frozenset()
    sms: SmsDriver | None = None
    lends: bool = False


@dataclass(slots=True, eq=False)
class _Cross:
    """A join across banks; it stands when both sides have said so."""

    call_id: str
    peer_id: str
    voice: _Voice
    peer_voice: _Voice
    pending: int = 2


class Lines:
    """A `LineDriver` over the banks of a site; call ids are unique over all of them."""

    def __init__(self, banks: Sequence[Bank], sms_reports: SmsReports | None = None) -> None:
        self.sms_reports = sms_reports or SmsReports()
        self._banks = tuple(banks)
        self._of_trunk = {trunk: bank for bank in banks for trunk in bank.trunks}
        self._of_station = {address: bank for bank in banks for address in bank.stations}
        self._owners: dict[str, Bank] = {}
        self._crosses: dict[frozenset[str], _Cross] = {}
        self._on_event: OnEvent | None = None

    async def start(self, on_event: OnEvent) -> None:
        """Bring all banks up side by side; when one cannot start, all are closed again. Raises DriverError."""
        self._on_event = on_event
        try:
            results = await asyncio.gather(
                *(bank.driver.start(self._take) for bank in self._banks), return_exceptions=True
            )
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all banks."""
        for bank in self._banks:
            await bank.driver.close()

    def capacity(self) -> int:
        """Calls that all banks can hold."""
        return sum(bank.driver.capacity() for bank in self._banks)

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call a number over the trunk's bank."""
        self._check_free(call_id)
        bank = self._of_trunk.get(trunk)
        if bank is None:
            self._later(events.Ended(call_id, Cause.NO_LINE, detail=f"no trunk is called {trunk!r}"))
            return
        self._owners[call_id] = bank
        bank.driver.dial(call_id, trunk, number, caller_id)

    def call_station(self, call_id: str, address: str) -> None:
        """Call a station of whatever kind."""
        self._check_free(call_id)
        bank = self._of_station.get(address)
        if bank is None:
            self._later(events.Ended(call_id, Cause.INVALID_NUMBER, detail=f"no station has the address {address!r}"))
            return
        self._owners[call_id] = bank
        bank.driver.call_station(call_id, address)

    def hang_up(self, call_id: str) -> None:
        """End the call."""
        self._to(call_id, lambda driver: driver.hang_up(call_id))

    def play(self, call_id: str, wav: Path) -> None:
        """Play a WAV file to the call."""
        self._to(call_id, lambda driver: driver.play(call_id, wav))

    def send_digits(self, call_id: str, digits: str) -> None:
        """Send DTMF."""
        self._to(call_id, lambda driver: driver.send_digits(call_id, digits))

    def mute(self, call_id: str, muted: bool) -> None:
        """Mute a station."""
        self._to(call_id, lambda driver: driver.mute(call_id, muted))

    def show(self, call_id: str, lamp: Lamp) -> None:
        """Light a station's lamp."""
        self._to(call_id, lambda driver: driver.show(call_id, lamp))

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Join two calls: in their driver when it has both, else by rings."""
        bank, other = self._owners.get(call_id), self._owners.get(peer_id)
        if bank is None:
            return
        if other is None:
            self._later(events.JoinFailed(call_id, peer_id, "the other call is over"))
        elif bank is other:
            bank.driver.join(call_id, peer_id, tone=tone)
        else:
            self._cross(bank, other, call_id, peer_id, tone=tone)

    def part(self, call_id: str, peer_id: str) -> None:
        """Undo `join`."""
        cross = self._crosses.pop(frozenset((call_id, peer_id)), None)
        if cross is not None:
            self._uncross(cross)
            return
        bank = self._owners.get(call_id)
        if bank is not None and bank is self._owners.get(peer_id):
            bank.driver.part(call_id, peer_id)

    # Text messages

    @property
    def sms_trunks(self) -> frozenset[str]:
        """The trunks that send text messages."""
        return frozenset(trunk for trunk, bank in self._of_trunk.items() if bank.sms is not None)

    def send_sms(self, sms_id: str, trunk: str, number: str, text: str, within_s: float) -> None:
        """Send a text over a trunk within so many seconds; what comes of it goes to `sms_reports`.

        Raises `SmsError` for what can never be sent, `DriverError` when the trunk sends no texts, or none now.
        """
        bank = self._of_trunk.get(trunk)
        if bank is None or bank.sms is None:
            raise DriverError(f"trunk {trunk!r} sends no text messages")
        bank.sms.send_sms(sms_id, trunk, number, text, within_s)

    def _check_free(self, call_id: str) -> None:
        if call_id in self._owners:
            raise ValueError(f"call id {call_id!r} is in use")

    def _to(self, call_id: str, command: Callable[[LineDriver], None]) -> None:
        bank = self._owners.get(call_id)
        if bank is not None:
            command(bank.driver)

    def _cross(self, bank: Bank, other: Bank, call_id: str, peer_id: str, *, tone: bool) -> None:
        ring, peer_ring = bank.voices.ring_of(call_id), other.voices.ring_of(peer_id)
        if ring is None or peer_ring is None:
            silent = call_id if ring is None else peer_id
            for of, name, found in ((bank, call_id, ring), (other, peer_id, peer_ring)):
                if found is not None:
                    of.voices.unhear(name, _Voice(found))
            detail = f"no way to the audio of call {silent} is free"
            self._later(events.JoinFailed(call_id, peer_id, detail, no_path=True))
            return
        cross = _Cross(call_id, peer_id, _Voice(ring), _Voice(peer_ring))
        pair = frozenset((call_id, peer_id))
        self._crosses[pair] = cross
        bank.voices.hear(call_id, cross.peer_voice, tone=False, done=lambda text: self._heard(cross, call_id, text))
        if self._crosses.get(pair) is not cross:
            return
        other.voices.hear(peer_id, cross.voice, tone=tone, done=lambda text: self._heard(cross, peer_id, text))

    def _heard(self, cross: _Cross, who: str, failure: str) -> None:
        pair = frozenset((cross.call_id, cross.peer_id))
        if self._crosses.get(pair) is not cross:
            return
        cross.pending -= 1
        if failure:
            del self._crosses[pair]
            self._uncross(cross)
            # What is wrong with the person's side is no fault of the station: another one would not be heard either.
            bank = self._owners.get(who)
            no_path = who == cross.call_id or (bank is not None and bank.lends)
            self._later(events.JoinFailed(cross.call_id, cross.peer_id, failure, no_path))
        elif cross.pending == 0:
            self._later(events.Joined(cross.call_id, cross.peer_id))

    def _uncross(self, cross: _Cross) -> None:
        for call_id, other in ((cross.call_id, cross.peer_voice), (cross.peer_id, cross.voice)):
            bank = self._owners.get(call_id)
            if bank is not None:
                bank.voices.unhear(call_id, other)

    def _take(self, event: events.LineEvent | events.TrunkLines) -> None:
        if isinstance(event, events.Ended):
            self._release(event.call_id)
        self._say(event)

    def _release(self, call_id: str) -> None:
        for pair in [pair for pair in self._crosses if call_id in pair]:
            cross = self._crosses.pop(pair)
            self._uncross(cross)
            if cross.pending and call_id != cross.call_id:
                self._later(events.JoinFailed(cross.call_id, cross.peer_id, "the other call is over"))
        self._owners.pop(call_id, None)

    def _later(self, event: events.LineEvent) -> None:
        asyncio.get_running_loop().call_soon(self._say_if_current, event)

    def _say_if_current(self, event: events.LineEvent) -> None:
        join = isinstance(event, (events.Joined, events.JoinFailed))
        if not join or event.call_id in self._owners:
            self._say(event)

    def _say(self, event: events.LineEvent | events.TrunkLines) -> None:
        if self._on_event is None:
            raise RuntimeError("start the lines first")
        self._on_event(event)
