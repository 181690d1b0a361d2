"""How the demo ends when it is not let to run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dialer.cli import far_end, main
from dialer.cli.demo_site import DemoPlan
from dialer.site import Site, make_site


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def demo(path: Path) -> Result:
    return CliRunner().invoke(main, ["demo", "--leads", "3", "--agents", "1", "--dir", str(path)])


@contextmanager
def no_far_end(folder: Path, plan: DemoPlan) -> Iterator[tuple[int, int]]:
    yield 9, 9


def test_ctrl_c_before_there_is_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.cli.demo.far_end", interrupted)
    result = demo(tmp_path / "demo")
    assert result.exit_code == 1
    assert "Ended by Ctrl-C." in result.output
    assert "nothing to report yet" in result.output


def test_ctrl_c_before_the_first_call_reports_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.cli.demo.far_end", no_far_end)
    monkeypatch.setattr("dialer.cli.demo._run", interrupted)
    result = demo(tmp_path / "demo")
    assert result.exit_code == 0, result.output
    assert "Ended by Ctrl-C." in result.output
    assert "0 attempts" in result.output
    assert not Site(tmp_path / "demo").open_to_others()


def test_a_directory_that_holds_a_site_already(tmp_path: Path) -> None:
    make_site(tmp_path / "demo")
    result = demo(tmp_path / "demo")
    assert result.exit_code == 1
    assert "choose another directory" in result.output


def test_the_far_end_leaves_ctrl_c_to_the_demo() -> None:
    process = far_end.start("carrier", "--help")
    try:
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        assert int(status["SigIgn"], 16) >> (signal.SIGINT - 1) & 1
        assert not int(status["SigBlk"], 16) >> (signal.SIGINT - 1) & 1
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        far_end.stop(process)
