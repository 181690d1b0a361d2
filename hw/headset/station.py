"""Agents' headsets as stations: a `LineDriver` whose lines are hands-free headsets, and that dials no numbers."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from hw.audio.sound import Sound
from hw.contract import events
from hw.contract.causes import Cause
from hw.contract.driver import DriverError, Lamp, OnEvent
from hw.headset.gateway import CallState
from hw.headset.link import HeadsetLink, Lost
from hw.headset.notices import (
    AnswerPressed,
    BatteryTold,
    EndAsked,
    EndPressed,
    KeyPressed,
    MutePressed,
    Notice,
    RangOut,
    Reconnected,
)

SCHEME = "hfp:"
# Who ends a talk that the customer ends at the same moment does not mean to go home.
END_GRACE_S = 3.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeadsetSettings:
    """A headset: the name its station has, and the serial port it is behind."""

    name: str
    port: str
    baud: int = 115200


@dataclass(frozen=True, slots=True)
class HeadsetState:
    """How a headset is now. `trouble` says why it cannot be rung; gain is 0 to 15; None: it has not said."""

    name: str
    connected: bool
    trouble: str
    call: CallState
    muted: bool
    battery_percent: int | None
    speaker_gain: int | None


@dataclass(slots=True, eq=False)
class _Call:
    call_id: str
    headset: "_Headset"
    up: bool = False
    muted_here: bool = False
    talking: bool = False
    peers: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Headset:
    settings: HeadsetSettings
    link: HeadsetLink
    sound: Sound | None
    call: _Call | None = None


class HeadsetStations:
    """A `LineDriver` for stations only. `sounds` holds the audio of the headsets that have theirs on this box.

    A headset takes one call, at its agent's log-in, and keeps it up over many customers' calls.
    Raises DriverError for headsets that share a name or a port.
    """

    def __init__(self, headsets: Sequence[HeadsetSettings], sounds: Mapping[str, Sound] | None = None) -> None:
        for what in ("name", "port"):
            for value, times in Counter(getattr(settings, what) for settings in headsets).items():
                if times > 1:
                    raise DriverError(f"{times} headsets have the {what} {value!r}; give each its own")
        self._headsets: dict[str, _Headset] = {}
        for settings in headsets:
            link = HeadsetLink(settings.name, settings.port, settings.baud, partial(self._on_notice, settings.name))
            self._headsets[settings.name] = _Headset(settings, link, (sounds or {}).get(settings.name))
        self._calls: dict[str, _Call] = {}
        self._numbers = count(1)
        self._on_event: OnEvent | None = None

    async def start(self, on_event: OnEvent) -> None:
        """Look for the headsets from now on; one that is not there yet may come at any time."""
        self._on_event = on_event
        for headset in self._headsets.values():
            headset.link.open()

    async def close(self) -> None:
        """End what is left and let go of the ports."""
        for call in list(self._calls.values()):
            self.hang_up(call.call_id)
        for headset in self._headsets.values():
            headset.link.close()
        await asyncio.sleep(0)

    def capacity(self) -> int:
        """How many headsets are connected."""
        return sum(1 for headset in self._headsets.values() if headset.link.gateway.connected)

    def states(self) -> list[HeadsetState]:
        """How each headset is now."""
        return [_state(headset) for headset in self._headsets.values()]

    def sound(self, call_id: str) -> Sound | None:
        """The audio of a call that is up, if it is on this box."""
        call = self._calls.get(call_id)
        return call.headset.sound if call is not None and call.up else None

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Headsets dial no numbers: `Ended(NO_LINE)`."""
        self._check_free(call_id)
        self._say(events.Ended(call_id, Cause.NO_LINE, detail="headsets dial no numbers"))

    def call_station(self, call_id: str, address: str) -> None:
        """Ring the headset `hfp:NAME`."""
        self._check_free(call_id)
        headset = self._headsets.get(address.removeprefix(SCHEME))
        if headset is None:
            self._say(events.Ended(call_id, Cause.INVALID_NUMBER, detail=f"no headset is called {address!r}"))
        elif (refusal := _refusal(headset)) is not None:
            self._say(events.Ended(call_id, refusal[0], detail=refusal[1]))
        else:
            headset.call = self._calls[call_id] = _Call(call_id, headset)
            self._say(events.Dialed(call_id, f"{SCHEME}{headset.settings.name}/{next(self._numbers)}"))
            self._say(events.Ringing(call_id))
            headset.link.ring()

    def hang_up(self, call_id: str) -> None:
        """End the call; the headset shows it."""
        call = self._calls.get(call_id)
        if call is not None:
            call.headset.link.hang_up()
            self._over(call, Cause.NORMAL if call.up else Cause.CANCELLED)

    def play(self, call_id: str, wav: Path) -> None:
        """Play a file to the agent; over at once when the headset's audio is not here, or the file is no good."""
        call = self._calls.get(call_id)
        if call is None:
            return
        try:
            if call.up and call.headset.sound is not None:
                call.headset.sound.play(wav, partial(self._played, call))
                return
        except DriverError as error:
            _log.error("call %s: cannot play: %s", call_id, error)
        self._played(call)

    def send_digits(self, call_id: str, digits: str) -> None:
        """A headset has no use for digits."""

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Join two headsets, which only those with their audio on this box can be."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is None:
            return
        if peer is None or not call.up or not peer.up:
            self._say(events.JoinFailed(call_id, peer_id, "both calls must be up"))
            return
        mine, other = call.headset.sound, peer.headset.sound
        if mine is None or other is None:
            self._say(events.JoinFailed(call_id, peer_id, "a headset has no audio on this box"))
            return
        mine.hear(other, tone=False)
        other.hear(mine, tone=tone)
        call.peers.add(peer_id)
        peer.peers.add(call_id)
        self._say(events.Joined(call_id, peer_id))

    def part(self, call_id: str, peer_id: str) -> None:
        """Undo `join`."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is not None and peer is not None and peer_id in call.peers:
            _part(call, peer)

    def mute(self, call_id: str, muted: bool) -> None:
        """Close or open the microphone: at the headset, where it follows, and here."""
        call = self._calls.get(call_id)
        if call is None:
            return
        call.muted_here = muted
        at_headset = call.headset.link.mute(muted)
        if call.headset.sound is not None:
            call.headset.sound.mute(muted)
        elif not at_headset:
            _log.warning("headset %s cannot be muted from here: mute it at its own button", call.headset.settings.name)

    def show(self, call_id: str, lamp: Lamp) -> None:
        """In a talk the end button is for the customer's call. No lamp: a headset's light is its own."""
        call = self._calls.get(call_id)
        if call is None:
            return
        call.talking = lamp is Lamp.TALKING
        if call.talking:
            call.headset.link.keep_call(True)
        else:
            asyncio.get_running_loop().call_later(END_GRACE_S, self._end_of_grace, call)

    def _end_of_grace(self, call: _Call) -> None:
        if self._calls.get(call.call_id) is call and not call.talking:
            call.headset.link.keep_call(False)

    def _check_free(self, call_id: str) -> None:
        if call_id in self._calls:
            raise ValueError(f"call id {call_id!r} is in use")

    def _on_notice(self, name: str, notice: Notice | Lost) -> None:
        call = self._headsets[name].call
        if call is None:
            return
        match notice:
            case AnswerPressed():
                self._answered(call)
            case EndPressed(rejected):
                self._over(call, Cause.REJECTED if rejected else Cause.NORMAL)
            case RangOut():
                self._over(call, Cause.NO_ANSWER, "nobody pressed the headset's button")
            case Reconnected():
                self._over(call, Cause.LINE_LOST, "the headset's link was lost: it connected anew")
            case Lost(detail):
                self._over(call, Cause.LINE_LOST, f"the headset's link was lost: {detail}")
            case _ if call.up:
                self._pass_on(call, notice)

    def _pass_on(self, call: _Call, notice: Notice | Lost) -> None:
        match notice:
            case MutePressed(muted):
                call.muted_here = False
                if call.headset.sound is not None:
                    call.headset.sound.mute(muted)
                self._say(events.MuteChanged(call.call_id, muted))
            case BatteryTold(percent):
                self._say(events.BatteryLevel(call.call_id, percent))
            case KeyPressed(key):
                self._say(events.DigitReceived(call.call_id, key))
            case EndAsked() if call.talking:
                self._say(events.HangUpAsked(call.call_id))

    def _answered(self, call: _Call) -> None:
        sound, gateway = call.headset.sound, call.headset.link.gateway
        try:
            if sound is not None:
                sound.open(partial(self._sound_lost, call))
                sound.mute(gateway.muted)
        except DriverError as error:
            call.headset.link.hang_up()
            self._over(call, Cause.FAILED, f"the headset's audio cannot be opened: {error}")
            return
        call.up = True
        self._say(events.Answered(call.call_id))
        if gateway.muted:
            self._say(events.MuteChanged(call.call_id, True))
        if gateway.battery_percent is not None:
            self._say(events.BatteryLevel(call.call_id, gateway.battery_percent))

    def _sound_lost(self, call: _Call, why: str) -> None:
        if self._calls.get(call.call_id) is call:
            call.headset.link.hang_up()
            self._over(call, Cause.LINE_LOST, f"the headset's audio was lost: {why}")

    def _over(self, call: _Call, cause: Cause, detail: str = "") -> None:
        for peer_id in list(call.peers):
            _part(call, self._calls[peer_id])
        del self._calls[call.call_id]
        call.headset.call = None
        call.headset.link.keep_call(False)
        if call.muted_here:
            call.headset.link.mute(False)
        if call.up and call.headset.sound is not None:
            call.headset.sound.close()
        self._say(events.Ended(call.call_id, cause, detail=detail))

    def _played(self, call: _Call) -> None:
        if self._calls.get(call.call_id) is call:
            self._say(events.MessagePlayed(call.call_id))

    def _say(self, event: events.LineEvent) -> None:
        if self._on_event is None:
            raise RuntimeError("start the driver first")
        asyncio.get_running_loop().call_soon(self._on_event, event)


def _refusal(headset: _Headset) -> tuple[Cause, str] | None:
    """Why a headset cannot be called now, if so."""
    name = headset.settings.name
    if headset.call is not None:
        return Cause.NO_LINE, f"headset {name} is on call {headset.call.call_id}"
    if not headset.link.gateway.connected:
        return Cause.UNAVAILABLE, f"headset {name} is not connected: {headset.link.trouble}"
    return None


def _part(call: _Call, peer: _Call) -> None:
    for one, other in ((call, peer), (peer, call)):
        one.peers.discard(other.call_id)
        if one.headset.sound is not None and other.headset.sound is not None:
            one.headset.sound.unhear(other.headset.sound)


def _state(headset: _Headset) -> HeadsetState:
    gateway = headset.link.gateway
    return HeadsetState(
        headset.settings.name,
        gateway.connected,
        headset.link.trouble,
        gateway.call,
        gateway.muted,
        gateway.battery_percent,
        gateway.speaker_gain,
    )
