"""What came of attempts by the number that was shown, and which of these numbers is answered less than the others.

A number that carriers label, or that people know as a nuisance, is answered less and less. It is held against the
campaign's other numbers in calls of the same hour and pass, so that neither a bad hour nor an old list accuses it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from campaigns.database import Database
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Comparison, Share, Stratum, compare
from campaigns.reports.tally import came_of, counts, merged, results

# Chance alone accuses one campaign in a hundred: the level is shared out among all comparisons (Bonferroni).
LEVEL = 0.01
MIN_CALLS = 50
RECENT = timedelta(days=7)

_LAST_PASS = 4

_Strata = dict[tuple[int, int], dict[str, tuple[int, int]]]


def by_caller_id(database: Database, selection: Selection) -> dict[str, Any]:
    """{"caller_ids": [...], "total", "warnings"}: each shown number's attempts, answers and refusals.

    A warning names a number that is answered significantly less often than the campaign's others in calls of the same
    hour and pass: over the selected time (`period` "all"), or over its last seven days ("recent"), in which a sudden
    fall shows early. '' stands for calls whose shown number the trunk chose.
    """
    groups = came_of(database, selection, "a.caller_id", str)
    strata = _strata(database, selection)
    periods = {"all": strata, "recent": _recent(strata)}
    found = {period: _comparisons(sorted(groups), cells) for period, cells in periods.items()}
    tests = sum(len(each) for each in found.values())
    warnings = [
        _warning(caller_id, period, compared)
        for period, each in found.items()
        for caller_id, compared in each.items()
        if compared.p_below * tests < LEVEL
    ]
    rows = [
        {"caller_id": caller_id, **counts(came).facts(), "results": results(came), **_compared(found, caller_id)}
        for caller_id, came in sorted(groups.items())
    ]
    total = merged(groups)
    return {
        **selection.facts(),
        "caller_ids": rows,
        "total": {**counts(total).facts(), "results": results(total)},
        "warnings": warnings,
    }


def _strata(database: Database, selection: Selection) -> _Strata:
    """By hour and pass, and by shown number: closed attempts, and those that were picked up."""
    condition, params = selection.attempts()
    rows = database.lazy(
        "SELECT CAST(a.started_at / 3600 AS INTEGER),"  # noqa: S608 (constants)
        " CASE WHEN a.nth < ? THEN a.nth ELSE ? END, a.caller_id, COUNT(*),"
        " COUNT(COALESCE(a.answered_at, a.connected_at)) FROM attempts a"
        f" WHERE {condition} AND a.closed_at IS NOT NULL GROUP BY 1, 2, 3",
        (_LAST_PASS, _LAST_PASS, *params),
    )
    found: _Strata = defaultdict(dict)
    for hour, nth, caller_id, calls, answers in rows:
        found[hour, nth][caller_id] = (calls, answers)
    return found


def _recent(strata: _Strata) -> _Strata:
    last = max((hour for hour, _ in strata), default=0)
    first = last - int(RECENT.total_seconds() // 3600)
    return {key: cells for key, cells in strata.items() if key[0] > first}


def _comparisons(caller_ids: Iterable[str], strata: _Strata) -> dict[str, Comparison]:
    found = {caller_id: compare(_against_others(caller_id, strata)) for caller_id in caller_ids}
    return {name: each for name, each in found.items() if each is not None and each.calls >= MIN_CALLS}


def _against_others(caller_id: str, strata: _Strata) -> Iterable[Stratum]:
    for cells in strata.values():
        if caller_id in cells:
            calls, answers = cells[caller_id]
            all_calls = sum(calls for calls, _ in cells.values())
            all_answers = sum(answers for _, answers in cells.values())
            yield Stratum(calls, answers, all_calls - calls, all_answers - answers)


def _compared(found: dict[str, dict[str, Comparison]], caller_id: str) -> dict[str, Any]:
    compared = found["all"].get(caller_id)
    if compared is None:
        return {"expected_rate": None, "p_below": None}
    return {"expected_rate": compared.expected / compared.calls, "p_below": compared.p_below}


def _warning(caller_id: str, period: str, compared: Comparison) -> dict[str, Any]:
    answered = Share(compared.successes, compared.calls)
    expected = compared.expected / compared.calls
    assert answered.rate is not None
    when = "in the last seven days " if period == "recent" else ""
    return {
        "caller_id": caller_id,
        "period": period,
        "answered": answered.facts(),
        "expected_rate": expected,
        "p_below": compared.p_below,
        "detail": (
            f"{caller_id or 'the number that the trunk chooses'} is answered less than the other numbers: {when}"
            f"{100 * answered.rate:.1f} % of {compared.calls:,} calls, where {100 * expected:.1f} % were to be "
            "expected by the answers to calls of the same hour and pass; ask the carrier how the number is labelled"
        ),
    }
