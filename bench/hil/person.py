"""The person at a bench of real devices, who does by hand what nothing else can."""

import asyncio
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
        line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        if not line:
            raise BenchError("the terminal ended while the bench waited for a person")
