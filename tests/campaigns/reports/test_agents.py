from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from campaigns.agentlog import BUCKET_OF, BUCKETS
from campaigns.reports import Selection
from campaigns.reports.agents import By, by_agent
from campaigns.store import Store
from tests.campaigns.reports.past import AGENTS, START, Past
from tests.campaigns.reports.recount import calls, counts

NEW_YORK = ZoneInfo("America/New_York")


def _seconds(past: Past, selection: Selection) -> dict[tuple[str, date, str], float]:
    """Every state cut at midnights, which in these weeks lie 24 h apart but for the night the clocks change."""
    found: dict[tuple[str, date, str], float] = {}
    for agent in AGENTS:
        log = past.database.rows("SELECT state, at FROM agent_log WHERE agent = ? ORDER BY id", (agent,))
        for (state, start), (_, end) in pairwise(log):
            bucket = BUCKET_OF[state]
            at = start if selection.since is None else max(start, selection.since.timestamp())
            end = end if selection.until is None else min(end, selection.until.timestamp())
            while bucket is not None and at < end:
                day = datetime.fromtimestamp(at, NEW_YORK).date()
                next_day = day + timedelta(days=1)
                midnight = datetime(next_day.year, next_day.month, next_day.day, tzinfo=NEW_YORK).timestamp()
                key = (agent, day, bucket)
                found[key] = found.get(key, 0.0) + min(end, midnight) - at
                at = midnight
    return found


@pytest.mark.parametrize("by", By)
def test_time_and_calls_agree_with_a_recount(past: Past, selection: Selection, by: By) -> None:
    rows = by_agent(past.database, selection, by)
    seconds = _seconds(past, selection)
    chosen = calls(past, selection.since, selection.until, selection.list_name or None)
    own = [call for call in chosen if call.row["connected_at"] is not None and call.row["agent"]]
    for row in rows:
        agents = (row["agent"],) if "agent" in row else AGENTS
        days = None if "day" not in row else date.fromisoformat(row["day"])
        for bucket in BUCKETS:
            expected = sum(
                spent
                for (agent, day, name), spent in seconds.items()
                if agent in agents and name == bucket and days in (None, day)
            )
            assert row[bucket] == pytest.approx(expected, abs=0.01)
        mine = [
            call
            for call in own
            if call.row["agent"] in agents
            and days in (None, datetime.fromtimestamp(call.row["started_at"], NEW_YORK).date())
        ]
        expected_counts = counts(mine)
        assert row["calls"] == len(mine)
        for name in ("people", "contacts", "right_party", "sales", "promises"):
            assert row[name] == expected_counts[name]
    assert sum(row["calls"] for row in rows) == len(own)


def test_the_agents_of_all_time_are_those_of_the_store(past: Past) -> None:
    now = START + timedelta(days=30)
    old = past.store.report_agents("spring", now)
    new = by_agent(past.database, Selection(past.campaign), now=now)
    assert [{name: row[name] for name in old[0]} for row in new] == old


def test_rates(store: Store) -> None:
    campaign = store.create_campaign("autumn", "telesales", "predictive")
    for state, minute in (("READY", 0), ("INCALL", 10), ("WRAPUP", 25), ("PAUSED", 30), ("LOGGED_OUT", 60)):
        store.log_agent("anna", campaign.campaign_id, state, "", START + timedelta(minutes=minute))
    (row,) = by_agent(store.database, Selection(campaign))
    assert (row["wait"], row["talk"], row["wrap-up"], row["pause"]) == (600.0, 900.0, 300.0, 1800.0)
    assert row["utilisation"] == pytest.approx(2 / 3)
    assert (row["logged_in"], row["calls_per_hour"]) == (3600.0, 0.0)


def test_a_night_in_which_clocks_change_belongs_to_its_days(store: Store) -> None:
    campaign = store.create_campaign("autumn", "telesales", "predictive", timezone="America/New_York")
    first = datetime(2026, 3, 8, 0, tzinfo=NEW_YORK)
    store.log_agent("anna", campaign.campaign_id, "READY", "", first)
    store.log_agent("anna", campaign.campaign_id, "LOGGED_OUT", "", datetime(2026, 3, 9, 1, tzinfo=NEW_YORK))
    rows = by_agent(store.database, Selection(campaign), By.DAY)
    assert [(row["day"], row["wait"]) for row in rows] == [("2026-03-08", 23 * 3600.0), ("2026-03-09", 3600.0)]


def test_a_state_that_lasts_counts_up_to_now(store: Store) -> None:
    campaign = store.create_campaign("autumn", "telesales", "predictive")
    store.log_agent("anna", campaign.campaign_id, "READY", "", START)
    (row,) = by_agent(store.database, Selection(campaign), now=START + timedelta(seconds=90))
    assert row["wait"] == 90.0
    assert by_agent(store.database, Selection(campaign)) == []


def test_nothing_yet(store: Store, empty: Selection) -> None:
    for by in By:
        assert by_agent(store.database, empty, by, datetime.now(UTC)) == []
