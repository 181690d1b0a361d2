"""The calls of the past that caps and cool-downs count: to a person's leads, and to their numbers from anywhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns import settings
from campaigns.collections.people import everyone, same_person
from campaigns.database import Database, Row
from campaigns.instants import datetime_of, seconds_of
from campaigns.labels import place_of
from campaigns.model import CampaignSettings, Outcome
from campaigns.rules.model import PastCall
from campaigns.statuses import STATUSES, Status

# What an agent or a listener heard when it was no person.
_HEARD = {
    "A": "machine",
    "AA": "machine",
    "AM": "message",
    "AL": "message",
    "AFAX": "fax",
    "B": "busy",
    "N": "no_answer",
    "DC": "invalid",
}

# A call that was declined rang, so it was connected to the number (comment 14(b)(3)(iii)-1 of 12 CFR 1006).
_OF_OUTCOME = {
    Outcome.ABANDONED: "abandoned",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.REJECTED: "no_answer",
    Outcome.INVALID_NUMBER: "invalid",
    Outcome.CANCELLED: "no_answer",
    Outcome.UNWANTED: "refusal",
    Outcome.LOST: "no_answer",
}

_REACHED = frozenset({"answered", "refusal", "abandoned"})

_ATTEMPT = (
    "a.id, a.lead_id, a.phone, a.started_at, a.outcome, a.status,"
    " a.ringing_at, a.answered_at, a.connected_at, a.ended_at"
)
_ATTEMPTS_OF_LEADS = (
    f"SELECT a.lead_id, {_ATTEMPT}, a.campaign_id, p.label FROM attempts a JOIN lead_phones p ON p.id = a.phone_id"  # noqa: S608
    " WHERE a.started_at >= ? AND a.lead_id IN (:values)"
)
# CROSS JOIN keeps SQLite to this order: a look-up in the index for each number.
_ATTEMPTS_ON_NUMBERS = (
    f"SELECT n.lead_id, {_ATTEMPT}, a.campaign_id, p.label FROM lead_phones n"  # noqa: S608
    " CROSS JOIN attempts a ON a.phone = n.e164 JOIN lead_phones p ON p.id = a.phone_id"
    " WHERE a.started_at >= ? AND n.lead_id IN (:values)"
)
_PAST = "c.id, c.lead_id, c.phone, c.at, c.outcome, c.contact, c.conversation, c.debt_id, l.campaign_id, p.label"
_PAST_OF_LEADS = (
    f"SELECT c.lead_id, {_PAST} FROM past_calls c JOIN leads l ON l.id = c.lead_id"  # noqa: S608
    " LEFT JOIN lead_phones p ON p.lead_id = c.lead_id AND p.e164 = c.phone WHERE c.at >= ? AND c.lead_id IN (:values)"
)
_PAST_ON_NUMBERS = (
    f"SELECT n.lead_id, {_PAST} FROM lead_phones n CROSS JOIN past_calls c ON c.phone = n.e164"  # noqa: S608
    " JOIN leads l ON l.id = c.lead_id LEFT JOIN lead_phones p ON p.lead_id = c.lead_id AND p.e164 = c.phone"
    " WHERE c.at >= ? AND n.lead_id IN (:values)"
)

_TEXT = "t.id, t.phone, COALESCE(t.sent_at, t.asked_at), t.campaign_id, r.debt_id, p.label"
# What the network took, or what is under way.
_WENT_OUT = (
    " LEFT JOIN promises r ON t.kind = 'promise' AND r.id = t.about"
    " LEFT JOIN lead_phones p ON p.lead_id = t.lead_id AND p.e164 = t.phone"
    " WHERE (t.sent_at IS NOT NULL OR t.failed_at IS NULL) AND COALESCE(t.sent_at, t.asked_at) >= ?"
)
_TEXTS_TO_LEADS = f"SELECT t.lead_id, {_TEXT} FROM texts t{_WENT_OUT} AND t.lead_id IN (:values)"  # noqa: S608
_TEXTS_ON_NUMBERS = (
    f"SELECT n.lead_id, {_TEXT} FROM lead_phones n CROSS JOIN lead_phones o ON o.e164 = n.e164"  # noqa: S608
    f" CROSS JOIN texts t ON t.lead_id = o.lead_id AND t.phone = n.e164{_WENT_OUT} AND n.lead_id IN (:values)"
)

_Key = tuple[object, ...]


class PastCalls:
    """Reads the calls of the past: attempts and texts of any campaign, and histories that were imported."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, lead_ids: Sequence[int], since: datetime) -> dict[int, tuple[PastCall, ...]]:
        """By lead, the calls and texts from `since` on, oldest first; leads without one are left out.

        They are those to all leads of its person and those to the numbers of these leads, whoever was called there.
        The debts of a call hold the same debts under the ids that they have in the person's other campaigns.
        """
        people = same_person(self._database, lead_ids)
        leads = everyone(people)
        calls: dict[_Key, PastCall] = {}
        keys: dict[int, set[_Key]] = defaultdict(set)
        self._attempts(leads, seconds_of(since), calls, keys)
        self._histories(leads, seconds_of(since), calls, keys)
        self._texts(leads, seconds_of(since), calls, keys)
        if not calls:
            return {}
        calls = self._with_siblings(leads, calls)
        found = {}
        for lead_id, group in people.items():
            own = {key for each in group for key in keys.get(each, ())}
            if own:
                found[lead_id] = tuple(sorted((calls[key] for key in own), key=_order))
        return found

    def _attempts(
        self, leads: Sequence[int], since_s: float, calls: dict[_Key, PastCall], keys: dict[int, set[_Key]]
    ) -> None:
        rows = self._database.rows_in(_ATTEMPTS_OF_LEADS, leads, (since_s,))
        rows += self._database.rows_in(_ATTEMPTS_ON_NUMBERS, leads, (since_s,))
        if not rows:
            return
        debts = self._debts(sorted({row[1] for row in rows}))
        campaigns = self._campaigns()
        for of_lead, *row in rows:
            key = ("attempt", row[0])
            keys[of_lead].add(key)
            if key not in calls:
                calls[key] = _attempted(row, debts.get(row[0], frozenset()), campaigns[row[10]])

    def _debts(self, attempts: Sequence[int]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for attempt_id, debt_id in self._database.rows_in(
            "SELECT attempt_id, debt_id FROM attempt_debts WHERE attempt_id IN (:values)", attempts
        ):
            found[attempt_id].add(debt_id)
        return {attempt_id: frozenset(ids) for attempt_id, ids in found.items()}

    def _histories(
        self, leads: Sequence[int], since_s: float, calls: dict[_Key, PastCall], keys: dict[int, set[_Key]]
    ) -> None:
        """Calls of imported histories. One about several debts has a row for each; without a debt it may be any's."""
        if self._database.one("SELECT 1 FROM past_calls LIMIT 1") is None:
            return
        rows = self._database.rows_in(_PAST_OF_LEADS, leads, (since_s,))
        rows += self._database.rows_in(_PAST_ON_NUMBERS, leads, (since_s,))
        campaigns = self._campaigns() if rows else {}
        same: dict[_Key, dict[int, Row]] = defaultdict(dict)
        for of_lead, *row in rows:
            key: _Key = ("history", row[1], row[2], row[3])
            keys[of_lead].add(key)
            same[key][row[0]] = tuple(row)
        for call_key, parts in same.items():
            calls[call_key] = _told(list(parts.values()), campaigns)

    def _texts(
        self, leads: Sequence[int], since_s: float, calls: dict[_Key, PastCall], keys: dict[int, set[_Key]]
    ) -> None:
        if self._database.one("SELECT 1 FROM texts LIMIT 1") is None:
            return
        rows = self._database.rows_in(_TEXTS_TO_LEADS, leads, (since_s,))
        rows += self._database.rows_in(_TEXTS_ON_NUMBERS, leads, (since_s,))
        campaigns = self._campaigns() if rows else {}
        for of_lead, *row in rows:
            key = ("text", row[0])
            keys[of_lead].add(key)
            calls[key] = _texted(row, campaigns)

    def _campaigns(self) -> dict[int, CampaignSettings]:
        rows = self._database.rows("SELECT id, name, kind, mode, state, settings FROM campaigns")
        return {row[0]: settings.from_json(*row) for row in rows}

    def _with_siblings(self, leads: Sequence[int], calls: dict[_Key, PastCall]) -> dict[_Key, PastCall]:
        """A debt that a person has under one reference in two campaigns is one: calls about either are about both."""
        if not any(call.debts for call in calls.values()):
            return calls
        groups: dict[tuple[str, str], set[int]] = defaultdict(set)
        for debt_id, reference, person in self._database.rows_in(
            "SELECT d.id, d.reference, l.person FROM debts d JOIN leads l ON l.id = d.lead_id"
            " WHERE l.person <> '' AND d.lead_id IN (:values)",
            leads,
        ):
            groups[person, reference].add(debt_id)
        siblings = {debt_id: group for group in groups.values() if len(group) > 1 for debt_id in group}
        if not siblings:
            return calls
        return {
            key: replace(call, debts=call.debts.union(*(siblings.get(debt_id, ()) for debt_id in call.debts)))
            for key, call in calls.items()
        }


def _order(call: PastCall) -> tuple[datetime, str, str]:
    return (call.at, call.phone, call.outcome)


def _attempted(row: Sequence[object], debts: frozenset[int], campaign: CampaignSettings) -> PastCall:
    _, _, phone, started_at, outcome, status, ringing_at, answered_at, connected_at, ended_at, _, label = row
    said, contact, conversation = _counted(
        outcome,
        STATUSES.get(str(status)),
        rang=ringing_at is not None,
        answered=answered_at is not None,
        connected=connected_at is not None,
    )
    return PastCall(
        at=_instant(started_at),
        phone=str(phone),
        outcome=said,
        contact=contact,
        conversation=conversation,
        debts=debts,
        subject=_subject(campaign),
        campaign_id=campaign.campaign_id,
        purpose=campaign.purpose,
        place=place_of(str(label)),
        ended_at=None if ended_at is None else _instant(ended_at),
    )


def as_counted(outcome: Outcome, status: str, at: datetime) -> PastCall:
    """What caps and rests would count of a call, placed at `at`, that reached its number and ends so."""
    handled = outcome is Outcome.HANDLED
    said, contact, conversation = _counted(outcome, STATUSES[status], rang=True, answered=handled, connected=handled)
    return PastCall(at, "", said, contact, conversation)


def _counted(
    outcome: object, flags: Status | None, *, rang: bool, answered: bool, connected: bool
) -> tuple[str, bool, bool]:
    """What came of an attempt in the rule engine's words; whether somebody was reached, and spoken to."""
    said = _said(outcome, flags, rang=rang, answered=answered)
    # Whose status is not known yet, or was lost, may be a person in a conversation.
    human = connected and (outcome in (None, Outcome.LOST) or (flags or _NOBODY).human_answered)
    wrong_party = flags is not None and flags.unworkable and not flags.dnc
    return said, human or said in _REACHED, human and not wrong_party


_NOBODY = STATUSES["NA"]


def _said(outcome: object, flags: Status | None, *, rang: bool, answered: bool) -> str:
    """What came of an attempt in the rule engine's words; one that is not closed yet counts as one that rang."""
    if outcome is None:
        return "answered" if answered else "no_answer"
    if flags is not None and flags.code in _HEARD:
        return _HEARD[flags.code]
    if outcome == Outcome.HANDLED:
        refused = flags is not None and (flags.not_interested or flags.dnc)
        return "refusal" if refused else "answered"
    said = _OF_OUTCOME.get(Outcome(str(outcome)), "no_answer" if rang else "unconnected")
    return "answered" if answered and said in ("no_answer", "unconnected") else said


def _told(parts: Sequence[Row], campaigns: Mapping[int, CampaignSettings]) -> PastCall:
    """One call of a history from its rows, one a debt."""
    _, _, phone, at, outcome, _, _, _, campaign_id, label = parts[0]
    debts = [part[7] for part in parts]
    campaign = campaigns[campaign_id]
    return PastCall(
        at=_instant(at),
        phone=phone,
        outcome=outcome,
        contact=any(part[5] for part in parts),
        conversation=any(part[6] for part in parts),
        debts=_all_known(debts),
        subject=_subject(campaign),
        campaign_id=campaign_id,
        purpose=campaign.purpose,
        place=place_of(label or ""),
    )


def _texted(row: Sequence[Any], campaigns: Mapping[int, CampaignSettings]) -> PastCall:
    """A text: what it reminded of may tell its debt, else it may have been about any."""
    _, phone, at, campaign_id, debt_id, label = row
    campaign = campaigns[campaign_id]
    return PastCall(
        at=_instant(at),
        phone=phone,
        outcome="text",
        contact=True,
        debts=frozenset() if debt_id is None else frozenset({debt_id}),
        subject=_subject(campaign),
        campaign_id=campaign_id,
        purpose=campaign.purpose,
        place=place_of(label or ""),
        text=True,
    )


def _all_known(debts: Iterable[int | None]) -> frozenset[int]:
    """The debts, or none when one is not known: then the call may have been about any."""
    known = list(debts)
    return frozenset() if None in known else frozenset(debt for debt in known if debt is not None)


def _subject(campaign: CampaignSettings) -> str:
    return campaign.subject or f"campaign {campaign.campaign_id}"


def _instant(at_s: object) -> datetime:
    assert isinstance(at_s, int | float)
    at = datetime_of(float(at_s))
    assert at is not None
    return at
