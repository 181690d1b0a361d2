import os
from pathlib import Path

import pytest

from hw.modem.bringup import OutOfService
from hw.modem.pins import PinFile

IMEI = "490154203237518"


def later(path: Path) -> None:
    """Let a file be newer than anything written before, whatever the clock's grain."""
    newest = max(file.stat().st_mtime_ns for file in path.parent.iterdir())
    os.utime(path, ns=(newest + 1, newest + 1))


def test_without_a_file_there_is_no_pin() -> None:
    assert PinFile(None).take(IMEI) is None


def test_a_pin_that_was_accepted_may_be_used_again(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text("1234\n")
    for _ in range(3):
        assert PinFile(path).take(IMEI) == "1234"
        PinFile(path).accepted(IMEI)
    assert list(tmp_path.iterdir()) == [path]


def test_a_pin_that_was_not_accepted_is_not_given_again(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text("1234")
    PinFile(path).take(IMEI)
    with pytest.raises(OutOfService, match="write the right one into the file"):
        PinFile(path).take(IMEI)
    assert PinFile(path).take("490154203237519") == "1234"


def test_a_file_written_anew_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text("1234")
    PinFile(path).take(IMEI)
    path.write_text("4321")
    later(path)
    assert PinFile(path).take(IMEI) == "4321"


@pytest.mark.parametrize("content", ["", "12", "123456789", "12a4", "1234 5678", "PIN=1234"])
def test_what_is_no_pin_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pin"
    path.write_text(content)
    with pytest.raises(OutOfService, match="4 to 8 digits") as problem:
        PinFile(path).take(IMEI)
    assert not content or content not in str(problem.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutOfService, match="cannot read the PIN file"):
        PinFile(tmp_path / "missing").take(IMEI)
