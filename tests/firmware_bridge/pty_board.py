"""The model board on a pty, on the asyncio loop, and an exchange behind its lines that follows scripts."""

import asyncio
import os
import tty
from collections.abc import Callable, Mapping
from functools import partial

from firmware_bridge import messages as m
from hw.fake import DIGIT_GAP_S, FarEnd
from tests.firmware_bridge.model_board import ModelBoard
from tests.firmware_bridge.model_ports import Line


class PtyBoard:
    """`open` and `close`; `path` is the port. `power` off and on, `unplug` and `plug` are what people do to it."""

    def __init__(self, model: ModelBoard) -> None:
        self.model = model
        self.powered = True
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Serve."""
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def close(self) -> None:
        """Stop; the port hangs up."""
        asyncio.get_running_loop().remove_reader(self._master)
        if self._timer is not None:
            self._timer.cancel()
        os.close(self._master)
        os.close(self._slave)

    def power(self, on: bool) -> None:
        """Switch the board, whose port stays."""
        self.powered = on
        if on:
            self.model.boot(self.now(), m.ResetCause.POWER_ON)
            self.turn()

    def turn(self) -> None:
        """Let the board do what is due; call it after anything was done to its pins."""
        if not self.powered:
            return
        now = self.now()
        self.model.handle_timer(now)
        data = self.model.data_to_send(now)
        if data:
            os.write(self._master, data)
        if self._timer is not None:
            self._timer.cancel()
        at = self.model.deadline(now)
        self._timer = None if at is None else asyncio.get_running_loop().call_at(at, self.turn)

    def now(self) -> float:
        """The board's time."""
        return asyncio.get_running_loop().time()

    def _readable(self) -> None:
        data = os.read(self._master, 4096)
        if self.powered:
            self.model.receive(data, self.now())
            self.turn()


class Exchange:
    """What is behind the lines: far ends that do what the script of the number dialed says.

    `keys_heard` has the keys that each call got, by line and the board's number of the call.
    """

    def __init__(self, board: PtyBoard, scripts: Mapping[str, FarEnd], default: FarEnd) -> None:
        self.keys_heard: dict[tuple[int, int], str] = {}
        self._board = board
        self._scripts = scripts
        self._default = default
        self.refresh()

    def refresh(self) -> None:
        """Connect to the board's lines, which are new after each boot."""
        for line in self._board.model.lines:
            line.on_digits = self._digits

    def script(self, line: Line) -> FarEnd:
        """Of the number that was dialed last."""
        return self._scripts.get(line.dialed[-1][1], self._default)

    def _digits(self, line: Line, digits: str, now: float) -> None:
        if line.state is m.LineState.ANSWERED:
            key = (line.number, line.call)
            self.keys_heard[key] = self.keys_heard.get(key, "") + digits
            return
        script = self.script(line)
        if script.answer_s is not None:
            self._later(script.answer_s, line, lambda: self._answer(line, script))
        if script.fail_s is not None:
            self._later(script.fail_s, line, lambda: line.busy(self._board.now()))

    def _answer(self, line: Line, script: FarEnd) -> None:
        line.reverse(self._board.now())
        for place, digit in enumerate(script.digits, start=1):
            self._later(place * DIGIT_GAP_S, line, partial(self._press, line, digit))
        if script.hang_up_s is not None:
            self._later(script.hang_up_s, line, lambda: line.open_loop(self._board.now()))

    def _press(self, line: Line, digit: str) -> None:
        self._board.model.press_key(line.number, digit, self._board.now())

    def _later(self, delay_s: float, line: Line, act: Callable[[], None]) -> None:
        call = line.call

        def due() -> None:
            if line.call == call and line.off_hook:
                act()
                self._board.turn()

        asyncio.get_running_loop().call_later(delay_s, due)
