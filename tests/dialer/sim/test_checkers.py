"""The checkers themselves: each broken promise is noticed."""

from datetime import UTC, datetime, time, timedelta

import pytest

from campaigns.model import CallingWindow, Outcome, RetryDecision
from dialer.core import records as rec
from dialer.sim.checkers import Broken, RecordChecker
from hw.contract import Cause

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
AGAIN = RetryDecision(NOON + timedelta(hours=1), 1, "test")


def reserved(attempt_id: int, lead_id: int = 1, at: datetime = NOON) -> rec.AttemptReserved:
    return rec.AttemptReserved(attempt_id, 1, lead_id, 1, "+12125550101", "t", "", at)


def closed(attempt_id: int, outcome: Outcome) -> rec.AttemptClosed:
    return rec.AttemptClosed(attempt_id, NOON, outcome, "X", None, Cause.NORMAL, None, None, "", "", None, AGAIN)


@pytest.mark.parametrize(
    ("history", "complaint"),
    [
        ([reserved(1), reserved(1, lead_id=2)], "used twice"),
        ([reserved(1), reserved(2)], "while an attempt on it is open"),
        ([reserved(1), closed(1, Outcome.BUSY), reserved(2)], "not allowed before"),
        ([closed(1, Outcome.BUSY)], "not open"),
        ([reserved(1), closed(1, Outcome.BUSY), closed(1, Outcome.BUSY)], "not open"),
        ([reserved(1), rec.AttemptConnected(1, "anna", NOON)], "before it was answered"),
        ([reserved(1), rec.AttemptAnswered(1, NOON), closed(1, Outcome.NO_ANSWER)], "closed as no_answer"),
        ([reserved(1), closed(1, Outcome.ABANDONED)], "closed as abandoned"),
        (
            [
                *(reserved(1), reserved(2, lead_id=2), rec.AttemptAnswered(1, NOON), rec.AttemptAnswered(2, NOON)),
                *(rec.AttemptConnected(1, "anna", NOON), rec.AttemptConnected(2, "anna", NOON)),
            ],
            "at once",
        ),
        ([rec.NumberSuppressed("+12125550101", "sip 607", NOON), reserved(1)], "after the person refused"),
        ([reserved(1, at=NOON + timedelta(hours=9))], "dialed at Mon 21:00"),
    ],
)
def test_broken_promises_are_noticed(history: list[rec.Record], complaint: str) -> None:
    window = CallingWindow(time(9), time(20))
    checker = RecordChecker(window, {"+12125550101": ("America/New_York",)})
    with pytest.raises(Broken, match=complaint):
        for record in history:
            checker.observe(record)


def test_an_attempt_left_open_is_noticed() -> None:
    checker = RecordChecker()
    checker.observe(reserved(1))
    with pytest.raises(Broken, match="left open"):
        checker.finish()


def test_unknown_zone_is_noticed() -> None:
    checker = RecordChecker(CallingWindow(), {})
    with pytest.raises(Broken, match="time zone is unknown"):
        checker.observe(reserved(1))
