from datetime import UTC, datetime, timedelta

import pytest

from campaigns.audit import AuditKind, AuditLog, Record, lead_key, retention, verify
from campaigns.audit.duties import Duty
from campaigns.audit.retention import due, purge
from campaigns.database import Database
from campaigns.rules.model import Period

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
CALLS_1Y = Duty("xx.calls", frozenset({Record.CALLS}), Period(1, "y"), because="Act 1")
DEBTS_2Y = Duty("xx.debts", frozenset({Record.DEBTS}), Period(2, "y"), rolling=True, because="Act 2")


def years(count: float) -> datetime:
    return NOON + timedelta(days=365 * count)


def used(database: Database, key: str = "Europe/London|GB|") -> None:
    """A campaign that sells, and numbers of one profile."""
    database.execute(
        "INSERT INTO campaigns (name, kind, mode, state, settings) VALUES ('a', 'telesales', '', '', '{}')"
    )
    database.execute("INSERT INTO profiles (key) VALUES (?)", (key,))


def filled(log: AuditLog, database: Database) -> None:
    """A call, a payment and a change of settings in each of six years; lead 2 falls silent after the first."""
    used(database)
    for year in range(6):
        for lead in (1, 2) if year == 0 else (1,):
            log.append("dial", "engine", {"year": year}, at=years(year), persons=(lead_key(lead),))
            log.append("payment", "cli", {"year": year}, at=years(year), persons=(lead_key(lead),))
        log.append("settings", "cli", {"year": year}, at=years(year))


def test_it_is_told_what_may_go_and_what_must_stay_and_why(database: Database, log: AuditLog) -> None:
    filled(log, database)
    found = {each.kind: each for each in due(database, (CALLS_1Y, DEBTS_2Y), years(5.1), otherwise=Period(4, "y"))}
    assert {kind: (each.entries, each.due) for kind, each in found.items()} == {
        "dial": (7, 6),
        "payment": (7, 1),
        "settings": (6, 2),
    }
    assert found["dial"].because == "xx.calls: Act 1"
    assert found["dial"].kept_until == years(5).replace(year=years(5).year + 1)
    assert found["payment"].kept_until is None
    assert "own term" in found["settings"].because
    assert len(list(log.entries())) == 20


def test_purging_keeps_the_chain_and_what_duties_hold(database: Database, log: AuditLog) -> None:
    filled(log, database)
    duties = (CALLS_1Y, DEBTS_2Y)
    done = purge(database, duties, years(5.1), actor="cli", otherwise=Period(4, "y"))
    assert (done.blanked, done.removed) == (9, 1)
    found = verify(database)
    assert (found.ok, found.purged, found.erased) == (True, 1, 8)
    kept = [(entry.kind, entry.said()["year"]) for entry in log.entries() if not entry.erased and "year" in entry.body]
    assert [year for kind, year in kept if kind == "dial"] == [5]
    assert [year for kind, year in kept if kind == "payment"] == [0, 1, 2, 3, 4, 5]
    assert [year for kind, year in kept if kind == "settings"] == [2, 3, 4, 5]
    again = purge(database, duties, years(5.1), actor="cli", otherwise=Period(4, "y"))
    assert (again.blanked, again.removed) == (0, 0)


def test_a_log_of_which_nothing_is_left_is_its_checkpoint(database: Database, log: AuditLog) -> None:
    filled(log, database)
    before = log.head()
    assert before is not None
    done = purge(database, (CALLS_1Y, DEBTS_2Y), years(30), actor="cli")
    assert (done.blanked, done.removed) == (20, 20)
    found = verify(database, [before])
    assert (found.ok, found.purged, found.compared) == (True, 20, 1)
    assert {entry.kind for entry in log.entries()} == {AuditKind.PURGE, AuditKind.CHECKPOINT}
    assert purge(database, (), years(60), actor="cli").removed == found.rows
    assert verify(database).ok


def test_a_long_log_is_purged_in_steps(database: Database, log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 3)
    filled(log, database)
    done = purge(database, (CALLS_1Y, DEBTS_2Y), years(30), actor="cli")
    assert (done.blanked, done.removed) == (20, 20)
    found = verify(database)
    assert (found.ok, found.purged) == (True, 20)
    kinds = [entry.kind for entry in log.entries()]
    assert (kinds.count("purge"), kinds.count("checkpoint")) == (8, 7)


def test_an_empty_log_is_purged_of_nothing(database: Database) -> None:
    assert due(database, (CALLS_1Y,), NOON) == []
    done = purge(database, (CALLS_1Y,), NOON, actor="cli")
    assert (done.blanked, done.removed) == (0, 0)


def test_duties_of_places_and_purposes_that_the_site_never_had_keep_nothing(database: Database, log: AuditLog) -> None:
    used(database, "Europe/Berlin|DE|")
    log.append("consent", "cli", {}, at=NOON)
    log.append("settings", "cli", {}, at=NOON)
    consents, everything = frozenset({Record.CONSENTS}), frozenset(Record)
    duties = (
        Duty("de", consents, Period(6, "y"), where=frozenset({"DE"}), purposes=frozenset({"sales"})),
        Duty("us", consents, Period(9, "y"), where=frozenset({"US"})),
        Duty("debts", consents, Period(8, "y"), purposes=frozenset({"collections"})),
        Duty("short", everything, Period(1, "y")),
    )
    found = {each.kind: each.period for each in due(database, duties, NOON)}
    assert found == {"consent": "6y", "settings": "5y"}
    database.execute("INSERT INTO profiles (key) VALUES ('UTC||')")
    assert {each.kind: each.period for each in due(database, duties, NOON)}["consent"] == "9y"
