"""Signals to a running site."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from dialer.api.service import run_site
from dialer.app import Dialer
from dialer.config import Config
from dialer.site import Site
from tests.dialer.conftest import add_leads, fake_dialer, until


@pytest.fixture
def handlers() -> Iterator[None]:
    """Signals are heeded, also where the tests run under nohup, and as before afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def on_fake_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(site: Site, config: Config) -> Dialer:
        return fake_dialer(site)[0]

    monkeypatch.setattr("dialer.api.service.build", build)
    monkeypatch.setattr("dialer.api.service.trunk_problem", lambda trunk: None)


async def talk(dialer: Dialer) -> None:
    """Until anna talks."""
    await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
    await dialer.desk.agent_command("anna", "ready", {})
    await until(lambda: dialer.engine.runs[1].tally.connected == 1)


@pytest.mark.usefixtures("handlers", "on_fake_lines")
def test_a_closed_terminal_drains_and_a_second_hang_up_changes_nothing(site: Site) -> None:
    add_leads(site, "+12125550101")
    seen: list[bool] = []

    async def script(dialer: Dialer, api: str) -> None:
        await talk(dialer)
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: dialer.engine.draining)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.1)
        seen.append(dialer.engine.stopping)
        await dialer.desk.agent_command("anna", "hangup", {})
        await dialer.desk.agent_command("anna", "dispose", {"status": "SALE"})

    run_site(site, site.config(), script)
    assert seen == [False]
    with site.open_store(site.config()) as store:
        assert [row["status"] for row in store.report_attempts("spring")] == ["SALE"]


@pytest.mark.usefixtures("handlers", "on_fake_lines")
def test_under_nohup_a_closed_terminal_is_ignored(site: Site) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    seen: list[bool] = []

    async def script(dialer: Dialer, api: str) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.1)
        seen.append(dialer.end_asked)
        os.kill(os.getpid(), signal.SIGTERM)

    run_site(site, site.config(), script)
    assert seen == [False]
