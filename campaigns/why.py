"""Why a lead is or is not called now: every reason at once, in words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from campaigns.clashes import clashes
from campaigns.database import Database
from campaigns.eligibility import check
from campaigns.instants import datetime_of, iso_of, seconds_of
from campaigns.leads import LeadRow, UnknownLead, load
from campaigns.model import Blocked, CampaignSettings, CampaignState, Candidate
from campaigns.profiles import Profiles
from campaigns.statuses import STATUSES

Reason = dict[str, Any]


def why(
    database: Database, profiles: Profiles, campaign: CampaignSettings, lead_id: int, wall_now: datetime
) -> dict[str, Any]:
    """Whether a lead may be called at `wall_now`, and every reason against it with the instant it ends, if known.

    `notes` are about numbers left out while another may be dialed.
    Raises UnknownLead when the campaign has no such lead.
    """
    found = load(database, profiles, [lead_id])
    if not found or found[0].campaign_id != campaign.campaign_id:
        raise UnknownLead(f"campaign {campaign.name!r} has no lead {lead_id}")
    reasons = list(_reasons(database, campaign, found[0], wall_now))
    notes = list(_left_out(found[0])) if found[0].usable else []
    return {
        "lead_id": lead_id,
        "status": found[0].status,
        "callable": not reasons,
        "reasons": reasons,
        "notes": notes,
    }


def _reasons(database: Database, campaign: CampaignSettings, row: LeadRow, wall_now: datetime) -> Iterator[Reason]:
    if campaign.state is not CampaignState.ACTIVE:
        yield _reason("campaign", f"the campaign is {campaign.state}; `dialer campaign start` makes it dial")
    open_attempt = database.one(
        "SELECT id, started_at FROM attempts WHERE lead_id = ? AND closed_at IS NULL", (row.lead_id,)
    )
    if open_attempt:
        yield _reason("open_attempt", f"attempt {open_attempt[0]} since {iso_of(open_attempt[1])} is not over")
    elif row.next_at is None:
        yield _ended(database, row)
    elif row.next_at > seconds_of(wall_now):
        yield _waiting(database, row)
    if not row.usable:
        yield from _left_out(row)
    candidate = row.candidate(row.next_phone_id)
    if candidate is None:
        return
    for clash in clashes(database, {row.lead_id: candidate.phone.e164}, seconds_of(wall_now)).values():
        yield _reason(clash.reason, clash.detail, datetime_of(clash.until_s))
    blocked = _blocked(candidate, campaign, wall_now)
    if blocked is not None:
        yield _reason(blocked.reason, blocked.detail, blocked.until)


def _left_out(row: LeadRow) -> Iterator[Reason]:
    for phone in row.phones:
        if phone.phone_id in row.dnc:
            yield _reason("dnc", f"{phone.e164} is on the do-not-call list")
        elif phone.phone_id in row.uncallable:
            yield _reason("invalid_number", f"{phone.e164} was found to be no working number")


def _blocked(candidate: Candidate, campaign: CampaignSettings, wall_now: datetime) -> Blocked | None:
    verdict = check(candidate, campaign, wall_now)
    return verdict if isinstance(verdict, Blocked) else None


def _ended(database: Database, row: LeadRow) -> Reason:
    """Why the lead has no next time: what its last attempt decided, else what its status means."""
    last = database.one(
        "SELECT retry_because FROM attempts WHERE lead_id = ? AND closed_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        (row.lead_id,),
    )
    because = last[0] if last else ""
    if because.startswith("attempt limit"):
        return _reason("attempt_limit", because)
    name = STATUSES[row.status].name if row.status in STATUSES else "unknown status"
    return _reason("status", f"its status {row.status} ({name}) ends its dialing" + (f": {because}" if because else ""))


def _waiting(database: Database, row: LeadRow) -> Reason:
    last = database.one("SELECT retry_because FROM attempts WHERE lead_id = ? ORDER BY id DESC LIMIT 1", (row.lead_id,))
    until = datetime_of(row.next_at)
    return _reason("retry", last[0] if last else "it waits for its next time", until)


def _reason(rule: str, detail: str, until: datetime | None = None) -> Reason:
    text = None if until is None else until.astimezone(UTC).isoformat(timespec="seconds")
    return {"rule": rule, "detail": detail, "until": text}
