"""What must hold whatever happens: checked on the stream of records, and on a site's database.

Written against the promises, apart from the code that keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from campaigns.model import CallingWindow, Outcome
from campaigns.store import Store
from dialer.core import records as rec


class Broken(AssertionError):
    """A promise was broken; the text says which, by what."""


@dataclass(slots=True)
class _Open:
    lead_id: int
    answered: bool = False
    connected: bool = False
    agent: str | None = None


@dataclass(slots=True)
class RecordChecker:
    """Watches records in the order of their commit. Raises Broken.

    `window` and `zones_of` (phone to zones), when given, are held against every reservation.
    """

    window: CallingWindow | None = None
    zones_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open: dict[int, _Open] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    not_before: dict[int, datetime | None] = field(default_factory=dict)
    suppressed: set[str] = field(default_factory=set)
    abandoned: int = 0
    connected: int = 0

    def observe(self, record: rec.Record) -> None:
        match record:
            case rec.AttemptReserved():
                self._reserved(record)
            case rec.AttemptAnswered():
                self._open_attempt(record.attempt_id).answered = True
            case rec.AttemptConnected():
                self._connected(record)
            case rec.CallEnded():
                self._open_attempt(record.attempt_id)
            case rec.AttemptClosed():
                self._closed(record)
            case rec.AgentStateChanged(state="LOGGED_OUT"):
                for attempt in self.open.values():
                    if attempt.agent == record.agent:
                        attempt.agent = None
            case rec.NumberSuppressed():
                self.suppressed.add(record.phone)

    def finish(self) -> None:
        """At the end nothing may be open."""
        if self.open:
            raise Broken(f"attempts left open: {sorted(self.open)}")

    def _reserved(self, r: rec.AttemptReserved) -> None:
        if r.attempt_id in self.open or r.attempt_id in self.closed:
            raise Broken(f"attempt id {r.attempt_id} used twice")
        if any(o.lead_id == r.lead_id for o in self.open.values()):
            raise Broken(f"lead {r.lead_id} dialed while an attempt on it is open")
        if r.lead_id in self.not_before:
            allowed = self.not_before[r.lead_id]
            if allowed is None or r.at < allowed:
                raise Broken(f"lead {r.lead_id} dialed at {r.at}, not allowed before {allowed or 'ever'}")
        if r.phone in self.suppressed:
            raise Broken(f"{r.phone} dialed after the person refused calls")
        self._in_window(r)
        self.open[r.attempt_id] = _Open(r.lead_id)

    def _in_window(self, r: rec.AttemptReserved) -> None:
        if self.window is None:
            return
        zones = self.zones_of.get(r.phone, ())
        if not zones:
            raise Broken(f"{r.phone} dialed though its time zone is unknown")
        for zone in zones:
            local = r.at.astimezone(ZoneInfo(zone))
            before_end = local.time() < self.window.end or self.window.end == time.max
            inside = self.window.start <= local.time() and before_end and local.weekday() in self.window.days
            if not inside:
                raise Broken(f"{r.phone} dialed at {local:%a %H:%M} in {zone}")

    def _connected(self, r: rec.AttemptConnected) -> None:
        attempt = self._open_attempt(r.attempt_id)
        if not attempt.answered:
            raise Broken(f"attempt {r.attempt_id} connected before it was answered")
        busy = [i for i, o in self.open.items() if o.agent == r.agent and i != r.attempt_id]
        if busy:
            raise Broken(f"agent {r.agent} connected to attempts {busy[0]} and {r.attempt_id} at once")
        if not attempt.connected:
            self.connected += 1
        attempt.connected, attempt.agent = True, r.agent

    def _closed(self, r: rec.AttemptClosed) -> None:
        attempt = self._open_attempt(r.attempt_id)
        person_lost = attempt.answered and not attempt.connected
        if person_lost != (r.outcome is Outcome.ABANDONED):
            how = f"answered {attempt.answered}, connected {attempt.connected}"
            raise Broken(f"attempt {r.attempt_id} closed as {r.outcome}: {how}")
        self.abandoned += r.outcome is Outcome.ABANDONED
        self.not_before[attempt.lead_id] = r.retry.at
        self.closed.add(r.attempt_id)
        del self.open[r.attempt_id]

    def _open_attempt(self, attempt_id: int) -> _Open:
        if attempt_id not in self.open:
            raise Broken(f"attempt {attempt_id} is not open")
        return self.open[attempt_id]


def check_store(store: Store, campaign: str, *, all_closed: bool = True) -> None:
    """Hold a campaign's attempts as stored against the promises. Raises Broken."""
    last: dict[int, tuple[datetime, datetime | None]] = {}
    for row in sorted(store.report_attempts(campaign), key=lambda r: r["id"]):
        attempt = row["id"]
        started, ended = _time(row["started_at"]), _time(row["ended_at"])
        if all_closed and (ended is None or not row["outcome"]):
            raise Broken(f"attempt {attempt} was never closed")
        previous = last.get(row["lead_id"])
        if previous is not None and (previous[1] is None or (started and started < previous[1])):
            raise Broken(f"lead {row['lead_id']} dialed by attempt {attempt} before the one before had ended")
        answered, connected = row["answered_at"], row["connected_at"]
        if connected and not answered:
            raise Broken(f"attempt {attempt} connected but not answered")
        if answered and not connected and row["outcome"] and row["outcome"] != Outcome.ABANDONED.value:
            raise Broken(f"attempt {attempt}: answered, never connected, but {row['outcome']}")
        if row["outcome"] == Outcome.ABANDONED.value and not answered:
            raise Broken(f"attempt {attempt}: abandoned but not answered")
        if started is not None:
            last[row["lead_id"]] = (started, ended)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
