"""The shell: commits before it acts, serves commands, drains, stops, and starts again soundly."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.model import CallingWindow
from campaigns.store import Store
from dialer.app import Dialer
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.runner import CommandRefused, StoreFailed
from dialer.sim.checkers import check_store
from dialer.site import Site
from hw.fake import FakeDriver, FarEnd
from tests.dialer.conftest import add_leads, fake_dialer, run_with, until

ONE, TWO = "+12125550101", "+12125550102"


async def work(dialer: Dialer, *names: str) -> None:
    for name in names:
        await dialer.desk.agent_command(name, "login", {})
        await dialer.desk.agent_command(name, "ready", {})


def called(driver: FakeDriver) -> list[str]:
    """Customers' numbers in the order of their calls."""
    return [number for call_id, number in driver.dialed if call_id.startswith("a")]


def attempts(site: Site) -> list[dict[str, Any]]:
    with Store.open(site.path / "dialer.db") as store:
        check_store(store, "spring")
        return store.report_attempts("spring")


def test_a_campaign_from_lead_to_disposition(site: Site) -> None:
    add_leads(site, ONE, TWO)
    dialer, driver = fake_dialer(site, {TWO: FarEnd(fail_s=0.05, sip_code=486, q850=17)})

    async def script(dialer: Dialer) -> None:
        await work(dialer, "anna")
        await until(lambda: dialer.engine.agents["anna"].state == "INCALL")
        await until(lambda: bool(driver.joined))
        await dialer.desk.agent_command("anna", "hangup", {})
        assert "SALE" in await dialer.desk.agent_command("anna", "dispose", {"status": "SALE"})
        await until(lambda: dialer.engine.runs[1].tally.attempts == 2 and dialer.engine.idle)

    run_with(dialer, script)
    first, second = attempts(site)
    assert (first["status"], first["agent"]) == ("SALE", "anna")
    assert first["connected_at"] is not None
    assert (second["status"], second["sip_code"], second["q850"]) == ("AB", 486, 17)
    assert called(driver) == [ONE, TWO]


def test_an_attempt_is_on_disk_before_its_call_is_placed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add_leads(site, ONE)
    dialer, driver = fake_dialer(site)
    seen: list[str] = []
    dial = driver.dial

    def dial_after_looking(call_id: str, trunk: str, number: str, caller_id: str) -> None:
        with Store.open(site.path / "dialer.db") as other:
            seen.extend(row["phone"] for row in other.report_attempts("spring"))
        dial(call_id, trunk, number, caller_id)

    monkeypatch.setattr(driver, "dial", dial_after_looking)

    async def script(dialer: Dialer) -> None:
        await work(dialer, "anna")
        await until(lambda: bool(called(driver)))

    run_with(dialer, script)
    assert seen == [ONE]


def test_a_number_put_on_the_dnc_list_meanwhile_is_not_called(site: Site) -> None:
    add_leads(site, ONE, TWO)
    dialer, driver = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {})
        await until(lambda: not dialer.engine.runs[1].refill_pending)
        dialer.engine.runs[1].admit(dialer.store.refill(1, 10, dialer.runner._wall_clock(), ()).leads)
        dialer.store.add_dnc(ONE, "manual")
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: bool(called(driver)))

    run_with(dialer, script)
    assert called(driver) == [TWO]
    assert [row["phone"] for row in attempts(site)] == [TWO]


def test_when_records_cannot_be_written_no_call_is_placed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add_leads(site, ONE)
    dialer, driver = fake_dialer(site)
    commit = dialer.runner._journal.commit

    def full_disk(records: tuple[rec.Record, ...]) -> list[Any]:
        if any(isinstance(r, rec.AttemptReserved) for r in records):
            raise OSError("disk full")
        return commit(records)

    monkeypatch.setattr(dialer.runner._journal, "commit", full_disk)

    async def run() -> None:
        running = asyncio.get_running_loop().create_task(dialer.run())
        await asyncio.sleep(0.05)
        await work(dialer, "anna")
        await asyncio.wait_for(running, 10.0)

    with pytest.raises(StoreFailed, match="disk full"):
        asyncio.run(run())
    assert called(driver) == []


def test_drain_lets_the_talk_finish_and_dials_no_more(site: Site) -> None:
    add_leads(site, ONE, TWO, "+12125550103")
    dialer, driver = fake_dialer(site)

    async def run() -> None:
        running = asyncio.get_running_loop().create_task(dialer.run())
        await asyncio.sleep(0.05)
        await work(dialer, "anna")
        await until(lambda: dialer.engine.agents["anna"].state == "INCALL")
        await until(lambda: bool(driver.joined))
        dialer.drain_or_stop()
        await asyncio.sleep(0.3)
        assert not running.done(), "the talk goes on"
        dialed = called(driver)
        await dialer.desk.agent_command("anna", "hangup", {})
        await dialer.desk.agent_command("anna", "dispose", {"status": "NI"})
        await asyncio.wait_for(running, 10.0)
        assert called(driver) == dialed

    asyncio.run(asyncio.wait_for(run(), 20.0))
    dialer.store.close()
    assert attempts(site)[0]["status"] == "NI"


def test_what_an_earlier_run_left_open_is_closed_as_lost(site: Site) -> None:
    add_leads(site, ONE, TWO)
    with Store.open(site.path / "dialer.db") as store:
        now = datetime.now(UTC)
        leads = store.refill(1, 2, now, ()).leads
        with store.transaction():
            for number, lead in enumerate(leads):
                assert (
                    store.reserve_attempt(
                        number + 1, 1, lead.lead_id, lead.phone.phone_id, lead.phone.e164, "carrier", "", now
                    )
                    is None
                )
            store.mark_answered(2, now)
    dialer, _ = fake_dialer(site)
    pacer: Any = dialer.engine.runs[1].pacer
    assert (pacer.ledger.live, pacer.ledger.abandoned) == (1, 1), "counted in the running window"
    dialer.store.close()
    first, second = attempts(site)
    assert (first["status"], first["outcome"]) == ("ERI", "lost")
    assert (second["status"], second["outcome"]) == ("DROP", "abandoned")


def test_refusals_reach_the_person_who_asked(site: Site) -> None:
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match="not logged in"):
            await dialer.desk.agent_command("anna", "ready", {})
        await work(dialer, "anna")
        with pytest.raises(CommandRefused, match="already logged in"):
            await dialer.desk.agent_command("anna", "login", {})
        with pytest.raises(CommandRefused, match="no call to dispose of"):
            await dialer.desk.agent_command("anna", "dispose", {"status": "SALE"})

    run_with(dialer, script)


def test_the_store_ends_with_every_agent_logged_out(site: Site) -> None:
    dialer, _ = fake_dialer(site)
    run_with(dialer, lambda dialer: work(dialer, "anna", "bert"))
    with Store.open(site.path / "dialer.db") as store:
        rows = store.database.rows("SELECT agent, state FROM agent_log ORDER BY id")
    assert dict(rows) == {"anna": "LOGGED_OUT", "bert": "LOGGED_OUT"}


def test_the_abandoned_message_of_the_site_is_there(site: Site) -> None:
    from dialer.site import default_message

    assert default_message().stat().st_size > 10_000
    assert isinstance(default_message(), Path)


def test_who_asks_after_the_end_is_told_so(site: Site) -> None:
    dialer, _ = fake_dialer(site)

    async def story() -> None:
        running = asyncio.get_running_loop().create_task(dialer.run())
        dialer.drain_or_stop()
        dialer.drain_or_stop()
        await running
        for asking in (dialer.desk.agents(), dialer.desk.agent_command("anna", "login", {})):
            with pytest.raises(CommandRefused, match="has stopped"):
                await asyncio.wait_for(asking, 5.0)
        with pytest.raises(CommandRefused, match="has stopped"):
            await asyncio.wait_for(dialer.runner.ask(lambda request: ev.MakeReady("anna", request)), 5.0)
        dialer.store.close()

    asyncio.run(story())


def test_a_call_whose_hours_end_while_it_is_written_is_not_placed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add_leads(site, ONE)
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", window=CallingWindow(time(9), time(21)))
    dialer, driver = fake_dialer(site)
    commit = dialer.runner._journal.commit
    wall = [datetime(2026, 11, 23, 20, 59, 58, tzinfo=ZoneInfo("America/New_York"))]
    monkeypatch.setattr(dialer.runner, "_wall_clock", lambda: wall[0].astimezone(UTC))

    def slow_disk(records: tuple[rec.Record, ...]) -> list[Any]:
        vetoes = commit(records)
        if any(isinstance(r, rec.AttemptReserved) for r in records):
            wall[0] += timedelta(seconds=4)
        return vetoes

    monkeypatch.setattr(dialer.runner._journal, "commit", slow_disk)

    async def script(dialer: Dialer) -> None:
        await work(dialer, "anna")
        await until(lambda: bool(dialer.engine.runs[1].tally.attempts) and dialer.engine.idle)

    run_with(dialer, script)
    assert called(driver) == []
    (row,) = attempts(site)
    assert (row["outcome"], row["detail"]) == ("congestion", "not placed: outside_window")
