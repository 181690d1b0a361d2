"""A virtual telephone exchange behind emulated modems: far ends that ring, answer, refuse, press keys and hang up."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

KEY_GAP_S = 0.05


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How a number behaves. Times are seconds; None means never.

    `ring_s`, `answer_s` and `fail_s` count from the dial, `hang_up_s` and `keys` from the answer. `fail_s` gives the
    Q.850 `cause`. `crosses` answers our release with a pick-up (glare). `delivers` is what becomes of SMS to it.
    """

    ring_s: float | None = 0.02
    answer_s: float | None = None
    hang_up_s: float | None = None
    fail_s: float | None = None
    cause: int = 17
    keys: str = ""
    crosses: bool = False
    delivers: bool = True


class Progress(Enum):
    """What a caller's modem is told."""

    DIALING = auto()
    ALERTING = auto()
    ACTIVE = auto()
    RELEASED = auto()


class Caller(Protocol):
    """The modem that placed a call."""

    def progress(self, call: "ExchangeCall", progress: Progress) -> None:
        """The call has come so far."""

    def key(self, call: "ExchangeCall", key: str) -> None:
        """The far end pressed a key."""


@dataclass(slots=True, eq=False)
class ExchangeCall:
    """One call as the exchange saw it, for the books of the test. Times are the loop's seconds."""

    number: str
    imsi: str
    far_end: FarEnd
    dialed_at: float
    hidden: bool = False
    answered_at: float | None = None
    ended_at: float | None = None
    released_by: str = ""
    cause: int | None = None
    keys_heard: str = ""
    progress: Progress = Progress.DIALING
    timers: list[asyncio.TimerHandle] = field(default_factory=list, repr=False)

    @property
    def up(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


class Exchange:
    """Numbers and what they do; `calls` and `texts` keep everything that passed, for comparison with our own books.

    `default` is for numbers that `far_ends` does not name.
    """

    def __init__(self, far_ends: Mapping[str, FarEnd] | None = None, default: FarEnd | None = None) -> None:
        self.far_ends = dict(far_ends or {})
        self.default = default or FarEnd(answer_s=0.1)
        self.calls: list[ExchangeCall] = []
        self.texts: list[tuple[str, str]] = []
        self._caller: dict[ExchangeCall, Caller] = {}

    def far_end(self, number: str) -> FarEnd:
        """What a number does."""
        return self.far_ends.get(number, self.default)

    def dial(self, caller: Caller, imsi: str, number: str, *, hidden: bool = False) -> ExchangeCall:
        """Set a call up for a modem."""
        call = ExchangeCall(number, imsi, self.far_end(number), self._now(), hidden)
        self.calls.append(call)
        self._caller[call] = caller
        far_end = call.far_end
        self._at(call, far_end.ring_s, lambda: self._ring(call))
        self._at(call, far_end.answer_s, lambda: self._answer(call))
        self._at(call, far_end.fail_s, lambda: self._release(call, "network", far_end.cause))
        return call

    def release(self, call: ExchangeCall) -> None:
        """The modem's side hangs up."""
        if call.up and call.far_end.crosses and call.answered_at is None:
            self._answer(call)
        self._release(call, "caller", 16)

    def lose(self, call: ExchangeCall) -> None:
        """The modem is gone; the network notices."""
        self._release(call, "lost", 27)

    def hang_up(self, call: ExchangeCall) -> None:
        """The far end hangs up."""
        self._release(call, "far end", 16)

    def answer(self, call: ExchangeCall) -> None:
        """The far end picks up; nothing when it has."""
        if call.up:
            self._answer(call)

    def press(self, call: ExchangeCall, keys: str) -> None:
        """The far end presses keys, one after the other."""
        for place, key in enumerate(keys):
            self._at(call, place * KEY_GAP_S, self._press(call, key))

    def hear_key(self, call: ExchangeCall, key: str) -> None:
        """The modem's side pressed a key."""
        if call.up and call.answered_at is not None:
            call.keys_heard += key

    def _ring(self, call: ExchangeCall) -> None:
        if call.answered_at is None:
            self._tell(call, Progress.ALERTING)

    def _answer(self, call: ExchangeCall) -> None:
        if call.answered_at is not None:
            return
        call.answered_at = self._now()
        self._tell(call, Progress.ACTIVE)
        for place, key in enumerate(call.far_end.keys, start=1):
            self._at(call, place * KEY_GAP_S, self._press(call, key))
        self._at(call, call.far_end.hang_up_s, lambda: self.hang_up(call))

    def _press(self, call: ExchangeCall, key: str) -> Callable[[], None]:
        return lambda: self._caller[call].key(call, key)

    def _release(self, call: ExchangeCall, by: str, cause: int) -> None:
        if not call.up:
            return
        call.ended_at = self._now()
        call.released_by = by
        call.cause = cause
        for timer in call.timers:
            timer.cancel()
        call.timers.clear()
        self._tell(call, Progress.RELEASED)
        del self._caller[call]

    def _tell(self, call: ExchangeCall, progress: Progress) -> None:
        call.progress = progress
        self._caller[call].progress(call, progress)

    def _at(self, call: ExchangeCall, delay_s: float | None, action: Callable[[], None]) -> None:
        if delay_s is not None:
            call.timers.append(asyncio.get_running_loop().call_later(delay_s, lambda: action() if call.up else None))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
