"""The engine's state as plain data, for pages, tables and programs."""

from collections.abc import Sequence
from typing import Any

from campaigns.model import Candidate
from dialer.core.attempts import Agent
from dialer.core.dialing import CampaignRun
from dialer.core.engine import Engine
from dialer.core.states import AgentState, AttemptState
from dialer.core.why import trunk_lines


def agent_state(agent: Agent, now: float, callbacks: Sequence[Candidate] = ()) -> dict[str, Any]:
    """One agent; `since_s` is how long the state has lasted, `callbacks_due` are leads that wait for the agent."""
    attempt = agent.attempt
    return {
        "name": agent.name,
        "campaign_id": agent.campaign_id,
        "state": agent.state.value,
        "code": agent.code,
        "since_s": round(max(0.0, now - agent.since_s), 3),
        "attempt_id": attempt.attempt_id if attempt else None,
        "lead_id": attempt.candidate.lead_id if attempt else None,
        "phone": attempt.candidate.phone.e164 if attempt else None,
        "trunk": attempt.line.trunk if attempt else None,
        "pause_asked": agent.pause_asked,
        "logout_asked": agent.logout_asked,
        "muted": agent.muted,
        "battery_percent": agent.battery_percent,
        "callbacks_due": [candidate.lead_id for candidate in callbacks],
    }


def engine_agent_state(engine: Engine, agent: Agent, now: float) -> dict[str, Any]:
    """One agent of an engine, with what its campaign keeps for the agent."""
    return agent_state(agent, now, engine.runs[agent.campaign_id].owned.get(agent.name, ()))


def logged_out(name: str) -> dict[str, Any]:
    """The same keys for an agent who is not logged in."""
    return {
        "name": name,
        "campaign_id": None,
        "state": AgentState.LOGGED_OUT.value,
        "code": "",
        "since_s": None,
        "attempt_id": None,
        "lead_id": None,
        "phone": None,
        "trunk": None,
        "pause_asked": None,
        "logout_asked": False,
        "muted": False,
        "battery_percent": None,
        "callbacks_due": [],
    }


def campaign_state(run: CampaignRun) -> dict[str, Any]:
    """One campaign with its counts since the dialer started."""
    tally = run.tally
    lines = dict.fromkeys(AttemptState, 0)
    for attempt in run.in_flight.values():
        lines[attempt.state] += 1
    return {
        "campaign_id": run.settings.campaign_id,
        "name": run.settings.name,
        "state": run.settings.state.value,
        "mode": run.settings.mode.value,
        "agents_logged_in": len(run.agents),
        "agents_ready": len(run.ready),
        "lines": {state.value: count for state, count in lines.items() if count},
        "hopper": len(run.hopper),
        "exhausted": run.exhausted,
        "attempts": tally.attempts,
        "answered": tally.answered,
        "connected": tally.connected,
        "abandoned": tally.abandoned,
        "abandoned_rate": tally.abandoned_rate,
        "mean_wait_s": tally.mean_wait_s,
        "statuses": dict(tally.statuses),
        "pacing": run.because,
    }


def snapshot(engine: Engine, now: float) -> dict[str, Any]:
    """Everything that a person watching wants to see."""
    return {
        "draining": engine.draining,
        "agents": [engine_agent_state(engine, agent, now) for agent in engine.agents.values()],
        "campaigns": [campaign_state(run) for run in engine.runs.values()],
        "trunks": [trunk_lines(trunk, now) for trunk in engine.trunks.values()],
        "late_events": engine.late_events,
    }
