import pytest

from hw.contract import Cause
from hw.modem.causes import cause_of_at, q850_of_report


@pytest.mark.parametrize(
    ("result", "q850", "cause"),
    [
        ("BUSY", None, Cause.BUSY),
        ("NO ANSWER", None, Cause.NO_ANSWER),
        ("NO DIALTONE", None, Cause.CONGESTION),
        ("NO CARRIER", None, Cause.FAILED),
        ("NO CARRIER", 16, Cause.FAILED),
        ("NO CARRIER", 21, Cause.REJECTED),
        ("BUSY", 34, Cause.CONGESTION),
        ("+CME ERROR 30", None, Cause.CONGESTION),
        ("ERROR", None, Cause.FAILED),
        ("", None, Cause.FAILED),
    ],
)
def test_causes_of_results(result: str, q850: int | None, cause: Cause) -> None:
    assert cause_of_at(result, q850) is cause


@pytest.mark.parametrize(
    ("report", "q850"),
    [
        ("User busy", 17),
        ("Call rejected", 21),
        ("Unassigned (unallocated) number", 1),
        ("CC, cause: 34", 34),
        ("Release cause #27", 27),
        ("Normal call clearing", 16),
        ("no report available", None),
        ("", None),
        ("cause 999", None),
    ],
)
def test_causes_in_reports(report: str, q850: int | None) -> None:
    assert q850_of_report(report) == q850
