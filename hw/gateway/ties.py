"""A board's wires to this box's audio (ties): lent to calls, each with the sound at its other end."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from firmware_bridge.board import Board
from firmware_bridge.messages import PortKind
from firmware_bridge.mirror import Port
from hw.audio.sound import Audible, Sound
from hw.audio.trial import Trial
from hw.contract.driver import DriverError

Told = Callable[[str], None]
"""Called once with what went wrong, or with nothing."""
RETRY_S = 30.0
LOOK_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Tie:
    """`fault` says why it is set aside, until a `trial` has shown that it can be used again."""

    port: Port
    sound: Sound
    fault: str = ""
    trial: Trial | None = None


@dataclass(slots=True, eq=False)
class _Lent:
    tie: _Tie
    port: Port
    call: int
    asked: bool = False
    joined: bool = False
    wanted_by: list[Told] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    playing: bool = False


class Ties:
    """`sounds` has the audio at this box of each tie, in their order. Calls are named by the port that they are on.

    A tie whose sound cannot be opened, or dies, is set aside with the reason, and tried again every `RETRY_S` while it
    is not lent. `on_lost` is told of the call whose tie has lost its audio, and why; `on_change` is called when ties
    are set aside or come back.
    """

    def __init__(
        self,
        board: Board,
        sounds: Sequence[Sound],
        on_lost: Callable[[Port, str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._board = board
        self._on_lost = on_lost
        self._on_change = on_change
        self._ties = [_Tie(Port(PortKind.TIE, number), sound) for number, sound in enumerate(sounds)]
        self._free = list(self._ties)
        self._lent: dict[Port, _Lent] = {}
        self._wired = len(self._ties)
        self._retry: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def trouble(self) -> str:
        """Which ties are set aside, and why; empty when all can be used."""
        return "; ".join(f"tie {tie.port.number + 1}: {tie.fault}" for tie in self._ties if tie.fault)

    @property
    def all_set_aside(self) -> bool:
        """Whether there are ties, and not one of them can be used."""
        return bool(self._ties) and all(tie.fault for tie in self._ties)

    def board_has(self, ties: int) -> None:
        """The board is up, and has so many ties: sounds beyond these lead nowhere."""
        self._wired = ties
        self.try_all()

    def try_all(self) -> None:
        """Open the sound of each tie that is not lent, for a moment, all side by side; and watch them from now on."""
        if self._ties and self._watch is None:
            self._watch_all()
        lent = {lent.tie.port for lent in self._lent.values()}
        for tie in self._ties:
            if tie.port not in lent:
                self._try(tie)

    def look(self) -> None:
        """Set ties aside whose sound is not there any more."""
        for tie in list(self._free):
            if why := tie.sound.absent():
                self._set_aside(tie, why)

    def close(self) -> None:
        """Try no tie any more."""
        for timer in (self._retry, self._watch):
            if timer is not None:
                timer.cancel()
        for tie in self._ties:
            self._end_trial(tie)

    def lend(self, port: Port, call: int) -> Sound | None:
        """A sound for the call on `port` (call 0: a headset), the same until `give_back`; None when none is free."""
        lent = self._lent.get(port)
        if lent is None:
            self.look()
            if not self._free:
                return None
            tie = self._free.pop(0)
            self._end_trial(tie)
            lent = self._lent[port] = _Lent(tie, port, call)
        return lent.tie.sound

    def hear(self, port: Port, other: Audible, *, tone: bool, done: Told) -> None:
        """Let a call that was lent a sound hear a voice of this box."""
        lent = self._lent.get(port)
        if lent is None:
            done("the call has no audio on this box")
            return

        def ready(problem: str) -> None:
            if not problem:
                lent.heard.add(other.ring)
                lent.tie.sound.hear(other, tone=tone)
            done(problem)

        self._when_joined(lent, ready)

    def unhear(self, port: Port, other: Audible) -> None:
        """Undo `hear`; the tie is given back when nothing else is heard over it."""
        lent = self._lent.get(port)
        if lent is None:
            return
        lent.heard.discard(other.ring)
        lent.tie.sound.unhear(other)
        self._give_back_unused(lent)

    def play(self, port: Port, call: int, wav: Path, done: Callable[[], None]) -> None:
        """Play a file to a call. Where it cannot be played it is done at once."""
        if self.lend(port, call) is None:
            _log.warning("%s: nothing is played: no tie to this box is free", _name(port))
            done()
            return
        lent = self._lent[port]
        lent.playing = True

        def played() -> None:
            lent.playing = False
            self._give_back_unused(lent)
            done()

        def ready(problem: str) -> None:
            try:
                if problem:
                    raise DriverError(problem)
                lent.tie.sound.play(wav, played)
            except DriverError as error:
                _log.warning("%s: nothing is played: %s", _name(port), error)
                played()

        self._when_joined(lent, ready)

    def told(self, tie: Port, problem: str) -> None:
        """What became of the Join of a tie."""
        lent = next((lent for lent in self._lent.values() if lent.tie.port == tie), None)
        if lent is None or lent.joined:
            return
        lent.asked, lent.joined = False, not problem
        if lent.joined:
            try:
                lent.tie.sound.open(partial(self._lost, lent))
            except DriverError as wrong:
                problem = str(wrong)
                self._set_aside(lent.tie, problem)
        wanted, lent.wanted_by = lent.wanted_by, []
        for each in wanted:
            each(problem)

    def give_back(self, port: Port) -> None:
        """The call is over."""
        lent = self._lent.pop(port, None)
        if lent is None:
            return
        if lent.asked or lent.joined:
            self._board.part(lent.port, lent.tie.port)
        if lent.joined:
            lent.tie.sound.close()
        if not lent.tie.fault:
            self._free.append(lent.tie)
        for each in lent.wanted_by:
            each("the call is over")

    def _when_joined(self, lent: _Lent, ready: Told) -> None:
        if lent.joined:
            ready("")
            return
        lent.wanted_by.append(ready)
        if not lent.asked:
            lent.asked = True
            self._board.join(lent.port, lent.call, lent.tie.port, 0)

    def _give_back_unused(self, lent: _Lent) -> None:
        if self._lent.get(lent.port) is lent and not lent.heard and not lent.playing and not lent.wanted_by:
            self.give_back(lent.port)

    # ---- trials ----

    def _lost(self, lent: _Lent, why: str) -> None:
        self._set_aside(lent.tie, why)
        self._on_lost(lent.port, why)

    def _try(self, tie: _Tie) -> None:
        if tie.port.number >= self._wired:
            self._end_trial(tie)
            self._set_aside(tie, f"the board has {self._wired} ties to this box")
        elif tie.trial is None:
            try:
                tie.trial = Trial(tie.sound, partial(self._tried, tie))
            except DriverError as wrong:
                self._set_aside(tie, str(wrong))

    def _tried(self, tie: _Tie, why: str) -> None:
        tie.trial = None
        if why:
            self._set_aside(tie, why)
        elif tie.fault:
            tie.fault = ""
            self._free.append(tie)
            _log.info("%s: tie %d can be used again", self._board.settings.name, tie.port.number + 1)
            self._on_change()

    def _end_trial(self, tie: _Tie) -> None:
        if tie.trial is not None:
            tie.trial.end()
            tie.trial = None

    def _set_aside(self, tie: _Tie, why: str) -> None:
        if tie in self._free:
            self._free.remove(tie)
        self._arm()
        if why != tie.fault:
            tie.fault = why
            name, number = self._board.settings.name, tie.port.number + 1
            _log.warning("%s: tie %d cannot be used: %s; it is tried again every %g s", name, number, why, RETRY_S)
            self._on_change()

    def _watch_all(self) -> None:
        self.look()
        self._watch = asyncio.get_running_loop().call_later(LOOK_S, self._watch_all)

    def _try_again(self) -> None:
        self._retry = None
        self.try_all()
        if self.trouble:
            self._arm()

    def _arm(self) -> None:
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._try_again)


def _name(port: Port) -> str:
    return f"{port.kind.name.lower()} {port.number + 1}"
