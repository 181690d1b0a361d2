from datetime import UTC, datetime, time

import pytest

from campaigns.model import CallingWindow


@pytest.mark.parametrize(
    ("window", "complaint"),
    [
        (lambda: CallingWindow(time(20), time(9)), "20:00 must come before end 09:00"),
        (lambda: CallingWindow(time(9), time(9)), "must come before"),
        (lambda: CallingWindow(days=frozenset()), "no days"),
        (lambda: CallingWindow(days=frozenset({1, 7})), r"\[1, 7\]"),
        (lambda: CallingWindow(time(9, tzinfo=UTC), time(20)), "without a zone"),
    ],
)
def test_a_window_that_can_hold_no_instant_is_refused(window: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        window()  # type: ignore[operator]


def test_a_window_until_midnight_holds_the_days_last_instant() -> None:
    last = datetime.combine(datetime(2026, 6, 1), time.max)
    whole = CallingWindow(time(0), time.max)
    assert whole.holds(last) and whole.holds(datetime(2026, 6, 2))
    assert not CallingWindow(time(0), time(23, 59)).holds(last)
    assert (whole.end_text, CallingWindow().end_text) == ("24:00", "20:00")
