"""The engine: events in, records and actions out. No clock, no I/O, no randomness of its own.

The shell calls `step` for each event and `handle_timer` at the deadline, then `ready`, commits its records, performs
its actions and arms one timer for its deadline. `now` is monotonic seconds, `wall_now` aware UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from campaigns import eligibility, retry
from campaigns.model import Blocked, CampaignSettings, CampaignState, Candidate, Mode, Outcome, RetryDecision
from campaigns.statuses import MACHINE_STATUS, UNDISPOSED, agent_status
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.attempts import Agent, Attempt, Line, unanswered_outcome
from dialer.core.dialing import TRUNK_REST_S, CampaignRun, PacerLike, TrunkLines, TrunkSettings
from dialer.core.routing import caller_id_for, longest_ready, pick_trunk
from dialer.core.states import AGENT, ATTEMPT, LINE, after
from dialer.core.states import AgentState as G
from dialer.core.states import AgentTrigger as GT
from dialer.core.states import AttemptState as A
from dialer.core.states import AttemptTrigger as AT
from dialer.core.states import LineState as L
from dialer.core.states import LineTrigger as LT
from dialer.core.timers import Timers
from hw import contract as hw
from hw.contract import Cause

STATION_RING_S = 30.0
SETUP_S = 20.0
MESSAGE_LIMIT_S = 45.0
REFILL_RETRY_S = 5.0
DIALED_MODES = frozenset({Mode.PREDICTIVE, Mode.PROGRESSIVE, Mode.POWER})

_PACER_STATE = {
    G.LOGGED_OUT: "logged_out",
    G.RING: "paused",
    G.PAUSED: "paused",
    G.READY: "ready",
    G.INCALL: "talking",
    G.WRAPUP: "wrapup",
}
_PACER_OUTCOME = {Outcome.NO_ANSWER: "no_answer", Outcome.CANCELLED: "no_answer", Outcome.BUSY: "busy"}
_NOT_AGAIN = RetryDecision(at=None, phone_id=None, because="a person answered: not called again by itself")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """`first_attempt_id` is one above the last that the store has."""

    trunks: tuple[TrunkSettings, ...]
    first_attempt_id: int = 1
    pacing_interval_s: float = 0.25


def pacer_for(settings: CampaignSettings) -> PacerLike:
    """The pacer that a campaign's settings ask for."""
    # Here, as it brings Numba: half of what it takes to start a command that paces nothing.
    from pacing import Pacer, PacerConfig

    mode = settings.mode if settings.mode in DIALED_MODES else Mode.PROGRESSIVE
    config = PacerConfig(
        mode=mode.value,
        max_abandon_rate=settings.max_abandon_rate,
        hold_s=settings.hold_s,
        max_lines=settings.max_lines,
        lines_per_agent=settings.lines_per_agent,
    )
    return Pacer(config, seed=settings.campaign_id)


class Engine:
    """Attempts, agents and lines of all running campaigns."""

    def __init__(
        self, config: EngineConfig, pacer_factory: Callable[[CampaignSettings], PacerLike] = pacer_for
    ) -> None:
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
        self._handlers: dict[type, Callable[..., None]] = {
            hw.Dialed: self._on_dialed,
            hw.Ringing: self._on_ringing,
            hw.Answered: self._on_answered,
            hw.Ended: self._on_ended,
            hw.Joined: self._on_joined,
            hw.JoinFailed: self._on_join_failed,
            hw.MessagePlayed: self._on_message_played,
            hw.DigitReceived: lambda event: None,
            ev.CampaignLoaded: self._on_campaign_loaded,
            ev.SetCampaignState: self._on_set_campaign_state,
            ev.LeadsLoaded: self._on_leads_loaded,
            ev.AttemptVetoed: self._on_vetoed,
            ev.LogIn: self._on_log_in,
            ev.MakeReady: self._on_make_ready,
            ev.Pause: self._on_pause,
            ev.LogOut: self._on_log_out,
            ev.HangUpCustomer: self._on_hang_up_customer,
            ev.Dispose: self._on_dispose,
            ev.DrainRequested: self._on_drain,
            ev.StopRequested: self._on_stop,
        }
        self._timer_handlers: dict[str, Callable[..., None]] = {
            "ring": self._ring_over,
            "hold": self._hold_over,
            "message": self._message_over,
            "station": self._station_silent,
            "wrapup": self._wrapup_over,
            "pace": lambda campaign_id: None,
            "refill": lambda campaign_id: None,
        }

    @property
    def idle(self) -> bool:
        """No attempt is open and no customer line is up."""
        return not self._attempts and not any(line.attempt for line in self.lines.values())

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` is due next."""
        return self._timers.deadline

    def step(self, event: object, now: float, wall_now: datetime) -> None:
        """Take in one event that happened at `now`. Raises KeyError for an event of unknown type."""
        self._set_clocks(now, wall_now)
        self._handlers[type(event)](event)
        self._settle()

    def handle_timer(self, now: float, wall_now: datetime) -> None:
        """Do what is due at `now`."""
        self._set_clocks(now, wall_now)
        for kind, key in self._timers.pop_due(self._now):
            self._timer_handlers[kind](key)
        self._settle()

    def ready(self) -> act.Ready:
        """Records and actions since the last call, and when to call `handle_timer` next."""
        ready = act.Ready(tuple(self._records), tuple(self._actions), self._timers.deadline)
        self._records.clear()
        self._actions.clear()
        return ready

    def _set_clocks(self, now: float, wall_now: datetime) -> None:
        self._now = max(now, self._now)
        self._wall = wall_now

    # Joint rules: what follows from attempts, agents and lines together.

    def _settle(self) -> None:
        for run in self.runs.values():
            while run.waiting and run.ready:
                self._connect(run)
            self._dial(run)

    def _connect(self, run: CampaignRun) -> None:
        agent = longest_ready(run.ready)
        assert agent is not None and agent.leg is not None
        attempt = next(iter(run.waiting.values()))
        run.tally.waits += 1
        run.tally.waited_s += self._now - agent.since_s
        self._move(attempt, AT.AGENT_FOUND)
        attempt.agent, attempt.agent_name, agent.attempt = agent, agent.name, attempt
        self._move_agent(agent, GT.CONNECT)
        self._actions.append(act.Bridge(attempt.call_id, agent.leg.call_id))

    # Dialing.

    def _dial(self, run: CampaignRun) -> None:
        if not self._may_dial(run):
            return
        decision = run.pacer.decide(self._now)
        run.because = decision.because
        self._timers.set(("pace", run.settings.campaign_id), self._now + self._config.pacing_interval_s)
        for _ in range(decision.lines):
            if not self._dial_one(run):
                break
        self._refill(run)

    def _may_dial(self, run: CampaignRun) -> bool:
        settings = run.settings
        return (
            not self.draining
            and settings.state is CampaignState.ACTIVE
            and settings.mode in DIALED_MODES
            and any(a.state not in (G.RING, G.PAUSED) for a in run.agents.values())
        )

    def _dial_one(self, run: CampaignRun) -> bool:
        trunk, soonest = pick_trunk(self.trunks.values(), run.settings.trunks, self._now)
        if trunk is None:
            if soonest is not None:
                soon = min(soonest, self._now + self._config.pacing_interval_s)
                self._timers.set(("pace", run.settings.campaign_id), soon)
            return False
        candidate = self._next_candidate(run)
        if candidate is None:
            return False
        self._reserve(run, candidate, trunk)
        return True

    def _next_candidate(self, run: CampaignRun) -> Candidate | None:
        while run.hopper:
            candidate = run.hopper.popleft()
            verdict = eligibility.check(candidate, run.settings.window, self._wall)
            if not isinstance(verdict, Blocked):
                return candidate
        return None

    def _reserve(self, run: CampaignRun, candidate: Candidate, trunk: TrunkLines) -> None:
        attempt_id = self._next_attempt
        self._next_attempt += 1
        line = Line(f"a{attempt_id}", trunk.settings.name)
        caller_id = caller_id_for(run.settings, trunk, candidate.lead_id)
        attempt = Attempt(attempt_id, run.settings, candidate, line, self._wall, caller_id)
        line.attempt = attempt
        self._attempts[attempt_id] = run.in_flight[candidate.lead_id] = attempt
        self.lines[line.call_id] = line
        trunk.take(self._now)
        run.tally.attempts += 1
        run.pacer.dialed(self._now, line.call_id)
        phone = candidate.phone
        self._records.append(
            rec.AttemptReserved(
                attempt_id,
                run.settings.campaign_id,
                candidate.lead_id,
                phone.phone_id,
                phone.e164,
                trunk.settings.name,
                caller_id,
                self._wall,
            )
        )
        self._actions.append(act.Originate(line.call_id, attempt_id, trunk.settings.name, phone.e164, caller_id))
        self._timers.set(("ring", attempt_id), self._now + run.settings.ring_timeout_s + SETUP_S)

    def _refill(self, run: CampaignRun) -> None:
        campaign_id = run.settings.campaign_id
        key = ("refill", campaign_id)
        if run.refill_pending or self._timers.armed(key) or len(run.hopper) > self._hopper_size // 2:
            return
        run.refill_pending = True
        self._actions.append(act.RefillLeads(campaign_id, self._hopper_size - len(run.hopper), run.held_leads()))

    def _on_leads_loaded(self, event: ev.LeadsLoaded) -> None:
        run = self.runs[event.campaign_id]
        run.refill_pending = False
        run.admit(event.leads)
        run.exhausted = not event.leads and not run.hopper
        if len(run.hopper) <= self._hopper_size // 2:
            self._timers.set(("refill", event.campaign_id), self._now + REFILL_RETRY_S)

    def _on_vetoed(self, event: ev.AttemptVetoed) -> None:
        attempt = self._attempts[event.attempt_id]
        run = self._run_of(attempt)
        self._move(attempt, AT.VETOED)
        self._line_down(attempt.line)
        self._forget(attempt)
        run.tally.attempts -= 1
        run.pacer.resolved(self._now, attempt.call_id, "failed")

    # The way of an attempt.

    def _on_dialed(self, event: hw.Dialed) -> None:
        line = self._live_line(event, LT.DIALED)
        if line and line.attempt:
            line.attempt.ref = event.ref
            if line.attempt.state is A.RESERVED:
                self._move(line.attempt, AT.DIALED)

    def _on_ringing(self, event: hw.Ringing) -> None:
        line = self._live_line(event, LT.RANG)
        attempt = line.attempt if line else None
        if attempt is None or attempt.state not in (A.RESERVED, A.DIALING, A.RINGING, A.CANCELLING):
            return
        self._move(attempt, AT.RANG)
        if attempt.ringing_at is None:
            attempt.ringing_at = self._wall
            self.trunks[attempt.line.trunk].worked()
            if attempt.state is A.RINGING:
                self._timers.set(("ring", attempt.attempt_id), self._now + attempt.campaign.ring_timeout_s)

    def _on_answered(self, event: hw.Answered) -> None:
        line = self._live_line(event, LT.ANSWERED)
        if line is None:
            return
        if line.agent is not None:
            self._station_up(line.agent)
        attempt = line.attempt
        if attempt is None:
            return
        if attempt.answered_at is not None or attempt.state is A.CLOSED:
            self.late_events += 1
            return
        self._person_answered(attempt)

    def _person_answered(self, attempt: Attempt) -> None:
        run = self._run_of(attempt)
        attempt.answered_at, attempt.answered_s = self._wall, self._now
        self.trunks[attempt.line.trunk].worked()
        run.tally.answered += 1
        self._records.append(rec.AttemptAnswered(attempt.attempt_id, self._wall))
        self._timers.cancel(("ring", attempt.attempt_id))
        run.pacer.resolved(self._now, attempt.call_id, "human")
        glare = attempt.state is A.CANCELLING
        self._move(attempt, AT.ANSWERED)
        if glare:
            self._count_abandoned(attempt)
            self._hang_up(attempt.line)
        else:
            self._timers.set(("hold", attempt.attempt_id), self._now + attempt.campaign.hold_s)

    def _on_joined(self, event: hw.Joined) -> None:
        attempt = self._attempt_of(event)
        if attempt is None or attempt.state is not A.CONNECTING:
            return
        assert attempt.agent is not None
        run = self._run_of(attempt)
        self._move(attempt, AT.JOINED)
        self._timers.cancel(("hold", attempt.attempt_id))
        if attempt.connected_at is None:
            attempt.connected_at = self._wall
            run.tally.connected += 1
            run.pacer.connected(self._now, attempt.call_id, attempt.agent.name)
        self._records.append(rec.AttemptConnected(attempt.attempt_id, attempt.agent.name, self._wall))

    def _on_join_failed(self, event: hw.JoinFailed) -> None:
        attempt = self._attempt_of(event)
        if attempt is None or attempt.state is not A.CONNECTING:
            return
        self._warn(f"attempt {attempt.attempt_id}: joining customer and agent failed: {event.detail}")
        self._release_agent(attempt)
        self._move(attempt, AT.JOIN_FAILED)
        if attempt.connected_at is None:
            self._count_abandoned(attempt)
        self._hang_up(attempt.line)

    def _on_message_played(self, event: hw.MessagePlayed) -> None:
        attempt = self._attempt_of(event)
        if attempt is not None and attempt.state is A.MESSAGE:
            self._message_over(attempt.attempt_id)

    def _on_ended(self, event: hw.Ended) -> None:
        line = self.lines.get(event.call_id)
        if line is None:
            return
        self._line_down(line)
        if line.agent is not None:
            self._station_lost(line.agent, event)
        attempt = line.attempt
        if attempt is None or attempt.state in (A.WRAPUP, A.CLOSED):
            return
        attempt.end = event
        if attempt.state is A.TALKING:
            self._call_over(attempt, AT.ENDED)
            return
        if attempt.answered_at is None:
            self._note_trunk_health(attempt, event)
            self._close(attempt, AT.ENDED, unanswered_outcome(attempt, event.cause))
            return
        if attempt.state in (A.WAITING, A.CONNECTING) and attempt.connected_at is None:
            self._count_abandoned(attempt)
        if attempt.state is A.CONNECTING:
            self._release_agent(attempt)
        self._close(attempt, AT.ENDED, Outcome.ABANDONED if attempt.abandoned else Outcome.LOST)

    def _note_trunk_health(self, attempt: Attempt, event: hw.Ended) -> None:
        if attempt.state is A.CANCELLING or attempt.ringing_at or event.cause in (Cause.LINE_LOST, Cause.NO_LINE):
            return
        trunk = self.trunks[attempt.line.trunk]
        refused = event.cause in (Cause.TIMEOUT, Cause.REFUSED) or (event.sip_code or 0) // 100 == 5
        if not refused:
            trunk.worked()
        elif trunk.faulted(self._now):
            said = f"SIP {event.sip_code}" if event.sip_code else event.cause.value
            self._warn(
                f"[[trunk]] {trunk.settings.name}: no call got through ({f'{said} {event.detail}'.strip()}). "
                f"It rests for {TRUNK_REST_S:.0f} s and is then tried again; check its target and credentials"
            )

    def _call_over(self, attempt: Attempt, trigger: AT) -> None:
        """A conversation is over: the agent wraps up, the attempt waits for the disposition."""
        agent, end = attempt.agent, attempt.end
        assert agent is not None
        self._move(attempt, trigger)
        self._records.append(
            rec.CallEnded(
                attempt.attempt_id,
                self._wall,
                end.cause if end else Cause.NORMAL,
                end.sip_code if end else None,
                end.q850 if end else None,
                end.detail if end else "agent hung up",
            )
        )
        self._move_agent(agent, GT.CALL_OVER)
        self._timers.set(("wrapup", agent.name), self._now + attempt.campaign.wrapup_s)

    def _ring_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        self._move(attempt, AT.RING_OVER)
        self._hang_up(attempt.line)

    def _hold_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        if attempt.state is not A.WAITING:
            return
        if attempt.connected_at is None:
            self._count_abandoned(attempt)
        self._move(attempt, AT.HOLD_OVER)
        self._actions.append(act.PlayMessage(attempt.call_id, attempt.campaign.campaign_id))
        self._timers.set(("message", attempt_id), self._now + MESSAGE_LIMIT_S)

    def _message_over(self, attempt_id: int) -> None:
        attempt = self._attempts[attempt_id]
        self._timers.cancel(("message", attempt_id))
        self._move(attempt, AT.MESSAGE_OVER)
        self._hang_up(attempt.line)

    def _count_abandoned(self, attempt: Attempt) -> None:
        attempt.abandoned = True
        run = self._run_of(attempt)
        run.tally.abandoned += 1
        run.pacer.abandoned(self._now, attempt.call_id)

    def _release_agent(self, attempt: Attempt) -> None:
        """The agent who was about to take the call is free again."""
        agent = attempt.agent
        assert agent is not None
        agent.attempt = attempt.agent = attempt.agent_name = None
        self._move_agent(agent, GT.UNCONNECTED)
        self._after_call(agent)

    def _close(self, attempt: Attempt, trigger: AT, outcome: Outcome, status: str | None = None) -> None:
        run = self._run_of(attempt)
        end = attempt.end or hw.Ended(attempt.call_id, Cause.NORMAL)
        status = status or MACHINE_STATUS[outcome]
        decision = self._retry_decision(attempt, outcome, status)
        self._move(attempt, trigger)
        if attempt.answered_at is None:
            run.pacer.resolved(self._now, attempt.call_id, _PACER_OUTCOME.get(outcome, "failed"))
        run.tally.statuses[status] = run.tally.statuses.get(status, 0) + 1
        phone = attempt.candidate.phone.e164
        if outcome is Outcome.UNWANTED:
            self._records.append(rec.NumberSuppressed(phone, "sip 607", self._wall))
        self._records.append(
            rec.AttemptClosed(
                attempt.attempt_id,
                self._wall,
                outcome,
                status,
                attempt.ringing_at,
                end.cause,
                end.sip_code,
                end.q850,
                end.detail,
                attempt.ref,
                attempt.agent_name,
                decision,
            )
        )
        self._forget(attempt)

    def _retry_decision(self, attempt: Attempt, outcome: Outcome, status: str) -> RetryDecision:
        if outcome is Outcome.LOST and attempt.answered_at is not None:
            return _NOT_AGAIN
        if outcome is Outcome.HANDLED:
            outcome = retry.RETRIED_AS.get(status, outcome)
        return retry.decide(attempt.campaign.retry, outcome, attempt.candidate, self._wall)

    def _forget(self, attempt: Attempt) -> None:
        run = self._run_of(attempt)
        for kind in ("ring", "hold", "message"):
            self._timers.cancel((kind, attempt.attempt_id))
        del self._attempts[attempt.attempt_id]
        run.in_flight.pop(attempt.candidate.lead_id, None)

    def _move(self, attempt: Attempt, trigger: AT) -> None:
        attempt.state = after(ATTEMPT, attempt.state, trigger)
        waiting = self._run_of(attempt).waiting
        if attempt.state is A.WAITING:
            waiting[attempt.attempt_id] = attempt
        else:
            waiting.pop(attempt.attempt_id, None)

    # Lines.

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

    # Agents.

    def _on_log_in(self, event: ev.LogIn) -> None:
        if event.agent in self.agents:
            state = self.agents[event.agent].state
            self._refuse(event.request, f"{event.agent} is already logged in ({state}); log out first")
            return
        if self.stopping or self.draining:
            self._refuse(event.request, "the dialer is stopping: no log-ins now")
            return
        agent = Agent(event.agent, event.address, event.campaign_id)
        leg = Line(f"s{self._next_leg}", agent=agent)
        self._next_leg += 1
        agent.leg = self.lines[leg.call_id] = leg
        self.agents[agent.name] = self.runs[event.campaign_id].agents[agent.name] = agent
        self._logins[agent.name] = event.request
        self._move_agent(agent, GT.LOG_IN)
        self._actions.append(act.CallStation(leg.call_id, agent.name, agent.address))
        self._timers.set(("station", agent.name), self._now + STATION_RING_S)

    def _station_up(self, agent: Agent) -> None:
        if agent.state is not G.RING:
            self.late_events += 1
            return
        self._timers.cancel(("station", agent.name))
        self._move_agent(agent, GT.STATION_UP, code="LOGIN")
        self._reply(self._logins.pop(agent.name, 0), f"{agent.name} is logged in, {agent.state} (LOGIN)")

    def _station_silent(self, name: str) -> None:
        leg = self.agents[name].leg
        if leg is not None:
            self._hang_up(leg)

    def _station_lost(self, agent: Agent, event: hw.Ended) -> None:
        if self.agents.get(agent.name) is not agent:
            return
        request = self._logins.pop(agent.name, 0)
        said = f"SIP {event.sip_code}" if event.sip_code else event.cause.value
        text = f"station of {agent.name} ({agent.address}) is gone: {said} {event.detail}".rstrip()
        if request:
            self._refuse(request, text)
        else:
            self._warn(text)
        attempt = agent.attempt
        self._move_agent(agent, GT.STATION_LOST)
        self._drop_agent(agent)
        if attempt is not None:
            self._lost_its_agent(attempt)

    def _lost_its_agent(self, attempt: Attempt) -> None:
        attempt.agent = None
        if attempt.state is A.WRAPUP:
            self._close(attempt, AT.DISPOSED, Outcome.HANDLED, UNDISPOSED)
            return
        talked = attempt.state is A.TALKING
        self._move(attempt, AT.AGENT_LOST)
        start = self._now if talked else attempt.answered_s
        self._timers.set(("hold", attempt.attempt_id), start + attempt.campaign.hold_s)

    def _drop_agent(self, agent: Agent) -> None:
        for kind in ("station", "wrapup"):
            self._timers.cancel((kind, agent.name))
        del self.agents[agent.name]
        del self.runs[agent.campaign_id].agents[agent.name]
        agent.attempt = None
        if agent.leg is not None and agent.leg.state is not L.DOWN:
            self._hang_up(agent.leg)

    def _on_make_ready(self, event: ev.MakeReady) -> None:
        agent = self._agent_for(event)
        if agent is None:
            return
        if agent.state is G.PAUSED:
            self._move_agent(agent, GT.READY)
        elif agent.state is G.RING:
            self._refuse(event.request, f"the station of {agent.name} still rings: answer it first")
            return
        elif agent.state is G.WRAPUP:
            self._refuse(event.request, f"{agent.name} is in WRAPUP: dispose of the call first")
            return
        agent.pause_asked, agent.logout_asked = None, False
        self._reply(event.request, f"{agent.name} is {agent.state}")

    def _on_pause(self, event: ev.Pause) -> None:
        agent = self._agent_for(event)
        if agent is None:
            return
        if agent.state in (G.READY, G.PAUSED):
            self._move_agent(agent, GT.PAUSE, code=event.code)
            self._reply(event.request, f"{agent.name} is PAUSED ({event.code})")
        elif agent.state is G.RING:
            self._refuse(event.request, f"the station of {agent.name} still rings: answer it first")
        else:
            agent.pause_asked = event.code
            self._reply(event.request, f"{agent.name} will be PAUSED ({event.code}) after this call")

    def _on_log_out(self, event: ev.LogOut) -> None:
        agent = self._agent_for(event)
        if agent is None:
            return
        if agent.state in (G.INCALL, G.WRAPUP):
            agent.logout_asked = True
            self._reply(event.request, f"{agent.name} will be LOGGED_OUT after this call")
            return
        request = self._logins.pop(agent.name, 0)
        if request:
            self._refuse(request, f"{agent.name} was logged out before the station answered")
        self._log_out(agent)
        self._reply(event.request, f"{agent.name} is LOGGED_OUT")

    def _log_out(self, agent: Agent) -> None:
        self._move_agent(agent, GT.LOG_OUT)
        self._drop_agent(agent)

    def _on_hang_up_customer(self, event: ev.HangUpCustomer) -> None:
        agent = self._agent_for(event)
        if agent is None:
            return
        attempt = agent.attempt
        if agent.state is not G.INCALL or attempt is None:
            self._refuse(event.request, f"{agent.name} is {agent.state}: there is no call to hang up")
            return
        if attempt.state is A.CONNECTING:
            self._refuse(event.request, f"the call of {agent.name} is just being connected: try again")
            return
        self._hang_up(attempt.line)
        self._call_over(attempt, AT.CALL_OVER)
        self._reply(event.request, f"hung up; {agent.name} is WRAPUP")

    def _on_dispose(self, event: ev.Dispose) -> None:
        agent = self._agent_for(event)
        if agent is None:
            return
        if agent.state is not G.WRAPUP:
            hint = "; hang up first" if agent.state is G.INCALL else ""
            self._refuse(event.request, f"{agent.name} is {agent.state}: there is no call to dispose of{hint}")
            return
        try:
            status = agent_status(event.status)
        except ValueError as error:
            self._refuse(event.request, str(error))
            return
        self._dispose(agent, status.code)
        self._reply(event.request, f"disposed as {status.code}; {agent.name} is {agent.state}")

    def _wrapup_over(self, name: str) -> None:
        self._dispose(self.agents[name], UNDISPOSED)

    def _dispose(self, agent: Agent, status: str) -> None:
        attempt = agent.attempt
        assert attempt is not None
        agent.attempt = None
        self._timers.cancel(("wrapup", agent.name))
        self._close(attempt, AT.DISPOSED, Outcome.HANDLED, status)
        if agent.pause_asked or agent.logout_asked:
            code, agent.pause_asked = agent.pause_asked or "LOGOUT", None
            self._move_agent(agent, GT.DISPOSED_PAUSE, code=code)
        else:
            self._move_agent(agent, GT.DISPOSED)
        self._after_call(agent)

    def _after_call(self, agent: Agent) -> None:
        """Do what the agent asked for during the call."""
        if agent.logout_asked:
            self._log_out(agent)
        elif agent.pause_asked:
            code, agent.pause_asked = agent.pause_asked, None
            self._move_agent(agent, GT.PAUSE, code=code)

    def _move_agent(self, agent: Agent, trigger: GT, code: str = "") -> None:
        agent.state, agent.code, agent.since_s = after(AGENT, agent.state, trigger), code, self._now
        run = self.runs[agent.campaign_id]
        if agent.state is G.READY:
            run.ready[agent.name] = agent
        else:
            run.ready.pop(agent.name, None)
        run.pacer.agent(self._now, agent.name, _PACER_STATE[agent.state])
        self._records.append(rec.AgentStateChanged(agent.name, agent.campaign_id, agent.state.value, code, self._wall))

    def _agent_for(self, command: ev.AgentCommand) -> Agent | None:
        agent = self.agents.get(command.agent)
        if agent is None:
            self._refuse(command.request, f"{command.agent} is not logged in")
        return agent

    # Campaigns and the whole.

    def _on_campaign_loaded(self, event: ev.CampaignLoaded) -> None:
        settings = event.settings
        run = self.runs.get(settings.campaign_id)
        if run is None:
            self.runs[settings.campaign_id] = CampaignRun(settings, self._pacer_factory(settings))
            return
        same_pacing = _pacing_key(run.settings) == _pacing_key(settings)
        run.settings = settings
        run.exhausted = False
        self._timers.cancel(("refill", settings.campaign_id))
        if not same_pacing:
            self._renew_pacer(run)

    def _renew_pacer(self, run: CampaignRun) -> None:
        run.pacer = self._pacer_factory(run.settings)
        for agent in run.agents.values():
            run.pacer.agent(self._now, agent.name, _PACER_STATE[agent.state])
        for attempt in run.in_flight.values():
            run.pacer.dialed(self._now, attempt.call_id)
            if attempt.answered_at is not None:
                run.pacer.resolved(self._now, attempt.call_id, "human")
            if attempt.connected_at is not None and attempt.agent_name:
                run.pacer.connected(self._now, attempt.call_id, attempt.agent_name)

    def _on_set_campaign_state(self, event: ev.SetCampaignState) -> None:
        run = self.runs.get(event.campaign_id)
        if run is None:
            self._refuse(event.request, "the running dialer does not know this campaign")
            return
        if event.state is CampaignState.ACTIVE and run.settings.mode not in DIALED_MODES:
            text = f"campaign {run.settings.name}: mode {run.settings.mode} is not dialed by the machine"
            self._refuse(event.request, text)
            return
        run.settings = _with_state(run.settings, event.state)
        self._records.append(rec.CampaignStateChanged(event.campaign_id, event.state, self._wall))
        self._reply(event.request, f"campaign {run.settings.name} is {event.state}")

    def _on_drain(self, event: ev.DrainRequested) -> None:
        self.draining = True

    def _on_stop(self, event: ev.StopRequested) -> None:
        self.draining = self.stopping = True
        for attempt in list(self._attempts.values()):
            self._stop_attempt(attempt)
        for agent in list(self.agents.values()):
            if agent.state is G.WRAPUP:
                agent.logout_asked = True
                self._dispose(agent, UNDISPOSED)
            else:
                self._log_out(agent)

    def _stop_attempt(self, attempt: Attempt) -> None:
        if attempt.state in (A.RESERVED, A.DIALING, A.RINGING):
            attempt.stopped = True
            self._timers.cancel(("ring", attempt.attempt_id))
            self._ring_over(attempt.attempt_id)
        elif attempt.state is A.TALKING:
            self._hang_up(attempt.line)
            self._call_over(attempt, AT.CALL_OVER)
        elif attempt.state in (A.WAITING, A.CONNECTING, A.MESSAGE):
            if attempt.connected_at is None and not attempt.abandoned:
                self._count_abandoned(attempt)
            if attempt.state is A.CONNECTING:
                self._release_agent(attempt)
            self._move(attempt, AT.CALL_OVER)
            self._hang_up(attempt.line)

    def _run_of(self, attempt: Attempt) -> CampaignRun:
        return self.runs[attempt.campaign.campaign_id]

    def _warn(self, text: str) -> None:
        self._actions.append(act.Warn(text))

    def _reply(self, request: int, text: str) -> None:
        if request:
            self._actions.append(act.Reply(request, text))

    def _refuse(self, request: int, error: str) -> None:
        if request:
            self._actions.append(act.Reply(request, error=error))


def _pacing_key(settings: CampaignSettings) -> tuple[object, ...]:
    return (
        settings.mode,
        settings.max_abandon_rate,
        settings.hold_s,
        settings.max_lines,
        settings.lines_per_agent,
    )


def _with_state(settings: CampaignSettings, state: CampaignState) -> CampaignSettings:
    return replace(settings, state=state)
