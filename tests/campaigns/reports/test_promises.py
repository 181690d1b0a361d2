from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from campaigns.collections.promisebook import PromiseBook
from campaigns.collections.promises import PromiseSettings
from campaigns.reports import Selection
from campaigns.reports.promises import promises_due
from campaigns.store import Store
from tests.campaigns.reports.past import START, Past

STATES = ("kept", "partial", "broken", "open", "cancelled")
LATER = START + timedelta(days=90)


def _totals(rows: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, Decimal]]]:
    found: dict[str, dict[str, tuple[int, Decimal]]] = defaultdict(lambda: dict.fromkeys(STATES, (0, Decimal(0))))
    for row in rows:
        for state in STATES:
            count, amount = found[row["currency"]][state]
            more = row[state]
            found[row["currency"]][state] = (count + more["count"], amount + Decimal(more["amount"]))
    return dict(found)


def test_what_the_book_settles_is_what_the_report_says(past: Past, selection: Selection) -> None:
    """The report before settling is the same as the table's own states after it."""
    found = promises_due(past.database, selection, LATER)
    store, campaign = past.store, past.campaign
    book = PromiseBook(past.database, store.debts)
    book.settle(campaign.campaign_id, LATER, PromiseSettings.of(campaign), selection.zone)
    rows = past.database.rows(
        "SELECT p.currency, p.state, p.amount, p.due_on, t.name FROM promises p JOIN leads l ON l.id = p.lead_id"
        " JOIN lists t ON t.id = l.list_id"
    )
    expected: dict[str, dict[str, tuple[int, Decimal]]] = defaultdict(lambda: dict.fromkeys(STATES, (0, Decimal(0))))
    for currency, state, amount, due_on, list_name in rows:
        begins = datetime.combine(date.fromisoformat(due_on), datetime.min.time(), selection.zone)
        inside = (selection.since is None or begins >= selection.since) and (
            selection.until is None or begins < selection.until
        )
        if inside and selection.list_name in ("", list_name):
            count, before = expected[currency][state]
            expected[currency][state] = (count + 1, before + Decimal(amount))
    assert _totals(found["currencies"]) == dict(expected)
    assert _totals(found["weeks"]) == _totals(found["agents"]) == dict(expected)
    assert promises_due(past.database, selection, LATER) == found


def test_sums_of_a_row(past: Past) -> None:
    for row in promises_due(past.database, Selection(past.campaign), LATER)["currencies"]:
        due = [row[state] for state in STATES if state != "cancelled"]
        assert row["due"]["count"] == sum(each["count"] for each in due)
        assert Decimal(row["due"]["amount"]) == sum(Decimal(each["amount"]) for each in due)
        assert row["kept_rate"]["of"] == row["due"]["count"] - row["open"]["count"]
        assert ("." in row["due"]["amount"]) == (row["currency"] != "JPY")


def test_weeks_begin_on_monday(past: Past) -> None:
    weeks = promises_due(past.database, Selection(past.campaign), LATER)["weeks"]
    assert {date.fromisoformat(row["week"]).weekday() for row in weeks} == {0}


def test_a_promise_is_open_broken_or_kept_by_what_came_in(store: Store) -> None:
    past = Past(store, 1, 0)
    store.database.execute(
        "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority)"
        " VALUES (1, 1, 1, 'NEW', 0, 1, 1, 1)"
    )
    store.database.execute(
        "INSERT INTO debts (id, campaign_id, lead_id, reference, creditor, principal, balance, currency, state,"
        " opened_at, updated_at) VALUES (1, 1, 1, 'D1', 'Acme', '90', '90', 'USD', 'open', 0, 0)"
    )
    store.database.execute(
        "INSERT INTO promises (debt_id, lead_id, agent, amount, currency, due_on, made_at, state)"
        " VALUES (1, 1, 'anna', '60.00', 'USD', '2026-03-10', ?, 'open')",
        (START.timestamp(),),
    )

    def states(now: datetime) -> dict[str, str]:
        (row,) = promises_due(store.database, Selection(past.campaign), now)["currencies"]
        return {state: row[state]["amount"] for state in STATES if row[state]["count"]} | {"received": row["received"]}

    assert states(START) == {"open": "60.00", "received": "0.00"}
    assert states(datetime(2026, 3, 20, tzinfo=UTC)) == {"broken": "60.00", "received": "0.00"}
    store.database.execute(
        "INSERT INTO payments (debt_id, amount, currency, paid_on, reference, surplus, imported_at)"
        " VALUES (1, '25.00', 'USD', '2026-03-09', 'P', '0', 0)"
    )
    assert states(datetime(2026, 3, 20, tzinfo=UTC)) == {"partial": "60.00", "received": "25.00"}


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = promises_due(store.database, empty, START)
    assert (found["currencies"], found["weeks"], found["agents"]) == ([], [], [])
