"""A line driver without lines: scripted far ends on the event loop or on a clock that tests turn by hand."""

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from hw.audio.wav import wav_seconds
from hw.contract import events
from hw.contract.causes import Cause, cause_of
from hw.contract.driver import DriverError, Lamp, OnEvent

DIGIT_GAP_S = 0.05


class Timer(Protocol):
    """Something that will happen, unless cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """What the driver needs of time; an asyncio loop has it."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call back after `delay` seconds."""


@dataclass(slots=True, order=True)
class _Entry:
    at: float
    number: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Let it not happen."""
        self.cancelled = True


class ManualClock:
    """A clock that stands still until `advance`. `now` is seconds since it was made."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[_Entry] = []
        self._count = 0

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call back when the clock has moved `delay` seconds on."""
        self._count += 1
        entry = _Entry(self.now + delay, self._count, callback)
        heapq.heappush(self._entries, entry)
        return entry

    def advance(self, seconds: float) -> None:
        """Move on, doing what falls due in order."""
        until = self.now + seconds
        while self._entries and self._entries[0].at <= until:
            entry = heapq.heappop(self._entries)
            self.now = entry.at
            if not entry.cancelled:
                entry.callback()
        self.now = until


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How a number or station behaves. Times are seconds; None means never.

    `ring_s`, `answer_s` and `fail_s` count from the dial, `hang_up_s` and `digits` from the answer. `fail_s` gives
    `sip_code` and `q850` as final response. `crosses` answers a cancel with a pick-up (glare).
    """

    ring_s: float | None = 0.01
    early_media: bool = False
    answer_s: float | None = None
    hang_up_s: float | None = None
    fail_s: float | None = None
    sip_code: int = 486
    q850: int | None = None
    digits: str = ""
    crosses: bool = False


@dataclass(slots=True, eq=False)
class _Call:
    call_id: str
    trunk: str
    far_end: FarEnd
    timers: list[Timer] = field(default_factory=list)
    answered: bool = False
    playing: Timer | None = None


class FakeDriver:
    """A `LineDriver` whose numbers and stations do what `far_ends` says; others do as `default`.

    `trunks` maps trunk names to their lines. `clock` is the running loop when not given. What was asked of calls that
    were up can be read from `joined`, `digits_sent` and `dialed`.
    """

    def __init__(
        self,
        far_ends: Mapping[str, FarEnd],
        *,
        trunks: Mapping[str, int],
        max_calls: int = 8,
        default: FarEnd | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._far_ends = far_ends
        self._default = default or FarEnd(answer_s=0.05)
        self._trunks = trunks
        self._max_calls = max_calls
        self._clock = clock
        self._calls: dict[str, _Call] = {}
        self._on_event: OnEvent | None = None
        self.joined: set[frozenset[str]] = set()
        self.digits_sent: dict[str, str] = {}
        self.muted: set[str] = set()
        self.lamps: dict[str, Lamp] = {}
        self.dialed: list[tuple[str, str]] = []

    async def start(self, on_event: OnEvent) -> None:
        """Take calls from now on."""
        if self._clock is None:
            self._clock = asyncio.get_running_loop()
        self._on_event = on_event

    async def close(self) -> None:
        """End what is left."""
        for call in list(self._calls.values()):
            self._hang_up_now(call)

    def capacity(self) -> int:
        """The calls it was made for."""
        return self._max_calls

    def dial(self, call_id: str, trunk: str, number: str, caller_id: str) -> None:
        """Call a number as its script says."""
        known = self._trunks.get(trunk)
        in_use = sum(1 for call in self._calls.values() if call.trunk == trunk)
        free = known is not None and in_use < known
        self._place(call_id, trunk, number, free=free)

    def call_station(self, call_id: str, address: str) -> None:
        """Call a station as its script says."""
        self._place(call_id, "", address, free=True)

    def hang_up(self, call_id: str) -> None:
        """End the call."""
        call = self._calls.get(call_id)
        if call is not None:
            self._later(call, 0, self._hang_up_now)

    def play(self, call_id: str, wav: Path) -> None:
        """Let the length of the file pass; a bad file is over at once."""
        call = self._calls.get(call_id)
        if call is None:
            return
        try:
            length_s = wav_seconds(wav) if call.answered else 0
        except DriverError:
            length_s = 0
        if call.playing is not None:
            call.playing.cancel()
        call.playing = self._later(call, length_s, lambda call: self._say(events.MessagePlayed(call.call_id)))

    def send_digits(self, call_id: str, digits: str) -> None:
        """Note the digits in `digits_sent`."""
        if call_id in self._calls:
            self.digits_sent[call_id] = self.digits_sent.get(call_id, "") + digits

    def join(self, call_id: str, peer_id: str, *, tone: bool) -> None:
        """Note the pair in `joined`."""
        call = self._calls.get(call_id)
        if call is not None:
            self._later(call, 0, lambda call: self._join_now(call, peer_id))

    def part(self, call_id: str, peer_id: str) -> None:
        """Forget the pair."""
        self.joined.discard(frozenset((call_id, peer_id)))

    def mute(self, call_id: str, muted: bool) -> None:
        """Note the call in `muted`, or forget it there."""
        (self.muted.add if muted else self.muted.discard)(call_id)

    def show(self, call_id: str, lamp: Lamp) -> None:
        """Note the lamp in `lamps`."""
        if call_id in self._calls:
            self.lamps[call_id] = lamp

    def lose(self, call_id: str) -> None:
        """Let the line of a call break."""
        call = self._calls.get(call_id)
        if call is not None:
            self._over(call, Cause.LINE_LOST)

    def tell_lines(self, trunk: str, lines: int, because: str = "") -> None:
        """Let a trunk have fewer lines, or all of them again."""
        self._say(events.TrunkLines(trunk, lines, because))

    def far_hang_up(self, call_id: str) -> None:
        """Let the far side hang up an answered call."""
        call = self._calls.get(call_id)
        if call is not None and call.answered:
            self._over(call, Cause.NORMAL, 200)

    def far_digit(self, call_id: str, digit: str) -> None:
        """Let the far side press a key."""
        if call_id in self._calls:
            self._say(events.DigitReceived(call_id, digit))

    def _place(self, call_id: str, trunk: str, far: str, *, free: bool) -> None:
        if call_id in self._calls:
            raise ValueError(f"call id {call_id!r} is in use")
        room = free and len(self._calls) < self._max_calls
        call = self._calls[call_id] = _Call(call_id, trunk, self._far_ends.get(far, self._default))
        if not room:
            self._later(call, 0, lambda call: self._over(call, Cause.NO_LINE))
            return
        self.dialed.append((call_id, far))
        self._later(call, 0, lambda call: self._say(events.Dialed(call.call_id, f"fake-{call.call_id}")))
        self._follow(call)

    def _follow(self, call: _Call) -> None:
        far_end = call.far_end
        if far_end.ring_s is not None:
            self._later(call, far_end.ring_s, self._ring)
        if far_end.answer_s is not None:
            self._later(call, far_end.answer_s, self._answer)
        if far_end.fail_s is not None:
            self._later(call, far_end.fail_s, self._fail)

    def _ring(self, call: _Call) -> None:
        if not call.answered:
            self._say(events.Ringing(call.call_id, call.far_end.early_media))

    def _answer(self, call: _Call) -> None:
        call.answered = True
        self._say(events.Answered(call.call_id))
        for place, digit in enumerate(call.far_end.digits, start=1):
            self._later(call, place * DIGIT_GAP_S, partial(self._press, digit=digit))
        if call.far_end.hang_up_s is not None:
            self._later(call, call.far_end.hang_up_s, lambda call: self._over(call, Cause.NORMAL, 200))

    def _press(self, call: _Call, digit: str) -> None:
        self._say(events.DigitReceived(call.call_id, digit))

    def _fail(self, call: _Call) -> None:
        if not call.answered:
            far_end = call.far_end
            self._over(call, cause_of(far_end.sip_code, far_end.q850), far_end.sip_code, far_end.q850)

    def _hang_up_now(self, call: _Call) -> None:
        if call.far_end.crosses and not call.answered:
            self._answer(call)
        if call.answered:
            self._over(call, Cause.NORMAL, 200)
        else:
            self._over(call, Cause.CANCELLED, 487)

    def _join_now(self, call: _Call, peer_id: str) -> None:
        peer = self._calls.get(peer_id)
        if not call.answered or peer is None or not peer.answered:
            self._say(events.JoinFailed(call.call_id, peer_id, "both calls must be up"))
            return
        self.joined.add(frozenset((call.call_id, peer_id)))
        self._say(events.Joined(call.call_id, peer_id))

    def _over(self, call: _Call, cause: Cause, sip_code: int | None = None, q850: int | None = None) -> None:
        for timer in call.timers:
            timer.cancel()
        del self._calls[call.call_id]
        self.joined = {pair for pair in self.joined if call.call_id not in pair}
        self._say(events.Ended(call.call_id, cause, sip_code, q850))

    def _later(self, call: _Call, delay_s: float, action: Callable[[_Call], None]) -> Timer:
        if self._clock is None:
            raise RuntimeError("start the driver first")
        timer = self._clock.call_later(delay_s, lambda: self._if_live(call, action))
        call.timers.append(timer)
        return timer

    def _if_live(self, call: _Call, action: Callable[[_Call], None]) -> None:
        if self._calls.get(call.call_id) is call:
            action(call)

    def _say(self, event: events.LineEvent | events.TrunkLines) -> None:
        if self._on_event is not None:
            self._on_event(event)
