"""What the engine says on disk: whatever texts it has."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.model import CallbackAsked
from dialer.app import Dialer
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.journal import Journal
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

    run_with(dialer, script)


@pytest.mark.parametrize("consented", [False, True])
def test_that_a_debtor_asked_for_the_call_is_kept_with_the_callback(site: Site, *, consented: bool) -> None:
    add_leads(site, ONE)
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    with site.open_store(site.config()) as store:
        (phone_id,) = [phone["phone_id"] for phone in store.lead("spring", 1)["phones"]]
        asked = CallbackAsked(now + timedelta(days=1), "America/New_York", consented=consented)
        made = rec.CallbackMade(1, 1, 1, phone_id, asked, None, "anna", now)
        assert Journal(store).commit([made]) == []
        assert [each.at for each in store.callbacks.listing(1)] == [asked.at]
        kept = [(each.consent.phone, each.consent.evidence) for each in store.consents.records([1])]
    assert len(kept) == consented
    for phone, evidence in kept:
        assert phone == ONE
        assert "told by anna" in evidence and "asked to be called at 2026-11-24T15:00+00:00" in evidence
