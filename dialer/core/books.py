"""What the engine keeps, and the small moves that every part of it makes on lines, attempts and agents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.model import CampaignSettings
from campaigns.rules.rulebook import Rulebook
from dialer.core import actions as act
from dialer.core import records as rec
from dialer.core.attempts import Agent, Attempt, Line
from dialer.core.dialing import CampaignRun, PacerLike, TrunkLines, TrunkSettings
from dialer.core.states import AGENT, ATTEMPT, LINE, after
from dialer.core.states import AgentState as G
from dialer.core.states import AgentTrigger as GT
from dialer.core.states import AttemptState as A
from dialer.core.states import AttemptTrigger as AT
from dialer.core.states import LineState as L
from dialer.core.states import LineTrigger as LT
from dialer.core.timers import Timers
from hw import contract as hw

PACER_STATE = {
    G.LOGGED_OUT: "logged_out",
    G.RING: "paused",
    G.PAUSED: "paused",
    G.READY: "ready",
    G.INCALL: "talking",
    G.WRAPUP: "wrapup",
}


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """`first_attempt_id` is one above the last that the store has; without a `rulebook` no law is looked at."""

    trunks: tuple[TrunkSettings, ...]
    first_attempt_id: int = 1
    pacing_interval_s: float = 0.25
    rulebook: Rulebook | None = None


class Books:
    """The live state of campaigns, attempts, agents and lines, and what has come of the steps so far."""

    def __init__(self, config: EngineConfig, pacer_factory: Callable[[CampaignSettings], PacerLike]) -> None:
        self._config = config
        self._pacer_factory = pacer_factory
        self.trunks = {t.name: TrunkLines(t) for t in config.trunks}
        self.runs: dict[int, CampaignRun] = {}
        self.agents: dict[str, Agent] = {}
        self.lines: dict[str, Line] = {}
        self.late_events = 0
        self.draining = False
        self.stopping = False
        self._attempts: dict[int, Attempt] = {}
        self._next_attempt = config.first_attempt_id
        self._next_leg = 1
        self._logins: dict[str, int] = {}
        self._timers: Timers[tuple[str, int | str]] = Timers()
        self._records: list[rec.Record] = []
        self._actions: list[act.Action] = []
        self._now = float("-inf")
        self._wall = datetime(1970, 1, 1, tzinfo=UTC)
        total_lines = sum(t.max_lines for t in config.trunks)
        self._hopper_size = max(50, 2 * total_lines)

    def _run_of(self, attempt: Attempt) -> CampaignRun:
        return self.runs[attempt.campaign.campaign_id]

    def _move(self, attempt: Attempt, trigger: AT) -> None:
        attempt.state = after(ATTEMPT, attempt.state, trigger)
        waiting = self._run_of(attempt).waiting
        if attempt.state is A.WAITING:
            waiting[attempt.attempt_id] = attempt
        else:
            waiting.pop(attempt.attempt_id, None)

    def _forget(self, attempt: Attempt) -> None:
        run = self._run_of(attempt)
        for kind in ("ring", "hold", "join", "path", "message"):
            self._timers.cancel((kind, attempt.attempt_id))
        self._set_free(attempt)
        del self._attempts[attempt.attempt_id]
        run.in_flight.pop(attempt.candidate.lead_id, None)

    def _live_line(self, event: hw.LineEvent, trigger: LT) -> Line | None:
        """The line of an event, moved on; an event of a line we do not know is late: it is hung up and counted."""
        line = self.lines.get(event.call_id)
        if line is None:
            self.late_events += 1
            self._actions.append(act.HangUp(event.call_id))
            return None
        line.state = after(LINE, line.state, trigger)
        return line

    def _attempt_of(self, event: hw.LineEvent) -> Attempt | None:
        line = self.lines.get(event.call_id)
        return line.attempt if line else None

    def _hang_up(self, line: Line) -> None:
        line.state = after(LINE, line.state, LT.HANG_UP)
        self._actions.append(act.HangUp(line.call_id))

    def _line_down(self, line: Line) -> None:
        line.state = after(LINE, line.state, LT.ENDED)
        del self.lines[line.call_id]
        if line.trunk:
            self.trunks[line.trunk].release()

    def _move_agent(self, agent: Agent, trigger: GT, code: str = "") -> None:
        agent.state, agent.code, agent.since_s = after(AGENT, agent.state, trigger), code, self._now
        run = self.runs[agent.campaign_id]
        if agent.state is G.READY:
            run.ready[agent.name] = agent
        else:
            run.ready.pop(agent.name, None)
            self._no_longer_kept(agent)
        run.pacer.agent(self._now, agent.name, PACER_STATE[agent.state])
        self._records.append(rec.AgentStateChanged(agent.name, agent.campaign_id, agent.state.value, code, self._wall))

    def _no_longer_kept(self, agent: Agent) -> None:
        """The agent does something else by now; whoever answers the callback gets another one."""
        if agent.kept_for is not None:
            agent.kept_for.owner, agent.kept_for = None, None

    def _set_free(self, attempt: Attempt) -> None:
        """The agent who was kept free for a callback that came to nothing takes other calls again."""
        agent = attempt.owner
        if agent is None:
            return
        run = self._run_of(attempt)
        self._no_longer_kept(agent)
        run.ready[agent.name] = agent
        run.ready = dict(sorted(run.ready.items(), key=lambda item: item[1].since_s))
        run.pacer.agent(self._now, agent.name, PACER_STATE[agent.state])

    def _drop_agent(self, agent: Agent) -> None:
        for kind in ("station", "wrapup"):
            self._timers.cancel((kind, agent.name))
        del self.agents[agent.name]
        del self.runs[agent.campaign_id].agents[agent.name]
        agent.attempt = None
        if agent.leg is not None and agent.leg.state is not L.DOWN:
            self._hang_up(agent.leg)

    def _log_out(self, agent: Agent) -> None:
        self._move_agent(agent, GT.LOG_OUT)
        self._drop_agent(agent)

    def _after_call(self, agent: Agent) -> None:
        """Do what the agent asked for during the call."""
        if agent.logout_asked:
            self._log_out(agent)
        elif agent.pause_asked:
            code, agent.pause_asked = agent.pause_asked, None
            self._move_agent(agent, GT.PAUSE, code=code)

    def _warn(self, text: str) -> None:
        self._actions.append(act.Warn(text))

    def _reply(self, request: int, text: str) -> None:
        if request:
            self._actions.append(act.Reply(request, text))

    def _refuse(self, request: int, error: str) -> None:
        if request:
            self._actions.append(act.Reply(request, error=error))
