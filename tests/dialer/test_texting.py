"""Texts from a running dialer: to which trunk, at what pace, what is refused, and what becomes of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from campaigns.texts import Text
from dialer.api.http import make_app
from dialer.app import Dialer, build
from dialer.runner import CommandRefused
from dialer.site import Site
from dialer.texting import MAX_OPEN, Texting
from hw.contract.driver import DriverError
from hw.fake import FakeDriver
from hw.lines import Bank, Lines, SmsReports, SoundVoices
from hw.modem.pdu import SmsError
from hw.modem.sms import SmsFailed, SmsPartSent, SmsReported, SmsSent
from tests.dialer.conftest import add_leads, run_with, until

ANNA, BERT = "+12125550101", "+12125550102"
SIM = "001010123456789"


class Modems(FakeDriver):
    """A trunk `gsm` that takes texts, unless `refuses`."""

    def __init__(self) -> None:
        super().__init__({}, trunks={"gsm": 1, "carrier": 1}, max_calls=2)
        self.sent: list[tuple[str | float, ...]] = []
        self.refuses: Exception | None = None
        self.reports = SmsReports()

    def send_sms(self, *text: str | float) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.sent.append(text)


Story = Callable[[Dialer, Modems], Awaitable[None]]


def play(site: Site, story: Story, *, modem: bool = True, gap_s: float = 0.0) -> None:
    """A running dialer whose only trunk that sends texts is `gsm`."""
    add_leads(site, ANNA, BERT)
    driver = Modems()
    banks = [Bank(driver, SoundVoices(lambda _: None), frozenset({"gsm"}), sms=driver if modem else None)]
    lines = Lines(banks, driver.reports)
    dialer = build(site, site.config(), driver_for=lambda _site, _config: lines)
    dialer.desk._texting = Texting(dialer.runner, lines, gap_s=gap_s)

    async def script(dialer: Dialer) -> None:
        await story(dialer, driver)

    run_with(dialer, script)


async def texts(dialer: Dialer) -> list[Text]:
    return await dialer.runner.in_store(lambda store: store.texts.listing(1))


def body(lead_id: int = 1, **more: Any) -> dict[str, Any]:
    return {"lead_id": lead_id, "text": "Hello", **more}


def test_what_the_network_says_is_kept(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        for lead_id in (1, 2):
            answer = await dialer.desk.send_text("spring", body(lead_id))
            assert answer == {"text_id": lead_id, "refused": None}
        assert modems.sent == [("1", "gsm", ANNA, "Hello", 600), ("2", "gsm", BERT, "Hello", 600)]
        assert [text.state for text in await texts(dialer)] == ["asked", "asked"]
        for told in (
            *(SmsPartSent("1", SIM, 7), SmsSent("1", 1), SmsReported(SIM, 7, ANNA)),
            SmsFailed("2", "no credit"),
        ):
            modems.reports.take(told)
        assert [(text.state, text.because) for text in await texts(dialer)] == [
            ("delivered", ""),
            ("failed", "no credit"),
        ]

    play(site, story)


def test_a_report_that_comes_after_a_restart_finds_its_text(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def before(dialer: Dialer, modems: Modems) -> None:
        for lead_id in (1, 2):
            await dialer.desk.send_text("spring", body(lead_id))
            modems.reports.take(SmsPartSent(str(lead_id), SIM, lead_id))
            modems.reports.take(SmsSent(str(lead_id), 1))
        assert [text.state for text in await texts(dialer)] == ["sent", "sent"]

    async def after(dialer: Dialer, modems: Modems) -> None:
        modems.reports.take(SmsReported(SIM, 1, ANNA))
        modems.reports.take(SmsReported(SIM, 2, BERT, "the network gave it up (status 65)"))
        assert [text.state for text in await texts(dialer)] == ["delivered", "failed"]
        assert "no text of ours" not in caplog.text
        modems.reports.take(SmsReported(SIM, 3, ANNA))
        await texts(dialer)

    play(site, before)
    with caplog.at_level(logging.INFO, "dialer.texting"):
        play(site, after)
    assert "text 2 failed: the network gave it up (status 65)" in caplog.text
    assert caplog.text.count("is about no text of ours") == 1


@pytest.mark.parametrize("problem", [DriverError("no modem"), SmsError("takes 12 parts")])
def test_what_no_modem_takes_is_closed_with_the_reason(
    site: Site, problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        modems.refuses = problem
        with pytest.raises(CommandRefused, match=str(problem)):
            await dialer.desk.send_text("spring", body())
        (text,) = await texts(dialer)
        assert (text.state, text.because) == ("failed", str(problem))
        assert f"text 1 is not sent: {problem}" in caplog.text

    play(site, story)


def test_who_is_barred_is_sent_nothing(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        await dialer.runner.in_store(lambda store: store.add_dnc(ANNA, "letter"))
        answer = await dialer.desk.send_text("spring", body())
        assert answer["text_id"] is None and answer["refused"]["reason"] == "dnc"
        assert modems.sent == [] and await texts(dialer) == []

    play(site, story)


def test_a_site_without_modems_says_what_to_add(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        with pytest.raises(CommandRefused, match=r'add a \[\[trunk\]\] with kind = "modem"'):
            await dialer.desk.send_text("spring", body())

    play(site, story, modem=False)


def test_the_trunk_must_be_one_that_sends_texts(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        with pytest.raises(CommandRefused, match="'carrier' sends no text messages; those that do: gsm"):
            await dialer.desk.send_text("spring", body(trunk="carrier"))
        await dialer.runner.in_store(lambda store: store.update_campaign("spring", trunks=("carrier",)))
        with pytest.raises(CommandRefused, match="none of the trunks of campaign spring"):
            await dialer.desk.send_text("spring", body())
        assert (await dialer.desk.send_text("spring", body(trunk="gsm")))["text_id"] == 1

    play(site, story)


def test_texts_go_out_one_after_the_other(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        now = asyncio.get_running_loop().time
        began = now()
        await asyncio.gather(*(dialer.desk.send_text("spring", body(lead_id)) for lead_id in (1, 2, 1)))
        assert now() - began >= 0.2
        assert len(modems.sent) == 3

    play(site, story, gap_s=0.1)


def test_no_more_are_open_than_modems_can_hold(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        for _ in range(MAX_OPEN):
            await dialer.desk.send_text("spring", body())
        with pytest.raises(CommandRefused, match="too many texts"):
            await dialer.desk.send_text("spring", body())
        modems.reports.take(SmsSent("1", 1))
        await dialer.desk.send_text("spring", body())

    play(site, story)


def test_nothing_is_sent_while_the_dialer_drains(site: Site) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        await until(lambda: bool(dialer.engine.runs))
        dialer.engine.draining = True
        with pytest.raises(CommandRefused, match="about to end"):
            await dialer.desk.send_text("spring", body())
        assert modems.sent == []

    play(site, story)
    with site.open_store(site.config()) as store:
        assert store.texts.listing(1) == []


@pytest.mark.parametrize(
    ("path", "sent", "status", "complaint"),
    [
        ("/campaigns/spring/texts", body(), 200, ""),
        ("/campaigns/autumn/texts", body(), 404, "autumn"),
        ("/campaigns/spring/texts", body(99), 404, "no lead 99"),
        ("/campaigns/spring/texts", {"text": "Hello"}, 400, "'lead_id'"),
        ("/campaigns/spring/texts", body(text=" "), 400, "1 to 1530 characters"),
        ("/campaigns/spring/texts", body(kind="joke"), 400, "promise, callback, free"),
        ("/campaigns/spring/texts", body(kind="promise"), 400, "'about' is"),
        ("/campaigns/spring/texts", body(about=1), 400, "'about' is"),
        ("/campaigns/spring/texts", body(trunk="carrier"), 409, "sends no text messages"),
    ],
)
def test_the_route(site: Site, path: str, sent: dict[str, Any], status: int, complaint: str) -> None:
    async def story(dialer: Dialer, modems: Modems) -> None:
        transport = httpx.ASGITransport(make_app(dialer.desk, "token"))
        headers = {"Authorization": "Bearer token"}
        async with httpx.AsyncClient(transport=transport, base_url="http://dialer", headers=headers) as client:
            answer = await client.post(path, json=sent)
        assert answer.status_code == status, answer.text
        assert complaint in answer.json().get("error", "")

    play(site, story)
