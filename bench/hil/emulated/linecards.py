"""A telephone exchange on the board's line pins: voltage, loop current, reversal, busy tone, ringing voltage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmware_bridge.firmware.outside import Seen

# A break of the loop this short is a pulse of a digit (ITU-T E.161, Q.23 networks: 60 ms); a longer one hangs up.
PULSE_MAX_S = 0.15
DIGIT_PAUSE_S = 0.3
RING_ON_S, RING_OFF_S = 1.0, 2.0
RING_LIMIT = 20


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How a number behaves; seconds after its last digit, `hang_up_s` after the answer. None means never."""

    answer_s: float | None = None
    hang_up_s: float | None = None
    busy_s: float | None = None


class Timer(Protocol):
    """Something that will happen, unless cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """What the exchange needs of time; an asyncio loop has it."""

    def time(self) -> float:
        """Monotonic seconds."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call back after `delay` seconds."""


Drive = Callable[[str, int, bool], None]
Told = Callable[[int, str, str], None]


@dataclass(slots=True, eq=False)
class _Line:
    plugged: bool = True
    off_hook: bool = False
    released_at: float = -1.0
    digits: str = ""
    pulses: int = 0
    answered: bool = False
    ringing: bool = False
    timers: list[Timer] = field(default_factory=list)


class LineCards:
    """One exchange line per line of the board, counted from 0.

    `drive(input, line, level)` puts levels on the board's pins, `told(line, what, detail)` is told what the exchange
    and the far sides do. Feed it what is seen on the board's outputs with `saw`.
    """

    def __init__(self, count: int, far_ends: Mapping[str, FarEnd], clock: Clock, drive: Drive, told: Told) -> None:
        self._far_ends = {number.lstrip("+"): far_end for number, far_end in far_ends.items()}
        self._clock = clock
        self._drive = drive
        self._told = told
        self.count = count
        self._lines = [_Line() for _ in range(count)]

    def far_end(self, digits: str) -> FarEnd | None:
        """Who is called by these digits; None while they are no whole number."""
        return self._far_ends.get(digits)

    def saw(self, at: float, seen: Seen) -> None:
        """A hook or a tone changed at `at` (monotonic seconds)."""
        if seen.what == "hook":
            self._hook(int(seen.where.removeprefix("line ")), bool(seen.value), at)
        elif seen.what == "tone" and seen.value:
            self._digit(int(seen.where.removeprefix("line ")), str(seen.value))

    def answer(self, line: int) -> None:
        """The far side picks up: the battery is reversed."""
        state = self._lines[line]
        if state.off_hook and not state.answered:
            state.answered = True
            self._feed(line)
            self._told(line, "far_answers", "")

    def hang_up(self, line: int) -> None:
        """The far side hangs up: the battery is as before."""
        state = self._lines[line]
        if state.answered:
            state.answered = False
            self._feed(line)
            self._told(line, "far_released", "")

    def busy(self, line: int) -> None:
        """The exchange sends busy tone until the line is on hook."""
        if self._lines[line].off_hook:
            self._drive("line_busy", line, True)
            self._told(line, "far_busy", "")

    def ring(self, line: int) -> None:
        """Somebody calls: ringing voltage in bursts, until the line goes off hook or nobody rings any more."""
        state = self._lines[line]
        if not state.off_hook and not state.ringing:
            state.ringing = True
            self._burst(line, RING_LIMIT)

    def stop_ringing(self, line: int) -> None:
        """The caller gives up."""
        self._lines[line].ringing = False
        self._drive("line_ring", line, False)

    def plug(self, line: int, present: bool) -> None:
        """Take the line's voltage away, or give it back."""
        self._lines[line].plugged = present
        self._feed(line)

    def settle(self) -> None:
        """All lines have voltage, nothing rings."""
        for line, state in enumerate(self._lines):
            self.stop_ringing(line)
            state.plugged = True
            if not state.off_hook:
                self._on_hook(line)

    def _hook(self, line: int, off: bool, at: float) -> None:
        state = self._lines[line]
        if off:
            pulse = at - state.released_at < PULSE_MAX_S and not state.answered
            state.off_hook = True
            state.released_at = -1.0
            if pulse:
                state.pulses += 1
                self._later(state, DIGIT_PAUSE_S, lambda count=state.pulses: self._pulsed(line, count))  # type: ignore[misc]
            elif state.ringing:
                self.stop_ringing(line)
                state.answered = True
            return
        state.released_at = at
        self._later(state, PULSE_MAX_S, lambda: self._released(line, at))

    def _released(self, line: int, at: float) -> None:
        """The loop was opened at `at`, for longer than a pulse."""
        state = self._lines[line]
        if state.released_at == at and state.off_hook:
            state.off_hook = False
            self._on_hook(line)

    def _on_hook(self, line: int) -> None:
        state = self._lines[line]
        for timer in state.timers:
            timer.cancel()
        state.timers.clear()
        state.digits, state.pulses, state.answered = "", 0, False
        self._drive("line_busy", line, False)
        self._feed(line)

    def _pulsed(self, line: int, count: int) -> None:
        state = self._lines[line]
        if state.pulses == count and state.off_hook:
            state.pulses = 0
            self._digit(line, str(count % 10))

    def _digit(self, line: int, digit: str) -> None:
        state = self._lines[line]
        if not state.off_hook:
            return
        if state.answered:
            self._told(line, "far_digits", digit)
            return
        state.digits += digit
        far_end = self.far_end(state.digits)
        if far_end is not None:
            self._told(line, "far_rings", state.digits)
            self._play(line, state, far_end)

    def _play(self, line: int, state: _Line, far_end: FarEnd) -> None:
        if far_end.busy_s is not None:
            self._later(state, far_end.busy_s, lambda: self.busy(line))
        if far_end.answer_s is not None:
            self._later(state, far_end.answer_s, lambda: self.answer(line))
            if far_end.hang_up_s is not None:
                self._later(state, far_end.answer_s + far_end.hang_up_s, lambda: self.hang_up(line))

    def _burst(self, line: int, left: int) -> None:
        state = self._lines[line]
        if not state.ringing or left == 0:
            self.stop_ringing(line)
            return
        self._drive("line_ring", line, True)
        self._later(state, RING_ON_S, lambda: self._drive("line_ring", line, False))
        self._later(state, RING_ON_S + RING_OFF_S, lambda: self._burst(line, left - 1))

    def _feed(self, line: int) -> None:
        """Voltage, or loop current, of the polarity that tells whether the far side is there; never neither between."""
        state = self._lines[line]
        levels = {"line_normal": not state.answered, "line_reversed": state.answered}
        for name in sorted(levels, key=lambda name: not levels[name]):
            self._drive(name, line, state.plugged and levels[name])

    def _later(self, state: _Line, delay_s: float, action: Callable[[], None]) -> None:
        state.timers.append(self._clock.call_later(delay_s, action))
