"""The person at the bench."""

import asyncio
import io
import os
from collections.abc import Iterator

import pytest

from bench.hil.files import BenchError
from bench.hil.person import AtTerminal, Nobody


def test_a_person_is_asked_and_presses_enter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    asyncio.run(AtTerminal().ask("switch board off"))
    assert "switch board off, then press Enter" in capsys.readouterr().err


def test_a_terminal_that_ends_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(BenchError, match="the terminal ended"):
        asyncio.run(AtTerminal().ask("switch board off"))


class _Pipe:
    def __init__(self) -> None:
        self.out, self.into = os.pipe()

    def fileno(self) -> int:
        return self.out

    def close(self) -> None:
        os.close(self.out)
        os.close(self.into)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Pipe]:
    pipe = _Pipe()
    monkeypatch.setattr("sys.stdin", pipe)
    yield pipe
    pipe.close()


def test_each_enter_answers_one_question(typed: _Pipe) -> None:
    async def main() -> None:
        os.write(typed.into, b"yes\n\n")
        async with asyncio.timeout(10):
            await AtTerminal().ask("one")
            await AtTerminal().ask("two")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await AtTerminal().ask("three")

    asyncio.run(main())


def test_a_question_that_is_cancelled_waits_for_nobody(typed: _Pipe) -> None:
    async def main() -> None:
        question = asyncio.create_task(AtTerminal().ask("switch board off"))
        os.write(typed.into, b"y")  # And never Enter.
        await asyncio.sleep(0.05)
        question.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([question])
        assert question.cancelled()

    asyncio.run(main())


def test_nobody_does_nothing() -> None:
    with pytest.raises(BenchError, match="nobody is at the bench to do this: pick up"):
        asyncio.run(Nobody().ask("pick up"))
