"""The far sides' own account of a mixed site's calls, read from their logs: who was called, what became of it, what was
heard."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.site import by_call, read_lines

Row = dict[str, Any]
EDGE_S = 0.3


@dataclass(frozen=True, slots=True)
class Call:
    """One call as its far side saw it. `kind` is what was meant to become of it on SIP; `by` is who ended it."""

    trunk: str
    number: str | None
    answered: bool
    by: str
    ended_mono: float
    line: int = 0
    kind: str = ""
    cause: int | None = None
    busy: bool = False
    ref: str = ""
    caller_id: str = ""
    tone_hz: float | None = None
    answered_mono: float | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """All of it. Times are monotonic seconds."""

    calls: tuple[Call, ...]
    heard: tuple[Row, ...]
    joins: tuple[Row, ...]
    phones: tuple[Row, ...]
    mono_of_epoch: float

    def of(self, trunk: str) -> list[Call]:
        """The calls of one trunk."""
        return [call for call in self.calls if call.trunk == trunk]

    def by_number(self) -> dict[str | None, Call]:
        """One call for each number; see `numbers` for how many there were."""
        return {call.number: call for call in self.calls}

    def numbers(self) -> Counter[str | None]:
        """How often each number was called, over all trunks."""
        return Counter(call.number for call in self.calls)

    def mono(self, instant: str) -> float:
        """An instant of the store on the far sides' clock."""
        return datetime.fromisoformat(instant).timestamp() + self.mono_of_epoch

    def pitches(self, voice: str, since: float, until: float) -> list[int]:
        """What a modem, a tie or the headset was told by the dialer while all of it fell in between."""
        return [
            row["tone_hz"]
            for row in self.heard
            if row["voice"] == voice and row["since_mono"] >= since and row["mono"] <= until
        ]

    def joined_at(self, port: str, since: float) -> float | None:
        """When the board first joined `port` with anything after `since`."""
        return next((r["mono"] for r in self.joins if r["joined"] and port in r["ports"] and r["mono"] >= since), None)

    def joined(self, port: str, other: str, since: float, until: float) -> str | None:
        """The full name of the port that the board joined `port` with in between, if it begins with `other`."""
        for row in self.joins:
            if row["joined"] and port in row["ports"] and since - EDGE_S <= row["mono"] <= until:
                found = next((name for name in row["ports"] if name != port), "")
                if found.startswith(other):
                    return found
        return None


def read_books(carrier: Path, phones: Path, plant: Path) -> Books:
    """Read the logs of all far sides."""
    lines = read_lines(plant)
    epoch = datetime.fromisoformat(lines[0]["at"]).timestamp()
    calls = [_sip_call(ref, events) for ref, events in by_call(read_lines(carrier)).items()]
    calls += [_plant_call(line) for line in lines if line["event"] == "call"]
    return Books(
        tuple(calls),
        tuple(line for line in lines if line["event"] == "heard"),
        tuple(line for line in lines if line["event"] == "join"),
        tuple(read_lines(phones)),
        lines[0]["mono"] - epoch,
    )


def _sip_call(ref: str, events: dict[str, Row]) -> Call:
    invite, ended = events["invite"], events["ended"]
    by: str = events.get("bye", ended)["by"]
    return Call(
        "carrier",
        invite["number"],
        "answered" in events,
        "far end" if by == "callee" else by,
        ended["mono"],
        kind=invite["kind"],
        ref=ref,
        caller_id=invite["caller_id"],
        tone_hz=ended.get("tone_hz"),
    )


def _plant_call(line: Row) -> Call:
    return Call(
        line["trunk"],
        line.get("number"),
        "answered_mono" in line,
        line["by"],
        line["mono"],
        line["line"],
        cause=line.get("cause"),
        busy=line.get("busy", False),
        answered_mono=line.get("answered_mono"),
    )
