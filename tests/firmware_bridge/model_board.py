"""A gateway board in Python, after docs/gateway-protocol.md, for tests: sans-I/O, time comes in as seconds."""

import hashlib
import math
import random
from collections import deque
from collections.abc import Callable, Iterator

from firmware_bridge import messages as m
from firmware_bridge.codec import MessageError
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.link import BOARD_FLOOR_S, Link
from firmware_bridge.mirror import Port
from tests.firmware_bridge.model_ports import DIGITS_WAITING, PULSE_DIGITS, TONES, Headset, Line, Timing

K, St = m.FrameKind, m.Status
ALL = m.Capabilities((1 << 8) - 1)
FROM_HOST = {K.DATA, K.ACK, K.HELLO, K.PING, K.BYE}
LIFE = {K.DATA, K.ACK, K.PING}
REBOOT_S = 0.2
TRIAL_S = 60.0
UPDATES = {one.ID for one in (m.UpdateBegin, m.UpdateChunk, m.UpdateEnd, m.UpdateConfirm)}
FORMER = 4


class ModelBoard:
    """`receive` bytes, `handle_timer`, `data_to_send`, `deadline`; `lines` and `headsets` are its pins.

    `done` holds every command carried out, in order; `crosspoints` the closed ones.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        lines: int = 4,
        headsets: int = 4,
        ties: int = 1,
        capabilities: m.Capabilities = ALL,
        timing: Timing | None = None,
        event_queue: int = m.EVENT_QUEUE,
    ) -> None:
        self.rng = random.Random(seed)
        self.timing = timing or Timing()
        self.counts = (lines, headsets, ties)
        self.capabilities = capabilities
        self.event_queue = event_queue
        self.versions = (m.OLDEST, m.VERSION)
        self.refuses: m.RefuseReason | None = None
        self.build = b"model-01"
        self.previous_build = self.build
        self.confirmed = True
        self.staged: bytearray | None = None
        self.staged_as = (0, b"")
        self.tried: bytes | None = None
        self.starts = True
        self.after_end: Callable[[], None] = lambda: None
        self.done: list[m.HostMessage] = []
        self.boots = 0
        self.boot(0.0, m.ResetCause.POWER_ON)

    def boot(self, now: float, cause: m.ResetCause) -> None:
        """Power-on or reset: everything of before is forgotten, but for images."""
        lines, headsets, _ties = self.counts
        old = getattr(self, "lines", [])
        self.lines = [Line(number, self.timing, self._line_changed) for number in range(lines)]
        for line, before in zip(self.lines, old, strict=False):
            line.on_digits, line.voltage, line.loop = before.on_digits, before.voltage, before.loop
            line.dialed = before.dialed
        self.headsets = [Headset(number, self._headset_changed) for number in range(headsets)]
        self.crosspoints: set[frozenset[Port]] = set()
        self.most_joins = 64
        self.reader = FrameReader()
        self.link: Link | None = None
        self.session = 0
        self.host_nonce = 0
        self.heard = False
        self.running = (0, 0)
        self.former: deque[tuple[int, int]] = deque(maxlen=FORMER)
        self.keepalive_s = 0.0
        self.alive_at = 0.0
        self.booted_at = now
        self.reset_cause = cause
        self.boot_nonce = self.rng.getrandbits(32)
        self.boots += 1
        self.reboot_at: float | None = None
        self.opened = False
        self.commands_done = self.events_lost = self.resent = 0
        self._out: list[Frame] = []
        self._start_link(None)
        self.staged = None
        if not self.starts:
            self.tried = None
        if self.tried is not None:
            self.previous_build, self.build, self.tried = self.build, self.tried, None
            self.confirmed = False
        elif not self.confirmed:
            self.build, self.confirmed = self.previous_build, True

    # ---- bytes and time ----

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the wire."""
        for frame in self.reader.feed(data):
            try:
                self._frame(frame, now)
            except MessageError:
                self.reader.counts.was_bad()

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        if self.link is not None and (now >= self.alive_at + self.keepalive_s or self.link.is_stuck(now)):
            self._fail_safe(now)
        for line in self.lines:
            line.handle_timer(now)
        told = self.link is None or not (self.link.backlog or self._queue)
        if self.reboot_at is not None and (now >= self.reboot_at or told):
            self.boot(now, m.ResetCause.COMMANDED)
        elif now >= self._trial_until():
            self.boot(now, m.ResetCause.WATCHDOG)

    def data_to_send(self, now: float) -> bytes:
        """Bytes for the wire."""
        self._pump(now)
        out, self._out = self._out, []
        if self.link is not None:
            out += self.link.transmit(now)
        return b"".join(frame.encode() for frame in out)

    def deadline(self, now: float) -> float | None:
        """When something is due."""
        due = [*(line.due for line in self.lines), self.reboot_at, self._trial_until()]
        if self._out or (self._queue and self.link is not None and self.link.backlog < m.WINDOW):
            due.append(now)
        if self.link is not None:
            due += [self.link.deadline(now), self.alive_at + self.keepalive_s]
        return min((at for at in due if at is not None), default=None)

    def _trial_until(self) -> float:
        return math.inf if self.confirmed or self.opened else self.booted_at + TRIAL_S

    def board_us(self, now: float) -> int:
        """Its clock."""
        return max(0, round((now - self.booted_at) * 1e6))

    # ---- sessions ----

    def _frame(self, frame: Frame, now: float) -> None:
        if frame.kind not in FROM_HOST:
            raise MessageError(f"{frame.kind.name} from a host")
        if frame.kind is K.HELLO:
            self._hello(frame.session, m.Hello.decode(frame.payload), now)
            return
        if self.link is None or frame.session != self.session:
            return
        frame.check_size()
        ping = m.Ping.decode(frame.payload) if frame.kind is K.PING else None
        room = len(self._commands) + self._results < m.MAX_COMMANDS
        for payload in self.link.receive(frame, now, room=room):
            self._commands.append(payload)
        if ping is not None:
            self._out.append(self._pong(ping, now))
        if frame.kind in LIFE:
            self.alive_at, self.heard = now, True
        if frame.kind is K.BYE:
            self._fail_safe(now)
        self._pump(now)

    def _pong(self, ping: m.Ping, now: float) -> Frame:
        assert self.link is not None
        return self.link.frame(K.PONG, m.Pong(ping.token, self.board_us(now)).encode())

    def _hello(self, session: int, hello: m.Hello, now: float) -> None:
        if session == 0:
            raise MessageError("HELLO of session 0")
        if (session, hello.host_nonce) in self.former:
            return
        if self.link is None or (session, hello.host_nonce) != (self.session, self.host_nonce):
            oldest, newest = self.versions
            refused = self.refuses
            if min(newest, hello.newest) < max(oldest, hello.oldest):
                refused = m.RefuseReason.VERSION
            elif not m.KEEPALIVE_MIN_MS <= hello.keepalive_ms <= m.KEEPALIVE_MAX_MS:
                refused = m.RefuseReason.KEEPALIVE
            if refused is not None:
                refuse = m.Refuse(refused, oldest, newest, hello.host_nonce)
                self._out.append(Frame(K.REFUSE, session, payload=refuse.encode()))
                return
            self.opened = True
            if self.link is None:
                self.alive_at = now
            self.session, self.host_nonce, self.keepalive_s = session, hello.host_nonce, hello.keepalive_ms / 1000
            self._start_link(Link(session, floor_s=BOARD_FLOOR_S, give_up_s=2 * self.keepalive_s))
        self._out.append(Frame(K.WELCOME, session, payload=self._welcome(hello, now).encode()))

    def _welcome(self, hello: m.Hello, now: float) -> m.Welcome:
        lines, headsets, ties = self.counts
        return m.Welcome(
            version=min(self.versions[1], hello.newest),
            host_nonce=hello.host_nonce,
            boot_nonce=self.boot_nonce,
            reset_cause=self.reset_cause,
            build=self.build,
            lines=lines,
            headsets=headsets,
            ties=ties,
            capabilities=self.capabilities,
            keepalive_ms=hello.keepalive_ms,
            board_us=self.board_us(now),
            name="model",
        )

    def _start_link(self, link: Link | None) -> None:
        if self.link is not None:
            self.resent += self.link.counts.resent
            if self.heard:
                self.former.append(self.running)
        self.heard = False
        self.running = (self.session, self.host_nonce)
        self.link = link
        self._queue: deque[m.BoardMessage] = deque()
        self._commands: deque[bytes] = deque()
        self._results = 0
        self._lost = 0
        self._snapshot: Iterator[m.BoardMessage] | None = None
        self._out.clear()

    def _fail_safe(self, now: float) -> None:
        self._start_link(None)
        self.crosspoints.clear()
        for line in self.lines:
            line.hang_up(m.ClearCause.HOST_LOST, now)
        for headset in self.headsets:
            headset.set(m.Lamp.OFF, False, headset.muted, now)

    # ---- what is told ----

    def _tell(self, event: m.BoardMessage) -> None:
        if self.link is None:
            return
        if len(self._queue) - self._results >= self.event_queue:
            self._lost += 1
            self.events_lost += 1
        else:
            self._queue.append(event)

    def _pump(self, now: float) -> None:
        while self.link is not None:
            while self._queue and self.link.backlog < m.WINDOW:
                message = self._queue.popleft()
                self._results -= isinstance(message, m.Result)
                self.link.send(message.encode())
            if self._lost and len(self._queue) - self._results < self.event_queue:
                lost, self._lost = self._lost, 0
                self._tell(m.EventsLost(min(lost, 0xFFFF)))
            elif self._snapshot is not None and len(self._queue) - self._results < self.event_queue:
                self._pump_snapshot()
            elif self._snapshot is None and self._commands and self.reboot_at is None:
                self._command(self._commands.popleft(), now)
            else:
                return

    def _pump_snapshot(self) -> None:
        assert self._snapshot is not None
        message = next(self._snapshot, None)
        if message is None:
            self._snapshot = None
        elif isinstance(message, m.Result):
            self._answer(message)
        else:
            self._tell(message)

    def _answer(self, result: m.Result) -> None:
        self._results += 1
        self._queue.append(result)

    def _line_changed(self, line: Line, now: float) -> None:
        if line.state is not m.LineState.ANSWERED:
            self._open_all(Port(m.PortKind.LINE, line.number))
        self._tell(self._line_is(line))

    def _line_is(self, line: Line) -> m.LineIs:
        return m.LineIs(line.number, line.change, self.board_us(line.at), line.state, line.call, line.cause)

    def _headset_changed(self, headset: Headset, now: float) -> None:
        if not headset.present:
            self._open_all(Port(m.PortKind.HEADSET, headset.number))
        self._tell(self._headset_is(headset))

    def _headset_is(self, it: Headset) -> m.HeadsetIs:
        at_us = self.board_us(it.at)
        return m.HeadsetIs(it.number, it.change, at_us, it.present, it.off_hook, it.muted, it.lamp, it.ring)

    def press_key(self, line: int, digit: str, now: float) -> None:
        """The far side presses a key."""
        it = self.lines[line]
        if it.state is m.LineState.ANSWERED and m.Capabilities.KEYS_HEARD in self.capabilities:
            self._tell(m.DigitHeard(line, it.call, self.board_us(now), ord(digit)))

    def _open_all(self, port: Port) -> None:
        for pair in [pair for pair in self.crosspoints if port in pair]:
            self.crosspoints.discard(pair)
            self._tell(_joined(pair, False))

    # ---- commands ----

    def _command(self, payload: bytes, now: float) -> None:
        try:
            command = m.decode(payload)
        except MessageError:
            if len(payload) >= 3:
                known = payload[0] in m.MESSAGES and (payload[0] not in UPDATES or self._has_update)
                number = int.from_bytes(payload[1:3], "little")
                self._answer(m.Result(number, St.UNREADABLE if known else St.UNSUPPORTED))
            return
        if isinstance(command, m.BoardMessage):
            return
        self.done.append(command)
        self.commands_done += 1
        if isinstance(command, m.SnapshotGet):
            self._snapshot = iter(self._told_snapshot(command.command, now))
        else:
            self._answer(m.Result(command.command, self._carry_out(command, now)))

    def _told_snapshot(self, command: int, now: float) -> list[m.BoardMessage]:
        told: list[m.BoardMessage] = [self._line_is(line) for line in self.lines]
        told += [self._headset_is(headset) for headset in self.headsets]
        told += [_joined(pair, True) for pair in self.crosspoints]
        if m.Capabilities.UPDATE in self.capabilities:
            told.append(self._update_is())
        return [*told, m.SnapshotEnd(self.board_us(now)), m.Result(command, St.OK)]

    @property
    def _has_update(self) -> bool:
        return m.Capabilities.UPDATE in self.capabilities

    def _carry_out(self, command: m.HostMessage, now: float) -> m.Status:
        match command:
            case m.Call() | m.Accept() | m.Release() | m.Digits():
                if command.line >= len(self.lines):
                    return St.NO_SUCH_PORT
                if not command.call:
                    return St.UNREADABLE
                return self._line_command(self.lines[command.line], command, now)
            case m.Join():
                return self._join(command)
            case m.Part():
                return self._part(command)
            case m.HeadsetSet():
                if command.headset >= len(self.headsets):
                    return St.NO_SUCH_PORT
                if command.muted and m.Capabilities.HEADSET_MUTE not in self.capabilities:
                    return St.UNSUPPORTED
                self.headsets[command.headset].set(command.lamp, command.ring, command.muted, now)
                return St.OK
            case m.CountersGet():
                self._tell(self._counters())
                return St.OK
            case m.Reboot():
                if any(line.off_hook for line in self.lines):
                    return St.CALLS_UP
                self.reboot_at = now + REBOOT_S
                return St.OK
        return self._update(command) if self._has_update else St.UNSUPPORTED

    def _line_command(self, line: Line, command: m.Call | m.Accept | m.Release | m.Digits, now: float) -> m.Status:
        match command:
            case m.Release():
                if line.call == command.call:
                    line.hang_up(m.ClearCause.RELEASED, now)
                return St.OK
            case m.Digits():
                if line.state is not m.LineState.ANSWERED or line.call != command.call:
                    return St.NOT_ANSWERED
                if m.Capabilities.DTMF not in self.capabilities:
                    return St.UNSUPPORTED
                if not command.digits or set(command.digits) - TONES:
                    return St.BAD_DIGITS
                if len(line.waiting) + len(command.digits) > DIGITS_WAITING:
                    return St.LINE_IN_USE
                line.send_tones(command.digits, now)
                return St.OK
        if line.call == command.call:
            return St.OK
        if line.state is m.LineState.FAULT:
            return St.LINE_DEAD
        if isinstance(command, m.Accept):
            if line.state is not m.LineState.RINGING:
                return St.LINE_IN_USE
            line.accept(command.call, now)
            return St.OK
        return self._call(line, command, now)

    def _call(self, line: Line, command: m.Call, now: float) -> m.Status:
        pulse = command.mode is m.DialMode.PULSE
        if line.state is not m.LineState.IDLE:
            return St.LINE_IN_USE
        if (m.Capabilities.PULSE if pulse else m.Capabilities.DTMF) not in self.capabilities:
            return St.UNSUPPORTED
        if not command.digits or set(command.digits) - (PULSE_DIGITS if pulse else TONES):
            return St.BAD_DIGITS
        line.seize(command.call, command.digits, now)
        return St.OK

    def _join(self, command: m.Join) -> m.Status:
        a, b = Port(command.a_kind, command.a), Port(command.b_kind, command.b)
        if not self._exists(a) or not self._exists(b):
            return St.NO_SUCH_PORT
        if a == b:
            return St.UNREADABLE
        for port, call in ((a, command.a_call), (b, command.b_call)):
            if port.kind is m.PortKind.LINE:
                line = self.lines[port.number]
                if line.state is not m.LineState.ANSWERED or line.call != call:
                    return St.NOT_ANSWERED
        if any(pair != {a, b} and pair & {a, b} for pair in self.crosspoints):
            return St.PORT_TAKEN
        if len(self.crosspoints - {frozenset((a, b))}) >= self.most_joins:
            return St.NO_PATH
        self.crosspoints.add(frozenset((a, b)))
        return St.OK

    def _part(self, command: m.Part) -> m.Status:
        a, b = Port(command.a_kind, command.a), Port(command.b_kind, command.b)
        if any(port.number >= self.counts[port.kind] for port in (a, b)):
            return St.NO_SUCH_PORT
        self.crosspoints.discard(frozenset((a, b)))
        return St.OK

    def _exists(self, port: Port) -> bool:
        there = port.number < self.counts[port.kind]
        return there and (port.kind is not m.PortKind.HEADSET or self.headsets[port.number].present)

    def _counters(self) -> m.Counters:
        resent = self.resent + (self.link.counts.resent if self.link else 0)
        seen = self.reader.counts
        return m.Counters(seen.good, seen.bad, resent, 0, self.commands_done, self.events_lost, 100, 1000)

    # ---- firmware ----

    def _update_is(self) -> m.UpdateIs:
        received = len(self.staged) if self.staged is not None else 0
        return m.UpdateIs(received, self.staged_as[0] if self.staged is not None else 0, self.confirmed)

    def _update(self, command: m.HostMessage) -> m.Status:
        match command:
            case m.UpdateConfirm():
                self.confirmed = True
                return St.OK
            case m.UpdateChunk():
                return self._chunk(command)
        if any(line.off_hook for line in self.lines):
            return St.CALLS_UP
        if isinstance(command, m.UpdateBegin):
            if not 0 < command.size <= 1 << 20:
                return St.BAD_IMAGE
            if self.staged is None or self.staged_as != (command.size, command.sha256):
                self.staged, self.staged_as = bytearray(), (command.size, command.sha256)
                self.tried = None
            self._tell(self._update_is())
            return St.OK
        return self._end_update()

    def _chunk(self, command: m.UpdateChunk) -> m.Status:
        if self.staged is None:
            return St.BAD_IMAGE
        end = command.offset + len(command.data)
        if end <= len(self.staged):
            return St.OK
        if command.offset != len(self.staged) or end > self.staged_as[0]:
            return St.BAD_IMAGE
        self.staged += command.data
        return St.OK

    def _end_update(self) -> m.Status:
        image = self.staged
        if image is None or (len(image), hashlib.sha256(image).digest()) != self.staged_as:
            self.staged = None
            return St.BAD_IMAGE
        self.tried = hashlib.sha256(image).digest()[:8]
        self.after_end()
        self._tell(self._update_is())
        return St.OK


def _joined(pair: frozenset[Port], joined: bool) -> m.PortsJoined:
    a, b = sorted(pair)
    return m.PortsJoined(a.kind, a.number, b.kind, b.number, joined)
