"""Short words for what tests of collections do again and again."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.collections.debts import CallableDebts, Debt, DebtFacts, DebtRow, Written
from campaigns.collections.files import Loader
from campaigns.collections.histories import Histories
from campaigns.collections.money import Money, parsed
from campaigns.collections.payments import Booked, Payment, Payments
from campaigns.collections.promisebook import PromiseBook, Settled
from campaigns.collections.promises import PromiseSettings
from campaigns.importing import import_leads
from campaigns.model import CampaignSettings, Kind, Mode
from campaigns.store import Store

NOW = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
ZONE = ZoneInfo("UTC")
SETTINGS = PromiseSettings(grace_days=3, partial_days=2, broken_days=1)


def usd(text: str) -> Money:
    return parsed(text, "USD")


class Office:
    """A collections campaign `arrears`; person P1 has the leads 1 and 3, P2 lead 2, lead 4 has no key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.campaign: CampaignSettings = store.create_campaign("arrears", Kind.COLLECTIONS, Mode.PREDICTIVE)
        self.debts, self.holds = store.debts, store.holds
        self.book = PromiseBook(store.database, store.debts)
        self.payments = Payments(store.database, store.debts)
        self.histories = Histories(store.database, store.debts)
        self.add_leads("arrears", ("2125550101", "P1"), ("2125550102", "P2"), ("2125550103", "P1"), ("2125550104", ""))

    def add_leads(self, campaign: str, *leads: tuple[str, str]) -> None:
        rows = "".join(f"{phone},{person}\n" for phone, person in leads)
        report = import_leads(self.store, campaign, io.StringIO("phone,person\n" + rows))
        assert report.loaded == len(leads)

    def owe(
        self, reference: str, balance: str, *, lead: int = 1, currency: str = "USD", due_on: date | None = None
    ) -> Debt:
        written = self.write(reference, balance, lead=lead, currency=currency, due_on=due_on)
        assert not written.refused
        return self.debt(reference)

    def write(
        self, reference: str, balance: str, *, lead: int = 1, currency: str = "USD", due_on: date | None = None
    ) -> Written:
        money = parsed(balance, currency)
        facts = DebtFacts(reference, "Acme", money, money, due_on)
        return self.debts.write_many([DebtRow(self.campaign.campaign_id, lead, facts)], NOW)

    def debt(self, reference: str) -> Debt:
        return self.debts.by_reference(self.campaign.campaign_id, reference)

    def callable(self, lead: int = 1, at: datetime = NOW) -> CallableDebts:
        return self.debts.callable([lead], at, SETTINGS, ZONE)[lead]

    def promise(
        self, reference: str, *plan: tuple[str, date], at: datetime = NOW, replace: bool = False
    ) -> tuple[int, ...]:
        instalments = [(usd(amount), due_on) for amount, due_on in plan]
        return self.book.add(self.debt(reference), instalments, at, SETTINGS, ZONE, agent="anna", replace=replace)

    def pay(
        self, reference: str, amount: str, on: date = TODAY, number: str = "R1", *, keep_balances: bool = False
    ) -> Booked:
        payment = Payment(reference, usd(amount), on, number)
        campaign_id, today = self.campaign.campaign_id, max(TODAY, on)
        return self.payments.add_many(campaign_id, [payment], NOW, today, keep_balances=keep_balances)

    def settle(self, days: int) -> list[Settled]:
        return self.book.settle(self.campaign.campaign_id, NOW + timedelta(days=days), SETTINGS, ZONE)

    def states(self) -> list[str]:
        rows = self.book.listing(self.campaign.campaign_id)
        return [row["state"] for row in sorted(rows, key=lambda row: row["id"])]

    def loader(self, *, dry_run: bool = False) -> Loader:
        return Loader(self.store.database, self.debts, self.campaign, NOW, "US", dry_run)

    def rank(self, lead: int) -> int:
        return int(self.store.database.value("SELECT rank FROM leads WHERE id = ?", (lead,)))

    def attempt(
        self,
        attempt_id: int,
        lead: int,
        at: datetime,
        *,
        outcome: str | None = "no_answer",
        status: str | None = "NA",
        connected: bool = False,
        debts: Sequence[int] = (),
    ) -> None:
        """Write an attempt on the lead's first number as the journal would have left it."""
        database = self.store.database
        phone_id, phone, campaign_id = database.rows(
            "SELECT p.id, p.e164, l.campaign_id FROM lead_phones p JOIN leads l ON l.id = p.lead_id WHERE l.id = ?"
            " ORDER BY p.position",
            (lead,),
        )[0]
        started = at.timestamp()
        database.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at,"
            " answered_at, connected_at, closed_at, outcome, status) VALUES (?, ?, ?, ?, ?, 't', '', ?, ?, ?, ?, ?, ?)",
            (
                *(attempt_id, campaign_id, lead, phone_id, phone, started),
                *(started + 9 if connected else None, started + 10 if connected else None),
                *(None if outcome is None else started + 60, outcome, status),
            ),
        )
        self.debts.link_attempt(attempt_id, lead, list(debts))
