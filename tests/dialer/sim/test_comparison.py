from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.forecasts import Forecast
from campaigns.recorded import Performance
from dialer.sim.comparison import compare, doubts
from dialer.sim.intervals import estimate

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
ACTUAL = Performance(
    operating_s=4 * 3600.0,
    mean_agents=10.0,
    busy_share=0.82,
    talk_share=0.65,
    mean_wait_s=20.0,
    p90_wait_s=40.0,
    waits=500,
    attempts=2000,
    attempts_per_hour=500.0,
    answer_share=0.25,
    live=500,
    abandoned=10,
    abandoned_rate=0.02,
    connects_per_hour=122.0,
    mean_talk_s=100.0,
    mean_wrapup_s=None,
)


def forecast(**inputs: Any) -> Forecast:
    metrics = {
        "busy_share": asdict(estimate([0.80, 0.82, 0.84])),
        "mean_wait_s": asdict(estimate([10.0, 11.0, 12.0])),
        "mean_wrapup_s": asdict(estimate([20.0, 21.0])),
    }
    return Forecast(1, NOON, {"agents": 10, "hours": 4.0, "seeds": 3, **inputs}, {"metrics": metrics})


def test_figures_inside_and_outside() -> None:
    busy, wait, wrapup = compare(forecast(), ACTUAL)
    assert (busy.metric, busy.actual, busy.inside) == ("busy_share", 0.82, True)
    assert busy.predicted == pytest.approx(0.82)
    assert (wait.actual, wait.inside) == (20.0, False)
    assert (wrapup.actual, wrapup.inside) == (None, None)


def test_a_part_of_the_shift_has_a_wider_range() -> None:
    whole, part = (compare(forecast(), replace(ACTUAL, operating_s=h * 3600.0))[1] for h in (4.0, 0.25))
    assert whole.low is not None and part.low is not None and whole.high is not None and part.high is not None
    assert part.low < whole.low < whole.high < part.high
    assert part.inside is True
    longer = compare(forecast(), replace(ACTUAL, operating_s=40 * 3600.0))[1]
    assert longer == whole


def test_one_seed_is_no_range() -> None:
    alone = replace(forecast(seeds=1), results={"metrics": {"busy_share": asdict(estimate([0.8]))}})
    (busy,) = compare(alone, ACTUAL)
    assert (busy.low, busy.inside) == (None, None)
    assert any("--seeds 10" in text for text in doubts(alone, ACTUAL))


def test_doubts_are_told() -> None:
    assert doubts(forecast(), ACTUAL) == []
    assert doubts(forecast(), replace(ACTUAL, mean_agents=9.1)) == []
    (team,) = doubts(forecast(), replace(ACTUAL, mean_agents=6.2))
    assert "10 agents, 6.2 worked" in team and "--agents 6" in team
    (short,) = doubts(forecast(), replace(ACTUAL, operating_s=3600.0))
    assert "1.0 h have been worked" in short
