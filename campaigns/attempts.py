"""The journal of attempts: each step of a call on disk before what follows from it, and recovery after a crash."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from campaigns import retry as retries
from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import Trail
from campaigns.callbacks import Callbacks
from campaigns.clashes import clashes
from campaigns.collections.debts import Debts
from campaigns.database import Database, StoreError
from campaigns.dnc import add as add_dnc
from campaigns.dnc import barred
from campaigns.instants import iso_of, seconds_of, whole_seconds_of
from campaigns.law import Judged, Law
from campaigns.leads import RETRY, load
from campaigns.model import Blocked, CampaignSettings, Candidate, Outcome, RetryDecision
from campaigns.profiles import Profiles
from campaigns.statuses import MACHINE_STATUS, STATUSES, Status, status_of

SettingsOf = Callable[[int], CampaignSettings]


class AttemptError(StoreError):
    """A step was reported for an attempt that does not exist or is closed: the caller's books are wrong."""


class Attempts:
    """Attempts on disk. Every method is part of the caller's transaction."""

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        callbacks: Callbacks,
        debts: Debts,
        trail: Trail,
        settings_of: SettingsOf,
        law: Callable[[], Law | None],
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._callbacks = callbacks
        self._debts = debts
        self._trail = trail
        self._settings_of = settings_of
        self._law = law

    def reserve(
        self,
        attempt_id: int,
        campaign_id: int,
        lead_id: int,
        phone_id: int,
        phone: str,
        trunk: str,
        caller_id: str,
        at: datetime,
    ) -> str | None:
        """Open an attempt, or say why not and write nothing.

        Why not: "already_open", "recently_abandoned", "dnc", "not_callable", or what the law has against it now, such
        as "rule:us.collections.seven_in_seven"; the lead is put off then. With a law every decision goes to the audit
        log in the same transaction.
        """
        veto = self._veto(campaign_id, lead_id, phone_id, phone, at)
        if veto is not None:
            return veto
        judged = self._judge(campaign_id, lead_id, phone_id, at)
        if judged is not None and isinstance(judged.answer, Blocked):
            self._refuse(campaign_id, judged, judged.answer, at)
            return judged.answer.reason
        started_at = seconds_of(at)
        self._database.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at, nth)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT attempts + 1 FROM leads WHERE id = ?))",
            (attempt_id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at, lead_id),
        )
        self._database.execute(
            "UPDATE leads SET status = 'QUEUE', next_at = NULL, last_attempt_at = ? WHERE id = ?", (started_at, lead_id)
        )
        self._callbacks.dialed(lead_id, attempt_id)
        if judged is not None:
            debts = self._debts.link_attempt(attempt_id, lead_id, sorted(judged.case.debts) or None)
            body = {"attempt": attempt_id, "trunk": trunk, "caller_id": caller_id, **decision(campaign_id, judged)}
            body["debts"] = debts
            self._trail.note(AuditKind.DIAL, body, at=at, leads=(lead_id,))
        return None

    def _judge(self, campaign_id: int, lead_id: int, phone_id: int, at: datetime) -> Judged | None:
        """The law's word on a call that is about to be placed; None when there is no law."""
        law = self._law()
        if law is None:
            return None
        (row,) = load(self._database, self._profiles, [lead_id], seconds_of(at))
        candidate = row.candidate(phone_id)
        assert candidate is not None
        return law.judge(self._settings_of(campaign_id), [candidate], at)[0]

    def _refuse(self, campaign_id: int, judged: Judged, blocked: Blocked, at: datetime) -> None:
        """Put the lead off and say why in the audit log."""
        until = None if blocked.until is None else seconds_of(blocked.until)
        self._callbacks.put_off(judged.candidate.lead_id, seconds_of(at), until, blocked.reason)
        body = {"because": blocked.reason, "detail": blocked.detail, **decision(campaign_id, judged)}
        self._trail.note(AuditKind.VETO, body, at=at, leads=(judged.candidate.lead_id,))

    def _veto(self, campaign_id: int, lead_id: int, phone_id: int, phone: str, at: datetime) -> str | None:
        if self._database.one("SELECT 1 FROM attempts WHERE lead_id = ? AND closed_at IS NULL", (lead_id,)):
            return "already_open"
        row = self._database.one(
            "SELECT l.status, l.next_at, p.uncallable FROM leads l JOIN lead_phones p ON p.lead_id = l.id"
            " WHERE l.id = ? AND l.campaign_id = ? AND p.id = ? AND p.e164 = ?",
            (lead_id, campaign_id, phone_id, phone),
        )
        if barred(self._database, [phone], campaign_id, at):
            return "dnc"
        if row is None:
            return "not_callable"
        status, next_at, uncallable = row
        if status in STATUSES and STATUSES[status].dnc:
            return "dnc"
        if next_at is None or next_at > seconds_of(at) or uncallable:
            return "not_callable"
        clash = clashes(self._database, {lead_id: phone}, seconds_of(at)).get(lead_id)
        return None if clash is None else clash.reason

    def mark_answered(self, attempt_id: int, at: datetime) -> None:
        """The far side picked up. Raises AttemptError when the attempt is not open."""
        changed = self._database.execute(
            "UPDATE attempts SET answered_at = ? WHERE id = ? AND closed_at IS NULL", (seconds_of(at), attempt_id)
        )
        self._require_open(attempt_id, changed)

    def mark_connected(self, attempt_id: int, agent: str, at: datetime) -> None:
        """An agent and the person are joined. Raises AttemptError when the attempt is not open."""
        changed = self._database.execute(
            "UPDATE attempts SET connected_at = ?, agent = ? WHERE id = ? AND closed_at IS NULL",
            (seconds_of(at), agent, attempt_id),
        )
        self._require_open(attempt_id, changed)
        self._database.execute(
            "UPDATE leads SET status = 'INCALL' WHERE id = (SELECT lead_id FROM attempts WHERE id = ?)", (attempt_id,)
        )

    def mark_call_ended(
        self,
        attempt_id: int,
        at: datetime,
        cause: str,
        sip_code: int | None,
        q850: int | None,
        detail: str,
    ) -> None:
        """The call is over, its disposition still to come. Raises AttemptError when the attempt is not open."""
        changed = self._database.execute(
            "UPDATE attempts SET ended_at = ?, cause = ?, sip_code = ?, q850 = ?, detail = ?"
            " WHERE id = ? AND closed_at IS NULL",
            (seconds_of(at), str(cause), sip_code, q850, detail, attempt_id),
        )
        self._require_open(attempt_id, changed)

    def _require_open(self, attempt_id: int, changed: int) -> None:
        if changed == 1:
            return
        exists = self._database.one("SELECT 1 FROM attempts WHERE id = ?", (attempt_id,))
        raise AttemptError(f"attempt {attempt_id} {'is closed' if exists else 'does not exist'}")

    def close(
        self,
        attempt_id: int,
        *,
        at: datetime,
        outcome: Outcome,
        status: str,
        ringing_at: datetime | None,
        cause: str | None,
        sip_code: int | None,
        q850: int | None,
        detail: str,
        ref: str,
        agent: str | None,
        retry: RetryDecision,
    ) -> None:
        """Close an attempt and settle its lead. What an earlier `mark_call_ended` said of the call's end stands.

        A status with the dnc flag bars the number (an agent's DNC: all numbers of the lead) and ends the lead whatever
        `retry` says. Raises AttemptError when the attempt is closed or unknown, ValueError for an unknown status.
        """
        flags = status_of(status)
        closed_at = seconds_of(at)
        retry_at = None if retry.at is None or flags.dnc else whole_seconds_of(retry.at)
        changed = self._database.execute(
            "UPDATE attempts SET closed_at = ?, outcome = ?, status = ?, ringing_at = ?, agent = COALESCE(?, agent),"
            " cause = CASE WHEN ended_at IS NULL THEN ? ELSE cause END,"
            " sip_code = CASE WHEN ended_at IS NULL THEN ? ELSE sip_code END,"
            " q850 = CASE WHEN ended_at IS NULL THEN ? ELSE q850 END,"
            " detail = CASE WHEN ended_at IS NULL THEN ? ELSE detail END,"
            " ref = ?, retry_at = ?, retry_because = ?, ended_at = COALESCE(ended_at, ?)"
            " WHERE id = ? AND closed_at IS NULL",
            (
                *(closed_at, outcome.value, status, None if ringing_at is None else seconds_of(ringing_at), agent),
                *(None if cause is None else str(cause), sip_code, q850, detail),
                *(ref, retry_at, retry.because, closed_at, attempt_id),
            ),
        )
        self._require_open(attempt_id, changed)
        row = self._database.one("SELECT lead_id, phone_id, phone FROM attempts WHERE id = ?", (attempt_id,))
        assert row is not None
        lead_id, phone_id, phone = row
        self._settle_phone(phone_id, outcome is Outcome.INVALID_NUMBER or flags.number_uncallable)
        self._settle_lead(lead_id, status, retry_at, retry.phone_id)
        self._callbacks.closed(attempt_id, reached=outcome is Outcome.HANDLED and flags.human_answered)
        body = {
            "attempt": attempt_id,
            "lead": lead_id,
            "outcome": outcome,
            "status": status,
            "retry_at": retry_at,
            "because": retry.because,
        }
        self._trail.note(AuditKind.DISPOSITION, body, at=at, leads=(lead_id,), actor=agent or "dialer")
        if flags.dnc:
            self._bar(flags, lead_id, phone, at)

    def _settle_phone(self, phone_id: int, uncallable: bool) -> None:
        self._database.execute(
            "UPDATE lead_phones SET attempts = attempts + 1, uncallable = CASE WHEN ? = 1 THEN 1 ELSE uncallable END"
            " WHERE id = ?",
            (int(uncallable), phone_id),
        )

    def _settle_lead(self, lead_id: int, status: str, retry_at: int | None, next_phone_id: int | None) -> None:
        if retry_at is None or next_phone_id is None:
            self._database.execute(
                "UPDATE leads SET status = ?, attempts = attempts + 1, next_at = ? WHERE id = ?",
                (status, retry_at, lead_id),
            )
            return
        changed = self._database.execute(
            "UPDATE leads SET status = ?, attempts = attempts + 1, next_at = ?, priority = ?, next_phone_id = ?,"
            " profile_id = (SELECT profile_id FROM lead_phones WHERE id = ?)"
            " WHERE id = ? AND EXISTS (SELECT 1 FROM lead_phones WHERE id = ? AND lead_id = ?)",
            (status, retry_at, RETRY, next_phone_id, next_phone_id, lead_id, next_phone_id, lead_id),
        )
        if changed != 1:
            raise AttemptError(f"retry on number {next_phone_id}, which is none of lead {lead_id}'s")

    def _bar(self, flags: Status, lead_id: int, phone: str, at: datetime) -> None:
        """A person's own request bars all of that person's numbers; a refusal by one phone bars that number."""
        numbers = [phone]
        if flags.selectable:
            numbers = [
                e164 for (e164,) in self._database.rows("SELECT e164 FROM lead_phones WHERE lead_id = ?", (lead_id,))
            ]
        add_dnc(self._database, self._profiles, numbers, f"status {flags.code}", at)

    def close_lost(self, at: datetime) -> list[dict[str, Any]]:
        """Close what a dead process left open, each in the worst light: see `Store.close_lost_attempts`."""
        left = self._database.rows(
            "SELECT id, campaign_id, lead_id, phone_id, phone, answered_at, connected_at FROM attempts"
            " WHERE closed_at IS NULL"
        )
        closed = []
        for attempt_id, campaign_id, lead_id, phone_id, phone, answered_at, connected_at in sorted(left):
            outcome = Outcome.ABANDONED if answered_at is not None and connected_at is None else Outcome.LOST
            decision = RetryDecision(None, None, "lost while a person was with an agent: not redialed without review")
            if connected_at is None:
                rules = self._settings_of(campaign_id).retry
                candidate = self._dialed(lead_id, phone_id)
                decision = retries.decide(rules, outcome, candidate, at)
            status = MACHINE_STATUS[outcome]
            self._close_lost(attempt_id, at, outcome, status, decision)
            closed.append(
                {
                    "attempt_id": attempt_id,
                    "campaign_id": campaign_id,
                    "lead_id": lead_id,
                    "phone": phone,
                    "outcome": outcome.value,
                    "status": status,
                    "retry_at": None if decision.at is None else iso_of(decision.at.timestamp()),
                    "because": decision.because,
                }
            )
        return closed

    def _dialed(self, lead_id: int, phone_id: int) -> Candidate:
        """The lead as it was when `phone_id` was dialed, that number first even if it is barred by now."""
        (row,) = load(self._database, self._profiles, [lead_id])
        dialed = next(phone for phone in row.phones if phone.phone_id == phone_id)
        candidate = row.candidate(phone_id)
        others = () if candidate is None else tuple(phone for phone in candidate.phones if phone.phone_id != phone_id)
        return Candidate(lead_id, (dialed, *others), row.attempts, row.status)

    def _close_lost(
        self,
        attempt_id: int,
        at: datetime,
        outcome: Outcome,
        status: str,
        retry: RetryDecision,
    ) -> None:
        self.close(
            attempt_id,
            at=at,
            outcome=outcome,
            status=status,
            ringing_at=None,
            cause="line_lost",
            sip_code=None,
            q850=None,
            detail="the dialer stopped during this attempt",
            ref="",
            agent=None,
            retry=retry,
        )


def decision(campaign_id: int, judged: Judged) -> dict[str, object]:
    """What was looked at before a call: packs and rules, zones and regions, and what was known of the person."""
    case, verdict = judged.case, judged.verdict
    facts: dict[str, object] = {
        "campaign": campaign_id,
        "lead": judged.candidate.lead_id,
        "phone": case.phone,
        "purpose": case.purpose,
        "party": case.party,
        "mode": case.mode,
        "zones": case.zones,
        "regions": case.regions,
        "consents": [consent.basis for consent in case.consents if consent.revoked_at is None],
        "registries": sorted(case.on_registries or ()),
        "registry_age_days": dict(case.registry_age_days),
    }
    if case.place is not None:
        facts["place"] = case.place
    if verdict is not None:
        facts |= {
            "packs": verdict.packs,
            "rules": verdict.rules,
            "alerts": [reason.rule for reason in verdict.reasons if not reason.stops],
        }
    return facts
