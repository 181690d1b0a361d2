import io
from datetime import datetime
from pathlib import Path

import pytest

from campaigns.store import StoreError
from tests.campaigns.desk import Desk


def test_adding_and_checking(desk: Desk, now: datetime) -> None:
    assert desk.store.dnc_check("+12125550101") is None
    assert desk.store.add_dnc("+12125550101", "caller", now)
    assert not desk.store.add_dnc("+12125550101", "again", now)
    hit = desk.store.dnc_check("+12125550101")
    assert hit is not None and (hit.source, hit.added_at) == ("caller", now)


@pytest.mark.parametrize("number", ["2125550101", "+0125550101", "", "+1212555010123456"])
def test_only_e164_is_taken(desk: Desk, now: datetime, number: str) -> None:
    with pytest.raises(ValueError, match=r"not E\.164"):
        desk.store.add_dnc(number, "caller", now)
    with pytest.raises(ValueError, match=r"not E\.164"):
        desk.store.dnc_check(number)


def test_importing_all_the_forms(desk: Desk, now: datetime) -> None:
    text = (
        "Area Code,Phone Number\n"
        "# change list\n"
        "212,5550101\n"
        '"212","5550102"\n'
        "2125550103\n"
        "\n"
        "(212) 555-0104\n"
        "+442079460105\n"
        "hello\n"
        "123\n"
        "2125550101\n"
    )
    counts = desk.store.import_dnc(io.StringIO(text), "US", label="june", at=now)
    assert {key: counts[key] for key in ("read", "added", "already", "bad")} == {
        "read": 8,
        "added": 5,
        "already": 1,
        "bad": 2,
    }
    assert [(line["line"], line["text"]) for line in counts["bad_lines"]] == [(9, "hello"), (10, "123")]
    assert counts["bad_lines"][1]["reason"] == "too few digits for US"
    for number in ("+12125550101", "+12125550102", "+12125550103", "+12125550104", "+442079460105"):
        hit = desk.store.dnc_check(number)
        assert hit is not None and hit.source == "june"


def test_files_streams_and_regions(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "uk.txt"
    path.write_bytes(b"\xef\xbb\xbf020 7946 0101\r\n020,79460102\r\n")
    assert desk.store.import_dnc(path, "GB")["added"] == 2
    hit = desk.store.dnc_check("+442079460101")
    assert hit is not None and hit.source == "uk.txt"
    stream = io.BytesIO(b"020 7946 0103\n\xff\xfe\n")
    counts = desk.store.import_dnc(stream, "GB")
    assert (counts["added"], counts["bad"]) == (1, 1)
    assert not stream.closed
    with pytest.raises(StoreError, match=r"none\.txt: cannot be read"):
        desk.store.import_dnc(tmp_path / "none.txt", "GB")
