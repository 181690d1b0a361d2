"""Power by command, and the driver's events on the timeline."""

import asyncio
from pathlib import Path

import pytest

from bench.hil.devices import base
from bench.hil.devices.base import run_command
from bench.hil.files import BenchError
from bench.hil.timeline import Timeline
from hw.contract import Cause, Ended, Joined, MuteChanged, Ringing, TrunkLines
from tests.bench.hil.fakes import NotedDevice


def test_a_power_command_is_run(tmp_path: Path) -> None:
    asyncio.run(run_command(f"touch {tmp_path}/on", "board"))
    assert (tmp_path / "on").exists()


def test_a_power_command_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(BenchError, match=r"board: 'echo no such hub; false' failed: no such hub"):
        asyncio.run(run_command("echo no such hub; false", "board"))


def test_a_power_command_that_fails_without_a_word_is_told_with_its_exit_code() -> None:
    with pytest.raises(BenchError, match=r"m: 'exit 3' failed: it said nothing \(exit code 3\)"):
        asyncio.run(run_command("exit 3", "m"))


def test_a_power_command_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "COMMAND_LIMIT_S", 0.05)
    with pytest.raises(BenchError, match="does not end"):
        asyncio.run(run_command("exec sleep 60", "board"))


def lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_power_command_ends_with_the_bench_and_all_that_it_started(tmp_path: Path) -> None:
    async def main() -> None:
        command = asyncio.create_task(run_command(f"sleep 60 & echo $! > {tmp_path}/pid; wait", "board"))
        async with asyncio.timeout(10):
            while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text().endswith("\n"):
                await asyncio.sleep(0.01)
        command.cancel()
        with pytest.raises(asyncio.CancelledError):
            await command
        async with asyncio.timeout(10):
            while lives((tmp_path / "pid").read_text().strip()):
                await asyncio.sleep(0.01)

    asyncio.run(main())


def test_events_go_to_the_timeline_under_the_scenarios_names() -> None:
    async def main() -> list[str]:
        device = NotedDevice(Timeline(asyncio.get_running_loop()))
        device.name_call("a-1", "a")
        device.name_call("b-2", "b")
        for event in (
            Ringing("a-1"),
            Joined("a-1", "b-2"),
            MuteChanged("b-2", False),
            Ended("a-1", Cause.BUSY, 486),
            TrunkLines("lines", 3, "line 1 is dead"),
        ):
            device.heard(event)
        return [f"{entry.subject}: {entry.text()}" for entry in device.timeline.entries]

    assert asyncio.run(main()) == [
        "a: Ringing",
        "a: Joined peer=b",
        "b: MuteChanged muted=False",
        "a: Ended cause=busy sip_code=486",
        "lines: TrunkLines lines=3 line 1 is dead",
    ]
