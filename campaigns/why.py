"""Why a lead is or is not called now: every reason at once, in words."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from campaigns import filters
from campaigns.clashes import clashes
from campaigns.database import Database
from campaigns.eligibility import check
from campaigns.instants import datetime_of, iso_of, seconds_of
from campaigns.law import Law
from campaigns.leads import LeadRow, UnknownLead, load
from campaigns.lists import of_campaign, successes
from campaigns.model import Allowed, Blocked, CampaignSettings, CampaignState, Candidate
from campaigns.profiles import Profiles
from campaigns.statuses import STATUSES

Reason = dict[str, Any]

# Each look goes from one hindrance to the next one behind it.
_LOOKS_AHEAD = 20

_HELD_BY = {
    "already_open": "another call to the person",
    "recently_abandoned": "an abandoned call to its number",
    "outside_window": "the campaign's window",
    "no_timezone": "its unknown time zone",
    "no_debt": "the lack of a debt",
    "settled": "the lack of a debt that is not settled",
    "hold": "a hold",
    "promise": "a promise to pay",
    "quota": "a full quota",
}


def why(
    database: Database,
    profiles: Profiles,
    campaign: CampaignSettings,
    lead_id: int,
    wall_now: datetime,
    law: Law | None = None,
) -> dict[str, Any]:
    """Whether a lead may be called at `wall_now`, and every reason against it with the instant it ends, if known.

    `callable_at` is the first instant when none is left, as far as is known now; None when nobody can say. `notes` are
    about numbers left out while another may be dialed, and about rules that warn without stopping the call.
    Raises UnknownLead when the campaign has no such lead.
    """
    found = load(database, profiles, [lead_id], seconds_of(wall_now))
    if not found or found[0].campaign_id != campaign.campaign_id:
        raise UnknownLead(f"campaign {campaign.name!r} has no lead {lead_id}")
    row = found[0]
    reasons = list(_reasons(database, campaign, row, wall_now))
    notes = list(_left_out(row)) if row.usable else []
    candidate = row.candidate(row.next_phone_id)
    if candidate is not None:
        said = _of_law(law, campaign, candidate, wall_now)
        reasons += [each for each in said if each["effect"] == "block"]
        notes += [each for each in said if each["effect"] != "block"]
    return {
        "lead_id": lead_id,
        "status": row.status,
        "callable": not reasons,
        "callable_at": _callable_at(law, campaign, candidate, reasons, wall_now),
        "reasons": reasons,
        "notes": notes,
    }


def _reasons(database: Database, campaign: CampaignSettings, row: LeadRow, wall_now: datetime) -> Iterator[Reason]:
    if campaign.state is not CampaignState.ACTIVE:
        yield _reason("campaign", f"the campaign is {campaign.state}; `dialer campaign start` makes it dial")
    yield from _of_list(database, row)
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


def _of_list(database: Database, row: LeadRow) -> Iterator[Reason]:
    """What the lead's list says: whether it is called at all, this lead by its filter, and how much is wanted of it."""
    of = next(each for each in of_campaign(database, row.campaign_id) if each.list_id == row.list_id)
    if not of.active:
        mend = f"dialer lists set CAMPAIGN {of.name} active=yes"
        yield _reason("list_inactive", f"its list {of.name} is not active: {mend}")
    if of.condition:
        condition = filters.parse(of.condition)
        sql = f"SELECT 1 FROM leads WHERE ({condition.sql}) AND id = ?"  # noqa: S608
        if database.one(sql, (*condition.params, row.lead_id)) is None:
            yield _reason("list_filter", f"the filter of its list {of.name} leaves it out: {of.condition}")
    if of.quota is not None and successes(database, of) >= of.quota:
        yield _reason("list_quota", f"its list {of.name} has the {of.quota} successes that are wanted of it")


def _of_law(law: Law | None, campaign: CampaignSettings, candidate: Candidate, wall_now: datetime) -> list[Reason]:
    """What hours and law say: the campaign's own window, and each rule of the rule book in its own words."""
    if law is None:
        verdict = check(candidate, campaign, wall_now)
        return [_reason(verdict.reason, verdict.detail, verdict.until)] if isinstance(verdict, Blocked) else []
    (judged,) = law.judge(campaign, [candidate], wall_now)
    own = check(candidate, campaign, wall_now)
    said = [_reason(own.reason, own.detail, own.until)] if isinstance(own, Blocked) else []
    if judged.verdict is None:
        answer = judged.answer
        if isinstance(answer, Blocked) and answer.reason not in [each["rule"] for each in said]:
            said.append(_reason(answer.reason, answer.detail, answer.until))
        return said
    return said + [
        _reason(each.rule, each.detail, each.until, "block" if each.stops else each.effect.value)
        for each in judged.verdict.reasons
    ]


def _callable_at(
    law: Law | None,
    campaign: CampaignSettings,
    candidate: Candidate | None,
    reasons: Sequence[Reason],
    wall_now: datetime,
) -> str | None:
    """The first instant when every reason is over and the law has no new one; None when one has no known end."""
    ends = [each["until"] for each in reasons if each["rule"] != "campaign"]
    if candidate is None or None in ends:
        return None
    at = max([wall_now, *(datetime.fromisoformat(end) for end in ends)])
    for _ in range(_LOOKS_AHEAD):
        answer = check(candidate, campaign, at) if law is None else law.judge(campaign, [candidate], at)[0].answer
        if isinstance(answer, Allowed):
            return at.astimezone(UTC).isoformat(timespec="seconds")
        if answer.until is None or answer.until <= at:
            return None
        at = answer.until
    return None


def _left_out(row: LeadRow) -> Iterator[Reason]:
    for phone in row.phones:
        if phone.phone_id in row.dnc:
            yield _reason("dnc", f"{phone.e164} is on the do-not-call list")
        elif phone.phone_id in row.uncallable:
            yield _reason("invalid_number", f"{phone.e164} was found to be no working number")


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
    """What the lead waits for: the end of what put it off, else the time that its last attempt decided."""
    until = datetime_of(row.next_at)
    last = database.one(
        "SELECT retry_because, retry_at FROM attempts WHERE lead_id = ? ORDER BY id DESC LIMIT 1", (row.lead_id,)
    )
    if row.held_by and (last is None or last[1] != row.next_at):
        detail = f"{_held_by(row.held_by)} stood against its call at its last turn; it is in turn again then, or sooner"
        return _reason(row.held_by, detail, until)
    return _reason("retry", last[0] if last else "it waits for its next time", until)


def _held_by(word: str) -> str:
    """What put a lead off, in words."""
    kind, _, name = word.partition(":")
    if kind == "rule":
        return f"rule {name}"
    return f"the campaign's cap {name}" if kind == "cap" else _HELD_BY.get(word, word)


def _reason(rule: str, detail: str, until: datetime | None = None, effect: str = "block") -> Reason:
    text = None if until is None else until.astimezone(UTC).isoformat(timespec="seconds")
    return {"rule": rule, "effect": effect, "detail": detail, "until": text}
