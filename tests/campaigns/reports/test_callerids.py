from datetime import datetime, timedelta

import pytest

from campaigns.reports import Selection
from campaigns.reports.callerids import by_caller_id
from campaigns.reports.tally import COUNTED
from campaigns.store import Store
from tests.campaigns.reports.past import CALLER_IDS, START, Past
from tests.campaigns.reports.recount import calls, counts


def test_each_number_agrees_with_a_recount(past: Past, selection: Selection) -> None:
    found = by_caller_id(past.database, selection)
    chosen = calls(past, selection.since, selection.until, selection.list_name or None)
    assert [row["caller_id"] for row in found["caller_ids"]] == sorted({call.row["caller_id"] for call in chosen})
    for row in found["caller_ids"]:
        own = [call for call in chosen if call.row["caller_id"] == row["caller_id"]]
        assert {name: row[name] for name in COUNTED} == counts(own)
    assert {name: found["total"][name] for name in COUNTED} == counts(chosen)


def test_numbers_that_are_alike_are_not_accused(past: Past, selection: Selection) -> None:
    assert by_caller_id(past.database, selection)["warnings"] == []


def test_a_number_that_people_do_not_answer_is_named(store: Store) -> None:
    past = Past(store, 5, 1500, bad=CALLER_IDS[1])
    found = by_caller_id(past.database, Selection(past.campaign))
    assert {each["caller_id"] for each in found["warnings"]} == {CALLER_IDS[1]}
    assert {each["period"] for each in found["warnings"]} == {"all", "recent"}
    worst = found["warnings"][0]
    assert worst["answered"]["rate"] < worst["expected_rate"] and worst["p_below"] < 0.01
    assert CALLER_IDS[1] in worst["detail"]


def _calls(store: Store, rows: list[tuple[datetime, str, bool]]) -> Selection:
    """One lead each, first passes, answered or not."""
    campaign = store.create_campaign("calls", "telesales", "predictive")
    with store.transaction():
        store.database.execute("INSERT INTO profiles (id, key) VALUES (1, 'UTC||')")
        store.database.execute("INSERT INTO lists (id, campaign_id, name, created_at) VALUES (1, 1, 'all', 0)")
        for number, (at, caller_id, answered) in enumerate(rows, 1):
            store.database.execute(
                "INSERT INTO leads (id, campaign_id, list_id, status, attempts, next_phone_id, profile_id, priority)"
                " VALUES (?, 1, 1, 'NEW', 0, ?, 1, 1)",
                (number, number),
            )
            store.database.execute(
                "INSERT INTO lead_phones (id, lead_id, position, label, e164, profile_id, attempts, uncallable)"
                " VALUES (?, ?, 0, '', '+12125550100', 1, 0, 0)",
                (number, number),
            )
            store.database.execute(
                "INSERT INTO attempts (id, campaign_id, lead_id, phone_id, phone, trunk, caller_id, started_at,"
                " answered_at, ended_at, closed_at, outcome, status, nth)"
                " VALUES (?, 1, ?, ?, '', 't', ?, ?, ?, ?, ?, 'no_answer', 'NA', 1)",
                (number, number, number, caller_id, *(at.timestamp(),), at.timestamp() if answered else None, 0, 0),
            )
    return Selection(campaign)


def test_a_bad_hour_accuses_no_number(store: Store) -> None:
    """One number is shown in the hour in which nobody answers, the other in the good one, both in a third alike."""
    bad, good = CALLER_IDS[:2]
    rows = [(START, bad, n % 10 == 0) for n in range(400)]
    rows += [(START + timedelta(hours=1), good, n % 2 == 0) for n in range(400)]
    rows += [(START + timedelta(hours=2), which, n % 4 == 0) for n in range(100) for which in (bad, good)]
    found = by_caller_id(store.database, _calls(store, rows))
    by_number = {row["caller_id"]: row["rates"]["picked_up"]["rate"] for row in found["caller_ids"]}
    assert by_number[bad] == pytest.approx(0.13) and by_number[good] == pytest.approx(0.45)
    assert found["warnings"] == []


def test_a_number_that_fell_last_week_is_noticed_though_it_was_good_before(store: Store) -> None:
    fell, other = CALLER_IDS[:2]
    rows = [
        (START + timedelta(days=day), which, (n % 10) < (1 if which == fell and day >= 30 else 3))
        for day in range(35)
        for n in range(40)
        for which in (fell, other)
    ]
    found = by_caller_id(store.database, _calls(store, rows))
    assert ("recent", fell) in {(each["period"], each["caller_id"]) for each in found["warnings"]}
    assert other not in {each["caller_id"] for each in found["warnings"]}


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = by_caller_id(store.database, empty)
    assert (found["caller_ids"], found["warnings"], found["total"]["attempts"]) == ([], [], 0)
