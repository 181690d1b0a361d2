"""Tasks that live as long as something else does, and whose faults are told."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from dialer.farend.eventlog import EventLog


class TaskGroup:
    """Runs coroutines; an exception in one is logged as a `fault` line and ends only that one."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], *, until: asyncio.Event | None = None) -> None:
        """Run `work`, cancelled when `until` is set."""
        task = asyncio.create_task(work if until is None else _until(work, until))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Cancel what runs and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.write("fault", error=repr(error))


async def _until(work: Coroutine[Any, Any, None], event: asyncio.Event) -> None:
    running = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((running, ending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
        running.cancel()
    if running.done() and not running.cancelled():
        running.result()
