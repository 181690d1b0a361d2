"""The host's end of a session: HELLO, keepalive, and the link inside. Sans-I/O; `now` is monotonic seconds.

docs/gateway-protocol.md sections 4 to 6 are what it does. Bytes come in with `receive`, time with `handle_timer`; after
either, `data_to_send` gives what goes on the wire and `deadline` when to come again.
"""

import enum
import random
from collections import OrderedDict
from dataclasses import dataclass

from firmware_bridge import messages as m
from firmware_bridge.clock import BoardClock
from firmware_bridge.codec import MessageError
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.link import HOST_FLOOR_S, Link

HELLO_EVERY_S = 0.1
HELLO_SLOW_S = 1.0
HELLO_QUICK = 50
BUSY_S = 1.0
_PINGS_KEPT = 8
_PINGS_PER_KEEPALIVE = 4
_FROM_BOARD = frozenset({m.FrameKind.DATA, m.FrameKind.ACK, m.FrameKind.WELCOME, m.FrameKind.REFUSE, m.FrameKind.PONG})


@dataclass(frozen=True, slots=True)
class Opened:
    """A session is up. `rebooted`: the board is another than before or knows nothing of earlier sessions."""

    welcome: m.Welcome
    rebooted: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over, and with it all calls on this board; another is tried for at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The board will not talk to us; nothing more is tried but for `BUSY`."""

    refuse: m.Refuse


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the board."""

    message: m.Message


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message came whole and makes no sense: the board's firmware is wrong or not of the agreed version."""

    detail: str


SessionEvent = Opened | Closed | Refused | Told | Unreadable


class Phase(enum.Enum):
    """Where a session is."""

    IDLE = "idle"
    OPENING = "opening"
    UP = "up"
    REFUSED = "refused"


class HostSession:
    """One board's sessions, one after the other, over one serial port."""

    def __init__(self, rng: random.Random, *, keepalive_s: float = m.KEEPALIVE_MS / 1000) -> None:
        self.phase = Phase.IDLE
        self.clock = BoardClock()
        self.reader = FrameReader()
        self.link: Link | None = None
        self._keepalive_s = keepalive_s
        self._nonce = rng.getrandbits(32)
        self._session = rng.randrange(1, 0x10000)
        self._boot_nonce: int | None = None
        self._hellos = 0
        self._heard = 0
        self._hello_at = 0.0
        self._ping_at = 0.0
        self._alive_at = 0.0
        self._pings: OrderedDict[int, float] = OrderedDict()
        self._token = 0
        self._out: list[Frame] = []

    @property
    def number(self) -> int:
        """The session's number."""
        return self._session

    def start(self, now: float) -> None:
        """The port is open: ask for a session."""
        self.reader.reset()
        self._ask_anew(now)

    def stop(self) -> None:
        """Say BYE; nothing is tried any more until `start`."""
        if self.link is not None:
            self._out = [self.link.frame(m.FrameKind.BYE)] * 2
        self._end(Phase.IDLE)

    def drop(self) -> None:
        """The port is gone: nothing can be said."""
        self._out.clear()
        self._end(Phase.IDLE)

    def give_up(self, reason: str, now: float) -> Closed:
        """End the session for a reason of the caller's, and ask for another."""
        out = [self.link.frame(m.FrameKind.BYE)] * 2 if self.link is not None else []
        self._ask_anew(now)
        self._out = out
        return Closed(reason)

    def send(self, message: m.HostMessage) -> None:
        """Queue a command. Raises `LinkFullError`, and RuntimeError while no session is up."""
        if self.link is None:
            raise RuntimeError("no session is up")
        self.link.send(message.encode())

    def receive(self, data: bytes, now: float) -> list[SessionEvent]:
        """Take bytes from the port, whatever they are."""
        events: list[SessionEvent] = []
        for frame in self.reader.feed(data):
            try:
                if frame.kind not in _FROM_BOARD:
                    raise MessageError(f"{frame.kind.name} from a board")
                if frame.session == self._session:
                    events += self._frame(frame, now)
            except MessageError:
                self.reader.counts.was_bad()
        return events

    def handle_timer(self, now: float) -> list[SessionEvent]:
        """Do what is due."""
        if self.phase is Phase.OPENING and now >= self._hello_at:
            self._say_hello(now)
        elif self.phase is Phase.UP and self.link is not None:
            if now >= self._alive_at + self._keepalive_s:
                return [self._lost(f"nothing was heard of the board for {self._keepalive_s:g} s", now)]
            if self.link.is_stuck(now):
                return [self._lost(f"the board acknowledged nothing for {2 * self._keepalive_s:g} s", now)]
            if now >= self._ping_at:
                self._ping(now)
        return []

    def data_to_send(self, now: float) -> bytes:
        """What goes on the wire now."""
        out, self._out = self._out, []
        if self.link is not None:
            out += self.link.transmit(now)
        return b"".join(frame.encode() for frame in out)

    def deadline(self, now: float) -> float | None:
        """When `handle_timer` or `data_to_send` has something to do; None while nothing is tried."""
        if self._out:
            return now
        if self.phase is Phase.OPENING:
            return self._hello_at
        if self.link is None:
            return None
        link_at = self.link.deadline(now)
        own_at = min(self._ping_at, self._alive_at + self._keepalive_s)
        return own_at if link_at is None else min(own_at, link_at)

    def _frame(self, frame: Frame, now: float) -> list[SessionEvent]:
        frame.check_size()
        if self.phase is Phase.OPENING:
            if frame.kind is m.FrameKind.WELCOME:
                return self._welcome(m.Welcome.decode(frame.payload), now)
            if frame.kind is m.FrameKind.REFUSE:
                return self._refuse(m.Refuse.decode(frame.payload), now)
            return []
        if self.link is None or frame.kind is m.FrameKind.REFUSE:
            return []
        if frame.kind is m.FrameKind.WELCOME:
            m.Welcome.decode(frame.payload)
            self._alive_at = now
            return []
        if frame.kind is m.FrameKind.PONG:
            self._pong(m.Pong.decode(frame.payload), now)
        told = self.link.receive(frame, now)
        self._alive_at = now
        return [_read(payload) for payload in told]

    def _welcome(self, welcome: m.Welcome, now: float) -> list[SessionEvent]:
        if welcome.host_nonce != self._nonce or welcome.version != m.VERSION:
            return []
        rebooted = welcome.boot_nonce != self._boot_nonce
        if rebooted:
            self.clock.reset()
        self._boot_nonce = welcome.boot_nonce
        self.phase = Phase.UP
        self.link = Link(self._session, floor_s=HOST_FLOOR_S, give_up_s=2 * self._keepalive_s)
        self._alive_at = now
        self._pings.clear()
        self._ping(now)
        return [Opened(welcome, rebooted)]

    def _refuse(self, refuse: m.Refuse, now: float) -> list[SessionEvent]:
        if refuse.host_nonce != self._nonce:
            return []
        if refuse.reason is m.RefuseReason.BUSY:
            self._hello_at = now + BUSY_S
        else:
            self._end(Phase.REFUSED)
        return [Refused(refuse)]

    def _ask_anew(self, now: float) -> None:
        self._end(Phase.OPENING)
        self._out.clear()
        self._session = self._session % 0xFFFF + 1
        self._hellos = 0
        self._hello_at = now

    def _end(self, phase: Phase) -> None:
        self.phase = phase
        self.link = None

    def _lost(self, reason: str, now: float) -> Closed:
        self._ask_anew(now)
        return Closed(reason)

    def _say_hello(self, now: float) -> None:
        hello = m.Hello(m.OLDEST, m.VERSION, round(self._keepalive_s * 1000), self._nonce)
        self._out.append(Frame(m.FrameKind.HELLO, self._session, payload=hello.encode()))
        heard = self.reader.counts.bytes
        self._hellos = self._hellos + 1 if heard == self._heard else 1
        self._heard = heard
        self._hello_at = now + (HELLO_EVERY_S if self._hellos <= HELLO_QUICK else HELLO_SLOW_S)

    def _ping(self, now: float) -> None:
        assert self.link is not None
        self._token = (self._token + 1) % 2**32
        self._pings[self._token] = now
        if len(self._pings) > _PINGS_KEPT:
            self._pings.popitem(last=False)
        self._out.append(self.link.frame(m.FrameKind.PING, m.Ping(self._token).encode()))
        self._ping_at = now + min(m.PING_EVERY_MS / 1000, self._keepalive_s / _PINGS_PER_KEEPALIVE)

    def _pong(self, pong: m.Pong, now: float) -> None:
        sent_at = self._pings.pop(pong.token, None)
        if sent_at is not None and self.link is not None:
            self.clock.add(sent_at, now, pong.board_us)
            self.link.round_trip.sample(now - sent_at)


def _read(payload: bytes) -> Told | Unreadable:
    try:
        return Told(m.decode(payload))
    except MessageError as wrong:
        return Unreadable(str(wrong))
