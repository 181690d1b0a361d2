"""Sums agree, whichever way attempts are cut; and counts agree with the ledger of abandoned calls."""

import itertools

import pytest

from campaigns.reports import Selection
from campaigns.reports.agents import By, by_agent
from campaigns.reports.callerids import by_caller_id
from campaigns.reports.hours import by_hour
from campaigns.reports.penetration import penetration
from campaigns.reports.tally import COUNTED, Come, Counts, Result
from campaigns.statuses import STATUSES
from dialer.sim.simulation import Simulation, SimulationSettings
from tests.campaigns.reports.past import Past


def test_sums_agree_across_reports(past: Past, selection: Selection) -> None:
    hours = by_hour(past.database, past.store.profiles, selection)
    numbers = by_caller_id(past.database, selection)
    lists = penetration(past.database, selection)
    for name in COUNTED:
        total = numbers["total"][name]
        assert total == sum(row[name] for row in numbers["caller_ids"])
        assert total == hours["total"][name] == sum(row[name] for row in hours["site"])
        assert total == sum(row[name] for row in hours["person"])
        assert total == lists["total"]["all_passes"][name]
        assert total == sum(each["all_passes"][name] for each in lists["lists"])


def test_the_whole_campaign_agrees_with_its_report(past: Past) -> None:
    of, found = Selection(past.campaign), past.store.report_campaign("spring")
    total = by_caller_id(past.database, of)["total"]
    assert (total["attempts"], total["open"]) == (found["attempts"], found["open_attempts"])
    assert (total["people"], total["abandoned"]) == (found["abandonment"]["live"], found["abandonment"]["abandoned"])
    lists = penetration(past.database, of)["total"]
    assert (lists["leads"], lists["left"]) == (found["leads"], found["leads_left"])
    assert len(past.store.report_attempts("spring")) == total["attempts"]


def test_a_campaign_that_the_dialer_itself_called() -> None:
    simulation = Simulation(SimulationSettings(3, 0.4, seed=11, leads=400))
    simulation.run()
    store = simulation.store
    of = Selection(store.campaigns()[0])
    total = by_caller_id(store.database, of)["total"]
    ledger = store.report_abandonment(of.campaign.campaign_id)
    assert total["attempts"] > 50
    assert (total["people"], total["abandoned"]) == (ledger["live"], ledger["abandoned"])
    assert by_hour(store.database, store.profiles, of)["total"]["results"] == total["results"]
    assert penetration(store.database, of)["total"]["all_passes"]["attempts"] == total["attempts"]
    (all_agents,) = by_agent(store.database, of, By.CAMPAIGN)
    assert all_agents["calls"] == ledger["connected"]
    store.close()


@pytest.mark.parametrize("status", [*STATUSES, None])
def test_counts_of_what_may_come_never_exceed_the_attempts(status: str | None) -> None:
    outcomes = (None, "handled", "abandoned", "no_answer", "lost", "rejected")
    for outcome, connected, picked_up, promised in itertools.product(outcomes, *((False, True),) * 3):
        came = Come(status, outcome, connected, picked_up, outcome is not None, promised)
        found = Counts.of(came, 7)
        assert all(0 <= getattr(found, name) <= 7 for name in COUNTED)
        assert found.promises <= found.right_party
        assert found.sales <= found.contacts
        assert (came.result is Result.OPEN) == (outcome is None)
        assert found.facts()["rates"]["promises"]["of"] == found.right_party
