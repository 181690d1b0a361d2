"""A card: a child process with one pjsua2 endpoint that does what the pool tells it over a socket.

The published pjsua2 holds four calls per process and aborts on its own asserts, so lines live in many small
processes. A card outlives no pool: when the socket closes it hangs up everything and leaves.
"""

import contextlib
import gc
import heapq
import logging
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pjsua2 as pj

from hw.audio.ring import Segment, ring_number
from hw.contract import events
from hw.contract.causes import Cause, cause_of
from hw.contract.driver import DriverError
from hw.sip import wire
from hw.sip.endpoint import TOO_MANY_CALLS, Endpoint
from hw.sip.leg import Digit, Down, Facts, Leg, Line, Media, Progress, Up
from hw.sip.message import readable
from hw.sip.sound import TONE_MS, SlotSound
from hw.sip.watch import Watch

POLL_MS = 100
BEAT_S = 1.0
FAREWELL_S = 1.0
HANG_UP_LIMIT_S = 40.0
_KEYS = frozenset("0123456789*#ABCD")


def run(link: socket.socket, spec: wire.CardSpec, segment_descriptor: int) -> None:
    """Be card `spec` until the pool is gone; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The collector must never run in a media thread's callback, where freeing a call would hang it up.
    gc.disable()
    try:
        card = Card(link, spec, Segment(segment_descriptor))
    except (DriverError, pj.Error) as error:
        detail = str(error) if isinstance(error, DriverError) else f"SIP card cannot start: {error.info()}"
        link.send(wire.encode(wire.Failed(readable(detail))))
        os._exit(1)
    card.serve()
    os._exit(0)


class Card:
    """The calls of one process."""

    def __init__(self, link: socket.socket, spec: wire.CardSpec, segment: Segment) -> None:
        self._link = link
        self._link.setblocking(False)
        self._spec = spec
        self._facts: Facts = deque()
        self._outbox: deque[bytes] = deque()
        self._legs: dict[str, Leg] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._due_count = 0
        self._tickets = 0
        self._quitting = False
        self._lingering = 0
        self._beat_at = 0.0
        self._endpoint = Endpoint(spec)
        slots = range(self._endpoint.capacity)
        self._sounds = [SlotSound(segment, ring_number(spec.index, slot)) for slot in slots]
        self._commands: dict[type[Any], Callable[[Any], None]] = {
            wire.Dial: self._dial,
            wire.HangUp: self._hang_up,
            wire.Play: self._play,
            wire.SendDigits: self._send_digits,
            wire.JoinHere: self._join_here,
            wire.JoinRing: self._join_ring,
            wire.Part: self._part,
            wire.Quit: self._quit,
        }
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Progress: self._on_progress,
            Up: self._on_up,
            Media: self._on_media,
            Digit: self._on_digit,
            Down: self._on_down,
        }
        self._say(wire.Hello(os.getpid(), self._endpoint.capacity, self._endpoint.sip_port))

    def serve(self) -> None:
        """Work until told to quit, or until the pool is gone."""
        while not self._quitting:
            self._turn(self._timeout_ms())
        for call_id in list(self._legs):
            self._hang_up(wire.HangUp(call_id))
        until = time.monotonic() + FAREWELL_S
        while time.monotonic() < until and (self._legs or self._endpoint.lingering(0)):
            self._turn(10)

    def _turn(self, timeout_ms: int) -> None:
        # Facts come before each command: a session that has just ended must not be touched any more.
        self._endpoint.poll(timeout_ms)
        self._take_facts()
        self._take_commands()
        self._run_due()
        self._take_facts()
        self._tell_lingering(time.monotonic())
        self._flush()

    def _timeout_ms(self) -> int:
        if not self._due:
            return POLL_MS
        return max(0, min(POLL_MS, int((self._due[0][0] - time.monotonic()) * 1000) + 1))

    def _take_commands(self) -> None:
        while not self._quitting:
            try:
                packet = self._link.recv(wire.MAX_PACKET_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                packet = b""
            if not packet:
                self._quitting = True
                return
            command = wire.decode(packet)
            self._commands[type(command)](command)
            self._take_facts()

    def _take_facts(self) -> None:
        while self._facts:
            fact = self._facts.popleft()
            if self._legs.get(fact.leg.call_id) is fact.leg:
                self._handlers[type(fact)](fact)

    def _run_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something in `delay_s`. The action must hold no `Leg`: see there."""
        self._due_count += 1
        heapq.heappush(self._due, (time.monotonic() + delay_s, self._due_count, action))

    def _tell_lingering(self, now: float) -> None:
        lingering = self._endpoint.lingering(len(self._legs))
        if lingering != self._lingering or now >= self._beat_at:
            self._lingering = lingering
            self._beat_at = now + BEAT_S
            self._watch_stations(now)
            self._say(wire.Beat(lingering))

    def _watch_stations(self, now: float) -> None:
        """Ask the phones that have fallen silent; one that is gone does not answer, and the library ends its call."""
        for leg in self._legs.values():
            if leg.watch is None or not leg.answered or leg.hung_up:
                continue
            with contextlib.suppress(pj.Error):
                packets = leg.call.getStreamStat(0).rtcp.rxStat.pkt
                if leg.watch.must_ask(packets, now):
                    leg.call.reinvite(pj.CallOpParam(True))

    def _say(self, message: Any) -> None:
        self._outbox.append(wire.encode(message))

    def _flush(self) -> None:
        while self._outbox:
            try:
                self._link.send(self._outbox[0])
            except BlockingIOError:
                return
            except ConnectionError:
                self._quitting = True
                self._outbox.clear()
                return
            self._outbox.popleft()

    # Commands

    def _dial(self, command: wire.Dial) -> None:
        line = Line(self._endpoint.account(command.account), self._facts, self._endpoint.native)
        leg = Leg(command.call_id, command.slot, line, watch=Watch() if command.account == wire.STATION else None)
        line.leg = leg
        self._legs[command.call_id] = leg
        try:
            line.makeCall(command.uri, _call_options(command.shown_as))
        except pj.Error as error:
            self._forget(leg)
            cause = Cause.NO_LINE if error.status == TOO_MANY_CALLS else Cause.FAILED
            self._say(events.Ended(command.call_id, cause, None, None, f"cannot place the call: {_why(error)}"))
            return
        self._say(events.Dialed(command.call_id, line.getInfo().callIdString))

    def _hang_up(self, command: wire.HangUp) -> None:
        leg = self._legs.get(command.call_id)
        if leg is None or leg.hung_up:
            return
        leg.hung_up = True
        call_id, ticket = leg.call_id, self._new_ticket(leg)
        self._later(HANG_UP_LIMIT_S, lambda: self._give_up(call_id, ticket))
        if not leg.answered and leg.call.session is not None:
            self._endpoint.native.cancel(leg.call.session)
        else:
            self._end(leg)

    def _give_up(self, call_id: str, ticket: int) -> None:
        """Every SIP timer has run out, and still the library has not said that the call is over."""
        leg = self._legs.get(call_id)
        if leg is not None and leg.ticket == ticket:
            self._note(logging.ERROR, f"call {call_id} did not end within {HANG_UP_LIMIT_S:.0f} s of its hang-up")
            self._forget(leg)
            self._tell_lingering(time.monotonic())
            self._say(events.Ended(call_id, Cause.LINE_LOST, None, None, "the call did not end when hung up"))

    def _end(self, leg: Leg) -> None:
        with contextlib.suppress(pj.Error):
            leg.call.hangup(pj.CallOpParam())

    def _play(self, command: wire.Play) -> None:
        leg = self._legs.get(command.call_id)
        if leg is None or leg.hung_up:
            return
        call_id, ticket = leg.call_id, self._new_ticket(leg)
        sound = self._sounds[leg.slot]
        try:
            media = leg.call.getAudioMedia(-1)
            sound.stop_playing(media)
            length_s = sound.play(media, Path(command.wav))
        except (pj.Error, DriverError) as error:
            self._note(logging.ERROR, f"call {leg.call_id}: cannot play {command.wav}: {_why(error)}")
            self._say(events.MessagePlayed(leg.call_id))
            return
        self._later(length_s, lambda: self._played(call_id, ticket))

    def _played(self, call_id: str, ticket: int) -> None:
        leg = self._legs.get(call_id)
        if leg is not None and leg.ticket == ticket:
            self._sounds[leg.slot].stop_playing(_media(leg))
            self._say(events.MessagePlayed(leg.call_id))

    def _send_digits(self, command: wire.SendDigits) -> None:
        leg = self._legs.get(command.call_id)
        if leg is None:
            return
        try:
            leg.call.dialDtmf(command.digits)
        except pj.Error as error:
            self._note(logging.WARNING, f"call {leg.call_id}: cannot send {command.digits}: {_why(error)}")

    def _join_here(self, command: wire.JoinHere) -> None:
        leg, peer = self._legs.get(command.call_id), self._legs.get(command.peer_id)
        if leg is None:
            return
        try:
            _answered(leg).call.getAudioMedia(-1)
        except (pj.Error, DriverError) as error:
            # What is wrong with the person's side, on hold say, is no fault of the station.
            self._say(events.JoinFailed(leg.call_id, command.peer_id, _why(error), no_path=True))
            return
        try:
            if peer is None:
                raise DriverError("the other call is over")
            _bridge(leg, _answered(peer))
            if command.tone:
                self._tone(peer)
        except (pj.Error, DriverError) as error:
            self._say(events.JoinFailed(leg.call_id, command.peer_id, _why(error)))
            return
        leg.links[peer.call_id] = None
        peer.links[leg.call_id] = None
        self._say(events.Joined(leg.call_id, peer.call_id))

    def _join_ring(self, command: wire.JoinRing) -> None:
        leg = self._legs.get(command.call_id)
        if leg is None:
            return
        try:
            self._sounds[leg.slot].hear_ring(_answered(leg).call.getAudioMedia(-1), command.ring)
            if command.tone:
                self._tone(leg)
        except (pj.Error, DriverError, IndexError) as error:
            self._say(wire.Linked(leg.call_id, command.peer_id, _why(error)))
            return
        leg.links[command.peer_id] = command.ring
        self._say(wire.Linked(leg.call_id, command.peer_id, ""))

    def _part(self, command: wire.Part) -> None:
        leg = self._legs.get(command.call_id)
        if leg is None or command.peer_id not in leg.links:
            return
        ring = leg.links.pop(command.peer_id)
        peer = self._legs.get(command.peer_id)
        with contextlib.suppress(pj.Error):
            if ring is not None:
                self._sounds[leg.slot].leave_ring(_media(leg))
            elif peer is not None:
                peer.links.pop(leg.call_id, None)
                _unbridge(leg, peer)

    def _quit(self, _: wire.Quit) -> None:
        self._quitting = True

    # What the endpoint reports

    def _on_progress(self, fact: Progress) -> None:
        leg = fact.leg
        if leg.early_media != fact.early_media and not leg.answered:
            leg.early_media = fact.early_media
            self._say(events.Ringing(leg.call_id, fact.early_media))

    def _on_up(self, fact: Up) -> None:
        leg = fact.leg
        if leg.answered:
            return
        leg.answered = True
        self._say(events.Answered(leg.call_id))
        if leg.hung_up:
            self._end(leg)

    def _on_media(self, fact: Media) -> None:
        leg = fact.leg
        for peer_id, ring in leg.links.items():
            peer = self._legs.get(peer_id)
            with contextlib.suppress(pj.Error):
                if ring is not None:
                    self._sounds[leg.slot].hear_ring(leg.call.getAudioMedia(-1), ring)
                elif peer is not None:
                    _bridge(leg, peer)

    def _on_digit(self, fact: Digit) -> None:
        if fact.digit in _KEYS:
            self._say(events.DigitReceived(fact.leg.call_id, fact.digit))

    def _on_down(self, fact: Down) -> None:
        leg = fact.leg
        self._forget(leg)
        # First what is still held, so that the pool does not give the slot away on hearing of the end.
        self._tell_lingering(time.monotonic())
        self._say(events.Ended(leg.call_id, _cause(fact), fact.sip_code or None, fact.q850, _detail(fact)))

    # Helpers

    def _forget(self, leg: Leg) -> None:
        del self._legs[leg.call_id]
        leg.call.leg = None
        self._sounds[leg.slot].release()
        for peer_id in leg.links:
            peer = self._legs.get(peer_id)
            if peer is not None:
                peer.links.pop(leg.call_id, None)

    def _tone(self, leg: Leg) -> None:
        self._sounds[leg.slot].sound_tone(leg.call.getAudioMedia(-1))
        call_id = leg.call_id
        self._later(2 * TONE_MS / 1000, lambda: self._tone_over(call_id))

    def _tone_over(self, call_id: str) -> None:
        leg = self._legs.get(call_id)
        if leg is not None:
            self._sounds[leg.slot].end_tone(_media(leg))

    def _new_ticket(self, leg: Leg) -> int:
        self._tickets += 1
        leg.ticket = self._tickets
        return leg.ticket

    def _note(self, level: int, text: str) -> None:
        self._say(wire.Note(level, text))


def _call_options(shown_as: str) -> pj.CallOpParam:
    options = pj.CallOpParam(True)
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    if shown_as:
        asserted = pj.SipHeader()
        asserted.hName = "P-Asserted-Identity"
        asserted.hValue = f"<{shown_as}>"
        options.txOption.localUri = f"<{shown_as}>"
        options.txOption.headers.append(asserted)
    return options


def _answered(leg: Leg) -> Leg:
    if not leg.answered:
        raise DriverError(f"call {leg.call_id!r} is not answered")
    return leg


def _media(leg: Leg) -> Any:
    """The call's audio, or None when it has none any more."""
    try:
        return leg.call.getAudioMedia(-1)
    except pj.Error:
        return None


def _bridge(leg: Leg, peer: Leg) -> None:
    one, other = leg.call.getAudioMedia(-1), peer.call.getAudioMedia(-1)
    one.startTransmit(other)
    other.startTransmit(one)


def _unbridge(leg: Leg, peer: Leg) -> None:
    one, other = leg.call.getAudioMedia(-1), peer.call.getAudioMedia(-1)
    one.stopTransmit(other)
    other.stopTransmit(one)


def _cause(fact: Down) -> Cause:
    if fact.leg.answered:
        return Cause.NORMAL
    if fact.leg.hung_up:
        return Cause.CANCELLED
    return cause_of(fact.sip_code, fact.q850, reason_phrase=fact.phrase)


def _detail(fact: Down) -> str:
    if fact.leg.hung_up:
        return "hung up here"
    return fact.phrase if fact.said else f"{fact.phrase} (found here; the far end said nothing)"


def _why(error: Exception) -> str:
    return readable(str(error.reason) if isinstance(error, pj.Error) else str(error))
