"""pytest plugin: scenario files are tests, and the fixture `bench` brings a device to a state for tests in Python.

Files named *.scenario.toml are collected when --bench names a bench (a bench.toml, or one that ships). It is loaded by
the entry point group pytest11, so it imports nothing of the bench before it is used.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.hil.runner import Outcome, Runner
    from bench.hil.scenario import State
    from bench.hil.wiring import Wiring

SUFFIX = ".scenario.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """--bench and --bench-seed."""
    group = parser.getgroup("bench", "hardware in the loop")
    group.addoption("--bench", metavar="BENCH", help="a bench.toml, or the name of a bench that ships, to run tests on")
    group.addoption("--bench-seed", type=int, default=0, help="decides the faults and waits that a bench draws")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Scenario files are tests on the bench that --bench names."""
    if file_path.name.endswith(SUFFIX) and parent.config.getoption("--bench"):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    """One scenario; a test for each device of the bench that it is for."""

    def collect(self) -> Iterator["ScenarioTest"]:
        from bench.hil.scenario import load_scenario

        kinds = load_scenario(self.path).kinds
        for device in _wiring(self.config).devices:
            if device.kind in kinds:
                yield ScenarioTest.from_parent(self, name=device.name)


class ScenarioFailed(Exception):
    """A scenario did not go as it must."""


class ScenarioTest(pytest.Item):
    """A scenario on one device."""

    def runtest(self) -> None:
        from bench.hil.runner import Verdict
        from bench.hil.scenario import load_scenario

        scenario = load_scenario(self.path)

        async def run(runner: "Runner") -> "Outcome":
            return await runner.run(scenario)

        outcome = Bench(_wiring(self.config), self.name, self.config.getoption("--bench-seed")).run(run)
        if outcome.verdict is Verdict.NOT_TRIED:
            pytest.skip(outcome.reason)
        if outcome.verdict is not Verdict.PASSED:
            raise ScenarioFailed(f"{scenario.title}, on {self.name}: {outcome.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"scenario: {self.path.name} on {self.name}"


class Bench:
    """One device of a bench, for tests in Python."""

    def __init__(self, wiring: "Wiring", device: str, seed: int) -> None:
        self.wiring = wiring
        self._device = device
        self._seed = seed

    def run(self, story: "Callable[[Runner], Coroutine[Any, Any, Any]]", state: "State | None" = None) -> Any:
        """Run an async story to its end, and switch the device off.

        The story gets a `Runner` whose device is in `state`. Raises BenchError when that is not reached.
        """
        return asyncio.run(self._run(story, state))

    async def _run(self, story: "Callable[[Runner], Coroutine[Any, Any, Any]]", state: "State | None") -> Any:
        from bench.hil.runner import Runner
        from bench.hil.session import make_device
        from bench.hil.timeline import Timeline

        table = next(table for table in self.wiring.devices if table.name == self._device)
        runner = Runner(make_device(table, Timeline(asyncio.get_running_loop()), self._seed), self._seed)
        try:
            if state is not None:
                await runner.strategy.reach(state)
            return await story(runner)
        finally:
            await runner.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    """The first device of the bench that --bench names; the test is skipped without it."""
    if not request.config.getoption("--bench"):
        pytest.skip("needs a bench: --bench BENCH")
    wiring = _wiring(request.config)
    return Bench(wiring, wiring.devices[0].name, request.config.getoption("--bench-seed"))


def _wiring(config: pytest.Config) -> "Wiring":
    from bench.hil.files import BenchError
    from bench.hil.wiring import find_bench

    try:
        return find_bench(config.getoption("--bench"))
    except BenchError as error:
        raise pytest.UsageError(str(error)) from error
