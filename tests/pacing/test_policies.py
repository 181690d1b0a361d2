import numpy as np
import pytest

from pacing import policies
from pacing.learning import Learner

NONE = np.empty(0)


def snapshot(ready: int, dialed: int = 0, talking: int = 0) -> policies.Snapshot:
    return policies.Snapshot(100.0, ready, 0, np.full(dialed, 95.0), NONE, np.full(talking, 40.0), NONE)


def forecast(state: policies.Snapshot, threshold: float, room: int = 1000) -> policies.Forecast:
    learner = Learner()
    tables = policies.Tables(learner.ring.table, learner.listen.table, learner.talk.table, learner.wrapup.table)
    return policies.predictive(state, tables, 2.0, 1.0, threshold, room)


@pytest.mark.parametrize(("ready", "claims", "lines"), [(0, 0, 0), (5, 0, 5), (5, 3, 2), (2, 7, 0)])
def test_progressive_covers_each_ready_agent_once(ready: int, claims: int, lines: int) -> None:
    assert policies.progressive(ready, claims) == lines


@pytest.mark.parametrize(
    ("ready", "claims", "ratio", "lines"),
    [(0, 0, 2.0, 0), (3, 0, 1.5, 4), (3, 3, 1.5, 1), (10, 0, 0.3, 3), (2, 9, 3.0, 0), (10, 0, 1.1, 11)],
)
def test_power_keeps_a_fixed_number_of_lines_per_ready_agent(ready: int, claims: int, ratio: float, lines: int) -> None:
    assert policies.power(ready, claims, ratio) == lines


def test_predictive_dials_more_for_more_ready_agents_and_less_for_lines_in_flight() -> None:
    by_ready = [forecast(snapshot(ready, talking=5), 0.03).lines for ready in range(8)]
    assert by_ready == sorted(by_ready)
    assert by_ready[7] > 7
    by_dialed = [forecast(snapshot(6, dialed=dialed), 0.03).lines for dialed in range(12)]
    assert by_dialed == sorted(by_dialed, reverse=True)


def test_predictive_dials_more_when_more_risk_is_accepted() -> None:
    lines = [forecast(snapshot(5), threshold).lines for threshold in (0.0, 0.01, 0.05, 0.2)]
    assert lines == sorted(lines)
    assert lines[0] == 5
    assert lines[3] > lines[1]


def test_predictive_accepts_no_line_over_the_threshold() -> None:
    found = forecast(snapshot(5, talking=3), 0.05)
    assert found.risk <= 0.05 < found.next_risk
    assert found.risks.size == found.lines
    assert found.risks.max() <= 0.05
    assert found.risks[-1] == found.risk
    assert not found.capped


def test_a_forecast_says_whether_the_threshold_set_the_number_of_lines() -> None:
    free = forecast(snapshot(5), 0.05)
    assert not free.capped
    assert not forecast(snapshot(5), 0.05, room=free.lines + 1).capped
    assert forecast(snapshot(5), 0.05, room=free.lines).capped
    assert forecast(snapshot(5), 0.05, room=0).capped
    assert forecast(snapshot(0), 0.05).capped
    at_the_slope = forecast(snapshot(1), 1.0)
    assert at_the_slope.lines == policies.SLOPE_CAP
    assert at_the_slope.capped


def test_a_forecast_of_very_many_lines_keeps_the_first_risks() -> None:
    found = forecast(snapshot(30), 1.0)
    assert found.lines > policies.MOST_RISKS
    assert found.risks.size == policies.MOST_RISKS
    assert np.all((found.risks >= 0.0) & (found.risks <= 1.0))


def test_predictive_dials_nothing_without_agents_and_nothing_beyond_the_room() -> None:
    assert forecast(snapshot(0), 0.3).lines == 0
    assert forecast(snapshot(9), 0.05, room=3).lines == 3
