from collections import Counter

import pytest

from campaigns.reports import Selection
from campaigns.reports.penetration import ENDS, end_of, penetration
from campaigns.reports.tally import COUNTED
from campaigns.statuses import STATUSES
from campaigns.store import Store
from tests.campaigns.reports.past import LISTS, Past
from tests.campaigns.reports.recount import calls, counts


def test_each_pass_of_each_list_agrees_with_a_recount(past: Past, selection: Selection) -> None:
    found = penetration(past.database, selection)
    names = [selection.list_name] if selection.list_name else list(LISTS)
    assert [each["list"] for each in found["lists"]] == names
    chosen = calls(past, selection.since, selection.until, selection.list_name or None)
    for part in found["lists"]:
        own = [call for call in chosen if call.list_name == part["list"]]
        passes = sorted({call.row["nth"] for call in own})
        assert [each["pass"] for each in part["passes"]] == passes
        for each in part["passes"]:
            expected = counts(call for call in own if call.row["nth"] == each["pass"])
            assert {name: each[name] for name in COUNTED} == expected
        assert {name: part["all_passes"][name] for name in COUNTED} == counts(own)
    assert {name: found["total"]["all_passes"][name] for name in COUNTED} == counts(chosen)


def test_leads_by_calls_and_by_how_they_stand(past: Past, selection: Selection) -> None:
    found = penetration(past.database, selection)
    for part in found["lists"]:
        own = [call for call in calls(past, selection.since, selection.until) if call.list_name == part["list"]]
        times = Counter(call.row["lead_id"] for call in own).values()
        at_least = {each["times"]: each["leads"] for each in part["dialed_at_least"]}
        assert at_least == {n: sum(t >= n for t in times) for n in range(1, max(times, default=0) + 1)}
        assert sum(at_least.values()) == len(own) == part["all_passes"]["attempts"]
        leads = past.database.rows(
            "SELECT l.status, l.next_at, l.held_by, l.profile_id, EXISTS (SELECT 1 FROM attempts WHERE lead_id = l.id"
            " AND closed_at IS NULL) FROM leads l JOIN lists t ON t.id = l.list_id WHERE t.name = ?",
            (part["list"],),
        )
        assert part["leads"] == len(leads) and part["dialed"]["of"] == len(leads)
        known = [lead for lead in leads if lead[1] is not None and past.store.profiles.get(lead[3]).zones]
        assert part["left"] == len(known)
        assert part["held"] == Counter(lead[2] for lead in known if lead[2])
        ended = Counter(end_of(STATUSES[lead[0]]) for lead in leads if lead[1] is None and not lead[4])
        assert {end: count for end, count in part["ended"].items() if count} == ended
        standing = part["left"] + part["without_zone"] + part["being_called"] + sum(part["ended"].values())
        assert standing == part["leads"]


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = penetration(store.database, empty)
    assert found["lists"] == []
    assert found["total"]["dialed"]["rate"] is None
    assert found["total"]["ended"] == dict.fromkeys(ENDS, 0)


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("SALE", "sale"),
        ("NI", "completed"),
        ("PAID", "completed"),
        ("DNC", "do not call"),
        ("DNCC", "do not call"),
        ("DC", "bad number"),
        ("ADC", "bad number"),
        ("WPC", "bad number"),
        ("PTP", "spoken to"),
        ("NA", "exhausted"),
        ("A", "exhausted"),
        ("DROP", "exhausted"),
        ("NEW", "not callable"),
    ],
)
def test_why_a_lead_ended(status: str, end: str) -> None:
    assert end_of(STATUSES[status]) == end
