import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from dialer.farend.agents import Agents
from dialer.farend.bots import parse_agents
from dialer.farend.eventlog import EventLog

Lines = list[dict[str, Any]]
PROFILE = parse_agents(
    {"base": "quick", "agent": {"hang_up_share": 0, "pause_share": 1, "pause_max_s": 0.4}, "statuses": {"SALE": 1}},
    source="test",
)


class _Dialer:
    """Keeps agents' states behind the API's routes: every ready agent gets a call, which ends at the next poll."""

    def __init__(self, names: list[str]) -> None:
        self.states = dict.fromkeys(names, "LOGGED_OUT")
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.down = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        if request.headers.get("Authorization") != "Bearer secret":
            return httpx.Response(401, json={"error": "no token"})
        if request.method == "GET":
            rows = [{"name": n, "state": s, "code": None, "attempt_id": 1} for n, s in self.states.items()]
            for name, state in self.states.items():
                self.states[name] = {"READY": "INCALL", "INCALL": "WRAPUP"}.get(state, state)
            return httpx.Response(200, json=rows)
        _, _, name, verb = request.url.path.split("/")
        body = json.loads(request.content)
        self.requests.append((name, verb, body))
        if verb == "login" and body["campaign"] == "none":
            return httpx.Response(409, json={"error": "no such campaign"})
        after = {"login": "PAUSED", "ready": "READY", "dispose": "READY", "pause": "PAUSED", "logout": "LOGGED_OUT"}
        self.states[name] = after[verb]
        return httpx.Response(200, json={"ok": True})


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "api.token"
    path.write_text("secret\n")
    return path


def _run(
    dialer: _Dialer,
    token_file: Path,
    log: EventLog,
    act: Callable[[], Awaitable[None]],
    *,
    names: tuple[str, ...] = ("alice", "bob"),
    campaign: str | None = None,
) -> None:
    async def run() -> None:
        transport = httpx.MockTransport(dialer.handle)
        agents = Agents(
            "http://dialer", token_file, list(names), PROFILE, 1, log, campaign=campaign, transport=transport
        )
        await agents.open()
        try:
            await act()
        finally:
            await agents.close()

    asyncio.run(asyncio.wait_for(run(), 30))


def test_agents_work_a_shift(token_file: Path, log: EventLog, lines: Lines) -> None:
    dialer = _Dialer(["alice", "bob", "carol"])

    async def act() -> None:
        while len([r for r in dialer.requests if r[1] == "dispose"]) < 4:
            await asyncio.sleep(0.05)

    _run(dialer, token_file, log, act)
    verbs = [verb for name, verb, _ in dialer.requests if name == "alice"]
    assert verbs[:3] == ["login", "ready", "dispose"]
    assert verbs[-1] == "logout"
    assert "pause" in [verb for _, verb, _ in dialer.requests] or "PAUSED" in [line.get("state") for line in lines]
    assert {body["status"] for _, verb, body in dialer.requests if verb == "dispose"} == {"SALE"}
    assert {name for name, _, _ in dialer.requests} == {"alice", "bob"}
    assert "fault" not in {line["event"] for line in lines}


def test_a_refusal_is_logged_with_its_reason(token_file: Path, log: EventLog, lines: Lines) -> None:
    dialer = _Dialer(["alice"])

    async def act() -> None:
        while not any(line["event"] == "refused" for line in lines):
            await asyncio.sleep(0.02)

    _run(dialer, token_file, log, act, names=("alice",), campaign="none")
    refused = next(line for line in lines if line["event"] == "refused")
    assert refused["http"] == 409 and "no such campaign" in refused["error"]


def test_an_api_that_is_down_is_waited_for(token_file: Path, log: EventLog, lines: Lines) -> None:
    dialer = _Dialer(["alice", "bob"])
    dialer.down = True

    async def act() -> None:
        while not any(line["event"] == "api" for line in lines):
            await asyncio.sleep(0.02)
        dialer.down = False
        while not dialer.requests:
            await asyncio.sleep(0.05)

    _run(dialer, token_file, log, act)
    troubles = [line["trouble"] for line in lines if line["event"] == "api"]
    assert troubles == ["ConnectError: refused", "none"]


def test_an_unknown_agent_and_a_wrong_token_are_told(tmp_path: Path, log: EventLog, lines: Lines) -> None:
    wrong = tmp_path / "wrong.token"
    wrong.write_text("nothing")

    async def act() -> None:
        while not any(line["event"] == "api" for line in lines):
            await asyncio.sleep(0.02)

    _run(_Dialer(["alice"]), wrong, log, act, names=("zoe",))
    assert "401" in next(line["trouble"] for line in lines if line["event"] == "api")
    lines.clear()
    wrong.write_text("secret")
    _run(_Dialer(["alice"]), wrong, log, act, names=("zoe",))
    assert lines[1]["trouble"] == "the dialer knows no agent zoe"
