from campaigns.reports import Selection
from campaigns.reports.hours import best_hours, by_hour
from campaigns.reports.tally import COUNTED, Result
from campaigns.store import Store
from tests.campaigns.reports.past import Past
from tests.campaigns.reports.recount import calls, counts


def test_both_clocks_agree_with_a_recount(past: Past, selection: Selection) -> None:
    found = by_hour(past.database, past.store.profiles, selection)
    chosen = calls(past, selection.since, selection.until, selection.list_name or None)
    clocks: dict[str, dict[int, int | None]] = {
        "site": {id(call): call.hour("America/New_York") for call in chosen},
        "person": {id(call): call.hour(call.zones[0]) if call.zones else None for call in chosen},
    }
    for clock, hours in clocks.items():
        assert {row["hour"] for row in found[clock]} >= set(hours.values())
        for row in found[clock]:
            own = [call for call in chosen if hours[id(call)] == row["hour"]]
            assert {name: row[name] for name in COUNTED} == counts(own)
            assert sum(row["results"].values()) == len(own)


def test_each_attempt_has_one_result(past: Past, selection: Selection) -> None:
    total = by_hour(past.database, past.store.profiles, selection)["total"]
    results = total["results"]
    assert sum(results.values()) == total["attempts"]
    assert set(results) == {each.value for each in Result}
    assert results["abandoned"] == total["abandoned"] and results["open"] == total["open"]
    assert results["sale"] == total["sales"]
    assert results["sale"] + results["right party"] + results["other contact"] == total["contacts"]


def test_the_best_hours_of_a_place(past: Past) -> None:
    found = best_hours(past.database, past.store.profiles, Selection(past.campaign))
    assert [each["place"] for each in found["places"]] == ["America/Chicago", "America/New_York", "Asia/Kolkata"]
    for place in found["places"]:
        own = [call for call in calls(past) if call.zones and call.zones[0] == place["place"]]
        for row in place["hours"]:
            at_hour = [call for call in own if call.hour(place["place"]) == row["hour"]]
            assert (row["people"]["part"], row["people"]["of"]) == (sum(c.person for c in at_hour), len(at_hour))
        ranked = sorted(place["hours"], key=lambda row: row["best"])
        assert [row["best"] for row in ranked] == list(range(1, len(ranked) + 1))
        assert [row["expected"] for row in ranked] == sorted((row["expected"] for row in ranked), reverse=True)


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = by_hour(store.database, store.profiles, empty)
    assert (found["person"], found["site"], found["total"]["attempts"]) == ([], [], 0)
    assert best_hours(store.database, store.profiles, empty)["places"] == []
