"""The calls of the past that caps and cool-downs count: to a person's leads, and to their numbers from anywhere."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.collections.people import same_person
from campaigns.database import Database, Row
from campaigns.instants import datetime_of, seconds_of
from campaigns.model import Kind, Outcome
from campaigns.rules.model import PastCall
from campaigns.settings import PURPOSES
from campaigns.statuses import STATUSES

_OF_OUTCOME = {
    Outcome.ABANDONED: "abandoned",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.REJECTED: "no_answer",
    Outcome.INVALID_NUMBER: "invalid",
    Outcome.CANCELLED: "no_answer",
    Outcome.UNWANTED: "refusal",
}

_ATTEMPTS = (
    "SELECT a.id, a.lead_id, a.phone, a.started_at, a.outcome, a.status, a.connected_at IS NOT NULL, a.campaign_id,"
    " c.kind FROM attempts a JOIN campaigns c ON c.id = a.campaign_id WHERE a.started_at >= ? AND "
)
_PAST = (
    "SELECT p.id, p.lead_id, p.phone, p.at, p.outcome, p.contact, p.conversation, p.debt_id FROM past_calls p"
    " WHERE p.at >= ? AND "
)


class PastCalls:
    """Reads calls of the past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, lead_ids: Sequence[int], since: datetime) -> dict[int, tuple[PastCall, ...]]:
        """By lead, its person's calls from `since` on; leads without one are left out."""
        groups = same_person(self._database, lead_ids)
        everyone = sorted({each for group in groups.values() for each in group})
        numbers: dict[int, set[str]] = {}
        for lead_id, e164 in self._database.rows_in(
            "SELECT lead_id, e164 FROM lead_phones WHERE lead_id IN (:values)", everyone
        ):
            numbers.setdefault(lead_id, set()).add(e164)
        phones = sorted({e164 for found in numbers.values() for e164 in found})
        calls = self._attempts(everyone, phones, since) | self._past(everyone, phones, since)
        if not calls:
            return {}
        return self._assigned(groups, numbers, calls)

    def _assigned(
        self,
        groups: dict[int, tuple[int, ...]],
        numbers: dict[int, set[str]],
        calls: dict[tuple[str, int], tuple[int, PastCall]],
    ) -> dict[int, tuple[PastCall, ...]]:
        by_lead: dict[int, set[tuple[str, int]]] = {}
        by_phone: dict[str, set[tuple[str, int]]] = {}
        for key, (lead_id, call) in calls.items():
            by_lead.setdefault(lead_id, set()).add(key)
            by_phone.setdefault(call.phone, set()).add(key)
        found = {}
        for lead_id, group in groups.items():
            keys = {key for each in group for key in by_lead.get(each, ())}
            keys |= {key for each in group for e164 in numbers.get(each, ()) for key in by_phone.get(e164, ())}
            if keys:
                found[lead_id] = tuple(sorted((calls[key][1] for key in keys), key=lambda call: call.at))
        return found

    def _attempts(
        self, leads: Sequence[int], phones: Sequence[str], since: datetime
    ) -> dict[tuple[str, int], tuple[int, PastCall]]:
        before = (seconds_of(since),)
        rows = self._database.rows_in(_ATTEMPTS + "a.lead_id IN (:values)", leads, before)
        rows += self._database.rows_in(_ATTEMPTS + "a.phone IN (:values)", phones, before)
        debts = self._debts(sorted({row[0] for row in rows}))
        return {("attempt", row[0]): (row[1], _call(row, debts.get(row[0], frozenset()))) for row in rows}

    def _debts(self, attempts: Sequence[int]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for attempt_id, debt_id in self._database.rows_in(
            "SELECT attempt_id, debt_id FROM attempt_debts WHERE attempt_id IN (:values)", attempts
        ):
            found.setdefault(attempt_id, set()).add(debt_id)
        return {attempt_id: frozenset(ids) for attempt_id, ids in found.items()}

    def _past(
        self, leads: Sequence[int], phones: Sequence[str], since: datetime
    ) -> dict[tuple[str, int], tuple[int, PastCall]]:
        if self._database.one("SELECT 1 FROM past_calls LIMIT 1") is None:
            return {}
        before = (seconds_of(since),)
        rows = self._database.rows_in(_PAST + "p.lead_id IN (:values)", leads, before)
        rows += self._database.rows_in(_PAST + "p.phone IN (:values)", phones, before)
        found = {}
        for row_id, lead_id, phone, at, outcome, contact, conversation, debt_id in rows:
            when = datetime_of(at)
            assert when is not None
            debts = frozenset() if debt_id is None else frozenset((debt_id,))
            call = PastCall(when, phone, outcome, bool(contact), bool(conversation), debts)
            found["past", row_id] = (lead_id, call)
        return found


def _call(row: Row, debts: frozenset[int]) -> PastCall:
    _, _, phone, started_at, outcome, status, connected, campaign_id, kind = row
    at = datetime_of(started_at)
    assert at is not None
    flags = STATUSES.get(status or "")
    human = bool(connected) and (flags is None or flags.human_answered)
    if outcome == Outcome.HANDLED:
        said = "machine" if flags is not None and flags.answering_machine else "answered" if human else "no_answer"
        said = "refusal" if flags is not None and (flags.not_interested or flags.dnc) else said
    else:
        said = _OF_OUTCOME.get(outcome, "unconnected") if outcome else "no_answer"
    wrong = flags is not None and flags.code == "WPC"
    return PastCall(
        at, phone, said, contact=human or said in ("answered", "refusal", "abandoned"),
        conversation=human and not wrong, debts=debts, campaign_id=campaign_id, purpose=PURPOSES[Kind(kind)],
        subject=f"campaign {campaign_id}",
    )  # fmt: skip
