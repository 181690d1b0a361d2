"""The SIP line driver: spreads calls over cards, keeps the cards alive, and looks like one bank of lines."""

import asyncio
import logging
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw.audio.ring import create_segment, ring_number
from hw.audio.sound import Audible
from hw.audio.wav import wav_seconds
from hw.contract import events
from hw.contract.causes import Cause
from hw.contract.driver import DriverError, Lamp, OnEvent
from hw.sip import wire
from hw.sip.child import CardLink
from hw.sip.config import SipSettings, SipTrunk
from hw.sip.placement import Load, card_for_customer, card_for_station, shared

START_LIMIT_S = 15.0
CLOSE_LIMIT_S = 3.0
CHECK_EVERY_S = 1.0
SILENT_CHECKS = 5
STEADY_S = 60.0
RESTART_DELAYS_S = (0.05, 0.5, 1.0, 2.0, 5.0, 10.0)
STUCK_CHECKS = 40
_NUMBER = re.compile(r"[+0-9A-Za-z*_.-]+")
_ADDRESS = re.compile(r"sips?:[^\s<>\"]+")
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Join:
    """A join across cards; it stands when both cards have said so. `done` hears of one with a voice of another kind."""

    call_id: str
    peer_id: str
    pending: int = 2
    done: Callable[[str], None] | None = None


@dataclass(slots=True, eq=False)
class _Call:
    """A call as the pool sees it. `due` is its start when that has to wait for the card's pace."""

    call_id: str
    trunk: str
    station: bool
    card: "_Card | None" = None
    slot: int = 0
    due: asyncio.TimerHandle | None = None
    joins: dict[str, _Join] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Card:
    """A card as the pool sees it; `link` is None while it is down."""

    index: int
    load: Load
    link: CardLink | None = None
    capacity: int = 0
    lingering: int = 0
    calls: dict[int, _Call] = field(default_factory=dict)
    failures: int = 0
    silent_checks: int = 0
    stuck_checks: int = 0
    up_at: float = 0.0

    @property
    def worn(self) -> bool:
        """A slot has been held far beyond every SIP timer: the card takes no more calls, and is replaced when empty."""
        return self.stuck_checks > STUCK_CHECKS

    def weigh(self) -> None:
        """Bring `load` up to date."""
        usable = self.link is not None and self.capacity > 0 and not self.worn
        self.load.free = max(0, self.capacity - len(self.calls) - self.lingering) if usable else 0
        self.load.stations = sum(1 for call in self.calls.values() if call.station)


class SipPool:
    """A `LineDriver` for SIP trunks and stations, on the running asyncio loop.

    `segment` holds the rings when others share them (`most_cards` tells its size); it stays the caller's.
    """

    def __init__(self, settings: SipSettings, segment: int | None = None) -> None:
        self._settings = settings
        self._given_segment = segment
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
        self._calls: dict[str, _Call] = {}
        self._cards: list[_Card] = []
        self._closing = False
        self._segment = -1
        self._nursery: subprocess.Popen[bytes] | None = None
        self._nursery_link: socket.socket | None = None
        self._check: asyncio.TimerHandle | None = None
        self._restarts: set[asyncio.TimerHandle] = set()
        self._started: dict[int, asyncio.Future[None]] = {}
        self._told_lines = {trunk.name: trunk.max_lines for trunk in settings.trunks}

    # The contract

    async def start(self, on_event: OnEvent) -> None:
        """Bring the cards up. Raises DriverError when a message file, a port or a codec will not do."""
        for message in self._settings.messages:
            wav_seconds(message)
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        given = self._given_segment
        self._segment = create_segment(most_cards(self._settings)) if given is None else os.dup(given)
        try:
            await self._start_cards(1)
            per_card = self._cards[0].capacity
            wanted = -(-self._settings.max_calls // per_card)
            await self._start_cards(wanted + (1 if wanted > 1 else 0))
        except BaseException:
            await self.close()
            raise
        self._check = self._loop.call_later(CHECK_EVERY_S, self._check_cards)

    async def close(self) -> None:
        """Hang up everything, wait for the far ends for a moment, and let go of every process."""
        if self._segment < 0:
            return
        self._closing = True
        for handle in (self._check, *self._restarts, *(call.due for call in self._calls.values())):
            if handle is not None:
                handle.cancel()
        for card in self._cards:
            if card.link is not None:
                card.link.send(wire.Quit())
        deadline = self._loop.time() + CLOSE_LIMIT_S
        while any(card.link is not None for card in self._cards) and self._loop.time() < deadline:
            await asyncio.sleep(0.01)
        for card in self._cards:
            if card.link is not None:
                card.link.kill()
                self._lose(card)
        for call in list(self._calls.values()):
            self._end(call, Cause.LINE_LOST, "the lines were closed")
        await self._close_nursery()
        if self._segment >= 0:
            os.close(self._segment)
            self._segment = -1

    def capacity(self) -> int:
        """Calls that the live cards can hold, at most `max_calls`."""
        live = sum(card.capacity - card.lingering for card in self._cards if card.link is not None and not card.worn)
        return min(self._settings.max_calls, live)

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call `number` over `trunk`."""
        call = self._new_call(call_id, trunk, station=False)
        known = self._trunks.get(trunk)
        if known is None:
            self._refuse(call, Cause.NO_LINE, f"no trunk is called {trunk!r}")
        elif not _NUMBER.fullmatch(number):
            self._refuse(call, Cause.INVALID_NUMBER, f"{number!r} is no number")
        elif caller_id and not _NUMBER.fullmatch(caller_id):
            self._refuse(call, Cause.FAILED, f"{caller_id!r} cannot be shown as caller")
        elif sum(1 for other in self._calls.values() if other.trunk == trunk) > known.max_lines:
            self._refuse(call, Cause.NO_LINE, f"all {known.max_lines} lines of trunk {trunk!r} are in use")
        else:
            self._place(call, known.target.replace("{number}", number), known, caller_id)

    def call_station(self, call_id: str, address: str) -> None:
        """Call an agent's station at a SIP URI."""
        call = self._new_call(call_id, "", station=True)
        if not _ADDRESS.fullmatch(address):
            self._refuse(call, Cause.INVALID_NUMBER, f"{address!r} is no SIP address")
        else:
            self._place(call, address, None, "")

    def hang_up(self, call_id: str) -> None:
        """End the call, whatever its state."""
        call = self._calls.get(call_id)
        if call is None:
            return
        if call.due is not None:
            call.due.cancel()
            call.due = None
            self._refuse(call, Cause.CANCELLED, "hung up before it was dialed")
        else:
            self._tell(call, wire.HangUp(call_id))

    def play(self, call_id: str, wav: Path) -> None:
        """Play a WAV file to the call."""
        self._tell(self._calls.get(call_id), wire.Play(call_id, str(wav)))

    def send_digits(self, call_id: str, digits: str) -> None:
        """Send DTMF."""
        self._tell(self._calls.get(call_id), wire.SendDigits(call_id, digits))

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Pass audio both ways: by the card's bridge when both are on one card, else by shared-memory rings."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is None or call.card is None:
            return
        if peer is None or peer.card is None:
            self._loop.call_soon(self._join_failed, call, peer_id, "the other call is over")
        elif call.card is peer.card:
            self._tell(call, wire.JoinHere(call_id, peer_id, tone))
        else:
            call.joins[peer_id] = peer.joins[call_id] = _Join(call_id, peer_id)
            self._tell(call, wire.JoinRing(call_id, peer_id, ring_number(peer.card.index, peer.slot), False))
            self._tell(peer, wire.JoinRing(peer_id, call_id, ring_number(call.card.index, call.slot), tone))

    def part(self, call_id: str, peer_id: str) -> None:
        """Undo `join`."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is not None:
            call.joins.pop(peer_id, None)
            self._tell(call, wire.Part(call_id, peer_id))
        if peer is not None:
            peer.joins.pop(call_id, None)
            self._tell(peer, wire.Part(peer_id, call_id))

    def mute(self, call_id: str, muted: bool) -> None:
        """Nothing: a SIP phone has a mute of its own."""

    def show(self, call_id: str, lamp: Lamp) -> None:
        """Nothing: a SIP phone shows its call by itself."""

    # Voices of other kinds (hw.lines)

    def ring_of(self, call_id: str) -> int | None:
        """The ring that a call speaks into once it hears another one."""
        call = self._calls.get(call_id)
        return ring_number(call.card.index, call.slot) if call is not None and call.card is not None else None

    def hear(self, call_id: str, other: Audible, *, tone: bool, done: Callable[[str], None]) -> None:
        """Let a call speak into its ring and hear another voice; `done` is told what went wrong, or nothing."""
        call = self._calls.get(call_id)
        if call is None:
            self._loop.call_soon(done, "the call is over")
            return
        peer = _peer_name(other)
        call.joins[peer] = _Join(call_id, peer, 1, done)
        self._tell(call, wire.JoinRing(call_id, peer, other.ring, tone))

    def unhear(self, call_id: str, other: Audible) -> None:
        """Undo `hear`."""
        self.part(call_id, _peer_name(other))

    # For operators and the bench

    def card_of(self, call_id: str) -> int | None:
        """Number of the card that holds a call."""
        call = self._calls.get(call_id)
        return call.card.index if call is not None and call.card is not None else None

    def card_pids(self) -> dict[int, int]:
        """Process of each card that is up."""
        return {card.index: card.link.pid for card in self._cards if card.link is not None and card.link.pid}

    def kill_card(self, index: int) -> None:
        """Kill a card's process; its calls are lost and it is started again. Raises IndexError when there is none."""
        link = self._cards[index].link
        if link is not None:
            link.kill()

    # Placing calls

    def _new_call(self, call_id: str, trunk: str, *, station: bool) -> _Call:
        if call_id in self._calls:
            raise ValueError(f"call id {call_id!r} is in use")
        call = self._calls[call_id] = _Call(call_id, trunk, station)
        return call

    def _refuse(self, call: _Call, cause: Cause, detail: str) -> None:
        self._loop.call_soon(self._end, call, cause, detail)

    def _place(self, call: _Call, uri: str, trunk: SipTrunk | None, caller_id: str) -> None:
        now = self._loop.time()
        for card in self._cards:
            card.weigh()
        loads = [card.load for card in self._cards]
        load = card_for_station(loads) if call.station else card_for_customer(loads, now)
        if load is None or len(self._calls) > self._settings.max_calls:
            self._loop.call_soon(self._tell_lines)
            self._refuse(call, Cause.NO_LINE, "every line is in use")
            return
        card = self._cards[load.card]
        call.card = card
        call.slot = next(slot for slot in range(card.capacity) if slot not in card.calls)
        card.calls[call.slot] = call
        shown_as = f"sip:{caller_id}@{trunk.host}" if trunk is not None and caller_id else ""
        account = wire.STATION if trunk is None else trunk.name if trunk.username else wire.NO_LOGIN
        command = wire.Dial(call.call_id, call.slot, uri, account, shown_as)
        delay_s = load.reserve_start(now)
        if delay_s > 0:
            call.due = self._loop.call_later(delay_s, self._dial_now, call, command)
        else:
            self._dial_now(call, command)

    def _dial_now(self, call: _Call, command: wire.Dial) -> None:
        call.due = None
        self._tell(call, command)

    def _tell(self, call: _Call | None, command: Any) -> None:
        if call is not None and call.card is not None and call.card.link is not None:
            call.card.link.send(command)

    # What the cards say

    def _on_readable(self, card: _Card) -> None:
        try:
            while card.link is not None:
                message = card.link.receive()
                if message is None:
                    return
                card.silent_checks = 0
                self._on_message(card, message)
        except EOFError:
            self._lose(card)

    def _on_message(self, card: _Card, message: Any) -> None:
        match message:
            case wire.Hello():
                self._on_hello(card, message)
            case wire.Failed(detail):
                _log.error("card %d cannot start: %s", card.index, detail)
                self._started_with(card, DriverError(detail))
            case wire.Beat(lingering):
                fewer, card.lingering = lingering < card.lingering, lingering
                card.stuck_checks = card.stuck_checks if lingering else 0
                if fewer:
                    self._tell_lines_back()
            case wire.Note(level, text):
                _log.log(level, "card %d: %s", card.index, text)
            case wire.Linked():
                self._on_linked(message)
            case events.LineEvent():
                self._on_line_event(message)

    def _on_hello(self, card: _Card, hello: wire.Hello) -> None:
        assert card.link is not None
        card.link.greeted(hello)
        card.capacity = hello.capacity
        card.up_at = self._loop.time()
        self._started_with(card, None)
        self._tell_lines_back()

    def _on_line_event(self, event: events.LineEvent) -> None:
        call = self._calls.get(event.call_id)
        if call is None:
            return
        if isinstance(event, events.Ended):
            self._release(call)
        self._on_event(event)

    def _on_linked(self, linked: wire.Linked) -> None:
        call = self._calls.get(linked.call_id)
        join = call.joins.get(linked.peer_id) if call is not None else None
        if join is None:
            return
        if join.done is not None:
            join.done(linked.failure)
            return
        if linked.failure:
            # What is wrong with the person's side, on hold say, is no fault of the station.
            self._break_join(join, linked.failure, no_path=linked.call_id == join.call_id)
            return
        join.pending -= 1
        if join.pending == 0:
            self._on_event(events.Joined(join.call_id, join.peer_id))

    def _break_join(self, join: _Join, detail: str, *, no_path: bool = False) -> None:
        failed = join.pending > 0
        self.part(join.call_id, join.peer_id)
        call = self._calls.get(join.call_id)
        if failed and call is not None:
            self._join_failed(call, join.peer_id, detail, no_path=no_path)

    def _join_failed(self, call: _Call, peer_id: str, detail: str, *, no_path: bool = False) -> None:
        if self._calls.get(call.call_id) is call:
            self._on_event(events.JoinFailed(call.call_id, peer_id, detail, no_path))

    def _release(self, call: _Call) -> None:
        del self._calls[call.call_id]
        if call.card is not None:
            call.card.calls.pop(call.slot, None)
        for peer_id, join in call.joins.items():
            if join.done is None and peer_id in self._calls:
                self._break_join(join, "the other call is over")
        self._tell_lines_back()

    def _end(self, call: _Call, cause: Cause, detail: str) -> None:
        if self._calls.get(call.call_id) is not call:
            return
        if call.due is not None:
            call.due.cancel()
        self._release(call)
        self._on_event(events.Ended(call.call_id, cause, None, None, detail))

    # Keeping cards alive

    async def _start_cards(self, total: int) -> None:
        waiting = []
        for index in range(len(self._cards), total):
            card = _Card(index, Load(index, 0))
            self._cards.append(card)
            self._started[index] = self._loop.create_future()
            waiting.append(self._started[index])
            self._spawn(card)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await asyncio.gather(*waiting)
        except TimeoutError as error:
            raise DriverError(
                f"a SIP card did not start within {START_LIMIT_S:.0f} s; is the machine overloaded?"
            ) from error

    def _started_with(self, card: _Card, error: DriverError | None) -> None:
        started = self._started.pop(card.index, None)
        if started is None or started.done():
            return
        if error is None:
            started.set_result(None)
        else:
            started.set_exception(error)

    def _spawn(self, card: _Card) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = self._settings
        accounts = tuple((t.name, t.host, t.username, t.password) for t in settings.trunks if t.username)
        spec = wire.CardSpec(
            card.index,
            settings.bind_ip,
            settings.sip_port(card.index),
            settings.rtp_port(card.index),
            settings.codecs,
            accounts,
        )
        with theirs:
            self._ask_nursery(wire.encode(spec), theirs.fileno())
        card.link = CardLink(card.index, ours, settings.bind_ip)
        card.silent_checks = card.stuck_checks = card.lingering = 0
        self._loop.add_reader(ours, self._on_readable, card)

    def _ask_nursery(self, packet: bytes, descriptor: int) -> None:
        if self._nursery_link is None:
            self._nursery, self._nursery_link = _start_nursery(self._segment)
        try:
            socket.send_fds(self._nursery_link, [packet], [descriptor])
        except ConnectionError:
            _log.error("the process that starts SIP cards is gone; starting another")
            self._nursery_link.close()
            self._nursery, self._nursery_link = _start_nursery(self._segment)
            socket.send_fds(self._nursery_link, [packet], [descriptor])

    def _lose(self, card: _Card) -> None:
        if card.link is None:
            return
        self._loop.remove_reader(card.link.link)
        card.link.close()
        card.link = None
        lost = list(card.calls.values())
        steady = card.capacity > 0 and self._loop.time() - card.up_at > STEADY_S
        card.capacity = card.lingering = 0
        if not self._closing:
            _log.error("card %d is gone, with %d calls", card.index, len(lost))
        # Before the ends, on which the engine may start other calls at once.
        self._tell_lines()
        for call in lost:
            self._end(call, Cause.LINE_LOST, "the process that held the call is gone")
        self._started_with(
            card,
            DriverError(f"SIP card {card.index} died while starting (see stderr); is pjsua2-python installed?"),
        )
        if not self._closing:
            self._restart_later(card, 0 if steady else card.failures)

    def _restart_later(self, card: _Card, failures: int) -> None:
        card.failures = failures + 1
        if failures >= len(RESTART_DELAYS_S):
            _log.critical(
                "card %d died %d times in a row and is given up; %d calls remain", card.index, failures, self.capacity()
            )
            return
        handle = self._loop.call_later(RESTART_DELAYS_S[failures], self._restart, card)
        self._restarts.add(handle)

    def _restart(self, card: _Card) -> None:
        self._restarts = {handle for handle in self._restarts if handle.when() > self._loop.time()}
        if not self._closing:
            self._spawn(card)

    def _check_cards(self) -> None:
        self._check = self._loop.call_later(CHECK_EVERY_S, self._check_cards)
        for card in self._cards:
            if card.link is None:
                continue
            card.silent_checks += 1
            card.stuck_checks += 1 if card.lingering else 0
            if card.silent_checks > SILENT_CHECKS:
                _log.error("card %d has not moved for %d s and is killed", card.index, SILENT_CHECKS)
                card.link.kill()
            elif card.worn and not card.calls:
                _log.warning("card %d holds a call that never ends and is replaced", card.index)
                card.link.kill()
        self._tell_lines()

    # What the trunks have

    def _tell_lines(self, *, fewer: bool = True) -> None:
        """Tell the trunks whose usable lines have changed; unless `fewer`, only those that have more again.

        Every call that we hang up holds its slot until the far end agrees, so lines that become fewer are told only
        when that has lasted, when a card is lost, or when a call found no slot.
        """
        if self._check is None or self._closing:
            return
        for trunk, lines in self._usable_lines().items():
            told = self._told_lines[trunk]
            if lines > told or (fewer and lines < told):
                self._told_lines[trunk] = lines
                because = self._why_fewer() if lines < self._trunks[trunk].max_lines else ""
                self._on_event(events.TrunkLines(trunk, lines, because))

    def _tell_lines_back(self) -> None:
        self._tell_lines(fewer=False)

    def _usable_lines(self) -> dict[str, int]:
        """Lines of each trunk, busy ones among them. Trunks share the slots: each has its part while they are short.

        A trunk that has more calls than its part keeps them, and the others have what it leaves.
        """
        for card in self._cards:
            card.weigh()
        held = [call for call in self._calls.values() if call.card is not None and call.card.link is not None]
        free = min(sum(card.load.free for card in self._cards), self._settings.max_calls - len(held))
        lines = {trunk.name: trunk.max_lines for trunk in self._settings.trunks}
        if len(held) + free >= self._settings.max_calls:
            return lines
        busy = Counter(call.trunk for call in held if not call.station)
        shares = shared(free + busy.total(), lines)
        return {trunk: min(share, busy[trunk] + free) for trunk, share in shares.items()}

    def _why_fewer(self) -> str:
        down = any(card.link is None or card.capacity == 0 or card.worn for card in self._cards)
        linger = any(card.lingering for card in self._cards)
        reasons = (("SIP cards are down", down), ("calls linger whose end the far end has not confirmed", linger))
        return "; ".join(text for text, holds in reasons if holds)

    async def _close_nursery(self) -> None:
        if self._nursery is None or self._nursery_link is None:
            return
        self._nursery_link.close()
        deadline = self._loop.time() + CLOSE_LIMIT_S
        while self._nursery.poll() is None and self._loop.time() < deadline:
            await asyncio.sleep(0.01)
        if self._nursery.poll() is None:
            self._nursery.kill()
            self._nursery.wait()
        self._nursery = self._nursery_link = None


def _peer_name(other: Audible) -> str:
    """What stands for a voice where the calls of a join have their names."""
    return f"ring {other.ring}"


def most_cards(settings: SipSettings) -> int:
    """Cards whose rings a segment must have room for: more than any capacity asks for; it takes memory where used."""
    return settings.max_calls + 8


def _start_nursery(segment: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "hw.sip.nursery", str(theirs.fileno()), str(segment)],
            pass_fds=(theirs.fileno(), segment),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process, ours
