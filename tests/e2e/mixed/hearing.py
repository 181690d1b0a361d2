"""Who must hear which pitch on a call, and what was heard: one tone for each person and each agent."""

from dataclasses import dataclass
from typing import Any

import pytest

from bench.hil.plant.plan import HEADSET_HZ, board_hz, modem_hz
from dialer.farend.profile import parse, plan
from tests.e2e.mixed.books import EDGE_S, Books, Call

PHONE_HZ = 1280
NEAR_HZ = 12
# A phone says what it heard after 1.5 seconds of quiet.
QUIET_S = 1.8
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Talk:
    """A connected call: the attempt, its far side's account, and the station's kind (`phone`, `board`, `headset`)."""

    attempt: Row
    call: Call
    station: str
    phone: str
    since: float
    until: float

    @property
    def pair(self) -> tuple[str, str]:
        """Kind of trunk and kind of station."""
        return self.call.trunk, self.station

    @property
    def agent_hz(self) -> int:
        """What the agent says."""
        return {"board": board_hz("headset 0"), "headset": HEADSET_HZ}.get(
            self.station, PHONE_HZ + 20 * int(self.phone.removeprefix("agent") or 0)
        )

    def person_hz(self, carrier: str, seed: int) -> int:
        """What the person says."""
        if self.call.trunk == "gsm":
            return modem_hz(self.call.line)
        if self.call.trunk == "board":
            return board_hz(f"line {self.call.line - 1}")
        profile = parse({"base": carrier, "person": {"sound": "tone"}}, source="test")
        return plan(profile, seed, self.attempt["phone"], 0).tone_hz


def talks(books: Books, attempts: list[Row], stations: dict[str, str]) -> list[Talk]:
    """All calls that were connected; a station is named desk1, desk2, ... or board-desk or headset-desk."""
    calls = books.by_number()
    found = []
    for attempt in attempts:
        if attempt["connected_at"] is None:
            continue
        station, call = stations[attempt["agent"]], calls[attempt["phone"]]
        kind = station.removesuffix("-desk") if station.endswith("-desk") else "phone"
        phone = f"agent{station.removeprefix('desk')}" if kind == "phone" else ""
        since = books.mono(attempt["connected_at"])
        found.append(Talk(attempt, call, kind, phone, since, min(call.ended_mono, books.mono(attempt["ended_at"]))))
    return found


def alone(talk: Talk, others: list[Talk]) -> bool:
    """Whether an agent's phone was quiet before and after, so that what it says it heard is of this call alone."""
    return not any(
        other.attempt["agent"] == talk.attempt["agent"]
        and talk.since - QUIET_S < other.until
        and other.since < talk.until + QUIET_S
        for other in others
        if other is not talk
    )


def person_heard(books: Books, talk: Talk) -> bool:
    """Whether the person heard the agent's pitch; at the crosspoint, whether the pins show both joined."""
    if talk.call.trunk == "carrier":
        return talk.call.tone_hz == pytest.approx(talk.agent_hz, abs=NEAR_HZ)
    if talk.call.trunk == "gsm":
        return _near(books.pitches(f"modem-{talk.call.line}", talk.since, talk.until), talk.agent_hz)
    line = f"line {talk.call.line - 1}"
    if talk.station == "board":
        return books.joined(line, "headset 0", talk.since, talk.until) is not None
    return _over_tie(books, talk, line, talk.agent_hz)


def agent_heard(books: Books, talk: Talk, pitch: int) -> bool:
    """Whether the agent heard the person's pitch; at the crosspoint, whether the pins show both joined."""
    if talk.station == "headset":
        return _near(books.pitches("headset", talk.since, talk.until), pitch)
    if talk.station == "board":
        if talk.call.trunk == "board":
            return books.joined("headset 0", f"line {talk.call.line - 1}", talk.since, talk.until) is not None
        return _over_tie(books, talk, "headset 0", pitch)
    said = [row for row in books.phones if row["event"] in ("quiet", "ended") and row.get("phone") == talk.phone]
    return any(row["tone_hz"] == pytest.approx(pitch, abs=NEAR_HZ) for row in said if _is_of(row, talk))


def _is_of(row: Row, talk: Talk) -> bool:
    """What a phone says it heard until it was quiet; or until it hung up, before it had been quiet for long."""
    if "tone_hz" not in row:
        return False
    if "last_heard_mono" in row:
        return bool(abs(row["last_heard_mono"] - talk.until) < 1.0)
    return bool(-1.0 < row["mono"] - talk.until < QUIET_S)


def _over_tie(books: Books, talk: Talk, port: str, pitch: int) -> bool:
    tie = books.joined(port, "tie", talk.since, talk.until)
    if tie is None:
        return False
    number = int(tie.removeprefix("tie ")) + 1
    return _near(books.pitches(f"tie-{number}", talk.since - EDGE_S, talk.until), pitch)


def _near(heard: list[int], pitch: int) -> bool:
    return any(abs(each - pitch) <= NEAR_HZ for each in heard)
