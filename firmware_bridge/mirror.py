"""What a board's lines, headsets and crosspoints are, as it tells, and the commands that make them what they shall be.

Sans-I/O. A session that opens gives `opened`, each message goes to `told`, and what `due` returns is sent. Until the
first snapshot is complete the board is not `ready`. What the snapshot shows of an earlier time (calls that nobody here
knows, closed crosspoints, lit lamps) is undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from firmware_bridge import messages as m
from firmware_bridge.clock import BoardClock
from firmware_bridge.commands import RESULT_WITHIN_S, Commands, Done

OFF_HOOK = frozenset(
    {m.LineState.SEIZED, m.LineState.DIALING, m.LineState.CALLING, m.LineState.ANSWERED, m.LineState.CLEARED}
)
KEYS = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port of the crosspoint, counted from 0 per kind."""

    kind: m.PortKind
    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The first snapshot is complete: the board is known and can be commanded."""


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A line is now so; `at` is host seconds, None when the board's clock is not known yet."""

    line: int
    state: m.LineState
    call: int
    cause: m.ClearCause
    at: float | None


@dataclass(frozen=True, slots=True)
class HeadsetChanged:
    """A headset is now so; `at` as in `LineChanged`. `pressed`: its agent muted or unmuted it, not we."""

    headset: int
    present: bool
    off_hook: bool
    muted: bool
    lamp: m.Lamp
    ring: bool
    at: float | None
    pressed: bool = False


@dataclass(frozen=True, slots=True)
class Parted:
    """The board opened a crosspoint by itself."""

    a: Port
    b: Port


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """The far side of a call pressed a key: one of 0-9 * # A-D."""

    line: int
    call: int
    digit: str
    at: float | None


MirrorEvent = Ready | LineChanged | HeadsetChanged | Parted | KeyHeard | Done | m.Counters | m.UpdateIs


class Mirror:
    """One board; its ports are counted from 0. Calls are numbered from `first_call` (1 to 65535) on."""

    def __init__(self, clock: BoardClock, first_call: int = 1, *, result_within_s: float = RESULT_WITHIN_S) -> None:
        self.commands = Commands(result_within_s)
        self.ready = False
        self.lines: dict[int, LineChanged] = {}
        self.headsets: dict[int, HeadsetChanged] = {}
        self.joined: set[frozenset[Port]] = set()
        self.events_lost = 0
        self.update: m.UpdateIs | None = None
        self._clock = clock
        self._collected: set[frozenset[Port]] | None = None
        self._calls: dict[int, int] = {}
        self._last_call = first_call - 1
        self._counts = (0, 0)

    def opened(self, welcome: m.Welcome) -> None:
        """A session is up: ask for all state."""
        self.closed()
        self._counts = (welcome.lines, welcome.headsets)
        self._ask_snapshot()

    def closed(self) -> None:
        """The session is over: nothing is known."""
        self.commands.clear()
        self.ready = False
        self.lines.clear()
        self.headsets.clear()
        self.joined.clear()
        self.update = None
        self._collected = None
        self._calls.clear()

    def new_call(self) -> int:
        """A number for a call, not used for a long time."""
        self._last_call = self._last_call % 0xFFFF + 1
        return self._last_call

    def ask(self, command: m.HostMessage) -> None:
        """Queue a command. Raises `CommandsFullError`."""
        match command:
            case m.HeadsetSet():
                self.commands.ask_latest(command)
                return
            case m.Call() | m.Accept():
                self._calls[command.line] = command.call
            case m.Release() if self._calls.get(command.line) == command.call:
                del self._calls[command.line]
        self.commands.ask(command)

    def told(self, message: m.Message) -> list[MirrorEvent]:
        """Take a message of the board; gives what is new in it."""
        match message:
            case m.LineIs():
                return self._line_is(message)
            case m.HeadsetIs():
                return self._headset_is(message)
            case m.PortsJoined():
                return self._ports_joined(message)
            case m.Result():
                return self._result(message)
            case m.DigitHeard() if chr(message.digit) in KEYS:
                at = self._clock.host_s(message.at_us)
                return [KeyHeard(message.line, message.call, chr(message.digit), at)]
            case m.EventsLost():
                self.events_lost += message.count
                self._ask_snapshot()
            case m.UpdateIs():
                self.update = message
                return [message]
            case m.Counters():
                return [message]
        return []

    def due(self, now: float) -> list[m.HostMessage]:
        """The commands to send now."""
        return self.commands.due(now)

    def _ask_snapshot(self) -> None:
        if self._collected is None:
            self._collected = set()
            self.commands.ask(m.SnapshotGet(0))

    def _line_is(self, told: m.LineIs) -> list[MirrorEvent]:
        if told.line >= self._counts[0]:
            return []
        at = self._clock.host_s(told.at_us)
        line = LineChanged(told.line, told.state, told.call, told.cause, at)
        before = self.lines.get(told.line)
        self.lines[told.line] = line
        if told.state is not m.LineState.ANSWERED:
            self._forget_joins(Port(m.PortKind.LINE, told.line))
        if before is not None and _same_line(before, line):
            return []
        return [line]

    def _headset_is(self, told: m.HeadsetIs) -> list[MirrorEvent]:
        if told.headset >= self._counts[1]:
            return []
        at = self._clock.host_s(told.at_us)
        before = self.headsets.get(told.headset)
        pressed = before is not None and before.muted != told.muted and not self._set_to(told.headset, told.muted)
        headset = HeadsetChanged(
            told.headset, told.present, told.off_hook, told.muted, told.lamp, told.ring, at, pressed
        )
        self.headsets[told.headset] = headset
        if not told.present:
            self._forget_joins(Port(m.PortKind.HEADSET, told.headset))
        if before is not None and _same_headset(before, headset):
            return []
        return [headset]

    def _set_to(self, headset: int, muted: bool) -> bool:
        return any(command.muted == muted for command in self.commands.headset_under_way(headset))

    def _ports_joined(self, told: m.PortsJoined) -> list[MirrorEvent]:
        a, b = Port(told.a_kind, told.a), Port(told.b_kind, told.b)
        pair = frozenset((a, b))
        if told.joined:
            if self._collected is not None:
                self._collected.add(pair)
            return []
        if self._collected is not None:
            self._collected.discard(pair)
        self.joined.discard(pair)
        return [Parted(a, b)]

    def _forget_joins(self, port: Port) -> None:
        self.joined = {pair for pair in self.joined if port not in pair}

    def _result(self, result: m.Result) -> list[MirrorEvent]:
        done = self.commands.result(result)
        if done is None:
            return []
        command = done.command
        if isinstance(command, m.SnapshotGet) and done.status is m.Status.OK:
            return self._snapshot_complete()
        if isinstance(command, m.Join | m.Part) and done.status is m.Status.OK:
            pair = frozenset((Port(command.a_kind, command.a), Port(command.b_kind, command.b)))
            if isinstance(command, m.Join):
                self.joined.add(pair)
            else:
                self.joined.discard(pair)
        return [done]

    def _snapshot_complete(self) -> list[MirrorEvent]:
        self.joined = self._collected or set()
        self._collected = None
        for line in self.lines.values():
            if line.state in OFF_HOOK and self._calls.get(line.line) != line.call:
                self.ask(m.Release(0, line.line, line.call))
        if self.ready:
            return []
        self.ready = True
        self._undo(self.joined, self.headsets.values())
        return [Ready()]

    def _undo(self, joined: Iterable[frozenset[Port]], headsets: Iterable[HeadsetChanged]) -> None:
        for pair in joined:
            a, b = sorted(pair)
            if m.PortKind.LINE not in (a.kind, b.kind):
                self.ask(m.Part(0, a.kind, a.number, b.kind, b.number))
        for headset in headsets:
            if headset.lamp is not m.Lamp.OFF or headset.ring or headset.muted:
                self.ask(m.HeadsetSet(0, headset.headset, m.Lamp.OFF, False, False))


def _same_line(one: LineChanged, other: LineChanged) -> bool:
    return (one.state, one.call, one.cause) == (other.state, other.call, other.cause)


def _same_headset(one: HeadsetChanged, other: HeadsetChanged) -> bool:
    return (one.present, one.off_hook, one.muted, one.lamp, one.ring) == (
        other.present,
        other.off_hook,
        other.muted,
        other.lamp,
        other.ring,
    )
