"""Scripted agents at the dialer's local HTTP API: one shared poll of all states, then what each of them does."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx

from dialer.farend.bots import AgentAction, AgentProfile, Bot
from dialer.farend.eventlog import EventLog
from dialer.farend.tasks import TaskGroup

_POLL_S = 0.2
_TIMEOUT_S = 5.0
_DOWN_S = 1.0


class Agents:
    """Logs the agents in, works until `close`, logs them out. Waits for an API that is not up (yet, or again)."""

    def __init__(
        self,
        api: str,
        token_file: Path,
        names: list[str],
        profile: AgentProfile,
        seed: int,
        log: EventLog,
        *,
        campaign: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._bots = {name: Bot(name, profile, seed, campaign) for name in names}
        self._token_file = token_file
        self._log = log
        self._client = httpx.AsyncClient(base_url=api, timeout=_TIMEOUT_S, transport=transport)
        self._tasks = TaskGroup(log)
        self._states: dict[str, str] = {}
        self._trouble: str | None = None

    async def open(self) -> None:
        """Start working."""
        self._log.write("started", agents=list(self._bots))
        self._tasks.start(self._work())

    async def close(self) -> None:
        """Log everyone out and write the summary."""
        await self._tasks.close()
        present = [name for name, state in self._states.items() if state != "LOGGED_OUT"]
        await asyncio.gather(*(self._act(name, AgentAction("logout", {})) for name in present))
        await self._client.aclose()
        self._log.write("summary", counts=dict(self._log.counts))

    async def _work(self) -> None:
        while True:
            rows = await self._poll()
            if rows is None:
                await asyncio.sleep(_DOWN_S)
                continue
            due = [(row["name"], action) for row in rows if (action := self._decide(row)) is not None]
            await asyncio.gather(*(self._act(name, action) for name, action in due))
            await asyncio.sleep(_POLL_S)

    def _decide(self, row: dict[str, Any]) -> AgentAction | None:
        name, state = row["name"], row["state"]
        bot = self._bots.get(name)
        if bot is None:
            return None
        if self._states.get(name) != state:
            self._states[name] = state
            self._log.write("state", agent=name, state=state, code=row.get("code"), attempt_id=row.get("attempt_id"))
        return bot.decide(state, row.get("attempt_id"), time.monotonic())

    async def _poll(self) -> list[dict[str, Any]] | None:
        """All agents' rows, or None with the trouble logged when it is another than before."""
        try:
            response = await self._client.get("/agents", headers=self._headers())
            response.raise_for_status()
            rows: list[dict[str, Any]] = response.json()
            missing = sorted(set(self._bots) - {row["name"] for row in rows})
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            self._tell(f"{type(error).__name__}: {error}")
            return None
        self._tell(f"the dialer knows no agent {', '.join(missing)}" if missing else None)
        return rows

    def _tell(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._log.write("api", trouble=trouble or "none")

    async def _act(self, name: str, action: AgentAction) -> None:
        try:
            response = await self._client.post(
                f"/agents/{name}/{action.verb}", json=action.body, headers=self._headers()
            )
        except (httpx.HTTPError, OSError) as error:
            self._log.write("failed", agent=name, verb=action.verb, error=f"{type(error).__name__}: {error}")
            return
        error_text = response.text[:200] if response.is_error else None
        event = "refused" if response.is_error else "did"
        self._log.write(
            event, agent=name, verb=action.verb, body=action.body, http=response.status_code, error=error_text
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token_file.read_text(encoding='utf-8').strip()}"}
