import json
from datetime import datetime
from pathlib import Path

from dialer.farend.eventlog import EventLog


def test_lines_are_on_disk_before_the_log_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = EventLog(path)
    log.write("invite", number="+12125550123", absent=None)
    log.write("ended", why="busy")
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert first["event"] == "invite" and first["number"] == "+12125550123" and "absent" not in first
    assert datetime.fromisoformat(first["at"]).tzinfo is not None
    assert first["mono"] <= second["mono"]
    log.close()


def test_a_second_run_appends(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for _ in range(2):
        with EventLog(path) as log:
            log.write("listening")
    assert len(path.read_text().splitlines()) == 2
    assert log.counts["listening"] == 1
