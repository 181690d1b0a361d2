"""The person at the bench."""

import asyncio
import io

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


def test_nobody_does_nothing() -> None:
    with pytest.raises(BenchError, match="nobody is at the bench to do this: pick up"):
        asyncio.run(Nobody().ask("pick up"))
