"""A board's wires to this box's audio (ties): lent to calls, each with the sound at its other end."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from firmware_bridge.board import Board
from firmware_bridge.messages import PortKind
from firmware_bridge.mirror import Port
from hw.audio.sound import Audible, Sound
from hw.contract.driver import DriverError

Told = Callable[[str], None]
"""Called once with what went wrong, or with nothing."""
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Lent:
    tie: Port
    sound: Sound
    port: Port
    call: int
    asked: bool = False
    joined: bool = False
    wanted_by: list[Told] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    playing: bool = False


class Ties:
    """`sounds` has the audio at this box of each tie, in their order. Calls are named by the port that they are on.

    `on_lost` is told of the call whose tie has lost its audio, and why.
    """

    def __init__(self, board: Board, sounds: Sequence[Sound], on_lost: Callable[[Port, str], None]) -> None:
        self._board = board
        self._on_lost = on_lost
        self._free = [(Port(PortKind.TIE, number), sound) for number, sound in enumerate(sounds)]
        self._lent: dict[Port, _Lent] = {}

    def lend(self, port: Port, call: int) -> Sound | None:
        """A sound for the call on `port` (call 0: a headset), the same until `give_back`; None when none is free."""
        lent = self._lent.get(port)
        if lent is None:
            if not self._free:
                return None
            tie, sound = self._free.pop(0)
            lent = self._lent[port] = _Lent(tie, sound, port, call)
        return lent.sound

    def hear(self, port: Port, other: Audible, *, tone: bool, done: Told) -> None:
        """Let a call that was lent a sound hear a voice of this box."""
        lent = self._lent.get(port)
        if lent is None:
            done("the call has no audio on this box")
            return

        def ready(problem: str) -> None:
            if not problem:
                lent.heard.add(other.ring)
                lent.sound.hear(other, tone=tone)
            done(problem)

        self._when_joined(lent, ready)

    def unhear(self, port: Port, other: Audible) -> None:
        """Undo `hear`; the tie is given back when nothing else is heard over it."""
        lent = self._lent.get(port)
        if lent is None:
            return
        lent.heard.discard(other.ring)
        lent.sound.unhear(other)
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
                lent.sound.play(wav, played)
            except DriverError as error:
                _log.warning("%s: nothing is played: %s", _name(port), error)
                played()

        self._when_joined(lent, ready)

    def told(self, tie: Port, problem: str) -> None:
        """What became of the Join of a tie."""
        lent = next((lent for lent in self._lent.values() if lent.tie == tie), None)
        if lent is None or lent.joined:
            return
        lent.asked, lent.joined = False, not problem
        if lent.joined:
            try:
                lent.sound.open(partial(self._on_lost, lent.port))
            except DriverError as wrong:
                problem = str(wrong)
        wanted, lent.wanted_by = lent.wanted_by, []
        for each in wanted:
            each(problem)

    def give_back(self, port: Port) -> None:
        """The call is over."""
        lent = self._lent.pop(port, None)
        if lent is None:
            return
        if lent.asked or lent.joined:
            self._board.part(lent.port, lent.tie)
        if lent.joined:
            lent.sound.close()
        self._free.append((lent.tie, lent.sound))
        for each in lent.wanted_by:
            each("the call is over")

    def _when_joined(self, lent: _Lent, ready: Told) -> None:
        if lent.joined:
            ready("")
            return
        lent.wanted_by.append(ready)
        if not lent.asked:
            lent.asked = True
            self._board.join(lent.port, lent.call, lent.tie, 0)

    def _give_back_unused(self, lent: _Lent) -> None:
        if self._lent.get(lent.port) is lent and not lent.heard and not lent.playing and not lent.wanted_by:
            self.give_back(lent.port)


def _name(port: Port) -> str:
    return f"{port.kind.name.lower()} {port.number + 1}"
