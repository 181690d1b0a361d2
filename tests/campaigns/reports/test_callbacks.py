from datetime import timedelta

from campaigns.reports import Selection
from campaigns.reports.callbacks import callbacks_due
from campaigns.store import Store
from tests.campaigns.reports.past import START, Past

NOW = START + timedelta(days=7)


def test_callbacks_agree_with_a_recount(past: Past, selection: Selection) -> None:
    found = callbacks_due(past.database, selection, NOW)
    rows = past.database.rows(
        "SELECT c.agent, c.state, c.at, a.started_at, t.name FROM callbacks c LEFT JOIN attempts a"
        " ON a.id = c.attempt_id JOIN leads l ON l.id = c.lead_id JOIN lists t ON t.id = l.list_id"
    )
    chosen = [
        row
        for row in rows
        if (selection.since is None or row[2] >= selection.since.timestamp())
        and (selection.until is None or row[2] < selection.until.timestamp())
        and selection.list_name in ("", row[4])
    ]
    assert [each["agent"] for each in found["agents"]] == sorted({row[0] for row in chosen})
    for each in (*found["agents"], {**found["total"], "agent": None}):
        own = [row for row in chosen if each["agent"] in (None, row[0])]
        states = [row[1] for row in own]
        assert each["made"] == states.count("done") and each["missed"] == states.count("missed")
        assert each["cancelled"] == states.count("cancelled")
        assert each["due"] == len(own) - each["cancelled"]
        assert each["made"] + each["missed"] + each["being_called"] + each["waiting"] == each["due"]
        assert each["overdue"] == sum(row[1] in ("waiting", "reminded") and row[2] < NOW.timestamp() for row in own)
        assert each["late"] == sum(row[3] is not None and row[3] > row[2] + 900.0 for row in own)
        assert each["made_rate"]["of"] == each["made"] + each["missed"]


def test_nothing_yet(store: Store, empty: Selection) -> None:
    found = callbacks_due(store.database, empty, NOW)
    assert found["agents"] == [] and found["total"]["due"] == 0 and found["total"]["made_rate"]["rate"] is None
