from datetime import datetime, timedelta

import pytest

from campaigns.model import PacingSample
from campaigns.store import StoreError
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)


def test_the_latest_forecast_or_the_one_asked_for(desk: Desk, now: datetime) -> None:
    assert desk.store.forecast("spring") is None
    first = desk.store.add_forecast("spring", now, {"agents": 3}, {"metrics": {"busy_share": {"mean": 0.7}}})
    second = desk.store.add_forecast("spring", now + 60 * S, {"agents": 4}, {})
    latest, earlier = desk.store.forecast("spring"), desk.store.forecast("spring", first)
    assert latest is not None and earlier is not None
    assert (latest.forecast_id, latest.made_at, latest.inputs) == (second, now + 60 * S, {"agents": 4})
    assert earlier.results == {"metrics": {"busy_share": {"mean": 0.7}}}


def test_forecasts_of_other_campaigns_are_not_ours(desk: Desk, now: datetime) -> None:
    desk.store.create_campaign("other", "telesales", "power")
    made = desk.store.add_forecast("other", now, {}, {})
    assert desk.store.forecast("spring") is None
    with pytest.raises(StoreError, match="it has none"):
        desk.store.forecast("spring", made)
    with pytest.raises(StoreError, match=f"no forecast 99; there are {made}"):
        desk.store.forecast("other", 99)


def test_sampled_decisions_in_numbers(desk: Desk, now: datetime) -> None:
    assert desk.store.sampled_decisions("spring") is None
    for minute, (agents, risk, budget) in enumerate([(0, 0.9, 9.0), (5, 0.01, 2.0), (5, 0.03, 1.5)]):
        sample = PacingSample(agents, 1, 4, "because", 1, 2.0, 3.0, risk, 0.04, 0.02, 0.01, budget)
        desk.store.log_pacing(1, now + minute * 60 * S, sample)
    found = desk.store.sampled_decisions("spring")
    assert found is not None
    assert (found.samples, found.first_at, found.last_at) == (2, now + 60 * S, now + 120 * S)
    assert (found.risk, found.worst_risk, found.budget_left) == (pytest.approx(0.02), 0.03, 1.5)
    assert (found.predicted_answers, found.predicted_free, found.threshold) == (2.0, 3.0, 0.02)
    later = desk.store.sampled_decisions("spring", now + 100 * S)
    assert later is not None and later.samples == 1
