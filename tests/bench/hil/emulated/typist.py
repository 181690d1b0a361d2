"""An emulated device as a process, with somebody at its keyboard."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 20.0
ROOT = Path(__file__).parents[4]


def until(condition: Callable[[], object]) -> None:
    end_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.02)


class Typist:
    """`python -m MODULE ARGUMENTS`; `said` is what it has printed so far."""

    def __init__(self, module: str, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, text: str) -> None:
        """Wait until it is printed."""
        end_at = time.monotonic() + PATIENCE_S
        while text not in self.said:
            assert time.monotonic() < end_at, f"{text!r} is not in {self.said!r}"
            time.sleep(0.02)

    def end(self, number: signal.Signals | None = None) -> int:
        """Type quit, or send a signal; gives the exit code."""
        if number is None:
            self.type("quit")
        else:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line.decode()
