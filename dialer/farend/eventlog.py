"""The far end's own account of every call: JSON lines, each written at once, so that a kill loses none."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any


class EventLog:
    """Appends one JSON object a line to a file, or keeps only counts when there is no path.

    Every line has `at` (UTC, ISO 8601), `mono` (CLOCK_MONOTONIC seconds, comparable between processes of one
    machine) and `event`. A line is one write() to a file opened for append.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._fd = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.counts: Counter[str] = Counter()
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    def write(self, event: str, **fields: Any) -> None:
        """Write one line; fields that are None are left out."""
        self.counts[event] += 1
        record = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "mono": round(time.monotonic(), 4),
            "event": event,
        }
        record |= {name: value for name, value in fields.items() if value is not None}
        for listener in self.listeners:
            listener(record)
        if self._fd is not None:
            os.write(self._fd, json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Close the file; later lines are only counted."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
