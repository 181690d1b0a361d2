"""What is put together for a site, and what its desk refuses."""

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import CampaignState
from campaigns.store import Store
from dialer.app import Dialer, build
from dialer.config import Config, ConfigError
from dialer.runner import CommandRefused
from dialer.site import Site, default_message
from hw.fake import FarEnd
from pacing import Pacer
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
        build(site, Config())


def test_a_site_without_trunks_or_stations_is_warned_of(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    config = site.config()
    build(site, config.model_copy(update={"trunk": ()})).store.close()
    assert "has no [[trunk]]: nothing is dialed" in caplog.text
    build(site, config.model_copy(update={"station": ()})).store.close()
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


def unfit(site: Site) -> None:
    """The site's active campaign comes to dial on a modem without voice, which no station can be joined with."""
    file = site.path / "dialer.toml"
    file.write_text(f'{file.read_text()}\n[[trunk]]\nname = "gsm"\nkind = "modem"\nport = "/dev/no-modem"\n')
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", trunks="gsm")


def test_an_active_campaign_that_no_station_can_take_is_warned_of_at_the_start(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    fake_dialer(site)[0].store.close()
    assert not [record for record in caplog.records if "spring" in record.message]
    unfit(site)
    fake_dialer(site)[0].store.close()
    (told,) = [record for record in caplog.records if "no station can take all its calls" in record.message]
    assert told.levelno == logging.WARNING and told.message.startswith("campaign spring: trunks: ")


def test_a_campaign_that_rests_is_not_warned_of(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    unfit(site)
    with site.open_store(site.config()) as store:
        store.set_campaign_state("spring", CampaignState.PAUSED)
    fake_dialer(site)[0].store.close()
    assert "no station can take" not in caplog.text


def test_why_lines_names_what_cannot_be_joined(site: Site) -> None:
    dialer, _ = fake_dialer(site)
    assert "cannot be joined" not in str(asyncio.run(dialer.desk.why_lines("spring")))
    dialer.store.close()
    unfit(site)
    dialer, _ = fake_dialer(site)
    (told,) = asyncio.run(dialer.desk.why_lines())["campaigns"]
    dialer.store.close()
    assert "trunk gsm and station desk1 cannot be joined" in told["obstacles"][-1]


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


def work_a_call(site: Site) -> Dialer:
    """Anna talks to one person and disposes; the dialer after its end."""
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        await dialer.desk.agent_command("anna", "hangup", {})
        await dialer.desk.agent_command("anna", "dispose", {"status": "NI"})

    run_with(dialer, script)
    return dialer


def test_what_the_pacer_learned_is_taken_up_at_the_next_start(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    add_leads(site, "+12125550101")
    with caplog.at_level(logging.INFO):
        first = work_a_call(site)
    assert [r for r in caplog.records if r.levelno == logging.INFO and r.message.startswith("campaign spring: ")]
    left: Any = first.engine.runs[1].pacer
    second, _ = fake_dialer(site)
    found: Any = second.engine.runs[1].pacer
    assert found.state()["learned"]["lengths"]["talk"] != Pacer().state()["learned"]["lengths"]["talk"]
    assert (found.ledger.connected, found.ledger.abandoned) == (1, 0) == (left.ledger.connected, left.ledger.abandoned)
    samples = second.store.pacing_samples("spring")
    assert samples and all(sample["agents"] == 1 for sample in samples)
    second.store.close()


@pytest.mark.parametrize("state", ["{", "[]", '{"version": 1}', '{"version": 99}'])
def test_a_corrupt_state_of_the_pacer_is_warned_of_and_left(
    site: Site, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_leads(site, "+12125550101")
    with site.open_store(site.config()) as store:
        store.save_pacer_state(1, datetime.now(UTC), state)
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        await until(lambda: "what its pacing had learned" in caplog.text)

    run_with(dialer, script)
    assert "it learns anew" in caplog.text


def test_a_state_of_the_pacer_that_is_no_text_is_warned_of_and_left(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with site.open_store(site.config()) as store:
        store.save_pacer_state(1, datetime.now(UTC), "{}")
        store.database.execute("UPDATE pacer_states SET state = replace(x'00ff80', '1', 'NaN')")
    dialer, _ = fake_dialer(site)
    assert "what its pacing had learned cannot be read" in caplog.text
    assert 1 in dialer.engine.runs
    dialer.store.close()


def test_a_new_run_counts_in_the_window_that_the_campaign_is_bound_to(site: Site) -> None:
    add_leads(site, "+12125550101")
    work_a_call(site)
    with site.open_store(site.config()) as store, store.transaction():
        store.database.execute("UPDATE attempts SET started_at = started_at - 90000, closed_at = closed_at - 90000")
    for window, connected in (("24h", 0), ("30d", 1), ("campaign", 1)):
        with site.open_store(site.config()) as store:
            store.update_campaign("spring", abandon_window=window)
        dialer, _ = fake_dialer(site)
        pacer: Any = dialer.engine.runs[1].pacer
        assert pacer.ledger.connected == connected, window
        dialer.store.close()


def test_another_window_is_counted_while_the_dialer_runs(site: Site) -> None:
    add_leads(site, "+12125550101")
    work_a_call(site)
    with site.open_store(site.config()) as store, store.transaction():
        store.database.execute("UPDATE attempts SET started_at = started_at - 90000, closed_at = closed_at - 90000")
    dialer, _ = fake_dialer(site)
    pacer: Any = dialer.engine.runs[1].pacer

    async def script(dialer: Dialer) -> None:
        await dialer.desk.reload_campaign("spring")
        for window, live in (("24h", 0), ("campaign", 1)):
            await dialer.runner.in_store(partial(Store.update_campaign, campaign="spring", abandon_window=window))
            assert (await dialer.desk.reload_campaign("spring")).abandon_window == window
            await until(partial(lambda live: pacer.ledger.live == live, live))

    assert pacer.ledger.live == 1
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
