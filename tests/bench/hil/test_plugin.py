"""The pytest plugin, in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAD = 'title = "A call"\nfor = ["trunk"]\n'
DIAL = '[[step]]\ndo = "dial"\ncall = "a"\nto = "busy"\n'
TEST = """
from bench.hil.scenario import State

def test_story(bench):
    async def story(runner):
        return runner.strategy.state

    assert bench.run(story, State.READY) is State.READY
"""


def pytest_in(folder: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "bench.hil.plugin",
        "-p",
        "no:cacheprovider",
        "-rs",
        "-v",
        *arguments,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    expect = '[[step]]\nexpect = "Ended"\ncall = "a"\nwithin_s = 5\nwhere = { cause = '
    (tmp_path / "right.scenario.toml").write_text(HEAD + DIAL + expect + '"busy" }\n')
    (tmp_path / "wrong.scenario.toml").write_text(HEAD + DIAL + expect + '"normal" }\n')
    (tmp_path / "wired.scenario.toml").write_text(HEAD + '[[step]]\ndo = "wire"\nact = "cut"\n')
    (tmp_path / "test_story.py").write_text(TEST)
    return tmp_path


def test_scenario_files_and_stories_are_run_on_the_bench_that_is_named(folder: Path) -> None:
    said = pytest_in(folder, "--bench", "fake")
    assert "2 passed" in said
    assert "1 failed" in said
    assert "no Ended cause=normal of call a, but Ended cause=busy" in said
    assert "the bench cannot do this here: wire" in said


def test_without_a_bench_nothing_of_it_is_run(folder: Path) -> None:
    said = pytest_in(folder)
    assert "1 skipped" in said
    assert "needs a bench: --bench BENCH" in said


def test_a_bench_that_there_is_not_is_a_usage_error(folder: Path) -> None:
    assert "none of the benches that ship" in pytest_in(folder, "--bench", "nowhere")
