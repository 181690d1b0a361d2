"""A log that tests can read, and audio ports of their own."""

from typing import Any

import pytest

from dialer.farend.eventlog import EventLog

RTP_PORTS = (46_000, 47_998)


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    """The lines that `log` was given, oldest first."""
    return []


@pytest.fixture
def log(lines: list[dict[str, Any]]) -> EventLog:
    """A log that keeps its lines in `lines`."""
    log = EventLog()
    log.listeners.append(lines.append)
    return log


@pytest.fixture
def rtp_ports() -> tuple[int, int]:
    """First and last port for audio."""
    return RTP_PORTS
