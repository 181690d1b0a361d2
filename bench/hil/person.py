"""The person at a bench of real devices, who does by hand what nothing else can."""

import asyncio
import os
import sys
from typing import Protocol

from bench.hil.files import BenchError


class Operator(Protocol):
    """Somebody, or nobody, who can be asked."""

    @property
    def there(self) -> bool:
        """Whether anybody answers."""

    async def ask(self, what: str) -> None:
        """Have something done; returns when it is. Raises BenchError when nobody is there."""


class Nobody:
    """An unattended bench."""

    there = False

    async def ask(self, what: str) -> None:
        """Always raises BenchError."""
        raise BenchError(f"nobody is at the bench to do this: {what}")


class AtTerminal:
    """A person at this terminal, who presses Enter when it is done."""

    there = True

    async def ask(self, what: str) -> None:
        """Print what to do and wait for Enter. Raises BenchError when the terminal ends."""
        sys.stderr.write(f"\n  >> {what}, then press Enter ")
        sys.stderr.flush()
        if not await _enter():
            raise BenchError("the terminal ended while the bench waited for a person")


async def _enter() -> bool:
    """Wait for Enter; false when the input ends. No thread waits, as it could not be cancelled."""
    try:
        source = sys.stdin.fileno()
        while True:
            await _readable(source)
            typed = os.read(source, 1)  # What comes behind Enter is for the next question.
            if typed in (b"\n", b""):
                return bool(typed)
    except OSError:
        return _line_of_a_file()


def _line_of_a_file() -> bool:
    """Of what cannot be waited for, as its lines are there already; a terminal that is gone has none."""
    try:
        return bool(sys.stdin.readline())
    except OSError:
        return False


async def _readable(source: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()

    def tell() -> None:
        loop.remove_reader(source)
        ready.set()

    loop.add_reader(source, tell)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(source)
