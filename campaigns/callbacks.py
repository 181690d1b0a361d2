"""Callbacks: people who asked to be called again at a time, by one agent or by anyone.

A lead that waits for one is no lead of the hopper: its priority is CALLBACK, and it is loaded by `Callbacks.due`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import Trail
from campaigns.clashes import Clash, clashes
from campaigns.database import Database, Row, StoreError, UnknownName
from campaigns.instants import datetime_of, seconds_of, whole_seconds_of
from campaigns.leads import NEW, RETRY, load, stir
from campaigns.model import Allowed, Blocked, CallbackAsked, Candidate
from campaigns.profiles import Profiles

CALLBACK = -1

# How long a callback is put off for which the law names no other time.
_PUT_OFF_S = 24 * 3600.0

Judge = Callable[[Sequence[Candidate]], Sequence[Allowed | Blocked]]


class CallbackState(StrEnum):
    """How far a callback is. Those of the first three are open; a lead has one open callback at most."""

    WAITING = "waiting"
    REMINDED = "reminded"
    DIALED = "dialed"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it is kept; instants are aware UTC. `agent` is '' when it is anyone's."""

    callback_id: int
    campaign_id: int
    lead_id: int
    at: datetime
    zone: str
    agent: str
    falls_at: datetime | None
    state: CallbackState
    made_at: datetime
    made_by: str
    comments: str


class UnknownCallback(UnknownName):
    """There is no such open callback; the text says where to look."""


_COLUMNS = "id, campaign_id, lead_id, at, zone, agent, falls_at, state, made_at, made_by, comments"
_OPEN = "state IN ('waiting', 'reminded', 'dialed')"
_TO_DIAL = "state IN ('waiting', 'reminded')"


class Callbacks:
    """All callbacks of a site. Every method that writes is one transaction, or part of the caller's."""

    def __init__(self, database: Database, profiles: Profiles, trail: Trail) -> None:
        self._database = database
        self._profiles = profiles
        self._trail = trail

    def make(
        self,
        lead_id: int,
        callback: CallbackAsked,
        *,
        falls_at: datetime | None,
        made_by: str,
        made_at: datetime,
        phone_id: int | None = None,
    ) -> int:
        """Appoint a call, in the place of one that the lead waits for; its id. Raises StoreError for no such lead.

        The lead waits as CBHOLD. `falls_at` is when an agent's callback becomes anyone's; None: never.
        """
        with self._database.transaction():
            lead = self._database.one("SELECT campaign_id, next_phone_id, status FROM leads WHERE id = ?", (lead_id,))
            if lead is None:
                raise StoreError(f"no lead {lead_id}")
            campaign_id, next_phone_id, status = lead
            if status in ("QUEUE", "INCALL"):
                raise StoreError(f"lead {lead_id} is being called; make its callback when the call is over")
            self._database.execute(
                f"UPDATE callbacks SET state = 'cancelled' WHERE lead_id = ? AND {_OPEN}",  # noqa: S608
                (lead_id,),
            )
            callback_id = 1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM callbacks"))
            self._database.execute(
                "INSERT INTO callbacks (id, campaign_id, lead_id, phone_id, at, zone, agent, falls_at, state, made_at,"
                " made_by, comments) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)",
                (
                    *(callback_id, campaign_id, lead_id, phone_id or next_phone_id, seconds_of(callback.at)),
                    *(callback.zone, callback.agent, None if falls_at is None else seconds_of(falls_at)),
                    *(seconds_of(made_at), made_by, callback.comments),
                ),
            )
            self._hold(lead_id, whole_seconds_of(callback.at), callback.agent)
            self._note("made", callback_id, lead_id, made_at, actor=made_by, due_at=callback.at, agent=callback.agent)
        return callback_id

    def due(
        self,
        campaign_id: int,
        at: datetime,
        agents: Collection[str],
        exclude: Collection[int],
        judge: Judge,
    ) -> list[Candidate]:
        """Callbacks to be made at `at` by anyone, or by one of `agents`, the earliest first.

        Those of an agent have that agent as `owner` until they fall to anyone. One that `judge` blocks, or whose number
        is another lead's matter at the moment, is put off to when that ends; one of a lead that has ended since is off.
        """
        now = seconds_of(at)
        rows = self._database.rows(
            f"SELECT lead_id, agent, falls_at, phone_id FROM callbacks"  # noqa: S608
            f" WHERE campaign_id = ? AND at <= ? AND {_TO_DIAL} ORDER BY at, id",
            (campaign_id, now),
        )
        owners: dict[int, str] = {}
        phones: dict[int, int | None] = {}
        for lead_id, agent, falls_at, phone_id in rows:
            fallen = not agent or (falls_at is not None and falls_at <= now)
            if lead_id not in exclude and (fallen or agent in agents):
                owners[lead_id], phones[lead_id] = "" if fallen else agent, phone_id
        rows_of = load(self._database, self._profiles, list(owners), now)
        self._call_off([row.lead_id for row in rows_of if row.next_at is None])
        offered = []
        for row in rows_of:
            candidate = row.candidate(phones[row.lead_id] or row.next_phone_id)
            if candidate is not None and row.next_at is not None:
                offered.append(candidate._replace(owner=owners[row.lead_id]))
        return self._allowed(offered, judge, now)

    def _call_off(self, lead_ids: Sequence[int]) -> None:
        """Nobody is called who was barred or erased after the callback was made."""
        if lead_ids:
            with self._database.transaction():
                sql = f"UPDATE callbacks SET state = 'cancelled' WHERE lead_id = ? AND {_TO_DIAL}"  # noqa: S608
                self._database.many(sql, [(lead_id,) for lead_id in lead_ids])

    def _allowed(self, offered: list[Candidate], judge: Judge, now: float) -> list[Candidate]:
        against = clashes(self._database, {lead.lead_id: lead.phone.e164 for lead in offered}, now)
        answers = [_of_clash(against[lead.lead_id]) if lead.lead_id in against else None for lead in offered]
        verdicts = [
            (lead, clash or verdict) for lead, clash, verdict in zip(offered, answers, judge(offered), strict=True)
        ]
        blocked = [(lead.lead_id, verdict) for lead, verdict in verdicts if isinstance(verdict, Blocked)]
        if blocked:
            with self._database.transaction():
                for lead_id, verdict in blocked:
                    until = None if verdict.until is None else seconds_of(verdict.until)
                    self.put_off(lead_id, now, until, verdict.reason)
        return [lead for lead, verdict in verdicts if isinstance(verdict, Allowed)]

    def put_off(self, lead_id: int, now: float, until: float | None, reason: str) -> None:
        """Let a waiting lead, and the callback it may wait for, wait until `until`; for a day when nobody knows.

        A new lead waits for its time from then on, as one that is tried again.
        """
        until = now + _PUT_OFF_S if until is None else max(until, now + 1)
        self._database.execute(
            f"UPDATE callbacks SET falls_at = falls_at + (? - at), at = ? WHERE lead_id = ? AND {_TO_DIAL}",  # noqa: S608
            (until, until, lead_id),
        )
        self._database.execute(
            "UPDATE leads SET next_at = ?, held_by = ?, priority = CASE priority WHEN ? THEN ? ELSE priority END"
            " WHERE id = ? AND next_at IS NOT NULL",
            (int(until), reason, NEW, RETRY, lead_id),
        )

    def reminded(self, lead_ids: Sequence[int]) -> None:
        """The agents whose callbacks these leads wait for know that they are due."""
        with self._database.transaction():
            for lead_id in lead_ids:
                self._database.execute(
                    "UPDATE callbacks SET state = 'reminded' WHERE lead_id = ? AND state = 'waiting'", (lead_id,)
                )

    def dialed(self, lead_id: int, attempt_id: int) -> None:
        """An attempt on the lead is reserved: if it waits for a callback, this is the call."""
        changed = self._database.execute(
            f"UPDATE callbacks SET state = 'dialed', attempt_id = ? WHERE lead_id = ? AND {_TO_DIAL}",  # noqa: S608
            (attempt_id, lead_id),
        )
        if changed:
            self._database.execute("UPDATE leads SET held_by = '' WHERE id = ?", (lead_id,))

    def closed(self, attempt_id: int, *, reached: bool) -> None:
        """The attempt is over; a callback that it was for is done, or missed: the campaign's retry rule goes on."""
        self._database.execute(
            "UPDATE callbacks SET state = ? WHERE attempt_id = ? AND state = 'dialed'",
            ("done" if reached else "missed", attempt_id),
        )

    def listing(
        self, campaign_id: int, *, agent: str | None = None, due_at: datetime | None = None, all_states: bool = False
    ) -> list[Callback]:
        """The open callbacks of a campaign by time; with `agent` those of one, with `due_at` those due by then."""
        sql, params = f"SELECT {_COLUMNS} FROM callbacks WHERE campaign_id = ?", [campaign_id]  # noqa: S608
        extra: list[object] = []
        if not all_states:
            sql += f" AND {_OPEN}"
        if agent is not None:
            sql, extra = f"{sql} AND agent = ?", [*extra, agent]
        if due_at is not None:
            sql, extra = f"{sql} AND at <= ?", [*extra, seconds_of(due_at)]
        return [_callback(row) for row in self._database.rows(f"{sql} ORDER BY at, id", (*params, *extra))]

    def get(self, callback_id: int) -> Callback:
        """Raises UnknownCallback."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM callbacks WHERE id = ?", (callback_id,))  # noqa: S608
        if row is None:
            raise UnknownCallback(f"no callback {callback_id}; `dialer callback list CAMPAIGN` shows those there are")
        return _callback(row)

    def move(self, callback_id: int, at: datetime, agent: str | None = None) -> Callback:
        """Another time, and with `agent` another owner ('': anyone). Raises UnknownCallback when it is not open."""
        before = self._waiting(callback_id)
        owner = before.agent if agent is None else agent
        waits = None if before.falls_at is None else before.falls_at - before.at
        falls_at = at + waits if waits is not None and owner else None
        with self._database.transaction():
            self._database.execute(
                "UPDATE callbacks SET at = ?, agent = ?, falls_at = ?, state = 'waiting' WHERE id = ?",
                (seconds_of(at), owner, None if falls_at is None else seconds_of(falls_at), callback_id),
            )
            self._hold(before.lead_id, whole_seconds_of(at), owner)
            self._note("moved", callback_id, before.lead_id, None, due_at=at, agent=owner)
        return self.get(callback_id)

    def cancel(self, callback_id: int) -> Callback:
        """Call it off; the lead is called as any other that is tried again. Raises UnknownCallback when not open."""
        before = self._waiting(callback_id)
        with self._database.transaction():
            self._database.execute("UPDATE callbacks SET state = 'cancelled' WHERE id = ?", (callback_id,))
            self._database.execute(
                "UPDATE leads SET status = 'CALLBK', priority = ?, owner = '' WHERE id = ? AND next_at IS NOT NULL",
                (RETRY, before.lead_id),
            )
            stir(self._database)
            self._note("cancelled", callback_id, before.lead_id, None)
        return self.get(callback_id)

    def _note(
        self,
        what: str,
        callback_id: int,
        lead_id: int,
        at: datetime | None,
        *,
        actor: str | None = None,
        **facts: object,
    ) -> None:
        body = {"callback": callback_id, "lead": lead_id, "what": what, **facts}
        self._trail.note(AuditKind.CALLBACK, body, at=at, leads=(lead_id,), actor=actor or None)

    def _waiting(self, callback_id: int) -> Callback:
        found = self.get(callback_id)
        if found.state not in (CallbackState.WAITING, CallbackState.REMINDED):
            raise UnknownCallback(f"callback {callback_id} is {found.state}: it can be changed no more")
        return found

    def _hold(self, lead_id: int, at: int, agent: str) -> None:
        self._database.execute(
            "UPDATE leads SET status = 'CBHOLD', next_at = ?, priority = ?, owner = ?, held_by = '' WHERE id = ?",
            (at, CALLBACK, agent, lead_id),
        )


def _of_clash(clash: Clash) -> Blocked:
    return Blocked(clash.reason, clash.detail, datetime_of(clash.until_s))


def _callback(row: Row) -> Callback:
    callback_id, campaign_id, lead_id, at, zone, agent, falls_at, state, made_at, made_by, comments = row
    when, made = datetime_of(at), datetime_of(made_at)
    assert when is not None and made is not None
    fallen = datetime_of(falls_at)
    return Callback(
        callback_id, campaign_id, lead_id, when, zone, agent, fallen, CallbackState(state), made, made_by, comments
    )
