"""The host's end as one piece: sessions, commands and the mirror of one board. Sans-I/O; `now` is monotonic seconds.

Bytes come in with `receive`, time with `handle_timer`; after either, and after any command, `data_to_send` gives what
goes on the wire, and `deadline` says when to come again.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from firmware_bridge import messages as m
from firmware_bridge.commands import RESULT_WITHIN_S, CommandsFullError, Done
from firmware_bridge.link import LinkFullError
from firmware_bridge.mirror import HeadsetChanged, KeyHeard, LineChanged, Mirror, Parted, Port, Ready
from firmware_bridge.session import Closed, HostSession, Opened, Phase, Refused, SessionEvent, Told, Unreadable

RESULT_KEEPALIVES = 3


@dataclass(frozen=True, slots=True)
class BoardUp:
    """The board is there and all its state is known. `rebooted`: it remembers nothing of what was told before."""

    welcome: m.Welcome
    rebooted: bool


@dataclass(frozen=True, slots=True)
class BoardDown:
    """The board cannot be commanded; every call on it is lost. `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class BoardRefused:
    """The board will have no session with us; `reason` says why and what to do. Unless `final`, we try again."""

    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class Updating:
    """The board's firmware is being replaced, or no longer is; meanwhile no call is placed on it."""

    under_way: bool


HostEvent = (
    BoardUp
    | BoardDown
    | BoardRefused
    | Updating
    | Unreadable
    | LineChanged
    | HeadsetChanged
    | Parted
    | KeyHeard
    | Done
    | m.Counters
    | m.UpdateIs
)


class Host:
    """Drives one board. Commands are for a board that is up; at any other time they do nothing and `call` gives 0.

    Every command is followed by one `Done`, unless `BoardDown` comes first or, for a headset, a later setting takes its
    place.
    """

    def __init__(self, rng: random.Random, *, keepalive_s: float = m.KEEPALIVE_MS / 1000) -> None:
        self.session = HostSession(rng, keepalive_s=keepalive_s)
        self.mirror = Mirror(
            self.session.clock,
            rng.randrange(1, 0x10000),
            result_within_s=max(RESULT_WITHIN_S, RESULT_KEEPALIVES * keepalive_s),
        )
        self.welcome: m.Welcome | None = None
        self._rebooted = False
        self._broken: str | None = None

    @property
    def up(self) -> bool:
        """Whether the board can be commanded."""
        return self.mirror.ready

    def start(self, now: float) -> None:
        """The port is open."""
        self.session.start(now)

    def stop(self) -> list[HostEvent]:
        """Say BYE, which `data_to_send` still gives."""
        self.session.stop()
        return self._down("closed")

    def drop(self, reason: str) -> list[HostEvent]:
        """The port is gone."""
        self.session.drop()
        return self._down(reason)

    def receive(self, data: bytes, now: float) -> list[HostEvent]:
        """Take bytes from the port, whatever they are."""
        return self._take(self.session.receive(data, now), now)

    def handle_timer(self, now: float) -> list[HostEvent]:
        """Do what is due."""
        overdue = self.mirror.commands.overdue(now)
        if overdue is not None:
            self._broken = f"the board left {type(overdue).__name__} without a result"
        if self._broken is not None:
            reason, self._broken = self._broken, None
            return self._take([self.session.give_up(reason, now)], now)
        return self._take(self.session.handle_timer(now), now)

    def data_to_send(self, now: float) -> bytes:
        """What goes on the wire now."""
        if self.session.phase is Phase.UP:
            try:
                for command in self.mirror.due(now):
                    self.session.send(command)
            except LinkFullError as full:
                self._broken = str(full)
        return self.session.data_to_send(now)

    def deadline(self, now: float) -> float | None:
        """When something is due; None while nothing is tried."""
        if self._broken is not None:
            return now
        due = [self.session.deadline(now), self.mirror.commands.deadline()]
        return min((at for at in due if at is not None), default=None)

    def call(self, line: int, digits: str, mode: m.DialMode = m.DialMode.DTMF) -> int:
        """Dial on a line; gives the call's number, or 0 when the board is not up."""
        if not self.up:
            return m.NO_CALL
        number = self.mirror.new_call()
        self.ask(m.Call(0, line, number, mode, digits))
        return number

    def release(self, line: int, call: int) -> None:
        """Hang up a call; nothing happens if the line does not have it."""
        self.ask(m.Release(0, line, call))

    def digits(self, line: int, call: int, digits: str) -> None:
        """Send tones, at most 32, into an answered call."""
        self.ask(m.Digits(0, line, call, digits))

    def join(self, a: Port, a_call: int, b: Port, b_call: int) -> None:
        """Close a crosspoint; the call of a headset or tie is 0."""
        self.ask(m.Join(0, a.kind, a.number, a_call, b.kind, b.number, b_call))

    def part(self, a: Port, b: Port) -> None:
        """Open a crosspoint."""
        self.ask(m.Part(0, a.kind, a.number, b.kind, b.number))

    def set_headset(self, headset: int, lamp: m.Lamp, *, ring: bool, muted: bool) -> None:
        """What a headset's lamp, ringer and microphone shall be."""
        self.ask(m.HeadsetSet(0, headset, lamp, ring, muted))

    def ask(self, command: m.HostMessage) -> None:
        """Any command; its number is given by us. More than a board can want ends the session, and starts another."""
        if not self.up:
            return
        try:
            self.mirror.ask(command)
        except CommandsFullError as full:
            self._broken = str(full)

    def _take(self, events: Iterable[SessionEvent], now: float) -> list[HostEvent]:
        out: list[HostEvent] = []
        for event in events:
            match event:
                case Opened():
                    self.welcome = event.welcome
                    self._rebooted |= event.rebooted
                    self.mirror.opened(event.welcome)
                case Closed():
                    out += self._down(event.reason)
                case Refused():
                    out.append(BoardRefused(_explain(event.refuse), event.refuse.reason is not m.RefuseReason.BUSY))
                case Told():
                    out += self._told(event.message)
                case Unreadable():
                    out.append(event)
        return out

    def _told(self, message: m.Message) -> list[HostEvent]:
        was_ready = self.mirror.ready
        try:
            events = self.mirror.told(message)
        except CommandsFullError as full:
            self._broken = str(full)
            return []
        out: list[HostEvent] = []
        for event in events:
            if isinstance(event, Ready):
                assert self.welcome is not None
                out.append(BoardUp(self.welcome, self._rebooted))
                self._rebooted = False
            elif isinstance(event, Done) and isinstance(event.command, m.SnapshotGet):
                self._broken = f"the board answered {event.status.name} when asked for its state"
            elif was_ready:
                out.append(event)
                if isinstance(event, Done) and isinstance(event.command, m.Reboot) and event.status is m.Status.OK:
                    self._broken = "the board restarts, as asked"
        return out

    def _down(self, reason: str) -> list[HostEvent]:
        was_ready = self.mirror.ready
        self.mirror.closed()
        self._broken = None
        return [BoardDown(reason)] if was_ready else []


def _explain(refuse: m.Refuse) -> str:
    match refuse.reason:
        case m.RefuseReason.VERSION:
            if refuse.oldest <= m.VERSION and refuse.newest >= m.OLDEST:
                return f"the board refuses protocol version {m.VERSION} and says it speaks it: its firmware is wrong"
            ours = f"{m.OLDEST} to {m.VERSION}"
            theirs = f"{refuse.oldest} to {refuse.newest}"
            return f"the board speaks protocol versions {theirs}, we {ours}: update the older of the two"
        case m.RefuseReason.KEEPALIVE:
            return f"the board does not take this keepalive: set one of {m.KEEPALIVE_MIN_MS} to {m.KEEPALIVE_MAX_MS} ms"
    return "the board is busy; we try again"
