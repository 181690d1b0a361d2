"""What is typed at an emulated device that runs by hand, until it is told to end."""

import asyncio
import os
import signal
from collections import deque
from contextlib import suppress
from typing import Self

_READ_BYTES = 4096
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Keyboard:
    """The lines of standard input as words, one after the other: `with Keyboard() as typed: async for words in typed`.

    Over at `quit`, at the input's end, and at Ctrl-C, SIGTERM or SIGHUP. Where nothing can be waited for (/dev/null,
    files), only a signal ends it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._news = asyncio.Event()
        self._over = False

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._loop.add_signal_handler(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._listen(False)
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[str]:
        while not self._lines and not self._over:
            self._news.clear()
            self._listen(True)
            await self._news.wait()
        words = self._lines.popleft().decode(errors="replace").split() if self._lines else ["quit"]
        if words == ["quit"]:
            raise StopAsyncIteration
        return words

    def _listen(self, on: bool) -> None:
        with suppress(OSError):
            if on:
                self._loop.add_reader(0, self._read)
            else:
                self._loop.remove_reader(0)

    def _read(self) -> None:
        """One piece; the next only when this is done, so that a flood stays in the pipe."""
        self._listen(False)
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:
            data = b""
        *lines, rest = (self._rest + (data or b"\n")).split(b"\n")
        self._lines.extend(lines)
        self._rest = rest[:_READ_BYTES]
        self._over = self._over or not data
        self._news.set()

    def _stop(self) -> None:
        self._lines.clear()
        self._over = True
        self._news.set()
