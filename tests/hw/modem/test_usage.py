import json
from datetime import date
from pathlib import Path

import pytest

from hw.contract.driver import DriverError
from hw.modem.usage import Usage, Used

SIM = "001010123456789"


class Days:
    def __init__(self) -> None:
        self.today = date(2026, 11, 22)

    def __call__(self) -> date:
        return self.today


def test_caps_are_reached_by_calls_and_by_minutes() -> None:
    usage = Usage(None, Days())
    assert usage.spent(SIM, 1, 1) == ""
    usage.talked(SIM, 59.9)
    assert usage.spent(SIM, None, 1) == ""
    usage.talked(SIM, 0.1)
    assert usage.spent(SIM, None, 1) == "its SIM has talked 1 minutes today, the cap is 1"
    usage.placed(SIM)
    assert usage.spent(SIM, 1, None) == "its SIM has placed 1 calls today, the cap"
    assert usage.spent(SIM, None, None) == ""


def test_the_cap_of_texts_leaves_room_or_says_why_not() -> None:
    usage = Usage(None, Days())
    for _ in range(2):
        usage.texted(SIM)
    assert usage.texts_spent(SIM, None, waiting=9, needed=9) == ""
    assert usage.texts_spent(SIM, 5, waiting=1, needed=2) == ""
    assert usage.texts_spent(SIM, 4, waiting=1, needed=2) == (
        "its SIM has sent 2 texts today, 1 more waits, this one counts as 2, and the cap is 4"
    )
    assert usage.texts_spent(SIM, 2, waiting=0, needed=1) == "its SIM has sent 2 texts today, the cap"


def test_texts_are_no_calls() -> None:
    usage = Usage(None, Days())
    usage.texted(SIM)
    usage.placed("other")
    assert usage.spent(SIM, 1, 1) == ""
    assert usage.texts_spent("other", 1, waiting=0, needed=1) == ""


def test_a_file_from_before_texts_were_counted_is_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    path.write_text(json.dumps({"day": "2026-11-22", "sims": {SIM: [3, 60.0]}}))
    assert Usage(path, Days()).of(SIM) == Used(3, 60.0, 0)


def test_sims_are_counted_apart() -> None:
    usage = Usage(None, Days())
    usage.placed(SIM)
    assert usage.of("other") == Used()


def test_a_restart_forgets_nothing_and_a_new_day_everything(tmp_path: Path) -> None:
    days = Days()
    usage = Usage(tmp_path / "usage.json", days)
    usage.placed(SIM)
    usage.talked(SIM, 30)
    usage.texted(SIM)
    again = Usage(tmp_path / "usage.json", days)
    assert again.of(SIM) == Used(1, 30.0, 1)
    days.today = date(2026, 11, 23)
    assert again.of(SIM) == Used()
    assert Usage(tmp_path / "usage.json", days).of(SIM) == Used()


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"day": "2026-11-22", "sims": {"a": [1]}}', '{"day": "2026-11-22", "sims": {"a": [1, 2, 3, 4]}}'],
)
def test_a_file_that_is_not_ours_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "usage.json"
    path.write_text(content)
    with pytest.raises(DriverError, match="move it away"):
        Usage(path, Days())


def test_a_disk_that_is_full_stops_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    usage = Usage(tmp_path / "missing" / "usage.json", Days())
    usage.placed(SIM)
    assert usage.of(SIM).calls == 1
    assert "counted but not kept" in caplog.text
