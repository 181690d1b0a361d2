"""One timeline of all that happened on a bench, whoever told it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_ENTRIES = 200_000
# What another thread saw may be told a little after it happened.
TELL_S = 0.25


class Lane(StrEnum):
    """Where an entry belongs in the drawing."""

    BENCH = "bench"
    POWER = "power"
    WIRE = "wire"
    DEVICE = "device"
    CALL = "call"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: `at` is monotonic seconds; `subject` is the call, pin or thing of the lane."""

    at: float
    lane: Lane
    subject: str
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """What happened, with its details."""
        told = [_detail(key, value) for key, value in self.details.items() if value not in ("", None)]
        return " ".join([self.what, *told])


def _detail(key: str, value: Any) -> str:
    if key == "on":
        return "on" if value else "off"
    return str(value) if key in ("where", "value", "because", "detail") else f"{key}={value}"


class TimelineFull(Exception):
    """More happened than a timeline may hold."""


class Timeline:
    """Keeps entries and lets one wait for them. `note` is for the loop's thread, `note_from_thread` for any other."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.entries: list[Entry] = []
        self._news = asyncio.Event()

    def now(self) -> float:
        """Monotonic seconds."""
        return self._loop.time()

    def note(self, lane: Lane, subject: str, what: str, *, at: float | None = None, **details: Any) -> Entry:
        """Write down what happened, now or `at`. Raises TimelineFull."""
        if len(self.entries) >= MAX_ENTRIES:
            raise TimelineFull(f"more than {MAX_ENTRIES} entries")
        entry = Entry(self.now() if at is None else at, lane, subject, what, details)
        self.entries.append(entry)
        self._news.set()
        return entry

    def note_from_thread(self, at: float, lane: Lane, subject: str, what: str, details: Mapping[str, Any]) -> None:
        """Write down what another thread saw at `at`."""
        self._loop.call_soon_threadsafe(lambda: self.note(lane, subject, what, at=at, **details))

    def first(self, matches: Callable[[Entry], bool], since: float, taken: set[int]) -> int | None:
        """Index of the earliest entry at or after `since` that matches and is not in `taken`."""
        found = [
            (entry.at, index)
            for index, entry in enumerate(self.entries)
            if entry.at >= since and index not in taken and matches(entry)
        ]
        return min(found)[1] if found else None

    async def wait(self, matches: Callable[[Entry], bool], since: float, until: float, taken: set[int]) -> int | None:
        """As `first`, waiting until then; entries told a little late are still seen. None when nothing came."""
        while True:
            index = self.first(matches, since, taken)
            if index is not None:
                return index
            left_s = until + TELL_S - self.now()
            if left_s <= 0:
                return None
            self._news.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            except TimeoutError:
                continue
