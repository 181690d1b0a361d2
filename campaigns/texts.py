"""Text messages to leads: on disk before a modem has them, checked like a call, and never sent twice."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from campaigns.attempts import decision
from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import Trail
from campaigns.database import Database, Row
from campaigns.dnc import barred
from campaigns.instants import datetime_of, seconds_of
from campaigns.law import Judged, Law
from campaigns.leads import LeadRow, UnknownLead, load
from campaigns.model import Blocked, CampaignSettings
from campaigns.profiles import Profiles
from campaigns.statuses import STATUSES

# Modems send between calls: a text that was given to one goes out at once, or up to so much later.
SEND_WITHIN_S = 600
# A text is tried for two days; by the next day its SIM may have counted its references round to the same one again.
REPORTS_FOR_DAYS = 3
SUBSCRIBER_DIGITS = 7
FATE_UNKNOWN = "the dialer stopped before the modem said whether it was sent; it is not sent again"
_COLUMNS = "id, campaign_id, lead_id, phone, kind, about, text, asked_at, sent_at, delivered_at, failed_at, because"


class TextKind(StrEnum):
    """What a text is about: a promise to pay, a callback, or whatever its writer chose."""

    PROMISE = "promise"
    CALLBACK = "callback"
    FREE = "free"


class TextState(StrEnum):
    """How far a text is. A text that is `sent` may stay so: not every network reports delivery."""

    ASKED = "asked"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TextAsked:
    """A text to a lead, by a trunk. `about` is the id of the promise or callback that it reminds of."""

    campaign: CampaignSettings
    lead_id: int
    text: str
    trunk: str = ""
    kind: TextKind = TextKind.FREE
    about: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is kept; instants are aware UTC, `because` says why it failed."""

    text_id: int
    campaign_id: int
    lead_id: int
    phone: str
    kind: TextKind
    about: int | None
    text: str
    asked_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    because: str

    @property
    def state(self) -> TextState:
        """The last thing that happened to it."""
        if self.delivered_at is not None:
            return TextState.DELIVERED
        if self.failed_at is not None:
            return TextState.FAILED
        return TextState.ASKED if self.sent_at is None else TextState.SENT


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a network reports of one part: sent by `sim` under `reference` (TP-MR, 3GPP TS 23.040 9.2.3.6) to `number`.

    `failure` says why the network gave it up, and is empty when the phone has it.
    """

    sim: str
    reference: int
    number: str
    failure: str = ""


class Texts:
    """All texts of a site. Every method that writes is one transaction, or part of the caller's."""

    def __init__(self, database: Database, profiles: Profiles, trail: Trail, law: Callable[[], Law | None]) -> None:
        self._database = database
        self._profiles = profiles
        self._trail = trail
        self._law = law

    def ask(self, asked: TextAsked, at: datetime) -> Text | Blocked:
        """Write down a text that a modem is to be given next, or say why it must not be sent.

        Refusals: "dnc", "not_callable", "already_texted", "over" (nothing to remind of), "no_law", and what the law
        has against a call to the number at `at` and `SEND_WITHIN_S` later. Raises UnknownLead.
        """
        with self._database.transaction():
            judged = self._judge_both(asked, at)
            if isinstance(judged, Blocked):
                return self._refuse(asked, judged, {}, at)
            facts = decision(asked.campaign.campaign_id, judged)
            if isinstance(judged.answer, Blocked):
                return self._refuse(asked, judged.answer, facts, at)
            text_id = self._insert(asked, judged.case.phone, at)
            self._note(
                text_id, asked.lead_id, at, what="asked", kind=asked.kind, about=asked.about, trunk=asked.trunk, **facts
            )
        return self.get(text_id)

    def check(self, asked: TextAsked, at: datetime) -> Blocked | None:
        """What `ask` would have against it; writes nothing. Raises UnknownLead."""
        judged = self._judge_both(asked, at)
        if isinstance(judged, Blocked):
            return judged
        return judged.answer if isinstance(judged.answer, Blocked) else None

    def sent(self, text_id: int, at: datetime) -> None:
        """The network has taken it."""
        self._database.execute(
            "UPDATE texts SET sent_at = ? WHERE id = ? AND sent_at IS NULL AND failed_at IS NULL",
            (seconds_of(at), text_id),
        )

    def part_sent(self, text_id: int, sim: str, reference: int | None, at: datetime) -> None:
        """The network has taken one of its parts; without a reference, nobody will know of its delivery."""
        self._database.execute(
            "INSERT INTO text_parts (text_id, sim, reference, sent_at) VALUES (?, ?, ?, ?)",
            (text_id, sim, reference, seconds_of(at)),
        )

    def reported(self, delivery: Delivery, at: datetime) -> int | None:
        """Take in what the network says of a part, after whatever restarts; the text's id, or None when it is nobody's.

        It is the newest such part of the last `REPORTS_FOR_DAYS` days that no report was about.
        """
        with self._database.transaction():
            found = self._part_of(delivery, at)
            if found is None:
                return None
            part_id, text_id = found
            self._database.execute("UPDATE text_parts SET reported_at = ? WHERE id = ?", (seconds_of(at), part_id))
            if delivery.failure:
                self.failed(text_id, delivery.failure, at)
            elif self._all_reported(text_id):
                self.delivered(text_id, at)
        return text_id

    def _part_of(self, delivery: Delivery, at: datetime) -> tuple[int, int] | None:
        rows = self._database.rows(
            "SELECT p.id, p.text_id, t.phone FROM text_parts p JOIN texts t ON t.id = p.text_id"
            " WHERE p.sim = ? AND p.reference = ? AND p.sent_at >= ? AND p.reported_at IS NULL"
            " ORDER BY p.sent_at DESC, p.id DESC",
            (delivery.sim, delivery.reference, seconds_of(at - timedelta(days=REPORTS_FOR_DAYS))),
        )
        alike = [row for row in rows if _alike(row[2], delivery.number)]
        exact = [row for row in alike if row[2] == delivery.number]
        return next(((part, text) for part, text, _ in (*exact, *alike)), None)

    def _all_reported(self, text_id: int) -> bool:
        """Whether all its parts are sent, and none is waited for."""
        return (
            self._database.one(
                "SELECT 1 FROM texts WHERE id = ? AND sent_at IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM text_parts WHERE text_id = texts.id AND reported_at IS NULL)",
                (text_id,),
            )
            is not None
        )

    def delivered(self, text_id: int, at: datetime) -> None:
        """It has reached the phone."""
        self._database.execute(
            "UPDATE texts SET delivered_at = ?, sent_at = COALESCE(sent_at, ?)"
            " WHERE id = ? AND delivered_at IS NULL AND failed_at IS NULL",
            (seconds_of(at), seconds_of(at), text_id),
        )

    def failed(self, text_id: int, because: str, at: datetime) -> None:
        """It was not sent, or the network gave it up, or nobody knows; it is not tried again."""
        with self._database.transaction():
            changed = self._database.execute(
                "UPDATE texts SET failed_at = ?, because = ?"
                " WHERE id = ? AND delivered_at IS NULL AND failed_at IS NULL",
                (seconds_of(at), because, text_id),
            )
            if changed:
                self._note(text_id, self.get(text_id).lead_id, at, what="failed", because=because)

    def not_taken(self, text_id: int, because: str, at: datetime) -> None:
        """No modem took it: it failed, and what it was about may be reminded of by another text."""
        with self._database.transaction():
            self.failed(text_id, because, at)
            self._database.execute("UPDATE texts SET about = NULL WHERE id = ?", (text_id,))

    def close_lost(self, at: datetime) -> int:
        """Close what a dead process had asked for and of which nobody knows whether it was sent; how many."""
        with self._database.transaction():
            lost = self._database.rows("SELECT id FROM texts WHERE sent_at IS NULL AND failed_at IS NULL ORDER BY id")
            for (text_id,) in lost:
                self.failed(text_id, FATE_UNKNOWN, at)
        return len(lost)

    def get(self, text_id: int) -> Text:
        """A text that is known to exist."""
        row = self._database.one(f"SELECT {_COLUMNS} FROM texts WHERE id = ?", (text_id,))  # noqa: S608
        assert row is not None
        return _text(row)

    def listing(self, campaign_id: int, limit: int | None = None) -> list[Text]:
        """The latest `limit` texts of a campaign, oldest of them first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM texts WHERE campaign_id = ? ORDER BY id DESC LIMIT ?",  # noqa: S608
            (campaign_id, -1 if limit is None else limit),
        )
        return [_text(row) for row in reversed(rows)]

    # What stands against a text

    def _judge_both(self, asked: TextAsked, at: datetime) -> Judged | Blocked:
        """The law's word now; and the moment when the text may go out at the latest must be lawful as well."""
        judged = self._judge(asked, at)
        if isinstance(judged, Blocked) or isinstance(judged.answer, Blocked):
            return judged
        later = self._judge(asked, at + timedelta(seconds=SEND_WITHIN_S))
        blocked = later if isinstance(later, Blocked) else later.answer
        if not isinstance(blocked, Blocked):
            return judged
        return replace(blocked, detail=f"in {SEND_WITHIN_S // 60} minutes, when it may go out: {blocked.detail}")

    def _judge(self, asked: TextAsked, at: datetime) -> Judged | Blocked:
        """The law's word on the lead's number, or what stands against the text before the law is asked."""
        found = load(self._database, self._profiles, [asked.lead_id], seconds_of(at))
        if not found or found[0].campaign_id != asked.campaign.campaign_id:
            raise UnknownLead(f"campaign {asked.campaign.name!r} has no lead {asked.lead_id}")
        row, law = found[0], self._law()
        blocked, phone_id, debt_id = self._occasion(asked, row)
        if blocked is not None:
            return blocked
        candidate = row.candidate(phone_id)
        if candidate is None:
            return _no_number(row)
        if row.status in STATUSES and STATUSES[row.status].dnc:
            return Blocked("dnc", f"the lead's status is {row.status}")
        if barred(self._database, [candidate.phone.e164], asked.campaign.campaign_id, at):
            return Blocked("dnc", f"{candidate.phone.e164} is on the do-not-call list")
        if law is None:
            return Blocked("no_law", "the store was opened without a rule book, and nothing is sent unchecked")
        (judged,) = law.judge(asked.campaign, [candidate], at, reminding=debt_id is not None)
        if debt_id is not None and not isinstance(judged.answer, Blocked) and debt_id not in judged.case.debts:
            return Blocked("hold", "the debt that was promised on is held or settled")
        return judged

    def _occasion(self, asked: TextAsked, row: LeadRow) -> tuple[Blocked | None, int, int | None]:
        """What stands against reminding of this promise or callback; the number it goes to; the promise's debt."""
        if asked.kind is TextKind.FREE:
            return None, row.next_phone_id, None
        before = self._database.one(
            "SELECT id FROM texts WHERE kind = ? AND about = ?", (asked.kind.value, asked.about)
        )
        if before is not None:
            return Blocked("already_texted", f"text {before[0]} was about {asked.kind} {asked.about}"), 0, None
        table, column, still = _OPEN[asked.kind]
        found = self._database.one(
            f"SELECT {column} FROM {table} WHERE id = ? AND lead_id = ? AND {still}",  # noqa: S608 - constants
            (asked.about, row.lead_id),
        )
        if found is None:
            return Blocked("over", f"lead {row.lead_id} has no open {asked.kind} {asked.about}"), 0, None
        if asked.kind is TextKind.PROMISE:
            return None, row.next_phone_id, found[0]
        return None, found[0] or row.next_phone_id, None

    def _refuse(self, asked: TextAsked, blocked: Blocked, facts: dict[str, object], at: datetime) -> Blocked:
        body: dict[str, object] = {"what": "text", "kind": asked.kind, "about": asked.about, "because": blocked.reason}
        body |= {"campaign": asked.campaign.campaign_id, "lead": asked.lead_id, "detail": blocked.detail, **facts}
        self._trail.note(AuditKind.VETO, body, at=at, leads=(asked.lead_id,))
        return blocked

    def _insert(self, asked: TextAsked, phone: str, at: datetime) -> int:
        text_id = 1 + int(self._database.value("SELECT COALESCE(MAX(id), 0) FROM texts"))
        self._database.execute(
            "INSERT INTO texts (id, campaign_id, lead_id, phone, kind, about, text, asked_at, because)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
            (
                *(text_id, asked.campaign.campaign_id, asked.lead_id, phone, asked.kind.value, asked.about),
                *(asked.text, seconds_of(at)),
            ),
        )
        return text_id

    def _note(self, text_id: int, lead_id: int, at: datetime, **facts: object) -> None:
        self._trail.note(AuditKind.TEXT, {"text": text_id, **facts}, at=at, leads=(lead_id,))


# Table, the column that is of use here, and the condition under which there is still something to remind of.
_OPEN = {
    TextKind.PROMISE: ("promises", "debt_id", "state = 'open'"),
    TextKind.CALLBACK: ("callbacks", "phone_id", "state IN ('waiting', 'reminded')"),
}


def _alike(phone: str, reported: str) -> bool:
    """Whether a network may mean this E.164 number: some leave out, or change, what is before the subscriber's."""
    digits = re.sub(r"\D", "", reported)[-SUBSCRIBER_DIGITS:]
    return len(digits) == SUBSCRIBER_DIGITS and phone.endswith(digits)


def _no_number(row: LeadRow) -> Blocked:
    if row.dnc:
        return Blocked("dnc", "every number of the lead that works is on the do-not-call list")
    return Blocked("not_callable", "no number of the lead works")


def _text(row: Row) -> Text:
    text_id, campaign_id, lead_id, phone, kind, about, text, asked_at, *instants, because = row
    asked: Any = datetime_of(asked_at)
    sent, delivered, failed = map(datetime_of, instants)
    return Text(
        text_id, campaign_id, lead_id, phone, TextKind(kind), about, text, asked, sent, delivered, failed, because
    )
