"""A seeded past of a campaign, written straight to the tables: every kind of attempt, on every kind of lead."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from campaigns.model import Outcome, Profile
from campaigns.statuses import MACHINE_STATUS, STATUSES
from campaigns.store import Store

START = datetime(2026, 2, 27, 13, 0, tzinfo=UTC)
DAYS = 14
CALLER_IDS = ("+12025550100", "+12025550101", "+12025550102", "")
AGENTS = ("anna", "bert", "o'hara")
CAUSES = {
    "busy": (486, 17),
    "rejected": (603, 21),
    "unwanted": (607, 21),
    "blocked": (608, 21),
    "no_answer": (None, 19),
}
LISTS = ('june "hot"', "july", "empty")
PLACES = (
    Profile(("America/New_York",), ("US-NY",), "express"),
    Profile(("America/Chicago", "America/New_York"), ("US-IN",), ""),
    Profile(("Asia/Kolkata",), ("IN-DL",), ""),
    Profile((), (), ""),
)
MACHINE = (*(outcome for outcome in MACHINE_STATUS if outcome is not Outcome.ABANDONED), Outcome.ABANDONED)
SPOKEN = (*(status.code for status in STATUSES.values() if status.selectable), "DISMX")
BAD_SHARE = 0.02


class Past:
    """Campaign `spring` of `leads` leads in the zone of New York."""

    def __init__(self, store: Store, seed: int, leads: int = 120, *, bad: str = "") -> None:
        self.store, self.database = store, store.database
        self.random = random.Random(seed)
        self.bad = bad
        self.campaign = store.create_campaign("spring", "collections", "predictive", timezone="America/New_York")
        self._attempt = 0
        with store.transaction():
            self.lists = [self._list(name) for name in LISTS]
            self.profiles = [store.profiles.id_of(place) for place in PLACES]
            calls = sorted(self._calls(leads))
            self._last = {lead_id: at for at, lead_id in calls}
            for at, lead_id in calls:
                self._call(lead_id, at)
            for lead_id in range(1, leads + 1):
                self._settle(lead_id)
            self._agents_day()
            self._money()
            self._callbacks(leads)

    def _list(self, name: str) -> int:
        list_id = 1 + int(self.database.value("SELECT COALESCE(MAX(id), 0) FROM lists"))
        self.database.execute(
            "INSERT INTO lists (id, campaign_id, name, created_at) VALUES (?, ?, ?, 0)",
            (list_id, self.campaign.campaign_id, name),
        )
        return list_id

    def _calls(self, leads: int) -> Iterator[tuple[float, int]]:
        for lead_id in range(1, leads + 1):
            profile = self.random.choice(self.profiles)
            self.database.execute(
                "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority)"
                " VALUES (?, ?, ?, 'NEW', 0, ?, ?, 1)",
                (lead_id, self.campaign.campaign_id, self.random.choice(self.lists[:2]), lead_id, profile),
            )
            self.database.execute(
                "INSERT INTO lead_phones (id, lead_id, position, label, e164, profile_id, attempts, uncallable)"
                " VALUES (?, ?, 0, 'home', ?, ?, 0, 0)",
                (lead_id, lead_id, f"+1212555{100 + lead_id % 100:04}", profile),
            )
            for _ in range(self.random.choice((0, 0, 1, 1, 1, 2, 3, 5))):
                day = START + timedelta(days=self.random.randrange(DAYS))
                yield day.timestamp() + round(self.random.uniform(0, 11 * 3600.0), 3), lead_id

    def _call(self, lead_id: int, at: float) -> None:
        self._attempt += 1
        rnd, database = self.random, self.database
        caller_id = rnd.choice(CALLER_IDS)
        talks = rnd.random() < (BAD_SHARE if self.bad and caller_id == self.bad else 0.4)
        still = rnd.random() < 0.05 and at == self._last[lead_id]
        outcome = Outcome.HANDLED if talks else rnd.choice(MACHINE)
        answered = talks or outcome is Outcome.ABANDONED or (outcome is Outcome.LOST and rnd.random() < 0.5)
        connected = talks or (outcome is Outcome.LOST and answered and rnd.random() < 0.5)
        status = rnd.choice(SPOKEN) if talks else MACHINE_STATUS[outcome]
        if not talks and rnd.random() < 0.2:
            answered, outcome, status = True, Outcome.CANCELLED, "AA"
        ended = at + rnd.uniform(1.0, 90.0)
        sip_code, q850 = CAUSES.get(outcome.value, (200 if answered else None, 16))
        nth = 1 + int(database.value("SELECT COUNT(*) FROM attempts WHERE lead_id = ?", (lead_id,)))
        database.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at,"
            " answered_at, connected_at, ended_at, closed_at, outcome, status, agent, cause, sip_code, q850, nth)"
            " VALUES (?, ?, ?, ?, ?, 'carrier', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._attempt, self.campaign.campaign_id, lead_id, lead_id, f"+1212555{100 + lead_id % 100:04}"),
                *(caller_id, at, at + 0.5 if answered else None, at + 0.75 if connected else None),
                *((None,) * 4 if still else (ended, ended + 2.0, outcome.value, status)),
                *(rnd.choice(AGENTS) if connected else None, None if still else "normal", sip_code, q850, nth),
            ),
        )

    def _settle(self, lead_id: int) -> None:
        row = self.database.one(
            "SELECT status, closed_at, started_at FROM attempts WHERE lead_id = ? ORDER BY id DESC LIMIT 1", (lead_id,)
        )
        status = "NEW" if row is None else row[0] or "QUEUE"
        waits = self.random.random() < 0.5 and (row is None or row[1] is not None)
        self.database.execute(
            "UPDATE leads SET status = ?, next_at = ?, held_by = ?, attempts = (SELECT COUNT(*) FROM attempts"
            " WHERE lead_id = leads.id AND closed_at IS NOT NULL) WHERE id = ?",
            (
                *(status, 1 if waits else None),
                *(self.random.choice(("", "dnc", "rule:us.collections.seven_in_seven")) if waits else "", lead_id),
            ),
        )

    def _agents_day(self) -> None:
        states = ("READY", "INCALL", "WRAPUP", "PAUSED", "DEAD", "RING", "3-WAY", "LOGGED_OUT")
        for agent in AGENTS:
            at = START.timestamp()
            for _ in range(60):
                self.store.log_agent(
                    agent, self.campaign.campaign_id, self.random.choice(states), "", datetime.fromtimestamp(at, UTC)
                )
                at += round(self.random.expovariate(1 / 9000.0), 3)

    def _money(self) -> None:
        rnd, database, campaign_id = self.random, self.database, self.campaign.campaign_id
        rows = database.rows(
            "SELECT id, lead_id, started_at, status, agent FROM attempts WHERE connected_at IS NOT NULL"
        )
        for attempt_id, lead_id, at, status, agent in rows:
            currency = rnd.choice(("USD", "EUR", "JPY"))
            cents = rnd.randrange(100, 90_000)
            amount = str(cents) if currency == "JPY" else str(Decimal(cents) / 100)
            if status is not None and STATUSES[status].sale and rnd.random() < 0.8:
                database.execute(
                    "INSERT INTO sales (attempt_id, lead_id, campaign_id, agent, product, quantity, amount, currency,"
                    " sold_at, verification, verified_by, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')",
                    (
                        *(
                            attempt_id,
                            lead_id,
                            campaign_id,
                            agent,
                            rnd.choice(("policy", "extra")),
                            rnd.randrange(1, 4),
                        ),
                        *(amount, currency, at + 1.0, rnd.choice(("pending", "verified", "rejected"))),
                    ),
                )
            if status is not None and STATUSES[status].right_party and rnd.random() < 0.7:
                self._promise(attempt_id, lead_id, at, agent, amount, currency)

    def _promise(self, attempt_id: int, lead_id: int, at: float, agent: str, amount: str, currency: str) -> None:
        rnd, database = self.random, self.database
        database.execute(
            "INSERT INTO debts (id, campaign_id, lead_id, reference, creditor, principal, balance, currency, state,"
            " opened_at, updated_at) VALUES (?, ?, ?, ?, 'Acme', ?, ?, ?, 'open', 0, 0)",
            (attempt_id, self.campaign.campaign_id, lead_id, f"D{attempt_id}", amount, amount, currency),
        )
        due_on = datetime.fromtimestamp(at, UTC).date() + timedelta(days=rnd.randrange(1, 20))
        database.execute(
            "INSERT INTO promises (debt_id, lead_id, attempt_id, agent, amount, currency, due_on, made_at, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(attempt_id, lead_id, attempt_id, agent, amount, currency, due_on.isoformat(), at),
                rnd.choice(("open", "open", "open", "cancelled", "kept")),
            ),
        )
        if rnd.random() < 0.6:
            paid = amount if rnd.random() < 0.7 else str(Decimal(amount).quantize(Decimal(1)) // 2 + 1)
            paid_on = due_on + timedelta(days=rnd.randrange(-1, 5))
            database.execute(
                "INSERT INTO payments (debt_id, amount, currency, paid_on, reference, surplus, imported_at)"
                " VALUES (?, ?, ?, ?, 'P', '0', 0)",
                (attempt_id, paid, currency, paid_on.isoformat()),
            )

    def _callbacks(self, leads: int) -> None:
        rnd = self.random
        for number in range(1, leads // 3):
            attempt_id = rnd.choice((None, rnd.randrange(1, self._attempt + 1))) if self._attempt else None
            state = rnd.choice(("done", "missed", "dialed") if attempt_id else ("waiting", "reminded", "cancelled"))
            at = START.timestamp() + rnd.uniform(0, DAYS * 86_400.0)
            self.database.execute(
                "INSERT INTO callbacks (campaign_id, lead_id, at, zone, agent, state, made_at, made_by, attempt_id,"
                " comments) VALUES (?, ?, ?, '', ?, ?, 0, '', ?, '')",
                (self.campaign.campaign_id, number, at, rnd.choice(("", *AGENTS)), state, attempt_id),
            )


def day(offset: int) -> date:
    """A day of the past, counted from its first."""
    return START.date() + timedelta(days=offset)
