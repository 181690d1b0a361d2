"""The model board's lines and headsets, with the pins that the world outside drives and sees."""

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_bridge import messages as m

S, C = m.LineState, m.ClearCause
OFF_HOOK = {S.SEIZED, S.DIALING, S.CALLING, S.ANSWERED, S.CLEARED}
PULSE_DIGITS = set("0123456789,")
TONES = set("0123456789*#ABCD,")
DIGITS_WAITING = 32


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds; a test may have a board that is quicker than the page says."""

    seize_s: float = 0.5
    no_loop_s: float = 2.0
    digit_s: float = 0.14
    guard_s: float = m.GUARD_MS / 1000
    ring_over_s: float = 6.0


QUICK = Timing(seize_s=0.005, no_loop_s=0.2, digit_s=0.001, guard_s=0.02, ring_over_s=0.2)


@dataclass(slots=True)
class Line:
    """A line. The world calls `reverse`, `busy`, `ring`, `unplug` and the like; it sees `off_hook` and `dialed`."""

    number: int
    timing: Timing
    on_change: Callable[["Line", float], None]
    on_digits: Callable[["Line", str, float], None] = lambda line, digits, now: None
    voltage: bool = True
    loop: bool = True
    state: m.LineState = S.IDLE
    call: int = 0
    cause: m.ClearCause = C.NONE
    change: int = 0
    at: float = 0.0
    reversed: bool = False
    due: float | None = None
    waiting: str = ""
    dialed: list[tuple[int, str]] = field(default_factory=list)
    tones: str = ""

    @property
    def off_hook(self) -> bool:
        """The relay."""
        return self.state in OFF_HOOK

    def seize(self, call: int, digits: str, now: float) -> None:
        """Go off hook, to dial."""
        self.call, self.waiting, self.tones, self.reversed = call, digits, "", False
        self.dialed.append((call, digits))
        self._go(S.SEIZED, C.NONE, now, self.timing.seize_s if self.loop else self.timing.no_loop_s)

    def accept(self, call: int, now: float) -> None:
        """Answer what rings."""
        self.call, self.waiting, self.tones = call, "", ""
        self._go(S.ANSWERED, C.NONE, now)

    def hang_up(self, cause: m.ClearCause, now: float) -> None:
        """Go on hook."""
        if self.off_hook:
            self.waiting = ""
            self._go(S.GUARD, self.cause if self.state is S.CLEARED else cause, now, self.timing.guard_s)

    def reverse(self, now: float) -> None:
        """The exchange turns the battery: an answer, or back again its end."""
        self.reversed = not self.reversed
        if self.state in (S.DIALING, S.CALLING) and self.reversed:
            self.waiting = ""
            self._go(S.ANSWERED, C.NONE, now)
        elif self.state is S.ANSWERED and not self.reversed:
            self._go(S.CLEARED, C.FAR_END, now)

    def open_loop(self, now: float) -> None:
        """The exchange takes the loop current away."""
        if self.state in (S.DIALING, S.CALLING, S.ANSWERED):
            self._go(S.CLEARED, C.FAR_END, now)

    def busy(self, now: float) -> None:
        """Busy tone."""
        if self.state in (S.DIALING, S.CALLING, S.ANSWERED):
            self._go(S.CLEARED, C.BUSY, now)

    def ring(self, now: float) -> None:
        """Ringing voltage."""
        if self.state is S.IDLE:
            self.call = 0
            self._go(S.RINGING, C.NONE, now)
        if self.state is S.RINGING:
            self.due = now + self.timing.ring_over_s

    def unplug(self, now: float) -> None:
        """The line's voltage goes away."""
        self.voltage = False
        over = self.off_hook
        self.call, self.waiting = (self.call, "") if over else (0, "")
        self._go(S.FAULT, C.LINE_FAULT if over else C.NONE, now)

    def plug(self, now: float) -> None:
        """The line's voltage is back."""
        self.voltage = True
        if self.state is S.FAULT:
            self._go(S.IDLE, self.cause, now)

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        if self.due is None or now < self.due:
            return
        self.due = None
        match self.state:
            case S.SEIZED if not self.loop:
                self._go(S.CLEARED, C.NO_DIAL_TONE, now)
            case S.SEIZED:
                self._go(S.DIALING, C.NONE, now, self.timing.digit_s)
            case S.DIALING | S.ANSWERED:
                self._next_digit(now)
            case S.GUARD:
                self._go(S.IDLE, self.cause, now)
            case S.RINGING:
                self._go(S.IDLE, C.CALLER_LEFT, now)

    def send_tones(self, digits: str, now: float) -> None:
        """Tones into an answered call."""
        self.waiting += digits
        if self.due is None:
            self.due = now + self.timing.digit_s

    def _next_digit(self, now: float) -> None:
        self.tones, self.waiting = self.tones + self.waiting[:1], self.waiting[1:]
        if self.waiting:
            self.due = now + self.timing.digit_s
        elif self.state is S.DIALING:
            self._go(S.CALLING, C.NONE, now)
        else:
            self.on_digits(self, self.tones, now)
            self.tones = ""

    def _go(self, state: m.LineState, cause: m.ClearCause, now: float, lasts_s: float | None = None) -> None:
        self.state, self.cause, self.at = state, cause, now
        self.due = None if lasts_s is None else now + lasts_s
        self.change = (self.change + 1) % 0x10000
        if state is S.CALLING:
            self.on_digits(self, self.tones, now)
            self.tones = ""
        self.on_change(self, now)


@dataclass(slots=True)
class Headset:
    """A headset. The world calls `plug`, `hook` and `press_mute`; it sees `lamp`, `rings` and `muted`."""

    number: int
    on_change: Callable[["Headset", float], None]
    present: bool = True
    off_hook: bool = False
    muted: bool = False
    lamp: m.Lamp = m.Lamp.OFF
    ring: bool = False
    change: int = 0
    at: float = 0.0

    @property
    def rings(self) -> bool:
        """The ringer."""
        return self.ring and self.present and not self.off_hook

    def plug(self, present: bool, now: float) -> None:
        """It is plugged in, or pulled."""
        self._set(now, present=present, off_hook=self.off_hook and present)

    def hook(self, off_hook: bool, now: float) -> None:
        """The agent takes it, or lays it down."""
        self._set(now, off_hook=off_hook, ring=self.ring and not off_hook)

    def press_mute(self, now: float) -> None:
        """The agent presses its button."""
        self._set(now, muted=not self.muted)

    def set(self, lamp: m.Lamp, ring: bool, muted: bool, now: float) -> None:
        """As the host wants it."""
        self._set(now, lamp=lamp, ring=ring, muted=muted)

    def _set(self, now: float, **new: object) -> None:
        if any(getattr(self, name) != value for name, value in new.items()):
            for name, value in new.items():
                setattr(self, name, value)
            self.change = (self.change + 1) % 0x10000
            self.at = now
            self.on_change(self, now)
