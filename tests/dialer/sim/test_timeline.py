from datetime import UTC, datetime

import pytest

from campaigns.model import Outcome, RetryDecision
from dialer.core import records as rec
from dialer.sim.timeline import TimelineRecorder
from hw.contract import Cause

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def closed(attempt_id: int, outcome: Outcome) -> rec.AttemptClosed:
    never = RetryDecision(None, None, "test")
    return rec.AttemptClosed(attempt_id, NOON, outcome, "X", None, Cause.NORMAL, None, None, "", "", None, never)


def test_levels_are_averages_over_their_periods() -> None:
    recorder = TimelineRecorder(10.0, 30.0)
    recorder.observe(rec.AgentStateChanged("anna", 1, "READY", "", NOON), 0.0)
    recorder.observe(rec.AttemptReserved(1, 1, 1, 1, "+12125550101", "t", "", NOON), 5.0)
    recorder.observe(rec.AttemptReserved(2, 1, 2, 2, "+12125550102", "t", "", NOON), 8.0)
    recorder.observe(rec.AttemptAnswered(1, NOON), 15.0)
    recorder.observe(rec.AgentStateChanged("anna", 1, "INCALL", "", NOON), 15.0)
    recorder.observe(closed(2, Outcome.BUSY), 18.0)
    recorder.observe(rec.AgentStateChanged("anna", 1, "LOGGED_OUT", "", NOON), 25.0)
    recorder.observe(rec.NumberSuppressed("+12125550102", "test", NOON), 26.0)
    recorder.observe(closed(1, Outcome.ABANDONED), 29.0)
    recorder.observe(closed(1, Outcome.ABANDONED), 31.0)
    day = recorder.finish()
    assert day.levels["ringing"] == pytest.approx((0.7, 1.3, 0.0))
    assert day.levels["ready"] == pytest.approx((1.0, 0.5, 0.0))
    assert day.levels["talking"] == pytest.approx((0.0, 0.5, 0.5))
    assert day.levels["wrap-up"] == (0.0, 0.0, 0.0)
    assert day.abandoned_s == (29.0,)


@pytest.mark.parametrize(("period_s", "end_s"), [(0.1, 0.3), (7.0, 30.0), (1 / 3, 10.0)])
def test_uneven_periods_lose_no_time(period_s: float, end_s: float) -> None:
    recorder = TimelineRecorder(period_s, end_s)
    recorder.observe(rec.AgentStateChanged("anna", 1, "READY", "", NOON), 0.0)
    day = recorder.finish()
    assert sum(day.levels["ready"]) * period_s == pytest.approx(end_s)
