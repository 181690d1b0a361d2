"""Scripts, answers and sales of a live call."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.audit.log import AuditLog
from dialer.app import Dialer, UnknownName
from dialer.runner import CommandRefused
from dialer.site import Site
from tests.campaigns.telesales.samples import BUYING, SPRING
from tests.dialer.conftest import add_leads, fake_dialer, run_with, until

Script = Callable[[Dialer], Awaitable[None]]


@pytest.fixture
def selling(site: Site) -> Site:
    """The site with a script for its campaign, and one lead."""
    add_leads(site, "+12125550101")
    with site.open_store(site.config()) as store:
        store.scripts.add("spring", SPRING, datetime.now(UTC))
        store.update_campaign("spring", script="spring")
    return site


def on_a_call(site: Site, script: Script) -> None:
    """Run `script` while anna is on a call."""
    dialer, _ = fake_dialer(site)

    async def whole(dialer: Dialer) -> None:
        await dialer.desk.agent_command("anna", "login", {"campaign": "spring"})
        await dialer.desk.agent_command("anna", "ready", {})
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        await script(dialer)

    run_with(dialer, whole)


async def dispose(dialer: Dialer, **body: Any) -> str:
    if dialer.engine.agents["anna"].state == "INCALL":
        await dialer.desk.agent_command("anna", "hangup", {})
    return await dialer.desk.agent_command("anna", "dispose", body)


def sales_of(site: Site) -> list[dict[str, Any]]:
    with site.open_store(site.config()) as store:
        return store.sales.listing(1)


def test_a_call_by_the_script(selling: Site) -> None:
    async def script(dialer: Dialer) -> None:
        sheet = await dialer.desk.agent_script("anna")
        assert (sheet["step"], sheet["version"], sheet["open"]) == ("greeting", 1, ["reached"])
        assert sheet["say"] == "This is anna of spring. Do I speak with the customer?"
        text = await dialer.desk.agent_command("anna", "answer", {"answers": {"reached": "customer"}})
        assert text == "taken down; the script is at offer and asks for interested"
        with pytest.raises(CommandRefused, match="SALE needs product, amount, interested, which script spring"):
            await dispose(dialer, status="SALE")
        with pytest.raises(ValueError, match=r"amount .* may be read in two ways"):
            await dialer.desk.agent_command("anna", "answer", {"answers": BUYING | {"amount": "1,234"}})
        assert (await dialer.desk.agent_script("anna"))["step"] == "offer"
        text = await dialer.desk.agent_command("anna", "answer", {"answers": BUYING | {"quantity": 2}})
        assert text == "taken down; the script is at its end, confirm: dispose as SALE"
        assert (await dialer.desk.agent_script("anna"))["missing"]["SALE"] == []
        assert (await dispose(dialer, status="SALE")).startswith("disposed as SALE")
        with pytest.raises(CommandRefused, match="there is no call that a script would be for"):
            await dialer.desk.agent_script("anna")

    on_a_call(selling, script)
    (sale,) = sales_of(selling)
    assert (
        sale["agent"],
        sale["product"],
        sale["quantity"],
        sale["amount"],
        sale["currency"],
        sale["verification"],
    ) == (*("anna", "Gold", 2, "19.90", "EUR", "verified"),)
    with selling.open_store(selling.config()) as store:
        assert store.answers.of(1)["product"] == "Gold"
        (entry,) = AuditLog(store.database).entries(kinds=["sale"])
        assert (entry.actor, entry.said()["script"], entry.said()["answers"]["amount"]) == (
            "anna",
            "spring",
            "19.90 EUR",
        )


def test_a_call_keeps_the_version_that_it_began_with(selling: Site) -> None:
    async def script(dialer: Dialer) -> None:
        assert (await dialer.desk.agent_script("anna"))["version"] == 1
        newer = SPRING.replace("Do I speak", "Am I speaking")
        await dialer.runner.in_store(lambda store: store.scripts.add("spring", newer, datetime.now(UTC)))
        assert (await dialer.desk.agent_script("anna"))["version"] == 1
        await dispose(dialer, status="NI")

    on_a_call(selling, script)


def test_other_statuses_end_a_call_at_any_step(selling: Site) -> None:
    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match="product: status NI is no sale; these go with SALE"):
            await dispose(dialer, status="NI", product="Gold")
        assert "disposed as NI" in await dispose(dialer, status="ni")

    on_a_call(selling, script)
    assert sales_of(selling) == []


@pytest.mark.parametrize("answers", [None, {}, "x", {"reached": 1.5}, {"reached": None}])
def test_answers_that_are_none(selling: Site, answers: object) -> None:
    async def script(dialer: Dialer) -> None:
        with pytest.raises(ValueError, match=r"'answers' is missing|must be text"):
            await dialer.desk.agent_command("anna", "answer", {"answers": answers})
        await dispose(dialer, status="NI")

    on_a_call(selling, script)


def test_without_a_script_a_plain_sale_is_enough(site: Site) -> None:
    add_leads(site, "+12125550101")

    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match="campaign spring has no script"):
            await dialer.desk.agent_script("anna")
        with pytest.raises(UnknownName, match="no agent 'nobody'"):
            await dialer.desk.agent_script("nobody")
        assert "disposed as SALE" in await dispose(dialer, status="SALE")

    on_a_call(site, script)
    assert sales_of(site) == []


def test_details_where_the_campaign_requires_them(site: Site) -> None:
    add_leads(site, "+12125550101")
    with site.open_store(site.config()) as store:
        store.update_campaign("spring", sale_details="required", verification="on")

    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match="SALE: a sale needs product, amount, currency"):
            await dispose(dialer, status="SALE")
        with pytest.raises(CommandRefused, match="SALE: a sale needs currency"):
            await dispose(dialer, status="SALE", product="Gold", amount="19.90")
        with pytest.raises(CommandRefused, match="amount must be above zero"):
            await dispose(dialer, status="SALE", product="Gold", amount="0", currency="EUR")
        await dispose(dialer, status="SALE", product="Gold", amount="19.90", currency="eur", quantity=2)

    on_a_call(site, script)
    (sale,) = sales_of(site)
    assert (sale["verification"], sale["quantity"], sale["currency"]) == ("pending", 2, "EUR")
    with site.open_store(site.config()) as store:
        assert store.sales.listing(1) == [sale]


def test_a_call_that_is_not_there_is_refused_as_before(site: Site) -> None:
    dialer, _ = fake_dialer(site)

    async def script(dialer: Dialer) -> None:
        with pytest.raises(CommandRefused, match="anna is not logged in"):
            await dialer.desk.agent_command("anna", "dispose", {"status": "SALE"})

    run_with(dialer, script)
