"""Why calls end: SIP and Q.850 codes to one vocabulary."""

import pytest

from hw.contract import Cause, cause_of


@pytest.mark.parametrize(
    ("code", "q850", "cause"),
    [
        (486, None, Cause.BUSY),
        (486, 34, Cause.BUSY),
        (600, None, Cause.BUSY),
        (480, None, Cause.UNAVAILABLE),
        (480, 1, Cause.INVALID_NUMBER),
        (480, 16, Cause.UNAVAILABLE),
        (480, 17, Cause.BUSY),
        (480, 19, Cause.NO_ANSWER),
        (404, None, Cause.INVALID_NUMBER),
        (404, 16, Cause.INVALID_NUMBER),
        (410, None, Cause.INVALID_NUMBER),
        (484, 28, Cause.INVALID_NUMBER),
        (408, None, Cause.TIMEOUT),
        (500, None, Cause.CONGESTION),
        (500, 102, Cause.TIMEOUT),
        (502, 38, Cause.CONGESTION),
        (503, 34, Cause.CONGESTION),
        (503, 1, Cause.INVALID_NUMBER),
        (503, 200, Cause.CONGESTION),
        (603, 17, Cause.REJECTED),
        (607, 21, Cause.UNWANTED),
        (608, None, Cause.BLOCKED),
        (401, None, Cause.REFUSED),
        (403, 1, Cause.REFUSED),
        (302, None, Cause.FAILED),
        (606, None, Cause.REFUSED),
    ],
)
def test_a_refusal_has_one_cause(code: int, q850: int | None, cause: Cause) -> None:
    assert cause_of(code, q850) is cause


@pytest.mark.parametrize("phrase", ["Network Blocked", "603+ network blocked"])
def test_a_block_by_the_network_is_no_refusal_by_a_person(phrase: str) -> None:
    assert cause_of(603, 21, reason_phrase=phrase) is Cause.BLOCKED


def test_every_code_and_cause_has_an_answer() -> None:
    answers = {cause_of(code, q850) for code in range(300, 700) for q850 in (None, *range(128))}
    assert answers <= set(Cause)
    never = {Cause.NORMAL, Cause.NO_LINE, Cause.LINE_LOST}
    assert not answers & never
