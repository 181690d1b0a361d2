import json
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.audit import AuditError, AuditKind, AuditLog, Head, verify
from campaigns.audit.export import Selection, anchors_in, export
from campaigns.database import Database

NOON = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)


@pytest.fixture
def filled(log: AuditLog) -> AuditLog:
    for n in range(6):
        at = NOON + timedelta(hours=n, microseconds=n)
        log.append("dnc" if n % 2 else "dial", "anna", {"n": n, "share": 0.1, "who": "Zoë"}, at=at, persons=("lead:1",))
    return log


def lines(log: AuditLog, **options: object) -> list[str]:
    selection = Selection(**options)  # type: ignore[arg-type]
    return [json.dumps(line) + "\n" for line in export(log, selection, at=NOON)]


def test_an_export_has_head_entries_and_their_number(filled: AuditLog) -> None:
    first, *entries, last = map(json.loads, lines(filled))
    assert first["head"] == str(filled.head())
    assert last == {"rows": 6}
    assert [entry["body"]["n"] for entry in entries] == [0, 1, 2, 3, 4, 5]
    assert entries[1]["at"] == "2026-06-01T16:00:00.000001+00:00"


def test_an_export_can_be_narrowed_and_frames_name_nobody(filled: AuditLog) -> None:
    chosen = lines(filled, kinds=("dnc",), since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=5))
    assert [json.loads(line)["id"] for line in chosen[1:-1]] == [4]
    frames = lines(filled, bodies=False)
    assert not any("Zo" in line or '"person"' in line or '"salt"' in line for line in frames)


@pytest.mark.parametrize(
    ("options", "compared"), [({}, 6), ({"bodies": False}, 6), ({"kinds": ("dnc",)}, 3), ({"kinds": ("none",)}, 1)]
)
def test_the_log_is_held_against_any_export_after_it_went_on(
    database: Database, filled: AuditLog, options: dict[str, object], compared: int
) -> None:
    written = lines(filled, **options)
    filled.append("settings", "cli", {}, at=NOON)
    filled.blank(AuditKind.ERASURE, "cli", [2, 3], {}, at=NOON)
    found = verify(database, anchors_in(written, "x.jsonl"))
    assert (found.ok, found.compared) == (True, compared)


def test_a_log_that_was_written_anew_does_not_go_on_from_the_export(database: Database, filled: AuditLog) -> None:
    written = lines(filled)
    database.execute("DELETE FROM audit")
    database.execute("DELETE FROM meta WHERE name = 'audit_head'")
    for n in range(9):
        filled.append("dnc", "anna", {"n": n}, at=NOON)
    assert verify(database).ok
    found = verify(database, anchors_in(written, "x.jsonl"))
    assert (found.ok, found.first_bad) == (False, 1)


def test_an_export_of_a_blanked_entry_has_no_body_and_is_still_an_anchor(database: Database, filled: AuditLog) -> None:
    filled.blank(AuditKind.ERASURE, "cli", [2, 3], {}, at=NOON)
    written = lines(filled)
    assert json.loads(written[2])["body"] is None
    assert verify(database, anchors_in(written, "x.jsonl")).compared == 7


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text.replace('"n": 3', '"n": 4'), "x.jsonl: line 5: the export was changed"),
        (lambda text: text.replace('"anna"', '"bert"'), "x.jsonl: line 2: the export was changed"),
        (lambda text: text.replace("16:00", "17:00"), "x.jsonl: line 3: the export was changed"),
        (lambda text: text.rsplit("\n", 2)[0], "x.jsonl: is not whole: it has 6 entries"),
        (lambda text: text.replace('{"rows": 6}', '{"rows": 7}'), "says 7"),
        (lambda text: text + text.split("\n")[1], "line 9: something follows"),
        (lambda text: text[: len(text) // 2], "is no line of an export"),
        (lambda text: "", "x.jsonl: is empty"),
        (lambda text: "id,at\n1,2\n", "line 1: is no line of an export"),
        (lambda text: '{"format": "other"}\n', "line 1: must say that this is an export"),
        (lambda text: text.replace('"head": "6:', '"head": "six:'), "line 1: head: "),
        (lambda text: text.replace('"kind": "dnc", ', ""), "line 3: is no entry"),
    ],
)
def test_an_export_that_was_changed_or_is_not_whole_is_refused(
    filled: AuditLog, change: object, complaint: str
) -> None:
    text = change("".join(lines(filled)))  # type: ignore[operator]
    with pytest.raises(AuditError, match=r"x\.jsonl") as raised:
        list(anchors_in(text.splitlines(), "x.jsonl"))
    assert complaint in str(raised.value)


def test_an_export_of_an_empty_log_is_an_anchor_too(database: Database, log: AuditLog) -> None:
    written = lines(log)
    assert json.loads(written[0])["head"].startswith("0:")
    log.append("dnc", "anna", {}, at=NOON)
    assert verify(database, [Head.parse(json.loads(written[0])["head"])]).ok
    assert list(anchors_in(written, "x.jsonl")) == []
