"""A gateway board as a line driver: its lines are a trunk, its headsets are stations, its crosspoint joins them."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge import messages as m
from firmware_bridge.board import Board
from firmware_bridge.commands import Done
from firmware_bridge.host import BoardDown, BoardRefused, BoardUp, HostEvent, Updating
from firmware_bridge.mirror import HeadsetChanged, KeyHeard, LineChanged, Port
from hw.audio.sound import Audible, Sound
from hw.contract import events
from hw.contract.causes import Cause
from hw.contract.driver import Lamp, OnEvent
from hw.gateway.causes import cause_of_clear, cause_of_refusal
from hw.gateway.settings import MAX_DIGITS, GatewaySettings
from hw.gateway.ties import Ties

START_LIMIT_S = 10.0
_LAMPS = {
    Lamp.OFF: m.Lamp.OFF,
    Lamp.READY: m.Lamp.OFF,
    Lamp.NOT_READY: m.Lamp.SLOW,
    Lamp.TALKING: m.Lamp.ON,
}
_S = m.LineState
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Call:
    """A call on a port; `number` is the board's name for it: 0 for headsets, and while a line is not free yet."""

    call_id: str
    port: Port
    digits: str = ""
    number: int = 0
    dialed: bool = False
    rang: bool = False
    answered: bool = False
    hung_up: bool = False
    lamp: m.Lamp = m.Lamp.OFF
    muted: bool = False


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """One board for people: pages, `doctor`, the log. `because` is empty when all is well."""

    name: str
    usable: bool
    because: str
    board: str
    build: str
    reset_cause: str
    lines: int
    headsets: int
    clock_drift: float


class GatewayDriver:
    """A `LineDriver` over one board. `sounds` has this box's end of each of its ties, in their order.

    An analogue line does not say that the far side rings: `Ringing` means that all digits are out. A crosspoint has no
    tone; only over a tie does `join` give one.
    """

    def __init__(
        self, settings: GatewaySettings, sounds: Sequence[Sound] = (), *, start_limit_s: float = START_LIMIT_S
    ) -> None:
        self.settings = settings
        self.board = Board(settings.board, self._on_told)
        self._ties = Ties(self.board, sounds, self._tie_lost, self._tell_lines)
        self._start_limit_s = start_limit_s
        self._on_event: OnEvent | None = None
        self._calls: dict[str, _Call] = {}
        self._by_port: dict[Port, _Call] = {}
        self._joins: dict[frozenset[Port], tuple[str, str]] = {}
        self._welcome: m.Welcome | None = None
        self._problem = "the board has not answered yet"
        self._told_lines: events.TrunkLines | None = None
        self._settled = asyncio.Event()
        self._started = False

    # ---- the contract ----

    async def start(self, on_event: OnEvent) -> None:
        """Look for the board, and wait for it up to the limit; `TrunkLines` tells what it has, now and at each change.

        With a limit of 0 nothing is waited for.
        """
        self._on_event = on_event
        self._ties.try_all()
        self.board.start()
        if self._start_limit_s > 0:
            await self._wait_for_board()
        self._started = True
        self._tell_lines()

    async def _wait_for_board(self) -> None:
        try:
            async with asyncio.timeout(self._start_limit_s):
                await self._settled.wait()
        except TimeoutError:
            _log.warning("%s: going on without the board: %s", self.settings.name, self._why_unusable())

    async def close(self) -> None:
        """Hang up everything: the board does that itself when it is told goodbye."""
        for call in list(self._calls.values()):
            self._over(call, Cause.NORMAL if call.answered else Cause.CANCELLED)
        self._on_event = None
        self._ties.close()
        await self.board.close()

    def capacity(self) -> int:
        """Lines that work and headsets that are plugged in, busy ones among them."""
        present = sum(1 for headset in self.board.mirror.headsets.values() if headset.present)
        return len(self._working_lines()) + present

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call over a free line, one that rested longest. People see the line's own number, whatever `caller_id`."""
        self._refuse_used(call_id)
        self._ties.look()
        line = self._free_line() if trunk == self.settings.name else None
        if line is None:
            self._no_line(call_id, self._why_no_line(trunk))
            return
        digits = self.settings.digits(number)
        if not digits:
            self._later(events.Ended(call_id, Cause.INVALID_NUMBER, detail=f"{number!r} cannot be dialed on this line"))
            return
        call = self._take(_Call(call_id, Port(m.PortKind.LINE, line.line), digits))
        if line.state is _S.IDLE:
            self._place(call)

    def call_station(self, call_id: str, address: str) -> None:
        """Ring a headset; it answers at once when it is off hook already."""
        self._refuse_used(call_id)
        number = self.settings.headset(address)
        if number is not None and (down := self._why_down() or self._why_no_ties()):
            self._no_line(call_id, f"no headset of board {self.settings.name!r} can be used: {down}")
            return
        headset = self.board.mirror.headsets.get(-1 if number is None else number)
        if headset is None or not headset.present:
            count = self._welcome.headsets if self._welcome else 0
            why = f"the board has {count} headset ports" if number is not None and number >= count else ""
            self._no_line(call_id, f"there is no headset at {address!r}" + (f": {why}" if why else ""))
            return
        port = Port(m.PortKind.HEADSET, headset.headset)
        if port in self._by_port:
            self._no_line(call_id, f"the headset at {address!r} has a call")
            return
        self._take(_Call(call_id, port))
        self._later(events.Dialed(call_id, f"{self._ref(port)}/{call_id}"))
        asyncio.get_running_loop().call_soon(self._ring, call_id)

    def hang_up(self, call_id: str) -> None:
        """End the call."""
        call = self._calls.get(call_id)
        if call is None:
            return
        if call.port.kind is m.PortKind.LINE and call.number:
            self.board.release(call.port.number, call.number)
        else:
            call.hung_up = True
            asyncio.get_running_loop().call_soon(self._over_if_up, call)

    def play(self, call_id: str, wav: Path) -> None:
        """Play over a tie to this box; over at once where there is none that is free, or the file is bad."""
        call = self._calls.get(call_id)
        if call is None:
            return

        def done() -> None:
            self._later(events.MessagePlayed(call_id))

        if call.answered and self._joined_with(call.port) is None:
            self._ties.play(call.port, call.number, wav, done)
        else:
            done()

    def send_digits(self, call_id: str, digits: str) -> None:
        """Let the board send tones, at most 32 that wait."""
        call = self._calls.get(call_id)
        if call is not None and call.answered and call.port.kind is m.PortKind.LINE:
            for at in range(0, len(digits), MAX_DIGITS):
                self.board.digits(call.port.number, call.number, digits[at : at + MAX_DIGITS])

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Close the crosspoint between two calls of this board."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is None:
            return
        if peer is None or not call.answered or not peer.answered:
            self._later(events.JoinFailed(call_id, peer_id, "both calls must be up"))
            return
        self._joins[frozenset((call.port, peer.port))] = (call_id, peer_id)
        self.board.join(call.port, call.number, peer.port, peer.number)

    def part(self, call_id: str, peer_id: str) -> None:
        """Open the crosspoint."""
        call, peer = self._calls.get(call_id), self._calls.get(peer_id)
        if call is not None and peer is not None:
            self._joins.pop(frozenset((call.port, peer.port)), None)
            self.board.part(call.port, peer.port)

    def mute(self, call_id: str, muted: bool) -> None:
        """Cut a headset's microphone off, or open it."""
        call = self._calls.get(call_id)
        if call is None or call.port.kind is not m.PortKind.HEADSET:
            return
        if muted and self._welcome and m.Capabilities.HEADSET_MUTE not in self._welcome.capabilities:
            _log.warning("%s: this board cannot mute its headsets", self.settings.name)
            self._later(events.MuteChanged(call_id, False))
            return
        call.muted = muted
        self._set_headset(call)

    def show(self, call_id: str, lamp: Lamp) -> None:
        """Light a headset's lamp: lit while talking, slow blinking when not ready, dark when ready."""
        call = self._calls.get(call_id)
        if call is not None and call.port.kind is m.PortKind.HEADSET:
            call.lamp = _LAMPS[lamp]
            self._set_headset(call)

    # ---- for joins across kinds of lines ----

    def ring_of(self, call_id: str) -> int | None:
        """The ring of this box that the call speaks into, over a tie; None when no tie is free."""
        call = self._calls.get(call_id)
        if call is None or not call.answered:
            return None
        sound = self._ties.lend(call.port, call.number)
        return None if sound is None else sound.ring

    def hear(self, call_id: str, peer: Audible, *, tone: bool, done: Callable[[str], None]) -> None:
        """Let the call hear a voice of this box; `done` is called once, with what went wrong or nothing."""
        call = self._calls.get(call_id)
        if call is None:
            done("the call is over")
        else:
            self._ties.hear(call.port, peer, tone=tone, done=done)

    def unhear(self, call_id: str, peer: Audible) -> None:
        """Undo `hear`; a call that is over is no error."""
        call = self._calls.get(call_id)
        if call is not None:
            self._ties.unhear(call.port, peer)

    # ---- what the board tells ----

    def status(self) -> GatewayStatus:
        """The board for people."""
        welcome, mirror = self._welcome, self.board.mirror
        because = self._why_down()
        return GatewayStatus(
            name=self.settings.name,
            usable=self.board.up,
            because=because or (self._told_lines.because if self._told_lines else ""),
            board=welcome.name if welcome else "",
            build=welcome.build.hex() if welcome else "",
            reset_cause=welcome.reset_cause.name if welcome else "",
            lines=len(self._working_lines()),
            headsets=sum(1 for headset in mirror.headsets.values() if headset.present),
            clock_drift=self.board.host.session.clock.drift,
        )

    def _on_told(self, event: HostEvent) -> None:
        match event:
            case LineChanged():
                self._line_changed(event)
            case HeadsetChanged():
                self._headset_changed(event)
            case KeyHeard():
                call = self._on_line(event.line, event.call)
                if call is not None and call.answered:
                    self._say(events.DigitReceived(call.call_id, event.digit))
            case Done():
                self._done(event)
            case BoardUp():
                self._welcome = event.welcome
                self._ties.board_has(event.welcome.ties)
                self._tell_lines()
                self._settled.set()
            case BoardDown() | BoardRefused():
                self._problem = event.reason
                # Lines first: an agent at a headset here whose person is gone as well wraps up the call.
                for call in sorted(self._calls.values(), key=lambda call: call.port.kind):
                    self._over(call, Cause.LINE_LOST, event.reason)
                if isinstance(event, BoardRefused) and event.final:
                    self._settled.set()
                self._tell_lines()
            case Updating():
                self._tell_lines()

    def _line_changed(self, line: LineChanged) -> None:
        self._tell_lines()
        call = self._by_port.get(Port(m.PortKind.LINE, line.line))
        if call is None:
            return
        if not call.number:
            self._waiting_line_changed(call, line)
        elif call.number == line.call:
            self._call_changed(call, line)

    def _waiting_line_changed(self, call: _Call, line: LineChanged) -> None:
        if line.state is _S.IDLE:
            if not call.hung_up:
                self._place(call)
        elif line.state in (_S.FAULT, _S.RINGING):
            self._over(call, Cause.NO_LINE, f"line {line.line + 1} is {line.state.name.lower()}")

    def _call_changed(self, call: _Call, line: LineChanged) -> None:
        match line.state:
            case _S.SEIZED | _S.DIALING | _S.CALLING | _S.ANSWERED:
                self._progress(call, line.state)
            case _S.CLEARED:
                self.board.release(line.line, line.call)
                self._cleared(call, line.cause)
            case _:
                self._cleared(call, line.cause)

    def _cleared(self, call: _Call, cause: m.ClearCause) -> None:
        detail = "" if cause is m.ClearCause.RELEASED else cause.name.lower()
        self._over(call, cause_of_clear(cause, answered=call.answered), detail)

    def _progress(self, call: _Call, state: m.LineState) -> None:
        if not call.dialed:
            call.dialed = True
            self._say(events.Dialed(call.call_id, f"{self._ref(call.port)}/{call.number}"))
        if state is _S.CALLING and not call.rang:
            call.rang = True
            self._say(events.Ringing(call.call_id))
        if state is _S.ANSWERED and not call.answered:
            call.answered = True
            self._say(events.Answered(call.call_id))

    def _headset_changed(self, headset: HeadsetChanged) -> None:
        call = self._by_port.get(Port(m.PortKind.HEADSET, headset.headset))
        if call is None:
            return
        if headset.pressed and headset.muted != call.muted:
            self._mute_pressed(call, headset.muted)
        if not headset.present:
            self._over(call, Cause.LINE_LOST, "the headset was unplugged")
        elif headset.off_hook and not call.answered and call.rang:
            self._station_answers(call)
        elif not headset.off_hook and call.answered:
            self._over(call, Cause.NORMAL)

    def _mute_pressed(self, call: _Call, muted: bool) -> None:
        """The agent's button: a setting that was on its way with the former state must not undo it."""
        call.muted = muted
        self._set_headset(call)
        if call.answered:
            self._say(events.MuteChanged(call.call_id, muted))

    def _done(self, done: Done) -> None:
        command = done.command
        problem = "" if done.status is m.Status.OK else _spoken(done.status)
        match command:
            case m.Call() if problem:
                call = self._on_line(command.line, command.call)
                if call is not None:
                    self._over(call, cause_of_refusal(done.status), problem)
            case m.Release():
                call = self._on_line(command.line, command.call)
                if call is not None:
                    self._over(call, cause_of_clear(m.ClearCause.RELEASED, answered=call.answered))
            case m.Join():
                self._join_done(command, problem, no_path=done.status is m.Status.NO_PATH)
            case _ if problem:
                _log.warning("%s: %s: %s", self.settings.name, type(command).__name__, problem)

    def _join_done(self, command: m.Join, problem: str, *, no_path: bool) -> None:
        a, b = Port(command.a_kind, command.a), Port(command.b_kind, command.b)
        if b.kind is m.PortKind.TIE:
            self._ties.told(b, problem)
            return
        pair = self._joins.get(frozenset((a, b)))
        if pair is None or pair[0] not in self._calls:
            return
        if problem:
            del self._joins[frozenset((a, b))]
            self._say(events.JoinFailed(*pair, problem, no_path))
        else:
            self._say(events.Joined(*pair))

    def _tie_lost(self, port: Port, why: str) -> None:
        call = self._by_port.get(port)
        if call is not None:
            if port.kind is m.PortKind.LINE:
                self.board.release(port.number, call.number)
            self._over(call, Cause.LINE_LOST, f"the audio of its tie was lost: {why}")

    # ---- calls ----

    def _take(self, call: _Call) -> _Call:
        self._calls[call.call_id] = self._by_port[call.port] = call
        return call

    def _place(self, call: _Call) -> None:
        call.number = self.board.call(call.port.number, call.digits, self.settings.mode)
        if not call.number:
            self._over(call, Cause.NO_LINE, self._why_unusable())

    def _ring(self, call_id: str) -> None:
        call = self._calls.get(call_id)
        if call is None or call.port.kind is not m.PortKind.HEADSET:
            return
        call.rang = True
        self._say(events.Ringing(call_id))
        if self.board.mirror.headsets[call.port.number].off_hook:
            self._station_answers(call)
        else:
            self._set_headset(call)

    def _station_answers(self, call: _Call) -> None:
        call.answered = True
        self._set_headset(call)
        self._say(events.Answered(call.call_id))

    def _set_headset(self, call: _Call) -> None:
        ring = call.rang and not call.answered
        lamp = m.Lamp.FAST if ring else call.lamp
        self.board.set_headset(call.port.number, lamp, ring=ring, muted=call.muted)

    def _over_if_up(self, call: _Call) -> None:
        if self._calls.get(call.call_id) is call:
            self._over(call, Cause.NORMAL if call.answered else Cause.CANCELLED)

    def _over(self, call: _Call, cause: Cause, detail: str = "") -> None:
        del self._calls[call.call_id]
        del self._by_port[call.port]
        self._ties.give_back(call.port)
        for pair, (call_id, peer_id) in list(self._joins.items()):
            if call.port in pair:
                del self._joins[pair]
                if call.port.kind is m.PortKind.HEADSET:
                    self.board.part(*sorted(pair))
                if call_id != call.call_id and pair not in self.board.mirror.joined:
                    self._later(events.JoinFailed(call_id, peer_id, "the other call is over"))
        if call.port.kind is m.PortKind.HEADSET:
            self.board.set_headset(call.port.number, m.Lamp.OFF, ring=False, muted=False)
        self._say(events.Ended(call.call_id, cause, detail=detail))

    def _on_line(self, line: int, number: int) -> _Call | None:
        call = self._by_port.get(Port(m.PortKind.LINE, line))
        return call if call is not None and call.number == number else None

    def _joined_with(self, port: Port) -> Port | None:
        for pair in self._joins:
            if port in pair:
                return next(iter(pair - {port}))
        return None

    def _refuse_used(self, call_id: str) -> None:
        if call_id in self._calls:
            raise ValueError(f"call id {call_id!r} is in use")

    def _no_line(self, call_id: str, why: str) -> None:
        self._later(events.Ended(call_id, Cause.NO_LINE, detail=why))

    def _ref(self, port: Port) -> str:
        boot = self._welcome.boot_nonce if self._welcome else 0
        return f"{self.settings.name}/{boot:08x}/{port.kind.name.lower()}-{port.number + 1}"

    # ---- lines ----

    def _working_lines(self) -> list[LineChanged]:
        if self._why_unusable():
            return []
        wanted = self.settings.lines
        return [
            line
            for line in self.board.mirror.lines.values()
            if line.state is not _S.FAULT and (not wanted or line.line + 1 in wanted)
        ]

    def _free_line(self) -> LineChanged | None:
        free = [
            line
            for line in self._working_lines()
            if line.state is not _S.RINGING and Port(m.PortKind.LINE, line.line) not in self._by_port
        ]
        return min(free, key=lambda line: (line.state is not _S.IDLE, line.at or 0.0), default=None)

    def _why_no_line(self, trunk: str) -> str:
        if trunk != self.settings.name:
            return f"gateway {self.settings.name!r} is no trunk {trunk!r}"
        return self._why_unusable() or "all lines of the board are taken"

    def _why_down(self) -> str:
        return "" if self.board.up and self._welcome is not None else self.board.problem or self._problem

    def _why_no_ties(self) -> str:
        """A board that is to have ties and has none left is no use: people would answer, and hear nobody."""
        return f"none of its ties can be used: {self._ties.trouble}" if self._ties.all_set_aside else ""

    def _why_unusable(self) -> str:
        if down := self._why_down():
            return down
        assert self._welcome is not None
        if self.board.updating:
            return "its firmware is being replaced"
        pulse = self.settings.mode is m.DialMode.PULSE
        if (m.Capabilities.PULSE if pulse else m.Capabilities.DTMF) not in self._welcome.capabilities:
            return f"its lines cannot dial by {'pulses' if pulse else 'tones'}: set `pulse` to {str(not pulse).lower()}"
        if m.Capabilities.REVERSAL not in self._welcome.capabilities:
            return "its lines do not tell an answer (battery reversal): calls over them would never count as answered"
        missing = [str(line) for line in self.settings.lines if line > self._welcome.lines]
        if missing:
            return f"line {', '.join(missing)} is named in `lines`, and the board has {self._welcome.lines}"
        return self._why_no_ties()

    def _tell_lines(self) -> None:
        if not self._started:
            return
        configured = len(self.settings.lines) or (self._welcome.lines if self._welcome else 0)
        working, because = self._working_lines(), self._why_unusable()
        if not because:
            because = "; ".join(filter(None, (self._dead_lines(configured - len(working)), self._ties.trouble)))
        told = events.TrunkLines(self.settings.name, len(working), because)
        if told != self._told_lines:
            self._told_lines = told
            self._say(told)

    def _dead_lines(self, missing: int) -> str:
        wanted = self.settings.lines
        dead = [
            f"line {line.line + 1}"
            for line in self.board.mirror.lines.values()
            if line.state is _S.FAULT and (not wanted or line.line + 1 in wanted)
        ]
        return f"no line voltage on {', '.join(dead)}" if missing else ""

    def _later(self, event: events.LineEvent) -> None:
        asyncio.get_running_loop().call_soon(self._say_if_current, event)

    def _say_if_current(self, event: events.LineEvent) -> None:
        if isinstance(event, events.Ended) or event.call_id in self._calls:
            self._say(event)

    def _say(self, event: events.LineEvent | events.TrunkLines) -> None:
        if self._on_event is not None:
            self._on_event(event)


def _spoken(status: m.Status) -> str:
    words = {
        m.Status.NO_SUCH_PORT: "the board has no such port, or it is not plugged in",
        m.Status.LINE_IN_USE: "the line is taken",
        m.Status.LINE_DEAD: "the line has no voltage",
        m.Status.BAD_DIGITS: "the number has characters that cannot be dialed",
        m.Status.NOT_ANSWERED: "the call is not up",
        m.Status.NO_PATH: "the board has no free way between the two",
        m.Status.PORT_TAKEN: "the other side is joined with somebody else",
    }
    return words.get(status, f"the board answered {status.name}")
