"""What a script can speak of on a call: the lead, its debts, the campaign and the agent, gathered from the store."""

import json
from collections.abc import Sequence

from campaigns.collections.debts import Debt
from campaigns.collections.money import Money, MoneyError, zero
from campaigns.database import Database
from campaigns.leads import CONTACT_FIELDS
from campaigns.model import CampaignSettings, Kind
from campaigns.telesales.scripts import CUSTOM
from campaigns.telesales.sheets import Facts


def gather(
    database: Database,
    campaign: CampaignSettings,
    lead_id: int,
    *,
    phone: str,
    agent: str,
    debts: Sequence[Debt] = (),
    statements: frozenset[str] = frozenset(),
) -> Facts:
    """The facts of a call to a lead. `debts` are those that it may be about, the most pressing first."""
    row = database.one(
        f"SELECT custom, {', '.join(CONTACT_FIELDS)} FROM leads WHERE id = ?",  # noqa: S608 - constants
        (lead_id,),
    )
    assert row is not None
    lead = dict(zip(CONTACT_FIELDS, row[1:], strict=True))
    name = " ".join(part for part in (lead["title"], lead["first_name"], lead["last_name"]) if part)
    values = {
        "lead.id": str(lead_id),
        "lead.phone": phone,
        "lead.name": name,
        "campaign.name": campaign.name,
        "agent.name": agent,
        **{f"lead.{key}": value for key, value in lead.items()},
        **{f"{CUSTOM}{key}": str(value) for key, value in json.loads(row[0]).items() if value is not None},
    }
    if campaign.kind is Kind.COLLECTIONS:
        values |= _of_debts([debt for debt in debts if debt.due])
    return Facts(values, campaign.kind, statements)


def _of_debts(debts: Sequence[Debt]) -> dict[str, str]:
    if not debts:
        return {}
    first = debts[0].facts
    values = {
        "debt.reference": first.reference,
        "debt.creditor": first.creditor,
        "debt.principal": str(first.principal),
        "debt.balance": str(first.balance),
        "debt.due_on": "" if first.due_on is None else first.due_on.isoformat(),
        "debts.count": str(len(debts)),
    }
    total = _total([debt.facts.balance for debt in debts])
    return values if total is None else {**values, "debts.balance": str(total)}


def _total(amounts: Sequence[Money]) -> Money | None:
    """The sum; None when there are several currencies."""
    try:
        return sum(amounts, zero(amounts[0].currency))
    except MoneyError:
        return None
