"""The bench as a process that is ended from outside: nothing of it is left."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.hil.signals import ended_like_ctrl_c

PATIENCE_S = 30.0
ROOT = Path(__file__).parents[3]
BENCH = [sys.executable, "-c", "from bench.hil.cli import bench; bench()"]
SCENARIO = """
title = "Long"
for = ["modem", "gateway", "headset"]
[[step]]
do = "wait"
s = 600
"""


def until(condition: Callable[[], object]) -> None:
    end_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.02)


def started(folder: Path, *arguments: str, ignored: int | None = None) -> "subprocess.Popen[bytes]":
    def ignore() -> None:
        if ignored is not None:
            signal.signal(ignored, signal.SIG_IGN)

    with (folder / "said").open("wb") as said:
        return subprocess.Popen(
            [*BENCH, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said, preexec_fn=ignore, cwd=ROOT
        )


def bench_of(folder: Path, kind: str, emulated: str) -> tuple[str, str]:
    """A bench whose device has a name of its own, by which its folder in /tmp is found."""
    name = f"{kind}-{folder.name}-{os.getpid()}"
    (folder / "long.toml").write_text(SCENARIO)
    (folder / "bench.toml").write_text(
        f'title = "Long"\nscenarios = ["long.toml"]\n'
        f'[[device]]\nname = "{name}"\nkind = "{kind}"\nemulated = "{emulated}"\n'
    )
    return str(folder / "bench.toml"), name


def ports_of(name: str) -> list[Path]:
    return list(Path("/tmp").glob(f"bench-*/{name}"))


def children(pid: int) -> list[int]:
    return [int(number) for task in Path(f"/proc/{pid}/task").iterdir() for number in _children_of(task)]


def _children_of(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize(("kind", "emulated"), [("modem", "quectel"), ("headset", "handsfree")])
def test_a_run_that_is_ended_leaves_no_folder(tmp_path: Path, kind: str, emulated: str, number: int) -> None:
    bench, name = bench_of(tmp_path, kind, emulated)
    process = started(tmp_path, "run", bench, "--report", str(tmp_path / "out"))
    until(lambda: ports_of(name))
    [folder] = [found.parent for found in ports_of(name)]
    process.send_signal(number)
    assert process.wait(PATIENCE_S) != 0
    assert not folder.exists()
    assert "Traceback" not in (tmp_path / "said").read_text()


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm")
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi")
def test_a_run_with_a_board_that_is_ended_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    bench, name = bench_of(tmp_path, "gateway", "qemu")
    process = started(tmp_path, "run", bench, "--report", str(tmp_path / "out"))
    until(lambda: ports_of(name))
    [qemu] = children(process.pid)
    command = Path(f"/proc/{qemu}/cmdline").read_text()
    board = Path(command[command.index("/tmp/board-") :].split("/uart")[0])
    assert board.is_dir()
    process.terminate()
    assert process.wait(PATIENCE_S) != 0
    assert not lives(qemu)
    assert not board.exists()
    assert ports_of(name) == []


def test_a_run_from_a_script_in_the_background_ends_as_well(tmp_path: Path) -> None:
    bench, name = bench_of(tmp_path, "modem", "plain")
    process = started(tmp_path, "run", bench, "--report", str(tmp_path / "out"), ignored=signal.SIGINT)
    until(lambda: ports_of(name))
    process.terminate()
    assert process.wait(PATIENCE_S) != 0
    assert ports_of(name) == []


def test_a_run_that_outlives_its_terminal_by_nohup_goes_on(tmp_path: Path) -> None:
    bench, name = bench_of(tmp_path, "modem", "plain")
    process = started(tmp_path, "run", bench, "--report", str(tmp_path / "out"), ignored=signal.SIGHUP)
    until(lambda: ports_of(name))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert ports_of(name)
    process.terminate()
    process.wait(PATIENCE_S)
    assert ports_of(name) == []


def test_a_run_whose_terminal_is_closed_leaves_no_folder_and_still_its_report(tmp_path: Path) -> None:
    bench, name = bench_of(tmp_path, "modem", "plain")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(BENCH[0], [*BENCH, "run", bench, "--report", str(tmp_path / "out")])
    until(lambda: ports_of(name))
    os.close(terminal)
    os.waitpid(pid, 0)
    assert ports_of(name) == []
    assert (tmp_path / "out" / "index.html").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_wire_that_is_ended_takes_its_link_away(tmp_path: Path, number: int) -> None:
    link = tmp_path / "tty"
    process = started(tmp_path, "wire", "/dev/ttyNOPE", str(link))
    until(link.is_symlink)
    until(lambda: "tried again" in (tmp_path / "said").read_text())
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == 0
    assert not link.is_symlink()
    said = (tmp_path / "said").read_text()
    assert (
        "/dev/ttyNOPE: no such device; is it plugged in, and is the port's name right? (tried again until it opens)"
        in said
    )
    assert "to_host: Counters(units=0" in said


def test_the_signal_is_in_the_exit_code_and_later_ones_change_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, ended_like_ctrl_c():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGHUP)
            raise
    assert ended.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_stays_what_it_is() -> None:
    with pytest.raises(KeyboardInterrupt), ended_like_ctrl_c():
        signal.raise_signal(signal.SIGINT)
