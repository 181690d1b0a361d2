"""What is put together for a site, and what its desk refuses."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import CampaignState
from dialer.app import Dialer, sip_driver
from dialer.config import Config, ConfigError
from dialer.runner import CommandRefused
from dialer.site import Site, default_message
from hw.fake import FarEnd
from tests.dialer.conftest import add_leads, fake_dialer, run_with, until
from tests.dialer.test_site import write_wav


def played(site: Site, message: str) -> set[Path]:
    """Abandon a call of a campaign with this message; the files that were played."""
    add_leads(site, "+12125550101", "+12125550102")
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", abandon_message=message, hold_s=0.0, mode="power", lines_per_agent=2.0)
    far_ends = {number: FarEnd(answer_s=0.05) for number in ("+12125550101", "+12125550102")}
    dialer, driver = fake_dialer(site, far_ends)
    files: set[Path] = set()
    play = driver.play
    driver.play = lambda call_id, wav: (files.add(wav), play(call_id, wav))[1]  # type: ignore[method-assign]

    async def script(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: bool(files))

    run_with(dialer, script)
    return files


def test_a_message_that_can_be_played_is_played(site: Site) -> None:
    write_wav(site.path / "mono.wav", 1)
    assert played(site, "mono.wav") == {site.path / "mono.wav"}


@pytest.mark.parametrize("message", ["stereo.wav", "missing.wav", "dialer.toml", "logs"])
def test_for_one_that_cannot_the_default_is_played_and_it_is_said(
    site: Site, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_wav(site.path / "stereo.wav", 2)
    with caplog.at_level(logging.ERROR):
        assert played(site, message) == {default_message()}
    assert "campaign spring: abandon_message" in caplog.text
    assert message in caplog.text


def test_a_site_without_any_line_says_what_to_add(site: Site) -> None:
    with pytest.raises(ConfigError, match=r"has no \[\[trunk\]\] and no \[\[station\]\].*add a \[\[trunk\]\]"):
        sip_driver(site, Config())


def test_a_site_without_trunks_or_stations_is_warned_of(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    config = site.config()
    sip_driver(site, config.model_copy(update={"trunk": ()}))
    assert "has no [[trunk]]: nothing is dialed" in caplog.text
    sip_driver(site, config.model_copy(update={"station": ()}))
    assert "has no [[station]]: no agent can log in" in caplog.text


def test_a_campaign_with_a_message_that_cannot_be_played_is_not_started(site: Site) -> None:
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", abandon_message="missing.wav", state="stopped")
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match=r"missing\.wav: cannot be read"):
            await dialer.desk.set_campaign_state("spring", CampaignState.ACTIVE)
        assert (await dialer.desk.set_campaign_state("spring", CampaignState.PAUSED)).endswith("paused")

    run_with(dialer, script)


def test_a_new_run_remembers_what_earlier_ones_abandoned(site: Site) -> None:
    played(site, "")
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await until(lambda: bool(dialer.engine.runs))
        counted = await dialer.runner.in_store(lambda store: store.report_abandonment("spring"))
        assert counted["abandoned"] > 0
        pacer: Any = dialer.engine.runs[1].pacer
        assert (pacer.ledger.connected, pacer.ledger.abandoned) == (counted["connected"], counted["abandoned"])

    run_with(dialer, script)


def test_asking_to_drain_twice_does_not_stop(site: Site) -> None:
    add_leads(site, "+12125550101")
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: dialer.engine.agents["anna"].state == "INCALL")
        dialer.drain()
        dialer.drain()
        await until(lambda: dialer.engine.draining)
        await asyncio.sleep(0.05)
        assert not dialer.engine.stopping
        assert dialer.engine.agents["anna"].state == "INCALL"
        dialer.drain_or_stop()
        await until(lambda: dialer.engine.stopping)

    run_with(dialer, script)


def test_a_status_is_understood_in_small_letters(site: Site) -> None:
    add_leads(site, "+12125550101")
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        await dialer.desk.agent_command("anna", "pause", {})
        await dialer.desk.agent_command("anna", "hangup", {})
        await dialer.desk.agent_command("anna", "dispose", {"status": " sale "})
        rows = await dialer.runner.in_store(lambda store: store.report_attempts("spring"))
        assert [row["status"] for row in rows] == ["SALE"]

    run_with(dialer, script)
