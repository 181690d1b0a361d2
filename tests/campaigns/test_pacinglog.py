from datetime import datetime, timedelta

import pytest

from campaigns import pacinglog
from campaigns.model import PacingSample
from campaigns.store import UnknownCampaign
from tests.campaigns.desk import Desk

S = timedelta(seconds=1)


def sample(lines: int) -> PacingSample:
    return PacingSample(5, 2, 7, f"{lines} new lines", lines, 2.123456, 2.5, 0.01, 0.04, 0.03, 0.02, -1.5)


def test_samples_come_back_in_the_order_of_time(desk: Desk, now: datetime) -> None:
    for lines in range(4):
        desk.store.log_pacing(1, now + lines * 30 * S, sample(lines))
    rows = desk.store.pacing_samples("spring")
    assert [row["lines"] for row in rows] == [0, 1, 2, 3]
    assert [row["lines"] for row in desk.store.pacing_samples("spring", limit=2)] == [2, 3]
    assert rows[1] == {
        "at": "2026-06-01T15:00:30.000+00:00",
        "agents": 5,
        "ready": 2,
        "in_flight": 7,
        "because": "1 new lines",
        "lines": 1,
        "predicted_answers": 2.1235,
        "predicted_free": 2.5,
        "risk": 0.01,
        "next_risk": 0.04,
        "threshold": 0.03,
        "abandoned_rate": 0.02,
        "budget_left": -1.5,
    }
    with pytest.raises(UnknownCampaign, match="spring"):
        desk.store.pacing_samples("autumn")


def test_old_samples_and_too_many_go_in_passing(desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacinglog, "PRUNED_EVERY", 5)
    monkeypatch.setattr(pacinglog, "KEPT_SAMPLES", 3)
    desk.store.create_campaign("other", "telesales", "power")
    desk.store.log_pacing(2, now, sample(9))
    for lines in range(3):
        desk.store.log_pacing(1, now + timedelta(days=91) + lines * S, sample(lines))
    assert len(desk.store.pacing_samples("other")) == 1
    desk.store.log_pacing(1, now + timedelta(days=91) + 3 * S, sample(3))
    assert [row["lines"] for row in desk.store.pacing_samples("spring")] == [1, 2, 3]
    assert desk.store.pacing_samples("other") == []


def test_the_newest_state_of_a_pacer_is_kept(desk: Desk, now: datetime) -> None:
    assert desk.store.pacer_state(1) is None
    for minute in range(2):
        desk.store.save_pacer_state(1, now + minute * 60 * S, f'{{"minute": {minute}}}')
    assert desk.store.pacer_state(1) == (now + 60 * S, '{"minute": 1}')
    assert desk.store.pacer_state(2) is None


@pytest.mark.parametrize(
    "damage",
    [
        "state = replace(x'00ff80', '1', 'NaN')",
        "state = x'ff'",
        "at = 'foo'",
        "at = x'00'",
        "at = 9e99",
        "at = -9e999",
        "at = 9e11",
    ],
)
def test_a_state_that_cannot_be_read_is_warned_of_and_left(
    desk: Desk, now: datetime, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.store.save_pacer_state(1, now, "{}")
    desk.store.database.execute(f"UPDATE pacer_states SET {damage}")  # noqa: S608 (constants)
    assert desk.store.pacer_state(1) is None
    assert "it learns anew" in caplog.text
    desk.store.save_pacer_state(1, now, "{}")
    assert desk.store.pacer_state(1) == (now, "{}")
