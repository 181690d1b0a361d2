"""Agents: their commands, their stations and their dispositions."""

from campaigns.model import CallbackAsked, Outcome
from campaigns.statuses import PROMISED, UNDISPOSED, agent_status
from dialer.core import actions as act
from dialer.core import events as ev
from dialer.core import records as rec
from dialer.core.attempts import Agent, Attempt, Line
from dialer.core.callbacks import Callbacks
from dialer.core.states import AgentState as G
from dialer.core.states import AgentTrigger as GT
from dialer.core.states import AttemptState as A
from dialer.core.states import AttemptTrigger as AT
from hw import contract as hw
from hw.contract.causes import Cause

STATION_RING_S = 30.0
LOW_BATTERY_PERCENT = 15


class Staffing(Callbacks):
    """Does what agents ask, and what their stations make necessary."""

    def _on_log_in(self, event: ev.LogIn) -> None:
        refusal = self._log_in_refused(event)
        if refusal is not None:
            self._refuse(event.request, refusal)
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

    def _log_in_refused(self, event: ev.LogIn) -> str | None:
        known = self.agents.get(event.agent)
        if known is not None:
            wraps_up = known.state is G.WRAPUP and known.leg is None
            remedy = "dispose of the last call first" if wraps_up else "log out first"
            return f"{event.agent} is already logged in ({known.state}); {remedy}"
        if self.stopping or self.draining:
            return "the dialer is stopping: no log-ins now"
        for agent in self.agents.values():
            if agent.address == event.address and agent.leg is not None:
                return f"{agent.name} is logged in at this station ({event.address}): log {agent.name} out first"
        return None

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
        self._end_talk(attempt)
        self._reply(event.request, f"hung up; {agent.name} is WRAPUP")

    def _on_hang_up_asked(self, event: hw.HangUpAsked) -> None:
        agent = self._agent_at(event)
        attempt = None if agent is None else agent.attempt
        if attempt is not None and attempt.state is A.TALKING:
            self._end_talk(attempt)

    def _end_talk(self, attempt: Attempt) -> None:
        self._hang_up(attempt.line)
        self._call_over(attempt, AT.CALL_OVER)

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
        if event.callback is not None:
            refusal = self._callback_refused(agent, status, event.callback)
            if refusal is not None:
                self._refuse(event.request, refusal)
                return
        if event.sale is not None and not status.sale:
            self._refuse(
                event.request, f"status {status.code} is no sale: product and amount go with one, such as SALE"
            )
            return
        if event.promise is not None and status.code != PROMISED:
            self._refuse(event.request, f"status {status.code} is no promise to pay: amount and day go with {PROMISED}")
            return
        attempt = agent.attempt
        self._dispose(agent, status.code, event.callback)
        if event.promise is not None and attempt is not None:
            lead_id = attempt.candidate.lead_id
            self._records.append(rec.PromiseMade(attempt.attempt_id, lead_id, agent.name, event.promise, self._wall))
        if event.sale is not None and attempt is not None:
            self._records.append(rec.SaleMade(attempt.attempt_id, event.sale, self._wall))
        again = f", to be called again at {event.callback.at.isoformat(timespec='minutes')}" if event.callback else ""
        self._reply(event.request, f"disposed as {status.code}{again}; {agent.name} is {agent.state}")

    def _agent_for(self, command: ev.AgentCommand) -> Agent | None:
        agent = self.agents.get(command.agent)
        if agent is None:
            self._refuse(command.request, f"{command.agent} is not logged in")
        return agent

    # Stations.

    def _station_up(self, agent: Agent) -> None:
        if agent.state is not G.RING:
            self.late_events += 1
            return
        self._timers.cancel(("station", agent.name))
        self._move_agent(agent, GT.STATION_UP, code="LOGIN")
        self._reply(self._logins.pop(agent.name, 0), f"{agent.name} is logged in, {agent.state} (LOGIN)")

    def _station_silent(self, name: str) -> None:
        agent = self.agents[name]
        text = f"the station of {name} ({agent.address}) did not answer within {STATION_RING_S:.0f} s"
        self._refuse(self._logins.pop(name, 0), text)
        self._move_agent(agent, GT.STATION_LOST)
        self._drop_agent(agent)

    def _station_lost(self, agent: Agent, event: hw.Ended) -> None:
        if self.agents.get(agent.name) is not agent:
            return
        agent.leg = None
        request = self._logins.pop(agent.name, 0)
        said = f"SIP {event.sip_code}" if event.sip_code else event.cause.value
        why = f"{said}: {event.detail}" if event.detail else said
        if request:
            self._refuse(request, f"the station of {agent.name} ({agent.address}) did not take the call: {why}")
        elif event.cause is Cause.NORMAL:
            self._actions.append(act.Note(f"{agent.name} hung up the station ({agent.address})"))
        else:
            self._warn(f"station of {agent.name} ({agent.address}) is gone: {why}")
        if agent.state is G.WRAPUP:
            agent.logout_asked = True
            return
        attempt = agent.attempt
        self._move_agent(agent, GT.STATION_LOST)
        self._drop_agent(agent)
        if attempt is not None:
            attempt.agent = None
            if attempt.connected_at is None:
                attempt.agent_name = None
            attempt.lost_station = f"the station of {agent.name} was lost: {why}"
            self._move(attempt, AT.AGENT_LOST)
            self._wait_again(attempt)

    def _on_mute_changed(self, event: hw.MuteChanged) -> None:
        agent = self._agent_at(event)
        if agent is not None:
            agent.muted = event.muted

    def _on_battery_level(self, event: hw.BatteryLevel) -> None:
        agent = self._agent_at(event)
        if agent is None:
            return
        before, agent.battery_percent = agent.battery_percent, event.percent
        if event.percent <= LOW_BATTERY_PERCENT and (before is None or before > LOW_BATTERY_PERCENT):
            self._warn(f"the headset of {agent.name} has {event.percent} % of its battery left")

    def _agent_at(self, event: hw.LineEvent) -> Agent | None:
        line = self.lines.get(event.call_id)
        return line.agent if line is not None else None

    # Dispositions.

    def _wrapup_over(self, name: str) -> None:
        self._dispose(self.agents[name], UNDISPOSED)

    def _dispose(self, agent: Agent, status: str, callback: CallbackAsked | None = None) -> None:
        attempt = agent.attempt
        assert attempt is not None
        agent.attempt = None
        self._timers.cancel(("wrapup", agent.name))
        self._close(attempt, AT.DISPOSED, Outcome.HANDLED, status, callback)
        if agent.pause_asked or agent.logout_asked:
            code, agent.pause_asked = agent.pause_asked or "LOGOUT", None
            self._move_agent(agent, GT.DISPOSED_PAUSE, code=code)
        else:
            self._move_agent(agent, GT.DISPOSED)
        self._after_call(agent)
