"""How far a campaign got through its lists: leads by number of calls, what each pass brought, and what is left."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from campaigns.database import Database
from campaigns.reports.selection import Selection
from campaigns.reports.shares import Share
from campaigns.reports.tally import Groups, came_of, counts, merged
from campaigns.statuses import Category, Status, status_of

# Why a lead is called no more, by the flags of its status: the first that fits.
SALE, DO_NOT_CALL, COMPLETED, BAD_NUMBER = "sale", "do not call", "completed", "bad number"
SPOKEN, EXHAUSTED, NEVER_CALLABLE = "spoken to", "exhausted", "not callable"
ENDS = (SALE, COMPLETED, SPOKEN, DO_NOT_CALL, BAD_NUMBER, EXHAUSTED, NEVER_CALLABLE)


def end_of(flags: Status) -> str:
    """Why a lead of this status has no next call.

    "spoken to": an agent spoke with a person and nothing further is planned. "exhausted": nobody was reached, and the
    rules on retries, recycling or numbers end. "not callable": it was never called, having no number to call.
    """
    if flags.sale:
        return SALE
    if flags.dnc:
        return DO_NOT_CALL
    if flags.completed:
        return COMPLETED
    if flags.unworkable or flags.number_uncallable:
        return BAD_NUMBER
    if flags.category is Category.FLOW:
        return NEVER_CALLABLE
    return SPOKEN if flags.category is Category.AGENT and flags.human_answered else EXHAUSTED


def penetration(database: Database, selection: Selection) -> dict[str, Any]:
    """{"lists": [...], "total": {...}}: leads of each list, and its passes.

    A pass is the how manieth call of its lead an attempt was. `dialed_at_least` tells how many leads had one call
    or more, two or more, and so on, in the selected time; `left`, `held`, `being_called` and `ended` are of now.
    """
    by_list: defaultdict[int, Groups[int]] = defaultdict(dict)
    of_all: Groups[int] = defaultdict(Counter)
    for (list_id, nth), came in came_of(database, selection, "l.list_id, a.nth", _pair, join=_LEADS).items():
        by_list[list_id][nth] = came
        of_all[nth].update(came)
    called, standing = _called(database, selection), _standing(database, selection)
    rows = []
    for list_id, name, active in (lists := _lists(database, selection)):
        part = _part(by_list[list_id], called.get(list_id, Counter()), standing[list_id])
        rows.append({"list": name, "active": bool(active), **part})
    all_called: Counter[int] = sum((called.get(list_id, Counter()) for list_id, _, _ in lists), Counter())
    total = _part(of_all, all_called, sum((standing[list_id] for list_id, _, _ in lists), _NOBODY))
    return {**selection.facts(), "lists": rows, "total": total}


_LEADS = "JOIN leads l ON l.id = a.lead_id"


def _pair(list_id: int, nth: int) -> tuple[int, int]:
    return list_id, nth


def _lists(database: Database, selection: Selection) -> list[tuple[int, str, int]]:
    sql = "SELECT id, name, active FROM lists WHERE campaign_id = ?"
    rows = database.rows(sql + " ORDER BY id", (selection.campaign.campaign_id,))
    return [(row[0], row[1], row[2]) for row in rows if selection.list_id in (None, row[0])]


def _called(database: Database, selection: Selection) -> dict[int, Counter[int]]:
    """By list how many leads had exactly n calls."""
    condition, params = selection.attempts()
    rows = database.rows(
        "SELECT l.list_id, c.calls, COUNT(*) FROM"  # noqa: S608 (constants)
        f" (SELECT a.lead_id, COUNT(*) AS calls FROM attempts a WHERE {condition} GROUP BY a.lead_id) c"
        " JOIN leads l ON l.id = c.lead_id GROUP BY l.list_id, c.calls",
        params,
    )
    found: dict[int, Counter[int]] = {}
    for list_id, calls, leads in rows:
        found.setdefault(list_id, Counter())[calls] = leads
    return found


@dataclass(frozen=True, slots=True)
class _Standing:
    """How leads stand now."""

    leads: int
    left: int
    without_zone: int
    being_called: int
    held: Counter[str]
    ended: Counter[str]

    def __add__(self, other: "_Standing") -> "_Standing":
        return _Standing(
            self.leads + other.leads,
            self.left + other.left,
            self.without_zone + other.without_zone,
            self.being_called + other.being_called,
            self.held + other.held,
            self.ended + other.ended,
        )

    def facts(self) -> dict[str, Any]:
        return {
            "left": self.left,
            "held": dict(self.held.most_common()),
            "without_zone": self.without_zone,
            "being_called": self.being_called,
            "ended": {end: self.ended[end] for end in ENDS},
        }


_NOBODY = _Standing(0, 0, 0, 0, Counter(), Counter())


def _standing(database: Database, selection: Selection) -> dict[int, _Standing]:
    rows = database.rows(
        "SELECT l.list_id, l.status, l.next_at IS NOT NULL, r.key LIKE '|%', o.lead_id IS NOT NULL, l.held_by, COUNT(*)"
        " FROM leads l JOIN profiles r ON r.id = l.profile_id"
        " LEFT JOIN (SELECT lead_id FROM attempts WHERE closed_at IS NULL) o ON o.lead_id = l.id"
        " WHERE l.campaign_id = ? GROUP BY 1, 2, 3, 4, 5, 6",
        (selection.campaign.campaign_id,),
    )
    found: defaultdict[int, _Standing] = defaultdict(lambda: _NOBODY)
    for list_id, status, waits, without_zone, being_called, held_by, leads in rows:
        found[list_id] += _stand(status, bool(waits), bool(without_zone), bool(being_called), held_by, leads)
    return found


def _stand(status: str, waits: bool, without_zone: bool, being_called: bool, held_by: str, leads: int) -> _Standing:
    ended = Counter({end_of(status_of(status)): leads}) if not (waits or being_called) else Counter()
    return _Standing(
        leads=leads,
        left=leads * (waits and not without_zone),
        without_zone=leads * (waits and without_zone),
        being_called=leads * being_called,
        held=Counter({held_by: leads}) if waits and not without_zone and held_by else Counter(),
        ended=ended,
    )


def _part(passes: Groups[int], called: Counter[int], standing: _Standing) -> dict[str, Any]:
    most = max(called, default=0)
    at_least = [sum(leads for calls, leads in called.items() if calls >= n) for n in range(1, most + 1)]
    dialed = at_least[0] if at_least else 0
    return {
        "leads": standing.leads,
        "dialed": Share(dialed, standing.leads).facts(),
        "dialed_at_least": [{"times": n, "leads": leads} for n, leads in enumerate(at_least, 1)],
        **standing.facts(),
        "passes": [{"pass": nth, **counts(passes[nth]).facts()} for nth in sorted(passes)],
        "all_passes": counts(merged(passes)).facts(),
    }
