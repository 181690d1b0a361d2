"""The API over a running dialer, as its clients see it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dialer.api.http import make_app
from dialer.app import Dialer
from dialer.site import Site
from tests.dialer.conftest import add_leads, fake_dialer, run_with, until

TOKEN = "a-token-of-the-test-site"


async def talk(client: httpx.AsyncClient, dialer: Dialer) -> None:
    """Anna has talked with the first person, and disposes next."""
    for verb in ("login", "ready"):
        await client.post(f"/agents/anna/{verb}")
    await until(lambda: dialer.engine.runs[1].tally.connected == 1)
    await client.post("/agents/anna/hangup")


def serve(site: Site, script: Callable[[httpx.AsyncClient, Dialer], Awaitable[None]], token: str = TOKEN) -> None:
    dialer, _ = fake_dialer(site)

    async def with_client(dialer: Dialer) -> None:
        transport = httpx.ASGITransport(make_app(dialer.desk, TOKEN))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://dialer", headers=headers) as client:
            await asyncio.sleep(0.05)
            await script(client, dialer)

    run_with(dialer, with_client)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1]])
@pytest.mark.parametrize("path", ["/state", "/why/lines", "/agents", "/agents/anna", "/nothing"])
def test_nothing_without_the_token(site: Site, token: str, path: str) -> None:
    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        answer = await client.get(path)
        assert answer.status_code == 401
        assert "token" in answer.json()["error"]

    serve(site, script, token)


def test_an_agents_day(site: Site) -> None:
    add_leads(site, "+12125550101")

    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        assert (await client.get("/agents/anna")).json()["state"] == "LOGGED_OUT"
        assert (await client.post("/agents/anna/login", json={"campaign": None})).status_code == 200
        assert (await client.get("/agents/anna")).json()["code"] == "LOGIN"
        assert (await client.post("/agents/anna/ready")).json()["ok"]
        await until(lambda: dialer.engine.agents["anna"].state == "INCALL")
        state = (await client.get("/agents/anna")).json()
        assert state["phone"] == "+12125550101"
        assert state["attempt_id"] == 1
        assert "after this call" in (await client.post("/agents/anna/pause", json={"code": "LUNCH"})).json()["text"]
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        assert (await client.post("/agents/anna/hangup")).status_code == 200
        assert (await client.post("/agents/anna/dispose", json={"status": "NI"})).status_code == 200
        assert (await client.get("/agents/anna")).json()["code"] == "LUNCH"
        assert (await client.post("/agents/anna/logout")).status_code == 200
        names = [a["name"] for a in (await client.get("/agents")).json()]
        assert names == ["anna", "bert"]

    serve(site, script)


@pytest.mark.parametrize(
    ("path", "body", "status", "complaint"),
    [
        ("/agents/zoe/login", {}, 404, "zoe"),
        ("/agents/anna/dance", {}, 404, "unknown verb 'dance'"),
        ("/agents/anna/ready", {}, 409, "not logged in"),
        ("/agents/anna/dispose", {}, 400, "'status' is missing"),
        ("/agents/anna/pause", {"code": ""}, 400, "pause code"),
        ("/agents/anna/pause", {"code": "X" * 40}, 400, "pause code"),
        ("/agents/anna/login", {"campaign": "autumn"}, 404, "autumn"),
        ("/campaigns/autumn/start", {}, 404, "autumn"),
        ("/campaigns/spring/dance", {}, 404, "unknown verb 'dance'"),
    ],
)
def test_what_cannot_be_done_is_said(site: Site, path: str, body: dict[str, str], status: int, complaint: str) -> None:
    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        answer = await client.post(path, json=body)
        assert answer.status_code == status, answer.text
        assert complaint in answer.json()["error"]

    serve(site, script)


def test_why_lines_of_every_active_campaign_or_of_one(site: Site) -> None:
    add_leads(site, "+12125550101")
    with site.open_store(site.config()) as store:
        store.create_campaign("autumn", "telesales", "power")

    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        answer = (await client.get("/why/lines")).json()
        assert answer["running"] is True
        assert [c["campaign"] for c in answer["campaigns"]] == ["spring"]
        assert answer["campaigns"][0]["obstacles"] == ["no agent is logged in"]
        (autumn,) = (await client.get("/why/lines/autumn")).json()["campaigns"]
        assert autumn["obstacles"] == ["the campaign is stopped"]
        await client.post("/agents/anna/login", json={"campaign": "spring"})
        await client.post("/agents/anna/ready")
        await until(lambda: dialer.engine.runs[1].tally.connected == 1)
        (spring,) = (await client.get("/why/lines/spring")).json()["campaigns"]
        assert (spring["agents"], spring["ready"], spring["limit"]) == (1, 0, 0.03)
        assert spring["because"] and spring["abandoned_rate"] == 0.0
        missing = await client.get("/why/lines/winter")
        assert missing.status_code == 404
        assert "it knows: autumn, spring" in missing.json()["error"]

    serve(site, script)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_a_body_that_is_no_object(site: Site, content: bytes) -> None:
    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        assert (await client.post("/agents/anna/pause", content=content)).status_code == 400

    serve(site, script)


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("agents/anna/dispose", rb'{"status": "NI", "comments": "after lunch \ud83d"}', "'comments' has \\ud83d"),
        ("agents/anna/dispose", rb'{"status": "NI", "product": "\ude00"}', "'product' has \\ude00"),
        ("agents/anna/answer", rb'{"answers": {"name": "\ud83d x"}}', "'answers.name'"),
        ("agents/anna/answer", rb'{"answers": {"\ud83d": "x"}}', "'answers.\\ud83d'"),
        ("agents/anna/login", rb'{"campaign": "\udce9"}', "'campaign'"),
        ("campaigns/spring/texts", rb'{"lead_id": 1, "text": ["\udfff"]}', "'text'"),
    ],
)
def test_half_a_character_is_refused_and_its_field_named(site: Site, path: str, content: bytes, field: str) -> None:
    """JSON can say half of a surrogate pair; no database can keep it."""

    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        answer = await client.post(path, content=content)
        assert answer.status_code == 400, answer.text
        assert field in answer.json()["error"]

    serve(site, script)


def test_a_whole_character_outside_the_first_plane_is_kept(site: Site) -> None:
    add_leads(site, "+12125550101")

    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        await talk(client, dialer)
        at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        body = rf'{{"status": "CALLBK", "callback_at": "{at}", "comments": "\ud83d\ude00"}}'
        answer = await client.post("/agents/anna/dispose", content=body)
        assert answer.status_code == 200, answer.text
        (kept,) = await dialer.runner.in_store(lambda store: store.database.rows("SELECT comments FROM callbacks"))
        assert kept == ("\U0001f600",)

    serve(site, script)


def test_that_a_person_asked_for_the_call_is_told_where_it_counts(site: Site) -> None:
    add_leads(site, "+12125550101")

    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        await talk(client, dialer)
        at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        for body, status, said in (
            ({"callback_at": at, "consented": "yes"}, 400, "'consented' must be true or false"),
            ({"consented": True}, 400, "'consented' goes with 'callback_at'"),
            ({"callback_at": at, "consented": True}, 409, "counts in collections"),
            ({"callback_at": at, "consented": False}, 200, "disposed as CALLBK"),
        ):
            answer = await client.post("/agents/anna/dispose", json={"status": "CALLBK", **body})
            assert answer.status_code == status and said in answer.text

    serve(site, script)


def test_campaigns_start_and_stop_and_are_on_disk(site: Site) -> None:
    async def script(client: httpx.AsyncClient, dialer: Dialer) -> None:
        for verb, state in (("pause", "paused"), ("start", "active"), ("stop", "stopped")):
            answer = await client.post(f"/campaigns/spring/{verb}")
            assert state in answer.json()["text"]
            stored = await dialer.runner.in_store(lambda store: store.campaign("spring").state.value)
            assert stored == state
        assert (await client.get("/state")).json()["campaigns"][0]["state"] == "stopped"
        assert (await client.post("/campaigns/spring/reload")).status_code == 200

    serve(site, script)
