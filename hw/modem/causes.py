"""Causes from what a modem says: one table for AT results, one for the words of +CEER."""

import re

from hw.contract import Cause, cause_of

# V.250 table 1 and TS 27.007 9.2.1: results that end a dial command.
_RESULTS = {
    "BUSY": Cause.BUSY,
    "NO ANSWER": Cause.NO_ANSWER,
    "NO DIALTONE": Cause.CONGESTION,
    "NO CARRIER": Cause.FAILED,
    "+CME ERROR 3": Cause.REFUSED,
    "+CME ERROR 4": Cause.REFUSED,
    "+CME ERROR 10": Cause.LINE_LOST,
    "+CME ERROR 11": Cause.LINE_LOST,
    "+CME ERROR 12": Cause.LINE_LOST,
    "+CME ERROR 13": Cause.LINE_LOST,
    "+CME ERROR 14": Cause.LINE_LOST,
    "+CME ERROR 15": Cause.LINE_LOST,
    "+CME ERROR 26": Cause.INVALID_NUMBER,
    "+CME ERROR 27": Cause.INVALID_NUMBER,
    "+CME ERROR 30": Cause.CONGESTION,
    "+CME ERROR 31": Cause.TIMEOUT,
    "+CME ERROR 32": Cause.REFUSED,
}

# TS 24.008 annex H, the names of the causes as modems print them, by their Q.850 number.
_NAMES = {
    "unassigned": 1,
    "unallocated": 1,
    "no route": 3,
    "user busy": 17,
    "no user responding": 18,
    "alerting, no answer": 19,
    "no answer from user": 19,
    "subscriber absent": 20,
    "call rejected": 21,
    "number changed": 22,
    "destination out of order": 27,
    "invalid number": 28,
    "incomplete number": 28,
    "facility rejected": 29,
    "normal call clearing": 16,
    "normal, unspecified": 31,
    "no circuit": 34,
    "network out of order": 38,
    "temporary failure": 41,
    "switching equipment congestion": 42,
    "resources unavailable": 47,
}
_NUMBER = re.compile(r"cause\D{0,10}(\d{1,3})\b")


def cause_of_at(result: str, q850: int | None = None) -> Cause:
    """Cause of an unanswered call: the network's own cause where known, else what the result code says."""
    if q850 is not None and q850 not in (16, 31):
        return cause_of(0, q850)
    return _RESULTS.get(result, Cause.FAILED)


def q850_of_report(report: str) -> int | None:
    """Q.850 cause in an extended error report (+CEER, TS 27.007 8.10, free text), or None where none is named."""
    text = report.lower()
    match = _NUMBER.search(text)
    if match is not None and int(match[1]) < 128:
        return int(match[1])
    return next((number for name, number in _NAMES.items() if name in text), None)
