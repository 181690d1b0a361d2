"""What the engine says on disk: whatever texts it has."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.model import CallbackAsked
from dialer.app import Dialer
from dialer.core import events as ev
from dialer.site import Site
from hw.contract import Cause, Ended
from hw.fake import FakeDriver, FarEnd
from tests.dialer.conftest import add_leads, fake_dialer, run_with, until

ONE, TWO = "+12125550101", "+12125550102"


async def work(dialer: Dialer, name: str) -> None:
    for verb in ("login", "ready"):
        await dialer.desk.agent_command(name, verb, {})


def call_to(driver: FakeDriver, number: str) -> str | None:
    return next((call_id for call_id, to in driver.dialed if to == number), None)


@pytest.mark.parametrize("detail", ["Occup\udce9", "\ud83d", "a \udfff\ud800 b"])
def test_what_a_line_says_of_a_calls_end_fails_no_batch(site: Site, detail: str) -> None:
    add_leads(site, ONE, TWO)
    dialer, driver = fake_dialer(site, {TWO: FarEnd()})

    async def script(dialer: Dialer) -> None:
        await work(dialer, "anna")
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        await work(dialer, "bert")
        await until(lambda: call_to(driver, TWO) is not None)
        call_id = call_to(driver, TWO)
        assert call_id is not None
        dialer.runner.post(Ended(call_id, Cause.BUSY, 486, None, detail))
        await until(lambda: len(dialer.engine.runs[1].in_flight) == 1)
        await asyncio.sleep(0.1)
        assert dialer.engine.agents["anna"].state == "INCALL"
        (row,) = await dialer.runner.in_store(
            lambda store: [row for row in store.report_attempts("spring") if row["phone"] == TWO]
        )
        assert (row["cause"], row["sip_code"]) == ("busy", 486)

    run_with(dialer, script)


def test_a_text_inside_what_a_record_holds_fails_no_batch(site: Site) -> None:
    add_leads(site, ONE)
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await work(dialer, "anna")
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        await dialer.desk.agent_command("anna", "hangup", {})
        asked = CallbackAsked(datetime.now(UTC) + timedelta(days=1), "America/New_York", "", "after lunch \ud83d")
        await dialer.runner.ask(lambda request: ev.Dispose("anna", "CALLBK", asked, request))
        kept = await dialer.runner.in_store(lambda store: store.database.rows("SELECT comments FROM callbacks"))
        assert kept == [("after lunch \ufffd",)]
        assert await dialer.runner.in_store(lambda store: store.database.rows("SELECT id FROM consents")) == []

    run_with(dialer, script)
