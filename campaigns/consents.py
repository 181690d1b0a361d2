"""Consents: the grounds on which people may be called, with the evidence that the law asks for, and their revocation.

A record shows number, name, the request as it was shown, purpose and date (16 CFR 310.5(a)(8); in Germany UWG § 7a). A
revoked one is kept, and ceases to count at once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from campaigns import settings
from campaigns.audit.kinds import AuditKind
from campaigns.audit.trail import NO_TRAIL, Trail
from campaigns.collections.people import everyone, same_person
from campaigns.database import Database, Row
from campaigns.instants import datetime_of, seconds_of
from campaigns.leads import stir, wake
from campaigns.model import Basis, CallbackAsked, Consent, Purpose
from campaigns.profiles import Profiles

_FIELDS = "id, lead_id, phone, basis, purpose, obtained_at, expires_at, revoked_at, evidence"
_STRENGTH = {basis: rank for rank, basis in enumerate(Basis)}
_SWEPT = "consents_swept_at"
_CHUNK = 500

_ASKED = "asked to be called at "
_WORD_HOLDS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a consent can be shown: the person's name, the request as it was shown to them, and where the proof is."""

    note: str = ""
    name: str = ""
    request: str = ""

    @property
    def text(self) -> str:
        """As it is kept: a note alone is plain text, the rest a JSON document."""
        if not (self.name or self.request):
            return self.note
        fields = {"note": self.note, "name": self.name, "request": self.request}
        return json.dumps({key: value for key, value in fields.items() if value}, ensure_ascii=False)

    @staticmethod
    def of(text: str) -> "Evidence":
        """The reverse of `text`; any other text is a note."""
        try:
            found = json.loads(text) if text.startswith("{") else None
        except ValueError:
            found = None
        if not isinstance(found, dict) or not found.keys() <= {"note", "name", "request"}:
            return Evidence(note=text)
        return Evidence(**{key: str(value) for key, value in found.items()})


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a consent when it is recorded; None where nothing is said."""

    basis: Basis
    purpose: Purpose | None = None
    obtained_at: datetime | None = None
    expires_at: datetime | None = None
    evidence: Evidence = Evidence()

    def __post_init__(self) -> None:
        """Raises ValueError when no ground is given, or it would end before it began."""
        if self.basis is Basis.NONE:
            raise ValueError("a consent needs a ground: inquiry, ebr, contract, express or written")
        if self.obtained_at is not None and self.expires_at is not None and self.expires_at <= self.obtained_at:
            raise ValueError(f"it would expire ({self.expires_at.isoformat()}) before it was obtained")


@dataclass(frozen=True, slots=True)
class Record:
    """A consent on disk."""

    consent_id: int
    lead_id: int
    consent: Consent

    @property
    def missing(self) -> tuple[str, ...]:
        """What the record does not show of name, request, purpose and date."""
        evidence = Evidence.of(self.consent.evidence)
        shown = {
            "name": evidence.name,
            "request": evidence.request,
            "purpose": self.consent.purpose,
            "date": self.consent.obtained_at,
        }
        return tuple(name for name, value in shown.items() if not value)

    def state(self, at: datetime) -> str:
        """Whether it counts at an instant: valid, revoked, expired or not yet given."""
        consent = self.consent
        if consent.revoked_at is not None and consent.revoked_at <= at:
            return "revoked"
        if consent.expires_at is not None and consent.expires_at <= at:
            return "expired"
        return "not yet" if consent.obtained_at is not None and consent.obtained_at > at else "valid"


class _Revoked(NamedTuple):
    """A revoked consent; '' is for all numbers, or all purposes."""

    phone: str
    basis: str
    purpose: str
    at: float

    def is_like(self, basis: str, purpose: str) -> bool:
        """Whether a consent of this ground is for what this one was for, among others perhaps."""
        return self.basis == basis and ("" in (purpose, self.purpose) or purpose == self.purpose)


class Consents:
    """Consents of leads. Each change also settles `basis` in the calling profiles of the lead's numbers."""

    def __init__(self, database: Database, profiles: Profiles, trail: Trail = NO_TRAIL) -> None:
        self._database = database
        self._profiles = profiles
        self._trail = trail

    def add(self, lead_id: int, given: Given, *, phone: str | None = None, at: datetime | None = None) -> int | None:
        """Record a consent of a lead for one number, None: for all of them; its id, None when it was recorded already.

        Raises ValueError when it is of the future.
        """
        return self.add_many([(lead_id, phone, given)], at)[0]

    def asked_for_call(
        self, lead_id: int, phone_id: int, callback: CallbackAsked, *, agent: str, at: datetime
    ) -> int | None:
        """Record, as told by `agent` at `at`, that a debtor asked for a call on that number; see `add`.

        It is express consent to calls about debts for seven days (12 CFR 1006.14(b)(3)(i)). Nothing is recorded when
        the number is gone.
        """
        phone = self._database.value("SELECT e164 FROM lead_phones WHERE id = ?", (phone_id,))
        if not phone:
            return None
        evidence = Evidence(note=f"told by {agent}", request=_ASKED + callback.at.isoformat(timespec="minutes"))
        given = Given(Basis.EXPRESS, Purpose.COLLECTIONS, at, at + _WORD_HOLDS, evidence)
        return self.add(lead_id, given, phone=phone, at=at)

    def call_is_off(self, lead_id: int, at: datetime | None = None) -> None:
        """The call that a debtor asked for is not made: that word counts no more from `at` on."""
        now = at or datetime.now(UTC)
        with self._database.transaction():
            for record in self.records([lead_id]):
                word = Evidence.of(record.consent.evidence).request.startswith(_ASKED)
                if word and record.state(now) == "valid":
                    self._database.execute(
                        "UPDATE consents SET expires_at = ? WHERE id = ?", (seconds_of(now), record.consent_id)
                    )
                    body = {"what": "ended", "consent": record.consent_id, "why": "the call asked for is off"}
                    self._trail.note(AuditKind.CONSENT, body, at=now, leads=(lead_id,))
            self.settle([lead_id], now)

    def add_many(
        self, consents: Sequence[tuple[int, str | None, Given]], at: datetime | None = None
    ) -> list[int | None]:
        """Record consents (lead, number, what is known) in one transaction: their ids, None for known ones."""
        now = at or datetime.now(UTC)
        for _, _, given in consents:
            if given.obtained_at is not None and given.obtained_at > now:
                raise ValueError(f"a consent cannot be of the future, as {given.obtained_at.isoformat()} is")
        with self._database.transaction():
            ids = self._insert([_row_of(*consent) for consent in consents])
            self.settle([lead_id for lead_id, _, _ in consents], now)
            wake(self._database, sorted({lead_id for lead_id, _, _ in consents}), now)
            for (lead_id, phone, given), consent_id in zip(consents, ids, strict=True):
                if consent_id is not None:
                    self._trail.note(AuditKind.CONSENT, _given(consent_id, phone, given), at=now, leads=(lead_id,))
        return ids

    def _insert(self, rows: Sequence[Row]) -> list[int | None]:
        """What makes two consents one: lead, number, basis, purpose, date and end.

        One that was revoked since it was given, by its person or for its number, is kept as revoked: an older list does
        not bring it back. Without a date it may have been given before.
        """
        leads = sorted({row[0] for row in rows})
        sql = f"SELECT {_FIELDS} FROM consents WHERE lead_id IN (:values)"  # noqa: S608
        there = {row[1:7] for row in self._database.rows_in(sql, leads)}
        revoked_at = self._revocations(leads)
        next_id = 1 + (self._database.value("SELECT MAX(id) FROM consents") or 0)
        ids: list[int | None] = []
        new: list[Row] = []
        for row in rows:
            known = row[:6] in there
            ids.append(None if known else next_id + len(new))
            if not known:
                there.add(row[:6])
                new.append((next_id + len(new), *row[:6], revoked_at(row), row[6]))
        self._database.many(f"INSERT INTO consents ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", new)  # noqa: S608
        return ids

    def _revocations(self, leads: Sequence[int]) -> Callable[[Row], float | None]:
        """When the like of a new consent was revoked since it was given, by its person or for its number, if it was."""
        numbers = self._numbers_of(leads)
        holders: dict[str, set[int]] = {}
        sql = "SELECT e164, lead_id FROM lead_phones WHERE e164 IN (:values)"
        for e164, lead_id in self._database.rows_in(sql, sorted(set().union(*numbers.values()) - {""})):
            holders.setdefault(e164, set()).add(lead_id)
        people = same_person(self._database, sorted(set(leads).union(*holders.values())))
        revoked: dict[int, list[_Revoked]] = {}
        for lead_id, *found in self._database.rows_in(
            "SELECT lead_id, phone, basis, purpose, revoked_at FROM consents"
            " WHERE revoked_at IS NOT NULL AND lead_id IN (:values)",
            everyone(people),
        ):
            revoked.setdefault(lead_id, []).append(_Revoked(*found))
        sql = "SELECT lead_id, '', basis, purpose, at FROM revocations WHERE lead_id IN (:values)"
        for lead_id, *found in self._database.rows_in(sql, everyone(people)):
            revoked.setdefault(lead_id, []).append(_Revoked(*found))

        def by(lead_ids: Iterable[int]) -> Iterator[_Revoked]:
            everywhere = {lead for lead_id in lead_ids for lead in people[lead_id]} if revoked else ()
            return (each for lead in everywhere for each in revoked.get(lead, ()))

        def of(row: Row) -> float | None:
            lead_id, phone, basis, purpose, obtained_at = row[:5]
            near = [each for each in by([lead_id]) if "" in (phone, each.phone) or phone == each.phone]
            for e164 in {phone} if phone else numbers.get(lead_id, ()):
                near += [each for each in by(holders.get(e164, ())) if each.phone in ("", e164)]
            later = (each.at for each in near if each.is_like(basis, purpose))
            return min((at for at in later if obtained_at is None or obtained_at <= at), default=None)

        return of

    def _numbers_of(self, leads: Sequence[int]) -> dict[int, set[str]]:
        numbers: dict[int, set[str]] = {}
        sql = "SELECT lead_id, e164 FROM lead_phones WHERE lead_id IN (:values)"
        for lead_id, e164 in self._database.rows_in(sql, leads):
            numbers.setdefault(lead_id, set()).add(e164)
        return numbers

    def revoke(
        self,
        lead_id: int,
        *,
        phone: str | None = None,
        basis: Basis | None = None,
        purpose: Purpose | None = None,
        at: datetime | None = None,
    ) -> int:
        """Let consents of a lead's person count no more from `at` on; how many did. They stay on record.

        It reaches all leads of the person, and whoever has one of their numbers, in every campaign; of other leads,
        what was given after `at` stays. `phone`, `basis` and `purpose` narrow it to that number and to consents that
        are of these; one for all numbers or purposes is. Without `phone`, the like of them stays revoked for every
        number of the person.
        """
        now = at or datetime.now(UTC)
        with self._database.transaction():
            concerned = [
                record
                for record in self._within_reach(lead_id, phone)
                if _is_revoked_by(record, basis, purpose, now)
                and (record.lead_id == lead_id or _is_given_by(record.consent, now))
            ]
            self._database.many(
                "UPDATE consents SET revoked_at = ? WHERE id = ?",
                ((seconds_of(now), record.consent_id) for record in concerned),
            )
            if phone is None:
                grounds = {(record.consent.basis.value, record.consent.purpose or "") for record in concerned}
                self._database.many(
                    "INSERT INTO revocations (lead_id, basis, purpose, at) VALUES (?, ?, ?, ?)",
                    ((lead_id, *ground, seconds_of(now)) for ground in sorted(grounds)),
                )
            leads = sorted({lead_id, *(record.lead_id for record in concerned)})
            self.settle(leads, now)
            if concerned:
                body = {"what": "revoked", "lead": lead_id, "phone": phone, "basis": basis, "purpose": purpose}
                body |= {"consents": len(concerned), "leads": leads}
                self._trail.note(AuditKind.CONSENT, body, at=now, leads=leads)
        return len(concerned)

    def _within_reach(self, lead_id: int, phone: str | None) -> list[Record]:
        """The consents of a lead's person for a number, None: for all, and of all others who have it."""
        own = same_person(self._database, [lead_id])[lead_id]
        numbers = {phone} if phone else set().union(*self._numbers_of(own).values())
        sql = "SELECT lead_id FROM lead_phones WHERE e164 IN (:values)"
        holders = {holder for (holder,) in self._database.rows_in(sql, sorted(numbers - {""}))}
        return [
            record
            for record in self.records(sorted({*own, *holders}))
            if record.consent.phone in (None, *numbers) or (phone is None and record.lead_id in own)
        ]

    def of(self, lead_ids: Sequence[int]) -> dict[int, tuple[Consent, ...]]:
        """All consents of leads, past ones too; leads without one are left out."""
        found: dict[int, list[Consent]] = {}
        for record in self.records(lead_ids):
            found.setdefault(record.lead_id, []).append(record.consent)
        return {lead_id: tuple(consents) for lead_id, consents in found.items()}

    def records(self, lead_ids: Sequence[int]) -> list[Record]:
        """All consents of leads as they are on disk, in the order in which they were recorded."""
        sql = f"SELECT {_FIELDS} FROM consents WHERE lead_id IN (:values)"  # noqa: S608
        return [_record_of(row) for row in sorted(self._database.rows_in(sql, lead_ids))]

    def of_campaign(self, campaign_id: int) -> list[Record]:
        """All consents of a campaign's leads."""
        fields = ", ".join(f"c.{name.strip()}" for name in _FIELDS.split(","))
        rows = self._database.rows(
            f"SELECT {fields} FROM consents c JOIN leads l ON l.id = c.lead_id"  # noqa: S608
            " WHERE l.campaign_id = ? ORDER BY c.id",
            (campaign_id,),
        )
        return [_record_of(row) for row in rows]

    def holders(self, campaign_id: int, numbers: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """The campaign's leads that have each of these numbers; numbers of no lead are left out."""
        found: dict[str, list[int]] = {}
        rows = self._database.rows_in(
            "SELECT p.e164, l.id FROM leads l JOIN lead_phones p ON p.lead_id = l.id"
            " WHERE l.campaign_id = ? AND p.e164 IN (:values)",
            numbers,
            (campaign_id,),
        )
        for e164, lead_id in sorted(rows):
            found.setdefault(e164, []).append(lead_id)
        return {e164: tuple(dict.fromkeys(lead_ids)) for e164, lead_ids in found.items()}

    def leads_of(self, campaign_id: int, lead_ids: Sequence[int]) -> frozenset[int]:
        """Those of the leads that are the campaign's."""
        sql = "SELECT id FROM leads WHERE campaign_id = ? AND id IN (:values)"
        return frozenset(lead_id for (lead_id,) in self._database.rows_in(sql, lead_ids, (campaign_id,)))

    def settle(self, lead_ids: Iterable[int], at: datetime) -> int:
        """Set the basis of the leads' numbers to the strongest ground that counts at `at`; how many numbers changed.

        It is a ground for the campaign's purpose. Call it inside a transaction.
        """
        wanted = sorted(set(lead_ids))
        return sum(self._settle(wanted[start : start + _CHUNK], at) for start in range(0, len(wanted), _CHUNK))

    def _settle(self, lead_ids: Sequence[int], at: datetime) -> int:
        consents = self.of(lead_ids)
        purposes = self._purposes(lead_ids)
        changed: list[tuple[int, int]] = []
        moved: set[int] = set()
        phones = self._database.rows_in(
            "SELECT id, lead_id, e164, profile_id FROM lead_phones WHERE lead_id IN (:values)", lead_ids
        )
        for phone_id, lead_id, e164, profile_id in phones:
            profile = self._profiles.get(profile_id)
            basis = strongest(consents.get(lead_id, ()), e164, purposes[lead_id], at)
            if (profile.basis or Basis.NONE) != basis:
                found = replace(profile, basis="" if basis is Basis.NONE else basis.value)
                changed.append((self._profiles.id_of(found), phone_id))
                moved.add(lead_id)
        self._database.many("UPDATE lead_phones SET profile_id = ? WHERE id = ?", changed)
        self._database.many(
            "UPDATE leads SET profile_id = (SELECT profile_id FROM lead_phones WHERE id = next_phone_id) WHERE id = ?",
            ((lead_id,) for lead_id in sorted(moved)),
        )
        if moved:
            stir(self._database)
        return len(changed)

    def settle_campaign(self, campaign_id: int, at: datetime | None = None) -> int:
        """Settle all leads with consents of a campaign, after its purpose has changed; how many numbers changed."""
        with self._database.transaction():
            leads = {record.lead_id for record in self.of_campaign(campaign_id)}
            return self.settle(leads, at or datetime.now(UTC))

    def sweep(self, at: datetime | None = None) -> int:
        """Settle the leads whose consents have expired since the last sweep; how many numbers changed."""
        now = at or datetime.now(UTC)
        swept = self._database.value("SELECT value FROM meta WHERE name = ?", (_SWEPT,))
        expired = self._database.rows(
            "SELECT DISTINCT lead_id FROM consents WHERE expires_at > ? AND expires_at <= ?",
            (0.0 if swept is None else float(swept), seconds_of(now)),
        )
        if not expired:
            return 0
        with self._database.transaction():
            changed = self.settle([lead_id for (lead_id,) in expired], now)
            self._database.execute("DELETE FROM meta WHERE name = ?", (_SWEPT,))
            self._database.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (_SWEPT, repr(seconds_of(now))))
        return changed

    def _purposes(self, lead_ids: Sequence[int]) -> dict[int, Purpose]:
        campaigns: dict[int, int] = dict(
            self._database.rows_in("SELECT id, campaign_id FROM leads WHERE id IN (:values)", lead_ids)
        )
        rows = self._database.rows_in(
            "SELECT id, name, kind, mode, state, settings FROM campaigns WHERE id IN (:values)",
            sorted(set(campaigns.values())),
        )
        purposes = {row[0]: settings.from_json(*row).purpose for row in rows}
        return {lead_id: purposes[campaign_id] for lead_id, campaign_id in campaigns.items()}


def _is_revoked_by(record: Record, basis: Basis | None, purpose: Purpose | None, at: datetime) -> bool:
    """Whether a revocation of this ground and purpose, None: any, ends a consent that still counts at `at`."""
    consent = record.consent
    return (
        (consent.revoked_at is None or consent.revoked_at > at)
        and basis in (None, consent.basis)
        and (purpose is None or consent.purpose in (None, purpose))
    )


def _is_given_by(consent: Consent, at: datetime) -> bool:
    return consent.obtained_at is None or consent.obtained_at <= at


def _given(consent_id: int, phone: str | None, given: Given) -> dict[str, object]:
    return {
        "what": "given",
        "consent": consent_id,
        "phone": phone,
        "basis": given.basis,
        "purpose": given.purpose,
        "obtained_at": given.obtained_at,
        "expires_at": given.expires_at,
        "evidence": given.evidence.text,
    }


def strongest(consents: Iterable[Consent], phone: str, purpose: Purpose, at: datetime) -> Basis:
    """The strongest ground among the consents that count for a number and a purpose at an instant."""
    valid = (
        consent.basis
        for consent in consents
        if consent.phone in (None, phone)
        and consent.purpose in (None, purpose)
        and (consent.obtained_at is None or consent.obtained_at <= at)
        and (consent.expires_at is None or at < consent.expires_at)
        and (consent.revoked_at is None or at < consent.revoked_at)
    )
    return max(valid, key=_STRENGTH.__getitem__, default=Basis.NONE)


def _row_of(lead_id: int, phone: str | None, given: Given) -> Row:
    return (
        lead_id,
        phone or "",
        given.basis.value,
        "" if given.purpose is None else given.purpose.value,
        None if given.obtained_at is None else seconds_of(given.obtained_at),
        None if given.expires_at is None else seconds_of(given.expires_at),
        given.evidence.text,
    )


def _record_of(row: Row) -> Record:
    consent_id, lead_id, phone, basis, purpose, obtained_at, expires_at, revoked_at, evidence = row
    consent = Consent(
        Basis(basis),
        Purpose(purpose) if purpose else None,
        datetime_of(obtained_at),
        datetime_of(expires_at),
        evidence,
        phone or None,
        datetime_of(revoked_at),
    )
    return Record(consent_id, lead_id, consent)
