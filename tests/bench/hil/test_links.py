"""Links to ptys: what is there is never lost."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.hil.files import BenchError
from bench.hil.links import drop_link, make_link

GONE = "/dev/pts/987654321"


@pytest.fixture
def pty() -> Iterator[str]:
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_link_is_made_where_nothing_is_and_dropped_again(tmp_path: Path, pty: str) -> None:
    link = tmp_path / "modem"
    make_link(link, pty)
    assert str(link.readlink()) == pty
    drop_link(link, pty)
    assert list(tmp_path.iterdir()) == []
    drop_link(link, pty)


def test_a_link_that_was_left_behind_is_taken_over(tmp_path: Path, pty: str) -> None:
    link = tmp_path / "modem"
    link.symlink_to(GONE)
    make_link(link, pty)
    assert str(link.readlink()) == pty


def test_a_pty_name_that_the_kernel_gave_out_again_is_ours(tmp_path: Path, pty: str) -> None:
    link = tmp_path / "modem"
    link.symlink_to(pty)
    make_link(link, pty)
    assert str(link.readlink()) == pty


def test_a_link_in_use_is_refused_and_stays(tmp_path: Path, pty: str) -> None:
    link = tmp_path / "modem"
    master, slave = os.openpty()
    link.symlink_to(os.ttyname(slave))
    with pytest.raises(BenchError, match="modem: in use: it leads to /dev/pts/"):
        make_link(link, pty)
    assert str(link.readlink()) == os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_file_is_refused_and_keeps_its_content(tmp_path: Path, pty: str) -> None:
    file = tmp_path / "bench.toml"
    file.write_text("mine")
    with pytest.raises(BenchError, match=r"bench\.toml: there is a file, which is not replaced; name a path where"):
        make_link(file, pty)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("target", ["/nowhere/else", "bench.toml"])
def test_somebody_elses_link_is_refused_even_when_it_leads_nowhere(tmp_path: Path, pty: str, target: str) -> None:
    link = tmp_path / "modem"
    link.symlink_to(target)
    with pytest.raises(BenchError, match=f"it is a link to {target}, which is not replaced"):
        make_link(link, pty)
    assert str(link.readlink()) == target


def test_directories_and_devices_are_refused(tmp_path: Path, pty: str) -> None:
    with pytest.raises(BenchError, match="there is a directory"):
        make_link(tmp_path, pty)
    with pytest.raises(BenchError, match="there is a device"):
        make_link(Path("/dev/null"), pty)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path, pty: str) -> None:
    with pytest.raises(BenchError, match="no link can be made there: No such file or directory"):
        make_link(tmp_path / "none" / "modem", pty)


def test_only_the_own_link_is_dropped(tmp_path: Path, pty: str) -> None:
    link = tmp_path / "modem"
    link.symlink_to("/dev/pts/1")
    drop_link(link, pty if pty != "/dev/pts/1" else GONE)
    assert link.is_symlink()
    file = tmp_path / "file"
    file.write_text("mine")
    drop_link(file, pty)
    assert file.read_text() == "mine"
