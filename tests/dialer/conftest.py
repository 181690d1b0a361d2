"""A site with one trunk, two stations and agents, on a scripted line driver."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time
from pathlib import Path

import pytest

from campaigns.importing import import_leads
from campaigns.model import CallingWindow, CampaignState, Kind, Mode
from dialer.app import Dialer, build
from dialer.site import Site, make_site
from hw.fake import FakeDriver, FarEnd

CONFIG = """
[sip]
bind = "127.0.0.1:0"

[api]
bind = "127.0.0.1:0"

[[trunk]]
name = "carrier"
kind = "sip"
target = "sip:{number}@127.0.0.1:9"
max_lines = 6
starts_per_s = 50

[[station]]
name = "desk1"
kind = "sip"
address = "sip:desk1@127.0.0.1:9"

[[station]]
name = "desk2"
kind = "sip"
address = "sip:desk2@127.0.0.1:9"
"""

STATION = FarEnd(answer_s=0.01)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Campaign `spring`, active at any hour, progressive; agents anna and bert; no leads yet."""
    made = make_site(tmp_path / "site", config_text=CONFIG)
    with made.open_store(made.config()) as store:
        window = CallingWindow(time(0), time.max)
        store.create_campaign(
            "spring", Kind.TELESALES, Mode.PROGRESSIVE, window=window, wrapup_s=60.0, purpose="service"
        )
        store.set_campaign_state("spring", CampaignState.ACTIVE)
        store.add_agent("anna", "desk1")
        store.add_agent("bert", "desk2")
    return made


def add_leads(site: Site, *numbers: str) -> None:
    """Import leads with these numbers."""
    file = site.path / "leads.csv"
    file.write_text("phone\n" + "\n".join(numbers) + "\n", encoding="utf-8")
    with site.open_store(site.config()) as store:
        import_leads(store, "spring", file)


def fake_dialer(site: Site, far_ends: dict[str, FarEnd] | None = None) -> tuple[Dialer, FakeDriver]:
    """The site's dialer on a FakeDriver whose stations answer."""
    driver = FakeDriver(far_ends or {}, trunks={"carrier": 6}, max_calls=10, default=FarEnd(answer_s=0.05))
    return build(site, site.config(), driver_for=lambda _site, _config: driver), driver


def run_with(dialer: Dialer, script: Callable[[Dialer], Awaitable[None]]) -> None:
    """Run the dialer beside `script`; stop it when the script ends. Fails after 20 s."""

    async def both() -> None:
        running = asyncio.get_running_loop().create_task(dialer.run())
        try:
            await asyncio.wait_for(script(dialer), 20.0)
        finally:
            dialer.drain_or_stop()
            dialer.drain_or_stop()
            await asyncio.wait_for(running, 20.0)
            dialer.store.close()

    asyncio.run(both())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    while not condition():
        await asyncio.sleep(0.01)
