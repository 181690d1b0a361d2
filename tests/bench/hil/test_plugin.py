"""The pytest plugin, in a pytest of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.hil.scenario import load_scenario
from bench.hil.wiring import load_bench

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


def blocks(language: str) -> list[str]:
    """The examples of docs/bench.md in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "docs" / "bench.md").read_text(), re.DOTALL | re.MULTILINE)


def test_the_test_in_the_documentation_runs_as_it_stands(tmp_path: Path) -> None:
    [example] = [block for block in blocks("python") if "def test_" in block]
    (tmp_path / "test_documented.py").write_text(example)
    expect = '[[step]]\nexpect = "Ended"\ncall = "a"\nwithin_s = 5\nwhere = { cause = '
    (tmp_path / "mine.toml").write_text(HEAD + DIAL + expect + '"busy" }\n')
    assert "1 passed" in pytest_in(tmp_path, "--bench", "fake")
    (tmp_path / "mine.toml").write_text(HEAD + DIAL + expect + '"normal" }\n')
    assert "1 failed" in pytest_in(tmp_path, "--bench", "fake")


def test_the_files_in_the_documentation_are_read_as_they_stand(tmp_path: Path) -> None:
    bench_toml, scenario = blocks("toml")
    (tmp_path / "bench.toml").write_text(bench_toml)
    (tmp_path / "one.toml").write_text(scenario)
    assert "gateway/unplug" in {each.name for each in load_bench(tmp_path / "bench.toml").load_scenarios()}
    assert load_scenario(tmp_path / "one.toml").judges
